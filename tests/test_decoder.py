import numpy as np
import pytest

from tests.networks import (
    BAD_SIZES,
    SIZES,
    convolutions_of,
    convolve,
    elu,
    spread,
    weights_of,
)
from vqvae_lesson.decoder import build_decoder
from vqvae_lesson.errors import LessonError

# The shapes, as stated for the article


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


def test_the_last_layer_of_the_decoder_is_linear():
    assert convolutions_of(build_decoder())[-1][-1] == "linear"


def test_the_parameters_number_what_a_pencil_says():
    # Kernel height x width x channels in x channels out, and a bias for each out:
    # 50,240 + 102,464 + 102,464 + 51,232 + 25,632 + 25,632 + 801
    assert build_decoder().count_params() == 358_465


# Other sizes


@pytest.mark.parametrize(
    ("image_shape", "latent_size", "code_size", "base_depth"), SIZES
)
def test_other_sizes_fit_too(image_shape, latent_size, code_size, base_depth):
    decoder = build_decoder(image_shape, latent_size, code_size, base_depth)
    height, width, channels = image_shape
    latents = np.random.default_rng(0).random([3, latent_size, code_size], np.float32)
    assert decoder(latents).shape == (3, *image_shape)
    depth, quarter = base_depth, (height // 4) * (width // 4)
    # Pencil and paper once more, now with letters.
    assert decoder.count_params() == (
        (quarter * latent_size * code_size + 1) * 2 * depth
        + 2 * (50 * depth + 1) * 2 * depth
        + (50 * depth + 1) * depth
        + 2 * (25 * depth + 1) * depth
        + (25 * depth + 1) * channels
    )


# What it computes


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


@pytest.mark.parametrize(
    ("sizes", "message"), [case for case in BAD_SIZES if "neck_depth" not in case[0]]
)
def test_sizes_that_do_not_fit_are_told(sizes, message):
    with pytest.raises(LessonError, match=message):
        build_decoder(**sizes)
