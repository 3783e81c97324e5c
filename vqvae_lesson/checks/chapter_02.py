"""Checks of chapter 02: shapes and sizes of convolutions."""

import keras
import numpy as np

from vqvae_lesson.checks.verdict import check_function, check_value


def _built(size, kernel, stride, padding):
    """Ask Keras how long the output of a convolution is."""
    layer = keras.layers.Conv1D(1, kernel, stride, padding=padding)
    return layer.compute_output_shape((1, size, 1))[1]


def output_size(answer):
    """Check a function for the length of a convolution's output."""
    cases = [
        (28, 5, 1, "same"),
        (28, 5, 2, "same"),
        (7, 7, 1, "valid"),
        (28, 5, 1, "valid"),
        (29, 5, 2, "same"),
        (28, 5, 2, "valid"),
    ]
    mistakes = {
        "padding 'same' keeps the length, and a stride then divides it, rounded up.": (
            lambda size, kernel, stride, padding: size // stride
        ),
        "padding 'valid' loses one less than the kernel's size.": (
            lambda size, kernel, stride, padding: (size - kernel) // stride
        ),
        "the stride is left out.": lambda size, kernel, stride, padding: _built(
            size, kernel, 1, padding
        ),
    }
    return check_function(answer, cases, _built, mistakes)


def parameter_count(answer):
    """Check a function for the number of parameters of a convolution."""

    def reference(kernel, channels, filters):
        layer = keras.layers.Conv2D(filters, kernel)
        layer.build((None, kernel, kernel, channels))
        return layer.count_params()

    mistakes = {
        "the biases are missing: there is one a filter.": lambda *case: (
            reference(*case) - case[2]
        ),
        "one bias a filter, not one in all.": lambda *case: (
            reference(*case) - case[2] + 1
        ),
        "the kernel is square: it has kernel x kernel places.": lambda *case: (
            int(np.prod(case)) + case[2]
        ),
        "each filter looks at all channels of its input.": lambda *case: reference(
            case[0], 1, case[2]
        ),
    }
    return check_function(
        answer, [(5, 1, 32), (5, 32, 64), (7, 64, 4)], reference, mistakes
    )


def latents_of_a_wide_image(answer):
    """Check the shape just before flattening, for images of 64 x 48."""
    mistakes = {
        "height comes first, then width.": (12, 16, 64),
        "there are two layers with stride 2.": (32, 24, 64),
        "the last of these layers has twice the base depth.": (16, 12, 32),
    }
    from vqvae_lesson.networks import build_encoder

    layers = build_encoder((64, 48, 1)).layers
    return check_value(answer, tuple(layers[3].output.shape[1:]), mistakes)
