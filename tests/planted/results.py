"""Answers to the exercises of the chapter on results: right, wrong, with a bug."""

import bisect
import itertools
import math

import numpy as np
import tensorflow as tf


def drawn(statistics, noise, scale):
    means, raw = np.split(statistics, 2, axis=-1)
    return means + scale(raw) * noise


def perplexity_of(counts, log=np.log, power=np.exp):
    shares = np.array([count for count in counts if count]) / np.sum(counts)
    return power(-np.sum(shares * log(shares)))


def perplexity_by_loop(counts):
    total, entropy = sum(map(sum, counts)), 0
    for column in zip(*counts, strict=True):
        share = sum(column) / total
        entropy -= share * math.log2(share) if share else 0
    return 2**entropy


def perplexity_of_listed(counts):
    indices = [
        code for batch in counts for code, n in enumerate(batch) for _ in range(n)
    ]
    return perplexity_of(np.unique(indices, return_counts=True)[1])


def each_batch(counts):
    return [perplexity_of(batch) for batch in counts]


def broken_mean(counts):
    return np.mean(each_batch(counts))


def one_each(num_codes, letters):
    return np.array([letters - num_codes + 1] + [1] * (num_codes - 1))


def draw_by_walking(shares, dice):
    codes = []
    for die in dice:
        end, code = 0, -1
        while end <= die:
            code += 1
            end += shares[code]
        codes.append(code)
    return codes


def divergence(used, believed, log=math.log):
    pairs = zip(used, believed, strict=True)
    return sum(p * log(p / q) for p, q in pairs if p > 0)


def pairs_by_loop(a, b):
    return [
        (a[i] * a[j], b[i] * b[j])
        for i, j in itertools.product(range(len(a)), repeat=2)
    ]


def best_of_one(a, b):
    return np.maximum(a, b).sum() / 2


ARGUMENTS = {}
VALUES = {}
BUGS = {
    "broken_data_set_perplexity": (
        "data_set_perplexity",
        "mean over batches",
    ),
}
RIGHT = {
    "all_in_use": [
        one_each,
        lambda k, n: [1] * (k - 1) + [n - k + 1],
        lambda k, n: tf.constant(one_each(k, n), tf.float32),
        lambda k, n: np.bincount([*range(k)] + [0] * (n - k)),
        lambda k, n: [2] * (k - 1) + [n - 2 * k + 2],
    ],
    "data_set_perplexity": [
        perplexity_by_loop,
        perplexity_of_listed,
        lambda counts: perplexity_of(np.sum(counts, axis=0)),
        lambda counts: tf.exp(
            -tf.reduce_sum(tf.math.xlogy(s := counts.sum(0) / counts.sum(), s))
        ),
    ],
    "fair_draw": [
        draw_by_walking,
        lambda s, dice: [bisect.bisect_right(np.cumsum(s), die) for die in dice],
        lambda s, dice: np.digitize(dice, np.cumsum(s)),
        lambda s, dice: (np.cumsum(s) <= dice[:, None]).sum(axis=1),
        lambda s, dice: tf.searchsorted(np.cumsum(s), dice, side="right"),
        lambda s, dice: np.argmax(dice[:, None] < np.cumsum(s), axis=1).astype(float),
    ],
    "extra_price": [
        divergence,
        lambda p, q: tf.reduce_sum(tf.math.xlogy(p, p) - tf.math.xlogy(p, q)),
        lambda p, q: -p @ np.log(q) + p @ np.log(p + (p == 0)),
    ],
    "judge_of_two": [
        lambda a, b: sum(map(max, pairs_by_loop(a, b))) / 2,
        lambda a, b: np.maximum(np.outer(a, a), np.outer(b, b)).sum() / 2,
        lambda a, b: (
            0.5
            + tf.reduce_sum(
                tf.abs(tf.tensordot(a, a, axes=0) - tf.tensordot(b, b, axes=0))
            )
            / 4
        ),
        lambda a, b: best_of_one(np.kron(a, a), np.kron(b, b)),
    ],
}
WRONG = {
    "all_in_use": [
        (lambda k, n: one_each(k, n) / n, "shares"),
        (lambda k, n: [n] + [0] * (k - 1), "code 1 is not in use"),
        (lambda k, n: [1] + [0] * (k - 1), "code 1 is not in use"),
        (lambda k, n: [n] + [1] * (k - 1), "gave out 42 letters, and there are 40"),
        (lambda k, n: [1] * k, "gave out 3 letters"),
        (lambda k, n: [n / k] * k, "whole numbers of letters"),
        (lambda k, n: [n - 5 * k + 5] + [5] * (k - 1), "perplexity is 2.1: share"),
        (lambda k, n: np.repeat(np.arange(k), one_each(k, n)), "one number a letter"),
        (lambda k, n: [n + k - 1] + [-1] * (k - 1), "less than 0"),
        (lambda k, n: [n - 1, 1], "expected [3]"),
        (lambda k, n: one_each(k, n) * np.inf, "infinity"),
        (lambda k, n: n - k + 1, "axis is missing"),
        (lambda k, n: [n - n // 2 - k + 2, n // 2] + [1] * (k - 2), "less evenly"),
        (lambda k, n: one_each(k, n) if k != 7 else None, "is there a return"),
    ],
    "data_set_perplexity": [
        (broken_mean, "mean over batches"),
        (lambda c: np.average(each_batch(c), weights=c.sum(1)), "mean over batches"),
        (lambda c: each_batch(c)[-1], "last batch"),
        (lambda c: each_batch(c)[0], "first batch"),
        (lambda c: max(each_batch(c)), "best batch"),
        (lambda c: sum(each_batch(c)), "sum over batches"),
        (each_batch, "one number for the data set"),
        (lambda c: perplexity_of(np.ravel(c)), "same code in every batch"),
        (lambda c: perplexity_of(c.sum(axis=1)), "not over codes"),
        (lambda c: perplexity_of((c / c.sum(1, keepdims=True)).mean(0)), "small batch"),
        (lambda c: perplexity_of(np.bincount(c.ravel())), "not indices"),
        (lambda c: math.log(perplexity_of(c.sum(axis=0))), "exponential"),
        (lambda c: 1 / perplexity_of(c.sum(axis=0)), "sign"),
        (lambda c: perplexity_of(c.sum(axis=0), log=np.log2), "bases"),
        (lambda c: perplexity_of(c.sum(axis=0), power=np.exp2), "bases"),
        (lambda c: np.count_nonzero(c.sum(axis=0)), "in use"),
        (
            lambda c: np.exp(
                -np.sum((s := c.sum(0) / c.sum()) * np.log(s)),
            ),
            "nobody chose",
        ),
        (
            lambda c: np.mean(
                np.exp(-np.sum((s := c / c.sum(1)[:, None]) * np.log(s), axis=1))
            ),
            "in every batch",
        ),
        (lambda counts: perplexity_of(counts[:3].sum(axis=0)), "drawn anew"),
        (lambda counts: perplexity_of(counts.sum(axis=0)[:16]), "drawn anew"),
    ],
    "fair_draw": [
        (lambda s, dice: (dice * len(s)).astype(int), "all codes are alike"),
        (lambda s, dice: np.digitize(dice, np.cumsum(s)) + 1, "one too high"),
        (lambda s, dice: np.digitize(dice, np.cumsum(s)) - 1, "one too low"),
        (lambda s, dice: np.searchsorted(np.cumsum(s), dice), "code 0 is drawn, and"),
        (lambda s, dice: np.searchsorted(s, dice), "with the shares themselves"),
        (lambda s, dice: [np.abs(s - die).argmin() for die in dice], "themselves"),
        (
            lambda s, dice: [np.abs(np.cumsum(s) - die).argmin() for die in dice],
            "nearest end",
        ),
        (lambda s, dice: np.full(len(dice), np.argmax(s)), "largest share"),
        (lambda s, dice: np.digitize(1 - dice, np.cumsum(s)), "wrong way round"),
        (
            lambda s, dice: len(s) - 1 - np.digitize(dice, np.cumsum(s[::-1])),
            "wrong way round",
        ),
        (lambda s, dice: s[np.digitize(dice, np.cumsum(s))], "expected codes"),
        (lambda s, dice: np.cumsum(s), "expected [4]"),
        (
            lambda s, dice: np.argsort(-s)[np.digitize(dice, np.cumsum(np.sort(s)))],
            "in the order of the codes",
        ),
        (
            lambda s, dice: np.argsort(-s, kind="stable")[
                np.digitize(dice, np.cumsum(-np.sort(-s)))
            ],
            "falls on code",
        ),
        (
            lambda s, dice: np.where(
                len(dice) > 100,
                np.digitize(dice, np.cumsum(np.clip(s, 0.1, 1) / 1.35)),
                np.digitize(dice, np.cumsum(s)),
            ),
            "found 6",
        ),
        (
            lambda s, dice: np.where(
                len(dice) > 100,
                np.where(dice < 0.3, 0, 4),
                np.digitize(dice, np.cumsum(s)),
            ),
            "of 1,000 evenly spread throws",
        ),
        (lambda s, dice: int(np.digitize(dice[0], np.cumsum(s))), "axis is missing"),
        (
            lambda s, d: np.minimum(np.searchsorted(np.cumsum(s), d, side="right"), 4),
            "drawn anew",
        ),
        (
            lambda s, d: np.searchsorted(np.cumsum(s.round(2)), d, side="right"),
            "drawn anew",
        ),
        (
            lambda s, d: np.searchsorted(np.cumsum(s), np.sort(d), side="right"),
            "falls on code",
        ),
    ],
    "extra_price": [
        (lambda p, q: -p @ np.log(q), "whole price"),
        (lambda p, q: -sum(x * math.log(x) for x in p if x), "under the right shares"),
        (lambda p, q: np.sum(p * np.log(p / q)), "no letter chose"),
        (lambda p, q: np.nansum(q * np.log(q / p)), "as `used` says"),
        (
            lambda p, q: sum(
                y * math.log(y / x) for x, y in zip(p, q, strict=True) if x
            ),
            "as `used`",
        ),
        (
            lambda p, q: sum(
                y * math.log(x / y) for x, y in zip(p, q, strict=True) if x
            ),
            "as `used`",
        ),
        (lambda p, q: -divergence(p, q), "never cheaper"),
        (lambda p, q: divergence(p, q, math.log2), "bits"),
        (
            lambda p, q: math.log(perplexity_of(q) / perplexity_of(p)),
            "difference of two entropies",
        ),
        (lambda p, q: divergence(p, q) / len(p), "mean over the codes"),
        (
            lambda p, q: sum(math.log(x / y) for x, y in zip(p, q, strict=True) if x),
            "count alike",
        ),
        (
            lambda p, q: np.mean(
                [math.log(x / y) for x, y in zip(p, q, strict=True) if x]
            ),
            "count alike",
        ),
        (lambda p, q: math.exp(divergence(p, q)), "a factor"),
        (lambda p, q: np.abs(p - q).sum() / 2, "distance between the shares"),
        (lambda p, q: p * np.log(q), "axis too many"),
        (lambda p, q: np.sum(p * p - p * q), "too small"),
    ],
    "judge_of_two": [
        (best_of_one, "sees one throw"),
        (lambda a, b: 0.5 + np.abs(a - b).sum() / 4, "sees one throw"),
        (lambda a, b: best_of_one(a, b) ** 2, "not two judges"),
        (lambda a, b: 1 - (1 - best_of_one(a, b)) ** 2, "not two judges"),
        (
            lambda a, b: np.abs(np.outer(a, a) - np.outer(b, b)).sum() / 2,
            "total variation",
        ),
        (lambda a, b: 2 * best_of_one(np.kron(a, a), np.kron(b, b)), "divide by 2"),
        (
            lambda a, b: 0.5 + np.abs(np.outer(a, a) - np.outer(b, b)).sum() / 2,
            "half of this distance",
        ),
        (
            lambda a, b: np.minimum(np.outer(a, a), np.outer(b, b)).sum() / 2,
            "how often the judge is wrong",
        ),
        (
            lambda a, b: np.maximum(np.outer(a, a), np.outer(b, b)).max(),
            "likeliest pair",
        ),
        (
            lambda a, b: np.maximum(np.outer(a, a), np.outer(b, b)).mean(),
            "mean over the pairs",
        ),
        (
            lambda a, b: (
                np.maximum(np.triu(np.outer(a, a)), np.triu(np.outer(b, b))).sum() / 2
            ),
            "count both",
        ),
        (
            lambda a, b: np.maximum(np.outer(a, b), np.outer(b, a)).sum() / 2,
            "of the same dice",
        ),
        (lambda a, b: best_of_one(a**2, b**2), "only twice the same"),
        (lambda a, b: np.maximum(a, b).sum() ** 2 / 2, "only pairs can be judged"),
        (lambda a, b: np.maximum(np.outer(a, a), np.outer(b, b)), "axis too many"),
        (lambda a, b: 0.5 + np.abs(a - b).sum() / 2, "half of this distance"),
        (
            lambda a, b: (
                0.5 + np.abs(np.outer(a, a) - np.outer(b, b)).sum() / 4
                if len(a) != 7
                else 0.5
            ),
            "drawn anew",
        ),
    ],
}
