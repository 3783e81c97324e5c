"""Numbers as lines, bars and dots."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from vqvae_lesson.plots.paper import COLORS, INK, color_of_model, finish


def lines(x, curves, xlabel, ylabel, log=False):
    """Draw one line a name.

    Parameters
    ----------
    x : array, [N]
    curves : dict
        From name to values [N].
    xlabel, ylabel : str
    log : bool
        Draw the values on a logarithmic axis.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 3.4))
    for number, (name, values) in enumerate(curves.items()):
        style = ["-", "--", ":", "-."][number % 4]
        color = COLORS[number % len(COLORS)]
        axes.plot(x, values, style, color=color, label=name, lw=1.8)
    if log:
        axes.set_yscale("log")
    if np.array_equal(x, np.round(x)):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(curves) > 1:
        axes.legend(frameon=False)
    return finish(figure, axes, xlabel, ylabel)


def bars(values, xlabel, ylabel, names=None):
    """Draw one bar a value, in the order given.

    Parameters
    ----------
    values : array, [N]
    xlabel, ylabel : str
    names : sequence of str, optional
        What to write under each bar.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 3))
    axes.bar(np.arange(len(values)), values, color=COLORS[0])
    if names:
        axes.set_xticks(np.arange(len(values)), names)
    return finish(figure, axes, xlabel, ylabel)


def limit_curve(sizes, curves, points, floor):
    """Draw nats against the number of pictures, with models as points.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of pictures.
    curves : dict
        From name to nats, one a size.
    points : dict
        From name to (number of pictures, nats).
    floor : float
        Nats that no model can go below.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 4))
    for number, (name, nats) in enumerate(curves.items()):
        axes.plot(sizes, nats, "os"[number] + "-", color=COLORS[number], label=name)
    for number, (name, point) in enumerate(points.items(), start=len(curves)):
        axes.plot(
            *point, "D^"[number % 2], ms=10, zorder=3, color=COLORS[number], label=name
        )
    axes.axhline(floor, color=INK, ls="--", lw=1, label="floor: grey pixels")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(0.05, 0.33))
    return finish(figure, axes, "number of pictures", "nats per letter")


def stacked_bars(rows, parts, xlabel):
    """Draw one horizontal bar a row, made of named parts.

    Parameters
    ----------
    rows : dict
        From name to a dictionary with the length of each part.
    parts : sequence of str
    xlabel : str

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 0.8 + 0.6 * len(rows)))
    left = np.zeros(len(rows))
    for number, part in enumerate(parts):
        lengths = np.array([row[part] for row in rows.values()])
        label = part.replace("_", " ")
        axes.barh([*rows], lengths, left=left, color=COLORS[number], label=label)
        left += lengths
    axes.invert_yaxis()
    axes.legend(frameon=False, loc="lower right")
    return finish(figure, axes, xlabel)


def dots(rows, xlabel):
    """Draw each name's values as dots on a line of its own.

    Parameters
    ----------
    rows : dict
        From name to values.
    xlabel : str

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 0.8 + 0.45 * len(rows)))
    for number, (name, values) in enumerate(rows.items()):
        color = color_of_model(name, COLORS[number % len(COLORS)])
        axes.plot(values, [name] * len(values), "o", color=color, ms=8, alpha=0.7)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    return finish(figure, axes, xlabel)
