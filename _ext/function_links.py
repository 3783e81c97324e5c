"""Lead from a function's entry to the chapter that explains it, and back."""

import importlib
import re
from collections import Counter
from itertools import chain

from chapters import (
    BOOK,
    PACKAGE,
    also_in,
    explained,
    pages,
    places,
    printed_in,
    public,
    short_names,
    slug,
    written_in,
)
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

DOT = r'<span class="o">\.</span>'  # as Pygments writes it
MANY = 4  # chapters that explain a module together
CHAPTER = re.compile(r"\bchapter (\d\d)\b")


def link_to_section(docname, place, text):
    """Link to a section of a chapter."""
    return addnodes.pending_xref(
        "",
        nodes.inline("", text),
        refdoc=docname,
        refdomain="doc",
        reftype="myst",
        reftarget=f"book/{place.chapter}",
        reftargetid=slug(place.section),
        refexplicit=True,
    )


def link_to_entry(docname, name, child):
    """Link to the entry of a public name."""
    return addnodes.pending_xref(
        "",
        child,
        refdoc=docname,
        refdomain="py",
        reftype="obj",
        reftarget=name,
        refexplicit=True,
        refwarn=True,
    )


def list_after(lead, links):
    """Text, then links with commas between them."""
    found = [nodes.Text(lead)]
    for turn, link in enumerate(links):
        found += [nodes.Text(", "), link] if turn else [link]
    return found


class Explained(SphinxDirective):
    """Say which chapter explains a name, and which others use it."""

    required_arguments = 1

    def run(self):
        """Write one line, as quiet as a footnote."""
        name, here = self.arguments[0], self.env.docname
        for path in BOOK.glob("[0-9]*.ipynb"):
            self.env.note_dependency(str(path))
        first = explained(name)
        lead = "Explained in" if "printed" in places()[name] else "First met in"
        text = f"chapter {first.number}: {first.section}"
        line = nodes.paragraph(classes=["explained"])
        line += list_after(f"{lead} ", [link_to_section(here, first, text)])
        others = [link_to_section(here, one, str(one.number)) for one in also_in(name)]
        if others:
            line += list_after("; also in ", others)
        return [line]


class Modules(SphinxDirective):
    """List the modules: the chapter that explains most of each, and what it holds."""

    def run(self):
        """Write a table."""
        rows = [row_of(name) for page in pages().values() for name in page]
        lines = [".. list-table::", "   :header-rows: 1", ""]
        heads = ("module", "chapter", "what it holds")
        for first, *others in [heads, *(cells for _, cells in sorted(rows))]:
            lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
        return self.parse_text_to_nodes("\n".join(lines))


def row_of(name):
    """Row of a module in the table, behind what it is sorted by.

    Its chapter is the one that explains most of it; many chapters are none.
    """
    module = importlib.import_module(name)
    found = [explained(f"{name}.{one}") for one in module.__all__]
    chapters = Counter(place.chapter for place in found if place).most_common()
    own = chapters[0][0] if 0 < len(chapters) <= MANY else ""
    where = f":doc:`{int(own[:2])} </book/{own}>`" if own else ""
    holds = re.sub(r" \(chapters? .*\)", "", module.__doc__.partition("\n")[0])
    link = f":py:mod:`{name.removeprefix(PACKAGE + '.')} <{name}>`"
    return (own or "later", name), (link, where, holds)


def link_to_chapter(found):
    """Link what a docstring says of a chapter; one not written yet stays plain."""
    for path in BOOK.glob(f"{found[1]}_*.ipynb"):
        return f":doc:`chapter {int(found[1])} </book/{path.stem}>`"
    return found[0]


def place_explained(app, what, name, thing, options, lines):
    """Put the line behind the first sentence of a docstring, and link chapters."""
    lines[:] = [CHAPTER.sub(link_to_chapter, line) for line in lines]
    if what != "module" and name in places():
        end = lines.index("") if "" in lines else len(lines)
        lines[end:end] = ["", f".. explained:: {name}", ""]


def leave_out(app, what, name, thing, skip, options):
    """Leave out what the docstring of a class lists already, or its base explains."""
    owner, _, method = getattr(thing, "__qualname__", "").rpartition(".")
    full = f"{getattr(thing, '__module__', '')}.{owner}"
    own = public().get(full)
    bases = [one for one in public().values() if own and one in own.__mro__[1:]]
    again = (
        any(method in vars(one) for one in bases) and f"{full}.{method}" not in places()
    )
    return True if again or type(thing).__name__ == "_tuplegetter" else None


class LinkNames(SphinxTransform):
    """Link the words of code on a page that are public names."""

    default_priority = 840  # before the cross references are collected

    def apply(self):
        """Put each into a link."""
        here = self.env.docname
        if not here.startswith("book/") or here.startswith("book/functions/"):
            return
        for word in [*self.document.findall(nodes.literal)]:
            name = short_names().get(word.astext().removesuffix("()"))
            if name and not stands_in_link(word):
                word.replace_self(link_to_entry(here, name, word.deepcopy()))


def link_code(app, pagename, templatename, context, doctree):
    """Link names in a chapter's code: where they come first, where they are printed."""
    chapter = pagename.removeprefix("book/")
    if not re.match(r"\d", chapter):
        return
    objects = app.env.get_domain("py").objects

    def link(text, span, name):
        path = app.builder.get_relative_uri(pagename, objects[name].docname)
        target = f'<a class="reference" href="{path}#{objects[name].node_id}">'
        return re.subn(span, rf"{target}\g<0></a>", text, count=1)

    body, linked = context["body"], set()
    for written, name in sorted(written_in(chapter).items()):
        parts = [f'<span class="n">{part}</span>' for part in written.split(".")]
        if name not in linked:
            body, found = link(body, f"(?<!{DOT}){DOT.join(parts)}", name)
            linked |= {name} if found else set()
    parts = re.split(r'(?=<div class="cell_(?:input|output) )', body)
    for name in dict.fromkeys(chain(*printed_in(chapter).values())):
        span = f'<span class="n[fc]">{name.rpartition(".")[2]}</span>'
        for number, part in enumerate(parts):
            if part.startswith('<div class="cell_output') and re.search(span, part):
                parts[number], _ = link(part, span, name)
                break
    context["body"] = "".join(parts)


def stands_in_link(node):
    """Whether a node is part of a link or of a heading."""
    while node is not None:
        if isinstance(node, nodes.reference | addnodes.pending_xref | nodes.title):
            return True
        node = node.parent
    return False


def setup(app):
    """Connect what is above."""
    app.add_directive("explained", Explained)
    app.add_directive("modules", Modules)
    app.add_transform(LinkNames)
    # Before numpydoc, which takes the docstring apart.
    app.connect("autodoc-process-docstring", place_explained, priority=100)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("html-page-context", link_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
