"""Answers to the exercises of the chapter on vae: right, wrong, with a bug."""

import math
from itertools import accumulate

import numpy as np
import tensorflow as tf


def mixture_by_loop(weights, means, scales, places, noise):
    drawn = []
    for place, tosses in zip(places, noise, strict=True):
        sums = [*accumulate(weights)]
        number = next(n for n, total in enumerate(sums) if place < total)
        rows = zip(means[number], scales[number], tosses, strict=True)
        drawn.append([mean + scale * toss for mean, scale, toss in rows])
    return drawn


def mixture_with_tensorflow(weights, means, scales, places, noise):
    passed = tf.cumsum(weights)[None] <= places[:, None]
    chosen = tf.reduce_sum(tf.cast(passed, tf.int32), axis=1)
    return tf.gather(means, chosen) + tf.gather(scales, chosen) * noise


def drawn_by(choose):
    """A mixture whose normals are chosen in some other way."""

    def answer(weights, means, scales, places, noise):
        rows = [choose(weights, place) for place in places]
        return means[rows] + scales[rows] * noise

    return answer


def number_of(weights, place):
    return int(np.sum(np.cumsum(weights) <= place))


def with_constant(constant):
    """Take one number out of all weights, whatever they are."""
    return lambda logs: constant - np.log(np.mean(np.exp(logs + constant)))


def with_member(number):
    """Take out a weight that need not be the largest."""
    return lambda logs: -(np.log(np.mean(np.exp(logs - logs[number]))) + logs[number])


ARGUMENTS = {}
PAID = 0.8 * math.log(1.6) + 0.2 * math.log(0.4)
VALUES = {
    "paid_in_vain": PAID,
}
BUGS = {
    "broken_likelihood": ("likelihood", "which is the bound"),
}
RIGHT = {
    "mixture": [mixture_by_loop, mixture_with_tensorflow],
    "likelihood": [
        lambda logs: -tf.reduce_logsumexp(logs) + math.log(len(logs)),
        lambda logs: (
            -max(logs) - math.log(math.fsum(np.exp(logs - max(logs))) / len(logs))
        ),
    ],
    "paid_in_vain": [np.float32(PAID), tf.constant(PAID)],
}
WRONG = {
    "mixture": [
        (drawn_by(lambda weights, place: weights.argmax()), "heaviest"),
        (drawn_by(lambda weights, place: int(place * len(weights))), "equally often"),
        (
            drawn_by(
                lambda weights, place: next(
                    (n for n, one in enumerate(weights) if one > place), 0
                )
            ),
            "running sum",
        ),
        (
            drawn_by(
                lambda weights, place: min(
                    number_of(weights, place) + 1, len(weights) - 1
                )
            ),
            "one too far",
        ),
        (lambda w, m, s, u, e: w @ m + w @ s * e, "in the middle"),
        (
            lambda w, m, s, u, e: m[[number_of(w, one) for one in u]] + e,
            "as it is",
        ),
        (
            lambda w, m, s, u, e: m[[number_of(w, one) for one in u]],
            "where is the noise",
        ),
        (
            lambda w, m, s, places, noise: (
                m[:4][
                    np.minimum(
                        np.searchsorted(np.cumsum(w)[:-1], places, side="right"), 3
                    )
                ]
                + s[:4][
                    np.minimum(
                        np.searchsorted(np.cumsum(w)[:-1], places, side="right"), 3
                    )
                ]
                * noise
            ),
            "drawn anew",
        ),
        (
            lambda w, m, s, places, noise: (
                m[np.searchsorted(np.cumsum(w)[:-1], places, side="right")]
                + s[np.searchsorted(np.cumsum(w)[:-1], places, side="right")] ** 2
                * noise
            ),
            "differs by up to",
        ),
    ],
    "likelihood": [
        (lambda logs: -np.mean(logs), "which is the bound"),
        (lambda logs: -np.log(np.mean(np.exp(logs))), "vanished"),
        (with_constant(300), "for ever"),
        (with_constant(500), "for ever"),
        (with_constant(700), "for ever"),
        (lambda logs: -np.log(np.mean(np.exp(np.longdouble(logs)))), "for ever"),
        (with_member(1), "not the largest"),
        (with_member(2), "not the largest"),
        (lambda logs: -float(tf.reduce_logsumexp(logs)), "divide by S"),
        (
            lambda logs: float(tf.reduce_logsumexp(logs)) - math.log(len(logs)),
            "sign",
        ),
        (lambda logs: -max(logs), "best draw"),
        (lambda logs: -np.log(np.mean(np.exp(logs - max(logs)))), "put back"),
        (
            lambda logs: -(logs.min() + np.log(np.mean(np.exp(logs - logs.min())))),
            "not the largest",
        ),
        (
            lambda logs: -(logs[0] + np.log(np.mean(np.exp(logs - logs[0])))),
            "not the largest",
        ),
        (
            lambda logs: -(logs.mean() + np.log(np.mean(np.exp(logs - logs.mean())))),
            "not the largest",
        ),
    ],
    "paid_in_vain": [
        (math.log(2), "for certain"),
        (0, "still paid"),
        (PAID + math.log(20), "whole bound"),
        (math.log(20), "pixels"),
        (PAID / math.log(2), "bits"),
        (math.log(2) - PAID, "entropy"),
    ],
}
