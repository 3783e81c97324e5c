"""Figures of chapter 10: the curve of limits, and where models lose their nats."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, INK, color_of_model, finish

SHARES = (COLORS[4], COLORS[5], "0.6")  # the colours that no model has


def limit_curve(sizes, curves, points, floor):
    """Draw nats against the number of pictures, with models as points.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of pictures.
    curves : dict
        From name to nats, one a size; two curves at most.
    points : dict
        From name to (number of pictures, nats), each a number or one a seed; two
        models at most.
    floor : float
        Nats that no model can go below.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 4))
    kinds = zip(curves.items(), ("o:", "s-"), (COLORS[4], COLORS[5]), strict=False)
    for (name, nats), style, color in kinds:
        axes.plot(sizes, nats, style, color=color_of_model(name, color), label=name)
    kinds = zip(points.items(), "D^", (COLORS[0], COLORS[3]), strict=False)
    for (name, point), mark, color in kinds:
        color = color_of_model(name, color)
        axes.plot(*point, mark, ms=9, zorder=3, alpha=0.7, color=color, label=name)
    axes.axhline(floor, color=INK, ls="--", lw=1, label="floor: grey pixels")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(0.05, 0.33))
    return finish(figure, axes, "number of pictures", "nats per letter")


def split_bars(panels, parts, xlabel):
    """Draw one horizontal bar a run, made of named parts, in panels side by side.

    Parameters
    ----------
    panels : dict
        From a title to runs; runs are a dict from name to the length of each part.
    parts : sequence of str
        Three at most.
    xlabel : str

    Returns
    -------
    Figure

    Examples
    --------
    >>> runs = {"seed 0": {"pixels": 258.0, "price": 4.1}}
    >>> figure = split_bars({"healthy": runs}, ["pixels", "price"], "nats")
    >>> figure.axes[0].get_title()
    'healthy'
    """
    rows = max(map(len, panels.values()))
    size = 6.5, 1.3 + 0.3 * rows
    figure, several = plt.subplots(1, len(panels), figsize=size, squeeze=False)
    for axes, (title, runs) in zip(several[0], panels.items(), strict=True):
        left = np.zeros(len(runs))
        for part, color in zip(parts, SHARES, strict=False):
            lengths = np.array([run[part] for run in runs.values()])
            axes.barh([*runs], lengths, 0.7, left, color=color, label=part)
            left += lengths
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel(xlabel)
        axes.spines[["top", "right"]].set_visible(False)
        axes.invert_yaxis()
    names, labels = several[0, 0].get_legend_handles_labels()
    figure.legend(names, labels, frameon=False, loc="upper center", ncols=len(parts))
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    plt.close(figure)
    return figure
