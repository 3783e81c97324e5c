"""The command line: ``python -m vqvae_lesson --help``."""

import atexit
import dataclasses
import gc
import math
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click

from vqvae_lesson.errors import LessonError
from vqvae_lesson.recipes import RECIPES, find_recipe

DATA_HELP = (
    "kmnist, kmnist-full, glyphs, photographs, speech, an .npz file or a folder of "
    "PNGs or TFRecords."
)
CROP_HELP = "Cut --data, photographs of any size, into squares of so many pixels."
SIDE = click.IntRange(1, 1_024)
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


def _start_tensorflow(devices=None, shared=False):
    """Import TensorFlow and let it find its devices, without its start-up lines.

    Where a training is `shared`, say among what: several devices or workers, or None.
    """
    # What is loaded here stays, half a million objects: to look through them for
    # cycles, again and again and once more at the end, took two seconds of five.
    gc.disable()
    with _quiet():
        import keras  # noqa: F401
        import tensorflow as tf
        from tensorflow_probability import distributions  # noqa: F401

        gc.freeze()
        gc.enable()
        atexit.register(gc.freeze)
        strategy = None
        if shared:
            from vqvae_lesson.replicas import find_strategy

            strategy = find_strategy(devices)
        tf.config.list_logical_devices()
    return strategy


def _load(data, crop=None):
    """Load letters; where it takes TensorFlow, without its start-up lines."""
    from vqvae_lesson.data import load_letters
    from vqvae_lesson.streamed import holds_shards

    if holds_shards(data):
        with _quiet():
            import tensorflow  # noqa: F401
    return load_letters(data, crop=crop)


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
@click.option(
    "--recipe",
    help=f"By name; article by default, photographs with --crop: {', '.join(RECIPES)}.",
)
@click.option("--data", default="kmnist", show_default=True, help=DATA_HELP)
@click.option("--crop", type=SIDE, help=CROP_HELP)
@click.option("--seed", type=SEED, help="0 by default.")
@click.option("--steps", type=STEPS, help="Instead of whole epochs.")
@click.option("--out", type=click.Path(path_type=Path), help="By default runs/RECIPE.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--record", is_flag=True, help="Write how each code fares to codes.npz.")
@click.option("--devices", type=click.IntRange(1, 1024), help="GPUs, else processors.")
@_recipe_options
def train(recipe, data, crop, seed, steps, out, resume, record, devices, **changes):
    """Train a recipe; Ctrl-C leaves a checkpoint to --resume from.

    Several workers share a training that TF_CONFIG describes.
    """
    changes = {name: value for name, value in changes.items() if value is not None}
    given = {"recipe": recipe, "seed": seed, **changes}
    given = [name for name, value in given.items() if value is not None]
    if resume and given:
        raise LessonError(
            f"--resume goes on with the numbers that the run began with, not with "
            f"another {', '.join(given)}: leave these options out"
        )
    of_photographs = crop or data == "photographs"
    recipe = recipe or ("photographs" if of_photographs else "article")
    letters = _load(data, crop)
    strategy = _start_tensorflow(devices, shared=True)
    from vqvae_lesson.replicas import is_chief
    from vqvae_lesson.runs.run import FollowingRun, Run

    kind = Run if strategy is None or is_chief(strategy) else FollowingRun
    out = out or Path("runs") / recipe
    if resume:
        run = kind.resume(out, letters, steps, record, strategy)
    else:
        numbers, about = find_recipe(recipe, **changes), (seed or 0, steps, record)
        run = kind.start(out, letters, numbers, recipe, *about, strategy)
    if run.record and run.record.missing:
        first, last = run.record.missing[0], run.record.missing[-1]
        _say(f"codes.npz has a gap: nothing was recorded from step {first} to {last}")
    with _bar(run.steps, run.training.step) as report:
        finished = run.train(report)
    _say(
        f"{'finished' if finished else 'stopped'} at step {run.training.step}; "
        f"see {out}" + ("" if finished else "; go on with --resume")
    )
    for name, value in run.metrics.items():
        _say(f"{name}: {round(value, 3)}")


@contextmanager
def _bar(steps, done=0):
    """Show a progress bar with the loss and the time left, to be told each step."""
    from tqdm import tqdm

    with tqdm(total=steps, initial=done, unit="step") as bar:

        def report(step, losses):
            bar.set_postfix(loss=f"{losses.total:.1f}", refresh=False)
            bar.update()

        yield report


@cli.command()
@click.option("--from", "source", default="article", show_default=True, help=FROM_HELP)
@click.option("--count", default=64, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True, type=SEED)
@click.option("--out", default="random.png", show_default=True, help="PNG to write.")
@click.option("--prior", help="A trained prior's name, or a folder written by prior.")
@click.option("--label", help="With --prior: a character, as ま, or its number, as 6.")
@click.option(
    "--temperature",
    type=float,
    help="With --prior: below 1 for the likelier letters, above for others. [1.0]",
)
def sample(source, count, seed, out, prior, label, temperature):
    """Draw letters from a prior's codes, from random codes, or from a VAE's prior."""
    _expect_prior(prior, label, temperature)
    _start_tensorflow()
    from vqvae_lesson.runs.checkpoints import load_trained
    from vqvae_lesson.runs.priors import load_prior

    model, manifest = load_trained(source)
    _expect_sheet(count, manifest["image_shape"])
    if prior:
        writer, _ = load_prior(prior, model)
        number = _number_of(label, writer.recipe.num_labels)
        drawn = _written(writer, count, seed, number, temperature or 1.0)
    else:
        drawn = model.draw(count, seed)
    _write_sheet(out, _in_batches(model.decode, drawn))
    if not prior and getattr(model, "latent_size", 1) > 1:
        _say("each code drawn by itself, all equally likely; --prior writes letters")


def _expect_prior(prior, label, temperature):
    """Refuse what asks a prior where none is named, and what none can do."""
    for name, value in {"--label": label, "--temperature": temperature}.items():
        if value is not None and prior is None:
            raise LessonError(f"{name} asks a prior: name one with --prior")
    if temperature is not None and not 0 < temperature < math.inf:
        raise LessonError(f"--temperature is {temperature}, expected more than 0")


def _number_of(label, num_labels):
    """Find the number of a class that is named by its character, or its number."""
    from vqvae_lesson.data import KMNIST_NAMES

    if label is None:
        return None
    if not num_labels:
        raise LessonError(
            "--label is for a prior that read letters of known classes, and this one "
            "did not: leave it out"
        )
    names, numbers = KMNIST_NAMES[:num_labels], [*map(str, range(num_labels))]
    for known in (names, numbers):
        if label in known:
            return known.index(label)
    raise LessonError(
        f"--label is {label!r}, expected one of {' '.join(names)} or 0 to {numbers[-1]}"
    )


def _written(prior, count, seed, label, temperature, size=250):
    """Let a prior write many letters, a few at a time: it keeps a lot of each."""
    import numpy as np

    starts = range(0, count, size)
    more = np.random.default_rng(seed).integers(2**32, size=len(starts) - 1)
    return np.concatenate(
        [
            prior.sample(min(size, count - start), one, label, temperature)
            for start, one in zip(starts, [seed, *more], strict=True)
        ]
    )


@cli.command()
@click.option("--from", "source", default="grid", show_default=True, help=FROM_HELP)
@click.option("--data", default="kmnist", show_default=True, help=DATA_HELP)
@click.option("--seed", default=0, show_default=True, type=SEED)
@click.option("--epochs", default=4, show_default=True, type=STEPS)
@click.option(
    "--out",
    default=Path("runs/prior"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder to fill, for sample --prior.",
)
def prior(source, data, seed, epochs, out):
    """Train a prior on the codes that a model gives to its letters.

    After Ctrl-C nothing is kept.
    """
    letters = _load(data)
    if hasattr(letters.train_images, "fingerprint"):
        raise LessonError(
            f"{data} stays on the disk, and a prior needs all letters in memory: name "
            "fewer, in an .npz file"
        )
    _start_tensorflow()
    from vqvae_lesson.prior import PriorRecipe
    from vqvae_lesson.runs.checkpoints import load_trained
    from vqvae_lesson.runs.priors import keep_prior
    from vqvae_lesson.runs.run import expect_empty, new_folder

    expect_empty(out)
    model, manifest = load_trained(source)
    _expect_codes(source, model, manifest, letters)
    recipe = PriorRecipe(epochs=epochs)
    with new_folder(out):
        pass  # before the training, which takes a while
    steps = recipe.steps(len(letters.train_images))
    with _bar(steps) as report:
        metrics = keep_prior(out, model, letters, recipe, seed, report)
    _say(f"finished; see {out}")
    for name, value in metrics.items():
        _say(f"{name}: {value}")


def _expect_codes(source, model, manifest, letters):
    """Refuse a model without codes, and letters that it did not learn from."""
    if not hasattr(model, "num_codes"):
        raise LessonError(f"{source} has no codes to learn: name a model that has")
    found, expected = letters.digest, manifest["data"]["sha256"]
    if found != expected:
        raise LessonError(
            f"{source} was trained on letters {expected[:12]}, found {found[:12]}: "
            "name the same data"
        )


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
@click.option("--crop", type=SIDE, help=CROP_HELP)
@click.option("--count", default=32, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--out",
    default="reconstructions.png",
    show_default=True,
    help="PNG to write: a row of letters, under it their reconstructions.",
)
def reconstruct(source, data, crop, count, out):
    """Pass held-out letters through a trained model."""
    import numpy as np

    originals = _load(data, crop).held_out_images[:count]
    _expect_sheet(len(originals), originals.shape[1:])
    originals = np.asarray(originals)
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
        if "LessonError: " in first:  # raised where TensorFlow has called for letters
            return first.partition("LessonError: ")[2]
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
