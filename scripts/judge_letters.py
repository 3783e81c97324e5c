"""Let every prior write letters, and put them before the judges: ``make written``.

Three seeds of the drawing, on the models that are shipped. Goes on where it was
interrupted. Writes ``vqvae_lesson/records/written.json``.
"""

import numpy as np
from tqdm import tqdm

from vqvae_lesson.comparison import random_letters
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.judges import train_reader, two_sample_test
from vqvae_lesson.laboratory import SEEDS
from vqvae_lesson.limits import code_shares
from vqvae_lesson.metrics import choose
from vqvae_lesson.prior import counted_prior, shifted, uniform_prior
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import read_json, write_json
from vqvae_lesson.runs.priors import load_prior
from vqvae_lesson.written import judge_codes, judge_letters

PATH = RECORDS / "written.json"
TEMPERATURES = (1.0, 0.85, 0.7, 1.2)
BY_CLASS = [f"written_by_class, {temperature}" for temperature in TEMPERATURES]
RIVALS = ("healthy", "vae", "vae-wide")
NAMES = ("real", "reconstructed", "uniform", "by_place", "written", *BY_CLASS, *RIVALS)
COUNT = 1_000  # letters to judge, against as many real ones


def write(prior, name, seed, labels):
    """Write a grid for each label, or as many without a class, and say which.

    Classes are written one after the other and then mixed, for some judges ask only
    the first letters.
    """
    hand, _, temperature = name.partition(", ")
    if hand == "written":
        return prior.sample(len(labels), seed), None
    codes = [
        prior.sample(count, 100 * seed + label, label, float(temperature))
        for label, count in enumerate(np.bincount(labels))
    ]
    mixed = np.random.default_rng(100 * seed + len(codes)).permutation(len(labels))
    return np.concatenate(codes)[mixed], np.sort(labels)[mixed]


def decode(model, codes):
    """Draw what codes stand for, some at a time."""
    parts = [model.decode(part) for part in np.array_split(codes, 4)]
    return np.concatenate(parts)


def random_of(name, seed, letters):
    """Draw the random letters of a model without a grid."""
    model, _ = load_trained(name)
    with_codes = hasattr(model, "num_codes")
    shares = code_shares(model, letters.train_images) if with_codes else None
    return random_letters(model, COUNT, shares, seed)


def main(grid="grid", prior="grid"):
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    model, _ = load_trained(grid)
    prior, _ = load_prior(prior, model)
    real, labels = letters.held_out_images[:COUNT], letters.held_out_labels[:COUNT]
    learned = shifted(letters.train_images, prior.recipe.shift)
    codes, known = choose(model, real), choose(model, learned)
    counted = {
        "uniform": uniform_prior(model.latent_size, model.num_codes),
        "by_place": counted_prior(choose(model, letters.train_images), model.num_codes),
    }
    read = train_reader(letters.train_images, letters.train_labels)

    def judge(name, seed):
        written = asked = others = None
        if name == "real":
            pictures, written, asked = real, codes, labels
            random = np.random.default_rng(seed)
            others = random.permutation(letters.train_images)[:COUNT]
        elif name in RIVALS:
            pictures = random_of(name, seed, letters)
        else:
            if name in counted:
                written = counted[name].sample(COUNT, seed)
            elif name == "reconstructed":
                written, asked = codes, labels
            else:
                written, asked = write(prior, name, seed, labels)
            pictures = decode(model, written)
        found = judge_letters(pictures, learned, read, asked)
        others = pictures if others is None else others
        told = two_sample_test(others, real, seed).accuracy
        if written is not None:
            found |= judge_codes(written, known)
        return {
            part: round(float(value), 5)
            for part, value in {"told_real": told, **found}.items()
        }

    todo = [
        (name, seed)
        for seed in SEEDS
        for name in NAMES
        if len(found.get(name, [])) <= seed
    ]
    print(f"{len(todo)} times {COUNT:,} letters to judge")
    for name, seed in tqdm(todo, unit="set"):
        found.setdefault(name, []).append(judge(name, seed))
        write_json(PATH, {name: found[name] for name in NAMES if name in found})


if __name__ == "__main__":
    main()
