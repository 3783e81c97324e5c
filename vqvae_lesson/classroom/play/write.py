"""The prior writes, code by code: what is likely, what is drawn (chapter 15).

No prior runs in the page: it shows what was written beforehand, by ``make writing``.
"""

from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.classroom.play.pages import sheet_of
from vqvae_lesson.classroom.play.plane import GREYS, as_png
from vqvae_lesson.data import KMNIST_NAMES, KMNIST_SOUNDS
from vqvae_lesson.health import RECORDS
from vqvae_lesson.runs.files import open_arrays

WIDTH, TOP, PICTURE = 360, 18, 182
LOOKS, LOOK, BARS, BAR = 196, 20, 222, 88  # small pictures, and bars beside them
COSTS = 44  # height of the bars below
UNITS = {"codes": 1, "ranks": 1, "likely": 1, "chances": 1000, "nats": 100}
COLUMNS, RIM = 8, 1  # of the sheet of small pictures


def load_writing():
    """Load what the prior wrote, code by code.

    Returns
    -------
    dict
        `labels`, int [T], and `temperatures`, float [T], of the letters; `codes`, int
        [T, L], with their `ranks` by chance, 1 for the likeliest, and the `nats` that
        each cost, float [T, L]; `likely`, int [T, L, 8], the likeliest codes, among
        which is the drawn one, the last if need be, with their `chances`, float
        [T, L, 8]; `pictures`, uint8 [T, L, 28, 28], of the codes so far; `patches`,
        uint8 [K, 12, 12], of what each code draws. Pictures have 16 levels.
    """
    with open_arrays(RECORDS / "writing.npz") as arrays:
        return dict(arrays)


def words_of(trace, place):
    """Say below the figure which code was drawn, and how likely it was.

    Parameters
    ----------
    trace : dict
        Of one letter, as the script has it.
    place : int
        Counted row by row.

    Returns
    -------
    str
    """
    code, cost = trace["codes"][place], trace["nats"][place]
    paid = sum(trace["nats"][: place + 1])
    chance = trace["chances"][place][trace["likely"][place].index(code)]
    return (
        f"Place {place + 1} of {len(trace['codes'])}: code {code}, number "
        f"{trace['ranks'][place]} by its chance of {chance / 10:.1f}\u00a0%, "
        f"{cost / 100:.2f} nats. So far {paid / 100:.2f} nats."
    )


def watch_the_prior_write(place=24):
    """Let a reader watch how the prior writes letters, place by place.

    Parameters
    ----------
    place : int
        What is shown before the figure is touched, row by row.

    Returns
    -------
    Play
        It shows what ``make writing`` has kept.

    Examples
    --------
    >>> "<svg" in watch_the_prior_write()._repr_html_()
    True
    """
    found = load_writing()
    traces = _traces_of(found)
    sheet = np.concatenate([np.hstack(row) for row in found["pictures"]])
    patches = found["patches"][..., None] / (GREYS - 1)
    small = sheet_of(patches, COLUMNS, -(-len(patches) // COLUMNS))
    view = _view(found, place)
    letters = [*dict.fromkeys(trace["letter"] for trace in traces)]
    temperatures = [*dict.fromkeys(trace["temperature"] for trace in traces)]
    first = traces[view["trace"]]
    svg = _draw(as_png(sheet), as_png(small), len(traces), first, view)
    return Play(
        "write",
        "the prior writes",
        svg,
        {"traces": traces, "view": view},
        words_of(first, place),
        {"run": "Run", "back": "One back", "on": "One on"},
        {
            "letter": ("letter", letters, first["letter"]),
            "temperature": ("temperature", temperatures, first["temperature"]),
        },
        shared=["film"],
    )


def _traces_of(found):
    """Hand over each letter in whole numbers: thousandths, and hundredths of a nat."""
    traces = []
    for number, label in enumerate(found["labels"]):
        temperature = float(found["temperatures"][number])
        trace = {"letter": f"{KMNIST_NAMES[label]} ({KMNIST_SOUNDS[label]})"}
        trace["temperature"] = int(temperature) if temperature % 1 == 0 else temperature
        for name, unit in UNITS.items():
            whole = np.rint(np.float64(found[name][number]) * unit)
            trace[name] = whole.astype(int).tolist()
        traces.append(trace)
    return traces


def _view(found, place):
    """Sizes that the script needs, and what is shown at first."""
    costs, floor = found["nats"].max(), TOP + PICTURE + 24 + COSTS
    side = found["patches"].shape[1] + 2 * RIM
    return {
        "place": place,
        "trace": int(np.argmax(found["temperatures"] == 1)),
        "picture": PICTURE,
        "left": 1,
        "top": TOP,
        "bar": BAR,
        "right": BARS + 4,
        "tile": side,
        "columns": COLUMNS,
        "rows": -(-len(found["patches"]) // COLUMNS),
        "floor": floor,
        "nat": round(float(COSTS / costs), 3),
    }


def _draw(sheet, small, traces, trace, view):
    """Draw the letter so far, the chances at a place, and what each code cost."""
    places, place = len(trace["codes"]), view["place"]
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {view['floor'] + 3}"})
    svg.attrib |= {"role": "img", "style": "max-width:27rem"}
    ET.SubElement(svg, "title").text = "The prior writes"
    ET.SubElement(svg, "desc").text = (
        f"On the left a letter of {places} places, written row by row: places to come "
        "are grey. On the right the likeliest codes of the place that was written "
        "last, as small pictures, with bars for their chances; the drawn one is "
        "marked. Below, a bar for each place: what its code cost."
    )
    _write(svg, "head", 1, 12, "written so far")
    _write(svg, "head", LOOKS, 12, "likeliest here")
    clip = ET.SubElement(svg, "clipPath", {"id": "write-window"})
    square = {"x": "1", "y": str(TOP), "width": str(PICTURE), "height": str(PICTURE)}
    ET.SubElement(clip, "rect", square)
    held = ET.SubElement(svg, "g", {"clip-path": "url(#write-window)"})
    whole = {"width": PICTURE * places, "height": PICTURE * traces}
    at = {"x": 1 - PICTURE * place, "y": TOP - PICTURE * view["trace"]}
    add_part(held, "image", "sheet", href=sheet, **at, **whole)
    held[-1].set("style", "image-rendering:pixelated")
    _places(svg, places, place)
    _chances(svg, small, trace, view)
    _costs(svg, trace, view)
    return svg


def _places(svg, places, now):
    """Cover the places that are not written yet, and frame the one that is."""
    columns = round(places**0.5)
    pitch = PICTURE / columns
    for place in range(places):
        row, column = divmod(place, columns)
        at = {"x": 1 + pitch * column, "y": TOP + pitch * row}
        add_part(svg, "rect", "place", **at, width=pitch, height=pitch)
        svg[-1].attrib |= {"fill": "var(--grey)", "stroke-width": "4"}
        svg[-1].set("shape-rendering", "crispEdges")
        svg[-1].set("fill-opacity", "1" if place > now else "0")
        svg[-1].set("stroke", "var(--c1)" if place == now else "none")
    frame = {"x": 1, "y": TOP, "width": PICTURE, "height": PICTURE, "fill": "none"}
    add_part(svg, "rect", "edge", **frame, stroke="currentColor")


def _chances(svg, small, trace, view):
    """Draw the likeliest codes with their chances, from the top down."""
    place, tile = view["place"], view["tile"]
    kept = ET.SubElement(svg, "defs")
    size = {"width": str(tile * COLUMNS), "height": str(tile * view["rows"])}
    ET.SubElement(kept, "image", {"id": "write-looks", "href": small, **size})
    clip = ET.SubElement(kept, "clipPath", {"id": "write-look"})
    ET.SubElement(clip, "rect", {"width": str(tile - 2), "height": str(tile - 2)})
    likely = zip(trace["likely"][place], trace["chances"][place], strict=True)
    pitch = PICTURE / len(trace["likely"][place])
    for number, (code, chance) in enumerate(likely):
        top, mine = TOP + pitch * number, code == trace["codes"][place]
        color, width = "var(--c1)" if mine else "var(--c0)", BAR * chance / 1000
        move = f"translate({LOOKS} {top:.1f}) scale({LOOK / (tile - 2):.4f})"
        window = {"transform": move, "clip-path": "url(#write-look)"}
        row, column = divmod(code, COLUMNS)
        moved = f"translate({-tile * column - 1} {-tile * row - 1})"
        look = ET.SubElement(svg, "g", window)
        add_part(look, "use", "look", href="#write-looks", transform=moved)
        frame = {"x": LOOKS, "y": top, "width": LOOK, "height": LOOK, "fill": "none"}
        add_part(svg, "rect", "frame", **frame, stroke=color if mine else "none")
        svg[-1].set("stroke-width", "3")
        bar = {"x": BARS, "y": top + 3, "width": max(width, 1.0), "height": LOOK - 6}
        add_part(svg, "rect", "chance", **bar, fill=color)
        text = f"{chance / 10:.1f}\u00a0%"
        _write(svg, "share", float(view["right"] + width), top + 14.5, text)


def _costs(svg, trace, view):
    """Draw what the code of each place cost, those to come pale."""
    _write(svg, "head", 1, TOP + PICTURE + 17, "nats of each place's code")
    pitch = (WIDTH - 2) / len(trace["nats"])
    for place, cost in enumerate(trace["nats"]):
        tall, now = view["nat"] * cost / 100, view["place"]
        color = "var(--c0)" if place < now else "var(--grey)"
        at = {"x": 1 + pitch * place, "y": view["floor"] - tall, "height": float(tall)}
        add_part(svg, "rect", "cost", **at, width=pitch - 1.5)
        svg[-1].set("fill", "var(--c1)" if place == now else color)
        svg[-1].set("fill-opacity", "0.4" if place > now else "1")


def _write(svg, part, x, y, text):
    """Write some words."""
    add_part(svg, "text", part, x=x, y=y)
    svg[-1].text = text
