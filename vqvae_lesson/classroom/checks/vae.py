"""Checks of chapter 12: drawing latents, their price, and the bound."""

import numpy as np
import tensorflow_probability as tfp
from scipy.special import logsumexp

from vqvae_lesson import vae
from vqvae_lesson.classroom.checks.verdict import check_function, check_value

tfd = tfp.distributions
SHIFT = np.log(np.e - 1)


def draw(answer):
    """Check the reparameterised draw."""
    random = np.random.default_rng(0)
    cases = [
        (np.array([[1.0, 2.0, 0.0, 0.5]]), np.array([[1.0, -1.0]])),
        (random.normal(size=[5, 6]), random.normal(size=[5, 3])),
    ]

    def reference(statistics, noise):
        posterior = vae.normal(statistics)
        return (posterior.mean() + posterior.stddev() * noise).numpy()

    def parts(statistics):
        means, raw = np.split(statistics, 2, axis=-1)
        return means, raw, np.log1p(np.exp(raw + SHIFT))

    def with_scale(change):
        def mistake(statistics, noise):
            means, raw, scales = parts(statistics)
            return means + change(raw, scales) * noise

        return mistake

    def swapped(statistics, noise):
        return reference(np.roll(statistics, noise.shape[-1], axis=-1), noise)

    mistakes = {
        "softplus of the raw scale alone gives 0.69 at 0: add c = ln(e - 1) inside.": (
            with_scale(lambda raw, _: np.log1p(np.exp(raw)))
        ),
        "c belongs inside the softplus: add it to the raw scale.": (
            with_scale(lambda raw, _: np.log1p(np.exp(raw)) + SHIFT)
        ),
        "the raw scales can be negative: softplus makes them standard deviations.": (
            with_scale(lambda raw, _: raw)
        ),
        "this is the exponential of the raw scale: take softplus.": (
            with_scale(lambda raw, _: np.exp(raw))
        ),
        "the noise is multiplied by the variance: by the standard deviation.": (
            with_scale(lambda _, scales: scales**2)
        ),
        "the noise is multiplied by the root of the scale: by the scale itself.": (
            with_scale(lambda _, scales: np.sqrt(scales))
        ),
        "these are the means: where is the noise?": with_scale(lambda *_: 0),
        "the noise is added as it is: multiply it by the scale.": (
            with_scale(lambda *_: 1)
        ),
        "the first half are the means, the second the raw scales.": swapped,
    }
    return check_function(answer, cases, reference, mistakes)


def kl_from_standard_normal(answer):
    """Check the divergence of a normal from the standard normal."""
    random = np.random.default_rng(1)
    cases = [
        (np.array([1.0]), np.array([0.5])),
        (np.zeros(3), np.ones(3)),
        (random.normal(size=4), random.uniform(0.2, 2, size=4)),
    ]

    def reference(mean, scale):
        posterior = tfd.MultivariateNormalDiag(mean, scale)
        standard = tfd.MultivariateNormalDiag(np.zeros_like(mean), np.ones_like(mean))
        return tfd.kl_divergence(posterior, standard).numpy()

    def formula(mean, variance, log):
        return np.sum(mean**2 + variance - 1 - log) / 2

    def other_way(mean, scale):
        posterior = tfd.MultivariateNormalDiag(mean, scale)
        standard = tfd.MultivariateNormalDiag(np.zeros_like(mean), np.ones_like(mean))
        return tfd.kl_divergence(standard, posterior).numpy()

    mistakes = {
        "the half is missing.": lambda *case: 2 * reference(*case),
        "the sign is the wrong way round: a divergence is never negative.": (
            lambda *case: -reference(*case)
        ),
        "scale is the standard deviation: square it, in the sum and in the "
        "logarithm.": lambda mean, scale: formula(mean, scale, np.log(scale)),
        "the logarithm is of the variance, s², not of s.": lambda mean, scale: formula(
            mean, scale**2, np.log(scale)
        ),
        "the variance is s²: square the scale there, too.": (
            lambda mean, scale: formula(mean, scale, 2 * np.log(scale))
        ),
        "a mean over the numbers of the latent where a sum belongs.": (
            lambda mean, scale: reference(mean, scale) / len(mean)
        ),
        "one value for each number: sum them.": lambda mean, scale: (
            (mean**2 + scale**2 - 1 - np.log(scale**2)) / 2
        ),
        "this is the divergence the other way round, from prior to posterior.": (
            other_way
        ),
        "this is in bits: use the natural logarithm for nats.": (
            lambda *case: reference(*case) / np.log(2)
        ),
    }
    return check_function(answer, cases, reference, mistakes)


def bound(answer):
    """Check the importance-weighted bound from the logarithms of its weights."""
    cases = [
        (np.array([-1.0, -2.0, -4.0]),),
        (np.array([-260.0, -250.0, -255.0, -251.0]),),
        (np.array([-1000.0, -1003.0, -999.0]),),
    ]

    def reference(log_weights):
        return np.log(len(log_weights)) - logsumexp(log_weights)

    mistakes = {
        "this is the mean of the logarithms, the negative ELBO: take the log of the "
        "mean.": lambda logs: -np.mean(logs),
        "the weights vanished: exp(-1000) is 0 in float64; take out the largest "
        "first.": lambda logs: [np.inf, np.nan] if logs.min() < -800 else None,
        "the mean is over S weights: divide by S, or add ln S.": lambda logs: (
            -logsumexp(logs)
        ),
        "the sign is the wrong way round: a cost is positive here.": lambda logs: (
            -reference(logs)
        ),
        "this is the best draw alone.": lambda logs: -np.max(logs),
        "the largest was taken out, but not put back.": lambda logs: reference(
            logs - logs.max()
        ),
    }
    return check_function(answer, cases, reference, mistakes)


def price_of_nothing(answer):
    """Check what a latent costs whose posterior is the prior."""
    return check_value(
        answer,
        0.0,
        {
            "this is the price of one of 64 equally likely codes: here nothing is "
            "told.": np.log(64),
            "the two terms cancel: ln q(z) - ln p(z) at every draw.": np.log(2),
            "a divergence of something from itself is not 1.": 1.0,
        },
    )
