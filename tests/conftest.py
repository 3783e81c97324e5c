"""A real browser for what happens in a page; coverage for what traces by itself."""

import json
from functools import cache
from pathlib import Path

import coverage
import pytest

from scripts.browsers import BROWSERS, find_browser

MINUTES = Path(__file__).parents[1] / "book" / "minutes.json"
# Seconds of a processor that the longest files take, roughly, by hand; chapters have
# theirs on record. One of them, begun last, would keep a core waiting.
SECONDS = {
    **{"test_pages": 200, "test_checks": 60, "test_play": 80},
    **{"test_weights": 68, "test_runs_hardened": 53, "test_paper": 51, "test_lab": 50},
    **{"test_book": 45, "test_runs": 45, "test_command_line": 45, "test_draw": 40},
    **{"test_quantizer_layers": 37, "test_prior": 30, "test_grid": 30, "test_vae": 30},
    **{"test_health": 25, "test_exercises": 25, "test_faults": 50, "test_streamed": 45},
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
        found = find_browser(running)
        if not found:
            pytest.skip(f"needs a browser: {', '.join(BROWSERS)}, or Playwright's own")
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
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
