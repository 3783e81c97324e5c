"""Answers to the exercises of the chapter on losses: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf

from vqvae_lesson.losses import commitment_loss


def loss_with_softplus(images, logits):
    nats = np.log1p(np.exp(-np.abs(logits))) + np.maximum(logits, 0) - images * logits
    return nats.sum((1, 2, 3)).mean()


def loss_with_tensorflow(images, logits):
    each = tf.nn.sigmoid_cross_entropy_with_logits(images, logits)
    return tf.reduce_mean(tf.reduce_sum(each, [1, 2, 3]))


def loss_by_probabilities(images, logits):
    p = 1 / (1 + np.exp(-np.asarray(logits, "float64")))
    x = np.asarray(images, "float64")
    nats = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    return np.mean(np.sum(nats, axis=(1, 2, 3)))


def loss_of(images, p):
    nats = -(images * np.log(p) + (1 - images) * np.log(1 - p))
    return np.mean(np.sum(nats, axis=(1, 2, 3)))


def clipped(least):
    def loss(images, logits):
        return loss_of(images, np.clip(1 / (1 + np.exp(-logits)), least, 1 - least))

    return loss


def keras_of_probabilities(images, logits):
    each = tf.keras.losses.binary_crossentropy(images, logits)
    return tf.reduce_mean(tf.reduce_sum(each, [1, 2]))


@tf.custom_gradient
def rounding_by_hand(numbers):
    return tf.round(numbers), lambda upstream: upstream


def stopped(tensor):
    return tf.stop_gradient(tensor)


def mean_square(one, other):
    return tf.reduce_mean((one - other) ** 2)


def trap_of(latent, code, other):
    return lambda valley: (valley + latent, valley + code, valley + other)


def divided(count, both=True):
    """Sum squares, and divide by some count that the shape gives."""

    def answer(z, q, beta):
        first, second = (
            tf.reduce_sum((one - stopped(other)) ** 2)
            for one, other in ((q, z), (z, q))
        )
        first /= count(*z.shape) if both else np.prod(z.shape)
        return first + beta * second / count(*z.shape)

    return answer


@tf.custom_gradient
def rounding_cut(numbers):
    return tf.round(numbers), lambda upstream: tf.clip_by_value(upstream, -9, 9)


def rounding_with(gradient):
    """Round, and change the gradient on its way back."""

    @tf.custom_gradient
    def answer(numbers):
        return tf.round(numbers), lambda upstream: gradient(numbers, upstream)

    return answer


ARGUMENTS = {
    "gradient_at_the_weight": {"x": 4, "weight": 0.3, "codes": [0.5, 4], "target": 2},
}
VALUES = {
    "gradient_at_the_weight": -12.0,
}
BUGS = {
    "broken_two_terms": ("two_terms", "driven away"),
}
RIGHT = {
    "gradient_at_the_weight": [-12, np.float32(-12), 2 * (0.5 - 2) * 4],
    "trap": [
        trap_of(-0.5, 1.5, -3),
        lambda valley: np.array([valley, valley + 1, valley - 2]),
        lambda valley: [tf.constant(valley + 0.2), valley + 1.0, valley - 1.2],
        trap_of(2.0, 3.0, -4.0),
        lambda valley: (valley - 5, valley + 20, valley - 45),
    ],
    "rounding": [
        rounding_by_hand,
        lambda a: a + tf.stop_gradient(tf.round(a) - a),
        lambda a: tf.round(a) + a - tf.stop_gradient(a),
        lambda a: a - tf.stop_gradient(a - tf.floor(a + 0.5)),
        lambda a: tf.grad_pass_through(tf.round)(a),
        lambda a: a + tf.constant(np.round(a.numpy()) - a.numpy()),
    ],
    "reconstruction": [
        loss_with_softplus,
        lambda x, a: (np.logaddexp(0, a) - x * a).mean(0).sum(),
        lambda x, a: np.einsum("bhwc->", np.logaddexp(0, a) - x * a) / len(x),
        lambda x, a: (
            sum(
                float(np.logaddexp(0, one) - ink * one)
                for ink, one in zip(x.ravel().tolist(), a.ravel().tolist(), strict=True)
            )
            / len(x)
        ),
        lambda x, a: np.float32(np.mean((np.logaddexp(0, a) - x * a).sum((1, 2, 3)))),
    ],
    "two_terms": [
        lambda z, q, beta: commitment_loss(q, z) + beta * commitment_loss(z, q),
        lambda z, q, beta: tf.add(
            tf.reduce_sum((stopped(z) - q) ** 2) / np.prod(z.shape),
            beta * tf.reduce_sum((stopped(q) - z) ** 2) / np.prod(z.shape),
        ),
        lambda z, q, beta: mean_square(q, z.numpy()) + beta * mean_square(z, q.numpy()),
        divided(lambda b, length, d: b * length * d),
        lambda z, q, beta: (
            tf.keras.losses.MeanSquaredError()(stopped(z), q)
            + beta * tf.keras.losses.MeanSquaredError()(stopped(q), z)
        ),
    ],
}
WRONG = {
    "gradient_at_the_weight": [
        (2 * (1.2 - 2) * 4, "what did the decoder see"),
        (2 * (1.2 - 2), "what did the decoder see"),
        (0, "not 0"),
        (12.0, "sign"),
        (-6.0, "factor of 2"),
        (-1.5, "factor of 2"),
        (-3.0, "one factor is left"),
        (-3 * 0.3, "not by the weight"),
        (2.25, "that is the loss"),
        (16.0, "the other one"),
        (4, "the other one"),
        (1, "do not add"),
        (-48, "too small"),
    ],
    "trap": [
        (trap_of(0.5, -1.5, 3.0), "negative"),
        (trap_of(-0.5, -3, 1.5), "choose the other code"),
        (trap_of(1.0, 2.0, 0.0), "choose the other code"),
        (trap_of(-1.0, 0.0, -3.0), "slope is 0"),
        (trap_of(1.0, 1.5, 6.0), "put that code on the left"),
        (trap_of(0.5, 1.5, -1.0), "good one"),
        (trap_of(0.5, 2.0, -2.0), "good one"),
        (trap_of(2.0, 0.01, -3.0), "has not reached"),
        (lambda valley: (-0.5, 1.5, -3.0), "negative"),
        (lambda valley: (1.5, 3.5, -1.0), "good one"),
        (trap_of(0.5, -1.5, -3.0), "negative"),
        (lambda valley: (valley - 0.5, valley + 1.5), "expected 3 results"),
        (lambda valley: (valley, [valley + 1, 2], -3), "three finite numbers"),
        (lambda valley: (valley - 0.5, valley + 1.5, -math.inf), "three finite"),
        (
            lambda v: (v - abs(v) / 4, v + 0.75 * abs(v), v - 1.5 * abs(v)),
            "no farther away",
        ),
        (lambda v: (v / v * v - 0.5, v + 1.5, v - 3), "raised ZeroDivisionError"),
        (lambda v: (v - 0.5, v + 1.5, v + 30), "put that code on the left"),
    ],
    "rounding": [
        (lambda a: tf.round(a), "no gradient reaches"),
        (lambda a: a + tf.stop_gradient(tf.round(a)) - a, "no gradient reaches"),
        (lambda a: tf.stop_gradient(a + tf.round(a) - a), "no gradient reaches"),
        (
            lambda a: 2 * a + tf.stop_gradient(tf.round(a) - 2 * a),
            "not the one that was sent",
        ),
        (lambda a: np.round(a), "NumPy"),
        (lambda a: a + tf.stop_gradient(a - tf.round(a)), "wrong sign"),
        (lambda a: a + tf.stop_gradient(tf.round(a)), "on top"),
        (lambda a: tf.stop_gradient(tf.round(a) - a), "difference alone"),
        (lambda a: a + tf.stop_gradient(tf.floor(a) - a), "rounds down"),
        (lambda a: tf.math.ceil(a), "rounds up"),
        (lambda a: a, "must be whole"),
        (lambda a: tf.cast(tf.cast(a, tf.int32), tf.float32), "cuts off"),
        (lambda a: tf.reduce_mean(tf.round(a)), "axis is missing"),
        (rounding_cut, "large ones are cut"),
        (rounding_with(lambda a, up: tf.clip_by_value(up, -100, 100)), "are cut"),
        (rounding_with(lambda a, up: up * tf.cast(abs(a) < 1, up.dtype)), "at others"),
        (rounding_with(lambda a, up: up * tf.cast(abs(a) < 10, up.dtype)), "at others"),
        (rounding_with(lambda a, up: -up), "not the one that was sent"),
        (
            lambda a: a + tf.stop_gradient(tf.clip_by_value(tf.round(a), -2, 2) - a),
            "drawn anew",
        ),
        (
            lambda a: a + tf.stop_gradient(tf.constant([[[0.0, 1]], [[-2, 2]]]) - a),
            "drawn anew",
        ),
        (
            lambda a: (
                a
                + tf.stop_gradient(tf.cast(tf.cast(a + 0.5, tf.int32), tf.float32) - a)
            ),
            "differs by up to",
        ),
    ],
    "reconstruction": [
        (loss_by_probabilities, "Use none of them"),
        (lambda x, a: loss_of(x, 1 / (1 + np.exp(-a))), "Use none of them"),
        (clipped(1e-7), "Is p clipped"),
        (
            lambda x, a: np.mean(
                (x * np.log(1 + np.exp(-a)) + (1 - x) * np.log(1 + np.exp(a))).sum(
                    (1, 2, 3)
                )
            ),
            "e^1000 is too large",
        ),
        (clipped(1e-3), "Is p clipped"),
        (clipped(1e-12), "Use none of them"),
        (loss_of, "are these logits or probabilities"),
        (
            lambda x, a: loss_of(x, np.clip(a, 1e-7, 1 - 1e-7)),
            "are these logits or probabilities",
        ),
        (keras_of_probabilities, "are these logits or probabilities"),
        (lambda x, a: np.mean(np.log(a)), "are these logits or probabilities"),
        (
            lambda x, a: loss_with_tensorflow(x, 1 / (1 + np.exp(-a))),
            "sigmoid twice",
        ),
        (lambda x, a: loss_with_tensorflow(x, a) / 4, "mean over pixels"),
        (
            lambda x, a: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(x, a)),
            "mean over pixels",
        ),
        (lambda x, a: loss_with_tensorflow(x, a) * len(x), "sum over the batch"),
        (lambda x, a: -loss_with_tensorflow(x, a), "negative"),
        (
            lambda x, a: (x * np.logaddexp(0, -a)).sum((1, 2, 3)).mean(),
            "paper is not",
        ),
        (
            lambda x, a: ((1 - x) * np.logaddexp(0, a)).sum((1, 2, 3)).mean(),
            "ink is not",
        ),
        (lambda x, a: loss_with_tensorflow(x, -a), "wrong way round"),
        (lambda x, a: loss_with_tensorflow(x, a) / np.log(2), "bits"),
        (
            lambda x, a: tf.reduce_sum(
                tf.nn.sigmoid_cross_entropy_with_logits(x, a), [1, 2, 3]
            ),
            "one number an image",
        ),
        (
            lambda x, a: tf.reduce_mean(
                tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, a), 1)
            ),
            "one axis too few",
        ),
        (lambda x, a: np.logaddexp(0, a) - x * a, "too many"),
        (lambda x, a: loss_with_tensorflow(x, a) + 1, "too large"),
        (loss_with_tensorflow, "write it with NumPy"),
        (lambda x, a: (np.logaddexp(0, a) - x * a).sum() / 3, "drawn anew"),
        (lambda x, a: (np.logaddexp(0, a) - x * a).sum((1, 2)).mean(), "drawn anew"),
        (
            lambda x, a: (np.logaddexp(0, a) - np.round(x) * a).sum((1, 2, 3)).mean(),
            "too",
        ),
        (lambda x, a: (np.maximum(a, 0) - x * a).sum((1, 2, 3)).mean(), "too"),
        (lambda x, a: loss_with_softplus(x, np.clip(a, -500, 500)), "too cheap"),
    ],
    "two_terms": [
        (
            lambda z, q, beta: (1 + beta) * mean_square(z, q),
            "not enough: one of the two",
        ),
        (
            lambda z, q, beta: mean_square(z, q) + beta * mean_square(z, stopped(q)),
            "not enough: one of the two",
        ),
        (
            lambda z, q, beta: mean_square(stopped(z), q) + beta * mean_square(z, q),
            "not enough: one of the two",
        ),
        (
            lambda z, q, beta: (
                mean_square(stopped(z), z + stopped(q - z))
                + beta * mean_square(z, stopped(q))
            ),
            "driven away",
        ),
        (
            lambda z, q, beta: beta * commitment_loss(q, z) + commitment_loss(z, q),
            "weighs the term that pulls the codes",
        ),
        (lambda z, q, beta: (1 + beta) * commitment_loss(q, z), "reaches the latents"),
        (lambda z, q, beta: (1 + beta) * commitment_loss(z, q), "reaches the codes"),
        (
            lambda z, q, beta: stopped((1 + beta) * mean_square(z, q)),
            "reaches the latents",
        ),
        (
            lambda z, q, beta: (1 + beta) * np.mean((z.numpy() - q.numpy()) ** 2),
            "NumPy",
        ),
        (
            lambda z, q, beta: (
                (1 + beta) / 2 * (commitment_loss(q, z) + commitment_loss(z, q))
            ),
            "the pulls are not",
        ),
        (lambda z, q, beta: commitment_loss(q, z) + commitment_loss(z, q), "left out"),
        (
            lambda z, q, beta: beta * (commitment_loss(q, z) + commitment_loss(z, q)),
            "both terms",
        ),
        (lambda z, q, beta: beta * commitment_loss(z, q), "only one"),
        (lambda z, q, beta: commitment_loss(q, z), "only one"),
        (
            lambda z, q, beta: commitment_loss(q, z) - beta * commitment_loss(z, q),
            "subtracted",
        ),
        (lambda z, q, beta: -(1 + beta) * commitment_loss(z, q), "positive"),
        (
            lambda z, q, beta: (1 + beta) * tf.reduce_sum((z - q) ** 2),
            "a sum",
        ),
        (lambda z, q, beta: (1 + beta) * tf.reduce_mean(abs(z - q)), "not squared"),
        (lambda z, q, beta: (1 + beta) * tf.norm(z - q), "root"),
        (lambda z, q, beta: (1 + beta) * (z - stopped(q)) ** 2, "too many"),
        (divided(lambda b, length, d: b**2), "how many numbers"),
        (divided(lambda b, length, d: 4), "how many numbers"),
        (divided(lambda b, length, d: d**2), "how many numbers"),
        (divided(lambda b, length, d: b * d), "how many numbers"),
        (divided(lambda b, length, d: b * length), "how many numbers"),
        (divided(lambda b, length, d: b**2, both=False), "too"),
        (
            lambda z, q, beta: (
                commitment_loss(q, z)
                + 0.25 * commitment_loss(z, q)
                + stopped((beta - 0.25) * commitment_loss(z, q))
            ),
            "the pulls are not",
        ),
    ],
}
