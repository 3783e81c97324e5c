"""Answers to the exercises of the chapter on the decoder: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf


def silenced(logits):
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-logits))


def shifted(shift):
    """Divide both exponentials by that of a shift, as in a softmax."""

    def answer(logits):
        least = shift(logits)
        return np.exp(logits - least) / (np.exp(-least) + np.exp(logits - least))

    return answer


def priced(clip, x=lambda train, held_out: (train, held_out)):
    """Price letters with a picture clipped in one's own way."""

    def answer(train, held_out):
        train, held_out = x(train, held_out)
        picture = clip(train.mean(0)) + 0 * held_out
        nats = held_out * np.log(picture) + (1 - held_out) * np.log(1 - picture)
        return -nats.sum((1, 2, 3)).mean()

    return answer


def clip(picture):
    return np.clip(picture, 0.001, 0.999)


ARGUMENTS = {
    "windows_over": {"size": 4, "width": 5, "stride": 2},
    "picture_count": {"levels": 3, "numbers": 16},
}
VALUES = {
    "windows_over": (1, 1, 2, 2, 3, 2, 3, 2, 2, 1, 1),
    "range_of_means": (0.5, 0.731),
    "picture_count": (43_046_721, 26),
}
BUGS = {}


def prices(images, picture):
    picture = np.clip(picture, 0.001, 0.999)
    return -np.log(picture) * images - np.log(1 - picture) * (1 - images)


def blind_by_loop(train, held_out):
    total = 0.0
    for letter in held_out:
        for place in np.ndindex(letter.shape):
            p = min(max(sum(one[place] for one in train) / len(train), 0.001), 0.999)
            total -= letter[place] * math.log(p)
            total -= (1 - letter[place]) * math.log(1 - p)
    return total / len(held_out)


def blind_in_keras(train, held_out):
    picture = np.clip(train.mean(axis=0), 0.001, 0.999)
    logits = np.log(picture) - np.log(1 - picture)
    nats = tf.nn.sigmoid_cross_entropy_with_logits(held_out, logits + 0 * held_out)
    return tf.reduce_mean(tf.reduce_sum(nats, axis=[1, 2, 3]))


def unclipped(train, held_out):
    picture = train.mean(0)
    nats = held_out * np.log(picture) + (1 - held_out) * np.log(1 - picture)
    return -nats.sum((1, 2, 3)).mean()


def safe_by_masks(logits):
    result = np.empty_like(logits)
    below = logits < 0
    result[below] = np.exp(logits[below]) / (1 + np.exp(logits[below]))
    result[~below] = 1 / (1 + np.exp(-logits[~below]))
    return result


RIGHT = {
    "windows_over": [
        [1, 1, 2, 2, 3, 2, 3, 2, 2, 1, 1],
        np.array([1.0, 1, 2, 2, 3, 2, 3, 2, 2, 1, 1]),
        np.convolve([1, 0, 1, 0, 1, 0, 1], np.ones(5)),
    ],
    "range_of_means": [(0.5, 0.7311), [0.5, np.float32(0.7310586)]],
    "pixel_means": [
        lambda logits: 1 / (1 + np.exp(-np.clip(logits, -500, 500))),
        lambda logits: np.exp(-np.logaddexp(0, -logits)).tolist(),
        np.vectorize(lambda a: 0.5 * (1 + np.tanh(0.5 * a))),
        lambda logits: (1 + np.tanh(logits / 2)) / 2,
        lambda logits: np.exp(np.minimum(logits, 0)) / (1 + np.exp(-np.abs(logits))),
        safe_by_masks,
    ],
    "blind_price": [
        lambda train, held_out: prices(held_out, train.mean(0)).sum() / len(held_out),
        blind_by_loop,
        blind_in_keras,
        priced(clip),
        lambda t, h: prices(h.mean(0), t.mean(0)).sum(),
        lambda t, h: np.einsum("bhwc->b", prices(h, t.mean(0))).mean(),
    ],
    "picture_count": [
        (3**16, 26),
        [43_046_721.0, np.int64(26)],
        (math.prod([3] * 16), math.ceil(math.log2(3**16))),
    ],
}
WRONG = {
    "windows_over": [
        ([1] * 11, "whole window"),
        ([1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0], "whole window"),
        ([1, 2, 3, 4, 4, 3, 2, 1], "stride 1"),
        ([1, 2, 2, 3, 2, 3, 2, 2], "rim"),
        ([2, 2, 3, 2, 3, 2, 2, 1], "rim"),
        ([1] * 20, "overlap"),
        ([1, 1, 2, 2, 3, 3, 3, 2, 2, 1, 1], "differs by up to"),
        ([1, 1, 2], "expected [11]"),
        (2, "axis is missing"),
    ],
    "range_of_means": [
        ((0.0, 1.0), "one sigmoid"),
        ((0.731, 0.5), "lowest"),
        ((0.269, 0.731), "below 0"),
    ],
    "pixel_means": [
        (np.exp, "without end"),
        (lambda a: 1 / (1 + np.exp(a)), "sign"),
        (lambda a: np.exp(a) / np.exp(a).sum(), "softmax"),
        (np.tanh, "tanh"),
        (lambda a: a > 0, "0 or 1"),
        (lambda a: a, "differs by up to"),
        (lambda a: np.mean(1 / (1 + np.exp(-a))), "axis is missing"),
        (lambda a: np.full(3, 0.5) if a.ndim == 1 else a.T, "differs"),
        (lambda a: 1 / (1 + math.exp(-a)), "raised TypeError"),
        (lambda a: 1 / (1 + np.exp(-a)), "overflow"),
        (lambda a: np.exp(a) / (1 + np.exp(a)), "overflow"),
        (
            lambda a: np.where(
                a > 0, 1 / (1 + np.exp(-a)), np.exp(a) / (1 + np.exp(a))
            ),
            "both of its branches",
        ),
        (np.vectorize(lambda a: 1 / (1 + math.exp(-a))), "raised OverflowError"),
        (shifted(lambda a: min(a.min(), 0)), "overflow"),
        (shifted(lambda a: np.minimum(a, 0)), "overflow"),
        (shifted(lambda a: max(a.max(), 0)), "NaN"),
        (silenced, "silenced"),
        (lambda a: 1 / (1 + np.exp(-a.astype(np.longdouble))), "overflow"),
        (lambda a: tf.math.sigmoid(a), "NumPy alone"),
        (lambda a: tf.math.sigmoid(a).numpy(), "NumPy alone"),
        (np.vectorize(lambda a: 0.5 * (1 + math.tanh(0.5 * a))), "NumPy alone"),
        (lambda a: 1 / (1 + np.exp(-np.clip(a, -5, 5))), "differs by up to"),
        (lambda a: 1 / (1 + np.exp(-np.clip(a, -10, 10))), "cut off"),
        (lambda a: 1 / (1 + np.exp(-np.clip(a, -300, 11))), "cut off"),
        (lambda a: np.round((1 + np.tanh(a / 2)) / 2, 4), "cut off"),
        (lambda a: (1 + np.tanh(a)) / 2, "differs by up to"),
        (lambda a: np.clip(a / 5 + 0.5, 0, 1), "differs by up to"),
        (lambda a: safe_by_masks(a.ravel()), "an axis is missing"),
    ],
    "blind_price": [
        (lambda t, h: blind_by_loop(h, h), "has seen"),
        (lambda t, h: blind_by_loop(t, t), "held out"),
        (lambda t, h: prices(h, t.mean()).sum((1, 2, 3)).mean(), "one grey"),
        (lambda t, h: prices(h, t.mean(0)).mean(), "no mean over pixels"),
        (lambda t, h: prices(h, t.mean(0)).sum(), "not their sum"),
        (lambda t, h: -blind_by_loop(t, h), "sign"),
        (lambda t, h: blind_by_loop(t, h) / math.log(2), "in bits"),
        (lambda t, h: prices(h, t.mean(0)).sum((1, 2, 3)), "one number"),
        (unclipped, "logarithm of 0"),
        (lambda t, h: t.mean(0), "axis too many"),
        (lambda t, h: 0.0, "too small"),
        (priced(lambda p: np.minimum(p, 0.999)), "logarithm of 0"),
        (priced(lambda p: np.maximum(p, 0.001)), "logarithm of 0"),
        (priced(lambda p: np.clip(p, 0.01, 0.99)), "too small"),
        (priced(clip, lambda t, h: (t, np.round(h))), "too"),
        (priced(clip, lambda t, h: (np.round(t), h)), "too"),
        (priced(clip, lambda t, h: (np.concatenate([t, h]), h)), "too"),
        (lambda t, h: prices(h, clip(np.median(t, 0))).sum((1, 2, 3)).mean(), "too"),
        (lambda t, h: prices(h, t.mean(0)).sum() / len(t), "too"),
        (lambda t, h: ((h - t.mean(0)) ** 2).sum((1, 2, 3)).mean(), "too small"),
    ],
    "picture_count": [
        ((48, 6), "multiply"),
        ((16**3, 12), "exponent"),
        ((3, 2), "alone"),
        ((3**16, 32), "number all the pictures"),
        ((3**16, 25), "whole bits"),
        ((3**16, 25.36), "round up"),
        ((3**16 + 1, 26), "too large"),
        ((3**16, 27), "too large"),
        (3**16, "expected 2 results"),
    ],
}
