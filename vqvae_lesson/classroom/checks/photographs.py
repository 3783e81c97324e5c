"""Checks of chapter 17: the price of a value, how wide a margin, whose frequencies."""

import math

import numpy as np
from scipy.special import expit, ndtr

from vqvae_lesson.classroom.checks.verdict import check_function


def value_price(answer):
    """Check what a value of a pixel costs under a curve cut into 256 pieces."""

    def share(values, middles, scales, low=0, high=255):
        above = expit((values + 0.5 - middles) / scales)
        below = expit((values - 0.5 - middles) / scales)
        above = np.where(values == high, 1, above)
        return above - np.where(values == low, 0, below)

    def reference(values, middles, scales):
        return -np.log2(share(values, middles, scales))

    def slope(values, middles, scales):
        side = expit((values - middles) / scales)
        return side * (1 - side) / scales

    def shifted(values, middles, scales):
        above = expit((values + 1 - middles) / scales)
        return above - expit((values - middles) / scales)

    def normal(values, middles, deviations):
        above = ndtr((values + 0.5 - middles) / deviations)
        below = ndtr((values - 0.5 - middles) / deviations)
        return -np.log2(np.where(values == 255, 1, above) - below * (values > 0))

    mistakes = {
        "this is the normal curve: the logistic one, 1 / (1 + exp(-z)), falls off more "
        "slowly, and a value far from its middle costs less.": lambda v, m, s: [
            normal(v, m, s),
            normal(v, m, s * math.pi / math.sqrt(3)),  # of the same deviation
        ],
        "the tails are lost: all that the curve has below 0 goes to 0, and all above "
        "255 to 255.": lambda *case: -np.log2(share(*case, low=None, high=None)),
        "below 0 the tail goes to 0, and above 255 it is lost: it goes to 255.": (
            lambda *case: -np.log2(share(*case, high=None))
        ),
        "above 255 the tail goes to 255, and below 0 it is lost: it goes to 0.": (
            lambda *case: -np.log2(share(*case, low=None))
        ),
        "these are nats: the logarithm to base 2 gives bits.": lambda *case: (
            -np.log(share(*case))
        ),
        "this is the probability: its price is minus its logarithm.": share,
        "this is below 0: a price is minus the logarithm.": lambda *case: np.log2(
            share(*case)
        ),
        "this is how steep the curve is at the value: a probability is what it rises "
        "by, from half a step below the value to half a step above.": (
            lambda *case: -np.log2(slope(*case))
        ),
        "the cuts lie at the value and one step above: a value has half a step on "
        "either side.": lambda *case: -np.log2(shifted(*case)),
    }
    cases = [
        (np.array([98.0, 100.0]), np.array([100.0, 100.0]), np.array([2.0, 2.0])),
        (np.array([0.0, 0.0, 3.0]), np.array([2.0, -3.0, -3.0]), np.full(3, 3.0)),
        (np.array([255.0, 255.0]), np.array([250.0, 260.0]), np.array([4.0, 9.0])),
    ]

    def fresh(random):
        """Draw values near the middles of their curves, and both ends."""
        middles = random.uniform(20, 230, size=8)
        values = np.round(middles + random.uniform(-15, 15, size=8))
        ends = np.array([0.0, 255.0])
        both = np.concatenate([values, ends]), np.concatenate([middles, ends])
        return [(*both, random.uniform(2, 20, size=10))]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def margin(answer):
    """Check how many places a block takes along on each side."""

    def field(layers):
        """Pixels that a place sees, counted from the grid back to the image."""
        side = 1
        for kernel, stride in reversed(layers):
            side = (side - 1) * stride + kernel
        return side

    def own(layers):
        return math.prod(stride for _, stride in layers)

    def behind(layers):
        """Pixels beyond its own on the longer side."""
        return (field(layers) - 1) // 2

    def evenly(layers):
        return -(-(field(layers) - own(layers)) // (2 * own(layers)))

    def reference(layers):
        return -(-behind(layers) // own(layers))

    def wrong_way(layers):
        return -(-behind(layers[::-1]) // own(layers))

    def without_strides(layers):
        return -(-behind([(kernel, 1) for kernel, _ in layers]) // own(layers))

    mistakes = {
        "these are pixels: a place of the grid has several along a side.": behind,
        "this is for both sides together: a margin is on each.": lambda layers: (
            -(-2 * behind(layers) // own(layers))
        ),
        "a part of a place was left out: round up, or a seam is left.": lambda layers: (
            behind(layers) // own(layers)
        ),
        "a margin is a whole number of places: round up.": lambda layers: (
            behind(layers) / own(layers)
        ),
        "the sides are not even: Keras fills up a stride of 2 by one pixel more "
        "behind. Take the longer one.": evenly,
        "the layers are gone through from the image to the grid: go back from one "
        "place of the grid to the pixels.": wrong_way,
        "strides count: behind a stride of 2, a step to the side is two pixels.": (
            without_strides
        ),
    }

    cases = [
        ([(3, 1)],),
        ([(5, 1), (5, 2)],),
        ([(7, 1), (3, 2), (3, 1), (9, 2), (1, 1)],),
        ([(5, 1), (5, 2), (5, 1), (5, 2), (3, 1), (1, 1)],),
        ([(9, 2), (3, 2), (5, 1)],),
        ([(3, 2), (5, 2)],),
    ]

    def fresh(random):
        """Draw networks of five layers."""
        return [
            (
                [
                    (int(kernel), int(stride))
                    for kernel, stride in zip(
                        2 * random.integers(1, 6, size=5) + 1,
                        random.integers(1, 3, size=5),
                        strict=True,
                    )
                ],
            )
            for _ in range(4)
        ]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def foreign_bytes(answer):
    """Check what codes take under the frequencies of another photograph."""

    def bits(codes, counts):
        return -np.log2(counts / counts.sum())[codes].sum()

    def counted(codes, num_codes, more=1):
        return np.bincount(codes, minlength=num_codes) + more

    def reference(codes, others, num_codes):
        return bits(codes, counted(others, num_codes)) / 8

    def not_normal(codes, others, num_codes):
        counts = counted(others, num_codes)
        return -np.log2(counts / len(others))[codes].sum() / 8

    mistakes = {
        "these are the codes under their own frequencies: whoever reads the file "
        "knows the other photograph's.": lambda codes, others, num_codes: (
            bits(codes, counted(codes, num_codes)) / 8
        ),
        "these are bits: a byte has 8.": lambda *case: 8 * reference(*case),
        "these are nats: the logarithm to base 2 gives bits.": lambda *case: (
            reference(*case) * math.log(2)
        ),
        "this is the price of one code: all of them are in the file.": (
            lambda *case: reference(*case) / len(case[0])
        ),
        "these are the other photograph's codes: price the ones of this one.": (
            lambda codes, others, num_codes: (
                bits(others, counted(others, num_codes)) / 8
            )
        ),
        "all codes cost the same here: a frequent one costs less.": (
            lambda codes, others, num_codes: len(codes) * math.log2(num_codes) / 8
        ),
        "each code counts once more than it was seen: one that was not would cost "
        "without end.": lambda codes, others, num_codes: (
            bits(codes, np.maximum(counted(others, num_codes, 0), 1e-9)) / 8
        ),
        "the shares add up to more than 1: with one more of each code, there are "
        "more of all.": not_normal,
    }
    cases = [
        (np.array([0, 1, 1]), np.array([0, 0, 0, 1, 2]), 3),
        (np.array([3, 0, 0, 2, 2, 2, 1]), np.array([0, 0, 1, 1, 1, 0]), 5),
    ]

    def fresh(random):
        """Draw codes of two photographs, with some that only one of them has."""
        shares = random.dirichlet(np.ones(8), size=2)
        codes, others = (random.choice(8, size=60, p=one) for one in shares)
        return [(codes, others, 9)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)
