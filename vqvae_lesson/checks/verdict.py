"""What all checks share: run an answer safely, compare it, say what is wrong."""

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

RIGHT, WRONG, OPEN = "Right", "Not yet", "Not attempted yet"
SECONDS = 5
SMALL = 12
TOLERANCE = 1e-4
AGREES = "every case agrees."


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


class TooSlow(Exception):  # noqa: N818
    """An answer took longer than a check waits."""


@contextmanager
def time_limit(seconds=SECONDS):
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
        From a hint to a callable that gives what the usual mistake gives.
    praise : str
        What to say when all is right.

    Returns
    -------
    Verdict
    """
    if answer is ...:
        return NOT_ATTEMPTED
    if not callable(answer):
        return Verdict(WRONG, f"expected a function, found {_name(answer)}.")
    for case in cases:
        with np.errstate(all="ignore"):
            fault = _first_fault(answer, case, reference, mistakes or {})
        if isinstance(fault, Verdict):
            return fault
        if fault:
            return Verdict(WRONG, fault + _shown(case))
    return Verdict(RIGHT, praise)


def _first_fault(answer, case, reference, mistakes):
    """Say what is wrong with an answer on one case, or nothing."""
    try:
        with time_limit():
            found = answer(*case)
    except NotImplementedError:
        return NOT_ATTEMPTED
    except TooSlow:
        return f"no answer after {SECONDS} seconds: is there a loop that never ends?"
    except Exception as error:  # whatever a reader's code raises is an answer
        return f"your function raised {type(error).__name__}: {_first_line(error)}."
    known = {hint: wrong(*case) for hint, wrong in mistakes.items()}
    return difference(found, reference(*case), known)


def check_value(answer, expected, mistakes=None, praise="as predicted."):
    """Compare a value with the expected one.

    Parameters
    ----------
    answer : object
        The reader's value; ``...`` as long as there is none.
    expected : object
    mistakes : dict, optional
        From a hint to the value that the usual mistake gives.
    praise : str

    Returns
    -------
    Verdict
    """
    if answer is ... or (isinstance(answer, tuple | list) and ... in list(answer)):
        return NOT_ATTEMPTED
    fault = difference(answer, expected, mistakes or {})
    return Verdict(WRONG, fault) if fault else Verdict(RIGHT, praise)


def difference(found, expected, mistakes):
    """Say in one line how a result differs from the expected one.

    Parameters
    ----------
    found, expected : number, array, or tuple of these
    mistakes : dict
        From a hint to what the usual mistake gives.

    Returns
    -------
    str or None
        None if they agree.
    """
    if isinstance(expected, tuple):
        return _difference_of_tuples(found, expected, mistakes)
    if found is None:
        return "the result is None: is there a return?"
    try:
        found = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        return f"the result is {_name(found)}, expected numbers."
    expected = np.asarray(expected, dtype=np.float64)
    if _agree(found, expected):
        return None
    for hint, wrong in mistakes.items():
        if _agree(found, np.asarray(wrong, dtype=np.float64)):
            return hint
    if found.shape != expected.shape:
        return (
            f"the result has shape {list(found.shape)}, expected "
            f"{list(expected.shape)}: look at the order of the axes."
        )
    if not np.isfinite(found).all():
        return "the result holds NaN or infinity: is something divided by 0?"
    return f"the result differs by up to {np.abs(found - expected).max():.4g}."


def _difference_of_tuples(found, expected, mistakes):
    """Compare results part by part; a mistake gives all parts."""
    length = len(found) if isinstance(found, tuple | list) else None
    if length != len(expected):
        return f"expected {len(expected)} results, found {length or _name(found)}."
    for part, (one, right) in enumerate(zip(found, expected, strict=True)):
        wrongs = {hint: wrong[part] for hint, wrong in mistakes.items()}
        fault = difference(one, right, wrongs)
        if fault:
            return f"result {part + 1} of {len(expected)}: {fault}"
    return None


def _agree(found, expected):
    """Whether two arrays have one shape and close values."""
    return found.shape == expected.shape and np.allclose(
        found, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=False
    )


def _shown(case):
    """Show the arguments of a case that is small enough to read."""
    arrays = [np.asarray(part) for part in case if not callable(part)]
    if sum(array.size for array in arrays) > SMALL or any(
        array.dtype == object for array in arrays
    ):
        return ""
    return " Given: " + ", ".join(str(array.tolist()) for array in arrays) + "."


def _name(value):
    """Name a value's type for a reader."""
    return "nothing (None)" if value is None else f"a {type(value).__name__}"


def _first_line(error):
    """Return the first line of an error's text."""
    return (str(error).strip().splitlines() or ["no message"])[0][:160]
