"""Answers to the exercises of the chapter on losses: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf

from vqvae_lesson.losses import commitment_loss


def loss_by_loop(images, logits):
    total = 0.0
    for x, a in zip(images.ravel().tolist(), logits.ravel().tolist(), strict=True):
        p = 1 / (1 + math.exp(-a))
        total -= x * math.log(p) + (1 - x) * math.log(1 - p)
    return total / len(images)


def loss_with_tensorflow(images, logits):
    each = tf.nn.sigmoid_cross_entropy_with_logits(images, logits)
    return tf.reduce_mean(tf.reduce_sum(each, [1, 2, 3]))


@tf.custom_gradient
def straight_by_hand(latents, quantized):
    return tf.identity(quantized), lambda upstream: (upstream, None)


ARGUMENTS = {
    "gradient_at_the_latent": {"latent": 0.25, "code": 0.5, "target": 2.0},
}
VALUES = {
    "gradient_at_the_latent": -3.0,
}
BUGS = {
    "broken_commitment": ("commitment", "does not reach the latents"),
    "broken_codebook_loss": ("codebook_loss", "reaches the latents"),
    "broken_total": ("weighted_total", "weighs the reconstruction"),
}
RIGHT = {
    "gradient_at_the_latent": [-3, np.float32(-3)],
    "codebook_loss": [
        lambda z, q: (
            tf.math.reduce_variance(tf.stop_gradient(z) - q)
            + tf.reduce_mean(tf.stop_gradient(z) - q) ** 2
        ),
        lambda z, q: (
            tf.reduce_sum(tf.square(q - tf.stop_gradient(z))) / tf.size(z, tf.float32)
        ),
    ],
    "straight_through": [
        straight_by_hand,
        lambda z, e: tf.add(z, tf.stop_gradient(e - z)),
        lambda z, e: tf.stop_gradient(e) + z - tf.stop_gradient(z),
        lambda z, e: (
            tf.cast(z, tf.float64) + tf.stop_gradient(tf.cast(e - z, tf.float64))
        ),
    ],
    "reconstruction": [
        loss_by_loop,
        loss_with_tensorflow,
        lambda x, a: np.float32(np.mean((np.logaddexp(0, a) - x * a).sum((1, 2, 3)))),
    ],
    "commitment": [
        lambda z, e: (
            tf.reduce_sum((tf.stop_gradient(e) - z) ** 2) / tf.size(z, tf.float32)
        ),
        lambda z, e: tf.reduce_mean(tf.square(z - e.numpy())),
        lambda z, e: sum(
            tf.reduce_mean((z[:, :, d] - tf.stop_gradient(e)[:, :, d]) ** 2) / 2
            for d in range(2)
        ),
    ],
    "prior": [
        lambda size, codes: sum(-math.log(1 / codes) for _ in range(size)),
        lambda size, codes: size * tf.math.log(float(codes)),
        lambda size, codes: np.array(size) * np.log2(codes) * np.log(2),
    ],
    "weighted_total": [
        lambda r, c, p, beta: np.dot([1, beta, 1], [r, c, p]),
        lambda r, c, p, beta: tf.add_n([tf.constant(r), beta * tf.constant(c), p]),
    ],
}
WRONG = {
    "gradient_at_the_latent": [
        (-3.5, "at the code"),
        (0, "not 0"),
        (3.0, "sign"),
        (-1.5, "factor of 2"),
        (2.25, "slope"),
    ],
    "codebook_loss": [
        (lambda z, q: tf.reduce_sum((tf.stop_gradient(z) - q) ** 2), "sum"),
        (
            lambda z, q: tf.reduce_mean((z - tf.stop_gradient(q)) ** 2),
            "moves the codes",
        ),
        (
            lambda z, q: tf.reduce_mean(
                (tf.stop_gradient(z) - tf.stop_gradient(q)) ** 2
            ),
            "no gradient reaches the codes",
        ),
        (lambda z, q: tf.norm(tf.stop_gradient(z) - q), "root"),
        (lambda z, q: tf.reduce_mean(tf.abs(tf.stop_gradient(z) - q)), "squared"),
    ],
    "straight_through": [
        (lambda z, e: z, "returns the latents"),
        (lambda z, e: e + tf.stop_gradient(z - e), "returns the latents"),
        (lambda z, e: z + tf.stop_gradient(e), "subtracted"),
        (lambda z, e: z + tf.stop_gradient(z - e), "wrong sign"),
        (lambda z, e: tf.stop_gradient(e - z), "difference alone"),
        (lambda z, e: e, "reaches the latents"),
        (lambda z, e: tf.stop_gradient(e), "reaches the latents"),
        (lambda z, e: tf.stop_gradient(z + e - z), "reaches the latents"),
        (lambda z, e: (z + tf.stop_gradient(2 * e - z)) / 2, "reaches the latents"),
        (lambda z, e: z + e - tf.stop_gradient(z), "reaches the codes"),
        (lambda z, e: e.numpy(), "NumPy"),
        (lambda z, e: tf.reduce_mean(e), "axis is missing"),
        (lambda z, e: 2 * e, "differs"),
    ],
    "reconstruction": [
        (lambda x, a: loss_by_loop(x, a) / 4, "mean over pixels"),
        (
            lambda x, a: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(x, a)),
            "mean over pixels",
        ),
        (lambda x, a: loss_by_loop(x, a) * len(x), "sum over the batch"),
        (lambda x, a: -loss_by_loop(x, a), "negative"),
        (
            lambda x, a: (x * np.logaddexp(0, -a)).sum((1, 2, 3)).mean(),
            "black ones",
        ),
        (lambda x, a: loss_by_loop(x, -a), "wrong way round"),
        (lambda x, a: loss_by_loop(x, a) / np.log(2), "bits"),
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
        (lambda x, a: np.mean(np.log(a)), "NaN"),
    ],
    "commitment": [
        (lambda z, e: tf.reduce_sum((z - e) ** 2), "sum"),
        (lambda z, e: tf.reduce_mean(tf.reduce_sum((z - e) ** 2, -1)), "sum"),
        (lambda z, e: tf.reduce_sum((z - e) ** 2, -1), "sum"),
        (lambda z, e: tf.reduce_mean(abs(z - e)), "not squared"),
        (lambda z, e: tf.reduce_mean(z - e), "not squared"),
        (lambda z, e: tf.norm(z - e), "root"),
        (lambda z, e: -commitment_loss(z, e), "sign"),
        (
            lambda z, e: tf.reduce_mean((tf.stop_gradient(z) - e) ** 2),
            "does not reach the latents",
        ),
        (lambda z, e: tf.stop_gradient(commitment_loss(z, e)), "does not reach"),
        (lambda z, e: tf.reduce_mean((z - e) ** 2), "reaches the codes"),
        (lambda z, e: np.mean((z.numpy() - e.numpy()) ** 2), "NumPy"),
        (lambda z, e: 0.25 * commitment_loss(z, e), "too small"),
        (lambda z, e: (z - tf.stop_gradient(e)) ** 2, "too many"),
    ],
    "prior": [
        (lambda size, codes: size * np.log2(codes), "bits"),
        (lambda size, codes: np.log(codes), "each of the latents"),
        (lambda size, codes: np.log(size * codes), "which number"),
        (lambda size, codes: size * np.log(1 / codes), "sign"),
        (lambda size, codes: codes * np.log(size), "changed places"),
        (lambda size, codes: codes**size, "logarithm"),
        (lambda size, codes: size * codes, "logarithm"),
        (lambda size, codes: size * np.log(codes) / codes, "too small"),
        (lambda size, codes: size * np.log(codes + 1), "too large"),
    ],
    "weighted_total": [
        (lambda r, c, p, beta: beta * r + c + p, "weighs the reconstruction"),
        (lambda r, c, p, beta: r + c + beta * p, "weighs the prior"),
        (lambda r, c, p, beta: r + c + p, "left out"),
        (lambda r, c, p, beta: beta * (r + c + p), "whole sum"),
        (lambda r, c, p, beta: r + beta * (c + p), "too, here"),
        (lambda r, c, p, beta: r + beta * c - p, "wrong sign"),
        (lambda r, c, p, beta: -(r - beta * c - p), "wrong sign"),
        (lambda r, c, p, beta: r + beta * c, "prior is left out"),
        (lambda r, c, p, beta: (r + beta * c + p) / 3, "too small"),
    ],
}
