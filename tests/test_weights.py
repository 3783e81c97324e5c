"""The weights that come with the package are what their manifests say."""

import csv

import pytest

from vqvae_lesson.checkpoints import WEIGHTS, load_trained
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.training import RECIPES, Recipe

NAMES = sorted(path.stem for path in WEIGHTS.glob("*.npz"))


def test_every_recipe_has_weights_and_every_weight_a_recipe():
    assert sorted(RECIPES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_manifest_tells_the_metrics_of_its_weights(name, kmnist):
    model, manifest = load_trained(name)
    assert manifest["data"]["sha256"] == kmnist.digest
    measured = evaluate(model, kmnist.held_out_images)
    recorded = manifest["metrics"]
    assert measured.nll == pytest.approx(recorded["held_out_nll"], abs=0.05)
    assert abs(measured.codes_in_use - recorded["held_out_codes_in_use"]) <= 1
    assert measured.perplexity == pytest.approx(
        recorded["held_out_perplexity"], abs=0.1
    )


@pytest.mark.parametrize("name", NAMES)
def test_manifest_names_recipe_seed_and_steps(name):
    _, manifest = load_trained(name)
    recipe = Recipe(**manifest["hyperparameters"])
    assert recipe == RECIPES[name]
    assert manifest["recipe"] == name
    assert manifest["seed"] == 0
    per_epoch = manifest["data"]["train"] // recipe.batch_size
    assert manifest["steps"] == recipe.epochs * per_epoch


@pytest.mark.parametrize("name", NAMES)
def test_history_ends_where_the_manifest_does(name):
    _, manifest = load_trained(name)
    *_, last = csv.DictReader((WEIGHTS / f"{name}.csv").open())
    assert int(last["step"]) == manifest["steps"]
    for metric, value in manifest["metrics"].items():
        assert float(last[metric]) == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_a_few_megabytes(name):
    assert (WEIGHTS / f"{name}.npz").stat().st_size < 4e6
