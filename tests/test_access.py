"""Pages as a screen reader and weak eyes meet them: axe finds nothing to mend."""

import re

import pytest

from tests.test_pages import BUILT, PAGES

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

# Contrast, which takes longest, is all that a theme can change, and no width can.
CONTRAST = ["color-contrast", "link-in-text-block"]
RULES = {
    ("light", 1280): {"rules": {"label-content-name-mismatch": {"enabled": True}}},
    ("light", 360): {"rules": {rule: {"enabled": False} for rule in CONTRAST}},
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
FOLLOWED = "theme => document.documentElement.dataset.theme === theme"
# Texts that look alike, from the root of the page on, have one contrast: the first is
# asked, on the first page that has it. What is not drawn speaks for no other text.
MARK_ALIKE = """asked => {
  const looks = new Map([[null, ""]]), seen = new Set(asked), fresh = [];
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
  for (const one of document.querySelectorAll("html, html *")) {
    const { color, backgroundColor, fontSize, fontWeight, opacity, textShadow } =
      getComputedStyle(one);
    const own = [color, backgroundColor, fontSize, fontWeight, opacity, textShadow];
    const look = `${looks.get(one.parentElement)};${own}`;
    looks.set(one, look);
    delete one.dataset.alike;
    if (![...one.childNodes].some(isText)) continue;
    const { right, bottom, width, height } = one.getBoundingClientRect();
    if (right + scrollX < 0 || bottom + scrollY < 0 || width * height < 9) continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    if (seen.has(look)) one.dataset.alike = "";
    else fresh.push(look), seen.add(look);
  }
  return fresh;
}"""
ASKED = {look: set() for look in RULES}

FIRST_OF_ALIKE = """axe.configure({
  rules: [{ id: "color-contrast", selector: "*:not([data-alike])" }],
})"""


def open_whole(chromium, name):
    """Open a page, and all that is folded on it."""
    page = chromium.new_page(
        color_scheme="light",
        reduced_motion="reduce",
        viewport={"width": 1280, "height": 900},
    )
    page.goto((BUILT / f"{name}.html").as_uri())
    page.add_style_tag(content=PLAIN)
    page.evaluate(
        "document.querySelectorAll('details').forEach(fold => (fold.open = true));"
        "document.querySelectorAll('.toggle-button-hidden').forEach("
        "button => button.click())"
    )
    page.evaluate(axe.Axe().axe_script)
    page.evaluate(FIRST_OF_ALIKE)
    return page


@pytest.fixture(scope="module")
def whole(chromium):
    """Give a function that opens a page once for every look at it."""
    opened = {}

    def opening(name):
        if name not in opened:
            for page in opened.values():
                page.close()
            opened.clear()
            opened[name] = open_whole(chromium, name)
        return opened[name]

    return opening


@pytest.mark.parametrize(("name", "theme", "width"), LOOKS)
def test_axe_finds_nothing_to_mend(whole, name, theme, width):
    page = whole(name)
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function(REACHED)
    page.wait_for_function(FOLLOWED, arg=theme)
    asked = ASKED[theme, width]
    asked.update(page.evaluate(MARK_ALIKE, [*asked]))
    options = {"resultTypes": ["violations"], **RULES[theme, width]}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    assert not [
        f"{wrong['impact']} {wrong['id']}: {node['html'][:200]}"
        for wrong in found
        for node in wrong["nodes"]
        if wrong["impact"] != "minor"
    ]
