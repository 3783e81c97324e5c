"""Checks of chapter 09: earliest catches, bad luck, a start that lasts, stand-ins."""

import math

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    Measured,
    agrees,
    check_each,
    check_function,
    check_value,
    expect_shape,
    numbers,
    parts,
)
from vqvae_lesson.ema import CodebookState, ema_step


def earliest(answer):
    """Check the first step at which a latent could catch an exiled code."""

    def step(reach, first, decay, number=math.ceil):
        if reach <= 0:
            return None
        return number(math.log(1e-5 * reach / first) / math.log(decay))

    def reference(first, latent, gap, decay):
        return step(latent + gap, first, decay)

    mistakes = {
        "as long as the latent? A latent compares distances: its own code is some "
        "way off, and the exiled one may be longer by that.": (
            lambda first, latent, gap, decay: [
                step(latent, first, decay),
                step(latent, first, decay, float),
            ]
        ),
        "at the best direction the gap makes the reach longer, not shorter.": (
            lambda first, latent, gap, decay: step(latent - gap, first, decay)
        ),
        "the latent itself has a length: the gap alone is not how far out it "
        "reaches.": lambda first, latent, gap, decay: step(gap, first, decay),
        "that is when the code is back at its first place: where are the latents?": (
            lambda first, latent, gap, decay: step(first, first, decay)
        ),
        "the sign: both logarithms are negative, and steps are not.": (
            lambda first, latent, gap, decay: [
                -step(latent + gap, first, decay),
                step(latent + gap, first, decay, lambda t: -t),
            ]
        ),
        "one step too soon: at a broken number of steps the code is not there "
        "before the next whole one.": (
            lambda first, latent, gap, decay: step(
                latent + gap, first, decay, math.floor
            )
        ),
        "a whole step is asked for: round up.": (
            lambda first, latent, gap, decay: step(latent + gap, first, decay, float)
        ),
        "the code began with the length first: divide by it.": (
            lambda first, latent, gap, decay: step(latent + gap, 1, decay)
        ),
    }
    cases = [(2.0, 5.0, 3.0, 0.99), (0.6, 40.0, 25.0, 0.99), (0.5, 10.0, 4.0, 0.95)]

    def fresh(random):
        """Draw until the step is no whole number, nor nearly."""
        while True:
            low, high = (0.3, 5, 2, 0.9), (3, 50, 20, 0.98)
            first, latent, gap, decay = random.uniform(low, high).tolist()
            if 0.05 < step(latent + gap, first, decay, float) % 1 < 0.95:
                return [(first, latent, gap, decay)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def keys(answer):
    """Check which pairs of measures stand in for each other."""

    def judge(found, runs, margin):
        pairs = _pairs(found)
        cost = {out: nats - runs[()] for out, nats in runs.items()}
        both = {out for out in cost if len(out) == 2 and cost[out] >= margin}
        idle = {out[0] for out in cost if len(out) == 1 and cost[out] < margin}
        expected = {pair for pair in both if idle.issuperset(pair)}
        if any(len(pair) != 2 for pair in pairs):
            raise Fault(
                "a pair is two measures: nothing else can stand in for another."
            )
        for pair in sorted(pairs - expected):
            if pair not in cost:
                raise Measured(f"{pair} is no tuple of runs: keep their order.")
            if pair not in both:
                raise Measured(
                    f"{pair}: without both it costs hardly more than with all."
                )
            raise Measured(
                f"{pair}: one of them is missed even when the other is there: "
                "leaving one out sees that, and nothing stands in for it."
            )
        if not expected <= pairs:
            known = mistakes if (runs, margin) in cases else {}
            for hint, mistake in known.items():
                chosen = {
                    pair
                    for pair in cost
                    if len(pair) == 2
                    and mistake(*(cost[one,] for one in pair), cost[pair], margin)
                }
                if chosen == pairs:
                    raise Fault(hint)
            raise Fault("a pair is not found: idle one by one, missed together.")

    mistakes = {
        "each by itself must cost less than the margin, not the two together.": (
            lambda one, other, both, margin: both >= margin > one + other
        ),
        "compare with the training with all of them, not with one that lacks one.": (
            lambda one, other, both, margin: (
                margin > max(one, other) and both >= margin + max(one, other)
            )
        ),
        "less than `margin` alone, too: the margin is not always 2.": (
            lambda one, other, both, margin: both >= margin and max(one, other) < 2
        ),
    }
    singles = {(): 263.0, ("a",): 263.2, ("b",): 263.5, ("c",): 277.0, ("d",): 263.1}
    runs = singles | {
        ("a", "b"): 290.0,
        ("a", "c"): 277.3,
        ("a", "d"): 263.4,
        ("b", "c"): 291.0,
        ("b", "d"): 266.5,
        ("c", "d"): 278.0,
    }
    near = {(): 100.0, ("p",): 101.2, ("q",): 101.5, ("r",): 102.6}
    near |= {("p", "q"): 103.6, ("p", "r"): 102.9, ("q", "r"): 102.8}
    low = {(): 50.0, ("p",): 50.3, ("q",): 50.5, ("p", "q"): 52.2}
    plain = {(): 3.0, ("x",): 9.0, ("y",): 3.2, ("x", "y"): 9.1}

    def fresh(random):
        """Draw three idle measures and one that is missed; some pairs stand in."""
        margin = float(random.uniform(2, 5))
        cost = {(): 0.0, ("w",): 4 * margin}
        cost |= {(name,): margin * random.uniform(-0.4, 0.9) for name in "xyz"}
        cost |= {("w", name): margin * random.uniform(5, 7) for name in "xyz"}
        pairs = [("x", "y"), ("x", "z"), ("y", "z")]
        for pair, both in zip(random.permutation(pairs), (2.5, 0.5, 3.5), strict=True):
            cost[tuple(pair.tolist())] = margin * both
        return [({out: 250 + more for out, more in cost.items()}, margin)]

    cases = [(plain, 1.0), (runs, 2.0), (runs, 5.0), (low, 2.0), (near, 2.0)]
    cases += [(near, 2.7)]
    return check_each(answer, cases, judge, fresh=fresh)


def _pairs(found):
    """Return an answer as a set of tuples."""
    several = found if isinstance(found, set | frozenset | list | tuple) else [found]
    for pair in several:
        if not isinstance(pair, list | tuple) or not all(
            isinstance(name, str) for name in pair
        ):
            raise Fault("expected a set of pairs, each a tuple of two names.")
    return {tuple(pair) for pair in several}


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
        "that is the limit for ever more codes: these are not so many.": np.exp(
            -batch_size / num_codes
        ),
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
        answer,
        [(centers,)],
        judge,
        "the codes stay where they were put.",
        fresh=lambda random: [(random.normal(0, 3, [3, 4]),)],
    )


def _old_sums():
    """Return what the averages held before the codes were put elsewhere."""
    return np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
