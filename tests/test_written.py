"""New letters before the judges: what is near, what is spread, what was asked for."""

import sys
from pathlib import Path

import numpy as np
import pytest

from vqvae_lesson.errors import LessonError
from vqvae_lesson.glyphs import draw_glyphs
from vqvae_lesson.judges import train_reader
from vqvae_lesson.written import (
    ASKED,
    judge_codes,
    judge_letters,
    load_written,
    nearest,
    spread,
)

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import judge_letters as script


@pytest.fixture(scope="module")
def glyphs():
    images, labels = draw_glyphs(600, seed=0)
    return np.float32(images[..., None]) / 255, labels


def test_the_nearest_picture_is_the_one_of_least_squares():
    random = np.random.default_rng(0)
    some, others = random.random([7, 3, 3, 1]), random.random([20, 3, 3, 1])
    number, distance = nearest(some, others)
    for one, found, far in zip(some, number, distance, strict=True):
        squares = [((one - other) ** 2).sum() for other in others]
        assert found == np.argmin(squares)
        assert far == pytest.approx(np.sqrt(min(squares)))


def test_the_nearest_grid_differs_in_the_fewest_places():
    random = np.random.default_rng(0)
    some, others = random.integers(3, size=[9, 6]), random.integers(3, size=[30, 6])
    _, share = nearest(some, others, "hamming")
    fewest = [min(sum(one != other) for other in others) / 6 for one in some]
    assert share == pytest.approx(fewest)
    assert nearest(others, others, "hamming")[1].max() == 0


@pytest.mark.parametrize("others", [np.zeros([2, 4]), np.zeros([0, 3])])
def test_what_cannot_be_compared_is_refused(others):
    with pytest.raises(LessonError, match=r"shapes are \[5, 3\]"):
        nearest(np.zeros([5, 3]), others)


def test_spread_looks_only_within_a_class():
    pictures = np.float64([0, 0, 5, 5, 9]).reshape(5, 1, 1, 1)
    assert spread(pictures, [0, 0, 1, 1, 2]) == 0
    assert spread(pictures, [0, 1, 0, 1, 2]) == 5


def test_copies_are_told_from_new_grids():
    random = np.random.default_rng(0)
    known = random.integers(64, size=[900, 9])
    codes = np.concatenate([known[:50], random.integers(64, size=[150, 9])])
    assert judge_codes(codes, known)["copies"] == 0.25
    others = random.integers(64, 99, size=[200, 9])
    assert judge_codes(others, known) == {"copies": 0, "nearest_codes": 1}


def test_real_letters_are_read_as_what_they_are_and_noise_is_not(glyphs):
    images, labels = glyphs
    learned, real, asked = images[:400], images[400:], labels[400:]
    read = train_reader(learned, labels[:400])
    found = judge_letters(real, learned, read, asked)
    assert found["read_as_asked"] > 0.9
    assert found["classes"] > 9
    noise = np.random.default_rng(0).random(real.shape)
    worse = judge_letters(noise, learned, read, asked)
    assert worse["read_as_asked"] < 0.5
    assert worse["sharp"] > found["sharp"]
    assert worse["nearest"] > found["nearest"] > 0
    assert "read_as_asked" not in judge_letters(noise, learned, read)


def test_a_letter_is_written_for_each_that_is_held_out():
    asked = []

    class Prior:
        def sample(self, count, seed, label, temperature):
            asked.append((seed, label, temperature))
            return np.full([count, 3], -1 if label is None else label)

    labels = np.array([1, 0, 1, 3, 1])
    codes, classes = script.write(Prior(), "written_by_class, 0.7", 2, labels)
    assert codes[:, 0].tolist() == classes.tolist()
    assert sorted(classes) == [0, 1, 1, 1, 3]
    assert {temperature for _, _, temperature in asked} == {0.7}
    assert len({*asked}) == 4


@pytest.mark.parametrize("seed", script.SEEDS)
def test_the_first_letters_that_are_judged_are_of_all_classes(seed):
    class Prior:
        def sample(self, count, seed, label, temperature):
            return np.full([count, 3], label)

    labels = np.resize(np.arange(10), script.COUNT)
    codes, classes = script.write(Prior(), "written_by_class, 1.0", seed, labels)
    first = classes[:ASKED]
    assert np.all(codes[:ASKED, 0] == first)
    assert np.bincount(first, minlength=10).min() > ASKED / 20
    again = script.write(Prior(), "written_by_class, 1.0", seed, labels)[1]
    assert np.all(again == classes)


def test_all_hands_were_judged_three_times():
    found = load_written()
    assert [*found] == [*script.NAMES]
    assert {len(verdicts) for verdicts in found.values()} == {3}
