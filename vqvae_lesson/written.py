"""Letters that priors wrote, before the judges (chapter 15).

To the questions of chapter 11 come two: are they copies of the letters that were
learned from, and, where a class was asked for, did it come?
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from vqvae_lesson.errors import LessonError, check_before
from vqvae_lesson.health import RECORDS
from vqvae_lesson.judges import sharpness
from vqvae_lesson.metrics import perplexity
from vqvae_lesson.runs.files import read_json

__all__ = ["nearest", "spread", "judge_letters", "judge_codes", "load_written"]

ASKED = 200  # letters whose nearest are looked for: the slowest of the questions


def expect_alike(things, others, metric="euclidean"):
    """Refuse two sets whose members differ in shape, and empty ones.

    Raises
    ------
    LessonError
        For different shapes, or nothing on one side.
    """
    one, other = np.shape(things), np.shape(others)
    if one[1:] != other[1:] or 0 in one + other:
        raise LessonError(
            f"shapes are {list(one)} and {list(other)}, expected the same but for the "
            "first number, and none 0"
        )


@check_before(expect_alike)
def nearest(things, others, metric="euclidean"):
    """For each picture, or grid of codes, find the nearest among others.

    Parameters
    ----------
    things : array [N, ...]
        Pictures [N, H, W, C], or codes [N, L].
    others : array [M, ...]
    metric : {"euclidean", "hamming"}
        For pictures, the root of the summed squares of differences; for codes, the
        share of places that differ.

    Returns
    -------
    number : ndarray, int [N]
        Which of the others.
    distance : ndarray, float64 [N]

    Raises
    ------
    LessonError
        For different shapes, or nothing on one side.

    Examples
    --------
    >>> others = [[2, 7, 1, 8], [3, 1, 1, 1]]
    >>> number, distance = nearest([[3, 1, 4, 1]], others, "hamming")
    >>> number.tolist(), distance.tolist()
    ([1], [0.25])
    """
    things, others = (np.reshape(given, [len(given), -1]) for given in (things, others))
    found = NearestNeighbors(n_neighbors=1, algorithm="brute", metric=metric)
    distance, number = found.fit(others).kneighbors(things)
    return number[:, 0], distance[:, 0]


def spread(pictures, labels):
    """Measure how far letters of one class are apart: mean distance of two of them.

    Parameters
    ----------
    pictures : array, float [N, H, W, C]
    labels : array, int [N]

    Returns
    -------
    float
        Over all letters whose class has another; 0 if letters of a class are all alike.

    Examples
    --------
    >>> pictures = np.reshape([0.0, 1.0, 0.5, 0.5], [4, 1, 1, 1])
    >>> spread(pictures, [0, 0, 1, 1])
    0.5
    """
    flat, labels = np.reshape(pictures, [len(pictures), -1]), np.asarray(labels)
    apart = [
        np.linalg.norm(
            flat[labels == label] - np.roll(flat[labels == label], 1, 0), axis=1
        )
        for label in np.unique(labels)
    ]
    return float(np.concatenate([one for one in apart if len(one) > 1]).mean())


def judge_letters(pictures, learned, read, asked=None):
    """Ask how sharp new letters are, how many kinds, as asked or not, and how new.

    Parameters
    ----------
    pictures : array, float [N, H, W, C] in [0, 1]
        Their classes mixed, for one question is put to the first 200 only.
    learned : array, float [M, H, W, C] in [0, 1]
        What the prior learned from: each training letter under all nine shifts.
    read : callable
        From pictures to labels, as :func:`~vqvae_lesson.judges.train_reader` gives.
    asked : array, int [N], optional
        The class that each was to be.

    Returns
    -------
    dict
        `sharp`; `classes`, as many equally frequent ones would be read as evenly;
        `spread` within a class; `nearest`, mean distance of the first 200 to the
        nearest of `learned`, so of the nine shifts of each training letter; and
        `read_as_asked`, a share.

    Examples
    --------
    >>> pictures = np.eye(16).reshape(16, 4, 4, 1)
    >>> found = judge_letters(pictures, pictures, read=lambda some: np.arange(16) % 2)
    >>> found["classes"], found["nearest"]
    (2.0, 0.0)
    """
    labels = read(pictures)
    found = {
        "sharp": sharpness(pictures),
        "classes": perplexity(labels, 1 + max(labels)),
        "spread": spread(pictures, labels),
        "nearest": nearest(pictures[:ASKED], learned)[1].mean(),
    }
    if asked is not None:
        found["read_as_asked"] = np.mean(labels == asked)
    return {name: float(value) for name, value in found.items()}


def judge_codes(codes, known):
    """Ask whether grids of codes are copies of known ones.

    Parameters
    ----------
    codes : array, int [N, L]
        The classes of their letters mixed, as for :func:`judge_letters`.
    known : array, int [M, L]
        Of what the prior learned from: each training letter under all nine shifts.

    Returns
    -------
    dict
        `copies`, share of grids that are known; `nearest_codes`, mean share of places
        of the first 200 that differ from the nearest known grid.

    Examples
    --------
    >>> judge_codes([[1, 2], [3, 4]], known=[[1, 2], [1, 4]])
    {'copies': 0.5, 'nearest_codes': 0.25}
    """
    known_grids = {tuple(grid) for grid in np.asarray(known).tolist()}
    copies = [tuple(grid) in known_grids for grid in np.asarray(codes).tolist()]
    far = nearest(codes[:ASKED], known, "hamming")[1]
    return {"copies": float(np.mean(copies)), "nearest_codes": float(far.mean())}


def load_written():
    """Load what the judges said of new letters, from priors and from other models.

    Returns
    -------
    dict
        From who made 1,000 letters to three dicts, one a seed of the drawing: the parts
        of :func:`judge_letters`, for codes those of :func:`judge_codes`, and
        `told_real`, the share of right answers of the two-sample test against 1,000
        letters held out. "real" are those held out themselves (`told_real`: training
        letters against them), "reconstructed" what their codes leave of them;
        "uniform", "by_place" and "written" come from priors, "written_by_class" with a
        temperature, as in "written_by_class, 0.7"; "healthy", "vae" and "vae-wide" from
        models without a grid.

    Examples
    --------
    >>> verdicts = load_written()
    >>> len(verdicts["written"]), len(verdicts["vae"])
    (3, 3)
    """
    return read_json(RECORDS / "written.json")
