"""Letters, their numbers, and the pictures of these numbers (chapter 00)."""

import matplotlib.pyplot as plt
import numpy as np

from vqvae_lesson.plots.letters import draw_sheet, lay_out
from vqvae_lesson.plots.paper import COLORS, finish

ARROW = {"arrowstyle": "-|>", "color": COLORS[0], "lw": 2.5, "mutation_scale": 20}


def there_and_back(letter, number, picture):
    """Draw a letter, the number it becomes, and the number's picture.

    Parameters
    ----------
    letter, picture : array, float [H, W, C] in [0, 1]
    number : int

    Returns
    -------
    Figure
    """
    sheets = [lay_out(np.asarray(image)[None], 1) for image in (letter, picture)]
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(6, 2.3), width_ratios=[2, 2.4, 2]
    )
    for axes, sheet, title in zip(
        (left, right), sheets, ("in: a letter", "out: a picture"), strict=True
    ):
        draw_sheet(axes, sheet)
        axes.set_title(title, fontsize=12)
    middle.set_axis_off()
    middle.set_box_aspect(2 / 2.4)  # as high as the pictures
    middle.set_title("a number", fontsize=12)
    middle.text(0.5, 0.5, f"{number}", ha="center", va="center", fontsize=34)
    for start, end in (((0, 0.5), (0.26, 0.5)), ((0.74, 0.5), (1, 0.5))):
        middle.annotate("", end, start, "axes fraction", arrowprops=ARROW)
    return finish(figure)


def numbers_and_pictures(letters, numbers, pictures):
    """Draw a row of letters, below each its number, and below that the picture.

    Parameters
    ----------
    letters, pictures : array, float [N, H, W, C] in [0, 1]
    numbers : array, int [N]

    Returns
    -------
    Figure
    """
    rows = [
        [lay_out(image[None], 1) for image in np.asarray(all_images)]
        for all_images in (letters, pictures)
    ]
    count = len(numbers)
    figure, axes = plt.subplots(2, count, figsize=(0.85 * count, 2.3), squeeze=False)
    for column, number in enumerate(numbers):
        for row in (0, 1):
            draw_sheet(axes[row, column], rows[row][column])
        axes[1, column].set_title(f"{number}", fontsize=18, color=COLORS[0])
    return finish(figure)


def numbered_sheet(pictures, columns=8):
    """Draw every picture below its number.

    Parameters
    ----------
    pictures : array, float [K, H, W, C] in [0, 1]
        Picture 0 first.
    columns : int

    Returns
    -------
    Figure
    """
    sheets = [lay_out(picture[None], 1) for picture in np.asarray(pictures)]
    rows = -(-len(sheets) // columns)
    size = 0.72 * columns, 0.88 * rows
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for place in axes.flat[len(sheets) :]:
        place.remove()
    for number, (place, sheet) in enumerate(zip(axes.flat, sheets, strict=False)):
        draw_sheet(place, sheet)
        place.set_title(f"{number}", fontsize=12, color=COLORS[0], pad=2)
    return finish(figure)
