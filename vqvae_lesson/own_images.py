"""Read a reader's own images: an ``.npz`` file, a folder of PNGs, or photographs.

:func:`vqvae_lesson.data.load_own` makes letters of them.
"""

import numpy as np

from vqvae_lesson.errors import LessonError
from vqvae_lesson.intake import (
    ROOM,
    expect_room,
    png_header,
    read_headers,
    regular_size,
)
from vqvae_lesson.runs.files import open_arrays


def read_npz(path):
    """Take images and labels from an .npz file.

    Parameters
    ----------
    path : path
        Holds an array ``images`` (or ``arr_0``) and perhaps ``labels``.

    Returns
    -------
    images : ndarray
        As they were saved.
    labels : ndarray, int [N], or None

    Raises
    ------
    LessonError
        For a damaged file, for one without images, for labels that are not one
        whole number an image, and, before it is unpacked, for one too large.
    """
    name, shape, dtype = find_images(path)
    expect_room(path, shape, dtype.itemsize)
    with open_arrays(path) as arrays:
        return arrays[name], arrays.get("labels")


def find_images(path):
    """Find the images in an .npz file, from its headers alone.

    Parameters
    ----------
    path : path

    Returns
    -------
    name : str
        ``images`` or ``arr_0``.
    shape : tuple of int
    dtype : dtype

    Raises
    ------
    LessonError
        For a damaged file, for one without images, and for labels that are not one
        whole number an image.
    """
    headers = read_headers(path)
    found = next((name for name in ("images", "arr_0") if name in headers), None)
    if found is None:
        raise LessonError(
            f"{path} holds the arrays {[*headers]}, expected one named images (or "
            "arr_0): save it with np.savez(path, images=...)"
        )
    shape, dtype = headers[found]
    labels, kind = headers.get("labels", (shape[:1], np.dtype(int)))
    if labels != shape[:1] or kind.kind not in "iu":
        raise LessonError(
            f"{path} holds images of shape {list(shape)} and {kind} labels of shape "
            f"{list(labels)}, expected one whole number an image"
        )
    return found, shape, dtype


def read_pngs(folder):
    """Stack the PNGs of a folder, sorted by name.

    Where a picture is transparent, white paper shows: of ink on nothing, black ink
    on white is left. White ink on nothing would be nothing, and is refused.

    Parameters
    ----------
    folder : path

    Returns
    -------
    ndarray, uint8 [N, H, W] or [N, H, W, 3]
        Of pictures with 16 bits a value, the upper 8.

    Raises
    ------
    LessonError
        For a file that is no PNG or a damaged one, for an animation, for pictures
        of several sizes and, before one is unpacked, for more than there is room for.
    """
    try:
        paths = sorted(
            path for path in folder.iterdir() if path.suffix.lower() == ".png"
        )
    except OSError as error:
        raise LessonError(
            f"{folder} cannot be read ({error.strerror}): allow it, or name another"
        ) from None
    if not paths:
        raise LessonError(
            f"{folder} holds no PNG files, expected letters as *.png, or "
            "shards as *.tfrecord"
        )
    shape, _ = png_header(paths[0])
    for path in paths:
        found, _ = png_header(path)
        if found != shape:
            raise LessonError(
                f"{path} has shape {list(found)}, expected {list(shape)} as in "
                f"{paths[0].name}: make all one size"
            )
    expect_enough(folder, len(paths))
    expect_room(folder, [len(paths), *shape])
    images = np.empty([len(paths), *shape], np.uint8)
    for image, path in zip(images, paths, strict=True):
        image[...] = _read_png(path)
    return images


def expect_enough(path, count):
    """Refuse so few images that none could be held out."""
    if count < 5:
        raise LessonError(
            f"{path} holds {count} images, expected at least 5: one in five is held out"
        )


def _read_png(path):
    """Bytes of a picture: grey stays grey, all others become red, green, blue."""
    from PIL import Image

    shape, depth = png_header(path)
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if getattr(image, "is_animated", False):
                raise LessonError(f"{path} is animated, expected one picture")
            if image.size != (shape[1], shape[0]):
                raise ValueError("a second header")
            image.load()
            return _pixels(path, image, "L" if len(shape) == 2 else "RGB", depth)
    except LessonError:
        raise
    except Exception:  # Pillow raises half a dozen types for a damaged file
        raise LessonError(f"{path} is not a readable PNG: remove it") from None


def _pixels(path, image, mode, depth):
    """Pixels of an opened picture in grey (``L``) or colour (``RGB``), on paper."""
    from PIL import Image

    if image.has_transparency_data:
        if depth == 16 and "transparency" in image.info:
            raise LessonError(
                f"{path} has a transparent colour of 16 bits, expected 8: save it so"
            )
        ink = image.convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", ink.size, "white"), ink)
        pixels = np.asarray(flat.convert(mode))
        if ink.getextrema()[3][0] < 255 and pixels.min() == pixels.max():
            raise LessonError(
                f"{path} is empty on white paper, where it is transparent: lay it on a "
                "dark ground, and save it without transparency"
            )
        return pixels
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip to 8
        return np.asarray(image) // 257
    return np.asarray(image.convert(mode))


#: Kinds of files that photographs come in, and what Pillow calls them.
PHOTOGRAPH_FORMATS = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",)}
#: Bytes a pixel that reading takes for a moment: four as Pillow holds it, four in other
#: colours, three twice on the way to NumPy, and two to spare.
READING = 16


def read_photographs(path, channels=None):
    """Read photographs of any size: one file, or all of a folder, sorted by name.

    Parameters
    ----------
    path : path
        A JPEG or PNG, or a folder of them; or an .npz as :func:`read_npz` takes it.
    channels : int, optional
        1 or 3: make all grey or coloured. By default all are as the first one.

    Returns
    -------
    list of ndarray, uint8 [H, W, C]
        Turned as the camera says.

    Raises
    ------
    LessonError
        For a file that is none of these or damaged, for an animation, for inks
        (CMYK), 16 bits a value or pixels that are transparent, and for more than
        there is room for.
    """
    names = [name for names in PHOTOGRAPH_FORMATS.values() for name in names]
    paths = [path]
    if path.suffix == ".npz":
        return _many_of_one_size(path)
    if path.is_dir():
        paths = sorted(one for one in path.iterdir() if one.suffix.lower() in names)
    if not paths:
        raise LessonError(f"{path} holds no photographs, expected {', '.join(names)}")
    photographs, taken = [], 0
    for one in paths:
        photograph = _read_photograph(one, channels, ROOM - taken)
        channels = photograph.shape[2]
        taken += photograph.size
        photographs.append(photograph)
    return photographs


def _many_of_one_size(path):
    """Take the photographs out of an .npz file."""
    images, _ = read_npz(path)
    pixels, channels = images.shape[:3], images.shape[3:]
    whole = images.dtype == np.uint8 and images.ndim in (3, 4) and images.size
    if not whole or channels not in ((), (1,), (3,)):
        raise LessonError(
            f"{path} holds {images.dtype} images of shape {list(images.shape)}, "
            "expected uint8 [N, H, W], [N, H, W, 1] or [N, H, W, 3], one at least"
        )
    return [*images.reshape(*pixels, *(channels or (1,)))]


def _read_photograph(path, channels, room):
    """Read one photograph, if it takes no more bytes than there is room for."""
    from PIL import Image, ImageOps

    regular_size(path)
    try:
        with Image.open(path, formats=[*PHOTOGRAPH_FORMATS]) as image:
            _expect_photograph(path, image, room)
            _expect_opaque(path, image)
            ImageOps.exif_transpose(image, in_place=True)
            grey = channels == 1 or (
                channels is None and image.mode in ("1", "L", "LA")
            )
            mode = "L" if grey else "RGB"
            pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    except LessonError:
        raise
    except Image.DecompressionBombError:
        raise LessonError(f"{path} is too large: take a smaller photograph") from None
    except Exception:  # Pillow raises half a dozen types for a damaged file
        raise LessonError(f"{path} is not a readable JPEG or PNG: remove it") from None
    return pixels.reshape(*pixels.shape[:2], -1)


def _expect_photograph(path, image, room):
    """Refuse what a photograph's pixels cannot be taken from as they are."""
    if image.format == "PNG" and png_header(path)[1] == 16:
        raise LessonError(f"{path} has 16 bits a value, expected 8: save it so")
    if getattr(image, "is_animated", False):
        raise LessonError(f"{path} is animated, expected one picture")
    if image.mode in ("CMYK", "YCCK", "LAB"):
        raise LessonError(
            f"{path} is made of inks ({image.mode}), expected RGB or grey"
        )
    width, height = image.size
    need = READING * width * height
    if need > room:
        raise LessonError(
            f"{path} is {height} x {width}, which takes {need / 1e6:,.0f} MB to read, "
            f"and there is room for {room / 1e6:,.0f} MB more: take fewer or smaller "
            "photographs"
        )


def _expect_opaque(path, image):
    """Refuse a picture that something behind it shows through; else forget that."""
    if not image.has_transparency_data:
        return
    if image.convert("RGBA").getextrema()[3][0] < 255:
        raise LessonError(
            f"{path} is transparent, expected a photograph: save it without"
        )
    image.info.pop("transparency", None)
