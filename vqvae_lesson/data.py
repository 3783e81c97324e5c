"""Find, verify, load, split and batch the letters (chapter 01).

The lesson's letters are the 10,000-image file of Kuzushiji-MNIST (Clanuwat et
al. 2018, arXiv:1812.01718). Letters drawn by :mod:`vqvae_lesson.glyphs` and a
reader's own images load through the same door, :func:`load_letters`.
"""

import gzip
import hashlib
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vqvae_lesson.errors import LessonError
from vqvae_lesson.glyphs import GLYPH_NAMES, draw_glyphs
from vqvae_lesson.own_images import read_npz, read_pngs

KMNIST_URL = "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"
KMNIST_NAMES = GLYPH_NAMES
KMNIST_SOUNDS = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
# MD5 as published with the data set.
KMNIST_FILES = {
    "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
    "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
    "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
    "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
}
HELD_OUT_SHARE = 0.2


@dataclass(frozen=True)
class Letters:
    """Images for training and images held out, with where they came from.

    Attributes
    ----------
    name : str
        ``"kmnist"``, ``"kmnist-full"``, ``"glyphs"`` or the reader's path.
    train_images, held_out_images : ndarray, float32 [N, H, W, C] in [0, 1]
    train_labels, held_out_labels : ndarray, int [N]
    class_names : tuple of str
        The letter each label stands for; empty where there are no labels.
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
        digest = hashlib.sha256(np.ascontiguousarray(self.train_images))
        digest.update(np.ascontiguousarray(self.held_out_images))
        return digest.hexdigest()


def find_kmnist(name, folder=None, url=None, progress=True):
    """Path of a KMNIST file: a folder, then the cache, then a download.

    Parameters
    ----------
    name : str
        A key of :data:`KMNIST_FILES`.
    folder : path, optional
        Looked at first; by default the folder that ``KMNIST_DIR`` names.
    url : str, optional
        Folder on the web to download from; by default ``KMNIST_URL`` from the
        environment (a mirror), else the publisher's own.
    progress : bool
        Show a progress bar while downloading.

    Returns
    -------
    Path
        A file whose MD5 is the published one.

    Raises
    ------
    LessonError
        For an unknown name, for a file with a wrong hash, and where the file is
        nowhere to be had.
    """
    if name not in KMNIST_FILES:
        raise LessonError(f"KMNIST has no {name!r}, expected one of {[*KMNIST_FILES]}")
    folder = folder or os.environ.get("KMNIST_DIR")
    if folder and (Path(folder) / name).is_file():
        return _verified(Path(folder) / name, KMNIST_FILES[name])
    return _download(name, url or os.environ.get("KMNIST_URL", KMNIST_URL), progress)


def _verified(path, expected):
    """Return the path if the file's MD5 is the expected one."""
    found = hashlib.md5(path.read_bytes()).hexdigest()
    if found != expected:
        raise LessonError(
            f"{path} has MD5 {found}, expected {expected}: it is damaged or another "
            "file; delete it, and it will be downloaded again"
        )
    return path


def _download(name, url, progress):
    """Fetch a file into pooch's cache, or find it there."""
    import pooch
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(
            pooch.retrieve(
                url.rstrip("/") + "/" + name,
                known_hash="md5:" + KMNIST_FILES[name],
                fname=name,
                path=pooch.os_cache("vqvae_lesson"),
                downloader=pooch.HTTPDownloader(progressbar=progress, timeout=20),
            )
        )
    # Some of requests' errors are ValueErrors too; pooch's, for a wrong hash, is
    # nothing else.
    except (RequestException, OSError) as error:
        raise LessonError(
            f"{name} was not found, and its download from {url} failed "
            f"({type(error).__name__}): set KMNIST_DIR to a folder that holds it, "
            "or connect to a network and try again, or use the drawn letters "
            "(--data glyphs)"
        ) from None
    except ValueError:
        raise LessonError(
            f"{name} from {url} has not the published MD5 {KMNIST_FILES[name]}, and "
            "was thrown away: try again, or another mirror in KMNIST_URL"
        ) from None


def read_idx(path):
    """Read a gzipped IDX file, the format of MNIST and its relatives.

    Two zero bytes, one byte for the type (8: unsigned byte), one for the number
    of axes, four big-endian bytes for the length of each axis, then the data.

    Parameters
    ----------
    path : path
        The ``.gz`` file.

    Returns
    -------
    ndarray, uint8
        With as many axes as the header says.

    Raises
    ------
    LessonError
        If the file is not gzip, is cut short, or is not an IDX of bytes.

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
    """
    try:
        content = gzip.decompress(Path(path).read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise LessonError(
            f"{path} cannot be unpacked ({error}): expected a whole gzip file; "
            "fetch it again"
        ) from None
    magic, axes = content[:3], content[3:4]
    if magic != b"\x00\x00\x08" or axes not in (b"\x01", b"\x02", b"\x03", b"\x04"):
        raise LessonError(
            f"{path} begins with bytes {content[:4].hex(' ') or 'none'}, expected 00 "
            "00 08 and 01 to 04 axes: it is not an IDX file of unsigned bytes"
        )
    start = 4 + 4 * axes[0]
    header = content[4:start].ljust(start - 4, b"\x00")
    shape = np.frombuffer(header, dtype=">u4").tolist()
    if len(content) - start != math.prod(shape):
        raise LessonError(
            f"{path} holds {max(len(content) - start, 0)} bytes of data, expected "
            f"{' x '.join(map(str, shape))}: it was cut short; fetch it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


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
    if images.ndim not in (3, 4) or 0 in images.shape:
        raise LessonError(
            f"images have shape {list(images.shape)}, expected [N, H, W] or "
            "[N, H, W, C] with at least one image"
        )
    if images.dtype == np.uint8:
        images = images.astype(np.float32) / 255
    elif not np.issubdtype(images.dtype, np.floating):
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
    images = images.astype(np.float32)
    return images[..., None] if images.ndim == 3 else images


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
    if not 0 <= held_out <= count:
        raise LessonError(f"held_out is {held_out}, expected 0 to {count}")
    order = np.random.default_rng(seed).permutation(count)
    return order[: count - held_out], order[count - held_out :]


def load_kmnist(folder=None, full=False):
    """Load Kuzushiji-MNIST: the lesson's 8,000 + 2,000, or the official set.

    Parameters
    ----------
    folder : path, optional
        Where to look first; see :func:`find_kmnist`.
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
    train, held_out = split(len(images), round(HELD_OUT_SHARE * len(images)))
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
    """Load a reader's own images: an ``.npz`` file or a folder of PNGs.

    Parameters
    ----------
    path : path
        An ``.npz`` with an array ``images`` (or ``arr_0``) and, if there are
        any, ``labels``; or a folder of PNG files of one size.

    Returns
    -------
    Letters
        Split four to one, shuffled with seed 0.

    Raises
    ------
    LessonError
        For a path that is neither, and for images that :func:`to_float` refuses.
    """
    path = Path(path)
    if path.is_dir():
        images, labels = to_float(read_pngs(path)), None
    elif path.suffix == ".npz" and path.is_file():
        images, labels = read_npz(path)
        images = to_float(images)
    else:
        raise LessonError(
            f"{path} is neither an .npz file nor a folder of PNGs: name one of these, "
            "or kmnist, kmnist-full or glyphs"
        )
    if len(images) < 5:
        raise LessonError(
            f"{path} holds {len(images)} images, expected at least 5: one in five is "
            "held out"
        )
    if labels is None:
        labels = np.zeros(len(images), np.uint8)
    return _split_letters(str(path), images, labels, ())


def load_letters(source="kmnist", folder=None):
    """Load letters by name or by path.

    Parameters
    ----------
    source : str
        ``"kmnist"`` (the lesson's split), ``"kmnist-full"``, ``"glyphs"``, or
        the path of an ``.npz`` file or of a folder of PNGs.
    folder : path, optional
        Where KMNIST's files are; see :func:`find_kmnist`.

    Returns
    -------
    Letters
    """
    if source in ("kmnist", "kmnist-full"):
        return load_kmnist(folder, full=source == "kmnist-full")
    return load_glyphs() if source == "glyphs" else load_own(source)


def lesson_letters():
    """Return the letters of a chapter: KMNIST or, announced, the drawn ones.

    Returns
    -------
    Letters
        KMNIST's 8,000 + 2,000. Where there is neither file nor network, as many
        drawn letters, and a line is printed that says so.
    """
    try:
        return load_kmnist()
    except LessonError as error:
        print(f"Drawn letters instead of KMNIST, so numbers will differ: {error}")
        return load_glyphs()


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
    """
    import tensorflow as tf

    if not 1 <= batch_size <= len(images):
        raise LessonError(
            f"batch_size is {batch_size} for {len(images)} images, expected 1 to "
            f"{len(images)}"
        )
    images = tf.convert_to_tensor(images)
    order = np.random.default_rng([seed, epoch]).permutation(len(images))
    return (
        tf.data.Dataset.from_tensor_slices(order)
        .batch(batch_size, drop_remainder=True)
        .map(lambda rows: tf.gather(images, rows))
        .prefetch(tf.data.AUTOTUNE)
    )
