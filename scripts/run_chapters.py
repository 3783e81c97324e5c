"""Execute chapters from top to bottom and store their outputs: ``make run``.

A chapter that fails keeps the outputs it had.
"""

import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from vqvae_lesson.data import load_kmnist

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
CELL_SECONDS = 300


def execute(path):
    """Execute a chapter, and return it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    notebook.metadata.kernelspec = KERNEL
    notebook.metadata.pop("jupytext", None)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    # The version of this machine's Python says nothing about the chapter.
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def main():
    load_kmnist()  # stored outputs come from KMNIST, or there are none
    failed = []
    for path in map(Path, sys.argv[1:]):
        began = time.perf_counter()
        try:
            nbformat.write(execute(path), path)
            print(f"{path}: {time.perf_counter() - began:.0f} s", flush=True)
        except CellExecutionError as error:
            plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
            failed.append(f"{path} failed and was left as it was:\n{plain}")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
