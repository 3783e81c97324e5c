"""Images that stay on the disk: a large ``.npz``, or shards of records.

Memory holds where each image lies, and what a step needs of them is read. Which
letters make a batch, and which are held out, is as if all were in memory.
"""

import hashlib
import math
import os
import struct
import zipfile
import zlib
from array import array
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from vqvae_lesson.data import to_float
from vqvae_lesson.errors import LessonError
from vqvae_lesson.intake import (
    ROOM,
    array_header,
    expect_room,
    has_room,
    read_headers,
    regular_size,
)
from vqvae_lesson.own_images import find_images

__all__ = ["StreamedImages", "open_npz", "open_shards", "write_shards"]

PIECE = 2**22  # bytes of a file that are read at a time
MOST_RECORD = ROOM // 10  # bytes
MOST_IMAGES = 10**7  # their places, shuffled, take 0.5 GB
SIZES = ("height", "width", "channels")


class StreamedImages:
    """Images on a disk: an index picks some of them, ``np.asarray`` reads them.

    A single number reads its image, so one may also go through them one by one.

    Parameters
    ----------
    read : callable
        From the numbers of images, int [N], to their pixels, uint8 [N, H, W] or
        [N, H, W, C].
    image_shape : tuple of int
        (H, W) or (H, W, C).
    digest : bytes
        Of the pixels of all images, in the order of their numbers.
    rows : ndarray, int [N]
        Numbers of those that are picked.

    Attributes
    ----------
    shape : tuple of int
        N, H, W, C.

    Examples
    --------
    >>> images = StreamedImages(lambda rows: np.zeros([len(rows), 28, 28], np.uint8),
    ...                         (28, 28), b"", np.arange(1_000))
    >>> images[:64].shape, np.asarray(images[[5, 3]]).dtype.name
    ((64, 28, 28, 1), 'float32')
    """

    dtype = np.dtype(np.float32)

    def __init__(self, read, image_shape, digest, rows):
        self.read, self.image_shape, self.digest = read, image_shape, digest
        self.rows = rows
        self.shape = (len(rows), *image_shape, 1)[:4]

    def __len__(self):
        """Count those that are picked."""
        return len(self.rows)

    def __getitem__(self, picked):
        """Pick some of them, and read none; a single number reads that one."""
        rows = self.rows[picked]
        if rows.ndim == 0:
            return np.asarray(self[[picked]])[0]
        return StreamedImages(self.read, self.image_shape, self.digest, rows)

    def __array__(self, dtype=None, copy=None):
        """Read them: numbers in [0, 1], float32 [N, H, W, C]."""
        return to_float(self.read(self.rows)).astype(dtype or self.dtype, copy=False)

    def batches(self, batch_size, seed=0, epoch=0):
        """Read batch by batch, in the order that images in memory have.

        Parameters
        ----------
        batch_size, seed, epoch : int
            As for :func:`~vqvae_lesson.data.batches`.

        Returns
        -------
        tf.data.Dataset
            Of N // batch_size tensors, float32 [batch_size, H, W, C].
        """
        import tensorflow as tf

        order = np.random.default_rng([seed, epoch]).permutation(self.rows)

        def read(number):
            rows = order[number * batch_size : (number + 1) * batch_size]
            return to_float(self.read(rows))

        def batch(number):
            found = tf.numpy_function(read, [number], tf.float32)
            return tf.ensure_shape(found, [batch_size, *self.shape[1:]])

        numbers = tf.data.Dataset.range(len(self) // batch_size)
        return numbers.map(batch).prefetch(tf.data.AUTOTUNE)

    @property
    def fingerprint(self):
        """Bytes that other images, or the same in another order, do not have."""
        return hashlib.sha256(self.digest + self.rows.data).digest()


def outgrows_memory(path):
    """Say whether the images of an .npz file have no room in memory."""
    _, shape, dtype = find_images(path)
    return not has_room(shape, dtype.itemsize)


def open_npz(path):
    """Open an .npz file whose images are too many for memory.

    All of it is read once, to see that it is whole.

    Parameters
    ----------
    path : path
        Written by ``np.savez``: not packed, and with images in uint8.

    Returns
    -------
    images : StreamedImages
        Of shape [N, H, W, C].
    labels : ndarray, int [N], or None

    Raises
    ------
    LessonError
        For a file that is packed, damaged, or of anything else than uint8.

    References
    ----------
    PKWARE, "APPNOTE.TXT", section 4.3.7: where the content of a file begins.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "letters.npz")
    ...     np.savez(path, images=np.zeros([100, 28, 28], np.uint8))
    ...     images, labels = open_npz(path)
    ...     images.shape, float(np.asarray(images[:5]).max())
    ((100, 28, 28, 1), 0.0)
    """
    name, shape, dtype = find_images(path)
    _expect_shape(path, shape)
    with open(path, "rb") as file:
        stamp = _stamp(file)
    place = _find_values(path, name) if dtype == np.uint8 else None
    if place is None:
        way_out = "save them with np.savez, as uint8, and they are read piece by piece"
        expect_room(path, shape, dtype.itemsize, way_out)
        raise LessonError(f"{path} cannot be read piece by piece: {way_out}")
    read = partial(_read_values, path, place, stamp, shape[1:])
    images = StreamedImages(
        read, shape[1:], _digest_of(path, name), np.arange(shape[0], dtype=np.int32)
    )
    return images, _labels_of(path)


def _expect_shape(path, shape):
    """Refuse what cannot be images, and more than there is room to count."""
    if len(shape) not in (3, 4) or 0 in shape:
        raise LessonError(
            f"{path} holds images of shape {list(shape)}, expected [N, H, W] or "
            "[N, H, W, C] with at least one image"
        )
    if shape[0] > MOST_IMAGES:
        raise LessonError(
            f"{path} holds {shape[0]:,} images, expected at most {MOST_IMAGES:,}: "
            "take fewer"
        )


def _entry(archive, name):
    """Find an array in an open zip file; of several, the one that NumPy takes."""
    named = (f"{name}.npy", name)
    return [one for one in archive.infolist() if one.filename in named][-1]


@contextmanager
def _opened(path, name):
    """Open an array of an .npz file, to read it from its header on."""
    with zipfile.ZipFile(path) as archive, archive.open(_entry(archive, name)) as file:
        yield file


def _find_values(path, name):
    """Say at which byte an array's values begin, if they lie there as they are."""
    with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        entry = _entry(archive, name)
        with archive.open(entry) as member:
            _, by_columns, _ = array_header(member)
            start = member.tell()
        if by_columns or entry.compress_type != zipfile.ZIP_STORED:
            return None
        file.seek(entry.header_offset)
        before = 30 + sum(struct.unpack("<26x2H", file.read(30)))
    return entry.header_offset + before + start


def _digest_of(path, name):
    """Take the digest of an array's values; damaged ones are refused on the way."""
    digest = hashlib.sha256()
    with _whole(path), _opened(path, name) as member:
        array_header(member)
        while piece := member.read(PIECE):
            digest.update(piece)
    return digest.digest()


@contextmanager
def _whole(path):
    """Refuse a file that turns out to be damaged when it is read."""
    try:
        yield
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise LessonError(
            f"{path} is damaged ({error}): copy it, or save it, once more"
        ) from None


def _labels_of(path):
    """Read the labels, if there are any; the images beside them stay where they are."""
    if "labels" not in read_headers(path):
        return None
    with _whole(path), _opened(path, "labels") as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _stamp(file):
    """Say what changes when somebody writes to an open file."""
    found = os.fstat(file.fileno())
    return found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def _unchanged(path, stamp):
    """Open a file that was read before, if it is still the same."""
    with open(path, "rb", buffering=0) as file:
        if _stamp(file) != stamp:
            raise LessonError(
                f"{path} was changed after the start: put it back, and start again"
            )
        yield file


def _read_values(path, place, stamp, image_shape, rows):
    """Read images of a file in which they lie one after the other from a place on."""
    images = np.empty([len(rows), *image_shape], np.uint8)
    size = math.prod(image_shape)
    with _unchanged(path, stamp) as file:
        for image, row in zip(images, rows.tolist(), strict=True):
            file.seek(place + row * size)
            file.readinto(image)
    return images


def holds_shards(path):
    """Say whether a path is a folder with shards in it."""
    return os.path.isdir(path) and any(Path(path).glob("*.tfrecord"))


def open_shards(folder):
    """Open a folder of TFRecord files, sorted by name, with one image a record.

    All of them are read once, to see that they are whole and where each record lies.

    Parameters
    ----------
    folder : path
        With files ``*.tfrecord``, not packed, as :func:`write_shards` writes them:
        each record a ``tf.train.Example`` with `image`, the pixels' bytes row by row;
        the whole numbers `height`, `width` and `channels`, the same in all records;
        and, in all or in none, the whole number `label`.

    Returns
    -------
    images : StreamedImages
        Of shape [N, H, W, C].
    labels : ndarray, int64 [N], or None

    Raises
    ------
    LessonError
        For a damaged file, for a record of another form, and for PNGs beside.

    References
    ----------
    TensorFlow, "TFRecord and tf.train.Example": a record is its length in 8 bytes, a
    check sum of 4, its content, and a check sum of 4.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_shards(folder, np.zeros([100, 28, 28], np.uint8), shard_size=40)
    ...     images, labels = open_shards(folder)
    ...     images.shape, float(np.asarray(images[:5]).max())
    ((100, 28, 28, 1), 0.0)
    """
    folder = Path(folder)
    if any(path.suffix.lower() == ".png" for path in folder.iterdir()):
        raise LessonError(f"{folder} holds PNGs and shards: name a folder of one kind")
    shards = Shards(sorted(folder.glob("*.tfrecord")))
    if not shards.places:
        raise LessonError(f"{folder} holds shards without a record: write images")
    rows = np.arange(len(shards.places), dtype=np.int32)
    if shards.labels and len(shards.labels) < len(rows):
        raise LessonError(
            f"{folder} holds {len(rows):,} images and {len(shards.labels):,} labels: "
            "write all or none"
        )
    labels = np.array(shards.labels) if shards.labels else None
    return StreamedImages(shards.read, shards.shape, shards.digest, rows), labels


class Shards:
    """Records in files, each found by its number; see :func:`open_shards`."""

    def __init__(self, paths):
        self.paths, self.shape = paths, None
        self.firsts, self.places, self.labels = [], array("q"), array("q")
        self.stamps, digest = [], hashlib.sha256()
        for path in paths:
            regular_size(path)
            with open(path, "rb") as file:
                self.stamps.append(_stamp(file))
            self.firsts.append(len(self.places))
            for place, record in _records(path):
                digest.update(self.add(f"{path}, byte {place:,}", place, record))
        self.digest = digest.digest()

    def add(self, name, place, record):
        """Note where a record lies, and its label; return the pixels."""
        pixels, shape, labels = _parse(name, record)
        self.shape = self.shape or shape
        if shape != self.shape:
            raise LessonError(
                f"{name}: an image of shape {list(shape)}, expected "
                f"{list(self.shape)} as in the first record: make all one size"
            )
        self.places.append(place)
        self.labels.extend(labels)
        _expect_shape(name, (len(self.places), *shape))
        return pixels

    def read(self, rows):
        """Read images by their numbers, opening no file twice.

        Parameters
        ----------
        rows : ndarray, int [N]

        Returns
        -------
        ndarray, uint8 [N, H, W, C]
        """
        images = np.empty([len(rows), *self.shape], np.uint8)
        shards = np.searchsorted(self.firsts, rows, side="right") - 1
        for shard in np.unique(shards):
            with _unchanged(self.paths[shard], self.stamps[shard]) as file:
                for image in np.flatnonzero(shards == shard):
                    file.seek(self.places[rows[image]])
                    (length,) = struct.unpack("<Q4x", file.read(12))
                    pixels, *_ = _parse(file.name, file.read(length))
                    images[image] = np.frombuffer(pixels, np.uint8).reshape(self.shape)
        return images


def _records(path):
    """Hand out each record of a file with its place; what is damaged is refused."""
    import tensorflow as tf

    regular_size(path)  # before TensorFlow opens it, and waits at a pipe
    place = 0
    try:
        with _without_advice():
            records = tf.compat.v1.io.tf_record_iterator(os.fsencode(path))
        for place in _places(path):
            yield place, next(records)
    except (StopIteration, tf.errors.OpError):
        raise LessonError(
            f"{path} is damaged behind byte {place:,}: copy it, or write it, once more"
        ) from None


@contextmanager
def _without_advice():
    """Keep TensorFlow from advising a reader that would start its devices too early."""
    import tensorflow as tf

    logger = tf.get_logger()
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _places(path):
    """Find where each record of a file begins, by the lengths that they state."""
    size, place = regular_size(path), 0
    with open(path, "rb") as file:
        while head := file.read(12):
            end = place + 16 + int.from_bytes(head[:8], "little")
            if not place + 16 <= end <= min(size, place + 16 + MOST_RECORD):
                raise LessonError(
                    f"{path} breaks off behind byte {place:,}, or is no TFRecord: "
                    "copy it, or write it, once more, not packed"
                )
            yield place
            place = file.seek(end)


def _parse(name, record):
    """Take pixels, shape and labels, one or none, out of a record."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        features = tf.train.Example.FromString(record).features.feature
        (pixels,) = features["image"].bytes_list.value
        sizes = [features[size].int64_list.value for size in SIZES]
        shape = tuple(size for (size,) in sizes)
        labels = features["label"].int64_list.value if "label" in features else []
        right = min(shape) > 0 and math.prod(shape) == len(pixels)
        right = right and len(labels) == ("label" in features)
    except (DecodeError, ValueError):
        right = False
    if not right:
        raise LessonError(
            f"{name}: expected an example of image (bytes), height, width, channels "
            "and perhaps label: write it with write_shards"
        )
    return pixels, shape, labels


def write_shards(folder, images, labels=None, shard_size=10_000):
    """Write images as TFRecord files, for :func:`open_shards`.

    Parameters
    ----------
    folder : path
        Without shards; is made, if there is none.
    images : iterable of ndarray, uint8 [H, W] or [H, W, C]
        Is gone through once, so they need not all be in memory.
    labels : iterable of int, optional
        One an image.
    shard_size : int
        Images a file.

    Raises
    ------
    LessonError
        If the images are not uint8 of one size, labels not one whole number an
        image, or there are shards already.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_shards(folder, np.zeros([5, 28, 28], np.uint8), shard_size=3)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['00000.tfrecord', '00001.tfrecord']
    """
    import tensorflow as tf

    if holds_shards(folder):
        raise LessonError(f"{folder} holds shards already: name another folder")
    if type(shard_size) is not int or shard_size < 1:
        raise LessonError(f"shard_size is {shard_size!r}, expected 1 or more")
    Path(folder).mkdir(parents=True, exist_ok=True)
    paths, told = [], _with_labels(images, labels)
    try:
        while first := next(told, None):
            paths.append(Path(folder, f"{len(paths):05d}.tfrecord"))
            with tf.io.TFRecordWriter(str(paths[-1])) as writer:
                for one in chain([first], islice(told, shard_size - 1)):
                    writer.write(_example(*one))
    except LessonError:
        for path in paths:  # half of a set would be taken for all of it
            path.unlink(missing_ok=True)
        raise


def _with_labels(images, labels):
    """Yield each image, with its label if there are any; all must be of one size."""
    shape, labels = None, None if labels is None else iter(labels)
    for image in map(np.asarray, images):
        shape = shape or image.shape
        fits = image.dtype == np.uint8 and image.ndim in (2, 3) and image.size
        if not fits or image.shape != shape or image.nbytes > MOST_RECORD // 2:
            raise LessonError(
                f"an image is {image.dtype} {list(image.shape)}, expected uint8 "
                "[H, W] or [H, W, C], all of one size and at most 50 MB: convert it "
                "with .astype('uint8')"
            )
        if labels is None:
            yield (image,)
            continue
        label = next(labels, None)
        if not isinstance(label, int | np.integer) or abs(int(label)) >= 2**63:
            raise LessonError(f"a label is {label!r}, expected a whole number an image")
        yield image, label
    if labels is not None and next(labels, None) is not None:
        raise LessonError("there are more labels than images, expected one an image")


def _example(image, label=None):
    """Make the record of one image."""
    import tensorflow as tf

    numbers = dict(zip(SIZES, (*image.shape, 1), strict=False))
    if label is not None:
        numbers["label"] = int(label)
    features = {
        name: tf.train.Feature(int64_list=tf.train.Int64List(value=[number]))
        for name, number in numbers.items()
    }
    content = tf.train.BytesList(value=[image.tobytes()])
    features["image"] = tf.train.Feature(bytes_list=content)
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString()
