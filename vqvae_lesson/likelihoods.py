"""A likelihood for pixels of 256 values: the discretised logistic (chapter 17).

A letter's pixel is ink or none, and the Bernoulli distribution of
:mod:`vqvae_lesson.losses` says with which probability. A photograph's is a whole
number from 0 to 255. Here a logistic curve is cut into 256 pieces, one a value, after
Salimans et al. 2017, arXiv:1701.05517, section 2.1: one curve for each number of a
pixel, and one width for each channel.
"""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from vqvae_lesson.arguments import takes

__all__ = ["discretized_logistic", "logistic_pixels", "bits_per_value"]

tfd = tfp.distributions

#: How wide curves are before they learn, in steps of a pixel's value.
FIRST_SCALE = 16.0


@takes(middles="[...]")
def discretized_logistic(middles, scales):
    """Cut logistic curves into the 256 values that a pixel may have.

    Parameters
    ----------
    middles : tensor, float32 [...]
        In steps of a pixel's value.
    scales : tensor, float32 [...]
        Positive; fewer of them are repeated. The curve's tails below 0 and above 255
        go to these two values.

    Returns
    -------
    tfd.QuantizedDistribution
        Over whole numbers from 0 to 255, as float32.

    References
    ----------
    Salimans et al. 2017, arXiv:1701.05517, equation 2.

    Examples
    --------
    >>> pixel = discretized_logistic(100.0, 2.0)
    >>> [round(float(one), 3) for one in pixel.prob([99.0, 100.0, 101.0])]
    [0.117, 0.124, 0.117]
    """
    # TFP rounds up, and a value should get what lies within half a step of it.
    curve = tfd.Logistic(middles - 0.5, scales)
    return tfd.QuantizedDistribution(curve, low=0.0, high=255.0)


@takes(logits="[..., H, W, C]", widths="[C]")
def logistic_pixels(logits, widths):
    """Make the logits of photographs distributions over photographs.

    Parameters
    ----------
    logits : tensor, float32 [..., H, W, C]
        Where the curve of each number lies: -1 is 0, and 1 is 255.
    widths : tensor, float32 [C]
        How wide the curves of each channel are: 0 stands for a scale of 16, and 1 less
        is e times narrower.

    Returns
    -------
    tfd.Independent
        Over photographs, whole numbers from 0 to 255 in float32 [H, W, C].

    Examples
    --------
    >>> pixels = logistic_pixels(tf.zeros([5, 28, 28, 3]), tf.zeros([3]))
    >>> pixels.batch_shape.as_list(), pixels.event_shape.as_list()
    ([5], [28, 28, 3])
    """
    scales = FIRST_SCALE * tf.exp(widths)
    pixels = discretized_logistic(127.5 * (1 + logits), scales)
    return tfd.Independent(pixels, reinterpreted_batch_ndims=3)


def bits_per_value(nats, image_shape):
    """Share out the nats of an image among its numbers, in bits.

    Parameters
    ----------
    nats : float or array, float [...]
    image_shape : tuple of int
        Height, width, channels.

    Returns
    -------
    float or ndarray, float [...]
        "Bits per dimension" in papers; 8 for values that are all equally likely.

    Examples
    --------
    >>> bits_per_value(12 * math.log(256), (2, 2, 3))
    8.0
    """
    return nats / (math.prod(image_shape) * math.log(2))
