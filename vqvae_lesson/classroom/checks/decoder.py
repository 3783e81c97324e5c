"""Checks of chapter 03: the decoder."""

import itertools
import math

import keras
import numpy as np
import tensorflow as tf

from vqvae_lesson.classroom.checks.verdict import check_function, check_value


def _built(size, kernel, stride, padding):
    """Ask Keras how long the output of a transposed convolution is."""
    layer = keras.layers.Conv1DTranspose(1, kernel, stride, padding=padding)
    return layer.compute_output_shape((1, size, 1))[1]


def output_size(answer):
    """Check a function for the length of a transposed convolution's output."""
    cases = [(1, 7, 1, "valid"), (7, 5, 1, "same"), (7, 5, 2, "same")]
    cases += [(4, 5, 1, "valid"), (3, 5, 2, "valid")]
    mistakes = {
        "that is what an ordinary convolution does: this one grows its input.": (
            lambda size, kernel, stride, padding: [
                -(-size // stride) if stride > 1 else None,
                size - kernel + 1 if padding == "valid" else None,
            ]
        ),
        "padding 'valid' adds kernel - 1 to the length, or more with a stride.": (
            lambda size, kernel, stride, padding: (
                size * stride if padding == "valid" else None
            )
        ),
        "padding 'valid' overlaps: the last kernel begins at (size - 1) * stride.": (
            lambda size, kernel, stride, padding: (
                [size * stride + kernel, size * stride + kernel - 1, size * kernel]
                if padding == "valid"
                else None
            )
        ),
        "padding 'same' makes the length stride times as long, whatever the kernel.": (
            lambda size, kernel, stride, padding: (
                [_built(size, kernel, stride, "valid"), size]
                if padding == "same"
                else None
            )
        ),
    }
    return check_function(answer, cases, _built, mistakes)


def pixel_means(answer):
    """Check a function from logits to the mean of each pixel."""
    cases = [
        (np.array([-2.0, 0.0, 2.0]),),
        (np.array([[-100.0, 100.0], [1.0, 30.0]]),),
    ]
    mistakes = {
        "this grows without end: a mean of 0s and 1s lies between 0 and 1.": np.exp,
        "the sign of the logit is the wrong way round.": lambda logits: tf.sigmoid(
            -logits
        ),
        "this is a softmax over all pixels: each pixel stands for itself.": (
            lambda logits: np.exp(logits) / np.exp(logits).sum()
        ),
        "this is tanh, between -1 and 1: a probability is never below 0.": np.tanh,
        "this is 0 or 1: a mean may lie in between.": lambda logits: [
            np.float64(logits > 0),
            np.float64(logits >= 0),
        ],
    }
    return check_function(answer, cases, tf.sigmoid, mistakes)


def picture_count(answer, num_codes, latent_size):
    """Check how many pictures a decoder can draw."""
    mistakes = {
        "each latent chooses for itself: multiply, do not add.": (
            num_codes * latent_size
        ),
        "which is the base and which the exponent?": latent_size**num_codes,
        "that is what one latent alone can say.": num_codes,
        "latents may choose the same code, and their order matters.": [
            math.perm(num_codes, latent_size),
            math.comb(num_codes, latent_size),
            math.comb(num_codes + latent_size - 1, latent_size),
        ],
    }
    pictures = itertools.product(range(num_codes), repeat=latent_size)
    return check_value(answer, sum(1 for _ in pictures), mistakes)


def range_of_means(answer):
    """Check the lowest and highest mean behind one sigmoid too many."""
    once = tf.sigmoid(tf.constant([-np.inf, np.inf], tf.float64))
    low, high = tf.sigmoid(once).numpy()
    mistakes = {
        "that is the range of one sigmoid: send it through another.": (0.0, 1.0),
        "the lowest comes first.": (high, low),
        "what goes into the second sigmoid is never below 0.": (1 - high, high),
    }
    return check_value(answer, (low, high), mistakes)
