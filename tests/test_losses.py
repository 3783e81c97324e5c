import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.special import expit, log_expit

from vqvae_lesson.losses import (
    Losses,
    commitment_loss,
    pixel_distribution,
    prior_loss,
    reconstruction_loss,
    straight_through,
    total_loss,
)
from vqvae_lesson.model import Output

FEW = settings(max_examples=25, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.tuples(*[st.integers(1, 4)] * 4)
LATENT_SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)


def pair(seed, shape, scale=1.0):
    rng = np.random.default_rng(seed)
    return (scale * rng.normal(size=[2, *shape])).astype(np.float32)


def cross_entropy(images, logits):
    """Bernoulli cross-entropy in float64: summed over pixels, mean over images."""
    images, logits = np.float64(images), np.float64(logits)
    nats = -images * log_expit(logits) - (1 - images) * log_expit(-logits)
    return nats.reshape(len(images), -1).sum(1).mean()


def slopes(function, point, step=1e-5):
    """Central differences of a float64 function, one number at a time."""
    point = np.float64(point)
    found = np.empty_like(point)
    for place in np.ndindex(point.shape):
        moved = np.zeros_like(point)
        moved[place] = step
        found[place] = (function(point + moved) - function(point - moved)) / (2 * step)
    return found


def gradients(function, *points):
    points = [tf.constant(point) for point in points]
    with tf.GradientTape() as tape:
        tape.watch(points)
        value = function(*points)
    return tape.gradient(value, points)


@pytest.fixture(params=["eager", "graph", "xla"])
def compiled(request):
    if request.param == "eager":
        return lambda function: function
    return lambda function: tf.function(function, jit_compile=request.param == "xla")


# The straight-through estimator


@FEW
@given(SEEDS, LATENT_SHAPES)
def test_forward_the_codes_pass_through(seed, shape):
    latents, quantized = pair(seed, shape)
    found = straight_through(tf.constant(latents), tf.constant(quantized))
    np.testing.assert_allclose(found, quantized, rtol=1e-6, atol=1e-6)


@FEW
@given(SEEDS, LATENT_SHAPES)
def test_backward_the_latents_get_the_gradient_as_it_came(seed, shape):
    latents, quantized = pair(seed, shape)
    upstream = pair(seed + 1, shape)[0]
    to_latents, to_quantized = gradients(
        lambda z, q: tf.reduce_sum(upstream * straight_through(z, q)),
        latents,
        quantized,
    )
    np.testing.assert_array_equal(to_latents, upstream)
    assert to_quantized is None


def test_the_gradient_is_that_of_the_decoder_at_the_codes():
    # d/dz of sin(z_q), with z_q copied through, is cos(z_q), and not cos(z).
    latents, quantized = pair(3, (4, 2, 3))
    to_latents, _ = gradients(
        lambda z, q: tf.reduce_sum(tf.sin(straight_through(z, q))), latents, quantized
    )
    np.testing.assert_allclose(to_latents, np.cos(quantized), atol=1e-6)


# Commitment


@FEW
@given(SEEDS, LATENT_SHAPES)
def test_commitment_is_the_mean_squared_difference(seed, shape):
    latents, quantized = pair(seed, shape, scale=3.0)
    found = commitment_loss(tf.constant(latents), tf.constant(quantized))
    assert found.shape == ()
    squares = [
        (float(z) - float(q)) ** 2
        for z, q in zip(latents.flat, quantized.flat, strict=True)
    ]
    assert float(found) == pytest.approx(sum(squares) / len(squares), rel=1e-5)


@FEW
@given(SEEDS, st.tuples(*[st.integers(1, 4)] * 3))
def test_commitment_pulls_the_latents_alone(seed, shape):
    latents, quantized = pair(seed, shape)
    to_latents, to_quantized = gradients(commitment_loss, latents, quantized)
    assert to_quantized is None
    np.testing.assert_allclose(
        to_latents, 2 * (np.float64(latents) - quantized) / latents.size, rtol=1e-5
    )
    measured = slopes(lambda z: ((z - np.float64(quantized)) ** 2).mean(), latents)
    np.testing.assert_allclose(to_latents, measured, atol=1e-6)


def test_latents_on_their_codes_cost_nothing():
    latents, _ = pair(0, (5, 2, 3))
    assert float(commitment_loss(latents, latents)) == 0


# Reconstruction


@FEW
@given(SEEDS, SHAPES)
def test_reconstruction_is_the_cross_entropy_of_grey_pixels(seed, shape):
    rng = np.random.default_rng(seed)
    images = rng.random(shape).astype(np.float32)
    logits = (4 * rng.normal(size=shape)).astype(np.float32)
    found = reconstruction_loss(tf.constant(images), tf.constant(logits))
    assert found.shape == ()
    assert float(found) == pytest.approx(cross_entropy(images, logits), rel=1e-5)


@FEW
@given(SEEDS, SHAPES)
def test_on_binary_images_it_is_the_log_probability_of_the_pixels(seed, shape):
    rng = np.random.default_rng(seed)
    images = rng.integers(2, size=shape)
    logits = rng.normal(size=shape)
    log_probs = stats.bernoulli.logpmf(images, expit(logits)).reshape(shape[0], -1)
    found = reconstruction_loss(
        tf.constant(images, tf.float32), tf.constant(logits, tf.float32)
    )
    assert float(found) == pytest.approx(-log_probs.sum(1).mean(), rel=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_grey_pixels_in_a_numpy_array_are_not_turned_into_integers(dtype):
    rng = np.random.default_rng(0)
    images = rng.random([3, 4, 4, 1]).astype(dtype)
    logits = rng.normal(size=[3, 4, 4, 1]).astype(np.float32)
    for given_images in (images, tf.constant(images, tf.float32)):
        found = float(reconstruction_loss(given_images, tf.constant(logits)))
        assert found == pytest.approx(cross_entropy(images, logits), rel=1e-5)
    # Cut down to integers, every pixel would be 0: another number altogether.
    assert abs(found - cross_entropy(np.zeros_like(images), logits)) > 1


@FEW
@given(
    hnp.arrays(np.float32, [2, 1, 3, 1], elements=st.floats(0, 1, width=32)),
    hnp.arrays(np.float32, [2, 1, 3, 1], elements=st.floats(-1e6, 1e6, width=32)),
)
def test_extreme_logits_cost_what_they_should(images, logits):
    found = float(reconstruction_loss(tf.constant(images), tf.constant(logits)))
    assert np.isfinite(found)
    assert found == pytest.approx(cross_entropy(images, logits), rel=1e-4, abs=1e-5)


def test_a_sure_and_wrong_pixel_costs_its_logit():
    black, white = tf.zeros([1, 1, 1, 1]), tf.ones([1, 1, 1, 1])
    assert float(reconstruction_loss(black, 1e4 * white)) == pytest.approx(1e4)
    assert float(reconstruction_loss(white, 1e4 * white)) == 0


def test_the_best_logits_cost_the_entropy_of_the_grey_pixels():
    grey = np.random.default_rng(2).uniform(0.05, 0.95, size=[6, 5, 5, 1])
    entropy = stats.bernoulli(grey).entropy().reshape(6, -1).sum(1).mean()
    found = reconstruction_loss(
        tf.constant(grey, tf.float32),
        tf.constant(np.log(grey) - np.log1p(-grey), tf.float32),
    )
    assert float(found) == pytest.approx(entropy, rel=1e-5)


def test_the_gradient_of_the_reconstruction_equals_finite_differences():
    rng = np.random.default_rng(4)
    images = rng.random([2, 3, 2, 1]).astype(np.float32)
    logits = rng.normal(size=[2, 3, 2, 1]).astype(np.float32)
    (found,) = gradients(lambda logits: reconstruction_loss(images, logits), logits)
    measured = slopes(lambda logits: cross_entropy(images, logits), logits)
    np.testing.assert_allclose(found, measured, atol=1e-6)
    np.testing.assert_allclose(found, (expit(logits) - images) / 2, atol=1e-6)


def test_logits_become_one_distribution_an_image():
    logits = tf.constant(pair(0, (5, 4, 3, 2))[0])
    distribution = pixel_distribution(logits)
    assert distribution.batch_shape == [5]
    assert distribution.event_shape == [4, 3, 2]
    np.testing.assert_allclose(distribution.mean(), expit(logits), atol=1e-6)
    drawn = distribution.sample(seed=1)
    assert drawn.dtype == tf.float32
    assert set(np.unique(drawn)) <= {0.0, 1.0}


# Prior


@FEW
@given(SEEDS, st.integers(1, 6), st.integers(1, 5), st.integers(1, 512))
def test_the_prior_costs_l_log_k_whatever_the_indices(seed, batch, latents, num_codes):
    indices = np.random.default_rng(seed).integers(num_codes, size=[batch, latents])
    found = prior_loss(tf.constant(indices, tf.int32), num_codes)
    assert found.shape == ()
    assert float(found) == pytest.approx(
        latents * np.log(num_codes), rel=1e-5, abs=1e-6
    )


def test_the_prior_of_the_article_costs_log_64():
    assert float(prior_loss(np.zeros([7, 1], np.int32), 64)) == pytest.approx(4.158883)


def test_the_prior_teaches_the_encoder_nothing():
    def prior_of_nearest(latents):
        return prior_loss(tf.argmin(latents, axis=-1, output_type=tf.int32), 6)

    latents, _ = pair(0, (4, 2, 6))
    assert gradients(prior_of_nearest, latents) == [None]
    total = gradients(
        lambda z: tf.reduce_sum(z**2) + prior_of_nearest(z), latents.astype(np.float32)
    )
    np.testing.assert_array_equal(total[0], 2 * latents)


# The sum


def example_output(seed=0):
    rng = np.random.default_rng(seed)
    images = rng.random([3, 4, 4, 1]).astype(np.float32)
    latents, quantized = pair(seed, (3, 2, 5))
    logits = rng.normal(size=[3, 4, 4, 1]).astype(np.float32)
    indices = rng.integers(7, size=[3, 2]).astype(np.int32)
    tensors = map(tf.constant, [latents, indices, quantized, logits])
    return tf.constant(images), Output(*tensors)


@pytest.mark.parametrize("weight", [0.0, 0.25, 3.0])
def test_the_total_is_the_sum_with_the_commitment_weighted(weight):
    images, output = example_output()
    losses = total_loss(images, output, 7, weight)
    assert isinstance(losses, Losses)
    difference = np.float64(output.latents) - np.float64(output.quantized)
    terms = cross_entropy(images, output.logits), (difference**2).mean(), 2 * np.log(7)
    np.testing.assert_allclose(losses[1:], terms, rtol=1e-5)
    assert float(losses.total) == pytest.approx(
        terms[0] + weight * terms[1] + terms[2], rel=1e-5
    )


def test_the_terms_carry_their_names():
    losses = total_loss(*example_output(), 7, 0.25)
    assert losses._fields == ("total", "reconstruction", "commitment", "prior")
    assert float(losses.prior) == pytest.approx(2 * np.log(7), rel=1e-5)
    assert float(losses.commitment) < float(losses.prior) < float(losses.reconstruction)


def test_of_the_total_the_commitment_alone_reaches_latents_apart_from_their_codes():
    images, output = example_output(2)
    with tf.GradientTape() as tape:
        tape.watch([output.latents, output.quantized])
        total = total_loss(images, output, 7, 0.5).total
    found = tape.gradient(total, [output.latents, output.quantized])
    difference = np.float64(output.latents) - np.float64(output.quantized)
    np.testing.assert_allclose(found[0], 0.5 * 2 * difference / 30, atol=1e-6)
    assert found[1] is None


def test_the_losses_are_the_same_compiled_or_not(compiled):
    images, output = example_output(1)

    def losses(images, *tensors):
        return total_loss(images, Output(*tensors), 7, 0.25)

    found = compiled(losses)(images, *output)
    difference = np.float64(output.latents) - np.float64(output.quantized)
    terms = cross_entropy(images, output.logits), (difference**2).mean(), 2 * np.log(7)
    np.testing.assert_allclose(found[1:], terms, rtol=1e-5)
