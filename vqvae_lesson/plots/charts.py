"""Numbers as lines, bars and dots."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from vqvae_lesson.plots.paper import COLORS, color_of_model, finish


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

    Examples
    --------
    >>> figure = lines([1, 2, 3], {"loss": [3.0, 2.0, 1.5]}, "step", "nats")
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('step', 'nats')
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

    Examples
    --------
    >>> figure = bars([3, 1, 2], "code", "letters")
    >>> len(figure.axes[0].patches)
    3
    """
    figure, axes = plt.subplots(figsize=(6.5, 3))
    axes.bar(np.arange(len(values)), values, color=COLORS[0])
    if names:
        axes.set_xticks(np.arange(len(values)), names)
    return finish(figure, axes, xlabel, ylabel)


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

    Examples
    --------
    >>> figure = dots({"article": [280, 283, 281], "healthy": [258, 259, 258]}, "nats")
    >>> figure.axes[0].get_xlabel()
    'nats'
    """
    figure, axes = plt.subplots(figsize=(6.5, 0.8 + 0.45 * len(rows)))
    for number, (name, values) in enumerate(rows.items()):
        color = color_of_model(name, COLORS[number % len(COLORS)])
        axes.plot(values, [name] * len(values), "o", color=color, ms=8, alpha=0.7)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    return finish(figure, axes, xlabel)
