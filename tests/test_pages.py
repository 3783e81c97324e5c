"""Pages of the built book in a real browser: silent, whole, and on their own."""

from pathlib import Path

import pytest

BOOK = Path(__file__).parents[1] / "book"
BUILT = BOOK.parent / "_build" / "html"
PAGES = sorted(
    page
    for page in BUILT.glob("book/*.html")
    if [*BOOK.glob(f"{page.stem}.ipynb"), *BOOK.glob(f"{page.stem}.md")]
)
WIDTHS = (360, 768, 1440)

pytestmark = pytest.mark.skipif(not PAGES, reason="needs the built book: make book")


@pytest.fixture(params=[path.stem for path in PAGES])
def path(request):
    return BUILT / "book" / f"{request.param}.html"


def test_a_page_is_silent_and_asks_for_nothing_from_elsewhere(chromium, path):
    page, heard, asked = chromium.new_page(), [], []
    page.on("console", lambda said: said.type != "log" and heard.append(said.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("requestfailed", lambda request: heard.append(request.url))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_timeout(300)
    page.close()
    assert not heard
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]


def test_a_page_fits_phones_and_screens(chromium, path):
    page = chromium.new_page()
    page.goto(path.as_uri())
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_all_mathematics_of_a_page_is_set(chromium, path):
    page = chromium.new_page()
    page.goto(path.as_uri())
    formulas = page.locator(".math").count()
    assert page.locator(".math > :is(.katex, .katex-display)").count() == formulas
    assert page.locator(".math math").count() == formulas  # for a screen reader
    assert page.locator(".katex-error").count() == 0
    page.close()


def test_every_figure_to_play_with_lives(chromium, path):
    page = chromium.new_page()
    page.goto(path.as_uri())
    for figure in page.locator(".play").all():
        assert figure.evaluate("figure => figure.state !== undefined")
        assert figure.locator("button").first.is_visible()
    page.close()
