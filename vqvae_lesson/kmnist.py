"""Find, verify and read the files of Kuzushiji-MNIST (chapter 01, In practice).

Clanuwat et al. 2018, arXiv:1812.01718, published four files; the lesson reads the
two of its test set. :mod:`vqvae_lesson.data` makes letters of them.
"""

import gzip
import hashlib
import math
import os
import queue
import re
import threading
import time
import zlib
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vqvae_lesson.errors import LessonError
from vqvae_lesson.intake import expect_room, regular_size

__all__ = ["KMNIST_FILES", "find_kmnist", "read_idx"]

# The publisher's server answers at both. Were the first to fail, nothing is lost by
# the second: a file counts only with the right hash.
KMNIST_URLS = (
    "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
)
PATIENCE = 20  # seconds to wait for a server's next byte
DEADLINE = 300  # seconds for a whole download


class Published(NamedTuple):
    """What is known of one of KMNIST's files.

    Attributes
    ----------
    size : int
        Bytes.
    md5 : str
        As published with the data set.
    sha256 : str
        Of the file with that MD5: nobody can make another file with this hash.
    """

    size: int
    md5: str
    sha256: str


#: The published files by name, each with its bytes, MD5 and SHA-256.
KMNIST_FILES = {
    "t10k-images-idx3-ubyte.gz": Published(
        3_041_136,
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
    ),
    "t10k-labels-idx1-ubyte.gz": Published(
        5_120,
        "7320c461ea6c1c855c0b718fb2a4b134",
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    ),
    "train-images-idx3-ubyte.gz": Published(
        18_165_135,
        "bdb82020997e1d708af4cf47b453dcf7",
        "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
    ),
    "train-labels-idx1-ubyte.gz": Published(
        29_497,
        "e144d726b3acfaa3e44228e80efcd344",
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
    ),
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
        A file whose size, MD5 and SHA-256 are those in :data:`KMNIST_FILES`.

    Raises
    ------
    LessonError
        For an unknown name, for a file with a wrong hash, and where the file is
        nowhere to be had.

    Examples
    --------
    >>> path = find_kmnist("t10k-labels-idx1-ubyte.gz")
    >>> path.name, path.stat().st_size
    ('t10k-labels-idx1-ubyte.gz', 5120)
    """
    if name not in KMNIST_FILES:
        raise LessonError(f"KMNIST has no {name!r}, expected one of {[*KMNIST_FILES]}")
    folder = folder or os.environ.get("KMNIST_DIR")
    if folder and os.path.lexists(Path(folder, name)):
        return _verified(Path(folder, name), KMNIST_FILES[name])
    url = url or os.environ.get("KMNIST_URL", "").strip()
    return _download(name, [url] if url else KMNIST_URLS, progress)


def _verified(path, published):
    """Return the path if size, MD5 and SHA-256 are the published ones."""
    size = regular_size(path)
    if size != published.size:
        raise LessonError(
            f"{path} has {size:,} bytes, expected {published.size:,} with MD5 "
            f"{published.md5}: it is damaged or another file; delete it, and it will "
            "be downloaded again"
        )
    for kind in ("md5", "sha256"):
        with _opened(path) as file:
            found = hashlib.file_digest(file, kind).hexdigest()
        if found != getattr(published, kind):
            raise LessonError(
                f"{path} has {kind.upper()} {found}, expected "
                f"{getattr(published, kind)}: it is damaged or another file; delete "
                "it, and it will be downloaded again"
            )
    return path


def _opened(path):
    """Open an ordinary file, or say in one line why not."""
    try:
        return open(path, "rb")
    except OSError as error:
        raise LessonError(
            f"{path} cannot be read ({error.strerror}): allow it, or name another"
        ) from None


def _download(name, urls, progress):
    """Find a file in pooch's cache, or fetch it there from the first that answers.

    It is whole and verified before the first byte of it is written.
    """
    import pooch
    from urllib3.exceptions import HTTPError

    from vqvae_lesson.runs.files import sweep, whole_file

    published, folder = KMNIST_FILES[name], pooch.os_cache("vqvae_lesson")
    if _in_cache(folder / name, published):
        return folder / name
    end = time.monotonic() + DEADLINE
    for url in urls:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            address = url.rstrip("/") + "/" + name
            content = _fetch(address, published.size, end, progress)
        except (HTTPError, OSError, ValueError) as error:  # no address, or no answer
            failure = error
            continue
        if hashlib.sha256(content).hexdigest() != published.sha256:
            raise LessonError(
                f"{name} from {_without_password(url)} has not the published MD5 "
                f"{published.md5} and SHA-256 {published.sha256}, and was thrown away: "
                "try again, or another mirror in KMNIST_URL"
            )
        sweep(folder)
        with whole_file(folder / name) as file:
            file.write(content)
        return folder / name
    raise LessonError(
        f"{name} was not found, and its download from {_without_password(urls[0])} "
        f"failed ({type(failure).__name__}): set KMNIST_DIR to a folder that holds it, "
        "or connect to a network and try again, or use the drawn letters "
        "(--data glyphs)"
    )


def _in_cache(path, published):
    """Whether the cache holds a file, whole; a damaged one is removed."""
    if not os.path.lexists(path):
        return False
    regular_size(path)
    try:
        _verified(path, published)
    except LessonError as error:
        try:
            path.unlink()
        except OSError:
            raise error from None
        return False
    return True


def _without_password(url):
    """Return what of an address may be shown: no name, no password, no query."""
    shown = " ".join(re.split("[?#]", url)[0].split())
    return re.sub(r"^([a-z+]*://)?.*@", r"\1", shown, flags=re.I)


def _fetch(url, size, end, progress):
    """Take a file from the web, with a bar once the first bytes have come."""
    from tqdm import tqdm

    pieces, content = _pieces(url, size, end), bytearray()
    first = next(pieces, b"")
    with tqdm(total=size, unit="B", unit_scale=True, disable=not progress) as bar:
        for piece in chain([first], pieces):
            content += piece
            bar.update(len(piece))
    return content


def _pieces(url, size, end):
    """Bytes from the web, in time and at most one piece more than expected.

    Another thread waits for the server, so that however slow that one is, this one
    leaves at the end of its time.
    """
    received = queue.SimpleQueue()
    arguments = [url, size, end, received.put]
    threading.Thread(target=_receive, args=arguments, daemon=True).start()
    while True:
        try:
            piece = received.get(timeout=max(0, end - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(piece, Exception):
            raise piece
        if not piece:
            return
        yield piece


def _receive(url, size, end, hand_on):
    """Hand on what a server sends, piece by piece; last, nothing, or an error."""
    import requests

    asked = {"stream": True, "headers": {"Accept-Encoding": "identity"}}
    try:
        with requests.get(url, timeout=PATIENCE, **asked) as answer:
            answer.raise_for_status()
            left = size
            while piece := answer.raw.read1(2**16, decode_content=False):
                left -= len(piece)
                if time.monotonic() > end:
                    return
                hand_on(piece)
                if left < 0:
                    break  # longer than the published file: its hash will tell
        hand_on(b"")
    except Exception as error:
        hand_on(error)


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
    ndarray, uint8 [...]
        With as many axes as the header says.

    Raises
    ------
    LessonError
        If the file is not gzip, is cut short, is not an IDX of bytes, or announces
        more than there is room for.

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> header = bytes([0, 0, 8, 1]) + (3).to_bytes(4, "big")  # bytes, one axis, 3 long
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "labels.gz"
    ...     count = path.write_bytes(gzip.compress(header + bytes([7, 0, 9])))
    ...     read_idx(path)
    array([7, 0, 9], dtype=uint8)
    """
    packed = regular_size(path)
    try:
        with _opened(path) as raw, gzip.open(raw) as file:
            shape = _idx_shape(path, file)
            expect_room(path, shape)
            size = math.prod(shape)
            if packed > 2 * size + 2**16:
                raise OSError(f"{packed:,} bytes for {size:,} packed ones")
            data = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise LessonError(
            f"{path} cannot be unpacked ({error}): expected a whole gzip file; "
            "fetch it again"
        ) from None
    if len(data) != size:
        found = f"more than {size}" if len(data) > size else len(data)
        raise LessonError(
            f"{path} holds {found} bytes of data, expected "
            f"{' x '.join(map(str, shape))}: it was cut short or is another file; "
            "fetch it again"
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _idx_shape(path, file):
    """Length of each axis, from an IDX file's header."""
    start = file.read(4)
    if start[:3] != b"\x00\x00\x08" or start[3:] not in (b"\1", b"\2", b"\3", b"\4"):
        raise LessonError(
            f"{path} begins with bytes {start.hex(' ') or 'none'}, expected 00 00 08 "
            "and 01 to 04 axes: it is not an IDX file of unsigned bytes"
        )
    header = file.read(4 * start[3])
    if len(header) < 4 * start[3]:
        raise LessonError(f"{path} was cut short in its header: fetch it again")
    return np.frombuffer(header, dtype=">u4").tolist()
