"""Answers to the exercises of the chapter on equal prices: right, wrong, with a bug."""

import math
from itertools import pairwise

import numpy as np
import tensorflow as tf


def beaten_by_loop(prices, pixels):
    models = [*zip(prices, pixels, strict=True)]
    return [
        any(a <= c and b <= d and (a, b) != (c, d) for a, b in models)
        for c, d in models
    ]


def beaten_in_columns(prices, pixels):
    no_less = (prices[:, None] >= prices) & (pixels[:, None] >= pixels)
    more = (prices[:, None] > prices) | (pixels[:, None] > pixels)
    return tf.reduce_any(no_less & more, axis=1)


def matched_by_loop(prices, pixels, price):
    models = sorted(zip(prices, pixels, strict=True))
    for (a, b), (c, d) in pairwise(models):
        if a <= price <= c:
            return b + (d - b) * (price - a) / (c - a)
    return math.nan


def matched_sorted(prices, pixels, price):
    order = np.argsort(prices)
    return np.interp(price, prices[order], pixels[order], left=np.nan, right=np.nan)


def clamped(prices, pixels, price):
    order = np.argsort(prices)
    return np.interp(price, prices[order], pixels[order])


def drawn_on(prices, pixels, price):
    models = sorted(zip(prices, pixels, strict=True))
    (a, b), (c, d) = models[:2] if price < models[1][0] else models[-2:]
    return b + (d - b) * (price - a) / (c - a)


def mean_of_two(prices, pixels, price):
    low = max((a, b) for a, b in zip(prices, pixels, strict=True) if a <= price)
    high = min((a, b) for a, b in zip(prices, pixels, strict=True) if a >= price)
    return (low[1] + high[1]) / 2


def nearest(prices, pixels, price):
    return pixels[np.argmin(np.abs(prices - price))]


def two_nearest(prices, pixels, price):
    if not prices.min() <= price <= prices.max():
        return math.nan
    near = np.argsort(np.abs(prices - price))[:2]
    (a, c), (b, d) = prices[near], pixels[near]
    return b + (d - b) * (price - a) / (c - a)


def between_two_nearest(prices, pixels, price):
    if not prices.min() <= price <= prices.max():
        return math.nan
    near = sorted(np.argsort(np.abs(prices - price))[:2], key=lambda one: prices[one])
    return np.interp(price, prices[near], pixels[near])


def each_sorted(prices, pixels, price):
    if not prices.min() <= price <= prices.max():
        return math.nan
    return np.interp(price, sorted(prices), sorted(pixels, reverse=True))


def without_lowest(prices, pixels, price):
    found = matched_sorted(prices, pixels, price)
    return found if price > min(prices) else math.nan


def without_ends(prices, pixels, price):
    inside = min(prices) < price < max(prices)
    return matched_sorted(prices, pixels, price) if inside else math.nan


def zero_outside(prices, pixels, price):
    found = matched_sorted(prices, pixels, price)
    return 0.0 if np.isnan(found) else found


ARGUMENTS = {}
VALUES = {
    "equal_rate": 9 / 4,
}
BUGS = {
    "broken_matched": ("matched", "rise"),
}
RIGHT = {
    "beaten": [beaten_by_loop, beaten_in_columns],
    "matched": [matched_by_loop, matched_sorted],
    "equal_rate": [2.25, np.float32(9) / 4, tf.constant(2.25)],
}
WRONG = {
    "beaten": [
        (lambda p, x: ~np.array(beaten_by_loop(p, x)), "nobody beats"),
        (lambda p, x: np.full(len(p), True), "itself"),
        (
            lambda p, x: [
                any(a < c and b < d for a, b in zip(p, x, strict=True))
                for c, d in zip(p, x, strict=True)
            ],
            "is enough",
        ),
        (
            lambda p, x: [
                any(p[j] <= p[i] and x[j] <= x[i] for j in range(len(p)) if j != i)
                for i in range(len(p))
            ],
            "each other",
        ),
        (lambda p, x: p + x > min(p + x), "sums"),
        (lambda p, x: (p > min(p)) | (x > min(x)), "one model at a time"),
        (
            lambda p, x: [
                int(any((p[:8] <= a) & (x[:8] <= b) & ((p[:8] < a) | (x[:8] < b))))
                for a, b in zip(p[:8], x[:8], strict=True)
            ],
            "expected [11]",
        ),
    ],
    "matched": [
        (lambda p, x, at: np.interp(at, p, x), "rise"),
        (lambda p, x, at: np.interp(at, p[::-1], x[::-1]), "any order"),
        (lambda p, x, at: np.interp(at, sorted(p), x), "move together"),
        (nearest, "nearest"),
        (two_nearest, "may both be lower"),
        (between_two_nearest, "may both be lower"),
        (each_sorted, "each by itself"),
        (without_lowest, "at just this price"),
        (without_ends, "at just this price"),
        (mean_of_two, "half"),
        (clamped, "end of the curve"),
        (drawn_on, "guess"),
        (zero_outside, "not 0"),
    ],
    "equal_rate": [
        (4 / 9, "upside down"),
        (9, "for how many more"),
        (4, "what does she save"),
        (5, "become 0"),
        (-2.25, "positive"),
        (1, "lower"),
    ],
}
