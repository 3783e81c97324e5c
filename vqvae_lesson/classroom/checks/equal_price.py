"""Checks of chapter 13: who is beaten, at which rate, and at equal price."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import check_function, check_value


def beaten(answer):
    """Check which models pay no less than another, and somewhere more."""
    random = np.random.default_rng(3)
    cases = [
        (np.array([2.0, 4.0, 4.0]), np.array([10.0, 13.0, 9.0])),
        (np.array([3.0, 3.0, 5.0]), np.array([7.0, 5.0, 5.0])),
        (np.array([2.0, 2.0]), np.array([5.0, 5.0])),
        (random.integers(1, 6, 8) * 1.0, random.integers(1, 6, 8) * 1.0),
    ]

    def pairs(prices, pixels):
        dearer = np.subtract.outer(prices, prices), np.subtract.outer(pixels, pixels)
        return np.array(dearer)

    def reference(prices, pixels):
        gaps = pairs(prices, pixels)
        worse = (gaps >= 0).all(axis=0) & (gaps > 0).any(axis=0)
        return worse.any(axis=1).astype(int)

    def twins(prices, pixels):
        never_less = (pairs(prices, pixels) >= 0).all(axis=0)
        return (never_less.sum(axis=1) > 1).astype(int)

    mistakes = {
        "these are the models that nobody beats: turn it round.": lambda *case: (
            1 - reference(*case)
        ),
        "every model pays no less than itself: it does not beat itself.": (
            lambda prices, pixels: np.ones(len(prices), int)
        ),
        "one model may pay the same for one part: more for the other is enough.": (
            lambda *case: (pairs(*case) > 0).all(axis=0).any(axis=1).astype(int)
        ),
        "two models that pay the same do not beat each other.": twins,
        "this compares the sums: whoever pays less for the latent is not beaten "
        "by a lower sum alone.": lambda prices, pixels: (
            prices + pixels > (prices + pixels).min()
        ).astype(int),
        "dearer in one part than somebody is not enough: compare with one model "
        "at a time, in both parts.": lambda prices, pixels: (
            (prices > prices.min()) | (pixels > pixels.min())
        ).astype(int),
    }
    return check_function(
        answer,
        cases,
        reference,
        mistakes,
        fresh=lambda random: [tuple(random.integers(1, 9, [2, 11]) * 1.0)],
    )


def matched(answer):
    """Check the pixels of a curve at a price, and that nothing is made up."""
    cases = [
        (np.array([4.0, 2.0]), np.array([250.0, 270.0]), 2.5),
        (np.array([8.0, 4.0, 2.0]), np.array([225.0, 250.0, 272.0]), 6.0),
        (np.array([2.0, 8.0, 4.0]), np.array([272.0, 225.0, 250.0]), 3.5),
        (np.array([8.0, 4.0, 2.0]), np.array([225.0, 250.0, 272.0]), 1.0),
        (np.array([8.0, 4.0, 2.0]), np.array([225.0, 250.0, 272.0]), 9.0),
        (np.array([8.0, 4.0, 2.0]), np.array([225.0, 250.0, 272.0]), 8.0),
        (np.array([4.0, 8.0, 2.0]), np.array([250.0, 225.0, 272.0]), 2.0),
        (np.array([9.0, 2.0, 3.0, 4.0]), np.array([230.0, 270.0, 262.0, 250.0]), 5.0),
        (np.array([2.0, 4.0, 8.0]), np.array([260.0, 272.0, 225.0]), 3.0),
    ]

    def inside(prices, price):
        return prices.min() <= price <= prices.max()

    def clamped(prices, pixels, price):
        order = np.argsort(prices)
        return np.interp(price, prices[order], pixels[order])

    def reference(prices, pixels, price):
        if not inside(prices, price):
            return np.nan
        return clamped(prices, pixels, price)

    def outside(mistake):
        return lambda prices, pixels, price: (
            None if inside(prices, price) else mistake(prices, pixels, price)
        )

    def straight_on(prices, pixels, price):
        order = np.argsort(prices)
        left = slice(0, 2) if price < prices.min() else slice(-2, None)
        two, values = prices[order][left], pixels[order][left]
        slope = (values[1] - values[0]) / (two[1] - two[0])
        return values[0] + slope * (price - two[0])

    def two_nearest(prices, pixels, price):
        """Draw a line through the models of the two nearest prices, or end with it."""
        if not inside(prices, price):
            return None
        near = np.sort(np.argsort(np.abs(prices - price), kind="stable")[:2])
        near = near[np.argsort(prices[near])]
        (low, high), (left, right) = prices[near], pixels[near]
        line = left + (right - left) * (price - low) / (high - low)
        return [line, np.interp(price, prices[near], pixels[near])]

    def each_sorted(prices, pixels, price):
        if not inside(prices, price):
            return None
        return np.interp(price, np.sort(prices), np.sort(pixels)[::-1])

    nothing = "nothing was measured there: return nan where no model pays so"
    mistakes = {
        "np.interp wants prices that rise, and these do not: sort them first.": (
            _as_if_rising
        ),
        "turned round, but not sorted: the prices can come in any order.": (
            lambda prices, pixels, price: _as_if_rising(
                prices[::-1], pixels[::-1], price
            )
        ),
        "the prices are sorted, the pixels are not: they must move together.": (
            lambda prices, pixels, price: np.interp(price, np.sort(prices), pixels)
        ),
        "this is the model with the nearest price: go between two of them.": (
            lambda prices, pixels, price: (
                pixels[np.abs(prices - price).argmin()]
                if inside(prices, price)
                else None
            )
        ),
        "the two nearest prices may both be lower: take the next one below, and the "
        "next one above.": two_nearest,
        "pixels and prices are sorted each by itself: a model keeps both of its own.": (
            each_sorted
        ),
        "a model was measured at just this price: the ends of the curve count, too.": (
            lambda prices, pixels, price: np.nan if price in prices else None
        ),
        "half of the way between two models: go as far as the price is.": _halfway,
        f"{nothing} little or so much; the end of the curve is another price.": (
            outside(clamped)
        ),
        f"{nothing}; a line drawn on beyond the last model is a guess.": (
            outside(straight_on)
        ),
        "nan where nothing was measured, not 0.": outside(lambda *_: 0.0),
    }

    def fresh(random):
        """Draw a curve of five models, in any order."""
        prices = np.cumsum(random.uniform(0.5, 3, 5))
        pixels = random.permutation(np.cumsum(random.uniform(0.5, 3, 5)))
        order = random.permutation(5)
        price = random.uniform(prices[3], prices[4])
        return [(prices[order], 290 - 9 * pixels[order], float(price))]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def _as_if_rising(prices, pixels, price):
    """Interpolate as if the prices rose."""
    return np.interp(price, prices, pixels)


def _halfway(prices, pixels, price):
    """Take the mean of the two models around a price, where there are two."""
    below, above = prices <= price, prices >= price
    if not (below.any() and above.any()):
        return None
    low = np.where(below, prices, -np.inf).argmax()
    high = np.where(above, prices, np.inf).argmin()
    return (pixels[low] + pixels[high]) / 2


def equal_rate(answer):
    """Check at which rate two senders cost the same."""
    return check_value(
        answer,
        9 / 4,
        {
            "upside down: nats saved on the rest, for each nat more of description.": (
                4 / 9
            ),
            "these are the nats that Eve saves on the rest: for how many more?": 9.0,
            "these are the nats that Eve pays more: what does she save for them?": 4.0,
            "this is the difference of the sums: it must become 0.": [5.0, -5.0],
            "a rate is positive here: less for the rest, more for the description.": (
                -9 / 4
            ),
            "at this rate the sums count, and Eve's is lower.": 1.0,
        },
    )
