"""A run is never lost, and its files never lie."""

import csv
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.refusals import refused
from tests.test_runs import (
    LAST_STEP,
    LETTERS,
    OTHER_LETTERS,
    PER_EPOCH,
    RECIPE,
    SEED,
    contents,
    no_room,
    same_as_whole,
    stop_at,
)
from vqvae_lesson.health import CodeRecord, load_record
from vqvae_lesson.runs import files
from vqvae_lesson.runs import run as run_module
from vqvae_lesson.runs.checkpoints import find_trained, load_trained
from vqvae_lesson.runs.files import read_json, sweep, whole_file, write_json
from vqvae_lesson.runs.manifests import run_id
from vqvae_lesson.runs.run import Run


def start(folder, letters=LETTERS, recipe=RECIPE, **changes):
    return Run.start(folder, letters, recipe, **{"seed": SEED, **changes})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A recorded run never interrupted."""
    run = start(tmp_path_factory.mktemp("runs") / "whole", record=True)
    assert run.train() is True
    return run


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole.folder, tmp_path / "copy")


# Before the first checkpoint


KILLS = [1, 2, 3, 13, 15, 17, 18, 19, 20]  # calls of fsync, replace and link


@pytest.fixture(scope="module")
def as_killed(tmp_path_factory):
    """What a run's folder holds at a call that a kill keeps from being made."""
    above, calls = tmp_path_factory.mktemp("killed"), []

    def copied_before(function):
        def call(*args):
            calls.append(function.__name__)
            if len(calls) in KILLS and (above / "run").exists():
                shutil.copytree(above / "run", above / str(len(calls)))
            return function(*args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("fsync", "replace", "link"):
            patch.setattr(files.os, name, copied_before(getattr(os, name)))
        assert start(above / "run", record=True).train() is True
    assert len(calls) >= max(KILLS)
    return above


@pytest.mark.parametrize("call", KILLS)
def test_a_run_killed_at_any_write_goes_on_from_step_0_or_its_checkpoint(
    whole, as_killed, call
):
    folder = as_killed / str(call)
    began = (folder / "manifest.json").exists()
    run = Run.resume(folder, LETTERS) if began else start(folder, record=True)
    assert run.train() is True
    same_as_whole(run, whole)
    found, expected = (load_codes(one.folder) for one in (run, whole))
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def load_codes(folder):
    with np.load(folder / "codes.npz") as record:
        return dict(record)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_loss_that_is_no_number_before_the_first_checkpoint_is_no_dead_end(
    tmp_path, monkeypatch, wrong
):
    run = start(tmp_path / "run")
    step = run.training.compiled_step
    run.training.compiled_step = lambda *args: run.training.model.terms(*[wrong] * 4)
    assert "learning_rate" in refused(run.train)
    resumed = Run.resume(tmp_path / "run", LETTERS)
    assert resumed.training.step == 0
    assert resumed.train(stop_at(1)) is False
    assert step is not None


def test_a_model_that_measures_as_no_number_is_not_saved(tmp_path):
    run = start(tmp_path / "run", steps=1)
    run.training.model.decoder.weights[0].assign(
        np.full_like(run.training.model.decoder.weights[0], np.nan)
    )
    run.training.as_floats = lambda losses: type(losses)(*[1.0] * 4)
    assert "no finite number" in refused(run.train)
    assert set(contents(tmp_path / "run")) == {"manifest.json"}


def test_a_disk_full_from_the_start_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "fsync", no_room)
    assert "No space left" in refused(start, tmp_path / "above" / "run")
    assert [*tmp_path.iterdir()] == []


def test_a_folder_whose_name_is_too_long_leaves_none_above_it(tmp_path):
    assert "name another" in refused(start, tmp_path / "above" / ("x" * 300))
    assert [*tmp_path.iterdir()] == []


def test_too_few_letters_for_the_codes_are_told_before_the_warm_up(tmp_path):
    recipe = replace(RECIPE, warm_up_steps=2, num_codes=44)
    message = refused(start, tmp_path / "run", recipe=recipe)
    assert "num_codes is 44" in message
    assert "43" in message
    assert not (tmp_path / "run").exists()
    start(tmp_path / "run", recipe=replace(recipe, latent_size=2))


# One truth


def test_an_older_manifest_says_nothing_of_newer_weights(tmp_path):
    """The manifest has no numbers that a kill could leave behind the weights'."""
    run = start(tmp_path / "run", steps=PER_EPOCH)
    older = (run.folder / "manifest.json").read_bytes()
    run.train()
    newer = Run.resume(run.folder, LETTERS, steps=LAST_STEP)
    newer.train()
    (run.folder / "manifest.json").write_bytes(older)
    assert (
        not {"steps", "metrics", "seconds"}
        & read_json(run.folder / "manifest.json").keys()
    )
    _, _, manifest = find_trained(run.folder)
    assert manifest["steps"] == load_trained(run.folder)[1]["steps"] == LAST_STEP
    rows = [*csv.DictReader((run.folder / "history.csv").open())]
    nll = manifest["metrics"]["held_out_nll"]
    assert nll == pytest.approx(float(rows[-1]["held_out_nll"]), abs=1e-3)


# Files of another run


def test_runs_of_one_recipe_seed_and_data_have_one_id_and_others_another(tmp_path):
    ids = [
        start(tmp_path / "same").manifest["run"],
        start(tmp_path / "again", steps=3).manifest["run"],
        start(tmp_path / "seed", seed=SEED + 1).manifest["run"],
        start(tmp_path / "data", OTHER_LETTERS).manifest["run"],
        start(tmp_path / "decay", recipe=replace(RECIPE, decay=0.98)).manifest["run"],
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Runs of the same architecture: another seed, and other letters."""
    folder = tmp_path_factory.mktemp("others")
    runs = [
        start(folder / "seed", seed=SEED + 1, steps=2, record=True),
        start(folder / "data", OTHER_LETTERS, steps=2, record=True),
    ]
    for run in runs:
        run.train()
    return [run.folder for run in runs]


@pytest.mark.parametrize("name", ["checkpoint.npz", "codes.npz"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_file_of_another_run_is_refused(copy, others, name, number):
    shutil.copy(others[number] / name, copy)
    before = contents(copy)
    message = refused(Run.resume, copy, LETTERS)
    assert name in message
    assert read_json(others[number] / "manifest.json")["run"] in message
    assert read_json(copy / "manifest.json")["run"] in message
    if name == "checkpoint.npz":
        assert name in refused(load_trained, copy)
        assert name in refused(find_trained, copy)
    assert contents(copy) == before


def test_a_history_of_another_run_is_not_read(copy, others, whole):
    shutil.copy(others[0] / "history.csv", copy)
    Run.resume(copy, LETTERS)
    name = "history.csv"
    assert (copy / name).read_bytes() == (whole.folder / name).read_bytes()


def test_a_manifest_changed_by_hand_is_refused(copy):
    manifest = read_json(copy / "manifest.json")
    manifest["hyperparameters"]["decay"] = 0.5
    write_json(copy / "manifest.json", manifest)
    assert "no usable run" in refused(Run.resume, copy, LETTERS)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The folder of a recorded run stopped at step 3."""
    run = start(tmp_path_factory.mktemp("recorded") / "run", record=True)
    assert read_json(run.folder / "manifest.json")["record"] is True
    assert run.train(stop_at(3)) is False
    return run.folder


def test_recording_stands_in_the_manifest_and_goes_on(recorded, tmp_path):
    folder = shutil.copytree(recorded, tmp_path / "run")
    resumed = Run.resume(folder, LETTERS)
    assert resumed.record.missing == []
    resumed.train()
    assert load_codes(folder)["steps"].tolist() == [*range(1, LAST_STEP + 1)]


@pytest.mark.parametrize("cause", ["later", "taken away"])
def test_a_gap_in_the_record_is_known(recorded, tmp_path, cause):
    folder = shutil.copytree(recorded, tmp_path / "run")
    (folder / "codes.npz").unlink()
    if cause == "later":  # as where nothing was asked to be recorded
        manifest = read_json(folder / "manifest.json")
        write_json(folder / "manifest.json", {**manifest, "record": False})
    resumed = Run.resume(folder, LETTERS, record=True)
    assert resumed.record.missing == [1, 2, 3]
    assert read_json(folder / "manifest.json")["record"] is True
    resumed.train(stop_at(4))
    assert Run.resume(folder, LETTERS).record.missing == [1, 2, 3]


def change(path, **changes):
    with np.load(path) as arrays:
        changed = {**arrays, **changes}
    np.savez(
        path, **{key: value for key, value in changed.items() if value is not None}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"uses": np.zeros([10, 9], int)},
        {"uses": np.zeros([10], int)},
        {"norms": np.zeros([9, 8])},
        {"nll": np.zeros([10, 1])},
        {"nll": None},
        {"run": None},
        {"steps": np.zeros([2, 5])},
        {"pictures": np.zeros([1, 8, 3, 3, 1], "u1")},
        {"norms": np.zeros([10, 8], complex)},
        {"norms": np.full([10, 8], np.nan)},
        {"nll": np.full([10], np.inf)},
        {"uses": np.full([10, 8], "many")},
        {"uses": np.ones([10, 8])},
        {"steps": np.full([10], np.nan)},
        {"steps": np.arange(1.0, 11)},
        {"steps": np.full([10], 3)},
        {"steps": np.arange(10)},
        {"pictures": np.zeros([1, 8, 12, 12, 1])},
        {"picture_steps": np.array(["1"])},
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_record_of_other_columns_is_refused(copy, changes):
    change(copy / "codes.npz", **changes)
    assert "codes.npz" in refused(Run.resume, copy, LETTERS)


PROGRESS = [
    {"steps": "5"},
    {"steps": True},
    {"steps": -1},
    {"steps": None},
    {"metrics": [1]},
    {"seconds": "long"},
    {"epoch_losses": 3},
    {"epoch_losses": [[1, 2]]},
    {"epoch_losses": [["a", "b", "c", "d"]]},
    {"history": 1},
    {"history": [3]},
    {"history": [{"epoch": 1}]},
    {"history": None},
    {"steps": LAST_STEP - 1},
    {"steps": 2**33},
    {"seconds": "1"},
    {"seconds": -1},
    {"metrics": {"a": "x"}, "history": []},
    {"metrics": {"a": None}, "history": []},
    {"metrics": {"a": 10**400}, "history": []},
    {"metrics": {"a": float("nan")}, "history": []},
    {"metrics": {"a": True}, "history": []},
    {"epoch_losses": [["1", "2", "3", "4"]]},
    {"epoch_losses": [[1, 2, 3, float("inf")]]},
]


def change_progress(folder, **changes):
    with np.load(folder / "checkpoint.npz") as arrays:
        progress = json.loads(str(arrays["progress"]))
    change(folder / "checkpoint.npz", progress=json.dumps({**progress, **changes}))
    return progress


@pytest.mark.parametrize("changes", PROGRESS)
def test_progress_of_other_columns_is_refused(copy, changes):
    change_progress(copy, **changes)
    assert "checkpoint.npz" in refused(Run.resume, copy, LETTERS)


@pytest.mark.parametrize(
    "changes",
    [{"steps": steps} for steps in (0, 3, 2 * LAST_STEP, 2**33)]
    + [{"metrics": {"a": "x"}}, {"seconds": None}],
)
def test_info_does_not_believe_progress_that_cannot_be_right(copy, changes):
    change_progress(copy, **changes)
    assert "checkpoint.npz" in refused(find_trained, copy)


@pytest.mark.parametrize("name", ["epoch", "step", "total", "held_out_nll"])
@pytest.mark.parametrize("value", ["x", [1], None, True, float("nan"), 10**400])
def test_a_history_of_wrong_values_is_refused(copy, name, value):
    history = change_progress(copy)["history"]
    change_progress(copy, history=[{**row, name: value} for row in history])
    assert "checkpoint.npz" in refused(Run.resume, copy, LETTERS)


def test_progress_says_nothing_of_what_the_manifest_says(copy):
    made_from = read_json(copy / "manifest.json")
    others = {"recipe": "healthy", "seed": 9, "versions": {}, "image_shape": "abc"}
    change_progress(copy, **others, extra=1)
    for function in (find_trained, load_trained):
        manifest = function(copy)[-1]
        assert made_from.items() <= manifest.items()
        assert manifest.keys() - made_from.keys() == {"steps", "seconds", "metrics"}


def test_a_record_does_not_count_through_steps_that_no_run_reaches(whole):
    class Far:
        model, step = whole.training.model, 2**30

    began = time.monotonic()
    missing = CodeRecord(Far, LETTERS.held_out_images).missing
    assert time.monotonic() - began < 20
    assert missing[:12] == [*range(1, 11), 20, 30]
    assert all(map(CodeRecord.keeps, missing[:1000]))
    assert len(missing) == 10 + 9 + 48 + (2**30 - 2500) // 250


@pytest.mark.parametrize("last", [0, 1, 9, 10, 11, 99, 150, 2_499, 2_750, 6_000])
def test_a_record_misses_the_steps_that_it_keeps(whole, last):
    class Trained:
        model, step = whole.training.model, last

    expected = [step for step in range(1, last + 1) if CodeRecord.keeps(step)]
    assert CodeRecord(Trained, LETTERS.held_out_images).missing == expected


def test_pictures_of_many_codes_are_drawn_a_few_at_a_time(whole, monkeypatch):
    sizes, decode = [], whole.training.model.decode
    record = CodeRecord(whole.training, LETTERS.held_out_images)

    def counted(codes):
        sizes.append(len(codes))
        return decode(codes)

    monkeypatch.setattr(whole.training.model, "decode", counted)
    monkeypatch.setattr(
        whole.training, "recipe", replace(whole.training.recipe, batch_size=3)
    )
    record(1)
    assert sizes == [3, 3, 2]
    codes = np.arange(8)[:, None]
    expected = np.round(255 * decode(codes))
    np.testing.assert_allclose(record.pictures[1], expected, atol=1)


@pytest.mark.parametrize("name", ["manifest", "progress"])
def test_json_of_very_many_parts_is_refused_unread(copy, name):
    text = "[" + "{}," * 2_000_000 + "{}]"
    if name == "manifest":
        (copy / "manifest.json").write_text(text)
    else:
        change(copy / "checkpoint.npz", progress=np.array(text))
    tracemalloc.start()
    try:
        message = refused(find_trained, copy)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert name in message or "checkpoint.npz" in message
    assert most < 100e6


def test_a_text_too_long_for_its_archive_is_refused_unread(copy):
    text = np.array("[" + "1," * (files.MOST_TEXT // 2) + "1]")
    change(copy / "checkpoint.npz", progress=text)
    tracemalloc.start()
    try:
        assert "checkpoint.npz" in refused(find_trained, copy)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ["", "[", "[" * 10**5, "3", "null", "\ud800"])
def test_progress_that_is_none_is_refused(copy, text):
    change(copy / "checkpoint.npz", progress=np.array(text))
    assert "checkpoint.npz" in refused(Run.resume, copy, LETTERS)
    assert "checkpoint.npz" in refused(find_trained, copy)


WRONG = [
    ("recipe", 3),
    ("recipe", []),
    ("recipe", "none"),
    ("hyperparameters", []),
    ("hyperparameters", {"learning_rate": "x"}),
    ("hyperparameters", {"learning_rate": True}),
    ("hyperparameters", {"falling_rate": "no"}),
    ("hyperparameters", {"decay": None}),
    ("image_shape", 3),
    ("image_shape", [12, 12]),
    ("image_shape", [12, 12.0, 1]),
    ("image_shape", [12, True, 1]),
    ("image_shape", "abc"),
    ("seed", -1),
    ("seed", 1.5),
    ("seed", 2**32),
    ("seed", None),
    ("data", None),
    ("data", {}),
    ("data", {"name": 1, "sha256": "a", "train": 1, "held_out": 1}),
    ("data", {"name": "a", "sha256": 3, "train": 1, "held_out": 1}),
    ("steps_to_reach", "x"),
    ("steps_to_reach", 0),
    ("record", "yes"),
    ("metrics", 3),
    ("steps", "many"),
    ("run", 5),
    ("run", None),
    ("steps_to_reach", 2**31),
    ("versions", 3),
    ("versions", {"numpy": 2}),
    *[
        ("data", {"name": "a", "sha256": "a", "train": 43, "held_out": 11, **change})
        for change in ({"train": 1}, {"train": 10**30}, {"held_out": 0})
    ],
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_manifest_that_cannot_be_right_is_refused(copy, name, value):
    manifest = {**read_json(copy / "manifest.json"), name: value}
    write_json(copy / "manifest.json", manifest)
    assert name in refused(find_trained, copy) or name == "hyperparameters"


@pytest.mark.parametrize("count", [10**9, 10**30])
def test_a_manifest_of_a_model_beyond_the_memory_is_refused(copy, count):
    manifest = read_json(copy / "manifest.json")
    manifest["hyperparameters"]["num_codes"] = count
    manifest["run"] = run_id(manifest)
    write_json(copy / "manifest.json", manifest)
    change_progress(copy, run=manifest["run"])
    assert "GB of memory" in refused(load_trained, copy)


def test_a_manifest_without_an_id_is_no_runs(copy):
    manifest = read_json(copy / "manifest.json")
    del manifest["run"]
    write_json(copy / "manifest.json", manifest)
    assert "no usable run" in refused(find_trained, copy)
    (copy / "checkpoint.npz").unlink()
    (copy / "history.csv").unlink()
    assert "no usable run" in refused(Run.resume, copy, LETTERS)


@pytest.mark.parametrize("change", [(-1, 4, 36, 1), (-1, 36, 4, 1)])
def test_the_same_bytes_in_another_shape_are_other_letters(copy, change):
    images = {
        name: getattr(LETTERS, name).reshape(change)
        for name in ("train_images", "held_out_images")
    }
    other = replace(LETTERS, **images)
    assert other.digest == LETTERS.digest
    before = contents(copy)
    assert "[12, 12, 1]" in refused(Run.resume, copy, other)
    assert contents(copy) == before


def test_the_same_letters_split_elsewhere_are_others(copy):
    images = np.concatenate([LETTERS.train_images, LETTERS.held_out_images])
    other = replace(LETTERS, train_images=images[:44], held_out_images=images[44:])
    assert other.digest == LETTERS.digest
    assert "43" in refused(Run.resume, copy, other)


def test_all_that_read_a_manifest_refuse_a_wrong_one(copy):
    manifest = {**read_json(copy / "manifest.json"), "seed": -1}
    write_json(copy / "manifest.json", manifest)
    for refusing in (refused(load_trained, copy), refused(Run.resume, copy, LETTERS)):
        assert "no usable seed" in refusing


def test_a_manifest_that_is_a_pipe_or_endless_is_refused(copy):
    (copy / "manifest.json").unlink()
    os.mkfifo(copy / "manifest.json")
    assert "manifest.json" in refused(find_trained, copy)
    (copy / "manifest.json").unlink()
    with (copy / "manifest.json").open("wb") as file:
        file.truncate(files.MOST_TEXT + 1)
    assert "bytes" in refused(find_trained, copy)


@pytest.mark.parametrize("later", [False, True])
def test_of_two_that_start_in_one_folder_one_is_refused(tmp_path, monkeypatch, later):
    """The second begins while the first builds its model, or writes its manifest."""
    folder, started = tmp_path / "run", []
    place = "write_json" if later else "Training"
    original = getattr(run_module, place)

    def meanwhile(*args, **kwargs):
        monkeypatch.setattr(run_module, place, original)
        started.append(start(folder, seed=SEED + 1))
        return original(*args, **kwargs)

    monkeypatch.setattr(run_module, place, meanwhile)
    assert str(folder) in refused(start, folder)
    found = read_json(folder / "manifest.json")
    assert found == started[0].manifest
    assert set(contents(folder)) == {"manifest.json"}
    monkeypatch.undo()
    assert started[0].train(stop_at(1)) is False
    assert Run.resume(folder, LETTERS).training.step == 1


def test_a_folder_is_looked_at_not_all_that_is_below_it(tmp_path, monkeypatch):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    below.chmod(0)

    def deep(*args):
        raise AssertionError("searched below")

    monkeypatch.setattr(Path, "rglob", deep)
    monkeypatch.setattr(os, "walk", deep)
    assert "not an empty folder" in refused(start, tmp_path)
    below.chmod(0o755)


@pytest.mark.parametrize("name", ["seed", "data"])
def test_what_differs_is_named_where_a_checkpoint_is_of_another_run(copy, name):
    changed = {"seed": {"run": "0" * 16}, "data": {"data": "f" * 64}}[name]
    change_progress(copy, **changed)
    message = refused(find_trained, copy)
    mine = read_json(copy / "manifest.json")
    found, expected = {
        "seed": ("0" * 16, mine["run"]),
        "data": ("f" * 12, mine["data"]["sha256"][:12]),
    }[name]
    assert found in message
    assert expected in message
    assert (mine["run"] in message) == (name == "seed")


# What killed writes leave


def test_what_killed_writes_left_is_swept_at_start_and_resume(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / f"{files.UNFINISHED}0a").write_bytes(b"half")
    run = start(folder)
    assert set(contents(folder)) == {"manifest.json"}
    run.train(stop_at(5))
    for place in (folder, folder / "pictures"):
        (place / f"{files.UNFINISHED}0b").write_bytes(b"half")
    before = len(contents(folder))
    Run.resume(folder, LETTERS)
    assert len(contents(folder)) == before - 2


def test_a_folder_with_anything_else_is_refused_and_not_swept(tmp_path):
    (tmp_path / f"{files.UNFINISHED}0a").write_bytes(b"half")
    (tmp_path / "notes").write_bytes(b"mine")
    assert "not an empty folder" in refused(start, tmp_path)
    assert len(contents(tmp_path)) == 2


WRITER = """
import sys
from vqvae_lesson.runs.files import whole_file
with whole_file(sys.argv[1]) as file:
    print("writing", flush=True)
    sys.stdin.readline()
    file.write(b"whole")
"""


def test_what_a_living_process_writes_is_not_swept_but_that_of_a_killed_one(tmp_path):
    def writer(name):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout.readline() == b"writing\n"
        return process

    with writer("living") as living, writer("killed") as killed:
        killed.kill()
        killed.wait()
        assert len(contents(tmp_path)) == 2
        sweep(tmp_path)
        assert len(contents(tmp_path)) == 1
        living.communicate(b"\n")
    assert contents(tmp_path) == {"living": b"whole"}


def test_a_link_or_pipe_with_such_a_name_is_left_alone(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / f"{files.UNFINISHED}0a").symlink_to(tmp_path / "mine")
    os.mkfifo(tmp_path / f"{files.UNFINISHED}0b")
    sweep(tmp_path)
    assert len([*tmp_path.iterdir()]) == 3


def test_a_file_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(files.os, "fsync", lambda number: done.append(size(number)))
    replaced = os.replace

    def replace_(*paths):
        done.append("replaced")
        replaced(*paths)

    def size(number):
        return os.fstat(number).st_size

    monkeypatch.setattr(files.os, "replace", replace_)
    with whole_file(tmp_path / "a") as file:
        file.write(b"whole")
    assert done == [5, "replaced"]


@pytest.mark.parametrize(
    ("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0, 0o666)]
)
def test_the_umask_is_respected(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_json(tmp_path / "a.json", {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == mode


@pytest.mark.parametrize("kind", ["pipe", "device", "loop", "folder"])
def test_what_is_no_ordinary_file_is_not_replaced(tmp_path, kind):
    path = tmp_path / "out"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/null" if kind == "device" else path)
    before = path.lstat()
    assert "no ordinary file" in refused(write_json, path, {})
    assert path.lstat() == before
    assert [*tmp_path.iterdir()] == [path]


def test_a_name_that_is_not_utf_8_stands_in_a_manifest(tmp_path):
    name = os.fsdecode(b"letters-\xff.npz")
    write_json(tmp_path / "a.json", {"name": name, "letter": "お"})
    assert "お" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"name": name, "letter": "お"}


# Counts


def test_a_record_counts_more_letters_than_16_bits_hold(whole, tmp_path, monkeypatch):
    many = np.zeros([40_000, 1], int)
    monkeypatch.setattr("vqvae_lesson.health.choose", lambda model, images: many)
    monkeypatch.setattr(
        "vqvae_lesson.health.code_nats", lambda model, images: np.ones([40_000, 8])
    )
    record = CodeRecord(whole.training, LETTERS.held_out_images, tmp_path / "codes.npz")
    record(1)
    with np.load(tmp_path / "codes.npz") as found:
        assert found["uses"].tolist() == [[40_000, *[0] * 7]]


def test_a_record_from_before_still_loads():
    assert load_record("article")["uses"].dtype == np.int16
    assert load_record("article")["uses"].min() >= 0
