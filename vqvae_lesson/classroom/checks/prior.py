"""Checks of chapter 15: counting by class, masks, a leak, temperature."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    check_each,
    check_function,
    expect_shape,
    numbers,
)


def class_counts(answer):
    """Check the frequencies of codes, by class and by place, one more each."""
    random = np.random.default_rng(0)
    cases = [
        (np.array([[0, 1, 0], [0, 2, 0], [1, 1, 2]]), np.array([0, 0, 1]), 2, 3),
        (random.integers(4, size=[30, 3]), random.integers(3, size=30), 4, 5),
        (np.array([[0, 1, 1, 0]]), np.array([1]), 3, 2),
    ]

    def counted(indices, labels, num_classes, num_codes):
        codes = np.arange(num_codes)
        seen = indices[:, :, None] == codes  # [N, L, K]
        told = labels[:, None] == np.arange(num_classes)  # [N, C]
        return np.einsum("nc,nlk->clk", told * 1.0, seen * 1.0)

    def shares(counts, axes=-1):
        return counts / counts.sum(axis=axes, keepdims=True)

    def reference(*case):
        return shares(counted(*case) + 1)

    def without_one(*case):
        with np.errstate(all="ignore"):
            return shares(counted(*case))

    def for_everybody(indices, labels, num_classes, num_codes):
        counts = counted(indices, labels, num_classes, num_codes)
        return shares(np.broadcast_to(counts.sum(axis=0), counts.shape) + 1)

    def for_all_places(*case):
        counts = counted(*case)
        places = counts.sum(axis=1, keepdims=True)
        return shares(np.broadcast_to(places, counts.shape) + 1)

    def by_the_seen(*case):
        counts = counted(*case)
        with np.errstate(all="ignore"):
            return (counts + 1) / counts.sum(axis=-1, keepdims=True)

    mistakes = {
        "these are the counts: divide by their sum over the codes.": lambda *case: [
            counted(*case),
            counted(*case) + 1,
        ],
        "what was never seen has probability 0 here, and an infinite price: count one "
        "more of each code.": without_one,
        "each row must sum to 1: what is added to the counts must be added to what "
        "they are divided by, too.": by_the_seen,
        "all classes have the same frequencies here: count each by itself.": (
            for_everybody
        ),
        "all places have the same frequencies here: count each by itself.": (
            for_all_places
        ),
        "this divides by the sum over all places: each place is a draw of its own.": (
            lambda *case: shares(counted(*case) + 1, (1, 2))
        ),
        "this divides by the sum over the classes: given a class, the codes share what "
        "there is.": lambda *case: shares(counted(*case) + 1, 0),
    }

    def fresh(random):
        return [(random.integers(5, size=[40, 4]), random.integers(3, size=40), 3, 6)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def _seen(places, known):
    """Which of all places so far each of the last few may look at, as 0 and 1."""
    return _looks(places, known, lambda to, at: to <= at)


def _looks(places, known, rule):
    """Apply a rule to where each place looks, and where it is itself."""
    at = np.arange(known - places, known)[:, None]
    return rule(np.arange(known), at).astype(int)


def mask(answer):
    """Check who may look at whom, for the last of some places."""
    cases = [(3, 3), (1, 4), (2, 5), (1, 1), (6, 6)]
    rules = {
        "here a place sees the next one, too: that holds the code it is to foretell.": (
            lambda to, at: to <= at + 1
        ),
        "a place may look at itself: what stands there has been written.": (
            lambda to, at: to < at
        ),
        "this is the wrong way round: here places look ahead, and not back.": (
            lambda to, at: to >= at
        ),
        "True where a place may look, False where it may not: these are turned.": (
            lambda to, at: to > at
        ),
        "nothing is hidden: what comes later must be.": lambda to, at: to + at >= 0,
    }
    mistakes = {
        hint: lambda places, known, rule=rule: _looks(places, known, rule)
        for hint, rule in rules.items()
    }
    first = "those that ask are the last of the known places, not the first."
    mistakes[first] = lambda places, known: (
        np.arange(known) <= np.arange(places)[:, None]
    ).astype(int)
    return check_function(
        answer, cases, _seen, mistakes, fresh=lambda random: [(3, 9), (4, 7)]
    )


class Told:
    """A model of rows whose logits depend on codes at given offsets.

    Parameters
    ----------
    offsets : sequence of int
        0 is the code that is to be foretold, -1 the one before.
    only : int, optional
        The place from which alone it looks at that code, or ahead.
    """

    def __init__(self, offsets, only=None):
        self.offsets, self.only = offsets, only

    def __call__(self, row):
        """Logits [L, K] of a row of codes [L], with K 4."""
        row = numbers(row)
        if row.shape != (LENGTH,) or not np.isin(row, np.arange(CODES)).all():
            raise Fault(
                f"`logits_of` takes a row of {LENGTH} codes, whole numbers from 0 to "
                f"{CODES - 1}; it was given shape {list(row.shape)}."
            )
        places, logits = np.arange(LENGTH), np.zeros([LENGTH, CODES])
        for offset in self.offsets:
            known = places + offset
            inside = (known >= 0) & (known < LENGTH)
            if self.only is not None and offset >= 0:
                inside &= places == self.only
            code = row[np.clip(known, 0, LENGTH - 1)]
            logits += inside[:, None] * np.cos(code[:, None] + np.arange(CODES))
        return logits


LENGTH, CODES = 6, 4
MODELS = (  # whether it leaks, and what it looks at
    ("one that looks back, as it should,", False, Told([-1, -2])),
    ("one that sees the code it is to foretell", True, Told([-1, 0])),
    ("one that sees the code after that", True, Told([-1, 1])),
    ("one that looks nowhere", False, Told([])),
    ("one that sees the last code, from the first place alone,", True, Told([5], 0)),
    ("one that sees the code of the last place alone", True, Told([-1, 0], 5)),
    ("one that sees the code of a place in the middle alone", True, Told([-1, 0], 2)),
    ("one that looks far back", False, Told([-5])),
)


def leaks(answer):
    """Check a test that finds out whether logits know what is to come."""

    def judge(found, logits_of, length, num_codes):
        found = numbers(found)
        expect_shape(found, [])
        if found not in (0, 1):
            raise Fault("return True if something leaks, else False.")
        name, leak = next(about[:2] for about in MODELS if about[2] is logits_of)
        if found and not leak:
            raise Fault(
                f"{name} is said to leak: what comes after a changed code may change, "
                "only the logits at its own place and before must stay."
            )
        if leak and not found:
            raise Fault(
                f"{name} passes: change each code in turn, and compare the logits at "
                "its own place and at all before."
            )

    cases = [(logits_of, LENGTH, CODES) for _, _, logits_of in MODELS]
    return check_each(answer, cases, judge, "leaks are found, and the rest passes.")


def cooled(answer):
    """Check what a temperature makes of probabilities."""
    cases = [
        (np.array([0.8, 0.2]), 0.5),
        (np.array([0.5, 0.3, 0.2]), 2.0),
        (np.array([0.1, 0.6, 0.3]), 1.0),
        (np.array([0.9, 0.1, 0.0]), 0.7),
    ]

    def shares(weights):
        with np.errstate(all="ignore"):
            return weights / weights.sum()

    def reference(probabilities, temperature):
        return shares(probabilities ** (1 / temperature))

    def softmax(logits):
        return shares(np.exp(logits - logits.max()))

    mistakes = {
        "they are raised, and no longer sum to 1.": lambda p, t: (
            p ** (1 / t) if t != 1 else None
        ),
        "the wrong way round: below 1 likely codes grow likelier.": lambda p, t: (
            shares(p**t) if t != 1 else None
        ),
        "logits are logarithms of probabilities: these are divided as they are.": (
            lambda p, t: softmax(p / t)
        ),
        "a factor goes away again when they are made to sum to 1: nothing has "
        "changed.": lambda p, t: p if t != 1 else None,
        "code 3 has probability 0: 0 · ln 0 is no number, and 0 to any power is 0.": (
            lambda p, t: np.full(len(p), np.nan) if 0 in p else None
        ),
    }

    def fresh(random):
        return [(random.dirichlet(np.ones(6)), float(random.uniform(0.4, 3)))]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)
