"""What a run was made from: its manifest, and the id that its files carry."""

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import version

from vqvae_lesson.errors import LessonError
from vqvae_lesson.recipes import MOST_FLOAT, find_recipe
from vqvae_lesson.runs.files import read_json

__all__ = ["read_manifest"]

LIBRARIES = ["tensorflow", "tensorflow-probability", "keras", "numpy"]
MOST_STEPS = 2**31 - 1
MOST_LETTERS = 2**31 - 1


def describe(recipe_name, recipe, letters, seed):
    """Say all that a run depends on.

    Parameters
    ----------
    recipe_name : str
    recipe : vqvae_lesson.recipes.Recipe
    letters : vqvae_lesson.data.Letters
    seed : int

    Returns
    -------
    dict
        The manifest; its `run` is the run's id.
    """
    manifest = {
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
    return {"run": run_id(manifest), **manifest}


def run_id(manifest):
    """Make a run's id from all that fixes its numbers: recipe, sizes, seed and data.

    Two runs with one id are the same run, to the last bit.
    """
    fixing = [manifest[name] for name in ("hyperparameters", "image_shape", "seed")]
    text = json.dumps([*fixing, manifest["data"]["sha256"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_manifest(path, of_run=False):
    """Read what a model was trained from, and check every part of it.

    Parameters
    ----------
    path : path
        A ``manifest.json``, or one that comes with the package.
    of_run : bool
        A run's must have its id; some that come with the package are older than ids.

    Returns
    -------
    recipe : vqvae_lesson.recipes.Recipe
    manifest : dict
        With at least `recipe`, `hyperparameters`, `image_shape`, `seed` and `data`.

    Raises
    ------
    LessonError
        If the file cannot be read, or a part is missing or cannot be right.

    Examples
    --------
    >>> from vqvae_lesson.runs.checkpoints import WEIGHTS
    >>> recipe, manifest = read_manifest(WEIGHTS / "article.json")
    >>> recipe.num_codes, manifest["data"]["name"]
    (64, 'kmnist')
    """
    manifest = read_json(path)
    try:
        recipe = find_recipe(manifest["recipe"], **manifest["hyperparameters"])
        parts = _parts(manifest, recipe)
        wrong = [name for name, right in parts.items() if not right]
        has_id = of_run or "run" in manifest
        if not wrong and has_id and manifest.get("run") != run_id(manifest):
            wrong = ["run"]
    except KeyError as error:
        wrong = [error.args[0]]
    except (AttributeError, TypeError, LessonError) as error:
        wrong = [f"recipe ({error})"]
    if wrong:
        raise LessonError(
            f"{path} has no usable {', '.join(wrong)}: expected a manifest.json as "
            "`train` writes it"
        )
    return recipe, manifest


def _parts(manifest, recipe):
    """For each part of a manifest, whether it can be right."""
    data, shape = manifest["data"], manifest["image_shape"]
    versions = manifest.get("versions", {})
    return {
        "image_shape": isinstance(shape, list)
        and len(shape) == 3
        and all(is_count(size, 1) for size in shape),
        "seed": is_count(manifest["seed"], 0, 2**32 - 1),
        "data": isinstance(data, dict)
        and all(isinstance(data.get(name), str) for name in ("name", "sha256"))
        and is_count(data.get("train"), recipe.batch_size, MOST_LETTERS)
        and is_count(data.get("held_out"), 1, MOST_LETTERS),
        "versions": isinstance(versions, dict)
        and all(isinstance(text, str) for text in versions.values()),
        "steps_to_reach": is_count(manifest.get("steps_to_reach", 1), 1, MOST_STEPS),
        "record": isinstance(manifest.get("record", False), bool),
        "steps": is_count(manifest.get("steps", 0), 0, MOST_STEPS),
        "metrics": isinstance(manifest.get("metrics", {}), dict),
    }


def is_count(value, least=0, most=float("inf")):
    """Whether a value, as JSON gives it, is a whole number from least to most."""
    return type(value) is int and least <= value <= most


def is_number(value):
    """Whether a value, as JSON gives it, is a number that a float can be."""
    return type(value) in (int, float) and abs(value) < MOST_FLOAT
