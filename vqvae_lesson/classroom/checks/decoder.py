"""Checks of chapter 03: the decoder."""

import math

import keras
import numpy as np
import tensorflow as tf

from vqvae_lesson.classroom.checks.verdict import (
    RIGHT,
    Fault,
    agrees,
    check_each,
    check_function,
    check_value,
    compare,
    numbers,
    refuse,
)

NOT_NUMPY = {"tensorflow", "keras", "scipy", "math"}
SILENCERS = {"errstate", "seterr", "warnings", "filterwarnings"}
LOWEST = 0.001  # probability that a decoder that sees nothing may name


def _spread_length(size, width, stride):
    """Ask Keras how long the output of a transposed convolution is."""
    layer = keras.layers.Conv1DTranspose(1, width, stride)
    return layer.compute_output_shape((1, size, 1))[1]


def windows_over(answer, size, width, stride):
    """Check how many windows cover each place of a transposed convolution."""
    length = _spread_length(size, width, stride)
    begins = [stride * number for number in range(size)]
    covered = np.array(
        [sum(b <= place < b + width for b in begins) for place in range(length)]
    )
    cut = (width - stride) // 2
    mistakes = {
        "each number is spread over a whole window, not over one place.": [
            np.isin(np.arange(length), begins).astype(int),
            np.ones(length, int),
        ],
        "with stride 1 the windows would stand so: let each begin 2 places on.": (
            np.convolve(np.ones(size, int), np.ones(width, int))
        ),
        "the rim is cut off, as padding 'same' does: here it stays.": [
            covered[cut : cut + size * stride],
            covered[width - stride - cut :][: size * stride],
        ],
        "windows next to each other, without a place in common? They overlap.": (
            np.ones(size * width, int)
        ),
    }
    return check_value(answer, covered, mistakes, "dark and light stripes.")


def pixel_means(answer):
    """Check a function from logits to the mean of each pixel, without overflow."""
    overflows = []

    def watched(logits):
        overflows.clear()
        with np.errstate(over="call", call=lambda *_: overflows.append(True)):
            return answer(logits)

    def small(found, logits):
        if not agrees(found, tf.sigmoid(logits)) or (
            not agrees(1 - numbers(found), tf.sigmoid(-logits))
        ):
            raise Fault(
                "cut off or rounded: near 0 and near 1, too, each logit has a mean of "
                "its own."
            )

    def judge(found, logits):
        if overflows:
            raise Fault(
                "NumPy warns of an overflow: exp of 1000 is too large for a float. "
                "np.where does not help, since it computes both of its branches."
            )
        compare(found, tf.sigmoid(logits), {})

    cases = [
        (np.array([-2.0, 0.0, 2.0]),),
        (np.array([[-100.0, 100.0], [1.0, 30.0]]),),
    ]
    mistakes = {
        "this grows without end: a mean of 0s and 1s lies between 0 and 1.": np.exp,
        "the sign of the logit is the wrong way round.": lambda logits: tf.sigmoid(
            -logits
        ),
        "this is a softmax over all pixels: each pixel stands for itself.": (
            lambda logits: np.exp(logits) / np.exp(logits).sum()
        ),
        "this is tanh, between -1 and 1: a probability is never below 0.": np.tanh,
        "this is 0 or 1: a mean may lie in between.": lambda logits: [
            np.float64(logits > 0),
            np.float64(logits >= 0),
        ],
    }
    given = check_function(
        answer,
        cases,
        tf.sigmoid,
        mistakes,
        fresh=lambda random: [(random.normal(0, 9, [3, 2, 4]),)],
    )
    if given.state != RIGHT:
        return given
    praise = "every case agrees, and nothing overflows."
    large = [(np.array([-1000.0, 1000.0]),), (np.array([[1e5], [0], [-1e5]]),)]
    given = check_each(watched, large, judge, praise)
    if given.state != RIGHT:
        return given
    far = [(np.array([-12.0, -14.0]),), (np.array([12.0, 14.0]),)]
    given = check_each(answer, far, small, praise)
    if given.state != RIGHT:
        return given
    return (
        refuse(answer, NOT_NUMPY, "write it with NumPy alone, to see how it is done.")
        or refuse(
            answer,
            SILENCERS,
            "a warning that is silenced computes the same large number: avoid it.",
        )
        or given
    )


def range_of_means(answer):
    """Check the lowest and highest mean behind one sigmoid too many."""
    once = tf.sigmoid(tf.constant([-np.inf, np.inf], tf.float64))
    low, high = tf.sigmoid(once).numpy()
    mistakes = {
        "that is the range of one sigmoid: send it through another.": (0.0, 1.0),
        "the lowest comes first.": (high, low),
        "what goes into the second sigmoid is never below 0.": (1 - high, high),
    }
    return check_value(answer, (low, high), mistakes)


def blind_price(answer):
    """Check the price of held-out letters under the best single picture."""
    grey, ink, paper = 0.5, 1.0, 0.0
    small = np.array([[grey, paper], [ink, paper], [ink, grey], [grey, grey]])
    other = np.array([[ink, paper], [grey, ink], [paper, paper]])
    random = np.random.default_rng(0)
    cases = [
        (small.reshape(4, 1, 2, 1), other.reshape(3, 1, 2, 1)),
        (np.array([[[[ink]]], [[[ink]]]]), np.array([[[[ink]]], [[[paper]]]])),
        (random.random([20, 4, 3, 1]), random.random([7, 4, 3, 1])),
        (np.array([[[[paper]]], [[[paper]]]]), np.array([[[[ink]]], [[[paper]]]])),
    ]

    def nats(images, picture, lowest=LOWEST):
        picture = np.clip(picture, lowest, 1 - lowest) + 0 * images
        return -(images * np.log(picture) + (1 - images) * np.log(1 - picture))

    def price(train, held_out):
        return nats(held_out, train.mean(0)).sum((1, 2, 3)).mean()

    def unclipped(train, held_out):
        return nats(held_out, train.mean(0), lowest=0).sum((1, 2, 3)).mean()

    mistakes = {
        "the picture may be learned from the training letters alone: this one has "
        "seen the letters that it is judged by.": (
            lambda train, held_out: price(held_out, held_out)
        ),
        "the price is asked for the letters held out, not for those learned from.": (
            lambda train, held_out: price(train, train)
        ),
        "one grey for all pixels: a decoder may draw each pixel as it is on average.": (
            lambda train, held_out: nats(held_out, train.mean()).sum((1, 2, 3)).mean()
        ),
        "the pixels of a letter are added up: there is no mean over pixels.": (
            lambda train, held_out: nats(held_out, train.mean(0)).mean()
        ),
        "a mean over letters is asked for, not their sum.": (
            lambda train, held_out: nats(held_out, train.mean(0)).sum()
        ),
        "a price is minus a logarithm: the sign is the wrong way round.": (
            lambda train, held_out: -price(train, held_out)
        ),
        "in bits: nats take the natural logarithm.": (
            lambda train, held_out: price(train, held_out) / math.log(2)
        ),
        "one number for all letters, please: the mean of what each of them costs.": (
            lambda train, held_out: nats(held_out, train.mean(0)).sum((1, 2, 3))
        ),
        "the logarithm of 0: keep every probability between 0.001 and 0.999.": (
            lambda train, held_out: [
                unclipped(train, held_out),
                *((np.inf, np.nan) if train.mean(0).max() in (ink, paper) else ()),
            ]
        ),
    }
    return check_function(
        answer,
        cases,
        price,
        mistakes,
        fresh=lambda random: [
            (random.random([9, 3, 5, 1]) ** 2, random.random([4, 3, 5, 1]))
        ],
    )


def picture_count(answer, levels, numbers):
    """Check how many pictures rounded latents can ask for, and what one costs."""
    pictures = levels**numbers
    exact = numbers * math.log2(levels)
    mistakes = {
        "each number chooses for itself: multiply, do not add.": (
            levels * numbers,
            math.ceil(math.log2(levels * numbers)),
        ),
        "which is the base and which the exponent?": (
            numbers**levels,
            math.ceil(levels * math.log2(numbers)),
        ),
        "that is what one number alone can say.": (
            levels,
            math.ceil(math.log2(levels)),
        ),
        "whole bits for each number waste some: number all the pictures instead.": (
            pictures,
            numbers * math.ceil(math.log2(levels)),
        ),
        "a message is made of whole bits: round up.": [
            (pictures, exact),
            (pictures, math.floor(exact)),
        ],
    }
    return check_value(answer, (pictures, math.ceil(exact)), mistakes)
