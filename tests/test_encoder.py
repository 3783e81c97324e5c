import keras
import numpy as np
import pytest

from vqvae_lesson.decoder import build_decoder
from vqvae_lesson.encoder import build_encoder
from vqvae_lesson.errors import LessonError


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


# The shapes, as stated for the article


def test_the_encoder_has_the_shapes_of_the_article():
    assert [layer.output.shape for layer in build_encoder().layers] == [
        (None, 28, 28, 32),
        (None, 14, 14, 32),
        (None, 14, 14, 64),
        (None, 7, 7, 64),
        (None, 1, 1, 4),
        (None, 4),
        (None, 16),
        (None, 1, 16),
    ]


def test_the_decoder_has_the_shapes_of_the_article():
    assert [layer.output.shape for layer in build_decoder().layers] == [
        (None, 1, 1, 16),
        (None, 7, 7, 64),
        (None, 7, 7, 64),
        (None, 14, 14, 64),
        (None, 14, 14, 32),
        (None, 28, 28, 32),
        (None, 28, 28, 32),
        (None, 28, 28, 1),
    ]


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


def test_the_encoder_has_the_convolutions_of_the_article():
    assert convolutions_of(build_encoder(latent_size=3)) == [
        ("Conv2D", 32, 5, 1, "same", "elu"),
        ("Conv2D", 32, 5, 2, "same", "elu"),
        ("Conv2D", 64, 5, 1, "same", "elu"),
        ("Conv2D", 64, 5, 2, "same", "elu"),
        ("Conv2D", 12, 7, 1, "valid", "elu"),
    ]


def test_the_decoder_has_the_convolutions_of_the_article():
    assert convolutions_of(build_decoder()) == [
        ("Conv2DTranspose", 64, 7, 1, "valid", "elu"),
        ("Conv2DTranspose", 64, 5, 1, "same", "elu"),
        ("Conv2DTranspose", 64, 5, 2, "same", "elu"),
        ("Conv2DTranspose", 32, 5, 1, "same", "elu"),
        ("Conv2DTranspose", 32, 5, 2, "same", "elu"),
        ("Conv2DTranspose", 32, 5, 1, "same", "elu"),
        ("Conv2D", 1, 5, 1, "same", "linear"),
    ]


def test_the_last_layer_of_the_encoder_is_linear():
    dense = build_encoder().layers[-2]
    assert isinstance(dense, keras.layers.Dense)
    assert dense.activation is keras.activations.linear


def test_the_parameters_number_what_a_pencil_says():
    # Kernel height x width x channels in x channels out, and a bias for each out:
    # 832 + 25,632 + 51,264 + 102,464 + 12,548 + (4 x 16 + 16 = 80)
    assert build_encoder().count_params() == 192_820
    # 50,240 + 102,464 + 102,464 + 51,232 + 25,632 + 25,632 + 801
    assert build_decoder().count_params() == 358_465


# Other sizes


@pytest.mark.parametrize(
    ("image_shape", "latent_size", "code_size", "base_depth"),
    [
        ((32, 32, 3), 1, 16, 4),
        ((28, 36, 1), 1, 16, 4),
        ((28, 28, 1), 4, 16, 4),
        ((4, 4, 2), 3, 5, 1),
        ((64, 8, 1), 2, 1, 2),
        ([8, 8, 1], 1, 2, 2),
    ],
)
def test_other_sizes_fit_too(image_shape, latent_size, code_size, base_depth):
    encoder = build_encoder(image_shape, latent_size, code_size, base_depth)
    decoder = build_decoder(image_shape, latent_size, code_size, base_depth)
    height, width, channels = image_shape
    images = np.random.default_rng(0).random([3, *image_shape], np.float32)
    latents = encoder(images)
    assert latents.shape == (3, latent_size, code_size)
    assert decoder(latents).shape == (3, *image_shape)
    depth, quarter = base_depth, (height // 4) * (width // 4)
    # Pencil and paper once more, now with letters.
    assert encoder.count_params() == (
        (25 * channels + 1) * depth
        + (25 * depth + 1) * depth
        + (25 * depth + 1) * 2 * depth
        + (50 * depth + 1) * 2 * depth
        + (quarter * 2 * depth + 1) * 4 * latent_size
        + (4 * latent_size + 1) * latent_size * code_size
    )
    assert decoder.count_params() == (
        (quarter * latent_size * code_size + 1) * 2 * depth
        + 2 * (50 * depth + 1) * 2 * depth
        + (50 * depth + 1) * depth
        + 2 * (25 * depth + 1) * depth
        + (25 * depth + 1) * channels
    )


# What they compute


def test_the_encoder_computes_what_its_layers_say():
    encoder = build_encoder((8, 12, 2), latent_size=3, code_size=5, base_depth=3)
    rng = np.random.default_rng(1)
    encoder.set_weights([rng.normal(size=w.shape) / 3 for w in encoder.get_weights()])
    images = rng.random([4, 8, 12, 2])
    values = images
    steps = [(1, "same"), (2, "same"), (1, "same"), (2, "same"), (1, "valid")]
    for layer, (strides, padding) in zip(encoder.layers, steps, strict=False):
        values = elu(convolve(values, *weights_of(layer), strides, padding))
    kernel, bias = weights_of(encoder.layers[6])
    expected = (values.reshape(4, 12) @ kernel + bias).reshape(4, 3, 5)
    found = encoder(np.float32(images)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_the_decoder_computes_what_its_layers_say():
    decoder = build_decoder((8, 12, 2), latent_size=3, code_size=5, base_depth=3)
    rng = np.random.default_rng(2)
    decoder.set_weights([rng.normal(size=w.shape) / 3 for w in decoder.get_weights()])
    codes = rng.normal(size=[4, 3, 5])
    values = codes.reshape(4, 1, 1, 15)
    steps = [(1, "valid")] + [(s, "same") for s in (1, 2, 1, 2, 1)]
    for layer, (strides, padding) in zip(decoder.layers[1:], steps, strict=False):
        values = elu(spread(values, *weights_of(layer), strides, padding))
    expected = convolve(values, *weights_of(decoder.layers[-1]), 1, "same")
    found = decoder(np.float32(codes)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


# Errors


@pytest.mark.parametrize("build", [build_encoder, build_decoder])
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
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
    ],
)
def test_sizes_that_do_not_fit_are_told(build, sizes, message):
    with pytest.raises(LessonError, match=message):
        build(**sizes)
