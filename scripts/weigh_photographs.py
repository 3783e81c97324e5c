"""Code the photographs held out, and weigh their rivals: ``make photographs``.

For each seed and each number of stages: bytes, decibels and structural similarity,
beside JPEG and WebP of as many bytes. And which share of its bytes each of them spends
on the smoother half of the photograph.
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
    price_codes,
    to_bytes,
    written,
)
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import write_json

SEEDS = ("photographs", "photographs-seed-1", "photographs-seed-2")
SIDE = 16  # pixels of a square: JPEG writes each by itself, but for its mean colours
QUALITY = 80


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


def smooth_half(model, photograph):
    """Measure which share of its bits a photograph's smoother half takes, of each kind.

    Its squares are laid out as two pictures, by how much their pixels differ.
    """
    rows, columns = (size // SIDE for size in photograph.shape[:2])
    whole = photograph[: rows * SIDE, : columns * SIDE]
    squares = cut(whole)
    order = np.argsort(squares.std(axis=(1, 2)).mean(axis=-1))
    halves = [np.sort(half) for half in np.split(order, [len(order) // 2])]
    prices = price_codes(code_photograph(model, whole)).sum(axis=-1, keepdims=True)
    stride = SIDE // 2**model.recipe.halvings
    prices = cut(prices, stride).sum(axis=(1, 2, 3))
    taken = {"codes": [prices[half].sum() for half in halves]}
    for kind in FORMATS:
        sheets = [np.concatenate(squares[half]) for half in halves]
        taken[kind] = [len(written(sheet, kind, QUALITY)) for sheet in sheets]
    return {kind: float(both[0] / sum(both)) for kind, both in taken.items()}


def cut(values, side=SIDE):
    """Cut an array [H, W, C] into squares [N, side, side, C], row by row."""
    height, width, channels = values.shape
    cells = values.reshape(height // side, side, width // side, side, channels)
    return cells.swapaxes(1, 2).reshape(-1, side, side, channels)


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
            share = smooth_half(model, photograph)
            about = {"without codes": alone, "smooth half": share}
            found[name].append({"stages": stages, **about})
    write_json(RECORDS / "photograph_bytes.json", found)


if __name__ == "__main__":
    main()
