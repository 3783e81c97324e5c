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


def round_by_loop(images, pictures, pick=np.argmin):
    groups = [[] for _ in pictures]
    for image, costs in zip(images, costs_by_loop(images, pictures), strict=True):
        groups[pick(costs)].append(image)
    return [np.mean(group, axis=0) for group in groups]


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
    "cost": [
        cost_by_loop,
        lambda x, p: tf.reduce_sum(
            tf.nn.sigmoid_cross_entropy_with_logits(x, np.log(p / (1 - p)))
        ),
    ],
    "one_round": [
        round_by_loop,
        lambda x, p: np.stack(
            [
                x[costs_by_loop(x, p).argmin(1) == k].sum(0)
                / (costs_by_loop(x, p).argmin(1) == k).sum()
                for k in range(len(p))
            ]
        ),
    ],
    "choice": [
        lambda x, p: costs_by_loop(x, p).argmin(1),
        lambda x, p: [int(np.argmin(row)) for row in costs_by_loop(x, p)],
    ],
    "price": [4 * np.log(32), math.log(32**4), tf.constant(13.86294)],
}
WRONG = {
    "cost": [
        (lambda x, p: -cost_by_loop(x, p), "sign"),
        (lambda x, p: -np.sum(x * np.log(p)), "paper pays"),
        (lambda x, p: -np.sum((1 - x) * np.log(1 - p)), "paper's part"),
        (lambda x, p: cost_by_loop(x, p) / x.size, "mean over the pixels"),
        (lambda x, p: cost_by_loop(x, p) / math.log(2), "bits"),
        (lambda x, p: cost_by_loop(p, x), "swapped"),
        (lambda x, p: np.sum((x - p) ** 2), "squared distance"),
    ],
    "one_round": [
        (lambda x, p: p, "as they were"),
        (
            lambda x, p: (
                np.array(round_by_loop(x, p))
                * np.bincount(costs_by_loop(x, p).argmin(1))[:, None]
            ),
            "sums",
        ),
        (
            lambda x, p: np.stack(
                [
                    x[((x[:, None] - p) ** 2).sum(-1).argmin(1) == k].mean(0)
                    for k in range(len(p))
                ]
            ),
            "choose by cost",
        ),
        (lambda x, p: round_by_loop(x, p, np.argmax), "dearest"),
        (lambda x, p: costs_by_loop(x, p).argmin(1), "choices"),
        (lambda x, p: x.mean(0), "one mean for all"),
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
