"""What the latent costs against what it brings: the plane of chapter 13."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, INK, color_of_model, finish

# One mark and one colour a kind of model, in all figures of the chapter.
KINDS = {
    "β-VAEs": "o",
    "small healthy VQ-VAE": "D",
    "small VQ-VAE of the article": "^",
    "dictionaries": "s",
    "yours": "*",
}
MARKS = {name: (mark, color_of_model(name, COLORS[4])) for name, mark in KINDS.items()}
TICKS = [1, 2, 4, 8, 16, 32]
MORE_TICKS = [64, 128, 256]  # of grids of codes
SHARPNESS = [0.001, 0.002, 0.005, 0.01, 0.02]


def price_plane(groups, ylabel, costs=(), span=None, log="", legible=None):
    """Draw models in the plane of two prices, one dot a run.

    Parameters
    ----------
    groups : dict
        From name to settings, each of them a list of runs (price, value). The
        means of several settings are joined by a line.
    ylabel : str
    costs : sequence of tuple
        (rate, cost): straight lines on which value + rate · price is that cost.
    span : tuple of float, optional
        Where the axis of prices begins and ends.
    log : str
        Which axes are logarithmic: "x", "y", "xy" or none.
    legible : dict, optional
        As `groups`, of the same names: what a reader reads that knows the pictures.
        The means are joined by a dashed line, or drawn as a hollow mark.

    Returns
    -------
    Figure

    Examples
    --------
    >>> runs = [(4.2, 263.0), (4.2, 263.6)]  # one setting, two seeds
    >>> figure = price_plane({"codes": [runs]}, "nats for the pixels")
    >>> figure.axes[0].get_xlabel()
    'nats for the latent'
    """
    figure, axes = plt.subplots(figsize=(6.5, 3.2))
    for number, (name, settings) in enumerate(groups.items()):
        marker, color = MARKS.get(name, ("oDs^"[number % 4], COLORS[number % 6]))
        means = np.array([np.mean(runs, axis=0) for runs in settings])
        if len(means) > 1:
            axes.plot(*means.T, color=color, lw=1.4)
        runs = np.concatenate([np.reshape(runs, [-1, 2]) for runs in settings])
        size = 13 if marker == "*" else 7
        axes.plot(*runs.T, marker, color=color, ms=size, alpha=0.75, label=name)
        best = [np.mean(runs, axis=0) for runs in (legible or {}).get(name, [])]
        if best:
            axes.plot(*np.transpose(best), marker + "--", color=color, mfc="none")
    if legible:
        axes.plot([], [], "s--", color=INK, mfc="none", label="legible")
    _finish_plane(axes, costs, span, log)
    return finish(figure, axes, "nats for the latent", ylabel)


def _finish_plane(axes, costs, span, log):
    """Set the scales, and draw the lines of equal cost inside them."""
    if span:
        axes.set_xlim(*span)
    if "x" in log:
        axes.set_xscale("log", base=2)
        ticks = [*TICKS, *(tick for tick in MORE_TICKS if tick < axes.get_xlim()[1])]
        axes.set_xticks(ticks, map(str, ticks))
    if "y" in log:
        axes.set_yscale("log")
        axes.set_yticks(SHARPNESS, map(str, SHARPNESS))
        axes.minorticks_off()
    axes.set_ylim(*axes.get_ylim())
    along = np.linspace(*axes.set_xlim(*axes.get_xlim()), 300)
    for number, (rate, cost) in enumerate(costs):
        style, label = "--" if number else "-", f"pixels + {rate:g} · latent = {cost:g}"
        line = cost - rate * along
        axes.plot(along, line, style, color=INK, lw=1, alpha=0.6, label=label)
    axes.legend(frameon=False, fontsize=9)
