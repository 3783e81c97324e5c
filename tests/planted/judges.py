"""Answers to the exercises of the chapter on judges: right, wrong, with a bug."""

from collections import Counter, defaultdict

import numpy as np


def halves(first, second):
    half = len(first) // 2
    return (
        np.concatenate([first[:half], second[:half]]),
        np.concatenate([first[half:], second[half:]]),
        np.repeat([0, 1], half),
    )


def fresh_by_loop(first, second, learn):
    learned, asked, sides = halves(first, second)
    judge = learn(learned.tolist(), sides.tolist())
    right = 0
    for picture, side in zip(asked, sides, strict=True):
        right += judge(picture[None])[0] == side
    return right / len(sides)


def fresh_from_behind(first, second, learn):
    """The second set first, everywhere."""
    half = len(first) // 2
    sides = np.array([1] * half + [0] * half)
    judge = learn(np.vstack([second[:half], first[:half]]), sides)
    return float(np.mean(judge(np.vstack([second[half:], first[half:]])) == sides))


def old_test(first, second, learn):
    pictures, sides = np.concatenate([first, second]), np.repeat([0, 1], len(first))
    return np.mean(learn(pictures, sides)(pictures) == sides)


def overlapping(first, second, learn):
    learned, asked, sides = halves(first, second)
    judge = learn(learned, sides)
    everything = np.concatenate([learned, asked])
    return np.mean(judge(everything) == np.tile(sides, 2))


def half_of_the_heap(first, second, learn):
    heap, sides = np.concatenate([first, second]), np.repeat([0, 1], len(first))
    return np.mean(learn(heap[::2], sides[::2])(heap[1::2]) == sides[1::2])


def one_side(first, second, learn):
    heap, sides = np.concatenate([first, second]), np.repeat([0, 1], len(first))
    half = len(first)
    return np.mean(learn(heap[:half], sides[:half])(heap[half:]) == sides[half:])


def told(change):
    """Answer with what a change makes of the right share, and how many were asked."""

    def test(first, second, learn):
        return change(fresh_by_loop(first, second, learn), len(first))

    return test


def swapped_sides(first, second, learn):
    return fresh_by_loop(second, first, learn)


def asks_one_set(first, second, learn):
    learned, asked, sides = halves(first, second)
    half = len(sides) // 2
    return np.mean(learn(learned, sides)(asked[:half]) == sides[:half])


def by_counter(codes, labels, guesses):
    groups = defaultdict(Counter)
    for code, label in zip(codes.tolist(), labels.tolist(), strict=True):
        groups[code][label] += 1
    best = [n for group in groups.values() for _, n in group.most_common(guesses)]
    return sum(best) / len(codes)


def by_code(codes, labels, guesses):
    right = 0
    for code in np.unique(codes):
        counts = np.unique(labels[codes == code], return_counts=True)[1]
        right += np.sort(counts)[-guesses:].sum()
    return np.float32(right / codes.size)


def shares_of_codes(codes, labels, guesses):
    found = [
        by_counter(codes[codes == k], labels[codes == k], guesses)
        for k in np.unique(codes)
    ]
    return np.mean(found)


def rarest(codes, labels, guesses):
    table = np.zeros([codes.max() + 1, labels.max() + 1])
    np.add.at(table, (codes, labels), 1)
    return np.sort(table, axis=1)[:, :guesses].sum() / len(codes)


ARGUMENTS = {}
VALUES = {"missing_control": (4, 2, 3, 1)}
BUGS = {
    "broken_test": ("old_questions", "it has learned from"),
}
RIGHT = {
    "old_questions": [fresh_by_loop, fresh_from_behind],
    "ceiling": [by_counter, by_code],
    "missing_control": [[4, 2, 3, 1], np.array([4, 2, 3, 1]), (4.0, 2, 3, 1)],
}
WRONG = {
    "old_questions": [
        (old_test, "it has learned from"),
        (overlapping, "it has learned from"),
        (half_of_the_heap, "whole first half of set 1"),
        (one_side, "one side only"),
        (lambda first, second, learn: 0.5, "never called"),
        (
            lambda first, second, learn: float(
                learn(*halves(first, second)[::2]) is None
            ),
            "asked about nothing",
        ),
        (told(lambda share, count: 1 - share), "how often the judge is wrong"),
        (told(lambda share, count: max(share, 1 - share)), "as it is"),
        (told(lambda share, count: 0.5 + abs(share - 0.5)), "as it is"),
        (told(lambda share, count: max(share, 0.5)), "another one"),
        (told(lambda share, count: share * count), "return their share"),
        (told(lambda share, count: share / 3), "another one"),
        (swapped_sides, "taught as side 1"),
        (asks_one_set, "whole second half of set 2"),
        (lambda first, second, learn: learn(first, [0]), "expected [N, P] and [N]"),
        (told(lambda share, count: [share]), "axis too many"),
    ],
    "ceiling": [
        (lambda c, k, g: by_counter(c, k, 1), "of one guess"),
        (lambda c, k, g: g * by_counter(c, k, 1), "do not multiply"),
        (lambda c, k, g: 1 - (1 - by_counter(c, k, 1)) ** g, "do not multiply"),
        (
            lambda c, k, g: by_counter(np.zeros_like(c), k, g),
            "the same for all",
        ),
        (lambda c, k, g: by_counter(k, c, g), "swapped"),
        (shares_of_codes, "count letters"),
        (lambda c, k, g: by_counter(c, k, g) * len(c), "divide by all"),
        (rarest, "rarest"),
        (lambda c, k, g: 1 - by_counter(c, k, g), "even the best reader"),
    ],
    "missing_control": [
        ((1, 2, 3, 4), "report 1"),
        ((4, 1, 3, 2), "report 2"),
        ((4, 2, 1, 3), "report 3"),
        ((4, 2, 3, 2), "report 4"),
        ((4, 2, 3, 0), "by its number"),
        (4231, "expected 4 results"),
    ],
}
