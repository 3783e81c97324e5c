import importlib.metadata
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from vqvae_lesson import __main__, data, kmnist
from vqvae_lesson.errors import LessonError
from vqvae_lesson.glyphs import draw_glyphs
from vqvae_lesson.streamed import write_shards

IMAGES, LABELS = draw_glyphs(40, seed=0)
SMALL = ["--num-codes", "8", "--base-depth", "4", "--batch-size", "8"]
COMMANDS = ("fetch", "train", "sample", "prior", "reconstruct", "info")
STEPS = 8  # two epochs of 32 letters in batches of 8


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """A working folder with letters in it, and nothing else to be found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KMNIST_URL", "http://127.0.0.1:9/closed")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("KMNIST_DIR", raising=False)
    np.savez("letters.npz", images=IMAGES, labels=LABELS)


@pytest.fixture
def command(monkeypatch, capfd):
    """Run a command in this process: exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["vqvae_lesson", *map(str, arguments)])
        capfd.readouterr()
        try:
            __main__.main()
            code = 0
        except SystemExit as exit_:
            code = exit_.code
        return code, *capfd.readouterr()

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a small finished run, trained through the command line."""
    folder = tmp_path_factory.mktemp("trained")
    np.savez(folder / "letters.npz", images=IMAGES, labels=LABELS)
    letters, out = str(folder / "letters.npz"), str(folder / "run")
    arguments = ["train", "--data", letters, *SMALL, "--epochs", "2", "--out", out]
    result = CliRunner().invoke(__main__.cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert f"finished at step {STEPS}" in result.stdout
    return folder / "run"


def process(*arguments, **kwargs):
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **kwargs,
    )


def one_line(stderr):
    """The only line on stderr."""
    assert stderr.startswith("Error: ")
    assert stderr.count("\n") == 1
    assert "Traceback" not in stderr
    return stderr


# Help


def test_help_comes_within_a_second():
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        found = process("-m", "vqvae_lesson", "--help")
        seconds.append(time.perf_counter() - began)
        assert found.returncode == 0
        assert found.stderr == ""
        for name in COMMANDS:
            assert name in found.stdout
    assert min(seconds) < 1


@pytest.mark.parametrize("name", [None, "train"])
def test_help_does_not_import_tensorflow(name):
    arguments = ["-X", "importtime", "-m", "vqvae_lesson", *[name] * bool(name)]
    found = process(*arguments, "--help")
    assert found.returncode == 0
    modules = {line.split("|")[-1].strip() for line in found.stderr.splitlines()}
    assert "click" in modules
    assert modules.isdisjoint(["tensorflow", "keras", "matplotlib", "sklearn"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(command, name):
    code, out, err = command(name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: vqvae_lesson {name}")


def test_every_number_of_a_recipe_has_an_option(command):
    from dataclasses import fields

    from vqvae_lesson.recipes import RECIPES

    out = re.sub(r"(?<=\w)-\s+", "-", command("train", "--help")[1])  # broken lines
    assert all(name in out for name in RECIPES)
    for field in {field for recipe in RECIPES.values() for field in fields(recipe)}:
        assert f"--{field.name.replace('_', '-')} " in out


def test_version_is_that_of_the_package(command):
    code, out, _ = command("--version")
    assert code == 0
    assert importlib.metadata.version("vqvae-lesson") in out


# Bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], ["frobnicate"]),
        (["train", "--frobnicate"], ["frobnicate"]),
        (["train", "--recipe", "none"], ["'none'", "article"]),
        (["train", "--data", "nowhere"], ["nowhere", "glyphs"]),
        (["train", "--data", "kmnist"], ["KMNIST_DIR", "network", "glyphs"]),
        (["train", "--num-codes", "0"], ["num_codes is 0"]),
        (["train", "--num-codes", "many"], ["--num-codes", "many"]),
        (["train", "--code-size", "-1"], ["code_size is -1"]),
        (["train", "--latent-size", "0"], ["latent_size is 0"]),
        (["train", "--base-depth", "0"], ["base_depth is 0"]),
        (["train", "--decay", "2"], ["decay is 2"]),
        (["train", "--decay", "nan"], ["decay is nan"]),
        (["train", "--ema-start", "late"], ["late", "consistent"]),
        (["train", "--commitment-weight", "-1"], ["commitment_weight is -1"]),
        (["train", "--learning-rate", "0"], ["learning_rate is 0"]),
        (["train", "--batch-size", "0"], ["batch_size is 0"]),
        (["train", "--batch-size", "33"], ["batch_size is 33", "32"]),
        (["train", "--epochs", "0"], ["epochs is 0"]),
        (["train", "--steps", "0"], ["--steps"]),
        (["train", "--steps", "9223372036854775808"], ["--steps", "2147483647"]),
        (
            ["train", "--batch-size", "8", "--epochs", str(10**18)],
            ["steps to reach", "fewer"],
        ),
        (["train", "--num-codes", str(10**9)], ["GB of memory", "smaller numbers"]),
        (["train", "--num-codes", str(10**30)], ["GB of memory"]),
        (["train", "--latent-size", str(10**6)], ["GB of memory"]),
        (["train", "--code-size", str(10**9)], ["GB of memory"]),
        (["train", "--base-depth", str(10**6)], ["GB of memory"]),
        (["train", "--learning-rate", "1e308"], ["learning_rate is 1e+308"]),
        (["train", "--commitment-weight", "1e308"], ["commitment_weight is 1e+308"]),
        (
            ["train", "--recipe", "healthy", "--batch-size", "8", "--num-codes", "33"],
            ["at most one", "32"],
        ),
        (["train", "--recipe", "n\udcff\x1b[2J"], [r"\udcff\x1b[2J"]),
        (["sample", "--from", "n\udcff\x1b[2J\n"], [r"n\udcff\x1b[2J\n is no"]),
        (["sample", "--count", str(10**12)], ["--count", "at most"]),
        (["train", "--seed", "-1"], ["--seed"]),
        (["train", "--seed", str(2**32)], ["--seed"]),
        (["train", "--resume"], ["out", "manifest.json"]),
        (["train", "--resume", "--num-codes", "8"], ["--resume", "num_codes"]),
        (["train", "--resume", "--seed", "1"], ["--resume", "seed"]),
        (["train", "--resume", "--recipe", "healthy"], ["--resume", "recipe"]),
        (["train", "--record", "--latent-size", "2"], ["latent_size is 2"]),
        (
            ["train", "--record", "--recipe", "vae"],
            ["--record follows codes", "has none"],
        ),
        (["train", "--recipe", "vae", "--num-codes", "8"], ["'num_codes'", "'vae'"]),
        (["train", "--num-components", "8"], ["'num_components'", "'article'"]),
        (["train", "--neck-depth", "0"], ["neck_depth is 0", "from 1"]),
        (["train", "--warm-up-steps", "-1"], ["warm_up_steps is -1", "from 0"]),
        (["train", "--revive-below", "-1"], ["revive_below is -1"]),
        (["train", "--falling-rate", "perhaps"], ["--falling-rate", "perhaps"]),
        (["sample", "--from", "nonsense"], ["nonsense", "article"]),
        (["sample", "--from", "x" * 300], ["x" * 300]),
        (["sample", "--count", "0"], ["--count"]),
        (["sample", "--label", "ま"], ["--label", "--prior"]),
        (["sample", "--temperature", "0.5"], ["--temperature", "--prior"]),
        (["sample", "--prior", "grid", "--temperature", "0"], ["--temperature is 0.0"]),
        (["sample", "--prior", "grid", "--temperature", "nan"], ["--temperature"]),
        (["sample", "--prior", "grid", "--temperature", "inf"], ["--temperature"]),
        (["sample", "--prior", "nonsense"], ["nonsense", "prior"]),
        (["sample", "--prior", "grid"], ["the prior grid", "another model"]),
        (["prior", "--epochs", "0"], ["--epochs"]),
        (["prior", "--from", "nonsense"], ["nonsense"]),
        (["prior", "--from", "vae"], ["vae has no codes"]),
        (["prior", "--from", "article"], ["article was trained on letters"]),
        (["reconstruct", "--from", "nonsense"], ["nonsense"]),
        (["reconstruct", "--data", "nowhere"], ["nowhere"]),
        (["info", "nonsense"], ["nonsense"]),
        (["fetch"], ["t10k-images", "KMNIST_DIR"]),
    ],
    ids=lambda value: " ".join(value)[:40] if value[0].islower() else "",
)
def test_bad_input_gives_one_line_and_leaves_no_file(command, arguments, words):
    arguments = [*arguments]
    if arguments[0] in ("train", "prior"):
        arguments += ["--out", "out"]
    if arguments[0] in ("train", "prior", "reconstruct") and "--data" not in arguments:
        arguments += ["--data", "letters.npz"]
    code, out, err = command(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert all(word in one_line(err) for word in words)
    written = [path for path in Path.cwd().rglob("*") if path.is_file()]
    # Matplotlib lists the fonts of a machine the first time it is imported.
    written = [path for path in written if "matplotlib" not in path.parts]
    assert written == [Path.cwd() / "letters.npz"]


def test_a_folder_that_is_not_empty_is_not_trained_into(command):
    Path("out").mkdir()
    Path("out/notes.txt").write_text("keep me")
    code, _, err = command("train", "--data", "letters.npz", "--out", "out")
    assert code == 1
    assert "out is not an empty folder" in one_line(err)
    assert [path.name for path in Path("out").iterdir()] == ["notes.txt"]


def test_nothing_to_resume_in_an_empty_folder(command):
    Path("out").mkdir()
    code, _, err = command("train", "--data", "letters.npz", "--out", "out", "--resume")
    assert code == 1
    assert "manifest.json" in one_line(err)
    assert list(Path("out").iterdir()) == []


def test_pictures_whose_sides_cannot_be_halved_twice_are_refused(command):
    Path("pictures").mkdir()
    for number in range(10):
        Image.new("L", (30, 30)).save(f"pictures/{number}.png")
    code, _, err = command("train", "--data", "pictures", *SMALL, "--out", "out")
    assert code == 1
    assert "30 x 30" in one_line(err)
    assert "divisible by 4" in err
    assert not Path("out").exists()


@pytest.mark.parametrize("arguments", [["fetch"], ["train", "--out", "out"]])
def test_a_file_with_a_wrong_hash_is_refused(command, monkeypatch, arguments):
    Path("kmnist").mkdir()
    name = "t10k-images-idx3-ubyte.gz"
    Path("kmnist", name).write_bytes(b"damaged")
    monkeypatch.setenv("KMNIST_DIR", "kmnist")
    code, _, err = command(*arguments)
    assert code == 1
    assert name in one_line(err)
    assert kmnist.KMNIST_FILES[name].md5 in err


@pytest.mark.parametrize("out", ["missing/letters.png", ".", "letters.npz/x.png"])
@pytest.mark.parametrize("name", ["sample", "reconstruct"])
def test_a_picture_that_cannot_be_written_is_one_line(command, trained, name, out):
    arguments = ["--data", "letters.npz"] if name == "reconstruct" else []
    code, _, err = command(name, "--from", trained, "--out", out, *arguments)
    assert code == 1
    assert "could not be written" in one_line(err)
    assert [path.name for path in Path.cwd().iterdir()] == ["letters.npz"]


@pytest.mark.parametrize("name", ["sample", "reconstruct"])
def test_a_device_or_a_pipe_is_not_written_over(command, trained, name):
    os.mkfifo("pipe")
    os.symlink("/dev/null", "device")
    arguments = ["--data", "letters.npz"] if name == "reconstruct" else []
    for out in ("pipe", "device"):
        code, _, err = command(name, "--from", trained, "--out", out, *arguments)
        assert code == 1
        assert "no ordinary file" in one_line(err)
    assert stat.S_ISCHR(os.stat("device").st_mode)
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


def test_a_file_name_that_is_not_utf_8_is_trained_on_and_told(command):
    name = os.fsdecode(b"\xff\x1b.npz")
    Path("letters.npz").rename(name)
    arguments = ["--data", name, *SMALL, "--steps", "1", "--out"]
    code, out, err = command("train", *arguments, os.fsdecode(b"out\xff"))
    assert code == 0
    assert r"see out\udcff" in out
    assert only_a_bar(err)
    code, out, _ = command("info", os.fsdecode(b"out\xff"))
    assert code == 0
    assert r"\udcff" in out
    assert "\x1b" not in out


def test_pictures_are_decoded_a_few_at_a_time(command, trained, monkeypatch):
    from vqvae_lesson.model import VQVAE

    sizes, decode = [], VQVAE.decode

    def counted(self, indices):
        sizes.append(len(indices))
        return decode(self, indices)

    monkeypatch.setattr(VQVAE, "decode", counted)
    arguments = ["sample", "--from", trained, "--count", 600, "--out"]
    assert command(*arguments, "many.png")[0] == 0
    assert sizes == [250, 250, 100]
    monkeypatch.setattr(__main__._in_batches, "__defaults__", (600,))
    assert command(*arguments, "one.png")[0] == 0
    assert sizes[3:] == [600]
    many, one = (np.asarray(Image.open(name), int) for name in ("many.png", "one.png"))
    assert np.abs(many - one).max() <= 1


def test_letters_on_the_disk_are_reconstructed_but_have_no_prior(command, trained):
    write_shards("shards", IMAGES, LABELS)
    for source in ("letters.npz", "shards"):
        options = ["--from", trained, "--data", source, "--out", f"{source}.png"]
        assert command("reconstruct", *options)[0] == 0
    assert Path("shards.png").read_bytes() == Path("letters.npz.png").read_bytes()
    code, _, err = command("prior", "--from", trained, "--data", "shards")
    assert code == 1
    assert "shards stays on the disk" in err


def test_letters_of_another_shape_cannot_be_reconstructed(command, trained):
    np.savez("large.npz", images=np.zeros([10, 32, 32, 3], np.uint8))
    code, _, err = command("reconstruct", "--from", trained, "--data", "large.npz")
    assert code == 1
    assert "[32, 32, 3], expected [28, 28, 1]" in one_line(err)


def test_an_error_of_the_operating_system_is_one_line(command, monkeypatch):
    def refuse(source, crop):
        raise PermissionError(13, "Permission denied", source)

    monkeypatch.setattr(data, "load_letters", refuse)
    code, _, err = command("train", "--data", "locked", "--out", "out")
    assert code == 1
    assert "Permission denied: 'locked'" in one_line(err)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (lambda tf: MemoryError(), "memory"),
        (lambda tf: MemoryError("Unable to allocate\n9 GB"), "memory"),
        (lambda tf: RecursionError("maximum"), "nested"),
        (lambda tf: tf.errors.ResourceExhaustedError(None, None, "OOM\nat 3"), "OOM"),
        (lambda tf: tf.errors.InvalidArgumentError(None, None, ""), "TensorFlow"),
    ],
)
def test_what_the_machine_cannot_do_is_one_line(command, monkeypatch, error, word):
    import tensorflow as tf

    def refuse(source, crop):
        raise error(tf)

    monkeypatch.setattr(data, "load_letters", refuse)
    code, _, err = command("train", "--out", "out")
    assert code == 1
    assert word in one_line(err)


def test_an_error_that_is_ours_to_mend_is_not_hidden(command, monkeypatch):
    monkeypatch.setattr(data, "load_letters", lambda source, crop: {}["bug"])
    with pytest.raises(KeyError):
        command("train", "--out", "out")


# End to end


def test_train_writes_a_run_and_says_how_good_it_is(command):
    code, out, err = command(
        "train", "--data", "letters.npz", *SMALL, "--epochs", "1", "--out", "a/b"
    )
    assert code == 0
    manifest = json.loads(command("info", "a/b")[1])
    assert manifest["steps"] == 4
    assert manifest["data"]["name"] == "letters.npz"
    assert out.splitlines() == [
        "finished at step 4; see a/b",
        *[f"{name}: {value}" for name, value in manifest["metrics"].items()],
    ]
    assert "4/4" in err
    assert "loss=" in err


def test_train_keeps_a_record_when_asked_and_resume_goes_on_with_it(command):
    arguments = ["train", "--data", "letters.npz", "--out", "out", "--record"]
    changes = ["--recipe", "healthy", "--warm-up-steps", "2", "--num-codes", "8"]
    small = ["--batch-size", "8", "--base-depth", "4", "--code-size", "4"]
    assert command(*arguments, *changes, *small, "--steps", "4")[0] == 0
    assert command(*arguments, "--resume", "--steps", "6")[0] == 0
    with np.load("out/codes.npz") as record:
        assert record["steps"].tolist() == [1, 2, 3, 4, 5, 6]
        assert record["norms"].shape == record["uses"].shape == (6, 8)
        assert record["picture_steps"].tolist() == [1]


def test_a_gap_in_the_record_is_said_and_recording_goes_on_by_itself(command, trained):
    shutil.copytree(trained, "out")
    arguments = ["train", "--data", "letters.npz", "--out", "out"]
    code, out, _ = command(*arguments, "--resume", "--record", "--steps", "9")
    assert code == 0
    assert "codes.npz has a gap: nothing was recorded from step 1 to 8\n" in out
    assert command(*arguments, "--resume", "--steps", "10")[0] == 0
    with np.load("out/codes.npz") as record:
        assert record["steps"].tolist() == [9, 10]


def test_sample_draws_as_many_letters_as_asked(command, trained):
    assert command("sample", "--from", trained, "--count", "9") == (
        0,
        "random.png\n",
        "",
    )
    with Image.open("random.png") as picture:
        assert picture.size == (8 * 30 - 2, 2 * 30 - 2)


def test_a_vae_trains_resumes_and_draws(command):
    small = ["--batch-size", "8", "--base-depth", "4", "--code-size", "2"]
    run = ["train", "--data", "letters.npz", "--out", "out"]
    assert command(*run, "--recipe", "vae", *small, "--steps", "3")[0] == 0
    code, out, _ = command(*run, "--resume", "--steps", "5")
    assert code == 0
    assert "held_out_negative_elbo: " in out
    code, _, err = command(*run, "--resume", "--record")
    assert code == 1
    assert "--record follows codes" in one_line(err)
    letters = ["--data", "letters.npz"]
    for arguments in (["sample", "--seed", 2**32 - 1], ["reconstruct", *letters]):
        assert command(*arguments, "--from", "out", "--out", "v.png")[0] == 0
        with Image.open("v.png") as picture:
            assert np.asarray(picture).std() > 0


def test_sample_depends_on_its_seed(command, trained):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        command("sample", "--from", trained, "--seed", seed, "--out", f"{name}.png")
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    assert Path("a.png").read_bytes() != Path("c.png").read_bytes()


def test_reconstruct_puts_each_letter_above_its_reconstruction(command, trained):
    code, out, err = command(
        "reconstruct", "--from", trained, "--data", "letters.npz", "--out", "r.png"
    )
    assert (code, out, err) == (0, "r.png\n", "")
    sheet = np.asarray(Image.open("r.png"))
    assert sheet.shape == (2 * 30 - 2, 8 * 30 - 2)
    held_out = {(255 - image).tobytes() for image in IMAGES}
    above = [sheet[:28, 30 * place : 30 * place + 28] for place in range(8)]
    below = [sheet[30:58, 30 * place : 30 * place + 28] for place in range(8)]
    assert all(image.tobytes() in held_out for image in above)
    assert not any(image.tobytes() in held_out for image in below)


def test_info_prints_the_manifest(command, trained):
    code, out, err = command("info", trained)
    assert (code, err) == (0, "")
    manifest = json.loads(out)
    assert manifest["steps"] == STEPS
    assert manifest["metrics"].keys() > {"held_out_nll"}
    made_from = json.loads((trained / "manifest.json").read_text())
    assert made_from.items() <= manifest.items()


def test_info_leaves_out_what_only_a_run_needs_to_go_on(command, trained):
    """Inside an epoch a checkpoint holds the losses of every step of it."""
    manifest = json.loads(command("info", trained)[1])
    made_from = json.loads((trained / "manifest.json").read_text())
    assert manifest.keys() - made_from.keys() == {"steps", "seconds", "metrics"}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_closed_are_no_error_of_ours(closed):
    for arguments, code in (("info", 0), ("info nonsense", 1)):
        call = f"{sys.executable} -m vqvae_lesson {arguments} {closed}"
        found = process("-c", f"import os; os.execl('/bin/sh', 'sh', '-c', {call!r})")
        assert found.returncode == code
        assert "Traceback" not in found.stderr


def test_a_model_is_sampled_where_the_error_stream_is_closed(trained):
    call = f"{sys.executable} -m vqvae_lesson sample --from {trained} --count 2 2>&-"
    assert subprocess.run(call, shell=True, check=False).returncode == 0
    assert Path("random.png").exists()


@pytest.mark.parametrize("seconds", ["1" + "0" * 400, 86_401, 0])
def test_time_without_measure_is_refused(command, seconds):
    code, _, err = command("exercises", "x.ipynb", "--execute", "--seconds", seconds)
    assert code == 2
    assert "--seconds" in one_line(err)


@pytest.mark.parametrize("name", ["sample", "reconstruct"])
def test_what_a_killed_drawing_left_is_swept_by_the_next(command, trained, name):
    Path("below").mkdir()
    for folder in (".", "below"):
        Path(folder, ".vqvae-lesson-0a").write_bytes(b"half")
    data = ["--data", "letters.npz"] if name == "reconstruct" else []
    arguments = ["--from", trained, "--count", 2, "--out", "r.png", *data]
    assert command(name, *arguments)[0] == 0
    assert Path("r.png").exists()
    assert not Path(".vqvae-lesson-0a").exists()
    assert Path("below/.vqvae-lesson-0a").exists()


def test_a_notebook_of_very_many_parts_is_refused_unread(command):
    cells = "[" + "{}," * 2_000_000 + "{}]"
    Path("a.ipynb").write_text('{"cells": ' + cells + "}")
    tracemalloc.start()
    try:
        _, out, _ = command("exercises", "a.ipynb")
        assert tracemalloc.get_traced_memory()[1] < 40e6
    finally:
        tracemalloc.stop()
    assert "lists and dictionaries" in out


@pytest.fixture(scope="module")
def with_prior(tmp_path_factory):
    """The folders of a small grid and of a prior, trained through the command line."""
    folder = tmp_path_factory.mktemp("with_prior")
    np.savez(folder / "letters.npz", images=IMAGES, labels=LABELS)
    call = ["--data", folder / "letters.npz"]
    small = [*SMALL, "--steps", "2", "--halvings", "4", "--recipe", "grid"]
    short = ["--from", folder / "train", "--epochs", 1]
    for name, options in (("train", small), ("prior", short)):
        arguments = map(str, [name, *call, *options, "--out", folder / name])
        result = CliRunner().invoke(__main__.cli, arguments, catch_exceptions=False)
        assert result.exit_code == 0
    assert result.stdout.startswith(
        f"finished; see {folder / 'prior'}\nheld_out_nats: "
    )
    return folder / "train", folder / "prior"


def test_a_prior_of_ones_own_writes_letters(command, with_prior):
    grid, prior = with_prior
    arguments = ["--from", grid, "--prior", prior, "--count", 9]
    assert command("sample", *arguments) == (0, "random.png\n", "")
    assert Image.open("random.png").size == (238, 58)


def test_the_shipped_prior_writes_as_it_is_asked(command):
    found = []
    for options in (
        ["--label", "ま"],
        ["--label", 6],
        ["--label", 5],
        [],
        ["--seed", 1],
        ["--temperature", 0.1],
    ):
        arguments = ["--from", "grid", "--prior", "grid", "--count", 2, *options]
        assert command("sample", *arguments) == (0, "random.png\n", "")
        found.append(Path("random.png").read_bytes())
    assert found[0] == found[1]
    assert len({*found}) == 5


def test_random_codes_of_a_grid_are_called_so(command, with_prior):
    _, out, _ = command("sample", "--from", with_prior[0], "--count", 2)
    assert "--prior writes letters" in out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label", "ま"], ["--label", "leave it out"]),
        (["--from", "healthy"], ["another model"]),
        (["--from", "vae"], ["another model"]),
    ],
)
def test_what_a_prior_does_not_know_is_refused(command, with_prior, options, words):
    grid, prior = with_prior
    code, _, err = command("sample", "--from", grid, "--prior", prior, *options)
    assert code == 1
    assert all(word in one_line(err) for word in words)


def test_a_folder_with_a_prior_is_not_trained_into(command, with_prior):
    grid, prior = with_prior
    data = ["--data", "letters.npz"]
    code, _, err = command("prior", "--from", grid, "--out", prior, *data)
    assert code == 1
    assert "not an empty folder" in one_line(err)


def test_a_label_is_a_character_or_its_number():
    assert __main__._number_of("ま", 10) == __main__._number_of("6", 10) == 6
    assert __main__._number_of("お", 10) == __main__._number_of("0", 10) == 0
    for wrong in ("10", "-1", "", "mah", "６", "9" * 5_000):
        with pytest.raises(LessonError, match=r"expected one of お .* or 0 to 9"):
            __main__._number_of(wrong, 10)


def test_many_letters_are_written_in_groups_that_differ():
    asked = []

    class Prior:
        def sample(self, count, seed, label, temperature):
            asked.append((count, seed, label, temperature))
            return np.zeros([count, 3])

    assert len(__main__._written(Prior(), 600, 7, 4, 0.5)) == 600
    counts, seeds, labels, temperatures = zip(*asked, strict=True)
    assert counts == (250, 250, 100)
    assert seeds[0] == 7
    assert len({*seeds}) == 3
    assert ({*labels}, {*temperatures}) == ({4}, {0.5})


def test_fetch_prints_where_the_files_are(command, monkeypatch):
    import hashlib

    Path("kmnist").mkdir()
    made_up = {}
    for name in kmnist.KMNIST_FILES:
        Path("kmnist", name).write_bytes(name.encode())
        hashes = [hashlib.new(kind, name.encode()) for kind in ("md5", "sha256")]
        hashes = [found.hexdigest() for found in hashes]
        made_up[name] = kmnist.Published(len(name), *hashes)
    monkeypatch.setattr(kmnist, "KMNIST_FILES", made_up)
    monkeypatch.setenv("KMNIST_DIR", "kmnist")
    paths = [str(Path("kmnist", name)) for name in made_up]
    test_files = [path for path in paths if "t10k" in path]
    assert len(test_files) == 2
    assert command("fetch") == (0, "\n".join(test_files) + "\n", "")
    assert command("fetch", "--full") == (0, "\n".join(paths) + "\n", "")


def test_ctrl_c_stops_a_real_run_and_resume_finishes_it(command):
    """What TensorFlow writes when the process starts must not be seen."""
    arguments = ["train", "--data", "letters.npz", "--out", "r"]
    with subprocess.Popen(
        [sys.executable, "-m", "vqvae_lesson", *arguments, *SMALL, "--steps", "99999"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        wait_for(Path("r/pictures/001-random.png"), running)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=180)
    assert running.returncode == 0
    assert out.startswith("stopped at step ")
    assert "--resume" in out
    assert only_a_bar(err)
    stopped = json.loads(command("info", "r")[1])["steps"]
    assert f"step {stopped};" in out
    code, out, err = command(*arguments, "--resume", "--steps", stopped + 1)
    assert code == 0
    assert out.startswith(f"finished at step {stopped + 1}; see r\n")
    assert only_a_bar(err)


def wait_for(path, running, seconds=180):
    """Wait until a running process has written a file."""
    until = time.monotonic() + seconds
    while not path.exists():
        assert running.poll() is None, running.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.05)


def only_a_bar(stderr):
    """Whether stderr holds the progress bar's line and nothing more."""
    lines = [line for line in stderr.replace("\r", "\n").splitlines() if line.strip()]
    return bool(lines) and all("step" in line and "%|" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["info", "nonsense"], 1),
        (["train", "--data", "nowhere"], 1),
        (["train", "x"], 2),
    ],
)
def test_a_real_process_ends_bad_input_with_one_line_and_no_tensorflow(arguments, code):
    found = process("-X", "importtime", "-m", "vqvae_lesson", *arguments)
    lines = found.stderr.splitlines(keepends=True)
    ours = [line for line in lines if not line.startswith("import time:")]
    assert (found.returncode, found.stdout) == (code, "")
    assert arguments[-1] in one_line("".join(ours))
    assert not any("tensorflow" in line for line in lines)


def test_stderr_is_given_back_after_tensorflow_has_started(capfd):
    with __main__._quiet():
        os.write(2, b"native noise")
    os.write(2, b"ours")
    assert capfd.readouterr().err == "ours"
    with pytest.raises(ImportError), __main__._quiet():
        raise ImportError
    os.write(2, b"ours")
    assert capfd.readouterr().err == "ours"


def test_starting_tensorflow_leaves_no_open_file_behind():
    __main__._start_tensorflow()
    before = len(os.listdir("/proc/self/fd"))
    __main__._start_tensorflow()
    assert len(os.listdir("/proc/self/fd")) == before


def test_photographs_of_any_size_train_by_their_squares(command):
    Path("own").mkdir()
    random = np.random.default_rng(0)
    for name, shape in {"a": (40, 70), "b": (33, 90)}.items():
        pixels = random.integers(256, size=[*shape, 3], dtype=np.uint8)
        Image.fromarray(pixels).save(f"own/{name}.jpg")
    small = ["--base-depth", "2", "--steps", "2", "--out", "run"]
    data = ["--data", "own", "--crop", "8"]
    code, out, err = command("train", *data, *small)  # the recipe follows
    assert code == 0, err
    assert "held_out_psnr" in out
    code, _, err = command("reconstruct", "--from", "run", *data, "--count", "3")
    assert code == 0, err
    assert Image.open("reconstructions.png").mode == "RGB"
    code, _, err = command("train", "--resume", "--data", "own", "--crop", "9")
    assert code == 1


def test_a_photograph_that_cannot_be_used_is_one_line(command):
    Path("own").mkdir()
    Image.new("CMYK", (40, 40)).save("own/a.jpg")
    code, _, err = command("train", "--data", "own", "--crop", "8", "--out", "run")
    assert code == 1
    assert "made of inks (CMYK)" in one_line(err)
