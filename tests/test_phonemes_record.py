"""What the record of three seeds says, as the chapter tells it, and as is measured."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from vqvae_lesson.phonemes import load_phonemes
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.speech import PHONEMES, load_speech

SCRIPTS = Path(__file__).parent.parent / "scripts"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPTS / "measure_speech.py"))


def test_every_way_has_three_seeds_and_shares_are_shares():
    runs = load_phonemes()
    ways = "told", "untold", "frames", "centred", "cepstra", "shuffled"
    assert {name: len(seeds) for name, seeds in runs.items()} == {
        **dict.fromkeys(ways, 3),
        "usual": 1,
    }
    for seeds in runs.values():
        for run in seeds:
            for name, value in run.items():
                if name.split()[0] not in ("nats", "error", "codes_in_use"):
                    assert 0 <= value <= 1, name


def test_the_shipped_model_knows_what_its_record_says(script):
    model, _ = load_trained("speech")
    found = script["measure_model"](model, load_speech(), seed=0)
    recorded = load_phonemes()["told"][0]
    assert found.keys() == recorded.keys()
    for name, value in recorded.items():
        tolerance = {"nats": 5}.get(name, 0.02)
        assert found[name] == pytest.approx(value, abs=tolerance), name


@pytest.mark.parametrize("name", ["frames", "centred", "cepstra"])
def test_rivals_know_what_their_record_says(script, name):
    found = script["measure_rival"](name, 32, 64, load_speech(), seed=0)
    recorded = load_phonemes()[name][0]
    for key in ("sequences accuracy", "voices accuracy", "voice"):
        assert found[key] == pytest.approx(recorded[key], abs=0.03)


def test_who_always_says_a_is_as_often_right_as_the_record_says():
    (usual,) = load_phonemes()["usual"]
    assert PHONEMES[0] == "a"
    for part in ("sequences", "voices"):
        share = np.mean(load_speech()[part].phonemes == 0)
        assert usual[f"{part} accuracy"] == pytest.approx(share, abs=1e-4)


def test_a_voice_is_recognised_by_its_phonemes_as_the_record_says():
    speech = load_speech()
    shares = [
        [np.bincount(row, minlength=13) / 64 for row in speech[part].phonemes[:, 1::2]]
        for part in ("train", "sequences")
    ]
    judge = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
    judge.fit(shares[0], speech["train"].voices)
    found = judge.score(shares[1], speech["sequences"].voices)
    (usual,) = load_phonemes()["usual"]
    assert usual["voice"] == pytest.approx(found, abs=0.02)


def test_the_script_finds_nothing_left_to_do(script, monkeypatch):
    written = []
    monkeypatch.setitem(script["main"].__globals__, "measure_all", sys.exit)
    monkeypatch.setitem(
        script["main"].__globals__, "write_json", lambda *args: written.append(args)
    )
    script["main"]()
    assert len(written) == 1
