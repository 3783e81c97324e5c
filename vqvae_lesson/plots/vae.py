"""Codes and clouds side by side, and the latent plane: the figures of chapter 12."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, INK, color_of_model, finish

# One mark a kind of model; of the two clouds, the one with the narrow neck is hollow.
KINDS = {"article": "^", "vae": "o", "healthy": "D", "vae-wide": "o"}
HOLLOW = ("vae",)
CLASS_MARKS = (("o", COLORS[0]), ("s", COLORS[1]), ("^", COLORS[2]))
GREYS = ("#f4f4f4", "#e6e6e6", "#d4d4d4", "#bebebe", "#a6a6a6")
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
    right.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 0.25))
    finish(figure, left, "numbers, most active first", "activity")
    return finish(figure, right, "numbers, narrowest first", "width")


def latent_plane(points, labels, class_names, prior, names):
    """Draw the means of letters of three classes on the prior's density.

    Parameters
    ----------
    points : array, float [N, 2]
    labels : array, int [N]
        0, 1 or 2.
    class_names : sequence of str
        Of the three classes.
    prior : tuple of arrays, float [A], [B] and [B, A]
        Places along both axes, and the density there.
    names : sequence of str
        Of the two axes.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 3.7))
    across, up, density = prior
    levels = density.max() * np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1])
    axes.contourf(across, up, density, levels, colors=GREYS)
    points, labels = np.asarray(points), np.asarray(labels)
    for label, name in enumerate(class_names):
        marker, color = CLASS_MARKS[label]
        look = {"s": 20, "color": color, "marker": marker, "lw": 0.4, "ec": "white"}
        axes.scatter(*points[labels == label].T, label=name, **look)
    axes.set_xlim(across[0], across[-1])
    axes.set_ylim(up[0], up[-1])
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure, axes, *names)
