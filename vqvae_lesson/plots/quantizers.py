"""Figures of chapter 16: cells of the plane, a turned gradient, ways compared."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from matplotlib.colors import to_rgb
from matplotlib.patches import Arc
from sklearn.cluster import KMeans

from vqvae_lesson.losses import straight_through
from vqvae_lesson.plots.paper import COLORS, INK, finish
from vqvae_lesson.quantizer import nearest_code
from vqvae_lesson.quantizers import (
    bound,
    finite_scalars,
    product_codes,
    residual_codes,
    rotate,
    scalar_codes,
    sign_bits,
    simple_codebook,
    to_digits,
    to_number,
)

PARTS = 4, 4  # codes of the two groups, and of the two stages
LEVELS = 5, 3  # of the two numbers under FSQ
FINE = 260  # points of the plane in a row
STRENGTHS = 0.14, 0.3, 0.46, 0.62  # of the colour, by the second digit
# Ways of one family have one colour.
LOOKS = {
    "averages": (COLORS[0], "o", "-"),
    "averages, rotation": (COLORS[0], "D", "--"),
    "gradient": (COLORS[1], "o", "-"),
    "gradient, started": (COLORS[1], "s", ":"),
    "gradient, started, 128": (COLORS[1], "^", "-."),
    "gradient, rotation": (COLORS[1], "D", "--"),
    "SimVQ": (COLORS[2], "o", "-"),
    "product": (COLORS[3], "o", "-"),
    "residual": (COLORS[3], "s", "--"),
    "FSQ": (COLORS[4], "o", "-"),
    "LFQ": (COLORS[4], "s", "--"),
    "Gumbel": (COLORS[5], "o", "-"),
}
SIZES = 64, 512, 4096


class Cut(NamedTuple):
    """One way to cut a plane into cells, one for each code.

    Attributes
    ----------
    numbers : callable
        From points, float32 [N, 2], to the numbers of their codes, int [N]; below 0
        where nothing can lie.
    codes : ndarray, float [K, 2]
    levels : tuple of int, [S]
        Of the digits of a number.
    latents : ndarray, float32 [N, 2]
    origins : ndarray, float [K, 2], optional
        What each code has been made from.
    """

    numbers: callable
    codes: np.ndarray
    levels: tuple
    latents: np.ndarray
    origins: np.ndarray = None


def fit_the_plane(latents):
    """Put codes on a cloud in the plane: by k-means, or by one linear map.

    Parameters
    ----------
    latents : array, float [N, 2]

    Returns
    -------
    dict
        `codebook` [16, 2]; of two `groups` [2, 4, 1]; of two `stages` [2, 4, 2]; for
        SimVQ `frozen` [16, 2] and `mix` [2, 2], which gives them the cloud's spread;
        all float32.

    Examples
    --------
    >>> fitted = fit_the_plane(np.random.default_rng(0).normal(size=[50, 2]))
    >>> fitted["groups"].shape, fitted["stages"].shape
    ((2, 4, 1), (2, 4, 2))
    """
    latents = np.float32(latents)
    count = int(np.prod(PARTS))

    def means(points, count):
        return KMeans(count, n_init=5, random_state=0).fit(points).cluster_centers_

    groups = [
        np.sort(means(latents[:, [axis]], count), axis=0)
        for axis, count in enumerate(PARTS)
    ]
    coarse = means(latents, PARTS[0])
    left = latents - coarse[np.asarray(nearest_code(latents, coarse))]
    frozen = np.random.default_rng(3).normal(size=[count, 2])
    spreads = [np.linalg.cholesky(np.cov(one.T)).T for one in (frozen, latents)]
    fitted = {
        "codebook": means(latents, count),
        "groups": groups,
        "stages": [coarse, means(left, PARTS[1])],
        "frozen": frozen,
        "mix": np.linalg.solve(*spreads),
    }
    return {name: np.float32(codes) for name, codes in fitted.items()}


def cuts_of_the_plane(latents):
    """Cut the plane of a cloud of latents in each of the ways of chapter 16.

    Parameters
    ----------
    latents : array, float [N, 2]

    Returns
    -------
    dict
        From "codebook", "product", "residual", "FSQ", "LFQ", "SimVQ" to a named
        tuple with `numbers`, `codes`, `levels`, `latents`, `origins`; and for FSQ
        "pressed", the plane between -1 and 1 in which it
        rounds, for SimVQ "frozen", its codes before the map.

    Examples
    --------
    >>> cuts = cuts_of_the_plane(np.random.default_rng(0).normal(size=[50, 2]))
    >>> cuts["LFQ"].numbers([[-1.0, 2.0], [1.0, 2.0]]).tolist()
    [2, 3]
    """
    latents, fitted = np.float32(latents), fit_the_plane(latents)
    moved = simple_codebook(fitted["frozen"], fitted["mix"]).numpy()
    found = {
        name: Cut(_nearest(codes), codes, PARTS, latents, origins)
        for name, codes, origins in (
            ("codebook", fitted["codebook"], None),
            ("SimVQ", moved, fitted["frozen"]),
            ("frozen", fitted["frozen"], None),
        )
    }
    ways = {
        "product": (lambda z: product_codes(z, fitted["groups"]), PARTS),
        "residual": (lambda z: residual_codes(z, fitted["stages"]), PARTS),
        "FSQ": (lambda z: finite_scalars(z, LEVELS), LEVELS),
        "LFQ": (sign_bits, (2, 2)),
    }
    for name, (choose, levels) in ways.items():
        digits = to_digits(tf.range(int(np.prod(levels))), levels).numpy()
        codes, origins = _codes_of(name, digits, fitted)
        found[name] = Cut(_written(choose, levels), codes, levels, latents, origins)
    found["pressed"] = _pressed(found["FSQ"])
    return found


def _nearest(codebook):
    """Look for the nearest code."""
    return lambda points: np.asarray(nearest_code(points, codebook))


def _written(choose, levels):
    """Write digits that a quantizer has chosen as one number."""
    return lambda points: to_number(choose(np.float32(points))[1], levels).numpy()


def _codes_of(name, digits, fitted):
    """Codes [K, 2] of all digits [K, 2]; of stages also where the first has led."""
    first, second = digits.T
    if name == "product":
        across, up = fitted["groups"]
        return np.concatenate([across[first], up[second]], axis=1), None
    if name == "residual":
        coarse, fine = fitted["stages"]
        return coarse[first] + fine[second], coarse[first]
    codes = scalar_codes(digits, LEVELS).numpy() if name == "FSQ" else 2 * digits - 1
    return codes, None


def _pressed(cut):
    """Draw FSQ in the plane in which it rounds: each number between -1 and 1."""
    middle = np.array(LEVELS) // 2

    def press(latents):
        return bound(latents, LEVELS).numpy() / middle

    reach = press(np.float32([[99, 99]]))[0]

    def numbers(points):
        share = np.asarray(points) / reach
        inside = np.all(np.abs(share) < 1, axis=-1)
        # Levels are odd, so nothing is shifted, and tanh is turned round by arctanh.
        latents = np.arctanh(np.clip(share, -1 + 1e-6, 1 - 1e-6))
        return np.where(inside, cut.numbers(latents), -1)

    return cut._replace(numbers=numbers, latents=press(cut.latents))


def cells(cuts, columns=3):
    """Draw the cells of quantizers, with latents as dots and codes as stars.

    Colours follow the first digit of a code's number, their strength the second. A
    line leads to each code from what it is made of.

    Parameters
    ----------
    cuts : dict
        From titles to cuts, as :func:`cuts_of_the_plane` makes them.
    columns : int

    Returns
    -------
    Figure
    """
    columns = min(columns, len(cuts))
    rows = -(-len(cuts) // columns)
    size = (2.25 * columns, 2.5 * rows)
    figure, all_axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axes in all_axes.flat[len(cuts) :]:
        axes.remove()
    for axes, (title, cut) in zip(all_axes.flat, cuts.items(), strict=False):
        _draw_cut(axes, cut)
        axes.set_title(title, fontsize=12)
    return finish(figure)


def _draw_cut(axes, cut):
    """Fill cells, draw their borders, latents and codes."""
    far = 1.12 * np.abs(cut.latents).max()
    line = np.linspace(-far, far, FINE, dtype="float32")
    plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    numbers = cut.numbers(plane).reshape(FINE, FINE)
    tints = [_tint(number, cut.levels) for number in range(len(cut.codes))]
    colors = np.array([*tints, np.ones(3)])[numbers]
    axes.imshow(colors, origin="lower", extent=(-far, far, -far, far))
    for number in np.unique(numbers):
        inside = numbers == number
        axes.contour(line, line, inside, [0.5], colors=[INK], linewidths=0.6)
    axes.plot(*cut.latents.T, "o", color=INK, ms=2.2, alpha=0.35, mew=0)
    if cut.origins is not None:
        ways = np.stack([cut.origins, cut.codes]).transpose(2, 0, 1)
        axes.plot(*ways, color=INK, lw=0.9)
        axes.plot(*cut.origins.T, "o", color=INK, ms=5, mfc="white")
    axes.plot(*cut.codes.T, "*", color=INK, ms=9, mec="white", mew=0.6)
    axes.set(xlim=(-far, far), ylim=(-far, far), xticks=[], yticks=[])


def _tint(number, levels):
    """Colour of a cell, [3]: one a first digit, paler or stronger by the second."""
    first, second = number % levels[0], number // levels[0]
    strength = STRENGTHS[second] if levels[1] > 2 else STRENGTHS[2 * second]
    return 1 - strength * (1 - np.array(to_rgb(COLORS[first])))


def turned_gradient(latent, code, gradient):
    """Draw what a gradient at the code becomes at the latent, in two ways.

    Parameters
    ----------
    latent, code : array, float [2]
    gradient : array, float [2]
        At the code, as the decoder hands it back.

    Returns
    -------
    Figure
    """
    latent, code, gradient = (np.float32(one) for one in (latent, code, gradient))
    passed = {
        "straight-through": (straight_through, COLORS[5]),
        "rotation": (rotate, COLORS[1]),
    }
    figure, axes = plt.subplots(figsize=(5, 3.4))
    for end, name, mark in ((code, "code", "*"), (latent, "latent", "o")):
        axes.plot(*zip([0, 0], end, strict=True), color=INK, lw=1, alpha=0.6)
        axes.plot(*end, mark, color=INK, ms=15 if mark == "*" else 9, zorder=4)
        axes.annotate(name, end, (-10, 8), textcoords="offset points", ha="right")
    axes.plot(0, 0, "+", color=INK, ms=10)
    axes.annotate("0", (0, 0), (-6, -14), textcoords="offset points")
    _arrow(axes, code, gradient, COLORS[2], "gradient")
    for name, (pass_on, color) in passed.items():
        moved = handed_back(latent, code, gradient, pass_on)
        _arrow(axes, latent, moved, color, name)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return finish(figure)


def handed_back(latent, code, gradient, pass_on):
    """Find what a gradient [2] at a code becomes at its latent, by the tape."""
    latents = tf.constant(latent[None])
    with tf.GradientTape() as tape:
        tape.watch(latents)
        loss = tf.reduce_sum(pass_on(latents, code[None]) * gradient)
    return tape.gradient(loss, latents).numpy()[0]


def _arrow(axes, start, way, color, name):
    """Draw an arrow with its name, and its angle to the ray that leads to its start."""
    length, end = np.linalg.norm(way), start + way
    style = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.012}
    axes.quiver(*start, *way, color=color, zorder=3, **style)
    axes.plot(*end, alpha=0)  # so that the end is inside
    words = {"textcoords": "offset points", "ha": "center", "va": "center"}
    axes.annotate(name, end, 14 * way / length, color=color, **words)
    on = start * (1 + 0.7 * length / np.linalg.norm(start))
    axes.plot(*zip(start, on, strict=True), ":", color=INK, lw=1, alpha=0.6)
    ray, turn = (np.degrees(np.arctan2(*one[::-1])) for one in (start, way))
    low, high = (ray, turn) if (turn - ray) % 360 < 180 else (turn, ray)
    wide = 0.9 * length
    arc = Arc(start, wide, wide, theta1=low, theta2=high, color=color, lw=1.4)
    axes.add_patch(arc)


def ranking(runs, place, price="written"):
    """Draw what a letter costs under each way: its pixels, and pixels and codes.

    Parameters
    ----------
    runs : dict
        From :func:`vqvae_lesson.quantizer_layers.load_quantizers`.
    place : str
        Grid and K, such as "7x7, 64".
    price : str
        By which prior the codes are paid for.

    Returns
    -------
    Figure
        One dot a seed; the lowest mean sum above. Dashed lines: means of averages.
    """
    found = {
        way: np.transpose(
            [(run["pixels"], run["pixels"] + run[price]) for run in three]
        )
        for way, three in runs[place].items()
    }
    ways = sorted(found, key=lambda way: found[way][1].mean())
    figure, axes = plt.subplots(figsize=(6.5, 1 + 0.22 * len(ways)))
    looks = {"pixels": ("o", COLORS[5]), "pixels and codes": ("D", COLORS[0])}
    for part, (label, (mark, color)) in enumerate(looks.items()):
        _dots(axes, {way: found[way][part] for way in ways}, mark, color, label)
        axes.axvline(found["averages"][part].mean(), color=color, ls="--", lw=1)
    axes.invert_yaxis()
    axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
    return finish(figure, axes, "nats for a letter")


def _dots(axes, rows, mark, color, label):
    """Draw each way's seeds as dots on a line of its own."""
    for way, values in rows.items():
        axes.plot(values, [way] * len(values), mark, color=color, alpha=0.75)
    axes.lines[-1].set_label(label)
    axes.grid(axis="y", alpha=0.3)


def against_size(runs, side):
    """Draw pixels, and the share of codes in use, against the number of codes.

    Parameters
    ----------
    runs : dict
        From :func:`vqvae_lesson.quantizer_layers.load_quantizers`.
    side : int
        Of the grid.

    Returns
    -------
    Figure
        One dot a seed, lines through the means.
    """
    figure, panels = plt.subplots(1, 2, figsize=(6.5, 4.3), sharex=True)
    shown = {
        "nats for the pixels": lambda run, size: run["pixels"],
        "codes in use, %": lambda run, size: 100 * run["codes_in_use"] / size,
    }
    for axes, (label, measure) in zip(panels, shown.items(), strict=True):
        for way in runs[f"{side}x{side}, {SIZES[0]}"]:
            color, mark, line = LOOKS[way]
            seeds = [
                [measure(run, size) for run in runs[f"{side}x{side}, {size}"][way]]
                for size in SIZES
            ]
            means = [np.mean(values) for values in seeds]
            axes.plot(SIZES, means, line, color=color)
            for size, values in zip(SIZES, seeds, strict=True):
                axes.plot(np.full(len(values), size), values, mark, color=color, ms=4)
            axes.plot([], [], line + mark, color=color, ms=4, label=way)
        finish(figure, axes, "K", label)
    panels[0].set_xscale("log", base=2)
    panels[0].set_xticks(SIZES, map(str, SIZES))
    place = {"loc": "outside lower center", "ncols": 3, "frameon": False}
    figure.set_layout_engine("constrained")
    figure.legend(*panels[0].get_legend_handles_labels(), **place)
    return figure


def cosines(runs, place="7x7, 64"):
    """Draw how well gradients agree with measured slopes, early and late.

    Parameters
    ----------
    runs : dict
        From :func:`vqvae_lesson.quantizer_layers.load_quantizers`.
    place : str

    Returns
    -------
    Figure
        A panel for small steps, and one for large ones; one dot a seed.
    """
    found = runs[place]
    size = (6.5, 1.3 + 0.27 * len(found))
    figure, panels = plt.subplots(1, 2, figsize=size, sharey=True, sharex=True)
    looks = {"early": ("o", COLORS[4]), "late": ("D", COLORS[0])}
    steps = {0.3: "short steps", 1.0: "long steps"}
    for axes, (step, title) in zip(panels, steps.items(), strict=True):
        for when, look in looks.items():
            rows = {
                way: [run[f"{when} cosine {step}"] for run in three]
                for way, three in found.items()
            }
            _dots(axes, rows, *look, when)
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_title(title, fontsize=11)
        finish(figure, axes, "cosine")
    panels[0].invert_yaxis()
    figure.set_layout_engine("constrained")
    place = {"loc": "outside upper center", "ncols": 2, "frameon": False}
    figure.legend(*panels[0].get_legend_handles_labels(), **place)
    return figure
