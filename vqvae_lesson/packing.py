"""Letters as real bytes: codes through an entropy coder, and rivals (chapter 15).

A prior that gives a letter's codes a probability p can send them in -log2 p bits, to
within a few bytes for all letters together. The coder that does it is a range coder
(Martin 1979), from the library constriction (Bamler 2022, arXiv:2201.01741).
"""

import math
import zlib
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

from vqvae_lesson.errors import LessonError, check_before
from vqvae_lesson.health import RECORDS
from vqvae_lesson.judges import expect_pictures
from vqvae_lesson.runs.files import read_json

__all__ = ["pack", "unpack", "Picture", "picture_bytes", "load_bytes"]

TOGETHER = 250  # letters whose keys and values are held at a time
LEAST, MOST = 0.001, 0.999


def range_coding():
    """Import the coder, which does not come for every machine.

    Returns
    -------
    queue : module
        With `RangeEncoder` and `RangeDecoder`.
    shares : constriction.stream.model.Categorical
        Turns each row of a table of probabilities into shares of 2**24, at least one
        for each code.
    """
    try:
        from constriction import stream
    except ImportError:
        raise LessonError(
            "the library constriction is missing, which there is not for Linux on ARM: "
            "pack on another machine"
        ) from None
    return stream.queue, stream.model.Categorical(perfect=False)


def expect_grids(indices, prior):
    """Refuse what are no grids of this prior's codes.

    Raises
    ------
    LessonError
        For another shape than [N, L], no letter, or a code outside 0 to K - 1.
    """
    shape, size, most = np.shape(indices), prior.latent_size, prior.num_codes - 1
    if len(shape) != 2 or shape[1] != size or not shape[0]:
        raise LessonError(
            f"indices have shape {list(shape)}, expected [N, {size}] with N at least 1"
        )
    if not 0 <= np.min(indices) <= np.max(indices) <= most:
        raise LessonError(
            f"indices lie between {np.min(indices)} and {np.max(indices)}, expected 0 "
            f"to {most}"
        )


def walk(prior, count, code):
    """Go through grids place by place: the same way to pack them as to unpack them.

    Parameters
    ----------
    prior : CountedPrior or TransformerPrior
    count : int
        N.
    code : callable
        From a slice of letters, their place, and a table of probabilities, float64
        [B, K], to the codes there, int [B].

    Returns
    -------
    ndarray, int32 [N, L]
    """
    grids = np.empty([count, prior.latent_size], np.int32)
    for start in range(0, count, TOGETHER):
        letters, past = slice(start, min(start + TOGETHER, count)), None
        for place in range(prior.latent_size):
            last = grids[letters, max(place - 1, 0) : place]
            table, past = prior.next_probabilities(last, past)
            grids[letters, place] = code(letters, place, table)
    return grids


def signed(words, grids):
    """Put before the coder's words four bytes that tell whether they came through."""
    words = words.astype("<u4").tobytes()
    checksum = zlib.crc32(np.asarray(grids, "<i4").tobytes(), zlib.crc32(words))
    return checksum.to_bytes(4, "little") + words


@check_before(expect_grids)
def pack(indices, prior):
    """Write the codes of letters as bytes, shorter where the prior expects them.

    Parameters
    ----------
    indices : array, int [N, L]
    prior : CountedPrior or TransformerPrior
        From `vqvae_lesson.prior`.

    Returns
    -------
    bytes
        Four that are a checksum, and the coder's words of four. How many letters
        there are does not stand in them.

    Raises
    ------
    LessonError
        For a shape other than [N, L], no letter, a code outside 0 to K - 1, or a
        machine without the coder.

    Notes
    -----
    Who unpacks must see the same probabilities to the last bit. So both go the same
    way: letters in the same groups, place after place, with the same compiled graph;
    probabilities are float64, of which the coder makes whole shares of 2**24.
    Counted probabilities are the same everywhere. A network's are on one machine with
    one version of TensorFlow. Another number of threads changed nothing when it was
    tried; kernels of another kind (without oneDNN) rounded otherwise, so that nothing
    could be unpacked, and the checksum said so. A prior that must travel computes in
    whole numbers (Ballé et al. 2019, "Integer networks for data compression with
    latent-variable models").

    References
    ----------
    Martin 1979, "Range encoding: an algorithm for removing redundancy from a digitised
    message".

    Examples
    --------
    >>> from vqvae_lesson.prior import uniform_prior
    >>> codes = np.random.default_rng(0).integers(64, size=[1000, 49])
    >>> data = pack(codes, uniform_prior(49, 64))
    >>> len(data) / 1000  # 49 codes of 6 bits are 36.75 bytes
    36.756
    """
    queue, shares = range_coding()
    encoder, indices = queue.RangeEncoder(), np.asarray(indices, np.int32)

    def put(letters, place, table):
        codes = np.ascontiguousarray(indices[letters, place])
        encoder.encode(codes, shares, table)
        return codes

    walk(prior, len(indices), put)
    return signed(encoder.get_compressed(), indices)


def unpack(data, count, prior):
    """Read the codes of letters from what :func:`pack` wrote.

    Parameters
    ----------
    data : bytes
    count : int
        N, as many letters as were packed.
    prior : CountedPrior or TransformerPrior
        The one that packed.

    Returns
    -------
    ndarray, int32 [N, L]

    Raises
    ------
    LessonError
        If the checksum does not fit what was read: bytes are damaged or missing,
        another count or prior packed them, or a network rounded otherwise.

    Examples
    --------
    >>> from vqvae_lesson.prior import counted_prior
    >>> prior = counted_prior([[0, 1], [0, 0]], num_codes=2)
    >>> unpack(pack([[0, 1], [1, 0]], prior), 2, prior).tolist()
    [[0, 1], [1, 0]]
    """
    queue, shares = range_coding()
    wrong = LessonError(
        f"{len(data)} bytes are not {count} letters as pack wrote them: name the same "
        "count and prior, on a machine that rounds as the one that packed"
    )
    if count < 1 or len(data) < 4 or len(data) % 4:
        raise wrong
    words = np.frombuffer(data, "<u4", offset=4).astype(np.uint32)
    decoder = queue.RangeDecoder(words)
    try:
        grids = walk(prior, count, lambda *at: decoder.decode(shares, at[-1]))
    except AssertionError:  # words that no encoder writes
        raise wrong from None
    if signed(words, grids) != data:
        raise wrong
    return grids


class Picture(NamedTuple):
    """What a letter takes in a picture file, and how it comes out again.

    Attributes
    ----------
    bytes : float
        Per letter.
    nats : float
        Cross-entropy of the letter under the picture, summed over pixels.
    squared_error : float
        Summed over pixels.
    """

    bytes: float
    nats: float
    squared_error: float


#: How each kind of file is written as small as it goes.
KINDS = {
    "PNG": {"optimize": True},
    "WebP": {"lossless": True, "quality": 100, "method": 6},
    "JPEG": {"optimize": True},
}


def expect_kind(images, kind, quality=None, on_one_sheet=False):
    """Refuse images of more channels, a kind that is not measured, and no quality.

    Raises
    ------
    LessonError
        Unless images are grey, and a quality is named for JPEG alone.
    """
    expect_pictures(images)
    if np.shape(images)[-1] != 1:
        raise LessonError(
            f"images have {np.shape(images)[-1]} channels, expected grey ones with 1"
        )
    if kind not in KINDS:
        raise LessonError(f"kind is {kind!r}, expected one of {[*KINDS]}")
    lossy = kind == "JPEG"
    if lossy != (quality is not None) or (lossy and not 1 <= quality <= 95):
        raise LessonError(
            f"quality of {kind} is {quality}, expected 1 to 95 for JPEG, and none else"
        )


def lay_side_by_side(images):
    """Lay letters on the smallest square sheet, without gaps.

    Parameters
    ----------
    images : array [N, H, W, 1]

    Returns
    -------
    ndarray [S H, S W, 1]
        S is the root of N, rounded up; what is left of the sheet stays empty.
    """
    count, height, width, _ = np.shape(images)
    side = math.ceil(math.sqrt(count))
    sheet = np.zeros([side, side, height, width])
    sheet.reshape(-1, height, width)[:count] = np.asarray(images)[..., 0]
    return sheet.swapaxes(1, 2).reshape(side * height, side * width, 1)


def cut_apart(sheet, shape):
    """Cut the letters, of shape [N, H, W, 1], out of a sheet again."""
    count, height, width, _ = shape
    side = len(sheet) // height
    rows = sheet.reshape(side, height, side, width).swapaxes(1, 2)
    return rows.reshape(-1, height, width, 1)[:count]


def write_and_read(image, kind, quality=None):
    """Write one image as a file, and read the file.

    Parameters
    ----------
    image : array, float [H, W, 1] in [0, 1]
    kind : {"PNG", "WebP", "JPEG"}
    quality : int, optional

    Returns
    -------
    size : int
        Bytes.
    image : ndarray, float64 [H, W, 1]
    """
    file, extra = BytesIO(), {} if quality is None else {"quality": quality}
    pixels = np.round(255 * np.asarray(image)[..., 0]).astype(np.uint8)
    Image.fromarray(pixels).save(file, kind, **KINDS[kind], **extra)
    read = np.asarray(Image.open(file).convert("L"), np.float64) / 255
    return len(file.getvalue()), read[..., None]


@check_before(expect_kind)
def picture_bytes(images, kind, quality=None, on_one_sheet=False):
    """Measure letters as picture files: what the prior's bytes are compared with.

    Parameters
    ----------
    images : array, float [N, H, W, 1] in [0, 1]
    kind : {"PNG", "WebP", "JPEG"}
        The first two without loss, the last with a loss.
    quality : int, optional
        Of JPEG, 1 to 95.
    on_one_sheet : bool
        All letters in one file, side by side. Else a file for each, of which most is
        its head.

    Returns
    -------
    Picture
        Means per letter. Pixels stand for probabilities of ink, no nearer than 0.001
        to 0 or 1.

    Raises
    ------
    LessonError
        For images that are not grey, another kind, or a quality that does not fit it.

    Examples
    --------
    >>> images = np.zeros([4, 28, 28, 1])
    >>> picture_bytes(images, "PNG").squared_error
    0.0
    >>> picture_bytes(images, "PNG", on_one_sheet=True).bytes < 30
    True
    """
    sheets = [lay_side_by_side(images)] if on_one_sheet else images
    files = [write_and_read(sheet, kind, quality) for sheet in sheets]
    read = np.stack([picture for _, picture in files])
    if on_one_sheet:
        read = cut_apart(read[0], np.shape(images))
    images, chances = np.float64(images), np.clip(read, LEAST, MOST)
    nats = -images * np.log(chances) - (1 - images) * np.log1p(-chances)
    count = len(images)
    return Picture(
        sum(size for size, _ in files) / count,
        float(nats.sum() / count),
        float(np.square(images - read).sum() / count),
    )


def load_bytes():
    """Load what the 2,000 letters held out take, packed and as pictures.

    Returns
    -------
    dict
        All numbers are means per letter. `codes`: from prior to `bytes`, its `nats`,
        `bytes_of_nats`, what these would take, and `bytes_alone`, a letter packed by
        itself. `naive`: `bytes` of the codes as a compressed array and with gzip.
        `pixels`: `nats` and `squared_error` that the codes leave. `pictures`: from
        kind, quality and "alone" or "one sheet" to the parts of :class:`Picture`.

    Examples
    --------
    >>> found = load_bytes()
    >>> sorted(found["codes"])
    ['by_place', 'frequencies', 'uniform', 'written']
    """
    return read_json(RECORDS / "bytes.json")
