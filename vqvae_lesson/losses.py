"""The straight-through estimator and the terms of the loss (chapter 06).

Equation 3 of van den Oord et al. 2017, arXiv:1711.00937, without its middle
term: moving averages take its place. Reconstruction and prior are in nats per
image, the commitment is a squared distance.
"""

from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

from vqvae_lesson.arguments import takes

__all__ = [
    "straight_through",
    "commitment_loss",
    "pixel_distribution",
    "reconstruction_loss",
    "prior_loss",
    "Losses",
    "total_loss",
]

tfd = tfp.distributions


class Losses(NamedTuple):
    """The loss and its terms, scalars.

    Attributes
    ----------
    total, reconstruction, commitment, prior : tensor, float32 []
        Reconstruction and prior are in nats per image. The commitment is a squared
        distance, stored before it is weighted.
    """

    total: tf.Tensor
    reconstruction: tf.Tensor
    commitment: tf.Tensor
    prior: tf.Tensor


@takes(latents="[...]", quantized="[...]")
def straight_through(latents, quantized):
    """Forward the codes, backward as if nothing had been quantized.

    Parameters
    ----------
    latents, quantized : tensor, float32 [...]

    Returns
    -------
    tensor, float32 [...]
        Equal to `quantized` up to rounding; its gradient goes to `latents`
        unchanged, and none to `quantized`.

    References
    ----------
    Bengio, Léonard, Courville 2013, arXiv:1308.3432.

    Examples
    --------
    >>> latents, quantized = tf.constant([0.2]), tf.constant([1.0])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(latents)
    ...     loss = straight_through(latents, quantized) ** 2
    >>> tape.gradient(loss, latents).numpy()  # 2 · 1.0, as if the latent were there
    array([2.], dtype=float32)
    """
    return latents + tf.stop_gradient(quantized - latents)


@takes(logits="[..., H, W, C]")
def pixel_distribution(logits):
    """Make the logits of an image a distribution over images.

    Parameters
    ----------
    logits : tensor, float32 [B, H, W, C]

    Returns
    -------
    tfd.Independent
        B distributions, each over images [H, W, C] of independent Bernoulli
        pixels.

    Examples
    --------
    >>> pixels = pixel_distribution(tf.zeros([5, 28, 28, 1]))
    >>> pixels.batch_shape.as_list(), pixels.event_shape.as_list()
    ([5], [28, 28, 1])
    """
    # Without dtype, grey pixels in a NumPy array would be cut to integers.
    pixels = tfd.Bernoulli(logits=logits, dtype=tf.float32)
    return tfd.Independent(pixels, reinterpreted_batch_ndims=3)


@takes(images="[B, H, W, C]", logits="[B, H, W, C]")
def reconstruction_loss(images, logits):
    """Cross-entropy between grey pixels and the decoder's, summed over pixels.

    Parameters
    ----------
    images : tensor, float32 [B, H, W, C] in [0, 1]
    logits : tensor, float32 [B, H, W, C]

    Returns
    -------
    tensor, float32 []
        Mean over the batch, nats per image. A likelihood only if every pixel is
        0 or 1.

    Examples
    --------
    >>> even = tf.zeros([5, 28, 28, 1])  # logits 0: each pixel costs ln 2
    >>> round(float(reconstruction_loss(tf.ones([5, 28, 28, 1]), even)), 1)
    543.4
    """
    return -tf.reduce_mean(pixel_distribution(logits).log_prob(images))


@takes(latents="[...]", quantized="[...]")
def commitment_loss(latents, quantized):
    """How far the encoder strays from the codes it chose.

    Parameters
    ----------
    latents, quantized : tensor, float32 [...]

    Returns
    -------
    tensor, float32 []
        Mean over all axes of the squared difference; the gradient goes to
        `latents` alone.

    Examples
    --------
    >>> float(commitment_loss([[0.0, 0.0]], [[3.0, 1.0]]))  # (9 + 1) / 2
    5.0
    """
    return tf.reduce_mean((latents - tf.stop_gradient(quantized)) ** 2)


@takes(indices="int [B, L]")
def prior_loss(indices, num_codes):
    """Cost of naming the codes when all are equally likely.

    Parameters
    ----------
    indices : tensor, int32 [B, L]
    num_codes : int
        K.

    Returns
    -------
    tensor, float32 []
        L · log K nats per image, whatever the indices: a constant.

    Examples
    --------
    >>> round(float(prior_loss([[3], [60]], num_codes=64)), 3)  # ln 64
    4.159
    """
    prices = -tf.nn.log_softmax(tf.zeros(num_codes))  # of each code, all alike
    return tf.reduce_mean(tf.reduce_sum(tf.gather(prices, indices), axis=-1))


def total_loss(images, output, num_codes, commitment_weight):
    """Reconstruction + β · commitment + prior.

    Parameters
    ----------
    images : tensor, float32 [B, H, W, C] in [0, 1]
    output : vqvae_lesson.model.Output
        What the model made of the images.
    num_codes : int
    commitment_weight : float
        β.

    Returns
    -------
    Losses

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> images = tf.zeros([5, 28, 28, 1])
    >>> losses = total_loss(images, model(images), num_codes=64, commitment_weight=0.25)
    >>> round(float(losses.prior), 3)  # ln 64
    4.159
    """
    reconstruction = reconstruction_loss(images, output.logits)
    commitment = commitment_loss(output.latents, output.quantized)
    prior = prior_loss(output.indices, num_codes)
    total = reconstruction + commitment_weight * commitment + prior
    return Losses(total, reconstruction, commitment, prior)
