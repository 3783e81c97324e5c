"""Straight through: a latent among codes, and the slope carried to it (chapter 06)."""

from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import STAR, Play, add_part
from vqvae_lesson.quantizer import nearest_code

WIDTH, HEIGHT, MARGIN, ARROW = 640, 360, 36, 64
RATE = 0.1  # of the steps against the slope
LEGEND = {
    "★ codes": "currentColor",
    "● the latent": "var(--c0)",
    "→ the slope, carried across": "var(--c1)",
    "→ without codes": "var(--grey)",
}


def slope_carried_across(latent, codes, target, limits):
    """Let a reader drag a latent and codes, and step against the carried slope.

    Parameters
    ----------
    latent : float
    codes : list of float
        Their loss is the squared distance from `target`.
    target : float
    limits : tuple of float
        Between which numbers the drawing lies.

    Returns
    -------
    Play
    """
    low, high = limits
    top = max((low - target) ** 2, (high - target) ** 2)
    view = {"low": low, "high": high, "top": top, "width": WIDTH, "height": HEIGHT}
    view |= {"margin": MARGIN, "arrow": ARROW}
    index = int(nearest_code(np.array([[latent]]), np.array(codes)[:, None])[0])
    slope, own = 2 * (codes[index] - target), 2 * (latent - target)
    agree = "the same way" if slope * own > 0 else "the other way"
    return Play(
        "straight",
        "straight through",
        _draw(latent, codes, index, target, view),
        {
            "latent": latent,
            "codes": codes,
            "target": target,
            "rate": RATE,
            "view": view,
        },
        f"Latent {latent:.2f}, code {codes[index]:.2f}, "
        f"loss {(codes[index] - target) ** 2:.2f}. "
        f"Slope carried across: {slope:.2f}. Without codes: {own:.2f}, {agree}.",
        {"step": "One step against the slope", "reset": "Start again"},
    )


def _draw(latent, codes, index, target, view):
    """Draw bowl, stairs, code, latent, and the three arrows."""
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img"})
    ET.SubElement(svg, "title").text = "Straight through"
    ET.SubElement(svg, "desc").text = (
        f"A dotted bowl, the loss, with its lowest point at {target:g}, and a "
        f"staircase of {len(codes)} steps, one for each code. A dot, the latent, lies "
        "on a step. The arrow at its code stands at the dot, too; a grey arrow on the "
        "bowl shows the slope there."
    )
    _axis(svg, view)
    numbers = np.linspace(view["low"], view["high"], 81)
    way = _place(numbers, (numbers - target) ** 2, view)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in way)
    add_part(svg, "polyline", "bowl", points=points, fill="none")
    svg[-1].attrib |= {"stroke": "currentColor", "stroke-dasharray": "2 4"}
    borders = [view["low"], *np.convolve(sorted(codes), [0.5, 0.5], "valid")]
    for code in codes:
        left = max(border for border in borders if border < code)
        right = min([b for b in borders if b > code] or [view["high"]])
        (x1, y), (x2, _) = _place([left, right], [(code - target) ** 2] * 2, view)
        add_part(svg, "line", "step", x1=x1, x2=x2, y1=y, y2=y, stroke="var(--c5)")
        svg[-1].set("stroke-width", "3")
    loss = (codes[index] - target) ** 2
    (start, end) = _place([codes[index], latent], [loss, loss], view)
    add_part(svg, "path", "bow", d=_bow(start, end), fill="none")
    svg[-1].attrib |= {"stroke": "var(--c1)", "stroke-dasharray": "4 4"}
    ends = [("at_code", codes[index], loss, codes[index])]
    ends += [("carried", latent, loss, codes[index])]
    ends += [("direct", latent, (latent - target) ** 2, latent)]
    for name, number, height, at in ends:
        (place,) = _place([number], [height], view)
        _arrow(svg, name, place, 2 * (at - target), view)
    for code in codes:
        (x, y) = _place([code], [(code - target) ** 2], view)[0]
        where = f"translate({x:.1f} {y:.1f})"
        add_part(svg, "path", "code", d=STAR, transform=where, fill="var(--c4)")
        svg[-1].set("stroke", "currentColor")
    (x, y) = _place([latent], [loss], view)[0]
    add_part(svg, "circle", "latent", cx=x, cy=y, r=8, fill="var(--c0)")
    for left, (text, color) in zip((40, 130, 246, 452), LEGEND.items(), strict=True):
        add_part(svg, "text", "legend", x=left, y=16)
        svg[-1].text, svg[-1].attrib["style"] = text, f"fill:{color}"
    return svg


def _bow(start, end):
    """Draw a bow over two places of one height."""
    (x1, y), (x2, _) = start, end
    return f"M{x1:.1f} {y:.1f}Q{(x1 + x2) / 2:.1f} {y - 40:.1f} {x2:.1f} {y:.1f}"


def _axis(svg, view):
    """Draw the line of numbers, with whole numbers below it, and the arrow's head."""
    marker = ET.SubElement(ET.SubElement(svg, "defs"), "marker")
    marker.attrib |= {"id": "play-head", "viewBox": "0 0 8 8", "refX": "6", "refY": "4"}
    marker.attrib |= {"markerWidth": "5", "markerHeight": "5", "orient": "auto"}
    ET.SubElement(marker, "path", {"d": "M0 0 8 4 0 8z", "fill": "context-stroke"})
    y = float(HEIGHT - MARGIN)
    ends = {"x1": float(MARGIN), "x2": float(WIDTH - MARGIN), "y1": y, "y2": y}
    add_part(svg, "line", "axis", **ends, stroke="currentColor")
    for number in range(int(np.ceil(view["low"])), int(view["high"]) + 1):
        (x, _) = _place([number], [0], view)[0]
        add_part(svg, "text", "tick", x=x, y=y + 18)
        svg[-1].set("text-anchor", "middle")
        svg[-1].text = str(number)


def _place(numbers, losses, view):
    """From numbers and their losses to places in the drawing."""
    across = (np.array(numbers) - view["low"]) / (view["high"] - view["low"])
    up = np.array(losses) / view["top"]
    x = MARGIN + (WIDTH - 2 * MARGIN) * across
    return np.stack([x, HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * up], axis=1)


def _arrow(svg, name, place, slope, view):
    """Draw an arrow of fixed length that leads downhill."""
    (zero, one) = _place([0, 1], [0, 1], view)
    way = np.array([-np.sign(slope), -abs(slope)]) * (one - zero)
    x1, y1 = place
    x2, y2 = place + ARROW * way / (np.hypot(*way) or 1)
    color = "var(--grey)" if name == "direct" else "var(--c1)"
    add_part(svg, "line", name, x1=x1, y1=y1, x2=x2, y2=y2, stroke=color)
    svg[-1].attrib |= {"stroke-width": "3", "marker-end": "url(#play-head)"}
