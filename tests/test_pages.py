"""Pages of the built book in a real browser: silent, whole, and on their own."""

import io
import json
import re
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import nbformat
import numpy as np
import pytest
from PIL import Image

BUILT = Path(__file__).parents[1] / "_build" / "html"
INDEX = BUILT / "searchindex.js"
MOST = 1_500_000  # bytes of a page; a server may send them packed
WIDTHS = (360, 768, 1440)
FOLDS = "article details > summary, .admonition .toggle-button"

pytestmark = pytest.mark.skipif(
    not INDEX.is_file(), reason="needs the built book: make book"
)


def names_of_pages():
    """Read which pages the last build has made; older ones may lie beside them."""
    if not INDEX.is_file():
        return []
    return json.loads(re.search(r"\{.*\}", INDEX.read_text(), re.DOTALL)[0])["docnames"]


PAGES = sorted(names_of_pages())
CHAPTERS = [name for name in PAGES if re.match(r"book/\d", name)]


@pytest.fixture(scope="module", params=[*PAGES, "search"])
def opened(chromium, request):
    """Open a page once for all tests that leave it as they find it."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.heard, page.asked = [], []
    page.on("console", lambda said: said.type != "log" and page.heard.append(said.text))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("requestfailed", lambda request: page.heard.append(request.url))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto((BUILT / f"{request.param}.html").as_uri())
    yield page
    page.close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *words):
        """Say nothing about what is asked for."""


@pytest.fixture(scope="module")
def served():
    """Serve the built book as `make serve` does; gives its address."""
    handler = partial(QuietHandler, directory=BUILT)
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=["file", "server"])
def address(request):
    """Give the address of the book, on the disk and served."""
    if request.param == "file":
        return BUILT.as_uri()
    return request.getfixturevalue("served")


def test_a_page_is_light(opened):
    asked = {urlsplit(url) for url in opened.asked}
    files = {Path(unquote(url.path)) for url in asked if url.scheme == "file"}
    page = Path(unquote(urlsplit(opened.url).path))
    assert page.stat().st_size < sum(file.stat().st_size for file in files) <= MOST


def test_a_page_fits_phones_and_screens(opened):
    for width in WIDTHS:
        opened.set_viewport_size({"width": width, "height": 800})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_all_mathematics_of_a_page_is_set(opened):
    formulas = opened.locator(".math").count()
    assert opened.locator(".math > :is(.katex, .katex-display)").count() == formulas
    assert opened.locator(".math math").count() == formulas  # for a screen reader
    assert opened.locator(".katex-error").count() == 0


def test_what_is_raised_or_lowered_in_a_formula_is_smaller(opened):
    sizes = opened.evaluate(
        """() => {
        const size = (one) => parseFloat(getComputedStyle(one).fontSize);
        const small = [...document.querySelectorAll(".katex .msupsub .size3")];
        return small.map((one) => [size(one), size(one.closest(".katex"))]);
        }"""
    )
    assert all(small < base for small, base in sizes)


class Marks(HTMLParser):
    """What a page can be linked at, and what it links to."""

    def __init__(self, text):
        super().__init__()
        self.names, self.links = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        self.names |= {about.get("id"), about.get("name")}
        self.links |= {about.get("href"), about.get("src")} - {None, ""}


@cache
def marks(path):
    return Marks(path.read_text(encoding="utf-8"))


def why_dead(page, link):
    """Say what is wrong with a link of a page; None where it leads somewhere."""
    scheme, _, path, _, anchor = urlsplit(link)
    if scheme:
        return None
    target = (page.parent / unquote(path)).resolve() if path else page
    if not target.is_file():
        return f"{link}: no such file"
    if anchor and target.suffix == ".html" and anchor not in marks(target).names:
        return f"{link}: no such place on the page"


@pytest.mark.parametrize("name", [*PAGES, "search", "index"])
def test_all_links_inside_the_book_lead_somewhere(name):
    page = BUILT / f"{name}.html"
    found = marks(page)
    assert found.links or name == "index"
    assert not [dead for link in found.links if (dead := why_dead(page, link))]


WITH_FIGURES = """() => {
  // All that is folded is opened, and every picture loaded, before it is looked at.
  document.querySelectorAll("details").forEach((fold) => (fold.open = true));
  document.querySelectorAll(".toggle-button-hidden").forEach((one) => one.click());
  const seen = [...document.images].filter((image) => image.checkVisibility());
  return Promise.all(seen.map((image) => ((image.loading = "eager"), image.decode())));
}"""
PLACES = """() => [...document.querySelectorAll("article :is(img, svg)")]
  .filter((figure) => figure.checkVisibility() && !figure.closest("a, button"))
  .map((figure) => figure.getBoundingClientRect())
  .filter((box) => box.width > 60 && box.height > 60)
  .map((box) => [box.left, box.top + scrollY, box.right, box.bottom + scrollY])
  .map((places) => places.map((place) => place * devicePixelRatio))"""


def shares_of_white(page):
    """Measure how much of each visible figure is as white as a card."""
    page.evaluate(WITH_FIGURES)
    places = page.evaluate(PLACES)
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    return [np.mean(np.min(shot.crop(place), axis=2) > 236) for place in places]


def twins_seen(page):
    """Count the visible pictures of each theme."""
    return [
        page.locator(f".twins img.only-{theme}:visible").count()
        for theme in ("light", "dark")
    ]


@pytest.mark.parametrize("name", [*CHAPTERS, "book/intro"])
def test_in_the_dark_all_figures_are_dark_until_the_button_is_pressed(chromium, name):
    page = chromium.new_page(
        color_scheme="dark",
        reduced_motion="reduce",
        viewport={"width": 1280, "height": 900},
        device_scale_factor=0.25,
    )
    page.goto((BUILT / f"{name}.html").as_uri())
    white = shares_of_white(page)
    assert white
    assert max(white) < 0.2
    light, dark = twins_seen(page)
    assert (light, dark) == (0, page.locator(".twins").count())
    button = page.locator(".theme-switch-button:visible")
    html = page.locator("html")
    while html.get_attribute("data-mode") != "light":
        button.click()
    assert twins_seen(page) == [dark, 0]
    while html.get_attribute("data-mode") != "dark":
        button.click()
    assert twins_seen(page) == [0, dark]
    page.close()


def read_download(page, path):
    """Press the button of a chapter; name and content of the notebook it gives."""
    page.get_by_role("button", name="Download this page").click()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name=".ipynb").click()
    downloaded.value.save_as(path)
    return downloaded.value.suggested_filename, nbformat.read(path, as_version=4)


def test_served_pages_miss_nothing_and_give_their_notebooks(chromium, served, tmp_path):
    with chromium.new_context() as context:
        page, missing = context.new_page(), []
        page.on("response", lambda got: got.status < 400 or missing.append(got.url))
        page.goto(f"{served}/index.html")
        page.wait_for_url("**/book/intro.html")
        for name in [*CHAPTERS[::4], "book/glossary", "search"]:
            page.goto(f"{served}/{name}.html")
            if name in CHAPTERS:
                file, notebook = read_download(page, tmp_path / "chapter.ipynb")
                assert file == f"{Path(name).name}.ipynb"
                nbformat.validate(notebook)
        page.wait_for_timeout(300)
        icons = page.evaluate(
            "[...document.querySelectorAll('link[rel~=icon]')].map(one => one.href)"
        )
        assert [page.request.get(icon).status for icon in icons] == [200]
    assert not missing


def test_search_leads_to_a_page(chromium, address):
    page, heard = chromium.new_page(), []
    page.goto(f"{address}/{CHAPTERS[-1]}.html")
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.keyboard.press("Control+k")
    page.keyboard.type("codebook")
    page.keyboard.press("Enter")
    page.get_by_text(re.compile(r"found \d+ page")).wait_for()
    results = page.locator("#search-results a")
    assert results.count() > 5
    results.first.click()
    page.wait_for_url(re.compile("/book/"))
    assert "codebook" in page.locator("article").inner_text().lower()
    page.close()
    assert not heard


def test_from_a_file_the_button_opens_the_notebook_on_the_disk(chromium):
    name = CHAPTERS[0]
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto((BUILT / f"{name}.html").as_uri())
        page.get_by_role("button", name="Download this page").click()
        with context.expect_page() as shown:
            page.get_by_role("link", name=".ipynb").click()
        assert shown.value.url == (BUILT / "_sources" / f"{name}.ipynb").as_uri()
        shown.value.wait_for_load_state()
        text = shown.value.locator("body").inner_text()
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_every_figure_to_play_with_lives(opened):
    for figure in opened.locator(".play").all():
        assert figure.evaluate("figure => figure.state !== undefined")
        assert figure.locator("button").first.is_visible()


def test_figures_to_play_with_are_entered_and_left_by_tab(opened):
    for figure in opened.locator(".play").all():
        assert figure.get_attribute("aria-label")
        figure.evaluate(
            "figure => figure.insertAdjacentHTML("
            "'beforebegin', '<button class=before></button>')"
        )
        opened.locator("button.before").focus()
        inside = "figure => figure.contains(document.activeElement)"
        opened.keyboard.press("Tab")
        assert figure.evaluate(inside)
        presses = 0
        while figure.evaluate(inside):
            opened.keyboard.press("Tab")
            presses += 1
            assert presses < 60
        opened.locator("button.before").evaluate("button => button.remove()")


# What a reader sees of each fold: whether it is open, and what its line says.
SEEN = """folds => folds.map((fold) => {
  const content = fold.closest(".admonition")
    .querySelector(":scope > :not(summary, button, .admonition-title)");
  const { width, height } = content.getBoundingClientRect();
  const seen = content.checkVisibility({ visibilityProperty: true });
  return {
    open: seen && width * height > 0,
    says: [fold.innerText.trim(), fold.ariaExpanded, fold.dataset.toggleHint].join(),
  };
})"""
# A mouse presses what lies over the middle of a fold; here no picture is waited for.
PRESS_TWICE = f"""folds => folds.map((fold) => {{
  fold.scrollIntoView({{ block: "center" }});
  const {{ x, y, width, height }} = fold.getBoundingClientRect();
  return [1, 2].map(() => {{
    const pressed = document.elementFromPoint(x + width / 2, y + height / 2);
    const click = new MouseEvent("click", {{ bubbles: true, cancelable: true }});
    pressed.dispatchEvent(click);
    return {{ reached: fold.contains(pressed), ...({SEEN})([fold])[0] }};
  }});
}})"""


def press_by_keys(page, kind, *keys):
    """Press the first folds of a kind, each with a key; a scroll would be drawn."""
    for fold, key in zip(page.query_selector_all(kind), keys, strict=False):
        fold.evaluate("fold => fold.focus({ preventScroll: true })")
        page.keyboard.press(key)


def test_solutions_and_answers_open_and_close(opened):
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.emulate_media(reduced_motion="reduce")
    if opened.locator(".admonition.dropdown").count():
        opened.locator(".toggle-button").first.wait_for()
    folds = opened.locator(FOLDS)
    closed = folds.evaluate_all(SEEN)
    assert not any(fold["open"] for fold in closed)
    pressed = folds.evaluate_all(PRESS_TWICE)
    for (once, twice), before in zip(pressed, closed, strict=True):
        assert once["reached"]
        assert once["open"]
        assert once["says"] != before["says"]
        assert twice == {"reached": True, **before}
    for kind in FOLDS.split(", "):
        few = opened.locator(kind)
        press_by_keys(opened, kind, "Space", "Enter")
        assert all(fold["open"] for fold in few.evaluate_all(SEEN)[:2])
        press_by_keys(opened, kind, "Enter", "Space")
        for _ in range(2 * bool(few.count())):
            before = few.first.evaluate(f"fold => ({SEEN})([fold])[0].open")
            few.first.click()
            assert few.first.evaluate(f"fold => ({SEEN})([fold])[0].open") != before
    assert folds.evaluate_all(SEEN) == closed


# The last two: the page has been played with, and what axe needs is added to it.


def test_a_page_is_silent_and_asks_for_nothing_from_elsewhere(opened):
    assert not opened.heard
    foreign = [url for url in opened.asked if not url.startswith(("file:", "data:"))]
    assert not foreign


def test_axe_finds_nothing_to_mend(opened):
    access = pytest.importorskip("tests.access", exc_type=ImportError)
    access.show_whole(opened)
    for look in access.looks_at(opened.url):
        assert not access.what_axe_finds(opened, *look)
