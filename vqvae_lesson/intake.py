"""Look at files from outside before they are opened or unpacked.

A file may be no file but a device or a pipe, and a small one may unpack to a
thousand times its size. What a header announces is compared with what the
computer has room for before anything is read.
"""

import json
import math
import os
import stat
import struct
import zipfile

import numpy as np

from vqvae_lesson.errors import LessonError, first_line

ROOM = 10**9  # bytes that reading may take in all
MOST_TEXT = 2**24  # characters of JSON, or of a text in an archive
MOST_PARTS = 10**6  # lists and dictionaries in JSON; an empty one takes 64 bytes
LONGEST_DIRECTORY = 2**20  # bytes: about 15,000 arrays, with NumPy's names


def regular_size(path):
    """Size of an ordinary file, found without opening it.

    Parameters
    ----------
    path : path

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    LessonError
        If there is nothing, or a folder, a device, a pipe or an endless link.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise LessonError(
            f"{path} cannot be read ({getattr(error, 'strerror', None) or error}): "
            "expected a file"
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise LessonError(
            f"{path} is a folder, a device or a pipe, expected an ordinary file: "
            "remove it or name another"
        )
    return found.st_size


def parse_json(text):
    """Read JSON that does not unpack to many times its size.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict, list, str, float, int, bool or None

    Raises
    ------
    ValueError
        For what is not JSON, or made of more parts than :data:`MOST_PARTS`.
    """
    if text.count("{") + text.count("[") > MOST_PARTS:
        raise ValueError(f"more than {MOST_PARTS:,} lists and dictionaries")
    return json.loads(text)


def expect_room(path, shape, item_size=1, way_out="take fewer or smaller images"):
    """Refuse images that would take more memory than :data:`ROOM`.

    Parameters
    ----------
    path : path
        Where they come from, for the message.
    shape : sequence of int
        As the file's header announces it.
    item_size : int
        Bytes of one value in the file.
    way_out : str
        What the message advises.

    Raises
    ------
    LessonError
        If the images as they are read and as float32, for a moment twice, would not
        fit, with a byte a value to spare, and, for each image, a label and a place in
        the shuffled order.
    """
    if not has_room(shape, item_size):
        need = needed(shape, item_size) / 1e9
        raise LessonError(
            f"{path} announces {' x '.join(map(str, shape))} values, which would take "
            f"{need:,.1f} GB, expected at most {ROOM / 1e9:.0f} GB: {way_out}"
        )


def has_room(shape, item_size=1):
    """Say whether images have room in memory; see :func:`expect_room`."""
    return needed(shape, item_size) <= ROOM


def needed(shape, item_size=1):
    """Say how many bytes of memory images take as they are read."""
    return math.prod(shape) * (item_size + 9) + 32 * math.prod(shape[:1])


def archive_headers(path):
    """Shape and type of each array in an ``.npz`` file, if all have room in memory.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        From the arrays' names to (shape, dtype).

    Raises
    ------
    LessonError
        As :func:`read_headers`, and if the arrays would take more memory than
        :data:`ROOM`, or a text more than :data:`MOST_TEXT` allows.
    """
    headers = read_headers(path)
    sizes = {
        name: math.prod(shape) * dtype.itemsize
        for name, (shape, dtype) in headers.items()
    }
    for name, (_, dtype) in headers.items():
        if dtype.kind in "SU" and sizes[name] > 4 * MOST_TEXT:
            raise LessonError(
                f"{path} announces a text {name!r} of {sizes[name]:,} bytes, expected "
                f"at most {4 * MOST_TEXT:,}: take a shorter one"
            )
    need = sum(sizes.values())
    if need > ROOM:
        raise LessonError(
            f"{path} announces arrays of {need / 1e9:,.1f} GB, expected at most "
            f"{ROOM / 1e9:.0f} GB: take fewer or smaller ones"
        )
    return headers


def read_headers(path):
    """Shape and type of each array in an ``.npz`` file, from its headers alone.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        From the arrays' names to (shape, dtype).

    Raises
    ------
    LessonError
        If the file is damaged, holds anything but plain arrays, or states a size that
        is not its arrays'.

    References
    ----------
    PKWARE, "APPNOTE.TXT", sections 4.3.14 to 4.3.16; ``numpy.lib.format``.
    """
    regular_size(path)
    try:
        _expect_short_directory(path)
        with zipfile.ZipFile(path) as archive:
            return {
                member.filename.removesuffix(".npy"): _array_header(archive, member)
                for member in archive.infolist()
            }
    except Exception as error:  # a damaged archive raises a dozen different types
        raise LessonError(
            f"{path} cannot be read ({first_line(error)}): expected an .npz of plain "
            "arrays"
        ) from None


def _expect_short_directory(path):
    """Refuse a zip file whose list of members would itself fill the memory."""
    with open(path, "rb") as file:
        found = zipfile._EndRecData(file)  # what ZipFile itself will go by
    if found and found[zipfile._ECD_SIZE] > LONGEST_DIRECTORY:
        raise ValueError("it lists too many arrays")


def _array_header(archive, member):
    """Shape and type of one array, if the zip file tells the same size."""
    name = member.filename
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name!r} is packed in a way that NumPy does not use")
    with archive.open(member) as file:
        shape, _, dtype = array_header(file)
        start = file.tell()
    if dtype.hasobject:
        raise ValueError(f"{name!r} holds Python objects")
    if min(shape, default=0) < 0:
        raise ValueError(f"{name!r} has a negative length")
    if member.file_size != start + math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name!r} states a size that is not its array's")
    return shape, dtype


def array_header(file):
    """Read what stands before an array's values: shape, whether by columns, type."""
    major, _ = np.lib.format.read_magic(file)
    one = np.lib.format.read_array_header_1_0
    two = np.lib.format.read_array_header_2_0
    return {1: one, 2: two}[major](file)


def png_header(path):
    """Shape of a PNG's pixels and the bits of one value, from its first bytes.

    Parameters
    ----------
    path : path

    Returns
    -------
    shape : tuple of int
        (height, width), or (height, width, 3) for a picture in colour.
    depth : int
        1 to 16.

    Raises
    ------
    LessonError
        If the file is not an ordinary one, or does not begin as a PNG.

    References
    ----------
    W3C, "Portable Network Graphics (PNG) Specification", section 11.2.1.
    """
    size = regular_size(path)
    try:
        with open(path, "rb") as file:
            start, width, height, depth, colour = struct.unpack(
                ">16sIIBB", file.read(26)
            )
    except (OSError, struct.error):
        start = b""
    if start != b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" or not width or not height:
        raise LessonError(f"{path} is not a readable PNG: remove it")
    if size > ROOM // 10:
        raise LessonError(
            f"{path} has {size:,} bytes, expected at most {ROOM // 10:,}: take a "
            "smaller picture"
        )
    return (height, width) if colour in (0, 4) else (height, width, 3), depth
