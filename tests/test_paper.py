"""The book on paper: printed anew, and read again."""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from pypdf import PdfReader
from pypdfium2 import PdfDocument

from scripts.print_book import BUILT, open_book, pages_of, parts, print_book

ROOT = Path(__file__).parents[1]
PAPER = 210 - 2 * 24, 297 - 22 - 20  # width and height of the text, in millimetres
PIXEL = 25.4 / 96  # millimetres
BOX = ".admonition:not(:has(figure, .cell, pre))"
UNCUT = f"figure, img, svg, div.math, .cell_input pre, {BOX}"

pytestmark = pytest.mark.skipif(
    not (BUILT / "book").is_dir(), reason="needs the built book: make book"
)


@pytest.fixture(scope="module")
def whole(chromium):
    """Open the whole book, once for all that is done with it."""
    page = open_book(chromium)
    yield page
    page.close()


@pytest.fixture(scope="module")
def printed(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("paper") / "book.pdf"
    print_book(whole, path)
    return path


@pytest.fixture(scope="module")
def opened(whole, printed):
    """Show the book as it was printed, as wide as paper."""
    width, height = (length / PIXEL for length in PAPER)
    whole.set_viewport_size({"width": round(width), "height": round(height)})
    whole.emulate_media(media="print")
    return whole


@pytest.fixture(scope="module")
def texts(printed):
    """Text of each page, without the number below it."""
    with PdfDocument(printed) as book:
        found = [page.get_textpage().get_text_range() for page in book]
    pages = [" ".join(text.split()) for text in found]
    for number, text in enumerate(pages[1:], 2):
        assert re.search(rf"\b{number}\b", text), "each page but the first is numbered"
    return pages


@pytest.fixture(scope="module")
def starts(printed):
    """Page on which each chapter begins, in the order of the contents."""
    found = pages_of(printed)
    return {name: found[Path(name).name] for _, part in parts() for name in part}


@cache
def title(name):
    """Return a page's title, as its first heading has it."""
    page = (BUILT / f"{name}.html").read_text()
    own = '<h1>((?:(?!<h1>).)*?)<a class="headerlink"'  # another lists the sections
    heading = re.search(own, page, re.DOTALL)[1]
    return BeautifulSoup(heading, "html.parser").get_text().strip()


def pattern(name):
    """Find a page's title in text that has lost the spaces where a line ended."""
    return " ?".join(map(re.escape, title(name).split()))


def test_the_book_says_what_it_is_and_is_no_burden(printed):
    reader = PdfReader(printed)
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert reader.metadata.title == config["title"]
    assert reader.metadata.author == config["author"]
    assert 150 < len(reader.pages) < 550
    assert printed.stat().st_size < 30_000_000


def test_every_chapter_begins_a_page_and_is_where_the_contents_say(texts, starts):
    assert [*starts.values()] == sorted({*starts.values()}), "one page each, in order"
    for name, number in starts.items():
        head, text = pattern(name), texts[number - 1]
        assert re.match(rf"{head}\b", text)
        assert len(re.findall(head, text[:200])) > 1, "running head and title"
    entries = [
        (caption, *(f"{title(name)} {starts[name]}" for name in part))
        for caption, part in parts()
    ]
    told = " ".join(entry for part in entries for entry in part)
    # Between letters of this page alone, the reader of PDFs finds spaces.
    assert texts[1].replace(" ", "").endswith(told.replace(" ", ""))


def test_a_chapter_has_its_title_above_every_page(texts, starts):
    bounds = [*starts.items(), ("", len(texts) + 1)]
    for (name, first), (_, after) in pairwise(bounds):
        for text in texts[first - 1 : after - 1]:
            assert re.search(pattern(name), text)


def test_bookmarks_lead_to_every_chapter(printed, starts):
    outline = PdfReader(printed).outline
    titles = {str(mark.title) for mark in outline if not isinstance(mark, list)}
    assert {title(name) for name in starts} <= titles


def test_solutions_and_answers_stand_behind_the_text(texts, starts):
    bounds = [*starts.items(), ("", len(texts) + 1)]
    for (name, first), (_, after) in pairwise(bounds):
        text = " ".join(texts[first - 1 : after - 1])
        exercises = re.findall(r"Exercise \d+\.\d+ \(", text)
        if not exercises:
            continue
        before, _, behind = text.partition("Further reading")
        assert "Right: " not in before
        assert behind.count("Right: ") >= len({*exercises})
        assert {*exercises} == {*re.findall(r"Exercise \d+\.\d+ \(", behind)}, name
        assert re.search(r"\bAnswers\b.*\bSolutions\b", behind)
        assert not re.search(r"page 000|Show the solution|Not attempted", text)


def test_nothing_that_is_seen_at_once_is_cut(opened):
    width, height = (length / PIXEL for length in PAPER)
    parts = opened.locator(UNCUT)
    boxes = parts.evaluate_all(
        """parts => parts.map(part => [part.getBoundingClientRect().height,
           part.getBoundingClientRect().right,
           getComputedStyle(part).breakInside, part.outerHTML.slice(0, 80)])"""
    )
    assert len(boxes) > 200
    for tall, right, inside, said in boxes:
        assert tall < height, said
        assert right < width + 2, said
        assert inside == "avoid", said


def test_no_picture_is_printed_on_two_pages_in_a_row(printed):
    pages = [
        {
            place.idnum
            for place in page["/Resources"].get("/XObject", {}).values()
            if place.get_object()["/Subtype"] == "/Image"
        }
        for page in PdfReader(printed).pages
    ]
    assert sum(map(len, pages)) > 50
    for left, right in pairwise(pages):
        assert not left & right


def test_paper_shows_a_figure_to_play_with_as_it_stands(opened):
    assert opened.locator(".play svg").count() > 4
    assert opened.locator(".play-controls, .play script, button").count() == 0
    ink = opened.locator("main p").first
    assert ink.evaluate("text => getComputedStyle(text).color") == "rgb(0, 0, 0)"
    paper = opened.locator("main").first
    shown = paper.evaluate("paper => getComputedStyle(paper).backgroundColor")
    assert shown == "rgb(255, 255, 255)"


def test_every_picture_is_there(opened):
    missing = opened.evaluate(
        """() => Promise.all([...document.images].map(picture => picture.decode()
           .then(() => "", () => picture.src.slice(0, 200))))"""
    )
    assert len(missing) > 70
    assert not any(missing), {*missing}
