"""Checks of chapter 02: shapes and sizes of convolutions."""

from functools import cache

import keras
import numpy as np

from vqvae_lesson.classroom.checks.verdict import check_function, check_value
from vqvae_lesson.encoder import build_encoder


def _built(size, kernel, stride, padding):
    """Ask Keras how long the output of a convolution is."""
    layer = keras.layers.Conv1D(1, kernel, stride, padding=padding)
    return layer.compute_output_shape((1, size, 1))[1]


def _if_same(length):
    """Make a mistake that shows with padding 'same' alone."""
    return lambda *case: length(*case[:3]) if case[3] == "same" else None


def _if_valid(length):
    """Make a mistake that shows with padding 'valid' alone."""
    return lambda *case: length(*case[:3]) if case[3] == "valid" else None


def output_size(answer):
    """Check a function for the length of a convolution's output."""
    cases = [
        (28, 5, 1, "same"),
        (28, 5, 2, "same"),
        (7, 7, 1, "valid"),
        (28, 5, 1, "valid"),
        (29, 5, 2, "same"),
        (28, 5, 2, "valid"),
        (29, 5, 2, "valid"),
    ]
    mistakes = {
        "padding 'same' keeps the length, and a stride then divides it, rounded up.": (
            _if_same(lambda size, kernel, stride: [size // stride, size / stride])
        ),
        "padding 'same' adds zeros, so that the kernel costs no length.": _if_same(
            lambda *case: _built(*case, "valid")
        ),
        "the stride is left out.": lambda size, kernel, stride, padding: (
            _built(size, kernel, 1, padding) if stride > 1 else None
        ),
        "padding 'valid' loses one less than the kernel's size.": _if_valid(
            lambda size, kernel, stride: [
                (size - kernel) // stride,
                -(-(size - kernel) // stride),
                (size - kernel) / stride,
            ]
        ),
        "padding 'valid' adds no zeros: the kernel must fit into the line.": _if_valid(
            lambda *case: _built(*case, "same")
        ),
        "every stride-th place counts, the first too: round up.": _if_valid(
            lambda size, kernel, stride: [
                (size - kernel + 1) // stride,
                (size - kernel + 1) / stride,
            ]
        ),
    }
    return check_function(answer, cases, _built, mistakes)


@cache
def _counted(kernel, channels, filters):
    """Ask Keras how many parameters a convolution has."""
    layer = keras.layers.Conv2D(filters, kernel)
    layer.build((None, kernel, kernel, channels))
    return layer.count_params()


def parameter_count(answer):
    """Check a function for the number of parameters of a convolution."""
    mistakes = {
        "the biases are missing: there is one a filter.": lambda *case: (
            _counted(*case) - case[2]
        ),
        "one bias a filter, not one in all.": lambda *case: (
            _counted(*case) - case[2] + 1
        ),
        "the kernel is square: it has kernel x kernel places.": lambda *case: [
            int(np.prod(case)) + case[2],
            int(np.prod(case)),
        ],
        "each filter looks at all channels of its input.": lambda *case: _counted(
            case[0], 1, case[2]
        ),
        "the biases belong to the filters, not to the input's channels.": (
            lambda *case: _counted(*case) - case[2] + case[1]
        ),
    }
    return check_function(
        answer, [(5, 1, 32), (5, 32, 64), (7, 64, 4)], _counted, mistakes
    )


@cache
def _deepest(height, width):
    """Ask the encoder for the shape behind its fourth convolution."""
    layers = build_encoder((height, width, 1)).layers
    return tuple(layers[3].output.shape[1:])


def latents_of_a_wide_image(answer):
    """Check the shape just before flattening, for images of 64 x 48."""
    mistakes = {
        "height comes first, then width.": (12, 16, 64),
        "there are two layers with stride 2.": [(32, 24, 64), (64, 48, 64), (8, 6, 64)],
        "the last of these layers has twice the base depth.": [
            (16, 12, 32),
            (16, 12, 1),
        ],
    }
    return check_value(answer, _deepest(64, 48), mistakes)


def width_without_bend(answer, kernel):
    """Check the kernel that two convolutions without a bend amount to."""
    twice = np.convolve(np.ones(kernel), np.ones(kernel))
    mistakes = {
        "the second window begins where the first one ends, but they overlap.": (
            2 * kernel
        ),
        "one pixel more on each side? The second kernel reaches two.": kernel + 2,
        "the widths do not multiply: how far does the second kernel reach?": kernel**2,
        "a pixel of the second layer sees several of the first: wider.": kernel,
    }
    return check_value(answer, twice.size, mistakes)
