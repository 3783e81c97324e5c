"""Checks of chapter 09: revival, bad luck, the falling rate, a start that lasts."""

import math

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    agrees,
    check_each,
    check_function,
    check_value,
    expect_shape,
    numbers,
    parts,
)
from vqvae_lesson.ema import CodebookState, ema_step, revive
from vqvae_lesson.health import falling_rate


def revived(answer):
    """Check the codebook after codes below their share were put on latents."""

    def reference(codebook, counts, latents, below):
        state = CodebookState(codebook, counts, codebook)
        return revive(state, latents, below).codebook.numpy()

    def with_share(share):
        def other(codebook, counts, latents, below):
            lost = counts < share(len(latents), len(codebook), below)
            return np.where(lost[:, None], latents[: len(codebook)], codebook)

        return other

    def swapped(codebook, counts, latents, below):
        lost = counts < below * len(latents) / len(codebook)
        return np.where(lost[:, None], codebook, latents[: len(codebook)])

    def first_latent(codebook, counts, latents, below):
        lost = counts < below * len(latents) / len(codebook)
        return None if lost.sum() < 2 else np.where(lost[:, None], latents[0], codebook)

    def in_order(codebook, counts, latents, below):
        found, lost = codebook.copy(), counts < below * len(latents) / len(codebook)
        found[lost] = latents[: lost.sum()]
        return found

    mistakes = {
        "the fair share is N / K, not 1: a batch may be larger than K.": with_share(
            lambda count, codes, below: below
        ),
        "the fair share is N / K, not K / N.": with_share(
            lambda count, codes, below: below * codes / count
        ),
        "below is in fair shares: multiply it by N / K.": with_share(
            lambda count, codes, below: count / codes
        ),
        "the healthy codes were moved and the lost ones left.": swapped,
        "the lost codes lie on top of each other: a latent of its own for each.": (
            first_latent
        ),
        "nothing has moved: which counts are below the threshold?": (
            lambda codebook, *_: codebook
        ),
        "code k goes to latent k, as in the package.": in_order,
    }
    cases = [_worn(0, 0.5), _worn(1, 0.25)]
    return check_function(answer, cases, reference, mistakes)


def _worn(seed, below):
    """Draw a codebook of four codes, two of them hardly chosen, and eight latents."""
    random = np.random.default_rng(seed)
    codebook = random.integers(-9, 10, [4, 2]).astype(np.float32)
    counts = np.array([[2.5, 0.2][seed], 0.7, 1.4, 0.1], np.float32)
    latents = random.integers(10, 30, [8, 2]).astype(np.float32)
    return codebook, counts, latents, below


def rate(answer):
    """Check a learning rate that falls along half a cosine."""

    def wave(turns):
        return lambda first, progress: (
            first * (1 + math.cos(turns * math.pi * progress)) / 2
        )

    mistakes = {
        "it does not fall (the cosine takes radians, not degrees).": lambda first, _: (
            first
        ),
        "half a cosine goes from 0 to π: this is a whole wave.": wave(2),
        "half a cosine goes from 0 to π: this is a quarter.": lambda first, progress: [
            first * math.cos(math.pi * progress / 2),
            wave(0.5)(first, progress),
        ],
        "a straight line: follow the cosine.": lambda first, progress: (
            first * (1 - progress)
        ),
        "the cosine falls to -1, and no rate is negative: add 1 and halve.": (
            lambda first, progress: first * math.cos(math.pi * progress)
        ),
        "it begins at twice the first rate: halve it.": lambda first, progress: (
            first * (1 + math.cos(math.pi * progress))
        ),
        "it rises: the cosine is 1 at the start.": lambda first, progress: (
            first - falling_rate(first, progress)
        ),
    }
    cases = [(0.001, 0.0), (0.001, 0.25), (0.5, 0.5), (0.1, 0.8), (0.1, 1.0)]
    return check_function(answer, cases, falling_rate, mistakes)


def unlucky(answer, batch_size, num_codes):
    """Check the share of healthy codes that one batch does not choose."""
    random = np.random.default_rng(0)
    drawn = random.integers(num_codes, size=[2_000, batch_size])
    simulated = 1 - np.mean([len(set(row)) / num_codes for row in drawn.tolist()])
    expected = (1 - 1 / num_codes) ** batch_size
    assert abs(simulated - expected) < 0.01
    mistakes = {
        "that is the share that is chosen: what is left?": 1 - expected,
        "that is one image's chance to miss a code: all of them must miss it.": (
            1 - 1 / num_codes
        ),
        "that is a number of codes: divide by K.": expected * num_codes,
        "as many images as codes do not mean that each code gets one.": 0,
        "that is the chance of one image to hit a code.": 1 / num_codes,
    }
    return check_value(answer, expected, mistakes)


def placed(answer):
    """Check counts and sums with which codes put elsewhere stay there."""

    def judge(found, centers):
        counts, sums = (numbers(part) for part in parts(found, 2))
        expect_shape(counts, centers.shape[:1])
        expect_shape(sums, centers.shape)
        if not (counts > 0).all():
            raise Fault("a count is not above 0: then its code cannot stay.")
        if not sums.any():
            raise Fault("the sums are 0, and drag every code there at its next step.")
        if not agrees(sums / counts[:, None], centers):
            raise Fault(
                "the sums are those of the old codes: at its next step each code "
                "snaps back. Sums over counts must be the new codes."
                if agrees(sums, _old_sums())
                else "sums over counts must be the new codes."
            )
        latents = centers[:1]
        state = ema_step(CodebookState(centers, counts, sums), latents, [0], 0.9)
        if not agrees(state.codebook, centers):
            raise Fault("after a step the codes have moved: are the counts too small?")

    centers = np.array([[4.0, -2.0], [7.0, 1.0], [-3.0, 5.0]])
    return check_each(
        answer, [(centers,)], judge, "the codes stay where they were put."
    )


def _old_sums():
    """Return what the averages held before the codes were put elsewhere."""
    return np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
