"""What a call that must or may be refused says."""

import pytest

from vqvae_lesson.errors import LessonError


def refused(function, *args, **kwargs):
    """The one-line message of the LessonError that the call must raise."""
    with pytest.raises(LessonError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


def refusal(function, *args):
    """The message of a LessonError that the call may raise, else nothing."""
    try:
        function(*args)
    except LessonError as error:
        return str(error)
    return ""
