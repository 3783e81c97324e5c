"""Checks of chapter 06: straight-through and the terms of the loss."""

import numpy as np
import tensorflow as tf

from vqvae_lesson import losses
from vqvae_lesson.classroom.checks.verdict import (
    RIGHT,
    Fault,
    agrees,
    check_each,
    check_function,
    check_value,
)

SQUARE_MISTAKES = {
    "the difference is not squared.": lambda latents, quantized: [
        tf.reduce_mean(tf.abs(latents - quantized)),
        tf.reduce_mean(latents - quantized),
    ],
    "this is the root: leave it out.": lambda latents, quantized: [
        tf.sqrt(tf.reduce_mean((latents - quantized) ** 2)),
        tf.norm(latents - quantized),
    ],
}
UPSTREAM = np.array([[[1.0, -2.0]], [[3.0, 0.5]]], np.float32)


def _pair(seed=0):
    """Latents and the codes they chose."""
    random = np.random.default_rng(seed)
    return tuple(
        tf.constant(random.integers(-3, 4, [2, 1, 2]), tf.float32) for _ in range(2)
    )


def _gradients(function, latents, quantized):
    """Gradients of a sum weighted by UPSTREAM, None if there is no tensor."""
    with tf.GradientTape() as tape:
        tape.watch([latents, quantized])
        result = function(latents, quantized)
        if not tf.is_tensor(result):
            return None
        weighted = tf.reduce_sum(tf.cast(result, tf.float32) * UPSTREAM)
    return tape.gradient(weighted, [latents, quantized], unconnected_gradients="zero")


def _check_gradients(answer, reference, hints, praise):
    """Compare gradients with respect to both arguments."""

    def judge(found, *case):
        if found is None:
            raise Fault(
                "the value is right, but no gradient can pass: use TensorFlow's "
                "operations throughout, not NumPy's."
            )
        expected = _gradients(reference, *case)
        for one, right, hint in zip(found, expected, hints, strict=True):
            if not agrees(one, right):
                raise Fault(hint)

    return check_each(lambda *case: _gradients(answer, *case), [_pair()], judge, praise)


def straight_through(answer):
    """Check the values and the gradients of a straight-through estimator."""
    verdict = check_function(
        answer,
        [_pair()],
        losses.straight_through,
        {
            "this returns the latents: forward, the decoder must see the codes.": (
                lambda latents, quantized: latents
            ),
            "the latents come on top of the codes: what must be subtracted?": (
                lambda latents, quantized: latents + quantized
            ),
            "the difference has the wrong sign.": (
                lambda latents, quantized: [
                    2 * latents - quantized,
                    2 * quantized - latents,
                ]
            ),
            "this is the difference alone: add it to the latents.": (
                lambda latents, quantized: [quantized - latents, latents - quantized]
            ),
        },
    )
    if verdict.state != RIGHT:
        return verdict
    return _check_gradients(
        answer,
        losses.straight_through,
        [
            "the values are right, but no gradient, or not all of it, reaches the "
            "latents: stop it around the difference only.",
            "a gradient reaches the codes: which part must be stopped?",
        ],
        "the codes forward, the whole gradient to the latents backward.",
    )


def reconstruction(answer):
    """Check the cross-entropy of images under logits."""
    random = np.random.default_rng(1)
    images = random.uniform(size=[3, 2, 2, 1]).astype(np.float32)
    logits = random.normal(size=[3, 2, 2, 1]).astype(np.float32)

    def each(images, logits):
        return np.float64(losses.reconstruction_loss(images, logits))

    def nats(images, logits):
        ink, paper = np.logaddexp(0, -logits), np.logaddexp(0, logits)
        return images * ink, (1 - images) * paper

    mistakes = {
        "this is the mean over pixels: sum over the pixels of an image.": (
            lambda *case: each(*case) / 4
        ),
        "this is the sum over the batch: take the mean over images.": (
            lambda *case: each(*case) * 3
        ),
        "this is the sum over one axis too few: one number an image, then a mean.": (
            lambda *case: [each(*case) / 2, sum(nats(*case)).sum((1, 2, 3))]
        ),
        "this is a log-probability: the loss is its negative.": lambda *case: (
            -each(*case)
        ),
        "the white pixels count, the black ones do not: add (1 - x) log(1 - p).": (
            lambda *case: nats(*case)[0].sum((1, 2, 3)).mean()
        ),
        "white and black are the wrong way round: look at the sign of the logits.": (
            lambda images, logits: each(images, -logits)
        ),
        "this is in bits: use the natural logarithm for nats.": lambda *case: (
            each(*case) / np.log(2)
        ),
    }
    return check_function(answer, [(images, logits)], each, mistakes)


def commitment(answer):
    """Check the value and the gradient of the commitment term."""
    mistakes = {
        "a sum where the mean over all numbers belongs.": lambda latents, quantized: [
            tf.reduce_sum((latents - quantized) ** 2, axis=axes) / count
            for axes, count in ((None, 1), (None, 2), (-1, 1), ((1, 2), 1))
        ],
        **SQUARE_MISTAKES,
        "the sign is the wrong way round: a distance is positive.": (
            lambda *case: -losses.commitment_loss(*case)
        ),
    }
    cases = [_pair(seed) for seed in range(2)]
    verdict = check_function(answer, cases, losses.commitment_loss, mistakes)
    if verdict.state != RIGHT:
        return verdict
    return _check_gradients(
        answer,
        losses.commitment_loss,
        [
            "the value is right, but the gradient does not reach the latents: the "
            "stop-gradient is on the wrong side.",
            "the value is right, but a gradient reaches the codes: stop it there.",
        ],
        "it pulls the latents to the codes, and leaves the codes alone.",
    )


def prior(answer):
    """Check the cost of naming codes, as a divergence from the uniform prior."""

    def reference(latent_size, num_codes):
        indices = tf.zeros([1, latent_size], tf.int32)
        return losses.prior_loss(indices, num_codes)

    mistakes = {
        "this is in bits: use the natural logarithm for nats.": lambda *case: (
            np.float64(reference(*case)) / np.log(2)
        ),
        "each of the latents has to be named.": lambda latent_size, num_codes: (
            reference(1, num_codes)
        ),
        "the logarithm of which number? Each latent has num_codes choices.": (
            lambda latent_size, num_codes: np.log(latent_size * num_codes)
        ),
        "the sign is the wrong way round: a cost is positive.": lambda *case: (
            -reference(*case)
        ),
        "latent_size and num_codes have changed places.": lambda *case: reference(
            *case[::-1]
        ),
        "this is the number of choices: take the logarithm.": (
            lambda latent_size, num_codes: [
                float(num_codes) ** latent_size,
                num_codes * latent_size,
            ]
        ),
    }
    return check_function(answer, [(1, 64), (4, 512), (49, 2)], reference, mistakes)


def weighted_total(answer):
    """Check how the terms are put together."""
    mistakes = {
        "β weighs the reconstruction here: it belongs to the commitment.": (
            lambda reconstruction, commitment, prior, weight: (
                weight * reconstruction + commitment + prior
            )
        ),
        "β weighs the prior here: it belongs to the commitment.": (
            lambda reconstruction, commitment, prior, weight: (
                reconstruction + commitment + weight * prior
            )
        ),
        "β is left out.": lambda *case: sum(case[:3]),
        "β weighs the whole sum here: it belongs to the commitment.": (
            lambda *case: case[3] * sum(case[:3])
        ),
        "β weighs the prior, too, here: it belongs to the commitment alone.": (
            lambda *case: case[0] + case[3] * (case[1] + case[2])
        ),
        "a term has the wrong sign: all three are costs, to be added.": (
            lambda reconstruction, commitment, prior, weight: [
                reconstruction + weight * commitment - prior,
                reconstruction - weight * commitment + prior,
                reconstruction - weight * commitment - prior,
                -reconstruction + weight * commitment + prior,
            ]
        ),
        "the prior is left out.": lambda *case: case[0] + case[3] * case[1],
    }
    cases = [(200.0, 3.0, 4.0, 0.25), (280.0, 10.0, 4.16, 2.0)]
    return check_function(answer, cases, losses.weighted_sum, mistakes)


def gradient_at_the_latent(answer, latent, code, target):
    """Check the gradient that reaches a latent through a straight-through step."""

    def slope(forward):
        latents = tf.Variable(latent)
        with tf.GradientTape() as tape:
            loss = (forward(latents) - target) ** 2
        gradient = tape.gradient(loss, latents, unconnected_gradients="zero")
        return float(gradient)

    right = slope(lambda latents: losses.straight_through(latents, tf.constant(code)))
    mistakes = {
        "the gradient is taken at the code, which the decoder saw.": slope(tf.identity),
        "straight-through lets the gradient pass: it is not 0.": 0.0,
        "the sign is the wrong way round: the loss falls as the latent rises.": -right,
        "the slope of a square has a factor of 2.": right / 2,
        "that is the loss: what is its slope?": (code - target) ** 2,
    }
    return check_value(answer, right, mistakes)


def codebook_loss(answer):
    """Check the value and the gradient of the paper's codebook loss."""

    def reference(latents, quantized):
        return losses.commitment_loss(quantized, latents)

    mistakes = {
        "a sum where the mean over all numbers belongs.": lambda latents, quantized: (
            tf.reduce_sum((latents - quantized) ** 2)
        ),
        **SQUARE_MISTAKES,
        "this is 0: latents and codes are both to be compared.": (
            lambda latents, quantized: 0.0
        ),
    }
    cases = [_pair(seed) for seed in range(2)]
    verdict = check_function(answer, cases, reference, mistakes)
    if verdict.state != RIGHT:
        return verdict
    return _check_gradients(
        answer,
        reference,
        [
            "the value is right, but a gradient reaches the latents: this term moves "
            "the codes alone.",
            "the value is right, but no gradient reaches the codes: what did the "
            "straight-through step stop?",
        ],
        "it pulls the codes to the latents, and leaves the latents alone.",
    )
