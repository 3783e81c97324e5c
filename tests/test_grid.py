"""Latent grids: shapes at every number of halvings, and what one code can reach."""

from dataclasses import replace

import numpy as np
import pytest

from vqvae_lesson.grid import (
    build_grid_decoder,
    build_grid_encoder,
    grid_shape,
    missing_pixels,
)
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
