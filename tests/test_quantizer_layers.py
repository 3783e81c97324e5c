"""Quantizers as layers: their terms, their codes, and a grid that takes any of them."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, softmax
from scipy.stats import entropy

from tests.refusals import refused
from vqvae_lesson.data import load_glyphs
from vqvae_lesson.ema import VectorQuantizerEMA
from vqvae_lesson.health import RECORDS
from vqvae_lesson.laboratory import BEST, PLACES, SEEDS, TRIED, WAYS, small_quantizer
from vqvae_lesson.losses import commitment_loss, reconstruction_loss
from vqvae_lesson.metrics import choose, evaluate, nll_per_image
from vqvae_lesson.quantizer_layers import (
    QUANTIZERS,
    Quantized,
    estimated_gradients,
    load_quantizers,
    measured_gradients,
)
from vqvae_lesson.quantizers import bound, rotate
from vqvae_lesson.recipes import METHODS, GridRecipe, QuantizerRecipe, find_recipe
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import read_json
from vqvae_lesson.runs.run import Run
from vqvae_lesson.training import Training

BATCH, WARM_UP = 8, 2
NOISE = tf.constant([3, 4])
# Each layer with 16 codes; a code has four numbers where no method says otherwise.
CHANGES = {
    "averages": {},
    "gradient": {},
    "simple": {},
    "product": {"parts": 2},
    "residual": {"parts": 2},
    "scalars": {"parts": 2, "code_size": 2},
    "bits": {"parts": 4},
    "gumbel": {},
}


def recipe_for(quantizer, **more):
    """A small recipe with the numbers of chapter 16's where they matter."""
    sizes = {"num_codes": 16, "code_size": 4, "base_depth": 2, "batch_size": BATCH}
    averages = {"ema_start": "consistent", "decay": 0.8, "commitment_weight": 3.0}
    changes = {**sizes, **averages, **CHANGES[quantizer], **more}
    return QuantizerRecipe(quantizer=quantizer, **changes)


def layer_for(quantizer, **more):
    return QUANTIZERS[quantizer](recipe_for(quantizer, **more), seed=1)


def draw(seed, quantizer, count=6):
    """Latents [B, L, D] that a layer of :data:`CHANGES` takes."""
    size = CHANGES[quantizer].get("code_size", 4)
    return np.random.default_rng(seed).normal(size=[count, 9, size]).astype("f")


@pytest.fixture(scope="module")
def letters():
    """Drawn glyphs, their middle 12 x 12 pixels: nine steps an epoch."""
    letters = load_glyphs(90)
    return replace(
        letters,
        train_images=letters.train_images[:, 8:20, 8:20],
        held_out_images=letters.held_out_images[:, 8:20, 8:20],
    )


def weights_of(training):
    everything = training.model.weights + training.optimizer.variables
    return [np.asarray(weight) for weight in everything]


def same(ones, others):
    return all(
        np.array_equal(one, other) for one, other in zip(ones, others, strict=True)
    )


# Recipes


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_stops_resumes_and_loads_by_its_recipe(
    name, letters, tmp_path
):
    full = find_recipe(f"grid-{name}")
    recipe = replace(
        full,
        base_depth=2,
        batch_size=BATCH,
        epochs=3,
        learning_rate=0.02,
        warm_up_steps=min(full.warm_up_steps, WARM_UP),
    )
    half = Run.start(tmp_path / "run", letters, recipe, f"grid-{name}", steps=12)
    heard = []
    half.train(lambda step, losses: heard.append(losses.reconstruction))
    run = Run.resume(tmp_path / "run", letters)
    run.train(lambda step, losses: heard.append(losses.reconstruction))
    whole = half.training  # in memory it has not stopped
    losses = [*whole.steps(letters.train_images, run.steps)]
    assert heard[12:] == [loss.reconstruction for loss in losses]
    assert same(weights_of(run.training), weights_of(whole))
    assert np.mean(heard[-5:]) < np.mean(heard[:5])
    model, manifest = load_trained(tmp_path / "run")
    assert model.recipe == recipe
    assert same(model.get_weights(), whole.model.get_weights())
    assert manifest["metrics"]["held_out_nll"] > 0
    images = letters.held_out_images[:5]
    indices = model.represent(images).numpy()
    output = model(images)
    np.testing.assert_array_equal(output.indices, indices)
    np.testing.assert_array_equal(choose(model, images), indices)
    assert indices.shape == (5, 9)
    drawn = tf.sigmoid(output.logits)
    np.testing.assert_allclose(model.decode(indices), drawn, atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(images), drawn, atol=1e-5)
    written = model.draw(40, seed=1)
    assert written.min() >= 0
    assert 48 <= written.max() <= 63
    np.testing.assert_array_equal(model.sample(40, seed=1), model.decode(written))
    assert "expected 0 to 63" in refused(model.decode, np.full([1, 9], 64))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_has_the_codes_of_its_place(way, place):
    halvings, num_codes = PLACES[place]
    recipe = small_quantizer(way, halvings, num_codes)
    assert (recipe.halvings, recipe.num_codes) == (halvings, num_codes)
    assert np.prod(recipe.levels) == num_codes
    several = recipe.quantizer in ("product", "residual", "scalars", "bits")
    assert (recipe.parts > 1) == several
    assert {*recipe.levels} == (
        {2} if way == "LFQ" else {8} if several else {num_codes}
    )
    recipe.require_memory((28, 28, 1))


BAD = [
    ({"quantizer": "fsq"}, "quantizer is 'fsq', expected one of ['averages', "),
    ({"entropy_weight": -1.0}, "entropy_weight is -1.0, expected 0 or more"),
    ({"warm_up_weight": -1.0}, "warm_up_weight is -1.0, expected 0 or more"),
    ({"temperature": 0.0}, "temperature is 0.0, expected more than 0"),
    ({"temperature": float("nan")}, "temperature is nan, expected a number"),
    ({"rotate": 1}, "rotate is 1, expected true or false"),
    ({"drop_stages": "no"}, "drop_stages is 'no', expected true or false"),
    ({"parts": 0}, "parts is 0, expected a whole number from 1"),
    ({"quantizer": "residual", "parts": 4}, "num_codes is 64, expected a product of 4"),
    ({"quantizer": "residual", "parts": 7}, "num_codes is 64, expected a product of 7"),
    ({"num_codes": 1}, "num_codes is 1, expected a product of 1"),
    ({"quantizer": "scalars", "parts": 2}, "code_size is 16, expected one number for"),
    ({"quantizer": "bits", "parts": 6}, "code_size is 16, expected one number for"),
    (
        {"quantizer": "bits", "parts": 3, "code_size": 3},
        "num_codes is 64, expected 2 ** 3",
    ),
    (
        {"quantizer": "product", "parts": 3},
        "code_size is 16, expected a multiple of 3",
    ),
    ({"latent_size": 4}, "latent_size is 4, and a grid's follows"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_recipe_that_does_not_go_up_is_refused_in_a_line(changes, message):
    assert message in refused(QuantizerRecipe, **changes)


def test_more_halvings_than_an_image_has_are_refused():
    recipe = recipe_for("scalars", halvings=5)
    assert "halvings is 5, expected at most 4" in refused(recipe.build, (12, 12, 1))


# What all layers do


@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_the_decoder_sees_the_codes_of_the_numbers(quantizer):
    layer, latents = layer_for(quantizer), draw(0, quantizer)
    latents[0, 0] = 0
    passed, indices, penalty = layer(latents)
    assert indices.dtype == tf.int32
    assert indices.shape == (6, 9)
    assert 0 <= np.min(indices) < np.max(indices) < 16
    assert np.shape(penalty) == ()
    np.testing.assert_allclose(layer.lookup(indices), passed, atol=1e-6)
    np.testing.assert_array_equal(tf.function(layer)(latents).indices, indices)
    every = layer.lookup(np.arange(16))
    assert len(np.unique(every, axis=0)) == 16
    if quantizer == "gumbel":
        return  # which asks the latents, and does not measure how far they are
    again = layer(every[None]).indices[0]
    if quantizer in ("product", "scalars", "bits", "averages", "gradient", "simple"):
        # What stands at a code chooses it: FSQ's outermost codes draw it nearer.
        near = np.arange(16) if quantizer != "scalars" else again
        np.testing.assert_array_equal(again, near)


@pytest.mark.parametrize("quantizer", ["averages", "product", "gradient", "simple"])
def test_codes_pass_gradients_straight_or_rotated_as_the_recipe_says(quantizer):
    for turned in (False, True):
        layer = layer_for(quantizer, rotate=turned)
        latents, upward = tf.constant(draw(0, quantizer)), draw(1, quantizer)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(latents)
            loss = tf.reduce_sum(upward * layer(latents).passed)
            codes = layer.lookup(layer(latents).indices)
            rotated = tf.reduce_sum(upward * rotate(latents, codes))
        expected = tape.gradient(rotated, latents) if turned else upward
        found = tape.gradient(loss, latents)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        # What the decoder wants moves no code: averages, or a term of the loss, do.
        assert all(
            one is None for one in tape.gradient(loss, layer.trainable_variables)
        )


def penalty_slopes(layer, latents):
    """The penalty, and its gradients at latents and trainable weights."""
    latents = tf.constant(latents)
    with tf.GradientTape() as tape:
        tape.watch(latents)
        _, indices, penalty = layer(latents)
    found = tape.gradient(penalty, [latents, *layer.trainable_variables])
    return float(penalty), indices.numpy(), found


@pytest.mark.parametrize("quantizer", ["averages", "product"])
def test_where_averages_move_codes_the_penalty_is_the_commitment(quantizer):
    layer, latents = layer_for(quantizer), draw(0, quantizer)
    penalty, indices, (found,) = penalty_slopes(layer, latents)
    apart = latents - np.float64(layer.lookup(indices))
    assert layer.trainable_variables == []
    assert penalty == pytest.approx(3 * np.square(apart).mean(), rel=1e-5)
    np.testing.assert_allclose(found, 6 * apart / apart.size, atol=1e-6)


def test_latents_are_committed_to_the_sum_after_every_stage():
    layer, latents = layer_for("residual"), draw(0, "residual")
    penalty, indices, (found,) = penalty_slopes(layer, latents)
    sums = [layer.lookup(indices, stages=stages) for stages in (1, 2)]
    aparts = [latents - np.float64(total) for total in sums]
    expected = sum(3 * np.square(apart).mean() for apart in aparts)
    assert penalty == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(found, 6 * sum(aparts) / latents.size, atol=1e-6)


@pytest.mark.parametrize("quantizer", ["gradient", "simple"])
def test_a_codebook_by_gradient_is_pulled_to_its_latents(quantizer):
    layer, latents = layer_for(quantizer), draw(0, quantizer)
    penalty, indices, (for_latents, found) = penalty_slopes(layer, latents)
    apart = latents - np.float64(layer.lookup(indices))
    assert penalty == pytest.approx(4 * np.square(apart).mean(), rel=1e-5)
    np.testing.assert_allclose(for_latents, 6 * apart / apart.size, atol=1e-6)
    expected = np.zeros([16, 4])
    np.add.at(expected, indices, -2 * apart / apart.size)
    if quantizer == "simple":
        expected = np.float64(layer.frozen).T @ expected
        assert [one.name for one in layer.trainable_variables] == ["mix"]
    np.testing.assert_allclose(tf.convert_to_tensor(found), expected, atol=1e-5)


def test_scalars_add_nothing_to_the_loss():
    assert layer_for("scalars")(draw(0, "scalars")).penalty == 0
    assert layer_for("scalars").weights == []


def test_bits_are_committed_to_and_weighed_by_their_entropies():
    layer, latents = layer_for("bits", entropy_weight=0.5), 0.3 * draw(0, "bits")
    penalty, indices, _ = penalty_slopes(layer, latents)
    corners = np.float64(layer.lookup(np.arange(16)))
    apart = np.square(np.float64(latents)[:, :, None] - corners).sum(-1).reshape(-1, 16)
    choice = softmax(-apart, axis=1)
    even, undecided = entropy(choice.mean(0)), entropy(choice, axis=1).mean()
    committed = 3 * np.square(latents - layer.lookup(indices)).mean()
    # A letter has nine latents.
    expected = committed + 0.5 * 9 * (undecided - even)
    assert penalty == pytest.approx(expected, rel=1e-4)


def test_gumbel_s_penalty_is_less_the_less_sure_its_shares_are():
    layer, latents = layer_for("gumbel", entropy_weight=0.5), draw(0, "gumbel")
    kernel, bias = (np.float64(weight) for weight in layer.ask.get_weights())
    shares = softmax(latents @ kernel + bias, axis=-1)
    expected = -0.5 * entropy(shares, axis=-1).sum(1).mean()
    for noise in (None, NOISE):
        found = float(layer(latents, noise).penalty)
        assert found == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(layer(latents).indices, shares.argmax(-1))


def test_gumbel_draws_a_code_in_a_step_and_follows_the_gradient_of_its_shares():
    layer = layer_for("gumbel", temperature=0.7)
    latents = tf.constant(np.tile(draw(0, "gumbel", 1), [400, 1, 1]))
    with tf.GradientTape() as tape:
        tape.watch(latents)
        passed, indices, _ = layer(latents, NOISE)
        loss = tf.reduce_sum(passed)
    np.testing.assert_allclose(layer.lookup(indices), passed, atol=1e-5)
    shares = softmax(np.float64(layer.ask(latents[:1])), axis=-1)[0]
    for place in range(9):
        drawn = np.bincount(indices[:, place], minlength=16) / 400
        np.testing.assert_allclose(drawn, shares[place], atol=0.09)
    others = layer(latents, NOISE + 1).indices
    assert not np.array_equal(others, indices)
    for one in tape.gradient(loss, [latents, layer.codes, *layer.ask.weights]):
        assert np.abs(one).max() > 0


# Averages of parts


@pytest.mark.parametrize("quantizer", ["averages", "product", "residual"])
def test_averages_move_as_those_of_quantizers_by_themselves(quantizer):
    layer = layer_for(quantizer, revive_below=0.3)
    parts = getattr(layer, "parts", None) or [layer.codes]
    count, size = parts[0].codebook.shape
    alone = [
        VectorQuantizerEMA(
            count, size, 0.8, "consistent", seed=1 + number, revive_below=0.3
        )
        for number in range(len(parts))
    ]
    for step in range(4):
        latents = draw(step, quantizer)
        layer.update(latents, layer(latents).indices)
        left = tf.constant(latents)
        pieces = tf.split(left, len(parts), axis=-1)
        for one, piece in zip(alone, pieces, strict=True):
            seen = piece if quantizer == "product" else left
            quantized, indices = one(seen)
            one.update(seen, indices)
            left = left - quantized if quantizer == "residual" else left
    for part, one in zip(parts, alone, strict=True):
        for weight, twin in zip(part.weights, one.weights, strict=True):
            np.testing.assert_allclose(weight, twin, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_a_start_puts_codes_on_latents_where_there_are_any(quantizer):
    layer = layer_for(quantizer)
    latents = 5 + draw(0, quantizer, 40)
    before = layer.get_weights()
    rows = latents.reshape(-1, latents.shape[-1])
    layer.start(rows)
    moves = quantizer in ("averages", "gradient", "product", "residual")
    assert same(before, layer.get_weights()) == (not moves)
    if moves:
        nearest = layer.lookup(layer(rows[None]).indices[0])
        left = np.square(rows - nearest).mean()
        assert left < 0.5 * np.var(rows, axis=0).mean()


# Stages


def test_numbers_say_the_sums_of_their_first_stages():
    layer, indices = layer_for("residual"), np.arange(16).reshape(4, 4)
    first, second = (np.float64(part.codebook) for part in layer.parts)
    found = layer.lookup(indices, stages=1)
    np.testing.assert_allclose(found, first[indices % 4], atol=1e-6)
    both = first[indices % 4] + second[indices // 4]
    for found in (layer.lookup(indices), layer.lookup(indices, stages=2)):
        np.testing.assert_allclose(found, both, atol=1e-6)


def test_in_a_training_step_letters_keep_some_stages_and_else_all():
    layer, latents = layer_for("residual", drop_stages=True), draw(0, "residual", 50)
    passed, indices, penalty = layer(latents, NOISE)
    sums = [layer.lookup(indices, stages=stages).numpy() for stages in (1, 2)]
    gaps = [np.abs(total - passed).max(axis=(1, 2)) for total in sums]
    kept = np.argmin(gaps, axis=0)
    assert np.min(gaps, axis=0).max() < 1e-5
    assert 10 < kept.sum() < 40
    assert penalty == layer(latents).penalty
    for whole in (layer(latents), layer_for("residual")(latents, NOISE)):
        np.testing.assert_allclose(whole.passed, sums[1], atol=1e-5)


# The whole grid


@pytest.mark.parametrize("name", ["gradient", "product", "residual"])
def test_the_warm_up_leaves_codes_and_they_start_on_latents_at_its_end(name, letters):
    recipe = recipe_for(name, warm_up_steps=3)
    training = Training(recipe, (12, 12, 1), seed=2)
    before = training.model.quantizer.get_weights()
    losses = [*training.steps(letters.train_images, 3)]
    assert same(before, training.model.quantizer.get_weights())
    for loss in losses:
        assert loss.total == pytest.approx(loss.reconstruction + loss.penalty, rel=1e-5)
    training.model.stage(3, letters.train_images)
    after = training.model.quantizer.get_weights()
    assert not any(map(np.array_equal, before[:1], after[:1]))


def test_the_grid_with_averages_trains_to_the_numbers_of_chapter_14(letters):
    recipe = recipe_for("averages", revive_below=0.1, falling_rate=True)
    shared = {name: asdict(recipe)[name] for name in asdict(GridRecipe())}
    one, other = (
        Training(kind, (12, 12, 1), seed=4) for kind in (recipe, GridRecipe(**shared))
    )
    assert same(one.model.get_weights(), other.model.get_weights())
    ours = [*one.steps(letters.train_images, 12)]
    theirs = [*other.steps(letters.train_images, 12)]
    for loss, twin in zip(ours, theirs, strict=True):
        assert loss.reconstruction == twin.reconstruction
        assert loss.penalty == pytest.approx(3 * twin.commitment, rel=1e-6)
        assert loss.total == pytest.approx(twin.total - twin.prior, rel=1e-5)
    assert same(one.model.get_weights(), other.model.get_weights())
    assert evaluate(one.model, letters.held_out_images) == evaluate(
        other.model, letters.held_out_images
    )


def test_the_loss_is_what_is_drawn_and_what_the_quantizer_adds(letters):
    model = recipe_for("gumbel").build((12, 12, 1))
    images = letters.train_images[:5]
    losses, output = model.losses(images, NOISE)
    expected = reconstruction_loss(images, output.logits)
    np.testing.assert_allclose(losses.reconstruction, expected)
    assert float(losses.total) == pytest.approx(
        float(losses.reconstruction + losses.penalty)
    )
    assert losses.penalty == model.quantizer(output.latents, NOISE).penalty


# Gradients at latents


@pytest.fixture
def linear(letters):
    """Make a grid with a quantizer, and a decoder that is one matrix."""

    def build(quantizer):
        model = recipe_for(quantizer).build((12, 12, 1), seed=1)
        size = 9 * model.recipe.code_size
        matrix = np.random.default_rng(0).normal(size=[size, 144]).astype("f")

        def decoder(passed):
            return tf.reshape(tf.reshape(passed, [-1, size]) @ matrix, [-1, 12, 12, 1])

        model.decoder = decoder
        return model, np.float64(matrix)

    return build


IMAGES, PLACED = slice(0, 6), np.array([0, 8, 3, 3, 5, 1])


def pulls(model, matrix, images, passed):
    """Slope of each letter's nats at what a linear decoder sees, [B, L, D]."""
    logits = np.float64(passed).reshape(len(images), -1) @ matrix
    wrong = expit(logits) - images.reshape(len(images), -1)
    return (wrong @ matrix.T).reshape(len(images), 9, -1)


@pytest.mark.parametrize("quantizer", ["averages", "residual", "bits", "scalars"])
def test_estimated_gradients_are_those_at_the_codes_passed_on(
    quantizer, linear, letters
):
    model, matrix = linear(quantizer)
    images = letters.train_images[IMAGES]
    latents = model.encoder(images)
    expected = pulls(model, matrix, images, model.quantizer(latents).passed)
    if quantizer == "scalars":  # 4 levels between -2.0015 and 1.0015, divided by 2
        bounded = np.float64(bound(latents, [4, 4]))
        expected *= (1.0015 - bounded) * (bounded + 2.0015) / 1.5015 / 2
    rows = np.arange(6)
    found = estimated_gradients(model, images, PLACED, NOISE)
    np.testing.assert_allclose(found, expected[rows, PLACED], rtol=1e-3, atol=1e-3)


def test_without_quantizing_what_is_measured_is_what_is_estimated(linear, letters):
    model, matrix = linear("averages")
    model.quantizer = lambda latents, noise=None: Quantized(latents, None, 0.0)
    images = letters.train_images[IMAGES]
    expected = pulls(model, matrix, images, model.encoder(images))
    expected = expected[np.arange(6), PLACED]
    estimated = estimated_gradients(model, images, PLACED, NOISE)
    measured = measured_gradients(model, images, PLACED, step=0.02)
    np.testing.assert_allclose(estimated, expected, atol=1e-3)
    np.testing.assert_allclose(measured, expected, atol=0.02)


def test_what_is_measured_is_the_loss_at_the_code_on_either_side(linear, letters):
    model, _ = linear("averages")
    images, step = letters.train_images[IMAGES], 0.5
    codes = model.encoder(images).numpy()[:, 0]
    model.quantizer.codes.place(np.concatenate([codes, codes + 0.4, codes[:4] - 0.6]))
    found = measured_gradients(model, images, PLACED, step)
    none = measured_gradients(model, images, PLACED, 1e-7)
    latents = model.encoder(images).numpy()
    for letter, place in enumerate(PLACED):
        for axis in range(4):
            nats = []
            for far in (step, -step):
                moved = latents[letter : letter + 1].copy()
                moved[0, place, axis] += far
                book = np.float64(model.quantizer.codes.codebook)
                apart = np.square(moved[:, :, None] - book).sum(-1)
                logits = model.decoder(np.float32(book[apart.argmin(-1)]))
                nats.append(
                    float(nll_per_image(images[letter : letter + 1], logits)[0])
                )
            slope = (nats[0] - nats[1]) / (2 * step)
            assert found[letter, axis] == pytest.approx(slope, abs=1e-2)
    assert np.abs(found).max() > 1
    assert not none.any()


def test_commitment_is_weighed_as_the_book_weighs_it():
    layer, latents = layer_for("averages"), draw(0, "averages")
    quantized = layer.codes(latents)[0]
    found = layer.commitment(latents, quantized)
    np.testing.assert_allclose(found, 3.0 * commitment_loss(latents, quantized))


def test_what_is_compared_is_the_best_setting_of_those_tried():
    tried = read_json(RECORDS / "quantizer_settings.json")
    for way, settings in TRIED.items():
        # So that nothing but the start differs between the two.
        same = "gradient" if way == "gradient, started" else way
        nats = [tried[same][str(number)]["nll"] for number in range(len(settings))]
        assert BEST[way] == np.argmin(nats), way


def test_every_way_has_three_seeds_in_every_place():
    runs = load_quantizers()
    assert [*runs] == [*PLACES]
    for ways in runs.values():
        assert [*ways] == [*WAYS]
        assert {len(found) for found in ways.values()} == {len(SEEDS)}


def test_every_step_was_timed():
    steps = read_json(RECORDS / "quantizer_steps.json")
    assert {place: {*ways} for place, ways in steps.items()} == {
        place: {*WAYS} for place in PLACES
    }


def test_the_manifest_names_the_recipes_that_are_compared():
    recipes = read_json(RECORDS / "quantizers_manifest.json")["recipes"]
    for place, sizes in PLACES.items():
        for way in WAYS:
            recipe = small_quantizer(way, *sizes)
            assert recipes[place][way] == asdict(recipe)
