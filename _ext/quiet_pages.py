"""Mend in every page what browsers and screen readers complain about."""


def drop_thebe(app, pagename, templatename, context, doctree):
    """Drop Thebe, which would run cells on a server elsewhere; it came twice."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in f"{script}{getattr(script, 'attributes', '')}".lower()
    ]


def name_folds(app, pagename, templatename, context, doctree):
    """Let a folded cell be called what stands on it, not "Toggle hidden content"."""
    label = ' aria-label="Toggle hidden content"'
    context["body"] = context.get("body", "").replace(f"<summary{label}>", "<summary>")


def search_from_files(app, pagename, templatename, context, doctree):
    """Search without an excerpt of each page where pages cannot read each other."""
    if pagename == "search":
        here = "if (location.protocol === 'file:')"
        app.add_js_file(
            None, body=f"{here} DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"
        )


def setup(app):
    """Run after the extensions that add the scripts."""
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", name_folds)
    app.connect("html-page-context", search_from_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
