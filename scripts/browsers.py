"""Find a browser for the pages: the machine's Chromium, or Playwright's own."""

import shutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_browser(playwright):
    """Return the path of the first browser that is here, or None."""
    own = playwright.chromium.executable_path
    return next(filter(None, map(shutil.which, [*BROWSERS, own])), None)
