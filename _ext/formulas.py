"""Set formulas with KaTeX, from files of the book: a third of what MathJax weighs.

`katex/` holds KaTeX as published, of its fonts those in woff2, which every browser
that can show the book reads.
"""

from html import escape
from pathlib import Path

from docutils import nodes

KATEX = Path(__file__).parent / "katex"
CLASSES = "math notranslate nohighlight"


def visit_inline(translator, node):
    """Write a formula of a line as TeX, for the script to set."""
    text = escape(node.astext())
    translator.body.append(f'<span class="{CLASSES}">{text}</span>')
    raise nodes.SkipNode


def visit_block(translator, node):
    """Write a formula on lines of its own as TeX, for the script to set."""
    text = escape(node.astext().strip())
    translator.body.append(f'<div class="{CLASSES}">{text}</div>\n')
    raise nodes.SkipNode


def load_katex(app, pagename, templatename, context, doctree):
    """Load KaTeX in a page that has a formula."""
    if f'class="{CLASSES}"' in context.get("body", ""):
        app.add_css_file("katex.min.css")
        app.add_css_file("formulas.css")
        app.add_js_file("katex.min.js", loading_method="defer")
        app.add_js_file("formulas.js", loading_method="defer")


def setup(app):
    """Take the place of Sphinx's own MathJax."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    app.connect("config-inited", configure)
    app.connect("html-page-context", load_katex)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def configure(app, config):
    """Ship KaTeX beside the pages, and set formulas with it."""
    config.html_static_path.append(str(KATEX))
    config.html_math_renderer = "katex"
