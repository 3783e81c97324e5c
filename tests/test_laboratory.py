from dataclasses import asdict, replace

import numpy as np
import pytest

from vqvae_lesson.data import load_glyphs
from vqvae_lesson.laboratory import (
    MEASURES,
    SEEDS,
    THREE,
    experiments,
    load_laboratory,
    run_experiment,
    small_recipe,
)
from vqvae_lesson.recipes import RECIPES


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


def test_the_laboratory_holds_every_experiment_at_every_seed():
    found = load_laboratory()
    assert [*found] == [*experiments()]
    for runs in found.values():
        assert len(runs) == len(SEEDS)
        assert all(np.isfinite([*run.values()]).all() for run in runs)


@pytest.mark.parametrize("name", ["three and revival", "rival 4"])
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
