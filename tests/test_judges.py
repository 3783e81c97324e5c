import re
from itertools import combinations

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import gaussian_filter
from scipy.stats import binom
from sklearn.decomposition import PCA
from sklearn.metrics.cluster import contingency_matrix
from sklearn.svm import SVC

from vqvae_lesson.classroom.source import show_source
from vqvae_lesson.data import load_glyphs
from vqvae_lesson.errors import LessonError
from vqvae_lesson.judges import (
    accuracy_with_interval,
    best_judge,
    class_purity,
    closest_duel,
    greyness,
    load_judged,
    sharpness,
    train_reader,
    two_sample_test,
)


@pytest.fixture(scope="module")
def glyphs():
    return load_glyphs(1_000)


def noise(count=3, size=7, seed=0):
    return np.random.default_rng(seed).random([count, size, size, 1])


# Sharpness


def test_greyness_is_four_times_the_mean_variance_of_tossed_pixels():
    pictures = noise()
    tossed = np.random.default_rng(1).random([20_000, *pictures.shape]) < pictures
    assert greyness(pictures) == pytest.approx(4 * tossed.var(axis=0).mean(), rel=1e-2)


def test_sharpness_equals_a_loop_over_inner_pixels():
    pictures = noise(4, 6)
    each = []
    for picture in pictures[..., 0]:
        values = [
            picture[row - 1, column]
            + picture[row + 1, column]
            + picture[row, column - 1]
            + picture[row, column + 1]
            - 4 * picture[row, column]
            for row in range(1, 5)
            for column in range(1, 5)
        ]
        each.append(np.var(values))
    assert sharpness(pictures) == pytest.approx(np.mean(each), rel=1e-12)


def test_blur_makes_letters_greyer_and_less_sharp(glyphs):
    images = glyphs.held_out_images
    blurred = gaussian_filter(images, [0, 1.5, 1.5, 0])
    assert greyness(blurred) > greyness(images)
    assert sharpness(blurred) < sharpness(images) / 4


def test_a_slope_has_no_edge():
    slope = np.arange(6)[None, :, None, None] * np.ones([1, 6, 6, 1]) / 5
    assert sharpness(slope) == pytest.approx(0, abs=1e-20)


def test_all_channels_count():
    pictures = np.concatenate([noise(2, 6), np.zeros([2, 6, 6, 1])], axis=-1)
    flipped = pictures[..., ::-1]
    assert sharpness(pictures) == pytest.approx(sharpness(flipped), rel=1e-12)
    assert greyness(pictures) == pytest.approx(greyness(noise(2, 6)) / 2, rel=1e-12)


@pytest.mark.parametrize("value", [-0.1, 1.5, 255, np.nan])
def test_pictures_outside_zero_to_one_are_refused(value):
    with pytest.raises(LessonError, match=r"expected numbers in \[0, 1\]"):
        greyness(np.full([1, 4, 4, 1], value))


def test_a_picture_without_inner_pixels_has_no_sharpness():
    with pytest.raises(LessonError, match="4 or more pixels"):
        sharpness(np.zeros([1, 3, 8, 1]))


@pytest.mark.parametrize("measure", [greyness, sharpness])
@pytest.mark.parametrize("shape", [(0, 4, 4, 1), (4, 4, 1)])
def test_what_is_no_set_of_pictures_is_refused(measure, shape):
    with pytest.raises(LessonError, match=r"expected \[N, H, W, C\]"):
        measure(np.zeros(shape))


# Two samples


def test_two_halves_of_one_set_cannot_be_told_apart(glyphs):
    images = glyphs.train_images
    found = two_sample_test(images[:400], images[400:])
    assert found.low < 0.5 < found.high


def test_blurred_letters_are_told_from_sharp_ones(glyphs):
    images = glyphs.train_images
    blurred = gaussian_filter(images[400:], [0, 1.5, 1.5, 0])
    assert two_sample_test(images[:400], blurred).low > 0.95


def test_no_picture_is_both_learned_from_and_asked_about(glyphs):
    """Pictures whose side is pure chance: only memory could get them right."""
    images = glyphs.train_images
    accuracies = [
        two_sample_test(images[:400], images[400:], seed).accuracy for seed in range(6)
    ]
    assert np.mean(accuracies) == pytest.approx(0.5, abs=0.05)
    assert len(set(accuracies)) > 1


def test_the_same_seed_gives_the_same_answer(glyphs):
    images = glyphs.train_images
    first, again = (two_sample_test(images[:90], images[90:180], 1) for _ in range(2))
    assert first == again


def test_lists_and_tensors_are_judged_as_arrays_are(glyphs):
    first, second = glyphs.train_images[:40], glyphs.train_images[40:80]
    expected = two_sample_test(first, second)
    assert two_sample_test(first.tolist(), second.tolist()) == expected
    assert two_sample_test(tf.constant(first), tf.constant(second)) == expected


@pytest.mark.parametrize(("first", "second"), [(5, 6), (3, 3)])
def test_sets_that_cannot_be_compared_are_refused(first, second):
    with pytest.raises(LessonError, match="expected twice the same shape"):
        two_sample_test(noise(first), noise(second))


@pytest.mark.parametrize("hits", [0, 37, 60, 100])
def test_the_interval_leaves_out_a_fortieth_on_each_side(hits):
    share, low, high = accuracy_with_interval(hits, 100)
    assert share == hits / 100
    if hits:
        assert binom.sf(hits - 1, 100, low) == pytest.approx(0.025, rel=1e-4)
    if hits < 100:
        assert binom.cdf(hits, 100, high) == pytest.approx(0.025, rel=1e-4)
    assert (low == 0) == (hits == 0)
    assert (high == 1) == (hits == 100)


def test_the_best_judge_wins_as_often_as_a_game_says():
    random = np.random.default_rng(0)
    first, second = random.dirichlet(np.ones(6), size=2)
    side = random.integers(2, size=200_000)
    drawn = np.where(
        side,
        random.choice(6, size=len(side), p=second),
        random.choice(6, size=len(side), p=first),
    )
    guess = second[drawn] > first[drawn]
    assert best_judge(first, second) == pytest.approx(np.mean(guess == side), abs=5e-3)


# What they say


def test_the_reader_reads_letters_it_has_not_seen(glyphs):
    read = train_reader(glyphs.train_images, glyphs.train_labels)
    found = read(glyphs.held_out_images)
    assert np.mean(found == glyphs.held_out_labels) > 0.9


def duels_one_by_one(images, labels, asked):
    """Winner of most duels, and its closest: one machine trained for each pair."""
    known, new = (np.float64(part).reshape(len(part), -1) for part in (images, asked))
    parts = PCA(50, svd_solver="full").fit(known)
    known, new = parts.transform(known), parts.transform(new)
    gamma = 1 / (known.shape[1] * known.var())
    kinds = np.unique(labels)
    ahead = np.full([len(new), len(kinds), len(kinds)], np.inf)
    for one, other in combinations(range(len(kinds)), 2):
        pair = np.isin(labels, kinds[[one, other]])
        machine = SVC(C=10, gamma=gamma).fit(known[pair], labels[pair] == kinds[one])
        ahead[:, one, other] = machine.decision_function(new)
        ahead[:, other, one] = -ahead[:, one, other]
    winner = (ahead > 0).sum(axis=2).argmax(axis=1)
    return kinds[winner], ahead[np.arange(len(new)), winner].min(axis=1)


@pytest.mark.parametrize("kinds", [2, 4, 10])
def test_the_margin_is_the_closest_duel_of_the_label_that_was_read(glyphs, kinds):
    some = glyphs.train_labels < kinds
    images, labels = glyphs.train_images[some][:300], glyphs.train_labels[some][:300]
    asked = glyphs.held_out_images[:60]
    read = train_reader(images, labels)
    winners, closest = duels_one_by_one(images, labels, asked)
    np.testing.assert_array_equal(read(asked), winners)
    # Two optimizers stop at different digits.
    np.testing.assert_allclose(read.margins(asked), closest, atol=2e-2)


def test_an_odd_label_is_a_label_too(glyphs):
    images = glyphs.train_images[:200]
    labels = glyphs.train_labels[:200].astype(int)
    one, other = train_reader(images, labels), train_reader(images, 7 * labels - 3)
    asked = glyphs.held_out_images[:20]
    np.testing.assert_array_equal(7 * one(asked) - 3, other(asked))
    np.testing.assert_allclose(one.margins(asked), other.margins(asked), atol=1e-6)


@pytest.mark.parametrize("ask", ["__call__", "margins"])
def test_a_reader_is_shown_pictures(glyphs, ask):
    read = train_reader(glyphs.train_images[:50], glyphs.train_labels[:50])
    for odd in (np.zeros([4, 4, 1]), np.full([1, 28, 28, 1], 255)):
        with pytest.raises(LessonError, match="pictures"):
            getattr(read, ask)(odd)


def test_the_stored_verdicts_hold_three_seeds_and_agree_with_each_other():
    found = load_judged()
    assert found.keys() == {"none", "all"}
    for runs in found.values():
        assert len(runs) == 3
        for run in runs:
            assert run["read_right"] <= run["ceiling"]
            assert run["by_heart"] <= run["ceiling"]
            # Without a reader's mistakes the names are at least as many, and as even.
            assert run["characters"] <= run["named_characters"] <= 10
            assert run["evenness"] < run["named_evenness"] <= 10
            assert run["random_or_made"] < run["fair_limit"] + 0.05
            assert run["even_or_made"] < run["even_limit"] + 0.03


def test_purity_is_the_share_of_the_majority():
    random = np.random.default_rng(0)
    labels, indices = random.integers(4, size=90), random.integers(6, size=(90, 1))
    purity, code_purity = class_purity(indices, labels, num_codes=8)
    table = contingency_matrix(indices.ravel(), labels)
    assert purity == pytest.approx(table.max(axis=1).sum() / 90)
    expected = table.max(axis=1) / table.sum(axis=1)
    np.testing.assert_allclose(code_purity[:6], expected)
    assert np.isnan(code_purity[6:]).all()


def test_purity_takes_labels_of_any_numbers():
    found = class_purity([0, 0, 1, 1], np.uint8([255, 255, 0, 255]), num_codes=2)
    assert found[0] == 0.75
    assert class_purity([0] * 4, [-1, -1, 2, 2], num_codes=1)[0] == 0.5


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(LessonError, match="3 indices and 1 labels"):
        class_purity([0, 0, 0], [1], num_codes=1)
    for labels in ([1, 1, 1], [1, 2]):
        with pytest.raises(LessonError, match="at least two classes"):
            train_reader(noise(), labels)


# On the page


@pytest.mark.parametrize(
    "judge",
    [
        greyness,
        sharpness,
        two_sample_test,
        best_judge,
        train_reader,
        closest_duel,
        class_purity,
    ],
)
def test_a_printed_source_holds_no_check_and_no_name_with_an_underscore(judge):
    source = repr(show_source(judge))
    assert source.startswith(f"def {judge.__name__}(")
    assert "raise" not in source
    assert not re.search(r"(?<!\w)_[a-z]", source)
