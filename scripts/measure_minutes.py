"""Measure how long each chapter takes to read and to run: ``make minutes``.

Words are counted, of prose and of code, without what is folded. Seconds are those of
the processor, on one core, for the kernel and its start: what else runs on the
machine hardly changes them. Both go into ``book/minutes.json`` and the table of the
introduction, and the seconds into *What you need* of the chapter.
"""

import json
import math
import re
import resource
import sys
from pathlib import Path

import nbformat

from scripts.run_chapters import execute
from vqvae_lesson.data import load_kmnist

BOOK = Path("book")
MINUTES = BOOK / "minutes.json"
WORDS_PER_MINUTE = 150  # slower than a novel, 238 (Brysbaert, 2019): there is code


def words_of(path):
    """Count the words of a chapter that a reader sees without unfolding anything."""
    return sum(
        len(cell.source.split())
        for cell in nbformat.read(path, as_version=4).cells
        if not any(
            tag.startswith(("hide-", "remove-"))
            for tag in cell.metadata.get("tags", [])
        )
    )


def processor_seconds():
    """Seconds that the kernels which have ended kept a processor busy."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(path):
    """Read and run one chapter, and store nothing of it."""
    before = processor_seconds()
    execute(path)
    return {
        "words": words_of(path),
        "seconds": round(processor_seconds() - before, 1),
    }


def seconds_of(about):
    """Round the seconds of a chapter up to the next five."""
    return 5 * math.ceil(about["seconds"] / 5)


def columns_of(about):
    """Return the two cells of a chapter's row: to read, to run."""
    minutes = round(about["words"] / WORDS_PER_MINUTE)
    return f"{minutes} min", f"{seconds_of(about)} s"


def tell(path, about):
    """Put the seconds into what the chapter says a reader needs."""
    told = f"The chapter runs in {seconds_of(about)} seconds"
    text = path.read_text(encoding="utf-8")
    text, found = re.subn(r"The chapter runs in \d+ seconds", told, text)
    if found != 1:
        raise ValueError(f"{path} says {found} times in how many seconds it runs")
    path.write_text(text, encoding="utf-8")


def fill_in(text, chapters):
    """Put the minutes into the rows of the table that lead to chapters."""
    for name, about in chapters.items():
        row = rf"(\| \[[^|]*\({name}\.ipynb\) \|[^|]*\|).*"
        text, found = re.subn(row, rf"\1 {' | '.join(columns_of(about))} |", text)
        if found != 1:
            raise ValueError(f"the introduction has {found} rows for {name}")
    return text


def main():
    load_kmnist()
    introduction = BOOK / "intro.md"
    for path in map(Path, sys.argv[1:]):
        told = json.loads(MINUTES.read_text()) if MINUTES.exists() else {}
        told[path.stem] = measure(path)
        MINUTES.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
        introduction.write_text(fill_in(introduction.read_text(), told))
        tell(path, told[path.stem])
        print(path.stem, *columns_of(told[path.stem]), flush=True)


if __name__ == "__main__":
    main()
