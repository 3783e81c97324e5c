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
    figure, axes = plt.subplots(figsize=(5.6, 2.9))
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


def carried_slope(loss, latent, codes, span):
    """Draw how the slope at the nearest code is handed to the latent that chose it.

    Both arrows point downhill. At the latent stand the one that is carried there and
    the one that a decoder without codes would send.

    Parameters
    ----------
    loss : callable
        From what a decoder gets, [N], to losses [N].
    latent : float
    codes : sequence of float
    span : tuple of float
        Where the drawing begins and ends.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(5.6, 3.3))
    codes, along = np.sort(codes), np.linspace(*span, 400)
    axes.plot(along, loss(along), ":", color=SOFT, lw=1.8, label="without codes")
    paid = loss(np.array([_nearest(place, codes) for place in along]))
    for number, run in enumerate(_runs(along, codes)):
        label = None if number else "with codes: what is paid"
        axes.plot(along[run], paid[run], color=FORWARD, lw=2.2, label=label)
    reach = 0.085 * (span[1] - span[0])
    code = _nearest(latent, codes)
    height, guess = loss(code), _slope(loss, code)
    low, high = min(0, paid.min()), max(paid.max(), loss(along).max())
    axes.set_ylim(low - 0.12 * (high - low), high + 0.06 * (high - low))
    axes.set_xlim(*span)
    _downhill(axes, (latent, loss(latent)), _slope(loss, latent), reach, SOFT)
    _downhill(axes, (code, height), guess, reach, BACKWARD)
    _downhill(axes, (latent, height), guess, reach, BACKWARD, written="ahead")
    _carry(axes, (code, height), (latent, height))
    axes.plot(codes, loss(codes), "*", color=FORWARD, ms=15, mec=INK, label="codes")
    axes.plot(latent, height, "o", color=BACKWARD, ms=8, zorder=3, label="the latent")
    axes.plot(latent, loss(latent), "o", color=SOFT, ms=6, zorder=3)
    axes.plot([], [], color=BACKWARD, label="the slope, carried across")
    axes.legend(frameon=False, fontsize=9)
    return finish(figure, axes, "z, what the encoder says", "loss")


def _slope(loss, place):
    """Measure the slope at a place, from a little before to a little after."""
    return (loss(place + STEP) - loss(place - STEP)) / (2 * STEP)


def _signed(slope):
    """Write a slope, with a minus that can be seen."""
    return f"{slope:.3g}".replace("-", "−")


def _nearest(place, codes):
    """Return the code that is nearest to a place."""
    return codes[np.argmin(np.abs(codes - place))]


def _runs(along, codes):
    """Cut a line into the runs that are nearest to one code each."""
    borders = (codes[1:] + codes[:-1]) / 2
    room = np.searchsorted(borders, along)
    return [room == number for number in np.unique(room)]


def _downhill(axes, place, slope, reach, color, written="below"):
    """Draw an arrow along a slope, to the side where it falls, and write the slope."""
    side = -reach if slope > 0 else reach
    tip = place[0] + side, place[1] + slope * side
    style = {"arrowstyle": "-|>", "color": color, "lw": 2.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", tip, place, arrowprops=style, zorder=4)
    ahead = np.sign(side) if written == "ahead" else -np.sign(side)
    shift = (5 * ahead, 0) if written == "ahead" else (3 * ahead, -3)
    words = {"ha": "left" if ahead > 0 else "right", "color": color, **AWAY}
    words["va"] = "center" if written == "ahead" else "top"
    axes.annotate(_signed(slope), tip, shift, **words)


def _carry(axes, start, end):
    """Draw a bow from the code over to the latent."""
    bow = -0.5 if end[0] > start[0] else 0.5
    style = {"arrowstyle": "-|>", "connectionstyle": f"arc3,rad={bow}", "lw": 1.4}
    style |= {"color": BACKWARD, "ls": (0, (4, 3)), "shrinkA": 9, "shrinkB": 6}
    axes.annotate("", end, start, arrowprops=style)


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
    figure, axes = plt.subplots(figsize=(5.6, 3.9))
    top = 1.14 * max(nats for nats, _ in rungs.values())
    axes.axhspan(0, floor, color=SOFT, alpha=0.25, lw=0)
    axes.annotate("no picture costs less", (0.98, floor / 2), ha="right", va="center")
    for name, (nats, image) in rungs.items():
        axes.plot([0, 1], [nats, nats], color=FORWARD, lw=2.2)
        axes.annotate(
            f"{name}: {nats:.0f}", (0.2, nats), (0, 5), textcoords="offset points"
        )
        height = 0.12 * top
        where = (0.04, 0.15, nats, nats + height)
        ink = 1 - np.asarray(image)[..., 0]
        axes.imshow(ink, cmap="gray", vmin=0, vmax=1, extent=where, aspect="auto")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, top)
    axes.set_xticks([])
    return finish(figure, axes, "", "nats per letter")
