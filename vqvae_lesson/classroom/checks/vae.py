"""Checks of chapter 12: drawing from the prior, the likelihood, a price in vain."""

import numpy as np
from scipy.special import logsumexp

from vqvae_lesson.classroom.checks.verdict import check_function, check_value


def mixture(answer):
    """Check draws from a mixture of normals, made of uniform numbers and noise."""
    random = np.random.default_rng(0)
    three = np.array([[0.0], [10.0], [20.0]])
    cases = [
        (
            np.array([0.5, 0.2, 0.3]),
            three,
            np.array([[1.0], [2.0], [0.5]]),
            np.array([0.4, 0.6, 0.8]),
            np.array([[1.0], [1.0], [-1.0]]),
        ),
        (
            np.array([0.1, 0.2, 0.15, 0.55]),
            random.normal(size=[4, 2]),
            random.uniform(0.2, 2, size=[4, 2]),
            random.random(9),
            random.normal(size=[9, 2]),
        ),
    ]

    def chosen_by(weights, places):
        return np.searchsorted(np.cumsum(weights)[:-1], places, side="right")

    def reference(weights, means, scales, places, noise):
        chosen = chosen_by(weights, places)
        return means[chosen] + scales[chosen] * noise

    def with_choice(choose):
        def mistake(weights, means, scales, places, noise):
            chosen = choose(weights, places)
            return means[chosen] + scales[chosen] * noise

        return mistake

    def with_noise(change):
        def mistake(weights, means, scales, places, noise):
            chosen = chosen_by(weights, places)
            return means[chosen] + change(scales[chosen], noise)

        return mistake

    def blend(weights, means, scales, places, noise):
        return weights @ means + (weights @ scales) * noise

    mistakes = {
        "this is always the heaviest normal: the others come up too, as often as "
        "their weights say.": with_choice(
            lambda weights, places: np.full(len(places), np.argmax(weights))
        ),
        "here all normals come up equally often: one of twice the weight must come "
        "up twice as often.": with_choice(
            lambda weights, places: np.int64(places * len(weights))
        ),
        "compare the place with the running sum of the weights, not with each "
        "weight.": with_choice(
            lambda weights, places: np.argmax(weights > places[:, None], axis=1)
        ),
        "one too far: a place below the first weight belongs to the first "
        "normal.": with_choice(
            lambda weights, places: np.minimum(
                chosen_by(weights, places) + 1, len(weights) - 1
            )
        ),
        "this is one cloud in the middle of all: pick one normal for each draw.": blend,
        "the noise is added as it is: multiply it by the scale of the normal.": (
            with_noise(lambda scales, noise: noise)
        ),
        "these are the means: where is the noise?": with_noise(
            lambda scales, noise: 0 * noise
        ),
    }

    def fresh(random):
        weights = random.dirichlet(np.full(6, 3.0))
        means, scales = random.normal(0, 3, [6, 3]), random.uniform(0.2, 2, [6, 3])
        middles = np.cumsum(weights) - weights / 2  # so that each normal comes up
        places = np.concatenate([random.permutation(middles), random.random(24)])
        return [(weights, means, scales, places, random.normal(size=[30, 3]))]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def likelihood(answer):
    """Check the likelihood, as nats, from the logarithms of weights."""
    cases = [
        (np.array([-1.0, -2.0, -4.0]),),
        (np.array([-260.0, -250.0, -255.0, -251.0]),),
        (np.array([-1000.0, -1003.0, -999.0]),),
        (np.array([-2500.0, -1000.0, -2600.0]),),
        (np.array([-1000.0, -2600.0, -2500.0]),),
        (np.array([-30_000.0, -30_001.0, -29_999.5]),),
    ]

    def reference(log_weights):
        return np.log(len(log_weights)) - logsumexp(log_weights)

    mistakes = {
        "this is the mean of the logarithms, which is the bound: take the log of the "
        "mean.": lambda logs: -np.mean(logs),
        "neither a fixed number nor more digits help for ever: take out the largest of "
        "the weights that are given.": (
            lambda logs: [np.inf, np.nan] if logs.min() < -20_000 else None
        ),
        "the weights vanished: exp(-1000) is 0 in float64; take out the largest "
        "first.": lambda logs: [np.inf, np.nan] if logs.min() < -800 else None,
        "something was taken out, but not the largest: exp(1000) is too large.": (
            lambda logs: -np.inf if np.ptp(logs) > 800 else None
        ),
        "the mean is over S weights: divide by S, or add ln S.": lambda logs: (
            -logsumexp(logs)
        ),
        "the sign is the wrong way round: the nats are positive here.": lambda logs: (
            -reference(logs)
        ),
        "this is the best draw alone.": lambda logs: -np.max(logs),
        "the largest was taken out, but not put back.": lambda logs: reference(
            logs - logs.max()
        ),
    }
    return check_function(
        answer,
        cases,
        reference,
        mistakes,
        fresh=lambda random: [(random.normal(-300, 4, 7),)],
    )


def paid_in_vain(answer):
    """Check what a posterior pays for that the decoder does not hear."""
    price = 0.8 * np.log(0.8 / 0.5) + 0.2 * np.log(0.2 / 0.5)
    return check_value(
        answer,
        price,
        {
            "this is the price of naming A for certain: here A has 4 chances in 5.": (
                np.log(2)
            ),
            "the pixels cost the same either way, but the price is still paid.": 0.0,
            "this is the whole bound: which part of it could be saved?": (
                price - np.log(0.05)
            ),
            "these are the pixels, which nobody can save here.": -np.log(0.05),
            "this is in bits: use the natural logarithm for nats.": price / np.log(2),
            "this is the entropy of the posterior: subtract it from ln 2.": (
                np.log(2) - price
            ),
        },
    )
