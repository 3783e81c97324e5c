"""Let many voices say the names of the ten characters: ``make speech-data``.

Needs the extra ``speech``. The same seed and the same version of eSpeak NG make the
same two files, bit for bit: the book's speech, and its sequences held out, spoken once
more and faster.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from vqvae_lesson.glyphs import GLYPH_NAMES
from vqvae_lesson.runs.files import whole_file
from vqvae_lesson.sound import FLOOR, HOP, RATE, WINDOW, log_mel
from vqvae_lesson.speech import (
    CLIPS,
    FASTER,
    FASTER_SPEECH,
    FRAMES,
    PHONEMES,
    SPEECH,
    VOICES,
)
from vqvae_lesson.spoken import speak

# How often each of the 16 voices to train on and the 8 held out speaks.
COUNTS = {"train": 20, "sequences": 6, "voices": 12}
NAMES = 24  # more than the frames hold, at any speed
LOUDNESS = 0.1  # root of the mean square
SAMPLES = WINDOW + HOP * (FRAMES - 1)


def say(names, seed, voice, speed):
    """Let a voice say names; samples, and the phoneme of each frame."""
    said = speak(names, voice.name, voice.pitch, speed, seed)
    samples = resample_poly(said.samples.astype(float), RATE, said.rate)[:SAMPLES]
    samples *= LOUDNESS / np.sqrt(np.mean(samples**2))
    middles = (HOP * np.arange(FRAMES) + WINDOW / 2) * said.rate / RATE
    numbers = np.array([PHONEMES.index(one) for one in said.phonemes if one])
    at = np.searchsorted(said.begins, middles, side="right") - 1
    return np.clip(samples, -1, 1), numbers[at]


def keep(kept, samples, phonemes, number):
    """Add an utterance to those that are kept, in whole decibels."""
    decibels = np.round(log_mel(samples)) - FLOOR
    kept["frames"].append(decibels.astype(np.uint8))
    kept["phonemes"].append(phonemes.astype(np.uint8))
    kept["voices"].append(np.uint8(number))


def write(path, kept):
    """Write what is kept as one file."""
    with whole_file(path) as file:
        rows = {name: np.stack(some) for name, some in kept.items()}
        np.savez_compressed(file, **rows)


def main(seed, out, faster):
    random = np.random.default_rng(seed)
    names = ("frames", "phonemes", "voices")
    kept = {name: [] for name in (*names, "parts", "clips")}
    held_out = []
    for part, (name, count) in enumerate(COUNTS.items()):
        for number, voice in enumerate(VOICES):
            if voice.held_out != (name == "voices"):
                continue
            for turn in range(count):
                text = "".join(random.choice(GLYPH_NAMES, NAMES))
                noise = int(random.integers(2**31))
                samples, phonemes = say(text, noise, voice, voice.speed)
                keep(kept, samples, phonemes, number)
                kept["parts"].append(np.uint8(part))
                if (name, voice.name, turn) in CLIPS:
                    kept["clips"].append(np.round(32_767 * samples).astype(np.int16))
                if name == "sequences":
                    held_out.append((text, noise, number))
    write(out, kept)
    # At the end: the program remembers what it said before.
    kept = {name: [] for name in names}
    for text, noise, number in held_out:
        voice = VOICES[number]
        said = say(text, noise, voice, round(FASTER * voice.speed))
        keep(kept, *said, number)
    write(faster, kept)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SPEECH)
    parser.add_argument("--faster", type=Path, default=FASTER_SPEECH)
    asked = parser.parse_args()
    main(asked.seed, asked.out, asked.faster)
