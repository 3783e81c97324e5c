"""Letters as ink on paper, dark on light: one, a row, a sheet."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from PIL import Image

from vqvae_lesson.errors import LessonError
from vqvae_lesson.plots.paper import COLORS, finish
from vqvae_lesson.runs.files import whole_file

GRID_GAP = 2


def tile(images, columns=8):
    """Lay images out in rows, as one picture.

    Parameters
    ----------
    images : array, float [N, H, W, C] in [0, 1]
    columns : int

    Returns
    -------
    ndarray, float32 [rows · H + gaps, columns · W + gaps, C]
        Empty places are 0.

    Raises
    ------
    LessonError
        For images of another rank, or none.

    Examples
    --------
    >>> tile(np.ones([4, 28, 28, 1]), columns=2).shape
    (58, 58, 1)
    """
    images = np.asarray(images, np.float32)
    if images.ndim != 4 or not len(images):
        raise LessonError(
            f"images have shape {list(images.shape)}, expected [N, H, W, C] with at "
            "least one image"
        )
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    cells = np.zeros(
        [rows * columns, height + GRID_GAP, width + GRID_GAP, channels], np.float32
    )
    cells[:count, :height, :width] = images
    cells = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    sheet = cells.reshape(
        rows * (height + GRID_GAP), columns * (width + GRID_GAP), channels
    )
    return sheet[:-GRID_GAP, :-GRID_GAP]


def save_grid(path, images, columns=8):
    """Write images as one PNG, dark on light, one pixel for one pixel.

    Parameters
    ----------
    path : path
    images : array, float [N, H, W, C] in [0, 1]
    columns : int

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "letters.png"
    ...     save_grid(path, np.zeros([10, 28, 28, 1]), columns=5)
    ...     Image.open(path).width  # 5 letters of 28, 4 gaps of 2
    148
    """
    pixels = np.round(255 * lay_out(images, columns)).astype(np.uint8)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    with whole_file(path) as file:
        picture.save(file, "PNG")


def as_ink(images):
    """Turn grey letters dark on light; leave colours as they are."""
    return 1 - images if images.shape[-1] == 1 else images


def lay_out(images, columns):
    """Lay images out as ink on paper; before any figure is opened, or it stays.

    Of channels that are no colours (2, or more than 4) the first is drawn.
    """
    sheet = tile(images, columns)
    return as_ink(sheet if sheet.shape[-1] in (1, 3, 4) else sheet[..., :1])


def draw_sheet(axes, sheet):
    """Draw a sheet of images without axes."""
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()


def letter_grid(images, columns=8, title=None):
    """Draw images in rows.

    Parameters
    ----------
    images : array, float [N, H, W, C] in [0, 1]
    columns : int
    title : str, optional

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = letter_grid(np.zeros([10, 28, 28, 1]), columns=5, title="Ten letters")
    >>> figure.axes[0].get_title()
    'Ten letters'
    """
    sheet = lay_out(images, columns)
    rows = -(-len(images) // columns)
    size = 0.62 * columns
    figure, axes = plt.subplots(figsize=(size, size * rows / columns + 0.3))
    draw_sheet(axes, sheet)
    if title:
        axes.set_title(title)
    return finish(figure)


def named_letters(images, names, columns=5):
    """Draw letters in rows, each under its name.

    Parameters
    ----------
    images : array, float [N, H, W, C] in [0, 1]
    names : sequence of str
    columns : int

    Returns
    -------
    Figure
    """
    sheets = [lay_out(image[None], 1) for image in np.asarray(images)]
    rows = -(-len(sheets) // columns)
    figure, all_axes = plt.subplots(rows, columns, figsize=(1.3 * columns, 1.5 * rows))
    for axes in np.ravel(all_axes)[len(sheets) :]:
        axes.remove()
    for axes, sheet, name in zip(np.ravel(all_axes), sheets, names, strict=False):
        draw_sheet(axes, sheet)
        axes.set_title(name, fontsize=12)
    return finish(figure)


def letter_grids(grids, columns=8):
    """Draw several grids, two side by side, each under its title.

    Parameters
    ----------
    grids : dict
        From title to images, float [N, H, W, C] in [0, 1].
    columns : int

    Returns
    -------
    Figure

    Examples
    --------
    >>> white, black = np.zeros([16, 28, 28, 1]), np.ones([16, 28, 28, 1])
    >>> figure = letter_grids({"white": white, "black": black})
    >>> [axes.get_title() for axes in figure.axes]
    ['white', 'black']
    """
    sheets = {title: lay_out(images, columns) for title, images in grids.items()}
    rows = max(-(-len(images) // columns) for images in grids.values())
    wide, high = min(len(grids), 2), -(-len(grids) // 2)
    size = (3.6 * wide, (3.6 * rows / columns + 0.3) * high)
    figure, all_axes = plt.subplots(high, wide, figsize=size)
    for axes in np.ravel(all_axes)[len(grids) :]:
        axes.remove()
    for axes, (title, sheet) in zip(np.ravel(all_axes), sheets.items(), strict=False):
        draw_sheet(axes, sheet)
        axes.set_title(title)
    return finish(figure)


def letter_rows(rows):
    """Draw one row of letters under each title, all of one length.

    Parameters
    ----------
    rows : dict
        From title to images, float [N, H, W, C] in [0, 1].

    Returns
    -------
    Figure

    Examples
    --------
    >>> white, black = np.zeros([8, 28, 28, 1]), np.ones([8, 28, 28, 1])
    >>> figure = letter_rows({"white": white, "black": black})
    >>> len(figure.axes)
    2
    """
    columns = max(map(len, rows.values()))
    sheets = {title: lay_out(images, columns) for title, images in rows.items()}
    figure, all_axes = plt.subplots(
        len(rows), 1, figsize=(0.75 * columns, 1.05 * len(rows))
    )
    for axes, (title, sheet) in zip(
        np.atleast_1d(all_axes), sheets.items(), strict=True
    ):
        draw_sheet(axes, sheet)
        axes.set_title(title, loc="left", fontsize=10)
    return finish(figure)


def pixels_of(image, top, left, size=7):
    """Draw one letter, and beside it a corner of it with the value of every pixel.

    Parameters
    ----------
    image : array, float [H, W, 1] in [0, 1]
    top, left : int
        Where the corner begins.
    size : int
        Rows and columns of it.

    Returns
    -------
    Figure
    """
    image = np.asarray(image)
    corner = image[top : top + size, left : left + size]
    figure, (whole, part) = plt.subplots(1, 2, figsize=(5.6, 2.8))
    draw_sheet(whole, as_ink(image))
    frame = {"fill": False, "ec": COLORS[1], "lw": 2, "clip_on": False}
    whole.add_patch(Rectangle((left - 0.5, top - 0.5), size, size, **frame))
    draw_sheet(part, as_ink(corner))
    part.add_patch(Rectangle((-0.5, -0.5), size, size, **frame))
    for (row, column), value in np.ndenumerate(corner[..., 0]):
        color = "white" if value > 0.5 else "black"
        text = f"{value:.2f}" if 0 < value < 1 else f"{value:.0f}"
        place = {"ha": "center", "va": "center", "fontsize": 10}
        part.text(column, row, text, color=color, **place)
    return finish(figure)
