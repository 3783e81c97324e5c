"""Mend in every page what browsers and screen readers complain about."""

import re


def drop_thebe(app, pagename, templatename, context, doctree):
    """Drop Thebe, which would run cells on a server elsewhere; it came twice."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in f"{script}{getattr(script, 'attributes', '')}".lower()
    ]


# A folded cell is called what stands on it; entries of the literature are no items;
# the search cannot mark a word in what a drawing says to a screen reader.
MENDED = {
    '<summary aria-label="Toggle hidden content">': "<summary>",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    ' role="doc-biblioentry"': "",
    "<title>": '<title class="nohighlight">',
    "<desc>": '<desc class="nohighlight">',
}
# Parameters on lines of their own are no list in which words are explained.
LINES = re.compile(r"<dl>\n((?:<dd>.*</dd>\n)+)</dl>")


def plain_lines(found):
    """Write the lines of a signature as lines."""
    lines = found[1].replace("<dd>", "<div>").replace("</dd>", "</div>")
    return f'<div class="sig-lines">\n{lines}</div>'


def mend_body(app, pagename, templatename, context, doctree):
    """Mend what other extensions write into a page."""
    for wrong, right in MENDED.items():
        context["body"] = context.get("body", "").replace(wrong, right)
    context["body"] = LINES.sub(plain_lines, context.get("body", ""))


def search_from_files(app, pagename, templatename, context, doctree):
    """Search without an excerpt of each page where pages cannot read each other."""
    if pagename == "search":
        here = "if (location.protocol === 'file:')"
        app.add_js_file(
            None, body=f"{here} DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"
        )


# The theme lets Tab reach what scrolls, but formulas, and looks for it again whenever
# the window changes; what was folded scrolls only once it is open.
REACH_WHAT_OPENS = """
const reach = (formula) =>
  formula.toggleAttribute("tabindex", formula.scrollWidth > formula.clientWidth) &&
  formula.setAttribute("tabindex", 0);
const reachAll = () => document.querySelectorAll(".katex-display").forEach(reach);
const changed = () => dispatchEvent(new Event("resize"));
for (const change of ["load", "resize"]) addEventListener(change, reachAll);
for (const act of ["toggle", "click"])
  addEventListener(act, () => setTimeout(changed), true);
"""


def setup(app):
    """Run after the extensions that add the scripts."""
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", mend_body)
    app.connect("html-page-context", search_from_files)
    app.add_js_file(None, body=REACH_WHAT_OPENS)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
