"""Answers to the exercises of the chapter on priors: right, wrong, with a bug."""

import numpy as np
import tensorflow as tf


def class_counts_by_loop(indices, labels, num_classes, num_codes):
    shares = []
    for label in range(num_classes):
        rows = [row for row, one in zip(indices, labels, strict=True) if one == label]
        shares.append([])
        for place in range(len(indices[0])):
            counts = [1] * num_codes
            for row in rows:
                counts[row[place]] += 1
            shares[-1].append([count / sum(counts) for count in counts])
    return shares


def class_counts_added(indices, labels, num_classes, num_codes, start=1.0):
    counts = np.full([num_classes, indices.shape[1], num_codes], start)
    places = np.arange(indices.shape[1])
    np.add.at(counts, (labels[:, None], places, indices), 1)
    return counts / counts.sum(axis=-1, keepdims=True)


def raw_counts(indices, labels, num_classes, num_codes):
    counts = np.zeros([num_classes, indices.shape[1], num_codes])
    np.add.at(counts, (labels[:, None], np.arange(indices.shape[1]), indices), 1)
    return counts


def mask_by_loop(places, known):
    return [
        [place <= known - places + number for place in range(known)]
        for number in range(places)
    ]


def mask_with_tensorflow(places, known):
    ones = tf.ones([places, known])
    return tf.linalg.band_part(ones, -1, known - places) > 0


def mask_by_rule(rule):
    def answer(places, known):
        at = np.arange(known - places, known)[:, None]
        return rule(np.arange(known), at)

    return answer


def leaks_by_loop(logits_of, length, num_codes, codes=None, places=None, own=1):
    row = [0] * length
    before = logits_of(row)
    for place in range(length) if places is None else places:
        for code in range(1, num_codes):
            other = [*row]
            other[place] = code
            after = logits_of(other)
            if not np.allclose(before[: place + own], after[: place + own]):
                return True
    return False


def leaks_by_chance(logits_of, length, num_codes):
    random = np.random.default_rng(0)
    for place in range(length):
        for _ in range(9):
            row, other = random.integers(num_codes, size=[2, length])
            other[:place] = row[:place]
            one, two = logits_of(row), logits_of(other)
            if np.abs(np.subtract(one, two))[: place + 1].max() > 1e-9:
                return True
    return False


def cooled_logits(probabilities, temperature):
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities) / temperature
    return tf.nn.softmax(logits)


def cooled_by_loop(probabilities, temperature):
    raised = [one ** (1 / temperature) for one in probabilities]
    return [one / sum(raised) for one in raised]


def softmax(numbers):
    return np.exp(numbers) / np.exp(numbers).sum()


ARGUMENTS = {}
VALUES = {}
BUGS = {}
RIGHT = {
    "class_counts": [class_counts_by_loop, class_counts_added],
    "mask": [mask_by_loop, mask_with_tensorflow],
    "leaks": [leaks_by_loop, leaks_by_chance],
    "cooled": [cooled_logits, cooled_by_loop],
}
WRONG = {
    "class_counts": [
        (raw_counts, "these are the counts"),
        (lambda *case: raw_counts(*case) + 1, "these are the counts"),
        (lambda *case: class_counts_added(*case, start=1e-12), "0 here"),
        (
            lambda *case: (
                raw_counts(*case)
                / np.maximum(raw_counts(*case).sum(axis=-1, keepdims=True), 1e-300)
            ),
            "0 here",
        ),
        (
            lambda *case: (
                (raw_counts(*case) + 1) / raw_counts(*case).sum(axis=-1, keepdims=True)
            ),
            "sum to 1",
        ),
        (
            lambda i, c, n, k: class_counts_added(i, 0 * c, 1, k).repeat(n, axis=0),
            "all classes",
        ),
        (
            lambda i, c, n, k: class_counts_added(
                i.reshape(-1, 1), c.repeat(i.shape[1]), n, k
            ).repeat(i.shape[1], axis=1),
            "all places",
        ),
        (
            lambda *case: (
                (raw_counts(*case) + 1)
                / (raw_counts(*case) + 1).sum(axis=(1, 2), keepdims=True)
            ),
            "draw of its own",
        ),
        (
            lambda *case: (
                (raw_counts(*case) + 1)
                / (raw_counts(*case) + 1).sum(axis=0, keepdims=True)
            ),
            "given a class",
        ),
        (
            lambda *case: class_counts_added(*case).transpose(1, 0, 2),
            "order of the axes",
        ),
    ],
    "mask": [
        (mask_by_rule(lambda to, at: to <= at + 1), "sees the next one"),
        (mask_by_rule(lambda to, at: to < at), "look at itself"),
        (mask_by_rule(lambda to, at: to >= at), "look ahead"),
        (mask_by_rule(lambda to, at: to > at), "turned"),
        (lambda places, known: np.ones([places, known]), "nothing is hidden"),
        (lambda places, known: np.tril(np.ones([places, known])), "not the first"),
        (lambda places, known: np.tril(np.ones([known, known])), "expected [1, 4]"),
    ],
    "leaks": [
        (lambda *_: False, "it is to foretell passes"),
        (lambda *_: True, "as it should, is said to leak"),
        (lambda *case: leaks_by_loop(*case, own=0), "it is to foretell passes"),
        (lambda *case: leaks_by_loop(*case, own=2), "is said to leak"),
        (lambda *case: leaks_by_loop(*case, places=[2]), "last code, from the first"),
        (lambda *case: leaks_by_loop(*case, places=[5]), "in the middle"),
        (
            lambda logits_of, length, num_codes: leaks_by_loop(
                logits_of, length, num_codes, places=range(length - 1)
            ),
            "passes",
        ),
        (lambda logits_of, length, num_codes: logits_of([0, 1, 2]), "given shape [3]"),
        (lambda *_: 3, "True if something leaks"),
    ],
    "cooled": [
        (lambda p, t: p ** (1 / t), "no longer sum to 1"),
        (lambda p, t: p**t / (p**t).sum(), "wrong way round"),
        (lambda p, t: softmax(p / t), "divided as they are"),
        (lambda p, t: p / t / (p / t).sum(), "nothing has changed"),
        (
            lambda p, t: np.full(len(p), np.nan) if 0 in p else cooled_by_loop(p, t),
            "0 to any power",
        ),
    ],
}
