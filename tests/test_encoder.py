import keras
import numpy as np
import pytest

from tests.networks import BAD_SIZES, SIZES, convolutions_of, convolve, elu, weights_of
from vqvae_lesson.classroom.source import show_source
from vqvae_lesson.encoder import build_encoder
from vqvae_lesson.errors import LessonError

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


def test_the_encoder_has_the_convolutions_of_the_article():
    assert convolutions_of(build_encoder(latent_size=3)) == [
        ("Conv2D", 32, 5, 1, "same", "elu"),
        ("Conv2D", 32, 5, 2, "same", "elu"),
        ("Conv2D", 64, 5, 1, "same", "elu"),
        ("Conv2D", 64, 5, 2, "same", "elu"),
        ("Conv2D", 12, 7, 1, "valid", "elu"),
    ]


def test_the_last_layer_of_the_encoder_is_linear():
    dense = build_encoder().layers[-2]
    assert isinstance(dense, keras.layers.Dense)
    assert dense.activation is keras.activations.linear


def test_the_parameters_number_what_a_pencil_says():
    # Kernel height x width x channels in x channels out, and a bias for each out:
    # 832 + 25,632 + 51,264 + 102,464 + 12,548 + (4 x 16 + 16 = 80)
    assert build_encoder().count_params() == 192_820


# Other sizes


@pytest.mark.parametrize(
    ("image_shape", "latent_size", "code_size", "base_depth"), SIZES
)
def test_other_sizes_fit_too(image_shape, latent_size, code_size, base_depth):
    encoder = build_encoder(image_shape, latent_size, code_size, base_depth)
    height, width, channels = image_shape
    images = np.random.default_rng(0).random([3, *image_shape], np.float32)
    latents = encoder(images)
    assert latents.shape == (3, latent_size, code_size)
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


# Errors


@pytest.mark.parametrize(("sizes", "message"), BAD_SIZES)
def test_sizes_that_do_not_fit_are_told(sizes, message):
    with pytest.raises(LessonError, match=message):
        build_encoder(**sizes)


def test_the_printed_source_holds_layers_and_no_checks():
    text = repr(show_source(build_encoder))
    assert text.startswith("def build_encoder(")
    assert "LessonError" not in text
    assert max(map(len, text.splitlines())) <= 76
