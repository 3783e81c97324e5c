"""Fill the index, and the search, with the words of the glossary.

Each word leads to the section of the chapter that explains it, first of all, and to
its entry in the glossary.
"""

from chapters import slug, words
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform


def entry(word, target, main):
    """Entry of a word in the index, as the directive ``index`` makes it."""
    return ("single", word, target, "main" if main else "", None)


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
                main = here != "glossary"
                target = section["ids"][0]
                index = addnodes.index(
                    entries=[entry(word, target, main) for word in found]
                )
                section.insert(1, index)


def setup(app):
    """Connect what is above."""
    app.add_transform(IndexWords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
