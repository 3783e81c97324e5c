"""Convolutions and the encoder: a filter at work, a letter on its way (chapter 02)."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from vqvae_lesson.plots.paper import COLORS, INK, finish

BELOW, ABOVE = COLORS[0], COLORS[1]
SIGNED = LinearSegmentedColormap.from_list("signed", [BELOW, "white", ABOVE])
EDGE = "#bbbbbb"
LARGE, MEDIUM, SMALL = 16, 13.5, 10.5
TITLE = {"loc": "left", "fontsize": 13, "pad": 3}
ROW_WIDTH, ROW_GAP = 208, 2  # pixels of a row of channels: seven of 28


def filter_steps(image, numbers, open_places=()):
    """Draw every window of a small image, what it is multiplied with, and the answer.

    Parameters
    ----------
    image : array, [H, W]
    numbers : array, [h, w]
        The numbers of the filter.
    open_places : sequence of (int, int)
        Row and column of answers that the reader shall find: drawn as "?".

    Returns
    -------
    Figure
    """
    image, numbers = np.asarray(image), np.asarray(numbers)
    windows = np.lib.stride_tricks.sliding_window_view(image, numbers.shape)
    answers = (windows * numbers).sum((2, 3))
    texts = _texts(answers)
    for place in open_places:
        texts[place], answers[place] = "?", 0
    rows, columns = answers.shape
    size = (2.15 * (columns + 1), 2.25 * rows)
    figure, panels = plt.subplots(rows, columns + 1, figsize=size, squeeze=False)
    for place in np.ndindex(rows, columns):
        _draw_window(panels[place], image, numbers, place)
        title = f"window ({place[0]}, {place[1]}): {texts[place]}"
        panels[place].set_title(title, fontsize=MEDIUM)
    last = panels[:, -1]
    _draw_numbers(last[0], _texts(numbers), numbers)
    last[0].set_title("the filter", fontsize=MEDIUM)
    _draw_numbers(last[1], texts, answers)
    last[1].set_title("the answers", fontsize=MEDIUM)
    for axes in last[2:]:
        axes.remove()
    return finish(figure)


def filter_indices(size, width, place, inside):
    """Draw which pixel meets which number of a filter, counted in rows and columns.

    Parameters
    ----------
    size, width : int
        Of the image and of the filter, in pixels.
    place : (int, int)
        i and j: row and column at which the window begins.
    inside : (int, int)
        u and v: row and column inside the window.

    Returns
    -------
    Figure
    """
    (i, j), (u, v) = place, inside
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(6.4, 3.0), width_ratios=[size, width]
    )
    for axes, cells, (row, column) in (
        (left, size, (i + u, j + v)),
        (right, width, inside),
    ):
        _draw_grid(axes, cells, cells)
        axes.add_patch(Rectangle((column, row), 1, 1, color=COLORS[4]))
        axes.set_ylim(size + 0.06, -0.06)  # cells of one size in both
        axes.set_xticks(np.arange(cells) + 0.5, range(cells), fontsize=MEDIUM)
        axes.set_yticks(np.arange(cells) + 0.5, range(cells), fontsize=MEDIUM)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
    left.add_patch(Rectangle((j, i), width, width, fill=False, ec=INK, lw=3))
    pixel = f"pixel ({i + u}, {j + v}) = (i + u, j + v)"
    left.set_title(f"window at ({i}, {j}) = (i, j)", fontsize=MEDIUM)
    left.set_xlabel(pixel, fontsize=MEDIUM)
    right.set_title(f"number ({u}, {v}) = (u, v)", fontsize=MEDIUM)
    return finish(figure)


def filter_answers(letter, answers):
    """Draw a letter in ink, and beside it what a filter answers at each place.

    Parameters
    ----------
    letter : array, float [H, W, 1] in [0, 1]
    answers : array, float [h, w]

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.8))
    left.imshow(1 - np.asarray(letter)[..., 0], cmap="gray", vmin=0, vmax=1)
    left.set_title("the letter")
    most = np.abs(answers).max()
    found = right.imshow(answers, cmap=SIGNED, vmin=-most, vmax=most)
    right.set_title("the filter's answers")
    for axes in (left, right):
        axes.set_axis_off()
    figure.colorbar(found, ax=right, shrink=0.85)
    return finish(figure)


def letter_through_layers(letter, pictures, latent):
    """Draw a letter and what each layer makes of it, all pixels of one size.

    Parameters
    ----------
    letter : array, float [H, W, 1] in [0, 1]
    pictures : list of array, float [h, w, c]
        What each layer gives; as many channels are drawn as fit into a row.
    latent : array, float [D]
        Drawn as bars.

    Returns
    -------
    Figure
    """
    letter, latent = np.asarray(letter), np.asarray(latent)
    pictures = [np.asarray(picture) for picture in pictures]
    # A single place needs some room too, and so do the bars.
    heights = [max(len(picture), 5) for picture in [letter, *pictures]] + [24]
    inches = 6.2 / ROW_WIDTH * sum(heights) + 0.38 * len(heights)
    figure, (first, *rows, last) = plt.subplots(
        len(heights), 1, figsize=(6.4, inches), height_ratios=heights
    )
    first.imshow(_in_a_row(letter)[0], cmap="gray_r", vmin=0, vmax=1)
    first.set_title(f"the letter: {_size(letter)}", **TITLE)
    for number, (axes, picture) in enumerate(zip(rows, pictures, strict=True), 1):
        sheet, shown = _in_a_row(picture)
        most = np.nanmax(np.abs(sheet))
        axes.imshow(sheet, cmap=SIGNED, vmin=-most, vmax=most)
        title = f"layer {number}: {_size(picture)}"
        if shown < picture.shape[-1]:
            title += f", {shown} of {picture.shape[-1]} channels"
        axes.set_title(title, **TITLE)
    for axes in (first, *rows):
        axes.set_anchor("NW")
        axes.set_axis_off()
    colors = [ABOVE if number > 0 else BELOW for number in latent]
    last.bar(np.arange(len(latent)), latent, color=colors)
    last.axhline(0, color=INK, lw=0.8)
    last.set_title(f"the latent: {len(latent)} numbers", **TITLE)
    last.set_xticks([])
    return finish(figure, last)


def _texts(numbers):
    """Write numbers as they stand on paper, with a true minus sign."""
    texts = np.empty(numbers.shape, object)
    for place in np.ndindex(*numbers.shape):
        texts[place] = f"{numbers[place]:g}".replace("-", "−")
    return texts


def _size(picture):
    """Write height x width x channels."""
    return " x ".join(map(str, picture.shape))


def _in_a_row(picture):
    """Lay channels side by side, as many as fit; nothing stands in the gaps."""
    height, width, channels = picture.shape
    shown = min(channels, (ROW_WIDTH + ROW_GAP) // (width + ROW_GAP))
    sheet = np.full([height, ROW_WIDTH], np.nan)
    for number in range(shown):
        start = number * (width + ROW_GAP)
        sheet[:, start : start + width] = picture[..., number]
    return sheet, shown


def _draw_grid(axes, rows, columns):
    """Draw empty cells, row 0 at the top."""
    for row, column in np.ndindex(rows, columns):
        axes.add_patch(Rectangle((column, row), 1, 1, fill=False, ec=EDGE, lw=1))
    axes.set_xlim(-0.06, columns + 0.06)
    axes.set_ylim(rows + 0.06, -0.06)
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])


def _write(axes, row, column, text, size, color=INK):
    """Write a text with its middle at a place."""
    style = {"ha": "center", "va": "center", "fontsize": size, "color": color}
    axes.text(column, row, text, **style)


def _draw_numbers(axes, texts, values):
    """Draw a table of numbers, positive and negative in colours of their own."""
    _draw_grid(axes, *values.shape)
    for row, column in np.ndindex(*values.shape):
        color = _sign_color(values[row, column])
        _write(axes, row + 0.5, column + 0.5, texts[row, column], LARGE, color)


def _draw_window(axes, image, numbers, place):
    """Draw an image with one window, and the filter's numbers in it."""
    _draw_grid(axes, *image.shape)
    texts, factors = _texts(image), _texts(numbers)
    height, width = numbers.shape
    for row, column in np.ndindex(*image.shape):
        shade = str(1 - 0.35 * image[row, column] / max(image.max(), 1))
        axes.add_patch(Rectangle((column, row), 1, 1, fc=shade, ec=EDGE, lw=1))
        u, v = row - place[0], column - place[1]
        if 0 <= u < height and 0 <= v < width:
            color = _sign_color(numbers[u, v])
            _write(axes, row + 0.34, column + 0.32, texts[row, column], LARGE)
            _write(axes, row + 0.75, column + 0.58, f"×{factors[u, v]}", SMALL, color)
        else:
            _write(axes, row + 0.5, column + 0.5, texts[row, column], LARGE)
    corner = (place[1], place[0])
    axes.add_patch(Rectangle(corner, width, height, fill=False, ec=INK, lw=3))


def _sign_color(number):
    """One colour for what is above 0, one for what is below."""
    return ABOVE if number > 0 else BELOW if number < 0 else "#666666"
