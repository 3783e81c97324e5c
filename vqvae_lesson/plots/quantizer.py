"""Distances of latents to codes, and what the nearest look like (chapter 04)."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.letters import draw_sheet, lay_out
from vqvae_lesson.plots.paper import COLORS, finish


def distance_bars(distances):
    """Draw one latent's distance to every code; the smallest is lit.

    Parameters
    ----------
    distances : array, float [K]

    Returns
    -------
    Figure
    """
    distances = np.asarray(distances)
    nearest = int(distances.argmin())
    colors = np.where(np.arange(len(distances)) == nearest, COLORS[1], COLORS[5])
    figure, axes = plt.subplots(figsize=(6.5, 2.3))
    axes.bar(np.arange(len(distances)), distances, color=colors)
    axes.annotate(
        f"code {nearest}",
        (nearest, distances[nearest]),
        xytext=(nearest, distances.max() * 1.12),
        ha="center",
        color=COLORS[1],
        arrowprops={"arrowstyle": "-|>", "color": COLORS[1]},
    )
    axes.margins(x=0.01)
    axes.set_ylim(0, distances.max() * 1.2)
    return finish(figure, axes, "code", "squared distance")


def nearest_pictures(letters, distances, pictures, count=5):
    """Draw letters, right of each the pictures of its nearest codes, and the farthest.

    Parameters
    ----------
    letters : array, float [N, H, W, C] in [0, 1]
    distances : array, float [N, K]
        Squared, from each letter's latent to every code.
    pictures : array, float [K, H, W, C] in [0, 1]
        What each code is drawn as.
    count : int
        How many of the nearest.

    Returns
    -------
    Figure
        Above each picture stand the code's index and, below it, the distance.
    """
    letters, distances = np.asarray(letters), np.asarray(distances)
    pictures = np.asarray(pictures)
    blank = np.zeros_like(pictures[0])
    rows = []
    for letter, row in zip(letters, distances, strict=True):
        order = row.argsort()
        shown = [(letter, "code\ndistance")]
        shown += [(pictures[k], f"{k}\n{row[k]:.0f}") for k in order[:count]]
        shown += [
            (blank, "…\n…"),
            (pictures[order[-1]], f"{order[-1]}\n{row.max():.0f}"),
        ]
        rows.append([(lay_out(image[None], 1), title) for image, title in shown])
    size = 0.95 * (count + 3), 1.4 * len(rows)
    figure, all_axes = plt.subplots(len(rows), count + 3, figsize=size, squeeze=False)
    for row, line in zip(rows, all_axes, strict=True):
        for (sheet, title), axes in zip(row, line, strict=True):
            draw_sheet(axes, sheet)
            axes.set_title(title, fontsize=12)
    return finish(figure)
