"""Checks of chapter 06: gradients, straight-through and the terms of the loss."""

import numpy as np
import tensorflow as tf

from vqvae_lesson import losses
from vqvae_lesson.classroom.checks.gradients import check_gradients, is_zero
from vqvae_lesson.classroom.checks.verdict import (
    RIGHT,
    Fault,
    agrees,
    check_each,
    check_function,
    check_value,
    compare,
    numbers,
    parts,
    refuse,
)
from vqvae_lesson.quantizer import lookup, nearest_code

SQUARE_MISTAKES = {
    "the difference is not squared.": lambda latents, quantized: [
        tf.reduce_mean(tf.abs(latents - quantized)),
        tf.reduce_mean(latents - quantized),
        tf.reduce_mean(quantized - latents),
    ],
    "this is the root: leave it out.": lambda latents, quantized: [
        tf.sqrt(tf.reduce_mean((latents - quantized) ** 2)),
        tf.norm(latents - quantized),
    ],
}
NOT_NUMPY = {"tensorflow", "keras", "scipy"}
RATE, MOST_STEPS = 0.1, 200
SURE = 10  # a logit that leaves no doubt


def _pair(random, *shape):
    """Latents and the codes they chose."""
    return tuple(
        tf.constant(random.integers(-3, 4, shape), tf.float32) for _ in range(2)
    )


def gradient_at_the_weight(answer, x, weight, codes, target):
    """Check the gradient that reaches a weight in front of a straight-through step.

    The latent is weight · x, the loss (d - target)² of what comes out.
    """
    codebook = tf.constant(codes, tf.float32)[:, None]

    def slope(forward):
        weights = tf.Variable([[float(weight)]])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((forward(weights * x) - target) ** 2)
        gradient = tape.gradient(loss, weights, unconnected_gradients="zero")
        return gradient.numpy().item()

    def straight(index_of):
        return lambda latents: losses.straight_through(
            latents, lookup(codebook, index_of(latents))
        )

    right = slope(straight(lambda latents: nearest_code(latents, codebook)))
    at_code = right / x
    at_latent = slope(tf.identity)
    at_other = slope(straight(lambda latents: tf.argmax(abs(codebook - latents), 0)))
    mistakes = {
        "this slope is taken at the latent: what did the decoder see?": [
            at_latent,
            at_latent / x,
        ],
        "straight-through lets the gradient pass: it is not 0.": 0.0,
        "the sign is the wrong way round: does the loss rise with the weight?": [
            -right,
            -at_code,
        ],
        "the slope of a square has a factor of 2.": [right / 2, at_code / 2],
        "this reaches the latent: one factor is left on the way to the weight.": (
            at_code
        ),
        "for each step of the weight the latent moves by x, not by the weight.": (
            at_code * weight
        ),
        "that is the loss: what is its slope?": (at_code / 2) ** 2,
        "the latent chooses the nearer code, and this is the other one.": [
            at_other,
            at_other / x,
        ],
        "multiply the slopes along the way, do not add them.": at_code + x,
    }
    return check_value(answer, right, mistakes)


def trap(answer):
    """Check a latent and two codes, of which straight-through finds the worse one.

    The reader's function takes the place of the valley, v, where the loss (d - v)² is
    0, and gives latent, its code, and the other code, to the left of the latent.
    """

    def judge(found, valley):
        latent, code, other = (_one_number(part) for part in parts(found, 3))
        _expect_trap(latent, code, other, valley)

    return check_each(
        answer,
        [(2.0,), (-3.5,), (10.0,), (0.0,)],
        judge,
        "each step follows the guess, and at the border the loss rises.",
        fresh=lambda random: [(float(random.normal(0, 9)),) for _ in range(3)],
    )


def _one_number(part):
    """Return a part as one finite number."""
    part = numbers(part)
    if part.size != 1 or not np.isfinite(part).all():
        raise Fault("expected three finite numbers: latent, its code, other code.")
    return float(part.item())


def _expect_trap(latent, code, other, valley):
    """Raise the fault of a trap that is none, or that leads to the right."""
    if abs(latent - other) <= abs(latent - code):
        raise Fault(
            "the latent would choose the other code, which is no farther away: its "
            "own code comes second, the other one third."
        )
    slope = 2 * (code - valley)
    if abs(slope) < 1e-6:
        raise Fault(
            "the code stands in the valley, where the slope is 0: the latent never "
            "moves."
        )
    if slope < 0:
        raise Fault(
            "the slope at this code is negative, so the latent goes to the right: "
            "the trap shall lead to the left."
        )
    if other > latent:
        raise Fault(
            "the latent goes to the left, away from the other code: put that code "
            "on the left."
        )
    if abs(other - valley) <= abs(code - valley):
        raise Fault(
            "the latent comes to a code that costs no more than its own: this guess "
            "is a good one. Put the other code farther from the valley."
        )
    steps = (latent - (code + other) / 2) / (RATE * slope)
    if steps > MOST_STEPS:
        raise Fault(
            f"after {MOST_STEPS} steps at a rate of {RATE} the latent has not reached "
            "the border yet: bring the border nearer, or make the slope steeper."
        )


def rounding(answer):
    """Check a straight-through step for rounding to whole numbers."""
    case = (tf.constant([[[0.2, 0.7]], [[-1.6, 2.4]]]),)

    def reference(numbers):
        return numbers + tf.stop_gradient(tf.round(numbers) - numbers)

    mistakes = {
        "this returns the numbers as they came: forward, they must be whole.": (
            tf.identity
        ),
        "this always rounds down: 0.7 is nearer to 1.": tf.floor,
        "this always rounds up: 0.2 is nearer to 0.": tf.math.ceil,
        "this cuts off what stands behind the point: 0.7 is nearer to 1.": (
            lambda numbers: tf.cast(tf.cast(numbers, tf.int32), tf.float32)
        ),
        "this is the difference alone: add it to the numbers.": lambda numbers: [
            tf.round(numbers) - numbers,
            numbers - tf.round(numbers),
        ],
        "the numbers come on top of the whole ones: what must be subtracted?": (
            lambda numbers: numbers + tf.round(numbers)
        ),
        "the difference has the wrong sign.": lambda numbers: (
            2 * numbers - tf.round(numbers)
        ),
    }

    def fresh(random):
        """Draw numbers none of which lies half-way."""
        shape = [3, 2, 5]
        whole, rest = random.integers(-9, 10, shape), random.uniform(-0.4, 0.4, shape)
        return [(tf.constant(whole + rest, tf.float32),)]

    verdict = check_function(answer, [case], reference, mistakes, fresh=fresh)
    if verdict.state != RIGHT:
        return verdict

    def hint_for(found, expected, numbers):
        if is_zero(found[0]):
            return (
                "the values are right, but no gradient reaches the numbers: the slope "
                "of a staircase is 0, and stopped numbers have none."
            )
        reached = np.asarray(found[0]) != 0
        if np.allclose(found[0], np.where(reached, expected[0], 0)):
            return (
                "at some numbers the gradient passes, at others not: rounding is as "
                "good a guess far from 0."
            )
        if np.shape(found[0]) == np.shape(expected[0]) and (
            np.abs(found[0]).max() < np.abs(expected[0]).max()
            and np.isclose(found[0], expected[0]).any()
        ):
            return "small gradients pass, and large ones are cut: let all pass."
        return (
            "the values are right, but the gradient that arrives is not the one that "
            "was sent: let it pass once, unchanged."
        )

    far = (tf.constant([[[3.3, -12.8, 40.3, -170.7, 1000.4]]]),)
    return check_gradients(
        answer,
        reference,
        [case, far],
        hint_for,
        "whole numbers forward, the whole gradient backward.",
        fresh,
    )


def reconstruction(answer):
    """Check the cross-entropy of images under logits, extreme ones too."""
    random = np.random.default_rng(1)
    images = random.uniform(size=[3, 2, 2, 1]).astype(np.float32)
    logits = random.normal(size=[3, 2, 2, 1]).astype(np.float32)
    sure = np.array([40.0, -40, 200, -200, 1000, -1000], np.float32)
    grey = np.array([0.0, 1, 0.5, 0, 0.25, 1], np.float32)
    cases = [(images, logits), (grey.reshape(3, 1, 2, 1), sure.reshape(3, 1, 2, 1))]

    def each(images, logits):
        return np.float64(losses.reconstruction_loss(images, logits))

    mistakes = {
        "this is the mean over pixels: sum over the pixels of an image.": (
            lambda images, logits: each(images, logits) / images[0].size
        ),
        "this is the sum over the batch: take the mean over images.": (
            lambda images, logits: each(images, logits) * len(images)
        ),
        "this is the sum over one axis too few: one number an image, then a mean.": (
            lambda images, logits: [
                sum(_nats(images, logits)).sum((1, 2, 3)),
                *(each(images, logits) / size for size in {*images.shape[1:3]} - {1}),
            ]
        ),
        "this is a log-probability: the loss is its negative.": lambda *case: (
            -each(*case)
        ),
        "ink is paid for, paper is not: add (1 - x) log(1 - p).": lambda *case: (
            _nats(*case)[0].sum((1, 2, 3)).mean()
        ),
        "paper is paid for, ink is not: add x log p.": lambda *case: (
            _nats(*case)[1].sum((1, 2, 3)).mean()
        ),
        "ink and paper are the wrong way round: look at the sign of the logits.": (
            lambda images, logits: each(images, -logits)
        ),
        "this is in bits: use the natural logarithm for nats.": lambda *case: (
            each(*case) / np.log(2)
        ),
        "the logits went through a sigmoid twice: they go into the formula as "
        "they are.": lambda images, logits: each(images, 1 / (1 + np.exp(-logits))),
        "are these logits or probabilities? A logit must go through the sigmoid "
        "before its logarithm is taken.": lambda images, logits: [
            scale * _clipped(images, logits.astype(kind), least)
            for least in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)
            for kind in (np.float32, np.float64)
            for scale in (1, 1 / images[0].size)
            if np.abs(logits).max() < SURE
        ],
    }

    def judge(found, images, logits):
        found, expected = numbers(found), each(images, logits)
        sure = np.abs(logits).max() >= SURE
        if found.shape == () and not np.isfinite(found):
            raise Fault(NOT_FINITE[sure])
        known = {hint: mistake(images, logits) for hint, mistake in mistakes.items()}
        wrongs = [
            one
            for wrong in known.values()
            for one in (wrong if isinstance(wrong, list) else [wrong])
        ]
        cheap = sure and found.shape == () and found < expected
        if cheap and not any(agrees(found, one) for one in [expected, *wrongs]):
            raise Fault(
                "right for ordinary logits, too cheap for extreme ones: a pixel that "
                "is sure and wrong costs about its logit. Is p clipped?"
            )
        compare(found, expected, known)

    def fresh(random):
        shape = [5, 3, 4, 2]
        images, logits = random.uniform(0, 0.6, shape), random.normal(0, 2, shape)
        return [(images.astype(np.float32), logits.astype(np.float32))]

    verdict = check_each(answer, cases, judge, fresh=fresh)
    if verdict.state != RIGHT:
        return verdict
    hint = "TensorFlow does it for you: write it with NumPy, to see how it is done."
    return refuse(answer, NOT_NUMPY, hint) or verdict


NOT_FINITE = {
    False: (
        "the result holds NaN or infinity: are these logits or probabilities? The "
        "logarithm of a negative logit does not exist."
    ),
    True: (
        "the result holds NaN or infinity: for a logit of 1000 p is rounded to 1, "
        "log(1 - p) becomes -∞, and e^1000 is too large. Use none of them."
    ),
}


def _nats(images, logits):
    """Price ink and paper in each pixel."""
    ink, paper = np.logaddexp(0, -logits), np.logaddexp(0, logits)
    return images * ink, (1 - images) * paper


def _clipped(images, logits, least):
    """Price pixels as one who takes logits for probabilities, and clips them."""
    p = np.clip(logits, least, 1 - least)
    nats = -images * np.log(p) - (1 - images) * np.log(1 - p)
    return nats.sum((1, 2, 3)).mean()


def two_terms(answer):
    """Check the paper's two terms: one pulls the codes, one the latents, by β."""

    def reference(latents, quantized, beta):
        codebook_loss = losses.commitment_loss(quantized, latents)
        return codebook_loss + beta * losses.commitment_loss(latents, quantized)

    mistakes = {
        "a sum where the mean over all numbers belongs.": lambda z, q, beta: [
            tf.reduce_sum((z - q) ** 2, axis=axes) * (1 + beta)
            for axes in (None, -1, (1, 2))
        ],
        "the sum is divided, but not by how many numbers there are: B · L · D.": (
            lambda z, q, beta: [
                tf.reduce_sum((z - q) ** 2) * (1 + beta) / count
                for count in {2, 4, *_products(*z.shape)} - {1, tf.size(z).numpy()}
            ]
        ),
        "β is left out.": lambda z, q, beta: 2 * losses.commitment_loss(z, q),
        "β weighs both terms here: it belongs to the commitment alone.": (
            lambda z, q, beta: 2 * beta * losses.commitment_loss(z, q)
        ),
        "only one of the two terms is here.": lambda z, q, beta: [
            losses.commitment_loss(z, q),
            beta * losses.commitment_loss(z, q),
        ],
        "the terms are subtracted: both are costs, to be added.": lambda z, q, beta: [
            (1 - beta) * losses.commitment_loss(z, q),
            (beta - 1) * losses.commitment_loss(z, q),
        ],
        "the sign is the wrong way round: a distance is positive.": (
            lambda *case: -reference(*case)
        ),
        **{
            hint: lambda z, q, beta, mistake=mistake: [
                (1 + beta) * one for one in mistake(z, q)
            ]
            for hint, mistake in SQUARE_MISTAKES.items()
        },
    }
    seeded = np.random.default_rng(0)
    cases = [
        (*_pair(seeded, 2, 1, 3), 0.25),
        (*_pair(seeded, 3, 2, 4), 3.0),
    ]

    def fresh(random):
        return [(*_pair(random, 4, 3, 5), float(random.uniform(0.3, 2)))]

    verdict = check_function(answer, cases, reference, mistakes, fresh=fresh)
    if verdict.state != RIGHT:
        return verdict

    def hint_for(found, expected, latents, quantized, beta):
        to_latents, to_codes = expected
        strong = to_latents / beta
        if agrees(found[0], strong) and agrees(found[1], beta * to_codes):
            return (
                "the value is right, but β weighs the term that pulls the codes: it "
                "belongs to the one that pulls the latents."
            )
        if is_zero(found[0]):
            return (
                "the value is right, but no gradient reaches the latents: in one term "
                "the codes are to be stopped."
            )
        if is_zero(found[1]) and agrees(found[0], to_latents - strong):
            return (
                "the value is right, but the codes feel nothing, and the latents are "
                "driven away from them: what did the straight-through step stop?"
            )
        if is_zero(found[1]):
            return (
                "the value is right, but no gradient reaches the codes: in one term "
                "the latents are to be stopped."
            )
        if agrees(found[0], strong + to_latents) or agrees(
            found[1], to_codes + beta * to_codes
        ):
            return (
                "the value is right, but nothing is stopped, or not enough: one "
                "of the two is pulled by both terms."
            )
        return (
            "the value is right, but the pulls are not: the codes should feel the "
            "first term alone, the latents the second."
        )

    return check_gradients(
        answer,
        reference,
        cases,
        hint_for,
        "one value, two pulls: the codes by 1, the latents by β.",
        fresh,
    )


def _products(*sizes):
    """List what one may take for the number of numbers: products of sizes."""
    return {one * other for one in sizes for other in (1, *sizes)}
