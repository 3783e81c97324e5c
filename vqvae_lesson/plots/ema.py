"""Figures of chapter 05: a staircase, and codes on their way."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, INK, color_of, finish


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
    figure, panels = plt.subplots(2, 1, figsize=(6.5, 2.9), sharex=True)
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


def code_paths(latents, indices, paths):
    """Draw codes on their way to their latents: start, way and end.

    Parameters
    ----------
    latents : array, float [N, 2]
    indices : array, int [N]
        The code that each latent chooses in the end.
    paths : array, float [T, K, 2]
        Where the codes stood, step by step.

    Returns
    -------
    Figure
    """
    latents, paths = np.asarray(latents), np.asarray(paths)
    figure, axes = plt.subplots(figsize=(6, 3.4))
    colors = [color_of(index) for index in np.asarray(indices)]
    axes.scatter(*latents.T, c=colors, s=12, alpha=0.35, linewidth=0)
    for index, path in enumerate(paths.swapaxes(0, 1)):
        color = color_of(index)
        axes.plot(*path.T, "-", color=color, lw=1.5)
        axes.plot(*path[::10].T, ".", color=color, ms=5)
        axes.plot(*path[0], "o", mfc="white", mec=color, mew=2, ms=9, zorder=3)
        axes.plot(*path[-1], "*", mfc=color, mec=INK, ms=15, zorder=4)
        axes.annotate(
            f"code {index}",
            path[0],
            xytext=(-9, 0),
            textcoords="offset points",
            ha="right",
            va="center",
        )
    axes.plot([], [], "o", mfc="white", mec=INK, mew=2, ms=9, label="start")
    axes.plot([], [], ".-", color=INK, ms=5, label="way, a dot every 10 steps")
    axes.plot([], [], "*", mfc="white", mec=INK, ms=13, label="end")
    axes.legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.6))
    axes.set_aspect("equal", adjustable="datalim")
    return finish(figure, axes, "first number of a vector", "second number")
