"""Answers of every kind, right, wrong and hostile, planted into every check."""

import ast
import contextlib
import importlib
import inspect
import math
import re
import secrets
import signal
import sys
import threading
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
import tensorflow as tf

from tests.planted.quantizer import nearest_by_loop
from vqvae_lesson.classroom.checks import training, verdict
from vqvae_lesson.recipes import RECIPES

pytestmark = pytest.mark.usefixtures("measured_again")
CHAPTERS = sorted((Path(__file__).parent.parent / "book").glob("[0-9]*.ipynb"))
MODULES = [path.stem[3:] for path in CHAPTERS]


def checks():
    """Every public function of every module of checks, by its name."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(f"vqvae_lesson.classroom.checks.{name}")
        for function, value in inspect.getmembers(module, inspect.isfunction):
            if value.__module__ == module.__name__ and not function.startswith("_"):
                found[f"{name}.{function}"] = value
    return found


CHECKS = checks()


def planted_answers(table):
    """Gather a table from all modules in tests/planted, by `chapter.name`."""
    return {
        f"{chapter}.{name}": answers
        for chapter in MODULES
        for name, answers in getattr(
            importlib.import_module(f"tests.planted.{chapter}"), table
        ).items()
    }


RIGHT, WRONG = planted_answers("RIGHT"), planted_answers("WRONG")
# The values that some checks need, and what these then expect.
ARGUMENTS, VALUES = planted_answers("ARGUMENTS"), planted_answers("VALUES")
# The functions with a bug that the chapters show, and what is said about them.
BUGS = planted_answers("BUGS")
FUNCTIONS = [name for name in CHECKS if name not in VALUES]
# These are judged by what they do to a model, not by what they return.
STEPS = {"training.clipped_step", "training.frozen_decoder"}


def ask(name, answer):
    """Ask a check, and make sure that it answers in one short line."""
    given = CHECKS[name](answer, **ARGUMENTS.get(name, {}))
    assert "\n" not in given.message
    assert given.message.isprintable()
    assert 10 < len(given.message) <= 250
    assert repr(given) == f"{given.state}: {given.message}"
    return given


# --- Answers that want to break a check ----------------------------------------------


class Evil:
    """An object that fails whatever it is asked for."""

    def __array__(self, *_, **__):
        raise RuntimeError("no array")

    def __len__(self):
        raise OSError("no length")

    def __iter__(self):
        raise LookupError("no parts")


class Mute(Exception):  # noqa: N818
    def __str__(self):
        raise ValueError("no text")


def throw(error):
    def answer(*_):
        raise error

    return answer


PARTS = {"data.split_pairs": 4}


def deeper(*case):
    return deeper(*case)


def leave(*_):
    sys.exit()


ODD = {
    "None": None,
    "a text": "a text\nof two lines",
    "a number as text": "64",
    "bytes": b"64",
    "a dict": {"a": 1},
    "a set": {1, 2},
    "ragged lists": [[1, 2], [3], "four", None],
    "nested None": [None, None],
    "an evil object": Evil(),
    "evil parts": [Evil(), Evil()],
    "a class": int,
    "a generator": (number for number in range(3)),
    "not a number": math.nan,
    "infinity": -math.inf,
    "complex": 64 + 0j,
    "complex array": np.ones([2, 3]) * 1j,
    "a huge number": 10**400,
    "a huge array": np.broadcast_to(np.float32(0), [10**6, 10**6]),
    "many axes": np.zeros([1] * 30),
    "nothing": [],
    "an empty array": np.zeros([0, 3]),
    "a date": np.datetime64("2024-01-01"),
    "a ragged tensor": tf.ragged.constant([[1, 2], [3]]),
    "NotImplemented": NotImplemented,
}
BROKEN = {
    "too few arguments": lambda: 0,
    "too many arguments": lambda a, b, c, d, e, f, g: 0,
    "a key error": throw(KeyError("weird\n\nkey\x1b[31m")),
    "a long error": throw(ValueError("long " * 500)),
    "an error without a text": throw(AssertionError()),
    "an error that fails itself": throw(Mute()),
    "no memory": throw(MemoryError("too much")),
    "endless recursion": deeper,
    "the way out": leave,
    "a stop": throw(StopIteration()),
    "a generator's end": throw(GeneratorExit()),
    "TensorFlow": lambda *_: tf.ones([2, 2]) + tf.ones([3, 3]),
}


def hangs(*_):
    while True:
        pass


def hangs_and_swallows(*_):
    while True:
        with contextlib.suppress(Exception):
            pass


def all_checks(names=None):
    return pytest.mark.parametrize("name", CHECKS if names is None else names)


def planted(table):
    """One parameter for every answer in a table."""
    return [
        pytest.param(name, answer, id=f"{name}-{number}")
        for name, answers in table.items()
        for number, answer in enumerate(answers)
    ]


@pytest.fixture(autouse=True)
def seed(monkeypatch):
    """Draw the fresh cases of a check anew; a failed test prints how."""
    seed = secrets.randbelow(2**32)
    print(f"{verdict.SEED}={seed}")
    monkeypatch.setenv(verdict.SEED, str(seed))


@pytest.fixture
def impatient(monkeypatch):
    """Make the checks wait for a moment only."""
    monkeypatch.setattr(verdict, "SECONDS", 0.05)
    monkeypatch.setattr(training, "STEP_SECONDS", 0.05)


@all_checks()
def test_every_check_has_planted_wrong_answers_and_right_ones_in_other_styles(name):
    words = {word for _, word in WRONG.get(name, [])}
    assert len(words) >= 3, "plant at least three wrong answers with hints of their own"
    assert len(RIGHT.get(name, [])) >= 2, "plant right answers in other styles"


def test_no_answers_are_planted_for_a_check_that_is_gone():
    assert {*RIGHT, *WRONG, *VALUES, *ARGUMENTS} == {*CHECKS}


@pytest.mark.parametrize(("name", "answer"), planted(RIGHT))
def test_a_right_answer_in_another_style_passes(name, answer):
    given = ask(name, answer)
    assert given.state == verdict.RIGHT, given


@pytest.mark.parametrize(("name", "wrong"), planted(WRONG))
def test_a_wrong_answer_gets_its_own_hint_whatever_was_drawn(name, wrong, monkeypatch):
    told = []

    def spy(found, expected, mistakes, compare=verdict.compare):
        told.append(expected)
        return compare(found, expected, mistakes)

    monkeypatch.setattr(verdict, "compare", spy)
    answer, word = wrong
    given = ask(name, answer)
    assert given.state == verdict.WRONG, given
    assert word in given.message
    assert_no_secret(given.message, told)
    for again in ("1", "2") if "drawn anew" in given.message else ():
        monkeypatch.setenv(verdict.SEED, again)
        assert ask(name, answer).message == given.message


ALLOWED = r" Given: .*|\[[\d, ]+\]|\d+ of \d+|expected \d+ results"


def assert_no_secret(message, expected):
    """No message tells what is expected; shapes and the arguments it may tell."""
    told = re.sub(ALLOWED, "", message)
    told = {float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e\S+)?", told)}
    for secret in expected[:1]:
        for part in secret if isinstance(secret, tuple) else [secret]:
            part = np.asarray(part)
            if part.size == 1:
                assert float(f"{part.item():.4g}") not in told, message
            else:
                assert str(part.tolist()) not in message.split(" Given:")[0]


@all_checks()
def test_an_answer_that_is_not_there_yet_is_not_attempted(name):
    def stub(*_):
        raise NotImplementedError

    def dots(*_):
        return ...

    missing = [...] if name in VALUES else [..., stub, dots]
    if isinstance(VALUES.get(name), tuple):
        missing += [(..., ...), [..., 2], (np.ones(2), ...)]
    for answer in missing:
        assert ask(name, answer) == verdict.NOT_ATTEMPTED


@all_checks([name for name in FUNCTIONS if name not in STEPS])
def test_odd_results_are_wrong_and_raise_nothing(name):
    for kind, odd in ODD.items():
        for result in (odd, PARTS.get(name, 2) * [odd]):
            given = ask(name, lambda *_, result=result: result)
            assert given.state == verdict.WRONG, kind


@all_checks(VALUES)
def test_odd_values_are_wrong_and_raise_nothing(name):
    several = len(np.atleast_1d(VALUES[name]))
    for kind, odd in ODD.items():
        for value in (odd, several * [odd], several * (odd,)):
            assert ask(name, value).state == verdict.WRONG, kind


@all_checks(VALUES)
def test_the_right_number_as_text_or_complex_is_wrong(name):
    value = VALUES[name]
    for change in (str, complex):
        answer = [*map(change, value)] if isinstance(value, tuple) else change(value)
        assert ask(name, answer).state == verdict.WRONG


@all_checks(VALUES)
def test_whole_numbers_must_be_met_exactly(name):
    value = VALUES[name]
    for near in (1, 0.4, -0.4, -1):
        answer = np.array(value) + near
        assert ask(name, answer if answer.ndim else answer.item()).state == "Not yet"


@all_checks(FUNCTIONS)
def test_a_function_that_breaks_is_wrong_and_raises_nothing(name):
    for kind, broken in BROKEN.items():
        given = ask(name, broken)
        assert given.state == verdict.WRONG, kind
        assert "raised" in given.message, kind


@all_checks(FUNCTIONS)
def test_what_is_no_function_is_wrong(name):
    for answer in (None, "a text", 3, [1, 2], {"a": 1}, np.ones(3), Evil()):
        given = ask(name, answer)
        assert given.state == verdict.WRONG
        assert "expected a function" in given.message


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer to stop it")
@all_checks(FUNCTIONS)
@pytest.mark.parametrize("answer", [hangs, hangs_and_swallows])
def test_an_endless_loop_is_broken_off(name, answer, impatient):
    given = ask(name, answer)
    assert given.state == verdict.WRONG
    assert "no answer after 0.05 seconds" in given.message


@all_checks(FUNCTIONS)
def test_an_interrupt_from_the_keyboard_goes_through(name):
    with pytest.raises(KeyboardInterrupt):
        CHECKS[name](throw(KeyboardInterrupt()))


@all_checks([name for name in FUNCTIONS if name not in STEPS])
def test_an_answer_may_write_over_its_arguments(name):
    right = RIGHT[name][0]

    def arrays(case):
        return [part for part in case if isinstance(part, np.ndarray)]

    def wrecks_afterwards(*case):
        kept = [part.copy() if isinstance(part, np.ndarray) else part for part in case]
        for part in arrays(case):
            part[...] = 0
        return right(*kept)

    def wrecks_before(*case):
        for part in arrays(case):
            part[...] = 0
        return right(*case)

    assert ask(name, wrecks_afterwards).state == verdict.RIGHT
    cases = []
    ask(name, lambda *case: cases.append(case))
    if arrays(cases[0]):
        assert ask(name, wrecks_before).state == verdict.WRONG


# --- The frame of all checks -------------------------------------------------------


def test_a_mistake_that_explains_all_cases_comes_before_one_that_explains_the_first():
    given = verdict.check_function(
        lambda number: 2 * number,
        [(2,), (3,)],
        lambda number: number,
        {"squared.": lambda number: number**2, "doubled.": lambda number: 2 * number},
    )
    assert given.message == "doubled. Given: 2."


def test_a_mistake_explains_no_answer_that_breaks_on_a_later_case():
    given = verdict.check_function(
        lambda number: 4 if number == 2 else 1 / 0,
        [(2,), (3,)],
        lambda number: number,
        {"squared.": lambda number: number**2, "four.": lambda number: 4},
    )
    assert given.message == "squared. Given: 2."


def test_arguments_that_are_long_or_no_arrays_are_not_shown():
    for case in [(np.ones(13),), (b"\x01" * 60,), (object(),), (Evil(),)]:
        given = verdict.check_each(lambda _: 1, [case], fail)
        assert given.message == "wrong."
    assert verdict.check_each(lambda _: 1, [("same",)], fail).message.endswith("same.")


def fail(*_):
    raise verdict.Fault("wrong.")


def test_a_long_message_is_cut_and_kept_on_one_line():
    def judge(*_):
        raise verdict.Fault("a word\n" * 200)

    message = verdict.check_each(lambda: 1, [()], judge).message
    assert len(message) <= 250
    assert message.endswith("…")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((4, 3), "look at the order of the axes"),
        ((3,), "an axis is missing"),
        ((1, 3, 4), "an axis too many"),
        ((3, 5), "expected [3, 4]."),
    ],
)
def test_a_wrong_shape_is_named_beside_the_right_one(shape, words):
    with pytest.raises(verdict.Fault) as fault:
        verdict.compare(np.zeros(shape), np.zeros([3, 4]), {})
    assert str(list(shape)) in str(fault.value)
    assert words in str(fault.value)


def test_an_article_fits_the_name_of_a_type():
    assert "found an int" in verdict.check_each(3, [], fail).message
    assert "found a list" in verdict.check_each([], [], fail).message


def test_checks_work_in_a_thread_where_no_time_can_be_limited():
    found = []
    run = threading.Thread(
        target=lambda: found.append(ask("quantizer.nearest", nearest_by_loop))
    )
    run.start()
    run.join()
    assert found[0].state == verdict.RIGHT


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer to reset")
def test_the_time_limit_leaves_no_alarm_behind():
    before = signal.getsignal(signal.SIGALRM)
    ask("quantizer.nearest", nearest_by_loop)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


# --- The exercises in the chapters ----------------------------------------------------


@cache
def cells(path):
    """Read the code cells of a chapter: tags, and statements."""
    return [
        (cell.metadata.get("tags", []), ast.parse(cell.source).body)
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]


@cache
def exercises(path):
    """List stub, check and solution of each exercise, as statements."""
    tagged = [
        body
        for tags, body in cells(path)
        if {"exercise", "check", "solution"} & {*tags}
    ]
    return [tagged[start : start + 3] for start in range(0, len(tagged), 3)]


def called(body):
    """Name and keywords of the check that a cell calls at its end."""
    call = body[-1].value
    assert call.func.value.id == "check"
    return call.func.attr, [ast.unparse(keyword) for keyword in call.keywords]


@cache
def names_of(path):
    """Run what a chapter imports and defines, none of its computations."""
    names = {}
    for _, body in cells(path):
        for statement in body:
            if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef):
                run([statement], names)
    return names


def run(body, names):
    """Run statements; the value of the last one, if it is an expression."""
    *body, last = body
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return exec(compile(ast.Module([last], []), "cell", "exec"), names)


def in_the_book():
    return pytest.mark.parametrize(
        ("path", "exercise"),
        [
            pytest.param(path, exercise, id=f"{path.stem}-{called(exercise[1])[0]}")
            for path in CHAPTERS
            for exercise in exercises(path)
        ],
    )


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_at_least_three_exercises(path):
    assert len(exercises(path)) >= 3
    assert len(MODULES) == len(CHAPTERS) >= 10


def test_the_chapters_use_every_check():
    used = {
        f"{path.stem[3:]}.{called(exercise[1])[0]}"
        for path in CHAPTERS
        for exercise in exercises(path)
    }
    assert used == {*CHECKS}


@in_the_book()
def test_the_check_of_a_stub_is_the_check_of_its_solution(path, exercise):
    _, check, solution = exercise
    assert called(check) == called(solution)


@in_the_book()
def test_a_stub_has_the_signature_of_its_solution(path, exercise):
    stub, _, solution = (
        [part for part in body if isinstance(part, ast.FunctionDef)]
        for body in exercise
    )
    assert len(stub) == len(solution) <= 1
    for one, other in zip(stub, solution, strict=True):
        assert ast.unparse(one.args) == ast.unparse(other.args)


@in_the_book()
def test_a_stub_is_not_attempted_and_a_solution_is_right(path, exercise):
    stub, check, solution = exercise
    names = {**names_of(path), "recipe": RECIPES["article"]}
    assert run(stub + check, names) == verdict.NOT_ATTEMPTED
    assert run(solution, names).state == verdict.RIGHT


def test_every_bug_on_display_gets_its_hint():
    shown = {}
    for path in CHAPTERS:
        for name, value in names_of(path).items():
            if name.startswith("broken_"):
                shown[f"{path.stem[3:]}.{name}"] = value
    assert {*shown} == {*BUGS}
    for name, (check, word) in BUGS.items():
        chapter = name.partition(".")[0]
        assert word in ask(f"{chapter}.{check}", shown[name]).message
