"""Answers to the exercises of the chapter on encoder: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf


def columns(*numbers):
    return lambda size: np.tile(np.resize(numbers, size), [size, 1])


def ramp(size):
    return np.tile(np.arange(size) - size // 2, [size, 1])


def outermost(size):
    numbers = np.zeros([size, size, 1])
    numbers[:, 0], numbers[:, -1] = -0.5, 0.5
    return numbers


def first_two(size):
    numbers = np.zeros([size, size])
    numbers[:, 0], numbers[:, 1] = -1, 1
    return numbers


def in_a_corner(size):
    numbers = np.zeros([size, size])
    numbers[0, :2] = -1, 1
    return numbers


ARGUMENTS = {}
VALUES = {
    "two_channels": 4,
    "field_of_view": (9, 17, 25),
    "larger_images": (1, 5, 49_156),
}
BUGS = {}
RIGHT = {
    "two_channels": [4.0, np.int32(4), tf.constant(4.0)],
    "left_edges": [
        ramp,
        outermost,
        lambda size: [[-1.0] * (size // 2) + [0.0] + [1.0] * (size // 2)] * size,
        lambda size: tf.constant(ramp(size) * np.hanning(size + 2)[1:-1, None]),
        lambda size: np.outer(np.hanning(size + 2)[1:-1], np.arange(size) - size // 2),
        lambda size: np.outer(np.ones(size), [-1] + [0] * (size - 2) + [1]),
        lambda size: np.eye(size)[[size // 2]].T * ramp(size),
        lambda size: ramp(size).tolist(),
    ],
    "field_of_view": [[9, 17, 25], np.array([9.0, 17, 25])],
    "larger_images": [
        [1, 5, 16 * 12 * 64 * 4 + 4],
        (1.0, np.int32(5), tf.constant(49_156)),
    ],
}
WRONG = {
    "two_channels": [
        (5, "bias is missing"),
        (3, "not once a channel"),
        (2, "a second channel"),
        (1, "a second channel"),
        (1.5, "no mean"),
        (-2, "turned round"),
        (-1, "turned round"),
        (6, "with its sign"),
        (20, "too large"),
        (-20, "too small"),
    ],
    "left_edges": [
        (lambda size: np.ones([size, size]), "add up to"),
        (lambda size: np.zeros([size, size]), "silent everywhere"),
        (lambda size: ramp(size).T, "upper edges too"),
        (lambda size: -ramp(size), "turn its signs"),
        (lambda size: np.eye(size) - np.eye(size)[::-1], "silent on a left edge"),
        (first_two, "down the middle"),
        (in_a_corner, "down the middle"),
        (columns(-1, 2, -1), "change their sign"),
        (lambda size: ramp(3), "shape [3, 3], expected [5, 5]"),
        (lambda size: ramp(size)[0], "an axis is missing"),
        (lambda size: ramp(size) * math.nan, "NaN"),
        (lambda size: None, "is there a return"),
        (lambda size: ramp(size) if size < 6 else 0 * ramp(size), "silent everywhere"),
        (lambda size: np.pad(ramp(3), min(size, 5) // 2 - 1), "expected [9, 9]"),
        (lambda size: ramp(size)[..., None, None], "an axis too many"),
        (lambda size: np.abs(ramp(size)), "add up to"),
    ],
    "field_of_view": [
        ((5, 5, 5), "result 1 of 3: its window lies"),
        ((10, 15, 20), "overlap"),
        ((25, 125, 625), "overlap"),
        ((9, 13, 17), "two pixels apart"),
        ((13, 21, 37), "not what it sees itself"),
        ((81, 289, 625), "not the number of pixels"),
        ((9, 17, 33), "result 3 of 3: the result is too large"),
        ((5, 9, 17, 25), "expected 3 results, found 4"),
    ],
    "larger_images": [
        ((1, 2, 49_156), "more places need no more numbers"),
        ((2, 5, 49_156), "more places need no more numbers"),
        ((1, 7, 49_156), "as many numbers as before"),
        ((1, 6, 49_156), "only reorder"),
        ((5, 1, 49_156), "smaller layer first"),
        ((1, 5, 49_152), "biases are missing"),
        ((1, 5, 12_548), "28 x 28"),
        ((1, 5, 786_436), "halved twice"),
        ((1, 5, 24_580), "all channels"),
        ((1, 5, 12_289), "how many filters"),
        ((1, 5), "expected 3 results, found 2"),
        ((1, 5, 60_000), "3 of 3: the result is too large"),
    ],
}
