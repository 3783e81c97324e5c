"""Read a reader's own images: an ``.npz`` file or a folder of PNGs.

:func:`vqvae_lesson.data.load_own` makes letters of them.
"""

import numpy as np

from vqvae_lesson.errors import LessonError
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
    """
    with open_arrays(path) as arrays:
        names = arrays.files
        found = next((name for name in ("images", "arr_0") if name in names), None)
        images = None if found is None else arrays[found]
        labels = arrays["labels"] if "labels" in names else None
    if images is None:
        raise LessonError(
            f"{path} holds the arrays {names}, expected one named images (or arr_0): "
            "save it with np.savez(path, images=...)"
        )
    if labels is not None and (
        labels.shape != images.shape[:1] or labels.dtype.kind not in "iu"
    ):
        raise LessonError(
            f"{path} holds images of shape {list(images.shape)} and {labels.dtype} "
            f"labels of shape {list(labels.shape)}, expected one whole number an image"
        )
    return images, labels


def read_pngs(folder):
    """Stack the PNGs of a folder, sorted by name.

    Parameters
    ----------
    folder : path

    Returns
    -------
    ndarray, uint8 [N, H, W] or [N, H, W, 3]
    """
    from PIL import Image

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
    if not paths:
        raise LessonError(f"{folder} holds no PNG files, expected letters as *.png")
    images = []
    for path in paths:
        try:
            with Image.open(path) as image:
                images.append(_pixels(image))
        except Exception:  # Pillow raises half a dozen types for a damaged file
            raise LessonError(f"{path} is not a readable PNG: remove it") from None
        if images[-1].shape != images[0].shape:
            raise LessonError(
                f"{path} has shape {list(images[-1].shape)}, expected "
                f"{list(images[0].shape)} as in {paths[0].name}: make all one size"
            )
    return np.stack(images)


def _pixels(image):
    """Bytes of a picture: grey stays grey, all others become red, green, blue."""
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip to 8
        return (np.asarray(image) // 257).astype(np.uint8)
    return np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))
