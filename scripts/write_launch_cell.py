"""Write the cell that prepares Google Colab into every chapter: ``make launch``.

It stands behind the title, and names the repository that ``_config.yml`` names. The
page does not show it; `make run` and nbval leave it out.
"""

import sys
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parent.parent
TAGS = ["remove-cell", "nbval-skip", "skip-execution"]
SOURCE = """\
# For Google Colab alone: anywhere else this cell does nothing.
import subprocess
import sys

REPOSITORY = "{url}"  # written by `make launch`
if "google.colab" in sys.modules and REPOSITORY:
    # Colab has TensorFlow and all else that a chapter imports, in versions
    # of its own: only the package is added. The book is not tested there.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, f"git+{{REPOSITORY}}"], check=True)
elif "google.colab" in sys.modules:
    print("REPOSITORY is empty: name the address that this book is kept at.")
"""


def repository():
    """Address of the repository in the book's settings; empty where it has none."""
    return yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]


def launch_cell(url):
    """Return the cell for a repository."""
    cell = nbformat.v4.new_code_cell(SOURCE.format(url=url).rstrip())
    cell.metadata = nbformat.from_dict(
        {"jupyter": {"source_hidden": True}, "tags": TAGS}
    )
    return cell


def write_launch_cell(path, url):
    """Put the cell for a repository behind the title of a chapter, once."""
    notebook = nbformat.read(path, as_version=4)
    others = [cell for cell in notebook.cells if cell.metadata.get("tags") != TAGS]
    notebook.cells = [others[0], launch_cell(url), *others[1:]]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_launch_cell(Path(name), repository())
