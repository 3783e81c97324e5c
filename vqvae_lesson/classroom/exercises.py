"""Find the exercises of the chapters, and see how far a reader has come.

A notebook is only read, unless it is executed on request: its code is a
stranger's. States come from the outputs of the cells tagged ``check``.
"""

import json
import re
import time
from pathlib import Path
from typing import NamedTuple

from vqvae_lesson.errors import LessonError

BOOK = Path(__file__).parents[2] / "book"
STATEMENT = re.compile(r"^`{3,}\{exercise\}[ \t]*(.*)\n:label: (\S+)", re.MULTILINE)
STATES = {"Right": "done", "Not yet": "wrong", "Not attempted yet": "open"}
MOST_BYTES = 50_000_000


class Exercise(NamedTuple):
    """One exercise of a notebook.

    Attributes
    ----------
    label, title : str
        As in its directive.
    state : {"done", "wrong", "open"}
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
        Sorted; folders are searched to the bottom, without Jupyter's own copies.

    Raises
    ------
    LessonError
        If there is none.
    """
    path = Path(path)
    found = [path] if path.is_file() else sorted(path.rglob("*.ipynb"))
    found = [one for one in found if ".ipynb_checkpoints" not in one.parts]
    if not found:
        raise LessonError(
            f"{path} holds no notebook: name an .ipynb file or a folder of them"
        )
    return found


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
        if Path(path).stat().st_size > MOST_BYTES:
            raise LessonError(f"{path} is larger than {MOST_BYTES:,} bytes: not read")
        notebook = json.loads(Path(path).read_text(encoding="utf-8"))
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
        if cell["cell_type"] == "markdown":
            statement = STATEMENT.search(cell["source"])
            if statement:
                title, label = statement.groups()
                found.append(Exercise(label, title.strip(), "open", ""))
        elif found and _is_check(cell):
            state, message = _verdict(cell)
            found[-1] = found[-1]._replace(state=state, message=message)
    return found


def _is_check(cell):
    """Whether a cell is the one that checks the reader's own answer."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return isinstance(tags, list) and "check" in tags


def _verdict(cell):
    """State and message from the last output of a check."""
    try:
        output = cell["outputs"][-1]
        if output["output_type"] == "error":
            return "wrong", f"{output['ename']} instead of a verdict"
        message = "".join(output["data"]["text/plain"]).splitlines()[0]
    except (KeyError, IndexError, TypeError, AttributeError):
        return "open", ""
    return STATES.get(message.partition(":")[0], "open"), message


def execute(path, seconds):
    """Run a notebook from top to bottom, errors and all, in a kernel of its own.

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
        If it takes longer, or its kernel dies.
    """
    import asyncio

    import nbformat
    from nbclient import NotebookClient

    read_notebook(path)
    began = time.monotonic()
    try:
        notebook = nbformat.read(path, as_version=4)
        resources = {"metadata": {"path": str(Path(path).parent)}}
        client = NotebookClient(
            notebook, allow_errors=True, kernel_name="python3", resources=resources
        )
        asyncio.run(asyncio.wait_for(client.async_execute(), seconds))
    except Exception as error:  # a stranger's notebook can fail in any way
        # A kernel that is cut off may die of it, under another name.
        if time.monotonic() - began >= seconds:
            raise LessonError(f"{path} ran for more than {seconds} seconds") from None
        reason = str(error).splitlines()[0][:80] if str(error) else ""
        raise LessonError(
            f"{path} cannot be executed ({type(error).__name__}: {reason})"
        ) from None
    for cell in notebook.cells:
        cell["source"] = "".join(cell["source"])
    return notebook
