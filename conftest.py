"""What every test shares: where the letters are, and how chapters run without them.

A cell tagged ``kmnist`` has an output that depends on the letters: without KMNIST
it runs on drawn letters and is not compared. A cell tagged ``kmnist-only``, or a
chapter with ``needs_kmnist`` in its metadata, is skipped there.
"""

import gc
import json
import os
from functools import cache
from pathlib import Path

import pytest

SHARED = Path(__file__).parent.parent / "shared" / "kmnist"
if SHARED.is_dir():
    os.environ.setdefault("KMNIST_DIR", str(SHARED))
os.environ.setdefault("MPLBACKEND", "agg")
# A sample of sound is a byte; another processor rounds some to the next one. The waves
# that are drawn of the same samples are compared.
SOUND = r'"bytes": "[^"]+"'
# A million objects are made to begin with, and stay: TensorFlow's, and the tests. To
# look through them for cycles, again and again, took a thirteenth of the time.
gc.disable()


def pytest_collection_finish():
    """Leave out what is there by now, whenever cycles are looked for."""
    gc.freeze()
    gc.enable()


@cache
def why_no_kmnist():
    """Return the reason why KMNIST cannot be used here; None where it can."""
    from vqvae_lesson.data import load_kmnist
    from vqvae_lesson.errors import LessonError

    try:
        load_kmnist()
    except LessonError as error:
        return str(error)


@cache
def needs_kmnist(path):
    """Whether the whole chapter makes no sense on other letters."""
    return json.loads(path.read_text())["metadata"].get("needs_kmnist", False)


def pytest_collection_modifyitems(items):
    """Compare, run or skip each cell of a chapter."""
    cells = [item for item in items if type(item).__name__ == "IPyNbCell"]
    for item in cells:
        item.parent.sanitize_patterns[SOUND] = '"bytes": ""'
    if not cells or not why_no_kmnist():
        return
    skip = pytest.mark.skip(reason=f"needs KMNIST: {why_no_kmnist()}")
    for item in cells:
        tags = item.cell.metadata.get("tags", [])
        if needs_kmnist(item.path) or "kmnist-only" in tags:
            item.add_marker(skip)
        elif "kmnist" in tags:
            item.options["check"] = False


@pytest.fixture(scope="session")
def kmnist():
    """Load the lesson's letters; without them a test is skipped."""
    from vqvae_lesson.data import load_kmnist

    if why_no_kmnist():
        pytest.skip(f"needs KMNIST: {why_no_kmnist()}")
    return load_kmnist()
