"""The one exception of the package: something the reader can put right.

Every message is one line that says what was found, what was expected and what
to do. The command line prints it without a traceback.
"""


class LessonError(ValueError):
    """Input that the lesson cannot use, with the way out in the message."""

    # AutoGraph hands an error with this attribute on as it is, so that it keeps
    # its name inside a tf.function too.
    ag_pass_through = True
