"""Train all experiments of the laboratory at three seeds: ``make laboratory``.

Says beforehand how many there are, and how long they take; goes on where it was
interrupted.
"""

from tqdm import tqdm

from small_networks import small_network
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.judges import sharpness
from vqvae_lesson.laboratory import CUT, SEEDS, experiments
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.runs.files import read_json, write_json

PATH = RECORDS / "laboratory.json"


def measure(name, recipe, seed, letters):
    model = small_network(recipe, seed, letters, CUT.get(name))
    metrics = evaluate(model, letters.held_out_images)
    sharp = sharpness(model.reconstruct(letters.held_out_images))
    found = {name: round(value, 3) for name, value in metrics._asdict().items()}
    return {**found, "sharpness": round(sharp, 5)}


def main():
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    todo = [
        (name, recipe, seed)
        for seed in SEEDS
        for name, recipe in experiments().items()
        if len(found.get(name, [])) <= seed
    ]
    print(f"{len(todo)} runs to train, some {len(todo)} minutes on two cores")
    for name, recipe, seed in tqdm(todo, unit="run"):
        found.setdefault(name, []).append(measure(name, recipe, seed, letters))
        write_json(PATH, {name: found[name] for name in experiments() if name in found})


if __name__ == "__main__":
    main()
