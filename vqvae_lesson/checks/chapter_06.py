"""Checks of chapter 06: straight-through and the terms of the loss."""

import numpy as np
import tensorflow as tf

from vqvae_lesson import losses
from vqvae_lesson.checks.verdict import (
    RIGHT,
    WRONG,
    Verdict,
    check_function,
    difference,
)

UPSTREAM = np.array([[[1.0, -2.0]], [[3.0, 0.5]]], np.float32)


def _pair(seed=0):
    """Latents and the codes they chose."""
    random = np.random.default_rng(seed)
    return [random.integers(-3, 4, [2, 1, 2]).astype(np.float32) for _ in range(2)]


def _gradients(function, latents, quantized):
    """Gradients of a sum weighted by UPSTREAM, zeros where there is none."""
    latents, quantized = tf.Variable(latents), tf.Variable(quantized)
    with tf.GradientTape() as tape:
        result = tf.convert_to_tensor(function(latents, quantized))
        weighted = tf.reduce_sum(result * UPSTREAM) if result.shape.rank else result
    return tape.gradient(weighted, [latents, quantized], unconnected_gradients="zero")


def _check_gradients(answer, reference, hints, praise):
    """Compare gradients with respect to both arguments."""
    found = _gradients(answer, *_pair())
    expected = _gradients(reference, *_pair())
    for one, right, hint in zip(found, expected, hints, strict=True):
        if difference(one, right, {}):
            return Verdict(WRONG, hint)
    return Verdict(RIGHT, praise)


def straight_through(answer):
    """Check the values and the gradients of a straight-through estimator."""
    verdict = check_function(
        answer,
        [tuple(map(tf.constant, _pair()))],
        losses.straight_through,
        {
            "this returns the latents: forward, the decoder must see the codes.": (
                lambda latents, quantized: latents
            )
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

    mistakes = {
        "this is the mean over pixels: sum over the pixels of an image.": (
            lambda *case: each(*case) / 4
        ),
        "this is the sum over the batch: take the mean over images.": (
            lambda *case: each(*case) * 3
        ),
        "this is a log-probability: the loss is its negative.": lambda *case: (
            -each(*case)
        ),
        "the white pixels count, the black ones do not: add (1 - x) log(1 - p).": (
            lambda images, logits: np.mean(
                np.sum(images * np.log1p(np.exp(-logits)), axis=(1, 2, 3))
            )
        ),
    }
    return check_function(answer, [(images, logits)], each, mistakes)


def commitment(answer):
    """Check the value and the gradient of the commitment term."""
    mistakes = {
        "a sum where the mean over all numbers belongs.": lambda latents, quantized: (
            tf.reduce_sum((latents - quantized) ** 2)
        ),
        "the difference is not squared.": lambda latents, quantized: tf.reduce_mean(
            tf.abs(latents - quantized)
        ),
    }
    cases = [tuple(map(tf.constant, _pair(seed))) for seed in range(2)]
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
    }
    return check_function(answer, [(1, 64), (4, 512), (49, 2)], reference, mistakes)


def weighted_total(answer):
    """Check how the terms are put together."""

    def reference(reconstruction, commitment, prior, commitment_weight):
        return reconstruction + commitment_weight * commitment + prior

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
    }
    cases = [(200.0, 3.0, 4.0, 0.25), (280.0, 10.0, 4.16, 2.0)]
    return check_function(answer, cases, reference, mistakes)
