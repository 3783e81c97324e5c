"""Answers to the exercises of the chapter on speech: right, wrong, with a bug."""

import math
from collections import Counter

import numpy as np
import tensorflow as tf


def both_by_loop(one, other):
    found = [
        10 * math.log10(10 ** (a / 10) + 10 ** (b / 10))
        for a, b in zip(np.ravel(one), np.ravel(other), strict=True)
    ]
    return np.reshape(found, np.shape(one))


def powers(one, other):
    return np.power(10.0, np.divide(one, 10)) + np.power(10.0, np.divide(other, 10))


def score_by_loop(train_codes, train_phonemes, codes, phonemes, num_codes):
    seen = [Counter() for _ in range(num_codes)]
    for code, phoneme in zip(train_codes.ravel(), train_phonemes.ravel(), strict=True):
        seen[code][int(phoneme)] += 1
    right = 0
    for code, phoneme in zip(codes.ravel(), phonemes.ravel(), strict=True):
        most = max(seen[code].values())
        first = min(one for one, count in seen[code].items() if count == most)
        right += first == phoneme
    return right / codes.size


def score_by_table(train_codes, train_phonemes, codes, phonemes, num_codes):
    table = np.zeros([num_codes, 1 + max(train_phonemes.max(), phonemes.max())])
    np.add.at(table, (train_codes, train_phonemes), 1)
    return tf.reduce_mean(tf.cast(table.argmax(axis=1)[codes] == phonemes, tf.float32))


def score_code_by_code(train_codes, train_phonemes, codes, phonemes, num_codes):
    shares = [
        score_by_loop(
            train_codes,
            train_phonemes,
            codes[codes == k],
            phonemes[codes == k],
            num_codes,
        )
        for k in np.unique(codes)
    ]
    return sum(shares) / len(shares)


def score_other_way(train_codes, train_phonemes, codes, phonemes, num_codes):
    return score_by_loop(train_phonemes, train_codes, phonemes, codes, 9)


ARGUMENTS = {}
VALUES = {"bits_a_second": 250}
BUGS = {"broken_both": ("both_at_once", "decibels do not add up")}
RIGHT = {
    "both_at_once": [
        both_by_loop,
        lambda a, b: (
            10 * np.logaddexp(a * np.log(10) / 10, b * np.log(10) / 10) / np.log(10)
        ),
    ],
    "fair_score": [score_by_loop, score_by_table],
    "bits_a_second": [250, 250.0, tf.constant(250)],
}
WRONG = {
    "both_at_once": [
        (lambda a, b: a + b, "do not add up"),
        (np.maximum, "the louder one"),
        (lambda a, b: (a + b) / 2, "mean of both"),
        (powers, "left as powers"),
        (lambda a, b: 10 * np.log(powers(a, b)), "natural logarithm"),
        (lambda a, b: 10 * np.log2(powers(a, b)), "logarithm to base 2"),
        (lambda a, b: np.log10(powers(a, b)), "bels: a bel"),
        (lambda a, b: 20 * np.log10(powers(a, b)), "on the way back"),
        (lambda a, b: 10 * np.log10(10.0**a + 10.0**b), "without dividing"),
        (lambda a, b: 10 * np.log10(np.exp(a / 10) + np.exp(b / 10)), "e for 10"),
        (lambda a, b: 20 * np.log10(10 ** (a / 20) + 10 ** (b / 20)), "20 for 10"),
        (lambda a, b: both_by_loop(a, b) - 3.0103, "mean of the powers"),
    ],
    "fair_score": [
        (lambda a, b, c, d, k: score_by_loop(c, d, c, d, k), "scored on"),
        (lambda a, b, c, d, k: score_by_loop(a, b, a, b, k), "was chosen on"),
        (score_code_by_code, "each code counts once"),
        (score_other_way, "from the phoneme"),
        (lambda *case: 1 - score_by_loop(*case), "share that is wrong"),
        (lambda *case: score_by_loop(*case) * case[2].size, "how many are right"),
        (lambda *case: 100 * score_by_loop(*case), "per cent"),
    ],
    "bits_a_second": [
        (50, "how many codes"),
        (50 * math.log(32), "nats"),
        (320, "whole utterance"),
        (1_600, "log 32"),
        (5, "bits of one code"),
        (500, "two frames"),
        (31.25, "bytes"),
        (256_000, "the sound itself"),
        (800, "nor as its 16"),
    ],
}
