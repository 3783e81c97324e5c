import re

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import gaussian_filter
from scipy.stats import binom
from sklearn.metrics.cluster import contingency_matrix

from vqvae_lesson.classroom.source import show_source
from vqvae_lesson.data import load_glyphs
from vqvae_lesson.errors import LessonError
from vqvae_lesson.judges import (
    accuracy_with_interval,
    best_judge,
    class_purity,
    greyness,
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
    [greyness, sharpness, two_sample_test, best_judge, train_reader, class_purity],
)
def test_a_printed_source_holds_no_check_and_no_name_with_an_underscore(judge):
    source = repr(show_source(judge))
    assert source.startswith(f"def {judge.__name__}(")
    assert "raise" not in source
    assert not re.search(r"(?<!\w)_[a-z]", source)
