"""Chapters in JupyterLab, in a real browser: rendered, quiet, their figures alive."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = [path.name for path in sorted(BOOK.glob("[0-9]*.ipynb"))]
RAW = (":::", "```", "{figure}", "{admonition}", "{exercise")
TRACKER = "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
PLAY = r"class=\"play\""
RENDERED = """count => {
  const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")];
  const texts = cells.filter((cell) => cell.matches(".jp-MarkdownCell"));
  return cells.length === count && texts.every((cell) => cell.innerText.trim());
}"""
ERRORS = (
    "[data-mime-type='application/vnd.jupyter.error'],"
    "[data-mime-type='application/vnd.jupyter.stderr']"
)

pytestmark = pytest.mark.xdist_group("lab")


def free_port():
    with socket.socket() as held:
        held.bind(("localhost", 0))
        return held.getsockname()[1]


def wait_for(address, process):
    for _ in range(240):
        assert process.poll() is None, "JupyterLab has stopped"
        try:
            return urlopen(address, timeout=5).close()
        except (URLError, ConnectionError):
            time.sleep(0.25)
    raise TimeoutError(address)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start JupyterLab on a trusted copy of the book; gives its address."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(BOOK, home / "book")
    settings = home / "settings" / TRACKER
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"windowingMode": "none"}))
    folders = {
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    about = {
        "env": {**os.environ, **{name: str(path) for name, path in folders.items()}},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    trust = [sys.executable, "-m", "jupyter", "trust"]
    subprocess.run([*trust, *(home / "book").glob("[0-9]*.ipynb")], check=True, **about)
    port = free_port()
    start = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = [f"--port={port}", f"--ServerApp.root_dir={home / 'book'}"]
    quiet = ["--IdentityProvider.token=", "--LabApp.news_url=None"]
    with subprocess.Popen([*start, *options, *quiet], **about) as process:
        address = f"http://localhost:{port}/lab"
        wait_for(address, process)
        yield address
        process.terminate()


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_whole_in_jupyterlab(chromium, lab, name):
    cells = json.loads((BOOK / name).read_text())["cells"]
    page, heard = chromium.new_page(viewport={"width": 1280, "height": 900}), []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(f"{lab}/tree/{name}?reset")
    page.wait_for_function(RENDERED, arg=len(cells), timeout=60_000)
    text = page.locator(".jp-MarkdownCell").all_inner_texts()
    assert not [raw for raw in RAW if raw in "\n".join(text)]
    notebook = page.locator(".jp-Notebook")
    assert notebook.locator(ERRORS).count() == 0
    figures = notebook.locator(".play")
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert figures.count() == sum('class=\\"play\\"' in json.dumps(o) for o in outputs)
    for figure in figures.all():
        assert figure.evaluate("figure => figure.state !== undefined")
        assert figure.locator("button").first.is_visible()
    page.close()
    assert not heard
