"""Checks of chapter 10: the cheapest picture, the decoder's share, and the price."""

import numpy as np
import tensorflow_probability as tfp

from vqvae_lesson.classroom.checks.verdict import check_function, check_value
from vqvae_lesson.limits import best_pictures, picture_nats

tfd = tfp.distributions


def share(answer):
    """Check what pictures cost more than the means of their groups."""

    def parts(images, pictures, indices):
        used, groups = np.unique(indices, return_inverse=True)
        means = best_pictures(images, groups, len(used))
        everyone = np.arange(len(images))
        own = picture_nats(images, pictures)[everyone, indices]
        return own, picture_nats(images, means)[everyone, groups]

    def reference(images, pictures, indices):
        own, drawn = parts(images, pictures, indices)
        return (own - drawn).mean()

    def cheapest(images, pictures, indices):
        drawn = parts(images, pictures, indices)[1]
        return picture_nats(images, pictures).min(axis=1).mean() - drawn.mean()

    def by_groups(images, pictures, indices):
        own, drawn = parts(images, pictures, indices)
        lost = own - drawn
        return np.mean([lost[indices == k].mean() for k in np.unique(indices)])

    def one_mean(images, pictures, indices):
        own = parts(images, pictures, indices)[0]
        mean = images.mean(axis=0, keepdims=True)
        return own.mean() - picture_nats(images, mean).mean()

    mistakes = {
        "the sign is the wrong way round: the means are cheaper.": lambda *case: (
            -reference(*case)
        ),
        "this is a sum over the images: per image, please.": lambda *case: (
            reference(*case) * len(case[0])
        ),
        "the groups are given: each image pays for the picture of its own code, "
        "cheapest or not.": cheapest,
        "every group counts alike here: a large one must count for more.": by_groups,
        "this is one mean for all: one for each group.": one_mean,
        "this is what the pictures cost: what would the groups' means cost?": (
            lambda *case: parts(*case)[0].mean()
        ),
    }
    random = np.random.default_rng(5)
    images, pictures = (random.uniform(0.05, 0.95, [count, 4]) for count in (9, 5))
    small = np.array([[0.2], [0.4], [0.9]]), np.array([[0.5], [0.6], [0.7]])
    cases = [
        (*small, np.array([0, 0, 2])),
        (images, pictures, np.array([0, 0, 0, 0, 0, 3, 3, 4, 1])),
    ]

    def fresh(random):
        """Draw images for six pictures, of which nobody has the last."""
        images, pictures = (random.uniform(0.05, 0.95, [n, 7]) for n in (15, 6))
        return [(images, pictures, random.integers(0, 5, 15))]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


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
    cases = [(images, pictures), drawn]

    def fresh(random):
        """Draw until no two pictures cost an image nearly the same."""
        while True:
            images, pictures = (
                random.random([20, 6]),
                random.uniform(0.02, 0.98, [9, 6]),
            )
            costs = np.sort(picture_nats(images, pictures), axis=1)
            if np.diff(costs[:, :2]).min() > 1e-3:
                return [(images, pictures)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


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
