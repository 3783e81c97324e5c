"""Checks of chapter 14: sizes on the way, a grid as a map, its price, its field."""

from functools import cache

import numpy as np

from vqvae_lesson.classroom.checks.verdict import check_function, check_value
from vqvae_lesson.grid import build_grid_decoder, field, grid_shape
from vqvae_lesson.prior import counted_prior, uniform_prior


def sizes(answer):
    """Check how large the maps are on the way to the grid."""

    def down(start, halvings, halve):
        return np.array([halve(np.array(start), 2**n) for n in range(halvings + 1)])

    def up_from(end, halvings):
        return np.array([np.array(end) * 2**n for n in range(halvings, -1, -1)])

    def reference(height, width, halvings):
        return up_from(grid_shape([height, width], halvings), halvings)

    mistakes = {
        "height and width are swapped.": lambda *case: reference(*case)[:, ::-1],
        "this begins at the grid: begin at the image.": lambda *case: reference(*case)[
            ::-1
        ],
        "the image as it goes into the first layer is missing.": lambda *case: (
            reference(*case)[1:]
        ),
        "the grid is right, the way to it is not: what does not divide is filled up "
        "before the first halving.": lambda height, width, halvings: down(
            [height, width], halvings, lambda size, side: -(-size // side)
        ),
        "this cuts pixels off where a size does not divide: fill up.": (
            lambda height, width, halvings: [
                down([height, width], halvings, np.floor_divide),
                up_from([height // 2**halvings, width // 2**halvings], halvings),
            ]
        ),
    }
    cases = [(28, 28, 3), (28, 44, 2), (9, 30, 3), (64, 33, 4)]

    def fresh(random):
        """Draw a size that does not divide."""
        height, width = (
            8 * random.integers(1, 9, 2) + random.integers(1, 8, 2)
        ).tolist()
        return [(height, width, 3)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def as_map(answer):
    """Check that codes come back to where they were read."""

    def reference(indices, rows, columns):
        return indices.reshape(-1, rows, columns)

    mistakes = {
        "rows and columns are swapped: on a square grid nobody would have noticed.": (
            lambda indices, rows, columns: indices.reshape(-1, columns, rows)
        ),
        "the shape is right, but codes have left their places: turning a map round "
        "does not undo a wrong reshape.": lambda indices, rows, columns: (
            indices.reshape(-1, columns, rows).swapaxes(1, 2)
        ),
        "the codes are laid down column by column: they were read row by row.": (
            lambda indices, rows, columns: np.stack(
                [one.reshape(rows, columns, order="F") for one in indices]
            )
        ),
        "the letters are mixed: keep the axis of the batch in front.": (
            lambda indices, rows, columns: indices.reshape(rows, columns, -1)
        ),
        "upside down: the first code belongs above, at the left.": (
            lambda *case: reference(*case)[:, ::-1]
        ),
        "mirrored: the first code belongs above, at the left.": (
            lambda *case: reference(*case)[:, :, ::-1]
        ),
    }
    cases = [
        (np.arange(12).reshape(2, 6), 2, 3),
        (np.arange(8).reshape(1, 8), 4, 2),
        (np.arange(27).reshape(3, 9), 3, 3),
    ]

    def fresh(random):
        """Draw the codes of four letters that are wider than high."""
        return [(random.integers(64, size=[4, 15]), 3, 5)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def by_place(answer):
    """Check the price of grids whose places have frequencies of their own."""

    def price(prior, held_out):
        return -prior.log_prob(held_out).mean()

    def reference(train, held_out, num_codes):
        return price(counted_prior(train, num_codes), held_out)

    def without_one_more(train, held_out, num_codes):
        counts = np.stack([np.bincount(one, minlength=num_codes) for one in train.T])
        seen = counts[np.arange(train.shape[1]), held_out]
        with np.errstate(divide="ignore"):
            return -np.log(seen / len(train)).sum(axis=1).mean()

    mistakes = {
        "the shares of a place do not sum to 1: the one more of each counts, too.": (
            lambda train, held_out, num_codes: (
                reference(train, held_out, num_codes)
                - train.shape[1] * np.log1p(num_codes / len(train))
            )
        ),
        "these are frequencies over all places together: count each place by itself.": (
            lambda train, held_out, num_codes: price(
                counted_prior(train, num_codes, by_place=False), held_out
            )
        ),
        "the codes are counted on the held-out letters, which nobody has seen before "
        "they are sent.": lambda train, held_out, num_codes: reference(
            held_out, held_out, num_codes
        ),
        "a code that was never seen there costs endlessly much: count one more of "
        "each.": without_one_more,
        "this is the price of one code: a letter has several, and they add up.": (
            lambda train, held_out, num_codes: (
                reference(train, held_out, num_codes) / train.shape[1]
            )
        ),
        "this is the price of all letters: take the mean.": lambda *case: (
            reference(*case) * len(case[1])
        ),
        "these are bits: the natural logarithm gives nats.": lambda *case: (
            reference(*case) / np.log(2)
        ),
        "the sign is the wrong way round: a price is positive.": lambda *case: (
            -reference(*case)
        ),
        "this is the price when all codes are equally likely.": (
            lambda train, held_out, num_codes: price(
                uniform_prior(train.shape[1], num_codes), held_out
            )
        ),
    }
    cases = [
        (np.array([[0, 1], [0, 0], [0, 1]]), np.array([[0, 1]]), 2),
        (
            np.array([[0, 2], [1, 2], [0, 2], [0, 1]]),
            np.array([[0, 2], [2, 2], [1, 0]]),
            4,
        ),
    ]

    def fresh(random):
        """Draw grids of three places, each with codes that it likes."""
        train, held_out = (
            random.integers(5, size=[count, 3]) // [1, 2, 3] for count in (30, 8)
        )
        return [(train, held_out, 5)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def farthest(answer):
    """Check how many pixels one code of a 4 x 4 grid could change, along a side."""
    expected = _side(3)
    mistakes = {
        "this is the field of two halvings: the third decoder doubles once more.": (
            _side(2)
        ),
        "the last convolution, to one channel, is missing: it adds 4 more.": (
            expected - 4
        ),
        "the two new layers stand before the last one, not behind it.": expected + 4,
        "these are the pixels of a place's own square: kernels reach beyond.": 8,
        "that is the size of the letter: the field may be larger, it is cut off at "
        "the edges.": [28, 32],
        "a layer that doubles takes a side to 2 · (side - 1) + 5, not to twice the "
        "side and 5 more.": _doubled(3),
    }
    return check_value(answer, expected, mistakes)


@cache
def _side(halvings):
    """Measure how many pixels wide the field of one code of a decoder is."""
    return field(build_grid_decoder(halvings=halvings).layers)


def _doubled(halvings):
    """Walk through the decoder as if gaps lay behind the last pixel, too."""
    side = 3
    for _ in range(halvings):
        side = 2 * side + 5 + 4
    return side + 4
