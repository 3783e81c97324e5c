"""Answers to the exercises of chapter 00: right, wrong."""

from collections import Counter

import numpy as np
import tensorflow as tf


def vote(numbers, characters, new):
    return [
        Counter(characters[numbers == number].tolist()).most_common(1)[0][0]
        for number in new
    ]


def vote_by_table(numbers, characters, new):
    votes = np.zeros([64, 10], int)
    for number, character in zip(numbers, characters, strict=True):
        votes[number, character] += 1
    return votes.argmax(axis=1)[new]


def ink(images):
    return images.sum(axis=(1, 2, 3))


def by_loop(images, count):
    order = sorted(range(len(images)), key=lambda place: ink(images)[place])
    numbers = [0] * len(images)
    for place, letter in enumerate(order):
        numbers[letter] = place * count // len(images)
    return numbers


def by_quantiles(images, count):
    borders = np.quantile(ink(images), np.arange(1, count) / count)
    return np.searchsorted(borders, ink(images), side="right")


ARGUMENTS = {}
VALUES = {"break_even": 1026, "pairs": 2 / 3}
BUGS = {}
RIGHT = {
    "break_even": [1026.0, np.int64(1026), tf.constant(1026)],
    "pairs": [6 / 9, np.float32(2 / 3), 0.66667],
    "reading": [
        vote,
        vote_by_table,
        lambda n, c, new: [
            tf.math.argmax(tf.math.bincount(tf.constant(c[n == k]))) for k in new
        ],
        lambda n, c, new: np.argmax(
            np.einsum("na,nb->ab", n[:, None] == np.unique(n), np.eye(10)[c]), 1
        )[np.searchsorted(np.unique(n), new)],
        lambda n, c, new: [
            sorted(c[n == k].tolist(), key=c[n == k].tolist().count)[-1] for k in new
        ],
    ],
    "ink_numbers": [
        by_loop,
        by_quantiles,
        lambda x, count: ink(x).argsort().argsort() * count // len(x),
        lambda x, count: [
            sum(other < one for other in ink(x).tolist()) * count // len(x)
            for one in ink(x).tolist()
        ],
        lambda x, count: (
            tf.argsort(tf.argsort(tf.reduce_sum(x, [1, 2, 3]))) * count // len(x)
        ),
    ],
}
WRONG = {
    "break_even": [
        (1024, "sheet alone"),
        (1025, "round up"),
        (1000, "too small"),
        (802_816 / 782.75, "round up"),
        (1038, "not 10 bytes"),
        (1027, "packed"),
        (65, "for 64 pictures"),
        (802_816, "in bytes"),
        (5000, "too large"),
    ],
    "pairs": [
        (0.75, "not drawers"),
        (0.875, "pairs of letters"),
        (20 / 26, "with itself"),
        (6, "of how many"),
        (6 / 28, "one drawer"),
        (1 / 3, "do not agree"),
        (9, "how many of them"),
        (0.5, "too small"),
    ],
    "reading": [
        (lambda n, c, new: [np.bincount(c).argmax() for _ in new], "all letters"),
        (lambda n, c, new: [c[n == k][0] for k in new], "one letter"),
        (lambda n, c, new: [c[n == k][-1] if k != 5 else 1 for k in new], "one letter"),
        (lambda n, c, new: [c[n == k].mean() for k in new], "names"),
        (lambda n, c, new: [np.median(c[n == k]) for k in new], "middle"),
        (lambda n, c, new: [np.bincount(c[n == k]).max() for k in new], "votes"),
        (lambda n, c, new: new, "return characters"),
        (lambda n, c, new: vote(n, c, new)[0], "axis is missing"),
        (lambda n, c, new: np.bincount(c[n == new]).argmax(), "raised"),
        (
            lambda n, c, new: [np.bincount(c[abs(n - k) <= 1]).argmax() for k in new],
            "drawn anew",
        ),
        (
            lambda n, c, new: [np.bincount(c[n % 10 == k % 10]).argmax() for k in new],
            "drawn anew",
        ),
        (lambda n, c, new: vote(n, c, np.sort(new)), "differs by up to"),
        (lambda n, c, new: vote(n, c, np.unique(new)), "expected [6]"),
        (
            lambda n, c, new: [
                np.bincount(np.minimum(c[n == k], 8)).argmax() for k in new
            ],
            "differs",
        ),
        (lambda n, c, new: [min(c[n == k]) for k in new], "character of one letter"),
    ],
    "ink_numbers": [
        (lambda x, count: ink(x).argsort() // (len(x) // count), "sorted once"),
        (lambda x, count: [count - 1 - n for n in by_loop(x, count)], "darkest"),
        (lambda x, count: ink(x).argsort().argsort(), "share a drawer"),
        (lambda x, count: ink(x).argsort().argsort() % count, "take the rest"),
        (lambda x, count: ink(x), "ink itself"),
        (
            lambda x, count: np.clip(
                (count * (ink(x) - ink(x).min()) / np.ptp(ink(x))).astype(int),
                *(0, count - 1),
            ),
            "unequal",
        ),
        (lambda x, count: by_loop(x, count)[:2], "expected [4]"),
        (lambda x, count: by_loop(x, 2 if len(x) == 4 else 12), "drawn anew"),
        (lambda x, count: np.array(by_loop(x, count)) + 1, "differs by up to"),
        (lambda x, count: by_loop(x**2, count), "differs by up to"),
        (lambda x, count: by_loop(x > 0.5, count), "differs by up to"),
        (
            lambda x, count: by_loop(x.max((1, 2, 3), keepdims=True), count),
            "differs by up to",
        ),
        (lambda x, count: by_loop(x, count - 1), "differs by up to"),
    ],
}
