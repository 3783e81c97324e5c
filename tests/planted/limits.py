"""Answers to the exercises of the chapter on limits: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf


def cost_by_loop(image, picture):
    return -sum(
        x * math.log(p) + (1 - x) * math.log(1 - p)
        for x, p in zip(np.ravel(image), np.ravel(picture), strict=True)
    )


def costs_by_loop(images, pictures):
    return np.array([[cost_by_loop(x, p) for p in pictures] for x in images])


def share_by_loop(images, pictures, indices, weigh=None):
    lost = {}
    for code in {int(index) for index in indices}:
        group = [x for x, k in zip(images, indices, strict=True) if k == code]
        mean = sum(group) / len(group)
        lost[code] = [
            cost_by_loop(x, pictures[code]) - cost_by_loop(x, mean) for x in group
        ]
    if weigh:
        return weigh(lost.values())
    return sum(map(sum, lost.values())) / len(images)


def share_by_product(images, pictures, indices):
    one_hot = np.eye(len(pictures))[indices]
    means = (one_hot.T @ images / np.maximum(one_hot.sum(0), 1)[:, None])[indices]
    own = tf.keras.losses.binary_crossentropy(images, pictures[indices])
    mean = tf.keras.losses.binary_crossentropy(images, means)
    return images.shape[1] * tf.reduce_mean(own - mean)


ARGUMENTS = {
    "price": {"latent_size": 4, "num_codes": 32},
}
VALUES = {
    "price": 4 * math.log(32),
}
BUGS = {
    "broken_choice": ("choice", "squared distance"),
}
RIGHT = {
    "share": [share_by_loop, share_by_product],
    "choice": [
        lambda x, p: costs_by_loop(x, p).argmin(1),
        lambda x, p: [int(np.argmin(row)) for row in costs_by_loop(x, p)],
    ],
    "price": [4 * np.log(32), math.log(32**4), tf.constant(13.86294)],
}
WRONG = {
    "share": [
        (lambda *case: -share_by_loop(*case), "sign"),
        (lambda *case: share_by_loop(*case) * len(case[0]), "per image"),
        (
            lambda x, p, k: (
                share_by_loop(x, p, k)
                + np.mean(costs_by_loop(x, p).min(1))
                - np.mean([cost_by_loop(a, p[b]) for a, b in zip(x, k, strict=True)])
            ),
            "cheapest or not",
        ),
        (
            lambda x, p, k: share_by_loop(
                x, p, k, lambda groups: np.mean([np.mean(group) for group in groups])
            ),
            "counts alike",
        ),
        (
            lambda x, p, k: np.mean(
                [
                    cost_by_loop(a, p[b]) - cost_by_loop(a, x.mean(0))
                    for a, b in zip(x, k, strict=True)
                ]
            ),
            "one mean for all",
        ),
        (
            lambda x, p, k: np.mean(
                [cost_by_loop(a, p[b]) for a, b in zip(x, k, strict=True)]
            ),
            "what the pictures cost",
        ),
    ],
    "choice": [
        (
            lambda x, p: ((x[:, None] - p) ** 2).sum(-1).argmin(1),
            "squared distance",
        ),
        (lambda x, p: costs_by_loop(x, p).argmax(1), "dearest"),
        (lambda x, p: costs_by_loop(x, p).argmin(0), "other axis"),
        (costs_by_loop, "these are the costs"),
    ],
    "price": [
        (math.log(32), "one latent"),
        (20, "bits"),
        (32**4, "take the logarithm"),
        (math.log(4 * 32), "multiply"),
        (32 * math.log(4), "swapped"),
        (-4 * math.log(32), "sign"),
    ],
}
