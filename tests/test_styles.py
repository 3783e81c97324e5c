"""Which rules of a style sheet stay: those that a page or a script could want."""

import importlib.util
from pathlib import Path

import pytest
import tinycss2

PATH = Path(__file__).parents[1] / "_ext" / "light_pages.py"


@pytest.fixture(scope="module")
def light_pages():
    spec = importlib.util.spec_from_file_location("light_pages", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        ("p{color:red}", "p{color:red}"),
        (".used{a:b}.unused{a:b}", ".used{a:b}"),
        (".used,.unused p{a:b}", ".used{a:b}"),
        (".used.unused{a:b}", ""),
        ("#unused .used{a:b}", ""),
        (".used:not(.unused){a:b}", ".used:not(.unused){a:b}"),
        (":is(.unused,p) .used{a:b}", ":is(.unused,p) .used{a:b}"),
        ("@media print{.unused{a:b}}", ""),
        ("@media print{.used{a:b}}", "@media print{.used{a:b}}"),
        ("@font-face{src:url(unused.woff)}", "@font-face{src:url(unused.woff)}"),
        ("a[href='.unused']{a:b}", "a[href='.unused']{a:b}"),
        ("a{width:.5em}", "a{width:.5em}"),
    ],
)
def test_rules_go_whose_classes_nobody_has(light_pages, sheet, kept):
    rules = light_pages.rules_for({"used"}, tinycss2.parse_stylesheet(sheet))
    assert "".join(rules).replace("\n", "").replace('"', "'") == kept
