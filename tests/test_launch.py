"""Ways to run the book elsewhere: one setting names the repository for all of them."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbclient import NotebookClient

from scripts.write_launch_cell import TAGS, launch_cell, repository, write_launch_cell

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
SOMEWHERE = "https://github.com/somebody/letters"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_cell_for_colab_stands_behind_the_title_and_names_the_repository(path):
    title, cell, *others = nbformat.read(path, as_version=4).cells
    assert title.source.startswith("# ")
    assert cell.source == launch_cell(repository()).source
    assert cell.metadata == launch_cell(repository()).metadata
    assert (cell.execution_count, cell.outputs) == (None, [])
    assert not [other for other in others if other.metadata.get("tags") == TAGS]


def test_another_address_replaces_the_cell_and_changes_nothing_else(tmp_path):
    copy = tmp_path / "chapter.ipynb"
    copy.write_bytes(CHAPTERS[0].read_bytes())
    write_launch_cell(copy, SOMEWHERE)
    assert copy.read_text().count(SOMEWHERE) == 1
    write_launch_cell(copy, repository())
    assert copy.read_bytes() == CHAPTERS[0].read_bytes()


@pytest.mark.parametrize("tags", [TAGS, []], ids=["skipped", "run"])
def test_the_cell_is_quiet_where_a_chapter_is_run(tags):
    cell = launch_cell(SOMEWHERE)
    cell.metadata.tags = tags
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook).execute()
    assert notebook.cells[0].outputs == []
    assert notebook.cells[0].execution_count == (None if tags else 1)


@pytest.fixture
def colab(monkeypatch):
    """Pretend to be on Colab; keep each command, run none."""
    commands = []
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: commands.append(command)
    )
    return commands


def test_on_colab_the_package_alone_is_installed(colab, capsys):
    exec(launch_cell(SOMEWHERE).source, {})
    (command,) = colab
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert {*command[4:]} == {"--quiet", "--no-deps", f"git+{SOMEWHERE}"}
    assert capsys.readouterr().out == ""


def test_on_colab_without_an_address_the_cell_says_what_is_missing(colab, capsys):
    exec(launch_cell("").source, {})
    assert not colab
    assert capsys.readouterr().out.startswith("REPOSITORY is empty")
