"""Train with codes that follow one replica of many, at three seeds: ``make replicas``.

Where the codes of all replicas are copied from the first, they follow its part of the
batch alone. One device can do that, too: it counts the first letters of each batch.
With a memory that is longer by as much, the averages hold as many latents as before.
"""

from dataclasses import replace
from itertools import product

from tqdm import tqdm

from vqvae_lesson.data import load_kmnist
from vqvae_lesson.ema import batch_statistics
from vqvae_lesson.health import RECORDS
from vqvae_lesson.laboratory import SEEDS
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.runs.files import read_json, write_json
from vqvae_lesson.training import Training

COUNTS, STEPS = (1, 2, 8, 32), 1_250
LONGER = "healthy, longer memory"
PATH = RECORDS / "replicas_copied.json"


def follow_the_first(layer, rows):
    """Let the codes of a layer follow so many letters of each batch, and no others."""

    def statistics(latents, indices, num_codes):
        return batch_statistics(latents[:rows], indices[:rows], num_codes)

    layer.statistics, layer.candidates = statistics, lambda latents: latents[:rows]


def recipe_of(name, replicas):
    """Look up a small recipe; with a longer memory, if its name says so."""
    recipe = find_recipe(name.split(",")[0], base_depth=8, epochs=10)
    longer = recipe.decay ** (1 / replicas)
    return replace(recipe, decay=longer) if name == LONGER else recipe


def train(name, replicas, seed, letters):
    """Train a small model whose codes follow one of so many replicas."""
    recipe = recipe_of(name, replicas)
    training = Training(recipe, seed=seed)
    follow_the_first(training.model.quantizer, recipe.batch_size // replicas)
    for _ in tqdm(training.steps(letters.train_images, STEPS), total=STEPS):
        pass
    return evaluate(training.model, letters.held_out_images)._asdict()


def main():
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    for seed, name, replicas in product(SEEDS, ("article", "healthy", LONGER), COUNTS):
        runs = found.setdefault(name, {}).setdefault(str(replicas), [])
        if len(runs) <= seed:
            runs.append(train(name, replicas, seed, letters))
            write_json(PATH, found)


if __name__ == "__main__":
    main()
