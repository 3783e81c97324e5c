"""The decoder: from a few numbers to a picture (chapter 03).

It follows the article layer by layer, and mirrors the encoder.
"""

import keras
from keras import layers

from vqvae_lesson.encoder import quarters


def build_decoder(image_shape=(28, 28, 1), latent_size=1, code_size=16, base_depth=32):
    """Build the decoder: codes in, one logit a pixel out.

    Parameters
    ----------
    image_shape, latent_size, code_size, base_depth
        As for :func:`build_encoder`.

    Returns
    -------
    keras.Sequential
        From quantized latents [B, L, D] to logits [B, H, W, C].

    Raises
    ------
    LessonError
        For sizes that the layers cannot take.
    """
    height, width = quarters(image_shape, latent_size, code_size, base_depth)
    depth = base_depth

    def grow(filters, size, strides=1, padding="same"):
        return layers.Conv2DTranspose(
            filters, size, strides, padding=padding, activation="elu"
        )

    return keras.Sequential(
        [
            layers.Input([latent_size, code_size]),
            layers.Reshape([1, 1, latent_size * code_size]),
            grow(2 * depth, (height, width), padding="valid"),
            grow(2 * depth, 5),
            grow(2 * depth, 5, strides=2),
            grow(depth, 5),
            grow(depth, 5, strides=2),
            grow(depth, 5),
            layers.Conv2D(image_shape[-1], 5, padding="same"),
        ],
        name="decoder",
    )
