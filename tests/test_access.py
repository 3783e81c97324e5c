"""Pages as a screen reader and weak eyes meet them: axe finds nothing to mend."""

import re

import pytest

from tests.test_pages import BUILT, PAGES

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

# Contrast, which takes longest, is all that a theme can change, and no width can.
CONTRAST = ["color-contrast", "link-in-text-block"]
RULES = {
    ("light", 360): {"rules": {rule: {"enabled": False} for rule in CONTRAST}},
    ("light", 1280): {"rules": {"label-content-name-mismatch": {"enabled": True}}},
    ("dark", 360): {"runOnly": CONTRAST},
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
# The theme lets a keyboard reach what scrolls, a moment after the window has changed.
REACHED = """() => [...document.querySelectorAll("article pre")]
  .every((one) => one.scrollWidth <= one.clientWidth || one.tabIndex === 0)"""
# Texts that look alike have one contrast: of those without parts, the first is asked.
MARK_ALIKE = """() => {
  const looks = new Map([[null, ""]]), seen = new Set();
  for (const one of document.querySelectorAll("html, html *")) {
    const { color, backgroundColor, fontSize, fontWeight, opacity, textShadow } =
      getComputedStyle(one);
    const own = [color, backgroundColor, fontSize, fontWeight, opacity, textShadow];
    const look = `${looks.get(one.parentElement)};${own}`;
    looks.set(one, look);
    delete one.dataset.alike;
    if (one.childElementCount || !one.checkVisibility()) continue;
    if (seen.has(look)) one.dataset.alike = "";
    else if (one.textContent.trim()) seen.add(look);
  }
}"""

FIRST_OF_ALIKE = """axe.configure({
  rules: [{ id: "color-contrast", selector: "*:not([data-alike])" }],
})"""


@pytest.fixture(scope="module")
def whole(chromium, request):
    """Open a page, and all that is folded on it, for every look at it."""
    page = chromium.new_page(
        color_scheme="light",
        reduced_motion="reduce",
        viewport={"width": 1280, "height": 900},
    )
    page.goto((BUILT / f"{request.param}.html").as_uri())
    page.add_style_tag(content=PLAIN)
    page.evaluate(
        "document.querySelectorAll('details').forEach(fold => (fold.open = true));"
        "document.querySelectorAll('.toggle-button-hidden').forEach("
        "button => button.click())"
    )
    page.evaluate(axe.Axe().axe_script)
    page.evaluate(FIRST_OF_ALIKE)
    yield page
    page.close()


@pytest.mark.parametrize(("whole", "theme", "width"), LOOKS, indirect=["whole"])
def test_axe_finds_nothing_to_mend(whole, theme, width):
    whole.emulate_media(color_scheme=theme)
    whole.set_viewport_size({"width": width, "height": 900})
    whole.wait_for_function(REACHED)
    assert whole.locator("html").get_attribute("data-theme") == theme
    whole.evaluate(MARK_ALIKE)
    options = {"resultTypes": ["violations"], **RULES[theme, width]}
    found = whole.evaluate("options => axe.run(options)", options)["violations"]
    assert not [
        f"{wrong['impact']} {wrong['id']}: {node['html'][:200]}"
        for wrong in found
        for node in wrong["nodes"]
        if wrong["impact"] != "minor"
    ]
