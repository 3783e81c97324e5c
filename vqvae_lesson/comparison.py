"""What a letter costs under models of different kinds, on one scale (chapter 12).

To send a letter, a model sends a code or a latent, and then the pixels. Here both
prices are in nats per image, for a VQ-VAE with one latent and for a VAE. The same
models, small, are judged by their pictures.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vqvae_lesson.errors import LessonError, check_before
from vqvae_lesson.health import RECORDS
from vqvae_lesson.judges import sharpness, train_reader, two_sample_test
from vqvae_lesson.laboratory import MEASURES, small_recipe, small_rival
from vqvae_lesson.limits import Nats
from vqvae_lesson.recipes import VAERecipe
from vqvae_lesson.runs.files import read_json

__all__ = ["load_comparison", "random_letters", "blank_share", "load_looks"]

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
        From model to three :class:`~vqvae_lesson.limits.Nats`, one a seed.

    Raises
    ------
    LessonError
        For another version.

    Examples
    --------
    >>> runs = load_comparison("grey")["article"]
    >>> len(runs), runs[0]._fields
    (3, ('reconstruction', 'price', 'bound', 'likelihood'))
    """
    runs = read_json(RECORDS / "comparison.json")
    return {
        model: [Nats(**runs[name][version]) for name in names]
        for model, names in COMPARED.items()
    }


def small_models():
    """List the recipes of the two pairs at the size of the laboratory.

    Returns
    -------
    dict
        From name to recipe; "vae, falling" lies between "vae" and "vae-wide": it
        has the narrow neck of the one and the falling rate of the other.
    """
    return {
        "article": small_recipe(),
        "vae": VAERecipe(base_depth=8, epochs=10),
        "healthy": small_recipe(*MEASURES),
        "vae-wide": small_rival(1),
        "vae, falling": replace(small_rival(1), neck_depth=4),
    }


def random_letters(model, count, shares=None, seed=0):
    """Draw letters at random, from the model's prior or from shares of its codes.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
    count : int
    shares : ndarray, float [K], optional
        Of a model with one code a letter: how often each code is to come up.
    seed : int

    Returns
    -------
    ndarray, float32 [count, H, W, C] in [0, 1]

    Examples
    --------
    >>> from vqvae_lesson.laboratory import small_recipe
    >>> model = small_recipe().build((28, 28, 1), seed=0)
    >>> random_letters(model, count=5).shape
    (5, 28, 28, 1)
    """
    if shares is None:
        return model.sample(count, seed).numpy()
    random = np.random.default_rng(seed)
    return model.decode(random.choice(len(shares), [count, 1], p=shares)).numpy()


def blank_share(pictures):
    """Share of pictures in which no pixel is more likely ink than paper.

    Parameters
    ----------
    pictures : array, float [N, H, W, C] in [0, 1]

    Returns
    -------
    float

    Examples
    --------
    >>> blank_share(np.array([0.4, 0.9]).reshape(2, 1, 1, 1))
    0.5
    """
    return float(np.mean(np.max(pictures, axis=(1, 2, 3)) < 0.5))


class Looks(NamedTuple):
    """What the judges of chapter 11 say of a model's pictures.

    Attributes
    ----------
    told_reconstructed, told_real : float
        Share of right answers of the two-sample test on random letters, against
        the model's reconstructions and against real letters.
    read : float
        Share of reconstructions that a reader of real letters reads as what they
        were.
    legible : float
        The same for a reader that was trained on reconstructions.
    sharp_reconstructed, sharp_random : float
        Sharpness of both kinds of pictures.
    blank : float
        Share of random letters that are blank.
    """

    told_reconstructed: float
    told_real: float
    read: float
    legible: float
    sharp_reconstructed: float
    sharp_random: float
    blank: float


def judge(model, letters, read, shares=None):
    """Put a model's pictures before the judges.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
    letters : vqvae_lesson.data.Letters
    read : callable
        From pictures to labels, as :func:`~vqvae_lesson.judges.train_reader` gives.
    shares : ndarray, float [K], optional
        As for :func:`random_letters`.

    Returns
    -------
    Looks
    """
    real, labels = letters.held_out_images, letters.held_out_labels
    made = model.reconstruct(real).numpy()
    drawn = random_letters(model, len(real), shares)
    study = model.reconstruct(letters.train_images).numpy()
    read_made = train_reader(study, letters.train_labels)
    return Looks(
        two_sample_test(drawn, made).accuracy,
        two_sample_test(drawn, real).accuracy,
        float(np.mean(read(made) == labels)),
        float(np.mean(read_made(made) == labels)),
        sharpness(made),
        sharpness(drawn),
        blank_share(drawn),
    )


def load_looks():
    """Load what the judges said of the small models.

    Returns
    -------
    dict
        From the names of the small models to three dicts, one a seed: the parts
        of ``Looks``, and for a VAE those of ``vae.Numbers``; for "vae, falling"
        these only.

    Examples
    --------
    >>> looks = load_looks()
    >>> sorted(looks), len(looks["healthy"])
    (['article', 'healthy', 'vae', 'vae, falling', 'vae-wide'], 3)
    """
    return read_json(RECORDS / "looks.json")
