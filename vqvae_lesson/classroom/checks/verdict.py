"""What all checks share: run an answer safely, compare it, say what is wrong."""

import re
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

RIGHT, WRONG, OPEN = "Right", "Not yet", "Not attempted yet"
SECONDS = 5
SMALL = 12
LONGEST = 240
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Verdict:
    """One line about an answer.

    Attributes
    ----------
    state : {"Right", "Not yet", "Not attempted yet"}
    message : str
    """

    state: str
    message: str

    def __repr__(self):
        return f"{self.state}: {self.message}"


NOT_ATTEMPTED = Verdict(OPEN, "write your answer above, then run this cell again.")


class Fault(Exception):  # noqa: N818
    """What is wrong with an answer, in one line."""


class TooSlow(BaseException):
    """An answer took longer than a check waits; ``except Exception`` lets it by."""


@contextmanager
def time_limit(seconds):
    """Break off what runs longer, where the system can (main thread, not Windows)."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return

    def give_up(*_):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_function(
    answer, cases, reference, mistakes=None, praise="every case agrees."
):
    """Run a function on cases and compare it with the package's own.

    Parameters
    ----------
    answer : callable
        The reader's function.
    cases : list of tuple
        Arguments, the smallest case first.
    reference : callable
        Gives what is expected for the same arguments.
    mistakes : dict, optional
        From a hint to a callable that gives what the usual mistake gives: a
        result, a list of several, or None where the mistake does not show.
    praise : str
        What to say when all is right.

    Returns
    -------
    Verdict
    """
    mistakes = mistakes or {}

    def judge(found, *case):
        expected = reference(*case)
        if agrees(found, expected):
            return
        known = {hint: mistake(*case) for hint, mistake in mistakes.items()}
        likely = [hint for hint in known if _gives(known[hint], found)]
        if len(likely) > 1:  # on one case; the mistake that explains all cases wins
            likely.sort(key=lambda hint: not _explains(mistakes[hint], answer, cases))
        compare(found, expected, {hint: known[hint] for hint in [*likely, *known]})

    return check_each(answer, cases, judge, praise)


def check_each(answer, cases, judge, praise="every case agrees.", seconds=None):
    """Run a function on cases and let another function judge what it gives.

    Parameters
    ----------
    answer : callable
        The reader's function. It gets copies of all arrays, to do as it likes.
    cases : list of tuple
        Arguments, the smallest case first.
    judge : callable
        Takes a result and the case's arguments; raises :class:`Fault`.
    praise : str
        What to say when all is right.
    seconds : float, optional
        How long to wait for one case.

    Returns
    -------
    Verdict
    """
    if answer is ...:
        return NOT_ATTEMPTED
    if not callable(answer):
        return Verdict(WRONG, f"expected a function, found {_name(answer)}.")
    for case in cases:
        try:
            found = _run(answer, case, seconds or SECONDS)
            if found is ...:
                return NOT_ATTEMPTED
            with np.errstate(all="ignore"):
                judge(found, *case)
        except Fault as fault:
            return Verdict(WRONG, _one_line(f"{fault}{_shown(case)}"))
    return Verdict(RIGHT, praise)


def check_value(answer, expected, mistakes=None, praise="as predicted."):
    """Compare a value with the expected one.

    Parameters
    ----------
    answer : object
        The reader's value; ``...`` as long as there is none.
    expected : object
    mistakes : dict, optional
        From a hint to the value that the usual mistake gives, or a list of them.
    praise : str

    Returns
    -------
    Verdict
    """
    parts = answer if isinstance(answer, tuple | list) else [answer]
    if any(part is ... for part in parts):
        return NOT_ATTEMPTED
    try:
        compare(answer, expected, mistakes or {})
    except Fault as fault:
        return Verdict(WRONG, _one_line(str(fault)))
    return Verdict(RIGHT, praise)


def compare(found, expected, mistakes):
    """Say in one line how a result differs from the expected one.

    Parameters
    ----------
    found : object
    expected : number, array, or tuple of these
        Whole numbers must be met exactly, others nearly.
    mistakes : dict
        From a hint to what the usual mistake gives, or a list of results.

    Raises
    ------
    Fault
        If they differ, or `found` is not made of numbers.
    """
    if isinstance(expected, tuple):
        _compare_parts(found, expected, mistakes)
        return
    found, expected = numbers(found), _plain(expected)
    if _close(found, expected):
        return
    for hint, wrong in mistakes.items():
        if any(_close(found, _plain(one)) for one in _several(wrong)):
            raise Fault(hint)
    expect_shape(found, expected.shape)
    if not np.isfinite(found).all():
        raise Fault("the result holds NaN or infinity: is something divided by 0?")
    if expected.size == 1:  # the difference would give the answer away
        size = "large" if (found > expected).all() else "small"
        raise Fault(f"the result is too {size}.")
    raise Fault(f"the result differs by up to {np.abs(found - expected).max():.4g}.")


def agrees(found, expected):
    """Whether a result is as expected."""
    try:
        compare(found, expected, {})
    except Fault:
        return False
    return True


def numbers(found):
    """Return a result as an array, once it is sure to hold real numbers.

    Raises
    ------
    Fault
        If it holds anything else.
    """
    if found is None:
        raise Fault("the result is None: is there a return?")
    try:
        array = np.asarray(found)
        odd = [*array.flat] if array.dtype == object else []
        if array.dtype.kind in "USc" or any(
            part is None or isinstance(part, str | bytes | complex) for part in odd
        ):
            raise TypeError
        return array if array.dtype.kind in "biuf" else array.astype(np.float64)
    except OverflowError:
        raise Fault("the result is far too large.") from None
    except Exception:  # an object may fail in any way when asked for its numbers
        raise Fault(
            f"the result is {_name(found)}, expected numbers in even rows."
            if isinstance(found, tuple | list)
            else f"the result is {_name(found)}, expected real numbers."
        ) from None


def expect_shape(array, shape):
    """Say what may have happened to the axes of an array.

    Raises
    ------
    Fault
        If the array has another shape.
    """
    if array.shape == tuple(shape):
        return
    guess = "."
    if sorted(array.shape) == sorted(shape):
        guess = ": look at the order of the axes."
    elif array.ndim < len(shape):
        guess = ": an axis is missing."
    elif array.ndim > len(shape):
        guess = ": is there an axis too many?"
    raise Fault(
        f"the result has shape {list(array.shape)}, expected {list(shape)}{guess}"
    )


def parts(found, count):
    """Return the results of a function that gives several.

    Raises
    ------
    Fault
        If they are more, fewer, or not several at all.
    """
    if found is None:
        raise Fault("the result is None: is there a return?")
    try:
        if isinstance(found, str | bytes | dict | set):
            raise TypeError
        length = len(found)
        several = list(found) if length == count else []
    except Exception:  # an object may fail in any way when asked for its parts
        raise Fault(f"expected {count} results, found {_name(found)}.") from None
    if length != count:
        raise Fault(f"expected {count} results, found {length}.")
    return several


def _run(answer, case, seconds):
    """Run an answer on copies of a case; ``...`` if there is no answer yet."""
    copies = [part.copy() if isinstance(part, np.ndarray) else part for part in case]
    try:
        with time_limit(seconds), np.errstate(all="ignore"):
            return answer(*copies)
    except NotImplementedError:
        return ...
    except TooSlow:
        raise Fault(
            f"no answer after {seconds} seconds: is there a loop that never ends?"
        ) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a reader's code raises is an answer
        raise Fault(
            f"your function raised {type(error).__name__}: {_first_line(error)}."
        ) from None


def _gives(wrong, found):
    """Whether a result is one of those that a mistake gives."""
    return any(agrees(found, one) for one in _several(wrong))


def _explains(mistake, answer, cases):
    """Whether an answer gives on all cases what a mistake gives, where it shows."""
    for case in cases:
        wrong = mistake(*case)
        try:
            if wrong is not None and not _gives(wrong, _run(answer, case, SECONDS)):
                return False
        except Fault:
            return False
    return True


def _compare_parts(found, expected, mistakes):
    """Compare results part by part; a mistake gives all parts."""
    count = len(expected)
    pairs = zip(parts(found, count), expected, strict=True)
    for part, (one, right) in enumerate(pairs):
        wrongs = {
            hint: [result[part] for result in _several(wrong)]
            for hint, wrong in mistakes.items()
        }
        try:
            compare(one, right, wrongs)
        except Fault as fault:
            raise Fault(f"result {part + 1} of {count}: {fault}") from None


def _several(wrong):
    """List what a mistake gives: nothing, one result, or several."""
    several = wrong if isinstance(wrong, list) else [wrong]
    return [one for one in several if one is not None]


def _plain(value):
    """Return a value of our own as an array; whole numbers stay whole."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype == object else array


def _close(found, expected):
    """Whether two arrays have one shape and close values."""
    if found.shape != expected.shape:
        return False
    relative = 0 if expected.dtype.kind in "biu" else TOLERANCE
    return np.allclose(found, expected, relative, TOLERANCE, equal_nan=True)


def _shown(case):
    """Show the arguments of a case that is small enough to read."""
    try:
        arrays = [np.asarray(part) for part in case]
    except Exception:  # a model is no array
        return ""
    if sum(array.size for array in arrays) > SMALL or any(
        array.dtype == object for array in arrays
    ):
        return ""
    text = " Given: " + ", ".join(str(array.tolist()) for array in arrays) + "."
    return text if len(text) < LONGEST / 2 else ""


def _name(value):
    """Name a value's type for a reader."""
    if value is None:
        return "nothing (None)"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _first_line(error):
    """Return the first line of an error's text, without TensorFlow's addresses."""
    try:
        text = re.sub(r"\{\{.*?\}\}", "", str(error)).strip()
    except Exception:  # an error may fail to say what it is
        text = ""
    return (text.splitlines() or ["no message"])[0][:100].rstrip(". ")


def _one_line(text):
    """Return a text on one line, cut where it is too long."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
