"""Write files so that a whole one or none is left behind."""

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

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
        return json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise LessonError(
            f"{path} cannot be read ({error}): expected a manifest.json as "
            "`train` writes it"
        ) from None
