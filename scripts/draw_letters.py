"""Keep what the models of chapter 13 make of six held-out letters: ``make drawings``.

The first seed of each small model and of each dictionary, and the models of full size.
Writes ``vqvae_lesson/records/drawings.npz``: from a model's name in the chapter to
greys from 0 to 15, uint8 [6, 28, 28].
"""

import numpy as np
from tqdm import tqdm

from small_networks import small_network
from vqvae_lesson.comparison import COMPARED
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.laboratory import KL_WEIGHTS, experiments
from vqvae_lesson.limits import best_dictionary, picture_nats
from vqvae_lesson.runs.checkpoints import load_trained

SIZES = (4, 16, 64, 256)
SMALL = {"small healthy VQ-VAE": "all", "small VQ-VAE of the article": "none"}
SMALL |= {f"β = {weight}": f"rival {weight}" for weight in KL_WEIGHTS}


def main():
    letters = load_kmnist()
    # The first letter of each of the first six characters.
    _, six = np.unique(letters.held_out_labels, return_index=True)
    images = letters.held_out_images[six[:6]]
    made = {}
    for name, experiment in tqdm(SMALL.items(), unit="model"):
        model = small_network(experiments()[experiment], 0, letters)
        made[name] = model.reconstruct(images)
    for size in tqdm(SIZES, unit="dictionary"):
        pictures = best_dictionary(letters.train_images, size, restarts=1).pictures
        nats = picture_nats(np.float64(images), pictures)
        made[f"{size} pictures"] = pictures[nats.argmin(axis=1)]
    for name in COMPARED:
        made[name] = load_trained(name)[0].reconstruct(images)
    greys = {
        name: np.rint(15 * np.reshape(drawn, [-1, 28, 28])).astype("uint8")
        for name, drawn in made.items()
    }
    np.savez_compressed(RECORDS / "drawings.npz", **greys)


if __name__ == "__main__":
    main()
