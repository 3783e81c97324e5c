"""Ship of the theme what the pages use: a page is to be read soon, also far away.

The theme's icons come as a font, so the script that would draw them goes, and of font
and style sheet the icons that no page shows. Search loads its index where it searches.
"""

import re
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

DESIGN = ("sphinx-design", "design-tabs")
SCRIPT = '<script [^>]*src="[^"]*{}[^"]*"></script>'
ICONS = SCRIPT.format(r"scripts/fontawesome\.js")
SEARCH = SCRIPT.format(r"(?:searchtools|language_data|searchindex)\.js")
NAME = r"\.fa-[\w-]+:before"
RULE = re.compile(rf'({NAME}(?:,{NAME})*)\{{content:"\\([0-9a-f]+)"\}}')
FONT = r'url\(\.\./vendor/fontawesome/webfonts/fa-solid-900\.woff2\) ?format\("woff2"\)'
SUBSET = 'url(../vendor/fontawesome/webfonts/icons.woff) format("woff")'


def drop_unused(app, pagename, templatename, context, doctree):
    """Leave out what serves cards and tabs in a page that has none."""
    if 'class="sd-' not in context.get("body", ""):
        for kind in ("css_files", "script_files"):
            context[kind] = [
                file
                for file in context.get(kind, [])
                if not any(name in str(file.filename) for name in DESIGN)
            ]


def lighten(app, exception):
    """Cut pages, style sheet and icons down to what is used."""
    if exception or app.builder.format != "html":
        return
    built = Path(app.outdir)
    used = set()
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        lighter = re.sub(ICONS, "", text)
        if page.name != "search.html":
            lighter = re.sub(SEARCH, "", lighter)
        if lighter != text:
            page.write_text(lighter, encoding="utf-8")
        used.update(re.findall(r"\bfa-[\w-]+", lighter))
    sheet = built / "_static" / "styles" / "pydata-sphinx-theme.css"
    letters = keep_icons(sheet, used)
    write_icons(built / "_static" / "vendor" / "fontawesome" / "webfonts", letters)
    for unused in {*built.rglob("*.map"), *built.rglob("fontawesome.js*")}:
        unused.unlink()


def keep_icons(sheet, used):
    """Keep the rules of the icons in use; return their letters in the font."""
    letters = set()

    def keep(rule):
        if not used & {*re.findall(r"fa-[\w-]+", rule[1])}:
            return ""
        letters.add(int(rule[2], 16))
        return rule[0]

    text = RULE.sub(keep, sheet.read_text(encoding="utf-8"))
    sheet.write_text(re.sub(FONT, SUBSET, text), encoding="utf-8")
    return letters


def write_icons(folder, letters):
    """Write a font of these letters alone, in place of all the theme's icons."""
    font = TTFont(folder / "fa-solid-900.ttf")
    subsetter = Subsetter(Options(layout_features=[]))
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)
    font.flavor = "woff"
    for whole in folder.iterdir():
        whole.unlink()
    font.save(folder / "icons.woff")


def setup(app):
    """Run when all pages are written."""
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
