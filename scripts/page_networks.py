"""Put small networks into the package, and scripts of them beside the pages.

By ``make networks``. Networks that were trained before are taken from ``runs/small``.
"""

from pathlib import Path

import numpy as np

from small_networks import small_network
from vqvae_lesson.classroom.networks import (
    GRID_RECIPE,
    NETWORKS,
    PAGE_RECIPES,
    grid_script,
    load_network,
    page_script,
    patches_of_codes,
)
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.runs.checkpoints import save_checkpoint
from vqvae_lesson.runs.files import whole_file, write_json

LOADED = Path("book") / "loaded"
SEED = 0
SHOWN = 40  # letters that a reader can start from


def round_to_half(model):
    """Round every weight to a number that 16 bits can hold."""
    for layer in model.layers:
        for weight in layer.weights:
            weight.assign(weight.numpy().astype("float16").astype("float32"))


def main():
    letters, manifest = load_kmnist(), {}
    NETWORKS.mkdir(exist_ok=True)
    for name, recipe in {**PAGE_RECIPES, "grid": GRID_RECIPE}.items():
        model = small_network(recipe, SEED, letters)
        round_to_half(model)
        save_checkpoint(NETWORKS / f"{name}.npz", model)
        found = evaluate(model, letters.held_out_images)._asdict()
        steps = recipe.epochs * (len(letters.train_images) // recipe.batch_size)
        metrics = {key: round(value, 3) for key, value in found.items()}
        manifest[name] = {"seed": SEED, "steps": steps, "data": letters.digest}
        manifest[name]["held_out"] = metrics
    write_json(NETWORKS / "manifest.json", manifest)
    images = np.rint(255 * letters.held_out_images[:SHOWN, ..., 0]).astype("uint8")
    labels = letters.held_out_labels[:SHOWN]
    with whole_file(NETWORKS / "letters.npz") as file:
        np.savez_compressed(file, images=images, labels=labels)
    patches = patches_of_codes(load_network("grid")[0], letters.train_images)
    with whole_file(NETWORKS / "patches.npz") as file:
        np.savez_compressed(file, patches=patches)
    for name, script in {"letters.js": page_script(), "grid.js": grid_script()}.items():
        with whole_file(LOADED / name) as file:
            file.write(script.encode())


if __name__ == "__main__":
    main()
