"""Pages as a screen reader and weak eyes meet them: axe finds nothing to mend."""

import re

from axe_playwright_python import sync_playwright as axe

# Contrast, which takes longest, is all that a theme can change, and no width can. What
# a width changes is the frame around a text, which is every page's, and what scrolls.
CONTRAST = ["color-contrast", "link-in-text-block"]
RULES = {
    ("light", 1280): {"rules": {"label-content-name-mismatch": {"enabled": True}}},
    ("light", 360): {"runOnly": ["scrollable-region-focusable"]},
    ("dark", 360): {"runOnly": CONTRAST},
}
FRAMED = "/(intro|glossary|04_quantizer|functions/quantizer|search).html"
FRAME = {"rules": {rule: {"enabled": False} for rule in CONTRAST}}
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


def looks_at(address):
    """List themes and widths in which a page is looked at."""
    # Pages of functions are alike: two of them stand for all where time counts.
    alike = re.search(r"functions/(?!index|quantizer)", address)
    return [look for look in RULES if look == ("light", 1280) or not alike]


def show_whole(page):
    """Open all that is folded on a page, as axe sees it, and bring axe."""
    page.emulate_media(reduced_motion="reduce")
    page.mouse.move(0, 0)
    page.add_style_tag(content=PLAIN)
    page.evaluate(
        "document.activeElement.blur();"
        "document.querySelectorAll('details').forEach(fold => (fold.open = true));"
        "document.querySelectorAll('.toggle-button-hidden').forEach("
        "button => button.click())"
    )
    page.evaluate(axe.Axe().axe_script)
    page.evaluate(FIRST_OF_ALIKE)


def what_axe_finds(page, theme, width):
    """Look at a page that is shown whole; a line for each place to mend."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function(REACHED)
    page.wait_for_function(FOLLOWED, arg=theme)
    asked = ASKED[theme, width]
    asked.update(page.evaluate(MARK_ALIKE, [*asked]))
    framed = (theme, width) == ("light", 360) and re.search(FRAMED, page.url)
    options = {"resultTypes": ["violations"]}
    options |= FRAME if framed else RULES[theme, width]
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        f"{theme}, {width}: {wrong['impact']} {wrong['id']}: {node['html'][:200]}"
        for wrong in found
        for node in wrong["nodes"]
        if wrong["impact"] != "minor"
    ]
