"""The frame of all checks: time, copies, cases drawn anew, what is refused."""

import importlib
import signal
import time

import numpy as np
import pytest

from vqvae_lesson.classroom.checks import verdict

pytestmark = pytest.mark.usefixtures("measured_again")
needs_a_timer = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="no timer to stop it"
)


def one_more(number):
    return number + 1


def catches_all():
    while True:
        try:  # noqa: SIM105
            sum(range(50))
        except:  # noqa: E722
            pass


def catches_all_of_a_loop():
    while True:
        try:
            while True:
                pass
        except:  # noqa: E722
            continue


def catches_all_twice():
    try:
        catches_all()
    except:  # noqa: E722
        catches_all_of_a_loop()


class Endless:
    """Never says what numbers it holds."""

    def __array__(self, *_, **__):
        while True:
            pass


@needs_a_timer
@pytest.mark.parametrize(
    "loop", [catches_all, catches_all_of_a_loop, catches_all_twice]
)
def test_a_loop_under_a_bare_except_is_broken_off(loop):
    for _ in range(20):
        began = time.monotonic()
        with pytest.raises(verdict.TooSlow):
            verdict.within(0.02, loop)
        assert time.monotonic() - began < 2
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@needs_a_timer
def test_a_result_that_never_says_what_it_is_is_broken_off(monkeypatch):
    monkeypatch.setattr(verdict, "SECONDS", 0.05)
    given = verdict.check_function(lambda number: Endless(), [(1,)], one_more)
    assert given.state == verdict.WRONG
    assert "does not say what it is" in given.message


@needs_a_timer
def test_a_limit_inside_a_limit_leaves_the_outer_one_in_force():
    def inner_then_for_ever():
        verdict.within(5, one_more, 1)
        while True:
            pass

    with pytest.raises(verdict.TooSlow):
        verdict.within(0.1, inner_then_for_ever)


def test_an_answer_may_change_lists_and_what_is_in_them():
    def answer(numbers, table):
        table["rows"].append(numbers.pop())
        return len(numbers) + sum(table["rows"])

    case = ([1, 2, 3], {"rows": [np.float64(4)]})
    given = verdict.check_function(answer, [case], lambda *case: 2 + 3 + 4)
    assert given.state == verdict.RIGHT
    assert case == ([1, 2, 3], {"rows": [4]})


def test_what_is_expected_is_worked_out_before_the_answer_is_asked():
    order = []

    def reference(number):
        order.append("expected")
        return number

    def answer(number):
        order.append("answer")
        return number

    verdict.check_function(answer, [(1,), (2,)], reference)
    assert order == 2 * ["expected", "answer"]


def test_fresh_cases_are_other_ones_each_time_and_the_same_on_request(monkeypatch):
    seen = []

    def answer(numbers):
        seen.append(numbers.tolist())
        return numbers

    def ask():
        verdict.check_function(
            answer, [], lambda x: x, fresh=lambda random: [(random.random(3),)]
        )
        return seen[-1]

    monkeypatch.delenv(verdict.SEED, raising=False)
    assert ask() != ask()
    for seed in ("7", "abc", "-1", "\N{SUPERSCRIPT TWO}"):
        monkeypatch.setenv(verdict.SEED, seed)
        assert ask() == ask()


@pytest.mark.parametrize(
    "answer",
    [
        lambda numbers: numbers + (len(numbers) > 2),
        lambda numbers: numbers if len(numbers) < 3 else {}[numbers[0]],
        lambda numbers: numbers[0] if len(numbers) > 2 else numbers,
    ],
)
def test_a_verdict_on_fresh_cases_says_the_same_at_every_run(answer, monkeypatch):
    monkeypatch.delenv(verdict.SEED, raising=False)
    lines = {
        repr(
            verdict.check_function(
                answer,
                [(np.ones(2),)],
                lambda x: x,
                fresh=lambda random: [(random.random(3),)],
            )
        )
        for _ in range(5)
    }
    assert len(lines) == 1
    assert "Not yet" in lines.pop()


def test_a_mistake_that_shows_on_fresh_cases_alone_gets_its_hint():
    given = verdict.check_function(
        np.abs,
        [(np.ones(2),)],
        lambda x: x,
        {"the sign is lost.": np.abs},
        fresh=lambda random: [(-random.random(3),)],
    )
    assert given.message == "the sign is lost."


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_result_with_nan_or_infinity_is_right(bad):
    for expected in (np.zeros(3), np.arange(3)):
        assert not verdict.agrees(np.add(expected, [0, bad, 0]), expected)


def test_small_numbers_are_compared_by_their_own_measure():
    expected = np.array([2e-4, 1e-4])
    assert not verdict.agrees(0 * expected, expected)
    assert not verdict.agrees(expected[::-1], expected)
    assert verdict.agrees(expected.astype(np.float32), expected)


def helper(x):
    return np.tanh(x)


def test_what_an_exercise_forbids_is_found_in_helpers_too():
    def inside(x):
        def inner(y):
            return np.tanh(y)

        return inner(x)

    for answer in (helper, lambda x: helper(x), inside, np.vectorize(helper)):
        assert verdict.refuse(answer, {"tanh"}, "no.").message == "no."
        assert verdict.refuse(answer, {"numpy"}, "no.").state == verdict.WRONG
        assert verdict.refuse(answer, {"tensorflow"}, "no.") is None
    assert verdict.refuse(np.sqrt, {"tanh"}, "no.") is None


@pytest.mark.parametrize(
    ("answer", "right"),
    [(0.67, True), (0.667, True), (0.66667, True), (0.66, False), (0.7, False)],
)
def test_a_number_may_be_rounded_by_hand_to_two_digits_or_more(answer, right):
    assert (verdict.check_value(answer, 2 / 3).state == verdict.RIGHT) == right
    assert verdict.check_value(14.0, 13).state != verdict.RIGHT


@needs_a_timer
def test_a_library_may_tidy_up_before_it_is_left(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "tidy.py").write_text(
        "import time\n"
        "done = []\n"
        "def work():\n"
        "    try:\n"
        "        while True:\n"
        "            pass\n"
        "    finally:\n"
        "        for step in range(5):\n"
        "            time.sleep(0.01)\n"
        "            done.append(step)\n"
    )
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(verdict, "INSTALLED", (*verdict.INSTALLED, str(folder)))
    tidy = importlib.import_module("tidy")
    with pytest.raises(verdict.TooSlow):
        verdict.within(0.02, tidy.work)
    assert tidy.done == [0, 1, 2, 3, 4]


@needs_a_timer
def test_an_alarm_that_comes_when_all_is_done_rings_no_more(monkeypatch):
    before, set_handler, calls = signal.getsignal(signal.SIGALRM), signal.signal, []

    def late(number, handler):
        calls.append(handler)
        if len(calls) == 2:  # the function is done, its handler is still there
            signal.raise_signal(signal.SIGALRM)
        return set_handler(number, handler)

    monkeypatch.setattr(signal, "signal", late)
    assert verdict.within(5, one_more, 1) == 2
    assert len(calls) == 2
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is before
