"""Train a recipe on the lesson's letters and ship its weights: ``make train``.

An interrupted run goes on where it left off.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from vqvae_lesson.checkpoints import WEIGHTS, load_trained, save_checkpoint

RUNS = Path("runs")


def main(recipe):
    folder = RUNS / recipe
    command = [sys.executable, "-m", "vqvae_lesson", "train", "--recipe", recipe]
    command += ["--out", str(folder)]
    if (folder / "checkpoint.npz").exists():
        command.append("--resume")
    subprocess.run(command, check=True)
    model, _ = load_trained(folder)
    save_checkpoint(WEIGHTS / f"{recipe}.npz", model)
    shutil.copy(folder / "manifest.json", WEIGHTS / f"{recipe}.json")
    shutil.copy(folder / "history.csv", WEIGHTS / f"{recipe}.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])
