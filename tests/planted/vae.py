"""Answers to the exercises of the chapter on vae: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf

from tests.planted.results import drawn

SHIFT = math.log(math.e - 1)


def softplus(raw):
    return np.log1p(np.exp(raw + SHIFT))


def latent_by_loop(statistics, noise):
    size = len(noise[0])
    return [
        [
            row[place] + math.log(1 + (math.e - 1) * math.exp(row[size + place])) * toss
            for place, toss in enumerate(tosses)
        ]
        for row, tosses in zip(statistics, noise, strict=True)
    ]


def latent_with_tensorflow(statistics, noise):
    means, raw = tf.split(statistics, 2, axis=-1)
    return means + tf.math.softplus(raw + SHIFT) * noise


ARGUMENTS = {}
VALUES = {
    "price_of_nothing": 0.0,
}
BUGS = {
    "broken_bound": ("bound", "negative ELBO"),
}
RIGHT = {
    "draw": [latent_by_loop, latent_with_tensorflow],
    "kl_from_standard_normal": [
        lambda m, s: sum(
            (a * a + b * b - 1) / 2 - math.log(b) for a, b in zip(m, s, strict=True)
        ),
        lambda m, s: tf.reduce_sum(m**2 + s**2 - 1 - tf.math.log(s**2)) / 2,
    ],
    "bound": [
        lambda logs: -tf.reduce_logsumexp(logs) + math.log(len(logs)),
        lambda logs: (
            -max(logs) - math.log(math.fsum(np.exp(logs - max(logs))) / len(logs))
        ),
    ],
    "price_of_nothing": [0, np.float32(0), tf.constant(0.0)],
}
WRONG = {
    "draw": [
        (lambda x, e: drawn(x, e, lambda a: np.log1p(np.exp(a))), "inside"),
        (lambda x, e: drawn(x, e, lambda a: np.log1p(np.exp(a)) + SHIFT), "belongs"),
        (lambda x, e: drawn(x, e, lambda a: a), "negative"),
        (lambda x, e: drawn(x, e, np.exp), "exponential"),
        (lambda x, e: drawn(x, e, lambda a: softplus(a) ** 2), "variance"),
        (lambda x, e: drawn(x, e, lambda a: softplus(a) ** 0.5), "root"),
        (lambda x, e: drawn(x, e, lambda a: 0 * a), "where is the noise"),
        (lambda x, e: drawn(x, e, lambda a: a**0), "as it is"),
        (
            lambda x, e: x[:, e.shape[1] :] + softplus(x[:, : e.shape[1]]) * e,
            "first half",
        ),
    ],
    "kl_from_standard_normal": [
        (lambda m, s: np.sum(m**2 + s**2 - 1 - np.log(s**2)), "half"),
        (lambda m, s: -np.sum(m**2 + s**2 - 1 - np.log(s**2)) / 2, "sign"),
        (lambda m, s: np.sum(m**2 + s - 1 - np.log(s)) / 2, "square it"),
        (lambda m, s: np.sum(m**2 + s**2 - 1 - np.log(s)) / 2, "not of s"),
        (lambda m, s: np.sum(m**2 + s - 1 - np.log(s**2)) / 2, "there, too"),
        (lambda m, s: np.mean(m**2 + s**2 - 1 - np.log(s**2)) / 2, "mean"),
        (lambda m, s: (m**2 + s**2 - 1 - np.log(s**2)) / 2, "sum them"),
        (
            lambda m, s: np.sum((1 + m**2) / s**2 - 1 + 2 * np.log(s)) / 2,
            "other way round",
        ),
        (lambda m, s: np.sum(m**2 + s**2 - 1 - np.log(s**2)) / 2 / np.log(2), "bits"),
    ],
    "bound": [
        (lambda logs: -np.mean(logs), "ELBO"),
        (lambda logs: -np.log(np.mean(np.exp(logs))), "vanished"),
        (lambda logs: -float(tf.reduce_logsumexp(logs)), "divide by S"),
        (
            lambda logs: float(tf.reduce_logsumexp(logs)) - math.log(len(logs)),
            "sign",
        ),
        (lambda logs: -max(logs), "best draw"),
        (lambda logs: -np.log(np.mean(np.exp(logs - max(logs)))), "put back"),
    ],
    "price_of_nothing": [
        (math.log(64), "one of 64"),
        (math.log(2), "cancel"),
        (1, "not 1"),
    ],
}
