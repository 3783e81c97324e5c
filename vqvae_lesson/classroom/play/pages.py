"""The book of pages: one a code, and which letters are looked up there (chapter 08)."""

from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.classroom.play.plane import GREYS, as_png

WIDTH, EDGE, PAGE, COLUMNS = 480, 2, 36, 8
RIGHT, PICTURE, LINE = 304, 84, 18  # the open page, and the lines beside it
SHEET = 4  # letters across and down, on the sheet below the open page
ON_PAPER = "color:#000"  # what marks a page, in the dark, too


def book_of_pages(pages, indices, images, training_counts):
    """Let a reader open each page: which letters are looked up there, and how many.

    Parameters
    ----------
    pages : array, float [K, H, W, 1] in [0, 1]
        What each code decodes to.
    indices : array, int [N] or [N, 1]
        The code of each image.
    images : array, float [N, H, W, 1] in [0, 1]
    training_counts : array, int [K]
        How often the training images chose each code; prices are by these shares.

    Returns
    -------
    Play
        The most used page first, and open before it is touched.
    """
    indices, codes = np.ravel(indices), len(pages)
    counts = np.bincount(indices, minlength=codes)
    order = np.argsort(-counts, kind="stable")
    letters = [np.flatnonzero(indices == code)[: SHEET**2] for code in order]
    used = [own for own in letters if own.size] + [letters[-1]]  # and an empty one
    sheets = [sheet_of(images[own], SHEET, SHEET) for own in used]
    data = {
        "codes": order.tolist(),
        "counts": counts[order].tolist(),
        "training": np.asarray(training_counts)[order].tolist(),
        "letters": [own.tolist() for own in letters],
        "view": _view(codes),
    }
    book = sheet_of(pages[order], COLUMNS, -(-codes // COLUMNS))
    words = words_of(0, data)
    return Play(
        "pages",
        "the book of pages",
        _draw(as_png(book), as_png(np.concatenate(sheets)), data, words),
        data,
        words.pop(),
        {"back": "Page before", "next": "Next page"},
    )


def sheet_of(pictures, columns, rows):
    """Lay out pictures, each with a white rim of one pixel, as greys, uint8 [H, W].

    The levels are few, and rounded: so they are the same whatever the processor.
    """
    greys = np.rint(np.asarray(pictures)[..., 0] * (GREYS - 1)).astype("uint8")
    empty = columns * rows - len(greys)
    greys = np.pad(greys, [(0, empty), (1, 1), (1, 1)])
    (height, width) = greys.shape[1:]
    greys = greys.reshape(rows, columns, height, width).swapaxes(1, 2)
    return greys.reshape(rows * height, columns * width)


def words_of(page, data):
    """Put a page in words: what stands beside it, above its letters, and below all."""
    code, count = data["codes"][page], data["counts"][page]
    shown, total = len(data["letters"][page]), sum(data["counts"])
    share, own = 100 * count / total, data["training"][page]
    price = f"{-np.log(own / sum(data['training'])):.2f}" if own else "∞"
    which = f"all {count}:" if count > 1 else "the only one:"
    which = f"the first {shown} of {count}:" if shown < count else which
    reason = "" if own else ", for no training letter chose it"
    return [
        f"page {page + 1}",
        f"code {code}",
        f"{count} letter{'' if count == 1 else 's'}",
        f"{share:.1f} %",
        f"{price} nats",
        which if count else "nobody's page",
        f"Page {page + 1} of {len(data['codes'])}, code {code}: {count} of {total:,} "
        f"held-out letters are looked up here, {share:.1f} %. Under the fair shares "
        f"its price is {price} nats{reason}.",
    ]


def _view(codes):
    """Where the open page lies and its letters, and how much larger the page is."""
    side = (WIDTH - EDGE - RIGHT) // SHEET * SHEET
    rows, scale = -(-codes // COLUMNS), round(PICTURE / PAGE, 4)
    sheet = EDGE + max(rows * PAGE, PICTURE + 26 + side) - side
    at = {"left": round(RIGHT - scale * EDGE, 4), "top": round(EDGE - scale * EDGE, 4)}
    return {**at, "scale": scale, "sheet": sheet, "side": side, "columns": COLUMNS}


def _draw(book, sheets, data, words):
    """Draw the book, on the left, and what is on its open page, on the right."""
    view = data["view"]
    rows = -(-len(data["codes"]) // COLUMNS)
    height = max(rows * PAGE + EDGE, view["sheet"] + view["side"]) + EDGE
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img"})
    ET.SubElement(svg, "title").text = "The book of pages"
    used = sum(count > 0 for count in data["counts"])
    ET.SubElement(svg, "desc").text = (
        f"On the left {len(data['codes'])} small pictures, the most used first: "
        f"{used} soft letters of different shapes or grey squares that letters chose, "
        f"and {len(data['codes']) - used} that none chose. On the right the first of "
        f"them, large, and {len(data['letters'][0])} letters that are looked up there."
    )
    place = {"x": EDGE, "y": EDGE, "width": COLUMNS * PAGE, "height": rows * PAGE}
    add_part(svg, "image", "book", href=book, id="play-book", **place)
    for page in range(len(data["codes"])):
        y, x = np.array(divmod(page, COLUMNS)) * PAGE + EDGE
        add_part(svg, "rect", "page", x=x, y=y, width=PAGE, height=PAGE, rx=2)
        svg[-1].attrib |= {"fill": "#fff", "fill-opacity": "0", "style": ON_PAPER}
        svg[-1].attrib |= {"stroke": "none" if page else "var(--c1)"}
        svg[-1].set("stroke-width", "3")
    opened = _window(svg, "play-open", RIGHT, EDGE, PICTURE)
    move = f"translate({view['left']} {view['top']}) scale({view['scale']})"
    add_part(opened, "use", "open", href="#play-book", transform=move)
    y, side = view["sheet"], view["side"]
    below = _window(svg, "play-sheet", RIGHT, y, side)
    whole = {"x": RIGHT, "y": y, "width": side, "height": side * (used + 1)}
    add_part(below, "image", "letters", href=sheets, **whole)
    for line, text in enumerate(words[:5]):
        x, y_of_line = RIGHT + PICTURE + 10, EDGE + 12 + line * LINE
        add_part(svg, "text", "words", x=x, y=y_of_line)
        svg[-1].text = text
    add_part(svg, "text", "words", x=RIGHT, y=y - 8)
    svg[-1].text = words[5]
    return svg


def _window(svg, name, x, y, side):
    """Open a square window, through which a part of a sheet is seen."""
    square = {"x": str(x), "y": str(y), "width": str(side), "height": str(side)}
    ET.SubElement(ET.SubElement(svg, "clipPath", {"id": name}), "rect", square)
    return ET.SubElement(svg, "g", {"clip-path": f"url(#{name})"})
