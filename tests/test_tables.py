import re

import pytest

from vqvae_lesson.classroom.tables import show_table


def test_a_table_is_html_for_a_page_and_text_for_a_test():
    table = show_table({"layer": ["a<b", "Dense"], "parameters": [832, 80]})
    assert repr(table) == "layer  parameters\n  a<b         832\nDense          80"
    html = table._repr_html_()
    assert html.count("<tr>") == 3
    assert "<th>layer</th>" in html
    assert "<td>a&lt;b</td>" in html


def test_numbers_stand_on_the_right_with_their_name():
    columns = {"a": ["−1.5", "1,200"], "b": ["7 %", "80 %"], "c": ["1 x 1", "2"]}
    html = show_table(columns)._repr_html_()
    right = re.findall(r'text-align:right">(.*?)<', html)
    assert right == ["a", "b", "−1.5", "7 %", "1,200", "80 %"]


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        show_table({"a": [1, 2], "b": [1]})
