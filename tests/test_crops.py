"""Squares cut out of photographs."""

import numpy as np
import pytest

from tests.refusals import refused
from tests.test_own_images import linux, share_of_the_room
from vqvae_lesson.crops import (
    PHOTOGRAPHS,
    random_crops,
    sample_photograph,
    split_crops,
    train_part,
    vary,
)
from vqvae_lesson.data import load_crops, load_letters


def numbered(height, width, first=0):
    """A photograph whose numbers are all different: each says where it is from."""
    numbers = first + np.arange(height * width * 3)
    return numbers.reshape(height, width, 3)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_both_photographs_are_at_hand(name):
    photograph = sample_photograph(name)
    assert photograph.shape == (427, 640, 3)
    assert photograph.dtype == np.uint8
    assert photograph.flags.writeable


def test_an_unknown_photograph_is_told():
    message = refused(sample_photograph, "moon")
    assert "'moon', expected one of ['china', 'flower']" in message


def test_left_and_right_are_the_photograph():
    left, right = train_part(numbered(5, 10))
    assert left.shape == (5, 7, 3)
    assert np.array_equal(np.concatenate([left, right], axis=1), numbered(5, 10))


def test_crops_are_squares_of_the_photograph_from_everywhere():
    photograph = numbered(9, 12)
    crops = random_crops(photograph, count=500, side=4, seed=1)
    seen = set()
    for crop in crops:
        row, column = divmod(int(crop[0, 0, 0]) // 3, 12)
        seen.add((row, column))
        expected = photograph[row : row + 4, column : column + 4]
        assert np.array_equal(crop, expected)
    assert seen == set(np.ndindex(6, 9))


def test_the_seed_fixes_the_crops():
    photograph = numbered(50, 50)
    one, same, other = (random_crops(photograph, 5, 8, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("count", "side"), [(0, 4), (1, 0), (1, 10)])
def test_squares_that_do_not_fit_are_refused(count, side):
    message = refused(random_crops, numbered(9, 12), count, side)
    assert "of 1 to 9 pixels: the photograph is 9 x 12" in message


def test_the_whole_height_may_be_taken():
    assert random_crops(numbered(9, 12), 3, 9).shape == (3, 9, 9, 3)


def test_varied_crops_are_mirrored_or_not_in_every_order_of_colours():
    crops = np.tile(numbered(2, 2), [2_000, 1, 1, 1])
    kinds = {crop.tobytes() for crop in vary(crops)}
    expected = {
        image[..., order].tobytes()
        for image in (numbered(2, 2), numbered(2, 2)[:, ::-1])
        for order in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0])
    }
    assert kinds == expected


def test_nothing_held_out_is_trained_on_and_all_photographs_are():
    first, second = numbered(20, 30), numbered(12, 40, first=10_000)
    train, held_out, sources = split_crops([first, second], 6, 300, 101)
    assert train.shape == (300, 6, 6, 3)
    assert held_out.shape == (101, 6, 6, 3)
    assert not {*train.ravel()} & {*held_out.ravel()}
    assert np.count_nonzero(train.min(axis=(1, 2, 3)) >= 10_000) == 150
    assert np.array_equal(held_out.min(axis=(1, 2, 3)) >= 10_000, sources)
    parts = [train_part(first)[1], train_part(second)[1]]
    assert {*held_out.ravel()} <= {*parts[0].ravel(), *parts[1].ravel()}


def test_photographs_load_by_name_and_by_path(tmp_path):
    crops = load_letters("photographs")
    assert crops.train_images.shape == (8_000, 32, 32, 3)
    assert crops.held_out_images.shape == (1_000, 32, 32, 3)
    pixels = np.random.default_rng(0).integers(256, size=[2, 40, 30], dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=pixels)
    own = load_letters(tmp_path / "own.npz", crop=8)
    assert own.train_images.shape == (8_000, 8, 8, 1)
    assert {*own.held_out_labels} == {0, 1}


def test_a_photograph_whose_right_part_has_no_room_is_named(tmp_path):
    images = np.zeros([2, 40, 60, 3], np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    message = refused(load_crops, str(tmp_path / "own.npz"), 32)
    assert "photograph 1 of 2" in message
    assert "40 x 60" in message
    assert load_crops(str(tmp_path / "own.npz"), 18).train_images.shape[1] == 18


def test_squares_that_would_take_more_than_a_gigabyte_are_refused_uncut(
    tmp_path, monkeypatch
):
    np.savez(tmp_path / "own.npz", images=np.zeros([1, 100, 400, 3], np.uint8))
    monkeypatch.setattr("vqvae_lesson.data.split_crops", lambda *_: pytest.fail("cut"))
    message = refused(load_crops, str(tmp_path / "own.npz"), 79)
    assert "9,000 crops of 79 x 79 pixels" in message
    assert "would take 1.0 GB, expected at most 1 GB: take a smaller --crop" in message
    with pytest.raises(pytest.fail.Exception, match="cut"):
        load_crops(str(tmp_path / "own.npz"), 78)


@linux
def test_the_largest_squares_that_are_cut_fit_into_the_room(tmp_path):
    image = np.random.default_rng(0).integers(256, size=[1, 60, 200, 3], dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=image)
    # A fifth of the room: 6 bytes for each of 9,000 x 35 x 35 x 3 numbers.
    load = "assert len(load_crops(sys.argv[1], 35).train_images) == 8_000"
    assert 0.7 < share_of_the_room(tmp_path / "own.npz", "data", load) < 1
