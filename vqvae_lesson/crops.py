"""Cut squares out of photographs, to train on (chapter 17).

A network of convolutions does not ask how large its picture is. So it trains on small
squares, many to a batch, and codes whole photographs afterwards.
"""

import numpy as np

from vqvae_lesson.errors import LessonError, check_before

__all__ = [
    "PHOTOGRAPHS",
    "sample_photograph",
    "train_part",
    "random_crops",
    "vary",
    "split_crops",
]

#: The photographs that scikit-learn brings: one to train on and one held out.
PHOTOGRAPHS = ("china", "flower")
TRAIN_SHARE = 0.7


def sample_photograph(name):
    """Load a photograph that comes with scikit-learn.

    Parameters
    ----------
    name : {"china", "flower"}

    Returns
    -------
    ndarray, uint8 [427, 640, 3]

    Raises
    ------
    LessonError
        For another name.

    Examples
    --------
    >>> sample_photograph("china").shape
    (427, 640, 3)
    """
    from sklearn.datasets import load_sample_image

    if name not in PHOTOGRAPHS:
        raise LessonError(f"photograph is {name!r}, expected one of {[*PHOTOGRAPHS]}")
    return np.array(load_sample_image(f"{name}.jpg"))


def train_part(photograph, share=TRAIN_SHARE):
    """Cut a photograph in two: its left to train on, its right to hold out.

    Parameters
    ----------
    photograph : ndarray [H, W, C]
    share : float
        Of the width that goes to the left.

    Returns
    -------
    left, right : ndarray [H, W of each part, C]

    Examples
    --------
    >>> [part.shape for part in train_part(np.zeros([20, 30, 3], np.uint8))]
    [(20, 21, 3), (20, 9, 3)]
    """
    edge = round(share * photograph.shape[1])
    return photograph[:, :edge], photograph[:, edge:]


def _expect_square(photograph, count, side, seed=0):
    """Refuse squares that are larger than the photograph, or none."""
    height, width = np.shape(photograph)[:2]
    if not 1 <= side <= min(height, width) or count < 1:
        raise LessonError(
            f"{count} crops of {side} x {side} pixels, expected at least one, of 1 to "
            f"{min(height, width)} pixels: the photograph is {height} x {width}"
        )


@check_before(_expect_square)
def random_crops(photograph, count, side, seed=0):
    """Cut squares out of a photograph, anywhere.

    Parameters
    ----------
    photograph : ndarray [H, W, C]
    count : int
    side : int
        Pixels.
    seed : int or list of int

    Returns
    -------
    ndarray [count, side, side, C]

    Raises
    ------
    LessonError
        For no square, or one that the photograph does not hold.

    Examples
    --------
    >>> random_crops(sample_photograph("china"), count=5, side=32).shape
    (5, 32, 32, 3)
    """
    height, width = photograph.shape[:2]
    random = np.random.default_rng(seed)
    rows = random.integers(height - side + 1, size=count)
    columns = random.integers(width - side + 1, size=count)
    places = zip(rows, columns, strict=True)
    return np.stack(
        [photograph[row : row + side, column : column + side] for row, column in places]
    )


def vary(crops, seed=0):
    """Mirror half of the squares, and deal the colours of each anew.

    One photograph shows few things in few colours; so it shows more.

    Parameters
    ----------
    crops : ndarray [N, side, side, C]
    seed : int

    Returns
    -------
    ndarray [N, side, side, C]

    Examples
    --------
    >>> crops = random_crops(sample_photograph("china"), count=5, side=32)
    >>> varied = vary(crops)
    >>> varied.shape, int(varied.sum()) - int(crops.sum())
    ((5, 32, 32, 3), 0)
    """
    random = np.random.default_rng(seed)
    mirrored = random.random(len(crops)) < 0.5
    varied = np.where(mirrored[:, None, None, None], crops[:, :, ::-1], crops)
    channels = np.tile(np.arange(crops.shape[3]), [len(crops), 1])
    order = random.permuted(channels, axis=1)
    return np.take_along_axis(varied, order[:, None, None], axis=3)


def split_crops(photographs, side, train_count, held_out_count):
    """Cut squares to train on from the left of photographs, and others to hold out.

    Parameters
    ----------
    photographs : list of ndarray, uint8 [H, W, C]
    side : int
        Pixels.
    train_count, held_out_count : int
        From all photographs together, as many from each as it goes.

    Returns
    -------
    train : ndarray, uint8 [train_count, side, side, C]
        Varied, from the left of each photograph.
    held_out : ndarray, uint8 [held_out_count, side, side, C]
        From its right, as they are.
    sources : ndarray, int [held_out_count]
        From which photograph each one is.

    Examples
    --------
    >>> photographs = [sample_photograph("china")]
    >>> train, held_out, sources = split_crops(photographs, 32, 8, 2)
    >>> train.shape, held_out.shape, sources.tolist()
    ((8, 32, 32, 3), (2, 32, 32, 3), [0, 0])
    """
    parts = zip(*map(train_part, photographs), strict=True)
    (train, _), (held_out, sources) = (
        _from_each(part, count, side, seed)
        for seed, (part, count) in enumerate(
            zip(parts, (train_count, held_out_count), strict=True)
        )
    )
    return vary(train), held_out, sources


def _from_each(photographs, count, side, seed):
    """Cut squares out of several photographs, as many from each as it goes."""
    shares = np.diff(np.linspace(0, count, len(photographs) + 1).round().astype(int))
    crops = [
        random_crops(photograph, share, side, [seed, number])
        for number, (photograph, share) in enumerate(
            zip(photographs, shares, strict=True)
        )
    ]
    return np.concatenate(crops), np.repeat(np.arange(len(shares)), shares)
