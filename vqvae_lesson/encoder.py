"""The encoder: from a letter to a few numbers (chapter 02).

It follows the article layer by layer. The size of the last convolution follows the
images, so that letters of another height, width or number of channels fit too.
"""

import keras
from keras import layers

from vqvae_lesson.errors import LessonError


def build_encoder(
    image_shape=(28, 28, 1), latent_size=1, code_size=16, base_depth=32, neck_depth=4
):
    """Build the encoder: images in, `latent_size` vectors of `code_size` out.

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
    """
    height, width = quarters(
        image_shape, latent_size, code_size, base_depth, neck_depth
    )
    depth = base_depth
    return keras.Sequential(
        [
            layers.Input(image_shape),
            layers.Conv2D(depth, 5, padding="same", activation="elu"),
            layers.Conv2D(depth, 5, 2, padding="same", activation="elu"),
            layers.Conv2D(2 * depth, 5, padding="same", activation="elu"),
            layers.Conv2D(2 * depth, 5, 2, padding="same", activation="elu"),
            layers.Conv2D(neck_depth * latent_size, (height, width), activation="elu"),
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


def quarters(image_shape, latent_size, code_size, base_depth, neck_depth=1):
    """Height and width after two halvings, once all sizes are checked."""
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
    sizes = {"latent_size": latent_size, "code_size": code_size}
    depths = {"base_depth": base_depth, "neck_depth": neck_depth}
    for name, size in {**sizes, **depths}.items():
        if size < 1:
            raise LessonError(f"{name} is {size}, expected at least 1")
    return height // 4, width // 4
