"""Figures of chapter 17: the photographs themselves, and what was measured."""

import numpy as np
from test_plots import drawn

from vqvae_lesson import plots

HALF = {"bytes": 2_000, "codes": {"psnr": 20.0, "ssim": 0.5}}
RIVALS = {
    "JPEG": {"bytes": 1_900, "psnr": 30.0, "ssim": 0.8},
    "WebP": {"bytes": 1_800, "psnr": 31.0, "ssim": 0.9},
}


def test_each_photograph_holds_its_name_with_its_own_pixels():
    random = np.random.default_rng(0)
    pictures = {
        name: random.integers(256, size=[6, 9, 3], dtype=np.uint8) for name in "abc"
    }
    figure = plots.photographs(pictures)
    left, right, below = (axes.get_position().p0 for axes in figure.axes[:3])
    assert below[1] < left[1] == right[1]
    assert below[0] == left[0] < right[0]
    for axes, (name, picture) in zip(figure.axes, pictures.items(), strict=False):
        assert axes.texts[0].get_text() == name
        np.testing.assert_array_equal(axes.images[0].get_array(), picture)
    assert drawn(figure).std() > 1


def test_each_seed_is_a_dot_and_a_file_that_there_is_not_is_none():
    first = {**HALF, **RIVALS}
    second = {"bytes": 1_000, "codes": {"psnr": 18.0, "ssim": 0.4}}
    second |= {"JPEG": None, "WebP": {"bytes": 900, "psnr": 25.0, "ssim": 0.7}}
    figure = plots.bytes_and_likeness([{"stages": [first]}, {"stages": [second]}])
    for axes, measure in zip(figure.axes, ("psnr", "ssim"), strict=True):
        found = {
            line.get_label(): [*zip(*line.get_data(), strict=True)]
            for line in axes.lines
        }
        assert found == {
            "codes": [
                (1.0, second["codes"][measure]),
                (2.0, first["codes"][measure]),
            ],
            "JPEG": [(1.9, RIVALS["JPEG"][measure])],
            "WebP": [
                (0.9, second["WebP"][measure]),
                (1.8, RIVALS["WebP"][measure]),
            ],
        }
    assert drawn(figure).std() > 1
