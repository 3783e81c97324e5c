"""Ship of the theme what the pages use: a page is to be read soon, also far away.

The theme's icons come as a font, so the script that would draw them goes, and of font
and style sheet the icons that no page shows. Of all style sheets the rules go whose
classes stand in no page and no script. Search loads its index where it searches.
"""

import re
from itertools import pairwise
from pathlib import Path

import tinycss2
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

DESIGN = ("sphinx-design", "design-tabs")
SCRIPT = '<script [^>]*src="[^"]*{}[^"]*"></script>'
ICONS = SCRIPT.format(r"scripts/fontawesome\.js")
SEARCH = SCRIPT.format(r"(?:searchtools|language_data|searchindex)\.js")
NAME = r"\.fa-[\w-]+:before"
RULE = re.compile(rf'({NAME}(?:,{NAME})*)\{{content:"\\([0-9a-f]+)"\}}')
FONT = r'url\(\.\./vendor/fontawesome/webfonts/fa-solid-900\.woff2\) ?format\("woff2"\)'
MADE = {"bs-tooltip-auto"}  # a class whose name a script puts together
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
    cut_styles(built)
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


def cut_styles(built):
    """Cut from each style sheet the rules that no page and no script can want."""
    words = set(MADE)
    for kind in ("*.html", "*.js"):
        for file in built.rglob(kind):
            words.update(re.findall(r"[\w-]+", file.read_text(encoding="utf-8")))
    for sheet in {*built.rglob("*.css")} - {*built.rglob("katex*")}:  # it makes names
        rules = tinycss2.parse_stylesheet(
            sheet.read_text(encoding="utf-8"), skip_comments=True, skip_whitespace=True
        )
        kept = "\n".join(rules_for(words, rules))
        sheet.write_text(kept + "\n", encoding="utf-8")


def rules_for(words, rules):
    """List the rules, as text, that name no class or id outside of some words."""
    for rule in rules:
        if rule.type == "qualified-rule":
            parts = [part for part in selectors(rule.prelude) if part[1] <= words]
            if parts:
                heads = ",".join(text for text, _ in parts)
                yield f"{heads}{{{tinycss2.serialize(rule.content).strip()}}}"
        elif rule.type == "at-rule" and rule.at_keyword in ("media", "supports"):
            inner = "\n".join(rules_for(words, tinycss2.parse_rule_list(rule.content)))
            if inner:
                head = tinycss2.serialize(rule.prelude).strip()
                yield f"@{rule.at_keyword} {head}{{\n{inner}\n}}"
        elif rule.type not in ("comment", "whitespace"):
            yield tinycss2.serialize([rule])


def selectors(prelude):
    """Split a rule's head at its commas: the text of each part, its classes and ids.

    What stands in brackets, as after `:not`, does not count.
    """
    parts = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    for part in parts:
        names = {token.value for token in part if token.type == "hash"}
        for dot, token in pairwise(part):
            if dot == "." and token.type == "ident":
                names.add(token.value)
        yield tinycss2.serialize(part).strip(), names


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
