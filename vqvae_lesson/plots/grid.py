"""Figures of chapter 14: a letter as a grid of codes, and what one of them changes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from vqvae_lesson.plots.letters import draw_sheet, lay_out
from vqvae_lesson.plots.paper import COLORS, finish


def frame(axes, middle, side, color=COLORS[1], **style):
    """Draw a square around a middle (row, column), in pixels."""
    corner = middle[1] - side / 2 - 0.5, middle[0] - side / 2 - 0.5
    square = Rectangle(corner, side, side, fill=False, ec=color, lw=1.6, **style)
    axes.add_patch(square)


def grid_of_codes(letter, indices, picture):
    """Draw a letter in squares, the code of each square, and what is drawn from them.

    Parameters
    ----------
    letter, picture : array, float [H, W, 1] in [0, 1]
    indices : array, int [rows, columns]

    Returns
    -------
    Figure
    """
    figure, (before, codes, after) = plt.subplots(1, 3, figsize=(6.6, 2.5))
    rows, columns = np.shape(indices)
    for axes, image, title in ((before, letter, "letter"), (after, picture, "picture")):
        draw_sheet(axes, lay_out(np.asarray(image)[None], 1))
        axes.set_title(title)
    height, width = np.shape(letter)[:2]
    for row in range(1, rows):
        before.axhline(height * row / rows - 0.5, color=COLORS[5], lw=0.8)
    for column in range(1, columns):
        before.axvline(width * column / columns - 0.5, color=COLORS[5], lw=0.8)
    codes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
    codes.set_axis_off()
    codes.set_title("codes")
    for (row, column), code in np.ndenumerate(indices):
        codes.text(column, row, str(code), ha="center", va="center", fontsize=9)
    return finish(figure)


def exchanged(before, after, middles, side):
    """Draw pictures with one code exchanged, and below what has changed in each.

    Parameters
    ----------
    before : array, float [H, W, 1] in [0, 1]
    after : array, float [N, H, W, 1] in [0, 1]
    middles : sequence of tuple of float
        Row and column of each exchanged place, in pixels.
    side : int
        Of a place's own square, which is framed.

    Returns
    -------
    Figure
    """
    count = len(after)
    figure, all_axes = plt.subplots(2, count + 1, figsize=(1.15 * count + 1.2, 2.5))
    draw_sheet(all_axes[0, 0], lay_out(np.asarray(before)[None], 1))
    all_axes[0, 0].set_title("before", fontsize=10)
    all_axes[1, 0].remove()
    for (above, below), image, middle in zip(
        all_axes[:, 1:].T, np.asarray(after), middles, strict=True
    ):
        draw_sheet(above, lay_out(image[None], 1))
        change = (image - before)[..., 0]
        below.imshow(change, cmap="PuOr_r", vmin=-1, vmax=1)
        below.set_axis_off()
        for axes in (above, below):
            frame(axes, middle, side)
    return finish(figure)


def footprint(change, sides):
    """Draw the mean change around an exchanged code, with squares around it.

    Parameters
    ----------
    change : array, float [S, S]
        The code's own square in the middle.
    sides : dict
        From what is said of a square to its side, in pixels; three at most.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(5.4, 2.7))
    image = axes.imshow(change, cmap="Greys", vmin=0)
    middle = 2 * (len(change) / 2,)
    for (name, side), color in zip(sides.items(), COLORS[1:], strict=False):
        frame(axes, middle, side, color, label=name)
    axes.set_axis_off()
    figure.colorbar(image, label="mean change of the ink")
    axes.legend(frameon=False, loc="center right", bbox_to_anchor=(-0.05, 0.5))
    return finish(figure)
