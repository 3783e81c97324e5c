"""Tables on a page of the book: HTML for readers, plain text for the tests."""

import re
from html import escape

__all__ = ["show_table"]


class Table:
    """Columns of equal length, each under its name.

    Parameters
    ----------
    columns : dict
        From name to values; every value is written with ``str``.
    """

    def __init__(self, columns):
        cells = [[str(value) for value in values] for values in columns.values()]
        self.names = list(columns)
        self.rows = list(zip(*cells, strict=True))

    def __repr__(self):
        lines = [self.names, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                text.rjust(width) for text, width in zip(line, widths, strict=True)
            )
            for line in lines
        )

    def _repr_html_(self):
        columns = zip(*self.rows, strict=True)
        styles = [' style="text-align:right"' * _all_numbers(one) for one in columns]
        head = _row("th", self.names, styles)
        body = "".join(_row("td", row, styles) for row in self.rows)
        return (
            '<table class="table table-sm">'
            f"<thead>{head}</thead><tbody>{body}</tbody></table>"
        )


def _all_numbers(texts):
    """Whether a column holds nothing but numbers, which stand on the right."""
    return all(re.fullmatch(r"[-−+]?[\d.,]+( ?%)?", text) for text in texts)


def _row(tag, texts, styles):
    """Write one row of a table."""
    cells = zip(texts, styles, strict=True)
    cells = [f"<{tag}{style}>{escape(text)}</{tag}>" for text, style in cells]
    return f"<tr>{''.join(cells)}</tr>"


def show_table(columns):
    """Show columns of values as a table.

    Parameters
    ----------
    columns : dict
        From name to values, all of one length, rounded as they shall be read.

    Returns
    -------
    Table

    Examples
    --------
    >>> show_table({"step": [1, 2], "count": ["0.99", "0.98"]})
    step  count
       1   0.99
       2   0.98
    """
    return Table(columns)
