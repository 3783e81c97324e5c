"""What a letter costs under models of different kinds, on one scale (chapter 11).

To send a letter, a model sends a code or a latent, and then the pixels. Here both
prices are in nats per image, for a VQ-VAE with one latent and for a VAE.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import RECORDS
from vqvae_lesson.limits import code_nats, require_one_latent
from vqvae_lesson.metrics import choose, code_counts
from vqvae_lesson.runs.files import read_json
from vqvae_lesson.vae import VAE, evaluate_vae, likelihood_bound

COMPARED = {
    name: [name, f"{name}-seed-1", f"{name}-seed-2"]
    for name in ("article", "healthy", "vae", "vae-wide", "vae-2")
}
VERSIONS = ("grey", "threshold", "drawn")


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


def binarize(images, version, seed=0):
    """Make grey letters black and white, or leave them as they are.

    Parameters
    ----------
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    version : {"grey", "threshold", "drawn"}
        As they are; 1 from 1/2 on; or 1 with the pixel's own probability, drawn
        once and for all.
    seed : int
        Of the draw.

    Returns
    -------
    ndarray, float32 [N, H, W, C]

    Raises
    ------
    LessonError
        For another version.

    References
    ----------
    Salakhutdinov and Murray 2008, "On the quantitative analysis of deep belief
    networks": pixels drawn with their grey as probability.
    """
    _check_version(version)
    if version == "grey":
        return images
    random = np.random.default_rng(seed)
    level = 0.5 if version == "threshold" else 1 - random.random(images.shape)
    return (images >= level).astype(np.float32)


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
    """
    require_one_latent(model.latent_size)
    nats, prices = code_nats(model, images), -np.log(shares)
    chosen = choose(model, images)[:, 0]
    reconstruction = float(nats[np.arange(len(images)), chosen].mean())
    price = float(prices[chosen].mean())
    likelihood = float(-logsumexp(-nats - prices, axis=1).mean())
    return Nats(reconstruction, price, reconstruction + price, likelihood)


def latent_cost(model, images, num_samples=16, seed=0):
    """Measure what a letter costs under a VAE.

    Parameters
    ----------
    model : VAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    num_samples, seed : int
        As for :func:`vqvae_lesson.vae.likelihood_bound`.

    Returns
    -------
    Nats
    """
    found = evaluate_vae(model, images, seed)
    likelihood = likelihood_bound(model, images, num_samples, seed)
    return Nats(found.reconstruction, found.kl, found.negative_elbo, likelihood)


def compare(model, letters):
    """Measure a trained model on all versions of the letters held out.

    Parameters
    ----------
    model : VQVAE or VAE
    letters : vqvae_lesson.data.Letters

    Returns
    -------
    dict
        From version to :class:`Nats`.
    """
    images = {name: binarize(letters.held_out_images, name) for name in VERSIONS}
    if isinstance(model, VAE):
        return {name: latent_cost(model, x) for name, x in images.items()}
    shares = code_shares(model, letters.train_images)
    return {name: code_cost(model, x, shares) for name, x in images.items()}


def load_comparison(version):
    """Load what all trained models cost, by seeds.

    Parameters
    ----------
    version : {"grey", "threshold", "drawn"}

    Returns
    -------
    dict
        From model to one :class:`Nats` for each of its three seeds.

    Raises
    ------
    LessonError
        For another version.
    """
    _check_version(version)
    runs = read_json(RECORDS / "comparison.json")
    return {
        model: [Nats(**runs[name][version]) for name in names]
        for model, names in COMPARED.items()
    }


def _check_version(version):
    """Refuse an unknown version of the letters."""
    if version not in VERSIONS:
        raise LessonError(f"version is {version!r}, expected one of {[*VERSIONS]}")
