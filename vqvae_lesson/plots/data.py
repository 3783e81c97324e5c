"""The letters of the lesson, by character: a wall, averages, distances (chapter 01)."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

from vqvae_lesson.plots.letters import draw_sheet, lay_out, named_letters
from vqvae_lesson.plots.paper import COLORS, INK, finish


def letter_wall(images, labels, names, columns=16):
    """Draw the first letters of each character, one row a character.

    Parameters
    ----------
    images : array, float [N, H, W, C] in [0, 1]
    labels : array, int [N]
    names : sequence of str
        What to write before each row, in order of the labels.
    columns : int
        Letters a row; each character needs as many.

    Returns
    -------
    Figure
    """
    labels = np.asarray(labels)
    places = [np.flatnonzero(labels == label)[:columns] for label in range(len(names))]
    sheet = lay_out(np.asarray(images)[np.concatenate(places)], columns)
    height, width = sheet.shape[:2]
    size = 0.46 * columns
    figure, axes = plt.subplots(figsize=(size + 0.7, size * height / width))
    draw_sheet(axes, sheet)
    for row, name in enumerate(names):
        middle = (row + 0.5) * height / len(names)
        axes.text(-8, middle, name, ha="right", va="center", fontsize=12)
    return finish(figure)


def histograms(samples, xlabel, ylabel, bins=60):
    """Draw how often each value occurs in each sample, with the means as lines.

    Parameters
    ----------
    samples : dict
        From name to values, any shape.
    xlabel, ylabel : str
    bins : int

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 2.8))
    ends = [np.min(values) for values in samples.values()]
    ends += [np.max(values) for values in samples.values()]
    edges = np.linspace(min(ends), max(ends), bins + 1)
    for number, (name, values) in enumerate(samples.items()):
        shares = np.histogram(values, edges)[0] * (100 / np.size(values))
        style = {"color": COLORS[number], "ls": ["-", "--", ":"][number % 3]}
        axes.stairs(shares, edges, lw=1.8, label=name, **style)
        axes.axvline(np.mean(values), lw=1, **style)
    axes.plot([], [], color=INK, lw=1, label="upright: means")
    axes.legend(frameon=False)
    return finish(figure, axes, xlabel, ylabel)


def overlays(image, others, names, columns=5):
    """Draw one letter in blue under each of several others in orange.

    Where both have ink the picture is dark, so that only what does not meet is
    coloured.

    Parameters
    ----------
    image : array, float [H, W, 1] in [0, 1]
    others : array, float [N, H, W, 1] in [0, 1]
    names : sequence of str
    columns : int

    Returns
    -------
    Figure
    """
    first, second = (1 - np.array(to_rgb(color)) for color in COLORS[:2])
    pictures = 1 - image * first - np.asarray(others) * second
    return named_letters(np.clip(pictures, 0, 1), names, columns)
