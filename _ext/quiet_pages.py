"""Leave out of every page what the book does not use and browsers complain about."""


def drop_thebe(app, pagename, templatename, context, doctree):
    """Drop Thebe, which would run cells on a server elsewhere; it came twice."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in f"{script}{getattr(script, 'attributes', '')}".lower()
    ]


def setup(app):
    """Run after the extensions that add the scripts."""
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
