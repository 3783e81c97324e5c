"""The book's own checks: what must hold of every chapter as it is stored."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
NOISE = re.compile(r"cudart|cuInit|absl::|oneDNN|Warning|\d+it/s|\x1b\[|I0000|E0000")
LOCAL = re.compile(r"(?<![\w.])/(root|work|home|tmp|Users|var)/[\w.-]+")
ADDRESS = re.compile(r"at 0x[0-9a-f]+")


@cache
def read(path):
    """Read a chapter, which no test changes."""
    return nbformat.read(path, as_version=4)


def code_cells(path):
    """Every cell of code but the one for Colab, which runs nowhere else."""
    return [
        cell
        for cell in read(path).cells
        if cell.cell_type == "code" and "skip-execution" not in tags(cell)
    ]


def tags(cell):
    return cell.metadata.get("tags", [])


def texts(cell):
    """Every text that a cell has stored."""
    for output in cell.outputs:
        yield output.get("text", "")
        for kind, content in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield content


def chapters():
    return pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def notebooks():
    return pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_every_chapter_is_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert [f"book/{path.stem}" for path in CHAPTERS] == [
        name for name in listed if re.match(r"book/\d", name)
    ]


def test_the_introduction_links_every_chapter():
    introduction = (ROOT / "book" / "intro.md").read_text()
    for path in CHAPTERS:
        assert f"({path.name})" in introduction


@notebooks()
def test_outputs_come_from_one_clean_execution(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@notebooks()
def test_no_output_holds_errors_or_noise(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
        for text in texts(cell):
            for pattern in (NOISE, LOCAL, ADDRESS):
                assert not pattern.search(text), text


@notebooks()
def test_cells_are_short(path):
    lengths = [
        sum(1 for line in cell.source.splitlines() if line.strip())
        for cell in code_cells(path)
    ]
    assert max(lengths) <= 20
    assert median(lengths) <= 6


@notebooks()
def test_every_figure_has_caption_label_and_alt_text(path):
    for cell in code_cells(path):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            figure = cell.metadata["mystnb"]["figure"]
            assert len(figure["caption"]) > 20
            assert figure["name"].startswith("fig-")
            assert len(cell.metadata["mystnb"]["image"]["alt"]) > 40


@notebooks()
def test_every_drawing_has_caption_label_title_and_description(path):
    for cell in code_cells(path):
        for drawing in drawings(cell):
            figure = cell.metadata["mystnb"]["figure"]
            assert len(figure["caption"]) > 20
            assert figure["name"].startswith("fig-")
            assert drawing.get("role") == "img"
            kinds = [part.tag.rpartition("}")[2] for part in drawing]
            assert kinds[:2] == ["title", "desc"]
            assert len(drawing[1].text) > 40


def drawings(cell):
    """Every SVG that a cell has stored, in the page or by itself."""
    for output in cell.outputs:
        for kind in ("text/html", "image/svg+xml"):
            text = output.get("data", {}).get(kind, "")
            for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
                yield ElementTree.fromstring(drawing)


@notebooks()
def test_pictures_in_motion_weigh_less_than_300_kilobytes(path):
    for cell in code_cells(path):
        for text in texts(cell):
            if "// Pictures in motion" in text:
                assert len(text.encode()) < 300_000


@chapters()
def test_the_map_is_the_first_thing_shown_but_for_a_figure_to_play_with(path):
    still = [cell for cell in code_cells(path) if "play.draw" not in cell.source]
    shown = (text for cell in still for text in texts(cell) if text)
    assert "machine-map" in next(shown)


def test_figure_and_exercise_labels_are_unique():
    labels = [
        cell.metadata["mystnb"]["figure"]["name"]
        for path in CHAPTERS
        for cell in code_cells(path)
        if "figure" in cell.metadata.get("mystnb", {})
    ]
    for path in CHAPTERS:
        labels += re.findall(r"^:label: (\S+)", path_text(path), re.MULTILINE)
    assert len(labels) == len(set(labels))


@cache
def path_text(path):
    """All prose of a chapter."""
    return "\n".join(
        cell.source for cell in read(path).cells if cell.cell_type == "markdown"
    )


@chapters()
def test_chapter_follows_the_template(path):
    headings = re.findall(r"^#+ .*", path_text(path), re.MULTILINE)
    assert headings[0].startswith("# ")
    assert headings[1:4] == [
        "## What you will do",
        "## What you will know",
        "## What you need",
    ]
    end = [
        heading
        for heading in headings
        if heading in ("## Exercises", "## What to take away", "## Further reading")
    ]
    assert end == ["## Exercises", "## What to take away", "## Further reading"]
    assert "Place your bet" in path_text(path)
    assert "assert" in "".join(cell.source for cell in code_cells(path))


@chapters()
def test_every_exercise_has_stub_check_and_folded_solution(path):
    kinds = [
        tag
        for cell in code_cells(path)
        for tag in tags(cell)
        if tag in ("exercise", "check", "solution")
    ]
    count = len(re.findall(r"^```\{exercise\}", path_text(path), re.MULTILINE))
    assert count >= 2
    assert kinds == ["exercise", "check", "solution"] * count
    for cell in code_cells(path):
        if "check" in tags(cell):
            assert cell.outputs[0].data["text/plain"].startswith("Not attempted yet")
        if "solution" in tags(cell):
            assert "hide-cell" in tags(cell)
            assert cell.metadata["jupyter"]["source_hidden"]
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert 3 <= len(lines) <= 10
            assert "# " in cell.source, "a sentence that explains it"
            assert cell.outputs[0].data["text/plain"].startswith("Right")


@notebooks()
def test_a_folded_cell_that_is_no_solution_says_what_it_shows(path):
    for cell in code_cells(path):
        folded = any(tag.startswith("hide-") for tag in tags(cell))
        if folded and "solution" not in tags(cell):
            assert cell.metadata["mystnb"]["code_prompt_show"].startswith("Show")


@notebooks()
def test_prose_uses_nothing_that_plain_jupyterlab_cannot_show(path):
    directives = set(re.findall(r"^[`:]{3,}\{(\w+)\}", path_text(path), re.MULTILINE))
    assert directives <= {"admonition", "exercise"}
    assert not re.search(r"\{[\w:]+\}`", path_text(path)), "a role"


@notebooks()
def test_links_to_other_pages_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path_text(path)):
        assert (ROOT / "book" / target).is_file(), target


def rows_of_symbols():
    """Symbols, names in the package, and chapter of each row of the page."""
    for line in (ROOT / "book" / "symbols.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if "$" in cells[0] and line.startswith("|"):
            symbols = re.findall(r"\$([^$]+)\$", cells[0])
            names = re.findall(r"`(\w+)`", cells[1])
            chapter = re.search(r"\]\((\w+\.ipynb)\)\) *$", cells[3])[1]
            yield pytest.param(symbols, names, chapter, id=symbols[0])


@cache
def names_in_the_package():
    """Every name that is defined, taken or read somewhere in the package."""
    return {
        getattr(node, part, None)
        for path in (ROOT / "vqvae_lesson").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for part in ("name", "id", "arg", "attr")
    }


@pytest.mark.parametrize(("symbols", "names", "chapter"), rows_of_symbols())
def test_a_symbol_stands_in_its_chapter_and_its_name_in_the_package(
    symbols, names, chapter
):
    assert {*names} <= names_in_the_package()
    text = path_text(ROOT / "book" / chapter)
    formulas = "".join(re.findall(r"\$\$.+?\$\$|\$[^$]+\$", text, re.DOTALL))
    found = [symbol for symbol in symbols if symbol in formulas]
    assert found, f"{chapter} has none of {symbols}"


def entries_of_the_glossary():
    """Words of the glossary, each with the chapter that explains it."""
    text = (ROOT / "book" / "glossary.md").read_text()
    return re.findall(r"^### (.+)\n\n.*\]\((\d\w+\.ipynb)\)$", text, re.MULTILINE)


def slug(heading):
    """Name of a heading in an address, as on the page."""
    return re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))


def test_the_glossary_is_in_order_and_every_word_leads_to_a_chapter():
    text = (ROOT / "book" / "glossary.md").read_text()
    words = [word for word, _ in entries_of_the_glossary()]
    assert len(words) == len(re.findall("^### ", text, re.MULTILINE)) > 60
    assert words == sorted(words, key=lambda word: re.sub(r"\W", " ", word.lower()))
    for section in re.split("^## ", text, flags=re.MULTILINE)[1:]:
        letter, *rest = section.splitlines()
        found = re.findall("^### (.)", "\n".join(rest), re.MULTILINE)
        assert {first.upper() for first in found} == {letter}


@pytest.mark.parametrize(("word", "chapter"), entries_of_the_glossary())
def test_a_word_of_the_glossary_stands_in_its_chapter(word, chapter):
    # The beginning of the first word: "Held-out letters" are "held out" elsewhere.
    stem = re.match(r"\w-\w+|\w+", word.lower())[0][:7]
    assert stem in path_text(ROOT / "book" / chapter).lower()


@notebooks()
def test_links_to_words_of_the_glossary_lead_to_them(path):
    known = {slug(word) for word, _ in entries_of_the_glossary()}
    assert {*re.findall(r"\(glossary\.md#([^)]+)\)", path_text(path))} <= known


def test_the_page_for_teachers_names_every_exercise_and_every_chapter():
    text = (ROOT / "book" / "for_teachers.md").read_text()
    labels = {
        label
        for path in CHAPTERS
        for label in re.findall(r"^:label: (ex-\S+)", path_text(path), re.MULTILINE)
    }
    assert {*re.findall(r"\{ref\}`(ex-[\w-]+)`", text)} == labels
    numbers = [str(int(path.stem[:2])) for path in CHAPTERS]
    for heading in ("## Where learners may get stuck", "## What no check can judge"):
        section = text.partition(heading)[2].partition("\n## ")[0]
        assert re.findall(r"^\| (\d+) \|", section, re.MULTILINE) == numbers


def test_readme_gives_the_two_commands_and_ci_runs_them():
    readme = (ROOT / "README.md").read_text()
    runner = (ROOT / ".ci" / "run").read_text()
    for command in ("make book", "make test"):
        assert command in readme
        assert f"\n{command}\n" in runner


def test_no_letters_are_committed():
    names = {path.name for path in ROOT.rglob("*ubyte*") if ".venv" not in path.parts}
    assert not names


def shortened(path, folder):
    """Copy a chapter that trains, with a tenth of the steps."""
    text = path.read_text()
    for steps, fewer in (
        ("until=200)", "until=20)"),
        ("arange(1, 201)", "arange(1, 21)"),
    ):
        assert text.count(steps) == 1, f"{path.name} trains otherwise"
        text = text.replace(steps, fewer)
    (folder / path.name).write_text(text)
    return folder / path.name


def test_chapters_run_on_drawn_letters_without_file_and_network(tmp_path):
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"
    }
    environment |= {
        "KMNIST_DIR": str(tmp_path),
        "KMNIST_URL": "http://127.0.0.1:9/",
        "XDG_CACHE_HOME": str(tmp_path),
    }
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    command += ["-p", "no:cacheprovider", "-p", "no:xdist", "-ra", "-q", "--no-cov"]
    command += ["-c", "pyproject.toml", "-p", "conftest"]  # for the copy too
    command += ["book/08_results.ipynb"]
    command += [str(shortened(ROOT / "book" / "07_training.ipynb", tmp_path))]
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout
    assert "needs KMNIST" in result.stdout
    passed = int(re.search(r"(\d+) passed", result.stdout)[1])
    assert passed >= 40


SHOWN = "print(show_source(Source.__repr__))"


def test_stale_outputs_fail_and_true_outputs_pass(tmp_path):
    cells = [
        stored("from vqvae_lesson.classroom.source import Source, show_source"),
        stored("1 + 1", result="2"),
        stored("1 + 1", result="3"),
        stored(SHOWN, printed="def __repr__(self):\n    return self.text\n"),
        stored(SHOWN, printed="def __repr__(self):\n    return self.words\n"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-rA"]
    command += ["-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    found = re.findall(r"^(PASSED|FAILED) .*Cell (\d)", result.stdout, re.MULTILINE)
    told = {int(cell): word for word, cell in found}
    words = ["PASSED", "PASSED", "FAILED", "PASSED", "FAILED"]
    assert told == dict(enumerate(words)), result.stdout


def stored(source, result=None, printed=None):
    """Make a cell of code with what it is said to have shown."""
    outputs = []
    if result:
        data = {"text/plain": result}
        outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    if printed:
        outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)]
    return nbformat.v4.new_code_cell(source, execution_count=1, outputs=outputs)
