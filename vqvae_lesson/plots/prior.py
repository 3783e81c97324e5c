"""Figures of chapter 15: what each place looks back at, totals, letters by row."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from vqvae_lesson.plots.letters import draw_sheet, lay_out
from vqvae_lesson.plots.paper import COLORS, INK, finish


def looks_back(weights, asked):
    """Draw where the heads of a Transformer look, from some places of a grid.

    Parameters
    ----------
    weights : array, float [heads, places asked, rows, columns]
        How much each place counts in the mean; each grid sums to at most 1.
    asked : sequence of tuple of int
        Row and column of each place that asks.

    Returns
    -------
    Figure
    """
    high, wide = len(asked), len(weights)
    size = (1.5 * wide, 1.5 * high + 0.3)
    figure, all_axes = plt.subplots(high, wide, figsize=size, squeeze=False)
    for (number, head), axes in np.ndenumerate(all_axes):
        axes.imshow(weights[head][number], cmap="Greys", vmin=0)
        row, column = asked[number]
        box = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, lw=2)
        box.set_edgecolor(COLORS[1])
        axes.add_patch(box)
        axes.set_xticks([])
        axes.set_yticks([])
        if not number:
            axes.set_title(f"head {head + 1}", fontsize=10)
    return finish(figure)


def named_rows(rows):
    """Draw rows of letters close together, each with its name on the left.

    Parameters
    ----------
    rows : dict
        From name to images, float [N, H, W, C] in [0, 1].

    Returns
    -------
    Figure

    Examples
    --------
    >>> white, black = np.zeros([8, 28, 28, 1]), np.ones([8, 28, 28, 1])
    >>> figure = named_rows({"white": white, "black": black})
    >>> len(figure.axes)
    2
    """
    columns = max(map(len, rows.values()))
    side = min(0.58, 6.4 / columns)
    size = (side * columns + 0.9, 1.07 * side * len(rows))
    figure, all_axes = plt.subplots(len(rows), 1, figsize=size, squeeze=False)
    for axes, (name, images) in zip(all_axes[:, 0], rows.items(), strict=True):
        draw_sheet(axes, lay_out(images, columns))
        axes.text(-0.012, 0.5, name, ha="right", va="center", transform=axes.transAxes)
    return finish(figure)


def stacked_prices(rows, goal=None, of_goal=""):
    """Draw what a letter costs in all: pixels, and its codes after them.

    Parameters
    ----------
    rows : dict
        From name to runs (pixels, codes) in nats per letter. The bars are means
        over the runs, and each run's sum is a dot.
    goal : float, optional
        A sum to compare with, drawn as a line.
    of_goal : str
        Whose sum it is.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 0.9 + 0.28 * len(rows)))
    pixels, codes = np.transpose([np.mean(runs, axis=0) for runs in rows.values()])
    names = list(rows)
    axes.barh(names, pixels, color=COLORS[5], label="pixels")
    axes.barh(names, codes, left=pixels, color=COLORS[4], label="codes")
    for name, runs in rows.items():
        sums = np.sum(runs, axis=1)
        axes.plot(sums, [name] * len(sums), "o", color=INK, ms=4, alpha=0.8)
    if goal:
        axes.axvline(goal, color=INK, ls="--", lw=1.2, label=of_goal)
    axes.invert_yaxis()
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure, axes, "nats for a letter")
