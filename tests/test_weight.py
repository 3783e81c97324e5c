"""What the book weighs, and that its icons are among what it brings."""

from pathlib import Path

import pytest

BUILT = Path(__file__).parents[1] / "_build" / "html"
PAGES = sorted(BUILT.glob("book/**/*.html"))

pytestmark = pytest.mark.skipif(not PAGES, reason="needs the built book: make book")


def test_the_whole_book_is_light_and_holds_what_its_pages_name():
    files = [path for path in BUILT.rglob("*") if path.is_file()]
    chapters = [*BUILT.glob("book/[0-9]*.html")]
    # As light as the heaviest page may be, for each chapter with its notebook.
    assert sum(path.stat().st_size for path in files) < 1_500_000 * len(chapters)
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
