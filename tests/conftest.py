"""A real browser for what happens in a page; coverage for what traces by itself."""

import json
from functools import cache
from pathlib import Path

import coverage
import pytest

from scripts.browsers import BROWSERS, start_browser

MINUTES = Path(__file__).parents[1] / "book" / "minutes.json"
# Seconds that the longest files take, two at a time, roughly, by hand; chapters have
# theirs on record. One of them, begun last, would keep a core waiting.
SECONDS = {
    **{"test_pages": 205, "test_play": 83, "test_replicas": 80, "test_paper": 78},
    **{"test_weights": 69, "test_runs_hardened": 57, "test_command_line": 47},
    **{"test_checks": 43, "test_quantizer_layers": 35, "test_faults": 34},
    **{"test_streamed": 34, "test_lab": 34, "test_exercises": 32, "test_runs": 29},
    **{"test_book": 28, "test_health": 25, "test_one_shape": 20, "test_look": 20},
    **{"test_draw": 20, "test_photographs": 19, "test_fuzz": 14, "test_api": 14},
    **{"museum": 12},
}


@cache
def seconds_of(stem):
    """Return how long a file takes, of tests or a chapter; 0 where it is not known."""
    recorded = json.loads(MINUTES.read_text()).get(stem, {"seconds": 0})
    return SECONDS.get(stem, recorded["seconds"])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Begin with what takes longest; mark what needs a browser."""
    items.sort(key=lambda item: -seconds_of(item.path.stem))
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="module")
def chromium():
    """Start the machine's Chromium, or Playwright's; without one, tests are skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright")
    with playwright.sync_playwright() as running:
        browser = start_browser(running)
        if not browser:
            pytest.skip(f"needs a browser: {', '.join(BROWSERS)}, or Playwright's own")
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """Open an empty page that must stay silent and fetch nothing from elsewhere."""
    page = chromium.new_page(viewport={"width": 800, "height": 900})
    heard = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url))
    yield page
    page.close()
    assert not [line for line in heard if not line.startswith(("file:", "data:"))]


@pytest.fixture
def measured_again():
    """Measure coverage anew behind a test in which a check traces on its own."""
    yield
    measuring = coverage.Coverage.current()
    if measuring:
        measuring.stop()
        measuring.start()
