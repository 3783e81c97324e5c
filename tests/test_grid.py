"""Latent grids: shapes at every number of halvings, and what one code can reach."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from vqvae_lesson.errors import LessonError
from vqvae_lesson.grid import (
    build_grid_decoder,
    build_grid_encoder,
    changes,
    exchange,
    field,
    grid_shape,
    load_grids,
    mean_windows,
    missing_pixels,
    shares_within,
    way,
    windows,
)
from vqvae_lesson.laboratory import GRIDS, SEEDS
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import GridRecipe
from vqvae_lesson.training import Training

SMALL = GridRecipe(num_codes=5, code_size=3, base_depth=2, neck_depth=4)
SIDES = {1: 14, 2: 7, 3: 4, 4: 2, 5: 1}


def images(count=3, shape=(28, 28, 1), seed=0):
    return np.random.default_rng(seed).random([count, *shape], np.float32)


@pytest.mark.parametrize("halvings", SIDES)
def test_each_halving_leaves_a_quarter_of_the_latents(halvings):
    sizes = ((28, 28, 1), halvings, 3, 2)
    latents = build_grid_encoder(*sizes, neck_depth=4)(images())
    assert latents.shape == (3, SIDES[halvings] ** 2, 3)
    assert build_grid_decoder(*sizes)(latents).shape == (3, 28, 28, 1)


@pytest.mark.parametrize("shape", [(28, 28, 1), (9, 30, 2), (1, 1, 1), (32, 64, 3)])
@pytest.mark.parametrize("halvings", [1, 2, 3])
def test_what_does_not_divide_is_filled_up_evenly(shape, halvings):
    (top, below), (left, right) = missing_pixels(shape, halvings)
    rows, columns = grid_shape(shape, halvings)
    assert (shape[0] + top + below, shape[1] + left + right) == (
        rows * 2**halvings,
        columns * 2**halvings,
    )
    assert 0 <= below - top <= 1
    assert 0 <= right - left <= 1
    assert max(top + below, left + right) < 2**halvings


def test_the_same_weights_take_images_of_another_size():
    # What stands 20 pixels around the lower letter is the same in both pictures, and
    # a latent sees no more than 16: so its codes are.
    picture = np.tile(images(1), [1, 2, 3, 1])
    part = picture[:, 8:, 8:76]
    large, small = SMALL.build((56, 84, 1)), SMALL.build((48, 68, 1), seed=1)
    small.set_weights(large.get_weights())
    codes = large.represent(picture).numpy().reshape(14, 21)
    again = small.represent(part).numpy().reshape(12, 17)
    assert len(np.unique(codes)) > 1
    assert (again[5:, 5:12] == codes[7:, 7:14]).all()


def test_a_code_is_read_from_the_pixels_around_its_place():
    encoder = build_grid_encoder((28, 28, 1), 2, 3, 2, neck_depth=4)
    one, other = images(2)
    changed = one.copy()
    changed[:4, :4] = other[:4, :4]
    moved = np.abs(encoder(changed[None]) - encoder(one[None])).max(axis=-1)
    moved = moved.reshape(7, 7) > 1e-7
    # Pencil: kernels of 5 and 5 at full size, 5 and 5 at half, 3 at a quarter reach
    # 2 + 2 + 4 + 4 + 4 = 16 pixels, four places.
    assert moved[0, 0]
    assert not moved[6].any()
    assert not moved[:, 6].any()


def test_the_decoder_turns_the_encoder_round():
    def sizes(network):
        shapes = [layer.output.shape[1:3] for layer in network.layers[:-1]]
        return list(dict.fromkeys(shape for shape in shapes if len(shape) == 2))

    encoder = build_grid_encoder((28, 28, 1), 3, 3, 2, neck_depth=4)
    decoder = build_grid_decoder((28, 28, 1), 3, 3, 2)
    assert sizes(encoder) == [(32, 32), (16, 16), (8, 8), (4, 4)]
    assert sizes(decoder)[:4] == [(4, 4), (8, 8), (16, 16), (32, 32)]


def test_one_loop_trains_a_grid_and_its_codes_start_on_latents():
    recipe = replace(
        SMALL, warm_up_steps=2, ema_start="consistent", batch_size=4, epochs=2
    )
    training = Training(recipe, (12, 12, 1))
    letters = images(12, (12, 12, 1))
    *_, last = training.steps(letters, 6)
    assert np.isfinite(last.total)
    assert training.model.latent_size == 9
    assert training.model.grid == (3, 3)
    assert last.prior == pytest.approx(9 * np.log(5), rel=1e-5)
    assert evaluate(training.model, letters).codes_in_use >= 1
    assert training.model.reconstruct(letters).shape == letters.shape
    assert training.model.sample(2).shape == (2, 12, 12, 1)


def extent(moved):
    """Rows and columns of the smallest box around what has moved."""
    return tuple(int(np.ptp(axis)) + 1 for axis in np.nonzero(moved))


@pytest.mark.parametrize("halvings", [1, 2, 3])
def test_a_field_is_as_far_as_a_change_is_felt(halvings):
    side = 12 * 2**halvings
    sizes = ((side, side, 1), halvings, 3, 2)
    encoder = build_grid_encoder(*sizes, neck_depth=4)
    decoder = build_grid_decoder(*sizes)
    rows, columns = grid_shape((side, side, 1), halvings)
    middle = rows // 2 * columns + columns // 2
    picture = tf.constant(images(1, (side, side, 1)))
    with tf.GradientTape() as tape:
        tape.watch(picture)
        latent = tf.reduce_sum(encoder(picture)[:, middle])
    felt = tape.gradient(latent, picture).numpy()[0, ..., 0] != 0
    assert extent(felt) == 2 * (field(reversed(encoder.layers)),)
    latents = np.zeros([2, rows * columns, 3], np.float32)
    latents[1, middle] = 1e3
    before, after = decoder(latents).numpy()[..., 0]
    assert extent(before != after) == 2 * (field(decoder.layers),)


@pytest.mark.parametrize(("halvings", "side"), [(2, 4), (2, 12), (3, 8), (3, 24)])
def test_a_window_shows_what_stands_around_its_place(halvings, side):
    letters = images(2, (20, 28, 2))
    (top, _), (left, _) = missing_pixels(letters.shape[1:], halvings)
    own = 2**halvings
    cut = windows(letters, halvings, side)
    rows, columns = grid_shape(letters.shape[1:], halvings)
    assert cut.shape == (2, rows * columns, side, side, 2)
    for place, (row, column) in enumerate(np.ndindex(rows, columns)):
        for y, x in [(0, 0), (side - 1, 0), (side // 2, side // 2)]:
            at = [
                own * number - missing - (side - own) // 2 + step
                for number, missing, step in ((row, top, y), (column, left, x))
            ]
            seen = 0 <= at[0] < 20 and 0 <= at[1] < 28
            expected = letters[:, at[0], at[1]] if seen else np.zeros([2, 2])
            np.testing.assert_array_equal(cut[:, place, y, x], expected)


def test_means_of_windows_are_those_of_a_loop():
    letters = images(6, (8, 12, 1))
    indices = np.random.default_rng(1).integers(4, size=[6, 6])
    found = mean_windows(letters, indices, 2, 5, side=6)
    cut = windows(letters, 2, 6)
    for code in range(4):
        chosen = [
            cut[n, place]
            for n in range(6)
            for place in range(6)
            if indices[n, place] == code
        ]
        np.testing.assert_allclose(found[code], np.mean(chosen, axis=0), atol=1e-6)
    assert not found[4].any()


def test_an_exchange_leaves_all_other_codes_and_its_argument_alone():
    indices = np.arange(12).reshape(3, 4)
    exchanged = exchange(indices, 2, [7, 8, 9])
    assert exchanged[:, 2].tolist() == [7, 8, 9]
    assert (indices == np.arange(12).reshape(3, 4)).all()
    assert (exchanged != indices).sum() == 3


@pytest.fixture(scope="module")
def striking():
    """Build a model whose codes draw plainly different things."""
    model = SMALL.build((36, 40, 1), seed=2)
    codebook = 30 * np.random.default_rng(0).standard_normal([5, 3])
    model.quantizer.codebook.assign(codebook)
    return model


def test_changes_are_those_of_each_place_by_itself(striking):
    indices = np.random.default_rng(1).integers(5, size=[3, striking.latent_size])
    found = changes(striking, indices, seed=4)
    assert found.shape == (90, 3, 36, 40)
    before = striking.decode(indices).numpy()
    for place, letter in ((0, 0), (34, 1), (89, 2)):
        possible = [
            np.abs(striking.decode(exchange(indices, place, code)) - before)
            for code in set(range(5)) - {indices[letter, place]}
        ]
        gaps = [np.abs(one[letter, ..., 0] - found[place, letter]) for one in possible]
        assert min(gap.max() for gap in gaps) < 1e-6
    assert (found.max(axis=(2, 3)) > 1e-3).all()


def test_shares_within_grow_to_1_and_are_those_of_a_loop(striking):
    indices = np.random.default_rng(1).integers(5, size=[2, striking.latent_size])
    found = changes(striking, indices)
    shares = shares_within(found, 2, [4, 12, 80])
    inside = 0
    for place, (row, column) in enumerate(np.ndindex(9, 10)):
        top, left = max(4 * row - 4, 0), max(4 * column - 4, 0)
        inside += found[place, :, top : 4 * row + 8, left : 4 * column + 8].sum()
    assert shares[1] == pytest.approx(inside / found.sum(), rel=1e-5)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_the_way_from_a_letter_to_another_exchanges_one_code_at_a_time():
    random = np.random.default_rng(0)
    start, end = random.permutation(20).reshape(2, 10)
    grids = way(start, end)
    assert (grids[0] == start).all()
    assert (grids[-1] == end).all()
    assert ((grids[1:] != grids[:-1]).sum(axis=1) == 1).all()


def test_the_record_of_grids_is_whole_and_its_prices_are_in_order():
    found = load_grids()
    assert [*found] == [*GRIDS]
    for name, runs in found.items():
        halvings, num_codes = GRIDS[name]
        latents = np.prod(grid_shape((28, 28, 1), halvings))
        assert len(runs) == len(SEEDS)
        for run in runs:
            assert run["uniform"] == pytest.approx(
                latents * np.log(num_codes), abs=1e-3
            )
            assert run["codes_in_use"] <= num_codes
            assert 1 <= run["perplexity"] <= num_codes
            assert run["by_place"] < run["frequencies"] + 0.5 < run["uniform"] + 1


@pytest.mark.parametrize(("codes", "few"), [(64, False), (392, False), (393, True)])
def test_a_grid_may_have_as_many_codes_as_the_images_have_latents(codes, few):
    recipe = GridRecipe(num_codes=codes, warm_up_steps=10, batch_size=8)
    shape = (8, 28, 28, 1)  # 8 images of 49 latents
    with pytest.raises(LessonError, match="392 latents") if few else nullcontext():
        recipe.require_letters(shape)


def test_more_codes_than_k_means_can_start_are_refused():
    many = {"num_codes": 16_385, "batch_size": 2}
    shape = 8_000, 28, 28, 1
    GridRecipe(**many, warm_up_steps=0).require_letters(shape)
    with pytest.raises(LessonError, match="at most 16384 where k-means starts them"):
        GridRecipe(**many, warm_up_steps=10).require_letters(shape)
