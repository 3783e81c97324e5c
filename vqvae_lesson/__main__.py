"""The command line: ``python -m vqvae_lesson --help``."""

import dataclasses
import math
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click

from vqvae_lesson.errors import LessonError
from vqvae_lesson.recipes import RECIPES, find_recipe

DATA_HELP = "kmnist, kmnist-full, glyphs, an .npz file or a folder of PNGs."
FROM_HELP = "A trained model's name, or a folder written by train."
SEED = click.IntRange(0, 2**32 - 1)
STEPS = click.IntRange(1, 2**31 - 1)
MOST_PIXELS = 25_000_000
MOST_SECONDS = 86_400  # a day
NUMBERS = {
    field.name: field.type
    for recipe in RECIPES.values()
    for field in dataclasses.fields(recipe)
}


@contextmanager
def _quiet():
    """Keep what native code writes, which Python cannot catch, off stderr."""
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _start_tensorflow():
    """Import TensorFlow and let it find its devices, without its start-up lines."""
    with _quiet():
        import tensorflow as tf
        import tensorflow_probability  # noqa: F401

        tf.config.list_logical_devices()


@click.group()
@click.version_option(package_name="vqvae-lesson")
def cli():
    """Train and look at the VQ-VAE of the book Discrete Letters."""


@cli.command()
@click.option("--full", is_flag=True, help="All 70,000 letters, not just 10,000.")
def fetch(full):
    """Find or download the letters, and check their hashes."""
    from vqvae_lesson.kmnist import KMNIST_FILES, find_kmnist

    for name in KMNIST_FILES:
        if full or name.startswith("t10k"):
            _say(find_kmnist(name))


def _recipe_options(command):
    """Give a command one option for each number of a recipe."""
    for name, kind in reversed(NUMBERS.items()):
        kind = click.Choice(get_args(kind)) if get_args(kind) else kind
        command = click.option("--" + name.replace("_", "-"), type=kind)(command)
    return command


@cli.command()
@click.option("--recipe", help=f"By name, article by default: {', '.join(RECIPES)}.")
@click.option("--data", default="kmnist", show_default=True, help=DATA_HELP)
@click.option("--seed", type=SEED, help="0 by default.")
@click.option("--steps", type=STEPS, help="Instead of whole epochs.")
@click.option("--out", type=click.Path(path_type=Path), help="By default runs/RECIPE.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--record", is_flag=True, help="Write how each code fares to codes.npz.")
@_recipe_options
def train(recipe, data, seed, steps, out, resume, record, **changes):
    """Train a recipe; Ctrl-C leaves a checkpoint to --resume from."""
    from vqvae_lesson.data import load_letters

    changes = {name: value for name, value in changes.items() if value is not None}
    given = {"recipe": recipe, "seed": seed, **changes}
    given = [name for name, value in given.items() if value is not None]
    if resume and given:
        raise LessonError(
            f"--resume goes on with the numbers that the run began with, not with "
            f"another {', '.join(given)}: leave these options out"
        )
    recipe = recipe or "article"
    letters = load_letters(data)
    _start_tensorflow()
    from vqvae_lesson.runs.run import Run

    out = out or Path("runs") / recipe
    if resume:
        run = Run.resume(out, letters, steps, record)
    else:
        numbers = find_recipe(recipe, **changes)
        run = Run.start(out, letters, numbers, recipe, seed or 0, steps, record)
    if run.record and run.record.missing:
        first, last = run.record.missing[0], run.record.missing[-1]
        _say(f"codes.npz has a gap: nothing was recorded from step {first} to {last}")
    finished = _train_with_bar(run)
    _say(
        f"{'finished' if finished else 'stopped'} at step {run.training.step}; "
        f"see {out}" + ("" if finished else "; go on with --resume")
    )
    for name, value in run.metrics.items():
        _say(f"{name}: {round(value, 3)}")


def _train_with_bar(run):
    """Train under a progress bar with the loss and the time left."""
    from tqdm import tqdm

    with tqdm(total=run.steps, initial=run.training.step, unit="step") as bar:

        def report(step, losses):
            bar.set_postfix(loss=f"{losses.total:.1f}", refresh=False)
            bar.update()

        return run.train(report)


@cli.command()
@click.option("--from", "source", default="article", show_default=True, help=FROM_HELP)
@click.option("--count", default=64, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True, type=SEED)
@click.option("--out", default="random.png", show_default=True, help="PNG to write.")
def sample(source, count, seed, out):
    """Draw letters from random codes, or from a VAE's prior."""
    _start_tensorflow()
    from vqvae_lesson.runs.checkpoints import load_trained

    model, manifest = load_trained(source)
    _expect_sheet(count, manifest["image_shape"])
    _write_sheet(out, _in_batches(model.decode, model.draw(count, seed)))


def _write_sheet(out, images):
    """Write a PNG of letters, and take away what was left of one never finished."""
    from vqvae_lesson.plots import save_grid
    from vqvae_lesson.runs.files import sweep

    sweep(Path(out).parent)
    save_grid(out, images)
    _say(out)


def _in_batches(draw, representations, size=250):
    """Draw many pictures, holding what the network makes of a few at a time."""
    import numpy as np

    starts = range(0, len(representations), size)
    return np.concatenate([draw(representations[at : at + size]) for at in starts])


def _expect_sheet(count, image_shape):
    """Refuse more letters than a picture should hold."""
    most = MOST_PIXELS // math.prod(image_shape)
    if count > most:
        raise LessonError(
            f"--count is {count}, expected at most {most} letters of this size"
        )


@cli.command()
@click.option("--from", "source", default="article", show_default=True, help=FROM_HELP)
@click.option("--data", default="kmnist", show_default=True, help=DATA_HELP)
@click.option("--count", default=32, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--out",
    default="reconstructions.png",
    show_default=True,
    help="PNG to write: a row of letters, under it their reconstructions.",
)
def reconstruct(source, data, count, out):
    """Pass held-out letters through a trained model."""
    import numpy as np

    from vqvae_lesson.data import load_letters

    originals = load_letters(data).held_out_images[:count]
    _expect_sheet(len(originals), originals.shape[1:])
    _start_tensorflow()
    from vqvae_lesson.runs.checkpoints import load_trained

    model, manifest = load_trained(source)
    if list(originals.shape[1:]) != manifest["image_shape"]:
        raise LessonError(
            f"letters are {list(originals.shape[1:])}, expected "
            f"{manifest['image_shape']} as in training: name the same kind of data"
        )
    pictures = _in_batches(model.reconstruct, originals)
    rows = []
    for start in range(0, len(originals), 8):
        for images in (originals, pictures):
            row = np.zeros([8, *originals.shape[1:]], np.float32)
            row[: len(images[start : start + 8])] = images[start : start + 8]
            rows.append(row)
    _write_sheet(out, np.concatenate(rows))


@cli.command()
@click.argument("source", default="article")
def info(source):
    """Say where a trained model comes from, and how good it is."""
    import json

    from vqvae_lesson.runs.checkpoints import find_trained

    _, _, manifest = find_trained(source)
    for line in json.dumps(manifest, indent=2, ensure_ascii=False).split("\n"):
        _say(line)


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--execute", "executed", is_flag=True, help="Run the notebooks first.")
@click.option(
    "--seconds",
    default=300,
    show_default=True,
    type=click.IntRange(1, MOST_SECONDS),
    help="For each notebook, with --execute.",
)
def exercises(paths, executed, seconds):
    """List the exercises; of a reader's notebooks, those done, wrong and open.

    PATHS are executed notebooks or folders of them; without any, all exercises of
    the book are listed. Notebooks are only read, unless --execute is given: their
    code then runs on this machine, with the book's own checks and bounds on time,
    memory and output, so run a stranger's in a sandbox all the same. Whoever wants
    to deceive a check that runs beside his own code can. Exercises whose label is
    not the book's are listed as such, and never as done.

    Inside a folder that others filled, call `vqvae_lesson` or `python -P -m
    vqvae_lesson`: without -P, Python imports modules that lie there.
    """
    from vqvae_lesson.classroom import exercises as lesson

    for path in paths or [lesson.BOOK]:
        for notebook in lesson.find_notebooks(path):
            try:
                content = lesson.read_notebook(notebook)
                if executed:
                    content = lesson.execute(notebook, seconds)
                found = lesson.exercises_of(content)
                if executed:
                    found = lesson.of_the_book(found)
                _print_exercises(notebook, found, bool(paths))
            except LessonError as error:
                _say(f"Error: {error}")


def _print_exercises(notebook, found, with_states):
    """Print a notebook's exercises, one a line, and how many of the book's are done."""
    if not found:
        return
    states = [exercise.state for exercise in found if exercise.state != "foreign"]
    done = f"{states.count('done')} of {len(states)} done"
    _say(f"{notebook}: {done}" if with_states else notebook)
    for exercise in found:
        state = "not the book's" if exercise.state == "foreign" else exercise.state
        state = f"{state:5} " if with_states else ""
        wrong = with_states and exercise.state == "wrong"
        _say(
            f"  {state}{exercise.label}: {exercise.title}"
            + (f" - {exercise.message}" if wrong else "")
        )


def _say(line, err=False):
    """Print one line, whatever is in it: what is not to be printed as its escape."""
    shown = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode()
        for sign in str(line)
    )
    click.echo(shown, err=err)


def _reason(error):
    """Say in a line what went wrong, if that is no mistake in this package."""
    tensorflow = sys.modules.get("tensorflow")
    if isinstance(error, MemoryError):
        return "there is not enough memory: use fewer or smaller images, or codes"
    if isinstance(error, RecursionError):
        return "a file is nested too deeply: expected one that `train` or Jupyter wrote"
    if tensorflow and isinstance(error, tensorflow.errors.OpError):
        first, *_ = f"{error.message}\n".split("\n")
        return f"TensorFlow gave up ({first[:200]}): use smaller numbers"
    return str(error) if isinstance(error, LessonError | OSError) else None


def _open_streams():
    """Let what was closed by who called, as by `>&-`, lead nowhere."""
    for name, mode in {"stdin": "r", "stdout": "w", "stderr": "w"}.items():
        if getattr(sys, name) is None:  # open takes the lowest number, so this one's
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def main():
    """Run the command line; what the reader can put right gets one line."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(prog_name="vqvae_lesson", standalone_mode=False)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        _say(f"Error: {error.format_message()}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        reason = _reason(error)
        if not reason:
            raise
        _say(f"Error: {reason}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
