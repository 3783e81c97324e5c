"""Find the exercises of the chapters, and see how far a reader has come.

A notebook is only read, unless it is executed on request: its code is a
stranger's. States come from the outputs of the cells tagged ``check``; where a
notebook is executed, these are the book's own cells.
"""

import ast
import os
import stat
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from vqvae_lesson.classroom.execution import run_notebook
from vqvae_lesson.errors import LessonError
from vqvae_lesson.intake import parse_json

BOOK = Path(__file__).parents[2] / "book"
DIRECTIVE, LABEL = "{exercise}", ":label: "
STATES = {"Right": "done", "Not yet": "wrong", "Not attempted yet": "open"}
MOST_BYTES = 20_000_000
LONGEST = 200  # characters of a title, label or message


class Exercise(NamedTuple):
    """One exercise of a notebook.

    Attributes
    ----------
    label, title : str
        As in its directive.
    state : {"done", "wrong", "open", "foreign"}
        A foreign one is not the book's: it was executed with a check of its own.
    message : str
        What its check said last; empty if it was never run.
    """

    label: str
    title: str
    state: str
    message: str


def find_notebooks(path):
    """List the notebooks at a path: the file itself, or those of a folder.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of Path
        Sorted; folders are searched to the bottom, without Jupyter's own copies. What
        is no folder, holds none or cannot be searched stands there itself, so that
        reading it says why, and the rest goes on.
    """
    path = Path(path)
    found, unreadable = [path], []
    if os.path.isdir(path):
        found = [
            Path(folder, name)
            for folder, _, names in os.walk(path, onerror=unreadable.append)
            for name in names
            if name.endswith(".ipynb")
            and ".ipynb_checkpoints" not in Path(folder).parts
        ]
    unreadable = [Path(error.filename) for error in unreadable]
    return sorted([*found, *unreadable]) or [path]


def read_notebook(path):
    """Read a notebook as plain JSON, whoever wrote it.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        With a list of cells.

    Raises
    ------
    LessonError
        For anything that is not a notebook.
    """
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            os.listdir(path)  # or say that it cannot be read
            raise LessonError(
                f"{path} holds no notebook: name an .ipynb file or a folder of them"
            )
        if not stat.S_ISREG(status.st_mode):
            raise LessonError(f"{path} is a device or a pipe, no notebook: not read")
        if status.st_size > MOST_BYTES:
            raise LessonError(f"{path} is larger than {MOST_BYTES:,} bytes: not read")
        notebook = parse_json(Path(path).read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
            cell["cell_type"] + ""
    except LessonError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = str(error).splitlines()[0][:80] if str(error) else ""
        raise LessonError(
            f"{path} is no notebook ({type(error).__name__}: {reason}): expected what "
            "Jupyter saves as .ipynb"
        ) from None
    return notebook


def exercises_of(notebook):
    """List a notebook's exercises with the states of their checks.

    Parameters
    ----------
    notebook : dict
        See :func:`read_notebook`.

    Returns
    -------
    list of Exercise
        In order. An exercise whose check is missing or was not run is open.
    """
    found = []
    for cell in notebook["cells"]:
        statement = _statement(cell)
        if statement:
            found.append(Exercise(*statement, "open", ""))
        elif found and _tagged(cell):
            state, message = _verdict(cell)
            found[-1] = found[-1]._replace(state=state, message=message)
    return found


def of_the_book(found):
    """Mark the exercises that are not the book's: nobody knows what checks them.

    Parameters
    ----------
    found : list of Exercise
        Of a notebook that was executed.

    Returns
    -------
    list of Exercise
        Those whose label the book does not have are "foreign", and say nothing.
    """
    return [
        exercise
        if exercise.label in checks_of_the_book()
        else exercise._replace(state="foreign", message="")
        for exercise in found
    ]


def _statement(cell):
    """Label and title of the exercise that a cell states, if it does."""
    if cell["cell_type"] != "markdown":
        return None
    lines = cell["source"].splitlines()
    for line, following in pairwise(lines):
        opening = line.lstrip("`")
        ticks = len(line) - len(opening)
        if ticks >= 3 and opening.startswith(DIRECTIVE):
            label = following.removeprefix(LABEL).split()
            if following.startswith(LABEL) and label:
                title = opening.removeprefix(DIRECTIVE).strip()
                return label[0][:LONGEST], title[:LONGEST]
    return None


def _tagged(cell, tag="check"):
    """Whether a cell has a tag: ``check`` has the one for the reader's answer."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return isinstance(tags, list) and tag in tags


def _verdict(cell):
    """State and message from the last output of a check."""
    try:
        output = cell["outputs"][-1]
        if output["output_type"] == "error":
            return "wrong", f"{output['ename']} instead of a verdict"[:LONGEST]
        if output["output_type"] != "execute_result":
            return "open", ""
        message = "".join(output["data"]["text/plain"]).splitlines()[0]
    except (KeyError, IndexError, TypeError, AttributeError):
        return "open", ""
    return STATES.get(message.partition(":")[0], "open"), message[:LONGEST]


@cache
def checks_of_the_book():
    """Read the cell that checks each exercise of the book, by label.

    Returns
    -------
    dict of str to str
        The code of the cell, behind the import that gives ``check`` its meaning.
    """
    found = {}
    for path in find_notebooks(BOOK) if BOOK.is_dir() else []:
        label, imported = None, ""
        for cell in read_notebook(path)["cells"]:
            label = (_statement(cell) or [label])[0]
            if cell["cell_type"] == "code":
                imported = _import_of_check(cell["source"]) or imported
                if _tagged(cell) and label:
                    found[label] = f"{imported}\n{cell['source']}"
    return found


def _import_of_check(source):
    """Find the statement that imports a module of checks, if there is one."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a line for IPython
        return None
    for statement in statements:
        if isinstance(statement, ast.ImportFrom) and any(
            name.asname == "check" for name in statement.names
        ):
            return ast.unparse(statement)
    return None


def with_the_books_checks(notebook):
    """Put the book's own checks in place of those of a notebook.

    Parameters
    ----------
    notebook : dict
        See :func:`read_notebook`.

    Returns
    -------
    dict
        Without stored outputs. Where the check of one of the book's exercises is
        missing, it stands at the end of the exercise. Other exercises keep theirs.
    """
    sections = [[]]
    for cell in notebook["cells"]:
        if _statement(cell):
            sections.append([])
        empty = {"outputs": []} if cell["cell_type"] == "code" else {}
        sections[-1].append({**cell, **empty})
    cells = [cell for section in sections for cell in _with_its_check(section)]
    return {**notebook, "cells": cells}


def _with_its_check(section):
    """Put the book's check into the cells of one exercise, if it is the book's."""
    statement = _statement(section[0]) if section else None
    check = checks_of_the_book().get(statement[0]) if statement else None
    if check is None:
        return section
    ends = [
        place
        for place, cell in enumerate(section)
        if _tagged(cell) or _tagged(cell, "solution")
    ]
    place = ends[0] if ends else len(section)
    ours = {"cell_type": "code", "source": check, "metadata": {"tags": ["check"]}}
    ours |= {"outputs": [], "execution_count": None, "id": f"check-{place}"}
    return [
        *(cell for cell in section[:place] if not _tagged(cell)),
        ours,
        *(cell for cell in section[place:] if not _tagged(cell)),
    ]


def execute(path, seconds):
    """Run a notebook from top to bottom, with the book's checks.

    Parameters
    ----------
    path : path
    seconds : int
        For the whole notebook.

    Returns
    -------
    dict
        The executed notebook; the file stays as it is.

    Raises
    ------
    LessonError
        See :func:`~vqvae_lesson.classroom.execution.run_notebook`.
    """
    notebook = run_notebook(path, with_the_books_checks(read_notebook(path)), seconds)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook
