"""Checks of chapter 02: filters, and the sizes of what they give."""

from functools import cache

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    check_each,
    check_value,
    expect_shape,
    numbers,
)
from vqvae_lesson.encoder import build_encoder

# The exercise on paper: rows, columns, channels; one bias.
PICTURE = np.stack([[[1, 2], [0, 1]], [[0, 1], [3, 0]]], -1)
FILTER = np.stack([[[1, 0], [-1, 2]], [[0, -1], [1, 1]]], -1)
BIAS = -1


def two_channels(answer):
    """Check the one number that a filter gives on a picture of its own size."""
    first, second = (PICTURE * FILTER).sum((0, 1))
    turned = (PICTURE * FILTER[::-1, ::-1]).sum()
    mistakes = {
        "the bias is missing.": first + second,
        "the bias is added once, not once a channel.": first + second + 2 * BIAS,
        "the picture has a second channel, and the filter too.": [
            first,
            first + BIAS,
            second,
            second + BIAS,
        ],
        "the channels are added up: there is no mean.": [
            (first + second) / 2,
            (first + second) / 2 + BIAS,
        ],
        "each number meets the pixel at its own place: nothing is turned round.": [
            turned,
            turned + BIAS,
        ],
        "the bias is added, with its sign.": first + second - BIAS,
    }
    return check_value(answer, first + second + BIAS, mistakes)


def left_edges(answer):
    """Check a function that makes a filter for left edges of any odd size."""

    def judge(found, size):
        found = numbers(found)
        if found.shape == (size, size, 1):
            found = found[..., 0]
        expect_shape(found, (size, size))
        if not np.isfinite(found).all():
            raise Fault("the filter holds NaN or infinity.")
        grey = found.sum()
        # What it answers when the edge lies between two of its rows or columns.
        upper = np.cumsum(found.sum(1)[::-1])[:-1]
        left = np.cumsum(found.sum(0)[::-1])[:-1]
        if not np.abs(found).max() > 1e-6:
            raise Fault("a filter of zeros is silent everywhere.")
        if abs(grey) > 1e-6:
            raise Fault(
                f"on an even picture of ones it answers {grey:.4g}, not 0: what "
                "must its numbers add up to?"
            )
        if np.abs(upper).max() > 1e-6:
            raise Fault(
                "it answers to upper edges too: it must be silent where ink begins "
                "from top to bottom."
            )
        if left.min() < -1e-6 and left.max() <= 1e-6:
            raise Fault("below 0 where ink begins from left to right: turn its signs.")
        if left.min() < -1e-6:
            raise Fault(
                "as it passes over one left edge, its answers change their sign: "
                "let them be above 0 in the middle, and nowhere below."
            )
        if left.max() <= 1e-6:
            raise Fault("it is silent on a left edge.")
        if left[size // 2 - 1 : size // 2 + 1].max() <= 1e-6:
            raise Fault(
                "it is loud on a left edge at the side of its window, and silent on "
                "one down the middle."
            )

    praise = "loud at left edges, silent at upper edges and on even grey."
    return check_each(answer, [(3,), (5,), (9,)], judge, praise)


@cache
def _convolutions():
    """List size and stride of the encoder's first four layers."""
    layers = build_encoder(base_depth=1).layers[:4]
    return [(layer.kernel_size[0], layer.strides[0]) for layer in layers]


def _widths(early=False, strides=True):
    """Follow how wide a piece of the letter layers 2, 3 and 4 see."""
    width, apart, widths = 1, 1, []
    for size, stride in _convolutions():
        step = stride if strides else 1
        width += (size - 1) * apart * (step if early else 1)
        apart *= step
        widths.append(width)
    return tuple(widths[1:])


def field_of_view(answer):
    """Check how many pixels wide layers 2, 3 and 4 see."""
    sizes = [size for size, _ in _convolutions()]
    mistakes = {
        "its window lies on the layer below, whose places see several pixels each.": (
            tuple(sizes[1:])
        ),
        "neighbouring windows overlap: one place further on, few pixels are new.": [
            tuple(np.cumsum(sizes)[1:].tolist()),
            tuple(np.cumprod(sizes)[1:].tolist()),
        ],
        "behind a stride of 2, neighbours stand two pixels apart.": _widths(
            strides=False
        ),
        "a layer's stride spreads what later layers see, not what it sees itself.": (
            _widths(early=True)
        ),
        "asked for is the width, not the number of pixels.": tuple(
            width**2 for width in _widths()
        ),
    }
    return check_value(answer, _widths(), mistakes)


@cache
def _numbers(image_shape):
    """Count the numbers that each layer of an encoder learns."""
    return [layer.count_params() for layer in build_encoder(image_shape).layers]


def larger_images(answer):
    """Check which layers grow with images of 64 x 48 x 3, and how large one gets."""
    now, then = _numbers((28, 28, 1)), _numbers((64, 48, 3))
    first, second = (
        number
        for number, (one, other) in enumerate(zip(now, then, strict=True), 1)
        if one != other
    )
    grown = then[second - 1]
    mistakes = {
        "one filter serves all places: more places need no more numbers. Which "
        "layers see more channels, or grow with the picture?": [
            (wrong, wrong, None) for wrong in (2, 3, 4)
        ],
        "layers 6 and 8 only reorder numbers.": [
            (wrong, wrong, None) for wrong in (6, 8)
        ],
        "layer 7 is given as many numbers as before.": (7, 7, None),
        "the smaller layer first.": (second, first, None),
        "the biases are missing: there is one a filter.": (None, None, grown - 4),
        "that is its number for images of 28 x 28.": (None, None, now[second - 1]),
        "height and width are halved twice before it.": [
            (None, None, (height * width * 64 + 1) * 4)
            for height, width in [(64, 48), (32, 24)]
        ],
        "it looks at all channels of the layer before.": [
            (None, None, (16 * 12 * channels + 1) * 4) for channels in (1, 3, 32)
        ],
        "how many filters has it?": [
            (None, None, 16 * 12 * 64 + 1),
            (None, None, (16 * 12 * 64 + 1) * 64),
        ],
    }
    return check_value(answer, (first, second, grown), mistakes)
