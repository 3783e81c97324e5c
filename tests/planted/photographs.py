"""Answers to the exercises of the chapter on photographs: right, and wrong."""

import math
from collections import Counter

import numpy as np
import tensorflow as tf
from scipy.stats import norm

from vqvae_lesson.likelihoods import discretized_logistic


def curve(z):
    return 0.5 * (1 + np.tanh(z / 2))


def price_by_loop(values, middles, scales):
    prices = []
    for value, middle, scale in zip(values, middles, scales, strict=True):
        above = 1.0 if value == 255 else curve((value + 0.5 - middle) / scale)
        below = 0.0 if value == 0 else curve((value - 0.5 - middle) / scale)
        prices.append(-math.log2(above - below))
    return prices


def price_of_library(values, middles, scales):
    pixels = discretized_logistic(np.float32(middles), np.float32(scales))
    return -pixels.log_prob(np.float32(values)) / tf.math.log(2.0)


def pieces(values, middles, scales):
    return curve((values + 0.5 - middles) / scales) - curve(
        (values - 0.5 - middles) / scales
    )


def price_to_the_left(values, middles, scales):
    above = np.where(values == 255, 1, curve((values + 0.5 - middles) / scales))
    return -np.log2(above - curve((values - 0.5 - middles) / scales))


def price_to_the_right(values, middles, scales):
    below = np.where(values == 0, 0, curve((values - 0.5 - middles) / scales))
    return -np.log2(curve((values + 0.5 - middles) / scales) - below)


def price_of_slope(values, middles, scales):
    z = (values - middles) / scales
    return -np.log2(np.exp(-z) / scales / (1 + np.exp(-z)) ** 2)


def price_of_normal(values, middles, scales):
    prices = []
    for value, *curve in zip(values, middles, scales, strict=True):
        above = 1.0 if value == 255 else norm.cdf(value + 0.5, *curve)
        below = 0.0 if value == 0 else norm.cdf(value - 0.5, *curve)
        prices.append(-np.log2(above - below))
    return prices


def seen(layers):
    """Count the pixels that one place sees, by following its edges."""
    first, last = 0, 0
    for kernel, stride in layers[::-1]:
        first, last = first * stride, last * stride + kernel - 1
    return last - first + 1


def step(layers):
    return int(np.prod([stride for _, stride in layers]))


def longer_side(layers):
    """Count the pixels behind a place's own, layer by layer as Keras fills up."""
    last, own = 0, 1
    for kernel, stride in layers[::-1]:
        before = max(kernel - stride, 0) // 2
        last, own = last * stride + kernel - 1 - before, own * stride
    return last - own + 1


def margin_by_edges(layers):
    return math.ceil(longer_side(layers) / step(layers))


def margin_by_trying(layers):
    places = 0
    while places * step(layers) < longer_side(layers):
        places += 1
    return places


def foreign_by_loop(codes, others, num_codes):
    counts = Counter(others.tolist())
    most = len(others) + num_codes
    return sum(-math.log2((counts[code] + 1) / most) for code in codes.tolist()) / 8


def foreign_by_table(codes, others, num_codes):
    counts = tf.math.bincount(others, minlength=num_codes) + 1
    shares = tf.cast(counts / tf.reduce_sum(counts), tf.float32)
    return -tf.reduce_sum(tf.math.log(tf.gather(shares, codes))) / math.log(256)


ARGUMENTS = {}
VALUES = {}
BUGS = {}
RIGHT = {
    "value_price": [price_by_loop, price_of_library],
    "margin": [margin_by_edges, margin_by_trying],
    "foreign_bytes": [foreign_by_loop, foreign_by_table],
}
WRONG = {
    "value_price": [
        (lambda v, m, s: -np.log2(pieces(v, m, s)), "the tails are lost"),
        (price_to_the_right, "above 255 it is lost"),
        (price_to_the_left, "below 0 it is lost"),
        (lambda *case: np.array(price_by_loop(*case)) * math.log(2), "nats"),
        (lambda *case: 0.5 ** np.array(price_by_loop(*case)), "is the probability"),
        (lambda *case: -np.array(price_by_loop(*case)), "minus the logarithm"),
        (price_of_slope, "how steep the curve is"),
        (price_of_normal, "this is the normal curve"),
        (lambda v, m, s: price_of_normal(v, m, 1.8138 * s), "this is the normal curve"),
        (
            lambda v, m, s: -np.log2(curve((v + 1 - m) / s) - curve((v - m) / s)),
            "half a step on either side",
        ),
    ],
    "margin": [
        (longer_side, "these are pixels"),
        (
            lambda layers: math.ceil(2 * longer_side(layers) / step(layers)),
            "both sides together",
        ),
        (
            lambda layers: longer_side(layers) // step(layers),
            "a part of a place was left out",
        ),
        (
            lambda layers: longer_side(layers) / step(layers),
            "a whole number of places",
        ),
        (
            lambda layers: math.ceil((seen(layers) - step(layers)) / 2 / step(layers)),
            "one pixel more behind",
        ),
        (
            lambda layers: math.ceil(longer_side(layers[::-1]) / step(layers)),
            "go back from one place",
        ),
        (
            lambda layers: math.ceil(
                longer_side([(kernel, 1) for kernel, _ in layers]) / step(layers)
            ),
            "strides count",
        ),
    ],
    "foreign_bytes": [
        (lambda c, o, k: foreign_by_loop(c, c, k), "under their own frequencies"),
        (lambda *case: 8 * foreign_by_loop(*case), "these are bits"),
        (lambda *case: math.log(2) * foreign_by_loop(*case), "these are nats"),
        (lambda c, o, k: foreign_by_loop(c, o, k) / len(c), "the price of one code"),
        (lambda c, o, k: foreign_by_loop(o, o, k), "the other photograph's codes"),
        (lambda c, o, k: len(c) * math.log2(k) / 8, "all codes cost the same"),
        (
            lambda c, o, k: (
                foreign_by_loop(c, o, k) + len(c) * math.log2(len(o) / (len(o) + k)) / 8
            ),
            "add up to more than 1",
        ),
    ],
}
