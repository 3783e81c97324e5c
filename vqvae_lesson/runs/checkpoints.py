"""Save a training run, take it up again, and load trained weights (chapter 07).

A checkpoint is an ``.npz`` of plain arrays, so NumPy alone can look into it.
Beside it stands a manifest that says which recipe made it, from which data.
TensorFlow is imported only where a model is built.
"""

from pathlib import Path

import numpy as np

from vqvae_lesson.errors import LessonError
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.runs.files import open_arrays, read_json, whole_file

WEIGHTS = Path(__file__).parents[1] / "weights"
NEEDED = {"hyperparameters", "image_shape", "seed", "recipe", "data"}


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


def read_manifest(path):
    """Read what a model was trained from.

    Parameters
    ----------
    path : path
        A ``manifest.json``.

    Returns
    -------
    recipe : vqvae_lesson.recipes.Recipe
    manifest : dict
        With at least the keys in :data:`NEEDED`.

    Raises
    ------
    LessonError
        If the file cannot be read, or lacks one of these.
    """
    manifest = read_json(path)
    try:
        missing = NEEDED - manifest.keys()
        recipe = find_recipe(manifest["recipe"], **manifest["hyperparameters"])
    except (AttributeError, KeyError, TypeError) as error:
        missing = {error}
    if missing:
        raise LessonError(
            f"{path} lacks {', '.join(map(str, missing))}: expected a manifest.json "
            "as `train` writes it"
        )
    return recipe, manifest


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
        Recipe, data, seed, steps, versions and metrics.

    Raises
    ------
    LessonError
        For an unknown name, and as :func:`load_checkpoint`.
    """
    weights, path = trained_files(name)
    recipe, manifest = read_manifest(path)
    model = recipe.build(tuple(manifest["image_shape"]), manifest["seed"])
    load_checkpoint(weights, model)
    return model, manifest


def trained_files(name):
    """Paths of a trained model's weights and of its manifest."""
    if (WEIGHTS / f"{name}.npz").is_file():
        return WEIGHTS / f"{name}.npz", WEIGHTS / f"{name}.json"
    if (Path(name) / "checkpoint.npz").is_file():
        return Path(name) / "checkpoint.npz", Path(name) / "manifest.json"
    known = sorted(path.stem for path in WEIGHTS.glob("*.npz"))
    raise LessonError(
        f"{name} is no trained model, expected one of {known} or a folder written by "
        "`python -m vqvae_lesson train`"
    )
