"""A real browser for what happens in a page; coverage for what traces by itself."""

import coverage
import pytest

from scripts.browsers import BROWSERS, find_browser


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what needs a browser, so that `make test-browser` runs just that."""
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
