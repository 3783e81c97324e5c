"""Train what the chapters compare, and keep how each run went: ``make records``.

Says beforehand what is left to do, and how long it takes. An interrupted run goes on
where it left off; a finished one is not trained again.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pooch

from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import RECORDS
from vqvae_lesson.kmnist import KMNIST_FILES
from vqvae_lesson.laboratory import KL_WEIGHTS, SEEDS, experiments
from vqvae_lesson.recipes import RECIPES, find_recipe
from vqvae_lesson.runs.checkpoints import find_trained
from vqvae_lesson.runs.files import read_json, write_json

RUNS = Path("runs")
LETTERS = {
    "kmnist": 8_000,
    "kmnist-full": 60_000,
    "photographs": 8_000,
    "speech": 320,
}
SHORT = {"epochs": 8}
# Recipe by name, and what the command `train` is told beside it.
VARIANTS = {
    "article": ("article", {}),
    "article-seed-1": ("article", {"seed": 1}),
    "article-seed-2": ("article", {"seed": 2}),
    "article-long": ("article", {"epochs": 150}),
    "article-full": ("article", {"data": "kmnist-full"}),
    "debiased": ("article", {"ema_start": "debiased"}),
    "consistent": ("article", {"ema_start": "consistent"}),
    "healthy": ("healthy", {}),
    "healthy-seed-1": ("healthy", {"seed": 1}),
    "healthy-seed-2": ("healthy", {"seed": 2}),
    "short": ("healthy", SHORT),
    "short-narrow-neck": ("healthy", {**SHORT, "neck_depth": 4}),
    "short-random-codes": ("healthy", {**SHORT, "warm_up_steps": 0}),
    "short-article-start": ("healthy", {**SHORT, "ema_start": "article"}),
    "short-slow-average": ("healthy", {**SHORT, "decay": 0.99}),
    "short-no-revival": ("healthy", {**SHORT, "revive_below": 0.0}),
    "short-weak-commitment": ("healthy", {**SHORT, "commitment_weight": 0.25}),
    "short-constant-rate": ("healthy", {**SHORT, "falling_rate": False}),
    "grid": ("grid", {}),
    "grid-seed-1": ("grid", {"seed": 1}),
    "grid-seed-2": ("grid", {"seed": 2}),
    "grid-4x4": ("grid-4x4", {}),
    "grid-4x4-seed-1": ("grid-4x4", {"seed": 1}),
    "grid-4x4-seed-2": ("grid-4x4", {"seed": 2}),
    "photographs": ("photographs", {"data": "photographs"}),
    "photographs-seed-1": ("photographs", {"data": "photographs", "seed": 1}),
    "photographs-seed-2": ("photographs", {"data": "photographs", "seed": 2}),
    "vae": ("vae", {}),
    "vae-seed-1": ("vae", {"seed": 1}),
    "vae-seed-2": ("vae", {"seed": 2}),
    "vae-wide": ("vae-wide", {}),
    "vae-wide-seed-1": ("vae-wide", {"seed": 1}),
    "vae-wide-seed-2": ("vae-wide", {"seed": 2}),
    "vae-2": ("vae-2", {}),
    "vae-2-seed-1": ("vae-2", {"seed": 1}),
    "vae-2-seed-2": ("vae-2", {"seed": 2}),
    "vae-2-wide": ("vae-2", {"neck_depth": 64, "falling_rate": True}),
    "speech": ("speech", {"data": "speech"}),
}
# Records of small models, which are trained and measured in one go.
SMALL = {
    "laboratory": [*experiments()],
    "reading": [
        "none",
        "all",
        *(f"rival {beta}" for beta in KL_WEIGHTS),
        *(f"dictionary {size}" for size in (4, 16, 64, 256)),
    ],
    "judges": ["none", "all"],
    "looks": ["article", "vae", "healthy", "vae-wide", "vae, falling"],
    "splits": ["small article", "small healthy"],
}
MINUTES = {
    "laboratory": 1.0,
    "reading": 1.5,
    "judges": 1.5,
    "looks": 1.5,
    "splits": 2.0,
}


class Task(NamedTuple):
    """What is left to do of a variant: its steps, and seconds they may take."""

    name: str
    steps: int
    seconds: float


def steps_in_all(name):
    """Count the steps of a variant from its recipe and its letters."""
    base, options = VARIANTS[name]
    own = ("seed", "data")
    changes = {key: value for key, value in options.items() if key not in own}
    recipe = find_recipe(base, **changes)
    return recipe.epochs * (LETTERS[options.get("data", "kmnist")] // recipe.batch_size)


def pace(manifest):
    """Seconds a step of a run, or of one that came before it."""
    return manifest["seconds"] / manifest["steps"]


def manifest_of(path):
    """Read how far a run came; None if it is not there or has no step."""
    manifest = read_json(path) if path.exists() else {}
    return manifest if manifest.get("steps") else None


def manifest_of_run(folder):
    """Read how far a run came; None if it has no checkpoint yet, or no step."""
    begun = (folder / "checkpoint.npz").exists()
    manifest = find_trained(folder)[2] if begun else {}
    return manifest if manifest.get("steps") else None


def plan(names, runs=RUNS, records=RECORDS):
    """List what is left to do of some variants.

    A step is reckoned to take as long as in the stored record of the variant, or of
    its recipe, or of `healthy`; times the pace of this machine against the records,
    once runs of its own show it.
    """
    here = {name: manifest_of_run(runs / name) for name in names}
    stored = {
        name: pace(
            manifest_of(records / f"{name}.json")
            or manifest_of(records / f"{VARIANTS[name][0]}.json")
            or manifest_of(records / "healthy.json")
        )
        for name in names
    }
    begun = {name: manifest for name, manifest in here.items() if manifest}
    usual = sum(stored[name] * manifest["steps"] for name, manifest in begun.items())
    factor = sum(one["seconds"] for one in begun.values()) / usual if begun else 1
    tasks = []
    for name in names:
        done = begun[name]["steps"] if name in begun else 0
        steps = steps_in_all(name) - done
        tasks.append(Task(name, steps, steps * stored[name] * factor))
    return [task for task in tasks if task.steps > 0]


def missing(record, records=RECORDS):
    """List the small models, each with its seed, that a record does not hold yet."""
    path = records / f"{record}.json"
    found = read_json(path) if path.exists() else {}
    return [
        (name, seed)
        for seed in SEEDS
        for name in SMALL[record]
        if len(found.get(name, [])) <= seed
    ]


def at_hand(data):
    """Say whether letters lie on this machine, without a download."""
    if data != "kmnist-full":
        return True  # the lesson's 3 MB are downloaded if need be, the rest is here
    folders = [Path(pooch.os_cache("vqvae_lesson"))]
    if os.environ.get("KMNIST_DIR"):
        folders.append(Path(os.environ["KMNIST_DIR"]))
    return all(
        any((folder / name).is_file() for folder in folders) for name in KMNIST_FILES
    )


def describe(tasks):
    """Say what is left to do, and how long it takes."""
    lines = [
        f"{task.name}: {task.steps:,} steps, {task.seconds / 60:.0f} min"
        for task in tasks
    ]
    total = sum(task.seconds for task in tasks) / 60
    for record in SMALL:
        number = len(missing(record))
        minutes = number * MINUTES[record]
        lines.append(f"{record}: {number} small models, {minutes:.0f} min")
        total += minutes
    lines.append(
        f"In all some {total / 60:.1f} hours, if this machine is as fast as the one "
        "of the records (two cores), or as in its own runs so far."
    )
    return "\n".join(lines)


def train(name):
    """Train one variant, and keep its manifest and the record of its codes, if any."""
    recipe, options = VARIANTS[name]
    folder = RUNS / name
    one_code = has_one_code(RECIPES[recipe])
    command = [sys.executable, "-m", "vqvae_lesson", "train", "--out", str(folder)]
    command += ["--record"] * one_code
    if "data" in options:
        command += ["--data", options["data"]]
    if (folder / "checkpoint.npz").exists():
        command += ["--resume"]
    else:
        shutil.rmtree(folder, ignore_errors=True)
        command += ["--recipe", recipe, *as_options(options)]
    _run(command)
    _, _, manifest = find_trained(folder)
    if manifest["steps"] != manifest["steps_to_reach"]:
        sys.exit(f"{folder} is not finished: start again, and it goes on")
    RECORDS.mkdir(exist_ok=True)
    if one_code:
        shutil.copy(folder / "codes.npz", RECORDS / f"{name}.npz")
    target = f"make train RECIPE={name}" if name in RECIPES else "make records"
    kept = {key: value for key, value in manifest.items() if key != "epoch_losses"}
    write_json(RECORDS / f"{name}.json", {**kept, "made_by": target})


def has_one_code(recipe):
    """Whether each letter is one code, whose fate a record can follow."""
    try:
        recipe.require_one_code()
    except LessonError:
        return False
    return True


def as_options(options):
    """Write numbers of a recipe as the command `train` takes them."""
    return [
        f"--{key.replace('_', '-')}={value}"
        for key, value in options.items()
        if key != "data"
    ]


def _run(command):
    """Run a command; at Ctrl-C let it save what it has, however long it takes."""
    process = subprocess.Popen(command)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
    if code:
        sys.exit(code)


def main(names, only_plan):
    wanted = []
    for name in names:
        if at_hand(VARIANTS[name][1].get("data", "kmnist")):
            wanted.append(name)
        else:
            print(f"{name} is left out: `python -m vqvae_lesson fetch --full` first")
    print(describe(plan(wanted)), flush=True)
    for name in [] if only_plan else wanted:
        print(name, flush=True)
        train(name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="VARIANT", help="by default all")
    parser.add_argument("--plan", action="store_true", help="say it, and do nothing")
    given = parser.parse_args()
    main(given.names or [*VARIANTS], given.plan)
