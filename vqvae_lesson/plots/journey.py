"""The picture in motion of the first page: letters on their way through one number.

An HTML fragment that takes its ink from the page around it. Where no motion is
wanted, on paper, and without styles it is a complete still picture of one letter.
"""

import io
from base64 import b64encode
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

from vqvae_lesson.plots.letters import tile
from vqvae_lesson.plots.paper import COLORS

SECONDS = 5  # from one letter to the next
WIDTH, HEIGHT, MIDDLE = 720, 246, 112
LETTER, SHEET, PICTURE = 0, 322, 600  # left edges
SIZE, CELL, COLUMNS = 120, 25, 8
BARS, BAR, TALLEST = 156, 8, 58
NUMBER = 562
# When each part comes, in hundredths of a letter's time; all go at the end.
COMES = {
    "bars": (14, 32),
    "there": (34, 42),
    "mark": (42, 46),
    "on": (46, 52),
    "number": (52, 56),
    "picture": (58, 72),
}
BEFORE_AND_AFTER = {
    "bars": ("transform: scaleY(0)", "transform: none"),
    "there": ("stroke-dashoffset: 1", "stroke-dashoffset: 0"),
    "mark": ("opacity: 0", "opacity: 1"),
    "on": ("stroke-dashoffset: 1", "stroke-dashoffset: 0"),
    "number": ("opacity: 0", "opacity: 1"),
    "picture": ("opacity: 0; transform: var(--from)", "opacity: 1; transform: none"),
}


class Journey:
    """The picture, as an output of a cell or written to a file."""

    def __init__(self, html):
        self.html = html

    def __repr__(self):
        return "Letters on their way through one number"

    def _repr_html_(self):
        return self.html


def journey(letters, latents, indices, pictures):
    """Draw how letters become numbers, one number, and a picture, one by one.

    Parameters
    ----------
    letters : array, float [N, H, W, 1] in [0, 1]
    latents : array, float [N, D]
    indices : array, int [N]
        Of the code that is nearest to each latent.
    pictures : array, float [64, H, W, 1] in [0, 1]
        What is drawn from each code.

    Returns
    -------
    Journey

    Examples
    --------
    >>> import numpy as np
    >>> letters, pictures = np.zeros([2, 28, 28, 1]), np.zeros([64, 28, 28, 1])
    >>> way = journey(letters, np.ones([2, 16]), [3, 60], pictures)
    >>> "its number, here 3, 60." in way.html
    True
    """
    figure = ET.Element("div", {"class": "journey"})
    ET.SubElement(figure, "style").text = _style(len(letters))
    size = f"0 0 {WIDTH} {HEIGHT}"
    svg = ET.SubElement(figure, "svg", viewBox=size, role="img")
    svg.set("xmlns", "http://www.w3.org/2000/svg")
    ET.SubElement(svg, "title").text = "From letter to picture through one number"
    ET.SubElement(svg, "desc").text = (
        f"{len(letters)} letters from old books, one after another. Each becomes 16 "
        "numbers, drawn as bars. They choose one of 64 codes, drawn as a sheet of 64 "
        "pictures, and all that is sent on is its number, here "
        f"{', '.join(str(index) for index in indices)}. From that number comes a "
        "softer picture of the letter."
    )
    _image(svg, tile(pictures, COLUMNS), SHEET, MIDDLE - 100, 200)
    for x, word in (
        (LETTER + SIZE / 2, "a letter"),
        (BARS + 8 * BAR, f"{np.shape(latents)[1]} numbers"),
        (SHEET + 100, "64 codes"),
        (NUMBER, "number"),
        (PICTURE + SIZE / 2, "picture"),
    ):
        ET.SubElement(svg, "text", x=f"{x:g}", y=f"{HEIGHT - 8}").text = word
    tallest = np.abs(latents).max()
    for turn, (letter, latent, index) in enumerate(
        zip(letters, np.asarray(latents) / tallest, indices, strict=True)
    ):
        _draw_turn(svg, turn, letter, latent, int(index), pictures[int(index)])
    button = ET.SubElement(figure, "button", type="button")
    button.text = "Pause"
    ET.SubElement(figure, "script").text = SCRIPT
    return Journey(ET.tostring(figure, encoding="unicode", method="html"))


def _draw_turn(svg, turn, letter, latent, index, picture):
    """Draw all parts of one letter's way."""
    group = ET.SubElement(svg, "g", {"class": "turn"})
    group.set("style", f"--late: {turn * SECONDS}s")
    group.set("data-number", str(index))
    top = MIDDLE - SIZE // 2
    _image(group, letter, LETTER, top, SIZE)
    bars = ET.SubElement(group, "g", {"class": "bars"})
    for place, value in enumerate(latent):
        height = TALLEST * abs(value)
        ET.SubElement(
            bars,
            "rect",
            x=str(BARS + place * BAR),
            y=f"{MIDDLE - (height if value > 0 else 0):.1f}",
            width=str(BAR - 1.5),
            height=f"{height:.1f}",
            fill=COLORS[1] if value > 0 else COLORS[0],
        )
    row, column = divmod(index, COLUMNS)
    x, y = SHEET + column * CELL, MIDDLE - 100 + row * CELL
    beside = y + CELL / 2
    for name, places in (
        ("there", f"M{BARS + 16 * BAR + 4} {MIDDLE} L{x - 3} {beside:g}"),
        ("on", f"M{x + CELL + 2} {beside:g} L{NUMBER - 30} {MIDDLE}"),
    ):
        ET.SubElement(group, "path", {"class": name, "d": places, "pathLength": "1"})
    mark = {"x": x, "y": y, "width": CELL - 1.5, "height": CELL - 1.5, "rx": 2}
    mark = {name: f"{value:g}" for name, value in mark.items()}
    ET.SubElement(group, "rect", {"class": "mark", **mark})
    number = {"class": "number", "x": str(NUMBER), "y": str(MIDDLE + 14)}
    ET.SubElement(group, "text", number).text = str(index)
    image = _image(group, picture, PICTURE, top, SIZE)
    shift = f"translate({x - PICTURE}px, {y - top}px) scale({CELL / SIZE:.3f})"
    image.set("class", "picture")
    image.set("style", f"--from: {shift}")


def _image(parent, pixels, x, y, size):
    """Add pixels as ink that covers more or less, for any paper."""
    ink = np.round(255 * np.squeeze(np.asarray(pixels), axis=-1)).astype(np.uint8)
    picture = Image.merge("LA", (Image.new("L", ink.shape[::-1]), Image.fromarray(ink)))
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    data = b64encode(file.getvalue()).decode()
    place = {"x": f"{x}", "y": f"{y}", "width": f"{size}", "height": f"{size}"}
    return ET.SubElement(parent, "image", href=f"data:image/png;base64,{data}", **place)


def _style(turns):
    """Styles of the picture, with the times at which its parts come and go."""
    rules = [STILL, "@media screen and (prefers-reduced-motion: no-preference) {"]
    moving = f"{turns * SECONDS}s linear var(--late) infinite both"
    for part, (before, after) in BEFORE_AND_AFTER.items():
        begins, there = (moment / turns for moment in COMES[part])
        rules.append(
            f"@keyframes {part} {{ 0%, {begins:.2f}% {{ {before}; }} "
            f"{there:.2f}%, 100% {{ {after}; }} }}\n"
            f".journey .{part} {{ animation: {part} {moving}; }}"
        )
    rules.append(
        f"@keyframes turn {{ 0% {{ opacity: 0; }} {6 / turns:.2f}%, {95 / turns:.2f}% "
        f"{{ opacity: 1; }} {100 / turns:.2f}%, 100% {{ opacity: 0; }} }}\n"
        f".journey .turn {{ animation: turn {moving}; }}\n"
        ".journey button { display: block; }\n"
        ".journey.paused * { animation-play-state: paused; }\n}"
    )
    return "\n".join(rules)


STILL = f"""
.journey {{ position: relative; margin: 1rem 0; }}
.journey svg {{ display: block; width: 100%; overflow: visible; }}
.journey text {{ fill: currentColor; font-size: 14px; text-anchor: middle; }}
.journey .number {{ font-size: 42px; font-weight: 600; }}
.journey .number {{ fill: var(--pst-color-primary, {COLORS[1]}); }}
.journey image {{ image-rendering: pixelated; transform-box: fill-box; }}
html[data-theme="dark"] .journey image {{ filter: invert(0.92); }}
.journey .turn ~ .turn {{ opacity: 0; }}
.journey .bars {{ transform-origin: 0 {MIDDLE}px; }}
.journey :is(path, .mark) {{ fill: none; stroke: {COLORS[1]}; stroke-width: 1.5; }}
.journey path {{ stroke-dasharray: 1; }}
.journey .mark {{ stroke-width: 2.5; }}
.journey button {{ display: none; position: absolute; right: 0; top: -0.5rem; }}
.journey button {{ border: 0; background: none; color: inherit; font-size: 0.85rem; }}
@media (max-width: 600px) {{ .journey text {{ font-size: 21px; }} }}
""".strip()
SCRIPT = """
for (const button of document.querySelectorAll(".journey button"))
  button.onclick = () => {
    const still = button.parentElement.classList.toggle("paused");
    button.textContent = still ? "Go on" : "Pause";
  };
""".strip()
