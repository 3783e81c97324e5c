"""Figures of chapter 05: a staircase, and codes on their way."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, INK, finish


def staircase(places, indices, losses, walker, standing):
    """Draw the index and the loss while one point walks along a line.

    Parameters
    ----------
    places : array, float [T]
        Where the walker stands.
    indices : array, int [T]
        The code chosen while it stands there.
    losses : array, float [T]
    walker : str
        Who walks: the name of the axis below.
    standing : dict
        From a name to the place of what stands still, marked on both axes.

    Returns
    -------
    Figure
    """
    places, indices = np.asarray(places), np.asarray(indices)
    figure, panels = plt.subplots(2, 1, figsize=(6.5, 2.7), sharex=True)
    breaks = np.flatnonzero(np.diff(indices)) + 1
    for treads, values, color in (
        (panels[0], indices, COLORS[0]),
        (panels[1], np.asarray(losses), COLORS[1]),
    ):
        for x, y in zip(
            np.split(places, breaks), np.split(values, breaks), strict=True
        ):
            treads.plot(x, y, color=color, lw=2.5)
        for place in places[breaks]:
            treads.axvline(place, color=INK, lw=0.6, ls=":")
        treads.margins(y=0.15)
    for name, place in standing.items():
        panels[0].axvline(place, color=INK, lw=0.6, alpha=0.25)
        panels[1].axvline(place, color=INK, lw=0.6, alpha=0.25)
        panels[0].annotate(
            name,
            (place, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
        )
    panels[0].set_yticks(np.unique(indices))
    panels[0].set_ylabel("index")
    panels[0].spines[["top", "right"]].set_visible(False)
    return finish(figure, panels[1], f"where {walker} stands", "loss")


def cost_of_a_place(latents, place):
    """Draw what a code pays for its latents, wherever on a line it stands.

    Parameters
    ----------
    latents : array, float [N]
    place : float
        Where the two parts of the sum are marked.

    Returns
    -------
    Figure
        The lower part is paid at the mean already; the upper part grows with the
        distance to it.
    """
    latents = np.asarray(latents, float)
    mean, count = latents.mean(), len(latents)
    least = np.sum((latents - mean) ** 2)
    figure, axes = plt.subplots(figsize=(5.6, 2.2))
    along = np.linspace(latents.min() - 0.5, latents.max() + 0.5, 200)
    total = least + count * (along - mean) ** 2
    axes.fill_between(along, 0, least, color=COLORS[5], alpha=0.35, lw=0)
    axes.fill_between(along, least, total, color=COLORS[4], alpha=0.45, lw=0)
    axes.plot(along, total, color=COLORS[0], lw=2)
    axes.plot(latents, np.zeros(count), "o", color=INK, ms=8, clip_on=False, zorder=3)
    for spot, shift in ((mean, 0), (place, -12)):
        height = least + count * (spot - mean) ** 2
        axes.plot([spot, spot], [0, height], ":", color=INK, lw=1)
        axes.plot(spot, height, "*", color=COLORS[1], ms=14, zorder=3)
        sum_of = f"{least:g} + {height - least:g}" if spot != mean else f"{least:g}"
        style = {"textcoords": "offset points", "ha": "center"}
        axes.annotate(sum_of, (spot, height), (4 * shift, 10 + shift), **style)
    axes.text(mean, least / 2, "does not know where the code is", ha="center")
    axes.set_ylim(0, total.max())
    return finish(figure, axes, "where the code stands", "cost")


def averages_on_paper(kept, added, places):
    """Draw a code's two averages step by step, and their quotient: its place.

    Parameters
    ----------
    kept, added : array, float [T, 2]
        Of count and sum after each step: what stayed of the old average, and what
        the batch added to it.
    places : array, float [T]
        The code's.

    Returns
    -------
    Figure
    """
    kept, added = np.asarray(kept), np.asarray(added)
    figure, panels = plt.subplots(1, 3, figsize=(7, 2))
    steps, names = np.arange(len(kept)), ("count", "sum", "code = sum / count")
    for axes, old, new in zip(panels, kept.T, added.T, strict=False):
        axes.bar(steps, old, color=COLORS[5], label="kept")
        axes.bar(steps, new, bottom=old, color=COLORS[2], label="added")
        for step, height in zip(steps, old + new, strict=True):
            axes.text(step, height, f"{height:g}", ha="center", va="bottom")
    panels[2].plot(steps, places, "*-", ms=13, color=COLORS[1], lw=1)
    for step, place in zip(steps, places, strict=True):
        panels[2].text(step, place + 0.3, f"{place:g}", ha="center", va="bottom")
    panels[2].set_ylim(0, 1.2 * max(places))
    for axes, name in zip(panels, names, strict=True):
        axes.margins(y=0.2)
        axes.set_title(name, fontsize=12)
        axes.set_xticks(steps, ["before", *map(str, steps[1:])])
        axes.set_yticks([])
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False, fontsize=9, ncols=2, loc="upper center")
    panels[0].set_ylim(0, 1.6 * (kept + added)[:, 0].max())
    return finish(figure)
