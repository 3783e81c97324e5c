"""Figures of chapter 17: photographs beside each other, and what their bytes buy."""

import matplotlib.pyplot as plt
from matplotlib.patheffects import Normal, Stroke

from vqvae_lesson.plots.paper import COLORS, finish

KINDS = {"codes": COLORS[0], "JPEG": COLORS[1], "WebP": COLORS[2]}
MEASURES = {"psnr": "decibels", "ssim": "structural similarity"}


def photographs(pictures):
    """Draw photographs of one size, two in a row, each with its name in it.

    Parameters
    ----------
    pictures : dict
        From name to array, uint8 [H, W, 3].

    Returns
    -------
    Figure

    Examples
    --------
    >>> import numpy as np
    >>> figure = photographs({"black": np.zeros([4, 6, 3], np.uint8)})
    >>> [axes.texts[0].get_text() for axes in figure.axes]
    ['black']
    """
    height, width = next(iter(pictures.values())).shape[:2]
    columns = min(len(pictures), 2)  # four in a row are too small on a phone
    rows = -(-len(pictures) // columns)
    size = 6, 6 / columns * rows * height / width
    figure, all_axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    outline = [Stroke(linewidth=2.5, foreground="black"), Normal()]
    for axes in all_axes.flat:
        axes.set_axis_off()
    for axes, (name, picture) in zip(all_axes.flat, pictures.items(), strict=False):
        axes.imshow(picture)
        place = {"x": 0.04, "y": 0.94, "va": "top", "transform": axes.transAxes}
        axes.text(s=name, color="white", path_effects=outline, **place)
    finish(figure)
    figure.subplots_adjust(0, 0, 1, 1, wspace=0, hspace=0)
    return figure


def bytes_and_likeness(seeds):
    """Draw what a photograph's bytes buy: a dot for each seed and number of stages.

    Parameters
    ----------
    seeds : list of dict
        Of one photograph, from
        :func:`vqvae_lesson.photographs.load_photograph_bytes`.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from vqvae_lesson.photographs import load_photograph_bytes
    >>> figure = bytes_and_likeness(load_photograph_bytes()["flower"])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['decibels', 'structural similarity']
    """
    figure, both = plt.subplots(1, 2, figsize=(6, 2.9))
    rows = [row for seed in seeds for row in seed["stages"]]
    for axes, (measure, name) in zip(both, MEASURES.items(), strict=True):
        for kind, color in KINDS.items():
            points = sorted(
                (row[kind].get("bytes", row["bytes"]) / 1000, row[kind][measure])
                for row in rows
                if row[kind]
            )
            line = "" if kind == "codes" else "-"
            axes.plot(*zip(*points, strict=True), "o" + line, color=color, ms=4)
            axes.lines[-1].set_label(kind)
        finish(figure, axes, "thousand bytes", name)
    above = {"loc": "lower center", "bbox_to_anchor": (1.15, 1.0), "ncols": 3}
    both[0].legend(frameon=False, **above)
    return figure
