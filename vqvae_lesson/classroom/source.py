"""Show the code of the package on a page of the book, as it is tested."""

import ast
import inspect
import textwrap

__all__ = ["show_source"]


class Source:
    """The source of a function, rendered as code by Jupyter.

    Parameters
    ----------
    text : str
    """

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_markdown_(self):
        return f"```python\n{self.text}\n```"


def show_source(*functions):
    """Show functions as the package has them, docstrings cut to their first line.

    Decorators are left out: they check arguments, which no chapter explains.

    Parameters
    ----------
    *functions : function, method or class

    Returns
    -------
    Source

    Examples
    --------
    >>> from vqvae_lesson.glyphs import draw_glyphs
    >>> "def draw_glyphs(count, seed):" in repr(show_source(draw_glyphs))
    True
    """
    return Source("\n\n\n".join(map(_without_long_docstrings, functions)))


def _without_long_docstrings(function):
    """Source text with only the first line of each docstring."""
    text = textwrap.dedent(inspect.getsource(function)).rstrip()
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            first, last = decorator.lineno - 1, decorator.end_lineno
            lines[first:last] = [None] * (last - first)
        if ast.get_docstring(node):
            docstring = node.body[0]
            first, last = docstring.lineno - 1, docstring.end_lineno - 1
            if first < last:
                lines[first] += '"""'
                lines[first + 1 : last + 1] = [None] * (last - first)
    return "\n".join(line for line in lines if line is not None)
