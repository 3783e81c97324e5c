"""Checks of chapter 04: moving averages."""

import numpy as np

from vqvae_lesson.checks.verdict import check_function
from vqvae_lesson.ema import EMA_STARTS, batch_statistics, ema_step, start_averages

DECAY = 0.75


def _state(seed=0, start="consistent"):
    """Codes, counts, sums, latents and indices of a small step."""
    random = np.random.default_rng(seed)
    codebook = random.integers(1, 5, size=[2, 2]).astype(np.float32)
    counts, sums = (part.numpy() for part in start_averages(codebook, start))
    latents = random.integers(-4, 5, size=[3, 2]).astype(np.float32)
    return codebook, counts, sums, latents, np.array([1, 1, 0], np.int32)


def statistics(answer):
    """Check a function for the counts and sums of one batch."""
    latents, indices = _state()[3:]
    cases = [
        (latents[:2], indices[:2], 3),
        (np.ones([6, 4], np.float32), np.array([0, 4, 4, 4, 1, 0]), 5),
    ]

    def means(latents, indices, num_codes):
        counts, sums = map(np.asarray, batch_statistics(latents, indices, num_codes))
        return counts, sums / np.maximum(counts, 1)[:, None]

    mistakes = {
        "these are means: leave the division to the codebook's update.": means,
        "the counts are shares: do not divide by the number of latents.": (
            lambda latents, indices, num_codes: tuple(
                np.asarray(part) / len(latents)
                for part in batch_statistics(latents, indices, num_codes)
            )
        ),
    }
    return check_function(
        answer, cases, lambda *case: tuple(batch_statistics(*case)), mistakes
    )


def one_step(answer):
    """Check a function for one update of codebook, counts and sums."""
    epsilon = EMA_STARTS["article"].epsilon

    def step(counts, sums, latents, indices, decay=DECAY):
        codes = np.zeros_like(sums)
        return ema_step(codes, counts, sums, latents, indices, decay, "article")

    def with_means(counts, sums, latents, indices):
        in_batch, sums_in_batch = map(
            np.asarray, batch_statistics(latents, indices, len(counts))
        )
        codes = sums_in_batch / (in_batch + epsilon)[:, None]
        return codes, in_batch, sums_in_batch

    mistakes = {
        "decay is the share of the old average that stays.": lambda *case: step(
            *case, decay=1 - DECAY
        ),
        "this batch alone decides: keep the decayed average of before.": with_means,
    }
    cases = [_state()[1:], _state(seed=4)[1:]]
    return check_function(
        lambda *case: answer(*case, DECAY),
        cases,
        lambda *case: tuple(step(*case)),
        mistakes,
    )


def exiled(answer):
    """Check a closed form: how far out an unassigned code is after t steps."""

    def reference(steps, decay):
        return decay**steps / EMA_STARTS["article"].epsilon

    mistakes = {
        "the sum decays once a step, so t times.": lambda steps, decay: reference(
            1, decay
        ),
        "the count starts at 0 and stays there: what is the sum divided by?": (
            lambda steps, decay: decay**steps
        ),
        "the sum has decayed once more by then than you say.": lambda steps, decay: (
            reference(steps - 1, decay)
        ),
    }
    return check_function(
        answer, [(1, 0.99), (2, 0.5), (1000, 0.99)], reference, mistakes
    )


def mended_start(answer):
    """Check a start from which an unassigned code stays where it is."""
    codebook = _state()[0]

    def after_one_step(codes):
        counts, sums = (np.asarray(part, np.float64) for part in answer(codes))
        return DECAY * sums / (DECAY * counts)[:, None]

    return check_function(
        after_one_step,
        [(codebook,)],
        lambda codes: codes,
        {
            "the count is 1 but the sums are not 1 times the codebook.": (
                lambda codes: np.zeros_like(codes)
            )
        },
        praise="sums / counts is the codebook, so a code that nobody chose stays.",
    )
