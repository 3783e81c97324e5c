"""Keep a picture of every page of the built book, narrow and wide, light and dark."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts.browsers import start_browser

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "_build" / "html" / "book"
PICTURES = ROOT / "_build" / "screenshots"
# A picture is loaded once a reader comes near; here nobody does.
LOAD_ALL = """() => Promise.all([...document.images]
  .filter((image) => image.checkVisibility())
  .map((image) => ((image.loading = "eager"), image.decode())))"""


def picture(browser, theme, width):
    with browser.new_context(
        color_scheme=theme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    ) as context:
        page = context.new_page()
        for path in sorted(PAGES.rglob("*.html")):
            page.goto(path.as_uri())
            page.evaluate(LOAD_ALL)
            of_page = "-".join(path.relative_to(PAGES).with_suffix("").parts)
            name = f"{of_page}-{width}-{theme}.png"
            page.screenshot(path=PICTURES / name, full_page=True)


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as running:
        browser = start_browser(running)
        for theme in ("light", "dark"):
            for width in (360, 1280):
                picture(browser, theme, width)
        browser.close()
    print(f"The pictures are in {PICTURES}")


if __name__ == "__main__":
    main()
