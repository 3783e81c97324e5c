"""Codes and latents: where they lie, and how they fare."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Ellipse

from vqvae_lesson.plots.paper import COLORS, INK, finish

PRINCIPAL = ("first principal component", "second")


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


def latent_map(points, labels, class_names, names=PRINCIPAL, normals=None):
    """Draw points in the plane, one colour and mark a class.

    Parameters
    ----------
    points : array, float [N, 2]
    labels : array, int [N]
    class_names : sequence of str
        What to write beside each class's marks, in order of the labels.
    names : sequence of str
        Of the two axes.
    normals : tuple of arrays, float [C, 2], [C, 2] and [C], optional
        Means, standard deviations and weights of normals, drawn as ellipses of
        one standard deviation, the heavier the darker.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 4.6))
    points, labels = np.asarray(points), np.asarray(labels)
    colors = plt.get_cmap("tab10").colors
    for label, name in enumerate(class_names):
        axes.scatter(
            *points[labels == label].T,
            s=14,
            color=colors[label],
            marker="os^Dv<>pP*"[label],
            label=name,
            alpha=0.75,
        )
    for mean, scale, share in zip(*(normals or ([], [], [])), strict=True):
        strength = min(1, 0.1 + 8 * share)
        axes.add_patch(
            Ellipse(mean, *(2 * scale), fill=False, color=INK, alpha=strength)
        )
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure, axes, *names)
