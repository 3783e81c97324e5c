"""Letters as grids of codes (chapter 14).

The encoder stops at a map of latents, and the decoder starts from it: every layer
is a convolution, so images of other sizes fit the same weights. Quantizer, averages,
losses and measures of health stay as they are, because they take any leading axes.
"""

import keras
import numpy as np
from keras import layers

from vqvae_lesson.health import RECORDS
from vqvae_lesson.model import VQVAE
from vqvae_lesson.runs.files import read_json

__all__ = [
    "grid_shape",
    "missing_pixels",
    "build_grid_encoder",
    "build_grid_decoder",
    "GridVQVAE",
    "field",
    "windows",
    "mean_windows",
    "exchange",
    "changes",
    "shares_within",
    "way",
    "load_grids",
]


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

    Examples
    --------
    >>> build_grid_encoder(base_depth=2)(np.zeros([3, 28, 28, 1])).shape.as_list()
    [3, 49, 16]
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

    Examples
    --------
    >>> build_grid_decoder(base_depth=2)(np.zeros([3, 49, 16])).shape.as_list()
    [3, 28, 28, 1]
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

    Examples
    --------
    >>> from vqvae_lesson.recipes import GridRecipe
    >>> model = GridVQVAE(GridRecipe(base_depth=2), (28, 28, 1), seed=0)
    >>> model.grid, model.latent_size
    ((7, 7), 49)
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


def field(layers):
    """Pixels along a side that one place of the map can see, or change.

    Parameters
    ----------
    layers : iterable of keras.layers.Layer
        From the map to the image: a decoder's as they stand, an encoder's turned
        round.

    Returns
    -------
    int

    References
    ----------
    Araujo, Norris and Sim 2019, doi:10.23915/distill.00021.

    Examples
    --------
    >>> sees = field(reversed(build_grid_encoder(halvings=2).layers))
    >>> sees, field(build_grid_decoder(halvings=2).layers)
    (33, 37)
    """
    side = 1
    for layer in layers:
        if hasattr(layer, "kernel_size"):
            side = (side - 1) * layer.strides[0] + layer.kernel_size[0]
    return side


def windows(images, halvings, side):
    """Cut out what stands at and around each place of the grid.

    Parameters
    ----------
    images : array, float [B, H, W, C]
    halvings : int
        A place has a square of its own, with 2 ** halvings pixels along a side.
    side : int
        Of the windows, in pixels: as large as that square, or larger by an even
        number.

    Returns
    -------
    ndarray, float [B, L, side, side, C]
        Beyond the image 0.

    Examples
    --------
    >>> windows(np.ones([2, 28, 28, 1]), halvings=2, side=12).shape
    (2, 49, 12, 12, 1)
    """
    shape, own = images.shape[1:], 2**halvings
    more = (side - own) // 2
    edges = [(one + more, two + more) for one, two in missing_pixels(shape, halvings)]
    padded = np.pad(images, [(0, 0), *edges, (0, 0)])
    return np.stack(
        [
            padded[:, own * row :, own * column :][:, :side, :side]
            for row, column in np.ndindex(*grid_shape(shape, halvings))
        ],
        axis=1,
    )


def mean_windows(images, indices, halvings, num_codes, side):
    """Mean, for each code, of what stands where letters chose it.

    Parameters
    ----------
    images : array, float [N, H, W, C]
    indices : array, int [N, L]
    halvings : int
    num_codes : int
        K.
    side : int
        Of the windows, in pixels; see :func:`windows`.

    Returns
    -------
    ndarray, float32 [K, side, side, C]
        0 for a code that nobody chose.

    Examples
    --------
    >>> images = np.stack([np.zeros([4, 4, 1]), np.ones([4, 4, 1])])
    >>> found = mean_windows(images, [[0], [1]], halvings=2, num_codes=3, side=4)
    >>> found.mean(axis=(1, 2, 3)).tolist()
    [0.0, 1.0, 0.0]
    """
    seen = windows(np.float32(images), halvings, side)
    seen, chosen = seen.reshape(-1, *seen.shape[2:]), np.ravel(indices)
    sums = np.zeros([num_codes, *seen.shape[1:]], np.float32)
    np.add.at(sums, chosen, seen)
    counts = np.bincount(chosen, minlength=num_codes)
    return sums / np.maximum(counts, 1)[:, None, None, None]


def exchange(indices, place, code):
    """Exchange one code of each grid.

    Parameters
    ----------
    indices : array, int [B, L]
    place : int
        Below L; places are counted row by row.
    code : int or array, int [B]

    Returns
    -------
    ndarray, int [B, L]

    Examples
    --------
    >>> exchange([[5, 6, 7, 8]], place=2, code=0).tolist()
    [[5, 6, 0, 8]]
    """
    exchanged = np.array(indices)
    exchanged[:, place] = code
    return exchanged


def changes(model, indices, seed=0):
    """How much the pixels around a place change when its code is exchanged.

    Every place of every letter by itself, for a code drawn at random among the others.

    Parameters
    ----------
    model : GridVQVAE
    indices : array, int [B, L]
    seed : int

    Returns
    -------
    ndarray, float [L, B, H, W]
        Of the ink, between 0 and 1.

    Examples
    --------
    >>> from vqvae_lesson.recipes import GridRecipe
    >>> model = GridRecipe(base_depth=2).build((8, 8, 1), seed=0)
    >>> changes(model, [[5, 6, 7, 8]]).shape
    (4, 1, 8, 8)
    """
    before = model.decode(indices).numpy()
    random = np.random.default_rng(seed)
    more = random.integers(1, model.num_codes, np.shape(indices))
    others = (np.asarray(indices) + more) % model.num_codes
    return np.stack(
        [
            np.abs(model.decode(exchange(indices, place, code)) - before).mean(axis=-1)
            for place, code in enumerate(others.T)
        ]
    )


def shares_within(changed, halvings, sides):
    """Share of all change that lies in a square around the code that was exchanged.

    Parameters
    ----------
    changed : array, float [L, B, H, W]
        From :func:`changes`.
    halvings : int
    sides : sequence of int
        Of the squares, in pixels; see :func:`windows`.

    Returns
    -------
    list of float

    Examples
    --------
    >>> changed = np.ones([4, 1, 8, 8])  # a grid of 2 x 2, own squares of 4 x 4
    >>> shares_within(changed, halvings=2, sides=[4, 16])
    [0.25, 1.0]
    """
    inside = [
        [
            windows(letters[..., None], halvings, side)[:, place].sum()
            for place, letters in enumerate(changed)
        ]
        for side in sides
    ]
    return [float(np.sum(one) / np.sum(changed)) for one in inside]


def way(start, end):
    """All grids on the way from one to another, one code exchanged at a time.

    Parameters
    ----------
    start, end : array, int [L]

    Returns
    -------
    ndarray, int [L + 1, L]

    Examples
    --------
    >>> way([1, 2], [7, 8]).tolist()
    [[1, 2], [7, 2], [7, 8]]
    """
    exchanged = np.tri(len(start) + 1, len(start), -1, dtype=bool)
    return np.where(exchanged, end, start)


def load_grids():
    """Load what small grids cost, with each prior over their codes.

    Returns
    -------
    dict
        From grid and K to three dicts, one a seed, of what was found on the letters
        held out: `pixels`, `codes_in_use`, `perplexity`, and in nats per letter what
        its codes cost if all are equally likely, `uniform`; under their
        `frequencies`; under those of each place, `by_place`; and under a small prior
        that has learned to write them, `written`. Beside these the share of
        :func:`changes` that stays `inside` the nearest 3 x 3 places.

    Examples
    --------
    >>> runs = load_grids()["7x7, 64"]
    >>> len(runs), round(runs[0]["uniform"], 1)
    (3, 203.8)
    """
    return read_json(RECORDS / "grids.json")
