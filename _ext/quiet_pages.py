"""Mend in every page what browsers and screen readers complain about."""


def drop_thebe(app, pagename, templatename, context, doctree):
    """Drop Thebe, which would run cells on a server elsewhere; it came twice."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in f"{script}{getattr(script, 'attributes', '')}".lower()
    ]


# A folded cell is called what stands on it; entries of the literature are no items.
MISNAMED = {
    '<summary aria-label="Toggle hidden content">': "<summary>",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    ' role="doc-biblioentry"': "",
}


def name_rightly(app, pagename, templatename, context, doctree):
    """Take out names and roles that tell a screen reader something else."""
    for wrong, right in MISNAMED.items():
        context["body"] = context.get("body", "").replace(wrong, right)


def search_from_files(app, pagename, templatename, context, doctree):
    """Search without an excerpt of each page where pages cannot read each other."""
    if pagename == "search":
        here = "if (location.protocol === 'file:')"
        app.add_js_file(
            None, body=f"{here} DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"
        )


# The theme lets Tab reach what scrolls, and looks for it again whenever the window
# changes; what was folded scrolls only once it is open.
REACH_WHAT_OPENS = """
for (const act of ["toggle", "click"])
  addEventListener(act, () => dispatchEvent(new Event("resize")), true);
"""


def setup(app):
    """Run after the extensions that add the scripts."""
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", name_rightly)
    app.connect("html-page-context", search_from_files)
    app.add_js_file(None, body=REACH_WHAT_OPENS)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
