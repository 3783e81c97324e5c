"""Answers to the exercises of the chapter on health: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf


def revive_by_loop(codebook, counts, latents, below):
    found = codebook.tolist()
    for code, count in enumerate(counts):
        if count * len(codebook) < below * len(latents):
            found[code] = latents[code].tolist()
    return found


ARGUMENTS = {
    "unlucky": {"batch_size": 64, "num_codes": 64},
}
VALUES = {
    "unlucky": (63 / 64) ** 64,
}
BUGS = {
    "broken_place": ("placed", "snaps back"),
}
RIGHT = {
    "revived": [
        revive_by_loop,
        lambda e, n, z, b: tf.where(
            (n < b * len(z) / len(e))[:, None], z[: len(e)], tf.constant(e)
        ),
    ],
    "rate": [
        lambda first, p: first * math.cos(math.pi * p / 2) ** 2,
        lambda first, p: tf.constant(first) * (1 + tf.cos(np.pi * p)) / 2,
    ],
    "unlucky": [np.exp(64 * np.log1p(-1 / 64)), tf.constant(0.36499)],
    "placed": [
        lambda centers: (np.ones(3), centers),
        lambda centers: (tf.fill([3], 5.0), 5 * centers),
        lambda centers: [[1, 2, 3], centers * np.array([[1], [2], [3]])],
    ],
}
WRONG = {
    "revived": [
        (
            lambda e, n, z, b: np.where((n < b)[:, None], z[: len(e)], e),
            "a batch may be larger",
        ),
        (
            lambda e, n, z, b: np.where(
                (n < len(z) / len(e))[:, None], z[: len(e)], e + 0
            ),
            "multiply it by N / K",
        ),
        (lambda e, n, z, b: e, "nothing has moved"),
        (
            lambda e, n, z, b: np.where(
                (n < b * len(z) / len(e))[:, None], e, z[: len(e)]
            ),
            "healthy codes were moved",
        ),
        (
            lambda e, n, z, b: np.where((n < b * len(z) / len(e))[:, None], z[0], e),
            "on top of each other",
        ),
        (
            lambda e, n, z, b: [
                *e[:1],
                z[0],
                *e[2:3],
                z[1],
            ],
            "latent k",
        ),
        (lambda e, n, z, b: n, "shape"),
    ],
    "rate": [
        (lambda first, p: first * (1 + math.cos(2 * math.pi * p)) / 2, "whole wave"),
        (lambda first, p: first * math.cos(math.pi * p / 2), "quarter"),
        (lambda first, p: first * (1 - p), "straight line"),
        (lambda first, p: first * math.cos(math.pi * p), "no rate is negative"),
        (lambda first, p: first * (1 + math.cos(math.pi * p)), "twice"),
        (lambda first, p: first * (1 - math.cos(math.pi * p)) / 2, "rises"),
        (lambda first, p: first, "does not fall"),
    ],
    "unlucky": [
        (1 - (63 / 64) ** 64, "is chosen"),
        (63 / 64, "all of them"),
        (64 * (63 / 64) ** 64, "divide by K"),
        (0, "each code gets one"),
        (1 / 64, "to hit a code"),
        (0.3, "too small"),
    ],
    "placed": [
        (lambda c: (np.ones(3), np.array([[1.0, 0], [0, 1], [1, 1]])), "snaps back"),
        (lambda c: (np.zeros(3), c), "not above 0"),
        (lambda c: (np.ones(3), 0 * c), "drag every code"),
        (lambda c: (2 * np.ones(3), c), "must be the new codes"),
        (lambda c: (c, np.ones(3)), "shape"),
    ],
}
