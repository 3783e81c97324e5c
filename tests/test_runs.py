import csv
import errno
import json
import os
import resource
import shutil
import signal
import threading
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import get_args

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.refusals import refused
from vqvae_lesson.data import load_glyphs
from vqvae_lesson.ema import EMA_STARTS
from vqvae_lesson.errors import LessonError
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import (
    EMAStartName,
    VAERecipe,
    VQVAERecipe,
    find_recipe,
)
from vqvae_lesson.runs import checkpoints, files
from vqvae_lesson.runs.checkpoints import (
    arrays_of,
    find_trained,
    load_checkpoint,
    load_trained,
    save_checkpoint,
)
from vqvae_lesson.runs.files import read_json, whole_file, write_json
from vqvae_lesson.runs.run import Run
from vqvae_lesson.training import Training
from vqvae_lesson.vae import VAELosses

# A learning rate at which several codes come into use within ten steps.
RECIPE = VQVAERecipe(
    num_codes=8,
    code_size=4,
    base_depth=4,
    ema_start="consistent",
    learning_rate=0.01,
    batch_size=8,
    epochs=2,
)
PER_EPOCH, LAST_STEP, SEED = 5, 10, 3


def crop(letters):
    """The middle 12 x 12 pixels, to be quick."""
    return replace(
        letters,
        train_images=letters.train_images[:, 8:20, 8:20],
        held_out_images=letters.held_out_images[:, 8:20, 8:20],
    )


# 43 letters in batches of 8: five steps an epoch, and three letters left over.
LETTERS = crop(load_glyphs(54))
OTHER_LETTERS = crop(load_glyphs(54, seed=1))


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def assert_same_arrays(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].tobytes() == array.tobytes(), name


def parameters(run):
    return arrays_of(run.training.model, run.training.optimizer)


def stop_at(wanted):
    """A report that presses Ctrl-C once the wanted step is done."""

    def report(step, losses):
        if step == wanted:
            os.kill(os.getpid(), signal.SIGINT)

    return report


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run never interrupted, and the losses of each of its steps."""
    run = Run.start(
        tmp_path_factory.mktemp("runs") / "whole", LETTERS, RECIPE, seed=SEED
    )
    losses = []
    assert run.train(lambda step, found: losses.append((step, found))) is True
    return run, losses


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The folder of the same run, stopped in the middle of the second epoch."""
    folder = tmp_path_factory.mktemp("runs") / "stopped"
    run = Run.start(folder, LETTERS, RECIPE, seed=SEED)
    assert run.train(stop_at(7)) is False
    return folder


@pytest.fixture
def stopped_copy(stopped, tmp_path):
    return shutil.copytree(stopped, tmp_path / "copy")


# What a run writes


def test_a_run_writes_its_folder_and_nothing_else(whole):
    pictures = [f"{epoch:03d}" for epoch in (1, 2)]
    assert set(contents(whole[0].folder)) == {
        "manifest.json",
        "history.csv",
        "checkpoint.npz",
        *[f"pictures/{epoch}-reconstructions.png" for epoch in pictures],
        *[f"pictures/{epoch}-random.png" for epoch in pictures],
    }


def test_the_manifest_says_all_that_the_run_depends_on(whole):
    manifest = json.loads((whole[0].folder / "manifest.json").read_text())
    assert manifest["recipe"] == "article"
    assert manifest["hyperparameters"] == asdict(RECIPE)
    assert manifest["image_shape"] == [12, 12, 1]
    assert manifest["seed"] == SEED
    assert manifest["data"] == {
        "name": "glyphs",
        "sha256": LETTERS.digest,
        "train": 43,
        "held_out": 11,
    }
    assert manifest["steps_to_reach"] == LAST_STEP
    assert manifest["record"] is False
    libraries = ["python", "tensorflow", "tensorflow-probability", "keras", "numpy"]
    assert list(manifest["versions"]) == libraries
    assert manifest["versions"]["numpy"] == np.__version__


def brute_force(model, images):
    """NLL and the codes chosen, in float64 and from the definitions."""
    latents = model.encoder(images).numpy().astype(np.float64)[:, 0]
    codebook = model.quantizer.codebook.numpy().astype(np.float64)
    chosen = [np.argmin([np.sum((z - e) ** 2) for e in codebook]) for z in latents]
    logits = model.decoder(codebook[chosen][:, None].astype(np.float32)).numpy()
    chance = 1 / (1 + np.exp(-logits.astype(np.float64)))
    nats = -(images * np.log(chance) + (1 - images) * np.log(1 - chance))
    return nats.sum(axis=(1, 2, 3)).mean(), chosen


def test_the_history_holds_what_a_recomputation_finds(whole):
    run, losses = whole
    rows = list(csv.DictReader((run.folder / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [row["step"] for row in rows] == ["5", "10"]
    for number, row in enumerate(rows):
        of_epoch = [found for step, found in losses if (step - 1) // 5 == number]
        assert len(of_epoch) == PER_EPOCH
        for name in ("total", "reconstruction", "commitment", "prior"):
            mean = sum(getattr(found, name) for found in of_epoch) / PER_EPOCH
            assert float(row[name]) == pytest.approx(mean, abs=1e-4)
    nll, chosen = brute_force(run.training.model, LETTERS.held_out_images)
    assert len(set(chosen)) > 1
    shares = np.unique(chosen, return_counts=True)[1] / len(chosen)
    expected = {
        "held_out_nll": nll,
        "held_out_codes_in_use": len(set(chosen)),
        "held_out_perplexity": np.prod(shares**-shares),
    }
    metrics = find_trained(run.folder)[2]["metrics"]
    for name, value in expected.items():
        assert float(rows[-1][name]) == pytest.approx(value, rel=1e-4)
        assert metrics[name] == pytest.approx(value, rel=1e-4)
    assert metrics.keys() == expected.keys()


def test_each_step_is_reported_once_and_in_order(whole):
    _, losses = whole
    assert [step for step, _ in losses] == list(range(1, LAST_STEP + 1))
    assert losses[-1][1].total < losses[0][1].total


def test_the_pictures_show_eight_by_eight_letters_dark_on_light(whole):
    run, _ = whole
    random = Image.open(run.folder / "pictures" / "002-random.png")
    assert random.mode == "L"
    assert random.size == (8 * 12 + 7 * 2, 8 * 12 + 7 * 2)
    first = 255 * (1 - run.training.model.sample(1, seed=SEED).numpy()[0, :, :, 0])
    np.testing.assert_allclose(np.asarray(random)[:12, :12], first, atol=0.51)


def test_the_checkpoint_is_plain_numpy(whole):
    run, _ = whole
    with np.load(run.folder / "checkpoint.npz", allow_pickle=False) as arrays:
        progress = json.loads(str(arrays["progress"]))
        found = {name: arrays[name] for name in arrays.files if "/" in name}
    assert progress["steps"] == LAST_STEP
    assert progress["seconds"] > 0
    assert_same_arrays(found, parameters(run))
    codebook = run.training.model.quantizer.codebook.numpy()
    assert any(array.tobytes() == codebook.tobytes() for array in found.values())


# The same again


def test_the_same_seed_gives_the_same_run_and_another_seed_another(whole, tmp_path):
    run, losses = whole
    again, found = Run.start(tmp_path / "again", LETTERS, RECIPE, seed=SEED), []
    again.train(lambda step, at: found.append((step, at)))
    assert found == losses
    same_as_whole(again, run)
    other = Run.start(tmp_path / "other", LETTERS, RECIPE, seed=SEED + 1, steps=1)
    found.clear()
    other.train(lambda step, at: found.append((step, at)))
    assert found[0] != losses[0]


def same_as_whole(resumed, whole):
    """Parameters, optimizer, history, pictures: all as without a break."""
    assert_same_arrays(parameters(resumed), parameters(whole))
    found, expected = contents(resumed.folder), contents(whole.folder)
    assert found.keys() == expected.keys()
    for name in expected:
        if name.endswith((".csv", ".png")):
            assert found[name] == expected[name], name
    manifests = [find_trained(run.folder)[2] for run in (resumed, whole)]
    assert all(manifest.pop("seconds") > 0 for manifest in manifests)
    assert manifests[0] == manifests[1]


def test_a_run_stopped_in_mid_epoch_ends_as_if_never_stopped(whole, stopped_copy):
    resumed = Run.resume(stopped_copy, LETTERS)
    assert resumed.training.step == 7
    assert resumed.train() is True
    same_as_whole(resumed, whole[0])


def test_a_run_stopped_at_an_epochs_end_ends_as_if_never_stopped(whole, tmp_path):
    run = Run.start(tmp_path / "run", LETTERS, RECIPE, seed=SEED)
    assert run.train(stop_at(PER_EPOCH)) is False
    assert (tmp_path / "run" / "pictures" / "001-random.png").is_file()
    resumed = Run.resume(tmp_path / "run", LETTERS)
    assert resumed.training.step == PER_EPOCH
    steps = []
    assert resumed.train(lambda step, losses: steps.append(step)) is True
    assert steps == [6, 7, 8, 9, 10]
    same_as_whole(resumed, whole[0])


def test_a_run_killed_between_history_and_checkpoint_has_no_row_twice(
    whole, stopped_copy
):
    complete = (whole[0].folder / "history.csv").read_bytes()
    (stopped_copy / "history.csv").write_bytes(complete)
    resumed = Run.resume(stopped_copy, LETTERS)
    resumed.train()
    assert (stopped_copy / "history.csv").read_bytes() == complete


def test_the_manifest_of_a_stopped_run_speaks_of_the_weights_beside_it(stopped):
    model, manifest = load_trained(stopped)
    assert manifest["steps"] == 7
    assert manifest["steps_to_reach"] == LAST_STEP
    nll, _ = brute_force(model, LETTERS.held_out_images)
    assert manifest["metrics"]["held_out_nll"] == pytest.approx(nll, abs=2e-3)


@pytest.fixture
def handler():
    """A handler of Ctrl-C that is set before a run and must be set after it."""

    def ours(number, frame):
        pytest.fail("Ctrl-C reached the handler from before the run")

    before = signal.signal(signal.SIGINT, ours)
    yield ours
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_works_as_before_once_a_run_has_stopped(handler, tmp_path):
    run = Run.start(tmp_path / "run", LETTERS, RECIPE, seed=SEED)
    assert run.train(stop_at(1)) is False
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_run_goes_to_the_steps_it_was_begun_with_unless_told_otherwise(
    whole, tmp_path
):
    folder = tmp_path / "run"
    Run.start(folder, LETTERS, RECIPE, seed=SEED, steps=3).train(stop_at(1))
    resumed = Run.resume(folder, LETTERS)
    assert (resumed.training.step, resumed.steps) == (1, 3)
    resumed.train()
    rows = list(csv.DictReader((folder / "history.csv").open()))
    assert [row["step"] for row in rows] == ["3"]
    further = Run.resume(folder, LETTERS, steps=6)
    assert further.training.step == 3
    further.train()
    rows = list(csv.DictReader((folder / "history.csv").open()))
    assert [row["step"] for row in rows] == ["5", "6"]
    # The losses of the first three steps count in the mean of the first epoch.
    assert rows[0] == next(csv.DictReader((whole[0].folder / "history.csv").open()))


def test_a_finished_run_taken_up_again_changes_nothing(whole):
    before = contents(whole[0].folder)
    resumed = Run.resume(whole[0].folder, LETTERS)
    assert resumed.train(pytest.fail) is True
    assert contents(whole[0].folder) == before
    assert resumed.metrics == find_trained(whole[0].folder)[2]["metrics"]


# The continuous rival


def test_a_vae_stopped_in_mid_epoch_ends_as_if_never_stopped(tmp_path):
    recipe = VAERecipe(code_size=2, base_depth=4, num_components=3, batch_size=8)
    runs = [
        Run.start(tmp_path / name, LETTERS, recipe, "vae", SEED, steps=LAST_STEP)
        for name in ("whole", "stopped")
    ]
    assert runs[0].train() is True
    assert runs[1].train(stop_at(7)) is False
    resumed = Run.resume(tmp_path / "stopped", LETTERS)
    assert resumed.training.step == 7
    assert resumed.train() is True
    same_as_whole(resumed, runs[0])
    model, manifest = load_trained(tmp_path / "whole")
    measured = evaluate(model, LETTERS.held_out_images)
    assert list(manifest["metrics"]) == [
        f"held_out_{name}" for name in measured._fields
    ]
    assert [*manifest["metrics"].values()] == pytest.approx([*measured], abs=1e-3)
    (row, _) = csv.DictReader((tmp_path / "whole" / "history.csv").open())
    assert [*row][2:5] == ["total", "reconstruction", "kl"]


def test_the_noise_of_a_vae_follows_from_seed_and_step():
    recipe = VAERecipe(code_size=2, base_depth=4, num_components=3, batch_size=8)
    seen = []

    def spy(model, optimizer, images, seed):
        seen.append(tuple(np.asarray(seed)))
        return VAELosses(*[tf.zeros([])] * 3)

    training = Training(recipe, (12, 12, 1), seed=5)
    training.compiled_step = spy
    for _ in training.steps(LETTERS.train_images, until=3):
        pass
    assert seen == [(5, 0), (5, 1), (5, 2)]


def test_a_run_outside_the_main_thread_trains_too(tmp_path):
    run = Run.start(tmp_path / "run", LETTERS, RECIPE, steps=1)
    thread = threading.Thread(target=run.train)
    thread.start()
    thread.join()
    assert run.training.step == 1
    assert (tmp_path / "run" / "checkpoint.npz").is_file()


# What is refused


def test_a_finished_folder_refuses_a_fresh_start_and_is_left_alone(whole):
    before = contents(whole[0].folder)
    message = refused(Run.start, whole[0].folder, LETTERS, RECIPE)
    assert str(whole[0].folder) in message
    assert "--resume" in message
    assert contents(whole[0].folder) == before


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "run").write_text("a file")
    assert "run" in refused(Run.start, tmp_path / "run", LETTERS, RECIPE)
    assert "below" in refused(Run.start, tmp_path / "run" / "below", LETTERS, RECIPE)


def test_a_batch_larger_than_the_letters_is_refused_before_a_folder_is_made(tmp_path):
    recipe = replace(RECIPE, batch_size=44)
    message = refused(Run.start, tmp_path / "run", LETTERS, recipe)
    assert "44" in message
    assert "43" in message
    assert not (tmp_path / "run").exists()


def test_resuming_with_other_letters_is_refused(stopped):
    before = contents(stopped)
    message = refused(Run.resume, stopped, OTHER_LETTERS)
    assert LETTERS.digest[:12] in message
    assert OTHER_LETTERS.digest[:12] in message
    assert contents(stopped) == before


def test_resuming_where_there_is_no_run_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        assert "manifest.json" in refused(Run.resume, folder, LETTERS)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "{}", '{"hyperparameters": {"depth": 3}}', "\x00"]
)
def test_a_damaged_manifest_is_refused(stopped_copy, text):
    (stopped_copy / "manifest.json").write_text(text)
    assert "manifest.json" in refused(Run.resume, stopped_copy, LETTERS)
    assert "manifest.json" in refused(load_trained, stopped_copy)


@pytest.mark.parametrize("text", [None, "", "epoch\n1\n", "step\nfive\n", "\0"])
def test_a_damaged_or_missing_history_is_written_again(stopped_copy, text):
    path = stopped_copy / "history.csv"
    before = path.read_bytes()
    path.unlink() if text is None else path.write_text(text)
    Run.resume(stopped_copy, LETTERS)
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_refused_and_the_model_left_unchanged(stopped_copy):
    path = stopped_copy / "checkpoint.npz"
    whole = path.read_bytes()
    training = Training(RECIPE, (12, 12, 1))
    before = arrays_of(training.model, training.optimizer)
    length = len(whole)
    places = [0, 30, length // 3, length // 2, length - 30, length - 10]
    damaged = [whole[:place] for place in places]
    damaged += [whole[:p] + bytes(30) + whole[p + 30 :] for p in places[1:4]]
    for content in damaged:
        path.write_bytes(content)
        message = refused(load_checkpoint, path, training.model, training.optimizer)
        assert "checkpoint.npz" in message
    assert_same_arrays(arrays_of(training.model, training.optimizer), before)


def test_a_missing_checkpoint_is_refused_where_there_was_one(stopped_copy):
    (stopped_copy / "checkpoint.npz").unlink()
    assert "checkpoint.npz" in refused(Run.resume, stopped_copy, LETTERS)
    assert "no trained model" in refused(load_trained, stopped_copy)


@pytest.mark.parametrize(
    "change",
    [{"num_codes": 9}, {"code_size": 5}, {"latent_size": 2}, {"base_depth": 5}],
)
def test_a_checkpoint_of_another_architecture_is_refused(stopped, change):
    training = Training(replace(RECIPE, **change), (12, 12, 1), seed=5)
    before = arrays_of(training.model, training.optimizer)
    path = stopped / "checkpoint.npz"
    message = refused(load_checkpoint, path, training.model, training.optimizer)
    assert "another architecture" in message
    assert_same_arrays(arrays_of(training.model, training.optimizer), before)


def test_a_checkpoint_of_another_type_of_number_is_refused(tmp_path):
    model = Training(RECIPE, (12, 12, 1)).model
    before = arrays_of(model)
    wrong = {name: array + 1 for name, array in before.items()}
    last = [*wrong][-1]
    wrong[last] = np.full(wrong[last].shape, "number")
    np.savez(tmp_path / "wrong.npz", **wrong)
    assert last in refused(load_checkpoint, tmp_path / "wrong.npz", model)
    assert_same_arrays(arrays_of(model), before)


def test_weights_that_do_not_say_how_far_they_were_trained_are_no_run(stopped_copy):
    training = Run.resume(stopped_copy, LETTERS).training
    path = stopped_copy / "checkpoint.npz"
    save_checkpoint(path, training.model, training.optimizer)
    for message in (
        refused(Run.resume, stopped_copy, LETTERS),
        refused(load_trained, stopped_copy),
    ):
        assert "not how far they were trained" in message
    save_checkpoint(path, training.model)
    assert "optimizer" in refused(Run.resume, stopped_copy, LETTERS)


def test_a_trained_model_loads_by_name_and_by_folder(whole, tmp_path, monkeypatch):
    run, _ = whole
    save_checkpoint(tmp_path / "mine.npz", run.training.model)
    write_json(tmp_path / "mine.json", find_trained(run.folder)[2])
    monkeypatch.setattr(checkpoints, "WEIGHTS", tmp_path)
    for name in ("mine", run.folder, str(run.folder)):
        model, manifest = load_trained(name)
        assert_same_arrays(arrays_of(model), arrays_of(run.training.model))
        assert manifest["steps"] == LAST_STEP
    message = refused(load_trained, "yours")
    assert "yours" in message
    assert "'mine'" in message


# A full disk


def no_room(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def files_no_larger_than(size):
    """What the operating system does on a full disk, for real: a write fails."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_leaves_the_checkpoint_before_untouched(
    whole, stopped_copy, monkeypatch
):
    training = whole[0].training
    path = stopped_copy / "checkpoint.npz"
    before = contents(stopped_copy)

    def half_a_file(file, **arrays):
        file.write(b"PK half an archive")
        no_room()

    monkeypatch.setattr(np, "savez_compressed", half_a_file)
    message = refused(save_checkpoint, path, training.model, training.optimizer)
    assert str(path) in message
    assert "No space left" in message
    assert contents(stopped_copy) == before


def test_a_write_that_the_system_breaks_off_leaves_nothing_behind(whole, tmp_path):
    training = whole[0].training
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(b"before")
    with files_no_larger_than(4096):
        message = refused(save_checkpoint, path, training.model, training.optimizer)
    assert str(path) in message
    assert contents(tmp_path) == {"checkpoint.npz": b"before"}


@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(
    tmp_path, monkeypatch, function
):
    monkeypatch.setattr(files.os, function, no_room)
    assert "a.json" in refused(write_json, tmp_path / "a.json", {"a": 1})
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError("not ours")])
def test_a_write_interrupted_by_anything_else_leaves_nothing_behind(tmp_path, error):
    def write_half():
        with whole_file(tmp_path / "a.txt") as file:
            file.write(b"half")
            raise error

    with pytest.raises((KeyboardInterrupt, ValueError)) as caught:
        write_half()
    assert not isinstance(caught.value, LessonError)
    assert contents(tmp_path) == {}


def test_a_whole_file_can_be_read_by_others(tmp_path):
    write_json(tmp_path / "a.json", {"letter": "お"})
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644
    assert read_json(tmp_path / "a.json") == {"letter": "お"}


def test_a_file_in_a_missing_folder_or_over_a_folder_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("none/a.json", "folder"):
        assert name in refused(write_json, tmp_path / name, {})
    assert contents(tmp_path) == {}


def test_a_disk_full_at_an_epochs_end_can_be_resumed_from(whole, tmp_path, monkeypatch):
    run = Run.start(tmp_path / "run", LETTERS, RECIPE, seed=SEED)
    monkeypatch.setattr(run, "_write_pictures", no_pictures_in_second_epoch)
    refused(run.train)
    resumed = Run.resume(tmp_path / "run", LETTERS)
    assert resumed.training.step == PER_EPOCH
    resumed.train()
    assert_same_arrays(parameters(resumed), parameters(whole[0]))
    history = (tmp_path / "run" / "history.csv").read_bytes()
    assert history == (whole[0].folder / "history.csv").read_bytes()


def no_pictures_in_second_epoch(epoch):
    if epoch == 2:
        raise LessonError("the disk is full")


# Numbers that no training could use


def test_a_loss_that_is_no_number_stops_the_run(handler, tmp_path):
    recipe = replace(RECIPE, learning_rate=1e20)
    run = Run.start(tmp_path / "run", LETTERS, recipe)
    message = refused(run.train)
    assert "learning_rate" in message
    assert "step" in message
    assert run.training.step < LAST_STEP
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_recipe_knows_every_start_of_the_averages():
    assert get_args(EMAStartName) == tuple(EMA_STARTS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[
            (name, value)
            for name in (
                "num_codes",
                "code_size",
                "latent_size",
                "base_depth",
                "batch_size",
                "epochs",
            )
            for value in (0, -3, 2.5, True, "8")
        ],
        *[("decay", value) for value in (-0.1, 1.0, 2, np.nan)],
        *[("commitment_weight", value) for value in (-1, np.nan, np.inf)],
        *[("learning_rate", value) for value in (0, -1e-3, np.nan, np.inf)],
        ("ema_start", "late"),
    ],
)
def test_a_recipe_refuses_a_number_that_no_training_could_use(name, value):
    message = refused(find_recipe, "article", **{name: value})
    assert name in message
    assert repr(value) in message


@pytest.mark.parametrize(
    ("name", "value"), [("decay", 0), ("commitment_weight", 0), ("epochs", 1)]
)
def test_a_recipe_takes_the_least_number_that_makes_sense(name, value):
    assert getattr(find_recipe("article", **{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_components", 0), ("code_size", 2.5), ("learning_rate", 0), ("epochs", -1)],
)
def test_a_vae_recipe_refuses_them_too(name, value):
    message = refused(find_recipe, "vae", **{name: value})
    assert name in message
    assert str(value) in message


def test_an_unknown_recipe_or_field_is_refused():
    assert "'article'" in refused(find_recipe, "none")
    assert "'num_components'" in refused(find_recipe, "vae", num_codes=8)
    assert "'num_codes'" in refused(find_recipe, "article", codes=8)
