"""Ask readers what they still can read after each model: ``make reading``.

One reader has learned on real letters; the other, who says what is legible, on the
model's own pictures of the training letters. For the small codes and the rivals of
chapter 13 and for dictionaries, three seeds each. Says beforehand how many there are,
and goes on where it was interrupted.
"""

import numpy as np
from tqdm import tqdm

from small_networks import small_network
from train_records import MINUTES, missing
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.judges import class_purity, sharpness, train_reader, two_sample_test
from vqvae_lesson.laboratory import experiments
from vqvae_lesson.limits import best_dictionary, picture_nats
from vqvae_lesson.noise import noise_seeds
from vqvae_lesson.runs.files import read_json, write_json
from vqvae_lesson.vae import price_under, refit_prior

PATH = RECORDS / "reading.json"


def shares_read(study, made, letters, reader):
    """Share of held-out letters that each reader reads right off their pictures."""
    own = train_reader(study, letters.train_labels)
    labels = letters.held_out_labels
    return {
        "read": np.mean(reader(made) == labels),
        "legible": np.mean(own(made) == labels),
    }


def of_model(recipe, seed, letters, reader):
    """Train a small model, and read its pictures.

    Of codes their purity too; of clouds, how often random letters are told from
    reconstructions, with the prior as it was learned and with one fitted anew.
    """
    model = small_network(recipe, seed, letters)
    parts = letters.train_images, letters.held_out_images
    study, made = (np.asarray(model.reconstruct(images)) for images in parts)
    found = shares_read(study, made, letters, reader)
    if hasattr(model, "num_codes"):
        indices = model.represent(letters.held_out_images)
        purity, _ = class_purity(indices, letters.held_out_labels, model.num_codes)
        found["purity"] = purity
    else:
        drawn = np.asarray(model.sample(len(made), seed=0))
        found["told"] = two_sample_test(drawn, made).accuracy
        found |= refitted(model, seed, letters, made)
    return found


def refitted(model, seed, letters, made):
    """Fit a VAE's prior to its training letters: its price, and told as above."""
    prior = refit_prior(model, letters.train_images, seed)
    latents = prior.sample([len(made), 1], seed=noise_seeds(0, 1))
    drawn = np.asarray(model.decode(latents))
    return {
        "refitted_price": price_under(model, prior, letters.held_out_images),
        "refitted_told": two_sample_test(drawn, made).accuracy,
    }


def of_dictionary(size, seed, letters, reader):
    """Search a dictionary, and measure it as chapter 13 does."""
    book = best_dictionary(letters.train_images, size, seed, restarts=1)
    pictures = book.pictures
    parts = letters.train_images, letters.held_out_images
    train, held_out = (picture_nats(np.float64(images), pictures) for images in parts)
    study, made = (pictures[nats.argmin(axis=1)] for nats in (train, held_out))
    counts = np.bincount(train.argmin(axis=1), minlength=size) + 1
    prices = np.log(counts.sum()) - np.log(counts)
    chosen = held_out.argmin(axis=1)
    purity, _ = class_purity(chosen, letters.held_out_labels, size)
    return {
        "price": prices[chosen].mean(),
        "reconstruction": held_out.min(axis=1).mean(),
        "training": book.nll,
        "sharpness": sharpness(made),
        **shares_read(study, made, letters, reader),
        "purity": purity,
    }


def measure(name, seed, letters, reader):
    kind, _, size = name.rpartition(" ")
    if kind == "dictionary":
        found = of_dictionary(int(size), seed, letters, reader)
    else:
        found = of_model(experiments()[name], seed, letters, reader)
    return {part: round(float(value), 5) for part, value in found.items()}


def main():
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    todo = missing("reading")
    minutes = MINUTES["reading"] * len(todo)
    print(f"{len(todo)} models to train and to read, some {minutes:.0f} minutes")
    reader = train_reader(letters.train_images, letters.train_labels)
    for name, seed in tqdm(todo, unit="run"):
        found.setdefault(name, []).append(measure(name, seed, letters, reader))
        write_json(PATH, found)


if __name__ == "__main__":
    main()
