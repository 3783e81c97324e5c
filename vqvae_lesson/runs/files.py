"""Write files whole or not at all; read them, or say in one line why not."""

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vqvae_lesson.errors import LessonError


@contextmanager
def whole_file(path):
    """Open a file for writing bytes that appears at `path` only once complete.

    Parameters
    ----------
    path : path

    Yields
    ------
    file
        Open for writing bytes, in the same folder under another name.

    Raises
    ------
    LessonError
        If the disk is full or the folder cannot be written; nothing is left.
    """
    path = Path(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = file.name
            yield file
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise LessonError(
            f"{path} could not be written ({error.strerror or error}): make room or "
            "name another folder; what was there before is untouched"
        ) from None
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def write_json(path, content):
    """Write a dictionary as readable JSON."""
    with whole_file(path) as file:
        text = json.dumps(content, indent=2, ensure_ascii=False)
        file.write(text.encode() + b"\n")


def read_json(path):
    """Read a JSON file, or say in one line why not."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LessonError(
            f"{path} cannot be read ({first_line(error)}): expected a manifest.json "
            "as `train` writes it"
        ) from None


@contextmanager
def open_arrays(path):
    """Open an ``.npz`` file of plain arrays.

    Parameters
    ----------
    path : path

    Yields
    ------
    numpy.lib.npyio.NpzFile
        From the arrays' names to the arrays.

    Raises
    ------
    LessonError
        If the file is missing, damaged or of another kind, which may turn out
        only when an array is taken from it.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except Exception as error:  # a damaged archive raises a dozen different types
        raise LessonError(
            f"{path} cannot be read ({first_line(error)}): expected an .npz of plain "
            "arrays"
        ) from None


def first_line(error):
    """Take the first line of an exception's message, or its type."""
    return next(iter(str(error).splitlines()), type(error).__name__)
