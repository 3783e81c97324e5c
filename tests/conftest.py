"""A real browser for what happens in a page; coverage for what traces by itself."""

import coverage
import pytest

from scripts.browsers import BROWSERS, find_browser

# Files whose tests take longest, by hand: begun last, one would keep a core waiting.
LONGEST = (
    *("test_checks", "test_pages", "test_access", "test_play", "test_paper"),
    *("test_book", "test_runs", "test_command_line", "test_weights", "test_lab"),
    *("test_prior", "test_grid", "test_health", "test_vae", "test_exercises"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Begin with what takes longest; mark what needs a browser."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
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
