"""Answers to the exercises of the chapter on data: right, wrong, with a bug."""

import numpy as np
import tensorflow as tf


def parse_by_loop(content):
    shape = [
        int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big")
        for axis in range(content[3])
    ]
    return np.reshape(list(content[4 + 4 * content[3] :]), shape).tolist()


def parse_with_tensorflow(content):
    skip = 4 + 4 * content[3]
    shape = tf.io.decode_raw([content[4:skip]], tf.int32, little_endian=False)[0]
    return tf.reshape(tf.io.decode_raw([content[skip:]], tf.uint8), shape)


def split_by_lists(images, labels, held_out, seed):
    pairs = list(zip(images.tolist(), labels.tolist(), strict=True))
    np.random.default_rng(seed).shuffle(pairs)
    held, kept = pairs[:held_out], pairs[held_out:]
    return [[pair[side] for pair in part] for part in (kept, held) for side in (0, 1)]


def split_with_tensorflow(images, labels, held_out, seed):
    order = tf.random.experimental.stateless_shuffle(tf.range(10), [seed, 7])
    chosen = order[held_out:], order[:held_out]
    return tuple(tf.gather(side, part) for part in chosen for side in (images, labels))


def split_in_place(images, labels, held_out, seed):
    for side in (images, labels):
        np.random.default_rng(seed).shuffle(side)
    return images[held_out:], labels[held_out:], images[:held_out], labels[:held_out]


def cut(images, labels, held_out, order):
    """Split with an order that is given."""
    images, labels = images[order], labels[order]
    return images[held_out:], labels[held_out:], images[:held_out], labels[:held_out]


def seeded(seed):
    return np.random.default_rng(seed).permutation(10)


def each_its_own_order(images, labels, held_out, seed):
    random = np.random.default_rng(seed)
    images, labels = random.permutation(images), random.permutation(labels)
    return images[held_out:], labels[held_out:], images[:held_out], labels[:held_out]


def in_other_order(*places):
    """A right split with its parts in another order."""
    return lambda *case: [split_by_lists(*case)[place] for place in places]


def integers(low, high):
    """Draw from an interval that is given relative to the right one."""
    return lambda count, size, codes, seed: np.random.default_rng(seed).integers(
        low, codes + high, [count, size]
    )


ARGUMENTS = {
    "batch_count": {"batch_size": 64},
}
VALUES = {
    "batch_count": (937, 32),
}
BUGS = {
    "broken_split": ("split_pairs", "no longer belong together"),
}
RIGHT = {
    "parse_idx": [
        parse_by_loop,
        parse_with_tensorflow,
        lambda content: np.float64(parse_by_loop(content)),
    ],
    "batch_count": [
        [937, 32],
        (np.int64(937), 32.0),
        np.array([937, 32]),
        tf.constant([937, 32]),
    ],
    "split_pairs": [split_by_lists, split_with_tensorflow, split_in_place],
}
WRONG = {
    "parse_idx": [
        (lambda b: np.frombuffer(b[4 + 4 * b[3] :], np.uint8), "flat"),
        (lambda b: np.frombuffer(b, np.uint8), "header"),
        (lambda b: np.transpose(parse_by_loop(b)), "wrong order"),
        (lambda b: np.reshape(parse_by_loop(b), (3, 2)), "wrong order"),
        (lambda b: np.int8(np.array(parse_by_loop(b)).astype("i1")), "unsigned"),
        (lambda b: np.array(parse_by_loop(b)) / 255, "differs"),
        (lambda b: np.frombuffer(b[4:], "u1").reshape(2, 3), "raised ValueError"),
    ],
    "batch_count": [
        ((938, 32), "round down"),
        ((937.5, 32), "round down"),
        ((937, 0), "left"),
        ((937, 0.5), "share"),
        ((32, 937), "come first"),
        ((936, 32), "1 of 2: the result is too small"),
        ((937, 33), "2 of 2: the result is too large"),
        (937, "expected 2 results"),
        ((937,), "found 1"),
    ],
    "split_pairs": [
        (each_its_own_order, "no longer belong together"),
        (lambda x, y, n, seed: (x[n:], y[n:], x[:n], y[:n]), "order of the file"),
        (lambda x, y, n, seed: cut(x, y, n, seeded(None)), "same seed"),
        (lambda x, y, n, seed: cut(x, y, n, seeded(0)), "another seed"),
        (in_other_order(2, 3, 0, 1), "held-out part comes last"),
        (in_other_order(0, 2, 1, 3), "training images and labels"),
        (lambda x, y, n, seed: (x, y, *cut(x, y, n, seeded(seed))[2:]), "still in"),
        (
            lambda x, y, n, s: cut(
                x, y, n, np.random.default_rng(s).integers(0, 10, 10)
            ),
            "in both parts",
        ),
        (
            lambda x, y, n, s: (
                *cut(x, y, n, seeded(s))[:2],
                *cut(x, y, n, seeded(s + 1))[2:],
            ),
            "in both parts",
        ),
        (lambda x, y, n, seed: cut(x, y, n + 1, seeded(seed)), "[6, 6, 4, 4]"),
        (lambda x, y, n, seed: cut(x, y, n, seeded(seed))[:2], "expected 4 results"),
        (lambda x, y, n, seed: cut(x[:, 0], y, n, seeded(seed)), "axis is missing"),
    ],
}
