"""Figures of chapter 09: how codes come home, and what each measure is worth."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.paper import COLORS, INK, finish

MARKS = "oD^s"


def catches(runs, back):
    """Draw when each code was caught against when it could first have been.

    Parameters
    ----------
    runs : dict
        From the name of a run to two arrays of steps, one number a code: when it
        came by, and when it was caught.
    back : float
        The step after which every code is nearer to the origin than at first.
        Codes caught later are drawn as open triangles.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(figsize=(6.5, 2.8))
    for number, (name, (passing, caught)) in enumerate(runs.items()):
        passing, caught = np.asarray(passing), np.asarray(caught)
        color, late = COLORS[number % len(COLORS)], caught > back
        axes.plot(passing[~late], caught[~late], "o", color=color, ms=6, alpha=0.75)
        axes.plot(passing[late], caught[late], "^", mfc="none", mec=color, ms=7)
        axes.plot([], [], "s", color=color, label=name)
    axes.axhline(back, color=INK, ls=":", lw=1.2)
    low, high = axes.get_xlim()
    axes.plot([low, high], [low, high], "--", color=INK, lw=1.2)
    axes.set_xlim(low, high)
    axes.plot([], [], "o", color=INK, label="on the way in")
    axes.plot([], [], "^", mfc="none", mec=INK, label="near the origin")
    axes.plot([], [], "--", color=INK, lw=1.2, label="as it comes by")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure, axes, "comes by the codes in use (step)", "caught (step)")


def measures(kinds, xlabel):
    """Draw what each measure does, in one or several ways to ask for it.

    Parameters
    ----------
    kinds : dict
        From the name of a way to ask to (values without any change, values of
        each measure as a dict from its name); values of several seeds.
    xlabel : str

    Returns
    -------
    Figure
    """
    first = next(iter(kinds.values()))[1]
    rows = {name: row for row, name in enumerate(first)}
    figure, axes = plt.subplots(figsize=(6.5, 1.1 + 0.25 * len(rows)))
    for number, (kind, (base, found)) in enumerate(kinds.items()):
        color, mark = COLORS[number], MARKS[number % len(MARKS)]
        axes.axvspan(min(base), max(base), color=color, alpha=0.18, lw=0)
        axes.axvline(np.mean(base), color=color, ls="--", lw=1)
        for name, values in found.items():
            height = [rows[name] + 0.2 * (number - (len(kinds) - 1) / 2)] * len(values)
            axes.plot(values, height, mark, color=color, ms=6, alpha=0.7)
        axes.plot([], [], mark, color=color, label=kind)
    axes.set_yticks([*rows.values()], [*rows])
    axes.invert_yaxis()
    axes.grid(axis="y", alpha=0.3)
    axes.legend(
        frameon=False, loc="lower center", bbox_to_anchor=(0.4, 1), ncols=len(kinds)
    )
    return finish(figure, axes, xlabel)


def crossed(panels, names, ylabel):
    """Draw two measures crossed: parallel lines if neither minds the other.

    Parameters
    ----------
    panels : dict
        From a title to four lists of values: with neither of the two, with the
        first, with the second, with both.
    names : pair of str
        Of the two measures.
    ylabel : str

    Returns
    -------
    Figure
    """
    figure, several = plt.subplots(
        1, len(panels), figsize=(6.5, 2.4), sharey=True, squeeze=False
    )
    first, second = names
    for axes, (title, four) in zip(several[0], panels.items(), strict=True):
        neither, one, other, both = (np.asarray(values) for values in four)
        for color, label, left, right in (
            (COLORS[1], f"no {second}", neither, one),
            (COLORS[0], f"with {second}", other, both),
        ):
            axes.plot([0, 1], [left.mean(), right.mean()], color=color, lw=1.5)
            for place, values in enumerate((left, right)):
                places = np.full(len(values), place)
                axes.plot(places, values, "o", color=color, alpha=0.7)
            axes.plot([], [], "o-", color=color, label=label)
        axes.set_xticks([0, 1], [f"no {first}", f"with {first}"])
        axes.set_xlim(-0.4, 1.4)
        axes.set_title(title, fontsize="medium")
        axes.spines[["top", "right"]].set_visible(False)
    several[0, 0].set_ylabel(ylabel)
    several[0, -1].legend(frameon=False)
    return finish(figure)
