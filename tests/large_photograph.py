"""Code and draw twelve megapixels, and compare the seams with one piece.

``python -m tests.large_photograph`` says how much memory the process has taken.
"""

import re
from pathlib import Path

import numpy as np

from vqvae_lesson.crops import sample_photograph
from vqvae_lesson.photographs import (
    BLOCK,
    code_photograph,
    draw_photograph,
    margin_of,
)
from vqvae_lesson.runs.checkpoints import load_trained

SHAPE = 3_000, 4_000, 3
STRIDE = 4
GRID = SHAPE[0] // STRIDE, SHAPE[1] // STRIDE
IN_ONE_PIECE = 1_000  # places along a side of a block: more than any window has


def large_photograph():
    """Lay both photographs side by side over and over, each row moved to the side."""
    both = np.concatenate([sample_photograph(name) for name in ("china", "flower")], 1)
    rows = [np.roll(both, 97 * row, axis=1) for row in range(8)]
    return np.tile(np.concatenate(rows), [1, 4, 1])[: SHAPE[0], : SHAPE[1]]


def windows():
    """Parts of the grid around seams of both kinds: above, and in the far corner."""
    side = 2 * BLOCK + 22
    yield slice(0, side), slice(2 * BLOCK, 2 * BLOCK + side)
    yield tuple(slice(size - side, size) for size in GRID)


def inside(window, margin):
    """What of a window does not see its edge, unless that is the photograph's."""
    return tuple(
        slice(one.start and one.start + margin, one.stop - margin * (one.stop < size))
        for one, size in zip(window, GRID, strict=True)
    )


def part(window, places=1):
    """Take so many rows and columns for each place of a window."""
    return tuple(slice(places * one.start, places * one.stop) for one in window)


def within(one, window, places=1):
    """Take a part of the grid out of what was made of a window."""
    return tuple(
        slice(places * (a.start - b.start), places * (a.stop - b.start))
        for a, b in zip(one, window, strict=True)
    )


def seams(model, photograph, digits, drawn):
    """Compare codes and pixels around seams with windows that are one piece each.

    Returns
    -------
    codes : int
        Codes that differ.
    pixels : list of int
        How many numbers are drawn 0, 1, 2, ... steps apart.
    """
    margins = margin_of(reversed(model.encoder.layers), STRIDE)
    margins = margins, margin_of(model.decoder.layers, STRIDE)
    codes, apart = 0, np.zeros(256, int)
    for window in windows():
        own = inside(window, margins[0])
        pixels = photograph[part(window, STRIDE)]
        whole = code_photograph(model, pixels, side=IN_ONE_PIECE)
        codes += np.count_nonzero(whole[within(own, window)] != digits[own])
        own = inside(window, margins[1])
        picture = draw_photograph(model, digits[window], pixels.shape, IN_ONE_PIECE)
        found = (
            np.int32(drawn[part(own, STRIDE)]) - picture[within(own, window, STRIDE)]
        )
        apart += np.bincount(np.abs(found).ravel(), minlength=256)
    return codes, np.trim_zeros(apart, "b").tolist()


def peak():
    """Most memory that this process has had, in MB."""
    # Not by getrusage: it begins with what the process had that started this one.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024


def main():
    """Fail where a seam shows, or memory runs over 1 GB."""
    model, _ = load_trained("photographs")
    photograph = large_photograph()
    assert photograph.shape == SHAPE
    digits = code_photograph(model, photograph)
    assert digits.shape == (*GRID, 4)
    drawn = draw_photograph(model, digits, SHAPE)
    most = peak()
    assert most < 1_000, f"{most} MB"
    codes, apart = seams(model, photograph, digits, drawn)
    assert codes == 0, f"{codes} codes differ"
    assert len(apart) <= 2, f"{apart} numbers are so many steps apart"
    assert apart[0] > 1_000 * sum(apart[1:]), f"{apart} numbers differ"
    print(f"No seam in {sum(apart):,} numbers; {most} MB at most.")


if __name__ == "__main__":
    main()
