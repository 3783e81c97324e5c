"""Ask readers what they still can read after each model: ``make reading``.

One reader has learned on real letters, another on the model's own pictures of the
training letters. Trains the small codes and the rivals of chapter 13 at three seeds,
says beforehand how many there are, and goes on where it was interrupted.
"""

import numpy as np
from tqdm import tqdm

from train_records import MINUTES, missing
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.judges import class_purity, train_reader
from vqvae_lesson.laboratory import experiments, run_experiment
from vqvae_lesson.runs.files import read_json, write_json

PATH = RECORDS / "reading.json"


def measure(model, letters, reader):
    """Shares of the held-out letters that are read right; of codes, their purity."""
    labels = letters.held_out_labels
    made = model.reconstruct(letters.held_out_images)
    own = train_reader(model.reconstruct(letters.train_images), letters.train_labels)
    shares = {"read": np.mean(reader(made) == labels)}
    shares["ceiling"] = np.mean(own(made) == labels)
    if hasattr(model, "num_codes"):
        indices = model.represent(letters.held_out_images)
        shares["purity"], _ = class_purity(indices, labels, model.num_codes)
    return {name: round(float(share), 4) for name, share in shares.items()}


def main():
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    todo = missing("reading")
    minutes = MINUTES["reading"] * len(todo)
    print(f"{len(todo)} models to train and to read, some {minutes:.0f} minutes")
    if todo:
        reader = train_reader(letters.train_images, letters.train_labels)
    for name, seed in tqdm(todo, unit="run"):
        model, _ = run_experiment(experiments()[name], seed, letters)
        found.setdefault(name, []).append(measure(model, letters, reader))
        write_json(PATH, found)


if __name__ == "__main__":
    main()
