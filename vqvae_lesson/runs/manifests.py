"""What a run was made from: its manifest, and the id that its files carry."""

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import version

from vqvae_lesson.errors import LessonError
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.runs.files import read_json

LIBRARIES = ["tensorflow", "tensorflow-probability", "keras", "numpy"]


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


def read_manifest(path):
    """Read what a model was trained from, and check every part of it.

    Parameters
    ----------
    path : path
        A ``manifest.json``, or one that comes with the package.

    Returns
    -------
    recipe : vqvae_lesson.recipes.Recipe
    manifest : dict
        With at least `recipe`, `hyperparameters`, `image_shape`, `seed` and `data`.

    Raises
    ------
    LessonError
        If the file cannot be read, or a part is missing or cannot be right.
    """
    manifest = read_json(path)
    try:
        recipe = find_recipe(manifest["recipe"], **manifest["hyperparameters"])
        wrong = [name for name, right in _parts(manifest).items() if not right]
        # The weights that come with the package are older than ids.
        if not wrong and manifest.get("run") not in (None, run_id(manifest)):
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


def _parts(manifest):
    """For each part of a manifest, whether it can be right."""
    data, shape = manifest["data"], manifest["image_shape"]
    return {
        "image_shape": isinstance(shape, list)
        and len(shape) == 3
        and all(_is_count(size, 1) for size in shape),
        "seed": _is_count(manifest["seed"]) and manifest["seed"] < 2**32,
        "data": isinstance(data, dict)
        and all(isinstance(data.get(name), str) for name in ("name", "sha256"))
        and all(_is_count(data.get(name)) for name in ("train", "held_out")),
        "steps_to_reach": _is_count(manifest.get("steps_to_reach", 1), 1),
        "record": isinstance(manifest.get("record", False), bool),
        "steps": _is_count(manifest.get("steps", 0)),
        "metrics": isinstance(manifest.get("metrics", {}), dict),
    }


def _is_count(value, least=0):
    """Whether a value is a whole number from `least` on."""
    return type(value) is int and value >= least
