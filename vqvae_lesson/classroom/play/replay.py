"""A training, replayed: every code's length, use and picture (chapter 09)."""

from base64 import b64encode
from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.classroom.play.plane import GREYS, as_png

WIDTH, LEFT, RIGHT, TOP, CHART = 480, 42, 22, 22, 116
COLUMNS, PAGE, SHEET = 16, 30, TOP + CHART + 50  # of the pictures below the chart
SIDE, RIM, FOOT = 14, 1, 3  # pixels of a picture, around it, and below for its bar
DECADES = (-6.5, 5.5)  # of the logarithmic axes
TICKS = {-6: "10⁻⁶", -4: "10⁻⁴", -2: "10⁻²", 0: "1", 2: "100", 4: "10⁴"}
THOUSANDTHS = 1000  # of a decade: to 0.2 % of a length
SMALLEST, GROWTH = 2.5, 0.3  # of a dot, and with the root of its letters
STATES = {
    "chosen so far": "var(--c1)",
    "in exile": "var(--c0)",
    "near the origin, never chosen": "var(--grey)",
}


def training_replayed(record, first_norms, predicted):
    """Let a reader move through a training, from record to record.

    Parameters
    ----------
    record : dict
        As :func:`vqvae_lesson.health.load_record` gives it, of a training whose
        moving counts begin at 0; with pictures, [28, 28, 1], at all its steps.
    first_norms : array, float [K]
        Length of each code before the first step.
    predicted : array, float [T]
        Length of a code that nobody chooses, drawn as a dashed line.

    Returns
    -------
    Play
        Before it is touched it shows the last record, and looks at the code of
        exile that was caught first.
    """
    decades = np.rint(THOUSANDTHS * np.log10(record["norms"])).astype("<i2")
    uses, steps = record["uses"], record["steps"]
    first = np.rint(THOUSANDTHS * np.log10(first_norms)).astype(int)
    chosen = record["counts"] > 0
    since = np.where(chosen.any(axis=0), chosen.argmax(axis=0), len(steps))
    plane = {"x": LEFT, "y": TOP, "width": WIDTH - LEFT - RIGHT, "height": CHART}
    away = np.where(since > 0, since, len(steps))
    code, states = int(away.argmin()), states_of(len(steps) - 1, since, decades, first)
    sheets = [sheet_with_feet(pictures) for pictures in record["pictures"]]
    tall, wide = sheets[0].shape
    view = {"curves": plane, "decades": DECADES, "dot": [SMALLEST, GROWTH]}
    view |= {"columns": COLUMNS, "code": code, "bar": (PAGE - 4) / np.sqrt(uses.max())}
    view["sheet"] = {"y": SHEET, "height": WIDTH * tall / wide}
    view["order"] = np.argsort(since == 0, kind="stable").tolist()
    png = as_png(np.concatenate(sheets))
    words = words_of(code, decades[-1], uses[-1])
    svg = _draw(steps, decades, uses, since, states, np.log10(predicted), view)
    _draw_pages(svg, png, len(sheets), states, uses[-1], words, view)
    return Play(
        "replay",
        "a training, replayed",
        svg,
        {
            "steps": steps.tolist(),
            "decades": b64encode(decades.tobytes()).decode(),
            "uses": b64encode(uses.astype("<i2").tobytes()).decode(),
            "first": first.tolist(),
            "since": since.tolist(),
            "colors": list(STATES.values()),
            "view": view,
        },
        f"{_says(steps, uses, states)} {words}.",
        {"run": "Run", "back": "One record back", "on": "One record on"},
        shared=["film"],
    )


def sheet_with_feet(pictures):
    """Lay out pictures of half their size, with room for a bar below each.

    Parameters
    ----------
    pictures : array, uint8 [K, 28, 28, 1], 255 for ink

    Returns
    -------
    ndarray, uint8 [H, W]
        Greys, from 0 for paper to 15 for ink.
    """
    halves = pictures.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4))
    greys = np.rint(halves * ((GREYS - 1) / 255)).astype("uint8")
    greys = np.pad(greys, [(0, -len(greys) % COLUMNS), (RIM, RIM + FOOT), (RIM, RIM)])
    (high, wide) = greys.shape[1:]
    greys = greys.reshape(-1, COLUMNS, high, wide).swapaxes(1, 2)
    return greys.reshape(-1, COLUMNS * wide)


def words_of(code, decades, uses):
    """Say how long a code is, and how many held-out letters choose it."""
    length = float(f"{10 ** (decades[code] / THOUSANDTHS):.3g}")
    if length < 1e-3:
        digits, power = f"{length:e}".split("e")
        digits = f"{float(digits):g}e{int(power)}"
    else:
        digits = f"{length:,.10f}".rstrip("0").rstrip(".")
    return f"Code {code}: length {digits}, letters {uses[code]}"


def states_of(row, since, decades, first):
    """How each code fares: chosen so far (0), in exile (1), near the origin (2).

    Parameters
    ----------
    row : int
        Which record.
    since : array, int [K]
        Row from which a code's moving count is above 0.
    decades : array, int [T, K]
        Logarithms of the lengths.
    first : array, int [K]
        The same before the first step: what is longer is in exile.

    Returns
    -------
    ndarray, int [K]
    """
    return np.where(row >= since, 0, np.where(decades[row] >= first, 1, 2))


def _says(steps, uses, states):
    """Put the last record in words."""
    chosen, exiled, waiting = np.bincount(states, minlength=3)
    return (
        f"Step {steps[-1]:,} of {steps[-1]:,}. In use by held-out letters: "
        f"{np.count_nonzero(uses[-1])} codes. Chosen in training so far: {chosen}; "
        f"in exile: {exiled}; near the origin, never chosen: {waiting}."
    )


def _draw(steps, decades, uses, since, states, predicted, view):
    """Draw the ways of all codes, and a dot for each where it is now."""
    rows = -(-len(states) // COLUMNS)
    height = SHEET + rows * view["sheet"]["height"] // rows + 24
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height:.1f}", "role": "img"})
    ET.SubElement(svg, "title").text = "A training, replayed"
    ET.SubElement(svg, "desc").text = _description(steps, since, states)
    _draw_ways(svg, view, steps, decades / THOUSANDTHS, since == 0, predicted)
    colors = [*STATES.values()]
    for decade, letters, state in zip(decades[-1], uses[-1], states, strict=True):
        (x, y) = _place(1, decade / THOUSANDTHS, view["curves"])
        r = float(SMALLEST + GROWTH * np.sqrt(letters))
        add_part(svg, "circle", "code", cx=x, cy=y, r=r, fill=colors[state])
        svg[-1].set("opacity", "0.6")
    for left, (text, color) in zip((54, 168, 256), STATES.items(), strict=True):
        _key(svg, left, height - 7, "●", color, text)
    return svg


def _draw_pages(svg, png, records, states, uses, words, view):
    """Draw what each code decodes to, framed in its colour, and its use as a bar."""
    high, colors = view["sheet"]["height"], [*STATES.values()]
    clip = ET.SubElement(svg, "clipPath", {"id": "play-replay"})
    place = {"x": 0, "width": WIDTH}
    add_part(clip, "rect", "window", y=SHEET, height=high, **place)
    held = ET.SubElement(svg, "g", {"clip-path": "url(#play-replay)"})
    whole = {"y": SHEET - high * (records - 1), "height": high * records, **place}
    add_part(held, "image", "sheet", href=png, **whole)
    pitch = PAGE * (SIDE + 2 * RIM + FOOT) / (SIDE + 2 * RIM)
    for k, state in enumerate(states):
        x, y = PAGE * (k % COLUMNS), SHEET + pitch * (k // COLUMNS)
        bar = {"height": 3, "width": float(view["bar"] * np.sqrt(uses[k]))}
        add_part(svg, "rect", "bar", x=x + 2, y=y + PAGE + 1.5, fill="#000", **bar)
        side = {"width": PAGE - 2, "height": PAGE - 2, "rx": 1, "fill-opacity": "0"}
        add_part(svg, "rect", "page", x=x + 1, y=y + 1, stroke=colors[state], **side)
        width = "4" if k == view["code"] else "1.5"
        svg[-1].attrib |= {"stroke-width": width, "fill": "#fff"}
    _write(svg, 2, SHEET - 8, "what each code decodes to; bar: letters")
    _write(svg, WIDTH - 2, SHEET - 8, words, "end")
    svg[-1].set("data-part", "words")


def _draw_ways(svg, view, steps, decades, at_once, predicted):
    """Draw one line a code, thick if it was chosen at once; and where we are."""
    plane = view["curves"]
    _axes(svg, plane, "length of each code")
    for step in range(0, int(steps[-1]) + 1, 500):
        (x, y) = _place(step / steps[-1], DECADES[0], plane)
        _write(svg, x, y + 17, f"{step:,}" if step else "step 0", "middle")
    (x, y) = _place(1, DECADES[1], plane)
    add_part(svg, "line", "now", x1=x, x2=x, y1=y, y2=y + CHART, stroke="currentColor")
    svg[-1].set("stroke-width", "2")
    looks = [{"stroke": "var(--c0)", "stroke-width": "0.7", "opacity": "0.75"}]
    looks += [{"stroke": "var(--c1)", "stroke-width": "1.5"}]
    for k in view["order"]:
        _line(svg, "way", steps, decades[:, k], plane, looks[int(at_once[k])])
    look = {"stroke": "currentColor", "stroke-dasharray": "6 4", "stroke-width": "1.5"}
    _line(svg, "predicted", steps, predicted, plane, look)
    look = {"stroke": "currentColor", "stroke-width": "2"}
    _line(svg, "mine", steps, decades[:, view["code"]], plane, look)
    _key(svg, 205, 13, "- -", "currentColor", "predicted")
    _key(svg, 320, 13, "—", "var(--c1)", "chosen in step 1")


def _description(steps, since, states):
    """Say what there is to see, to those who cannot."""
    chosen, exiled, waiting = np.bincount(states, minlength=3)
    away = since[since > 0]
    return (
        f"Above, lengths of codes on a logarithmic axis. {away.size} thin lines start "
        "far out and fall together in a narrow straight band along the dashed line; "
        f"{np.sum(since == 0)} thick lines are never up there. From step "
        f"{steps[away.min()]} on thin lines leave the band, one after the other. "
        f"Below, the picture of each code at the end: {chosen} have been chosen, and "
        f"most of these are blurred letters; {exiled} are in exile; {waiting} lie near "
        "the origin, and are evenly grey."
    )


def _axes(svg, plane, words):
    """Draw the axes of a chart and what stands at them."""
    for decade, text in TICKS.items():
        (x, y) = _place(0, decade, plane)
        _write(svg, x - 5, y + 4, text, "end")
    left, top = _place(0, DECADES[1], plane)
    right, bottom = _place(1, DECADES[0], plane)
    corner = f"{left:.1f},{top:.1f} {left:.1f},{bottom:.1f} {right:.1f},{bottom:.1f}"
    add_part(svg, "polyline", "axis", points=corner, fill="none", stroke="currentColor")
    _write(svg, left, top - 11, words)


def _line(svg, name, steps, decades, plane, look):
    """Draw a length against the steps."""
    places = zip(*_place(steps / steps[-1], decades, plane), strict=True)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    add_part(svg, "polyline", name, points=points, fill="none", **look)


def _key(svg, x, y, sign, color, words):
    """Say what a colour stands for."""
    _write(svg, x, y, sign, "end")
    svg[-1].set("style", f"fill:{color}")
    _write(svg, x + 5, y, words)


def _write(svg, x, y, words, anchor="start"):
    """Write some words."""
    add_part(svg, "text", "text", x=float(x), y=float(y))
    svg[-1].set("text-anchor", anchor)
    svg[-1].text = words


def _place(share, decade, plane):
    """From a share of the width and the logarithm of a length to a place."""
    low, high = DECADES
    up = (decade - low) / (high - low)
    x = plane["x"] + plane["width"] * share
    return x, plane["y"] + plane["height"] * (1 - up)
