import math
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from vqvae_lesson.data import load_glyphs
from vqvae_lesson.ema import CodebookState, VectorQuantizerEMA, revive
from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import (
    CodeRecord,
    falling_rate,
    start_on_data,
)
from vqvae_lesson.metrics import code_counts, encode, evaluate
from vqvae_lesson.quantizer import nearest_code
from vqvae_lesson.recipes import VQVAERecipe
from vqvae_lesson.runs.checkpoints import arrays_of
from vqvae_lesson.runs.run import Run
from vqvae_lesson.training import Training, train_step

FEW = settings(max_examples=25, deadline=None, derandomize=True)
RECIPE = VQVAERecipe(
    num_codes=8,
    code_size=4,
    base_depth=4,
    neck_depth=6,
    warm_up_steps=4,
    ema_start="consistent",
    decay=0.9,
    revive_below=0.1,
    commitment_weight=2.0,
    learning_rate=0.01,
    falling_rate=True,
    batch_size=8,
    epochs=2,
)
IMAGES = load_glyphs(54).train_images[:, 8:20, 8:20]


def small_model():
    recipe = VQVAERecipe(num_codes=8, code_size=4, base_depth=4, commitment_weight=2.0)
    return recipe.build((12, 12, 1))


# Revival


@FEW
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_codes_below_their_share_are_put_on_the_first_latents(seed, below):
    random = np.random.default_rng(seed)
    codebook = random.normal(size=[6, 3]).astype(np.float32)
    counts = random.exponential(2, size=6).astype(np.float32)
    latents = random.normal(size=[12, 1, 3]).astype(np.float32)
    state = CodebookState(codebook, counts, codebook)
    found = [value.numpy() for value in revive(state, latents, below)]
    for code in range(6):
        if counts[code] < below * 12 / 6:
            np.testing.assert_array_equal(found[0][code], latents[code, 0])
            assert found[1][code] == 2.0
            np.testing.assert_array_equal(found[2][code], 2 * latents[code, 0])
        else:
            np.testing.assert_array_equal(found[0][code], codebook[code])
            assert found[1][code] == counts[code]
            np.testing.assert_array_equal(found[2][code], codebook[code])


def test_more_lost_codes_than_latents_share_the_latents():
    nothing = np.zeros(5, np.float32)
    codes = nothing[:, None]
    state = CodebookState(codes, nothing, codes)
    codebook, counts, _ = revive(state, [[1.0], [2.0]], 1.0)
    assert codebook.numpy().ravel().tolist() == [1, 2, 1, 2, 1]
    np.testing.assert_allclose(counts, 2 / 5)


def test_the_layer_revives_only_when_told_to():
    latents = np.random.default_rng(0).normal(size=[40, 1, 3]).astype(np.float32)
    for below, where in ((0.0, 99.0), (0.1, None)):
        layer = VectorQuantizerEMA(4, 3, 0.5, "consistent", revive_below=below)
        layer.codebook.assign(np.vstack([np.eye(3), np.full([1, 3], 99.0)]))
        layer.ema_counts.assign([1, 1, 1, 0.01])
        layer.update(latents, layer(latents)[1])
        expected = latents[3, 0] if where is None else np.full(3, where)
        np.testing.assert_array_equal(layer.codebook[3], expected)


def test_placing_the_codes_starts_the_averages_anew():
    layer = VectorQuantizerEMA(4, 3, 0.5, "consistent")
    layer.update(tf.ones([5, 3]), tf.zeros(5, tf.int32))
    place = np.random.default_rng(0).normal(size=[4, 3]).astype(np.float32)
    layer.place(place)
    np.testing.assert_array_equal(layer.codebook, place)
    np.testing.assert_array_equal(layer.ema_counts, np.ones(4))
    np.testing.assert_array_equal(layer.ema_sums, place)


# Warm-up and the start on the data


def test_the_warm_up_loss_is_that_of_a_vae_of_unit_variance():
    # Oracle: TensorFlow Probability's divergence between two normal distributions.
    import tensorflow_probability as tfp

    tfd = tfp.distributions
    model, images = small_model(), IMAGES[:8]
    latents = model.encoder(images)
    posterior = tfd.MultivariateNormalDiag(latents, tf.ones([8, 1, 4]))
    origin = tfd.MultivariateNormalDiag(tf.zeros([8, 1, 4]), tf.ones([8, 1, 4]))
    divergence = tf.reduce_mean(posterior.kl_divergence(origin))
    optimizer = keras.optimizers.SGD(0.0)
    assert model.recipe.commitment_weight == 4 / 2
    losses = train_step(model.warm_up, optimizer, images, tf.constant([0, 1]))
    assert float(losses.total - losses.reconstruction) == pytest.approx(
        float(divergence), abs=1e-4
    )
    assert float(losses.prior) == 0


def test_the_warm_up_moves_networks_but_no_code():
    model, optimizer = small_model(), keras.optimizers.Adam(0.01)
    before = [weight.numpy() for weight in model.weights]
    codes = [weight.numpy() for weight in model.quantizer.weights]
    first, *_, last = (
        train_step(model.warm_up, optimizer, IMAGES[:8], tf.constant([0, step]))
        for step in range(40)
    )
    for weight, value in zip(model.quantizer.weights, codes, strict=True):
        np.testing.assert_array_equal(weight, value)
    moved = [
        (weight.numpy() != value).any()
        for weight, value in zip(model.weights, before, strict=True)
    ]
    assert sum(moved) == len(model.trainable_variables)
    assert last.reconstruction < 0.9 * first.reconstruction


def test_the_noise_of_a_step_depends_on_its_seed_alone():
    def total(seed):
        losses, _ = small_model().warm_up.losses(IMAGES[:8], tf.constant(seed))
        return float(losses.total)

    assert total([0, 1]) == total([0, 1]) != total([0, 2])


def test_codes_start_in_the_middle_of_clusters(monkeypatch):
    random = np.random.default_rng(0)
    centers = 20 * random.normal(size=[8, 4])
    which = random.integers(8, size=400)
    latents = (centers[which] + random.normal(size=[400, 4])).astype(np.float32)
    monkeypatch.setattr("vqvae_lesson.health.encode", lambda *_: latents[:, None])
    model = small_model()
    start_on_data(model, None)
    found = nearest_code(latents, model.quantizer.codebook)
    assert adjusted_rand_score(which, found) == 1
    means = [latents[found == code].mean(axis=0) for code in range(8)]
    np.testing.assert_allclose(model.quantizer.codebook, means, rtol=1e-4, atol=1e-4)


def test_fewer_latents_than_codes_are_told():
    with pytest.raises(LessonError, match="5 latents, expected at least one for each"):
        start_on_data(small_model(), IMAGES[:5])


def test_a_whole_set_is_encoded_as_its_parts():
    model = small_model()
    whole = model.encoder(IMAGES).numpy()
    np.testing.assert_allclose(encode(model, IMAGES, 7), whole, rtol=1e-4, atol=1e-6)


# The learning rate


def test_the_rate_equals_that_of_keras():
    schedule = keras.optimizers.schedules.CosineDecay(0.3, 50)
    for step in range(60):
        assert falling_rate(0.3, step / 50) == pytest.approx(
            float(schedule(step)), abs=1e-7
        )


def test_training_lets_the_rate_fall_to_almost_nothing():
    training = Training(RECIPE, (12, 12, 1))
    rates = []
    for _ in training.steps(IMAGES, 10):
        rates.append(float(training.optimizer.learning_rate))
    steps = RECIPE.epochs * (len(IMAGES) // RECIPE.batch_size)
    assert steps == 10
    expected = [0.005 * (1 + math.cos(math.pi * step / 10)) for step in range(10)]
    np.testing.assert_allclose(rates, expected, rtol=1e-5)


def test_a_constant_rate_stays():
    training = Training(replace(RECIPE, falling_rate=False), (12, 12, 1))
    for _ in training.steps(IMAGES, 3):
        assert float(training.optimizer.learning_rate) == pytest.approx(0.01)


# Everything together


def test_after_the_warm_up_the_codes_are_on_the_data():
    training = Training(RECIPE, (12, 12, 1))
    uses = []
    for losses in training.steps(IMAGES, 10):
        indices = training.model(IMAGES).indices
        uses.append(np.count_nonzero(code_counts(indices, 8)))
        assert (float(losses.prior) == 0) == (training.step <= 4)
    assert uses[4] >= 7
    assert max(uses[:3]) < min(uses[4:])


@pytest.fixture(scope="module")
def letters():
    """Crop 54 drawn letters to their middle, to be quick."""
    letters = load_glyphs(54)
    return replace(
        letters,
        train_images=letters.train_images[:, 8:20, 8:20],
        held_out_images=letters.held_out_images[:, 8:20, 8:20],
    )


@pytest.fixture(scope="module")
def expected(letters, tmp_path_factory):
    """All numbers of a run that was never stopped."""
    whole = Run.start(tmp_path_factory.mktemp("whole"), letters, RECIPE, steps=7)
    whole.train()
    return arrays_of(whole.training.model)


@pytest.mark.parametrize("stop", [3, 4, 5])
def test_a_run_that_stopped_at_the_warm_up_goes_on_as_if_it_had_not(
    stop, letters, expected, tmp_path
):
    Run.start(tmp_path / "parts", letters, RECIPE, steps=stop).train()
    parts = Run.resume(tmp_path / "parts", letters, steps=7)
    parts.train()
    for name, array in arrays_of(parts.training.model).items():
        np.testing.assert_array_equal(array, expected[name])


# The record


def recorded(path=None, steps=30):
    training = Training(replace(RECIPE, epochs=10), (12, 12, 1))
    record = CodeRecord(training, IMAGES, path)
    for _ in training.steps(IMAGES, steps):
        record(training.step)
    return training, record


def test_a_record_holds_what_an_independent_look_finds():
    training, record = recorded()
    assert record.rows["steps"] == [*range(1, 11), 20, 30]
    model = training.model
    codebook = model.quantizer.codebook.numpy()
    norms = np.sqrt((np.float64(codebook) ** 2).sum(axis=1))
    np.testing.assert_allclose(record.rows["norms"][-1], norms, rtol=1e-5)
    np.testing.assert_array_equal(record.rows["counts"][-1], model.quantizer.ema_counts)
    indices = model(IMAGES).indices
    np.testing.assert_array_equal(record.rows["uses"][-1], code_counts(indices, 8))
    assert record.rows["nll"][-1] == pytest.approx(
        evaluate(model, IMAGES).nll, abs=1e-3
    )
    assert [*record.pictures] == [1]


def test_a_long_record_has_wide_gaps():
    record = CodeRecord(Training(RECIPE, (12, 12, 1)), IMAGES)
    for step in range(1, 3_001):
        record(step)
    often = [*range(1, 11), *range(20, 101, 10), *range(150, 2_501, 50)]
    assert record.rows["steps"] == [*often, 2_750, 3_000]


def test_a_record_goes_on_where_the_training_does(tmp_path):
    training, record = recorded(tmp_path / "codes.npz")
    before = (tmp_path / "codes.npz").read_bytes()
    training.step = 8
    again = CodeRecord(training, IMAGES, tmp_path / "codes.npz")
    assert again.rows["steps"] == [*range(1, 9)]
    np.testing.assert_array_equal(again.rows["norms"], record.rows["norms"][:8])
    assert [*again.pictures] == [1]
    training.step = 0
    fresh = CodeRecord(training, IMAGES, tmp_path / "codes.npz")
    assert fresh.rows["steps"] == []
    assert (tmp_path / "codes.npz").read_bytes() == before


def test_a_file_that_is_no_record_is_told(tmp_path):
    training, _ = recorded(tmp_path / "codes.npz", steps=2)
    np.savez(tmp_path / "codes.npz", something=np.zeros(3))
    with pytest.raises(LessonError, match=r"codes\.npz cannot be read"):
        CodeRecord(training, IMAGES, tmp_path / "codes.npz")


def test_a_record_of_two_latents_is_told():
    training = Training(replace(RECIPE, latent_size=2), (12, 12, 1))
    with pytest.raises(LessonError, match="latent_size is 2, expected 1"):
        CodeRecord(training, IMAGES)
