"""Code the photographs held out, and weigh their rivals: ``make photographs``.

For each seed and each number of stages: bytes, decibels and structural similarity,
beside JPEG and WebP of as many bytes.
"""

import numpy as np

from train_records import RUNS
from vqvae_lesson.crops import sample_photograph, train_part
from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import RECORDS
from vqvae_lesson.photographs import (
    FORMATS,
    any_size,
    code_photograph,
    draw_photograph,
    from_bytes,
    largest_file,
    likeness,
    pad_to,
    to_bytes,
)
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import write_json

SEEDS = ("photographs", "photographs-seed-1", "photographs-seed-2")


def weigh(model, photograph):
    """Measure a photograph as codes, with one stage, with two, up to all."""
    digits = code_photograph(model, photograph)
    rows = []
    for stages in range(1, model.recipe.parts + 1):
        own = digits[..., :stages]
        data = to_bytes(own, photograph.shape, model.recipe.levels[0])
        drawn = draw_photograph(model, *from_bytes(data))
        row = {"bytes": len(data), "codes": likeness(photograph, drawn)._asdict()}
        for kind in FORMATS:
            row[kind] = rival(photograph, kind, len(data))
        rows.append(row)
    return rows


def rival(photograph, kind, most):
    """Measure a picture file of at most so many bytes; None if there is none."""
    try:
        size, picture = largest_file(photograph, kind, most)
    except LessonError:
        return None
    return {"bytes": size, **likeness(photograph, picture)._asdict()}


def without_codes(model, photograph):
    """Draw a photograph from its latents themselves: what the networks alone lose."""
    padded = pad_to(photograph, 2**model.recipe.halvings)
    latents = any_size(model.encoder, 3)(np.float32(padded[None]) / 255)
    logits = any_size(model.decoder, model.recipe.code_size)(latents)
    height, width, _ = photograph.shape
    pixels = np.round(255 * model.pictures(logits)[0, :height, :width].numpy())
    return likeness(photograph, pixels.astype(np.uint8))._asdict()


def main():
    left, right = train_part(sample_photograph("china"))
    photographs = {
        "china, left": left,
        "china, right": right,
        "flower": sample_photograph("flower"),
    }
    found = {name: [] for name in photographs}
    for seed in SEEDS:
        model, _ = load_trained(RUNS / seed)
        for name, photograph in photographs.items():
            stages = weigh(model, photograph)
            alone = without_codes(model, photograph)
            found[name].append({"stages": stages, "without codes": alone})
    write_json(RECORDS / "photograph_bytes.json", found)


if __name__ == "__main__":
    main()
