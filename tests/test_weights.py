"""The weights that come with the package are what their manifests say."""

import csv
import runpy
from pathlib import Path

import numpy as np
import pytest

from vqvae_lesson.checkpoints import WEIGHTS, load_trained, read_manifest
from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import PICTURES_AT, RECORDS, load_record
from vqvae_lesson.metrics import evaluate, perplexity
from vqvae_lesson.training import RECIPES, Recipe

ROOT = Path(__file__).parent.parent
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


# Records of how the codes fared


VARIANTS = runpy.run_path(str(ROOT / "scripts" / "train_records.py"))["VARIANTS"]
RECORD_NAMES = sorted(path.stem for path in RECORDS.glob("*.npz"))


def test_every_variant_has_a_record_and_a_manifest():
    assert sorted(VARIANTS) == RECORD_NAMES
    assert sorted(path.stem for path in RECORDS.glob("*.json")) == RECORD_NAMES


@pytest.mark.parametrize("name", RECORD_NAMES)
def test_the_manifest_of_a_record_is_that_of_its_variant(name, kmnist):
    recipe, manifest = read_manifest(RECORDS / f"{name}.json")
    base, *options = VARIANTS[name]
    changes = dict(option.lstrip("-").split("=") for option in options)
    changes = {key.replace("-", "_"): value for key, value in changes.items()}
    assert manifest["recipe"] == base
    target = f"make train RECIPE={name}" if name in RECIPES else "make records"
    assert manifest["made_by"] == target
    assert manifest["seed"] == int(changes.pop("seed", 0))
    assert manifest["data"]["sha256"] == kmnist.digest
    for field, value in vars(recipe).items():
        expected = changes.get(field, vars(RECIPES[base])[field])
        assert str(value).lower() == str(expected).lower() or value == float(expected)


@pytest.mark.parametrize("name", RECORD_NAMES)
def test_a_record_ends_where_its_manifest_does(name):
    _, manifest = read_manifest(RECORDS / f"{name}.json")
    record, metrics = load_record(name), manifest["metrics"]
    assert record["steps"][-1] == manifest["steps"]
    assert record["nll"][-1] == pytest.approx(metrics["held_out_nll"], abs=0.01)
    uses = record["uses"][-1]
    assert uses.sum() == manifest["data"]["held_out"]
    assert np.count_nonzero(uses) == metrics["held_out_codes_in_use"]
    codes = np.repeat(np.arange(64), uses)
    assert perplexity(codes, 64) == pytest.approx(
        metrics["held_out_perplexity"], abs=0.01
    )
    assert record["norms"].shape == record["counts"].shape == record["uses"].shape
    taken = [step for step in PICTURES_AT if step <= manifest["steps"]]
    assert record["picture_steps"].tolist() == taken


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_record_are_of_the_same_run(name):
    model, manifest = load_trained(name)
    _, recorded = read_manifest(RECORDS / f"{name}.json")
    assert manifest == recorded
    norms = np.linalg.norm(model.quantizer.codebook, axis=1)
    np.testing.assert_allclose(load_record(name)["norms"][-1], norms, rtol=1e-5)
    np.testing.assert_array_equal(
        load_record(name)["counts"][-1], model.quantizer.ema_counts
    )


def test_an_unknown_record_is_told():
    with pytest.raises(LessonError, match="record is 'nobody', expected one of"):
        load_record("nobody")
