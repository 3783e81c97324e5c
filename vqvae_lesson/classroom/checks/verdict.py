"""What all checks share: run an answer safely, compare it, say what is wrong.

A check helps whoever wants to learn, and guards nothing: a reader who patches
``np.allclose``, or this module, fools nobody but himself.
"""

import os
import re
import signal
import sys
import sysconfig
import threading
from dataclasses import dataclass
from decimal import Decimal
from types import ModuleType

import numpy as np

RIGHT, WRONG, OPEN = "Right", "Not yet", "Not attempted yet"
SECONDS = 5
PLACES = map(sysconfig.get_path, ("stdlib", "purelib", "platlib"))
INSTALLED = ("<frozen", __file__, *PLACES)  # files of libraries begin so
AGAIN = 0.01  # seconds from one alarm to the next
SMALL = 12
LONGEST = 240
TOLERANCE, LEAST_TOLERANCE = 1e-4, 1e-6
DRAWS = 3
SEED = "CHECK_SEED"  # an environment variable: one draw, the same again
ELSEWHERE = (
    "right on the cases that never change, wrong on others, which are drawn anew each "
    "time: does it hold for other values and sizes?"
)


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


class Measured(Fault):
    """A fault whose line holds figures of the case, which may have been drawn."""


class TooSlow(BaseException):
    """Something took longer than a check waits; ``except Exception`` lets it by."""


def within(seconds, function, *arguments):
    """Call a function; break off what runs longer, where the system can.

    It can in the main thread, and not on Windows. Compiled code is broken off only
    when it is back in Python. A loop under a bare ``except`` catches the alarm, so
    the next line that it comes to raises again, outside of what is caught. A library
    is left once, and may tidy up: a line of its own raises nothing more.

    Raises
    ------
    TooSlow
        After that many seconds.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        return function(*arguments)
    here, given_up, over = sys._getframe(), [], False

    def give_up(_, frame):
        if over or frame is here:  # the function is done
            return
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
        if given_up and _is_of_a_library(frame):
            return
        given_up.append(True)
        while frame not in (here, None):
            if not _is_of_a_library(frame):
                frame.f_trace = give_up_again
            frame = frame.f_back
        sys.settrace(give_up_again)
        raise TooSlow

    def give_up_again(frame, event, _):
        if over or _is_of_a_library(frame):
            return None
        if event == "line":
            raise TooSlow
        return give_up_again

    tracing = sys.gettrace()
    before = signal.signal(signal.SIGALRM, give_up)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function(*arguments)
    finally:
        over = True  # an alarm may be on its way: it must not ring while this tidies up
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.settrace(tracing)
        signal.setitimer(signal.ITIMER_REAL, left)


def _is_of_a_library(frame):
    """Whether a frame runs what is installed, not what a reader wrote."""
    return frame.f_code.co_filename.startswith(INSTALLED)


def draw(fresh):
    """Make cases anew, from the system's own chance or from ``CHECK_SEED``.

    Parameters
    ----------
    fresh : callable or None
        Takes NumPy's generator, gives a list of cases: of fixed shapes, so that a
        verdict says the same at every run.

    Returns
    -------
    list of tuple
    """
    text = os.environ.get(SEED, "")
    seed = int(text) if text.isdecimal() else [*os.fsencode(text)] or None
    random = np.random.default_rng(seed)
    # More than once: on a single draw a wrong way may be right by chance.
    return [case for _ in range(DRAWS) for case in fresh(random)] if fresh else []


def check_function(
    answer,
    cases,
    reference,
    mistakes=None,
    praise="every case agrees.",
    fresh=None,
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
    fresh : callable, optional
        Makes more cases, see :func:`draw`.

    Returns
    -------
    Verdict
    """
    mistakes = mistakes or {}

    def judge(found, expected, *case):
        if agrees(found, expected):
            return
        known = {hint: mistake(*case) for hint, mistake in mistakes.items()}
        likely = [hint for hint in known if _gives(known[hint], found)]
        if len(likely) > 1:  # on one case; the mistake that explains all cases wins
            likely.sort(key=lambda hint: not _explains(mistakes[hint], answer, cases))
        compare(found, expected, {hint: known[hint] for hint in [*likely, *known]})

    return _check(answer, cases, judge, praise, None, fresh, reference)


def check_each(
    answer, cases, judge, praise="every case agrees.", seconds=None, fresh=None
):
    """Run a function on cases and let another function judge what it gives.

    Parameters
    ----------
    answer : callable
        The reader's function. It gets copies of all arrays and lists, to do as it
        likes.
    cases : list of tuple
        Arguments, the smallest case first.
    judge : callable
        Takes a result and the case's arguments; raises :class:`Fault`.
    praise : str
        What to say when all is right.
    seconds : float, optional
        How long to wait for one case, and as long again for its judge.
    fresh : callable, optional
        Makes more cases, see :func:`draw`.

    Returns
    -------
    Verdict
    """
    return _check(answer, cases, judge, praise, seconds, fresh)


def _check(answer, cases, judge, praise, seconds, fresh, reference=None):
    """Run a function on cases that stay, then on others; judge what it gives."""
    if answer is ...:
        return NOT_ATTEMPTED
    if not callable(answer):
        return Verdict(WRONG, f"expected a function, found {_name(answer)}.")
    for number, case in enumerate([*cases, *draw(fresh)]):
        try:
            expected = [] if reference is None else [reference(*_copy(case))]
            found = _run(answer, case, seconds or SECONDS)
            if found is ...:
                return NOT_ATTEMPTED
            _judge(judge, (found, *expected, *case), seconds or SECONDS)
        except Fault as fault:
            if number < len(cases):
                return Verdict(WRONG, _one_line(f"{fault}{_shown(case)}"))
            measured = isinstance(fault, Measured)
            return Verdict(WRONG, ELSEWHERE if measured else _one_line(str(fault)))
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
        if not rounded_by_hand(answer, expected):
            compare(answer, expected, mistakes or {})
    except Fault as fault:
        return Verdict(WRONG, _one_line(str(fault)))
    return Verdict(RIGHT, praise)


def rounded_by_hand(answer, expected):
    """Whether an answer is the expected number, rounded to two digits or more."""
    if type(answer) is not float or not isinstance(expected, float):
        return False  # whole numbers are met exactly
    digits = len(Decimal(repr(answer)).as_tuple().digits)
    return digits >= 2 and float(f"{expected:.{digits}g}") == answer


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
        raise Measured(f"the result is too {size}.")
    apart = np.abs(found.astype(np.float64) - expected).max()
    raise Measured(f"the result differs by up to {apart:.4g}.")


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


def refuse(answer, words, hint):
    """Refuse an answer that uses what its exercise forbids.

    Parameters
    ----------
    answer : callable
    words : collection of str
        Names that stand in the function, or the packages that these come from.
    hint : str

    Returns
    -------
    Verdict or None
        None if nothing of it is used.
    """
    return Verdict(WRONG, hint) if words & _names_in(answer) else None


def _names_in(function):
    """Names in a function and in the reader's own functions that it calls."""
    names, waiting, seen = set(), [function], set()
    while waiting:
        function = waiting.pop()
        function = getattr(function, "pyfunc", function)  # of np.vectorize
        code = getattr(function, "__code__", None)
        if code is None or code in seen:
            continue
        seen.add(code)
        here = _names_of(code)
        names |= here
        for value in (function.__globals__.get(name) for name in here):
            if isinstance(value, ModuleType):
                names.add(value.__name__.partition(".")[0])
            elif callable(value):
                module = getattr(value, "__module__", None)
                names.add(str(module).partition(".")[0])
                if module == function.__module__:
                    waiting.append(value)
    return names


def _names_of(code):
    """Names in compiled code, and in the functions inside it."""
    inner = [part for part in code.co_consts if isinstance(part, type(code))]
    return {*code.co_names}.union(*map(_names_of, inner))


def _copy(part):
    """Copy arrays, and lists, tuples and dicts of them; all else stays itself."""
    if isinstance(part, np.ndarray):
        return part.copy()
    if isinstance(part, list):
        return [*map(_copy, part)]
    if isinstance(part, tuple):
        parts = [*map(_copy, part)]
        return type(part)(*parts) if hasattr(part, "_fields") else tuple(parts)
    if isinstance(part, dict):
        return {name: _copy(value) for name, value in part.items()}
    return part


def _judge(judge, arguments, seconds):
    """Judge a result; asking it for its numbers may take for ever, too."""
    try:
        with np.errstate(all="ignore"):
            within(seconds, judge, *arguments)
    except TooSlow:
        raise Fault(
            f"after {seconds} seconds the result does not say what it is: return "
            "numbers."
        ) from None


def _run(answer, case, seconds):
    """Run an answer on copies of a case; ``...`` if there is no answer yet."""
    try:
        with np.errstate(all="ignore"):
            return within(seconds, answer, *_copy(case))
    except NotImplementedError:
        return ...
    except TooSlow:
        raise Fault(
            f"no answer after {seconds} seconds: is there a loop that never ends?"
        ) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a reader's code raises is an answer
        raise Measured(
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
            raise type(fault)(f"result {part + 1} of {count}: {fault}") from None


def _several(wrong):
    """List what a mistake gives: nothing, one result, or several."""
    several = wrong if isinstance(wrong, list) else [wrong]
    return [one for one in several if one is not None]


def _plain(value):
    """Return a value of our own as an array; whole numbers stay whole."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype == object else array


def _close(found, expected):
    """Whether two arrays have one shape and close values.

    One number may be rounded by hand; of several, small ones count, too.
    """
    if found.shape != expected.shape:
        return False
    if expected.dtype.kind in "biu":
        return np.allclose(found, expected, 0, TOLERANCE)
    size = np.abs(expected).max(initial=0) if expected.size > 1 else 1
    least = max(LEAST_TOLERANCE, TOLERANCE * min(1, size)) if size else TOLERANCE
    return np.allclose(found, expected, TOLERANCE, least, equal_nan=True)


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
