"""Answers to the exercises of the chapter on results: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf

from tests.planted.ema import shares


def integers(low, high):
    """Draw from an interval that is given relative to the right one."""
    return lambda count, size, codes, seed: np.random.default_rng(seed).integers(
        low, codes + high, [count, size]
    )


def drawn(statistics, noise, scale):
    means, raw = np.split(statistics, 2, axis=-1)
    return means + scale(raw) * noise


def perplexity_by_loop(indices, num_codes):
    entropy = 0
    for code in range(num_codes):
        share = list(indices).count(code) / len(indices)
        entropy -= share * math.log2(share) if share else 0
    return 2**entropy


def draw_by_loop(count, latent_size, num_codes, seed):
    random = np.random.default_rng(seed)
    return [
        [int(num_codes * random.uniform()) for _ in range(latent_size)]
        for _ in range(count)
    ]


def draw_with_tensorflow(count, latent_size, num_codes, seed):
    return tf.random.stateless_uniform(
        [count, latent_size], [seed, 0], maxval=num_codes, dtype=tf.int32
    )


def uneven(count, latent_size, num_codes, seed):
    draws = np.random.default_rng(seed).normal(4, 2, [count, latent_size])
    return np.clip(draws.astype(int), 0, num_codes - 1)


ARGUMENTS = {
    "batch_bound": {"batch_size": 64, "num_codes": 512},
}
VALUES = {
    "batch_bound": 64,
}
BUGS = {
    "broken_data_set_perplexity": (
        "data_set_perplexity",
        "mean over batches",
    ),
}
RIGHT = {
    "kl_to_uniform": [
        lambda s: float(sum(p * math.log(p * len(s)) for p in s if p)),
        lambda s: math.log(len(s)) + tf.reduce_sum(tf.math.xlogy(s, s)),
    ],
    "best_judge": [
        lambda a, b: sum(max(pair) for pair in zip(a, b, strict=True)) / 2,
        lambda a, b: 0.5 + tf.reduce_sum(tf.abs(a - b)) / 4,
    ],
    "data_set_perplexity": [
        lambda parts, k: perplexity_by_loop([i for part in parts for i in part], k),
        lambda parts, k: perplexity_by_loop(np.hstack(parts).tolist(), k),
    ],
    "perplexity": [
        perplexity_by_loop,
        lambda i, k: tf.exp(
            -tf.reduce_sum(tf.math.multiply_no_nan(tf.math.log(s := shares(i, k)), s))
        ),
        lambda i, k: np.prod(shares(i, k) ** -shares(i, k)),
    ],
    "batch_bound": [64.0, np.int16(64), tf.constant(64.0)],
    "random_indices": [
        draw_by_loop,
        draw_with_tensorflow,
        lambda n, size, k, seed: np.random.RandomState(seed).choice(k, (n, size)),
        lambda n, size, k, seed: np.floor(
            k * np.random.default_rng(seed).random([n, size])
        ),
    ],
}
WRONG = {
    "kl_to_uniform": [
        (lambda s: -sum(p * math.log(p) for p in s if p), "entropy"),
        (lambda s: np.sum(s * np.log(s * len(s))), "nobody chose"),
        (lambda s: -sum(p * math.log(p * len(s)) for p in s if p), "sign"),
        (lambda s: sum(p * math.log2(p * len(s)) for p in s if p), "bits"),
        (lambda s: np.mean([p * math.log(p * len(s)) if p else 0 for p in s]), "mean"),
    ],
    "best_judge": [
        (lambda a, b: np.abs(a - b).sum() / 2, "total variation"),
        (lambda a, b: np.maximum(a, b).sum(), "more than 1"),
        (lambda a, b: np.minimum(a, b).sum() / 2, "wrong"),
        (lambda a, b: np.maximum(a, b).max(), "largest side"),
        (lambda a, b: np.maximum(a, b).mean(), "mean"),
    ],
    "data_set_perplexity": [
        (
            lambda parts, k: np.mean([perplexity_by_loop(part, k) for part in parts]),
            "mean over batches",
        ),
        (lambda parts, k: perplexity_by_loop(parts[-1], k), "last batch"),
        (
            lambda parts, k: math.log(perplexity_by_loop(np.hstack(parts), k)),
            "exponential",
        ),
        (lambda parts, k: sum(perplexity_by_loop(part, k) for part in parts), "sum"),
    ],
    "perplexity": [
        (lambda i, k: np.log(perplexity_by_loop(i, k)), "entropy"),
        (lambda i, k: np.log2(perplexity_by_loop(i, k)), "entropy"),
        (lambda i, k: len(set(i.tolist())), "in use"),
        (lambda i, k: 1 / perplexity_by_loop(i, k), "sign"),
        (lambda i, k: perplexity_by_loop(i, k) ** (1 / k), "mean over the codes"),
        (lambda i, k: np.exp(np.log2(perplexity_by_loop(i, k))), "bases"),
        (lambda i, k: 2 ** np.log(perplexity_by_loop(i, k)), "bases"),
        (
            lambda i, k: np.exp(-np.sum(shares(i, k) * np.log(shares(i, k)))),
            "nobody chose",
        ),
        (lambda i, k: k, "in use"),
        (lambda i, k: shares(i, k), "too many"),
    ],
    "batch_bound": [
        (512, "as many images"),
        (math.log(64), "entropy"),
        (6, "entropy"),
        (8, "shared out"),
        (1, "all images on one"),
        (63, "too small"),
        (65, "too large"),
    ],
    "random_indices": [
        (integers(1, 1), "found numbers from 1 to 8"),
        (integers(0, 1), "found numbers from 0 to 8"),
        (integers(-1, 0), "found numbers from -1 to 7"),
        (integers(0, -1), "code 7 is drawn too rarely"),
        (uneven, "too rarely"),
        (
            lambda n, size, k, seed: k * np.random.default_rng(seed).random([n, size]),
            "whole numbers",
        ),
        (lambda n, size, k, _: draw_by_loop(n, size, k, None), "same seed"),
        (lambda n, size, k, seed: draw_by_loop(n, size, k, 0), "another seed"),
        (
            lambda n, size, k, seed: np.transpose(draw_by_loop(n, size, k, seed)),
            "order",
        ),
        (lambda n, size, k, seed: draw_by_loop(n, 1, k, seed), "expected [4000, 2]"),
        (
            lambda n, size, k, seed: np.repeat(draw_by_loop(n, 1, k, seed), size, 1),
            "always alike",
        ),
        (lambda n, size, k, seed: np.full([n, size], np.nan), "whole numbers"),
    ],
}
