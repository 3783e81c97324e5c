from dataclasses import asdict, replace

import numpy as np
import pytest

from vqvae_lesson.data import load_glyphs
from vqvae_lesson.grid import grid_shape
from vqvae_lesson.laboratory import (
    CUT,
    GRIDS,
    MEASURES,
    NECKS,
    SEEDS,
    THREE,
    experiments,
    load_laboratory,
    run_experiment,
    small_grid,
    small_neck,
    small_recipe,
)
from vqvae_lesson.recipes import RECIPES
from vqvae_lesson.training import Training


def test_all_measures_together_are_the_healthy_recipe():
    assert small_recipe(*MEASURES) == RECIPES["small"]
    sizes = {"base_depth": 32, "epochs": 20}
    assert replace(RECIPES["small"], **sizes) == RECIPES["healthy"]
    assert replace(small_recipe(), **sizes) == RECIPES["article"]


def test_an_experiment_differs_from_its_neighbour_in_one_measure():
    found = experiments()
    for one, changes in MEASURES.items():
        without = asdict(found[f"all without {one}"]).items()
        assert dict(asdict(found["all"]).items() - without) == changes
        alone = asdict(found[f"{one} alone"]).items()
        assert dict(alone - asdict(found["none"]).items()) == changes
        if one not in THREE:
            more = asdict(found[f"three and {one}"]).items()
            assert dict(more - asdict(found["three"]).items()) == changes


@pytest.mark.parametrize(
    ("length", "epochs", "count"), [("short", 4, 1 + len(MEASURES)), ("long", 20, 2)]
)
def test_a_short_or_long_experiment_differs_in_its_epochs_alone(length, epochs, count):
    found = experiments()
    names = [name for name in found if name.endswith(f", {length}")]
    assert len(names) == count
    for name in names:
        whole = asdict(found[name.removesuffix(f", {length}")])
        assert asdict(found[name]) == {**whole, "epochs": epochs}


def test_an_experiment_that_is_cut_is_the_whole_one_up_to_there():
    found = experiments()
    assert CUT.keys() <= found.keys()
    assert found["all, cut"] == found["all"]
    letters = load_glyphs(54)
    recipe = replace(found["all"], base_depth=2, batch_size=8, epochs=2)
    recipe = replace(recipe, num_codes=4, warm_up_steps=2)
    model, _ = run_experiment(recipe, 1, letters, steps=4)
    whole = Training(recipe, seed=1)
    for _ in whole.steps(letters.train_images, 4):
        pass
    for one, other in zip(model.weights, whole.model.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert whole.step < 2 * (len(letters.train_images) // 8)


def neck_and_latents(name):
    """Take what the last convolution, and the encoder, say of strongly lit noise."""
    model = replace(experiments()[name], base_depth=2).build((8, 8, 1), 3)
    outputs = np.random.default_rng(0).uniform(0, 100, size=[60, 8, 8, 1])
    for layer in model.encoder.layers[:5]:
        outputs = layer(outputs)
    neck = outputs
    for layer in model.encoder.layers[5:]:
        outputs = layer(outputs)
    latents = outputs.numpy()[:, 0].astype("float64")
    return neck.numpy(), latents - latents.mean(axis=0)


@pytest.mark.parametrize(
    ("name", "filters", "elu", "directions"),
    [
        ("all without wide neck", 4, True, 4),
        ("all, neck 4 linear", 4, False, 4),
        ("all, neck 64, then 4", 64, True, 4),
        ("all, neck 64, then 16", 64, True, 16),
        ("all", 64, True, 16),
    ],
)
def test_a_neck_has_its_filters_its_bend_and_its_directions(
    name, filters, elu, directions
):
    neck, latents = neck_and_latents(name)
    assert neck.shape[-1] == filters
    assert (neck.min() >= -1) == elu
    sizes = np.linalg.svd(latents, compute_uv=False)
    assert np.count_nonzero(sizes > 1e-4 * sizes[0]) == directions


@pytest.mark.parametrize("neck", NECKS)
def test_all_other_layers_begin_alike_whatever_the_neck(neck):
    recipes = small_neck(small_recipe(), neck), small_recipe("wide neck")
    models = [replace(one, base_depth=2).build((8, 8, 1), 3) for one in recipes]
    before, after = ([*model.encoder.weights[:8]] for model in models)
    before += models[0].decoder.weights
    after += models[1].decoder.weights
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    trained = {id(weight) for weight in models[0].trainable_variables}
    assert trained >= {id(weight) for weight in models[0].encoder.weights}


def test_the_laboratory_holds_every_experiment_at_every_seed():
    found = load_laboratory()
    assert [*found] == [*experiments()]
    for runs in found.values():
        assert len(runs) == len(SEEDS)
        assert all(np.isfinite([*run.values()]).all() for run in runs)


@pytest.mark.parametrize(
    "name", ["three and revival", "neck 64, then 4 alone", "rival 4"]
)
def test_an_experiment_runs_to_its_end_and_is_measured(name):
    letters = load_glyphs(54)
    letters = replace(
        letters,
        train_images=letters.train_images[:, 8:16, 8:16],
        held_out_images=letters.held_out_images[:, 8:16, 8:16],
    )
    recipe = replace(experiments()[name], base_depth=2, batch_size=8, epochs=1)
    if hasattr(recipe, "num_codes"):
        recipe = replace(recipe, num_codes=4, warm_up_steps=2)
    model, metrics = run_experiment(recipe, 1, letters)
    assert model.recipe == recipe
    assert np.isfinite(metrics).all()


def test_a_small_grid_differs_from_the_small_recipe_in_its_grid_alone():
    for name, (halvings, num_codes) in GRIDS.items():
        numbers = asdict(small_grid(halvings, num_codes))
        assert numbers.pop("halvings") == halvings
        assert numbers == {**asdict(RECIPES["small"]), "num_codes": num_codes}
        rows, columns = grid_shape((28, 28, 1), halvings)
        assert name == f"{rows}x{columns}, {num_codes}"
