"""Rates and distortions: each model on the plane, and its letters (chapter 13)."""

from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.classroom.play.plane import GREYS, as_png

WIDTH, LEFT, TOP, PLANE, HEIGHT, STRIP = 480, 48, 8, 424, 250, 54
RING = "m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0z"
# One mark and one colour a kind, as in the other figures of the chapter.
KINDS = {
    "β-VAEs": ("m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "var(--c1)"),
    "dictionaries": ("m-3.6-3.6h7.2v7.2h-7.2z", "var(--c2)"),
    "small healthy VQ-VAE": ("m0-5.4 5.4 5.4-5.4 5.4-5.4-5.4z", "var(--c0)"),
    "small VQ-VAE of the article": ("m0-5 5 8.6h-10z", "var(--c3)"),
    "yours": (
        "m0-8 1.9 5.4 5.8.2-4.6 3.5 1.7 5.5-4.8-3.2-4.8 3.2 1.7-5.5z",
        "var(--c4)",
    ),
    "full size": ("m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z", "var(--grey)"),
}
PRICES = (1, 2, 4, 8, 16, 32)
STEP = 20  # nats, between the ticks


def models_on_the_plane(groups, letters, drawn, cost, first):
    """Let a reader choose a model on the plane of prices, and see its letters.

    Parameters
    ----------
    groups : dict
        From a kind of model to its settings: a dict from name to runs, each of them
        a pair: nats for the latent, and for the pixels.
    letters : array, float [L, 28, 28, 1] in [0, 1]
        Some letters.
    drawn : dict
        From the name of a setting to its reconstructions of them, in the same shape.
    cost : float
        Where latent and pixels sum up to this, a line is drawn.
    first : str
        The setting that is chosen at first.

    Returns
    -------
    Play
    """
    settings = [
        (kind, name, np.reshape(runs, [-1, 2]))
        for kind, names in groups.items()
        for name, runs in names.items()
    ]
    settings.sort(key=lambda setting: setting[2][:, 0].mean())
    runs = np.concatenate([runs for _, _, runs in settings])
    view = _view(runs)
    chosen = [name for _, name, _ in settings].index(first)
    models = [
        {
            "name": name if kind == name else f"{kind}, {name}",
            "runs": runs.round(2).tolist(),
            "places": _place(runs, view).round(1).tolist(),
        }
        for kind, name, runs in settings
    ]
    sheet = np.stack([_row(drawn[name]) for _, name, _ in settings])
    pictures = as_png(_row(letters)), as_png(sheet.reshape(-1, sheet.shape[-1]))
    svg = _draw(settings, models, chosen, (cost, view))
    _strip(svg, pictures, models[chosen]["name"], len(settings), chosen)
    return Play(
        "rates",
        "rates and distortions",
        svg,
        {"models": models, "chosen": chosen, "strip": STRIP, "ring": RING},
        _says(models[chosen]),
        {"cheaper": "◀ cheaper latent", "dearer": "dearer latent ▶"},
    )


def _says(model):
    """Tell the numbers of all seeds."""
    prices, pixels = (
        ", ".join(f"{n:.1f}" for n in c) for c in zip(*model["runs"], strict=True)
    )
    return f"{model['name']}. Latent: {prices} nats. Pixels: {pixels} nats."


def _row(pictures):
    """Put pictures side by side, uint8 [28, 28 L], 0 for paper."""
    greys = np.rint(np.reshape(pictures, [-1, 28, 28]) * (GREYS - 1))
    return np.concatenate(greys.astype("uint8"), axis=1)


def _view(runs):
    """Find the ends of both axes: the left one is logarithmic."""
    low, high = np.log2(runs[:, 0].min()), np.log2(runs[:, 0].max())
    return {
        "across": (low - 0.2, high + 0.25),
        "up": (runs[:, 1].min() - 14, runs[:, 1].max() + 8),
    }


def _place(runs, view):
    """From pairs of prices to places in the drawing."""
    price, nats = np.transpose(runs)
    (left, right), (low, high) = view["across"], view["up"]
    x = LEFT + PLANE * (np.log2(price) - left) / (right - left)
    return np.stack([x, TOP + HEIGHT * (high - nats) / (high - low)], axis=-1)


def _draw(settings, models, chosen, line):
    """Draw axes, lines, and each setting with its runs."""
    cost, view = line
    height = TOP + HEIGHT + 66 + 2 * STRIP
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img"})
    svg.set("style", "max-width:32rem")
    ET.SubElement(svg, "title").text = "Rates and distortions"
    ET.SubElement(svg, "desc").text = (
        "A plane, nats for the latent across, nats for the pixels up. The curve of the "
        "β-VAEs falls from the upper left to the lower right. Below its left part "
        "runs the shorter curve of the dictionaries, and just above these lies the "
        "small healthy VQ-VAE. The article's lies on the curve of the β-VAEs. Pale "
        "marks are models of full size. Below the plane two rows of letters: real "
        "ones, and what one of the models makes of them."
    )
    _axes(svg, view)
    prices = np.exp2(np.linspace(*view["across"], 60))
    sums = np.stack([prices, cost - prices], axis=-1)
    _line(svg, _place(sums, view), "currentColor")
    svg[-1].set("stroke-dasharray", "2 4")
    for kind in ("β-VAEs", "dictionaries"):
        means = [runs.mean(axis=0) for one, _, runs in settings if one == kind]
        if len(means) > 1:
            _line(svg, _place(means, view), KINDS[kind][1])
    for (kind, _, _), model in zip(settings, models, strict=True):
        mark, color = KINDS[kind]
        marks = "".join(f"M{x} {y}{mark}" for x, y in model["places"])
        add_part(svg, "path", "model", d=marks, fill=color)
        svg[-1].set("style", "cursor:pointer")
    marks = np.concatenate([model["places"] for model in models])
    for kind, name, runs in settings:
        if kind == "full size":
            _name(svg, name, _place(runs, view).mean(axis=0), marks)
    _legend(svg, {kind for kind, _, _ in settings})
    rings = "".join(f"M{x} {y}{RING}" for x, y in models[chosen]["places"])
    add_part(svg, "path", "ring", d=rings, fill="none", stroke="currentColor")
    svg[-1].attrib |= {"stroke-width": "2", "pointer-events": "none"}
    return svg


def _name(svg, name, place, marks):
    """Write the name of a model below its marks, or above if it would hide others."""
    x, y = place
    hidden = np.abs(marks - [x, y + 12]) < [4 + 3 * len(name), 8]
    add_part(svg, "text", "label", x=x, y=y - 8 if hidden.all(axis=1).any() else y + 16)
    svg[-1].attrib |= {"class": "halo", "style": "font-size:11px"}
    svg[-1].attrib |= {"text-anchor": "middle", "pointer-events": "none"}
    svg[-1].text = name


def _legend(svg, shown):
    """Say which mark is which, in the lower left corner, where no model lies."""
    for number, kind in enumerate(kind for kind in KINDS if kind in shown):
        column, row = divmod(number, 3)
        mark, color = KINDS[kind]
        x, y = LEFT + 16 + 148 * column, TOP + HEIGHT - 46 + 17 * row
        add_part(svg, "path", "legend", d=f"M{x} {y}{mark}", fill=color)
        add_part(svg, "text", "legend", x=x + 11, y=y + 4)
        svg[-1].text = kind


def _line(svg, places, color):
    """Join places."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    add_part(svg, "polyline", "line", points=points, fill="none", stroke=color)


def _axes(svg, view):
    """Draw a frame, ticks, and what the axes are."""
    frame = {
        "x": LEFT,
        "y": TOP,
        "width": PLANE,
        "height": HEIGHT,
        "fill": "transparent",
    }
    add_part(svg, "rect", "plane", **frame, stroke="currentColor")
    low, high = view["up"]
    bottom = TOP + HEIGHT
    for price in PRICES:
        (x, _) = _place([[price, low]], view)[0]
        if LEFT < x < LEFT + PLANE:
            add_part(
                svg, "text", "tick", x=x, y=bottom + 16, **{"text-anchor": "middle"}
            )
            svg[-1].text = str(price)
    for nats in range(int(np.ceil(low / STEP)) * STEP, int(high) + 1, STEP):
        (_, y) = _place([[1, nats]], view)[0]
        add_part(svg, "text", "tick", x=LEFT - 5, y=y + 4, **{"text-anchor": "end"})
        svg[-1].text = str(nats)
    middle = f"translate(12 {TOP + HEIGHT / 2:.0f}) rotate(-90)"
    add_part(svg, "text", "axis", x=LEFT + PLANE / 2, y=bottom + 32)
    svg[-1].text = "nats for the latent"
    add_part(svg, "text", "axis", transform=middle)
    svg[-1].text = "nats for the pixels"
    for axis in svg[-2:]:
        axis.set("text-anchor", "middle")


def _strip(svg, pictures, name, count, chosen):
    """Draw two rows of letters: the real ones, and those of a model."""
    top, wide = TOP + HEIGHT + 60, 6 * STRIP
    left = (WIDTH - wide) / 2
    add_part(svg, "text", "name", x=WIDTH / 2, y=top - 8)
    svg[-1].attrib |= {"text-anchor": "middle", "style": "font-weight:bold"}
    svg[-1].text = name
    # The second row is a window: behind it all pictures stand below each other.
    window = {"x": left, "y": top + STRIP + 4, "width": wide, "height": STRIP}
    clip = ET.SubElement(ET.SubElement(svg, "defs"), "clipPath", {"id": "play-strip"})
    add_part(clip, "rect", "window", **window)
    rows = [(svg, 0, 1, "real"), (ET.SubElement(svg, "g"), chosen, count, "drawn")]
    svg[-1].set("clip-path", "url(#play-strip)")
    for row, (held, hidden, number, text) in enumerate(rows):
        y = top + row * (STRIP + 4)
        place = {"x": left, "y": y - STRIP * hidden, "width": wide}
        place |= {"height": STRIP * number, "href": pictures[row]}
        add_part(held, "image", text, **place)
        held[-1].set("style", "image-rendering:pixelated")
        add_part(svg, "text", "row", x=left - 8, y=y + STRIP / 2 + 4)
        svg[-1].set("text-anchor", "end")
        svg[-1].text = text
