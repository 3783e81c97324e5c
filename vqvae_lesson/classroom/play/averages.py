"""The moving averages at work: codes on their way, their counts, exile (chapter 05)."""

from base64 import b64encode
from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import STAR, Play, add_part
from vqvae_lesson.ema import EMA_STARTS, ema_step, start_averages
from vqvae_lesson.quantizer import nearest_code

WIDTH, PLANE, CHART, LEFT, GAP = 480, 320, 150, 78, 30
DECAYS = (0, 0.5, 0.9, 0.99)
SHORTEST, LONGEST = 1e-2, 1e6  # of a code, on the logarithmic axis
RULES = {name: rule._asdict() for name, rule in EMA_STARTS.items()}
HUNDREDTHS = 100


def codes_on_their_way(batches, codebook, decay=0.99, start="consistent"):
    """Let a reader take steps of the moving averages, with any decay and start.

    Parameters
    ----------
    batches : array, float [steps, N, 2]
        In whole hundredths, so that the page gets the very same latents.
    codebook : array, float [K, 2]
    decay : float
        One of 0, 0.5, 0.9 and 0.99.
    start : {"article", "debiased", "consistent"}

    Returns
    -------
    Play
        Before it is touched it shows all steps done.
    """
    batches, codebook = np.float64(batches), np.float64(codebook)
    state, codes, indices = start_averages(codebook, start), [codebook], None
    for batch in batches:
        indices = np.asarray(nearest_code(batch, state.codebook))
        state = ema_step(state, batch, indices, decay, start)
        codes.append(np.asarray(state.codebook))
    view = _view(batches, codebook)
    data = {
        **in_hundredths(batches),
        "codes": codebook.tolist(),
        "rules": RULES,
        "view": view,
    }
    counts = ", ".join(f"{count:.1f}" for count in state.ema_counts.numpy())
    return Play(
        "averages",
        "codes on their way",
        _draw(batches[-1], indices, np.array(codes), view),
        data,
        f"Step {len(batches)} of {len(batches)}. Moving counts: {counts}.",
        {"step": "One step", "run": "Run", "reset": "Back to step 0"},
        choices={
            "decay": ("decay", DECAYS, decay),
            "start": ("start", list(EMA_STARTS), start),
        },
        shared=["moving"],
    )


def in_hundredths(batches):
    """Hand batches over as whole numbers of 16 bits, with their shape."""
    stream = np.rint(batches * HUNDREDTHS).astype("<i2")
    return {"stream": b64encode(stream).decode(), "shape": batches.shape}


def _view(batches, codebook):
    """Where plane and chart lie in the drawing, and how long 1 is."""
    points = np.vstack([batches.reshape(-1, 2), codebook])
    low, high = points.min(axis=0), points.max(axis=0)
    unit = np.floor(np.min([WIDTH - 40, PLANE - 40] / (high - low)))
    left, top = np.array([WIDTH, PLANE]) / 2 + unit * (high + low) / 2 * [-1, 1]
    view = {"left": left, "top": top, "unit": unit}
    view = {name: round(float(value), 1) for name, value in view.items()}
    view |= {"chart": [LEFT, PLANE + GAP, WIDTH - LEFT - 10, CHART]}
    return {**view, "decades": [np.log10(SHORTEST), np.log10(LONGEST)]}


def _draw(batch, indices, codes, view):
    """Draw the plane, and below it the lengths of the codes on a logarithmic axis."""
    height = PLANE + GAP + CHART + 40
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img"})
    ET.SubElement(svg, "title").text = "Codes on their way"
    ET.SubElement(svg, "desc").text = (
        f"Above, {len(batch)} dots of a batch and {codes.shape[1]} stars, the codes, "
        "each with the line of its way. Below, the length of each code against the "
        "steps, on a logarithmic axis."
    )
    clip = ET.SubElement(ET.SubElement(svg, "defs"), "clipPath", {"id": "play-plane"})
    ET.SubElement(clip, "rect", {"width": str(WIDTH), "height": str(PLANE)})
    plane = ET.SubElement(svg, "g", {"clip-path": "url(#play-plane)"})
    for (x, y), k in zip(place_of(batch, view), indices, strict=True):
        add_part(plane, "circle", "latent", cx=x, cy=y, r=3, fill=f"var(--c{k % 6})")
    for k, way in enumerate(np.moveaxis(codes, 1, 0)):
        places = place_of(way, view)
        add_part(plane, "polyline", "way", points=line_of(places), fill="none")
        plane[-1].attrib |= {"stroke": f"var(--c{k % 6})", "stroke-width": "2"}
    for k, (x, y) in enumerate(place_of(codes[-1], view)):
        where = f"translate({x:.1f} {y:.1f})"
        add_part(plane, "path", "code", d=STAR, transform=where)
        plane[-1].attrib |= {"fill": f"var(--c{k % 6})", "stroke": "currentColor"}
    for k, (x, y) in enumerate(place_of(codes[0], view)):
        _write(plane, x - 9, y + 5, f"code {k}", "end")
    _axes(svg, view, len(codes) - 1)
    steps = np.arange(len(codes)) / (len(codes) - 1)
    for k, lengths in enumerate(np.linalg.norm(codes, axis=2).T):
        places = _on_chart(steps, lengths, view)
        add_part(svg, "polyline", "length", points=line_of(places), fill="none")
        svg[-1].attrib |= {"stroke": f"var(--c{k % 6})", "stroke-width": "2"}
    return svg


def _axes(svg, view, steps):
    """Draw the axes of the chart and what stands at them."""
    left, top, width, height = map(float, view["chart"])
    corner = f"{left},{top} {left},{top + height} {left + width},{top + height}"
    add_part(svg, "polyline", "axis", points=corner, fill="none")
    svg[-1].set("stroke", "currentColor")
    for length in (0.01, 1, 100, 10_000, 1_000_000):
        (_, y) = _on_chart([0], [length], view)[0]
        _write(svg, left - 6, y + 5, f"{length:,}", "end")
    _write(svg, left, top - 10, "length of a code", "start")
    _write(svg, left, top + height + 18, "0", "middle")
    _write(svg, left + width, top + height + 18, f"step {steps}", "end")


def _write(svg, x, y, words, anchor):
    """Write some words."""
    add_part(svg, "text", "words", x=x, y=y)
    svg[-1].set("text-anchor", anchor)
    svg[-1].text = words


def place_of(points, view):
    """From numbers of a vector to a place in the plane."""
    return [view["left"], view["top"]] + view["unit"] * points * [1, -1]


def _on_chart(steps, lengths, view):
    """From a share of all steps and a length to a place in the chart."""
    left, top, width, height = view["chart"]
    low, high = view["decades"]
    up = (np.log10(np.clip(lengths, SHORTEST, LONGEST)) - low) / (high - low)
    return np.stack([left + width * np.array(steps), top + height * (1 - up)], axis=1)


def line_of(places):
    """Write places as the corners of a line; never further off than the eye reaches."""
    places = np.clip(places, -9_999, 9_999)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
