"""Answers to the exercises of the chapter on quantizer: right, wrong, with a bug."""

import numpy as np
import tensorflow as tf


def distances_by_loop(latents, codebook):
    return [
        [sum((a - b) ** 2 for a, b in zip(z, e, strict=True)) for e in codebook]
        for z in latents
    ]


def distances_by_einsum(latents, codebook):
    apart = latents[:, None] - codebook
    return np.einsum("nkd,nkd->nk", apart, apart)


def nearest_by_loop(latents, codebook):
    return [row.index(min(row)) for row in distances_by_loop(latents, codebook)]


ARGUMENTS = {
    "memory": {"latents": 6272, "num_codes": 512, "code_size": 64},
}
VALUES = {
    "memory": 822_083_584,
}
BUGS = {
    "broken_nearest": ("nearest", "other axis"),
}
RIGHT = {
    "memory": [np.int64(822_083_584), 822_083_584.0],
    "distances": [
        distances_by_loop,
        distances_by_einsum,
        lambda z, e: tf.reduce_sum(tf.math.squared_difference(z[:, None], e), -1),
        lambda z, e: np.linalg.norm(z[:, None] - e, axis=2) ** 2,
    ],
    "nearest": [
        nearest_by_loop,
        lambda z, e: np.float32(nearest_by_loop(z, e)),
        lambda z, e: tf.argmin(distances_by_einsum(z, e), 1),
    ],
    "looked_up": [
        lambda e, i: tf.one_hot(i, len(e)) @ e,
        lambda e, i: [e[index].tolist() for index in i],
        lambda e, i: np.einsum("kn,kd->nd", np.arange(len(e))[:, None] == i, e),
    ],
}
WRONG = {
    "memory": [
        (205_520_896, "4 bytes"),
        (6272 * 512 * 4, "axis more"),
        (1_644_167_168, "not 8"),
        (4 * (6272 + 512) * 64, "pairs"),
    ],
    "distances": [
        (lambda z, e: np.linalg.norm(z[:, None] - e, axis=-1), "square root"),
        (lambda z, e: ((z[:, None] - e) ** 2).mean(-1), "mean"),
        (lambda z, e: ((e[:, None] - z) ** 2).sum(-1), "transpose"),
        (lambda z, e: abs(z[:, None] - e).sum(-1), "absolute"),
        (lambda z, e: (z[:, None] - e).sum(-1) ** 2, "before they are squared"),
        (lambda z, e: distances_by_einsum(z, e) + z @ e.T, "factor of two"),
        (lambda z, e: distances_by_einsum(z, e) + 4 * z @ e.T, "subtracted"),
        (lambda z, e: (e**2).sum(1) - 2 * z @ e.T, "square is missing"),
        (lambda z, e: (z**2).sum(1)[:, None] - 2 * z @ e.T, "square is missing"),
        (lambda z, e: z @ e.T, "one of three"),
        (lambda z, e: ((z[:, None] - e) ** 2).sum(1), "last axis"),
        (lambda z, e: ((z[:, None] - e) ** 2).sum(0), "last axis"),
        (lambda z, e: ((z[:, None] - e) ** 2).sum(), "last axis"),
        (lambda z, e: (z[:, None] - e) ** 2, "not added up yet"),
        (lambda z, e: -distances_by_einsum(z, e), "differs by up to"),
        (lambda z, e: distances_by_einsum(z, e)[0], "axis is missing"),
        (lambda z, e: distances_by_einsum(z, e)[None], "too many"),
        (lambda z, e: distances_by_einsum(z, e[:-1]), "expected [2, 3]."),
        (lambda z, e: (z - e) ** 2, "raised ValueError"),
    ],
    "nearest": [
        (lambda z, e: distances_by_einsum(z, e).argmax(1), "farthest"),
        (lambda z, e: distances_by_einsum(z, e).argmin(0), "other axis"),
        (
            lambda z, e: len(e) - 1 - distances_by_einsum(z, e)[:, ::-1].argmin(1),
            "take the first",
        ),
        (lambda z, e: distances_by_einsum(z, e).min(1), "distances"),
        (lambda z, e: (z @ e.T).argmax(1), "product"),
        (lambda z, e: distances_by_einsum(z, e).argmin(1) + 1, "begin at 0"),
        (lambda z, e: e[distances_by_einsum(z, e).argmin(1)], "too many"),
        (lambda z, e: distances_by_einsum(z, e).argmin(), "axis is missing"),
    ],
    "looked_up": [
        (lambda e, i: np.eye(len(e))[i], "one-hot"),
        (lambda e, i: e.T[i % e.shape[1]], "columns"),
        (lambda e, i: e[i].T, "transpose"),
        (lambda e, i: e[i - 1], "off by one"),
        (lambda e, i: tf.one_hot(i, len(e)) @ e[::-1], "differs by up to"),
        (lambda e, i: e[i][0], "axis is missing"),
        (lambda e, i: e @ np.eye(len(e))[i], "expected [2, 2]"),
        (lambda e, i: i @ e, "raised ValueError"),
    ],
}
