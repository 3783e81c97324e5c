"""What the notebooks say of the package's functions, and of the glossary's words.

A public name is one that a module of the pages in ``book/functions`` lists in its
``__all__``. The chapter that prints its source explains it; else the one that uses
it first, else the one that names it first.
"""

import ast
import importlib
import json
import re
from functools import cache
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

BOOK = Path(__file__).parents[1] / "book"
PACKAGE = "vqvae_lesson"
KINDS = ("printed", "used", "named")
FRAME = re.compile("What you |What to take away|Exercises|Further reading")


class Place(NamedTuple):
    """Where a chapter speaks of something."""

    chapter: str  #: name of the notebook, without its ending
    section: str  #: text of the heading above
    cell: int  #: number of the cell in the notebook

    @property
    def number(self):
        """Number of the chapter."""
        return int(self.chapter[:2])

    @property
    def in_frame(self):
        """Whether the section belongs to the frame that all chapters have."""
        return bool(FRAME.match(self.section))


def slug(heading):
    """Name of a heading in an address, as MyST makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@cache
def pages():
    """Modules on each page in ``book/functions``, by the page's name."""
    return {
        page.stem: re.findall(r"automodule:: (\S+)", page.read_text())
        for page in sorted((BOOK / "functions").glob("*.md"))
    }


@cache
def public():
    """Every public object by its full name."""
    found = {}
    for name in chain(*pages().values()):
        module = importlib.import_module(name)
        found |= {f"{name}.{one}": getattr(module, one) for one in module.__all__}
    return found


@cache
def short_names():
    """Full name of all that a word of code in the text can mean."""
    found = {}
    for full in public():
        parts = full.split(".")
        found |= {".".join(parts[first:]): full for first in range(len(parts))}
    return found


@cache
def resolve(dotted):
    """Full name of the public object, or of its method, that a chapter calls so.

    Parameters
    ----------
    dotted : str
        As ``vqvae_lesson.metrics.perplexity``, or by way of a module that imports it.

    Returns
    -------
    str or None
    """
    path, *rest = dotted.split(".")
    thing = importlib.import_module(path)
    while rest and isinstance(thing, ModuleType):
        path, name = f"{path}.{rest[0]}", rest.pop(0)
        if not hasattr(thing, name):
            importlib.import_module(path)
        thing = getattr(thing, name)
    for full, one in public().items():
        if one is thing and full.rpartition(".")[2] == path.rpartition(".")[2]:
            method = rest and isinstance(one, type)
            return f"{full}.{rest[0]}" if method else full
    return None


def cells():
    """Every cell of every chapter: its place, its kind and its text."""
    for path in sorted(BOOK.glob("[0-9]*.ipynb")):
        section = ""
        for number, cell in enumerate(json.loads(path.read_text())["cells"]):
            text = "".join(cell["source"])
            if cell["cell_type"] == "code":
                yield Place(path.stem, section, number), "code", text
                continue
            for part in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
                heading = re.match(r"#+ (.*)", part)
                section = re.sub(r"[`*$]", "", heading[1]) if heading else section
                yield Place(path.stem, section, number), "text", part


def imports_of(tree):
    """Say what each name stands for that a cell imports from the package."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE)
        if "checks" not in node.module
        for alias in node.names
    }


def lists_of(tree, known):
    """Names of the package in each list to which a cell gives a name."""
    return {
        node.targets[0].id: [*names_in(node.value, known, {})]
        for node in tree.body
        if isinstance(node, ast.Assign)
        if isinstance(node.value, ast.Tuple | ast.List)
        if isinstance(node.targets[0], ast.Name)
    }


def names_in(tree, known, lists):
    """Public names in a piece of code, lists of them unfolded."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in lists:
            yield from lists[node.id]
        elif isinstance(node, ast.Attribute | ast.Name):
            first, *rest = ast.unparse(node).split(".")
            if first in known and all(map(str.isidentifier, rest)):
                yield resolve(".".join([known[first], *rest]))


def speaks_of():
    """Each place where a chapter prints, uses or names something: name, kind, place."""
    known, lists, chapter = {}, {}, ""
    for place, kind, text in cells():
        if place.chapter != chapter:
            known, lists, chapter = {}, {}, place.chapter
        if kind == "text":
            for word in re.findall(r"`([\w.]+)(?:\(\))?`", text):
                yield short_names().get(word), "named", place
            continue
        tree = ast.parse(text)
        known |= imports_of(tree)
        lists |= lists_of(tree, known)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "show_source":
                for argument in node.args:
                    for name in names_in(argument, known, lists):
                        yield name, "printed", place
        for name in names_in(tree, known, {}):
            yield name, "used", place


@cache
def places():
    """Places of each public name: ``{name: {kind: [Place, ...]}}``, in their order."""
    found = {}
    for name, kind, place in speaks_of():
        if name:
            found.setdefault(name, {}).setdefault(kind, []).append(place)
    return found


def explained(name):
    """Where a name is explained: in the chapter that prints it, where it comes first.

    Returns
    -------
    Place or None
    """
    kinds = places().get(name, {})
    known = [place for kind in KINDS for place in kinds.get(kind, [])]
    if not known:
        return None
    here = [place for place in known if place.chapter == known[0].chapter]
    return min(here, key=lambda place: (place.in_frame, place.cell))


def also_in(name):
    """First place in each other chapter that prints or uses a name."""
    kinds = places().get(name, {})
    first = explained(name)
    found = {}
    for place in sorted(kinds.get("printed", []) + kinds.get("used", [])):
        if place.chapter != first.chapter:
            found.setdefault(place.chapter, place)
    return [*found.values()]


@cache
def printed_in(chapter):
    """Public names whose source each cell of a chapter prints; a method's alone."""
    found = {}
    for name, kinds in places().items():
        for place in kinds.get("printed", []):
            if place.chapter == chapter:
                found.setdefault(place.cell, {})[name] = place
    for names in found.values():
        for owner in {name.rpartition(".")[0] for name in names}:
            names.pop(owner, None)
    return found


@cache
def written_in(chapter):
    """Say what a chapter's code writes for a public name: ``{written: name}``."""
    known, found = {}, {}
    for place, kind, text in cells():
        if place.chapter == chapter and kind == "code":
            tree = ast.parse(text)
            known |= imports_of(tree)
            for written in {*known, *map(ast.unparse, attributes_of(tree))}:
                first, *rest = written.split(".")
                if first in known and all(map(str.isidentifier, rest)):
                    found[written] = resolve(".".join([known[first], *rest]))
    return {written: name for written, name in found.items() if name in public()}


def attributes_of(tree):
    """Every ``this.that`` in a piece of code."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


@cache
def words():
    """Each word of the glossary with the place in its chapter that explains it.

    That is the section that links the word; else the first that uses it, the frame
    of the chapter last.
    """
    text = (BOOK / "glossary.md").read_text()
    entries = re.findall(r"^### (.+)\n\n.*\]\((\d\w+)\.ipynb\)$", text, re.MULTILINE)
    return {word: _explains(word, chapter) for word, chapter in entries}


def _explains(word, chapter):
    target = f"(glossary.md#{slug(word)})"
    stem = re.match(r"\w-\w+|\w+", word.lower())[0][:7]
    here = [
        (place.in_frame, target not in text, place)
        for place, kind, text in cells()
        if place.chapter == chapter and kind == "text"
        if target in text or stem in text.lower()
    ]
    if not here:
        raise ValueError(
            f"the glossary says that {chapter} explains {word!r}, but no text there "
            "has the word: use it there, or let the entry name another chapter"
        )
    linked = [one for one in here if not one[1]] or here
    return min(linked, key=lambda one: (one[0], one[2].cell))[2]
