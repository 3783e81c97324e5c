"""The map of the machine: where a letter goes, and what flows back.

The map is an SVG with text as text. It takes its ink from the page around it, so
that it can be read on light and on dark, and it has two layouts: a lying one for
screens, a standing one for phones.
"""

import math
from typing import NamedTuple
from xml.etree import ElementTree as ET

from vqvae_lesson.errors import LessonError
from vqvae_lesson.glyphs import GLYPH_STROKES
from vqvae_lesson.plots.paper import COLORS

FORWARD, BACKWARD, AVERAGES = COLORS[:3]
PALE = "0.3"
INK = "currentColor"
ROWS, LIT_ROW, NUMBERS = 6, 2, 4  # of the codebook and its codes, as drawn


class Layout(NamedTuple):
    """Where the middle of each part stands, in units of the drawing."""

    name: str
    width: int
    height: int
    places: dict
    bridge: tuple  # the way of the gradient across the gap
    words: dict  # x, y and anchor of the words that stand free
    legend: tuple  # x of its three arrows


WIDE = Layout(
    "wide",
    716,
    338,
    {
        "letter": (36, 56),
        "encoder": (190, 56),
        "latent": (336, 56),
        "nearest": (490, 56),
        "index": (632, 158),
        "lookup": (490, 260),
        "quantized": (336, 260),
        "decoder": (190, 260),
        "picture": (36, 260),
        "loss": (36, 158),
        "codebook": (490, 158),
    },
    ((336, 247), (336, 69)),
    {
        "straight": (326, 154, "end"),
        "codebook": (526, 155, "start"),
        "gap": (588, 94, "start"),
        "index lookup": (580, 228, "start"),
    },
    (150, 266, 390),
)
TALL = Layout(
    "tall",
    360,
    506,
    {
        "letter": (30, 58),
        "encoder": (162, 58),
        "latent": (274, 58),
        "nearest": (274, 150),
        "index": (274, 242),
        "lookup": (274, 334),
        "quantized": (274, 426),
        "decoder": (162, 426),
        "picture": (30, 426),
        "loss": (30, 242),
        "codebook": (140, 242),
    },
    ((304, 426), (352, 426), (352, 58), (304, 58)),
    {
        "straight": (345, 372, "end"),
        "codebook": (140, 296, "middle"),
        "gap": (298, 193, "start"),
        "latent nearest": (282, 104, "start"),
        "index lookup": (282, 291, "start"),
        "lookup quantized": (266, 384, "end"),
    },
    (6, 104, 216),
)
SIZES = {
    "letter": (50, 50),
    "picture": (50, 50),
    "encoder": (68, 52),
    "decoder": (68, 52),
    "latent": (52, 18),
    "quantized": (52, 18),
    "nearest": (104, 28),
    "lookup": (104, 28),
    "index": (34, 30),
    "loss": (52, 30),
    "codebook": (56, 68),
}
FLOWS = {  # from part to part, and the shape of what flows
    ("letter", "encoder"): "[B, 28, 28, 1]",
    ("encoder", "latent"): "[B, L, D]",
    ("latent", "nearest"): "[B, L, D]",
    ("codebook", "nearest"): "",
    ("nearest", "index"): "",
    ("index", "lookup"): "[B, L]",
    ("codebook", "lookup"): "",
    ("lookup", "quantized"): "[B, L, D]",
    ("quantized", "decoder"): "[B, L, D]",
    ("decoder", "picture"): "[B, 28, 28, 1]",
    ("letter", "loss"): "",
    ("picture", "loss"): "",
}
LIT = {
    "letters": {"letter"},
    "encoder": {"letter", "encoder", "latent", "letter encoder", "encoder latent"},
    "decoder": {
        *("quantized", "decoder", "picture"),
        *("quantized decoder", "decoder picture"),
    },
    "quantizer": {
        *("latent", "nearest", "codebook", "index", "lookup", "quantized"),
        *("latent nearest", "codebook nearest", "nearest index", "index lookup"),
        *("codebook lookup", "lookup quantized"),
    },
    "codebook": {"latent", "codebook", "averages", "gap"},
    "losses": {
        *("letter", "picture", "loss", "letter loss", "picture loss"),
        *("latent", "quantized", "gap", "gradients"),
    },
    "training": {"encoder", "decoder", "codebook", "loss", "averages", "gradients"},
    "health": {
        *("latent", "nearest", "codebook", "index", "averages"),
        *("latent nearest", "codebook nearest", "nearest index"),
    },
    "dictionary": {
        *("index", "codebook", "lookup", "quantized", "decoder", "picture"),
        *("index lookup", "codebook lookup", "lookup quantized"),
        *("quantized decoder", "decoder picture"),
    },
    "judges": {"letter", "picture"},
    "prior": {
        *("index", "lookup", "quantized", "decoder", "picture"),
        *("index lookup", "lookup quantized", "quantized decoder", "decoder picture"),
    },
    "prices": {"letter", "picture", "loss", "letter loss", "picture loss", "index"},
    "grid": {
        *("encoder", "latent", "index", "quantized", "decoder"),
        *("encoder latent", "quantized decoder"),
    },
}
GRIDS = "grid", "prior"  # of machines whose letter is several codes
GRID_INDICES = "23", "5", "41", "8"
ABOUT = (
    "A letter x goes through the encoder, which makes a latent of it. The nearest "
    "code in the codebook is found, and its index k is all that is sent on. The "
    "code is looked up by its index and goes through the decoder, which draws a "
    "picture. The loss compares picture and letter. Gradients run back from the loss "
    "through the decoder, are carried straight through across a gap at the choice of "
    "the nearest code, and run on through the encoder. Moving averages of the "
    "latents move the codes of the codebook."
)
GRID_ABOUT = (
    f"{ABOUT} Latent, index and code are drawn as grids of two by two: one of each "
    "for each part of the letter."
)
WORDS = {  # what stands at a part, and its symbol
    "latent": ("latent", "z_e"),
    "quantized": ("code", "z_q"),
    "nearest": ("nearest code", ""),
    "lookup": ("look up", ""),
    "loss": ("loss", ""),
}
# The machine without codes: it stands in the same places.
RIVAL = "rival"
RIVAL_FLOWS = {
    ("letter", "encoder"): "[B, 28, 28, 1]",
    ("encoder", "latent"): "[B, L, 2D]",
    ("latent", "nearest"): "",
    ("nearest", "lookup"): "",
    ("lookup", "quantized"): "[B, L, D]",
    ("quantized", "decoder"): "[B, L, D]",
    ("decoder", "picture"): "[B, 28, 28, 1]",
    ("letter", "loss"): "",
    ("picture", "loss"): "",
}
RIVAL_LIT = {
    *("latent", "nearest", "lookup", "quantized", "cloud"),
    *("latent nearest", "nearest lookup", "lookup quantized"),
}
RIVAL_ABOUT = (
    "A letter x goes through the encoder, which gives a mean and a spread for each "
    "number of the latent: a cloud. A point of the cloud is drawn at random, and goes "
    "as the latent z through the decoder, which draws a picture. There is no codebook "
    "and no index. The loss compares picture and letter. Gradients run back from the "
    "loss through the decoder, through the draw, and on through the encoder."
)
RIVAL_WORDS = {
    "latent": ("mean, spread", ""),
    "quantized": ("latent", "z"),
    "nearest": ("cloud", ""),
    "lookup": ("draw a point", ""),
    "loss": ("loss", ""),
}
PARTS = (*LIT, RIVAL, "whole")


class MachineMap:
    """A drawing that notebooks and pages show by itself.

    Parameters
    ----------
    lit : str
        The part that stands out, one of :data:`PARTS`.
    symbols : bool
        Whether symbols and shapes stand beside the words.
    """

    def __init__(self, lit, symbols):
        self.lit, self.symbols = lit, symbols

    def __repr__(self):
        return f"Map of the machine, lit: {self.lit}"

    def _repr_html_(self):
        drawings = [
            ET.tostring(_draw(layout, self.lit, self.symbols), encoding="unicode")
            for layout in (WIDE, TALL)
        ]
        return f'<div class="machine-map">{STYLE}{"".join(drawings)}</div>'


STYLE = (
    "<style>.machine-map svg{display:block;margin:auto;width:100%;max-width:46rem}"
    ".machine-map svg.tall{display:none;max-width:25rem}"
    "@media(max-width:600px){.machine-map svg.wide{display:none}"
    ".machine-map svg.tall{display:block}}</style>"
)


def machine_map(lit="whole", symbols=True):
    """Draw the map of the machine, with one part lit and the rest pale.

    Parameters
    ----------
    lit : str
        ``"letters"``, ``"encoder"``, ``"decoder"``, ``"quantizer"``,
        ``"codebook"``, ``"losses"``, ``"training"``, ``"health"``,
        ``"dictionary"``, ``"judges"``, ``"prices"`` or ``"whole"``; and three other
        machines: ``"grid"`` and ``"prior"``, with several codes a letter, and
        ``"rival"``, with none.
    symbols : bool
        Whether symbols and shapes stand beside the words.

    Returns
    -------
    MachineMap

    Raises
    ------
    LessonError
        For a part that the machine does not have.

    Examples
    --------
    >>> machine_map("encoder")
    Map of the machine, lit: encoder
    """
    if lit not in PARTS:
        raise LessonError(
            f"the machine has no part {lit!r}, expected one of {', '.join(PARTS)}"
        )
    return MachineMap(lit, symbols)


class _Pen:
    """Draw in one layout: what is lit bright, the rest pale."""

    def __init__(self, layout, lit, symbols):
        self.layout, self.lit, self.symbols = layout, lit, symbols
        self.drawing = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": layout.name,
                "viewBox": f"0 0 {layout.width} {layout.height}",
                "role": "img",
                "fill": "currentColor",
                "font-size": "12.5",
            },
        )
        self.group = self.drawing
        self.add("title", f"Map of the machine, lit: {lit}")
        self.several = lit in GRIDS
        about = GRID_ABOUT if self.several else ABOUT
        self.add("desc", RIVAL_ABOUT if lit == RIVAL else about)
        self.words = RIVAL_WORDS if lit == RIVAL else WORDS

    def start(self, name):
        """Begin one thing on the map."""
        self.group = ET.SubElement(self.drawing, "g", {"data-part": name})
        if self.lit == "whole":
            return
        lit = RIVAL_LIT if self.lit == RIVAL else LIT[self.lit]
        look = ("font-weight", "bold") if name in lit else ("opacity", PALE)
        self.group.set(*look)

    def add(self, tag, text=None, **attributes):
        """Add an element; `stroke_width` is written `stroke-width`."""
        element = ET.SubElement(self.group, tag)
        for name, value in attributes.items():
            element.set(name.replace("_", "-"), _short(value))
        element.text = text
        return element

    def write(self, text, x, y, anchor="middle", symbol=""):
        """Write a word and, if asked for, its symbol, such as ``z_e``."""
        line = self.add("text", text, x=x, y=y, text_anchor=anchor)
        if symbol and self.symbols:
            line.text = f"{text} " if text else ""
            letter, _, below = symbol.partition("_")
            style = {"font-style": "italic"}
            ET.SubElement(line, "tspan", style).text = letter
            if below:
                style |= {"dy": "3", "font-size": "10.5"}
                ET.SubElement(line, "tspan", style).text = below

    def note(self, text, x, y, anchor="middle"):
        """Write a few small words, or a shape."""
        style = {"font_size": 11, "font_weight": "normal"}
        self.add("text", text, x=x, y=y, text_anchor=anchor, **style)

    def shape(self, text, x, y, anchor="middle"):
        """Write a shape, where symbols and shapes are wanted."""
        if text and self.symbols:
            self.note(text, x, y, anchor)

    def line(self, points, color, **style):
        """Draw a line through points."""
        style = {"fill": "none", "stroke": color, "stroke_width": 2, **style}
        self.add("polyline", points=_listed(points), **style)

    def arrow(self, points, color, **style):
        """Draw a line through points, with a head at its end."""
        (x, y), tip = points[-2:]
        right, down = _direction((x, y), tip)
        neck = tip[0] - 8 * right, tip[1] - 8 * down
        self.line([*points[:-1], neck], color, **style)
        wings = [
            (neck[0] - side * down, neck[1] + side * right) for side in (4.5, -4.5)
        ]
        self.add("polygon", points=_listed([tip, *wings]), fill=color)

    def way(self, start, end, aside=0):
        """Return where the straight way from one part to another begins and ends."""
        one, other = self.layout.places[start], self.layout.places[end]
        right, down = _direction(one, other)
        first, last = (_reach(SIZES[name], right, down) for name in (start, end))
        beside, below = aside * abs(down), aside * abs(right)
        return [
            (one[0] + first * right + beside, one[1] + first * down + below),
            (other[0] - last * right + beside, other[1] - last * down + below),
        ]


def _short(value):
    """Return a number without needless digits; words as they are."""
    return f"{value:.5g}" if isinstance(value, int | float) else value


def _listed(points):
    """Return points as SVG wants them."""
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in points)


def _direction(one, other):
    """Return the step of length 1 from one point towards another."""
    length = math.dist(one, other)
    return (other[0] - one[0]) / length, (other[1] - one[1]) / length


def _reach(size, right, down):
    """Return how far it is from the middle of a box to just outside of it."""
    width, height = size
    return 4 + min(width / 2 / max(abs(right), 1e-9), height / 2 / max(abs(down), 1e-9))


def _draw(layout, lit, symbols):
    """Draw the whole map in one layout."""
    pen, rival = _Pen(layout, lit, symbols), lit == RIVAL
    for (start, end), shape in (RIVAL_FLOWS if rival else FLOWS).items():
        pen.start(f"{start} {end}")
        _draw_flow(pen, start, end, shape)
    pen.start("gradients")
    _draw_gradients(pen, ("through", "the draw") if rival else STRAIGHT)
    if rival:
        pen.start("cloud")
        _draw_cloud(pen)
    else:
        pen.start("averages")
        pen.arrow(pen.way("latent", "codebook"), AVERAGES, stroke_dasharray="2 3")
        pen.start("gap")
        _draw_gap(pen)
    for name, draw in PAINTERS.items():
        if not rival or name not in ("codebook", "index"):
            pen.start(name)
            draw(pen, name, *layout.places[name])
    pen.group = pen.drawing
    _draw_legend(pen, 2 if rival else 3)
    return pen.drawing


STRAIGHT = ("carried", "straight", "through")


def _draw_cloud(pen):
    """Draw a cloud on the way to the draw, and the point that is drawn."""
    (x, y), (to_x, to_y) = (pen.layout.places[name] for name in ("nearest", "lookup"))
    x, y = (x + to_x) / 2, (y + to_y) / 2
    for wide, high in ((46, 32), (32, 22), (18, 12)):
        style = {"fill": FORWARD, "fill_opacity": "0.16"}
        pen.add("ellipse", cx=x, cy=y, rx=wide, ry=high, **style)
    pen.add("circle", cx=x + 21, cy=y - 9, r=4, fill=BACKWARD)


def _draw_flow(pen, start, end, shape):
    """Draw one arrow forward, and the shape of what flows."""
    points = pen.way(start, end)
    pen.arrow(points, FORWARD)
    (x, y), (to_x, _) = points
    above = (x + to_x) / 2, y - 7
    pen.shape(shape, *pen.layout.words.get(f"{start} {end}", above))


def _draw_gradients(pen, words):
    """Draw the way back: to the decoder, across the middle, to the encoder."""
    style = {"stroke_dasharray": "6 4"}
    for start, end in (("loss", "picture"), ("picture", "decoder")):
        pen.arrow(pen.way(start, end, aside=11), BACKWARD, **style)
    pen.arrow(pen.way("decoder", "quantized", aside=11), BACKWARD, **style)
    pen.arrow(pen.layout.bridge, BACKWARD, stroke_linejoin="round", **style)
    pen.arrow(pen.way("latent", "encoder", aside=11), BACKWARD, **style)
    x, y, anchor = pen.layout.words["straight"]
    for number, word in enumerate(words):
        pen.note(word, x, y - 13 + 13 * number, anchor)


def _draw_gap(pen):
    """Draw a crack across the way from the nearest code to its index."""
    (x, y), (to_x, to_y) = pen.way("nearest", "index")
    right, down = _direction((x, y), (to_x, to_y))
    for shift in (-4, 4):
        middle = (x + to_x) / 2 + shift * right, (y + to_y) / 2 + shift * down
        crack = [
            (
                middle[0] - across * down + bend * right,
                middle[1] + across * right + bend * down,
            )
            for across, bend in zip(
                range(-18, 19, 6), (3, -3, 3, -3, 3, -3, 3), strict=True
            )
        ]
        pen.line(crack, BACKWARD, stroke_linejoin="round")
    x, y, anchor = pen.layout.words["gap"]
    pen.note("gap: no", x, y, anchor)
    pen.note("gradient", x, y + 13, anchor)


def _above_or_below(pen, name, y):
    """Where the word of a part stands: above the first row, below the last."""
    half = SIZES[name][1] / 2
    return y - half - 8 if y < pen.layout.height / 2 else y + half + 17


def _box(pen, name, x, y, round_corners=4, **style):
    """Draw a box around the middle of a part."""
    width, height = SIZES[name]
    pen.add(
        "rect",
        x=x - width / 2,
        y=y - height / 2,
        width=width,
        height=height,
        rx=round_corners,
        **{"fill": FORWARD, "fill_opacity": "0.1", "stroke": INK, **style},
    )


def _draw_picture(pen, name, x, y):
    """Draw a letter on paper, or the softer picture that comes out."""
    _box(pen, name, x, y, fill="none")
    soft = name == "picture"
    for stroke in GLYPH_STROKES["お"]:
        points = [tuple(map(int, point.split())) for point in stroke.split(",")]
        places = [(x - 18 + 0.36 * a, y - 18 + 0.36 * b) for a, b in points]
        for width, opacity in ((7, "0.25"), (4, "0.5")) if soft else ((3, "1"),):
            pen.line(
                *(places, INK),
                stroke_width=width,
                stroke_opacity=opacity,
                stroke_linejoin="round",
                stroke_linecap="round",
            )
    symbol = "" if soft else "x"
    pen.write(name, x, _above_or_below(pen, name, y), symbol=symbol)


def _draw_network(pen, name, x, y):
    """Draw a network that narrows towards the codes."""
    width, height = SIZES[name]
    near, far = height / 2, height / 3
    left, right = x - width / 2, x + width / 2
    corners = [(left, y - near), (right, y - far), (right, y + far), (left, y + near)]
    style = {"fill": FORWARD, "fill_opacity": "0.1", "stroke": INK}
    pen.add("polygon", points=_listed(corners), stroke_linejoin="round", **style)
    pen.write(name, x, y + 4)


def _draw_vector(pen, name, x, y):
    """Draw the numbers of a latent, or of the code in its place."""
    filled, (width, height) = name == "quantized", SIZES[name]
    if pen.several:
        for right, down in _quarters(width + 4, height + 4):
            size = width / 2 - 2, height / 2 - 2
            _cells(pen, x + right, y + down, size, 1, filled)
    else:
        _cells(pen, x, y, (width, height), 1, filled)
    word, symbol = pen.words[name]
    pen.write(word, x, _above_or_below(pen, name, y), symbol=symbol)


def _quarters(width, height):
    """Return where the middles of four quarters lie from the middle of a box."""
    return [(a * width / 4, b * height / 4) for b in (-1, 1) for a in (-1, 1)]


def _cells(pen, x, y, size, rows, filled):
    """Draw rows of cells; the filled ones are those of the code that was chosen."""
    width, height = size[0] / NUMBERS, size[1] / rows
    for row in range(rows):
        lit = filled if rows == 1 else row == LIT_ROW
        for column in range(NUMBERS):
            pen.add(
                "rect",
                x=x - size[0] / 2 + column * width,
                y=y - size[1] / 2 + row * height,
                width=width,
                height=height,
                fill=FORWARD if lit else "none",
                fill_opacity=(0.9, 0.5, 0.75, 0.35)[column],
                stroke=INK,
                stroke_width=0.8,
            )


def _draw_codebook(pen, name, x, y):
    """Draw the codes as rows, the chosen one filled."""
    _cells(pen, x, y, SIZES[name], ROWS, filled=True)
    x, y, anchor = pen.layout.words["codebook"]
    pen.write("codebook", x, y, anchor, symbol="e")
    pen.shape("[K, D]", x, y + 15, anchor)


def _draw_step(pen, name, x, y):
    """Draw a small step as a box with its word inside."""
    _box(pen, name, x, y, round_corners=14 if name != "loss" else 4)
    pen.write(pen.words[name][0], x, y + 4)


def _draw_index(pen, name, x, y):
    """Draw the one whole number that is left of a letter, or those of a grid."""
    _box(pen, name, x, y, fill_opacity="0.25")
    places, size = (_quarters(*SIZES[name]), 11) if pen.several else ([(0, 0)], 15)
    for text, (right, down) in zip(GRID_INDICES, places, strict=False):
        middle = {"x": x + right, "y": y + down + size / 3}
        number = pen.add("text", text, text_anchor="middle", font_size=size, **middle)
        number.set("font-weight", "bold")
    pen.write("index", x + 23, y + 4, "start", symbol="k")


PAINTERS = {
    "letter": _draw_picture,
    "encoder": _draw_network,
    "latent": _draw_vector,
    "nearest": _draw_step,
    "codebook": _draw_codebook,
    "index": _draw_index,
    "lookup": _draw_step,
    "quantized": _draw_vector,
    "decoder": _draw_network,
    "picture": _draw_picture,
    "loss": _draw_step,
}


def _draw_legend(pen, count):
    """Say which arrow is what, of the first so many."""
    y = pen.layout.height - 8
    for (word, color, dashes), x in zip(
        (
            ("forward", FORWARD, "none"),
            ("gradients", BACKWARD, "6 4"),
            ("moving averages", AVERAGES, "2 3"),
        )[:count],
        pen.layout.legend[:count],
        strict=True,
    ):
        points = [(x, y - 4), (x + 28, y - 4)]
        pen.arrow(points, color, stroke_dasharray=dashes)
        pen.write(word, x + 34, y, "start")
