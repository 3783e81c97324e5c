"""Keep a trained prior with what it was trained on, and load it again (chapter 15)."""

import hashlib
import time
from dataclasses import asdict
from pathlib import Path

from vqvae_lesson.errors import LessonError
from vqvae_lesson.metrics import choose, evaluate
from vqvae_lesson.prior import PriorRecipe, train_prior
from vqvae_lesson.runs.checkpoints import (
    WEIGHTS,
    arrays_of,
    load_checkpoint,
    save_checkpoint,
)
from vqvae_lesson.runs.files import read_json, write_json

__all__ = ["PRIORS", "fingerprint", "save_prior", "load_prior"]

#: Folder of the trained priors that come with the package.
PRIORS = WEIGHTS / "priors"


def fingerprint(model):
    """Tell a trained model from all others: its codes mean nothing to another.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel

    Returns
    -------
    str
        SHA-256 of its weights, in hexadecimal.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> one, other = (find_recipe("small").build(seed=seed) for seed in (0, 1))
    >>> fingerprint(one) == fingerprint(other), len(fingerprint(one))
    (False, 64)
    """
    seen = hashlib.sha256()
    for array in arrays_of(model).values():
        seen.update(array.tobytes())
    return seen.hexdigest()


def save_prior(path, prior, model, **told):
    """Write a prior, and beside it what it was made from.

    Parameters
    ----------
    path : path
        Ends in ``.npz``; the manifest beside it in ``.json``.
    prior : vqvae_lesson.prior.TransformerPrior
    model : vqvae_lesson.model.VQVAE
        Whose codes it was trained on.
    **told
        What else the manifest is to say, such as `metrics`.

    Raises
    ------
    LessonError
        If the disk is full or the folder cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> prior = PriorRecipe(latent_size=1, width=8, blocks=1).build()
    >>> with TemporaryDirectory() as folder:
    ...     save_prior(Path(folder) / "prior.npz", prior, model, steps=0)
    ...     again, manifest = load_prior(folder, model)
    >>> manifest["steps"], (again.sample(5) == prior.sample(5)).all().item()
    (0, True)
    """
    path = Path(path)
    save_checkpoint(path, prior)
    manifest = {
        "hyperparameters": asdict(prior.recipe),
        "seed": prior.seed,
        "model": fingerprint(model),
    }
    write_json(path.with_suffix(".json"), {**manifest, **told})


def keep_prior(folder, model, letters, recipe, seed, report):
    """Train a prior, measure it on the letters held out, and write it.

    Parameters
    ----------
    folder : path
        Gets ``prior.npz`` and ``prior.json``.
    model : vqvae_lesson.model.VQVAE
    letters : vqvae_lesson.data.Letters
    recipe : PriorRecipe
    seed : int
    report : callable
        Is told each step and its losses.

    Returns
    -------
    dict
        Mean nats of the codes of a letter held out, and, where letters have classes,
        once its class is known.
    """
    began = time.perf_counter()
    prior = train_prior(model, letters, recipe, seed, report)
    codes, labels = choose(model, letters.held_out_images), letters.held_out_labels
    rows = {"held_out_nats": prior.rows(codes)}
    if letters.class_names:
        rows["held_out_nats_by_class"] = prior.rows(codes, labels)
    metrics = {name: round(evaluate(prior, of).nats, 3) for name, of in rows.items()}
    save_prior(
        Path(folder) / "prior.npz",
        prior,
        model,
        data=letters.digest,
        seconds=round(time.perf_counter() - began, 1),
        metrics=metrics,
    )
    return metrics


def load_prior(name="grid", model=None):
    """Load a trained prior by the name of its model, or from a file.

    Parameters
    ----------
    name : str or path
        A name under ``vqvae_lesson/weights/priors``, or a folder that the command
        `prior` wrote.
    model : vqvae_lesson.model.VQVAE, optional
        Refuse a prior that was trained on the codes of another.

    Returns
    -------
    prior : vqvae_lesson.prior.TransformerPrior
    manifest : dict

    Raises
    ------
    LessonError
        For an unknown name, a damaged file, or a prior of another model.

    Examples
    --------
    >>> prior, manifest = load_prior("grid")
    >>> prior.sample(count=5, seed=0).shape
    (5, 49)
    """
    path, folder = PRIORS / f"{name}.npz", Path(name)
    if not path.is_file():
        path = folder / "prior.npz"
    if not path.is_file():
        known = sorted(path.stem for path in PRIORS.glob("*.npz"))
        raise LessonError(
            f"{name} is no trained prior, expected one of {known} or a folder written "
            "by `python -m vqvae_lesson prior`"
        )
    manifest = read_json(path.with_suffix(".json"))
    try:
        recipe = PriorRecipe(**manifest["hyperparameters"])
        made_from, seed = manifest["model"], manifest["seed"]
    except (KeyError, TypeError) as error:
        raise LessonError(
            f"{path.with_suffix('.json')} is no manifest of a prior ({error}): train "
            "it again"
        ) from None
    if model is not None and made_from != fingerprint(model):
        raise LessonError(
            f"the prior {name} was trained on the codes of another model: to it, these "
            "codes mean nothing. Train one with `python -m vqvae_lesson prior`"
        )
    prior = recipe.build(seed=seed)
    load_checkpoint(path, prior)
    return prior, manifest
