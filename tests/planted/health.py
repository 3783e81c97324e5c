"""Answers to the exercises of the chapter on health: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf


def earliest_by_falling(first, latent, gap, decay):
    length, step = first / 1e-5, 0
    while length > latent + gap:
        length, step = decay * length, step + 1
    return step


def earliest(reach, first, decay):
    return math.log(1e-5 * reach / first) / math.log(decay)


def keys_by_loop(runs, margin):
    found, enough = [], runs[()] + margin
    for out in runs:
        left = [runs[out[:1]], runs[out[1:]]] if len(out) == 2 else [enough]
        if runs[out] >= enough > max(left):
            found.append([*out])
    return found


def missed_pairs(runs, margin):
    return {o for o in runs if len(o) == 2 and runs[o] - runs[()] >= margin}


def idle_pairs(runs, margin):
    return {
        o
        for o in runs
        if len(o) == 2 and all(runs[(one,)] - runs[()] < margin for one in o)
    }


def keys_if(rule):
    """Answer with the pairs whose costs, one by one and both, obey a rule."""

    def answer(runs, margin):
        cost = {out: nats - runs[()] for out, nats in runs.items()}
        return {
            (a, b)
            for a, b in (out for out in runs if len(out) == 2)
            if rule(cost[a,], cost[b,], cost[a, b], margin)
        }

    return answer


ARGUMENTS = {
    "unlucky": {"batch_size": 64, "num_codes": 64},
}
VALUES = {
    "unlucky": (63 / 64) ** 64,
}
BUGS = {
    "broken_place": ("placed", "snaps back"),
}
RIGHT = {
    "earliest": [
        earliest_by_falling,
        lambda f, z, d, decay: np.ceil(earliest(z + d, f, decay)),
        lambda f, z, d, decay: tf.constant(1 + int(earliest(d + z, f, decay))),
    ],
    "keys": [
        keys_by_loop,
        lambda runs, margin: missed_pairs(runs, margin) & idle_pairs(runs, margin),
    ],
    "unlucky": [np.exp(64 * np.log1p(-1 / 64)), tf.constant(0.36499)],
    "placed": [
        lambda centers: (np.ones(3), centers),
        lambda centers: (tf.fill([3], 5.0), 5 * centers),
        lambda centers: [[1, 2, 3], centers * np.array([[1], [2], [3]])],
    ],
}
WRONG = {
    "earliest": [
        (lambda f, z, d, g: math.ceil(earliest(z, f, g)), "compares distances"),
        (lambda f, z, d, g: math.ceil(earliest(z - d, f, g)), "not shorter"),
        (lambda f, z, d, g: math.ceil(earliest(d, f, g)), "gap alone"),
        (lambda f, z, d, g: math.ceil(math.log(1e-5) / math.log(g)), "first place"),
        (lambda f, z, d, g: -math.ceil(earliest(z + d, f, g)), "the sign"),
        (lambda f, z, d, g: int(earliest(z + d, f, g)), "too soon"),
        (lambda f, z, d, g: earliest(z + d, f, g), "round up"),
        (lambda f, z, d, g: math.ceil(earliest(z + d, 1, g)), "divide by it"),
        (lambda f, z, d, g: math.ceil(earliest(z + d, f, 0.99)), "too large"),
        (lambda f, z, d, g: math.ceil(earliest(math.hypot(z, d), f, g)), "too large"),
        (lambda f, z, d, g: math.ceil(earliest(z + d / 2, f, g)), "too large"),
    ],
    "keys": [
        (missed_pairs, "missed even when"),
        (idle_pairs, "hardly more"),
        (lambda runs, margin: set(), "not found"),
        (lambda runs, margin: {o for o in runs if len(o) == 1}, "two measures"),
        (lambda runs, margin: {o for o in runs if len(o) == 2}, "missed even when"),
        (lambda runs, margin: {("y", "x")}, "order"),
        (lambda runs, margin: 3, "set of pairs"),
        (keys_if(lambda a, b, both, m: both >= m and a + b < m), "two together"),
        (keys_if(lambda a, b, both, m: both >= m and a + b < 2 * m), "missed even"),
        (
            keys_if(lambda a, b, both, m: both >= m + a and max(a, b) < m),
            "not with one that lacks one",
        ),
        (
            keys_if(lambda a, b, both, m: both >= m + max(a, b) and max(a, b) < m),
            "not with one that lacks one",
        ),
        (keys_if(lambda a, b, both, m: both >= m and max(a, b) < 2), "not always 2"),
        (lambda runs, margin: ["xy"], "set of pairs"),
        (
            lambda runs, margin: (
                (missed_pairs(runs, margin) & idle_pairs(runs, margin))
                & {(*both,) for both in ("ab", "bd", "xy", "pq", "pr", "qr")}
            ),
            "not found",
        ),
    ],
    "unlucky": [
        (np.exp(-1), "the limit for ever more codes"),
        (1 - (63 / 64) ** 64, "is chosen"),
        (63 / 64, "all of them"),
        (64 * (63 / 64) ** 64, "divide by K"),
        (0, "each code gets one"),
        (1 / 64, "to hit a code"),
        (0.3, "too small"),
    ],
    "placed": [
        (lambda c: (np.ones(3), np.array([[1.0, 0], [0, 1], [1, 1]])), "snaps back"),
        (lambda c: (np.zeros(3), c), "not above 0"),
        (lambda c: (np.ones(3), 0 * c), "drag every code"),
        (lambda c: (2 * np.ones(3), c), "must be the new codes"),
        (lambda c: (c, np.ones(3)), "shape"),
        (
            lambda c: (np.ones(3), np.array([[4.0, -2], [7, 1], [-3, 5]])),
            "expected [3, 4]",
        ),
        (lambda c: (np.full(3, 1e-3), 1e-3 * c), "counts too small"),
        (lambda c: (np.full(3, np.nan), c), "not above 0"),
        (lambda c: (-np.ones(3), -c), "not above 0"),
        (lambda c: (np.ones(3), np.abs(c)), "must be the new codes"),
    ],
}
