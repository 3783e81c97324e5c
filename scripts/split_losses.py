"""Split what networks lose against the best dictionary: ``make splits``.

Trains six small networks, a minute each, and splits them by their encoder's choice;
those that the record holds already are not trained again.
The full-size runs are split by the pictures that ``make records`` has kept: each
letter gets the cheapest. Searches of dictionaries take a minute each, too. Writes
``vqvae_lesson/records/splits.json``.
"""

from itertools import product

import numpy as np

from small_networks import small_network
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS, load_record
from vqvae_lesson.laboratory import SEEDS, experiments
from vqvae_lesson.limits import (
    SUREST,
    best_dictionary,
    code_nats,
    picture_nats,
    search_once,
    split_loss,
)
from vqvae_lesson.metrics import choose
from vqvae_lesson.runs.files import read_json, write_json

PATH = RECORDS / "splits.json"
SMALL = {"small article": "none", "small healthy": "all"}
FULL = {
    name: [name, f"{name}-seed-1", f"{name}-seed-2"] for name in ("article", "healthy")
}


class Limits(dict):
    """NLLs of the best dictionaries of some letters, each searched when needed."""

    def __init__(self, images):
        super().__init__()
        self.images = images

    def __missing__(self, size):
        self[size] = best_dictionary(self.images, size).nll
        return self[size]


def split_model(model, images, limits):
    """Split by the encoder's choice."""
    nats, indices = code_nats(model, images), choose(model, images)[:, 0]
    return split_loss(np.float64(images), nats, indices, limits)


def split_record(name, images, limits):
    """Split by the cheapest of the pictures at the end of a recorded run."""
    pictures = np.clip(load_record(name)["pictures"][-1] / 255, SUREST, 1 - SUREST)
    nats = picture_nats(np.float64(images), pictures)
    return split_loss(np.float64(images), nats, nats.argmin(axis=1), limits)


def measured(found, letters):
    """Measure a dictionary on both halves of the letters."""
    held_out = picture_nats(np.float64(letters.held_out_images), found.pictures)
    nll = float(held_out.min(axis=1).mean())
    return {"train": round(found.nll, 2), "held_out": round(nll, 2)}


def rounded(splits):
    """Write splits as dictionaries of numbers that can be read."""
    return [
        {name: round(value, 3) for name, value in split._asdict().items()}
        for split in splits
    ]


def main():
    letters = load_kmnist()
    train = letters.train_images
    limits, found = Limits(train), read_json(PATH) if PATH.exists() else {}
    for name, seed in product(SMALL, SEEDS):
        if len(found.setdefault(name, [])) <= seed:
            run = small_network(experiments()[SMALL[name]], seed, letters)
            found[name] += rounded([split_model(run, train, limits)])
            write_json(PATH, found)
    for name, runs in FULL.items():
        found[name] = rounded(split_record(run, train, limits) for run in runs)
    found["pictures"] = {
        str(size): measured(best_dictionary(train, size), letters) for size in (29, 30)
    }
    seeds = np.random.SeedSequence(0).generate_state(4)  # as best_dictionary's own
    searches = [search_once(np.float64(train), 64, int(seed)) for seed in seeds]
    found["searches"] = [measured(one, letters) for one in searches]
    write_json(PATH, found)


if __name__ == "__main__":
    main()
