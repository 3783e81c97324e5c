"""Codes and clouds side by side: the figures of chapter 12."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import INK, color_of_model, finish

# One mark a kind of model; of the two clouds, the one with the narrow neck is hollow.
KINDS = {
    "article": "^",
    "vae": "o",
    "vae, falling": "o",
    "healthy": "D",
    "vae-wide": "o",
}
HOLLOW = ("vae", "vae, falling")
GUIDE = {"color": INK, "ls": "--", "lw": 1}


def mark_of(name):
    """How a model is drawn, in all figures of the chapter."""
    color = color_of_model(name)
    inside = "white" if name in HOLLOW else color
    return {"marker": KINDS[name], "mec": color, "mfc": inside, "mew": 1.6, "ls": ""}


def model_dots(panels, guides=None):
    """Draw the values of models as dots, one a seed, in panels side by side.

    Parameters
    ----------
    panels : dict
        From title to rows, which lead from the name of a model to its values.
    guides : dict, optional
        From title to a value that is marked by a dashed line.

    Returns
    -------
    Figure
    """
    count = len(panels)
    names = [*next(iter(panels.values()))]
    figure, all_axes = plt.subplots(
        1, count, sharey=True, squeeze=False, figsize=(7.2, 0.9 + 0.33 * len(names))
    )
    for axes, (title, rows) in zip(all_axes[0], panels.items(), strict=True):
        for place, (name, values) in enumerate(rows.items()):
            axes.plot(values, [place] * len(values), ms=7, alpha=0.8, **mark_of(name))
        if title in (guides or {}):
            axes.axvline(guides[title], zorder=0, **GUIDE)
        axes.set_title(title, fontsize=11)
        axes.margins(x=0.12, y=0.2)
        axes.locator_params(axis="x", nbins=4)
        axes.grid(axis="x", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    all_axes[0, 0].set_yticks(range(len(names)), names)
    all_axes[0, 0].invert_yaxis()
    return finish(figure)


def numbers_of_latents(runs):
    """Draw two measures of how much each number of a latent tells.

    Parameters
    ----------
    runs : dict
        From the name of a model to its runs, each of them a pair of arrays [D]:
        activity, and width of the cloud in units of the prior's.

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.8))
    for name, pairs in runs.items():
        for number, (activity, width) in enumerate(pairs):
            look = {"ms": 5, "alpha": 0.8, "label": None if number else name}
            rank = np.arange(1, len(width) + 1)
            left.plot(rank, np.sort(activity)[::-1], **mark_of(name), **look)
            right.plot(rank, np.sort(width), **mark_of(name), **look)
    left.set_yscale("log")
    left.axhline(0.01, **GUIDE)
    right.axhline(0.5, **GUIDE)
    right.set_ylim(0, 1.05)
    left.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.06))
    finish(figure, left, "numbers, most active first", "activity")
    return finish(figure, right, "numbers, narrowest first", "width")
