"""Codes: how they fare in the course of a training."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, INK, finish


def code_lines(steps, values, ylabel, highlighted=(), predicted=None):
    """Draw one thin line a code, on a logarithmic axis.

    Parameters
    ----------
    steps : array, int [T]
    values : array, float [T, K]
    ylabel : str
    highlighted : sequence of int
        Codes drawn in another colour.
    predicted : array, float [T], optional
        Drawn as a dashed line.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 3.8))
    axes.plot(steps, values, color=COLORS[0], lw=0.6, alpha=0.6)
    axes.plot([], [], color=COLORS[0], label="each code")
    if len(highlighted):
        chosen = np.asarray(values)[:, highlighted]
        axes.plot(steps, chosen, color=COLORS[1], lw=1.2)
        axes.plot([], [], color=COLORS[1], label="chosen in step 1")
    if predicted is not None:
        axes.plot(steps, predicted, "--", color=INK, lw=1.5, label="predicted")
    axes.set_yscale("log")
    axes.legend(frameon=False)
    return finish(figure, axes, "step", ylabel)
