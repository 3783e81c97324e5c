"""Answers to the exercises of the chapter on decoder: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf

ARGUMENTS = {
    "picture_count": {"num_codes": 64, "latent_size": 2},
}
VALUES = {
    "range_of_means": (0.5, 0.731),
    "picture_count": 4096,
}
BUGS = {}
RIGHT = {
    "range_of_means": [(0.5, 0.7311), [0.5, np.float32(0.7310586)]],
    "output_size": [
        lambda size, kernel, stride, padding: (
            size * stride + (max(kernel - stride, 0) if padding == "valid" else 0)
        ),
        lambda size, kernel, stride, padding: np.int64(
            {"same": size * stride, "valid": (size - 1) * stride + kernel}[padding]
        ),
    ],
    "pixel_means": [
        lambda logits: 1 / (1 + np.exp(-logits)),
        lambda logits: np.exp(-np.logaddexp(0, -logits)).tolist(),
        lambda logits: tf.math.sigmoid(tf.cast(logits, tf.float32)),
        np.vectorize(lambda a: 1 / (1 + math.exp(-a))),
    ],
    "picture_count": [
        4096.0,
        np.int64(64) ** 2,
        tf.constant(4096),
        [4096][0],
    ],
}
WRONG = {
    "range_of_means": [
        ((0.0, 1.0), "one sigmoid"),
        ((0.731, 0.5), "lowest"),
        ((0.269, 0.731), "below 0"),
    ],
    "output_size": [
        (
            lambda n, k, s, p: -(-n // s) if p == "same" else (n - k) // s + 1,
            "ordinary",
        ),
        (
            lambda n, k, s, p: -(-n // s) if p == "same" else (n - 1) * s + k,
            "ordinary",
        ),
        (lambda n, k, s, p: n * s, "kernel - 1"),
        (lambda n, k, s, p: n * s if p == "same" else n * s + k, "overlaps"),
        (lambda n, k, s, p: n * s if p == "same" else n * s + k - 1, "overlaps"),
        (lambda n, k, s, p: n * s if p == "same" else n * k, "overlaps"),
        (lambda n, k, s, p: (n - 1) * s + k, "whatever the kernel"),
        (lambda n, k, s, p: n if p == "same" else n + k - 1, "whatever the kernel"),
        (lambda n, k, s, p: n * s if p == "same" else (n - 1) * s, "too small"),
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
    ],
    "picture_count": [
        (128, "multiply"),
        (2**64, "exponent"),
        (64, "one latent alone"),
        (64 * 63, "same code"),
        (64 * 63 // 2, "same code"),
        (4095, "too small"),
        (4097, "too large"),
    ],
}
