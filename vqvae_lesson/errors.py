"""The one exception of the package: something the reader can put right.

Every message is one line that says what was found, what was expected and what
to do. The command line prints it without a traceback.
"""

import functools

__all__ = ["LessonError"]


class LessonError(ValueError):
    """Input that the lesson cannot use, with the way out in the message."""

    # AutoGraph hands an error with this attribute on as it is, so that it keeps
    # its name inside a tf.function too.
    ag_pass_through = True


def check_before(check):
    """Let a check see the arguments before a function does: no chapter prints it.

    Parameters
    ----------
    check : callable
        Takes the function's arguments, and raises :class:`LessonError`.

    Returns
    -------
    callable
        A decorator.

    Examples
    --------
    >>> @check_before(lambda count: None)
    ... def double(count):
    ...     return 2 * count
    >>> double(4)
    8
    """

    def decorate(function):
        @functools.wraps(function)
        def checked(*args, **kwargs):
            check(*args, **kwargs)
            return function(*args, **kwargs)

        return checked

    return decorate


def first_line(error):
    """Take the first line of an exception's message, or its type."""
    return next(iter(str(error).splitlines()), type(error).__name__)
