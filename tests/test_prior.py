"""Priors over grids of codes: probabilities that sum to 1, and no look ahead."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from vqvae_lesson.data import load_glyphs
from vqvae_lesson.errors import LessonError
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.prior import (
    CountedPrior,
    PriorRecipe,
    attend,
    counted_prior,
    shifted,
    train_prior,
    uniform_prior,
)
from vqvae_lesson.recipes import GridRecipe
from vqvae_lesson.runs.priors import load_prior, save_prior
from vqvae_lesson.training import Training

FEW = settings(max_examples=20, deadline=None, derandomize=True)
K, L = 3, 4
ALL = np.array([*itertools.product(range(K), repeat=L)])
TINY = PriorRecipe(
    num_codes=K, latent_size=L, num_labels=2, width=8, heads=2, blocks=2, batch_size=8
)


@pytest.fixture(scope="module")
def transformer():
    """Build one whose codes depend on each other plainly."""
    prior = TINY.build(seed=3)
    random = np.random.default_rng(0)
    for weight in prior.trainable_variables:
        weight.assign_add(0.3 * random.standard_normal(weight.shape))
    return prior


@pytest.fixture(params=["uniform", "shared", "by place", "transformer"])
def prior(request, transformer):
    grids = np.random.default_rng(0).integers(K, size=[20, L]) // [1, 2, 1, 2]
    made = {
        "uniform": lambda: uniform_prior(L, K),
        "shared": lambda: counted_prior(grids, K, by_place=False),
        "by place": lambda: counted_prior(grids, K),
        "transformer": lambda: transformer,
    }
    return made[request.param]()


def test_probabilities_of_all_grids_sum_to_1(prior):
    assert np.exp(prior.log_prob(ALL)).sum() == pytest.approx(1, abs=1e-5)


def test_samples_come_as_often_as_they_should(prior):
    drawn = prior.sample(5_000, seed=1) @ K ** np.arange(L)[::-1]
    expected = np.exp(np.float64(prior.log_prob(ALL)))
    counts = np.bincount(drawn, minlength=len(ALL))
    found = stats.chisquare(counts, 5_000 * expected / expected.sum())
    assert found.pvalue > 1e-3


def test_the_next_codes_probabilities_multiply_to_the_grids(prior):
    past, chances, rows = None, np.ones(len(ALL)), np.arange(len(ALL))
    for place in range(L):
        table, past = prior.next_probabilities(ALL[:, max(place - 1, 0) : place], past)
        assert table.dtype == np.float64
        assert table.sum(axis=1) == pytest.approx(1)
        chances *= table[rows, ALL[:, place]]
    assert np.log(chances) == pytest.approx(prior.log_prob(ALL), abs=1e-5)


def test_samples_repeat_with_their_seed(prior):
    assert (prior.sample(6, seed=2) == prior.sample(6, seed=2)).all()
    assert (prior.sample(6, seed=2) != prior.sample(6, seed=3)).any()


def test_the_transformer_sums_to_1_for_each_class(transformer):
    one, other = (
        np.exp(transformer.log_prob(ALL, np.full(len(ALL), label))) for label in (0, 1)
    )
    assert one.sum() == pytest.approx(1, abs=1e-5)
    assert other.sum() == pytest.approx(1, abs=1e-5)
    assert np.abs(one - other).max() > 1e-3


def test_counts_are_those_of_a_pencil():
    grids = [[0, 2], [0, 1], [1, 1]]
    assert counted_prior(grids, 3).probabilities == pytest.approx(
        np.array([[3, 2, 1], [1, 3, 2]]) / 6
    )
    shared = counted_prior(grids, 3, by_place=False).probabilities
    assert shared == pytest.approx(np.array([[3, 4, 2]] * 2) / 9)


def test_counting_within_a_class_is_counting_that_class_alone():
    random = np.random.default_rng(0)
    grids, labels = random.integers(K, size=[40, L]), random.integers(2, size=40)
    alone = counted_prior(grids[labels == 1], K)
    by_hand = [
        [(np.sum((labels == 1) & (grids[:, place] == code)) + 1) for code in range(K)]
        for place in range(L)
    ]
    by_hand = np.array(by_hand) / (np.sum(labels == 1) + K)
    assert alone.probabilities == pytest.approx(by_hand)


@FEW
@given(st.integers(0, len(ALL) - 1), st.integers(0, L - 1), st.integers(1, K - 1))
def test_a_code_is_not_known_before_it_comes(transformer, number, place, change):
    row = transformer.rows(ALL[number : number + 1])
    other = row.copy()
    other[0, 1 + place] = (other[0, 1 + place] + change) % K
    before, after = (transformer(rows[:, :-1])[0].numpy()[0] for rows in (row, other))
    assert np.array_equal(before[: place + 1], after[: place + 1])
    later = np.abs(before[place + 1 :] - after[place + 1 :])
    assert (later.max(axis=-1) > 1e-6).all()


def test_attention_is_a_weighted_mean_of_what_came_before():
    random = np.random.default_rng(0)
    queries, keys, values = random.standard_normal([3, 2, 5, 4])
    expected = np.empty([2, 3, 4])
    for one, asked in np.ndindex(2, 3):
        place = asked + 2  # the last three of five places ask
        weights = [
            np.exp(queries[one, place] @ keys[one, seen] / 2)
            for seen in range(place + 1)
        ]
        means = sum(
            weight * values[one, seen] for seen, weight in enumerate(weights)
        ) / sum(weights)
        expected[one, asked] = means
    found = attend(tf.constant(queries[:, 2:]), tf.constant(keys), tf.constant(values))
    assert found.numpy() == pytest.approx(expected, abs=1e-6)


def test_what_is_kept_gives_the_same_logits_as_reading_anew(transformer):
    rows = transformer.rows(ALL[40:45], np.array([0, 1, 2, 0, 1]))[:, :-1]
    whole, _ = transformer(rows)
    past, found = None, []
    for start, end in ((0, 1), (1, 3), (3, 4)):
        logits, past = transformer(rows[:, start:end], past)
        found.append(logits.numpy())
    assert np.concatenate(found, axis=1) == pytest.approx(whole.numpy(), abs=1e-5)


def test_what_is_given_stays_and_the_rest_follows_from_it(transformer):
    drawn = transformer.sample(4_000, seed=1, label=1, given=[2, 0])
    assert (drawn[:, :2] == [2, 0]).all()
    rest = ALL[(ALL[:, :2] == [2, 0]).all(axis=1)]
    expected = np.exp(np.float64(transformer.log_prob(rest, np.full(len(rest), 1))))
    counts = [(drawn == grid).all(axis=1).sum() for grid in rest]
    found = stats.chisquare(counts, 4_000 * expected / expected.sum())
    assert found.pvalue > 1e-3


def test_temperature_divides_the_logits(transformer):
    logits = transformer(transformer.rows(ALL[:1])[:, :1])[0].numpy()[0, 0]
    first = transformer.sample(5_000, temperature=0.5)[:, 0]
    expected = np.exp(2 * np.float64(logits))
    counts = np.bincount(first, minlength=K)
    found = stats.chisquare(counts, 5_000 * expected / expected.sum())
    assert found.pvalue > 1e-3
    with pytest.raises(LessonError, match="temperature is 0"):
        transformer.sample(1, temperature=0)


def test_training_finds_what_counting_finds():
    random = np.random.default_rng(0)
    chances = np.array([[0.8, 0.1, 0.1], [0.1, 0.6, 0.3]] * 2)
    grids = CountedPrior(chances).sample(800, seed=0)
    recipe = replace(TINY, epochs=6, batch_size=20, dropout=0.0, learning_rate=3e-3)
    training = Training(recipe)
    rows = training.model.rows(grids, random.integers(3, size=800))
    for _ in training.steps(rows, 240):
        pass
    counted = -counted_prior(grids, K).log_prob(grids).mean()
    assert evaluate(training.model, rows).nats == pytest.approx(counted, abs=0.05)


GLYPHS = load_glyphs(96, seed=0)
SMALL_GRID = GridRecipe(
    num_codes=5, halvings=4, base_depth=2, neck_depth=4, code_size=3
).build((28, 28, 1), seed=0)


@pytest.fixture(scope="module")
def trained():
    told = []
    recipe = replace(TINY, batch_size=32, epochs=2, shift=1)
    prior = train_prior(
        SMALL_GRID, GLYPHS, recipe, seed=1, report=lambda *step: told.append(step)
    )
    return prior, told


def test_a_prior_takes_its_sizes_from_the_model_and_the_letters(trained):
    prior, told = trained
    recipe = prior.recipe
    assert (recipe.num_codes, recipe.latent_size, recipe.num_labels) == (5, 4, 10)
    train = len(GLYPHS.train_images)
    assert [step for step, _ in told] == [*range(1, 2 * (9 * train // 32) + 1)]


def test_shifted_letters_are_those_of_scipy():
    images = np.random.default_rng(0).random([3, 6, 5, 2]).astype(np.float32)
    moved = shifted(images, far=2)
    ways = itertools.product([2, 1, 0, -1, -2], repeat=2)
    expected = [ndimage.shift(images, [0, *way, 0], order=0) for way in ways]
    np.testing.assert_array_equal(moved, np.concatenate(expected))


@pytest.mark.parametrize("drop_label", [0.0, 1.0])
def test_a_dropped_label_is_no_label(transformer, drop_label, monkeypatch):
    still = replace(TINY, dropout=0.0, drop_label=drop_label)
    monkeypatch.setattr(transformer, "recipe", still)
    dry = transformer.nats
    monkeypatch.setattr(transformer, "nats", lambda rows, training=False: dry(rows))
    labels = np.arange(len(ALL)) % 2
    loss, _ = transformer.losses(transformer.rows(ALL, labels), tf.constant([0, 1]))
    known = transformer.log_prob(ALL, None if drop_label else labels)
    assert float(loss.total) == pytest.approx(-known.mean(), abs=1e-4)


def test_half_of_the_labels_are_dropped(transformer, monkeypatch):
    seen = []
    monkeypatch.setattr(
        transformer,
        "nats",
        lambda rows, training: seen.append(rows) or tf.zeros([1, 1]),
    )
    monkeypatch.setattr(transformer, "recipe", replace(TINY, drop_label=0.5))
    rows = transformer.rows(np.zeros([4_000, L]), np.ones(4_000))
    transformer.losses(rows, tf.constant([0, 1]))
    assert np.mean(seen[-1][:, 0] == TINY.num_labels) == pytest.approx(0.5, abs=0.03)


def test_a_saved_prior_is_the_same_prior(trained, tmp_path):
    prior, _ = trained
    save_prior(tmp_path / "prior.npz", prior, SMALL_GRID, metrics={"nats": 1.5})
    again, manifest = load_prior(tmp_path, SMALL_GRID)
    assert manifest["metrics"] == {"nats": 1.5}
    grids = np.random.default_rng(0).integers(5, size=[7, 4])
    np.testing.assert_array_equal(again.log_prob(grids), prior.log_prob(grids))


def test_a_prior_of_another_model_is_refused(trained, tmp_path):
    save_prior(tmp_path / "prior.npz", trained[0], SMALL_GRID)
    other = SMALL_GRID.recipe.build((28, 28, 1), seed=1)
    with pytest.raises(LessonError, match="of another model"):
        load_prior(tmp_path, other)


@pytest.mark.parametrize("damage", ["{}", "[]", '{"hyperparameters": {"width": 0}}'])
def test_a_damaged_manifest_is_refused(trained, tmp_path, damage):
    save_prior(tmp_path / "prior.npz", trained[0], SMALL_GRID)
    (tmp_path / "prior.json").write_text(damage)
    with pytest.raises(LessonError, match="no manifest of a prior"):
        load_prior(tmp_path)


def test_an_unknown_prior_is_refused(tmp_path):
    with pytest.raises(LessonError, match="is no trained prior, expected one of"):
        load_prior(tmp_path / "nothing")


def test_64_letters_are_written_in_a_moment():
    prior, _ = load_prior("grid")
    prior.sample(1)  # compiles
    began = time.process_time()
    codes = prior.sample(64)
    assert time.process_time() - began < 15  # some 3 on an idle machine
    assert codes.shape == (64, 49)
