"""Checks of chapter 05: moving averages."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    agrees,
    check_each,
    check_function,
    check_value,
    compare,
    expect_shape,
    numbers,
    parts,
)
from vqvae_lesson.ema import (
    EMA_STARTS,
    CodebookState,
    batch_statistics,
    ema_step,
    moving_average,
    start_averages,
)
from vqvae_lesson.quantizer import lookup, nearest_code

DECAY = 0.75


def _state(seed=0, start="consistent"):
    """Codes, counts, sums, latents and indices of a small step."""
    random = np.random.default_rng(seed)
    codebook = random.integers(1, 5, size=[2, 2]).astype(np.float32)
    counts, sums = (part.numpy() for part in start_averages(codebook, start)[1:])
    latents = random.integers(-4, 5, size=[3, 2]).astype(np.float32)
    return codebook, counts, sums, latents, np.array([1, 1, 0], np.int32)


def _statistics(latents, indices, num_codes):
    counts, sums = batch_statistics(latents, indices, num_codes)
    return counts.numpy(), sums.numpy()


def statistics(answer):
    """Check a function for the counts and sums of one batch."""
    latents, indices = _state()[3:]
    cases = [
        (latents[:2], indices[:2], 3),
        (np.ones([6, 4], np.float32), np.array([0, 4, 4, 4, 1, 0]), 5),
    ]

    def means(*case):
        counts, sums = _statistics(*case)
        return counts, sums / np.maximum(counts, 1)[:, None]

    mistakes = {
        "these are means: leave the division to the codebook's update.": means,
        "the counts are shares: do not divide by the number of latents.": (
            lambda latents, indices, num_codes: tuple(
                part / len(latents) for part in _statistics(latents, indices, num_codes)
            )
        ),
        "the counts come first, then the sums.": lambda *case: _statistics(*case)[::-1],
        "a code that nobody chose needs its 0, too: there are num_codes rows.": (
            lambda latents, indices, num_codes: [
                _statistics(latents, indices, max(indices) + 1),
                tuple(
                    part[np.unique(indices)]
                    for part in _statistics(latents, indices, num_codes)
                ),
            ]
        ),
    }
    return check_function(answer, cases, _statistics, mistakes)


def one_step(answer):
    """Check a function for one update of codebook, counts and sums."""
    epsilon = EMA_STARTS["article"].epsilon

    def step(counts, sums, latents, indices, decay):
        state = CodebookState(np.zeros_like(sums), counts, sums)
        return tuple(part.numpy() for part in ema_step(state, latents, indices, decay))

    def with_codes(counts, sums):
        return sums / (counts + epsilon)[:, None], counts, sums

    def this_batch(counts, latents, indices):
        return _statistics(latents, indices, len(counts))

    def undiminished(counts, sums, latents, indices, decay):
        in_batch, summed = this_batch(counts, latents, indices)
        return with_codes(decay * counts + in_batch, decay * sums + summed)

    mistakes = {
        "decay is the share of the old average that stays.": lambda *case: step(
            *case[:-1], decay=1 - case[-1]
        ),
        "this batch alone decides: keep the decayed average of before.": (
            lambda counts, sums, latents, indices, decay: with_codes(
                *this_batch(counts, latents, indices)
            )
        ),
        "the new part comes in with weight 1 - decay.": undiminished,
        "the codebook follows the averages of after the step, not of before.": (
            lambda *case: (with_codes(*case[:2])[0], *step(*case)[1:])
        ),
        "the codebook comes first, then counts, then sums.": lambda *case: [
            (step(*case)[1], step(*case)[2], step(*case)[0]),
            (step(*case)[2], step(*case)[1], step(*case)[0]),
            (step(*case)[0], step(*case)[2], step(*case)[1]),
        ],
    }
    _, counts, sums, latents, indices = _state(start="article")
    cases = [
        (*_state()[1:], DECAY),
        (*_state(seed=4)[1:], DECAY),
        (counts, sums, latents, np.ones_like(indices), DECAY),
    ]
    return check_function(answer, cases, step, mistakes)


def exiled(answer):
    """Check a closed form: how far out an unassigned code is after t steps."""

    def reference(steps, decay):
        start = EMA_STARTS["article"]
        total, count = 1.0, start.count
        for _ in range(steps):
            total = moving_average(total, 0.0, decay)
            count = moving_average(count, 0.0, decay)
        return total / (count + start.epsilon)

    mistakes = {
        "the sum decays once a step, so t times.": lambda steps, decay: reference(
            1, decay
        ),
        "the count starts at 0 and stays there: what is the sum divided by?": (
            lambda steps, decay: [decay**steps, 1.0]
        ),
        "the sum has decayed once more by then than you say.": lambda steps, decay: (
            reference(steps - 1, decay)
        ),
        "the sum has decayed once less by then than you say.": lambda steps, decay: (
            reference(steps + 1, decay)
        ),
        "decay is what stays at each step, not what goes.": lambda steps, decay: (
            reference(steps, 1 - decay)
        ),
        "decaying again and again multiplies: take a power.": lambda steps, decay: (
            steps * reference(1, decay)
        ),
    }
    return check_function(
        answer, [(1, 0.99), (2, 0.5), (1000, 0.99)], reference, mistakes
    )


def mended_start(answer):
    """Check a start from which an unassigned code stays where it is."""

    def judge(found, codebook):
        counts, sums = (numbers(part) for part in parts(found, 2))
        if (sums.shape, counts.shape) == (codebook.shape[:1], codebook.shape):
            raise Fault("the counts come first, then the sums.")
        expect_shape(counts, codebook.shape[:1])
        expect_shape(sums, codebook.shape)
        moved = DECAY * sums / (DECAY * counts)[:, None]
        if not np.isfinite(moved).all():
            compare(moved, codebook, {})
        if not sums.any():
            raise Fault("the sums begin at 0, so the code falls to 0 at once.")
        if not agrees(moved, codebook):
            raise Fault(
                "the count is not 1, so the sums cannot be the codebook itself."
                if agrees(sums, codebook)
                else "the code moves: which sums, over your counts, leave it there?"
            )

    return check_each(
        answer,
        [(_state()[0],)],
        judge,
        "sums / counts is the codebook, so a code that nobody chose stays.",
    )


def steps_of_return(answer, decay):
    """Check after how many steps an unassigned code is back where it began."""
    epsilon = EMA_STARTS["article"].epsilon
    away = [1 / epsilon]
    while away[-1] > decay:
        away.append(moving_average(away[-1], 0.0, decay))
    steps = int(np.abs(np.log(away)).argmin())
    mistakes = {
        "that is the answer for a decay of 0.99.": round(
            np.log(epsilon) / np.log(0.99)
        ),
        "a number of steps is positive: both logarithms are negative.": -steps,
        "that is when half is forgotten.": round(np.log(0.5) / np.log(decay)),
        "the factor shrinks by decay a step, not by 1 - decay.": round(
            np.log(epsilon) / np.log(1 - decay)
        ),
        "nearly: round to the nearest whole step.": [steps - 1, steps + 1],
    }
    return check_value(answer, steps, mistakes)


def quantized_first(answer):
    """Check a step that quantizes with the codes as they were before it."""

    def reference(codebook, counts, sums, latents, decay):
        indices = nearest_code(latents, codebook)
        state = CodebookState(codebook, counts, sums)
        state = ema_step(state, latents, indices, decay)
        return lookup(codebook, indices).numpy(), state[0].numpy()

    def too_soon(codebook, counts, sums, latents, decay):
        indices = nearest_code(latents, codebook)
        state = CodebookState(codebook, counts, sums)
        codes = ema_step(state, latents, indices, decay).codebook
        chosen_again = lookup(codes, nearest_code(latents, codes)).numpy()
        return [
            (lookup(codes, indices).numpy(), codes.numpy()),
            (chosen_again, codes.numpy()),
        ]

    mistakes = {
        "the codes have moved before they were looked up: quantize first.": too_soon,
        "the codebook is still the old one: return it as it is after the step.": (
            lambda codebook, *rest: (reference(codebook, *rest)[0], codebook)
        ),
        "the quantized latents come first, then the codebook.": (
            lambda *case: reference(*case)[::-1]
        ),
    }
    cases = []
    for seed in (0, 5):  # in both no latent has two nearest codes
        codebook, counts, sums, latents, _ = _state(seed)
        cases.append((codebook, counts, sums, latents, DECAY))
    return check_function(answer, cases, reference, mistakes)
