"""Draw a letter: its number, the nearest codes, the picture that comes back (00, 08).

The page computes what stands here: :func:`prepare` makes 28 x 28 pixels of strokes,
and the networks of :mod:`vqvae_lesson.classroom.networks` read them.
"""

from base64 import b64encode
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

from vqvae_lesson.classroom.networks import (
    PAGE_RECIPES,
    load_network,
    load_page_letters,
)
from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.classroom.play.pages import sheet_of
from vqvae_lesson.classroom.play.plane import as_png
from vqvae_lesson.data import KMNIST_NAMES, KMNIST_SOUNDS, to_float
from vqvae_lesson.quantizer import squared_distances

SIDE, NEAREST = 28, 5
# As the letters of KMNIST are: they fill their square from edge to edge, and lie in
# its middle, drawn by a brush about two pixels wide with a soft edge.
LONGER, PEN, LEAST = 25, 0.8, 0.25  # centre line and half a brush, in pixels; a share
TITLES = {"healthy": "Healthy", "article": "The article's"}
WIDTH, SHEET, SEEN, PICTURE, THUMB, PITCH = 360, 252, 98, 84, 48, 54
LEFT, ROW, TOP = 92, 122, 264  # of the thumbs; of a network's answer


def prepare(strokes):
    """Make a letter like those of KMNIST of what a pen has drawn.

    The letter is moved to the middle and made as large as fits, and only then inked:
    so the brush is as thick in a small drawing as in a large one. What is smaller than
    a quarter of the sheet is not made larger than a quarter would be.

    Parameters
    ----------
    strokes : list of list of [float, float]
        Places that the pen passed: right and down, as shares of the sheet. A stroke
        of one place is a dot.

    Returns
    -------
    ndarray, uint8 [28, 28]
        Ink, 0 to 255.

    Examples
    --------
    >>> prepare([[[0.4, 0.1], [0.4, 0.9]]])[14, 11:17].tolist()
    [0, 0, 204, 204, 0, 0]
    """
    if not strokes:
        return np.zeros([SIDE, SIDE], np.uint8)
    places = np.concatenate([np.float64(stroke) for stroke in strokes])
    low, high = places.min(axis=0), places.max(axis=0)
    scale = LONGER / max(*(high - low), LEAST)
    across, down = np.arange(SIDE) + 0.5, np.arange(SIDE)[:, None] + 0.5
    nearest = np.full([SIDE, SIDE], np.inf)
    for stroke in strokes:
        line = (np.float64(stroke) - (low + high) / 2) * scale + SIDE / 2
        for (x, y), (to_x, to_y) in zip(line, [*line[1:], line[-1]], strict=True):
            far = _squared_distance(across, down, x, y, to_x - x, to_y - y)
            nearest = np.minimum(nearest, far)
    ink = np.clip(PEN + 0.5 - np.sqrt(nearest), 0, 1)
    return np.floor(255 * ink).astype(np.uint8)


def _squared_distance(across, down, x, y, right, below):
    """Squared distance of every pixel from the piece of a line."""
    squared = right * right + below * below
    along = (across - x) * right + (down - y) * below
    share = np.clip(along / squared, 0, 1) if squared else 0
    off_x, off_y = across - x - share * right, down - y - share * below
    return off_x * off_x + off_y * off_y


def answer(model, letter):
    """Say which codes are nearest to a letter's latent.

    Parameters
    ----------
    model : vqvae_lesson.model.VQVAE
    letter : ndarray, uint8 [28, 28]

    Returns
    -------
    codes : list of int
        The five nearest, the chosen one first.
    distances : list of float
        Squared, of each from the latent.
    """
    latents = model.encoder(to_float(letter[None]))[0]
    found = squared_distances(latents, model.quantizer.codebook).numpy()[0]
    codes = np.argsort(found, kind="stable")[:NEAREST]
    return codes.tolist(), found[codes].tolist()


def words_of(which, answers):
    """Say below the figure what has gone in, and what each network made of it.

    Parameters
    ----------
    which : str
        What has gone in.
    answers : dict
        From the name of a network to what :func:`answer` found.

    Returns
    -------
    str
    """
    said = [
        f"{TITLES[name]} network: number {codes[0]}, squared distance {far[0]:.1f}."
        for name, (codes, far) in answers.items()
    ]
    return " ".join([f"{which}.", *said])


def draw_a_letter(start=12):
    """Let a reader draw a letter, and see what two small networks make of it.

    Parameters
    ----------
    start : int
        The held-out letter that is shown before one is drawn, below 40.

    Returns
    -------
    Play
        Its script loads the networks once the reader begins to draw.

    Examples
    --------
    >>> "<svg" in draw_a_letter()._repr_html_()
    True
    """
    images, labels = load_page_letters()
    models = {name: load_network(name)[0] for name in PAGE_RECIPES}
    answers = {name: answer(model, images[start]) for name, model in models.items()}
    sheets = {name: _pages_of(model) for name, model in models.items()}
    names = [f"{KMNIST_NAMES[label]} ({KMNIST_SOUNDS[label]})" for label in labels]
    data = {
        "start": start,
        "answers": {
            name: {"codes": codes, "distances": np.round(far, 4).tolist()}
            for name, (codes, far) in answers.items()
        },
        "names": names,
        "titles": TITLES,
        "pen": {"longer": LONGER, "half": PEN, "least": LEAST, "side": SIDE},
        "sheet": SHEET,
    }
    svg = _draw(images[start], answers, sheets, names[start])
    which = f"Letter {start + 1} of the set, {names[start]}"
    buttons = {"next": "A letter of the set", "clear": "Clear the sheet"}
    says = words_of(which, answers)
    shared = ["network"]
    return Play("draw", "draw a letter", svg, data, says, buttons, shared=shared)


def _pages_of(model):
    """Decode all codes into one picture, eight by eight, each with a rim."""
    return as_png(sheet_of(model.decode(np.arange(64)[:, None]).numpy(), 8, 8))


def _letter_png(letter):
    """Make a picture of a letter, black ink on white."""
    file = BytesIO()
    Image.fromarray(255 - letter).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def _draw(letter, answers, sheets, name):
    """Draw the sheet, what the networks see, and an answer of each."""
    height = TOP + ROW * len(answers) - 4
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img"})
    svg.set("style", "max-width:27rem")
    ET.SubElement(svg, "title").text = "Draw a letter"
    ET.SubElement(svg, "desc").text = (
        f"A large sheet of paper with a handwritten {name}. Beside it the same letter "
        "as 28 by 28 pixels. Below, two rows, one for each network: the letter's "
        "number, the picture that comes back, large, and small the pictures of the "
        "five nearest codes with their numbers and squared distances."
    )
    kept = ET.SubElement(svg, "defs")
    for network, sheet in sheets.items():
        whole = {"width": "240", "height": "240", "href": sheet}
        ET.SubElement(kept, "image", {"id": f"draw-{network}", **whole})
    for window, side in (("window", SIDE), ("paper", SHEET)):
        clip = ET.SubElement(kept, "clipPath", {"id": f"draw-{window}"})
        edge = {"width": str(side), "height": str(side)}
        ET.SubElement(clip, "rect", edge)
    paper = {"x": 1, "y": 1, "width": SHEET, "height": SHEET}
    add_part(svg, "rect", "paper", **paper, fill="#fff", stroke="currentColor")
    add_part(svg, "image", "letter", **paper, href=_letter_png(letter))
    svg[-1].set("style", "image-rendering:pixelated")
    brush = {"fill": "none", "stroke": "#000", "stroke-width": "15"}
    place = {"transform": "translate(1 1)", "clip-path": "url(#draw-paper)"}
    add_part(ET.SubElement(svg, "g", place), "path", "ink", d="", **brush)
    svg[-1][0].attrib |= {"stroke-linecap": "round", "stroke-linejoin": "round"}
    pen = {"r": 9, "fill": "none", "stroke": "var(--c1)", "visibility": "hidden"}
    add_part(svg, "circle", "pen", cx=SHEET / 2, cy=SHEET / 2, **pen)
    svg[-1].set("stroke-width", "3")
    add_part(svg, "rect", "sheet", **paper, fill="transparent")
    svg[-1].set("style", "cursor:crosshair")
    seen = {"x": WIDTH - SEEN - 1, "y": 1, "width": SEEN, "height": SEEN}
    add_part(svg, "image", "seen", **seen, href=_letter_png(letter))
    svg[-1].set("style", "image-rendering:pixelated")
    add_part(svg, "rect", "frame", **seen, fill="none", stroke="currentColor")
    for line, text in enumerate(("what goes in:", "28 · 28 pixels")):
        add_part(svg, "text", "goes-in", x=WIDTH - SEEN - 1, y=SEEN + 18 + 16 * line)
        svg[-1].text = text
    add_part(svg, "text", "hint", x=WIDTH - SEEN - 1, y=SHEET - 4, visibility="hidden")
    svg[-1].text = "← draw here"
    for row, (network, found) in enumerate(answers.items()):
        _draw_answer(svg, network, TOP + ROW * row, *found)
    return svg


def _draw_answer(svg, network, top, codes, distances):
    """Draw what a network answers: a number, a picture, and the five nearest."""
    add_part(svg, "text", f"{network}-title", x=1, y=top + 14)
    svg[-1].attrib |= {"style": "font-weight:bold"}
    svg[-1].text = f"{TITLES[network]}: number {codes[0]}"
    add_part(svg, "text", "head", x=WIDTH - 1, y=top + 14)
    svg[-1].attrib |= {"text-anchor": "end"}
    svg[-1].text = "nearest, distance²"
    _window(svg, network, f"{network}-picture", 1, top + 24, PICTURE, codes[0])
    for place, (code, far) in enumerate(zip(codes, distances, strict=True)):
        x, middle = LEFT + PITCH * place, LEFT + PITCH * place + THUMB / 2
        for y, part, text in (
            (top + 34, "code", f"{code}"),
            (top + 40 + THUMB + 14, "distance", f"{far:.1f}"),
        ):
            add_part(svg, "text", f"{network}-{part}", x=middle, y=y)
            svg[-1].attrib |= {"text-anchor": "middle"}
            svg[-1].text = text
        _window(svg, network, f"{network}-near", x, top + 40, THUMB, code)


def _window(svg, network, part, x, y, side, code):
    """Open a square window on one picture of a network's sheet."""
    place = {"transform": f"translate({x} {y}) scale({side / SIDE:.4f})"}
    window = ET.SubElement(svg, "g", {**place, "clip-path": "url(#draw-window)"})
    row, column = divmod(code, 8)
    moved = f"translate({-30 * column - 1} {-30 * row - 1})"
    add_part(window, "use", part, href=f"#draw-{network}", transform=moved)
