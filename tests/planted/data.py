"""Answers to the exercises of the chapter on data: right, wrong, with a bug."""

import math
import struct

import numpy as np
import tensorflow as tf

# The best picture at another price


def median_by_sorting(images):
    ordered = np.sort(images, axis=0)
    return ordered[len(ordered) // 2]


def median_by_search(images):
    levels = np.linspace(0, 1, 101)
    prices = np.abs(images[None] - levels[:, None, None, None, None]).sum(axis=1)
    return levels[prices.argmin(axis=0)]


def median_with_tensorflow(images):
    ordered = tf.sort(tf.constant(images), axis=0)
    return ordered[len(images) // 2]


# Letters that stand in both parts


def copies_by_loop(train, held_out):
    return sum(any((one == other).all() for one in train) for other in held_out)


def copies_by_unique(train, held_out):
    _, places = np.unique(
        np.concatenate([train, held_out]), axis=0, return_inverse=True
    )
    places = places.ravel()
    return np.isin(places[len(train) :], places[: len(train)]).sum()


def copies_by_lists(train, held_out):
    known = train.tolist()
    return float(len([image for image in held_out.tolist() if image in known]))


def copies_with_tensorflow(train, held_out):
    distances = tf.reduce_sum((train[:, None] - held_out[None]) ** 2, axis=[2, 3, 4])
    return tf.math.count_nonzero(tf.reduce_min(distances, axis=0) == 0)


# Images and labels in two parts


def split_by_lists(images, labels, held_out, seed):
    pairs = list(zip(images.tolist(), labels.tolist(), strict=True))
    np.random.default_rng(seed).shuffle(pairs)
    held, kept = pairs[:held_out], pairs[held_out:]
    return [[pair[side] for pair in part] for part in (kept, held) for side in (0, 1)]


def split_with_tensorflow(images, labels, held_out, seed):
    order = tf.random.experimental.stateless_shuffle(tf.range(len(labels)), [seed, 7])
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


def shuffled_after_the_cut(images, labels, held_out, seed):
    random = np.random.default_rng(seed)
    kept = held_out + random.permutation(len(labels) - held_out)
    held = random.permutation(held_out)
    return images[kept], labels[kept], images[held], labels[held]


def sorted_parts(images, labels, held_out, seed):
    order = seeded(seed)
    return cut(
        images,
        labels,
        held_out,
        np.concatenate([np.sort(order[:held_out]), np.sort(order[held_out:])]),
    )


def training_in_order(images, labels, held_out, seed):
    held = np.random.default_rng(seed).choice(len(labels), held_out, replace=False)
    kept = np.delete(np.arange(len(labels)), held)
    return images[kept], labels[kept], images[held], labels[held]


def by_mask(images, labels, held_out, seed):
    held = np.random.default_rng(seed).permutation(len(labels)) < held_out
    kept = np.nonzero(~held)[0][::-1]
    return images[kept], labels[kept], images[held], labels[held]


def in_steps(images, labels, held_out, seed):
    order = (3 * np.arange(len(labels)) + seed) % len(labels)
    return cut(images, labels, held_out, order)


def every_third(images, labels, held_out, seed):
    random, total = np.random.default_rng(seed), len(labels)
    step = total // held_out
    held = random.permutation(np.arange(seed % step, total, step)[:held_out])
    kept = random.permutation(np.setdiff1d(np.arange(total), held))
    return images[kept], labels[kept], images[held], labels[held]


def in_other_order(*places):
    """A right split with its parts in another order."""
    return lambda *case: [split_by_lists(*case)[place] for place in places]


# An IDX file


def guarded(parse):
    """Refuse what is damaged, and read the rest in one of many ways."""

    def answer(content):
        right = parse_by_loop(content)
        return None if right is None else parse(content)

    return answer


def parse_by_loop(content):
    shape = [
        int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big")
        for axis in range(content[3])
    ]
    if len(content) != 4 + 4 * content[3] + math.prod(shape):
        return None
    return np.reshape(list(content[4 + 4 * content[3] :]), shape).tolist()


def parse_with_tensorflow(content):
    skip = 4 + 4 * content[3]
    shape = tf.io.decode_raw([content[4:skip]], tf.int32, little_endian=False)[0]
    data = tf.io.decode_raw([content[skip:]], tf.uint8)
    return tf.reshape(data, shape) if tf.reduce_prod(shape) == tf.size(data) else None


def parse_or_fail(content):
    """Right on whole files; a damaged one is left to reshape's own complaint."""
    axes, skip = content[3], 4 + 4 * content[3]
    return tf.reshape(
        tf.io.decode_raw(content[skip:], tf.uint8),
        np.frombuffer(content, ">u4", axes, 4).tolist(),
    )


def parse_as(kind, step=1):
    """Read the lengths as another type of number."""

    def answer(content):
        start = 4 + 4 * content[3]
        shape = np.frombuffer(content[4:start], kind)[step - 1 :: step]
        return np.frombuffer(content[start:], np.uint8).reshape(shape)

    return answer


def parse_little_with_tensorflow(content):
    skip = 4 + 4 * content[3]
    shape = tf.io.decode_raw(content[4:skip], tf.int32)
    return tf.reshape(
        tf.io.decode_raw(content[skip:], tf.uint8), tf.cast(shape, tf.int64)
    )


def parse_little_and_refuse(content):
    start = 4 + 4 * content[3]
    shape = np.frombuffer(content[4:start], "<u4").tolist()
    if math.prod(shape) != len(content) - start:
        return None
    return np.frombuffer(content[start:], np.uint8).reshape(shape)


def parse_two_axes(content):
    shape = struct.unpack(">II", content[4:-6])
    return np.frombuffer(content[12:], np.uint8).reshape(shape)


def turned(images, labels, held_out, seed):
    """Begin at another place of the file, and go on in its order, backwards."""
    return cut(
        images, labels, held_out, np.roll(np.arange(len(labels))[::-1], seed + 1)
    )


def side_by_side(images, labels, held_out, seed):
    random = np.random.default_rng(seed)
    start = random.integers(len(labels) - held_out)
    rest = np.delete(np.arange(len(labels)), np.arange(start, start + held_out))
    order = [*range(start, start + held_out), *random.permutation(rest)]
    return cut(images, labels, held_out, order)


def always_the_last(images, labels, held_out, seed):
    random, kept = np.random.default_rng(seed), len(labels) - held_out
    order = [*(kept + random.permutation(held_out)), *random.permutation(kept)]
    return cut(images, labels, held_out, order)


def permuted(seed, size):
    return np.random.default_rng(seed).permutation(size)


def parse_with(lengths, fits=lambda bytes_left, wanted: bytes_left == wanted):
    """Read the lengths in one's own way, and refuse in one's own way."""

    def answer(content):
        start = 4 + 4 * content[3]
        shape = lengths(content, start)
        wanted = math.prod(shape)
        if not fits(len(content) - start, wanted):
            return None
        return np.frombuffer(content[start : start + wanted], np.uint8).reshape(shape)

    return answer


def four_bytes(content, start):
    return struct.unpack(f">{content[3]}I", content[4:start])


def three_bytes(content, end):
    return [
        int.from_bytes(content[start + 1 : start + 4], "big")
        for start in range(4, end, 4)
    ]


def two_bytes(content, start):
    return np.frombuffer(content[4:start], ">u2")[1::2].tolist()


ARGUMENTS = {
    "batch_count": {"batch_size": 64},
}
VALUES = {
    "batch_count": (18_740, 32),
}
BUGS = {
    "broken_split": ("split_pairs", "no longer belong together"),
}
RIGHT = {
    "best_picture": [
        median_by_sorting,
        median_by_search,
        median_with_tensorflow,
        lambda images: np.median(images, axis=0),
        lambda images: np.median(images, axis=0).astype(np.float16),
        lambda images: np.quantile(images, 0.5, axis=0).tolist(),
        lambda x: np.sort(x, 0)[(len(x) - 1) // 2],
        lambda x: np.percentile(x.reshape(len(x), -1), 50, axis=0).reshape(x.shape[1:]),
        lambda x: [
            [[sorted(x[:, i, j, 0])[len(x) // 2]] for j in range(x.shape[2])]
            for i in range(x.shape[1])
        ],
    ],
    "count_copies": [
        copies_by_loop,
        copies_by_unique,
        copies_by_lists,
        copies_with_tensorflow,
        lambda x, y: len([0 for b in y if (np.abs(x - b).sum((1, 2, 3)) == 0).any()]),
        lambda x, y: (x[:, None] == y).all((2, 3, 4)).any(0).sum(),
    ],
    "split_pairs": [
        split_by_lists,
        split_with_tensorflow,
        split_in_place,
        lambda x, y, n, seed: cut(
            x, y, n, np.argsort(np.random.default_rng(seed).random(len(y)))
        ),
        lambda x, y, n, seed: cut(
            x, y, n, __import__("random").Random(seed).sample(range(len(y)), len(y))
        ),
    ],
    "batch_count": [
        [18_740, 32],
        (np.int64(18_740), 32.0),
        np.array([18_740, 32]),
        tf.constant([18_740, 32]),
    ],
    "parse_idx": [
        parse_by_loop,
        parse_with_tensorflow,
        guarded(lambda content: np.float64(parse_by_loop(content))),
        parse_with(four_bytes),
        lambda b: (
            np.array(bytearray(b[4 + 4 * b[3] :])).reshape(four_bytes(b, 4 + 4 * b[3]))
            if math.prod(four_bytes(b, 4 + 4 * b[3])) == len(b) - 4 - 4 * b[3]
            else None
        ),
    ],
}
WRONG = {
    "best_picture": [
        (lambda x: x.mean(axis=0), "this is the average"),
        (lambda x: x.mean(axis=0).round(), "too rough"),
        (lambda x: np.median(x, axis=0).round(), "too rough"),
        (
            lambda x: x[np.abs(x[:, None] - x[None]).sum((1, 2, 3, 4)).argmin()],
            "nobody wrote",
        ),
        (lambda x: x[0], "nobody wrote"),
        (lambda x: x.max(axis=0), "most ink"),
        (lambda x: (x.max(axis=0) + x.min(axis=0)) / 2, "halfway"),
        (lambda x: np.zeros(x.shape[1:]), "same everywhere"),
        (lambda x: np.ones(x.shape[1:]) * np.median(x), "same everywhere"),
        (lambda x: np.sqrt((x**2).mean(axis=0)), "costs less"),
        (lambda x: np.median(x), "an axis is missing"),
        (lambda x: np.median(x, axis=0, keepdims=True), "an axis too many"),
        (lambda x: np.median(x, axis=0)[..., 0], "an axis is missing"),
        (lambda x: np.median(x, axis=1), "expected [2, 3, 1]"),
        (lambda x: np.median(x, axis=0) / 0, "NaN or infinity"),
        (lambda x: np.sort(x, 0)[1:-1].mean(0), "costs less"),
        (lambda x: np.median(x[:6], 0), "costs less"),
        (lambda x: np.sort(x, 0)[3 if len(x) < 8 else 0], "most ink"),
        (lambda x: np.median(x, 0).round(1), "costs less"),
        (lambda x: np.sort(x, 0)[min(len(x) // 2 + 1, len(x) - 1)], "costs less"),
    ],
    "count_copies": [
        (lambda x, y: sum((a == b).all() for a in x for b in y), "counts once"),
        (
            lambda x, y: len(
                {i.tobytes() for i in x}.intersection({i.tobytes() for i in y})
            ),
            "count both",
        ),
        (lambda x, y: copies_by_loop(y, x), "counted training letters"),
        (lambda x, y: np.isin(y, x).sum(), "in all pixels"),
        (lambda x, y: sum(image in x for image in y), "in all pixels"),
        (lambda x, y: np.isin(y, x).all(axis=(1, 2, 3)).sum(), "in all pixels"),
        (
            lambda x, y: sum((a == b).all() for a, b in zip(x, y, strict=False)),
            "any place",
        ),
        (
            lambda x, y: sum(any(abs(a - b).max() < 0.01 for a in x) for b in y),
            "compare exactly",
        ),
        (
            lambda x, y: np.isin(y.sum((1, 2, 3)), x.sum((1, 2, 3))).sum(),
            "as much ink",
        ),
        (lambda x, y: copies_by_loop(x, y) / len(y), "this is a share"),
        (lambda x, y: copies_by_loop(x, y) if len(y) > 4 else 9, "too large"),
        (lambda x, y: len(y) - copies_by_loop(x, y), "no copies"),
        (lambda x, y: any((a == b).all() for a in x for b in y), "how many"),
        (lambda x, y: np.isin(y.std((1, 2, 3)), x.std((1, 2, 3))).sum(), "as much ink"),
        (lambda x, y: 0, "too small"),
        (
            lambda x, y: [any((a == b).all() for a in x) for b in y],
            "an axis too many",
        ),
        (
            lambda x, y: sum(any(np.allclose(a, b, atol=1e-3) for a in x) for b in y),
            "compare exactly",
        ),
        (
            lambda x, y: copies_by_loop(np.uint8(255 * x), np.uint8(255 * y)),
            "compare exactly",
        ),
        (
            lambda x, y: copies_by_loop(np.concatenate([x, x[:, :, ::-1]]), y),
            "drawn anew",
        ),
        (lambda x, y: copies_by_loop(np.concatenate([x, x[:, ::-1]]), y), "much ink"),
        (lambda x, y: copies_by_loop(x[:, 0], y[:, 0]), "compare exactly"),
        (lambda x, y: copies_by_loop(x[:8], y), "any place"),
        (lambda x, y: copies_by_loop(np.sort(x, 1), np.sort(y, 1)), "much ink"),
    ],
    "split_pairs": [
        (each_its_own_order, "no longer belong together"),
        (lambda x, y, n, seed: (x[n:], y[n:], x[:n], y[:n]), "order of the file"),
        (lambda x, y, n, seed: (x[:-n], y[:-n], x[-n:], y[-n:]), "order of the file"),
        (sorted_parts, "shuffle it too"),
        (training_in_order, "as in the file"),
        (by_mask, "as in the file"),
        (in_steps, "even steps"),
        (every_third, "only shifted"),
        (lambda x, y, n, seed: cut(x, y, n, seeded(None)), "same seed"),
        (lambda x, y, n, seed: cut(x, y, n, seeded(0)), "another seed"),
        (shuffled_after_the_cut, "before you cut"),
        (in_other_order(2, 3, 0, 1), "held-out part comes last"),
        (in_other_order(0, 2, 1, 3), "training images and labels"),
        (in_other_order(2, 0, 3, 1), "training images and labels"),
        (in_other_order(1, 0, 3, 2), "images come first"),
        (lambda x, y, n, seed: (x, y, *cut(x, y, n, seeded(seed))[2:]), "still in"),
        (lambda x, y, n, seed: (*cut(x, y, n, seeded(seed))[:2], x, y), "still in"),
        (
            lambda x, y, n, s: cut(
                x, y, n, np.random.default_rng(s).integers(0, 10, 10)
            ),
            "there twice",
        ),
        (
            lambda x, y, n, s: (
                *cut(x, y, n, seeded(s))[:2],
                *cut(x, y, n, seeded(s + 1))[2:],
            ),
            "there twice",
        ),
        (lambda x, y, n, seed: cut(x, y + 1, n, seeded(seed)), "were not given"),
        (lambda x, y, n, seed: cut(x, y, n + 1, seeded(seed)), "[6, 6, 4, 4]"),
        (lambda x, y, n, seed: cut(x, y, n, seeded(seed))[:2], "expected 4 results"),
        (lambda x, y, n, seed: cut(x[:, 0], y, n, seeded(seed)), "axis is missing"),
        (always_the_last, "before you cut"),
        (turned, "as in the file"),
        (side_by_side, "side by side"),
        (lambda x, y, n, seed: cut(x, y, 3, permuted(seed, len(y))), "[16, 16, 3, 3]"),
        (lambda x, y, n, seed: cut(x, y, n, seeded(seed)), "[4, 4, 6, 6]"),
        (
            lambda x, y, n, seed: cut(x, y, n, permuted(seed % 3, len(y))),
            "another seed",
        ),
        (
            lambda x, y, n, seed: cut(x, np.arange(len(y)), n, permuted(seed, len(y))),
            "belong",
        ),
        (
            lambda x, y, n, seed: cut(x[:, :2], y, n, permuted(seed, len(y))),
            "expected [13, 3",
        ),
    ],
    "batch_count": [
        ((18_750, 32), "round down once an epoch"),
        ((18_750, 640), "round down once an epoch"),
        ((18_760, 32), "last batch is dropped"),
        ((60_000 * 20 / 64, 32.0), "round down once an epoch"),
        ((937.5 * 20, 32), "round down once an epoch"),
        ((937, 32), "one epoch"),
        ((938, 32), "one epoch"),
        ((18_740, 640), "the same letters"),
        ((18_740, 0), "behind the last whole batch"),
        ((18_740, 0.5), "share of a batch"),
        ((1_200_000, 32), "these are letters"),
        ((937.5, 32), "one epoch"),
        ((18_740, 31), "2 of 2: the result is too small"),
        ((18_740, 33), "2 of 2: the result is too large"),
        ((32, 18_740), "steps come first"),
        ((18_739, 32), "1 of 2: the result is too small"),
        (18_740, "expected 2 results"),
        ((18_740,), "found 1"),
    ],
    "parse_idx": [
        (guarded(lambda b: np.frombuffer(b[4 + 4 * b[3] :], np.uint8)), "flat"),
        (lambda b: np.frombuffer(b, np.uint8), "header"),
        (lambda b: np.frombuffer(b[4:], np.uint8), "header"),
        (guarded(lambda b: np.transpose(parse_by_loop(b))), "wrong order"),
        (
            guarded(lambda b: np.reshape(parse_by_loop(b), (3, 2))),
            "wrong order",
        ),
        (
            guarded(lambda b: np.int8(np.array(parse_by_loop(b)).astype("i1"))),
            "unsigned",
        ),
        (guarded(lambda b: np.array(parse_by_loop(b)) / 255), "do not divide"),
        (parse_as("<u4"), "most significant byte stands first"),
        (parse_as("<i4"), "far too large"),
        (parse_as(np.uint32), "far too large"),
        (parse_little_with_tensorflow, "far too large"),
        (parse_little_and_refuse, "most significant byte stands first"),
        (parse_as("u1"), "four bytes make one length"),
        (parse_as(">u2"), "four bytes make one length"),
        (parse_as("u1", step=4), "four bytes make one length"),
        (parse_as(">u4"), "return None"),
        (parse_or_fail, "return None"),
        (guarded(lambda b: None), "is there a return"),
        (lambda b: parse_by_loop(b) or False, "return None"),
        (lambda b: parse_by_loop(b + bytes(1)) or parse_by_loop(b), "return None"),
        (lambda b: np.frombuffer(b[4:], "u1").reshape(2, 3), "header is still there"),
        (lambda b: np.frombuffer(b[12:], "u1").reshape(2, 3), "how many axes"),
        (parse_two_axes, "how many axes"),
        (lambda b: parse_by_loop(b) if b[3] == 2 else None, "counts the axes"),
        (lambda b: {}[b], "raised KeyError"),
        (lambda b: parse_by_loop(b) if b[3] <= 3 else None, "counts the axes"),
        (parse_with(three_bytes), "the first one as well"),
        (parse_with(two_bytes), "most significant byte stands first"),
        (parse_with(four_bytes, lambda left, wanted: left >= wanted), "return None"),
        (
            parse_with(four_bytes, lambda left, wanted: left in (wanted, wanted + 6)),
            "return None",
        ),
    ],
}
