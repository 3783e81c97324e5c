"""The discretised logistic beside its closed form in float64."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from vqvae_lesson.likelihoods import (
    FIRST_SCALE,
    bits_per_value,
    discretized_logistic,
    logistic_pixels,
)

VALUES = np.arange(256.0)
MIDDLES = np.array([-300.0, -3.0, 0.0, 0.2, 100.3, 127.5, 255.0, 400.0])
SCALES = np.array([0.1, 0.5, 2.0, 30.0, 500.0])
#: Every middle with every scale, and an axis for the values.
MANY = [grid[..., None] for grid in np.meshgrid(MIDDLES, SCALES)]


def closed_form(middles, scales):
    """Differences of the curve, taken on the side where they keep their digits."""
    below = np.where(VALUES == 0, -np.inf, (VALUES - 0.5 - middles) / scales)
    above = np.where(VALUES == 255, np.inf, (VALUES + 0.5 - middles) / scales)
    left, right = expit(above) - expit(below), expit(-below) - expit(-above)
    return np.where(below > 0, right, left)


def test_256_probabilities_sum_to_1_and_are_the_closed_form():
    found = np.float64(
        discretized_logistic(*map(np.float32, MANY)).prob(np.float32(VALUES))
    )
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-6)
    np.testing.assert_allclose(found, closed_form(*MANY), atol=5e-6)


def test_the_least_likely_value_has_a_finite_cost_and_gradient():
    middles, scales = (tf.constant(one, tf.float32) for one in MANY)
    with tf.GradientTape() as tape:
        tape.watch([middles, scales])
        nats = discretized_logistic(middles, scales).log_prob(np.float32(VALUES))
    expected = closed_form(*MANY)
    seen = expected > 1e-300
    np.testing.assert_allclose(
        nats.numpy()[seen], np.log(expected[seen]), rtol=1e-3, atol=1e-3
    )
    assert np.all(np.isfinite(nats))
    assert all(map(np.all, map(np.isfinite, tape.gradient(nats, [middles, scales]))))


def test_an_image_is_the_product_of_its_numbers():
    random = np.random.default_rng(0)
    logits, widths = random.normal(size=[2, 3, 4, 3]) / 2, random.normal(size=3) - 2
    pixels = random.integers(256, size=[2, 3, 4, 3])
    expected = np.zeros(2)
    for image, row, column, channel in np.ndindex(pixels.shape):
        middle = 127.5 + 127.5 * logits[image, row, column, channel]
        shares = closed_form(middle, FIRST_SCALE * np.exp(widths[channel]))
        expected[image] += np.log(shares[pixels[image, row, column, channel]])
    found = logistic_pixels(logits, widths).log_prob(np.float32(pixels))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_drawn_values_are_whole_and_as_frequent_as_they_are_likely():
    drawn = discretized_logistic(2.0, 3.0).sample(100_000, seed=0).numpy()
    assert np.array_equal(drawn, np.round(drawn))
    shares = np.bincount(drawn.astype(int), minlength=256) / len(drawn)
    np.testing.assert_allclose(shares, closed_form(2.0, 3.0), atol=0.006)


def test_equally_likely_values_cost_eight_bits_each():
    assert bits_per_value(32 * 32 * 3 * np.log(256), (32, 32, 3)) == pytest.approx(8)
    wide = discretized_logistic(127.5, 1e3).log_prob(np.float32(VALUES[1:-1]))
    assert np.ptp(wide) < 0.01
