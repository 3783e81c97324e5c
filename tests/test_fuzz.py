"""The fuzz and the kills in their short forms; ``make fuzz`` runs them in full."""

import subprocess
import sys

import pytest

from tests import fuzz


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return fuzz.Fuzz(tmp_path_factory.mktemp("fuzz"), seed=1)


def test_the_files_before_they_are_damaged_are_read(cases, monkeypatch):
    monkeypatch.setattr(fuzz, "damaged", lambda content, chance: content)
    monkeypatch.setattr(fuzz, "twisted", lambda content, chance: content)
    monkeypatch.setattr(fuzz, "twisted_npz", lambda arrays, _: fuzz.npz(**arrays))
    monkeypatch.setattr(
        fuzz, "png", lambda chance, mode, png=fuzz.png: png(chance, "L")
    )
    refused, wrong = cases.run(6)
    assert wrong == []
    assert sum(refused.values()) == 0


def test_damaged_files_are_read_or_refused_in_one_line(cases):
    refused, wrong = cases.run(240)
    assert wrong == []
    assert min(refused.values()) > 10


def test_what_the_fuzz_looks_for_is_found(cases, monkeypatch):
    def wrong(path):
        raise KeyError("not ours")

    monkeypatch.setattr(fuzz, "read_idx", wrong)
    assert [case[0] for case in cases.run(12)[1]] == ["idx", "idx"]


def test_a_run_killed_three_times_ends_as_if_never_killed():
    found = subprocess.run(
        [sys.executable, "-m", "tests.kills", "3"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert found.stdout == "3 kills and resumes: files the same\n", found.stderr
    assert found.returncode == 0
