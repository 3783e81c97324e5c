"""Record a small training with the picture of every code: ``make film``.

The article's recipe with 8 filters, for as many steps as at full size: a minute or two
on two cores. Writes ``vqvae_lesson/records/article-small.npz``, a record like those of
``make records``, with pictures at every step that it holds, and its manifest.
"""

import time

import numpy as np
from tqdm import tqdm

from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS, CodeRecord
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.runs.files import whole_file, write_json
from vqvae_lesson.training import Training

SEED = 0
GREYS = 15  # levels above paper: enough to tell pictures apart, and small to store


def main():
    letters, recipe = load_kmnist(), find_recipe("article", base_depth=8)
    training = Training(recipe, letters.train_images.shape[1:], SEED)
    record = CodeRecord(training, letters.held_out_images)
    codes = np.arange(recipe.num_codes)[:, None]
    steps = recipe.epochs * (len(letters.train_images) // recipe.batch_size)
    pictures, begun = [], time.monotonic()
    for _ in tqdm(training.steps(letters.train_images, steps), total=steps):
        record(training.step)
        if record.keeps(training.step):
            pixels = training.model.decode(codes).numpy()
            pictures.append(np.rint(GREYS * pixels) * (255 // GREYS))
    seconds = round(time.monotonic() - begun, 1)
    rows = {name: np.array(values) for name, values in record.rows.items()}
    with whole_file(RECORDS / "article-small.npz") as file:
        np.savez_compressed(
            file,
            **rows,
            picture_steps=rows["steps"],
            pictures=np.array(pictures, np.uint8),
        )
    metrics = evaluate(training.model, letters.held_out_images)
    manifest = {"recipe": "article", "base_depth": recipe.base_depth, "seed": SEED}
    manifest |= {"steps": steps, "seconds": seconds, "data": letters.digest}
    manifest |= {"metrics": metrics._asdict(), "made_by": "make film"}
    write_json(RECORDS / "article-small.json", manifest)


if __name__ == "__main__":
    main()
