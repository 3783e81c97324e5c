"""Slopes and prices: what is carried across, what a letter costs (chapter 06)."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, INK, finish

FORWARD, BACKWARD = COLORS[:2]  # as on the map of the machine
SOFT = "#888888"
STEP = 1e-5


def tangent(loss, place, span):
    """Draw a curve, the line that touches it at a place, and that line's slope.

    Parameters
    ----------
    loss : callable
        From places [N] to values [N].
    place : float
    span : tuple of float
        Where the drawing begins and ends.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(5.6, 2.4))
    along = np.linspace(*span, 200)
    height, slope = loss(place), _slope(loss, place)
    axes.plot(along, loss(along), color=FORWARD, lw=1.8, label="loss")
    corner = place + 1, height + slope
    ends = np.array([place - 0.25, place + 1.25])
    line = height + slope * (ends - place)
    axes.plot(ends, line, "--", color=BACKWARD, lw=1.8, label="the line that touches")
    axes.plot([place, corner[0], corner[0]], [height, height, corner[1]], color=INK)
    axes.annotate("1", (place + 0.5, height), (0, 4), ha="center", **AWAY)
    where = corner[0], height + slope / 2
    axes.annotate(_signed(slope), where, (5, 0), **AWAY)
    axes.plot(place, height, "o", color=FORWARD, ms=8, zorder=3)
    axes.legend(frameon=False, loc="upper right")
    return finish(figure, axes, "d", "loss")


AWAY = {"textcoords": "offset points", "fontsize": 11}


def _slope(loss, place):
    """Measure the slope at a place, from a little before to a little after."""
    return (loss(place + STEP) - loss(place - STEP)) / (2 * STEP)


def _signed(slope):
    """Write a slope, with a minus that can be seen."""
    return f"{slope:.3g}".replace("-", "−")


def price_ladder(rungs, floor):
    """Draw what pictures of a letter cost, one rung a picture, dear ones on top.

    Parameters
    ----------
    rungs : dict
        From name to nats and an image, float [H, W, 1] in [0, 1].
    floor : float
        Nats that no picture can go below.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(5.6, 3.4))
    top = 1.14 * max(nats for nats, _ in rungs.values())
    axes.axhspan(0, floor, color=SOFT, alpha=0.25, lw=0)
    axes.annotate("no picture costs less", (0.98, floor / 2), ha="right", va="center")
    for name, (nats, image) in rungs.items():
        axes.plot([0, 1], [nats, nats], color=FORWARD, lw=2.2)
        axes.annotate(
            f"{name}: {nats:.0f}", (0.2, nats), (0, 5), textcoords="offset points"
        )
        height = 0.14 * top
        where = (0.04, 0.12, nats, nats + height)
        ink = 1 - np.asarray(image)[..., 0]
        axes.imshow(ink, cmap="gray", vmin=0, vmax=1, extent=where, aspect="auto")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, top)
    axes.set_xticks([])
    return finish(figure, axes, "", "nats per letter")


def pixel_prices(pixels):
    """Draw what a pixel costs, whatever the decoder says of it.

    Parameters
    ----------
    pixels : dict
        From the name of a pixel to its ink x and the decoder's p, which is marked.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(5.6, 2.2))
    along = np.linspace(0.01, 0.99, 197)
    for (name, (x, p)), color in zip(pixels.items(), COLORS, strict=False):
        axes.plot(along, _price(x, along), color=color, lw=1.8, label=name)
        axes.plot(p, _price(x, p), "o", color=color, ms=8, zorder=3)
        below = {"textcoords": "offset points", "ha": "center"}
        axes.annotate(f"{_price(x, p):.3f}", (p, _price(x, p)), (0, 10), **below)
    axes.set_ylim(0, 3)
    axes.legend(frameon=False, loc="upper center")
    return finish(figure, axes, "p, what the decoder says of ink", "nats")


def _price(x, p):
    """Nats that a pixel costs."""
    return -x * np.log(p) - (1 - x) * np.log(1 - p)


def pulls(latents, codes):
    """Draw each latent with the way to its code, and how the commitment pulls it.

    Parameters
    ----------
    latents, codes : array, float [N, 2]

    Returns
    -------
    Figure
        One panel a pair; above it the squared differences. The arrow leads from the
        latent against the slope of the mean of them all; no arrow starts at a code.
    """
    latents, codes = np.asarray(latents, float), np.asarray(codes, float)
    size = 2.7 * len(latents), 2
    figure, panels = plt.subplots(1, len(latents), figsize=size, squeeze=False)
    pull = 2 * (codes - latents) / latents.size
    middles = (latents + codes) / 2
    reach = 0.7 * np.abs(codes - latents).max()
    for axes, z, code, step, middle in zip(
        panels[0], latents, codes, pull, middles, strict=True
    ):
        axes.plot([z[0], code[0], code[0]], [z[1], z[1], code[1]], color=SOFT, lw=1.2)
        look = {"arrowstyle": "-|>", "color": BACKWARD, "lw": 2.4}
        ends = {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 14}
        axes.annotate("", z + step, z, arrowprops=look | ends)
        axes.plot(*z, "o", ms=8, color=FORWARD, label="latent")
        axes.plot(*code, "*", ms=15, color=INK, label="code")
        squares = " and ".join(f"{number:g}" for number in (z - code) ** 2)
        axes.set_title(f"squares: {squares}", fontsize=12)
        axes.set_xlim(middle[0] - 1.3 * reach, middle[0] + 1.3 * reach)
        axes.set_ylim(middle[1] - reach, middle[1] + reach)
        axes.set_aspect("equal")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0, 0].legend(frameon=False, loc="lower left", handletextpad=0.1)
    return finish(figure)
