"""A letter's grid: one code is exchanged, and the pixels that change show (chapter 14).

The page decodes what stands here, with the small grid of
:mod:`vqvae_lesson.classroom.networks`.
"""

from base64 import b64encode
from io import BytesIO
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image
from scipy.optimize import linear_sum_assignment

from vqvae_lesson.classroom.networks import (
    grid_script,
    load_network,
    load_page_letters,
    load_page_patches,
)
from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.classroom.play.pages import sheet_of
from vqvae_lesson.classroom.play.plane import as_png
from vqvae_lesson.data import KMNIST_NAMES, KMNIST_SOUNDS, to_float

LEAST = 0.01  # of ink: less is not counted as a change
COLORS = [[213, 94, 0], [0, 114, 178]]  # of less ink, and of more
OF_A_CLASS = 2  # letters to choose from
WIDTH, TOP, PICTURE, SMALL, MAP, BESIDE = 360, 18, 210, 60, 130, 229
GAIN = 3  # of the change's colours: a third of all ink is full colour already
COLUMNS, PITCH = 13, 27.6  # of the small pictures of all codes


class Change(NamedTuple):
    """What the exchange of a code has changed.

    Attributes
    ----------
    pixels : int
        Whose ink is another by more than a hundredth.
    reach : int
        Steps, straight or across, from the place to the farthest of them.
    inside : int
        Share of all change that lies in the place, in per cent.
    """

    pixels: int
    reach: int
    inside: int


def changes(before, after, place, columns):
    """Measure how much a picture has changed, and how far from a place.

    Parameters
    ----------
    before, after : array, float [H, W] in [0, 1]
    place : int
        Of the code that was exchanged, counted row by row.
    columns : int
        Of codes in a row.

    Returns
    -------
    Change

    Examples
    --------
    >>> before, after = np.zeros([4, 4]), np.zeros([4, 4])
    >>> after[1, 1], after[1, 3] = 0.75, 0.25
    >>> changes(before, after, place=0, columns=2)
    Change(pixels=2, reach=2, inside=75)
    """
    size = np.abs(np.float64(after) - before)
    cell = len(size) // columns
    rows, across = (
        _outside(len(size), cell, first) for first in divmod(place, columns)
    )
    far = np.maximum(rows[:, None], across)
    moved = size > LEAST
    reach = int(far[moved].max()) if moved.any() else 0
    share = size[far == 0].sum() / size.sum() if size.any() else 0
    return Change(int(moved.sum()), reach, int(np.floor(100 * share + 0.5)))


def _outside(length, cell, number):
    """How far each row or column lies outside of a place, 0 within."""
    at, first = np.arange(length), number * cell
    return np.maximum(np.maximum(first - at, at - first - cell + 1), 0)


def words_of(codes, place, was, found, columns=7):
    """Say below the figure what has been exchanged, and what that has changed.

    Parameters
    ----------
    codes : sequence of int [L]
    place : int
    was : int
        The code at this place before.
    found : Change
    columns : int

    Returns
    -------
    str
    """
    row, column = divmod(place, columns)
    here = f"Row {row + 1}, column {column + 1}: code {codes[place]}"
    if codes[place] == was:
        return f"{here}. Choose another code, and see what changes."
    what = f"{here} instead of {was}. {found.pixels} of 784 pixels change by more than"
    if not found.pixels:
        return f"{what} 1\u00a0%."
    return (
        f"{what} 1\u00a0%, at most {found.reach} pixels from the place. "
        f"{found.inside}\u00a0% of the change is in its own square."
    )


def lay_out(patches, columns=COLUMNS):
    """Order pictures so that those that are alike lie near each other.

    Parameters
    ----------
    patches : array, float [K, side, side]
    columns : int

    Returns
    -------
    ndarray, int [K]
        Which picture lies where, row by row.
    """
    flat = patches.reshape(len(patches), -1)
    left, _, _ = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    plane = left[:, :2] * np.sign(left[np.abs(left[:, :2]).argmax(axis=0), [0, 1]])
    ranks = plane.argsort(axis=0).argsort(axis=0) / len(patches)
    seats = np.stack(np.divmod(np.arange(len(patches)), columns)[::-1], axis=1)
    seats = seats / (seats.max(axis=0) + 1)
    far = ((ranks[:, None] - seats) ** 2).sum(axis=2)
    return linear_sum_assignment(far.T)[1]


def exchange_a_code(letter=4, other=0, place=31, code=23):
    """Let a reader exchange the codes of a letter, and see which pixels change.

    Parameters
    ----------
    letter, other : int
        Which of the letters to choose from is shown, and which it can become.
    place : int
        Where a code is exchanged before the figure is touched, row by row.
    code : int
        The code that is there then.

    Returns
    -------
    Play
        Its script loads the networks once the reader begins.

    Examples
    --------
    >>> "<svg" in exchange_a_code()._repr_html_()
    True
    """
    model, _ = load_network("grid")
    images, names = _letters_to_choose()
    chosen = [*names][letter], [*names][other]
    pair = images[[names[name] for name in chosen]]
    own, new = model.represent(to_float(pair)).numpy()
    codes = own.copy()
    codes[place] = code
    before, after = model.decode(np.stack([own, codes])).numpy()[..., 0]
    found = changes(before, after, place, model.grid[1])
    patches = load_page_patches()
    order = lay_out(patches)
    view = _view(model, images)
    start = {"own": own, "other": new, "codes": codes}
    start = {name: value.tolist() for name, value in start.items()}
    start |= {"place": place, "was": int(own[place])}
    pictures = [*map(_grey_png, [after, *(pair / 255)]), _map_png(before, after)]
    svg = _draw(pictures, order, _sheet(patches[order]), start, view)
    return Play(
        "exchange",
        "exchange a code",
        svg,
        {"start": start, "order": order.tolist(), "letters": names, "view": view},
        words_of(codes, place, own[place], found),
        {"run": "Run", "back": "One back", "on": "One on", "own": "Its own codes"},
        {
            name: (label, [*names], first)
            for name, label, first in zip(
                *(("letter", "other"), ("letter", "other letter"), chosen), strict=True
            )
        },
        shared=["film", "network"],
    )


def _letters_to_choose():
    """All letters of the page's file, and the numbers of two of each class, by name."""
    images, labels = load_page_letters()
    names = {}
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)[:OF_A_CLASS]
        for number, which in enumerate(own, start=1):
            name = f"{KMNIST_NAMES[label]} ({KMNIST_SOUNDS[label]}), {number}"
            names[name] = int(which)
    return images, names


def _view(model, images):
    """Sizes that the script needs."""
    (rows, columns), side = model.grid, images.shape[1]
    pitch = MAP / columns
    return {
        "grid": columns,
        "side": side,
        "cell": side // rows,
        "columns": COLUMNS,
        "colors": COLORS,
        "gain": GAIN,
        "least": LEAST,
        "map": {"x": BESIDE, "y": TOP + PICTURE - MAP, "pitch": pitch},
        "size": round(len(grid_script()) / 1000),
    }


def _sheet(patches):
    """Lay out the small pictures of all codes."""
    rows = -(-len(patches) // COLUMNS)
    return as_png(sheet_of(patches[..., None], COLUMNS, rows))


def _grey_png(ink):
    """Make a picture of ink, black on white."""
    return _as_png(np.repeat(np.rint(255 * (1 - ink))[..., None], 3, axis=-1))


def _map_png(before, after):
    """Make a picture of a change: in one colour more ink, in another less."""
    change = np.float64(after) - before
    color = np.where(change[..., None] > 0, COLORS[1], COLORS[0])
    size = np.minimum(GAIN * np.abs(change), 1)[..., None]
    return _as_png(np.rint(255 - size * (255 - color)))


def _as_png(colors):
    """Make colours, [H, W, 3] up to 255, a picture that stands in the page."""
    file = BytesIO()
    Image.fromarray(colors.astype("uint8")).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def _draw(pictures, order, sheet, start, view):
    """Draw the letter's grid, what has changed, and the pictures of all codes."""
    (decoded, letter, other, change), below = pictures, TOP + PICTURE + 24
    height = below + PITCH * -(-len(order) // COLUMNS) + 3
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height:.1f}", "role": "img"})
    svg.set("style", "max-width:24rem")
    ET.SubElement(svg, "title").text = "Exchange a code"
    ET.SubElement(svg, "desc").text = (
        f"A large letter, drawn from {len(start['codes'])} codes, under a grid of as "
        "many places; one of them is framed, for its code has been exchanged. Beside "
        "it the letter itself, another letter, and a map of the pixels that the "
        f"exchange has changed. Below, {len(order)} small pictures: what each code "
        "draws, on average."
    )
    side = SMALL
    for x, text in ((1, "drawn from its codes"), (BESIDE, "letter"), (299, "other")):
        _write(svg, "head", x, 12, text)
    square = {"x": 1, "y": TOP, "width": PICTURE, "height": PICTURE}
    _image(svg, "picture", decoded, **square)
    _image(svg, "letter", letter, x=BESIDE, y=TOP, width=side, height=side)
    _image(svg, "other", other, x=299, y=TOP, width=side, height=side)
    _places(svg, start, view)
    place = {**view["map"], "width": MAP, "height": MAP}
    pitch = place.pop("pitch")
    _write(svg, "head", BESIDE, place["y"] - 6, "ink: ")
    for text, color in (("less ", "var(--c1)"), ("more", "var(--c0)")):
        ET.SubElement(svg[-1], "tspan", {"style": f"fill:{color}"}).text = text
    _image(svg, "map", change, **place)
    row, column = divmod(start["place"], view["grid"])
    at = {"x": place["x"] + pitch * column, "y": place["y"] + pitch * row}
    add_part(svg, "rect", "spot", **at, width=pitch, height=pitch, fill="none")
    svg[-1].set("stroke", "currentColor")
    _palette(svg, order, sheet, start, below)
    return svg


def _image(svg, part, href, **place):
    """Show a picture with sharp pixels, in a thin frame."""
    add_part(svg, "image", part, href=href, **place)
    svg[-1].set("style", "image-rendering:pixelated")
    add_part(svg, "rect", "frame", **place, fill="none", stroke="currentColor")
    svg[-1].set("stroke-width", "0.5")


def _places(svg, start, view):
    """Lay the grid over the letter; the chosen place is framed, on top of all."""
    pitch = PICTURE / view["grid"]
    for place, (code, own) in enumerate(zip(start["codes"], start["own"], strict=True)):
        row, column = divmod(place, view["grid"])
        at = {"x": 1 + pitch * column, "y": TOP + pitch * row}
        add_part(svg, "rect", "place", **at, width=pitch, height=pitch)
        chosen = place == start["place"]
        color = "currentColor" if code == own else "var(--c0)"
        svg[-1].attrib |= {"fill": "#fff", "fill-opacity": "0"}
        svg[-1].set("stroke", "var(--c1)" if chosen else color)
        svg[-1].set("stroke-width", "4" if chosen else "0.4" if code == own else "2")


def _palette(svg, order, sheet, start, top):
    """Draw the small pictures of all codes; the one that is in use is framed."""
    code, was = start["codes"][start["place"]], start["was"]
    _write(svg, "head", 1, top - 7, "what each code draws")
    _write(svg, "reading", WIDTH - 1, top - 7, f"code {code} instead of {was}")
    svg[-1].set("text-anchor", "end")
    wide, rows = PITCH * COLUMNS, -(-len(order) // COLUMNS)
    place = {"x": 0.5, "y": top, "width": wide, "height": PITCH * rows}
    add_part(svg, "image", "sheet", href=sheet, **place)
    for slot, here in enumerate(order):
        row, column = divmod(slot, COLUMNS)
        at = {"x": 0.5 + PITCH * column + 1.5, "y": top + PITCH * row + 1.5}
        add_part(svg, "rect", "code", **at, width=PITCH - 3, height=PITCH - 3, rx=2)
        color = {was: "var(--c0)", code: "var(--c1)"}.get(int(here), "none")
        svg[-1].attrib |= {"fill": "#fff", "fill-opacity": "0", "stroke": color}
        svg[-1].set("stroke-width", "3")


def _write(svg, part, x, y, text):
    """Write some words."""
    add_part(svg, "text", part, x=x, y=y)
    svg[-1].text = text
