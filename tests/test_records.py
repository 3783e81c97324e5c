"""What `make records` has left to do, and how long it says that it takes."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz import manifest
from vqvae_lesson.data import Letters
from vqvae_lesson.health import RECORDS
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.runs.files import write_json

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import small_networks
import train_records


@pytest.fixture
def folders(tmp_path):
    """Stored records whose step takes half a second, and no run yet."""
    runs, records = tmp_path / "runs", tmp_path / "records"
    for name in ("article", "healthy", "short"):
        records.mkdir(exist_ok=True)
        write_json(records / f"{name}.json", {"steps": 100, "seconds": 50.0})
    return runs, records


def begin(runs, name, **progress):
    (runs / name).mkdir(parents=True)
    made = manifest()
    write_json(runs / name / "manifest.json", made)
    origin = {"run": made["run"], "data": made["data"]["sha256"], "metrics": {}}
    text = json.dumps({**origin, **progress})
    np.savez(runs / name / "checkpoint.npz", progress=np.array(text))


def test_a_variant_not_begun_takes_all_its_steps_at_the_stored_pace(folders):
    assert train_records.plan(["article", "short"], *folders) == [
        ("article", 2_500, 1_250.0),
        ("short", 1_000, 500.0),
    ]


def test_a_variant_without_a_record_goes_at_the_pace_of_its_recipe(folders):
    (task,) = train_records.plan(["article-long"], *folders)
    assert task == ("article-long", 18_750, 9_375.0)


def test_the_full_set_has_the_steps_of_the_article(folders):
    (task,) = train_records.plan(["article-full"], *folders)
    assert task.steps == 18_740


def test_a_finished_run_is_not_planned_and_a_broken_one_to_its_end(folders):
    begin(folders[0], "article", steps=2_500, seconds=1_250.0)
    begin(folders[0], "short", steps=400, seconds=200.0)
    assert train_records.plan(["article", "short"], *folders) == [("short", 600, 300.0)]


def test_runs_of_this_machine_correct_the_stored_pace(folders):
    begin(folders[0], "article", steps=100, seconds=100.0)
    (_, steps, seconds) = train_records.plan(["article", "healthy"], *folders)[1]
    assert (steps, seconds) == (2_500, 2_500.0)


def test_a_run_that_was_stopped_before_its_first_step_is_planned_whole(folders):
    begin(folders[0], "article", steps=0, seconds=0.0)
    assert train_records.plan(["article"], *folders)[0].steps == 2_500


def test_small_models_are_missing_by_seed(tmp_path):
    names = train_records.SMALL["reading"]
    assert len(train_records.missing("reading", tmp_path)) == 3 * len(names)
    found = {name: [{}, {}, {}] for name in names} | {"all": [{}], "none": []}
    write_json(tmp_path / "reading.json", found)
    left = train_records.missing("reading", tmp_path)
    assert sorted(left) == [
        ("all", 1),
        ("all", 2),
        ("none", 0),
        ("none", 1),
        ("none", 2),
    ]


def test_every_stored_run_can_be_planned():
    stored = {path.stem for path in RECORDS.glob("*.npz")}
    others = {"drawings", "writing", "article-small"}  # no runs; one of `make film`
    assert stored - others <= train_records.VARIANTS.keys()


def test_the_full_set_is_left_out_in_one_line_where_it_is_not(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("KMNIST_DIR", str(tmp_path))
    monkeypatch.setattr(train_records.pooch, "os_cache", lambda name: tmp_path)
    train_records.main(["article-full", "article"], only_plan=True)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("article-full is left out")
    assert second.startswith("article:") or "small models" in second


def test_the_full_set_is_planned_where_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KMNIST_DIR", str(tmp_path))
    monkeypatch.setattr(train_records.pooch, "os_cache", lambda name: tmp_path / "no")
    for name in train_records.KMNIST_FILES:
        (tmp_path / name).touch()
    train_records.main(["article-full"], only_plan=True)
    assert "article-full: 18,740 steps" in capsys.readouterr().out


@pytest.mark.parametrize("name", train_records.VARIANTS)
def test_the_command_line_takes_the_options_of_a_variant(name):
    from click.testing import CliRunner

    from vqvae_lesson.__main__ import cli

    base, options = train_records.VARIANTS[name]
    command = ["train", "--recipe", base, *train_records.as_options(options)]
    result = CliRunner().invoke(cli, [*command, "--data", "nowhere.npz"])
    assert "nowhere.npz is neither" in str(result.exception)


def test_the_plan_ends_with_its_assumption():
    tasks = [train_records.Task("article", 7_200, 7_200.0)]
    first, *_, last = train_records.describe(tasks).splitlines()
    assert first == "article: 7,200 steps, 120 min"
    assert "if this machine is as fast as" in last


def test_a_small_network_is_trained_once_for_all_records(tmp_path, monkeypatch):
    images = np.random.default_rng(0).random([8, 8, 8, 1], dtype=np.float32)
    labels = np.zeros(8, int)
    letters = Letters("some", images, labels, images, labels)
    tiny = {"base_depth": 2, "num_codes": 4, "batch_size": 4, "epochs": 1}
    recipe = find_recipe("article", **tiny)
    monkeypatch.setattr(small_networks, "FOLDER", tmp_path)
    first = small_networks.small_network(recipe, 1, letters)
    monkeypatch.delattr(small_networks, "run_experiment")
    second = small_networks.small_network(recipe, 1, letters)
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(NameError):  # another seed is another network
        small_networks.small_network(recipe, 2, letters)
