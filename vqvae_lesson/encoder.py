"""The encoder: from a letter to a few numbers (chapter 02).

It follows the article layer by layer. The last convolution is as large as what the
layers before it leave of the image, so that letters of another height, width or
number of channels fit too.
"""

import functools
import inspect

import keras
from keras import layers

from vqvae_lesson.errors import LessonError

__all__ = ["build_encoder"]


def takes_sizes(build):
    """Make a builder of a network refuse sizes that its layers cannot take.

    Parameters
    ----------
    build : callable
        With a parameter ``image_shape``; all others are counts.

    Returns
    -------
    callable
        The builder; it raises :class:`LessonError` before it builds.
    """
    signature = inspect.signature(build)

    @functools.wraps(build)
    def checked(*args, **kwargs):
        call = signature.bind(*args, **kwargs)
        call.apply_defaults()
        _check_sizes(**call.arguments)
        return build(*args, **kwargs)

    return checked


@takes_sizes
def build_encoder(
    image_shape=(28, 28, 1),
    latent_size=1,
    code_size=16,
    base_depth=32,
    neck_depth=4,
):
    """Build the encoder: images in, latents out.

    Parameters
    ----------
    image_shape : tuple of int
        Height, width, channels. Height and width are halved twice, so both must
        be divisible by 4.
    latent_size : int
        L, latent vectors per image.
    code_size : int
        D, numbers per latent vector.
    base_depth : int
        Filters of the first layers.
    neck_depth : int
        Numbers per latent that the last convolution lets through; 4 in the article.

    Returns
    -------
    keras.Sequential
        From images [B, H, W, C] to latents [B, L, D].

    Raises
    ------
    LessonError
        For sizes that the layers cannot take.

    Examples
    --------
    >>> import numpy as np
    >>> encoder = build_encoder(base_depth=8)
    >>> encoder(np.zeros([5, 28, 28, 1], np.float32)).shape.as_list()
    [5, 1, 16]
    """
    height, width, channels = image_shape
    depth = base_depth

    def convolve(filters, size, stride=1, pad="same"):
        return layers.Conv2D(filters, size, stride, pad, activation="elu")

    # Two strides of 2 leave a quarter of the height and of the width.
    rest = (height // 4, width // 4)
    return keras.Sequential(
        [
            layers.Input([height, width, channels]),
            convolve(depth, 5),
            convolve(depth, 5, stride=2),
            convolve(2 * depth, 5),
            convolve(2 * depth, 5, stride=2),
            convolve(neck_depth * latent_size, rest, pad="valid"),
            layers.Flatten(),
            layers.Dense(latent_size * code_size),
            layers.Reshape([latent_size, code_size]),
        ],
        name="encoder",
    )


def check_images(images, image_shape):
    """Refuse images that a model was not built for.

    Parameters
    ----------
    images : tensor
    image_shape : tuple of int
        Height, width, channels that the model expects.

    Raises
    ------
    LessonError
        For images of another shape, or none.
    """
    if images.shape[0] == 0 or tuple(images.shape[1:]) != tuple(image_shape):
        raise LessonError(
            f"images have shape {list(images.shape)}, expected [B, "
            f"{', '.join(map(str, image_shape))}] with B at least 1"
        )


def _check_sizes(image_shape, **counts):
    """Refuse images that cannot be halved twice, and counts below 1."""
    if len(image_shape) != 3 or min(image_shape) < 1:
        raise LessonError(
            f"image_shape is {tuple(image_shape)}, expected height, width, channels"
        )
    height, width, _ = image_shape
    if height % 4 or width % 4:
        raise LessonError(
            f"images are {height} x {width}, expected a height and a width divisible "
            "by 4, because the encoder halves them twice: pad or crop the images"
        )
    for name, count in counts.items():
        if count < 1:
            raise LessonError(f"{name} is {count}, expected at least 1")
