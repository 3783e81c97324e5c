"""Ways to run the book elsewhere: one setting names the repository for all of them."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from packaging.specifiers import SpecifierSet

from scripts.write_launch_cell import TAGS, launch_cell, repository, write_launch_cell

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
SOMEWHERE = "https://github.com/somebody/letters"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_cell_for_colab_stands_behind_the_title_and_names_the_repository(path):
    title, cell, *others = nbformat.read(path, as_version=4).cells
    assert title.source.startswith("# ")
    assert cell.source == launch_cell(repository()).source
    assert cell.metadata == launch_cell(repository()).metadata
    assert (cell.execution_count, cell.outputs) == (None, [])
    assert not [other for other in others if other.metadata.get("tags") == TAGS]


def test_another_address_replaces_the_cell_and_changes_nothing_else(tmp_path):
    copy = tmp_path / "chapter.ipynb"
    copy.write_bytes(NOTEBOOKS[0].read_bytes())
    write_launch_cell(copy, SOMEWHERE)
    assert copy.read_text().count(SOMEWHERE) == 1
    write_launch_cell(copy, repository())
    assert copy.read_bytes() == NOTEBOOKS[0].read_bytes()


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


def test_binder_installs_what_is_locked():
    folder = ROOT / ".binder"
    (line,) = (folder / "requirements.txt").read_text().split("\n", 1)[:1]
    locked = folder / line.removeprefix("-r ")
    assert locked.resolve() == ROOT / "requirements.txt"
    version = (folder / "runtime.txt").read_text().strip().removeprefix("python-")
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert SpecifierSet(wanted["requires-python"]).contains(version)
    script = folder / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    for name in re.findall(r"\bscripts/\S+", script.read_text()):
        assert (ROOT / name).is_file()


def test_the_container_makes_and_opens_what_the_makefile_does():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    makefile = (ROOT / "Makefile").read_text()
    said = [container["postCreateCommand"]]
    said += [port["label"] for port in container["portsAttributes"].values()]
    targets = [target for text in said for target in re.findall(r"make (\w+)", text)]
    assert targets == ["install", "serve", "lab"]
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert {*map(str, container["forwardPorts"])} == {*container["portsAttributes"]}
    assert "localhost 8000" in makefile


@pytest.mark.parametrize("url", ["", SOMEWHERE])
def test_buttons_lead_to_the_named_repository_or_are_not_there(url, tmp_path):
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())
    settings["repository"]["url"] = url
    settings["sphinx"]["local_extensions"] = {"launch": str(ROOT / "_ext")}
    for elsewhere in ("bibtex_bibfiles", "logo", "html"):
        del settings[elsewhere]
    settings["sphinx"]["config"] = {}
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(settings))
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: chapter\n")
    title = nbformat.v4.new_markdown_cell("# A chapter")
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    chapter = nbformat.v4.new_notebook(cells=[title], metadata=metadata)
    nbformat.write(chapter, tmp_path / "chapter.ipynb")
    script = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", script, "build", "-W", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    page = (tmp_path / "_build" / "html" / "chapter.html").read_text()
    colab = "https://colab.research.google.com/github/somebody/letters/blob/main"
    binder = "https://mybinder.org/v2/gh/somebody/letters/main?urlpath=lab/tree"
    expected = {f"{colab}/chapter.ipynb", f"{binder}/chapter.ipynb"}
    found = re.findall(r'href="(https://(?:colab|mybinder)[^"]+)"', page)
    assert {*found} == (expected if url else set())
