"""Checks of chapter 04: distance, border, nearest code, names, angle."""

import re
from dataclasses import replace

import numpy as np

from vqvae_lesson.classroom.checks.verdict import check_function, check_value

UNPAIRED = re.compile("broadcast|incompatible shapes", re.IGNORECASE)
PAIR = (
    "latents and codes are paired one by one, and they are not equally many: put an "
    "axis of length 1 into the latents, so that each of them meets every code."
)


def _vectors(*shape, seed):
    """Small whole numbers, easy to follow by hand, as float32."""
    values = np.random.default_rng(seed).integers(-3, 4, size=shape)
    return values.astype(np.float32)


def _grid(random, *shape):
    """Quarters, whose products float32 holds exactly, so that ties stay ties."""
    return (random.integers(-20, 21, shape) / 4).astype(np.float32)


def _distances(latents, codebook):
    """Squared distances of all pairs, exact for small whole numbers."""
    return ((latents[..., None, :] - codebook) ** 2).sum(axis=-1)


def _nearest(latents, codebook):
    return _distances(latents, codebook).argmin(axis=-1)


def _explain_pairs(verdict):
    """Say what a forgotten axis is, in place of NumPy's own words."""
    start, _, words = verdict.message.partition(": ")
    if "raised" in start and UNPAIRED.search(words):
        return replace(verdict, message=f"{start}: {PAIR}")
    return verdict


def factor(answer, latent, code):
    """Check how many times as far out a code must be to lose a latent to 0."""
    latent, code = np.array(latent, float), np.array(code, float)
    product, square = latent @ code, code @ code
    mistakes = {
        "there the code comes nearest to the latent; it loses it further out.": (
            product / square
        ),
        "this is the factor squared: code and latent are multiplied once.": (
            (2 * product / square) ** 2
        ),
        "this is upside down: what stands above the line, what below?": (
            square / (2 * product)
        ),
        "a 2 too many: s² |e|² is equal to 2 s z·e, not to 4.": 4 * product / square,
        "lengths alone do not tell: which way do latent and code point?": [
            np.sqrt(latent @ latent / square),
            latent @ latent / square,
            2 * np.sqrt(latent @ latent / square),
        ],
        "at this factor code 1 stands where it stood, and keeps its latent.": 1,
        "a minus sign went astray: which side of the equation is it on?": (
            -2 * product / square
        ),
    }
    return check_value(answer, 2 * product / square, mistakes)


def border(answer):
    """Check the height of the border between two codes of the plane."""

    def height(one, other, x):
        apart = other - one
        return (other @ other - one @ one - 2 * x * apart[0]) / (2 * apart[1])

    def through(one, other, x, slope):
        middle = (one + other) / 2
        return middle[1] + slope * (x - middle[0])

    def slope(one, other):
        apart = other - one
        return apart[1] / apart[0]

    cases = [
        (np.array([0.0, 0.0]), np.array([4.0, 2.0]), np.array([0.0, 2.0, 3.0])),
        (np.array([-1.0, 3.0]), np.array([2.0, 1.0]), np.array([1.0, -2.0, 0.0])),
        (np.array([1.5, -2.0]), np.array([1.0, 0.5]), np.linspace(-3, 3, 20)),
    ]
    mistakes = {
        "this is the line through both codes: the border stands across it.": (
            lambda one, other, x: one[1] + slope(one, other) * (x - one[0])
        ),
        "it leans the right way, but the slope is upside down.": (
            lambda one, other, x: through(one, other, x, -slope(one, other))
        ),
        "it leans to the wrong side: where one line rises, the other falls.": (
            lambda one, other, x: through(one, other, x, 1 / slope(one, other))
        ),
        "right slope, but the border passes half-way between the codes.": (
            lambda one, other, x: [
                point[1] - (x - point[0]) / slope(one, other)
                for point in (one, other, np.zeros(2))
            ]
        ),
        "the middle is right, but a border is level only below or above.": (
            lambda one, other, x: np.full(len(x), (one[1] + other[1]) / 2)
        ),
        "the squared lengths of the codes enter by half.": (
            lambda one, other, x: (
                (other @ other - one @ one - x * (other - one)[0]) / (other - one)[1]
            )
        ),
    }

    def fresh(random):
        one = random.integers(-9, 9, 2) / 2
        other = one + random.integers(1, 9, 2) / 2 * random.choice([-1, 1], 2)
        return [(one, other, random.normal(size=7))]

    return check_function(answer, cases, height, mistakes, fresh=fresh)


def nearest(answer):
    """Check the nearest code for latents with any leading axes; the first wins."""
    twins = np.array([[1, 1], [0, 0], [1, 1]], np.float32)
    cases = [
        (
            np.array([[[0, 1], [3, 2]]], np.float32),
            np.array([[0, 0], [4, 2], [-1, 3]], np.float32),
        ),
        (np.array([[1, 1], [0, 0]], np.float32), twins),
        (_vectors(5, 1, 3, seed=3), _vectors(2, 3, seed=4)),
        (_vectors(40, 16, seed=5), _vectors(8, 16, seed=6)),
        (_vectors(2, 3, 4, 5, seed=7), _vectors(6, 5, seed=8)),
        (_vectors(2, 1, 3, 1, 2, 4, seed=9), _vectors(9, 4, seed=10)),
    ]

    def fresh(random):
        shapes = [((50, 3), (7, 3)), ((60, 5, 2), (300, 2)), ((4, 9), (20, 9))]
        return [(_grid(random, *z), _grid(random, *e)) for z, e in shapes]

    mistakes = {
        "this is the farthest code: take the smallest distance.": lambda *case: (
            _distances(*case).argmax(-1)
        ),
        "this is, for each code, the nearest latent: the other axis.": lambda *case: (
            _distances(*case).argmin(-2)
        ),
        "of two codes equally near, take the first.": lambda *case: (
            len(case[1]) - 1 - _distances(*case)[..., ::-1].argmin(-1)
        ),
        "these are the distances to the nearest code: return its index.": (
            lambda *case: _distances(*case).min(-1)
        ),
        "these are all distances: which of them is the smallest?": _distances,
        "a large product is not a small distance: codes differ in length.": (
            lambda latents, codebook: (latents @ codebook.T).argmax(-1)
        ),
        "indices begin at 0, not at 1.": lambda *case: _nearest(*case) + 1,
        "the leading axes are gone: keep them as they come.": lambda *case: (
            _nearest(*case).ravel() if case[0].ndim > 2 else None
        ),
    }
    return _explain_pairs(
        check_function(answer, cases, _nearest, mistakes, fresh=fresh)
    )


def renamed(answer):
    """Check the new indices of codes whose codebook was put in another order."""
    cases = [
        (np.array([0, 2, 2, 1]), np.array([2, 0, 1])),
        (np.arange(5), np.array([3, 1, 4, 0, 2])),
        (
            np.random.default_rng(0).integers(64, size=40),
            np.random.default_rng(1).permutation(64),
        ),
    ]

    def new_places(indices, order):
        return np.argsort(order)[indices]

    mistakes = {
        "this is the way back: `order[new]` is the old index, and the new one is "
        "asked for.": lambda indices, order: order[indices],
        "these are the old indices: the codes have moved.": lambda indices, order: (
            indices
        ),
        "places begin at 0, not at 1.": lambda *case: new_places(*case) + 1,
        "these are the new indices of all codes, not of those asked for.": (
            lambda indices, order: np.argsort(order)
        ),
        "`searchsorted` finds places only in what is sorted; the order is not.": (
            lambda indices, order: np.searchsorted(order, indices)
        ),
        "the order runs backwards.": lambda indices, order: (
            len(order) - 1 - new_places(indices, order)
        ),
    }
    return check_function(
        answer,
        cases,
        new_places,
        mistakes,
        fresh=lambda random: [
            (random.integers(size, size=2 * size), random.permutation(size))
            for size in (9, 300)
        ],
    )


def nearest_by_angle(answer):
    """Check for each latent the code at the smallest angle."""
    cases = [
        (
            np.array([[1, 2], [-1, 0], [2, -1]], np.float32),
            np.array([[3, 0], [1, 1], [-4, 1]], np.float32),
        ),
        (_vectors(6, 3, seed=3) + 0.25, _vectors(4, 3, seed=4) - 0.5),
        (_vectors(40, 16, seed=5) + 0.25, _vectors(8, 16, seed=6) - 0.5),
    ]

    def cosines(latents, codebook):
        lengths = np.linalg.norm(latents, axis=1)[:, None]
        return latents @ codebook.T / lengths / np.linalg.norm(codebook, axis=1)

    def by_cosine(latents, codebook):
        return cosines(latents, codebook).argmax(axis=1)

    mistakes = {
        "this is the largest product: a long code wins by its length alone.": (
            lambda latents, codebook: (latents @ codebook.T).argmax(axis=1)
        ),
        "this is the nearest by distance: only the direction counts here.": _nearest,
        "this is the largest angle: the smallest has the largest cosine.": (
            lambda *case: cosines(*case).argmin(axis=1)
        ),
        "a code that points the other way is far, not near: keep the sign.": (
            lambda *case: np.abs(cosines(*case)).argmax(axis=1)
        ),
        "these are the cosines: which code has the largest?": cosines,
        "these are the largest cosines: return the indices of their codes.": (
            lambda *case: cosines(*case).max(axis=1)
        ),
        "this is, for each code, the latent at the smallest angle: the other axis.": (
            lambda *case: cosines(*case).argmax(axis=0)
        ),
        "a sum of squares is not yet a length: take its root.": lambda z, e: (
            z @ e.T / (e**2).sum(axis=1)
        ).argmax(axis=1),
    }

    def fresh(random):
        """Draw until no latent lies near a border."""
        while True:
            latents, codebook = random.normal(size=[20, 5]), random.normal(size=[7, 5])
            codebook *= random.uniform(0.2, 5, [7, 1])
            best = np.sort(cosines(latents, codebook))[:, -2:]
            if np.diff(best).min() > 1e-3:
                return [(latents.astype(np.float32), codebook.astype(np.float32))]

    return _explain_pairs(
        check_function(answer, cases, by_cosine, mistakes, fresh=fresh)
    )
