"""Pages as a screen reader and weak eyes meet them: axe finds nothing to mend."""

import re

import pytest

from tests.test_pages import BUILT, PAGES

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

# Contrast, which takes longest, is all that a theme can change.
RULES = {
    ("light", 360): {"rules": {"color-contrast": {"enabled": False}}},
    ("light", 1280): {"rules": {"label-content-name-mismatch": {"enabled": True}}},
    ("dark", 360): {"runOnly": ["color-contrast", "link-in-text-block"]},
}
NAMES = [*PAGES, "search"]
# Pages of functions are alike: two of them stand for all where time counts.
ALIKE = [name for name in PAGES if re.search(r"functions/(?!index|quantizer)", name)]
LOOKS = [
    (name, *look)
    for name in NAMES
    for look in RULES
    if look == ("light", 1280) or name not in ALIKE
]
# A shadow at the edge would hide from axe what lies behind a text.
PLAIN = "* { background-image: none !important; }"


def shown_whole(page, name):
    """Open a page, and all that is folded on it."""
    page.goto((BUILT / f"{name}.html").as_uri())
    page.add_style_tag(content=PLAIN)
    page.evaluate(
        "document.querySelectorAll('details').forEach(fold => (fold.open = true));"
        "document.querySelectorAll('.toggle-button-hidden').forEach("
        "button => button.click())"
    )
    page.wait_for_timeout(500)  # until the theme knows what scrolls


@pytest.mark.parametrize(("name", "theme", "width"), LOOKS)
def test_axe_finds_nothing_to_mend(chromium, name, theme, width):
    page = chromium.new_page(
        color_scheme=theme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    shown_whole(page, name)
    assert page.locator("html").get_attribute("data-theme") == theme
    options = {"resultTypes": ["violations"], **RULES[theme, width]}
    found = axe.Axe().run(page, options=options).response["violations"]
    page.close()
    assert not [
        f"{wrong['impact']} {wrong['id']}: {node['html'][:200]}"
        for wrong in found
        for node in wrong["nodes"]
        if wrong["impact"] != "minor"
    ]
