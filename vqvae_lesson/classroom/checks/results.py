"""Checks of chapter 08: perplexity, fair draws, prices of codes, the best judge."""

import numpy as np

from vqvae_lesson import judges
from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    Measured,
    check_each,
    check_function,
    expect_shape,
    numbers,
)


def _perplexity(counts, base=np.e):
    """Perplexity from counts; with another base for the power than e, a mistake."""
    shares = counts[counts > 0] / counts.sum()
    return base ** -np.sum(shares * np.log(shares))


def all_in_use(answer):
    """Check a design: counts that use every code and yet have a low perplexity."""

    def judge(found, num_codes, letters):
        counts = numbers(found)
        if counts.shape == (letters,):
            raise Fault(
                "this is one number a letter: return counts, one number a code."
            )
        expect_shape(counts, [num_codes])
        if not np.isfinite(counts).all():
            raise Fault("the counts hold NaN or infinity.")
        if (counts < 0).any():
            raise Fault("no code can be chosen less than 0 times.")
        if np.isclose(counts.sum(), 1) and (counts % 1).any():
            raise Fault("these are shares: return counts, whole numbers of letters.")
        if (counts % 1).any():
            raise Fault("a letter chooses one code: return whole numbers of letters.")
        if not counts.all():
            raise Fault(f"code {counts.argmin()} is not in use.")
        if counts.sum() != letters:
            raise Fault(
                f"you gave out {counts.sum():.0f} letters, and there are {letters}."
            )
        spread = _perplexity(counts)
        if spread >= 2:
            raise Fault(
                f"every code is in use, but the perplexity is {spread:.1f}: share the "
                "letters out less evenly."
            )

    return check_each(
        answer,
        [(3, 40), (64, 2000), (7, 300)],
        judge,
        "every code is in use, and it feels like fewer than two.",
    )


def data_set_perplexity(answer):
    """Check the perplexity of a data set, from the counts of its batches."""
    random = np.random.default_rng(2)
    sizes = [8, 30, 4]
    cases = [
        (np.array([[4, 0], [0, 4]]),),
        (np.array([[2, 2, 0, 0], [0, 1, 3, 0], [0, 2, 0, 0]]),),
        (np.array([random.multinomial(size, np.ones(16) / 16) for size in sizes]),),
    ]

    def reference(counts):
        return _perplexity(counts.sum(axis=0))

    def each(counts):
        return np.array([_perplexity(batch) for batch in counts])

    def means(counts):
        weights = counts.sum(axis=1)
        return [
            np.mean(each(counts)),
            np.exp(np.mean(np.log(each(counts)))),
            np.average(each(counts), weights=weights),
            np.exp(np.average(np.log(each(counts)), weights=weights)),
        ]

    def as_indices(indices):
        return _perplexity(np.bincount(indices.ravel()))

    mistakes = {
        "this is the mean over batches: two batches may choose different codes.": means,
        "this is the last batch alone.": lambda counts: each(counts)[-1],
        "this is the first batch alone.": lambda counts: each(counts)[0],
        "this is the best batch: the data set may be better still.": (
            lambda counts: each(counts).max()
        ),
        "a small batch weighs as much here as a large one: add up counts.": (
            lambda counts: _perplexity(np.mean([one / one.sum() for one in counts], 0))
        ),
        "code 0 is the same code in every batch: add up its counts first.": (
            lambda counts: _perplexity(counts.ravel())
        ),
        "these are the sizes of the batches: add up over batches, not over codes.": (
            lambda counts: _perplexity(counts.sum(axis=1))
        ),
        "the table holds counts, not indices: entry k says how often code k came.": (
            lambda counts: [as_indices(counts), np.mean([*map(as_indices, counts)])]
        ),
        "this is the entropy: take its exponential.": lambda counts: [
            np.log(reference(counts)),
            np.log2(reference(counts)),
        ],
        "the sign of the entropy is the wrong way round.": lambda counts: (
            1 / reference(counts)
        ),
        "logarithm and power have different bases: take the same for both.": (
            lambda counts: [
                _perplexity(counts.sum(axis=0), base=2),
                np.exp(np.log2(reference(counts))),
            ]
        ),
        "this is the number of codes in use: weigh them by how often.": (
            lambda counts: np.count_nonzero(counts.sum(axis=0))
        ),
        "0 · log 0 is 0 here: leave out the codes that nobody chose.": (
            lambda counts: None if counts.sum(axis=0).all() else [np.nan, np.inf]
        ),
        "0 · log 0 is 0 here, in every batch: leave out the codes nobody chose.": (
            lambda counts: None if counts.all() else [np.nan, np.inf]
        ),
        "this is the sum over batches.": lambda counts: each(counts).sum(),
        "these are perplexities of the batches: one number for the data set.": each,
    }
    return check_function(
        answer,
        cases,
        reference,
        mistakes,
        # The last codes belong to nobody.
        fresh=lambda random: [(random.integers(0, 7, [5, 40]) * (np.arange(40) < 37),)],
    )


def fair_draw(answer):
    """Check a function that turns throws of even dice into codes with given shares."""
    even = (np.arange(1000) + 0.5) / 1000
    cases = [
        (np.array([0.5, 0.25, 0.25]), np.array([0.1, 0.6, 0.7, 0.9])),
        (np.array([0.25, 0.25, 0.5]), np.array([0.9, 0.1, 0.3])),
        (np.array([0.0, 0.5, 0.0, 0.5]), np.array([0.7, 0.2, 0.0])),
        (np.array([0.1, 0.0, 0.3, 0.05, 0.55, 0.0]), even),
    ]

    def reference(shares, dice):
        return np.searchsorted(np.cumsum(shares), dice, side="right")

    def of_code(found, shares):
        return np.array([np.mean(found == code) for code in range(len(shares))])

    def judge(found, shares, dice):
        drawn = numbers(found)
        expect_shape(drawn, dice.shape)
        expected = reference(shares, dice)
        if np.array_equal(drawn, expected):
            return
        count = len(shares)
        if np.array_equal(drawn, expected + 1):
            raise Fault("one too high everywhere: the first code is code 0.")
        if np.array_equal(drawn, expected - 1):
            raise Fault("one too low everywhere: the first code is code 0.")
        raw = [
            [np.abs(shares - die).argmin() for die in dice],
            np.searchsorted(shares, dice),
            np.searchsorted(shares, dice, side="right"),
        ]
        if any(np.array_equal(drawn, one) for one in raw):
            raise Fault(
                "the throws are compared with the shares themselves: lay the pieces "
                "end to end first."
            )
        odd = drawn[~np.isin(drawn, np.arange(count))]
        if odd.size:
            raise Measured(
                f"expected codes, whole numbers from 0 to {count - 1}, found "
                f"{odd[0]:.4g}."
            )
        if len(drawn) > 1 and np.array_equal(drawn, (count * dice).astype(int)):
            raise Fault(
                "all codes are alike here: give each a piece as long as its share."
            )
        if (shares[drawn.astype(int)] == 0).any():
            nobody = drawn[shares[drawn.astype(int)] == 0][0]
            raise Measured(f"code {nobody:.0f} is drawn, and its share is 0.")
        nearest = [np.abs(np.cumsum(shares) - die).argmin() for die in dice]
        if np.array_equal(drawn, nearest):
            raise Fault(
                "this is the nearest end of a piece: on whose piece does a throw fall?"
            )
        if np.array_equal(drawn, np.full(len(dice), shares.argmax())):
            raise Fault(
                "this is always the code with the largest share: use the throws."
            )
        if np.array_equal(drawn, reference(shares, 1 - dice)) or np.array_equal(
            drawn, count - 1 - reference(shares[::-1], dice)
        ):
            raise Fault(
                "the pieces lie the wrong way round: that of code 0 comes first."
            )
        wrong = np.flatnonzero(drawn != expected)[0]
        gets = of_code(drawn, shares)
        if len(dice) > 100 and np.abs(gets - shares).max() > 0.01:
            code = np.abs(gets - shares).argmax()
            raise Measured(
                f"code {code} has the share {shares[code]:.2f}, and gets "
                f"{gets[code]:.2f} of 1,000 evenly spread throws."
            )
        raise Measured(
            f"the throw {dice[wrong]:.4g} falls on code {drawn[wrong]:.0f} with you: "
            "are the pieces in the order of the codes, each as long as its share?"
        )

    def fresh(random):
        """Draw shares, one of them 0, and throws on no border."""
        shares, dice = random.dirichlet(np.full(9, 2)), even + random.random() / 2000
        shares[3] = 0
        shares /= shares.sum()
        borders = np.abs(np.cumsum(shares) - dice[:, None]).min(axis=1)
        return [(shares, dice[borders > 1e-6])]

    praise = "every throw falls on the right piece."
    return check_each(answer, cases, judge, praise, fresh=fresh)


def extra_price(answer):
    """Check what it costs to price codes under shares that are not theirs."""
    random = np.random.default_rng(1)
    cases = [
        (np.array([0.5, 0.5]), np.array([0.75, 0.25])),
        (np.array([0.75, 0.25, 0.0, 0.0]), np.array([0.25, 0.25, 0.25, 0.25])),
        (random.dirichlet(np.ones(8)), random.dirichlet(np.ones(8))),
    ]

    def price(used, believed):
        some = used > 0
        return -np.sum(used[some] * np.log(believed[some]))

    def reference(used, believed):
        return price(used, believed) - price(used, used)

    def other_way(used, believed):
        """List what comes out where the believed shares weigh the logarithms."""
        some = used > 0
        ratio = np.log(believed[some] / used[some])
        found = [
            np.sum(believed[some] * ratio),
            -np.sum(believed[some] * ratio),
            -np.sum(believed[some] * np.log(used[some])),
        ]
        return found if some.all() else [*found, np.inf, -np.inf, np.nan]

    mistakes = {
        "leave out the codes that no letter chose: they cost nothing.": (
            lambda used, believed: None if used.all() else [np.nan, np.inf, -np.inf]
        ),
        "this is the whole price under the wrong shares: how much of it is too much?": (
            price
        ),
        "this is the price under the right shares: how much more do the wrong ones "
        "cost?": lambda used, believed: price(used, used),
        "the letters come as `used` says: weigh the logarithms with these shares.": (
            other_way
        ),
        "the sign is the wrong way round: wrong shares are never cheaper.": (
            lambda *case: -reference(*case)
        ),
        "this is in bits: use the natural logarithm for nats.": (
            lambda *case: reference(*case) / np.log(2)
        ),
        "this is the difference of two entropies: under the wrong shares, too, the "
        "letters come as `used` says.": lambda used, believed: [
            price(believed, believed) - price(used, used),
            price(used, used) - price(believed, believed),
        ],
        "a mean over the codes where a sum belongs.": lambda used, believed: [
            reference(used, believed) / len(used),
            reference(used, believed) / np.count_nonzero(used),
        ],
        "here all codes count alike: weigh each by how often it is used.": (
            lambda used, believed: [
                part(np.log(used[used > 0] / believed[used > 0]))
                for part in (np.sum, np.mean)
            ]
        ),
        "this is a factor, not a difference: its logarithm is in nats.": (
            lambda *case: np.exp(reference(*case))
        ),
        "this is a distance between the shares: compare prices, -log of a share.": (
            lambda used, believed: [
                np.abs(used - believed).sum(),
                np.abs(used - believed).sum() / 2,
            ]
        ),
    }

    def fresh(random):
        """Draw shares, one of them 0."""
        used, believed = random.dirichlet(np.ones(6), size=2)
        used[2] = 0
        return [(used / used.sum(), believed)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def judge_of_two(answer):
    """Check the accuracy of the best judge who sees two throws of the same dice."""
    random = np.random.default_rng(3)
    cases = [
        (np.array([0.5, 0.5]), np.array([1.0, 0.0])),
        (np.array([0.5, 0.5]), np.array([0.75, 0.25])),
        (random.dirichlet(np.ones(12)), random.dirichlet(np.ones(12))),
    ]

    def pairs(a, b):
        return np.outer(a, a), np.outer(b, b)

    def distance(a, b):
        """Total variation distance of the pairs."""
        one, other = pairs(a, b)
        return np.abs(one - other).sum() / 2

    def reference(a, b):
        return 1 / 2 + distance(a, b) / 2

    def unordered(a, b):
        """Each pair once, whichever of its throws came first."""
        upper = np.triu_indices(len(a))
        one, other = pairs(a, b)
        return np.maximum(one[upper], other[upper]).sum() / 2

    def one(a, b):
        return judges.best_judge(a, b)

    mistakes = {
        "this is the judge who sees one throw: list what two throws can show.": one,
        "two throws are not two judges of one throw each: list all pairs of throws.": (
            lambda a, b: [one(a, b) ** 2, 1 - (1 - one(a, b)) ** 2]
        ),
        "this is the total variation distance of the pairs: chance is missing.": (
            lambda a, b: [distance(a, b), distance(a, b) / 2]
        ),
        "the coin picks each of the dice only half of the time: divide by 2.": (
            lambda a, b: 1 + distance(a, b)
        ),
        "half of this distance is too much: any guess is right half of the time.": (
            lambda a, b: [1 / 2 + distance(a, b), 1 / 2 + np.abs(a - b).sum() / 2]
        ),
        "this is how often the judge is wrong.": lambda a, b: 1 - reference(a, b),
        "the likeliest pair alone: sum over all pairs that can come up.": (
            lambda a, b: [
                max(part.max() for part in pairs(a, b)),
                max(part.max() for part in pairs(a, b)) / 2,
            ]
        ),
        "a mean over the pairs where a sum belongs.": lambda a, b: [
            2 * reference(a, b) / len(a) ** 2,
            reference(a, b) / len(a) ** 2,
        ],
        "first 0, then 1 is another pair than first 1, then 0: count both.": unordered,
        "both throws are of the same dice: multiply each share with its own.": (
            lambda a, b: [
                np.maximum(np.outer(a, b), np.outer(b, a)).sum() / 2,
                np.maximum(np.outer(a, a), np.outer(a, b)).sum() / 2,
            ]
        ),
        "two throws can show different sides: you count only twice the same.": (
            lambda a, b: [
                np.maximum(a**2, b**2).sum() / 2,
                1 / 2 + np.abs(a**2 - b**2).sum() / 4,
            ]
        ),
        "the better of the two for each throw, but only pairs can be judged: a pair "
        "comes up with the product of its shares.": lambda a, b: (
            np.outer(np.maximum(a, b), np.maximum(a, b)).sum() / 2
        ),
    }
    return check_function(
        answer,
        cases,
        reference,
        mistakes,
        fresh=lambda random: [tuple(random.dirichlet(np.ones(7), size=2))],
    )
