"""Load the letters, make numbers of them, split and batch them (chapter 01).

A *letter* is one image, a *character* one of the ten classes. The lesson's letters
are the 10,000-image file of Kuzushiji-MNIST, which :mod:`vqvae_lesson.kmnist` finds
and reads. Letters drawn by :mod:`vqvae_lesson.glyphs` and a reader's own images
load through the same door, :func:`load_letters`.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path

import numpy as np

from vqvae_lesson.crops import sample_photograph, split_crops, train_part
from vqvae_lesson.errors import LessonError, check_before
from vqvae_lesson.glyphs import GLYPH_NAMES, draw_glyphs
from vqvae_lesson.intake import ROOM
from vqvae_lesson.kmnist import find_kmnist, read_idx
from vqvae_lesson.own_images import (
    expect_enough,
    read_npz,
    read_photographs,
    read_pngs,
)

__all__ = [
    "KMNIST_SOUNDS",
    "Letters",
    "to_float",
    "split",
    "batches",
    "lesson_letters",
    "load_kmnist",
    "load_letters",
    "load_crops",
]

KMNIST_NAMES = GLYPH_NAMES
#: How the ten characters of KMNIST are said, in the order of their labels.
KMNIST_SOUNDS = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
HELD_OUT_SHARE = 0.2
MOST_HELD_OUT = 25_000  # letters: all of them are measured after each epoch
CROPS = 8_000, 1_000  # to train on, and held out


@dataclass(frozen=True)
class Letters:
    """Images for training and images held out, with where they came from.

    Attributes
    ----------
    name : str
        ``"kmnist"``, ``"kmnist-full"``, ``"glyphs"`` or the reader's path.
    train_images, held_out_images : ndarray, float32 [N, H, W, C] in [0, 1]
        Of a set too large for memory, :class:`~vqvae_lesson.streamed.StreamedImages`.
    train_labels, held_out_labels : ndarray, int [N]
    class_names : tuple of str
        The character each label stands for; empty where there are no labels.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    held_out_images: np.ndarray
    held_out_labels: np.ndarray
    class_names: tuple = ()

    @property
    def digest(self):
        """SHA-256 of all images in order: the same letters, the same digest."""
        digest = hashlib.sha256()
        for images in (self.train_images, self.held_out_images):
            streamed = getattr(images, "fingerprint", None)
            digest.update(streamed or np.ascontiguousarray(images))
        return digest.hexdigest()


def _expect_images(images):
    """Refuse what cannot be images: another rank, type or range, or none at all."""
    images = np.asarray(images)
    if images.ndim not in (3, 4) or 0 in images.shape:
        raise LessonError(
            f"images have shape {list(images.shape)}, expected [N, H, W] or "
            "[N, H, W, C] with at least one image"
        )
    if images.dtype == np.uint8:
        return
    if not np.issubdtype(images.dtype, np.floating):
        raise LessonError(
            f"images are {images.dtype}, expected uint8 or floats in [0, 1]: "
            "convert them with .astype('uint8')"
        )
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):
        raise LessonError(
            f"images lie between {low} and {high}, expected floats in [0, 1]: divide "
            "by 255, and look for NaN"
        )


@check_before(_expect_images)
def to_float(images):
    """Bytes to numbers a network can use: float32 in [0, 1], with a channel axis.

    Parameters
    ----------
    images : ndarray
        uint8, or float already in [0, 1]; [N, H, W] or [N, H, W, C].

    Returns
    -------
    ndarray, float32 [N, H, W, C]

    Raises
    ------
    LessonError
        For another rank, type or range, or no image at all.

    Examples
    --------
    >>> images = to_float(np.full([2, 28, 28], 255, np.uint8))
    >>> images.shape, float(images.max())
    ((2, 28, 28, 1), 1.0)
    """
    images = np.asarray(images)
    if images.dtype == np.uint8:
        images = images.astype(np.float32) / 255
    images = images.astype(np.float32)
    return images[..., None] if images.ndim == 3 else images


def _expect_split(count, held_out, seed=0):
    """Refuse to hold out more than there is."""
    if not 0 <= held_out <= count:
        raise LessonError(f"held_out is {held_out}, expected 0 to {count}")


@check_before(_expect_split)
def split(count, held_out, seed=0):
    """Shuffle the numbers 0 to count - 1 and cut them in two.

    Parameters
    ----------
    count : int
        How many images there are.
    held_out : int
        How many of them to set aside.
    seed : int
        The same seed gives the same split, on any machine.

    Returns
    -------
    train, held_out : ndarray, int [count - held_out] and [held_out]

    Raises
    ------
    LessonError
        If there are not as many images as are to be held out.

    Examples
    --------
    >>> train, held_out = split(10, held_out=2)
    >>> len(train), len(held_out), sorted([*train, *held_out]) == list(range(10))
    (8, 2, True)
    """
    order = np.random.default_rng(seed).permutation(count)
    return order[: count - held_out], order[count - held_out :]


def load_kmnist(folder=None, full=False):
    """Load Kuzushiji-MNIST: the lesson's 8,000 + 2,000, or the official set.

    Parameters
    ----------
    folder : path, optional
        Where to look first; see :func:`~vqvae_lesson.kmnist.find_kmnist`.
    full : bool
        False: the 10,000-image file, shuffled with seed 0 and split 8,000 to
        2,000. True: the official 60,000 for training and 10,000 held out.

    Returns
    -------
    Letters

    References
    ----------
    Clanuwat et al. 2018, "Deep Learning for Classical Japanese Literature",
    arXiv:1812.01718.

    Examples
    --------
    >>> letters = load_kmnist()
    >>> letters.held_out_images.shape, letters.held_out_labels[:5].tolist()
    ((2000, 28, 28, 1), [2, 6, 6, 8, 0])
    """
    test = _images_and_labels("t10k", folder)
    if full:
        train = _images_and_labels("train", folder)
        return Letters("kmnist-full", *train, *test, KMNIST_NAMES)
    return _split_letters("kmnist", *test, KMNIST_NAMES)


def _images_and_labels(prefix, folder):
    """Read one of KMNIST's two pairs of files."""
    images = read_idx(find_kmnist(f"{prefix}-images-idx3-ubyte.gz", folder))
    labels = read_idx(find_kmnist(f"{prefix}-labels-idx1-ubyte.gz", folder))
    return to_float(images), labels


def _split_letters(name, images, labels, class_names):
    """Hold out a fifth of the images, with the lesson's seed."""
    count = min(round(HELD_OUT_SHARE * len(images)), MOST_HELD_OUT)
    train, held_out = split(len(images), count)
    return Letters(
        name,
        images[train],
        labels[train],
        images[held_out],
        labels[held_out],
        class_names,
    )


def load_glyphs(count=10_000, seed=0):
    """Letters drawn by the package, for a machine with neither file nor network."""
    images, labels = draw_glyphs(count, seed)
    return _split_letters("glyphs", to_float(images), labels, GLYPH_NAMES)


def load_own(path):
    """Load a reader's own images: an ``.npz`` file, or a folder of PNGs or shards.

    Parameters
    ----------
    path : path
        An ``.npz`` with an array ``images`` (or ``arr_0``) and, if there are
        any, ``labels``; or a folder of PNG files of one size; or one of shards, as
        :func:`~vqvae_lesson.streamed.write_shards` writes them. Shards, and an
        ``.npz`` that is too large for memory, stay on the disk.

    Returns
    -------
    Letters
        Split four to one, with at most 25,000 held out, shuffled with seed 0.

    Raises
    ------
    LessonError
        For a path that is neither, for images that :func:`to_float` refuses, and for
        more of them than there is room for.
    """
    from vqvae_lesson import streamed

    path = Path(path)
    is_npz = path.suffix == ".npz" and os.path.isfile(path)
    if streamed.holds_shards(path):
        images, labels = streamed.open_shards(path)
    elif os.path.isdir(path):
        images, labels = to_float(read_pngs(path)), None
    elif is_npz and streamed.outgrows_memory(path):
        images, labels = streamed.open_npz(path)
    elif is_npz:
        images, labels = read_npz(path)
        images = to_float(images)
    else:
        raise LessonError(
            f"{path} is neither an .npz file nor a folder of PNGs or shards: name one "
            "of these, or kmnist, kmnist-full or glyphs"
        )
    expect_enough(path, len(images))
    if labels is None:
        labels = np.zeros(len(images), np.uint8)
    return _split_letters(str(path), images, labels, ())


def load_crops(source="photographs", side=32):
    """Cut photographs into squares: the left of each to train on, the right held out.

    Parameters
    ----------
    source : str
        ``"photographs"``: the one of a temple that scikit-learn brings. Else the path
        of a JPEG or PNG, or of a folder of them, of any sizes.
    side : int
        Pixels.

    Returns
    -------
    Letters
        8,000 squares to train on and 1,000 held out; these have the number of their
        photograph as a label.

    Raises
    ------
    LessonError
        For a path that holds no photographs, one of a kind that is not taken, or one
        with a part smaller than the squares; and, before anything is cut, for squares
        that would take more than 1 GB.

    Examples
    --------
    >>> crops = load_crops()
    >>> crops.train_images.shape, crops.held_out_images.shape
    ((8000, 32, 32, 3), (1000, 32, 32, 3))
    """
    if source == "photographs":
        photographs = [sample_photograph("china")]
    else:
        photographs = read_photographs(Path(source))
    for number, one in enumerate(photographs, 1):
        _, held_out = train_part(one)
        if min(held_out.shape[:2]) < side:
            raise LessonError(
                f"photograph {number} of {len(photographs)} in {source}, by name, is "
                f"{one.shape[0]} x {one.shape[1]}, and its right part, held out, has "
                f"no room for {side} x {side}: take it out, or a smaller --crop"
            )
    _expect_room_for_crops(photographs, side)
    *crops, sources = split_crops(photographs, side, *CROPS)
    # As `to_float` does it, but without holding them twice for a moment.
    train, held_out = (np.divide(part, 255, dtype=np.float32) for part in crops)
    unknown = np.zeros(len(train), np.uint8)
    return Letters(source, train, unknown, held_out, sources)


def _expect_room_for_crops(photographs, side):
    """Refuse squares that would not fit: as bytes, as float32, and a byte to spare."""
    values = sum(CROPS) * side**2 * photographs[0].shape[2]
    need = sum(one.nbytes for one in photographs) + 6 * values
    if need > ROOM:
        raise LessonError(
            f"{sum(CROPS):,} crops of {side} x {side} pixels and their photographs "
            f"would take {need / 1e9:,.1f} GB, expected at most {ROOM / 1e9:.0f} GB: "
            "take a smaller --crop, or fewer photographs"
        )


def load_letters(source="kmnist", folder=None, crop=None):
    """Load letters by name or by path.

    Parameters
    ----------
    source : str
        ``"kmnist"`` (the lesson's split), ``"kmnist-full"``, ``"glyphs"``,
        ``"photographs"`` (chapter 17), ``"speech"`` (chapter 18), or the path of an
        ``.npz`` file or of a folder of PNGs or shards.
    folder : path, optional
        Where KMNIST's files are; see :func:`~vqvae_lesson.kmnist.find_kmnist`.
    crop : int, optional
        The path is of photographs of any size: cut squares of so many pixels.

    Returns
    -------
    Letters

    Examples
    --------
    >>> letters = load_letters("glyphs")
    >>> letters.name, letters.train_images.shape
    ('glyphs', (8000, 28, 28, 1))
    """
    if crop or source == "photographs":
        return load_crops(source, crop or 32)
    if source in ("kmnist", "kmnist-full"):
        return load_kmnist(folder, full=source == "kmnist-full")
    if source == "speech":
        from vqvae_lesson.speech import speech_letters

        return speech_letters()
    return load_glyphs() if source == "glyphs" else load_own(source)


def lesson_letters():
    """Return the letters of a chapter: KMNIST or, announced, the drawn ones.

    Returns
    -------
    Letters
        KMNIST's 8,000 + 2,000. Where there is neither file nor network, as many
        drawn letters, and a line is printed that says so.

    Examples
    --------
    >>> letters = lesson_letters()
    >>> letters.train_images.shape, letters.held_out_images.shape
    ((8000, 28, 28, 1), (2000, 28, 28, 1))
    """
    try:
        return load_kmnist()
    except LessonError as error:
        print(f"Drawn letters instead of KMNIST, so numbers will differ: {error}")
        return load_glyphs()


def _expect_batches(images, batch_size, seed=0, epoch=0):
    """Refuse a batch that is empty, or larger than all images together."""
    if not 1 <= batch_size <= len(images):
        raise LessonError(
            f"batch_size is {batch_size} for {len(images)} images, expected 1 to "
            f"{len(images)}"
        )


def _also_from_disk(batches):
    """Let images that stay on the disk hand out their batches themselves."""

    @wraps(batches)
    def where_they_are(images, *args, **kwargs):
        streamed = getattr(images, "batches", None)
        return (streamed or partial(batches, images))(*args, **kwargs)

    return where_they_are


@check_before(_expect_batches)
@_also_from_disk
def batches(images, batch_size, seed=0, epoch=0):
    """Shuffle the images and hand them out in batches; the last odd ones stay.

    Each epoch has its own order, which depends on the seed and the epoch alone,
    so that a run can be taken up again in the middle. The next batch is
    prepared while the network works on this one.

    Parameters
    ----------
    images : ndarray, float32 [N, H, W, C]
    batch_size : int
    seed, epoch : int
        Together they fix the order.

    Returns
    -------
    tf.data.Dataset
        Of N // batch_size tensors, float32 [batch_size, H, W, C].

    Raises
    ------
    LessonError
        If there are fewer images than one batch holds.

    Examples
    --------
    >>> images = np.zeros([130, 28, 28, 1], np.float32)
    >>> [batch.shape.as_list() for batch in batches(images, batch_size=64)]
    [[64, 28, 28, 1], [64, 28, 28, 1]]
    """
    import tensorflow as tf

    images = tf.convert_to_tensor(images)
    order = np.random.default_rng([seed, epoch]).permutation(len(images))
    return (
        tf.data.Dataset.from_tensor_slices(order)
        .batch(batch_size, drop_remainder=True)
        .map(lambda rows: tf.gather(images, rows))
        .prefetch(tf.data.AUTOTUNE)
    )
