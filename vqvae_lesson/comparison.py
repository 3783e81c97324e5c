"""What a letter costs under models of different kinds, on one scale (chapter 12).

To send a letter, a model sends a code or a latent, and then the pixels. Here both
prices are in nats per image, for a VQ-VAE with one latent and for a VAE.
"""

import numpy as np

from vqvae_lesson.errors import LessonError, check_before
from vqvae_lesson.health import RECORDS
from vqvae_lesson.limits import Nats
from vqvae_lesson.runs.files import read_json

COMPARED = {
    name: [name, f"{name}-seed-1", f"{name}-seed-2"]
    for name in ("article", "healthy", "vae", "vae-wide", "vae-2")
}
VERSIONS = ("grey", "threshold", "drawn")


def expect_version(version):
    """Refuse a version of the letters that there is not."""
    if version not in VERSIONS:
        raise LessonError(f"version is {version!r}, expected one of {[*VERSIONS]}")


@check_before(lambda images, version, seed=0: expect_version(version))
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
    if version == "grey":
        return images
    random = np.random.default_rng(seed)
    level = 0.5 if version == "threshold" else 1 - random.random(images.shape)
    return (images >= level).astype(np.float32)


def compare(model, letters):
    """Measure a trained model on all versions of the letters held out.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
    letters : vqvae_lesson.data.Letters

    Returns
    -------
    dict
        From version to :class:`~vqvae_lesson.limits.Nats`.
    """
    return {
        name: model.cost(binarize(letters.held_out_images, name), letters.train_images)
        for name in VERSIONS
    }


@check_before(expect_version)
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
    runs = read_json(RECORDS / "comparison.json")
    return {
        model: [Nats(**runs[name][version]) for name in names]
        for model, names in COMPARED.items()
    }
