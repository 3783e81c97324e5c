"""What befalls one of two workers ends both, each with a line that says what to do."""

import os

import pytest
import tensorflow as tf

from tests.kill_workers import (
    LONGEST,
    RECIPE,
    lines,
    save_letters,
    start,
    told,
)
from tests.refusals import refused
from vqvae_lesson.data import load_own
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.replicas import find_strategy
from vqvae_lesson.runs.run import Run

AGAIN = "Error: another worker has stopped: start all of them again with --resume"
ANOTHER = (
    "Error: worker 1 has another {} than worker 0: start all workers with the same"
)
FULL = """
import resource, runpy, sys
if sys.argv.pop(1) == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.argv[0] = "vqvae_lesson"
runpy.run_module("vqvae_lesson", run_name="__main__")
"""
needs_time = pytest.mark.skipif(
    "ALL_FAULTS" not in os.environ, reason="one of a kind is enough: `make faults`"
)


def ends(folder, first, second, program=("-m", "vqvae_lesson", "train")):
    """The one line with which each of two workers ends, none of them by itself."""
    workers = start(folder, first, second, program=program)
    for worker in workers:
        assert worker.wait(LONGEST) == 1
    found = []
    for index in range(2):
        waiting, *said = lines(folder, index)
        assert waiting.startswith("waiting for 2 workers")
        found.append(said)
    assert [len(said) for said in found] == [1, 1], found
    return found[0][0], found[1][0]


def new_run(folder, *more):
    return [*save_letters(folder), "--out", str(folder / "run"), *RECIPE, *more]


@pytest.mark.parametrize(
    "options",
    [
        ["--base-depth", "3"],
        pytest.param(["--seed", "1"], marks=needs_time),
        pytest.param(["--steps", "9"], marks=needs_time),
    ],
)
def test_another_recipe_is_refused_by_both(tmp_path, options):
    mine = new_run(tmp_path)
    first, second = ends(tmp_path, mine, [*mine, *options])
    assert first == second
    assert first.startswith(ANOTHER.format("recipe"))
    assert not (tmp_path / "run").exists()


@needs_time
def test_other_letters_are_refused_by_both(tmp_path):
    mine = new_run(tmp_path)
    first, second = ends(tmp_path, mine, [*mine, "--data", "glyphs"])
    assert first == second
    assert first.startswith(ANOTHER.format("data"))


@needs_time
@pytest.mark.parametrize("missing", [0, 1])
def test_a_folder_that_one_does_not_find_ends_both(tmp_path, missing):
    data = save_letters(tmp_path)
    recipe = find_recipe("small", base_depth=2, num_codes=16)
    Run.start(tmp_path / "run", load_own(data[1]), recipe, "small", steps=2)
    options = [[*data, "--resume", "--out", str(tmp_path / name)] for name in "ab"]
    (tmp_path / "ab"[1 - missing]).symlink_to(tmp_path / "run")
    said = ends(tmp_path, *options)
    assert "manifest.json cannot be read" in said[missing]
    assert said[1 - missing] == AGAIN


@needs_time
def test_a_copy_of_the_folder_that_is_behind_ends_both(tmp_path):
    data = save_letters(tmp_path)
    recipe = find_recipe("small", base_depth=2, num_codes=16)
    for name, steps in {"a": 3, "b": 2}.items():
        letters = load_own(data[1])
        Run.start(tmp_path / name, letters, recipe, "small", steps=steps).train()
    options = [*data, "--resume", "--steps", "9", "--out"]
    said = ends(tmp_path, *([*options, str(tmp_path / name)] for name in "ab"))
    assert said[0] == said[1]
    assert said[0].startswith(ANOTHER.format("checkpoint"))


def test_a_full_disk_of_the_chief_ends_both(tmp_path):
    mine = new_run(tmp_path, "--steps", "2")
    program = ("-c", FULL)
    options = ["full", "train", *mine], ["room", "train", *mine]
    first, second = ends(tmp_path, *options, program=program)
    assert "checkpoint.npz could not be written" in first
    assert "make room" in first
    assert second == AGAIN
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "manifest.json",
        "pictures",
    }


def test_a_port_that_another_program_has_is_told(monkeypatch):
    def fail():
        raise tf.errors.UnknownError(None, None, "Could not start gRPC server")

    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", fail)
    monkeypatch.setenv("TF_CONFIG", told(1, [5000, 5001]))
    assert "localhost:5001 is no address" in refused(find_strategy)
