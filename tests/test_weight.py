"""What a page weighs: all that a browser reads of the book before it is shown."""

from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

BUILT = Path(__file__).parents[1] / "_build" / "html"
PAGES = sorted(BUILT.glob("book/**/*.html"))
MOST = 1_500_000  # bytes, as they lie in the folder: a server may send them packed

pytestmark = pytest.mark.skipif(not PAGES, reason="needs the built book: make book")


def weight(browser, page):
    """Bytes of a page and of each file it asks for until it has come to rest."""
    asked = set()
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.on("request", lambda request: asked.add(urlparse(request.url)))
    opened.goto(page.as_uri())
    opened.wait_for_load_state("networkidle")
    opened.close()
    files = {Path(unquote(url.path)) for url in asked if url.scheme == "file"}
    return sum(file.stat().st_size for file in files)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_light(chromium, page):
    assert page.stat().st_size < weight(chromium, page) <= MOST


def test_the_whole_book_is_light_and_holds_what_its_pages_name():
    files = [path for path in BUILT.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 25_000_000
    assert not [path for path in files if path.suffix == ".map"]
    assert not [path for path in files if "mathjax" in path.as_posix()]


def test_every_icon_of_a_page_is_drawn(chromium):
    page = chromium.new_page()
    page.goto(PAGES[0].as_uri())
    icons = page.locator("i[class*='fa-']")
    assert icons.count() > 5
    for icon in icons.all():
        letter = icon.evaluate("icon => getComputedStyle(icon, '::before').content")
        assert letter not in ("none", "normal")
    assert page.evaluate("document.fonts.check('900 16px \"Font Awesome 6 Free\"')")
    page.close()
