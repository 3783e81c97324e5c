from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, log_expit

from vqvae_lesson.ema import CodebookState, ema_step
from vqvae_lesson.errors import LessonError
from vqvae_lesson.losses import Losses, total_loss
from vqvae_lesson.metrics import (
    Metrics,
    code_counts,
    evaluate,
    nll_per_image,
    perplexity,
)
from vqvae_lesson.model import VQVAE, Output
from vqvae_lesson.recipes import VQVAERecipe
from vqvae_lesson.training import train_step

FEW = settings(max_examples=25, deadline=None, derandomize=True)
SMALL = VQVAERecipe(num_codes=5, code_size=3, latent_size=2, base_depth=4)
WEIGHT = SMALL.commitment_weight
NOISE = tf.constant([0, 0])


def build(seed=0, image_shape=(8, 8, 1), **changes):
    return replace(SMALL, **changes).build(image_shape, seed)


def spread_codes(model):
    """Put the codes on the latents of random images, so that all come to be used."""
    latents = model.encoder(letters(50)).numpy().reshape(-1, 3)
    model.quantizer.codebook.assign(latents[: model.num_codes])
    model.quantizer.ema_sums.assign(model.quantizer.codebook)
    return model


def letters(count, seed=0, shape=(8, 8, 1)):
    return np.random.default_rng(seed).random([count, *shape]).astype(np.float32)


def adam(model, learning_rate=1e-3):
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)
    return optimizer


def values_of(variables):
    return [variable.numpy() for variable in variables]


def nearest(latents, codebook):
    difference = np.float64(latents)[..., None, :] - np.float64(codebook)
    return (difference**2).sum(-1).argmin(-1)


def nats_of(images, logits):
    """Negative log-probability of each image in float64."""
    images, logits = np.float64(images), np.float64(logits)
    nats = -images * log_expit(logits) - (1 - images) * log_expit(-logits)
    return nats.reshape(len(images), -1).sum(1)


# One pass


def test_one_pass_gives_all_it_makes_with_its_shape_and_type():
    output = build()(letters(7))
    assert isinstance(output, Output)
    assert output._fields == ("latents", "indices", "quantized", "logits")
    assert [tuple(tensor.shape) for tensor in output] == [
        (7, 2, 3),
        (7, 2),
        (7, 2, 3),
        (7, 8, 8, 1),
    ]
    assert [tensor.dtype for tensor in output] == [
        tf.float32,
        tf.int32,
        tf.float32,
        tf.float32,
    ]


def test_one_pass_encodes_then_quantizes_then_decodes():
    model = spread_codes(build())
    images = letters(20, seed=1)
    output = model(images)
    codebook = model.quantizer.codebook.numpy()
    chosen = nearest(output.latents, codebook)
    assert len(set(chosen.ravel())) > 1
    np.testing.assert_allclose(output.latents, model.encoder(images), atol=1e-6)
    np.testing.assert_array_equal(output.indices, chosen)
    np.testing.assert_array_equal(output.quantized, codebook[chosen])
    np.testing.assert_allclose(
        output.logits, model.decoder(codebook[chosen]), atol=1e-5
    )


def test_the_model_has_the_article_s_sizes_unless_told_otherwise():
    model = VQVAE()
    assert model.encoder.input_shape == (None, 28, 28, 1)
    assert model.encoder.output_shape == (None, 1, 16)
    assert model.decoder.output_shape == (None, 28, 28, 1)
    assert model.quantizer.codebook.shape == (64, 16)
    assert model.quantizer.decay == 0.99
    assert model.quantizer.start == "article"
    assert (model.num_codes, model.latent_size) == (64, 1)
    # Encoder and decoder, then codebook, counts and sums.
    assert model.count_params() == 192_820 + 358_465 + 64 * 16 + 64 + 64 * 16


def test_the_quantizer_is_given_its_decay_and_start():
    quantizer = build(decay=0.7, ema_start="consistent").quantizer
    assert quantizer.decay == 0.7
    np.testing.assert_array_equal(quantizer.ema_counts, np.ones(5))


def test_training_or_not_makes_no_difference_and_moves_nothing():
    model = build()
    before = values_of(model.weights)
    images = letters(6)
    outputs = [model(images, training=training) for training in (False, True)]
    for first, second in zip(*outputs, strict=True):
        np.testing.assert_array_equal(first, second)
    for value, weight in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(value, weight)


def test_one_seed_gives_one_model():
    first, again, other = (build(seed) for seed in (3, 3, 4))
    assert len(first.weights) == 12 + 14 + 3
    for weight, twin in zip(first.weights, again.weights, strict=True):
        np.testing.assert_array_equal(weight, twin)
    for weight, another in zip(first.weights, other.weights, strict=True):
        # Biases and counts start at 0 whatever the seed.
        if np.any(weight):
            assert (weight.numpy() != another.numpy()).mean() > 0.9


@pytest.mark.parametrize(
    "shape", [(0, 8, 8, 1), (2, 8, 12, 1), (2, 8, 8, 3), (8, 8, 1), (2, 64)]
)
def test_images_that_do_not_fit_are_told(shape):
    with pytest.raises(
        LessonError, match=r"images have shape .*expected \[B, 8, 8, 1]"
    ):
        build()(np.zeros(shape, np.float32))


# Decoding and sampling


def test_decoding_draws_the_mean_of_every_pixel():
    model = build()
    indices = [[0, 4], [2, 2], [4, 0]]
    drawn = model.decode(indices)
    assert drawn.shape == (3, 8, 8, 1)
    assert drawn.dtype == tf.float32
    codes = model.quantizer.codebook.numpy()[np.array(indices)]
    np.testing.assert_allclose(drawn, expit(model.decoder(codes)), atol=1e-6)
    assert np.abs(drawn[0] - drawn[2]).max() > 1e-6


def test_decoding_the_chosen_codes_is_reconstructing():
    model = spread_codes(build())
    output = model(letters(9, seed=2))
    np.testing.assert_allclose(
        model.decode(output.indices), expit(output.logits), atol=1e-5
    )


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([0, 1], r"indices have shape \[2\], expected \[B, 2\]"),
        ([[0]], r"indices have shape \[1, 1\], expected \[B, 2\]"),
        ([[0, 1, 2]], r"indices have shape \[1, 3\], expected \[B, 2\]"),
        ([[[0, 1]]], r"indices have shape \[1, 1, 2\]"),
        (np.zeros([0, 2], int), r"indices have shape \[0, 2\], .* with B at least 1"),
        ([[0, 5]], "indices lie between 0 and 5, expected 0 to 4"),
        ([[1, 2], [-1, 0]], "indices lie between -1 and 2, expected 0 to 4"),
    ],
)
def test_indices_that_stand_for_no_picture_are_told(indices, message):
    with pytest.raises(LessonError, match=message):
        build().decode(indices)


def test_a_sample_is_drawn_from_all_codes_equally():
    model = build(latent_size=1)
    spread_codes(model)
    pictures = model.decode([[code] for code in range(5)]).numpy()
    drawn = model.sample(500, seed=1).numpy()
    assert drawn.shape == (500, 8, 8, 1)
    distances = np.abs(drawn[:, None] - pictures).max((2, 3, 4))
    np.testing.assert_allclose(distances.min(1), 0, atol=1e-5)
    counts = np.bincount(distances.argmin(1), minlength=5)
    assert stats.chisquare(counts).pvalue > 0.01


def test_one_seed_draws_one_sample():
    model = build()
    first = model.sample(12, seed=1).numpy()
    np.testing.assert_array_equal(first, model.sample(12, seed=1))
    assert (first != model.sample(12, seed=2).numpy()).any()
    np.testing.assert_array_equal(model.sample(12), model.sample(12, seed=0))


def test_a_sample_of_none_is_told():
    with pytest.raises(LessonError, match=r"indices have shape \[0, 2\]"):
        build().sample(0)


# Gradients


def test_gradients_reach_encoder_and_decoder_and_not_the_codebook():
    model = spread_codes(build())
    images = tf.constant(letters(16))
    still = [variable.value for variable in model.quantizer.weights]
    with tf.GradientTape() as tape:
        tape.watch(still)
        losses = total_loss(images, model(images), 5, WEIGHT)
    moving = model.encoder.trainable_variables + model.decoder.trainable_variables
    assert [id(v) for v in model.trainable_variables] == [id(v) for v in moving]
    found = tape.gradient(losses.total, [v.value for v in moving] + still)
    assert found[len(moving) :] == [None] * 3
    for variable, gradient in zip(moving, found, strict=False):
        assert np.abs(gradient).max() > 0, variable.path


def test_without_commitment_the_encoder_still_learns_through_the_codes():
    model = spread_codes(build())
    images = tf.constant(letters(16))
    with tf.GradientTape() as tape:
        losses = total_loss(images, model(images), 5, commitment_weight=0.0)
    for gradient in tape.gradient(
        losses.total, [v.value for v in model.encoder.trainable_variables]
    ):
        assert np.abs(gradient).max() > 0


def test_the_gradient_at_the_latents_is_that_of_both_its_terms():
    model = spread_codes(build())
    images = tf.constant(letters(10))
    output = model(images)
    with tf.GradientTape() as tape:
        tape.watch(output.quantized)
        logits = model.decoder(output.quantized)
        nats = tf.reduce_mean(nll_per_image(images, logits))
    upstream = tape.gradient(nats, output.quantized).numpy()
    pull = 2 * (output.latents - output.quantized).numpy() / (10 * 2 * 3)
    # The bias of the encoder's last layer is added to the latents.
    bias = model.encoder.trainable_variables[-1]
    with tf.GradientTape() as tape:
        losses = total_loss(images, model(images), 5, WEIGHT)
    found = tape.gradient(losses.total, bias.value)
    expected = (upstream + WEIGHT * pull).sum(0).ravel()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


# One step of training


@pytest.mark.parametrize("start", ["article", "consistent"])
def test_one_step_moves_the_codes_by_the_latents_from_before_it(start):
    model = spread_codes(build(ema_start=start))
    images = letters(16)
    state = CodebookState(*values_of(model.quantizer.weights))
    latents = model.encoder(images)
    chosen = nearest(latents, state.codebook)
    train_step(model, adam(model, 0.1), tf.constant(images), NOISE)
    expected = ema_step(state, latents, chosen, 0.99, start)
    for variable, value in zip(model.quantizer.weights, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-5)
    assert (model.quantizer.codebook.numpy() != state.codebook).any()


def test_one_step_changes_every_weight_by_one_step_of_adam():
    model = spread_codes(build())
    images = tf.constant(letters(16))
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        losses = total_loss(images, model(images), 5, WEIGHT)
    gradients = tape.gradient(losses.total, [v.value for v in variables])
    before, optimizer = values_of(variables), adam(model, 0.01)
    train_step(model, optimizer, images, NOISE)
    assert int(optimizer.iterations) == 1
    for variable, old, gradient in zip(variables, before, gradients, strict=True):
        # Both of Adam's averages, once debiased, are the first gradient itself;
        # Keras adds its epsilon before the second is debiased.
        slope = np.float64(gradient)
        expected = -0.01 * slope / (np.abs(slope) + 1e-7 / np.sqrt(1 - 0.999))
        sure = np.abs(slope) > 1e-4
        np.testing.assert_allclose(
            (variable.numpy() - old)[sure], expected[sure], rtol=1e-3, atol=1e-6
        )
        assert (variable.numpy() != old).any(), variable.path


def test_the_losses_of_a_step_are_from_before_it():
    model = spread_codes(build())
    images = letters(16)
    output = model(images)
    losses = train_step(model, adam(model), tf.constant(images), NOISE)
    assert isinstance(losses, Losses)
    reconstruction = nats_of(images, output.logits).mean()
    difference = np.float64(output.latents) - np.float64(output.quantized)
    commitment, prior = (difference**2).mean(), 2 * np.log(5)
    assert [float(loss) for loss in losses] == pytest.approx(
        [
            reconstruction + WEIGHT * commitment + prior,
            reconstruction,
            commitment,
            prior,
        ],
        rel=1e-4,
    )


@pytest.mark.parametrize("xla", [False, True])
def test_five_steps_are_the_same_compiled_or_not(xla):
    step = tf.function(train_step, jit_compile=xla)
    compiled, eager = (spread_codes(build(ema_start="consistent")) for _ in range(2))
    optimizers = adam(compiled), adam(eager)
    for number in range(5):
        images = tf.constant(letters(16, seed=number))
        found = step(compiled, optimizers[0], images, NOISE)
        expected = train_step(eager, optimizers[1], images, NOISE)
        np.testing.assert_allclose(found, expected, rtol=1e-3)
    for weight, twin in zip(compiled.weights, eager.weights, strict=True):
        np.testing.assert_allclose(weight, twin, rtol=1e-2, atol=1e-3)
    assert int(optimizers[0].iterations) == 5


def test_the_commitment_weight_is_passed_on():
    totals = []
    for weight in (0.0, 10.0):
        model = spread_codes(build(commitment_weight=weight))
        losses = train_step(model, adam(model), tf.constant(letters(16)), NOISE)
        totals.append(losses)
    assert float(totals[1].total - totals[0].total) == pytest.approx(
        10 * float(totals[0].commitment), rel=1e-3
    )


def test_the_loss_falls_on_a_few_letters():
    model = spread_codes(build(ema_start="consistent"))
    optimizer, step = adam(model, 3e-3), tf.function(train_step)
    images = tf.constant(np.repeat(letters(2) > 0.5, 4, 0), tf.float32)
    totals = [float(step(model, optimizer, images, NOISE).total) for _ in range(30)]
    assert np.isfinite(totals).all()
    assert totals[-1] < 0.9 * totals[0]


# Metrics


def test_measuring_equals_numpy_in_float64():
    model = spread_codes(build())
    images = letters(53, seed=5)
    codebook = model.quantizer.codebook.numpy()
    chosen = nearest(model.encoder(images), codebook)
    shares = np.bincount(chosen.ravel(), minlength=5) / chosen.size
    found = evaluate(model, images)
    assert isinstance(found, Metrics)
    assert found.nll == pytest.approx(
        nats_of(images, model.decoder(codebook[chosen])).mean(), rel=1e-5
    )
    assert found.codes_in_use == len(set(chosen.ravel())) == np.sum(shares > 0)
    assert found.codes_in_use > 1
    assert found.perplexity == pytest.approx(np.exp(stats.entropy(shares)))


@pytest.mark.parametrize("batch_size", [1, 7, 53, 250])
def test_measuring_does_not_depend_on_the_batch_size(batch_size):
    model = spread_codes(build())
    images = letters(53, seed=5)
    found = evaluate(model, images, batch_size)
    whole = evaluate(model, images, 53)
    assert found.nll == pytest.approx(whole.nll, rel=1e-5)
    assert found[1:] == pytest.approx(whole[1:])


def test_measuring_no_images_is_told():
    with pytest.raises(LessonError, match="no images to measure"):
        evaluate(build(), letters(0))


def test_grey_pixels_in_a_numpy_array_are_measured_as_they_are():
    images, logits = letters(4), np.random.default_rng(1).normal(size=[4, 8, 8, 1])
    logits = tf.constant(logits, tf.float32)
    found = nll_per_image(images, logits)
    assert found.shape == (4,)
    np.testing.assert_allclose(found, nats_of(images, logits), rtol=1e-5)
    np.testing.assert_allclose(nll_per_image(tf.constant(images), logits), found)


@FEW
@given(st.lists(st.integers(0, 8), min_size=1, max_size=60), st.integers(9, 20))
def test_counts_and_perplexity_equal_counting_by_hand(indices, num_codes):
    counts = code_counts(indices, num_codes)
    assert counts.tolist() == [indices.count(code) for code in range(num_codes)]
    expected = np.exp(stats.entropy(counts))
    assert perplexity(indices, num_codes) == pytest.approx(expected)
    assert 1 - 1e-9 <= perplexity(indices, num_codes) <= len(set(indices)) + 1e-9


@pytest.mark.parametrize("num_codes", [1, 2, 64])
def test_perplexity_is_1_on_one_code_and_k_on_uniform_use(num_codes):
    assert perplexity(np.full([30, 2], num_codes - 1), num_codes) == pytest.approx(1)
    uniform = np.tile(np.arange(num_codes), [3, 1])
    assert perplexity(uniform, num_codes) == pytest.approx(num_codes)


@pytest.mark.parametrize("measure", [code_counts, perplexity])
@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([], "0 indices, expected at least one, all between 0 and 3"),
        ([[0, 4]], "2 indices, expected at least one, all between 0 and 3"),
        ([-1, 0, 1], "3 indices, expected at least one, all between 0 and 3"),
    ],
)
def test_indices_that_cannot_be_counted_are_told(measure, indices, message):
    with pytest.raises(LessonError, match=message):
        measure(np.array(indices, int), 4)
