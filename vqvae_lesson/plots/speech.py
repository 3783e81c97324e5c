"""Figures of chapter 18: sound as pictures, and codes beside phonemes."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, finish
from vqvae_lesson.sound import FLOOR, HOP, RATE
from vqvae_lesson.speech import PHONEMES

MILLISECONDS = 1000 * HOP / RATE


def draw_frames(axes, decibels):
    """Draw frames from left to right, low tones below."""
    extent = (0, MILLISECONDS * len(decibels), 0, np.shape(decibels)[1])
    axes.imshow(
        np.transpose(decibels),
        origin="lower",
        aspect="auto",
        cmap="Greys",
        vmin=FLOOR,
        vmax=-15,
        extent=extent,
    )
    axes.set_yticks([])


def mark_phonemes(axes, phonemes):
    """Write over each stretch of frames which phoneme is spoken, with lines between."""
    starts = np.flatnonzero(np.diff(phonemes, prepend=-1))
    ends = np.append(starts[1:], len(phonemes))
    top = axes.get_ylim()[1]
    for start, end in zip(starts, ends, strict=True):
        axes.axvline(MILLISECONDS * start, color=COLORS[1], lw=0.8)
        middle = MILLISECONDS * (start + end) / 2
        name = PHONEMES[phonemes[start]]
        if end - start >= 2:
            axes.text(middle, 1.02 * top, name, ha="center", fontsize=9)


def sound_pictures(rows, phonemes):
    """Draw utterances as pictures, one below the other.

    Parameters
    ----------
    rows : dict
        From what is said of an utterance to its frames, float [T, M], in decibels.
    phonemes : array, int [T]
        Spoken in all of them.

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = sound_pictures({"said": np.full([9, 40], -30)}, [0] * 4 + [5] * 5)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['a', 'k']
    """
    size = (7, 0.5 + 1.1 * len(rows))
    figure, all_axes = plt.subplots(
        len(rows), 1, figsize=size, dpi=75, sharex=True, squeeze=False
    )
    for number, (axes, (name, decibels)) in enumerate(
        zip(all_axes[:, 0], rows.items(), strict=True)
    ):
        draw_frames(axes, decibels)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        if number == 0:
            mark_phonemes(axes, phonemes)
    all_axes[-1, 0].set_xlabel("milliseconds")
    return finish(figure)


def code_table(codes, phonemes, meaning):
    """Draw what is spoken while each code is chosen.

    Parameters
    ----------
    codes, phonemes : array, int [...]
    meaning : array, int [K]
        The phoneme that each code stands for; codes are put in its order.

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = code_table([0, 0, 1], [4, 4, 7], meaning=[4, 7])
    >>> figure.axes[0].get_ylabel()
    'spoken'
    """
    table = np.zeros([len(PHONEMES), len(meaning)])
    np.add.at(table, (np.ravel(phonemes), np.ravel(codes)), 1)
    table /= np.maximum(table.sum(axis=0), 1)
    order = np.lexsort((-table.max(axis=0), meaning))
    figure, axes = plt.subplots(figsize=(7, 3.0))
    image = axes.imshow(table[:, order], cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_yticks(range(len(PHONEMES)), PHONEMES)
    axes.set_xticks(range(len(order)), order, fontsize=7, rotation=90)
    axes.set_ylabel("spoken")
    figure.colorbar(image, label="share of the code")
    for edge in np.flatnonzero(np.diff(np.asarray(meaning)[order])) + 0.5:
        axes.axvline(edge, color="#222222", lw=0.5)
    axes.set_xlabel("code, in the order of what it means")
    return finish(figure)


def two_measures(rows, xlabels):
    """Draw two measures of the same runs side by side, a dot a seed.

    Parameters
    ----------
    rows : dict
        From a name to two lists of values.
    xlabels : pair of str

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = two_measures({"told": ([1, 2], [3, 4])}, ("right", "left"))
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['right', 'left']
    """
    size = (7, 0.9 + 0.36 * len(rows))
    figure, all_axes = plt.subplots(1, 2, figsize=size, sharey=True)
    for side, (axes, xlabel) in enumerate(zip(all_axes, xlabels, strict=True)):
        for number, (name, values) in enumerate(rows.items()):
            color = COLORS[number % len(COLORS)]
            some = values[side]
            axes.plot(some, [name] * len(some), "o", color=color, ms=7, alpha=0.7)
        axes.grid(axis="x", alpha=0.3)
        axes.set_xlabel(xlabel)
        axes.spines[["top", "right"]].set_visible(False)
    all_axes[0].invert_yaxis()
    return finish(figure)
