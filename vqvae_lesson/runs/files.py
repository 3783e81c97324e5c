"""Write files whole or not at all; read them, or say in one line why not."""

import errno
import fcntl
import json
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from vqvae_lesson.errors import LessonError, first_line
from vqvae_lesson.intake import MOST_TEXT, archive_headers, parse_json, regular_size

__all__ = ["read_json"]

UNFINISHED = ".vqvae-lesson-"  # what the name of a file begins with while it is written


@contextmanager
def whole_file(path, new=False):
    """Open a file for writing bytes that appears at `path` only once complete.

    Parameters
    ----------
    path : path
    new : bool
        Refuse to replace a file, even one that appears meanwhile.

    Yields
    ------
    file
        Open for writing bytes, in the same folder under another name.

    Raises
    ------
    LessonError
        If the disk is full or the folder cannot be written; nothing is left. And
        for a device or a pipe, which would be replaced, or for a file that is not to
        be.
    """
    path = Path(path)
    temporary = None
    try:
        if os.path.lexists(path) and not path.is_file():
            raise OSError("there is something that is no ordinary file")
        temporary = path.with_name(UNFINISHED + secrets.token_hex(8))
        with open(temporary, "xb") as file:
            with suppress(OSError):  # no locks on this disk: sweep keeps away
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file
            file.flush()
            os.fsync(file.fileno())
            _take_place(temporary, path, new)
    except OSError as error:
        raise LessonError(
            f"{path} could not be written ({error.strerror or error}): make room or "
            "name another folder; what was there before is untouched"
        ) from None
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def _take_place(temporary, path, new):
    """Give a file its name; what has it until now is replaced, unless `new`."""
    if new:
        try:
            os.link(temporary, path)  # fails where there is something, whoever made it
        except FileExistsError:
            raise
        except OSError:  # no links on this disk
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, "File exists") from None
        else:
            return
    os.replace(temporary, path)


def unfinished(folder):
    """List a folder's files, not those below, that were begun and perhaps not ended."""
    return [
        path
        for path in sorted(Path(folder).glob(f"{UNFINISHED}*"))
        if path.is_file() and not path.is_symlink()
    ]


def sweep(folder):
    """Remove what killed processes began to write, not what a living one writes.

    Parameters
    ----------
    folder : path
    """
    for path in unfinished(folder):
        with suppress(OSError), open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def write_json(path, content, new=False):
    """Write a dictionary as readable JSON; see :func:`whole_file`."""
    with whole_file(path, new) as file:
        text = json.dumps(content, indent=2, ensure_ascii=False)
        # A file name need not be UTF-8: what is not becomes \udcff, which is JSON.
        file.write(text.encode(errors="backslashreplace") + b"\n")


def read_json(path):
    """Read a JSON file, or say in one line why not.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict or list
        What the file says.

    Raises
    ------
    LessonError
        For a missing or damaged file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "numbers.json"
    ...     count = path.write_text('{"nats": 4.159}')
    ...     read_json(path)
    {'nats': 4.159}
    """
    try:
        if regular_size(path) > MOST_TEXT:
            raise ValueError(f"more than {MOST_TEXT:,} bytes")
        return parse_json(Path(path).read_text(encoding="utf-8"))
    except LessonError:
        raise
    except (OSError, ValueError, RecursionError) as error:
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
        If the file is missing, damaged, of another kind or too large, which may
        turn out only when an array is taken from it.
    """
    archive_headers(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except Exception as error:  # a damaged archive raises a dozen different types
        raise LessonError(
            f"{path} cannot be read ({first_line(error)}): expected an .npz of plain "
            "arrays"
        ) from None
