"""Checks of chapter 08: perplexity, sampling and the best judge."""

import numpy as np
import tensorflow_probability as tfp

from vqvae_lesson import judges, metrics
from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    check_each,
    check_function,
    check_value,
    expect_shape,
    numbers,
)

tfd = tfp.distributions


def perplexity(answer):
    """Check the perplexity of code usage."""
    cases = [
        (np.array([0, 1, 1, 1]), 2),
        (np.array([2, 2, 2]), 4),
        (np.random.default_rng(0).integers(0, 64, 500), 64),
    ]

    def entropy(indices, num_codes):
        return np.log(metrics.perplexity(indices, num_codes))

    def with_empty_codes(indices, num_codes):
        shares = metrics.code_counts(indices, num_codes) / len(indices)
        return None if shares.all() else [np.nan, np.inf]

    mistakes = {
        "this is the entropy: take its exponential.": lambda *case: [
            entropy(*case),
            entropy(*case) / np.log(2),
        ],
        "this is the number of codes in use: weigh them by how often.": (
            lambda indices, num_codes: len(np.unique(indices))
        ),
        "the sign of the entropy is the wrong way round.": lambda *case: np.exp(
            -entropy(*case)
        ),
        "a mean over the codes where a sum belongs.": lambda *case: [
            np.exp(entropy(*case) / case[1]),
            np.exp(entropy(*case) / len(np.unique(case[0]))),
        ],
        "logarithm and power have different bases: take e for both, or 2.": (
            lambda *case: [
                np.exp(entropy(*case) / np.log(2)),
                2 ** entropy(*case),
            ]
        ),
        "0 · log 0 is 0 here: leave out the codes that nobody chose.": with_empty_codes,
    }
    return check_function(answer, cases, metrics.perplexity, mistakes)


def batch_bound(answer, batch_size, num_codes):
    """Check the largest perplexity that one batch can show."""
    mistakes = {
        "there are that many codes, but are there as many images?": num_codes,
        "that is the entropy: the perplexity is its exponential.": [
            np.log(min(batch_size, num_codes)),
            np.log2(min(batch_size, num_codes)),
        ],
        "nothing is shared out: how many codes can so many images choose?": [
            num_codes / batch_size,
            batch_size / num_codes,
        ],
        "that is the smallest, all images on one code: what is the largest?": 1,
    }
    spread = np.arange(batch_size) % num_codes
    largest = round(metrics.perplexity(spread, num_codes))
    return check_value(answer, largest, mistakes)


def random_indices(answer):
    """Check a function that draws codes from the uniform prior."""
    draws = []

    def judge(found, count, latent_size, num_codes, _):
        drawn = numbers(found)
        expect_shape(drawn, [count, latent_size])
        if not (drawn >= 0).all() or drawn.max() >= num_codes or (drawn % 1).any():
            raise Fault(
                f"expected whole numbers from 0 to {num_codes - 1}, found numbers "
                f"from {drawn.min():.4g} to {drawn.max():.4g}."
            )
        shares = metrics.code_counts(drawn.astype(int), num_codes) / drawn.size
        if np.abs(shares * num_codes - 1).max() > 0.2:
            raise Fault(f"code {shares.argmin()} is drawn too rarely: all alike.")
        if (drawn == drawn[:, :1]).all():
            raise Fault("the latents of a picture are always alike: draw each anew.")
        draws.append(drawn)
        if len(draws) == 2 and (draws[0] != draws[1]).any():
            raise Fault("the same seed must give the same codes.")
        if len(draws) == 3 and (draws[1] == draws[2]).all():
            raise Fault("another seed gives the same codes: use the seed.")

    return check_each(
        answer,
        [(4000, 2, 8, seed) for seed in (3, 3, 4)],
        judge,
        "every code alike, and the seed decides.",
    )


def kl_to_uniform(answer):
    """Check the divergence of shares from the uniform prior."""
    cases = [
        (np.array([0.5, 0.5]),),
        (np.array([0.75, 0.25, 0.0, 0.0]),),
        (np.random.default_rng(1).dirichlet(np.ones(8)),),
    ]

    def entropy(shares):
        used = shares[shares > 0]
        return -np.sum(used * np.log(used))

    def reference(shares):
        uniform = tfd.Categorical(probs=np.full_like(shares, 1 / len(shares)))
        return tfd.Categorical(probs=shares).kl_divergence(uniform).numpy()

    def other_way(shares):
        return np.mean(-np.log(len(shares) * shares)) if shares.all() else np.inf

    mistakes = {
        "this is the entropy: what is missing is the prior's price.": entropy,
        "leave out the codes that nobody chose: their logarithm is infinite.": (
            lambda shares: None if shares.all() else [np.nan, np.inf]
        ),
        "the sign is the wrong way round: a divergence is never negative.": (
            lambda shares: -reference(shares)
        ),
        "this is in bits: use the natural logarithm for nats.": (
            lambda shares: reference(shares) / np.log(2)
        ),
        "the shares weigh the logarithms, not the uniform prior.": other_way,
        "a mean over the codes where a sum belongs.": lambda shares: (
            reference(shares) / len(shares)
        ),
    }
    return check_function(answer, cases, reference, mistakes)


def data_set_perplexity(answer):
    """Check the perplexity of a data set that comes in batches."""
    random = np.random.default_rng(2)
    cases = [
        ([np.array([0, 0]), np.array([1, 1])], 2),
        ([random.integers(0, 16, size) for size in (8, 8, 4)], 16),
    ]

    def reference(batches, num_codes):
        counts = sum(metrics.code_counts(batch, num_codes) for batch in batches)
        return metrics.perplexity(np.repeat(np.arange(num_codes), counts), num_codes)

    def each(batches, num_codes):
        return [metrics.perplexity(batch, num_codes) for batch in batches]

    mistakes = {
        "this is the mean over batches: put their indices together first.": (
            lambda *case: [
                np.mean(each(*case)),
                np.exp(np.mean(np.log(each(*case)))),
                np.average(each(*case), weights=[len(batch) for batch in case[0]]),
            ]
        ),
        "this is the last batch alone.": lambda *case: each(*case)[-1],
        "this is the first batch alone.": lambda *case: each(*case)[0],
        "this is the best batch: the data set may be better still.": (
            lambda *case: max(each(*case))
        ),
        "this is the entropy: take its exponential.": lambda *case: np.log(
            reference(*case)
        ),
        "this is the sum over batches.": lambda *case: sum(each(*case)),
    }
    return check_function(answer, cases, reference, mistakes)


def best_judge(answer):
    """Check the accuracy of the best judge of two dice."""
    random = np.random.default_rng(3)
    cases = [
        (np.array([0.5, 0.5]), np.array([0.75, 0.25])),
        (np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.5, 0.5])),
        (random.dirichlet(np.ones(12)), random.dirichlet(np.ones(12))),
    ]

    def variation(a, b):
        return np.abs(a - b).sum() / 2

    mistakes = {
        "this is the total variation distance: chance, 1/2, is missing.": (
            lambda a, b: [variation(a, b), variation(a, b) / 2]
        ),
        "more than 1 cannot be: each of the dice is picked only half of the time.": (
            lambda a, b: [1 + variation(a, b), 1 / 2 + variation(a, b)]
        ),
        "this is how often the judge is wrong.": lambda a, b: (1 - variation(a, b)) / 2,
        "the largest side alone: sum over all sides that can come up.": (
            lambda a, b: [np.maximum(a, b).max(), np.maximum(a, b).max() / 2]
        ),
        "a mean over the sides where a sum belongs.": lambda a, b: [
            np.maximum(a, b).mean(),
            np.maximum(a, b).mean() / 2,
        ],
    }
    return check_function(answer, cases, judges.best_judge, mistakes)
