"""What runs elsewhere is named by what it holds, not by a name that can move."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_every_locked_version_has_hashes():
    text = (ROOT / "requirements.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and line.strip()[0] != "#"]
    assert len(lines) > 100
    assert not [line for line in lines if "==" not in line or "sha256:" not in line]


def test_what_is_locked_is_installed_with_its_hashes_checked():
    installing = re.findall(
        r".*-r requirements\.txt.*", (ROOT / "Makefile").read_text()
    )
    assert installing
    assert all("--require-hashes" in line for line in installing)


@pytest.mark.parametrize("name", ["pages", "test"])
def test_actions_are_named_by_their_commit(name):
    text = (ROOT / f".github/workflows/{name}.yml").read_text()
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert not [
        line for line in used if not re.search(r"@[0-9a-f]{40}  # v[\d.]+$", line)
    ]
