"""Start a browser for the pages: the machine's Chromium, or Playwright's own."""

import shutil

# The one without windows opens a page with half the work.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Letters are as wide in each of them.
ARGUMENTS = ["--no-sandbox", "--font-render-hinting=none"]


def start_browser(playwright):
    """Start the first browser that is here; None where there is none."""
    own = playwright.chromium.executable_path
    found = next(filter(None, map(shutil.which, [*BROWSERS, own])), None)
    if found:
        return playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
