"""How good a trained model is, in numbers (chapter 08).

Every number is taken over a whole data set, never over one batch.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from vqvae_lesson.errors import LessonError
from vqvae_lesson.losses import pixel_distribution
from vqvae_lesson.noise import noise_seeds

__all__ = [
    "encode",
    "choose",
    "code_counts",
    "perplexity",
    "nll_per_image",
    "Metrics",
    "evaluate",
]

MOST_VALUES = 2**22  # of a piece of a data set


class Metrics(NamedTuple):
    """What :func:`evaluate` finds.

    Attributes
    ----------
    nll : float
        Mean negative log-probability of an image under the decoder, given its
        code, in nats per image.
    codes_in_use : int
        Codes that at least one image chose.
    perplexity : float
        Between 1 and K: as many equally used codes would have this entropy.
    """

    nll: float
    codes_in_use: int
    perplexity: float


def code_counts(indices, num_codes):
    """How often each code was chosen.

    Parameters
    ----------
    indices : array, int [...]
    num_codes : int

    Returns
    -------
    ndarray, int [K]

    Raises
    ------
    LessonError
        For no index at all, or one outside 0 to K - 1.

    Examples
    --------
    >>> code_counts([[0], [2], [2]], num_codes=4).tolist()
    [1, 0, 2, 0]
    """
    indices = np.asarray(indices).ravel()
    if not indices.size or indices.min() < 0 or indices.max() >= num_codes:
        raise LessonError(
            f"{indices.size} indices, expected at least one, all between 0 and "
            f"{num_codes - 1}"
        )
    return np.bincount(indices, minlength=num_codes)


def perplexity(indices, num_codes):
    """Exponential of the entropy of code usage.

    Parameters
    ----------
    indices : array, int [...]
        The codes chosen over a whole data set.
    num_codes : int

    Returns
    -------
    float
        1 if one code does all the work, K if all are used equally often.

    Examples
    --------
    >>> round(perplexity([0, 1, 2, 3], num_codes=4), 6)
    4.0
    """
    shares = code_counts(indices, num_codes) / np.asarray(indices).size
    used = shares[shares > 0]
    return float(np.exp(-np.sum(used * np.log(used))))


def nll_per_image(images, logits):
    """Negative log-probability of each image, nats, float32 [B].

    Parameters
    ----------
    images : tensor, float32 [B, H, W, C] in [0, 1]
    logits : tensor, float32 [B, H, W, C]

    Returns
    -------
    tensor, float32 [B]

    Examples
    --------
    >>> images = tf.ones([5, 28, 28, 1])
    >>> nats = nll_per_image(images, tf.zeros([5, 28, 28, 1]))  # 784 · ln 2 each
    >>> nats.shape.as_list(), round(float(nats[0]), 1)
    ([5], 543.4)
    """
    return -pixel_distribution(logits).log_prob(images)


def pieces(images, most):
    """Hand out a data set piece by piece, as arrays that memory has room for.

    Parameters
    ----------
    images : ndarray or StreamedImages, [N, ...]
    most : int
        Images in a piece; fewer where they are large.

    Yields
    ------
    start : int
    piece : ndarray, [n, ...]
        The images from `start` on.
    """
    size = max(1, min(most, MOST_VALUES // math.prod(images.shape[1:])))
    for start in range(0, len(images), size):
        yield start, np.asarray(images[start : start + size])


def encode(model, images, batch_size=250):
    """Encode a whole data set.

    Parameters
    ----------
    model : vqvae_lesson.model.VQVAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    batch_size : int
        How many to hold at a time; fewer where they are large.

    Returns
    -------
    ndarray, float32 [N, L, D]

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> encode(model, np.zeros([5, 28, 28, 1], np.float32)).shape
    (5, 1, 16)
    """
    return np.concatenate(
        [model.encoder(piece) for _, piece in pieces(images, batch_size)]
    )


def choose(model, images, batch_size=250):
    """Codes that the encoder chooses for a whole data set, int32 [N, L].

    Parameters
    ----------
    model : vqvae_lesson.model.VQVAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    batch_size : int
        How many to hold at a time; fewer where they are large.

    Returns
    -------
    ndarray, int32 [N, L]

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> choose(model, np.zeros([5, 28, 28, 1], np.float32)).shape
    (5, 1)
    """
    return np.concatenate(
        [model.represent(piece) for _, piece in pieces(images, batch_size)]
    )


def evaluate(model, images, batch_size=1_000, seed=0):
    """Measure a model, of whatever kind, on a whole data set.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    batch_size : int
        How many to hold at a time; fewer where they are large.
    seed : int
        Of what the model draws at random, if anything.

    Returns
    -------
    NamedTuple
        :class:`Metrics` for a VQ-VAE.

    Raises
    ------
    LessonError
        For no image at all.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> found = evaluate(model, np.zeros([5, 28, 28, 1], np.float32))
    >>> found.codes_in_use, round(found.perplexity, 3)
    (1, 1.0)
    """
    if not len(images):
        raise LessonError("no images to measure, expected at least one")
    measure = tf.function(model.measure, reduce_retracing=True)
    measured = []
    for start, piece in pieces(images, batch_size):
        noise = tf.constant(noise_seeds(seed, start))
        measured.append(measure(tf.convert_to_tensor(piece), noise))
    return model.summary_of(*map(np.concatenate, zip(*measured, strict=True)))
