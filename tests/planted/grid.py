"""Answers to the exercises of the chapter on grids: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf


def sizes_by_loop(height, width, halvings):
    while height % 2**halvings:
        height += 1
    while width % 2**halvings:
        width += 1
    found = [(height, width)]
    for _ in range(halvings):
        height, width = height // 2, width // 2
        found.append((height, width))
    return found


def sizes_by_ceiling(height, width, halvings):
    grid = np.ceil(np.array([height, width]) / 2**halvings)
    return (grid * 2.0 ** np.arange(halvings, -1, -1)[:, None]).astype(int)


def halved_each(height, width, halvings):
    found = [(height, width)]
    for _ in range(halvings):
        height, width = math.ceil(height / 2), math.ceil(width / 2)
        found.append((height, width))
    return found


def map_by_loop(indices, rows, columns):
    return [
        [
            [one[columns * row + column] for column in range(columns)]
            for row in range(rows)
        ]
        for one in indices
    ]


def cost_by_loop(train, held_out, num_codes, more=1, places=None):
    total = 0
    for letter in held_out:
        for place, code in enumerate(letter):
            seen = [one[place] for one in train] if places is None else train.ravel()
            share = (list(seen).count(code) + more) / (len(seen) + more * num_codes)
            total -= math.log(share) if share else -math.inf
    return total / len(held_out)


def cost_by_table(train, held_out, num_codes):
    table = tf.reduce_sum(tf.one_hot(train, num_codes), axis=0) + 1
    log_shares = tf.math.log(table / (len(train) + num_codes))
    nats = [
        -tf.reduce_sum(tf.gather(log_shares, letter[:, None], batch_dims=1))
        for letter in held_out
    ]
    return tf.reduce_mean(nats)


def unshared(train, held_out, num_codes):
    price = 0.0
    for place in range(train.shape[1]):
        counts = np.bincount(train[:, place], minlength=num_codes) + 1
        price -= np.log(counts[held_out[:, place]] / len(train)).mean()
    return price


ARGUMENTS = {}
VALUES = {
    "farthest": 77,
}
BUGS = {
    "broken_map": ("as_map", "nobody would have noticed"),
}
RIGHT = {
    "sizes": [sizes_by_loop, sizes_by_ceiling],
    "as_map": [
        map_by_loop,
        lambda k, rows, columns: tf.reshape(k, [len(k), rows, columns]),
    ],
    "by_place": [cost_by_loop, cost_by_table],
    "farthest": [77, np.int64(77), tf.constant(77)],
}
WRONG = {
    "sizes": [
        (lambda h, w, n: [(b, a) for a, b in sizes_by_loop(h, w, n)], "swapped"),
        (lambda *case: sizes_by_loop(*case)[::-1], "begins at the grid"),
        (lambda *case: sizes_by_loop(*case)[1:], "is missing"),
        (halved_each, "before the first halving"),
        (lambda h, w, n: [(h >> m, w >> m) for m in range(n + 1)], "cuts pixels off"),
        (
            lambda h, w, n: sizes_by_loop(h - h % 2**n, w - w % 2**n, n),
            "cuts pixels off",
        ),
    ],
    "as_map": [
        (lambda k, rows, columns: k.reshape(-1, columns, rows), "swapped"),
        (
            lambda k, rows, columns: np.transpose(
                k.reshape(-1, columns, rows), [0, 2, 1]
            ),
            "left their places",
        ),
        (
            lambda k, rows, columns: np.reshape(
                [one.reshape(columns, rows).T for one in k], [-1, rows, columns]
            ),
            "left their places",
        ),
        (
            lambda k, rows, columns: k.reshape(rows, columns, len(k)),
            "letters are mixed",
        ),
        (lambda k, rows, columns: np.flip(map_by_loop(k, rows, columns), 1), "upside"),
        (lambda k, rows, columns: np.flip(map_by_loop(k, rows, columns), 2), "mirror"),
    ],
    "by_place": [
        (lambda *case: cost_by_loop(*case, places="all"), "all places together"),
        (lambda train, held, count: cost_by_loop(held, held, count), "nobody has seen"),
        (lambda *case: cost_by_loop(*case, more=0), "one more"),
        (unshared, "do not sum to 1"),
        (lambda *case: cost_by_loop(*case) / case[0].shape[1], "price of one code"),
        (lambda *case: cost_by_loop(*case) * len(case[1]), "take the mean"),
        (lambda *case: cost_by_loop(*case) / math.log(2), "bits"),
        (lambda *case: -cost_by_loop(*case), "sign"),
        (lambda train, _, count: train.shape[1] * math.log(count), "equally likely"),
    ],
    "farthest": [
        (37, "two halvings"),
        (73, "last convolution"),
        (8, "own square"),
        (28, "size of the letter"),
        (91, "twice the side"),
        (81, "not behind it"),
    ],
}
