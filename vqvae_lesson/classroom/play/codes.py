"""Codes in the plane: whatever is dragged, regions and counts follow (chapter 04)."""

from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import STAR, Play, add_part
from vqvae_lesson.quantizer import nearest_code

WIDTH, HEIGHT, MARGIN = 640, 400, 40
FAR = 20  # how far the shading goes, in widths of the drawing
COLORS = 6  # in paper.css


def codes_in_the_plane(latents, codebook):
    """Let a reader drag latents and codes, and take steps of k-means.

    Parameters
    ----------
    latents : array, float [N, 2]
    codebook : array, float [K, 2]

    Returns
    -------
    Play
    """
    latents, codebook = np.float64(latents), np.float64(codebook)
    view = _view(np.vstack([latents, codebook]))
    indices = np.asarray(nearest_code(latents, codebook))
    counts = np.bincount(indices, minlength=len(codebook))
    lost = np.mean(np.sum((latents - codebook[indices]) ** 2, axis=1))
    return Play(
        "codes",
        "codes in the plane",
        _draw(latents, codebook, indices, counts, view),
        {"latents": latents.tolist(), "codes": codebook.tolist(), "view": view},
        f"Mean squared distance: {lost:.3f}. "
        f"Latents of each code: {', '.join(map(str, counts))}.",
        {"step": "One step of k-means", "reset": "Start again"},
        libraries={"d3": "d3-delaunay.min.js"},
    )


def regions(codebook, points, within=None):
    """Find the Voronoi cell of every code, as far as the eye reaches.

    Parameters
    ----------
    codebook : array, float [K, 2]
    points : array, float [N, 2]
        The region ends far outside of these.
    within : array, float [corners, 2], optional
        A convex region that is cut instead.

    Returns
    -------
    list of ndarray, float [corners, 2]
    """
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    reach = FAR * (np.ptp(points, axis=0).max() or 1)
    sheet = middle + reach * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    found = []
    for code in codebook:
        region = sheet if within is None else within
        for other in codebook:
            away = other - code
            region = _cut(region, away, away @ (other + code) / 2)
        found.append(region)
    return found


def _cut(corners, direction, most):
    """Cut off what lies further in a direction than a straight line."""
    over = corners @ direction - most
    ways = zip(
        *(corners, np.roll(corners, -1, axis=0)),
        *(over, np.roll(over, -1)),
        strict=True,
    )
    kept = []
    for here, there, excess, excess_there in ways:
        if excess <= 0:
            kept.append(here)
        if excess * excess_there < 0:
            kept.append(here + (there - here) * excess / (excess - excess_there))
    return np.array(kept).reshape(-1, 2)


def _view(points):
    """Where the plane lies in the drawing: 0, and the length of 1."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * MARGIN
    unit = np.floor(np.min(room / np.maximum(high - low, 1e-9)))
    left, top = np.array([WIDTH, HEIGHT]) / 2 + unit * (high + low) / 2 * [-1, 1]
    view = {"left": left, "top": top, "unit": unit}
    view = {name: round(float(value), 1) for name, value in view.items()}
    return {**view, "width": WIDTH, "height": HEIGHT}


def _draw(latents, codebook, indices, counts, view):
    """Draw all parts; the script finds each by its name."""
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img"})
    ET.SubElement(svg, "title").text = "Codes in the plane"
    ET.SubElement(svg, "desc").text = (
        f"Straight lines cut a plane into {len(codebook)} shaded regions, each with a "
        f"star in it, its code. {len(latents)} dots in the colours of their regions "
        "are joined to the stars."
    )
    everything = np.vstack([latents, codebook])
    for k, region in enumerate(regions(codebook, everything)):
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in _place(region, view))
        add_part(svg, "path", "cell", d=f"M{corners}Z", fill=_color(k), stroke="none")
        svg[-1].set("fill-opacity", "0.18")
        svg[-1].set("stroke", "currentColor")
    at, codes = _place(latents, view), _place(codebook, view)
    for (x, y), k in zip(at, indices, strict=True):
        ends = {"x1": x, "y1": y, "x2": codes[k][0], "y2": codes[k][1]}
        add_part(svg, "line", "way", **ends, stroke=_color(k))
    for (x, y), k in zip(at, indices, strict=True):
        add_part(svg, "circle", "latent", cx=x, cy=y, r=6, fill=_color(k))
    for k, (x, y) in enumerate(codes):
        where = f"translate({x:.1f} {y:.1f})"
        add_part(svg, "path", "code", d=STAR, transform=where, fill=_color(k))
        svg[-1].set("stroke", "currentColor")
    for k, (x, y) in enumerate(codes):
        add_part(svg, "text", "name", x=x + 11, y=y - 9)
        svg[-1].set("class", "halo")
        svg[-1].text = f"code {k}: {counts[k]}"
    return svg


def _place(points, view):
    """From numbers of a vector to a place in the drawing."""
    return [view["left"], view["top"]] + view["unit"] * points * [1, -1]


def _color(index):
    """One colour for one code, over and over."""
    return f"var(--c{index % COLORS})"
