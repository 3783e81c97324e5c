"""Every public function of quantizer, ema and losses takes what NumPy hands it."""

import numpy as np
import pytest
import tensorflow as tf

from vqvae_lesson.arguments import takes
from vqvae_lesson.ema import (
    CodebookState,
    batch_statistics,
    ema_step,
    revive,
    start_averages,
)
from vqvae_lesson.errors import LessonError
from vqvae_lesson.losses import (
    commitment_loss,
    pixel_distribution,
    prior_loss,
    reconstruction_loss,
    straight_through,
)
from vqvae_lesson.quantizer import lookup, nearest_code, squared_distances

FLOATS = [np.float16, np.float32, np.float64]
WHOLE = [np.int8, np.uint8, np.int16, np.int32, np.int64]
LATENTS = [[[1, 2]], [[3, 0]], [[2, 2]]]
CODES, INDICES = [[1, 1], [4, 0], [9, 9]], [[0], [1], [0]]
IMAGES = np.eye(4)[None, ..., None]


def call_all(real, whole):
    """Call every function with reals of one type and whole numbers of another."""
    latents, codes = np.array(LATENTS, real), np.array(CODES, real)
    indices, images = np.array(INDICES, whole), IMAGES.astype(real)
    state = CodebookState(codes, np.array([1, 0, 2], real), codes)
    return {
        "squared_distances": [squared_distances(latents, codes)],
        "nearest_code": [nearest_code(latents, codes)],
        "lookup": [lookup(codes, indices)],
        "start_averages": start_averages(codes, "consistent"),
        "batch_statistics": batch_statistics(latents, indices, 3),
        "ema_step": ema_step(state, latents, indices, 0.5),
        "revive": revive(state, latents, 0.5),
        "straight_through": [straight_through(latents, lookup(codes, indices))],
        "pixel_distribution": [pixel_distribution(images).log_prob(images)],
        "reconstruction_loss": [reconstruction_loss(images, images)],
        "commitment_loss": [commitment_loss(latents, lookup(codes, indices))],
        "prior_loss": [prior_loss(indices, 3)],
    }


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("real", FLOATS + WHOLE)
def test_every_function_takes_every_type(real, whole):
    expected = call_all(np.float32, np.int32)
    for name, values in call_all(real, whole).items():
        for value, right in zip(values, expected[name], strict=True):
            assert value.dtype == right.dtype, name
            np.testing.assert_allclose(value, right, rtol=1e-6, err_msg=name)


def test_plain_lists_and_variables_are_taken_too():
    state = ema_step(start_averages(CODES), LATENTS, INDICES, 0.5)
    twin = ema_step(
        start_averages(tf.Variable(CODES, dtype=tf.float64)),
        tf.Variable(LATENTS, dtype=tf.float64),
        tf.constant(INDICES, tf.int64),
        0.5,
    )
    for value, other in zip(state, twin, strict=True):
        np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nearest_code(np.ones([2, 2]) * 1j, CODES), "latents hold complex128"),
        (lambda: nearest_code("text", CODES), "latents hold string, expected real"),
        (lambda: nearest_code([[1], [2, 3]], CODES), "latents is list, expected real"),
        (lambda: lookup(CODES, [0.5]), "indices hold float32, expected whole numbers"),
        (lambda: prior_loss([0, 1], 3), r"indices have shape \[2\], expected \[B, L\]"),
        (
            lambda: ema_step(start_averages(CODES), [[[1, 2]]], [0], 0.5),
            r"indices have shape \[1\], expected \[1, 1\]",
        ),
        (
            lambda: ema_step(CodebookState(CODES, [1, 1], CODES), LATENTS, INDICES, 0),
            r"ema_counts have shape \[2\], expected \[3\]",
        ),
        (
            lambda: reconstruction_loss(IMAGES, IMAGES[..., 0]),
            r"logits have shape \[1, 4, 4\], expected \[1, 4, 4, 1\]",
        ),
        (
            lambda: commitment_loss([[1.0, 2.0]], [1.0, 2.0]),
            r"quantized has shape \[2\], expected \[1, 2\]",
        ),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(call, message):
    with pytest.raises(LessonError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_gradient_goes_through_the_conversion():
    latents = tf.Variable([[1.0, 2.0]], dtype=tf.float64)

    @takes(latents="[N, D]")
    def square(latents):
        return tf.reduce_sum(latents**2)

    with tf.GradientTape() as tape:
        value = square(latents)
    np.testing.assert_array_equal(tape.gradient(value, latents), [[2.0, 4.0]])
