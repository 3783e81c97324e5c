"""One latent under five quantizers: the code it becomes, its number (chapter 16)."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.codes import regions
from vqvae_lesson.classroom.play.figure import STAR, Play, add_part
from vqvae_lesson.plots.quantizers import LEVELS, PARTS, STRENGTHS, fit_the_plane
from vqvae_lesson.quantizer import nearest_code

WIDTH, HEIGHT, MARGIN = 400, 330, 20
FAR = 99  # what no latent reaches
START = (0.9, 0.75)


def quantize_a_latent(latents):
    """Let a reader drag a latent over the plane, and choose who quantizes it.

    Parameters
    ----------
    latents : array, float [N, 2]
        The cloud on which the codes lie.

    Returns
    -------
    Play
        Codebook, product, residual, FSQ and LFQ, as
        :func:`vqvae_lesson.plots.cuts_of_the_plane` has them.
    """
    latents = np.float32(latents)
    found = fit_the_plane(latents)
    fitted = {
        name: np.float64(found[name]).round(3)
        for name in ("codebook", "groups", "stages")
    }
    view = _view(latents)
    ways = {
        name: {
            "levels": levels,
            "looks": _looks(hues, levels),
            "paths": [_path(corners, view) for corners in cells],
        }
        for name, (levels, hues, cells) in cells_of(fitted, latents).items()
    }
    number = int(nearest_code([START], fitted["codebook"])[0])
    code = fitted["codebook"][number]
    lost = np.sum((START - code) ** 2)
    return Play(
        "quantize",
        "one latent under five quantizers",
        _draw(latents, fitted, ways["codebook"], number, view),
        {
            "latent": START,
            "fitted": {name: codes.tolist() for name, codes in fitted.items()},
            "ways": ways,
            "view": view,
        },
        f"Latent {_said(START)} becomes code {_said(code)}, number {number} of "
        f"{len(fitted['codebook'])}. Squared distance {lost:.3f}.",
        {"reset": "Start again"},
        {"quantizer": ("quantizer", [*ways], "codebook")},
    )


def cells_of(fitted, latents):
    """Find levels, number of hues, and the corners of all cells of each quantizer.

    Parameters
    ----------
    fitted : dict
        From :func:`vqvae_lesson.plots.quantizers.fit_the_plane`.
    latents : array, float [N, 2]

    Returns
    -------
    dict
        From name to levels, hues, and cells in the order of their numbers, each a
        ndarray, float [corners, 2].
    """
    codebook, (coarse, fine) = fitted["codebook"], fitted["stages"]
    around = [
        regions(code + fine, latents, within)
        for code, within in zip(coarse, regions(coarse, latents), strict=True)
    ]
    residual = [cells[second] for second in range(PARTS[1]) for cells in around]
    groups = [
        np.convolve(group[:, 0], [0.5, 0.5], "valid") for group in fitted["groups"]
    ]
    scalars = [_roundings(levels) for levels in LEVELS]
    return {
        "codebook": ([len(codebook)], PARTS[0], regions(codebook, latents)),
        "product": (PARTS, PARTS[0], _boxes(*groups)),
        "residual": (PARTS, PARTS[0], residual),
        "FSQ": (LEVELS, LEVELS[0], _boxes(*scalars)),
        "LFQ": ((2, 2), 2, _boxes([0], [0])),
    }


def _roundings(levels):
    """Where FSQ begins to round to another of an odd number of levels."""
    halves = np.arange(levels - 1) - levels // 2 + 0.5
    return np.arctanh(halves / ((levels - 1) * 1.001 / 2))


def _boxes(across, up):
    """Corners of the boxes between borders; the first number goes fastest."""
    across, up = ([-FAR, *borders, FAR] for borders in (across, up))
    return [
        np.array([(left, low), (right, low), (right, high), (left, high)])
        for low, high in pairwise(up)
        for left, right in pairwise(across)
    ]


def _looks(hues, levels):
    """Hue and strength of each cell, as in :func:`vqvae_lesson.plots.cells`."""
    rows = -(-int(np.prod(levels)) // hues)
    strengths = STRENGTHS if rows > 2 else STRENGTHS[::2]
    return [(hue, strengths[row]) for row in range(rows) for hue in range(hues)]


def _view(latents):
    """Where the plane lies in the drawing: 0, and the length of 1."""
    room = np.array([WIDTH, HEIGHT]) / 2 - MARGIN
    unit = float(np.floor(np.min(room / np.abs(latents).max(axis=0))))
    return {"left": WIDTH / 2, "top": HEIGHT / 2, "unit": unit} | {
        "width": WIDTH,
        "height": HEIGHT,
    }


def _place(points, view):
    """From numbers of a vector to a place in the drawing."""
    return [view["left"], view["top"]] + view["unit"] * np.asarray(points) * [1, -1]


def _path(corners, view):
    """Draw round a cell."""
    places = _place(corners, view) if len(corners) else []
    return f"M{' '.join(f'{x:.0f},{y:.0f}' for x, y in places)}Z" if len(places) else ""


def _said(vector):
    """Write a vector."""
    return f"({', '.join(f'{number:.2f}' for number in vector)})"


def _draw(latents, fitted, way, number, view):
    """Draw cells, latents, codes, and the one latent with its code."""
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img"})
    svg.set("style", "max-width:28rem")
    ET.SubElement(svg, "title").text = "One latent under five quantizers"
    ET.SubElement(svg, "desc").text = (
        f"Small grey dots, {len(latents)} latents, lie in a plane. It is cut into "
        f"coloured cells, each with a star, its code. A larger dot, the latent that "
        f"can be moved, is joined to the star of its cell, number {number}."
    )
    _head(svg)
    for path, (hue, strength) in zip(way["paths"], way["looks"], strict=True):
        add_part(svg, "path", "cell", d=path, fill=f"var(--c{hue})")
        svg[-1].attrib |= {"fill-opacity": str(strength), "stroke": "currentColor"}
        svg[-1].set("stroke-width", "0.6")
    dots = "".join(
        f"M{x:.0f} {y:.0f}m-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0"
        for x, y in _place(latents, view)
    )
    add_part(svg, "path", "cloud", d=dots, fill="currentColor")
    svg[-1].set("fill-opacity", "0.35")
    for x, y in _place(fitted["stages"][0], view):
        add_part(svg, "circle", "coarse", cx=x, cy=y, r=5, fill="none")
        svg[-1].attrib |= {"stroke": "currentColor", "stroke-width": "1.5"}
        svg[-1].set("visibility", "hidden")
    for x, y in _place(fitted["codebook"], view):
        where = f"translate({x:.1f} {y:.1f}) scale(0.7)"
        add_part(svg, "path", "code", d=STAR, transform=where, fill="currentColor")
    _chosen(svg, fitted["codebook"][number], way["paths"][number], number, view)
    return svg


def _head(svg):
    """Define the head of the arrows."""
    marker = ET.SubElement(ET.SubElement(svg, "defs"), "marker")
    marker.attrib |= {"id": "play-stage", "viewBox": "0 0 8 8", "refX": "6"}
    marker.attrib |= {"refY": "4", "markerWidth": "4", "markerHeight": "4"}
    marker.set("orient", "auto")
    ET.SubElement(marker, "path", {"d": "M0 0 8 4 0 8z", "fill": "context-stroke"})


def _chosen(svg, code, path, number, view):
    """Draw the latent, its cell, its code, the way there, and the code's parts."""
    add_part(svg, "path", "chosen", d=path, fill="none", stroke="currentColor")
    svg[-1].set("stroke-width", "2.5")
    zero, (x, y), (to_x, to_y) = _place([(0, 0), START, code], view)
    # A codebook's code is made of one part: nothing is added to it.
    for (x1, y1), color in ((zero, "var(--c0)"), ((to_x, to_y), "var(--c1)")):
        ends = {"x1": x1, "y1": y1, "x2": to_x, "y2": to_y}
        add_part(svg, "line", "step", **ends, stroke=color, visibility="hidden")
        svg[-1].attrib |= {"stroke-width": "3", "marker-end": "url(#play-stage)"}
    add_part(svg, "line", "way", x1=x, y1=y, x2=to_x, y2=to_y, stroke="currentColor")
    svg[-1].attrib |= {"stroke-width": "1.5", "stroke-dasharray": "3 3"}
    add_part(svg, "text", "name", x=to_x, y=to_y - 12)
    svg[-1].attrib |= {"text-anchor": "middle", "class": "halo"}
    svg[-1].text = str(number)
    whole = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}
    add_part(svg, "rect", "plane", **whole, fill="transparent", stroke="currentColor")
    svg[-1].set("style", "cursor:crosshair")
    add_part(svg, "circle", "latent", cx=x, cy=y, r=9, fill="#fff", stroke="#000")
    svg[-1].set("stroke-width", "3")
