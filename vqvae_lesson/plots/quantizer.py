"""Codes, the regions they rule over, and the distances to them (chapter 04)."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke

from vqvae_lesson.plots.letters import draw_sheet, lay_out
from vqvae_lesson.plots.paper import COLORS, INK, color_of, finish

FAR = 20  # how far the shading goes, in widths of the drawing


def nearest_regions(latents, codebook, indices):
    """Draw latents in the plane, joined to the codes they chose, on shaded regions.

    Parameters
    ----------
    latents : array, float [N, 2]
    codebook : array, float [K, 2]
    indices : array, int [N]

    Returns
    -------
    Figure
    """
    latents, codebook = np.asarray(latents), np.asarray(codebook)
    indices = np.asarray(indices)
    figure, axes = plt.subplots(figsize=(5.5, 3.6))
    for index, region in enumerate(regions(codebook, np.vstack([latents, codebook]))):
        shade = {"facecolor": color_of(index), "alpha": 0.18}
        axes.add_artist(Polygon(region, **shade, lw=0))
        axes.add_artist(Polygon(region, fill=False, edgecolor=INK, lw=0.8))
    for latent, index in zip(latents, indices, strict=True):
        way = np.stack([latent, codebook[index]], axis=1)
        axes.plot(*way, color=color_of(index), lw=0.7, alpha=0.6)
    chosen = [color_of(index) for index in indices]
    axes.scatter(*latents.T, c=chosen, s=20, edgecolor="white", lw=0.4, zorder=3)
    colors = [color_of(index) for index in range(len(codebook))]
    axes.scatter(*codebook.T, c=colors, s=190, marker="*", edgecolor=INK, zorder=4)
    halo = [withStroke(linewidth=3, foreground="white")]
    for index, code in enumerate(codebook):
        place = {"xytext": (8, 6), "textcoords": "offset points", "zorder": 5}
        axes.annotate(f"code {index}", code, **place, path_effects=halo)
    axes.margins(0.08)
    axes.set_aspect("equal", adjustable="datalim")
    return finish(figure, axes, "first number of a vector", "second number")


def regions(codebook, points):
    """Find the Voronoi cell of every code, as far as the eye reaches.

    Parameters
    ----------
    codebook : array, float [K, 2]
    points : array, float [N, 2]
        The region ends far outside of these.

    Returns
    -------
    list of ndarray, float [corners, 2]
    """
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    reach = FAR * (np.ptp(points, axis=0).max() or 1)
    sheet = middle + reach * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    found = []
    for code in codebook:
        region = sheet
        for other in codebook:
            away = other - code
            region = _cut(region, away, away @ (other + code) / 2)
        found.append(region)
    return found


def _cut(corners, direction, most):
    """Cut off what lies further in a direction than a straight line."""
    over = corners @ direction - most
    ways = zip(
        *(corners, np.roll(corners, -1, axis=0)),
        *(over, np.roll(over, -1)),
        strict=True,
    )
    kept = []
    for here, there, excess, excess_there in ways:
        if excess <= 0:
            kept.append(here)
        if excess * excess_there < 0:
            kept.append(here + (there - here) * excess / (excess - excess_there))
    return np.array(kept).reshape(-1, 2)


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
