"""The decoder: from a few numbers to a picture (chapter 03).

It follows the article layer by layer, and goes back the way the encoder came.
"""

import keras
from keras import layers

from vqvae_lesson.encoder import takes_sizes

__all__ = ["build_decoder"]


@takes_sizes
def build_decoder(
    image_shape=(28, 28, 1),
    latent_size=1,
    code_size=16,
    base_depth=32,
):
    """Build the decoder: `latent_size` vectors in, one logit a pixel out.

    Parameters
    ----------
    image_shape, latent_size, code_size, base_depth
        As for :func:`vqvae_lesson.encoder.build_encoder`.

    Returns
    -------
    keras.Sequential
        From latents [B, L, D] to logits [B, H, W, C].

    Raises
    ------
    LessonError
        For sizes that the layers cannot take.

    Examples
    --------
    >>> import numpy as np
    >>> decoder = build_decoder(base_depth=8)
    >>> decoder(np.zeros([5, 1, 16], np.float32)).shape.as_list()
    [5, 28, 28, 1]
    """
    height, width, channels = image_shape
    depth = base_depth

    def spread(filters, size, stride=1, padding="same"):
        extras = {"padding": padding, "activation": "elu"}
        return layers.Conv2DTranspose(filters, size, stride, **extras)

    # Two strides of 2 will make four times as many rows and columns.
    first = (height // 4, width // 4)
    return keras.Sequential(
        [
            layers.Input([latent_size, code_size]),
            layers.Reshape([1, 1, latent_size * code_size]),
            spread(2 * depth, first, padding="valid"),
            spread(2 * depth, 5),
            spread(2 * depth, 5, stride=2),
            spread(depth, 5),
            spread(depth, 5, stride=2),
            spread(depth, 5),
            layers.Conv2D(channels, 5, padding="same"),
        ],
        name="decoder",
    )
