"""Draw the picture of the README and of the book's first page: ``make cover``."""

from pathlib import Path

import numpy as np

from vqvae_lesson import data, plots
from vqvae_lesson.runs.checkpoints import load_trained

COVER = Path("book/images/cover.png")
COLUMNS = 12


def main():
    letters = data.load_kmnist().held_out_images[20 : 20 + COLUMNS]
    model, _ = load_trained("article")
    codes_in_use = np.flatnonzero(model.quantizer.ema_counts.numpy() > 0.1)
    indices = np.random.default_rng(0).choice(codes_in_use, [COLUMNS, 1], replace=False)
    figure = plots.letter_rows(
        {
            "letters from old books": letters,
            "through one number": model.reconstruct(letters),
            "from random codes": model.decode(indices),
        }
    )
    COVER.parent.mkdir(exist_ok=True)
    figure.savefig(COVER, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
