"""Answers to the exercises of the chapter on several devices: right, and wrong."""

import numpy as np
import tensorflow as tf


def counted(latents, indices, num_codes):
    counts, sums = np.zeros(num_codes), np.zeros([num_codes, latents.shape[1]])
    for latent, index in zip(latents, indices, strict=True):
        counts[index] += 1
        sums[index] += latent
    return counts, sums


def both_added(latents, indices, num_codes, add_up):
    counts, sums = counted(latents, indices, num_codes)
    return add_up(counts), add_up(sums)


def added_as_one(latents, indices, num_codes, add_up):
    counts, sums = counted(latents, indices, num_codes)
    both = add_up(np.concatenate([counts[:, None], sums], axis=1))
    return both[:, 0], both[:, 1:]


def added_by_segments(latents, indices, num_codes, add_up):
    add = tf.math.unsorted_segment_sum
    sums = add_up(add(latents, indices, num_codes))
    return add_up(add(tf.ones(len(indices)), indices, num_codes)), sums


def code_by_code(latents, indices, num_codes, add_up):
    """Ask for a sum only for the codes that are chosen here: the others wait."""
    counts, sums = counted(latents, indices, num_codes)
    for code in np.unique(indices):
        counts[code], sums[code] = add_up(counts[code]), add_up(sums[code])
    return counts, sums


def means_added(latents, indices, num_codes, add_up):
    counts, sums = counted(latents, indices, num_codes)
    return add_up(counts), add_up(sums / np.maximum(counts, 1)[:, None])


def without_end(latents, indices, num_codes, add_up):
    sums = counted(latents, indices, num_codes)[1]
    for _ in range(30):
        sums = add_up(sums)
    return sums[:, 0], sums


def short_rows(latents, indices, num_codes, add_up):
    counts, sums = counted(latents, indices, indices.max() + 1)
    return add_up(counts), add_up(sums)


def halves(function, part):
    def changed(*case):
        results = list(both_added(*case))
        results[part] = function(*case[:3])[part]
        return tuple(results)

    return changed


def sent(parameters, num_codes, code_size, replicas):
    """Follow one replica around the ring: a part in each of 2 (R - 1) rounds."""
    rounds, total = 2 * (replicas - 1), []
    for amount in (parameters, num_codes * code_size + num_codes):
        total.append(sum(4 * amount / replicas for _ in range(rounds)))
    return tuple(total)


def sent_in_tensors(parameters, num_codes, code_size, replicas):
    numbers = tf.constant([parameters, num_codes + num_codes * code_size], tf.float32)
    return tf.unstack(8 * numbers * (1 - 1 / replicas))


def scaled(function, factor):
    return lambda *case: tuple(factor(*case) * one for one in function(*case))


def passed_by(shares, latents, replicas):
    """One latent after the other passes each code by."""
    left, on_one = np.ones(len(shares)), None
    for number in range(latents):
        left = left * (1 - shares)
        if number + 1 == latents // replicas:
            on_one = left.sum()
    return on_one, left.sum()


def passed_by_logarithms(shares, latents, replicas):
    share = tf.math.log1p(-tf.constant(shares, tf.float64))
    counts = latents / replicas, latents
    return tuple(tf.reduce_sum(tf.exp(count * share)) for count in counts)


ARGUMENTS = {}
VALUES = {}
BUGS = {}
RIGHT = {
    "statistics": [both_added, added_as_one, added_by_segments],
    "bytes_sent": [sent, sent_in_tensors],
    "unseen": [passed_by, passed_by_logarithms],
}
WRONG = {
    "statistics": [
        (lambda z, i, k, add_up: counted(z, i, k), "still has its own"),
        (halves(counted, 0), "counts are those of one replica"),
        (halves(counted, 1), "sums are those of one replica"),
        (
            lambda *case: tuple(one / 2 for one in both_added(*case)),
            "means over the replicas",
        ),
        (
            lambda *case: (
                both_added(*case)[0],
                both_added(*case)[1] / np.maximum(both_added(*case)[0], 1)[:, None],
            ),
            "means already",
        ),
        (means_added, "each replica's means were added up"),
        (lambda *case: both_added(*case)[::-1], "the counts come first"),
        (
            lambda z, i, k, add_up: tuple(
                add_up(one) for one in both_added(z, i, k, add_up)
            ),
            "added up again",
        ),
        (code_by_code, "one would wait for ever"),
        (without_end, "sums without end"),
        (short_rows, "all must hand over one"),
        (lambda z, i, k, add_up: add_up([np.zeros(2), np.zeros(3)]), "one array"),
    ],
    "bytes_sent": [
        (lambda p, k, d, r: sent(p, k, d - 1, r), "the counts are missing"),
        (scaled(sent, lambda *_: 1 / 4), "these are numbers"),
        (scaled(sent, lambda *_: 1 / 2), "one time around"),
        (scaled(sent, lambda p, k, d, r: r / (r - 1)), "its own part"),
        (scaled(sent, lambda p, k, d, r: r), "all replicas together"),
        (scaled(sent, lambda p, k, d, r: r / 2), "sending all to all"),
        (lambda *case: sent(*case)[::-1], "the gradients come first"),
        (lambda p, k, d, r: sent(p + k * d, k, d, r), "codes have no gradient"),
    ],
    "unseen": [
        (lambda *case: passed_by(*case)[::-1], "the first is for one replica"),
        (lambda p, n, r: passed_by(p, n * r, r), "of the whole batch"),
        (scaled(passed_by, lambda p, n, r: 1 / len(p)), "how many of them"),
        (
            lambda p, n, r: tuple(len(p) - one for one in passed_by(p, n, r)),
            "codes that are seen",
        ),
        (
            lambda p, n, r: passed_by(np.full(len(p), 1 / len(p)), n, r),
            "a share of its own",
        ),
        (
            lambda p, n, r: (passed_by(p, n, r)[0], r * passed_by(p, n, r)[0]),
            "not once a replica",
        ),
        (
            lambda p, n, r: (np.sum(p ** (n / r)), np.sum(p**n)),
            "passes a code by",
        ),
    ],
}
