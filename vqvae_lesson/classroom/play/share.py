"""A batch shared by two devices: whose latents move which codes (chapter 19)."""

from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.averages import (
    RULES,
    in_hundredths,
    line_of,
    place_of,
)
from vqvae_lesson.classroom.play.codes import regions
from vqvae_lesson.classroom.play.figure import STAR, Play, add_part
from vqvae_lesson.ema import ema_step, start_averages
from vqvae_lesson.quantizer import nearest_code

WIDTH, PLANE, TOP, MARGIN = 320, 190, 22, 10
BAR, ROW = {"x": 150, "width": 96, "height": 11}, 20
START = "consistent"
FIRST, SECOND, ALL = range(3)
DEVICES = "first device", "second device"
READINGS = (
    "codebooks apart",
    "first off its marks",
    "second off its marks",
    "sum of counts",
)
# Whose latents move the codes of each device, and what stands above them.
WAYS = {
    "each its own": {"whose": (FIRST, SECOND), "heads": ("counts its own",) * 2},
    "copied from the first": {
        "whose": (FIRST, FIRST),
        "heads": ("counts its own", "copies, counts none"),
    },
    "added up": {"whose": (ALL, ALL), "heads": ("counts all",) * 2},
}
PANELS = (
    "display:flex;flex-wrap:wrap;justify-content:center;align-items:flex-start;"
    "gap:0.5rem 1rem;max-width:42rem;margin:auto"
)
PANEL = "flex:1 1 18rem;width:auto;min-width:0;max-width:24rem;margin:0"


def share_a_batch(batches, codebook, decay=0.8, way="each its own"):
    """Let a reader share batches between two devices, in three ways.

    Parameters
    ----------
    batches : array, float [steps, N, 2]
        In whole hundredths. The first half of each batch is for the first device.
    codebook : array, float [K, 2]
        Where both devices have their codes at first.
    decay : float
        γ in [0, 1).
    way : {"each its own", "copied from the first", "added up"}

    Returns
    -------
    Play
        Before it is touched it shows all steps done.

    Examples
    --------
    >>> import numpy as np
    >>> batches = np.random.default_rng(0).normal(size=[5, 8, 2]).round(2)
    >>> shown = share_a_batch(batches, [[0.5, 0.0], [-0.5, 0.0]], way="added up")
    >>> "both devices have the same codes" in shown.says
    True
    """
    batches, codebook = np.float64(batches), np.float64(codebook)
    steps, size, _ = batches.shape
    parts = *np.split(batches, 2, axis=1), batches
    runs = [follow(latents, codebook, decay) for latents in parts]
    paths, totals = zip(*(runs[which] for which in WAYS[way]["whose"]), strict=True)
    view, one = _view(batches, codebook), runs[ALL][0][-1]
    panels = ET.Element("div", {"style": PANELS})
    for device, path in enumerate(paths):
        panels.append(_panel(device, way, len(path[0]), view))
        chosen = np.asarray(nearest_code(parts[device][-1], path[-2]))
        _cells(panels[-1], path[-1], view)
        _latents(panels[-1], parts[device][-1], chosen, counts(way, device), view)
        _codes(panels[-1], path, one, view)
    ends = [path[-1] for path in paths]
    panels.append(_readings([*ends, one], totals[0], size, view["far"]))
    return Play(
        "share",
        "a batch shared by two devices",
        panels,
        {
            **in_hundredths(batches),
            "codes": codebook.tolist(),
            "decay": decay,
            "rule": RULES[START],
            "ways": WAYS,
            "view": view,
        },
        words_of(steps, steps, ends, totals[0], size),
        {"run": "Run", "back": "One back", "on": "One step"},
        {"way": ("counts and sums:", list(WAYS), way)},
        {"d3": "d3-delaunay.min.js"},
        ["moving", "film"],
    )


def counts(way, device):
    """Say whether the latents of a device move any codes."""
    return {device, ALL} & {*WAYS[way]["whose"]} != set()


def follow(batches, codebook, decay):
    """Let codes follow batches: float [steps, N, 2]; also what all counts sum to."""
    state = start_averages(codebook, START)
    codes = [codebook]
    for batch in batches:
        indices = nearest_code(batch, state.codebook)
        state = ema_step(state, batch, indices, decay, START)
        codes.append(np.asarray(state.codebook))
    return np.array(codes), float(np.sum(state.ema_counts))


def words_of(step, steps, codes, total, size):
    """Say whether both devices have the same codes, and how much is counted.

    Parameters
    ----------
    step, steps : int
    codes : array, float [2, K, 2]
        Of the first and of the second device.
    total : float
        Sum of the moving counts.
    size : int
        Latents of a whole batch.

    Returns
    -------
    str
    """
    far = np.linalg.norm(np.subtract(*codes), axis=-1)
    worst = int(far.argmax())
    news = f"the two copies of code {worst} are {far[worst]:.2f} apart"
    if not far[worst]:
        news = "both devices have the same codes"
    return f"Step {step} of {steps}: {news}. The counts sum to {total:.1f} of {size}."


def apart(one, other):
    """How far two codebooks are apart, on average over their codes."""
    return float(np.linalg.norm(one - other, axis=-1).mean())


def _view(batches, codebook):
    """Where 0 lies in a plane, how long 1 is, and how far is far."""
    points = np.vstack([batches.reshape(-1, 2), codebook])
    low, high = points.min(axis=0), points.max(axis=0)
    unit = np.min((np.array([WIDTH, PLANE]) - 2 * MARGIN) / (high - low))
    left, top = np.array([WIDTH, PLANE]) / 2 + unit * (high + low) / 2 * [-1, 1]
    far = np.linalg.norm(batches.std(axis=(0, 1)))
    view = {"left": left, "top": top + TOP, "unit": unit, "far": far}
    view = {name: round(float(value), 2) for name, value in view.items()}
    plane = [1, TOP, WIDTH - 1, TOP + PLANE]
    return {**view, "plane": plane, "bar": BAR["width"]}


def _svg(name, about, height):
    """Begin a drawing that stands beside another, or on a phone below it."""
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img"})
    svg.set("style", PANEL)
    ET.SubElement(svg, "title").text = name
    ET.SubElement(svg, "desc").text = about
    return svg


def _panel(device, way, num_codes, view):
    """Draw the empty plane of a device, and what it counts."""
    about = (
        f"A plane with the dots of half a batch and {num_codes} numbered stars, the "
        "codes of this device, each at the end of the line of its way, in a shaded "
        "region. Dashed circles show the codes of one device with the whole batch."
    )
    svg = _svg(f"The {DEVICES[device]}", about, TOP + PLANE + 1)
    _write(svg, "title", 1, 14, DEVICES[device])
    svg[-1].set("style", "font-weight:bold")
    _write(svg, "head", WIDTH - 1, 14, WAYS[way]["heads"][device], "end")
    return svg


def _cells(svg, codes, view):
    """Colour the places of a plane by the code that is nearest there."""
    left, top, right, bottom = view["plane"]
    frame = [[left, top], [right, top], [right, bottom], [left, bottom]]
    places = place_of(codes, view)
    for k, region in enumerate(regions(places, places, within=np.float64(frame))):
        color = f"var(--c{k % 6})"
        add_part(svg, "path", "cell", d=f"M{line_of(region)}Z", fill=color)
        svg[-1].attrib |= {"fill-opacity": "0.2", "stroke": "currentColor"}
        svg[-1].set("stroke-opacity", "0.3")


def _latents(svg, latents, chosen, counted, view):
    """Draw the latents of a device: full where they are counted, else hollow."""
    for (x, y), k in zip(place_of(latents, view), chosen, strict=True):
        color = f"var(--c{k % 6})"
        add_part(svg, "circle", "latent", cx=x, cy=y, r=3.5, fill=color, stroke=color)
        svg[-1].set("fill-opacity", "1" if counted else "0")


def _codes(svg, path, one, view):
    """Draw the codes of a device with their ways, and marks where they should be."""
    path = place_of(path, view)
    for k, (x, y) in enumerate(place_of(one, view)):
        color = f"var(--c{k % 6})"
        add_part(svg, "polyline", "way", points=line_of(path[:, k]), fill="none")
        svg[-1].attrib |= {"stroke": color, "stroke-width": "2"}
        svg[-1].set("stroke-opacity", "0.5")
        add_part(svg, "circle", "mark", cx=x, cy=y, r=14, fill="none", stroke=color)
        svg[-1].attrib |= {"stroke-width": "2.5", "stroke-dasharray": "5 4"}
    for k, (x, y) in enumerate(path[-1]):
        where = f"translate({x:.1f} {y:.1f}) scale(0.8)"
        add_part(svg, "path", "code", d=STAR, transform=where, fill=f"var(--c{k % 6})")
        svg[-1].attrib |= {"stroke": "currentColor", "stroke-width": "1.2"}
        _write(svg, "name", x + 13, y - 11, str(k))
        svg[-1].attrib |= {"class": "halo", "style": "font-weight:bold"}


def _readings(codes, total, size, far):
    """Draw bars: how far codebooks are apart, and how many latents are counted."""
    about = "Bars: how far the codebooks are apart, and what the moving counts sum to."
    svg = _svg("In numbers", about, ROW * 4)
    lengths = [apart(codes[a], codes[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    shares = [*(min(length / far, 1) for length in lengths), total / size]
    values = [*(f"{length:.2f}" for length in lengths), f"{total:.1f} of {size}"]
    rows = zip(READINGS, shares, values, strict=True)
    for row, (label, share, value) in enumerate(rows):
        y = ROW * row + 14
        _write(svg, "label", BAR["x"] - 8, y, label, "end")
        bar = {"y": y - 10, "height": BAR["height"], "x": BAR["x"]}
        for part, width in (("track", 1), ("bar", share)):
            add_part(svg, "rect", part, **bar, width=BAR["width"] * width, rx=2)
            svg[-1].set("fill", "currentColor")
            svg[-1].set("fill-opacity", "0.15" if part == "track" else "0.75")
        _write(svg, "value", BAR["x"] + BAR["width"] + 8, y, value)
    return svg


def _write(svg, part, x, y, words, anchor="start"):
    """Write some words."""
    add_part(svg, "text", part, x=x, y=y)
    svg[-1].set("text-anchor", anchor)
    svg[-1].text = words
