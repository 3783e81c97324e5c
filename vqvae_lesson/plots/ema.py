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
