"""eSpeak NG, where the extra `speech` is installed; and the line where it is not."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vqvae_lesson import spoken
from vqvae_lesson.errors import LessonError
from vqvae_lesson.sound import log_mel
from vqvae_lesson.speech import FASTER_SPEECH, PHONEMES, SPEECH, VOICES

NAMES = "おきすつなはまやれを"
SOUNDS = "o k i s u ts u n a h a m a y a r e o"


def say(*args, **kwargs):
    pytest.importorskip("espeakng_loader")
    return spoken.speak(*args, **kwargs)


def test_without_the_extra_a_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    spoken._load.cache_clear()
    with pytest.raises(LessonError, match=r"pip install 'vqvae-lesson\[speech\]'"):
        spoken.speak("お")
    spoken._load.cache_clear()


@pytest.mark.parametrize("voice", VOICES[:6])
def test_ten_names_are_thirteen_sounds_in_order(voice):
    said = say(NAMES, voice.name, voice.pitch, voice.speed)
    assert " ".join(said.phonemes).strip() == SOUNDS
    assert set(SOUNDS.split()) == set(PHONEMES)
    assert (np.diff(said.begins) > 0).all()
    assert said.rate == 22_050
    assert said.samples.dtype == np.int16
    assert 0 <= len(said.samples) - said.begins[-1] < said.rate / 4  # echo


def test_phonemes_begin_where_it_says():
    # Hissing is loudest above 4,000 hertz; vowels are loudest below 1,000.
    said = say("すあすあすあ")
    loud = log_mel(said.samples[: said.begins[-1]] / np.float32(32_768))
    middles = 160 * np.arange(len(loud)) + 200
    heard = np.array(said.phonemes)[np.searchsorted(said.begins, middles, "right") - 1]
    hiss = loud[:, -8:].max(axis=1) > loud[:, :15].max(axis=1)
    assert hiss[heard == "s"].mean() > 0.8
    assert hiss[heard == "a"].mean() < 0.1


def test_speed_and_pitch_do_what_they_say():
    slow, fast = (len(say(NAMES, speed=speed).samples) for speed in (120, 240))
    assert 1.5 < slow / fast < 2.5

    def swing(pitch):  # of the voice: how many samples to its strongest echo
        part = say("ああああああ", pitch=pitch).samples[3_500:5_000].astype(float)
        return 100 + np.correlate(part, part, "full")[1_499 + 100 :][:300].argmax()

    assert swing(99) < swing(60) < swing(30)


def test_an_unknown_voice_is_refused():
    with pytest.raises(LessonError, match="voice is 'ja\\+nobody', expected one"):
        say("お", voice="ja+nobody")
    with pytest.raises(LessonError, match="voice is 'qq'"):
        say("お", voice="qq")


def test_the_books_speech_is_made_again_bit_for_bit(tmp_path):
    # In a process of its own: the program remembers what it said before.
    pytest.importorskip("espeakng_loader")
    script = Path(__file__).parent.parent / "scripts" / "speak_names.py"
    out, faster = tmp_path / "speech.npz", tmp_path / "faster.npz"
    arguments = ["--out", out, "--faster", faster]
    subprocess.run([sys.executable, script, *arguments], check=True)
    for made, shipped in ((out, SPEECH), (faster, FASTER_SPEECH)):
        found, expected = (
            hashlib.sha256(path.read_bytes()).hexdigest() for path in (made, shipped)
        )
        assert found == expected
