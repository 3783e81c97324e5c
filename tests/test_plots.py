import inspect
import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from vqvae_lesson import plots
from vqvae_lesson.errors import LessonError
from vqvae_lesson.photographs import load_photograph_bytes
from vqvae_lesson.plots.paper import color_of_model

FEW = settings(max_examples=25, deadline=None, derandomize=True)
GAP = 2


def letters(count, height=6, width=5, channels=1, seed=0):
    shape = [count, height, width, channels]
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def bowl(d):
    return (d - 2) ** 2


def quantizer_runs():
    """Made-up runs of two quantizers, three seeds each, other numbers in each."""
    numbers = itertools.count(1)
    keys = [
        f"{when} cosine {step}" for when in ("early", "late") for step in (0.3, 1.0)
    ]
    return {
        f"{side}x{side}, {size}": {
            way: [
                {
                    "pixels": 300 - 3 * next(numbers) % 200,
                    "written": 100 + 7 * next(numbers) % 60,
                    "uniform": 200,
                    "codes_in_use": 1 + 5 * next(numbers) % size,
                    **{key: next(numbers) % 17 / 17 for key in keys},
                }
                for _ in range(3)
            ]
            for way in ("averages", "gradient, rotation", "FSQ")
        }
        for side in (4, 7)
        for size in (64, 512, 4096)
    }


PAIRS = [[1, 1], [3, 2], [2, 0]]
RNG = np.random.default_rng(1)
POINTS = RNG.normal(size=[30, 2])
FIGURES = {
    "spread_on_paper": lambda: plots.spread_on_paper([[1, 10]], np.eye(2), 1),
    "priced_letter": lambda: plots.priced_letter(
        letters(1)[0], letters(1, seed=1)[0], letters(1, seed=2)[0]
    ),
    "grid_of_codes": lambda: plots.grid_of_codes(
        letters(1)[0], [[1, 2], [30, 4]], letters(1)[0]
    ),
    "exchanged": lambda: plots.exchanged(
        letters(1)[0], letters(2, seed=1), [(2, 2), (4, 2)], side=2
    ),
    "footprint": lambda: plots.footprint(
        letters(1)[0, ..., 0], {"own square": 2, "field": 4}
    ),
    "letter_grid": lambda: plots.letter_grid(letters(7), columns=3, title="Seven"),
    "letter_grids": lambda: plots.letter_grids(
        {"real": letters(9), "drawn": letters(9, seed=1)}, columns=3
    ),
    "letter_rows": lambda: plots.letter_rows(
        {"real": letters(4), "drawn": letters(4, seed=1)}
    ),
    "letter_wall": lambda: plots.letter_wall(
        letters(9), [0, 1, 2] * 3, ["a", "b", "c"], columns=3
    ),
    "named_letters": lambda: plots.named_letters(letters(7), list("abcdefg")),
    "overlays": lambda: plots.overlays(letters(1)[0], letters(3), ["a", "b", "c"], 3),
    "histograms": lambda: plots.histograms(
        {"a": letters(2), "b": letters(1) + 1}, "value", "share (%)", bins=9
    ),
    "pixels_of": lambda: plots.pixels_of(letters(1)[0], top=1, left=2, size=3),
    "nearest_pictures": lambda: plots.nearest_pictures(
        letters(2), POINTS[:2] ** 2 @ np.ones([2, 8]), letters(8), count=3
    ),
    "legs": lambda: plots.legs(PAIRS, [[0, 0], [4, 2]]),
    "number_tables": lambda: plots.number_tables(
        {"a": [[1], [2]], "b": [[3, 4]], "c": [[4, 5], [5, 6]]}, "+="
    ),
    "cost_of_a_place": lambda: plots.cost_of_a_place([1, 2, 6], 2),
    "averages_on_paper": lambda: plots.averages_on_paper(
        [[2, 4], [1, 2]], [[0, 0], [1, 5]], [2, 3.5]
    ),
    "pixel_prices": lambda: plots.pixel_prices({"ink": (1, 0.9), "grey": (0.5, 0.5)}),
    "pulls": lambda: plots.pulls([[1, 2], [0, -1]], [[0.5, 2], [1, 1]]),
    "distance_bars": lambda: plots.distance_bars([3.0, 1.0, 2.0]),
    "lines": lambda: plots.lines(
        range(5, 9), {"a": [4, 3, 2, 1], "b": [1, 2, 3, 4]}, "step", "nats"
    ),
    "limit_curve": lambda: plots.limit_curve(
        [1, 4, 16], {"a": [9, 7, 6], "b": [9, 8, 7]}, {"model": (16, 8)}, 2
    ),
    "split_bars": lambda: plots.split_bars(
        {"small": {"model": {"one": 3, "other": 1}}}, ["one", "other"], "nats"
    ),
    "bars": lambda: plots.bars([3, 1, 2], "code", "letters", ["a", "b", "c"]),
    "model_dots": lambda: plots.model_dots(
        {"one": {"article": [1, 2], "vae": [3]}, "two": {"article": [1], "vae": [2]}},
        {"two": 1.5},
    ),
    "numbers_of_latents": lambda: plots.numbers_of_latents(
        {"vae": [(np.arange(1, 5), np.arange(4) / 4)] * 2}
    ),
    "there_and_back": lambda: plots.there_and_back(letters(1)[0], 33, letters(1)[0]),
    "numbers_and_pictures": lambda: plots.numbers_and_pictures(
        letters(3), [4, 0, 4], letters(3, seed=1)
    ),
    "numbered_sheet": lambda: plots.numbered_sheet(letters(7), columns=3),
    "staircase": lambda: plots.staircase(
        [-2, -1, 0, 1], [0, 0, 1, 1], [4, 4, 1, 1], "the latent", {"code 0": -1}
    ),
    "tangent": lambda: plots.tangent(bowl, 0.5, (-0.5, 4)),
    "price_ladder": lambda: plots.price_ladder(
        {"grey": (543, letters(1)[0]), "itself": (83, letters(1)[0])}, floor=83
    ),
    "catches": lambda: plots.catches({"a": ([5, 6], [7, 20]), "b": ([6], [9])}, 10),
    "measures": lambda: plots.measures(
        {"left out": ([1, 2], {"x": [3, 4], "y": [5]}), "alone": ([7], {"y": [6]})},
        "nats",
    ),
    "crossed": lambda: plots.crossed(
        {"p": [[9, 8], [3], [4], [3]], "q": [[5], [4], [4], [4]]},
        ("start", "revival"),
        "nats",
    ),
    "dots": lambda: plots.dots({"a": [1, 2, 3], "b": [4]}, "nats"),
    "price_plane": lambda: plots.price_plane(
        {"β-VAEs": [[(2, 9), (3, 8)], [(5, 4)]], "other": [[(4, 5)]]},
        "nats for the pixels",
        costs=[(1, 9), (2, 12)],
        span=(0.5, 6),
        log="xy",
        legible={"other": [[(4, 6)]], "β-VAEs": [[(2, 10)], [(5, 6)]]},
    ),
    "looks_back": lambda: plots.looks_back(
        np.arange(24).reshape(2, 3, 2, 2) / 24, [(0, 0), (0, 1), (1, 1)]
    ),
    "named_rows": lambda: plots.named_rows({"real": letters(4), "drawn": letters(3)}),
    "stacked_prices": lambda: plots.stacked_prices(
        {"one": [(9, 1), (8, 2)], "grid": [(4, 3)]}, goal=8, of_goal="rival"
    ),
    "cells": lambda: plots.cells(plots.cuts_of_the_plane(POINTS)),
    "turned_gradient": lambda: plots.turned_gradient([2, 0.6], [1.6, 2], [-0.2, -0.9]),
    "ranking": lambda: plots.ranking(quantizer_runs(), "7x7, 64"),
    "against_size": lambda: plots.against_size(quantizer_runs(), 7),
    "cosines": lambda: plots.cosines(quantizer_runs()),
    "filter_steps": lambda: plots.filter_steps(
        np.arange(16).reshape(4, 4) % 3, np.eye(3), [(0, 1)]
    ),
    "filter_indices": lambda: plots.filter_indices(4, 3, (1, 0), (2, 1)),
    "filter_answers": lambda: plots.filter_answers(letters(1)[0], POINTS[:5]),
    "letter_through_layers": lambda: plots.letter_through_layers(
        letters(1, 8, 8)[0],
        [letters(1, 4, 4, 60)[0] - 0.5, letters(1, 1, 1, 3)[0]],
        POINTS[:6, 0],
    ),
    "sound_pictures": lambda: plots.sound_pictures(
        {
            "one": np.linspace(-80, 0, 1_200).reshape(30, 40),
            "two": np.full([30, 40], -30.0),
        },
        np.repeat([0, 5, 7], 10),
    ),
    "photographs": lambda: plots.photographs(
        {name: np.full([9, 12, 3], 80, np.uint8) for name in ("one", "other")}
    ),
    "bytes_and_likeness": lambda: plots.bytes_and_likeness(
        load_photograph_bytes()["flower"]
    ),
    "code_table": lambda: plots.code_table(
        np.arange(90) % 6, np.arange(90) % 13, range(6)
    ),
    "two_measures": lambda: plots.two_measures(
        {"told": ([0.7, 0.8], [0.4]), "untold": ([0.6, 0.7], [0.6])}, ("one", "two")
    ),
}


def drawn(figure):
    """Pixels of a figure, as a reader's browser gets them."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=60)
    return np.asarray(Image.open(file).convert("RGB"))


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    plt.close("all")
    yield
    assert plt.get_fignums() == []


# Every kind of figure


def test_every_kind_of_figure_is_tried_here():
    public = {
        name
        for name, function in inspect.getmembers(plots, inspect.isfunction)
        if function.__module__.startswith(plots.__name__) and not name.startswith("_")
    }
    # What is no Figure is tried elsewhere: the map in test_machine_map.py, the first
    # page's picture in motion in test_look.py, the cuts in test_plots_quantizers.py.
    elsewhere = {"tile", "save_grid", "machine_map", "journey", "cuts_of_the_plane"}
    assert public - elsewhere == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_every_kind_returns_its_figure_closed_and_drawn_without_a_warning(
    name, recwarn
):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    assert plt.get_fignums() == []
    pixels = drawn(figure)
    assert pixels.std() > 1, "the figure is empty"
    width, height = figure.get_size_inches()
    assert 1 < width <= 9
    assert 1 < height <= 9
    assert [str(warning.message) for warning in recwarn] == []


# Sheets of images


@FEW
@given(
    count=st.integers(1, 12),
    columns=st.integers(1, 6),
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    channels=st.integers(1, 3),
)
def test_tiles_stand_in_reading_order(count, columns, height, width, channels):
    images = 0.5 + letters(count, height, width, channels) / 2
    sheet = plots.tile(images, columns)
    rows = (count + columns - 1) // columns
    assert sheet.dtype == np.float32
    assert sheet.shape == (
        rows * height + (rows - 1) * GAP,
        columns * width + (columns - 1) * GAP,
        channels,
    )
    left = sheet.copy()
    for number, image in enumerate(images):
        top = (number // columns) * (height + GAP)
        side = (number % columns) * (width + GAP)
        for y in range(height):
            for x in range(width):
                assert (sheet[top + y, side + x] == image[y, x]).all()
                left[top + y, side + x] = 0
    assert not left.any(), "something stands between the tiles"


def test_eight_tiles_stand_in_a_row_unless_told_otherwise():
    assert plots.tile(letters(9)).shape == (2 * 6 + GAP, 8 * 5 + 7 * GAP, 1)


def test_tensors_are_laid_out_too():
    images = letters(3)
    np.testing.assert_array_equal(plots.tile(tf.constant(images)), plots.tile(images))


def no_images(path):
    return {
        "tile": plots.tile,
        "save_grid": lambda images: plots.save_grid(path, images),
        "letter_grid": plots.letter_grid,
        "letter_grids": lambda images: plots.letter_grids({"one": images}),
        "letter_rows": lambda images: plots.letter_rows({"one": images}),
    }


@pytest.mark.parametrize("shape", [(3, 8, 8), (8, 8), (1, 3, 8, 8, 1), (0, 8, 8, 1)])
@pytest.mark.parametrize("name", no_images(None))
def test_images_of_another_rank_or_none_are_told(name, shape, tmp_path):
    path = tmp_path / "grid.png"
    message = rf"images have shape \[{', '.join(map(str, shape))}\], expected \[N, H"
    with pytest.raises(LessonError, match=message):
        no_images(path)[name](np.zeros(shape))
    assert not path.exists()


# PNGs


def test_a_grid_is_saved_as_ink_on_paper_pixel_for_pixel(tmp_path):
    images = letters(5)
    plots.save_grid(tmp_path / "grid.png", images, columns=2)
    with Image.open(tmp_path / "grid.png") as picture:
        picture.verify()
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.format == "PNG"
        assert picture.mode == "L"
        assert picture.size == (2 * 5 + GAP, 3 * 6 + 2 * GAP)
        pixels = np.asarray(picture)
    assert abs(pixels[:6, :5] - 255 * (1 - images[0, ..., 0])).max() <= 0.5
    assert abs(pixels[8:14, 7:] - 255 * (1 - images[3, ..., 0])).max() <= 0.5
    # Gaps and the empty place are paper.
    assert (pixels[6:8] == 255).all()
    assert (pixels[:, 5:7] == 255).all()
    assert (pixels[16:, 7:] == 255).all()


def test_ink_is_black_and_paper_white(tmp_path):
    images = np.zeros([1, 4, 4, 1])
    images[0, 1, 2] = 1
    plots.save_grid(tmp_path / "one.png", images, columns=1)
    pixels = np.asarray(Image.open(tmp_path / "one.png"))
    assert pixels[1, 2] == 0
    assert np.count_nonzero(pixels == 255) == 15


def test_colours_are_saved_as_they_are(tmp_path):
    images = letters(2, channels=3)
    plots.save_grid(tmp_path / "colours.png", images)
    with Image.open(tmp_path / "colours.png") as picture:
        assert picture.mode == "RGB"
        pixels = np.asarray(picture)
    assert abs(pixels[:6, :5] - 255 * images[0]).max() <= 0.5


def test_a_grid_that_cannot_be_saved_is_told(tmp_path):
    with pytest.raises(LessonError, match="could not be written"):
        plots.save_grid(tmp_path / "nowhere" / "grid.png", letters(1))


# What each figure shows


def shown(axes):
    (picture,) = axes.get_images()
    return np.asarray(picture.get_array())


def test_a_grid_shows_its_letters_dark_on_light_under_its_title():
    images = letters(7)
    (axes,) = plots.letter_grid(images, columns=3, title="Seven").axes
    assert axes.get_title() == "Seven"
    np.testing.assert_allclose(shown(axes)[:6, :5], 1 - images[0, ..., 0], atol=1e-6)
    np.testing.assert_allclose(
        shown(axes)[8:14, 7:12], 1 - images[4, ..., 0], atol=1e-6
    )
    (picture,) = axes.get_images()
    assert picture.get_clim() == (0, 1)
    assert picture.cmap(0.0)[:3] == (0, 0, 0)
    assert picture.cmap(1.0)[:3] == (1, 1, 1)
    assert not axes.axison
    (untitled,) = plots.letter_grid(images).axes
    assert untitled.get_title() == ""


@pytest.mark.parametrize("count", [1, 2, 3])
def test_grids_and_rows_stand_each_under_their_title(count):
    named = {f"number {n}": letters(4, seed=n) for n in range(count)}
    for figure, columns in (
        (plots.letter_grids(named, columns=2), 2),
        (plots.letter_rows(named), 4),
    ):
        assert len(figure.axes) == count
        for axes, (name, images) in zip(figure.axes, named.items(), strict=True):
            assert axes.get_title() + axes.get_title("left") == name
            assert shown(axes).shape[1] == columns * 5 + (columns - 1) * GAP
            np.testing.assert_allclose(
                shown(axes)[:6, :5], 1 - images[0, ..., 0], atol=1e-6
            )


def test_a_wall_holds_the_first_letters_of_each_character_in_a_row_of_its_own():
    images, labels = letters(12), np.array([1, 0, 0, 1, 1, 0] * 2)
    (axes,) = plots.letter_wall(images, labels, ["zero", "one"], columns=3).axes
    assert [text.get_text() for text in axes.texts] == ["zero", "one"]
    sheet = shown(axes)
    assert sheet.shape[:2] == (2 * 6 + GAP, 3 * 5 + 2 * GAP)
    for row, column, number in [(0, 0, 1), (0, 2, 5), (1, 0, 0), (1, 1, 3)]:
        found = sheet[8 * row : 8 * row + 6, 7 * column : 7 * column + 5]
        np.testing.assert_allclose(found, 1 - images[number, ..., 0], atol=1e-6)
    heights = [text.get_position()[1] for text in axes.texts]
    assert heights == pytest.approx([3.5, 10.5])


def test_named_letters_stand_each_under_its_own_name():
    images = letters(4)
    all_axes = plots.named_letters(images, ["a", "b", "c", "d"], columns=3).axes
    assert [axes.get_title() for axes in all_axes] == ["a", "b", "c", "d"]
    for axes, image in zip(all_axes, images, strict=True):
        np.testing.assert_allclose(shown(axes), 1 - image[..., 0], atol=1e-6)


def test_an_overlay_is_dark_where_both_have_ink_and_coloured_where_one_has():
    one, other = np.zeros([1, 4, 1]), np.zeros([1, 4, 1])
    one[0, 1:3], other[0, 2:] = 1, 1
    (axes,) = plots.overlays(one, [other], ["shifted"], columns=1).axes
    paper, first, both, second = shown(axes)[0]
    assert [to_hex(paper), to_hex(first), to_hex(second)] == [
        "#ffffff",
        plots.COLORS[0].lower(),
        plots.COLORS[1].lower(),
    ]
    assert both.max() < 0.1


def test_histograms_share_their_bins_and_mark_their_means():
    samples = {"low": np.array([0.0, 0.0, 1.0]), "high": np.array([[1.0, 4.0]])}
    (axes,) = plots.histograms(samples, "value", "share (%)", bins=4).axes
    for steps, shares in zip(
        axes.patches, [[200 / 3, 100 / 3, 0, 0], [0, 50, 0, 50]], strict=True
    ):
        np.testing.assert_allclose(steps.get_data().values, shares)
        np.testing.assert_allclose(steps.get_data().edges, [0, 1, 2, 3, 4])
    means = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata())]
    assert means == pytest.approx([1 / 3, 2.5])
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == ["low", "high", "upright: means"]


def test_a_letter_stands_beside_a_corner_of_it_with_its_numbers():
    image = letters(1)[0]
    image[1, 2], image[3, 4] = 0, 1
    whole, corner = plots.pixels_of(image, top=1, left=2, size=3).axes
    np.testing.assert_allclose(shown(whole), 1 - image[..., 0], atol=1e-6)
    np.testing.assert_allclose(shown(corner), 1 - image[1:4, 2:5, 0], atol=1e-6)
    (frame,) = whole.patches
    assert (frame.get_xy(), frame.get_width()) == ((1.5, 0.5), 3)
    numbers = {text.get_position(): text.get_text() for text in corner.texts}
    assert numbers[0, 0] == "0"
    assert numbers[2, 2] == "1"
    assert numbers[2, 0] == f"{image[1, 4, 0]:.2f}"
    assert len(numbers) == 9


def test_pictures_stand_in_the_order_of_their_distances_the_farthest_last():
    pictures = letters(5)
    distances = np.array([[4.0, 0.4, 3.0, 1.0, 2.0]])
    figure = plots.nearest_pictures(letters(1, seed=3), distances, pictures, count=2)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["code\ndistance", "1\n0", "3\n1", "…\n…", "0\n4"]
    for axes, image in zip(
        figure.axes, [letters(1, seed=3)[0], *pictures[[1, 3]]], strict=False
    ):
        np.testing.assert_allclose(shown(axes), 1 - image[..., 0], atol=1e-6)


def test_the_smallest_distance_is_lit():
    (axes,) = plots.distance_bars([3.0, 1.0, 2.0]).axes
    assert [bar.get_height() for bar in axes.patches] == [3, 1, 2]
    colors = [to_hex(bar.get_facecolor()) for bar in axes.patches]
    assert colors[0] == colors[2] != colors[1]
    assert [text.get_text() for text in axes.texts] == ["code 1"]


def test_legs_have_the_lengths_that_pythagoras_squares():
    panels = plots.legs(PAIRS, [[0, 0], [4, 2]]).axes
    titles = [axes.get_title() for axes in panels]
    assert titles == ["2 and 10: code 0", "13 and 1: code 1", "4 and 8: code 0"]
    for axes, sums, nearest in zip(
        panels, ((2, 10), (13, 1), (4, 8)), (0, 1, 0), strict=False
    ):
        ways = [line.get_xydata() for line in axes.lines if len(line.get_xdata()) == 3]
        assert [np.sum(np.diff(way, axis=0) ** 2) for way in ways] == list(sums)
        widths = [line.get_lw() for line in axes.lines if len(line.get_xdata()) == 3]
        assert np.argmax(widths) == nearest
    words = [text.get_text() for text in panels[0].texts]
    assert words == ["1", "1", "3", "1"]


def test_the_smallest_number_of_each_row_is_lit_in_the_last_table():
    tables = {"|z|²": [[2], [4]], "|e|²": [[0, 20]], "sum": [[2, -10], [4, 8]]}
    figure = plots.number_tables(tables, "+=")
    words = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert words == [["2", "4"], ["0", "20", "+"], ["2", "−10", "4", "8", "="]]
    lit = [
        [box.get_xy() for box in axes.patches if box.get_fill() and box.get_alpha()]
        for axes in figure.axes
    ]
    assert lit == [[], [], [(1, 0), (0, 1)]]


def test_the_cost_of_a_place_is_least_at_the_mean():
    (axes,) = plots.cost_of_a_place([1, 2, 6], 2).axes
    curve = axes.lines[0].get_xydata()
    brute = [sum((z - e) ** 2 for z in (1, 2, 6)) for e in curve[:, 0]]
    np.testing.assert_allclose(curve[:, 1], brute)
    words = [text.get_text() for text in axes.texts]
    assert words[:2] == ["14", "14 + 3"]


def test_bars_of_the_averages_add_up():
    counts, sums, code = plots.averages_on_paper(
        [[2, 4], [1, 2]], [[0, 0], [1, 5]], [2, 3.5]
    ).axes
    for axes, heights in ((counts, ["2", "2"]), (sums, ["4", "7"])):
        assert [text.get_text() for text in axes.texts] == heights
        assert max(bar.get_y() + bar.get_height() for bar in axes.patches) == float(
            heights[1]
        )
    np.testing.assert_array_equal(code.lines[0].get_ydata(), [2, 3.5])


def test_prices_of_pixels_are_those_of_the_cross_entropy():
    (axes,) = plots.pixel_prices({"ink": (1, 0.9), "grey": (0.5, 0.5)}).axes
    for line, x in zip(axes.lines[::2], (1, 0.5), strict=True):
        p, nats = line.get_xydata().T
        pixels, p = np.full([197, 1], x), p[:, None]
        coins = tf.keras.losses.binary_crossentropy(pixels, p)
        np.testing.assert_allclose(nats, coins, rtol=1e-5)
    assert [text.get_text() for text in axes.texts] == ["0.105", "0.693"]


def test_the_pull_of_the_commitment_is_against_its_slope():
    latents, codes = [[1.0, 2.0], [0.0, -1.0]], [[0.5, 2.0], [1.0, 1.0]]
    z = tf.Variable(latents)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((z - codes) ** 2)
    slopes = tape.gradient(loss, z).numpy()
    panels = plots.pulls(latents, codes).axes
    for axes, latent, slope in zip(panels, latents, slopes, strict=True):
        (arrow,) = axes.texts
        np.testing.assert_allclose(arrow.xy, latent - slope)
    titles = [axes.get_title() for axes in panels]
    assert titles == ["squares: 0.25 and 0", "squares: 1 and 4"]


def test_lines_follow_their_values_and_are_told_apart_without_colour():
    curves = {f"curve {n}": np.arange(1.0, 4.0) * (n + 1) for n in range(9)}
    (axes,) = plots.lines([10, 20, 30], curves, "step", "nats").axes
    for line, (name, values) in zip(axes.lines, curves.items(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [10, 20, 30])
        np.testing.assert_array_equal(line.get_ydata(), values)
        assert line.get_label() == name
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == 9
    assert len({line.get_linestyle() for line in axes.lines[:4]}) == 4
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [*curves]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "nats")
    assert axes.get_yscale() == "linear"


def test_one_line_needs_no_legend_and_may_be_logarithmic():
    (axes,) = plots.lines([0, 1], {"norm": [1.0, 1e5]}, "step", "norm", log=True).axes
    assert axes.get_legend() is None
    assert axes.get_yscale() == "log"


def test_bars_stand_in_the_order_given():
    (axes,) = plots.bars([3, 1, 2], "code", "letters").axes
    assert [bar.get_height() for bar in axes.patches] == [3, 1, 2]
    centers = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
    assert centers == pytest.approx([0, 1, 2])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("code", "letters")


def test_a_model_looks_the_same_in_every_panel_and_figure():
    rows = {"vae": [1, 2], "healthy": [3, 4]}
    first, second = plots.model_dots({"one": rows, "two": rows}, {"two": 7}).axes
    for axes in (first, second):
        vae, healthy = axes.lines[:2]
        assert list(vae.get_xdata()) == [1, 2]
        assert list(healthy.get_ydata()) == [1, 1]
        assert vae.get_markerfacecolor() == "white"
    *_, guide = second.lines
    assert list(guide.get_xdata()) == [7, 7]
    assert len(first.lines) == 2
    runs = {"vae": [([1, 3, 2], [0.4, 0.9, 0.1])]}
    left, right = plots.numbers_of_latents(runs).axes
    for axes, values in ((left, [3, 2, 1]), (right, [0.1, 0.4, 0.9])):
        assert axes.lines[0].get_ydata().tolist() == values
        assert axes.lines[0].get_markeredgecolor() == vae.get_markeredgecolor()


def test_colours_are_those_of_okabe_and_ito_without_black_and_yellow():
    known = "e69f00 56b4e9 009e73 0072b2 d55e00 cc79a7"
    assert {color.lower().lstrip("#") for color in plots.COLORS} == set(known.split())


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_images_of_any_number_of_channels_are_drawn(channels, tmp_path):
    images = np.linspace(0, 1, 2 * 4 * 4 * channels).reshape(2, 4, 4, channels)
    plots.save_grid(tmp_path / "grid.png", images, columns=2)
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.size == (10, 4)
    assert plots.letter_grid(images, columns=2).axes


def test_the_curve_of_limits_shows_curves_points_and_floor():
    curves = {"one": [5.0, 4.0, 3.0], "two": [6.0, 5.0, 4.5]}
    points = {"a model": (64, 4.8), "another": (64, 4.1)}
    (axes,) = plots.limit_curve([1, 10, 64], curves, points, floor=1.0).axes
    drawn = {line.get_label(): line.get_xydata() for line in axes.lines}
    for name, nats in curves.items():
        np.testing.assert_array_equal(drawn[name], np.stack([[1, 10, 64], nats], 1))
    for name, point in points.items():
        np.testing.assert_array_equal(drawn[name], [point])
    np.testing.assert_array_equal(drawn["floor: grey pixels"][:, 1], [1.0, 1.0])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "10", "64"]
    assert len({line.get_color() for line in axes.lines}) == 5


def test_the_curve_of_limits_takes_a_point_for_each_seed():
    points = {"article": ([4, 4, 4], [3.0, 4.0, 5.0])}
    (axes,) = plots.limit_curve([1, 4], {"one": [9, 7]}, points, floor=1.0).axes
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [3, 4, 5])
    assert to_hex(axes.lines[1].get_color()) == plots.COLORS[3].lower()


def test_split_bars_begin_where_the_last_part_ended():
    runs = {"a": {"one": 3.0, "other": 1.0}, "b": {"one": -0.5, "other": 2.0}}
    figure = plots.split_bars({"left": runs, "right": runs}, ["one", "other"], "nats")
    for axes, title in zip(figure.axes, ("left", "right"), strict=True):
        spans = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
        assert spans == [(0, 3), (0, -0.5), (3, 1), (-0.5, 2)]
        assert axes.get_title() == title
        assert axes.yaxis_inverted()
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["one", "other"]


def test_dots_stand_on_the_line_of_their_name():
    (axes,) = plots.dots({"a": [1, 2], "b": [3]}, "nats").axes
    values = [line.get_xdata() for line in axes.lines]
    assert [list(found) for found in values] == [[1, 2], [3]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert axes.yaxis_inverted()


def test_bars_carry_their_names():
    (axes,) = plots.bars([3, 1], "class", "letters", ["o", "ki"]).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["o", "ki"]


def test_every_window_of_a_filter_is_drawn_with_its_answer():
    image = np.array([[0, 0, 0, 0], [0, 1, 2, 2], [1, 2, 2, 0], [0, 1, 0, 0]])
    edges = np.repeat([[-1], [0], [1]], 3, 1)
    figure = plots.filter_steps(image, edges, [(1, 1)])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "window (0, 0): 5",
        "window (0, 1): 4",
        "the filter",
        "window (1, 0): −2",
        "window (1, 1): ?",
        "the answers",
    ]
    words = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert words[5] == ["5", "4", "−2", "?"]
    assert words[2] == ["−1"] * 3 + ["0"] * 3 + ["1"] * 3
    pixels = [word for word in words[3] if "×" not in word]
    assert pixels == [str(pixel) for pixel in image.ravel()]
    factors = [word for word in words[3] if "×" in word]
    assert factors == ["×−1"] * 3 + ["×0"] * 3 + ["×1"] * 3
    window = figure.axes[3].patches[-1]
    assert (*window.get_xy(), window.get_width(), window.get_height()) == (0, 1, 3, 3)


def test_more_rows_of_windows_than_two_leave_the_rest_of_the_last_column_empty():
    figure = plots.filter_steps(np.eye(4), np.ones([2, 2]))
    assert len(figure.axes) == 3 * 3 + 2


def test_the_pixel_that_a_number_of_a_filter_meets_is_marked():
    left, right = plots.filter_indices(5, 3, (1, 2), (0, 1)).axes
    filled = [
        [patch.get_xy() for patch in axes.patches if patch.get_fill()]
        for axes in (left, right)
    ]
    assert filled == [[(3, 1)], [(1, 0)]]  # column, row
    assert left.get_xlabel() == "pixel (1, 3) = (i + u, j + v)"


def test_answers_above_and_below_0_are_told_apart_by_colour():
    _, right, _ = plots.filter_answers(letters(1)[0], [[-2.0, 0.0, 1.0]]).axes
    (picture,) = right.get_images()
    assert picture.get_clim() == (-2, 2)
    assert picture.cmap(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01)


def test_the_channels_of_a_layer_stand_side_by_side_as_many_as_fit():
    maps = letters(1, 14, 14, 40)[0] - 0.5
    figure = plots.letter_through_layers(letters(1, 28, 28)[0], [maps], POINTS[:4, 0])
    first, row, last = figure.axes
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == [
        "the letter: 28 x 28 x 1",
        "layer 1: 14 x 14 x 40, 13 of 40 channels",
        "the latent: 4 numbers",
    ]
    sheet = shown(row)
    for channel in range(13):
        part = sheet[:, 16 * channel : 16 * channel + 14]
        np.testing.assert_allclose(part, maps[..., channel])
    assert shown(first).shape[1] == sheet.shape[1]
    heights = [bar.get_height() for bar in last.patches]
    np.testing.assert_allclose(heights, POINTS[:4, 0])


def test_a_staircase_breaks_where_the_index_changes():
    places, indices = [-2.0, -1.0, 0.0, 1.0, 2.0], [0, 0, 1, 1, 2]
    losses = [9.0, 9.0, 4.0, 1.0, 3.0]
    figure = plots.staircase(places, indices, losses, "the latent", {"code 0": -1.5})
    for axes, values in zip(figure.axes, (indices, losses), strict=True):
        treads = axes.lines[:3]
        for tread, part in zip(treads, [(0, 2), (2, 4), (4, 5)], strict=True):
            np.testing.assert_array_equal(tread.get_xdata(), places[slice(*part)])
            np.testing.assert_array_equal(tread.get_ydata(), values[slice(*part)])
    assert [text.get_text() for text in figure.axes[0].texts] == ["code 0"]
    assert list(figure.axes[0].get_yticks()) == [0, 1, 2]
    assert figure.axes[1].get_xlabel() == "where the latent stands"


def test_spread_numbers_stand_with_a_frame_for_each_window():
    image, window = np.array([[1, 10], [100, 1000]]), np.arange(1, 10).reshape(3, 3)
    first, second, third = plots.spread_on_paper(image, window, 2).axes
    written = [[text.get_text() for text in axes.texts] for axes in (first, second)]
    assert written == [["1", "10", "100", "1000"], [str(n) for n in range(1, 10)]]
    sums = [text.get_text() for text in third.texts]
    assert len(sums) == 25
    assert sums[12] == "1379"
    frames = [patch for patch in third.patches if patch.get_linewidth() > 2]
    centers = [np.add(patch.get_xy(), patch.get_width() / 2) for patch in frames]
    assert np.allclose(centers, [(1.5, 1.5), (3.5, 1.5), (1.5, 3.5), (3.5, 3.5)])
    assert len({to_hex(patch.get_edgecolor()) for patch in frames}) == 4


def test_a_letter_stands_beside_probabilities_and_prices():
    image, chances, nats = letters(3)
    left, middle, right, *_ = plots.priced_letter(image, chances, 3 * nats).axes
    np.testing.assert_allclose(shown(left), 1 - image[..., 0], atol=1e-6)
    np.testing.assert_allclose(shown(middle), chances[..., 0])
    np.testing.assert_allclose(shown(right), 3 * nats[..., 0])
    assert middle.get_images()[0].get_clim() == (0, 1)
    assert right.get_images()[0].get_clim() == (0, 2)
    for axes, ink in ((middle, plots.COLORS[0]), (right, plots.COLORS[1])):
        shades = axes.get_images()[0].get_cmap()
        assert to_hex(shades(0.0)) == "#ffffff"
        assert to_hex(shades(1.0)) == ink.lower()


def test_a_tangent_touches_its_curve_and_shows_its_slope():
    (axes,) = plots.tangent(bowl, 0.5, (-0.5, 4)).axes
    curve, line, corner, dot = (line.get_xydata() for line in axes.lines)
    np.testing.assert_allclose(curve[:, 1], bowl(curve[:, 0]))
    (x, y), (to_x, to_y) = line
    assert (to_y - y) / (to_x - x) == pytest.approx(-3)
    assert y + 0.25 * -3 == pytest.approx(bowl(0.5))
    np.testing.assert_allclose(corner, [[0.5, 2.25], [1.5, 2.25], [1.5, -0.75]])
    np.testing.assert_allclose(dot, [[0.5, 2.25]])
    assert [text.get_text() for text in axes.texts] == ["1", "−3"]


def test_the_rungs_of_a_ladder_stand_at_their_prices_with_their_pictures():
    rungs = {"grey": (543.4, letters(1)[0]), "itself": (82.9, letters(1, seed=1)[0])}
    (axes,) = plots.price_ladder(rungs, floor=82.9).axes
    heights = [line.get_ydata()[0] for line in axes.lines]
    assert heights == [543.4, 82.9]
    words = [text.get_text() for text in axes.texts]
    assert words == ["no picture costs less", "grey: 543", "itself: 83"]
    for picture, (nats, image) in zip(axes.images, rungs.values(), strict=True):
        np.testing.assert_allclose(picture.get_array(), 1 - image[..., 0])
        assert picture.get_extent()[2] == nats


def test_codes_caught_late_are_marked_as_such():
    passing, caught = [5, 6, 7], [8, 30, 9]
    (axes,) = plots.catches({"a": (passing, caught)}, 10).axes
    early, late = axes.lines[:2]
    np.testing.assert_array_equal(early.get_xydata(), [[5, 8], [7, 9]])
    np.testing.assert_array_equal(late.get_xydata(), [[6, 30]])
    assert early.get_marker() != late.get_marker()


def test_each_measure_has_its_row_in_every_way_to_ask():
    kinds = {"out": ([1, 3], {"x": [5], "y": [6, 7]}), "alone": ([8], {"y": [9]})}
    (axes,) = plots.measures(kinds, "nats").axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["x", "y"]
    points = {tuple(line.get_xdata()): line.get_ydata() for line in axes.lines}
    assert (2.0, 2.0) in points or (2, 2) in points  # the mean without any change
    np.testing.assert_allclose(np.round(points[(5,)]), 0)
    np.testing.assert_allclose(np.round(points[(6, 7)]), 1)
    np.testing.assert_allclose(np.round(points[(9,)]), 1)


def test_crossed_measures_are_joined_by_their_means():
    four = [[9, 7], [3], [4], [2]]
    (axes,) = plots.crossed({"p": four}, ("start", "revival"), "nats").axes
    joined = [line.get_ydata().tolist() for line in axes.lines if line.get_lw() == 1.5]
    assert joined[0] == [8, 3]
    assert [4, 2] in joined
    ticks = [tick.get_text() for tick in axes.get_xticklabels()]
    assert ticks == ["no start", "with start"]


def test_a_model_keeps_its_colour_and_what_is_legible_is_hollow():
    groups = {"β-VAEs": [[(2, 50), (4, 60)], [(8, 80)]], "dictionaries": [[(3, 70)]]}
    legible = {"β-VAEs": [[(2, 54), (4, 66)], [(8, 90)]]}
    (axes,) = plots.price_plane(groups, "read", legible=legible).axes
    (dots,) = [line for line in axes.lines if line.get_label() == "β-VAEs"]
    hollow = axes.lines[2]
    np.testing.assert_array_equal(hollow.get_xydata(), [[3, 60], [8, 90]])
    assert hollow.get_markerfacecolor() == "none"
    assert hollow.get_color() == dots.get_color() == color_of_model("vae-wide")
    kinds = ("small healthy VQ-VAE", "small VQ-VAE of the article", "dictionary")
    assert len({color_of_model(kind) for kind in kinds} | {dots.get_color()}) == 4
    assert color_of_model("healthy, even") == color_of_model("small healthy VQ-VAE")


def test_heads_stand_side_by_side_and_a_frame_marks_the_place_that_asks():
    weights = np.random.default_rng(0).random([2, 3, 4, 5])
    asked = [(0, 1), (2, 3), (3, 4)]
    figure = plots.looks_back(weights, asked)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["head 1", "head 2"]
    for number, axes in enumerate(figure.axes):
        place, head = divmod(number, 2)
        shown = np.asarray(axes.images[0].get_array())
        assert shown == pytest.approx(weights[head, place])
        (frame,) = axes.patches
        middle = frame.get_x() + 0.5, frame.get_y() + 0.5
        assert middle == asked[place][::-1]


def test_named_rows_keep_letters_in_columns_even_if_some_are_missing():
    figure = plots.named_rows(
        {"real": np.ones([3, 8, 8, 1]), "one": np.ones([1, 8, 8, 1])}
    )
    first, second = (axes.images[0].get_array() for axes in figure.axes)
    assert first.shape == second.shape == (8, 3 * 8 + 2 * GAP)
    assert (second[:, 8:] == 1).all()
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["real", "one"]


def test_codes_are_stacked_on_pixels_and_sums_are_dots():
    rows = {"one": [(9, 1), (7, 2)], "grid": [(4, 3)]}
    axes = plots.stacked_prices(rows, goal=8, of_goal="rival").axes[0]
    pixels, codes = axes.containers
    assert [bar.get_width() for bar in pixels] == [8, 4]
    assert [(bar.get_x(), bar.get_width()) for bar in codes] == [(8, 1.5), (4, 3)]
    one, grid, goal = axes.lines
    assert one.get_xdata().tolist() == [10, 9]
    assert grid.get_xdata().tolist() == [7]
    assert list(goal.get_xdata()) == [8, 8]
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {*words} == {"pixels", "codes", "rival"}


def test_codes_of_a_grid_stand_where_their_squares_are():
    figure = plots.grid_of_codes(letters(1)[0], [[7, 8, 9], [4, 5, 6]], letters(1)[0])
    before, codes, _ = figure.axes
    assert len(before.lines) == 1 + 2
    found = {text.get_text(): text.get_position() for text in codes.texts}
    assert found["9"] == (2, 0)
    assert found["4"] == (0, 1)
    assert codes.yaxis_inverted()


def test_an_exchanged_place_is_framed_on_its_own_pixels():
    before, after = np.zeros([8, 8, 1]), np.zeros([1, 8, 8, 1])
    after[0, 4:6, 2:4] = 1
    figure = plots.exchanged(before, after, [(5, 3)], side=2)
    *_, above, below = figure.axes
    for axes in (above, below):
        (square,) = axes.patches
        assert square.get_bbox().extents.tolist() == [1.5, 3.5, 3.5, 5.5]
    change = below.images[0].get_array()
    assert change[4:6, 2:4].min() == change.max() == 1
    assert change.sum() == 4


def test_squares_of_a_footprint_have_one_middle_and_their_sides():
    figure = plots.footprint(np.eye(12), {"own": 4, "field": 10})
    extents = [square.get_bbox().extents for square in figure.axes[0].patches]
    assert [(right - left) for left, _, right, _ in extents] == [4, 10]
    assert {tuple(one[:2] + one[2:]) for one in extents} == {(11, 11)}
