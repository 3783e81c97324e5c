"""Train what the chapters compare, and keep how each run went: ``make records``.

An interrupted run goes on where it left off; a finished one is not trained again.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from vqvae_lesson.health import RECORDS
from vqvae_lesson.recipes import RECIPES
from vqvae_lesson.runs.files import read_json, write_json

RUNS = Path("runs")
SHORT = "--epochs=8"
VARIANTS = {
    "article": ["article"],
    "article-seed-1": ["article", "--seed=1"],
    "article-seed-2": ["article", "--seed=2"],
    "debiased": ["article", "--ema-start=debiased"],
    "consistent": ["article", "--ema-start=consistent"],
    "healthy": ["healthy"],
    "healthy-seed-1": ["healthy", "--seed=1"],
    "healthy-seed-2": ["healthy", "--seed=2"],
    "short": ["healthy", SHORT],
    "short-narrow-neck": ["healthy", SHORT, "--neck-depth=4"],
    "short-random-codes": ["healthy", SHORT, "--warm-up-steps=0"],
    "short-article-start": ["healthy", SHORT, "--ema-start=article"],
    "short-slow-average": ["healthy", SHORT, "--decay=0.99"],
    "short-no-revival": ["healthy", SHORT, "--revive-below=0"],
    "short-weak-commitment": ["healthy", SHORT, "--commitment-weight=0.25"],
    "short-constant-rate": ["healthy", SHORT, "--falling-rate=false"],
    "vae": ["vae"],
    "vae-seed-1": ["vae", "--seed=1"],
    "vae-seed-2": ["vae", "--seed=2"],
    "vae-wide": ["vae-wide"],
    "vae-wide-seed-1": ["vae-wide", "--seed=1"],
    "vae-wide-seed-2": ["vae-wide", "--seed=2"],
    "vae-2": ["vae-2"],
    "vae-2-seed-1": ["vae-2", "--seed=1"],
    "vae-2-seed-2": ["vae-2", "--seed=2"],
    "vae-2-wide": ["vae-2", "--neck-depth=64", "--falling-rate=true"],
}


def train(name):
    """Train one variant, and keep its manifest and the record of its codes, if any."""
    recipe, *changes = VARIANTS[name]
    folder = RUNS / name
    has_codes = hasattr(RECIPES[recipe], "num_codes")
    command = [sys.executable, "-m", "vqvae_lesson", "train"]
    command += ["--record"] * has_codes
    going_on = (folder / "checkpoint.npz").exists()
    if not going_on:
        shutil.rmtree(folder, ignore_errors=True)
    numbers = ["--resume"] if going_on else ["--recipe", recipe, *changes]
    _run([*command, "--out", str(folder), *numbers])
    manifest = read_json(folder / "manifest.json")
    if manifest["steps"] != manifest["steps_to_reach"]:
        sys.exit(f"{folder} is not finished: start again, and it goes on")
    RECORDS.mkdir(exist_ok=True)
    if has_codes:
        shutil.copy(folder / "codes.npz", RECORDS / f"{name}.npz")
    target = f"make train RECIPE={name}" if name in RECIPES else "make records"
    write_json(RECORDS / f"{name}.json", {**manifest, "made_by": target})


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


if __name__ == "__main__":
    for name in sys.argv[1:] or VARIANTS:
        print(name, flush=True)
        train(name)
