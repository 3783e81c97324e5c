"""What a page says of itself to browsers, searches, and whoever gets its link."""

import re
from html import escape, unescape
from pathlib import Path

from docutils import nodes

LENGTH = 200  # of a description at most, unless its first sentence is longer
PREVIEW = "_static/preview.png"
PREVIEW_TAGS = {
    "og:image:width": "1200",
    "og:image:height": "630",
    "og:image:alt": "Letters from old books, each beside the one number it became.",
    "twitter:card": "summary_large_image",
}


def describe(doctree):
    """Return the first sentences of what a page is for.

    In a chapter what its reader will do, elsewhere the first paragraph.
    """
    sections = doctree.findall(nodes.section)
    doing = [part for part in sections if "what-you-will-do" in part["ids"]]
    paragraph = next((doing or [doctree])[0].findall(nodes.paragraph), None)
    text = " ".join(paragraph.astext().split()) if paragraph else ""
    first, *others = re.split(r"(?<=[.?!]) (?=[A-Z])", text)
    for sentence in others:
        if len(first) + len(sentence) > LENGTH:
            break
        first += f" {sentence}"
    return first


def tags_of(title, site, description, base, page):
    """Name and content of each tag; addresses only where the published one is known."""
    tags = {
        "og:type": "website",
        "og:site_name": site,
        "og:title": title,
        "og:description": description,
    }
    if base:
        base = base.rstrip("/")
        tags["og:url"] = f"{base}/{page}"
        tags["og:image"] = f"{base}/{PREVIEW}"
        tags |= PREVIEW_TAGS
    return tags


def write_head(app, pagename, templatename, context, doctree):
    """Write the title as "4 Quantize", and the tags."""
    title = re.sub(r"<[^>]*>", "", context.get("title", ""))
    title = context["title"] = re.sub(r"^(\d+)\. ", r"\1 ", title)
    if doctree is None:
        return
    if title == app.config.html_title:
        context["docstitle"] = ""  # once is enough
    description = describe(doctree)
    tags = tags_of(
        unescape(title),
        app.config.html_title,
        description,
        app.config.html_baseurl,
        app.builder.get_target_uri(pagename),
    )
    lines = [f'<meta name="description" content="{escape(description)}">']
    lines += [
        f'<meta property="{name}" content="{escape(content)}">'
        for name, content in tags.items()
    ]
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)
    if pagename == app.config.root_doc:
        write_door(app, title, lines)


def write_door(app, title, lines):
    """Lead from the book's address to its first page, whose tags it bears too."""
    page = app.builder.get_target_uri(app.config.root_doc)
    lines = [
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
        f"<title>{title}</title>",
        *lines,
        f'<meta http-equiv="refresh" content="0; url={page}">',
        f'<a href="{page}">{title}</a>\n</html>\n',
    ]
    Path(app.outdir, "index.html").write_text("\n".join(lines))


def setup(app):
    """Run once the title is known."""
    app.connect("html-page-context", write_head)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
