"""Checks of chapter 00: what a sheet costs, pairs in drawers, reading, a rival."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import check_function, check_value

PIXELS = 28 * 28  # of a letter, each one byte


def break_even(answer):
    """Check from how many letters on 1,024 pictures and their numbers are shorter."""
    pictures, number = 1024, 10 / 8
    sheet = pictures * PIXELS
    letters = int(sheet // (PIXELS - number)) + 1
    mistakes = {
        "that many letters take as much as the sheet alone: numbers come on top.": (
            pictures
        ),
        "that many letters are not enough yet, by a few bytes: round up.": [
            letters - 1,
            sheet / (PIXELS - number),
        ],
        "a number takes 10 bits, not 10 bytes: a byte has 8 bits.": [
            sheet // (PIXELS - 10),
            sheet // (PIXELS - 10) + 1,
        ],
        "10 bits are less than 2 bytes: numbers can be packed side by side.": (
            sheet // (PIXELS - 2) + 1
        ),
        "this is for 64 pictures: here there are 1,024, and 10 bits a number.": [
            64 * PIXELS // (PIXELS - 6 / 8),
            64 * PIXELS // (PIXELS - 6 / 8) + 1,
        ],
        "this is the sheet in bytes: how many letters weigh as much?": sheet,
    }
    return check_value(answer, letters, mistakes)


def pairs(answer):
    """Check the share of pairs in three small drawers that show one character."""
    mistakes = {
        "this is the mean of the two drawers' shares: count pairs, not drawers.": 0.75,
        "this is the share of letters that show their drawer's commonest character: "
        "count pairs of letters.": 7 / 8,
        "a letter makes no pair with itself: take two different ones.": 20 / 26,
        "that many pairs agree: of how many pairs?": 6,
        "only letters in one drawer make a pair: count the pairs of each drawer.": [
            6 / 28,
            9 / 28,
        ],
        "this is the share of pairs that do not agree.": 1 / 3,
        "so many pairs there are: how many of them agree?": 9,
    }
    return check_value(answer, 2 / 3, mistakes)


def _reading(numbers, characters, new):
    """Let all letters with a number vote on its character."""
    votes = np.zeros([64, 10], int)
    np.add.at(votes, (numbers, characters), 1)
    return votes[new].argmax(axis=1)


def reading(answer):
    """Check a function that reads characters from numbers by a vote."""
    random = np.random.default_rng(0)
    numbers = np.repeat([0, 8, 63, 21], [30, 40, 30, 20])
    characters = np.concatenate(
        [
            np.where(
                random.random(count) < 0.4, mostly, random.integers(10, size=count)
            )
            for count, mostly in ((30, 9), (40, 0), (30, 4), (20, 9))
        ]
    )
    order = random.permutation(len(numbers))
    cases = [
        (np.array([5, 5, 5, 2]), np.array([1, 7, 7, 3]), np.array([2, 5])),
        (numbers[order], characters[order], np.array([63, 0, 0, 8, 21, 63])),
    ]

    def drawer(numbers, characters, new):
        return [characters[numbers == number] for number in new]

    mistakes = {
        "this is the commonest character of all letters: ask each number by itself.": (
            lambda numbers, characters, new: np.full(
                len(new), np.bincount(characters).argmax()
            )
        ),
        "this is the character of one letter with that number: let all of them vote.": (
            lambda *case: [
                [one[0] for one in drawer(*case)],
                [one[-1] for one in drawer(*case)],
            ]
        ),
        "this is a mean of characters: characters are names, count them instead.": (
            lambda *case: [
                [one.mean() for one in drawer(*case)],
                [int(one.mean()) for one in drawer(*case)],
                [round(one.mean()) for one in drawer(*case)],
            ]
        ),
        "these are the votes: return the character that got most of them.": (
            lambda *case: np.array([np.bincount(one).max() for one in drawer(*case)])
        ),
        "these are the new numbers themselves: return characters.": (
            lambda numbers, characters, new: new
        ),
        "this is the middle one of the sorted characters: count them instead.": (
            lambda *case: np.array([np.median(one) for one in drawer(*case)])
        ),
    }
    return check_function(answer, cases, _reading, mistakes, fresh=_drawers)


def _drawers(random):
    """Make drawers side by side, whose commonest characters differ clearly."""
    drawers = random.permutation(54)[:1] + np.r_[:11]
    mostly = np.cumsum(random.integers(1, 10, size=11)) % 10
    mostly[10] += mostly[10] == mostly[0]  # ten apart, so often confused
    characters = (mostly[:, None] + np.repeat(np.r_[:10], [6, *9 * [1]])) % 10
    numbers = np.repeat(drawers, characters.shape[1])
    order = random.permutation(numbers.size)
    new = np.concatenate([random.permutation(drawers), drawers[:4]])
    return [(numbers[order], characters.ravel()[order], new)]


def _ranks(images):
    """Place of each letter in the order of ink, the lightest first."""
    ink = images.sum(axis=(1, 2, 3))
    return ink.argsort(kind="stable").argsort(kind="stable")


def ink_numbers(answer):
    """Check a function that sorts letters into drawers by their ink."""
    random = np.random.default_rng(1)
    grey = np.array([0.9, 0.1, 0.7, 0.6], np.float32)
    cases = [
        (grey.reshape(4, 1, 1, 1), 2),
        (random.random([60, 3, 3, 1]).astype(np.float32) ** 4, 12),
    ]

    def even(images, count):
        ink = images.sum(axis=(1, 2, 3))
        scaled = (ink - ink.min()) / (ink.max() - ink.min())
        return np.minimum((scaled * count).astype(int), count - 1)

    mistakes = {
        "sorted once, argsort lists letters by place; you want places by letter.": (
            lambda images, count: (
                images.sum(axis=(1, 2, 3)).argsort() // (len(images) // count)
            )
        ),
        "this puts the darkest letters into drawer 0: the lightest belong there.": (
            lambda images, count: count - 1 - _ranks(images) // (len(images) // count)
        ),
        "these are the places of the letters: several share a drawer.": (
            lambda images, count: _ranks(images)
        ),
        "neighbours in ink belong into one drawer: divide, do not take the rest.": (
            lambda images, count: _ranks(images) % count
        ),
        "the drawers hold unequal numbers of letters: go by the order of ink.": even,
        "this is the ink itself: which drawer is that?": (
            lambda images, count: images.sum(axis=(1, 2, 3))
        ),
    }

    def expected(images, count):
        return _ranks(images) // (len(images) // count)

    return check_function(answer, cases, expected, mistakes, fresh=_inked)


def _inked(random):
    """Make letters whose inks, sums of parts of 1,024, differ and leave no doubt."""
    pixels = random.integers(0, 100, [35, 3, 2, 1]) / 1024
    wanted = (600 + 7 * random.permutation(35)) / 1024
    pixels[:, -1, -1, 0] += wanted - pixels.sum(axis=(1, 2, 3))
    return [(pixels.astype(np.float32), count) for count in (5, 7)]
