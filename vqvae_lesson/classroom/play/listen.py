"""Speech to hear, with the codes that stand for it following along (chapter 18)."""

from base64 import b64encode
from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.phonemes import phonemes_of_codes
from vqvae_lesson.sound import HOP, RATE, WINDOW
from vqvae_lesson.speech import PHONEMES

WIDTH, TOP, TALL = 360, 24, 58  # of the drawing; the wave's upper edge and height
STRIP, HIGH = 92, 28  # upper edge and height of the codes
COLUMNS = 120  # of the wave
GOLDEN = 137  # degrees of hue from one code to the next: neighbours look different


def to_bytes(samples):
    """Write samples as telephones do: one byte each, fine where it is soft.

    Parameters
    ----------
    samples : array, float [S] in [-1, 1]

    Returns
    -------
    ndarray, uint8 [S]

    References
    ----------
    ITU-T recommendation G.711: the curve of its µ-law.
    """
    samples = np.asarray(samples, np.float64)
    bent = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    return np.round(127.5 + 127.5 * bent).astype(np.uint8)


def wave_of(samples, begins):
    """Find the highest and lowest place of the wave in each column.

    Parameters
    ----------
    samples : array, float [S]
    begins : array, float [L + 1]
        At which sample each code begins, and the last ends: each is equally wide.

    Returns
    -------
    list of pair of float
        Of pixels above the middle.
    """
    last = len(begins) - 1
    edges = np.interp(np.linspace(0, last, COLUMNS + 1), range(last + 1), begins)
    parts = np.split(np.asarray(samples), np.int64(np.round(edges[1:-1])))
    most = max(np.abs(samples).max(), 1e-6)
    ends = [(part.max() / most, part.min() / most) for part in parts]
    return np.round(TALL / 2 * np.array(ends), 1).tolist()


def runs_of(numbers):
    """Where a row of numbers changes: beginnings, ends, and the number between."""
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    ends = [*starts[1:], len(numbers)]
    return [
        (int(a), int(b), int(numbers[a])) for a, b in zip(starts, ends, strict=True)
    ]


def words_of(utterance, place):
    """Say below the figure which code is heard, and what it means.

    Parameters
    ----------
    utterance : dict
        As the script has it.
    place : int
        Of the code.

    Returns
    -------
    str
    """
    code, step = utterance["codes"][place], 1000 * utterance["seconds"]
    means, spoken = utterance["means"][place], utterance["spoken"][place]
    verdict = "and so it is" if means == spoken else f"and it is {spoken}"
    return (
        f"{step * place:.0f} to {step * (place + 1):.0f} ms: code {code}, which mostly "
        f"means {means}, {verdict}."
    )


def listen_to_codes(utterances, place=11):
    """Let a reader hear utterances, and see their codes pass.

    Parameters
    ----------
    utterances : dict
        From a name to a dict of its `sounds`, from names to samples, float [S];
        its `codes`, int [L]; the `meaning` of all codes, int [K]; its `phonemes`,
        int [T], of frames; and, for sounds in which codes do not last equally long,
        `begins`, from their names to float [L + 1]: at which frame of the sound each
        code begins, and the last ends.
    place : int
        Of the code that is marked before the figure is touched.

    Returns
    -------
    Play

    Examples
    --------
    >>> hiss = np.random.default_rng(0).uniform(-1, 1, 800)
    >>> one = {"sounds": {"hiss": hiss}, "codes": [0, 1], "meaning": [2, 3]}
    >>> figure = listen_to_codes({"hiss": one | {"phonemes": [2, 2, 3, 3]}}, place=0)
    >>> "<svg" in figure._repr_html_()
    True
    """
    heard = [_hand_over(name, one) for name, one in utterances.items()]
    first, sounds = heard[0], [*heard[0]["sounds"]]
    view = {"place": place, "rate": RATE, "top": TOP, "tall": TALL, "width": WIDTH}
    return Play(
        "listen",
        "speech and its codes",
        _draw(first, sounds[0], place),
        {"utterances": heard, "view": view},
        words_of(first, place),
        {"hear": "Hear it", "run": "Run", "back": "One back", "on": "One on"},
        {
            "utterance": ("utterance", [*utterances], first["name"]),
            "sound": ("sound", sounds, sounds[0]),
        },
        shared=["film"],
    )


def _hand_over(name, utterance):
    """Put an utterance into words and whole numbers, as the script takes them."""
    codes, meaning = np.asarray(utterance["codes"]), np.asarray(utterance["meaning"])
    phonemes = np.asarray(utterance["phonemes"])
    spoken = phonemes_of_codes(phonemes[None], len(codes))[0]
    evenly = np.linspace(0, len(phonemes), len(codes) + 1)
    begins = dict.fromkeys(utterance["sounds"], evenly) | utterance.get("begins", {})
    return {
        "name": name,
        "codes": codes.tolist(),
        "means": [PHONEMES[one] for one in meaning[codes]],
        "spoken": [PHONEMES[one] for one in spoken],
        "seconds": HOP * len(phonemes) / len(codes) / RATE,
        "runs": _letters(phonemes, len(phonemes)),
        "read": _letters(meaning[codes], len(codes)),
        "sounds": {
            sound: _hand_over_sound(samples, begins[sound])
            for sound, samples in utterance["sounds"].items()
        },
    }


def _hand_over_sound(samples, begins):
    """Write a sound in bytes, with its wave, and the seconds at which codes begin."""
    begins = HOP * np.asarray(begins)
    # What the frames stand for: each for the middle of what it looks at.
    start = (WINDOW - HOP) // 2
    samples = samples[start : start + int(begins[-1])]
    return {
        "bytes": b64encode(to_bytes(samples).tobytes()).decode(),
        "wave": wave_of(samples, begins),
        "begins": np.round(begins / RATE, 4).tolist(),
    }


def _letters(numbers, count):
    """For each run of a phoneme its letters, and where in the drawing they stand."""
    pitch = (WIDTH - 2) / count
    return [
        [PHONEMES[number], round(1 + pitch * (start + end) / 2, 1), end - start]
        for start, end, number in runs_of(numbers)
        if pitch * (end - start) > (13 if len(PHONEMES[number]) > 1 else 8)
    ]


def color_of(code):
    """Give each code a hue of its own, far from those of its neighbours."""
    light = (58, 72, 44)[code % 3]
    return f"hsl({GOLDEN * code % 360} 62% {light}%)"


def _draw(utterance, sound, place):
    """Draw what is spoken, the wave, the codes, and what they mean."""
    height = STRIP + HIGH + 22
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}"})
    svg.attrib |= {"role": "img", "style": "max-width:40rem"}
    ET.SubElement(svg, "title").text = "Speech and its codes"
    ET.SubElement(svg, "desc").text = (
        "From the top: the phonemes that are spoken; the wave of the sound; a strip of "
        "colours, one for each code; the phonemes that the codes mean. A line marks "
        "the code at hand."
    )
    for part, row, y in (("spoken", "runs", 14), ("read", "read", height - 6)):
        group = ET.SubElement(svg, "g", {"data-part": part})
        for letters, x, _ in utterance[row]:
            text = ET.SubElement(group, "text", {"x": f"{x}", "y": f"{y}"})
            text.set("text-anchor", "middle")
            text.text = letters
    wave = utterance["sounds"][sound]["wave"]
    add_part(svg, "path", "wave", d=path_of(wave), fill="var(--c0)")
    pitch = (WIDTH - 2) / len(utterance["codes"])
    for number, code in enumerate(utterance["codes"]):
        at = {"x": 1 + pitch * number, "y": STRIP, "height": HIGH}
        add_part(svg, "rect", "code", **at, width=pitch + 0.2, fill=color_of(code))
    at = {"x": 1 + pitch * place, "y": TOP - 4, "height": STRIP + HIGH - TOP + 6}
    add_part(svg, "rect", "now", **at, width=pitch, fill="none", stroke="currentColor")
    svg[-1].set("stroke-width", "2")
    return svg


def path_of(wave):
    """Draw the outline of a wave, there above and back below."""
    pitch, middle = (WIDTH - 2) / (len(wave) - 1), TOP + TALL / 2
    upper = [(1 + pitch * k, middle - high) for k, (high, _) in enumerate(wave)]
    lower = [(1 + pitch * k, middle - low) for k, (_, low) in enumerate(wave)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in [*upper, *lower[::-1]]) + "z"
