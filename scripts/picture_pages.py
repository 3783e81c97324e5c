"""Keep a picture of every page of the built book, narrow and wide, light and dark."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "_build" / "html" / "book"
PICTURES = ROOT / "_build" / "screenshots"


def picture(browser, theme, width):
    with browser.new_context(
        color_scheme=theme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    ) as context:
        page = context.new_page()
        for path in sorted(PAGES.glob("*.html")):
            page.goto(path.as_uri())
            name = f"{path.stem}-{width}-{theme}.png"
            page.screenshot(path=PICTURES / name, full_page=True)


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=shutil.which("chromium"),  # else Playwright's own
            args=["--no-sandbox", "--hide-scrollbars"],
        )
        for theme in ("light", "dark"):
            for width in (360, 1280):
                picture(browser, theme, width)
        browser.close()
    print(f"The pictures are in {PICTURES}")


if __name__ == "__main__":
    main()
