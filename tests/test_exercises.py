import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from vqvae_lesson.__main__ import cli
from vqvae_lesson.classroom.exercises import (
    BOOK,
    execute,
    exercises_of,
    find_notebooks,
    read_notebook,
)
from vqvae_lesson.errors import LessonError

STATEMENT = "```{exercise} Count to two\n:label: ex-count\n\nCount.\n```"


def notebook(check="", statement=STATEMENT, outputs=None):
    """Make a notebook with one exercise and what its check has said."""
    cell = nbformat.v4.new_code_cell(
        "check.count(my_count)", metadata={"tags": ["check"]}
    )
    if check:
        data = {"text/plain": check}
        cell.outputs = [nbformat.v4.new_output("execute_result", data)]
    if outputs is not None:
        cell.outputs = outputs
    cells = [nbformat.v4.new_markdown_cell(statement), cell]
    return nbformat.v4.new_notebook(cells=cells)


def saved(folder, content, name="mine.ipynb"):
    path = Path(folder) / name
    nbformat.write(content, path)
    return path


def asked(*arguments):
    """Call the command line and return its exit code and its lines."""
    result = CliRunner().invoke(cli, ["exercises", *map(str, arguments)])
    return result.exit_code, result.output.splitlines()


@pytest.mark.parametrize(
    ("check", "state"),
    [
        ("Right: every case agrees.", "done"),
        ("Not yet: the result is too small.", "wrong"),
        ("Not attempted yet: write your answer above.", "open"),
        ("", "open"),
        ("something else altogether", "open"),
    ],
)
def test_state_follows_from_what_the_check_said(check, state, tmp_path):
    path = saved(tmp_path, notebook(check))
    (exercise,) = exercises_of(read_notebook(path))
    assert exercise == ("ex-count", "Count to two", state, check)


def test_check_that_ended_in_an_error_is_wrong(tmp_path):
    error = nbformat.v4.new_output("error", ename="NameError", evalue="", traceback=[])
    path = saved(tmp_path, notebook(outputs=[error]))
    (exercise,) = exercises_of(read_notebook(path))
    assert exercise.state == "wrong"
    assert "NameError" in exercise.message


def test_solution_does_not_count_as_the_readers_answer(tmp_path):
    content = notebook("Not attempted yet: write your answer above.")
    solution = nbformat.v4.new_code_cell(
        "check.count(2)", metadata={"tags": ["solution"]}
    )
    data = {"text/plain": "Right: as predicted."}
    solution.outputs = [nbformat.v4.new_output("execute_result", data)]
    content.cells.append(solution)
    (exercise,) = exercises_of(read_notebook(saved(tmp_path, content)))
    assert exercise.state == "open"


def test_every_exercise_of_the_book_is_listed():
    code, lines = asked()
    assert code == 0
    labels = [line.split(":")[0].strip() for line in lines if line.startswith("  ")]
    directives = [
        line.removeprefix(":label: ")
        for path in sorted(BOOK.glob("*.ipynb"))
        for cell in nbformat.read(path, 4).cells
        for line in cell.source.splitlines()
        if line.startswith(":label: ex-")
    ]
    assert labels == directives
    assert len(labels) >= 24


def test_stored_chapters_have_every_exercise_open():
    code, lines = asked(BOOK)
    assert code == 0
    states = {line.split()[0] for line in lines if line.startswith("  ")}
    assert states == {"open"}


def test_folder_of_a_class_is_listed_notebook_by_notebook(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ben").mkdir()
    saved(tmp_path / "ada", notebook("Right: every case agrees."))
    saved(tmp_path / "ben", notebook("Not yet: too small."))
    code, lines = asked(tmp_path)
    assert code == 0
    assert [line.split(": ")[1] for line in lines if not line.startswith("  ")] == [
        "1 of 1 done",
        "0 of 1 done",
    ]
    assert lines[3].strip() == "wrong ex-count: Count to two - Not yet: too small."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'{"cells": 3}',
        b'{"cells": [3]}',
        b'{"cells": [{"source": 3}]}',
        b'{"cells": [{"source": "x"}]}',
        b'{"cells": [{"source": [1, 2], "cell_type": "code"}]}',
        b"[" * 100_000,
        b'{"cells": [{"cell_type": null, "source": ""}]}',
    ],
)
def test_broken_notebook_gets_a_line_and_the_others_are_still_read(content, tmp_path):
    (tmp_path / "a.ipynb").write_bytes(content)
    saved(tmp_path, notebook("Right: every case agrees."), "b.ipynb")
    code, lines = asked(tmp_path)
    assert code == 0
    assert lines[0].startswith("Error: ")
    assert "a.ipynb" in lines[0]
    assert lines[1].endswith("1 of 1 done")


@pytest.mark.parametrize("outputs", [3, None, [3], [{}], [{"output_type": "x"}]])
@pytest.mark.parametrize("metadata", [{"tags": ["check"]}, 3, {"tags": 3}, None])
def test_odd_cells_are_open_not_a_traceback(outputs, metadata, tmp_path):
    cells = [
        {"cell_type": "markdown", "source": STATEMENT},
        {
            "cell_type": "code",
            "source": "check.count(1)",
            "metadata": metadata,
            "outputs": outputs,
        },
    ]
    path = tmp_path / "odd.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    (exercise,) = exercises_of(read_notebook(path))
    assert exercise.state == "open"


def test_huge_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("vqvae_lesson.classroom.exercises.MOST_BYTES", 10)
    path = saved(tmp_path, notebook())
    with pytest.raises(LessonError, match="larger than 10 bytes"):
        read_notebook(path)


def test_folder_without_notebooks_says_so(tmp_path):
    with pytest.raises(LessonError, match="holds no notebook"):
        find_notebooks(tmp_path)


def test_copies_that_jupyter_keeps_are_passed_over(tmp_path):
    (tmp_path / ".ipynb_checkpoints").mkdir()
    saved(tmp_path / ".ipynb_checkpoints", notebook())
    path = saved(tmp_path, notebook())
    assert find_notebooks(tmp_path) == [path]


def test_reading_runs_no_code(tmp_path):
    content = notebook()
    mark = tmp_path / "mark"
    content.cells[1].source = f"open({str(mark)!r}, 'w')"
    asked(saved(tmp_path, content))
    assert not mark.exists()


def test_execution_takes_the_state_from_a_fresh_run_not_from_the_file(tmp_path):
    content = notebook("Right: forged.")
    source = "vqvae_lesson.classroom.checks.verdict"
    content.cells[1].source = f"from {source} import check_value\ncheck_value(1, 2)"
    path = saved(tmp_path, content)
    before = path.read_bytes()
    code, lines = asked("--execute", path)
    assert code == 0
    assert lines[0].endswith("0 of 1 done")
    assert "wrong" in lines[1]
    assert path.read_bytes() == before


def test_endless_notebook_is_stopped(tmp_path):
    content = notebook()
    content.cells[1].source = "while True: pass"
    with pytest.raises(LessonError, match="more than 6 seconds"):
        execute(saved(tmp_path, content), seconds=6)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")
def test_notebook_that_kills_its_kernel_gets_a_line(tmp_path):
    content = notebook()
    content.cells[1].source = "import os; os.kill(os.getpid(), 9)"
    code, lines = asked("--execute", "--seconds", "60", saved(tmp_path, content))
    assert code == 0
    assert lines[0].startswith("Error: ")
    assert len(lines) == 1
    assert os.linesep not in lines[0]
