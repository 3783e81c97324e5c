"""Checks of chapter 08: perplexity and sampling."""

import numpy as np

from vqvae_lesson import metrics
from vqvae_lesson.checks.verdict import (
    RIGHT,
    WRONG,
    Verdict,
    check_function,
    check_value,
)


def perplexity(answer):
    """Check the perplexity of code usage."""
    cases = [
        (np.array([0, 1, 1, 1]), 2),
        (np.array([2, 2, 2]), 4),
        (np.random.default_rng(0).integers(0, 64, 500), 64),
    ]

    def entropy(indices, num_codes):
        return np.log(metrics.perplexity(indices, num_codes))

    mistakes = {
        "this is the entropy: take its exponential.": entropy,
        "this is the number of codes in use: weigh them by how often.": (
            lambda indices, num_codes: len(np.unique(indices))
        ),
        "the sign of the entropy is the wrong way round.": lambda *case: np.exp(
            -entropy(*case)
        ),
        "0 · log 0 is 0 here: leave out the codes that nobody chose.": (
            lambda *case: np.nan
        ),
    }
    return check_function(answer, cases, metrics.perplexity, mistakes)


def batch_bound(answer, batch_size, num_codes):
    """Check the largest perplexity that one batch can show."""
    mistakes = {"there are that many codes, but are there as many images?": num_codes}
    return check_value(answer, min(batch_size, num_codes), mistakes)


def random_indices(answer):
    """Check a function that draws codes from the uniform prior."""
    count, latent_size, num_codes, seed = 4000, 2, 8, 3
    verdict = check_function(
        lambda *case: np.array(np.shape(answer(*case))),
        [(count, latent_size, num_codes, seed)],
        lambda *case: np.array([count, latent_size]),
    )
    if verdict.state != RIGHT:
        return verdict
    drawn = np.asarray(answer(count, latent_size, num_codes, seed))
    if drawn.min() < 0 or drawn.max() >= num_codes or (drawn != np.round(drawn)).any():
        message = f"expected whole numbers from 0 to {num_codes - 1}."
        return Verdict(WRONG, f"{message} Found {drawn.min()} to {drawn.max()}.")
    shares = metrics.code_counts(drawn.astype(int), num_codes) / drawn.size
    if np.abs(shares * num_codes - 1).max() > 0.2:
        return Verdict(WRONG, f"code {shares.argmin()} is drawn too rarely: all alike.")
    if not np.array_equal(drawn, answer(count, latent_size, num_codes, seed)):
        return Verdict(WRONG, "the same seed must give the same codes.")
    if np.array_equal(drawn, answer(count, latent_size, num_codes, seed + 1)):
        return Verdict(WRONG, "another seed gives the same codes: use the seed.")
    return Verdict(RIGHT, "every code alike, and the seed decides.")
