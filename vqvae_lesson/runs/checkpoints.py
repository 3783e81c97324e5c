"""Save a training run, take it up again, and load trained weights (chapter 07).

A checkpoint is an ``.npz`` of plain arrays, so NumPy alone can look into it.
That of a run also says, as JSON, which run it is of, how far it was trained and how
good it is. Beside it stands a manifest that says which recipe made it, from which data.
TensorFlow is imported only where a model is built.
"""

import json
from pathlib import Path

import numpy as np

from vqvae_lesson.errors import LessonError
from vqvae_lesson.intake import parse_json
from vqvae_lesson.runs.files import open_arrays, whole_file
from vqvae_lesson.runs.manifests import (
    MOST_STEPS,
    is_count,
    is_number,
    read_manifest,
)

__all__ = ["WEIGHTS", "load_trained", "save_checkpoint", "load_checkpoint"]

TOLD = ("steps", "seconds", "metrics")  # what weights say of themselves
#: Folder of the trained weights that come with the package.
WEIGHTS = Path(__file__).parents[1] / "weights"


def arrays_of(model, optimizer=None):
    """All numbers of a model, and of its optimizer if there is one.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
    optimizer : keras.optimizers.Optimizer, optional

    Returns
    -------
    dict
        From names such as ``encoder/00`` to arrays.
    """
    return {name: variable.numpy() for name, variable in _named(model, optimizer)}


def _named(model, optimizer):
    """Names and variables, in an order that depends on the architecture alone."""
    parts = {layer.name: layer.weights for layer in model.layers}
    parts["optimizer"] = optimizer.variables if optimizer else []
    for part, variables in parts.items():
        for number, variable in enumerate(variables):
            yield f"{part}/{number:02d}", variable.value


def save_checkpoint(path, model, optimizer=None, **extra):
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : path
    model : vqvae_lesson.model.LessonModel
    optimizer : keras.optimizers.Optimizer, optional
        Needed to go on training from here.
    **extra : array
        Anything else to keep, such as the step.

    Raises
    ------
    LessonError
        If the disk is full or the folder cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     save_checkpoint(Path(folder) / "small.npz", model, step=np.array(300))
    ...     extra = load_checkpoint(Path(folder) / "small.npz", model)
    >>> extra["step"]
    array(300)
    """
    with whole_file(path) as file:
        np.savez_compressed(file, **arrays_of(model, optimizer), **extra)


def load_checkpoint(path, model, optimizer=None):
    """Put a checkpoint's numbers into a model, all of them or none.

    Parameters
    ----------
    path : path
    model : vqvae_lesson.model.LessonModel
        Of the architecture that was saved.
    optimizer : keras.optimizers.Optimizer, optional

    Returns
    -------
    dict
        The `extra` arrays that were saved.

    Raises
    ------
    LessonError
        For a missing or damaged file, or one of another architecture.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("article").build((28, 28, 1), seed=0)
    >>> load_checkpoint(WEIGHTS / "article.npz", model)
    {}
    """
    with open_arrays(path) as file:
        arrays = dict(file)
    pairs = list(_named(model, optimizer))
    for name, variable in pairs:
        expected = _kind(variable.numpy())
        found = _kind(arrays[name]) if name in arrays else "nothing"
        if found != expected:
            raise LessonError(
                f"{path} holds {found} for {name}, expected {expected}: it was saved "
                "from another architecture; use the recipe in its manifest"
            )
    for name, variable in pairs:
        variable.assign(arrays.pop(name))
    return {name: array for name, array in arrays.items() if "/" not in name}


def _kind(array):
    """Type and shape of an array, such as ``float32 [64, 16]``."""
    return f"{array.dtype} {list(array.shape)}"


def save_progress(path, training, manifest, **progress):
    """Write all that a run needs to go on: one file, so one truth.

    Parameters
    ----------
    path : path
    training : vqvae_lesson.training.Training
    manifest : dict
        Of the run, whose id and data the checkpoint names.
    **progress
        How far it is and how good, as JSON can hold it.

    Raises
    ------
    LessonError
        As :func:`save_checkpoint`.
    """
    origin = {"run": manifest["run"], "data": manifest["data"]["sha256"]}
    text = json.dumps({**origin, "steps": training.step, **progress})
    save_checkpoint(path, training.model, training.optimizer, progress=np.array(text))


def progress_of(path, progress, manifest, counted=None):
    """Take a checkpoint's progress, if the checkpoint is of the manifest's run.

    Parameters
    ----------
    path : path
        Of the checkpoint.
    progress : ndarray
        As :func:`save_progress` wrote it.
    manifest : dict
    counted : ndarray, int [], optional
        Steps that the optimizer's own number says.

    Returns
    -------
    dict
        As it was given to :func:`save_progress`, with `steps`, `seconds` and `metrics`
        that can be right.

    Raises
    ------
    LessonError
        If it is of another run, or damaged.
    """
    try:
        found = parse_json(str(progress))
        origin = found.pop("run"), found.pop("data")
        right = is_count(found["steps"], 0, MOST_STEPS)
        right = right and is_number(found["seconds"]) and found["seconds"] >= 0
        right = right and all(map(is_number, found["metrics"].values()))
        right = right and (counted is None or np.array_equal(counted, found["steps"]))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        right = False
    if not right:
        raise LessonError(
            f"{path} holds weights, but not how far they were trained: expected a "
            "file as `train` writes it"
        )
    expected = manifest.get("run"), manifest["data"]["sha256"]
    for kind, one, other in zip(("run", "letters"), origin, expected, strict=True):
        if one != other:
            raise LessonError(
                f"{path} is of {kind} {str(one)[:16]!r}, expected {str(other)[:16]!r} "
                "as in the manifest beside it: put back the file of this run"
            )
    return found


def load_trained(name="article"):
    """Load a trained model by the name of its recipe, or from a run's folder.

    Parameters
    ----------
    name : str or path
        A name under ``vqvae_lesson/weights``, or a folder written by ``train``.

    Returns
    -------
    model : vqvae_lesson.model.LessonModel
    manifest : dict
        Recipe, data, seed, steps, versions and metrics of these very weights.

    Raises
    ------
    LessonError
        For an unknown name, and as :func:`load_checkpoint`.

    Examples
    --------
    >>> model, manifest = load_trained("article")
    >>> manifest["recipe"], model.quantizer.codebook.shape.as_list()
    ('article', [64, 16])
    """
    path, recipe, manifest = find_trained(name)
    model = recipe.build(tuple(manifest["image_shape"]), manifest["seed"])
    extra = load_checkpoint(path, model)
    if "progress" in extra:  # a run that goes on may have saved anew
        manifest = _told(progress_of(path, extra["progress"], manifest), manifest)
    return model, manifest


def _told(progress, manifest):
    """Add to a manifest what a checkpoint says of itself, and nothing else."""
    return {**manifest, **{name: progress[name] for name in TOLD}}


def find_trained(name):
    """Find a trained model's weights, and say what they are.

    Parameters
    ----------
    name : str or path
        As for :func:`load_trained`.

    Returns
    -------
    path : Path
        Of the weights.
    recipe : vqvae_lesson.recipes.Recipe
    manifest : dict
        Recipe, data, seed, steps, versions and metrics of these very weights.

    Raises
    ------
    LessonError
        For an unknown name, or files that are damaged or do not belong together.
    """
    path, folder = WEIGHTS / f"{name}.npz", Path(name)
    if path.is_file():
        recipe, manifest = read_manifest(path.with_suffix(".json"))
    elif (folder / "checkpoint.npz").is_file():
        path = folder / "checkpoint.npz"
        recipe, manifest = read_manifest(folder / "manifest.json", of_run=True)
        with open_arrays(path) as arrays:
            progress, counted = map(arrays.get, ("progress", "optimizer/00"))
        manifest = _told(progress_of(path, progress, manifest, counted), manifest)
    else:
        known = sorted(path.stem for path in WEIGHTS.glob("*.npz"))
        raise LessonError(
            f"{name} is no trained model, expected one of {known} or a folder written "
            "by `python -m vqvae_lesson train`"
        )
    recipe.require_memory(manifest["image_shape"])
    return path, recipe, manifest
