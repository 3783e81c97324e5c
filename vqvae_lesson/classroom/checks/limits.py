"""Checks of chapter 10: costs in nats, one round of the search, and the price."""

import numpy as np
import tensorflow_probability as tfp

from vqvae_lesson.classroom.checks.verdict import check_function, check_value
from vqvae_lesson.limits import best_pictures, picture_nats

tfd = tfp.distributions


def cost(answer):
    """Check the cross-entropy of one image under one picture."""

    def reference(image, picture):
        pixels = tfd.Bernoulli(probs=picture, dtype=image.dtype)
        return -pixels.log_prob(image).numpy().sum()

    mistakes = {
        "the sign is the wrong way round: a cost is positive.": lambda *case: (
            -reference(*case)
        ),
        "the paper pays, too: what does a pixel of 0 cost?": lambda image, picture: (
            -np.sum(image * np.log(picture))
        ),
        "this is the paper's part alone.": lambda image, picture: (
            -np.sum((1 - image) * np.log(1 - picture))
        ),
        "a mean over the pixels where a sum belongs.": lambda image, picture: (
            reference(image, picture) / image.size
        ),
        "this is in bits: use the natural logarithm for nats.": lambda *case: (
            reference(*case) / np.log(2)
        ),
        "image and picture are swapped: the logarithm is of the picture.": (
            lambda image, picture: reference(picture, image)
        ),
        "this is the squared distance: the cost is a cross-entropy.": (
            lambda image, picture: np.sum((image - picture) ** 2)
        ),
    }
    random = np.random.default_rng(0)
    cases = [
        (np.array([0.3]), np.array([0.8])),
        (random.uniform(0.1, 0.9, [2, 3]), random.uniform(0.1, 0.9, [2, 3])),
    ]
    return check_function(answer, cases, reference, mistakes)


def one_round(answer):
    """Check one round: every image chooses, every picture becomes a mean."""

    def reference(images, pictures):
        choice = picture_nats(images, pictures).argmin(axis=1)
        return best_pictures(images, choice, len(pictures))

    def sums(images, pictures):
        choice = picture_nats(images, pictures).argmin(axis=1)
        counts = np.bincount(choice, minlength=len(pictures))
        return reference(images, pictures) * counts[:, None]

    def dearest(images, pictures):
        choice = picture_nats(images, pictures).argmax(axis=1)
        if len(set(choice)) < len(pictures):
            return None
        return best_pictures(images, choice, len(pictures))

    def nearest(images, pictures):
        distances = ((images[:, None] - pictures) ** 2).sum(axis=-1)
        return best_pictures(images, distances.argmin(axis=1), len(pictures))

    mistakes = {
        "the nearest picture is not always the cheapest: choose by cost.": nearest,
        "the pictures are as they were: return the means.": lambda _, pictures: (
            pictures
        ),
        "these are the sums: divide by how many chose the picture.": sums,
        "everybody chose the dearest picture: take the smallest cost.": dearest,
        "these are the images' choices: return pictures.": lambda images, pictures: (
            picture_nats(images, pictures).argmin(axis=1)
        ),
        "this is one mean for all: one for each picture's own images.": (
            lambda images, pictures: [
                np.repeat(images.mean(axis=0)[None], len(pictures), axis=0),
                images.mean(axis=0),
            ]
        ),
    }
    cases = [_crossed(), _groups(0), _groups(1)]
    return check_function(answer, cases, reference, mistakes)


def _crossed():
    """Images whose nearest, cheapest and dearest pictures are not the same."""
    random = np.random.default_rng(29)
    pictures = random.uniform(0.05, 0.95, [3, 5]).round(2)
    return random.uniform(0.05, 0.95, [7, 5]).round(2), pictures


def _groups(seed):
    """Images in three groups, and a picture near each."""
    random = np.random.default_rng(seed)
    pictures = random.uniform(0.2, 0.8, [3, 5])
    images = np.repeat(pictures, [2, 3, 4], axis=0)
    return (images + random.uniform(-0.1, 0.1, images.shape)).clip(0.05, 0.95), pictures


def choice(answer):
    """Check which picture costs each image least."""

    def reference(images, pictures):
        return picture_nats(images, pictures).argmin(axis=1)

    mistakes = {
        "that is the nearest by squared distance: which one costs least?": (
            lambda images, pictures: (
                ((images[:, None] - pictures) ** 2).sum(axis=-1).argmin(axis=1)
            )
        ),
        "that is the dearest: look at the sign.": lambda images, pictures: picture_nats(
            images, pictures
        ).argmax(axis=1),
        "that is the best image for each picture: the other axis.": (
            lambda images, pictures: picture_nats(images, pictures).argmin(axis=0)
        ),
        "these are the costs: return the index of the smallest in each row.": (
            picture_nats
        ),
    }
    images = np.array([[1.0, 1.0, 1.0], [0.0, 0.1, 0.0], [1.0, 0.9, 0.5], [0.2, 0, 1]])
    pictures = np.array([[0.98, 0.97, 0.01], [0.45, 0.4, 0.3], [0.1, 0.05, 0.1]])
    random = np.random.default_rng(3)
    drawn = random.uniform(size=[30, 4]) ** 3, random.uniform(0.01, 0.99, [5, 4])
    return check_function(answer, [(images, pictures), drawn], reference, mistakes)


def price(answer, latent_size, num_codes):
    """Check what it costs to name the codes of one image."""
    one_hots = np.eye(num_codes)[np.zeros(latent_size, int)]
    prior = tfd.OneHotCategorical(logits=np.zeros(num_codes))
    expected = -prior.log_prob(one_hots).numpy().sum()
    mistakes = {
        "that is the price of one latent.": np.log(num_codes),
        "these are bits: a nat is 1 / ln 2 bits.": expected / np.log(2),
        "that is how many pictures there are: take the logarithm.": (
            float(num_codes) ** latent_size
        ),
        "the codes of different latents are chosen independently: "
        "the numbers of codes multiply.": np.log(num_codes * latent_size),
        "codes and latents are swapped.": num_codes * np.log(latent_size),
        "the sign is the wrong way round: a price is positive.": -expected,
    }
    return check_value(answer, expected, mistakes)
