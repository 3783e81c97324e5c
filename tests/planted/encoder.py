"""Answers to the exercises of the chapter on encoder: right, wrong, with a bug."""

import numpy as np
import tensorflow as tf


def size_by_counting(size, kernel, stride, padding):
    line = size + kernel - 1 if padding == "same" else size
    return len(range(0, line - kernel + 1, stride))


ARGUMENTS = {
    "width_without_bend": {"kernel": 5},
}
VALUES = {
    "latents_of_a_wide_image": (16, 12, 64),
    "width_without_bend": 9,
}
BUGS = {}
RIGHT = {
    "width_without_bend": [9.0, np.int32(9)],
    "output_size": [
        size_by_counting,
        lambda *case: np.float64(size_by_counting(*case)),
        lambda size, kernel, stride, padding: np.ceil(
            (size if padding == "same" else size - kernel + 1) / stride
        ),
    ],
    "parameter_count": [
        lambda kernel, channels, filters: (
            np.ones([kernel] * 2 + [channels, filters]).sum(dtype=int) + filters
        ),
        lambda k, c, f: sum(k * k * c + 1 for _ in range(f)),
        lambda k, c, f: tf.constant(k * k * c * f + f),
    ],
    "latents_of_a_wide_image": [
        [16, 12, 64],
        np.array([16, 12, 64]),
        (16.0, np.int32(12), tf.constant(64)),
        tf.TensorShape([16, 12, 64]),
    ],
}
WRONG = {
    "width_without_bend": [
        (10, "overlap"),
        (7, "reaches two"),
        (25, "multiply"),
        (5, "wider"),
    ],
    "output_size": [
        (lambda n, k, s, p: n // s if p == "same" else (n - k) // s + 1, "rounded up"),
        (lambda n, k, s, p: -(-n // s), "must fit"),
        (lambda n, k, s, p: -(-(n - k + 1) // s), "adds zeros"),
        (lambda n, k, s, p: n if p == "same" else n - k + 1, "stride is left out"),
        (lambda n, k, s, p: -(-n // s) if p == "same" else (n - k) // s, "one less"),
        (
            lambda n, k, s, p: -(-n // s) if p == "same" else (n - k + 1) // s,
            "every stride-th",
        ),
        (lambda n, k, s, p: -(-n // s) if p == "same" else (n - k + 1) / s, "round up"),
        (lambda n, k, s, p: size_by_counting(n, k, s, p) + 1, "too large"),
        (lambda n, k, s, p: size_by_counting(n, s, k, p), "too small"),
    ],
    "parameter_count": [
        (lambda k, c, f: k * k * c * f, "biases are missing"),
        (lambda k, c, f: k * k * c * f + 1, "not one in all"),
        (lambda k, c, f: k * c * f + f, "square"),
        (lambda k, c, f: k * c * f, "square"),
        (lambda k, c, f: k * k * f + f, "all channels"),
        (lambda k, c, f: k * k * c * f + c, "not to the input"),
        (lambda k, c, f: k * k * (c + 1) * f, "too large"),
    ],
    "latents_of_a_wide_image": [
        ((12, 16, 64), "height comes first"),
        ((32, 24, 64), "two layers with stride 2"),
        ((64, 48, 64), "two layers with stride 2"),
        ((16, 12, 32), "twice the base depth"),
        ((16, 12), "expected 3 results, found 2"),
        ((None, 16, 12, 64), "expected 3 results, found 4"),
        ((64, 16, 12), "1 of 3"),
        ((16, 11, 64), "2 of 3: the result is too small"),
    ],
}
