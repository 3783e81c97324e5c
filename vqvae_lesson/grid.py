"""Letters as grids of codes (chapter 14).

The encoder stops at a map of latents, and the decoder starts from it: every layer
is a convolution, so images of other sizes fit the same weights. Quantizer, averages,
losses and measures of health stay as they are, because they take any leading axes.
"""

import keras
from keras import layers

from vqvae_lesson.health import RECORDS
from vqvae_lesson.model import VQVAE
from vqvae_lesson.runs.files import read_json


def grid_shape(image_shape, halvings):
    """Rows and columns of latents that are left of an image.

    Parameters
    ----------
    image_shape : tuple of int
        Height, width, channels.
    halvings : int
        How often the encoder halves height and width. What does not divide is
        filled up.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> [grid_shape((28, 28, 1), halvings) for halvings in (1, 2, 3, 4, 5)]
    [(14, 14), (7, 7), (4, 4), (2, 2), (1, 1)]
    """
    side = 2**halvings
    return tuple((size + side - 1) // side for size in image_shape[:2])


def missing_pixels(image_shape, halvings):
    """Rows and columns to add before and behind, so that an image divides.

    Parameters
    ----------
    image_shape : tuple of int
        Height, width, channels.
    halvings : int

    Returns
    -------
    tuple of tuple of int
        Above and below, left and right.

    Examples
    --------
    >>> missing_pixels((28, 28, 1), halvings=3)  # 32 divides by 8, 28 does not
    ((2, 2), (2, 2))
    """
    rows, columns = grid_shape(image_shape, halvings)
    more = (
        rows * 2**halvings - image_shape[0],
        columns * 2**halvings - image_shape[1],
    )
    return tuple((one // 2, one - one // 2) for one in more)


def depths(base_depth, halvings):
    """List the filters at each size of the image: doubled once, as in the article.

    Examples
    --------
    >>> depths(32, halvings=3)
    [32, 64, 64]
    """
    return [base_depth] + [2 * base_depth] * (halvings - 1)


def build_grid_encoder(
    image_shape=(28, 28, 1), halvings=2, code_size=16, base_depth=32, neck_depth=64
):
    """Build the encoder: images in, a map of latents out, row by row.

    Parameters
    ----------
    image_shape : tuple of int
        Height, width, channels.
    halvings : int
        How often height and width are halved.
    code_size, base_depth, neck_depth : int
        As for :func:`vqvae_lesson.encoder.build_encoder`.

    Returns
    -------
    keras.Sequential
        From images [B, H, W, C] to latents [B, L, D], where L is rows times columns
        of :func:`grid_shape`.
    """

    def convolve(filters, size, stride=1):
        return layers.Conv2D(filters, size, stride, "same", activation="elu")

    halves = [
        layer
        for depth in depths(base_depth, halvings)
        for layer in (convolve(depth, 5), convolve(depth, 5, stride=2))
    ]
    return keras.Sequential(
        [
            layers.Input(image_shape),
            layers.ZeroPadding2D(missing_pixels(image_shape, halvings)),
            *halves,
            convolve(neck_depth, 3),
            layers.Conv2D(code_size, 1),
            layers.Reshape([-1, code_size]),
        ],
        name="encoder",
    )


def build_grid_decoder(
    image_shape=(28, 28, 1), halvings=2, code_size=16, base_depth=32
):
    """Build the decoder: a map of vectors in, one logit a pixel out.

    Parameters
    ----------
    image_shape, halvings, code_size, base_depth
        As for :func:`build_grid_encoder`.

    Returns
    -------
    keras.Sequential
        From latents [B, L, D] to logits [B, H, W, C].
    """

    def spread(filters, size, stride=1):
        extras = {"padding": "same", "activation": "elu"}
        return layers.Conv2DTranspose(filters, size, stride, **extras)

    rows, columns = grid_shape(image_shape, halvings)
    doubles = [
        layer
        for depth in reversed(depths(base_depth, halvings))
        for layer in (spread(depth, 5, stride=2), spread(depth, 5))
    ]
    return keras.Sequential(
        [
            layers.Input([rows * columns, code_size]),
            layers.Reshape([rows, columns, code_size]),
            spread(2 * base_depth, 3),
            *doubles,
            layers.Conv2D(image_shape[-1], 5, padding="same"),
            layers.Cropping2D(missing_pixels(image_shape, halvings)),
        ],
        name="decoder",
    )


class GridVQVAE(VQVAE):
    """A VQ-VAE whose letter is a grid of codes.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.GridRecipe
    image_shape : tuple of int
        Height, width, channels.
    seed : int
        Fixes every first weight.
    """

    @property
    def grid(self):
        """Rows and columns of latents; L is their product."""
        return grid_shape(self.image_shape, self.recipe.halvings)

    def make_encoder(self):
        """Build the network from images to latents [B, L, D]."""
        return build_grid_encoder(*self.sizes(), self.recipe.neck_depth)

    def make_decoder(self):
        """Build the network from latents to logits [B, H, W, C]."""
        return build_grid_decoder(*self.sizes())

    def sizes(self):
        """Sizes that both networks are built from."""
        recipe = self.recipe
        return self.image_shape, recipe.halvings, recipe.code_size, recipe.base_depth


def load_grids():
    """Load what small grids cost, with each prior over their codes.

    Returns
    -------
    dict
        From grid and K to three dicts, one a seed, of what was found on the letters
        held out: `pixels`, `codes_in_use`, `perplexity`, and in nats per letter what
        its codes cost if all are equally likely, `uniform`; under their
        `frequencies`; under those of each place, `by_place`; and under a small prior
        that has learned to write them, `written`.

    Examples
    --------
    >>> runs = load_grids()["7x7, 64"]
    >>> len(runs), round(runs[0]["uniform"], 2)
    (3, 203.79)
    """
    return read_json(RECORDS / "grids.json")
