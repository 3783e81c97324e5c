"""Photographs as grids of codes: any size, any quality, as real bytes (chapter 17).

The model is the grid of chapter 14 with the residual stages of chapter 16, and pixels
of 256 values. Its networks are convolutions, so what learned on small squares codes
whole photographs, and large ones block by block. Who sends fewer stages sends fewer
bytes.
"""

import math
import struct
import zlib
from io import BytesIO
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from PIL import Image

from vqvae_lesson.arguments import takes
from vqvae_lesson.errors import LessonError, check_before
from vqvae_lesson.grid import field
from vqvae_lesson.health import RECORDS
from vqvae_lesson.likelihoods import bits_per_value, logistic_pixels
from vqvae_lesson.metrics import perplexity
from vqvae_lesson.packing import pack, unpack
from vqvae_lesson.prior import CountedPrior
from vqvae_lesson.quantizer_layers import QuantizedGrid
from vqvae_lesson.runs.files import read_json

__all__ = [
    "PhotographMetrics",
    "PhotographGrid",
    "pad_to",
    "any_size",
    "blocks",
    "code_photograph",
    "draw_photograph",
    "price_codes",
    "to_bytes",
    "from_bytes",
    "Likeness",
    "likeness",
    "largest_file",
    "load_photograph_bytes",
]

# Rows and columns of the grid, height and width, stages, and codes of a stage.
HEAD = struct.Struct("<HHHHBH")
MOST_SHARES = 2**16 - 1
MOST_CODES = 2**25  # in a file: a photograph of 130 megapixels in four stages
MOST_STEPS = 2**32  # of a decoder that goes through the codes at each place
tfd = tfp.distributions

BLOCK = 64  # places along a side of a block
FORMATS = {"JPEG": {"optimize": True}, "WebP": {"method": 6}}


class PhotographMetrics(NamedTuple):
    """What :func:`vqvae_lesson.metrics.evaluate` finds for photographs.

    Attributes
    ----------
    nll : float
        Mean negative log-probability of an image, given its codes, in nats.
    bits : float
        The same for each of its numbers, in bits.
    psnr : float
        Peak signal-to-noise ratio over all images, in decibels.
    perplexity : float
        Of the codes of a stage: the mean of all stages.
    """

    nll: float
    bits: float
    psnr: float
    perplexity: float


class PhotographGrid(QuantizedGrid):
    """A grid of residual codes, with pixels of 256 values.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.PhotographRecipe
    image_shape : tuple of int
        Height, width, channels.
    seed : int
        Fixes every first weight.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("photographs", base_depth=2).build((32, 32, 3), seed=0)
    >>> model.reconstruct(np.zeros([5, 32, 32, 3], np.float32)).shape.as_list()
    [5, 32, 32, 3]
    """

    def __init__(self, recipe, image_shape=(32, 32, 3), seed=0):
        super().__init__(recipe, image_shape, seed)
        self.curves = keras.layers.Layer(name="curves")
        self.widths = self.curves.add_weight(
            name="widths", shape=(self.image_shape[2],), initializer="zeros"
        )
        self.curves.built = True

    def pixels(self, logits):
        """Make what the decoder says a distribution over images.

        Parameters
        ----------
        logits : tensor, float32 [B, H, W, C]

        Returns
        -------
        EightBits
            B distributions, whose `log_prob` takes images, float32 [B, H, W, C] in
            [0, 1].
        """
        return EightBits(logistic_pixels(logits, self.widths))

    def pictures(self, logits):
        """Make what the decoder says pictures: the middle of each curve, in [0, 1]."""
        return tf.clip_by_value((1 + logits) / 2, 0, 1)

    def measure(self, images, noise=None):
        """Nats, mean squared error and digits, int32 [L, S], of each image."""
        output = self(images)
        nats = -self.pixels(output.logits).log_prob(images)
        errors = tf.square(self.pictures(output.logits) - images)
        digits = self.quantizer.digits(output.indices)
        return nats, tf.reduce_mean(errors, axis=[1, 2, 3]), digits

    def summary_of(self, nats, errors, digits):
        """Sum up as :class:`PhotographMetrics`."""
        nll, error = (float(one.mean(dtype=np.float64)) for one in (nats, errors))
        stages = zip(np.moveaxis(digits, -1, 0), self.recipe.levels, strict=True)
        return PhotographMetrics(
            nll,
            bits_per_value(nll, self.image_shape),
            -10 * math.log10(max(error, np.finfo(float).tiny)),
            float(np.mean([perplexity(*stage) for stage in stages])),
        )


class EightBits(NamedTuple):
    """A distribution over bytes, asked about images in [0, 1].

    Attributes
    ----------
    bytes : tfd.Distribution
        Over whole numbers from 0 to 255, as floats.
    """

    bytes: tfd.Distribution

    def log_prob(self, images):
        """Log-probability of images: each of their numbers is the nearest byte."""
        return self.bytes.log_prob(tf.round(255 * images))


def pad_to(photograph, multiple):
    """Repeat the last row and column until both sides divide.

    Parameters
    ----------
    photograph : ndarray [H, W, C]
    multiple : int

    Returns
    -------
    ndarray [H, W, C]
        H and W are multiples now.

    Examples
    --------
    >>> pad_to(np.zeros([427, 640, 3], np.uint8), multiple=4).shape
    (428, 640, 3)
    """
    more = [(0, -size % multiple) for size in photograph.shape[:2]]
    return np.pad(photograph, [*more, (0, 0)], mode="edge")


def any_size(network, channels):
    """Take the convolutions out of a network: they do not ask for a size.

    Parameters
    ----------
    network : keras.Sequential
        From :func:`vqvae_lesson.grid.build_grid_encoder` or its twin.
    channels : int
        Of its input.

    Returns
    -------
    keras.Model
        From [B, H, W, channels] to another map. It shares the network's weights.

    Examples
    --------
    >>> from vqvae_lesson.grid import build_grid_encoder
    >>> encode = any_size(build_grid_encoder(base_depth=2), channels=1)
    >>> encode(np.zeros([1, 40, 64, 1])).shape.as_list()
    [1, 10, 16, 16]
    """
    start = numbers = keras.Input([None, None, channels])
    for layer in network.layers:
        if hasattr(layer, "kernel_size"):
            numbers = layer(numbers)
    return keras.Model(start, numbers)


def blocks(rows, columns, side, margin):
    """Cut a grid into blocks, each with what its network sees around it.

    Parameters
    ----------
    rows, columns : int
        Of the grid.
    side : int
        Of a block, in places.
    margin : int
        Places that are added around it, up to the edge of the grid.

    Yields
    ------
    wide : tuple of slice
        Rows and columns of the block with its margin.
    inner : tuple of slice
        The block itself, counted from where `wide` begins.
    own : tuple of slice
        The block itself.

    Examples
    --------
    >>> wide, inner, own = [*blocks(8, 4, side=4, margin=1)][1]
    >>> wide[0], inner[0], own[0]
    (slice(3, 8, None), slice(1, 5, None), slice(4, 8, None))
    """
    corners = [range(0, size, side) for size in (rows, columns)]
    for corner in np.ndindex(*map(len, corners)):
        starts = [side * one for one in corner]
        ends = [
            min(start + side, size)
            for start, size in zip(starts, (rows, columns), strict=True)
        ]
        own = tuple(map(slice, starts, ends))
        first = [max(start - margin, 0) for start in starts]
        last = [
            min(end + margin, size)
            for end, size in zip(ends, (rows, columns), strict=True)
        ]
        inner = tuple(
            slice(one.start - start, one.stop - start)
            for one, start in zip(own, first, strict=True)
        )
        yield tuple(map(slice, first, last)), inner, own


def margin_of(layers, stride):
    """How many places around it layers let one place see, or change, beyond its own.

    The layers go from the grid to the pixels, as for :func:`vqvae_lesson.grid.field`.
    Keras fills up a stride of 2 by one pixel more behind than before: the longer side
    counts.
    """
    return math.ceil((field(layers) - 1) / (2 * stride))


def _expect_photograph(model, photograph, side=BLOCK):
    """Refuse what is no photograph of this model's channels."""
    found, channels = np.asarray(photograph), model.image_shape[2]
    shape = found.shape
    fits = len(shape) == 3 and shape[2] == channels and 0 not in shape
    if found.dtype != np.uint8 or not fits:
        raise LessonError(
            f"photograph is {found.dtype} {list(shape)}, expected uint8 [H, W, "
            f"{channels}]"
        )
    if side < 1:
        raise LessonError(f"side is {side}, expected at least 1")


@check_before(_expect_photograph)
def code_photograph(model, photograph, side=BLOCK):
    """Find the codes of a photograph of any size, block by block.

    Blocks overlap by as much as the encoder sees, so that no seam is left.

    Parameters
    ----------
    model : PhotographGrid
    photograph : ndarray, uint8 [H, W, C]
    side : int
        Of a block, in places of the grid.

    Returns
    -------
    ndarray, int32 [rows, columns, S]
        At each place of the grid, the code of each stage.

    Raises
    ------
    LessonError
        For another type or number of channels.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("photographs", base_depth=2).build((32, 32, 3), seed=0)
    >>> code_photograph(model, np.zeros([427, 640, 3], np.uint8)).shape
    (107, 160, 4)
    """
    stride = 2**model.recipe.halvings
    padded = pad_to(photograph, stride)
    rows, columns = (size // stride for size in padded.shape[:2])
    encoder = any_size(model.encoder, padded.shape[2])
    digits = np.empty([rows, columns, model.recipe.parts], np.int32)
    margin = margin_of(reversed(model.encoder.layers), stride)
    for wide, inner, own in blocks(rows, columns, side, margin):
        pixels = padded[tuple(slice(stride * w.start, stride * w.stop) for w in wide)]
        latents = encoder(np.float32(pixels[None]) / 255)[0][inner]
        _, indices, _ = model.quantizer(latents)
        digits[own] = model.quantizer.digits(indices)
    return digits


def _expect_digits(model, digits, shape, side=BLOCK):
    """Refuse digits that this model cannot draw, or another grid's."""
    if type(side) is not int or side < 1:
        raise LessonError(f"side is {side!r}, expected a whole number from 1")
    digits, most = np.asarray(digits), model.recipe.parts
    grid = [-(-size // 2**model.recipe.halvings) for size in shape[:2]]
    whole = digits.ndim == 3 and digits.dtype.kind in "iu"
    if not whole or [*digits.shape[:2]] != grid or not 1 <= digits.shape[2] <= most:
        raise LessonError(
            f"digits are {digits.dtype} {list(digits.shape)}, expected whole numbers "
            f"{[*grid]} with 1 to {most} stages"
        )
    levels = model.recipe.levels[: digits.shape[2]]
    if digits.min() < 0 or np.any(digits >= levels):
        raise LessonError(
            f"digits lie between {digits.min()} and {digits.max()}, expected 0 to "
            f"{min(levels) - 1}"
        )


@check_before(_expect_digits)
def draw_photograph(model, digits, shape, side=BLOCK):
    """Draw the photograph that codes stand for, block by block.

    Blocks overlap by as much as a code changes. Convolutions of other sizes may add in
    another order, so a few numbers come out a step of 255 higher or lower.

    Parameters
    ----------
    model : PhotographGrid
    digits : ndarray, int [rows, columns, S]
        From :func:`code_photograph`; or of its first stages only.
    shape : tuple of int
        Of the photograph: what was added to make it divide is cut off again.
    side : int
        Of a block, in places of the grid.

    Returns
    -------
    ndarray, uint8 [H, W, C]

    Raises
    ------
    LessonError
        For digits of another grid, more stages or codes than the model has.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("photographs", base_depth=2).build((32, 32, 3), seed=0)
    >>> draw_photograph(model, np.zeros([3, 5, 2], int), (10, 18, 3)).shape
    (10, 18, 3)
    """
    stride, digits = 2**model.recipe.halvings, np.asarray(digits)
    rows, columns, _ = digits.shape
    decoder = any_size(model.decoder, model.recipe.code_size)
    drawn = np.empty([stride * rows, stride * columns, model.image_shape[2]], np.uint8)
    margin = margin_of(model.decoder.layers, stride)
    for wide, inner, own in blocks(rows, columns, side, margin):
        codes = model.quantizer.sum_of(digits[wide])
        pixels = np.asarray(model.pictures(decoder(codes[None]))[0])
        inner, own = (
            tuple(slice(stride * one.start, stride * one.stop) for one in part)
            for part in (inner, own)
        )
        drawn[own] = np.round(255 * pixels[inner])
    return drawn[: shape[0], : shape[1]]


def shares_of(digits, num_codes):
    """Shares of 65,535 that each code has among those of its stage.

    Parameters
    ----------
    digits : ndarray, int [N, S]
    num_codes : int
        Of a stage.

    Returns
    -------
    ndarray, uint16 [S, K]
        At least 1 for a code that was chosen, 0 for all others.
    """
    counts = np.stack([np.bincount(one, minlength=num_codes) for one in digits.T])
    shares = np.round(counts * (MOST_SHARES / len(digits)))
    return np.maximum(shares, counts > 0).astype("<u2")


def prior_of(shares):
    """Make shares the probabilities that the range coder takes."""
    return CountedPrior(shares / shares.sum(axis=1, keepdims=True, dtype=np.float64))


@takes(digits="int [rows, columns, S]")
def price_codes(digits):
    """Say what each code takes of the file that :func:`to_bytes` writes.

    Parameters
    ----------
    digits : ndarray, int [rows, columns, S]

    Returns
    -------
    ndarray, float64 [rows, columns, S]
        In bits: minus the logarithm of its share among the codes of its stage.

    Examples
    --------
    >>> price_codes(np.array([[[7], [7], [2], [5]]])).ravel().round(2).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    places = np.reshape(digits, [-1, digits.shape[-1]])
    chances = prior_of(shares_of(places, places.max() + 1)).probabilities
    prices = [-np.log2(one[own]) for one, own in zip(chances, places.T, strict=True)]
    return np.stack(prices, axis=-1).reshape(digits.shape)


def _is_grid_of(shape, grid):
    """Whether a photograph of this height and width has this grid, halved as may be."""
    sides = [2**halvings for halvings in range(17)]
    return any([-(-size // side) for size in shape] == [*grid] for side in sides)


def _expect_grid(digits, shape, num_codes):
    """Refuse what is no grid of codes of so many values, or another photograph's."""
    digits, shape = np.asarray(digits), [*shape[:2]]
    whole = digits.ndim == 3 and digits.dtype.kind in "iu" and digits.size
    if not whole or max(digits.shape[:2]) >= 2**16 or digits.size > MOST_CODES:
        raise LessonError(
            f"digits are {digits.dtype} {list(digits.shape)}, expected whole numbers "
            f"[rows, columns, S], at most {MOST_CODES:,} of them"
        )
    if type(num_codes) is not int or not 2 <= num_codes < 2**16:
        raise LessonError(f"num_codes is {num_codes!r}, expected 2 to {2**16 - 1}")
    if digits.shape[2] > 255 or digits.size * num_codes > MOST_STEPS:
        raise LessonError(
            f"{digits.size:,} digits of {digits.shape[2]} stages and {num_codes} codes "
            "are too much for a file, expected at most 255 stages, and digits times "
            f"codes at most {MOST_STEPS:,}"
        )
    if not 0 <= digits.min() <= digits.max() < num_codes:
        raise LessonError(
            f"digits lie between {digits.min()} and {digits.max()}, expected 0 to "
            f"{num_codes - 1}"
        )
    if max(shape) >= 2**16 or not _is_grid_of(shape, digits.shape[:2]):
        raise LessonError(
            f"shape is {shape}, expected height and width, below {2**16:,}, of the "
            f"photograph that has a grid of {digits.shape[0]} x {digits.shape[1]}"
        )


@check_before(_expect_grid)
def to_bytes(digits, shape, num_codes):
    """Write the codes of a photograph as bytes, each stage under its frequencies.

    Parameters
    ----------
    digits : ndarray, int [rows, columns, S]
        From :func:`code_photograph`; or of its first stages only.
    shape : tuple of int
        Of the photograph: height, width, and what else it may say.
    num_codes : int
        Of a stage.

    Returns
    -------
    bytes
        Eleven for rows, columns, height, width, stages and codes; two for each code of
        each stage, how frequent it is; the rest comes from the range coder.

    Raises
    ------
    LessonError
        For what is no grid of such codes, or not the grid of such a photograph.

    Examples
    --------
    >>> digits = np.random.default_rng(0).integers(64, size=[100, 150, 4])
    >>> [len(to_bytes(digits[..., :n], (400, 600, 3), 64)) for n in (1, 4)]
    [11387, 45507]
    """
    rows, columns, stages = np.shape(digits)
    places = np.reshape(digits, [-1, stages])
    shares = shares_of(places, num_codes)
    head = HEAD.pack(rows, columns, *shape[:2], stages, num_codes) + shares.tobytes()
    return head + sealed(head, pack(places, prior_of(shares)))


def sealed(head, packed):
    """Let the checksum of packed codes hold for what stands before them, too.

    Done twice, it is as before.
    """
    (checksum,) = struct.unpack_from("<I", packed)
    return struct.pack("<I", checksum ^ zlib.crc32(head)) + packed[4:]


def from_bytes(data):
    """Read what :func:`to_bytes` wrote: all that :func:`draw_photograph` asks for.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    digits : ndarray, int32 [rows, columns, S]
    shape : tuple of int
        Height and width of the photograph.

    Raises
    ------
    LessonError
        For bytes that it did not write, or that are damaged.

    Examples
    --------
    >>> data = to_bytes(np.array([[[0, 1], [1, 0]]]), (3, 8), num_codes=2)
    >>> digits, shape = from_bytes(data)
    >>> digits.tolist(), shape
    ([[[0, 1], [1, 0]]], (3, 8))
    """
    wrong = LessonError(
        f"{len(data)} bytes are not a photograph as to_bytes wrote it: take the file "
        "as it was"
    )
    if len(data) < HEAD.size:
        raise wrong
    rows, columns, height, width, stages, num_codes = HEAD.unpack_from(data)
    start = HEAD.size + 2 * stages * num_codes
    places = rows * columns * stages
    many = places > MOST_CODES or places * num_codes > MOST_STEPS
    if many or not places or num_codes < 2 or len(data) < start + 4:
        raise wrong
    shares = np.frombuffer(data[HEAD.size : start], "<u2").reshape(stages, num_codes)
    whole = _is_grid_of((height, width), (rows, columns))
    if not whole or not np.all(shares.any(axis=1)):
        raise wrong
    try:
        packed = sealed(data[:start], data[start:])
        places = unpack(packed, rows * columns, prior_of(shares))
    except LessonError:
        raise wrong from None
    return places.reshape(rows, columns, stages), (height, width)


class Likeness(NamedTuple):
    """How near a picture comes to a photograph.

    Attributes
    ----------
    psnr : float
        Peak signal-to-noise ratio, in decibels; 10 more is a tenth of the squared
        error.
    ssim : float
        Structural similarity; 1 for the photograph itself.
    """

    psnr: float
    ssim: float


def likeness(photograph, picture):
    """Measure how near a picture comes to a photograph.

    Parameters
    ----------
    photograph, picture : ndarray, uint8 [H, W, C]
        At least 11 pixels along each side.

    Returns
    -------
    Likeness

    References
    ----------
    Wang et al. 2004, "Image quality assessment: from error visibility to structural
    similarity", with its window and its constants, per channel.

    Examples
    --------
    >>> photograph = np.arange(768, dtype=np.uint8).reshape(16, 16, 3)
    >>> round(likeness(photograph, photograph ^ 1).psnr, 2)  # 20 log10 255
    48.13
    """
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    as_published = {"gaussian_weights": True, "use_sample_covariance": False}
    return Likeness(
        float(peak_signal_noise_ratio(photograph, picture)),
        float(
            structural_similarity(photograph, picture, channel_axis=-1, **as_published)
        ),
    )


def written(photograph, kind, quality):
    """Write a photograph as a file of a kind."""
    file = BytesIO()
    Image.fromarray(photograph).save(file, kind, quality=quality, **FORMATS[kind])
    return file.getvalue()


def _expect_format(photograph, kind, most):
    """Refuse a kind that is not compared."""
    if kind not in FORMATS:
        raise LessonError(f"kind is {kind!r}, expected one of {[*FORMATS]}")


@check_before(_expect_format)
def largest_file(photograph, kind, most):
    """Write a photograph as well as it goes with so many bytes.

    Parameters
    ----------
    photograph : ndarray, uint8 [H, W, 3]
    kind : {"JPEG", "WebP"}
    most : int
        Bytes.

    Returns
    -------
    size : int
        Bytes of the file, at most `most`.
    picture : ndarray, uint8 [H, W, 3]
        What the file shows.

    Raises
    ------
    LessonError
        If even the worst quality takes more.

    Examples
    --------
    >>> photograph = np.zeros([64, 64, 3], np.uint8)
    >>> size, picture = largest_file(photograph, "WebP", most=1_000)
    >>> size < 100, picture.shape
    (True, (64, 64, 3))
    """
    files = [written(photograph, kind, quality) for quality in range(1, 96)]
    fitting = [file for file in files if len(file) <= most]
    if not fitting:
        raise LessonError(
            f"{most} bytes are too few for a {kind}, expected at least "
            f"{min(map(len, files))}"
        )
    best = max(fitting, key=len)
    return len(best), np.asarray(Image.open(BytesIO(best)).convert("RGB"))


def load_photograph_bytes():
    """Load what photographs take, as codes and as picture files.

    Returns
    -------
    dict
        From photograph, "china, left", which was trained on, "china, right" or
        "flower", to dicts, one a seed. `stages`, one entry for each number of them:
        `bytes`, and for `codes`, "JPEG" and "WebP" the parts of :class:`Likeness` at
        so many bytes; None for a kind that has no file so small. `without codes`: the
        same parts, if the decoder is given the latents themselves. `smooth half`: for
        each kind, which share of its bytes the smoother half of all squares of 16 x 16
        pixels takes.

    Examples
    --------
    >>> found = load_photograph_bytes()
    >>> {name: len(seeds) for name, seeds in found.items()}
    {'china, left': 3, 'china, right': 3, 'flower': 3}
    """
    return read_json(RECORDS / "photograph_bytes.json")
