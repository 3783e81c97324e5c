"""Fill the index, and the search, with the words of the glossary.

Each word leads to the section of the chapter that explains it, first of all, and to
its entry in the glossary.
"""

import re
from itertools import chain

from chapters import slug, words
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform


def entries(word, target, main):
    """Entries of a word and its abbreviation, as the directive ``index`` has them."""
    for one in re.findall(r"[^()]+", word):
        yield ("single", one.strip(), target, "main" if main else "", None)


class IndexWords(SphinxTransform):
    """Add the entries of a page to its document."""

    default_priority = 840  # before the index is collected

    def apply(self):
        """Add one index node above each section that explains a word."""
        here = self.env.docname.removeprefix("book/")
        for section in [*self.document.findall(nodes.section)]:
            if not isinstance(section[0], nodes.title):
                continue  # an exercise
            heading = section[0].astext()
            if here == "glossary":
                found = [word for word in words() if slug(word) == slug(heading)]
            else:
                found = [
                    word
                    for word, place in words().items()
                    if place.chapter == here and slug(place.section) == slug(heading)
                ]
            if found:
                target, main = section["ids"][0], here != "glossary"
                lists = (entries(word, target, main) for word in found)
                section.insert(1, addnodes.index(entries=[*chain(*lists)]))


def setup(app):
    """Run before the index is collected."""
    app.add_transform(IndexWords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
