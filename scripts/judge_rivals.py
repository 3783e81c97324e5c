"""Train the small models of chapter 12, and judge their pictures: ``make looks``.

Three seeds each. Says beforehand how many there are, and goes on where it was
interrupted. Writes ``vqvae_lesson/records/looks.json``.
"""

import numpy as np
from tqdm import tqdm

from small_networks import small_network
from train_records import MINUTES, missing
from vqvae_lesson.comparison import judge, small_models
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.judges import train_reader
from vqvae_lesson.limits import code_shares
from vqvae_lesson.runs.files import read_json, write_json
from vqvae_lesson.vae import numbers_in_use

PATH = RECORDS / "looks.json"
# Only its numbers are compared, not its pictures.
BETWEEN = "vae, falling"


def measure(name, seed, letters, read):
    """Judge a model's pictures; of a VAE, what its numbers tell as well."""
    model = small_network(small_models()[name], seed, letters)
    with_codes, found = hasattr(model, "num_codes"), {}
    if name != BETWEEN:
        shares = code_shares(model, letters.train_images) if with_codes else None
        found = judge(model, letters, read, shares)._asdict()
    if not with_codes:
        found |= numbers_in_use(model, letters.held_out_images)._asdict()
    return {part: np.round(value, 5).tolist() for part, value in found.items()}


def main():
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    models = small_models()
    todo = missing("looks")
    minutes = MINUTES["looks"] * len(todo)
    print(f"{len(todo)} models to train and to judge, some {minutes:.0f} minutes")
    read = train_reader(letters.train_images, letters.train_labels)
    for name, seed in tqdm(todo, unit="run"):
        found.setdefault(name, []).append(measure(name, seed, letters, read))
        write_json(PATH, {name: found[name] for name in models if name in found})


if __name__ == "__main__":
    main()
