"""One training run and the folder it fills (chapter 07).

The folder holds ``manifest.json``, what the run was made from, written when it starts;
``checkpoint.npz``, the one file to go on from; and, to look at, ``history.csv`` and,
for each epoch, two grids of 8 x 8 letters in ``pictures/``. With a record of how each
code fares there is ``codes.npz``, too.
"""

import csv
import io
import json
import signal
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import CodeRecord
from vqvae_lesson.metrics import evaluate, pieces
from vqvae_lesson.plots import save_grid
from vqvae_lesson.replicas import SharedTraining, expect_agreement
from vqvae_lesson.runs.checkpoints import (
    load_checkpoint,
    progress_of,
    save_progress,
)
from vqvae_lesson.runs.files import sweep, unfinished, whole_file, write_json
from vqvae_lesson.runs.manifests import (
    MOST_STEPS,
    describe,
    is_count,
    is_number,
    read_manifest,
)
from vqvae_lesson.training import Training

GRID_LETTERS = 64


class Run:
    """A training run that writes its folder as it goes.

    Parameters
    ----------
    folder : path
    letters : vqvae_lesson.data.Letters
    recipe : vqvae_lesson.recipes.Recipe
    recipe_name : str
    seed : int
    steps : int, optional
        By default as many as the recipe's epochs have.
    record : bool
        Keep a record of how each code fares.
    strategy : tf.distribute.Strategy, optional
        Of several devices or workers; see :mod:`vqvae_lesson.replicas`.

    Attributes
    ----------
    training : Training
    steps : int
        Steps to reach.
    record : CodeRecord or None

    Raises
    ------
    LessonError
        If the recipe does not fit the letters, the memory, a record or the devices,
        or another worker was given something else.
    """

    def __init__(
        self,
        folder,
        letters,
        recipe,
        recipe_name="article",
        seed=0,
        steps=None,
        record=False,
        strategy=None,
    ):
        count, image_shape = len(letters.train_images), letters.train_images.shape[1:]
        if record:
            recipe.require_one_code()
        recipe.require_memory(image_shape)
        recipe.require_letters(letters.train_images.shape)
        self.folder, self.letters = Path(folder), letters
        self.per_epoch = count // recipe.batch_size
        self.steps = recipe.epochs * self.per_epoch if steps is None else steps
        if not 1 <= self.steps <= MOST_STEPS:
            raise LessonError(
                f"{self.steps} steps to reach, expected 1 to {MOST_STEPS}: use fewer "
                "steps or epochs"
            )
        self.record, self.seconds = None, 0.0
        self.epoch_losses, self.history, self.metrics = [], [], {}
        self.manifest = describe(recipe_name, recipe, letters, seed)
        self.manifest.update(record=record, steps_to_reach=self.steps)
        self.strategy = strategy
        if strategy:
            told = {**self.manifest["hyperparameters"], "seed": seed, "to": self.steps}
            data = letters.digest + _sizes(self.manifest)
            expect_agreement(strategy, data=data, recipe=json.dumps(told))
            self.training = SharedTraining(recipe, image_shape, seed, strategy)
        else:
            self.training = Training(recipe, image_shape, seed)

    @classmethod
    def start(cls, folder, *args, **kwargs):
        """Begin a run in an empty folder; arguments as for the class.

        Raises
        ------
        LessonError
            If the folder is not empty, if only since another run began in it, or
            cannot be made.
        """
        folder = Path(folder)
        expect_empty(folder)
        run = cls(folder, *args, **kwargs)
        run._begin()
        return run

    def _begin(self):
        """Make the folder, with the manifest in it."""
        expect_empty(self.folder)  # building took its time
        with new_folder(self.folder):
            sweep(self.folder)
            write_json(self.folder / "manifest.json", self.manifest, new=True)
        self._keep_record()

    @classmethod
    def resume(cls, folder, letters, steps=None, record=False, strategy=None):
        """Take up the run in a folder where its checkpoint left off.

        A run that ended before its first checkpoint begins again: its manifest says
        all that it needs.

        Parameters
        ----------
        folder : path
        letters : Letters
            The same as when the run began.
        steps : int, optional
            Steps to reach, all told; by default as many as when the run began.
        record : bool
            Keep a record from now on, if the run does not do so already.
        strategy : tf.distribute.Strategy, optional
            Need not be the one that the run began with.

        Raises
        ------
        LessonError
            If there is no run in the folder, or it was made from other letters, or
            a file in it is damaged or of another run.
        """
        folder = Path(folder)
        recipe, manifest = read_manifest(folder / "manifest.json", of_run=True)
        found, expected = letters.digest, manifest["data"]["sha256"]
        if found != expected:
            raise LessonError(
                f"{folder} was trained on letters {expected[:12]}, found "
                f"{found[:12]}: name the same data"
            )
        steps = steps or manifest.get("steps_to_reach")
        record = record or manifest.get("record", False)
        name, seed = manifest["recipe"], manifest["seed"]
        run = cls(folder, letters, recipe, name, seed, steps, record, strategy)
        found, expected = _sizes(run.manifest), _sizes(manifest)
        if found != expected:
            raise LessonError(
                f"{folder} was trained on {expected}, found {found}: name the same data"
            )
        run.manifest = {**manifest, "record": record, "steps_to_reach": run.steps}
        run._restore()
        if strategy:
            expect_agreement(strategy, checkpoint=str(run.training.step))
        run._go_on()
        return run

    def _go_on(self):
        """Take up what the folder holds, and clear away what was left half-written."""
        self._keep_record()
        sweep(self.folder)
        sweep(self.folder / "pictures")
        write_json(self.folder / "manifest.json", self.manifest)

    def _restore(self):
        """Take up the checkpoint, if the run came as far as one."""
        path, training = self.folder / "checkpoint.npz", self.training
        if not (path.exists() or (self.folder / "history.csv").exists()):
            return
        extra = load_checkpoint(path, training.model, training.optimizer)
        counted = training.optimizer.iterations.numpy()
        progress = progress_of(path, extra.get("progress"), self.manifest, counted)
        terms, metrics = training.model.terms, progress["metrics"]
        columns = ["epoch", "step", *terms._fields, *metrics]
        try:
            self.seconds, self.metrics = float(progress["seconds"]), metrics
            rows, self.history = progress["epoch_losses"], progress["history"]
            self.epoch_losses = [terms(*row) for row in rows]
            right = all(all(map(is_number, row)) for row in rows)
            right = right and self._can_be_past(progress["steps"], columns)
        except (AttributeError, KeyError, TypeError, ValueError):
            right = False
        if not right:
            raise LessonError(
                f"{path} holds a history of other columns than {columns}: expected a "
                "file as `train` writes it"
            )
        training.step = progress["steps"]
        if self.history:
            self._write_history()

    def _can_be_past(self, steps, columns):
        """Whether a run could have this history, and losses, after so many steps."""
        epochs, left = divmod(steps, self.per_epoch)
        if len(self.epoch_losses) != left or len(self.history) - epochs not in (0, 1):
            return False
        ends = [row["step"] for row in self.history]
        return all(
            [*row] == columns
            and all(map(is_number, row.values()))
            and is_count(row["epoch"], 1)
            and is_count(row["step"], 1, steps)
            for row in self.history
        ) and ends[:epochs] == [self.per_epoch * (1 + n) for n in range(epochs)]

    def _keep_record(self):
        """Begin or take up the record of the codes, if the run keeps one."""
        if self.manifest["record"]:
            path, images = self.folder / "codes.npz", self.letters.held_out_images
            origin = {"run": self.manifest["run"], "data": self.letters.digest}
            self.record = CodeRecord(self.training, images, path, origin)

    def train(self, report=lambda step, losses: None):
        """Train to the last step; Ctrl-C stops after the step at hand.

        Parameters
        ----------
        report : callable
            Called with the step and its losses.

        Returns
        -------
        bool
            True if the last step was reached, False if Ctrl-C came first. Both
            leave a checkpoint to go on from.
        """
        began = time.perf_counter() - self.seconds
        images = self.letters.train_images
        with _ctrl_c() as pressed:
            for losses in self.training.steps(images, self.steps):
                step = self.training.step
                self.epoch_losses.append(losses)
                if self.record:
                    self.record(step)
                report(step, losses)
                self.seconds = time.perf_counter() - began
                stop = bool(pressed)
                if step % self.per_epoch == 0 or step == self.steps:
                    self._end_epoch()
                elif stop:
                    self._measure()
                    self._save()
                if stop:
                    break
        finished = self.training.step >= self.steps
        if finished and self.strategy:  # nobody leaves before the chief has written
            expect_agreement(self.strategy, end=str(self.training.step))
        return finished

    def _end_epoch(self):
        """Measure, write a row of history and two pictures, save."""
        self._measure()
        step = self.training.step
        epoch = -(-step // self.per_epoch)
        means = self.training.model.terms(*np.mean(self.epoch_losses, axis=0).tolist())
        numbers = {**means._asdict(), **self.metrics}
        rounded = {name: round(number, 4) for name, number in numbers.items()}
        row = {"epoch": epoch, "step": step, **rounded}
        whole_epochs = [row for row in self.history if not row["step"] % self.per_epoch]
        self.history = [*whole_epochs, row]
        self._write_pictures(epoch)
        if step % self.per_epoch == 0:
            self.epoch_losses = []
        self._save()
        self._write_history()  # last: where it is, there was a checkpoint

    def _measure(self):
        """Measure the model on the letters held out."""
        found = evaluate(self.training.model, self.letters.held_out_images)
        self.metrics = {
            f"held_out_{name}": value for name, value in found._asdict().items()
        }
        if not np.all(np.isfinite([*self.metrics.values()])):
            raise LessonError(
                f"what is measured at step {self.training.step} is no finite number: "
                "use a smaller learning_rate"
            )

    def _save(self):
        """Write the checkpoint: from now on the run can go on from here."""
        save_progress(
            self.folder / "checkpoint.npz",
            self.training,
            self.manifest,
            seconds=round(self.seconds, 3),
            metrics={name: round(value, 3) for name, value in self.metrics.items()},
            epoch_losses=self.epoch_losses,
            history=self.history,
        )

    def _write_history(self):
        """Write all epochs so far as CSV."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.history[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.history)
        with whole_file(self.folder / "history.csv") as file:
            file.write(text.getvalue().encode())

    def _write_pictures(self, epoch):
        """Draw 8 x 8 reconstructions and 8 x 8 random letters."""
        model = self.training.model
        originals = np.asarray(self.letters.held_out_images[:GRID_LETTERS])
        pictures = self.folder / "pictures"
        pictures.mkdir(exist_ok=True)
        drawn = [model.reconstruct(piece) for _, piece in pieces(originals, 64)]
        reconstructions = np.concatenate(drawn)
        save_grid(pictures / f"{epoch:03d}-reconstructions.png", reconstructions)
        random_letters = model.sample(GRID_LETTERS, self.training.seed)
        save_grid(pictures / f"{epoch:03d}-random.png", random_letters)


class FollowingRun(Run):
    """A run on a worker that is not the chief: it trains along, and writes nothing.

    Arguments as for :class:`Run`. To go on, it reads the chief's folder.
    """

    @classmethod
    def start(cls, folder, *args, **kwargs):
        """Begin; the chief alone makes the folder."""
        return cls(folder, *args, **kwargs)

    def _go_on(self):
        """Leave the folder to the chief."""

    _keep_record = _save = _write_history = _go_on

    def _write_pictures(self, epoch):
        """Leave the pictures to the chief."""


def expect_empty(folder):
    """Refuse a folder with anything in it but what killed runs began to write."""
    if not folder.exists():
        return
    if not folder.is_dir() or {*folder.iterdir()} - {*unfinished(folder)}:
        raise LessonError(
            f"{folder} is not an empty folder: name another one, or go on with the run "
            "in it with --resume"
        )


def _sizes(manifest):
    """Say how many letters of which shape a manifest names."""
    data = manifest["data"]
    return (
        f"{data['train']} letters of {manifest['image_shape']}, and "
        f"{data['held_out']} held out"
    )


@contextmanager
def new_folder(folder):
    """Make a folder and those above it; where that or what follows fails, none."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, LessonError) as error:
        for path in new:
            with suppress(OSError):
                path.rmdir()
        reason = getattr(error, "strerror", None) or error
        raise LessonError(
            f"{folder} cannot be made ({reason}): name another folder"
        ) from None


@contextmanager
def _ctrl_c():
    """Collect Ctrl-C in a list instead of breaking off in the middle of a step."""
    pressed = []
    try:
        before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    except ValueError:  # not the main thread: nothing to catch
        yield pressed
        return
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
