"""Judges of pictures: how sharp they are, how real, and what they say (chapter 11).

Later chapters put the same questions to the pictures of other models. The two that
need a classifier use a support vector machine on principal components.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.ndimage import convolve
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from vqvae_lesson.errors import LessonError, check_before
from vqvae_lesson.health import RECORDS
from vqvae_lesson.metrics import code_counts
from vqvae_lesson.runs.files import read_json

__all__ = [
    "sharpness",
    "Accuracy",
    "accuracy_with_interval",
    "two_sample_test",
    "best_judge",
    "Reader",
    "train_reader",
    "closest_duel",
    "class_purity",
    "load_judged",
]

LAPLACIAN = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
COMPONENTS = 50


class Accuracy(NamedTuple):
    """How often a judge was right.

    Attributes
    ----------
    accuracy : float
        Share of the pictures that were judged rightly.
    low, high : float
        Its 95 % confidence interval.
    """

    accuracy: float
    low: float
    high: float


def expect_pictures(pictures, smallest=1):
    """Refuse what is no set of pictures, or smaller ones.

    Raises
    ------
    LessonError
        For another shape than [N, H, W, C], or values outside 0 to 1.
    """
    shape = np.shape(pictures)
    if len(shape) != 4 or 0 in shape or min(shape[1:3]) < smallest:
        raise LessonError(
            f"pictures have shape {list(shape)}, expected [N, H, W, C] with at least "
            f"one picture, {smallest} or more pixels high and wide"
        )
    least, most = np.min(pictures), np.max(pictures)
    if not (least >= 0 and most <= 1):
        raise LessonError(
            f"pictures lie between {least} and {most}, expected numbers in [0, 1]"
        )


@check_before(expect_pictures)
def greyness(pictures):
    """How far pictures are from black and white: mean of 4 p (1 - p), in [0, 1].

    Parameters
    ----------
    pictures : array, float [N, H, W, C] in [0, 1]
        Where a pixel p is the probability of ink, p (1 - p) is its variance.

    Returns
    -------
    float
        0 if every pixel is black or white, 1 if every pixel is 1/2.

    References
    ----------
    Sigmund 2007, doi:10.1007/s00158-006-0087-x: "measure of discreteness".

    Examples
    --------
    >>> greyness(np.full([1, 2, 2, 1], 0.5)), greyness(np.ones([1, 2, 2, 1]))
    (1.0, 0.0)
    """
    pictures = np.float64(pictures)
    return float(np.mean(4 * pictures * (1 - pictures)))


@check_before(lambda pictures: expect_pictures(pictures, smallest=4))
def sharpness(pictures):
    """How sharp edges are: variance of the Laplacian in a picture, then the mean.

    Parameters
    ----------
    pictures : array, float [N, H, W, C] in [0, 1]
        At least 4 pixels high and wide; the outermost have no Laplacian.

    Returns
    -------
    float
        0 for even pictures; it means something beside that of other pictures.

    References
    ----------
    Tolstikhin et al. 2018, arXiv:1711.01558, section 4: sharpness of samples.

    Examples
    --------
    >>> sharpness(np.full([1, 4, 4, 1], 0.5))
    0.0
    """
    window = LAPLACIAN[None, :, :, None]
    edges = convolve(np.float64(pictures), window)[:, 1:-1, 1:-1]
    return float(edges.reshape(len(edges), -1).var(axis=1).mean())


def expect_labels(pictures, labels):
    """Refuse pictures that do not each have a label, or all have the same.

    Raises
    ------
    LessonError
        As :func:`expect_pictures`, and for labels that do not fit.
    """
    expect_pictures(pictures)
    if len(labels) != len(pictures) or len(np.unique(labels)) < 2:
        raise LessonError(
            f"{len(labels)} labels of {len(np.unique(labels))} classes for "
            f"{len(pictures)} pictures, expected one label a picture, and at least two "
            "classes"
        )


@check_before(expect_labels)
def train_reader(pictures, labels):
    """Train a classifier that reads labels off pictures.

    A support vector machine on the first principal components of the pixels.

    Parameters
    ----------
    pictures : array, float [N, H, W, C] in [0, 1]
    labels : array, int [N]

    Returns
    -------
    Reader

    Raises
    ------
    LessonError
        For a single class, or more labels than pictures, or fewer.

    Examples
    --------
    >>> light, dark = np.zeros([20, 8, 8, 1]), np.ones([20, 8, 8, 1])
    >>> reader = train_reader(np.concatenate([light, dark]), np.repeat([3, 5], 20))
    >>> reader(np.full([1, 8, 8, 1], 0.9))
    array([5])
    """
    flat = np.float64(pictures).reshape(len(pictures), -1)
    parts = min(COMPONENTS, *flat.shape)
    machine = SVC(C=10, decision_function_shape="ovo")
    classifier = make_pipeline(PCA(parts, svd_solver="covariance_eigh"), machine)
    return Reader(classifier.fit(flat, labels))


class Reader(NamedTuple):
    """Reads labels off pictures, and says how clearly.

    Attributes
    ----------
    classifier : sklearn.pipeline.Pipeline
        Its last step holds one duel for each pair of labels.
    """

    classifier: object

    def __call__(self, pictures):
        """Read pictures [M, H, W, C] of the size it knows: labels [M]."""
        expect_pictures(pictures)
        return self.classifier.predict(np.float64(pictures).reshape(len(pictures), -1))

    def margins(self, pictures):
        """Closest of the duels that each label was in; below 0 if it lost one.

        Parameters
        ----------
        pictures : array, float [M, H, W, C] in [0, 1]

        Returns
        -------
        ndarray, float [M]

        Raises
        ------
        LessonError
            For another shape than [M, H, W, C], or values outside 0 to 1.
        """
        return closest_duel(self.classifier, self(pictures), pictures)


def closest_duel(classifier, labels, pictures):
    """For each picture, by how much its label beat the rival that came closest.

    Parameters
    ----------
    classifier : sklearn.pipeline.Pipeline
        Of the reader.
    labels : array, int [M]
        What it read.
    pictures : array, float [M, H, W, C]

    Returns
    -------
    ndarray, float [M]
        In units of the distance from a border to the letters that hold it up.

    Examples
    --------
    >>> light, dark = np.zeros([20, 8, 8, 1]), np.ones([20, 8, 8, 1])
    >>> reader = train_reader(np.concatenate([light, dark]), np.repeat([3, 5], 20))
    >>> pictures = np.stack([dark[0], light[0]])
    >>> closest_duel(reader.classifier, np.array([5, 5]), pictures).round(2)
    array([ 1., -1.])
    """
    flat = np.float64(pictures).reshape(len(pictures), -1)
    duels = classifier.decision_function(flat).reshape(len(flat), -1)
    if duels.shape[1] == 1:  # of two labels the second has the positive side
        duels = -duels
    first, second = np.transpose([*combinations(classifier.classes_, 2)])
    won, lost = first == labels[:, None], second == labels[:, None]
    return np.where(won, duels, np.where(lost, -duels, np.inf)).min(axis=1)


def expect_two_sets(first, second, seed=0):
    """Refuse two sets of pictures that differ in size, or are too small to halve.

    Raises
    ------
    LessonError
        As :func:`expect_pictures`, and for different shapes or fewer than 4 pictures.
    """
    expect_pictures(first)
    expect_pictures(second)
    if np.shape(first) != np.shape(second) or len(first) < 4:
        raise LessonError(
            f"pictures have shapes {list(np.shape(first))} and "
            f"{list(np.shape(second))}, expected twice the same shape, with at least 4 "
            "pictures"
        )


@check_before(expect_two_sets)
def two_sample_test(first, second, seed=0):
    """Ask a classifier to tell two sets of pictures apart.

    Half of each set trains it, the other half tests it. If both sets come from
    one distribution, nothing can do better than chance.

    Parameters
    ----------
    first, second : array, float [N, H, W, C] in [0, 1]
        As many of each.
    seed : int
        Fixes which half is which.

    Returns
    -------
    Accuracy

    Raises
    ------
    LessonError
        For sets of different sizes, or fewer than 4 pictures.

    References
    ----------
    Lopez-Paz and Oquab 2017, arXiv:1610.06545.

    Examples
    --------
    >>> pictures = np.random.default_rng(0).random([200, 8, 8, 1])
    >>> two_sample_test(pictures, 1 - pictures / 2).accuracy
    1.0
    """
    order = np.random.default_rng(seed).permutation(len(first))
    halves = np.array_split(order, 2)
    both = np.stack([first, second])
    train, test = (np.concatenate(both[:, half]) for half in halves)
    sides, truth = (np.repeat([0, 1], len(half)) for half in halves)
    found = train_reader(train, sides)(test)
    return accuracy_with_interval(np.count_nonzero(found == truth), len(truth))


def accuracy_with_interval(right, asked):
    """Share of right answers, with its 95 % interval after Clopper and Pearson.

    Parameters
    ----------
    right, asked : int

    Returns
    -------
    Accuracy

    Examples
    --------
    >>> [round(part, 3) for part in accuracy_with_interval(50, 100)]
    [0.5, 0.398, 0.602]
    """
    low, high = binomtest(int(right), asked).proportion_ci(0.95, "exact")
    return Accuracy(int(right) / asked, float(low), float(high))


def best_judge(first_shares, second_shares):
    """Accuracy of the best judge there can be of which of two dice was thrown.

    Parameters
    ----------
    first_shares, second_shares : array, float [K]
        How often each of K things comes up on one side and on the other.

    Returns
    -------
    float
        1/2 plus half the total variation distance; nothing gets more right.

    Examples
    --------
    >>> best_judge([0.5, 0.5], [0.5, 0.5]), best_judge([1.0, 0.0], [0.5, 0.5])
    (0.5, 0.75)
    """
    return float(np.maximum(first_shares, second_shares).sum() / 2)


def expect_one_label_each(indices, labels, num_codes):
    """Refuse indices and labels that are not as many.

    Raises
    ------
    LessonError
        For more labels than indices, or fewer.
    """
    if np.size(labels) != np.size(indices):
        raise LessonError(
            f"{np.size(indices)} indices and {np.size(labels)} labels, expected one of "
            "each for every letter"
        )


@check_before(expect_one_label_each)
def class_purity(indices, labels, num_codes):
    """How often the most frequent class of each code is the class of a letter.

    Parameters
    ----------
    indices, labels : array, int [N]
        Code and class of each letter.
    num_codes : int

    Returns
    -------
    purity : float
        Over all letters; 1 if every code means one class.
    code_purity : ndarray, float [K]
        For each code; NaN for one that no letter chose.

    Raises
    ------
    LessonError
        For more labels than indices, or fewer.

    References
    ----------
    Manning, Raghavan, Schütze 2008, Introduction to Information Retrieval, 16.3.

    Examples
    --------
    >>> purity, code_purity = class_purity([0, 0, 0, 1], [7, 7, 3, 3], num_codes=2)
    >>> purity, code_purity.round(2).tolist()
    (0.75, [0.67, 1.0])
    """
    indices = np.ravel(indices)
    counts = code_counts(indices, num_codes)
    labels = np.unique(np.ravel(labels), return_inverse=True)[1]
    both = np.zeros([num_codes, labels.max() + 1])
    np.add.at(both, (indices, labels), 1)
    most = both.max(axis=1)
    with np.errstate(invalid="ignore"):
        return float(most.sum() / len(labels)), most / counts


def load_judged():
    """Load what the judges said of the laboratory's networks.

    Returns
    -------
    dict
        From the name of an experiment to three dicts of verdicts, one a seed.

    Examples
    --------
    >>> judged = load_judged()
    >>> {len(seeds) for seeds in judged.values()}
    {3}
    """
    return read_json(RECORDS / "judges.json")
