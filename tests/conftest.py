"""A real browser for what happens in a page; coverage for what traces by itself."""

import json
from functools import cache
from pathlib import Path

import coverage
import pytest

from scripts.browsers import BROWSERS, start_browser

MINUTES = Path(__file__).parents[1] / "book" / "minutes.json"
# Seconds of a processor that the longest files take, roughly, by hand; chapters have
# theirs on record. One of them, begun last, would keep a core waiting.
SECONDS = {
    **{"test_pages": 190, "test_weights": 65, "test_play": 90, "test_replicas": 75},
    **{"test_paper": 55, "test_checks": 50, "test_streamed": 50, "test_faults": 48},
    **{"test_command_line": 48, "test_exercises": 48, "test_runs_hardened": 45},
    **{"test_lab": 45, "test_quantizer_layers": 38, "test_book": 35, "test_draw": 30},
    **{"test_look": 30, "test_runs": 30, "test_one_shape": 25, "test_plots": 25},
    **{"museum": 24, "test_fuzz": 20, "test_photographs": 20, "test_health": 18},
    **{"test_model": 17, "test_write": 15, "test_api": 15, "test_exchange": 14},
    **{"test_packing": 13, "test_quantizer": 13},
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
