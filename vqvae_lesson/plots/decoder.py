"""The decoder's figures: how it spreads, what it says, what its numbers cost."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from vqvae_lesson.plots.paper import COLORS, INK, finish

# From paper to an ink of the figures: these shades keep their order on dark pages too.
CHANCES, NATS = (
    LinearSegmentedColormap.from_list(name, ["white", color])
    for name, color in (("chances", COLORS[0]), ("nats", COLORS[1]))
)


def spread_on_paper(image, window, stride):
    """Draw a transposed convolution of a few numbers, as on squared paper.

    Parameters
    ----------
    image : array, [H, W]
        At most six numbers, each with a colour of its own.
    window : array, [size, size]
    stride : int

    Returns
    -------
    Figure
    """
    image, window = np.asarray(image), np.asarray(window)
    size = len(window)
    corners = [
        (stride * row, stride * column) for row, column in np.ndindex(*image.shape)
    ]
    total = np.zeros(np.add(corners[-1], size))
    for (row, column), number in zip(corners, image.flat, strict=True):
        total[row : row + size, column : column + size] += number * window
    figure = plt.figure(figsize=(6.2, 3.7))
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 1.75], height_ratios=[2, 3])
    first, second = (figure.add_subplot(grid[part, 0]) for part in (0, 1))
    third = figure.add_subplot(grid[:, 1])
    _squares(first, image, "four numbers" if image.size == 4 else "numbers")
    _squares(second, window, "one filter")
    _squares(third, total, "spread and added up")
    for number, (row, column) in enumerate(corners):
        color, inset = COLORS[number], 0.03 * (1 + number)
        _outline(first, (row // stride, column // stride), 1, 0.06, color)
        _outline(third, (row, column), size, inset, color)
    return finish(figure)


def _squares(axes, numbers, title):
    """Write numbers into squares."""
    rows, columns = numbers.shape
    for row, column in np.ndindex(rows, columns):
        axes.add_patch(Rectangle((column, row), 1, 1, fill=False, ec="0.8", lw=0.8))
        axes.text(
            column + 0.5,
            row + 0.5,
            f"{numbers[row, column]:g}",
            ha="center",
            va="center",
            fontsize=11,
            color=INK,
        )
    axes.set_xlim(-0.1, columns + 0.1)
    axes.set_ylim(rows + 0.1, -0.1)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, fontsize=12)


def _outline(axes, corner, size, inset, color):
    """Draw a frame around a window, a little inside so that all can be seen."""
    row, column = corner
    place, side = (column + inset, row + inset), size - 2 * inset
    axes.add_patch(Rectangle(place, side, side, fill=False, ec=color, lw=2.1))


def priced_letter(image, probabilities, prices):
    """Draw a letter, the picture of probabilities, and the price of each pixel.

    Parameters
    ----------
    image, probabilities : array, float [H, W, 1] in [0, 1]
    prices : array, float [H, W, 1]
        In nats; from 2 on all look the same.

    Returns
    -------
    Figure
    """
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(8.4, 2.7), width_ratios=[1, 1.25, 1.25]
    )
    left.imshow(1 - np.asarray(image)[..., 0], cmap="gray", vmin=0, vmax=1)
    left.set_title("the letter")
    shown = middle.imshow(
        np.asarray(probabilities)[..., 0], cmap=CHANCES, vmin=0, vmax=1
    )
    middle.set_title("probability of ink")
    paid = right.imshow(np.asarray(prices)[..., 0], cmap=NATS, vmin=0, vmax=2)
    right.set_title("nats paid")
    for axes, colors, extend in ((middle, shown, "neither"), (right, paid, "max")):
        figure.colorbar(colors, ax=axes, shrink=0.8, extend=extend)
    for axes in (left, middle, right):
        axes.set_xticks([])
        axes.set_yticks([])
    return finish(figure)
