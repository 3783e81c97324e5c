"""Train recipes on the lesson's letters and ship their weights: ``make train``.

By default all whose weights are shipped. An interrupted run goes on where it left
off.
"""

import shutil
import sys

from train_records import RUNS, train
from vqvae_lesson.health import RECORDS
from vqvae_lesson.runs.checkpoints import WEIGHTS, load_trained, save_checkpoint


def main(recipe):
    train(recipe)
    folder = RUNS / recipe
    model, _ = load_trained(folder)
    save_checkpoint(WEIGHTS / f"{recipe}.npz", model)
    shutil.copy(RECORDS / f"{recipe}.json", WEIGHTS / f"{recipe}.json")
    shutil.copy(folder / "history.csv", WEIGHTS / f"{recipe}.csv")


if __name__ == "__main__":
    for recipe in sys.argv[1:] or sorted(path.stem for path in WEIGHTS.glob("*.npz")):
        main(recipe)
