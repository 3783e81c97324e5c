"""Distances of latents to codes, and what the nearest look like (chapter 04)."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from vqvae_lesson.plots.letters import draw_sheet, lay_out
from vqvae_lesson.plots.paper import COLORS, INK, finish


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


def legs(latents, codebook):
    """Draw each latent with the way to every code: first across, then up.

    Parameters
    ----------
    latents : array, [N, 2]
    codebook : array, [K, 2]

    Returns
    -------
    Figure
        One panel a latent; above it the squared distances, and who is nearest.
    """
    latents, codebook = np.asarray(latents), np.asarray(codebook)
    size = 2.5 * len(latents), 2.2
    figure, panels = plt.subplots(1, len(latents), figsize=size, squeeze=False)
    for axes, latent in zip(panels[0], latents, strict=True):
        apart = codebook - latent
        squared = (apart**2).sum(axis=1)
        nearest = int(squared.argmin())
        for k, (code, way) in enumerate(zip(codebook, apart, strict=True)):
            look = {"color": COLORS[k], "lw": 2.6 if k == nearest else 1.2}
            axes.plot(
                [latent[0], code[0], code[0]], [latent[1], latent[1], code[1]], **look
            )
            axes.plot(*zip(latent, code, strict=True), ":", color=INK, lw=1)
            axes.plot(*code, "*", ms=14, color=COLORS[k], zorder=3)
            _name_legs(axes, latent, code, np.abs(way))
        axes.plot(*latent, "o", ms=7, color=INK, zorder=3)
        sums = " and ".join(f"{number:g}" for number in squared)
        axes.set_title(f"{sums}: code {nearest}", fontsize=12)
        axes.margins(0.18, 0.3)
        axes.set_aspect("equal")
        axes.set_xticks(range(5))
        axes.set_yticks(range(3))
        axes.spines[["top", "right"]].set_visible(False)
    return finish(figure)


def _name_legs(axes, latent, code, lengths):
    """Write beside both legs how long they are."""
    across, up = lengths
    style = {"textcoords": "offset points", "ha": "center", "va": "center"}
    above = 7 if code[1] <= latent[1] else -8
    if across:
        middle = (latent[0] + code[0]) / 2, latent[1]
        axes.annotate(f"{across:g}", middle, (0, above), **style)
    if up:
        middle = code[0], (latent[1] + code[1]) / 2
        axes.annotate(f"{up:g}", middle, (8 if code[0] > latent[0] else -8, 0), **style)


def number_tables(tables, signs):
    """Write tables of numbers in a row, with a sign between each two.

    Parameters
    ----------
    tables : dict
        From what stands above a table to its numbers, [rows, columns]; in a table
        of several columns the smallest number of each row is lit in the last.
    signs : sequence of str
        One less than tables.

    Returns
    -------
    Figure
    """
    tables = {name: np.asarray(table) for name, table in tables.items()}
    widths = [table.shape[1] for table in tables.values()]
    rows = max(map(len, tables.values()))
    size = 0.62 * sum(widths) + 0.5 * len(widths), 0.36 * rows + 0.6
    figure, panels = plt.subplots(1, len(tables), figsize=size, width_ratios=widths)
    last = panels[-1]
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        for (row, column), number in np.ndenumerate(table):
            lit = axes is last and column == table[row].argmin()
            fill = {"fc": COLORS[1], "alpha": 0.35} if lit else {"fc": "none"}
            axes.add_patch(Rectangle((column, row), 1, 1, ec="0.6", lw=0.8, **fill))
            words = f"{number:g}".replace("-", "−")
            place = column + 0.5, row + 0.5
            axes.text(*place, words, ha="center", va="center", fontsize=12)
        axes.set_title(name, fontsize=12)
        axes.set_xlim(-0.05, table.shape[1] + 0.05)
        axes.set_ylim(
            rows / 2 + len(table) / 2 + 0.05, len(table) / 2 - rows / 2 - 0.05
        )
        axes.set_axis_off()
    for axes, sign in zip(panels[1:], signs, strict=True):
        place = {"xycoords": ("axes points", "axes fraction"), "fontsize": 15}
        axes.annotate(sign, (-12, 0.5), ha="center", va="center", **place)
    return finish(figure)
