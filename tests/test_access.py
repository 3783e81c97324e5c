"""Pages as a screen reader and weak eyes meet them: axe finds nothing to mend."""

from pathlib import Path

import pytest
from tests.test_pages import BUILT, PAGES

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

WIDTHS = (360, 1280)
# Contrast is all that a theme can change. A shadow at the edge hides a background.
RULES = {
    "light": {"rules": {"label-content-name-mismatch": {"enabled": True}}},
    "dark": {"runOnly": ["color-contrast", "link-in-text-block"]},
}
PLAIN = "* { background-image: none !important; }"


def shown_whole(page, name, theme):
    """Open a page in a theme, and all that is folded on it."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto((BUILT / f"{name}.html").as_uri())
    page.evaluate("window.MathJax?.startup.promise.then(() => null)")
    page.add_style_tag(content=PLAIN)
    page.evaluate(
        "document.querySelectorAll('details').forEach(fold => (fold.open = true));"
        "document.querySelectorAll('.toggle-hidden').forEach("
        "fold => fold.classList.remove('toggle-hidden'))"
    )


@pytest.mark.parametrize("theme", RULES)
@pytest.mark.parametrize("name", [*PAGES, "search", "genindex"])
def test_axe_finds_nothing_to_mend(chromium, name, theme):
    page = chromium.new_page()
    shown_whole(page, name, theme)
    assert page.locator("html").get_attribute("data-theme") == theme
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        options = {"resultTypes": ["violations"], **RULES[theme]}
        found += axe.Axe().run(page, options=options).response["violations"]
    page.close()
    assert not [
        f"{wrong['impact']} {wrong['id']}: {node['html'][:200]}"
        for wrong in found
        for node in wrong["nodes"]
    ]
