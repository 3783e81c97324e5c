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
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

BOOK = Path(__file__).parents[1] / "book"
NOTEBOOKS = [path.name for path in sorted(BOOK.glob("*.ipynb"))]
RAW = (":::", "```", "{figure}", "{admonition}", "{exercise")
TRACKER = "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
RENDERED = """count => {
  const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")];
  const texts = cells.filter((cell) => cell.matches(".jp-MarkdownCell"));
  return cells.length === count && texts.every((cell) => cell.innerText.trim());
}"""
OPEN = """path => void jupyterapp.commands.execute("docmanager:open", {
  path,
  kernelPreference: { shouldStart: false, canStart: false },
})"""
LABS = ("/static/lab/", "/lab/extensions/")
ERRORS = (
    "[data-mime-type='application/vnd.jupyter.error'],"
    "[data-mime-type='application/vnd.jupyter.stderr']"
)


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
    subprocess.run([*trust, *(home / "book").glob("*.ipynb")], check=True, **about)
    port = free_port()
    start = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = [f"--port={port}", f"--ServerApp.root_dir={home / 'book'}"]
    quiet = ["--IdentityProvider.token=", "--LabApp.news_url=None"]
    quiet += ["--expose-app-in-browser"]
    with subprocess.Popen([*start, *options, *quiet], **about) as process:
        address = f"http://localhost:{port}/lab"
        wait_for(address, process)
        yield address
        process.terminate()


def labs_own(said):
    """Whether JupyterLab or an extension tells its developers what it does."""
    file = urlsplit(said.location["url"]).path
    return said.type in ("debug", "log") and file.startswith(LABS)


@pytest.fixture(scope="module")
def workbench(chromium, lab):
    """Open JupyterLab once; a chapter is then opened in a moment."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.heard = []
    page.on("console", lambda said: labs_own(said) or page.heard.append(said.text))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.goto(f"{lab}?reset")
    page.wait_for_function("globalThis.jupyterapp?.shell.activeWidget")
    yield page
    page.close()


@pytest.fixture(params=NOTEBOOKS)
def chapter(workbench, request):
    """Open a chapter without a kernel: its stored outputs are what is looked at."""
    workbench.evaluate(OPEN, request.param)
    workbench.name = request.param
    yield workbench
    workbench.evaluate("void jupyterapp.shell.currentWidget.dispose()")
    workbench.heard.clear()


def test_a_chapter_is_whole_in_jupyterlab(chapter):
    cells = json.loads((BOOK / chapter.name).read_text())["cells"]
    chapter.wait_for_function(RENDERED, arg=len(cells), timeout=60_000)
    text = chapter.locator(".jp-MarkdownCell").all_inner_texts()
    assert not [raw for raw in RAW if raw in "\n".join(text)]
    notebook = chapter.locator(".jp-Notebook")
    assert notebook.locator(ERRORS).count() == 0
    figures = notebook.locator(".play")
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert figures.count() == sum('class=\\"play\\"' in json.dumps(o) for o in outputs)
    for figure in figures.all():
        assert figure.evaluate("figure => figure.state !== undefined")
        assert figure.locator("button").first.is_visible()
    assert not chapter.heard
