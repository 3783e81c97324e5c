"""Print the built book into one PDF, with a browser: ``make pdf``.

All pages become one document: a title, the contents, then chapter after chapter. What
a page folds is open on paper; but answers and solutions stand at the end of their
chapter, so that nobody reads them by chance. It is printed twice: only then is it
known on which page a chapter begins.
"""

import gc
import logging
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

from scripts.browsers import BROWSERS, start_browser

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "_build" / "html"
SCRIPTS = ("katex.min.js", "formulas.js")
STYLES = Path(__file__).with_name("print_book.css")
# An index of links, and functions that no chapter explains.
UNPRINTED = {
    "genindex",
    *(f"book/functions/{n}" for n in ("runs", "plots", "classroom")),
}


@contextmanager
def without_cycles():
    """Make many objects; to look for cycles among them took up to half of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def parts():
    """Yield caption and pages of each part of the book, the introduction's empty."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    yield "", [toc["root"]]
    for part in toc["parts"]:
        yield part["caption"], [*names(part["chapters"])]


def names(entries):
    """Yield all pages below entries of the contents, but for what no paper needs."""
    for entry in entries:
        if entry["file"] not in UNPRINTED:
            yield entry["file"]
        yield from names(entry.get("sections", []))


def read_page(name):
    """Return the text of a built page as a tree, ready for paper."""
    text = (BUILT / f"{name}.html").read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser").select_one("article.bd-article > section")
    unwanted = "script:not([type='math/tex']), .headerlink, .play-controls, .only-dark"
    for part in page.select(f"{unwanted}, .tag_check, button"):
        part.decompose()
    for picture in page.select("img"):
        picture.attrs.pop("loading", None)
        picture["src"] = (BUILT / name).parent.joinpath(picture["src"]).as_uri()
    chapter = Path(name).name
    gather(page, chapter, "Answers", answers(page, chapter))
    gather(page, chapter, "Solutions", solutions(page))
    for folded in page.select("details"):
        unfold(folded)
    name_apart(page, chapter)
    page["id"] = chapter
    page["class"] = "chapter"
    return page


def unfold(folded):
    """Open what a page folds; its line says what is shown."""
    said = folded.summary.select_one(".collapsed") or folded.summary
    title = re.sub("^Show ", "", said.get_text().strip())
    folded.summary.replace_with(element("p", title[:1].upper() + title[1:], "unfolded"))
    folded.name = "div"
    folded["class"] = "was-folded"


def element(tag, text="", kind=None):
    """Return a new element."""
    made = BeautifulSoup("", "html.parser").new_tag(tag)
    if kind:
        made["class"] = kind
    made.string = text
    return made


def answers(page, chapter):
    """Yield the title of each question, bets numbered, and its folded answer."""
    asked, bets = None, 0
    for box in page.select("div.admonition"):
        title = box.select_one(".admonition-title")
        if "dropdown" not in box["class"]:
            asked = title.get_text().strip()
            if asked.startswith("Place your bet"):
                bets += 1
                asked = f"Bet {bets}"
                title.string = f"Place your bet ({bets})"
        elif "answer" in title.get_text().lower():
            title.decompose()
            yield asked, box


def solutions(page):
    """Yield the title of each exercise, and its solution."""
    for cell in page.select(".tag_solution"):
        exercise = cell.find_previous(class_="exercise")
        title = exercise.select_one(".admonition-title").get_text().strip()
        cell.summary.decompose()
        cell.details.name = "div"
        yield title, cell


def gather(page, chapter, heading, found):
    """Move what was found to the end of the chapter; say where it stood where it is."""
    section = element("section", kind="gathered")
    section.append(element("h2", heading))
    for number, (title, part) in enumerate(list(found), 1):
        here, there = f"at-{heading}-{number}", f"{heading}-{number}"
        left = element("p", kind="gone")
        left["id"] = here
        left.append(f"{heading[:-1]}: page ")
        left.append(page_of(f"{chapter}--{there}"))
        part.replace_with(left)
        box = element("div", kind="gathered-one")
        box["id"] = there
        said = element("h3", f"{title}, page ")
        said.append(page_of(f"{chapter}--{here}"))
        box.append(said)
        box.append(part)
        section.append(box)
    if section.select(".gathered-one"):
        page.append(section)


def page_of(target):
    """Return a link whose text will be the number of the page that it leads to."""
    link = element("a", "000", "page-of")
    link["href"] = f"#{target}"
    return link


def name_apart(page, chapter):
    """Let names of all chapters stand in one document, and links lead to them."""
    printed = {Path(name).name for _, part in parts() for name in part}
    for named in page.select("[id]"):
        if not named.find_parent("svg"):
            named["id"] = f"{chapter}--{named['id']}"
    for link in page.select("a[href]"):
        address = link["href"]
        name, _, place = address.partition("#")
        if link.get("class") == "page-of" or re.match(r"\w+:", address):
            continue
        target = Path(name).stem or chapter
        if target not in printed:
            link.unwrap()
            continue
        link["href"] = f"#{target}--{place}" if place else f"#{target}"


def contents(chapters):
    """Return the table of contents: parts, and each chapter's title and page."""
    table = element("nav", kind="book-contents")
    table.append(element("h1", "Contents"))
    for caption, pages in chapters:
        table.append(element("h2", caption))
        for page in pages:
            row = element("p", kind="entry")
            link = element("a", page.h1.get_text().strip())
            link["href"] = f"#{page['id']}"
            row.append(link)
            row.append(element("span", kind="leader"))
            row.append(page_of(page["id"]))
            table.append(row)
    return table


def title_page(config):
    """Return the title page, with the licences that every page of the book names."""
    page = element("header", kind="title-page")
    page.append(element("p", config["title"], "title"))
    page.append(element("p", config["author"], "author"))
    picture = element("img")
    picture["src"] = (ROOT / "_static" / "preview.png").as_uri()
    picture["alt"] = "Six letters, their numbers, and what a model draws from these."
    page.append(picture)
    page.append(element("p", config["html"]["extra_footer"], "licence"))
    page.append(element("p", config["copyright"], "year"))
    return page


def running_heads(chapters):
    """Yield the style that writes a chapter's title above each of its pages."""
    for page in chapters:
        head = page.h1.get_text().strip().replace('"', r"\"")
        page["style"] = f"page: chapter-{page['id']}"
        yield f'@page chapter-{page["id"]} {{ @top-center {{ content: "{head}"; }} }}'


def style_sheets():
    """Yield a link to each style sheet of a page with formulas."""
    text = (BUILT / "book" / "06_losses.html").read_text(encoding="utf-8")
    for link in BeautifulSoup(text, "html.parser").select("link[rel=stylesheet]"):
        yield f'<link rel="stylesheet" href="{link["href"].partition("?")[0]}">'


@without_cycles()
def assemble():
    """Return the whole book as one document."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    chapters = [(caption, [*map(read_page, part)]) for caption, part in parts()]
    pages = [page for _, part in chapters for page in part]
    heads = running_heads(pages)
    lines = ['<!doctype html><html lang="en" data-theme="light" data-mode="light">']
    lines += [f'<meta charset="utf-8"><title>{config["title"]}</title>']
    lines += [*style_sheets(), "<style>", STYLES.read_text(), *heads, "</style>"]
    lines += ['<main class="bd-content"><article class="bd-article">']
    lines += map(str, [title_page(config), contents(chapters), *pages])
    lines += ["</article></main>"]
    lines += [f'<script src="../_static/{name}"></script>' for name in SCRIPTS]
    return "\n".join(lines)


def number_pages(page, numbers):
    """Write page numbers into the links that ask for them."""
    page.evaluate(
        """numbers => document.querySelectorAll("a.page-of").forEach(link => {
            link.textContent = numbers[link.hash.slice(1)] ?? "000"; })""",
        numbers,
    )


def pages_of(pdf):
    """Return the page of each place that something in the PDF links to."""
    reader = PdfReader(pdf)
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def open_book(browser):
    """Open the whole book as one page, which is written beside the others."""
    source = BUILT / "book" / "print.html"
    source.write_text(assemble(), encoding="utf-8")
    page = browser.new_page(color_scheme="light")
    page.goto(source.as_uri())
    page.evaluate("document.fonts.ready.then(() => null)")
    source.unlink()
    return page


def bookmarks(outline):
    """Yield all bookmarks of an outline, whose parts are lists in it."""
    for part in outline:
        if isinstance(part, list):
            yield from bookmarks(part)
        else:
            yield part


def space_bookmarks(writer, titles):
    """Give bookmarks the spaces that the browser drops where a title is broken."""
    spaced = {"".join(title.split()): " ".join(title.split()) for title in titles}
    for mark in bookmarks(writer.outline):
        squeezed = "".join(mark.title.split())
        title = TextStringObject(spaced.get(squeezed, mark.title))
        mark.node[NameObject("/Title")] = title


def print_book(page, path):
    """Print the built book.

    Parameters
    ----------
    page : playwright Page
        As :func:`open_book` opens it.
    path : Path
        The PDF to write.
    """
    numbers, found = None, {}
    while numbers != found:
        numbers = found
        number_pages(page, numbers)
        page.pdf(
            path=path,
            prefer_css_page_size=True,
            print_background=True,
            outline=bool(numbers),  # pages break alike without, and sooner
            tagged=bool(numbers),
        )
        found = pages_of(path)
    add_titles(path, page)


@without_cycles()
def add_titles(path, page):
    """Write title, author and whole bookmarks into the PDF, behind all the rest."""
    titles = page.locator("h1, h2, h3, h4").all_text_contents()
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    writer = PdfWriter(path, incremental=True)
    space_bookmarks(writer, titles)
    writer.add_metadata({"/Title": config["title"], "/Author": config["author"]})
    writer.write(path)


def main():
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it counts objects
    path = ROOT / "_build" / "discrete-letters.pdf"
    with sync_playwright() as playwright:
        browser = start_browser(playwright)
        if not browser:
            sys.exit(f"make pdf needs a browser: none of {', '.join(BROWSERS)} is here")
        print_book(open_book(browser), path)
        browser.close()
    pages, size = len(PdfReader(path).pages), path.stat().st_size
    print(f"{path}: {pages} pages, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
