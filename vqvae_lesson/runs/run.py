"""One training run and the folder it fills (chapter 07).

The folder holds ``manifest.json``, ``history.csv``, ``checkpoint.npz`` and, for
each epoch, two grids of 8 x 8 letters in ``pictures/``.
"""

import csv
import io
import platform
import signal
import time
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from vqvae_lesson.errors import LessonError
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.plots import save_grid
from vqvae_lesson.runs.checkpoints import (
    load_checkpoint,
    read_manifest,
    save_checkpoint,
)
from vqvae_lesson.runs.files import first_line, whole_file, write_json
from vqvae_lesson.training import Training

LIBRARIES = ["tensorflow", "tensorflow-probability", "keras", "numpy"]
GRID_LETTERS = 64


class Run:
    """A training run that writes its folder as it goes.

    Parameters
    ----------
    folder : path
        Must be empty or not exist yet.
    letters : vqvae_lesson.data.Letters
    recipe : vqvae_lesson.recipes.Recipe
    recipe_name : str
    seed : int
    steps : int, optional
        By default as many as the recipe's epochs have.

    Attributes
    ----------
    training : Training
    steps : int
        Steps to reach.

    Raises
    ------
    LessonError
        If there are fewer letters than one batch holds.
    """

    def __init__(
        self, folder, letters, recipe, recipe_name="article", seed=0, steps=None
    ):
        self.folder, self.letters = Path(folder), letters
        self.per_epoch = len(letters.train_images) // recipe.batch_size
        if not self.per_epoch:
            raise LessonError(
                f"batch_size is {recipe.batch_size}, expected at most the number of "
                f"letters, {len(letters.train_images)}"
            )
        self.steps = recipe.epochs * self.per_epoch if steps is None else steps
        self.training = Training(recipe, letters.train_images.shape[1:], seed)
        self.epoch_losses, self.history, self.seconds = [], [], 0.0
        self.manifest = _manifest(recipe_name, recipe, letters, seed)
        self.manifest["steps_to_reach"] = self.steps

    @classmethod
    def start(cls, folder, *args, **kwargs):
        """Begin a run in an empty folder; arguments as for the class.

        Raises
        ------
        LessonError
            If the folder is not empty, or cannot be made.
        """
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise LessonError(
                f"{folder} is not an empty folder: name another one, or go on with "
                "the run in it with --resume"
            )
        run = cls(folder, *args, **kwargs)
        try:
            (folder / "pictures").mkdir(parents=True)
        except OSError as error:
            raise LessonError(
                f"{folder} cannot be made ({error.strerror}): name another folder"
            ) from None
        write_json(folder / "manifest.json", run.manifest)
        return run

    @classmethod
    def resume(cls, folder, letters, steps=None):
        """Take up the run in a folder where its checkpoint left off.

        Parameters
        ----------
        folder : path
        letters : Letters
            The same as when the run began.
        steps : int, optional
            Steps to reach, all told; by default as many as when the run began.

        Raises
        ------
        LessonError
            If there is no run in the folder, or it was made from other letters.
        """
        recipe, manifest = read_manifest(Path(folder) / "manifest.json")
        found, expected = letters.digest, manifest["data"]["sha256"]
        if found != expected:
            raise LessonError(
                f"{folder} was trained on letters {expected[:12]}, found "
                f"{found[:12]}: name the same data"
            )
        steps = steps or manifest.get("steps_to_reach")
        run = cls(folder, letters, recipe, manifest["recipe"], manifest["seed"], steps)
        run.manifest = {**manifest, **run.manifest}
        run._restore()
        return run

    def _restore(self):
        """Read the checkpoint and the history up to it."""
        training = self.training
        path = self.folder / "checkpoint.npz"
        extra = load_checkpoint(path, training.model, training.optimizer)
        try:
            training.step, self.seconds = int(extra["step"]), float(extra["seconds"])
            rows = extra["epoch_losses"].tolist()
            self.epoch_losses = [training.model.terms(*row) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise LessonError(
                f"{path} holds weights, but not how far they were trained ({error}): "
                "expected a file as `train` writes it"
            ) from None
        self._read_history()

    def _read_history(self):
        """Read the rows of the whole epochs before the checkpoint."""
        path, epochs = self.folder / "history.csv", self.training.step // self.per_epoch
        try:
            rows = csv.DictReader(io.StringIO(path.read_text() if epochs else ""))
            wanted = [str(epoch * self.per_epoch) for epoch in range(1, epochs + 1)]
            self.history = [row for row in rows if row["step"] in wanted]
        except (OSError, KeyError, ValueError) as error:
            raise LessonError(
                f"{path} cannot be read ({first_line(error)}): expected a file as "
                "`train` writes it"
            ) from None
        if len(self.history) != epochs:
            raise LessonError(
                f"{path} holds {len(self.history)} of the {epochs} epochs before the "
                "checkpoint: put it back as `train` wrote it"
            )

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
                report(step, losses)
                self.seconds = time.perf_counter() - began
                stop = bool(pressed)
                if step % self.per_epoch == 0 or step == self.steps:
                    self._end_epoch()
                elif stop:
                    self._save(self._measure())
                if stop:
                    break
        return self.training.step >= self.steps

    def _end_epoch(self):
        """Measure, write a row of history and two pictures, save."""
        step, metrics = self.training.step, self._measure()
        epoch = -(-step // self.per_epoch)
        means = self.training.model.terms(*np.mean(self.epoch_losses, axis=0).tolist())
        numbers = {**means._asdict(), **_prefixed(metrics)}
        rounded = {name: round(number, 4) for name, number in numbers.items()}
        self.history.append({"epoch": epoch, "step": step, **rounded})
        self._write_history()
        self._write_pictures(epoch)
        if step % self.per_epoch == 0:
            self.epoch_losses = []
        self._save(metrics)

    def _measure(self):
        """Measure the model on the letters held out."""
        return evaluate(self.training.model, self.letters.held_out_images)

    def _save(self, metrics):
        """Write the checkpoint, and in the manifest how far and how good it is."""
        training, terms = self.training, len(self.training.model.terms._fields)
        self.manifest.update(
            steps=training.step,
            seconds=round(self.seconds, 1),
            metrics=_rounded(metrics),
        )
        write_json(self.folder / "manifest.json", self.manifest)
        save_checkpoint(
            self.folder / "checkpoint.npz",
            training.model,
            training.optimizer,
            step=np.array(training.step),
            seconds=np.array(self.seconds),
            epoch_losses=np.array(self.epoch_losses, np.float64).reshape(-1, terms),
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
        originals = self.letters.held_out_images[:GRID_LETTERS]
        pictures = self.folder / "pictures"
        reconstructions = model.reconstruct(originals)
        save_grid(pictures / f"{epoch:03d}-reconstructions.png", reconstructions)
        random_letters = model.sample(GRID_LETTERS, self.training.seed)
        save_grid(pictures / f"{epoch:03d}-random.png", random_letters)


def _manifest(recipe_name, recipe, letters, seed):
    """Say all that a run depends on."""
    return {
        "recipe": recipe_name,
        "hyperparameters": asdict(recipe),
        "image_shape": list(letters.train_images.shape[1:]),
        "seed": seed,
        "data": {
            "name": letters.name,
            "sha256": letters.digest,
            "train": len(letters.train_images),
            "held_out": len(letters.held_out_images),
        },
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    }


def _prefixed(metrics):
    """Name the metrics for what they were measured on."""
    return {f"held_out_{name}": value for name, value in metrics._asdict().items()}


def _rounded(metrics):
    """Round the held-out metrics for the manifest."""
    return {name: round(value, 3) for name, value in _prefixed(metrics).items()}


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
