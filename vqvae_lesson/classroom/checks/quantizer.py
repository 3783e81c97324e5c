"""Checks of chapter 04: distances, the nearest code, lookup."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import check_function, check_value
from vqvae_lesson.quantizer import lookup, nearest_code, squared_distances


def _vectors(count, size, seed):
    """Small whole numbers, easy to follow by hand, as float32."""
    values = np.random.default_rng(seed).integers(-3, 4, size=[count, size])
    return values.astype(np.float32)


def _cases():
    """Latents and codebooks, the smallest pair first."""
    return [
        (_vectors(2, 2, 1), _vectors(3, 2, 2)),
        (_vectors(5, 3, 3), _vectors(2, 3, 4)),
        (_vectors(40, 16, 5), _vectors(8, 16, 6)),
    ]


def _distances(latents, codebook):
    return squared_distances(latents, codebook).numpy()


def distances(answer):
    """Check a function for the squared distances of all pairs."""

    def squares(latents, codebook):
        return (latents[:, None] - codebook) ** 2

    mistakes = {
        "this is the distance itself: leave out the square root.": lambda *case: (
            np.sqrt(np.maximum(_distances(*case), 0))
        ),
        "a mean over the numbers of a vector where a sum belongs.": lambda *case: (
            _distances(*case) / case[0].shape[1]
        ),
        "latents go down, codes go across: transpose the result.": lambda *case: (
            _distances(*case).T
        ),
        "the absolute differences are added up: square them.": lambda *case: np.abs(
            case[0][:, None] - case[1]
        ).sum(-1),
        "the differences are added up before they are squared.": lambda *case: (
            (case[0][:, None] - case[1]).sum(-1) ** 2
        ),
        "the middle term needs a factor of two.": lambda *case: (
            _distances(*case) + case[0] @ case[1].T
        ),
        "the middle term is subtracted, not added.": lambda *case: (
            _distances(*case) + 4 * case[0] @ case[1].T
        ),
        "a square is missing: |z|² and |e|² both belong to the sum.": lambda *case: [
            _distances(*case) - (case[0] ** 2).sum(1)[:, None],
            _distances(*case) - (case[1] ** 2).sum(1),
        ],
        "this is the product of latents and codes, one of three terms.": (
            lambda *case: [case[0] @ case[1].T, -2 * case[0] @ case[1].T]
        ),
        "sum over the numbers of a vector: they are on the last axis.": lambda *case: [
            squares(*case).sum(0),
            squares(*case).sum(1),
            squares(*case).sum(),
        ],
        "the squares are not added up yet: sum over the last axis.": squares,
    }
    return check_function(answer, _cases(), _distances, mistakes)


def nearest(answer):
    """Check a function for the index of the nearest code; ties go to the lowest."""
    twins = np.array([[1, 1], [0, 0], [1, 1]], np.float32)
    cases = [(np.array([[1, 1], [0, 0]], np.float32), twins), *_cases()]
    mistakes = {
        "this is the farthest code: take the smallest distance.": lambda *case: (
            _distances(*case).argmax(1)
        ),
        "this is, for each code, the nearest latent: the other axis.": lambda *case: (
            _distances(*case).argmin(0)
        ),
        "of two codes equally near, take the first.": lambda *case: (
            len(case[1]) - 1 - _distances(*case)[:, ::-1].argmin(1)
        ),
        "these are the distances to the nearest code: return its index.": (
            lambda *case: _distances(*case).min(1)
        ),
        "a large product is not a small distance: codes differ in length.": (
            lambda latents, codebook: (latents @ codebook.T).argmax(1)
        ),
        "indices begin at 0, not at 1.": lambda *case: _distances(*case).argmin(1) + 1,
    }
    return check_function(answer, cases, nearest_code, mistakes)


def looked_up(answer):
    """Check a function that fetches codes with a matrix product."""
    codebook = _vectors(3, 2, 2)
    cases = [
        (codebook, np.array([2, 0], np.int32)),
        (_vectors(8, 4, 7), np.arange(8, dtype=np.int32)[::-1].copy()),
    ]
    mistakes = {
        "these are the one-hot rows: multiply them with the codebook.": (
            lambda codes, indices: np.eye(len(codes))[indices]
        ),
        "these are the columns of the codebook: codes are its rows.": (
            lambda codes, indices: codes[:, indices % codes.shape[1]].T
        ),
        "codes go across: the result is turned round, transpose it.": (
            lambda codes, indices: codes[indices].T
        ),
        "index 0 is the first code: the rows are off by one.": lambda codes, indices: [
            codes[indices - 1],
            codes[(indices + 1) % len(codes)],
        ],
    }
    return check_function(answer, cases, lookup, mistakes)


def memory(answer, latents, num_codes, code_size):
    """Check the bytes that all differences take, as float32."""
    numbers = np.broadcast_shapes((latents, 1, code_size), (1, num_codes, code_size))
    size = int(np.prod(numbers)) * np.float32().nbytes
    mistakes = {
        "that many numbers, but a float32 takes 4 bytes.": size // 4,
        "that is for the distances; the differences have an axis more.": [
            size // code_size,
            size // code_size // 4,
        ],
        "a float32 takes 4 bytes, not 8.": 2 * size,
        "this is for latents and codes alone: how many pairs are there?": (
            4 * (latents + num_codes) * code_size
        ),
    }
    return check_value(answer, size, mistakes)
