"""Letters that the package draws itself, for a machine without the KMNIST files.

The module holds ten kana as pen strokes, in the label order of Kuzushiji-MNIST,
and the functions that bend, place and ink them, so that every chapter runs with
neither the files nor a network; chapter 01 explains it.
"""

from numbers import Integral

import numpy as np

from vqvae_lesson.errors import LessonError

__all__ = ["draw_glyphs"]

# One string a stroke, in the order of writing: the points "x y" that the pen
# passes, in hundredths of a square whose y axis points down.
GLYPH_STROKES = {
    "お": (
        "12 26, 28 26, 45 25, 60 21",
        "36 0, 36 27, 36 54, 36 80, 34 92, 27 95, 18 89, 14 78, 20 66, 34 55, 50 50,"
        "64 50, 77 56, 82 68, 79 82, 68 91, 52 95",
        "70 16, 82 24, 93 34",
    ),
    "き": (
        "18 18, 34 19, 50 18, 65 16, 79 12",
        "16 42, 33 43, 50 42, 68 40, 85 36",
        "51 1, 57 24, 65 44, 76 67",
        "76 67, 65 66, 53 64",
        "26 62, 22 75, 26 89, 40 95, 58 96, 73 93",
    ),
    "す": (
        "8 21, 29 20, 51 20, 72 19, 94 19",
        "58 0, 58 20, 59 40, 59 56, 55 68, 47 72, 37 67, 33 55, 37 43, 47 38, 57 41,"
        "62 52, 62 66, 57 80, 47 90, 32 97",
    ),
    "つ": ("9 20, 26 13, 43 7, 60 4, 76 9, 85 21, 86 37, 78 53, 65 62, 50 67, 35 69",),
    "な": (
        "10 24, 26 25, 42 22, 57 19",
        "40 0, 38 18, 33 37, 25 56, 13 75",
        "67 20, 79 28, 91 36",
        "65 37, 66 60, 66 84, 60 93, 49 95, 39 91, 36 82, 41 73, 51 69, 64 71, 88 87",
    ),
    "は": (
        "21 1, 17 20, 15 40, 15 60, 16 80, 19 97, 23 80, 28 62",
        "40 28, 57 28, 74 27, 91 25",
        "70 0, 71 26, 72 52, 73 78, 68 91, 56 95, 44 91, 41 80, 46 70, 58 66, 72 69,"
        "84 76, 94 86",
    ),
    "ま": (
        "19 17, 35 19, 51 19, 67 18, 84 16",
        "19 42, 35 44, 51 44, 67 43, 84 41",
        "53 0, 53 27, 53 54, 54 80, 51 91, 41 96, 28 93, 22 82, 27 72, 41 68, 56 70,"
        "71 77, 84 89",
    ),
    "や": (
        "8 48, 21 42, 34 35, 52 27, 69 23, 82 28, 88 41, 82 55, 69 60, 54 56",
        "42 1, 50 8, 58 16",
        "20 12, 28 29, 36 47, 42 63, 47 80, 51 97",
    ),
    "れ": (
        "34 0, 33 20, 32 40, 31 60, 31 80, 31 98",
        "8 28, 22 27, 37 23, 29 42, 18 61, 7 79, 20 62, 34 46, 48 31, 63 22, 74 27,"
        "75 43, 73 60, 71 77, 75 90, 85 91, 97 80",
    ),
    "を": (
        "12 18, 28 19, 44 19, 59 18, 74 15",
        "42 0, 38 18, 31 35, 23 49, 13 62, 24 49, 35 42, 47 42, 54 50, 55 64, 55 78",
        "86 38, 72 45, 58 52, 44 60, 34 71, 33 84, 42 93, 60 95, 80 93",
    ),
}
GLYPH_NAMES = tuple(GLYPH_STROKES)

IMAGE_SIDE = 28
# Twelve points between two given ones lie less than a pixel apart: no gap shows.
STEPS = 12


def smooth_curve(points):
    """Pass a Catmull-Rom curve through the points of one stroke of many letters.

    Parameters
    ----------
    points : numpy.ndarray
        Points of the stroke, float [letters, points, 2].

    Returns
    -------
    numpy.ndarray
        Places along the curve, float [letters, (points - 1) * STEPS, 2].

    Examples
    --------
    >>> line = smooth_curve(np.array([[[0.0, 0.0], [1.0, 1.0]]]))
    >>> line.shape, line[0, 0].tolist(), line[0, -1].tolist()
    ((1, 12, 2), [0.0, 0.0], [1.0, 1.0])
    """
    padded = np.concatenate([points[:, :1], points, points[:, -1:]], axis=1)
    pieces = points.shape[1] - 1
    before, start, end, after = (padded[:, i : i + pieces, None] for i in range(4))
    time = np.linspace(0, 1, STEPS)[:, None]
    slope = end - before
    bend = 2 * before - 5 * start + 4 * end - after
    twist = 3 * (start - end) + after - before
    curve = start + time * (slope + time * (bend + time * twist)) / 2
    return curve.reshape(len(points), pieces * STEPS, 2)


def place_letters(curves, random):
    """Slant, turn, stretch and shift each letter inside the frame of the image.

    Parameters
    ----------
    curves : numpy.ndarray
        Places along the strokes, float [letters, places, 2].
    random : numpy.random.Generator
        Source of the slants, turns, sizes and shifts.

    Returns
    -------
    numpy.ndarray
        The places in pixels, float [letters, places, 2].

    Examples
    --------
    >>> corners = np.array([[[0.0, 0.0], [1.0, 1.0]]])
    >>> placed = place_letters(corners, np.random.default_rng(0))
    >>> bool(placed.min() > 2), bool(placed.max() < 25)
    (True, True)
    """
    letters = len(curves)
    # A linear map near the identity slants, turns and stretches all at once.
    bends = np.eye(2) + random.uniform(-0.18, 0.18, size=(letters, 2, 2))
    bent = curves @ bends
    low, high = bent.min(axis=1, keepdims=True), bent.max(axis=1, keepdims=True)
    longest = (high - low).max(axis=2, keepdims=True)
    size = random.uniform(19, 22, size=(letters, 1, 1))
    shift = random.uniform(-0.8, 0.8, size=(letters, 1, 2))
    centre = (IMAGE_SIDE - 1) / 2 + shift
    return (bent - (low + high) / 2) / longest * size + centre


def ink_letters(curves, radius):
    """Ink the pixels by their distance from the curve, with a soft edge.

    Parameters
    ----------
    curves : numpy.ndarray
        Places along the strokes in pixels, float [letters, places, 2].
    radius : numpy.ndarray
        Half the thickness of each letter in pixels, float [letters].

    Returns
    -------
    numpy.ndarray
        Grey values, white on black, uint8 [letters, 28, 28].

    Examples
    --------
    >>> dot = ink_letters(np.array([[[14.0, 14.0]]]), np.array([1.0]))
    >>> dot[0, 14, 12:17].tolist()
    [0, 127, 255, 127, 0]
    """
    pixels = np.arange(IMAGE_SIDE, dtype=np.float32)
    # Distances along the two axes are found apart, in float32, for speed.
    steps = curves.astype(np.float32).transpose(1, 2, 0)[..., None] - pixels
    nearest = np.full((len(radius), IMAGE_SIDE, IMAGE_SIDE), np.inf, np.float32)
    for across, down in steps**2:
        np.minimum(nearest, down[:, :, None] + across[:, None, :], out=nearest)
    ink = np.clip(radius[:, None, None] + 0.5 - np.sqrt(nearest), 0, 1)
    return (255 * ink).astype(np.uint8)


def draw_class(name, count, random):
    """Draw one kana many times, each time by a different hand.

    Parameters
    ----------
    name : str
        One of `GLYPH_NAMES`.
    count : int
        Number of letters.
    random : numpy.random.Generator
        Source of all differences between the letters.

    Returns
    -------
    numpy.ndarray
        Grey values, uint8 [count, 28, 28].

    Examples
    --------
    >>> draw_class("つ", 3, np.random.default_rng(0)).shape
    (3, 28, 28)
    """
    curves = []
    for stroke in GLYPH_STROKES[name]:
        points = [point.split() for point in stroke.split(",")]
        points = np.array(points, dtype=float) / 100
        wobble = random.normal(scale=0.016, size=(count, *points.shape))
        curves.append(smooth_curve(points + wobble))
    placed = place_letters(np.concatenate(curves, axis=1), random)
    return ink_letters(placed, radius=random.uniform(0.8, 1.5, size=count))


def draw_glyphs(count, seed):
    """Draw letters of all ten kana in shuffled order, as KMNIST holds them.

    Parameters
    ----------
    count : int
        Number of letters, at least 1.
    seed : int
        The same count and seed draw the same letters.

    Returns
    -------
    images : numpy.ndarray
        Grey values, white on black, uint8 [count, 28, 28].
    labels : numpy.ndarray
        Places in `GLYPH_NAMES`, uint8 [count].

    Raises
    ------
    LessonError
        If the count is not a positive integer.

    Examples
    --------
    >>> images, labels = draw_glyphs(20, seed=0)
    >>> images.shape, np.bincount(labels).tolist()
    ((20, 28, 28), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    if not isinstance(count, Integral) or isinstance(count, bool) or count < 1:
        raise LessonError(
            f"count is {count!r}, but a positive integer is expected: "
            "give the number of letters to draw, such as 1000"
        )
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % len(GLYPH_NAMES)).astype(np.uint8)
    images = np.empty((count, IMAGE_SIDE, IMAGE_SIDE), dtype=np.uint8)
    for label, name in enumerate(GLYPH_NAMES):
        chosen = labels == label
        images[chosen] = draw_class(name, int(chosen.sum()), random)
    return images, labels
