"""What the tests of encoder and decoder share: slow oracles, and sizes to try."""

import keras
import numpy as np

# Image shape, latent size, code size, base depth.
SIZES = [
    ((32, 32, 3), 1, 16, 4),
    ((28, 36, 1), 1, 16, 4),
    ((28, 28, 1), 4, 16, 4),
    ((4, 4, 2), 3, 5, 1),
    ((64, 8, 1), 2, 1, 2),
    ([8, 8, 1], 1, 2, 2),
]
# Arguments that no network can be built from, and what is said about them.
BAD_SIZES = [
    ({"image_shape": (27, 28, 1)}, "images are 27 x 28, .* divisible by 4"),
    ({"image_shape": (28, 30, 1)}, "images are 28 x 30, .* pad or crop"),
    ({"image_shape": (28, 28)}, r"\(28, 28\), expected height, width, channels"),
    ({"image_shape": (1, 28, 28, 1)}, r"\(1, 28, 28, 1\), expected height"),
    ({"image_shape": (0, 28, 1)}, r"image_shape is \(0, 28, 1\)"),
    ({"image_shape": (28, 28, 0)}, r"image_shape is \(28, 28, 0\)"),
    ({"image_shape": (28, -4, 1)}, r"image_shape is \(28, -4, 1\)"),
    ({"latent_size": 0}, "latent_size is 0, expected at least 1"),
    ({"code_size": -1}, "code_size is -1, expected at least 1"),
    ({"base_depth": 0}, "base_depth is 0, expected at least 1"),
]


def elu(values):
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


def weights_of(layer):
    return [np.float64(weight) for weight in layer.get_weights()]


def convolve(images, kernel, bias, strides, padding):
    """Slide the kernel over every place, in float64."""
    size = np.array(kernel.shape[:2])
    places = -(-(np.array(images.shape[1:3]) - (padding == "valid") * (size - 1)) // 1)
    places = -(-places // strides)
    if padding == "same":
        missing = np.maximum((places - 1) * strides + size - images.shape[1:3], 0)
        sides = [(n // 2, n - n // 2) for n in missing]
        images = np.pad(images, [(0, 0), *sides, (0, 0)])
    found = np.empty([len(images), *places, kernel.shape[-1]])
    for row, column in np.ndindex(*places):
        top, left = row * strides, column * strides
        patch = images[:, top : top + size[0], left : left + size[1]]
        found[:, row, column] = np.tensordot(patch, kernel, 3) + bias
    return found


def spread(inputs, kernel, bias, strides, padding):
    """Add a copy of the kernel for every input, in float64, then cut to size."""
    height, width = kernel.shape[:2]
    rows, columns = np.array(inputs.shape[1:3])
    full = np.zeros(
        [
            len(inputs),
            (rows - 1) * strides + height,
            (columns - 1) * strides + width,
            kernel.shape[2],
        ]
    )
    for row, column in np.ndindex(rows, columns):
        top, left = row * strides, column * strides
        full[:, top : top + height, left : left + width] += np.einsum(
            "bi,hwoi->bhwo", inputs[:, row, column], kernel
        )
    if padding == "same":
        cut_top, cut_left = (height - strides) // 2, (width - strides) // 2
        full = full[
            :,
            cut_top : cut_top + rows * strides,
            cut_left : cut_left + columns * strides,
        ]
    return full + bias


def convolutions_of(network):
    return [
        (
            type(layer).__name__,
            layer.filters,
            layer.kernel_size[0],
            layer.strides[0],
            layer.padding,
            layer.activation.__name__,
        )
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
    ]
