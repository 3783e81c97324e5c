"""Show launch buttons only where the settings name a repository that they lead to."""


def drop_dead_buttons(app, config):
    """Take the launch buttons away while no repository is named."""
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options.pop("launch_buttons", None)


def setup(app):
    """Run before the theme reads its options."""
    app.connect("config-inited", drop_dead_buttons, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
