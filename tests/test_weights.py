"""The weights that come with the package are what their manifests say."""

import csv
import json
import runpy
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from vqvae_lesson.comparison import COMPARED, binarize
from vqvae_lesson.data import load_kmnist, load_letters
from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import PICTURES_AT, RECORDS, load_record
from vqvae_lesson.limits import code_cost, code_shares
from vqvae_lesson.metrics import choose, evaluate, perplexity
from vqvae_lesson.prior import counted_prior
from vqvae_lesson.recipes import (
    METHODS,
    RECIPES,
    GridRecipe,
    PhotographRecipe,
    SpeechRecipe,
)
from vqvae_lesson.runs.checkpoints import WEIGHTS, load_trained, read_manifest
from vqvae_lesson.runs.files import read_json
from vqvae_lesson.runs.priors import load_prior
from vqvae_lesson.vae import likelihood_nats

ROOT = Path(__file__).parent.parent
NAMES = sorted(path.stem for path in WEIGHTS.glob("*.npz"))
SPOKEN = [name for name in NAMES if isinstance(RECIPES[name], SpeechRecipe)]
PHOTOGRAPHS = [name for name in NAMES if isinstance(RECIPES[name], PhotographRecipe)]
LETTERS = [name for name in NAMES if name not in (*SPOKEN, *PHOTOGRAPHS)]
WITH_CODES = [name for name in LETTERS if hasattr(RECIPES[name], "num_codes")]
GRIDS = [name for name in WITH_CODES if isinstance(RECIPES[name], GridRecipe)]
ONE_CODE = [name for name in WITH_CODES if name not in GRIDS]
VAES = [name for name in LETTERS if name not in WITH_CODES]
LIVE = ["small", *(f"grid-{name}" for name in METHODS)]  # trained by chapters, small


# No test changes a model: each is loaded once, and what takes long measured once.
load_trained = cache(load_trained)


@cache
def measure(name, version):
    """Measure a model on the letters held out, of one version."""
    images = binarize(load_kmnist().held_out_images, version)
    return evaluate(load_trained(name)[0], images)


@cache
def shares(name):
    """How often the letters to train on choose each code of a model."""
    return code_shares(load_trained(name)[0], load_kmnist().train_images)


def test_every_recipe_has_weights_and_every_weight_a_recipe():
    assert sorted(RECIPES) == sorted([*NAMES, *LIVE])


@pytest.mark.parametrize("name", WITH_CODES)
def test_manifest_tells_the_metrics_of_its_weights(name, kmnist):
    _, manifest = load_trained(name)
    assert manifest["data"]["sha256"] == kmnist.digest
    measured = measure(name, "grey")
    recorded = manifest["metrics"]
    assert measured.nll == pytest.approx(recorded["held_out_nll"], abs=0.05)
    assert abs(measured.codes_in_use - recorded["held_out_codes_in_use"]) <= 1
    assert measured.perplexity == pytest.approx(
        recorded["held_out_perplexity"], abs=0.1
    )


@pytest.mark.parametrize("name", SPOKEN)
def test_manifest_tells_the_metrics_of_speech(name):
    model, manifest = load_trained(name)
    letters = load_letters("speech")
    assert manifest["data"]["sha256"] == letters.digest
    measured, recorded = evaluate(model, letters.held_out_images), manifest["metrics"]
    # Per utterance of 5,120 numbers.
    assert measured.nll == pytest.approx(recorded["held_out_nll"], abs=5)
    assert measured.codes_in_use == recorded["held_out_codes_in_use"]
    assert measured.perplexity == pytest.approx(
        recorded["held_out_perplexity"], abs=0.1
    )


@pytest.mark.parametrize("name", VAES)
def test_manifest_tells_the_metrics_of_a_vae(name, kmnist):
    _, manifest = load_trained(name)
    assert manifest["data"]["sha256"] == kmnist.digest
    measured = measure(name, "grey")
    for part, value in measured._asdict().items():
        assert manifest["metrics"][f"held_out_{part}"] == pytest.approx(value, abs=0.3)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_manifest_tells_the_metrics_of_photographs(name):
    model, manifest = load_trained(name)
    crops = load_letters("photographs")
    assert manifest["data"]["sha256"] == crops.digest
    assert manifest["data"]["name"] == "photographs"
    measured = evaluate(model, crops.held_out_images)
    for part, value in measured._asdict().items():
        assert manifest["metrics"][f"held_out_{part}"] == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_manifest_names_recipe_seed_and_steps(name):
    recipe, manifest = read_manifest(WEIGHTS / f"{name}.json")
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
TABLES = {
    *("comparison", "laboratory", "reading", "judges", "looks", "splits"),
    *("grids", "priors", "written", "bytes", "photograph_bytes", "phonemes"),
    *("quantizers", "quantizers_manifest", "quantizer_settings"),
    *("quantizer_starts", "quantizer_stages", "quantizer_steps"),
    *("replicas", "replicas_copied"),
}
DRAWINGS = {"drawings", "writing"}  # pictures, and no run
FILM = "article-small"  # a small run, with pictures at every record
RECORD_NAMES = sorted({path.stem for path in RECORDS.glob("*.npz")} - DRAWINGS - {FILM})


def test_every_variant_has_a_manifest_and_if_a_letter_is_one_code_a_record():
    manifests = {path.stem for path in RECORDS.glob("*.json")} - TABLES - {FILM}
    assert manifests <= VARIANTS.keys()
    assert VARIANTS.keys() - manifests <= {"article-full"}
    one_code = [name for name in manifests if VARIANTS[name][0] in ONE_CODE]
    assert sorted(one_code) == RECORD_NAMES


@pytest.mark.parametrize(
    "name", [name for name in VARIANTS if (RECORDS / f"{name}.json").exists()]
)
def test_the_manifest_of_a_record_is_that_of_its_variant(name):
    recipe, manifest = read_manifest(RECORDS / f"{name}.json")
    base, options = VARIANTS[name]
    changes = {"seed": 0, "data": "kmnist", **options}
    assert manifest["recipe"] == base
    target = f"make train RECIPE={name}" if name in RECIPES else "make records"
    assert manifest["made_by"] == target
    assert manifest["seed"] == changes.pop("seed")
    assert manifest["data"]["name"] == changes.pop("data")
    if manifest["data"]["name"] != "kmnist-full":
        digest = load_letters(manifest["data"]["name"]).digest
        assert manifest["data"]["sha256"] == digest
    assert vars(recipe) == vars(RECIPES[base]) | changes


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


def test_the_film_ends_where_its_manifest_does(kmnist):
    told, record = json.loads((RECORDS / f"{FILM}.json").read_text()), load_record(FILM)
    assert record["steps"].tolist() == load_record("article")["steps"].tolist()
    assert record["picture_steps"].tolist() == record["steps"].tolist()
    assert record["steps"][-1] == told["steps"]
    assert told["data"] == kmnist.digest
    assert record["nll"][-1] == pytest.approx(told["metrics"]["nll"], abs=0.01)
    uses = record["uses"][-1]
    assert np.count_nonzero(uses) == told["metrics"]["codes_in_use"]
    codes = np.repeat(np.arange(64), uses)
    assert perplexity(codes, 64) == pytest.approx(
        told["metrics"]["perplexity"], abs=0.01
    )


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_manifest_are_of_the_same_run(name):
    found, expected = (
        read_manifest(folder / f"{name}.json") for folder in (WEIGHTS, RECORDS)
    )
    assert found == expected


@pytest.mark.parametrize("name", ONE_CODE)
def test_weights_and_record_are_of_the_same_run(name):
    model, _ = load_trained(name)
    norms = np.linalg.norm(model.quantizer.codebook, axis=1)
    np.testing.assert_allclose(load_record(name)["norms"][-1], norms, rtol=1e-5)
    np.testing.assert_array_equal(
        load_record(name)["counts"][-1], model.quantizer.ema_counts
    )


@pytest.mark.parametrize("name", GRIDS)
def test_the_first_prior_of_a_grid_is_shipped_and_costs_what_its_record_says(
    name, kmnist
):
    model, manifest = load_trained(name)
    prior, told = load_prior(name, model)
    assert told["data"] == kmnist.digest
    train, held_out = (
        choose(model, images)
        for images in (kmnist.train_images, kmnist.held_out_images)
    )
    size, codes, labels = model.latent_size, model.num_codes, kmnist.held_out_labels
    expected = {
        "pixels": manifest["metrics"]["held_out_nll"],
        "codes_in_use": manifest["metrics"]["held_out_codes_in_use"],
        "uniform": size * np.log(codes),
        "frequencies": -counted_prior(train, codes, False).log_prob(held_out).mean(),
        "by_place": -counted_prior(train, codes).log_prob(held_out).mean(),
        "written": -prior.log_prob(held_out).mean(),
        "written_by_class": -prior.log_prob(held_out, labels).mean(),
    }
    assert read_json(RECORDS / "priors.json")[name][0] == pytest.approx(
        expected, abs=0.05
    )
    for kind in ("written", "written_by_class"):
        metric = told["metrics"][f"held_out_nats{kind.removeprefix('written')}"]
        assert metric == pytest.approx(expected[kind], abs=0.05)


@pytest.mark.parametrize("name", GRIDS)
def test_every_seed_of_a_grid_has_its_prior_measured(name):
    runs = read_json(RECORDS / "priors.json")[name]
    for seed, run in enumerate(runs):
        record = read_json(
            RECORDS / (f"{name}-seed-{seed}.json" if seed else f"{name}.json")
        )
        assert run["pixels"] == record["metrics"]["held_out_nll"]
    assert len(runs) == 3


def test_an_unknown_record_is_told():
    with pytest.raises(LessonError, match="record is 'nobody', expected one of"):
        load_record("nobody")


# The comparison of models


@pytest.fixture(scope="module")
def comparison():
    return json.loads((RECORDS / "comparison.json").read_text())


def test_every_seed_of_every_model_is_compared(comparison):
    names = [name for seeds in COMPARED.values() for name in seeds]
    assert [*comparison] == names
    assert COMPARED.keys() == {*LETTERS} - {*GRIDS}
    assert VARIANTS.keys() >= set(names)


@pytest.mark.parametrize("version", ["grey", "threshold", "drawn"])
@pytest.mark.parametrize("name", ONE_CODE)
def test_the_comparison_holds_what_the_weights_cost(name, version, comparison, kmnist):
    model, _ = load_trained(name)
    images = binarize(kmnist.held_out_images, version)
    found = code_cost(model, images, shares(name))
    for part, value in comparison[name][version].items():
        assert value == pytest.approx(getattr(found, part), abs=0.05)


@pytest.mark.parametrize("version", ["grey", "threshold", "drawn"])
@pytest.mark.parametrize("name", VAES)
def test_the_comparison_holds_what_a_vae_costs(name, version, comparison, kmnist):
    """The whole set for the bound; for the likelihood its distance, on some letters."""
    model, cost = load_trained(name)[0], comparison[name][version]
    found = measure(name, version)
    assert cost["bound"] == pytest.approx(found.negative_elbo, abs=0.3)
    assert cost["price"] == pytest.approx(found.kl, abs=0.1)
    some = binarize(kmnist.held_out_images, version)[:50]
    gap = evaluate(model, some).negative_elbo - likelihood_nats(model, some)
    assert cost["bound"] - cost["likelihood"] == pytest.approx(gap, abs=1.5)


@pytest.mark.parametrize(
    "name", [name for seeds in COMPARED.values() for name in seeds]
)
def test_the_comparison_agrees_with_the_end_of_each_training(name, comparison):
    metrics = read_manifest(RECORDS / f"{name}.json")[1]["metrics"]
    measured = metrics.get("held_out_nll", metrics.get("held_out_reconstruction"))
    assert comparison[name]["grey"]["reconstruction"] == pytest.approx(
        measured, abs=0.3
    )
