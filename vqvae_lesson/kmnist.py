"""Find, verify and read the files of Kuzushiji-MNIST (chapter 01, In practice).

Clanuwat et al. 2018, arXiv:1812.01718, published four files; the lesson reads the
two of its test set. :mod:`vqvae_lesson.data` makes letters of them.
"""

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path

import numpy as np

from vqvae_lesson.errors import LessonError

KMNIST_URL = "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"
# MD5 as published with the data set.
KMNIST_FILES = {
    "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
    "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
    "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
    "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
}


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
    of axes, four bytes for the length of each axis, the most significant first,
    then the data.

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
