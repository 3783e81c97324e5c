"""The best that K pictures can do, and what a trained model misses (chapter 10).

With one latent and K codes a decoder can draw K pictures and no more. Here the
best K pictures are sought directly, without any network: k-means with
cross-entropy in place of the squared distance, a Bregman clustering (Banerjee et
al. 2005, Journal of Machine Learning Research 6).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.cluster import kmeans_plusplus

from vqvae_lesson.errors import LessonError
from vqvae_lesson.metrics import choose, code_counts
from vqvae_lesson.quantizer import lookup

__all__ = [
    "Dictionary",
    "picture_nats",
    "logit_nats",
    "best_pictures",
    "best_dictionary",
    "search_from",
    "match",
    "code_nats",
    "Nats",
    "code_shares",
    "code_cost",
    "Split",
    "split_loss",
]

SUREST = 1e-3


class Dictionary(NamedTuple):
    """K pictures and how well they explain the images they were made from.

    Attributes
    ----------
    pictures : ndarray, float64 [K, H, W, C] in [0.001, 0.999]
        Every pixel the probability of a Bernoulli distribution.
    nll : float
        Mean over the images, each given its best picture, nats per image.
    history : tuple of float
        The NLL after each round; it never rises.
    """

    pictures: np.ndarray
    nll: float
    history: tuple


def picture_nats(images, pictures):
    """Cross-entropy of every image under every picture.

    Parameters
    ----------
    images : ndarray, float [N, H, W, C] in [0, 1]
    pictures : ndarray, float [K, H, W, C] in (0, 1)

    Returns
    -------
    ndarray, float [N, K]
        Nats per image, summed over pixels.

    Examples
    --------
    >>> white, half = np.zeros([1, 2, 2, 1]), np.full([1, 2, 2, 1], 0.5)
    >>> picture_nats(white, half).round(3).tolist()  # four times log 2
    [[2.773]]
    """
    pictures = np.asarray(pictures)
    return logit_nats(images, np.log(pictures) - np.log1p(-pictures))


def logit_nats(images, logits):
    """Cross-entropy of every image under every picture, given by its logits.

    Parameters
    ----------
    images : ndarray, float [N, H, W, C] in [0, 1]
    logits : ndarray, float [K, H, W, C]

    Returns
    -------
    ndarray, float64 [N, K]
        Nats, summed over the pixels.

    Examples
    --------
    >>> images, logits = np.ones([3, 2, 2, 1]), np.zeros([5, 2, 2, 1])
    >>> nats = logit_nats(images, logits)  # 4 pixels, ln 2 for each
    >>> nats.shape, round(nats[0, 0].item(), 3)
    ((3, 5), 2.773)
    """
    images, logits = as_rows(images), as_rows(logits)
    return np.logaddexp(0, logits).sum(axis=1) - images @ logits.T


def code_nats(model, images):
    """Cross-entropy of every image under the picture of every code.

    Parameters
    ----------
    model : vqvae_lesson.model.VQVAE
        With one latent.
    images : ndarray, float32 [N, H, W, C] in [0, 1]

    Returns
    -------
    ndarray, float64 [N, K]
        Nats per image.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> code_nats(model, np.zeros([5, 28, 28, 1], np.float32)).shape
    (5, 64)
    """
    codes = lookup(model.quantizer.codebook, np.arange(model.num_codes)[:, None])
    logits = model.decoder(codes).numpy()
    return logit_nats(np.float64(images), np.float64(logits))


def require_one_latent(latent_size):
    """Refuse a model whose codes do not each stand for a picture."""
    if latent_size != 1:
        raise LessonError(
            f"latent_size is {latent_size}, expected 1: only then does each code "
            "stand for a picture"
        )


class Nats(NamedTuple):
    """What a letter costs, means over a data set.

    Attributes
    ----------
    reconstruction : float
        The pixels, once the code or latent is known.
    price : float
        The code under its frequency, or the latent: its KL divergence.
    bound : float
        Their sum; on black and white images the likelihood costs no more.
    likelihood : float
        All codes summed exactly; for a VAE the importance-weighted bound.
    """

    reconstruction: float
    price: float
    bound: float
    likelihood: float


def code_shares(model, images):
    """How often letters choose each code, with one more letter a code than seen.

    Parameters
    ----------
    model : VQVAE
        With one latent.
    images : ndarray, float32 [N, H, W, C] in [0, 1]

    Returns
    -------
    ndarray, float64 [K]
        All above 0, so that no code is priceless; they sum to 1.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> shares = code_shares(model, np.zeros([6, 28, 28, 1], np.float32))
    >>> shares.max().item(), round(shares.sum().item(), 6)  # 7 of 70
    (0.1, 1.0)
    """
    require_one_latent(model.latent_size)
    counts = code_counts(choose(model, images), model.num_codes) + 1
    return counts / counts.sum()


def code_cost(model, images, shares):
    """Measure what a letter costs under a VQ-VAE with one latent.

    Parameters
    ----------
    model : VQVAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    shares : ndarray, float [K]
        Probability of each code.

    Returns
    -------
    Nats

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> images = np.zeros([5, 28, 28, 1], np.float32)
    >>> nats = code_cost(model, images, shares=np.full(64, 1 / 64))
    >>> round(nats.price, 3)  # ln 64
    4.159
    """
    require_one_latent(model.latent_size)
    nats, prices = code_nats(model, images), -np.log(shares)
    chosen = choose(model, images)[:, 0]
    reconstruction = float(nats[np.arange(len(images)), chosen].mean())
    price = float(prices[chosen].mean())
    likelihood = float(-logsumexp(-nats - prices, axis=1).mean())
    return Nats(reconstruction, price, reconstruction + price, likelihood)


class Split(NamedTuple):
    """Where a model's nats go; all but the first and the last add up to the last.

    Attributes
    ----------
    codes_in_use : int
        How many codes the images choose.
    best_dictionary : float
        The best dictionary with as many pictures as the model has codes.
    unused : float
        What the best dictionary costs more with one picture for each code in use.
    sorting : float
        What the model's own groups of images cost more, each drawn as its mean.
    decoder : float
        What the model's own pictures cost more than these means.
    nll : float
        The model: every image under the picture of its code.
    """

    codes_in_use: int
    best_dictionary: float
    unused: float
    sorting: float
    decoder: float
    nll: float


def split_loss(images, nats, indices, limits):
    """Take a model's NLL apart, by changing one thing at a time.

    Parameters
    ----------
    images : ndarray, float [N, H, W, C] in [0, 1]
        Those that the model was trained with.
    nats : ndarray, float [N, K]
        Cost of every image under every picture of the model.
    indices : ndarray, int [N]
        The code of each image.
    limits : dict
        From a number of pictures to the NLL of the best dictionary of that size, on
        the same images: for K, and for the number of codes in use.

    Returns
    -------
    Split
        In nats per image, means over the images.

    Examples
    --------
    >>> images = np.repeat([[[[0.1]]], [[[0.9]]]], 10, axis=0)
    >>> nats = picture_nats(images, np.array([[[[0.2]]], [[[0.8]]]]))
    >>> split = split_loss(images, nats, np.repeat([0, 1], 10), limits={2: 0.325})
    >>> split.codes_in_use, round(split.decoder, 3)
    (2, 0.037)
    """
    everyone = np.arange(len(images))
    used, groups = np.unique(indices, return_inverse=True)
    means = best_pictures(images, groups, len(used))
    as_means = float(picture_nats(images, means)[everyone, groups].mean())
    nll = float(nats[everyone, indices].mean())
    best, fewer = limits[nats.shape[1]], limits[len(used)]
    parts = fewer - best, as_means - fewer, nll - as_means
    return Split(len(used), best, *parts, nll)


def best_pictures(images, indices, num_pictures):
    """For each group of images the picture that explains it best: their mean.

    Parameters
    ----------
    images : ndarray, float [N, H, W, C] in [0, 1]
    indices : ndarray, int [N]
        The group each image belongs to; no group may be empty.
    num_pictures : int

    Returns
    -------
    ndarray, of the images' type [K, H, W, C]
        No pixel is surer than 0.001 or 0.999: one stray dot in an image not seen
        before would cost infinitely many nats.

    Examples
    --------
    >>> images = np.array([[[[0.2]]], [[[0.4]]], [[[0.9]]]])
    >>> best_pictures(images, np.array([0, 0, 1]), num_pictures=2).ravel()
    array([0.3, 0.9])
    """
    chosen = np.eye(num_pictures, dtype=images.dtype)[indices]
    means = chosen.T @ as_rows(images) / chosen.sum(axis=0)[:, None]
    return means.clip(SUREST, 1 - SUREST).reshape(-1, *images.shape[1:])


def best_dictionary(images, num_codes=64, seed=0, restarts=4):
    """Search for the K pictures that explain the images best.

    Turn and turn about: every image chooses its best picture, every picture
    becomes the mean of the images that chose it. Neither can make the NLL worse,
    so it comes to rest, if not always at the same place: hence the restarts.

    Parameters
    ----------
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    num_codes : int
        K, at most N.
    seed : int
    restarts : int
        Searches from different starts (k-means++); the best one is returned.

    Returns
    -------
    Dictionary

    Raises
    ------
    LessonError
        For fewer images than pictures, or fewer than one picture or search.

    Examples
    --------
    >>> images = np.repeat([[[[0.1]]], [[[0.9]]]], 10, axis=0)
    >>> found = best_dictionary(images, num_codes=2)
    >>> np.sort(found.pictures.ravel()), round(found.nll, 3)
    (array([0.1, 0.9]), 0.325)
    """
    if not 1 <= num_codes <= len(images) or restarts < 1:
        raise LessonError(
            f"{num_codes} pictures from {len(images)} images in {restarts} searches, "
            "expected at least one search, one picture, and an image for each"
        )
    images = np.asarray(images, np.float64)  # so that any machine finds the same
    seeds = np.random.SeedSequence(seed).generate_state(restarts)
    searches = [search_once(images, num_codes, int(one)) for one in seeds]
    return min(searches, key=lambda dictionary: dictionary.nll)


def match(pictures, others):
    """Order two sets of pictures alike, so that the sum of squares is smallest.

    Parameters
    ----------
    pictures, others : ndarray, float [K, H, W, C]

    Returns
    -------
    ndarray, int [K]
        ``others[order]`` stands beside ``pictures``.

    Examples
    --------
    >>> shades = np.array([0.1, 0.5, 0.9]).reshape(3, 1, 1, 1)
    >>> match(shades, shades[[2, 0, 1]]).tolist()
    [1, 2, 0]
    """
    distances = cdist(as_rows(pictures), as_rows(others), "sqeuclidean")
    return linear_sum_assignment(distances)[1]


def search_once(images, num_codes, seed):
    """Search once, from images that lie far apart (k-means++)."""
    flat = as_rows(images)
    centers, _ = kmeans_plusplus(flat, num_codes, random_state=seed)
    start = np.clip(centers, 0.1, 0.9).reshape(-1, *images.shape[1:])
    return search_from(images, start)


def search_from(images, pictures):
    """Take turns from given pictures on, until no image changes its picture.

    Parameters
    ----------
    images : ndarray, float [N, H, W, C] in [0, 1]
    pictures : ndarray, float [K, H, W, C] in (0, 1)

    Returns
    -------
    Dictionary

    Examples
    --------
    >>> images = np.repeat([[[[0.1]]], [[[0.9]]]], 10, axis=0)
    >>> found = search_from(images, images[[0, 10]])
    >>> found.pictures.ravel(), round(found.nll, 3)
    (array([0.1, 0.9]), 0.325)
    """
    indices, history, num_codes = None, [], len(pictures)
    while True:
        nats = picture_nats(images, pictures)
        chosen = fill_empty(nats, nats.argmin(axis=1), num_codes)
        if np.array_equal(chosen, indices):
            return Dictionary(pictures, history[-1], tuple(history))
        indices = chosen
        pictures = best_pictures(images, indices, num_codes)
        now = picture_nats(images, pictures)[np.arange(len(images)), indices]
        history.append(float(now.mean(dtype=np.float64)))


def fill_empty(nats, indices, num_codes):
    """Give each picture that nobody chose the image that is explained worst."""
    indices = indices.copy()
    cost = nats[np.arange(len(indices)), indices]
    for empty in np.setdiff1d(np.arange(num_codes), indices):
        alone = np.bincount(indices, minlength=num_codes)[indices] == 1
        worst = np.where(alone, -np.inf, cost).argmax()
        indices[worst], cost[worst] = empty, -np.inf
    return indices


def as_rows(images):
    """Images as rows of pixels."""
    images = np.asarray(images)
    return images.reshape(len(images), -1)
