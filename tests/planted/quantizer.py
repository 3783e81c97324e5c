"""Answers to the exercises of the chapter on quantizer: right, wrong, with a bug."""

import numpy as np
import tensorflow as tf


def distances(z, e):
    return ((z[..., None, :] - e) ** 2).sum(-1)


def nearest_by_loop(latents, codebook):
    if np.ndim(latents) > 1:
        return [nearest_by_loop(latent, codebook) for latent in latents]
    apart = [
        sum((a - b) ** 2 for a, b in zip(latents, e, strict=True)) for e in codebook
    ]
    return apart.index(min(apart))


def cosines(z, e):
    return (
        z @ e.T / np.linalg.norm(z, axis=1)[:, None] / np.linalg.norm(e, axis=1)[None]
    )


def border_by_slope(one, other, x):
    middle, apart = (one + other) / 2, other - one
    return [middle[1] - (place - middle[0]) * apart[0] / apart[1] for place in x]


def border_by_search(one, other, x):
    """Where the difference of two distances is 0, from its values at two heights."""
    gap = [
        (x - one[0]) ** 2
        + (y - one[1]) ** 2
        - (x - other[0]) ** 2
        - (y - other[1]) ** 2
        for y in (0, 1)
    ]
    return tf.constant(gap[0] / (gap[0] - gap[1]))


def along(one, other, x, slope):
    middle = (one + other) / 2
    return middle[1] + slope * (x - middle[0])


def steep(one, other):
    return (other[1] - one[1]) / (other[0] - one[0])


ARGUMENTS = {
    "factor": {"latent": (3, 2), "code": (4, 2)},
}
VALUES = {
    "factor": 1.6,
}
BUGS = {
    "broken_nearest": ("nearest", "other axis"),
}
RIGHT = {
    "factor": [8 / 5, np.float32(1.6), tf.constant(1.6)],
    "border": [
        border_by_slope,
        border_by_search,
        lambda a, b, x: (b @ b - a @ a - 2 * x * (b - a)[0]) / (2 * (b - a)[1]),
        lambda a, b, x: (a[1] + b[1]) / 2 - (x - (a[0] + b[0]) / 2) / steep(a, b),
        lambda a, b, x: [
            np.linalg.solve([b - a, [1, 0]], [(b @ b - a @ a) / 2, place])[1]
            for place in x
        ],
    ],
    "nearest": [
        nearest_by_loop,
        lambda z, e: np.float32(nearest_by_loop(z, e)),
        lambda z, e: tf.argmin(distances(z, e), -1),
        lambda z, e: np.linalg.norm(z[..., None, :] - e, axis=-1).argmin(-1),
        lambda z, e: (
            distances(z.reshape(-1, z.shape[-1]), e).argmin(1).reshape(z.shape[:-1])
        ),
        lambda z, e: ((e**2).sum(1) - 2 * z @ e.T).argmin(-1),
        lambda z, e: (2 * np.einsum("...d,kd->...k", z, e) - (e**2).sum(1)).argmax(-1),
        lambda z, e: np.apply_along_axis(lambda one: distances(one, e).argmin(), -1, z),
    ],
    "renamed": [
        lambda indices, order: [list(order).index(index) for index in indices],
        lambda indices, order: np.argwhere(indices[:, None] == order)[:, 1],
        lambda indices, order: tf.gather(tf.math.invert_permutation(order), indices),
        lambda indices, order: [
            {old: new for new, old in enumerate(order)}[i] for i in indices
        ],
        lambda indices, order: (np.eye(len(order), dtype=int)[order].argmax(0))[
            indices
        ],
    ],
    "nearest_by_angle": [
        lambda z, e: cosines(z, e).argmax(1),
        lambda z, e: np.arccos(cosines(z, e)).argmin(1),
        lambda z, e: tf.argmax(z @ tf.transpose(tf.math.l2_normalize(e, 1)), 1),
        lambda z, e: nearest_by_loop(
            z / np.linalg.norm(z, axis=1, keepdims=True),
            e / np.linalg.norm(e, axis=1, keepdims=True),
        ),
        lambda z, e: distances(z, e / np.linalg.norm(e, axis=1, keepdims=True)).argmin(
            1
        ),
        lambda z, e: np.einsum(
            "nd,kd->nk", z, e / np.sqrt((e * e).sum(1))[:, None]
        ).argmax(1),
    ],
}
WRONG = {
    "factor": [
        (0.8, "further out"),
        (2.56, "squared"),
        (0.625, "upside down"),
        (3.2, "2 too many"),
        (np.sqrt(13 / 20), "lengths alone"),
        (13 / 20, "lengths alone"),
        (1, "keeps its latent"),
        (-1.6, "minus sign"),
        (1.7, "too large"),
        (1.5, "too small"),
    ],
    "border": [
        (lambda a, b, x: a[1] + steep(a, b) * (x - a[0]), "through both codes"),
        (lambda a, b, x: along(a, b, x, -steep(a, b)), "upside down"),
        (lambda a, b, x: along(a, b, x, 1 / steep(a, b)), "wrong side"),
        (lambda a, b, x: a[1] - (x - a[0]) / steep(a, b), "half-way"),
        (lambda a, b, x: -x / steep(a, b), "half-way"),
        (lambda a, b, x: 0 * x + (a[1] + b[1]) / 2, "level"),
        (lambda a, b, x: (b @ b - a @ a - x * (b - a)[0]) / (b - a)[1], "by half"),
        (lambda a, b, x: border_by_slope(a, b, x)[0], "axis is missing"),
        (lambda a, b, x: border_by_slope(a, b, x + 0.1), "differs by up to"),
        (
            lambda a, b, x: border_by_slope(a.astype(int), b.astype(int), x),
            "differs by up to",
        ),
        (lambda a, b, x: along(a, b, x, -abs(1 / steep(a, b))), "wrong side"),
        (lambda a, b, x: (b @ b - 2 * x * b[0]) / (2 * b[1]), "differs by up to"),
    ],
    "nearest": [
        (lambda z, e: distances(z, e).argmax(-1), "farthest"),
        (lambda z, e: distances(z, e).argmin(-2), "other axis"),
        (
            lambda z, e: len(e) - 1 - distances(z, e)[..., ::-1].argmin(-1),
            "take the first",
        ),
        (lambda z, e: distances(z, e).min(-1), "distances to the nearest"),
        (lambda z, e: distances(z, e), "all distances"),
        (lambda z, e: (z @ e.T).argmax(-1), "product"),
        (lambda z, e: distances(z, e).argmin(-1) + 1, "begin at 0"),
        (lambda z, e: e[distances(z, e).argmin(-1)], "too many"),
        (lambda z, e: distances(z, e).argmin(), "axis is missing"),
        (lambda z, e: distances(z, e).argmin(-1).ravel(), "leading axes are gone"),
        (lambda z, e: ((z - e) ** 2).sum(-1).argmin(-1), "meets every code"),
        (lambda z, e: ((z - e) ** 2).sum(-1), "meets every code"),
        (lambda z, e: tf.constant(z) - e, "meets every code"),
        (
            lambda z, e: (2 * z @ e.T - 0.9 * (e**2).sum(1)).argmax(-1),
            "differs by up to",
        ),
        (lambda z, e: (z @ e.T - (e**2).sum(1)).argmax(-1), "differs by up to"),
        (lambda z, e: abs(z[..., None, :] - e).sum(-1).argmin(-1), "differs by up to"),
        (lambda z, e: abs(z[..., None, :] - e).max(-1).argmin(-1), "differs by up to"),
        (
            lambda z, e: abs((z[..., None, :] - e).sum(-1)).argmin(-1),
            "differs by up to",
        ),
        (lambda z, e: distances(z.astype(int), e.astype(int)).argmin(-1), "drawn anew"),
        (lambda z, e: distances(z, e[:8]).argmin(-1), "differs by up to"),
        (lambda z, e: distances(z[..., :12], e[:, :12]).argmin(-1), "differs by up to"),
        (lambda z, e: distances(z, e).argmin(-1).astype(np.uint8), "drawn anew"),
        (
            lambda z, e: distances(z, e).argmin(-1) if z.ndim < 5 else None,
            "is there a return",
        ),
    ],
    "renamed": [
        (lambda indices, order: order[indices], "way back"),
        (lambda indices, order: indices, "old indices"),
        (lambda indices, order: np.argsort(order)[indices] + 1, "begin at 0"),
        (lambda indices, order: np.argsort(order), "those asked for"),
        (lambda indices, order: np.searchsorted(order, indices), "sorted"),
        (lambda indices, order: np.argsort(order[::-1])[indices], "backwards"),
        (lambda indices, order: np.argsort(indices), "differs by up to"),
        (
            lambda indices, order: np.argsort(order)[indices].astype(np.uint8),
            "drawn anew",
        ),
        (lambda indices, order: order[order][indices], "old indices"),
        (lambda indices, order: np.argsort(np.argsort(order))[indices], "way back"),
        (
            lambda indices, order: np.sort(np.argsort(order)[indices]),
            "differs by up to",
        ),
    ],
    "nearest_by_angle": [
        (lambda z, e: (z @ e.T).argmax(1), "length alone"),
        (nearest_by_loop, "by distance"),
        (lambda z, e: cosines(z, e).argmin(1), "largest angle"),
        (lambda z, e: np.arccos(cosines(z, e)).argmax(1), "largest angle"),
        (lambda z, e: abs(cosines(z, e)).argmax(1), "keep the sign"),
        (cosines, "which code has the largest"),
        (lambda z, e: cosines(z, e).max(1), "return the indices"),
        (lambda z, e: cosines(z, e).argmax(0), "other axis"),
        (lambda z, e: (z @ e.T / (e**2).sum(1)).argmax(1), "take its root"),
        (lambda z, e: (z[:2] * e).sum(1), "meets every code"),
        (lambda z, e: (z @ e.T / abs(e).sum(1)).argmax(1), "differs by up to"),
        (lambda z, e: (z @ e.T / abs(e).max(1)).argmax(1), "differs by up to"),
        (lambda z, e: (z @ e.T / np.linalg.norm(e)).argmax(1), "length alone"),
        (lambda z, e: (1 - cosines(z, e) ** 2).argmin(1), "keep the sign"),
        (
            lambda z, e: cosines(z, e - e.mean(1, keepdims=True)).argmax(1),
            "differs by up to",
        ),
        (
            lambda z, e: cosines(z - e.mean(0), e - e.mean(0)).argmax(1),
            "by distance",
        ),
    ],
}
