"""A photograph in stages: what each place pays for, and what it gets (chapter 17).

Nothing is decoded in the page: it shows what the chapter has drawn, and places a
reader's finger on the same square in every picture.
"""

from base64 import b64encode
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.photographs import price_codes

WIDTH, TOP, PICTURE, PLOT = 360, 20, 210, 236  # the plot's left end
AROUND = 2  # places around the chosen one that are seen large
LOOK, GAP, LARGE = 66, 7.5, 272  # pictures seen large: side, gap, and their top
AXES = {"bits": 45, "off": 60}  # as far as they go; what lies beyond is at the end


def off_by(photograph, drawn, stride):
    """Measure how far a drawing is off in each place: the root of the mean square.

    Parameters
    ----------
    photograph, drawn : array, uint8 [H, W, C]
        Both sides divide by `stride`.
    stride : int
        Pixels of a place along a side.

    Returns
    -------
    ndarray, float [rows, columns]
        In steps of a pixel's value.

    Examples
    --------
    >>> photograph = np.zeros([4, 8, 3], np.uint8)
    >>> drawn = photograph.copy()
    >>> drawn[:, 4:] = 3
    >>> off_by(photograph, drawn, stride=4)
    array([[0., 3.]])
    """
    squares = (np.float64(photograph) - drawn) ** 2
    height, width, channels = squares.shape
    cells = squares.reshape(height // stride, stride, width // stride, stride, channels)
    return np.sqrt(cells.mean(axis=(1, 3, 4)))


def words_of(data, row, place):
    """Say below the figure what the stages cost, and what they give at a place.

    Parameters
    ----------
    data : dict
        As the script has it.
    row : int
        The last stage that is drawn, counted from 0.
    place : int
        Counted row by row.

    Returns
    -------
    str
    """
    stages = len(data["paid"])
    down, right = divmod(place, data["view"]["grid"])
    whole = (
        f"{row + 1} of {stages} stages: {data['bytes'][row]:,} bytes for the whole "
        f"photograph, {data['decibels'][row] / 10:.1f} decibels."
    )
    paid = sum(stage[place] for stage in data["paid"][: row + 1])
    return (
        f"{whole} Row {down + 1}, column {right + 1}: {paid / 10:.1f} bits so far, "
        f"off by {data['off'][row][place] / 10:.1f}."
    )


def photograph_in_stages(photograph, digits, drawn, sizes, corner, side, place):
    """Let a reader add stages to a photograph, and look at each place.

    Parameters
    ----------
    photograph : array, uint8 [H, W, 3]
    digits : array, int [rows, columns, S]
        From :func:`vqvae_lesson.photographs.code_photograph`.
    drawn : sequence of array, uint8 [S, H, W, 3]
        Drawn from the first stage, from the first two, up to all.
    sizes : sequence of int [S]
        Bytes of each number of stages.
    corner : tuple of int
        Row and column of the grid where the part begins that is shown.
    side : int
        Of this part, in places.
    place : tuple of int
        Row and column, within the part, of what is looked at before the figure is
        touched.

    Returns
    -------
    Play

    Examples
    --------
    >>> photograph, digits = np.zeros([40, 48, 3], np.uint8), np.ones([10, 12, 2], int)
    >>> shown = photograph_in_stages(
    ...     photograph, digits, [photograph + 1] * 2, [50, 90], (0, 0), 10, (4, 4)
    ... )
    >>> "<svg" in shown._repr_html_()
    True
    """
    stride = -(-photograph.shape[0] // digits.shape[0])
    grid = tuple(slice(start, start + side) for start in corner)
    cut = tuple(slice(stride * one.start, stride * one.stop) for one in grid)
    pictures = [picture[cut] for picture in (*drawn, photograph)]
    paid = np.moveaxis(price_codes(digits)[grid], -1, 0).reshape(len(drawn), -1)
    off = [off_by(pictures[-1], one, stride).ravel() for one in pictures[:-1]]
    likeness = [peak_signal_noise_ratio(photograph, one) for one in drawn]
    data = {
        "codes": np.moveaxis(digits[grid], -1, 0).reshape(len(drawn), -1).tolist(),
        "paid": np.rint(10 * paid).astype(int).tolist(),
        "off": np.rint(10 * np.array(off)).astype(int).tolist(),
        "bytes": [*map(int, sizes)],
        "decibels": np.rint(10 * np.array(likeness)).astype(int).tolist(),
        "view": _view(len(drawn), side, stride),
    }
    chosen, last = place[0] * side + place[1], len(drawn) - 1
    return Play(
        "stages",
        "a photograph in stages",
        _draw(_as_webp(np.concatenate(pictures)), chosen, data),
        {**data, "place": chosen},
        words_of(data, last, chosen),
        {
            "run": "Run",
            "back": "One back",
            "on": "One on",
            "compare": "Show the photograph",
        },
        shared=["film"],
    )


def _as_webp(colors):
    """Make colours, uint8 [H, W, 3], a picture that stands in the page, exactly."""
    file = BytesIO()
    Image.fromarray(colors).save(file, "WebP", lossless=True, quality=100, method=6)
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"


def _view(stages, side, stride):
    """Sizes that the script needs."""
    looks = [[round((LOOK + GAP) * n, 1), LARGE, LOOK] for n in range(stages + 1)]
    return {
        "grid": side,
        "stride": stride,
        "around": AROUND,
        "x": 1,
        "y": TOP,
        "pitch": PICTURE / side,
        "windows": [[1, TOP, PICTURE], *looks],
        "plot": {"x": PLOT, "y": TOP, "width": WIDTH - 2 - PLOT, "height": PICTURE},
        "axes": AXES,
    }


def window_of(place, view):
    """Rows and columns at which the part begins that is seen large."""
    most = view["grid"] - 2 * view["around"] - 1
    return [
        min(max(one - view["around"], 0), most) for one in divmod(place, view["grid"])
    ]


def dots_of(data, row):
    """Where the dot of each place lies in the plot, as one path."""
    plot, axes = data["view"]["plot"], data["view"]["axes"]
    paid = np.sum(data["paid"][: row + 1], axis=0) / 10
    off = np.array(data["off"][row]) / 10
    across = plot["x"] + plot["width"] * np.minimum(paid / axes["bits"], 1)
    down = plot["y"] + plot["height"] * (1 - np.minimum(off / axes["off"], 1))
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(across, down, strict=True))


def _draw(sheet, place, data):
    """Draw the part, where its places lie in the plot, and the chosen one large."""
    view, last = data["view"], len(data["paid"]) - 1
    height = LARGE + LOOK + 54
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img"})
    svg.set("style", "max-width:26rem")
    ET.SubElement(svg, "title").text = "A photograph in stages"
    ET.SubElement(svg, "desc").text = (
        f"Part of a photograph, drawn from {last + 1} stages of codes, with a small "
        f"frame in it. Beside it a plot of {len(data['paid'][0])} dots, one for each "
        "place of the part: how many bits it pays, and how far its drawing is off. "
        "Below, what is in the frame, large, as each number of stages draws it and as "
        "the photograph has it."
    )
    side = view["grid"] * view["stride"]
    window = _window(svg, "picture", 0, 0, side * last, side, view)
    whole = {"width": side, "height": side * (last + 2)}
    add_part(window, "image", "sheet", href=sheet, id="play-stages", **whole)
    window[-1].attrib |= {"class": "photograph", "style": "image-rendering:pixelated"}
    _frame(svg, place, view)
    _plot(svg, place, data)
    _looks(svg, place, data)
    return svg


def _window(svg, part, number, left, top, size, view):
    """Open a square window, through which a square of the sheet is seen."""
    x, y, side = view["windows"][number]
    name = f"play-stages-{number}"
    clip = ET.SubElement(svg, "clipPath", {"id": name})
    ET.SubElement(clip, "rect", {"x": f"{x}", "y": f"{y}", "width": f"{side}"})
    clip[0].set("height", f"{side}")
    held = ET.SubElement(svg, "g", {"clip-path": f"url(#{name})"})
    scale = side / size
    move = f"translate({x - scale * left:.3f} {y - scale * top:.3f}) scale({scale:.4f})"
    add_part(held, "g", part, transform=move)
    return held[-1]


def _frame(svg, place, view):
    """Frame the part that is seen large, and in it the place."""
    row, column = window_of(place, view)
    pitch, wide = view["pitch"], (2 * view["around"] + 1) * view["pitch"]
    at = {"x": view["x"] + pitch * column, "y": view["y"] + pitch * row}
    for part, color, stroke in (("edge", "#000", 4), ("frame", "#fff", 2)):
        add_part(svg, "rect", part, **at, width=wide, height=wide, rx=2)
        svg[-1].attrib |= {"fill": "#fff", "fill-opacity": "0", "stroke": color}
        svg[-1].set("stroke-width", str(stroke))
    down, right = divmod(place, view["grid"])
    at = {"x": view["x"] + pitch * right, "y": view["y"] + pitch * down}
    add_part(svg, "rect", "place", **at, width=pitch, height=pitch, fill="none")
    svg[-1].attrib |= {"stroke": "#fff", "pointer-events": "none"}


def _plot(svg, place, data):
    """Draw a dot for each place: across what it pays, and up how far it is off."""
    plot, last = data["view"]["plot"], len(data["paid"]) - 1
    left, right = plot["x"], plot["x"] + plot["width"]
    top, floor = plot["y"], plot["y"] + plot["height"]
    frame = f"M{left} {top}V{floor}H{right}"
    axis = {"d": frame, "fill": "none", "stroke": "currentColor"}
    ET.SubElement(svg, "path", axis)
    add_part(svg, "path", "dots", d=dots_of(data, last), stroke="currentColor")
    svg[-1].attrib |= {"stroke-width": "3", "stroke-linecap": "round"}
    svg[-1].set("stroke-opacity", "0.4")
    x, y = map(float, dots_of(data, last).split("M")[place + 1][:-2].split())
    add_part(svg, "circle", "mine", cx=x, cy=y, r=5, fill="none", stroke="var(--c1)")
    svg[-1].set("stroke-width", "2.5")
    words = [
        (left + 4, top - 7, "start", "off by, of 255"),
        (left - 4, top + 10, "end", str(AXES["off"])),
        (left - 4, floor, "end", "0"),
        (right, floor + 15, "end", f"{AXES['bits']} bits"),
        (left, floor + 15, "start", "0"),
    ]
    for x, y, end, text in words:
        _write(svg, "head", x, y, text, end)


def _looks(svg, place, data):
    """Show the framed part large: by each number of stages, and as it was."""
    view, stages = data["view"], len(data["paid"])
    stride, row_and_column = view["stride"], window_of(place, view)
    top, left = (stride * one for one in row_and_column)
    seen = (2 * view["around"] + 1) * stride
    down, right = (stride * one for one in divmod(place, view["grid"]))
    counts = ", ".join(str(number + 1) for number in range(stages))
    title = f"in the frame: from {counts} stages, and as it was"
    _write(svg, "head", 1, LARGE - 6, title)
    for number in range(stages + 1):
        above = number * view["grid"] * stride
        window = _window(svg, "look", number + 1, left, above + top, seen, view)
        about = {"href": "#play-stages", "class": "photograph"}
        ET.SubElement(window, "use", about)
        at = {"x": right, "y": above + down, "width": stride, "height": stride}
        add_part(window, "rect", "spot", **at, fill="none", stroke="#fff")
        window[-1].attrib |= {"vector-effect": "non-scaling-stroke"}
    for number in range(stages):
        x = view["windows"][number + 1][0] + LOOK / 2
        for line, text in enumerate(facts_of(data, number, place)):
            y = LARGE + LOOK + 15 + 16 * line
            _write(svg, f"fact-{number}", x, y, text, "middle")


def facts_of(data, stage, place):
    """Three short lines on what a stage says at a place, as the script has them."""
    return [
        f"code {data['codes'][stage][place]}",
        f"{data['paid'][stage][place] / 10:.1f} bits",
        f"off {data['off'][stage][place] / 10:.1f}",
    ]


def _write(svg, part, x, y, text, end="start"):
    """Write some words."""
    add_part(svg, "text", part, x=x, y=y)
    svg[-1].set("text-anchor", end)
    svg[-1].text = text
