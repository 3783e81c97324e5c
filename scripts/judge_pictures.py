"""Ask all judges about the laboratory's networks, at three seeds: ``make judges``.

Says beforehand how many there are, and goes on where it was interrupted.
"""

import numpy as np
from tqdm import tqdm

from small_networks import small_network
from train_records import MINUTES, missing
from vqvae_lesson import judges
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.laboratory import experiments
from vqvae_lesson.metrics import choose, code_counts, perplexity
from vqvae_lesson.runs.files import read_json, write_json

PATH = RECORDS / "judges.json"
JUDGED = ("none", "all")


def judge(model, seed, letters, read):
    """Ask every judge about one model of one latent; shares and verdicts by name."""
    held_out, labels = letters.held_out_images, letters.held_out_labels
    num_codes = model.num_codes
    pages = model.decode(np.arange(num_codes)[:, None]).numpy()
    before = choose(model, letters.train_images)[:, 0]
    codes = choose(model, held_out)[:, 0]
    shares = code_counts(before, num_codes) / len(before)
    used = code_counts(codes, num_codes) / len(codes)
    dice = np.random.default_rng(seed)
    names = names_by_heart(before, letters.train_labels, num_codes)
    made = pages[codes]
    drawn = pages[dice.choice(num_codes, len(made), p=shares)]
    even = pages[dice.integers(num_codes, size=len(made))]
    pairs = {
        "random_or_made": (drawn, made),
        "random_or_real": (drawn, held_out),
        "made_or_real": (made, held_out),
        "even_or_made": (even, made),
    }
    bar = np.quantile(read.margins(held_out), 0.05)
    found = {
        name: judges.two_sample_test(*pair).accuracy for name, pair in pairs.items()
    }
    found |= {
        "even_limit": judges.best_judge(used, np.full(num_codes, 1 / num_codes)),
        "fair_limit": judges.best_judge(used, shares),
        "sharpness": judges.sharpness(made),
        "greyness": judges.greyness(made),
        "read_right": np.mean(read(made) == labels),
        "ceiling": judges.class_purity(codes, labels, num_codes)[0],
        "by_heart": np.mean(names[codes] == labels),
        "evenness": perplexity(read(drawn), 10),
        "characters": len(np.unique(read(drawn))),
        "named_evenness": perplexity(names[before], 10),
        "named_characters": len(np.unique(names[before])),
        "clear": np.mean(read.margins(drawn) >= bar),
    }
    return {name: round(float(value), 5) for name, value in found.items()}


def names_by_heart(codes, labels, num_codes):
    """For each code the label that most of its letters have: array [K]."""
    table = np.zeros([num_codes, labels.max() + 1])
    np.add.at(table, (codes, labels), 1)
    return table.argmax(axis=1)


def main():
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    todo = missing("judges")
    minutes = MINUTES["judges"] * len(todo)
    print(f"{len(todo)} models to train and to judge, some {minutes:.0f} minutes")
    read = judges.train_reader(letters.train_images, letters.train_labels)
    for name, seed in tqdm(todo, unit="run"):
        model = small_network(experiments()[name], seed, letters)
        found.setdefault(name, []).append(judge(model, seed, letters, read))
        write_json(PATH, {name: found[name] for name in JUDGED if name in found})


if __name__ == "__main__":
    main()
