"""Train each small network once, whichever records it is measured for."""

import hashlib
from pathlib import Path

from vqvae_lesson.errors import LessonError
from vqvae_lesson.laboratory import run_experiment
from vqvae_lesson.runs.checkpoints import load_checkpoint, save_checkpoint

FOLDER = Path("runs") / "small"


def small_network(recipe, seed, letters, steps=None):
    """Train a recipe of the laboratory, or take the network that was trained before."""
    told = f"{recipe!r} {seed} {letters.digest}" + f" {steps}" * bool(steps)
    path = FOLDER / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz"
    model = recipe.build(letters.train_images.shape[1:], seed)
    try:
        load_checkpoint(path, model)
    except LessonError:  # not there, or not whole
        model, _ = run_experiment(recipe, seed, letters, steps)
        FOLDER.mkdir(parents=True, exist_ok=True)
        save_checkpoint(path, model)
    return model
