"""Checks of chapter 19: sums over replicas, what is sent, what a step does not see."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    check_function,
    numbers,
    parts,
)
from vqvae_lesson.ema import batch_statistics

MOST_SUMS = 20


def _on_every_replica(function, shares):
    """Run a function as replicas do that wait for each other at every sum.

    Again and again, each time with one sum more that is known by then.

    Parameters
    ----------
    function : callable
        Takes a replica's arguments, and `add_up`.
    shares : list of tuple
        The arguments of each replica.

    Returns
    -------
    list
        What each replica gets.

    Raises
    ------
    Fault
        If one asks for a sum that another does not ask for, or of another shape.
    """
    sums = []
    while True:
        runs = [_run_one(function, share, sums) for share in shares]
        results, handed = zip(*runs, strict=True)
        _expect_together(handed)
        if len(handed[0]) <= len(sums):
            return results
        if len(sums) == MOST_SUMS:
            raise Fault("a replica asks for sums without end: one for each array.")
        sums.append(sum(arrays[len(sums)] for arrays in handed))


def _run_one(function, share, sums):
    """Run one replica; return its result, and what it handed over to be added up."""
    handed = []

    def add_up(array):
        handed.append(_as_array(array))
        known = len(handed) <= len(sums)
        return (sums[len(handed) - 1] if known else handed[-1]).copy()

    own = [np.copy(part) if isinstance(part, np.ndarray) else part for part in share]
    return function(*own, add_up), handed


def _as_array(array):
    """Take what is to be added up as one array."""
    try:
        return np.asarray(array, np.float64)
    except (TypeError, ValueError):
        raise Fault("add_up takes one array at a time.") from None


def _expect_together(handed):
    """Refuse replicas that would wait for each other for ever."""
    if len({len(arrays) for arrays in handed}) > 1:
        asked = " and ".join(str(len(arrays)) for arrays in handed)
        raise Fault(
            f"the replicas ask for a sum {asked} times: one would wait for ever. Let "
            "all ask equally often."
        )
    for number, arrays in enumerate(zip(*handed, strict=True), 1):
        if len({array.shape for array in arrays}) > 1:
            shapes = " and ".join(str([*array.shape]) for array in arrays)
            raise Fault(f"sum {number} is of shapes {shapes}: all must hand over one.")


def _statistics(latents, indices, num_codes):
    counts, sums = batch_statistics(np.float32(latents), indices, num_codes)
    return counts.numpy(), sums.numpy()


def statistics(answer):
    """Check counts and sums that all replicas agree on."""
    if not callable(answer):
        return check_function(answer, [], None)

    def answer_of_all(latents, indices, num_codes):
        shares = [(*share, num_codes) for share in zip(latents, indices, strict=True)]
        results = _on_every_replica(answer, shares)
        if any(result is ... for result in results):
            return ...
        both = [[numbers(part) for part in parts(one, 2)] for one in results]
        counts, sums = zip(*both, strict=True)
        return _stacked(counts), _stacked(sums)

    def alone(latents, indices, num_codes):
        each = [
            _statistics(*share, num_codes)
            for share in zip(latents, indices, strict=True)
        ]
        return tuple(map(np.stack, zip(*each, strict=True)))

    def reference(*case):
        return tuple(np.stack(len(part) * [part.sum(axis=0)]) for part in alone(*case))

    def mean(*case):
        return tuple(part / len(case[0]) for part in reference(*case))

    def divided(*case):
        counts, sums = reference(*case)
        return counts, sums / np.maximum(counts, 1)[..., None]

    def sum_of_means(*case):
        counts, sums = alone(*case)
        means = sums / np.maximum(counts, 1)[..., None]
        return reference(*case)[0], np.stack(len(means) * [means.sum(axis=0)])

    mistakes = {
        "each replica still has its own: hand counts and sums to add_up, and return "
        "what comes back.": alone,
        "the counts are those of one replica: they have to be added up as well.": (
            lambda *case: (alone(*case)[0], reference(*case)[1])
        ),
        "the sums are those of one replica: they have to be added up as well.": (
            lambda *case: (reference(*case)[0], alone(*case)[1])
        ),
        "these are means over the replicas: as many latents as the whole batch has "
        "must be counted.": mean,
        "these are means already: the division comes later, and only once.": divided,
        "each replica's means were added up: add sums, and divide in the end.": (
            sum_of_means
        ),
        "the counts come first, then the sums.": lambda *case: reference(*case)[::-1],
        "what was added up was added up again.": lambda *case: tuple(
            len(case[0]) * part for part in reference(*case)
        ),
    }
    cases = [
        (np.float32([[[1], [2]], [[4], [8]]]), np.array([[0, 1], [1, 1]]), 2),
        (
            np.float32([[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[1, 1], [2, 2]]]),
            np.array([[0, 0], [2, 0], [2, 2]]),
            4,
        ),
    ]

    def fresh(random):
        """Draw what three replicas have; a code that one of them does not know."""
        latents = (random.integers(-20, 21, [3, 7, 2]) / 4).astype(np.float32)
        indices = random.integers(5, size=[3, 7])
        indices[0] = np.minimum(indices[0], 3)
        return [(latents, indices, 5)]

    praise = "every replica counts the latents of all."
    return check_function(answer_of_all, cases, reference, mistakes, praise, fresh)


def _stacked(arrays):
    """Stack what the replicas returned; it must be of one shape."""
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise Fault("the replicas return different shapes: num_codes rows on each.")
    return np.stack(arrays)


def bytes_sent(answer):
    """Check what a replica sends in a step, for gradients and for averages."""

    def reference(parameters, num_codes, code_size, replicas):
        numbers_sent = np.array([parameters, num_codes * (code_size + 1)])
        sent = 2 * (replicas - 1) / replicas * 4 * numbers_sent
        return float(sent[0]), float(sent[1])

    def changed(factor):
        return lambda *case: tuple(factor(case[3]) * one for one in reference(*case))

    def without_counts(parameters, num_codes, code_size, replicas):
        return reference(parameters, num_codes, code_size - 1, replicas)

    mistakes = {
        "the counts are missing: a code has D sums and one count.": without_counts,
        "these are numbers: one of 32 bits has four bytes.": changed(lambda _: 1 / 4),
        "this is one time around: the sums go around once more, so that all have "
        "them.": changed(lambda _: 1 / 2),
        "a replica need not send its own part to itself: R - 1 of R parts go around.": (
            changed(lambda count: count / (count - 1))
        ),
        "these are the bytes of all replicas together: one of them is asked for.": (
            changed(lambda count: count)
        ),
        "this is for sending all to all others: in a ring a part has 1 / R of the "
        "numbers.": changed(lambda count: count / 2),
        "the gradients come first, then the averages.": (
            lambda *case: reference(*case)[::-1]
        ),
        "codes have no gradient: they are not among the parameters.": lambda *case: (
            reference(case[0] + case[1] * case[2], *case[1:])
        ),
    }
    cases = [(1_000, 8, 4, 2), (1_000, 8, 4, 4), (500, 64, 16, 8)]

    def fresh(random):
        """Draw sizes of a model."""
        sizes = random.integers(2, 2_000, size=3).tolist()
        return [(*sizes, int(random.integers(2, 65)))]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def unseen(answer):
    """Check how many codes a step leaves out, on one replica and on all."""

    def reference(shares, latents, replicas):
        left = 1 - shares
        return (
            float(np.sum(left ** (latents / replicas))),
            float(np.sum(left**latents)),
        )

    def evenly(shares, latents, replicas):
        return reference(np.full(len(shares), 1 / len(shares)), latents, replicas)

    def per_replica(shares, latents, replicas):
        return reference(shares, latents * replicas, replicas)

    mistakes = {
        "the first is for one replica, which has latents / replicas of them; the "
        "second for all.": lambda *case: reference(*case)[::-1],
        "latents is of the whole batch: a replica has a part of them.": per_replica,
        "these are shares of the codes: how many of them is it?": lambda *case: tuple(
            one / len(case[0]) for one in reference(*case)
        ),
        "these are the codes that are seen: the others are asked for.": (
            lambda *case: tuple(len(case[0]) - one for one in reference(*case))
        ),
        "codes are not equally frequent here: each has a share of its own.": evenly,
        "a code that no replica sees is counted once, not once a replica.": (
            lambda *case: (reference(*case)[0], case[2] * reference(*case)[0])
        ),
        "one latent passes a code by with probability 1 - share, and all of them with "
        "that to the power of their number.": lambda *case: (
            float(np.sum(case[0] ** (case[1] / case[2]))),
            float(np.sum(case[0] ** case[1])),
        ),
    }
    cases = [
        (np.array([0.5, 0.5]), 4, 2),
        (np.array([0.7, 0.2, 0.1]), 12, 4),
        (np.array([0.4, 0.3, 0.2, 0.1, 0.0]), 6, 3),
    ]

    def fresh(random):
        """Draw frequencies of a dozen codes."""
        replicas = int(random.integers(2, 9))
        return [(random.dirichlet(np.ones(12)), replicas * 6, replicas)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)
