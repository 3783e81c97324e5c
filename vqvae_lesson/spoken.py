"""Let eSpeak NG say the names of characters (chapter 18).

The program speaks from formants, without any recording, and says at which sample each
phoneme begins. It comes with the extra ``speech`` (``espeakng-loader``, GPL-3), and is
loaded when someone speaks, never before: the book's own speech lies in the package.
"""

import ctypes
import functools
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vqvae_lesson.errors import LessonError

__all__ = ["Said", "speak"]

PLAIN = {"ɯᵝ": "u", "ä": "a", "e̞": "e", "o̞": "o", "j": "y", "ɽ": "r"}
PHONEME, END = 7, 0
SPEED, PITCH = 1, 3  # numbers of the settings, in speak_lib.h


class Said(NamedTuple):
    """Speech, and what it is made of.

    Attributes
    ----------
    samples : ndarray, int16 [S]
    rate : int
        Samples a second.
    phonemes : tuple of str
        In order; an empty one is silence.
    begins : ndarray, int [P]
        At which sample each begins.
    """

    samples: np.ndarray
    rate: int
    phonemes: tuple
    begins: np.ndarray


class Event(ctypes.Structure):
    """What the program reports while it speaks: ``espeak_EVENT`` of speak_lib.h."""

    _fields_ = (
        ("kind", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("text", ctypes.c_char * 8),
    )


TAKE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


@functools.cache
def _load():
    """Load the program, once: the library, samples a second, and where variants are."""
    try:
        import espeakng_loader
    except ImportError as error:
        raise LessonError(
            "espeakng-loader is not installed, expected it for new speech: "
            "pip install 'vqvae-lesson[speech]'"
        ) from error
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    folder = Path(espeakng_loader.get_data_path())
    # 2: hand over samples at once; 1 | 2: report phonemes, in the phonetic alphabet.
    rate = library.espeak_Initialize(2, 0, str(folder).encode(), 1 | 2)
    if rate <= 0:
        raise LessonError(f"eSpeak NG finds no voices in {folder}: install it anew")
    return library, rate, folder / "voices" / "!v"


def speak(text, voice="ja", pitch=50, speed=170, seed=0):
    """Say a text.

    Parameters
    ----------
    text : str
        In kana, without a space: one breath.
    voice : str
        A language, and a variant behind a plus sign, such as ``"ja+f3"``.
    pitch : int
        0 to 99.
    speed : int
        Words a minute, 80 to 450.
    seed : int
        Of the noise in the voice.

    Returns
    -------
    Said

    Raises
    ------
    LessonError
        Without the extra ``speech``, and for a voice that it does not have.

    References
    ----------
    The eSpeak NG authors, speak_lib.h, version 1.52.

    Examples
    --------
    >>> said = speak("おき")  # doctest: +SKIP
    >>> said.phonemes, said.rate  # doctest: +SKIP
    (('o', 'k', 'i', '', ''), 22050)
    """
    library, rate, variants = _load()
    library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
    variant = voice.partition("+")[2]
    # It would take an unknown variant for none, and say nothing.
    missing = variant and not (variants / variant).is_file()
    if missing or library.espeak_SetVoiceByName(voice.encode()):
        raise LessonError(f"voice is {voice!r}, expected one such as 'ja' or 'ja+f3'")
    library.espeak_SetParameter(SPEED, speed, 0)
    library.espeak_SetParameter(PITCH, pitch, 0)
    samples, phonemes, begins = [], [], []

    def take(wave, count, events):
        if wave and count:
            samples.append(np.ctypeslib.as_array(wave, (count,)).copy())
        number = 0
        while events[number].kind != END:
            if events[number].kind == PHONEME:
                phonemes.append(_plain(events[number].text.decode()))
                begins.append(events[number].sample)
            number += 1
        return 0

    kept = TAKE(take)  # it must outlive the call
    library.espeak_SetSynthCallback(kept)
    encoded = text.encode() + b"\0"
    library.espeak_Synth(encoded, len(encoded), 0, 1, 0, 1, None, None)
    return Said(np.concatenate(samples), rate, tuple(phonemes), np.array(begins))


def _plain(phoneme):
    """Write a phoneme as Latin letters do, without its stress."""
    bare = re.sub("[ˈˌ]", "", phoneme)
    return PLAIN.get(bare, bare)
