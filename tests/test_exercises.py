import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from vqvae_lesson.__main__ import cli
from vqvae_lesson.classroom import execution
from vqvae_lesson.classroom.exercises import (
    BOOK,
    checks_of_the_book,
    execute,
    exercises_of,
    find_notebooks,
    read_notebook,
    with_the_books_checks,
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


@pytest.fixture
def others(tmp_path):
    """Make folders before and behind what is to be tested, with an exercise each."""
    for name in ("a", "z"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, notebook("Right: every case agrees."))

    def asked_with(*paths):
        code, lines = asked(tmp_path / "a", *paths, tmp_path / "z")
        assert code == 0
        assert sum(line.endswith("1 of 1 done") for line in lines) == 2
        return [line for line in lines if line.startswith("Error: ")]

    return asked_with


def test_a_folder_without_notebooks_is_named_and_the_rest_goes_on(tmp_path, others):
    (tmp_path / "empty").mkdir()
    (error,) = others(tmp_path / "empty")
    assert "empty holds no notebook" in error


def test_what_is_not_there_is_named_and_the_rest_goes_on(tmp_path, others):
    long = tmp_path / ("long" * 100)
    errors = others(tmp_path / "gone.ipynb", long)
    assert len(errors) == 2
    assert "gone.ipynb is no notebook (FileNotFoundError" in errors[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_named_not_read(make, tmp_path, others):
    (tmp_path / "odd").mkdir()
    make(tmp_path / "odd" / "mine.ipynb")
    make(tmp_path / "odd.ipynb")
    errors = others(tmp_path / "odd", tmp_path / "odd.ipynb")
    assert len(errors) == 2
    assert all("no notebook: not read" in error for error in errors)


def test_links_that_lead_nowhere_are_named(tmp_path, others):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "self.ipynb").symlink_to("self.ipynb")
    (error,) = others(tmp_path / "odd")
    assert "self.ipynb is no notebook" in error


def test_a_folder_that_cannot_be_read_is_named(tmp_path, others, monkeypatch):
    (tmp_path / "closed").mkdir()

    def refuse(path, real=os.scandir):
        if "closed" in os.fspath(path):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "listdir", refuse)
    (error,) = others(tmp_path / "closed")
    assert "closed is no notebook (PermissionError" in error


@pytest.mark.parametrize(
    "source",
    [
        "```{exercise}" + 40_000 * " " + "\n:nothing",
        "```{exercise}" + 40_000 * " \t" + "x\n:label: ex-long",
        40_000 * "`",
        "```{exercise} a\n:label: " + 40_000 * " ",
        40_000 * "```{exercise} a\n",
    ],
)
def test_an_odd_statement_takes_no_time(source):
    began = time.monotonic()
    found = exercises_of({"cells": [{"cell_type": "markdown", "source": source}]})
    assert time.monotonic() - began < 0.5
    assert len(found) == ("ex-long" in source)


def test_a_long_title_is_cut(tmp_path):
    statement = STATEMENT.replace("two", 10_000 * "two ")
    _, lines = asked(saved(tmp_path, notebook(statement=statement)))
    assert all(len(line) < 1000 for line in lines)


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
    assert lines[0].endswith("0 of 0 done")
    assert lines[1] == "  not the book's ex-count: Count to two"
    assert exercises_of(execute(path, 120))[0].state == "wrong"
    assert path.read_bytes() == before


def test_endless_notebook_is_stopped(tmp_path):
    content = notebook()
    content.cells[1].source = "while True: pass"
    with pytest.raises(LessonError, match="more than 6 seconds"):
        execute(saved(tmp_path, content), seconds=6)


# --- Executing, with the book's own checks -------------------------------------------

LABEL, ANSWER = (
    "ex-argmin",
    "import numpy as np\n"
    "def my_nearest(latents, codebook):\n"
    "    apart = latents[..., None, :] - codebook\n"
    "    return (apart**2).sum(-1).argmin(-1)\n",
)
OF_THE_BOOK = STATEMENT.replace("ex-count", LABEL)
FORGED = (
    "class Verdict:\n"
    "    def __repr__(self):\n"
    "        return 'Right: every case agrees.'\n"
    "class check:\n"
    "    def __getattr__(self, name):\n"
    "        return lambda *_: Verdict()\n"
    "check = check()\n"
)


def handed_in(folder, *sources, check="'Right: forged.'", tags=("check",)):
    """Save a notebook with an exercise of the book, an answer and a check."""
    content = notebook("Right: forged.", OF_THE_BOOK)
    content.cells[1].source = check
    content.cells[1].metadata.tags = list(tags)
    content.cells[1:1] = [nbformat.v4.new_code_cell(source) for source in sources]
    return saved(folder, content)


def state_of(path, seconds=120):
    (exercise,) = exercises_of(execute(path, seconds))
    return exercise.state, exercise.message


def test_every_exercise_of_the_book_has_its_check():
    found = checks_of_the_book()
    labels = {label for path in find_notebooks(BOOK) for label, *_ in of_file(path)}
    assert {*found} == labels
    for check in found.values():
        assert check.startswith("from vqvae_lesson.classroom.checks import ")
        assert "\ncheck." in check or "numbers" in check


def of_file(path):
    return exercises_of(read_notebook(path))


def test_the_checks_of_a_notebook_give_way_to_those_of_the_book(tmp_path):
    path = handed_in(tmp_path, ANSWER)
    content = with_the_books_checks(read_notebook(path))
    checks = [cell for cell in content["cells"] if "tags" in cell["metadata"]]
    assert [cell["source"] for cell in checks] == [checks_of_the_book()[LABEL]]
    assert all(not cell.get("outputs") for cell in content["cells"])
    bare = handed_in(tmp_path, ANSWER, tags=())
    content = with_the_books_checks(read_notebook(bare))
    assert content["cells"][-1]["source"] == checks_of_the_book()[LABEL]


def test_exercises_that_are_not_the_books_keep_their_checks(tmp_path):
    path = saved(tmp_path, notebook("Right: every case agrees."))
    content = with_the_books_checks(read_notebook(path))
    assert content["cells"][1]["source"] == "check.count(my_count)"
    assert content["cells"][1]["outputs"] == []


@pytest.mark.parametrize(
    "label", ["ex-count", LABEL.replace("a", "\N{CYRILLIC SMALL LETTER A}")]
)
def test_an_exercise_that_is_not_the_books_is_never_done(label, tmp_path):
    content = notebook(statement=STATEMENT.replace("ex-count", label))
    content.cells[1].source = f"{FORGED}check.count(2)"
    path = saved(tmp_path, content)
    code, lines = asked("--execute", path)
    assert code == 0
    assert lines[0].endswith("0 of 0 done")
    assert lines[1].startswith("  not the book's ")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("sources", "state"),
    [
        ([ANSWER], "done"),
        ([ANSWER.replace("argmin", "argmax")], "wrong"),
        (["print('Right: every case agrees.')"], "wrong"),
        (["def my_nearest(latents, codebook):\n    raise NotImplementedError"], "open"),
        ([FORGED, ANSWER.replace("argmin", "argmax")], "wrong"),
    ],
)
def test_only_the_books_own_check_counts(sources, state, tmp_path):
    assert state_of(handed_in(tmp_path, *sources))[0] == state


def test_a_notebook_that_prints_without_end_is_stopped(tmp_path):
    path = handed_in(tmp_path, "while True:\n    print(100 * 'x')")
    with pytest.raises(LessonError, match="prints more than 10,000,000 characters"):
        execute(path, 300)


needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")


@needs_proc
def test_a_notebook_that_takes_all_memory_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "MOST_MEMORY", 2**29)
    path = handed_in(tmp_path, "kept = []\nwhile True:\n    kept.append(10**7 * b'x')")
    with pytest.raises(LessonError, match="GB of memory"):
        execute(path, 300)


@needs_proc
def test_memory_that_processes_share_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "MOST_MEMORY", 2**29)
    source = (
        "import mmap, time\nkept = mmap.mmap(-1, 2**29)\n"
        "for _ in range(2**9):\n    kept.write(bytes(2**20))\ntime.sleep(60)"
    )
    path = handed_in(tmp_path, source)
    with pytest.raises(LessonError, match="GB of memory"):
        execute(path, 300)


@pytest.mark.parametrize("seconds", [10**400, float("inf")])
def test_any_number_of_seconds_will_do(seconds, tmp_path):
    assert state_of(handed_in(tmp_path, ANSWER), seconds)[0] == "done"


def test_more_memory_at_once_than_a_process_may_ask_for_is_an_error(tmp_path):
    pytest.importorskip("resource")
    path = handed_in(
        tmp_path,
        "try:\n    bytearray(2**34)\nexcept MemoryError:\n    pass\n"
        "else:\n    raise ValueError\n" + ANSWER,
    )
    assert state_of(path)[0] == "done"


STAYS = "import os, time\nif os.fork() == 0:\n    os.execvp('sleep', {sleep})\n"
LEAVES = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        os.execvpe('sleep', {sleep}, {{}})\n"
    "    os._exit(0)\n"
    "time.sleep(0.5)\n"
)
KILLS = LEAVES + "os.kill(os.getppid(), 9)\ntime.sleep(0.5)\n"


def running(mark):
    """List the processes that sleep for a given time."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes() == b"sleep\0" + mark.encode() + b"\0":
                found.append(path)
    return found


@needs_proc
@pytest.mark.parametrize("source", [STAYS, LEAVES, KILLS])
def test_what_a_notebook_leaves_running_dies_with_it(source, tmp_path):
    mark = f"{60_000 + os.getpid()}.{len(source)}"
    path = handed_in(tmp_path, source.format(sleep=["sleep", mark]), ANSWER)
    with contextlib.suppress(LessonError):
        execute(path, 120)
    assert not running(mark)


@needs_proc
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_the_whole(sent, tmp_path):
    mark = f"{60_000 + os.getpid()}.{int(sent)}"
    source = LEAVES.format(sleep=["sleep", mark]) + "while True:\n    pass\n"
    path = handed_in(tmp_path, source)
    command = [sys.executable, "-P", "-m", "vqvae_lesson", "exercises", "--execute"]
    process = subprocess.Popen(
        [*command, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A job in the background of a shell has been told to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for _ in range(600):
        if running(mark):
            break
        time.sleep(0.1)
    assert running(mark)
    process.send_signal(sent)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + sent
    assert "Traceback" not in out + err
    assert not running(mark)


def test_a_folder_with_modules_of_its_own_is_only_read(tmp_path):
    for name in ("click", "nbformat", "json", "vqvae_lesson", "numpy"):
        (tmp_path / f"{name}.py").write_text("open('mark', 'w'); raise SystemExit")
    saved(tmp_path, notebook("Right: every case agrees."))
    script = Path(sys.executable).with_name("vqvae_lesson")
    ways = [[sys.executable, "-P", "-m", "vqvae_lesson"]]
    ways += [[script]] if script.exists() else []
    for way in ways:
        command = [*way, "exercises", "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.stdout.splitlines()[0].endswith("1 of 1 done"), done.stderr
        assert not (tmp_path / "mark").exists()
    _, lines = asked("--help")
    assert "python -P -m vqvae_lesson" in " ".join(" ".join(lines).split())


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")
def test_notebook_that_kills_its_kernel_gets_a_line(tmp_path):
    content = notebook()
    content.cells[1].source = "import os; os.kill(os.getpid(), 9)"
    code, lines = asked("--execute", "--seconds", "60", saved(tmp_path, content))
    assert code == 0
    assert lines[0].startswith("Error: ")
    assert len(lines) == 1
    assert os.linesep not in lines[0]
