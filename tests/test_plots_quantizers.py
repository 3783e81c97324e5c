"""Figures of chapter 16: each shows what was computed, and what was measured."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from test_plots import quantizer_runs

from vqvae_lesson import plots, quantizer_layers
from vqvae_lesson.laboratory import WAYS
from vqvae_lesson.losses import straight_through
from vqvae_lesson.plots.quantizers import LOOKS, SIZES, fit_the_plane, handed_back
from vqvae_lesson.quantizers import rotate

RANDOM = np.random.default_rng(5)
LATENTS = RANDOM.normal(size=[120, 2]) @ [[1.0, 0.4], [0.0, 0.5]] + [0.1, -0.1]
POINTS = RANDOM.normal(size=[500, 2]).astype("float32")
CUTS = plots.cuts_of_the_plane(LATENTS)
FITTED = fit_the_plane(LATENTS)


def nearest(points, codes):
    return ((points[:, None] - codes) ** 2).sum(axis=2).argmin(axis=1)


def expected(name):
    """Numbers of POINTS, by other means than the package's."""
    if name in ("codebook", "frozen"):
        return nearest(POINTS, FITTED[name])
    if name == "SimVQ":
        return nearest(POINTS, FITTED["frozen"] @ FITTED["mix"])
    if name == "product":
        across, up = FITTED["groups"]
        return nearest(POINTS[:, :1], across) + 4 * nearest(POINTS[:, 1:], up)
    if name == "residual":
        coarse, fine = FITTED["stages"]
        first = nearest(POINTS, coarse)
        return first + 4 * nearest(POINTS - coarse[first], fine)
    if name == "LFQ":
        return (POINTS > 0) @ [1, 2]
    borders = [0.5 / 2.002, 1.5 / 2.002], [0.5 / 1.001]
    first, second = (
        np.digitize(number, np.arctanh([*(-np.array(one[::-1])), *one]))
        for number, one in zip(POINTS.T, borders, strict=True)
    )
    return first + 5 * second


@pytest.mark.parametrize("name", [name for name in CUTS if name != "pressed"])
def test_a_point_has_the_number_of_the_cell_it_lies_in(name):
    cut = CUTS[name]
    assert cut.numbers(POINTS).tolist() == expected(name).tolist()
    assert len(cut.codes) == {"FSQ": 15, "LFQ": 4}.get(name, 16)
    if name != "residual":  # whose choice is greedy: a code may lie in another's cell
        own = np.arange(len(cut.codes))
        assert cut.numbers(np.float32(cut.codes)).tolist() == own.tolist()


def test_where_fsq_rounds_its_cells_are_even_and_nothing_lies_outside():
    cut = CUTS["pressed"]
    points = RANDOM.uniform(-1.2, 1.2, size=[500, 2])
    inside = np.abs(points).max(axis=1) < 1.001
    digits = np.floor(points * [2, 1] + [2.5, 1.5]).clip(0, [4, 2])
    numbers = np.where(inside, digits @ [1, 5], -1)
    assert cut.numbers(points).tolist() == numbers.tolist()
    assert np.abs(cut.latents).max() < 1.001
    assert cut.numbers(cut.latents).tolist() == CUTS["FSQ"].numbers(LATENTS).tolist()
    steps = [np.diff(np.unique(cut.codes[:, axis])) for axis in (0, 1)]
    assert [one.tolist() for one in steps] == [[0.5] * 4, [1.0] * 2]


def test_stages_stand_around_a_coarse_code_and_simvq_moves_all_by_one_map():
    cut, (coarse, fine) = CUTS["residual"], FITTED["stages"]
    around = (cut.codes - cut.origins).reshape(4, 4, 2)
    assert np.allclose(around, fine[:, None], atol=1e-6)
    assert np.allclose(cut.origins.reshape(4, 4, 2), coarse, atol=1e-6)
    cut = CUTS["SimVQ"]
    assert np.linalg.matrix_rank(np.hstack([cut.origins, cut.codes]), tol=1e-4) == 2
    assert np.allclose(np.cov(cut.codes.T), np.cov(LATENTS.T), rtol=1e-3)
    assert np.array_equal(cut.origins, CUTS["frozen"].codes)


@pytest.mark.parametrize("name", CUTS)
def test_cells_are_filled_by_number_with_stars_and_dots_on_them(name):
    (axes,) = plots.cells({"title": CUTS[name]}).axes
    assert axes.get_title() == "title"
    (image,) = axes.get_images()
    assert image.origin == "lower"
    colors, far = np.asarray(image.get_array()), image.get_extent()[1]
    cut, side = CUTS[name], len(colors)
    rows, columns = RANDOM.integers(side, size=[2, 300])
    places = np.stack([columns, rows], axis=1) * 2 * far / (side - 1) - far
    numbers = cut.numbers(np.float32(places))
    tints = {}
    for number, color in zip(numbers, colors[rows, columns], strict=True):
        tints.setdefault(int(number), set()).add(tuple(color))
    assert all(len(found) == 1 for found in tints.values())
    shown = [next(iter(found)) for found in tints.values()]
    assert len(set(shown)) == len(tints) > 3
    for number, found in tints.items():
        ink = np.array(to_rgb(plots.COLORS[number % cut.levels[0]]))
        cover = (1 - np.array(next(iter(found)))) / (1 - ink + 1e-9)
        assert number < 0 or np.ptp(cover[ink < 1]) < 1e-6
    drawn = [line.get_xydata() for line in axes.lines]
    assert any(np.array_equal(one, cut.codes) for one in drawn)
    assert any(np.array_equal(one, cut.latents) for one in drawn)
    assert np.abs(cut.latents).max() < far
    ways = [one for one in drawn if len(one) == 2]
    pairs = [] if cut.origins is None else np.stack([cut.origins, cut.codes], axis=1)
    assert np.array_equal(np.reshape(ways, [-1, 2, 2]), np.reshape(pairs, [-1, 2, 2]))


def test_several_cuts_stand_in_rows():
    figure = plots.cells(CUTS, columns=3)
    assert [axes.get_title() for axes in figure.axes] == [*CUTS]
    assert len({round(axes.get_position().y0, 3) for axes in figure.axes}) == 3
    assert len({round(axes.get_position().x0, 3) for axes in figure.axes}) == 3


def angle(one, other):
    """Angle from one vector to another, with its sign."""
    return np.angle(complex(*other) / complex(*one))


AXIS = st.floats(-3, 3, width=32)
VECTOR = st.tuples(AXIS, AXIS).filter(lambda vector: np.hypot(*vector) > 0.3)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(latent=VECTOR, code=VECTOR, gradient=VECTOR)
def test_a_turned_gradient_keeps_its_angle_and_a_carried_one_its_way(
    latent, code, gradient
):
    assume(abs(angle(latent, code)) < 3)
    latent, code, gradient = np.float32([latent, code, gradient])
    carried = handed_back(latent, code, gradient, straight_through)
    assert np.allclose(carried, gradient)
    turned = handed_back(latent, code, gradient, rotate)
    apart = angle(latent, turned) - angle(code, gradient)
    assert np.isclose(np.cos(apart), 1, atol=1e-4)
    lengths = [np.linalg.norm(one) for one in (turned, gradient, code, latent)]
    assert np.isclose(lengths[0] / lengths[1], lengths[2] / lengths[3], rtol=1e-4)


def test_arrows_start_at_code_and_latent_and_have_their_names():
    latent, code, gradient = np.float32([[2, 0.6], [1.6, 2], [-0.2, -0.9]])
    (axes,) = plots.turned_gradient(latent, code, gradient).axes
    arrows = [one for one in axes.collections if hasattr(one, "U")]
    starts = [arrow.XY[0].tolist() for arrow in arrows]
    assert np.allclose(starts, [code, latent, latent])
    ways = [(arrow.U[0], arrow.V[0]) for arrow in arrows]
    turned = handed_back(latent, code, gradient, rotate)
    assert np.allclose(ways, [gradient, gradient, turned])
    names = {text.get_text() for text in axes.texts}
    assert names >= {"code", "latent", "straight-through", "rotation"}


RUNS = quantizer_runs()


def dots(axes, mark):
    """Values of each row of dots that have a mark, by name."""
    return {
        line.get_ydata()[0]: np.asarray(line.get_xdata()).tolist()
        for line in axes.lines
        if line.get_marker() == mark
    }


@pytest.mark.parametrize("price", ["written", "uniform"])
def test_ways_are_ranked_by_their_mean_sum(price):
    (axes,) = plots.ranking(RUNS, "4x4, 512", price).axes
    pixels, sums = dots(axes, "o"), dots(axes, "D")
    for way, three in RUNS["4x4, 512"].items():
        assert pixels[way] == [run["pixels"] for run in three]
        assert sums[way] == [run["pixels"] + run[price] for run in three]
    assert [*sums] == sorted(sums, key=lambda way: np.mean(sums[way]))
    assert axes.yaxis_inverted()
    flat = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert flat == pytest.approx([np.mean(one["averages"]) for one in (pixels, sums)])


@pytest.mark.parametrize("side", [4, 7])
def test_lines_go_through_the_means_of_each_size(side):
    figure = plots.against_size(RUNS, side)
    ways = [*RUNS["7x7, 64"]]
    for axes, measure in zip(figure.axes, ("pixels", "codes_in_use"), strict=True):
        through = [
            line
            for line in axes.lines
            if line.get_linestyle() != "None" and len(line.get_xdata())
        ]
        assert len(through) == len(ways)
        for way, line in zip(ways, through, strict=True):
            expected = [
                np.mean([run[measure] for run in RUNS[f"{side}x{side}, {size}"][way]])
                * (100 / size if measure == "codes_in_use" else 1)
                for size in (64, 512, 4096)
            ]
            assert list(line.get_xdata()) == [64, 512, 4096]
            assert np.allclose(line.get_ydata(), expected)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ways


def test_cosines_early_and_late_stand_beside_each_other():
    figure = plots.cosines(RUNS)
    for axes, step in zip(figure.axes, ("0.3", "1.0"), strict=True):
        for when, mark in (("early", "o"), ("late", "D")):
            found = dots(axes, mark)
            for way, three in RUNS["7x7, 64"].items():
                assert found[way] == [run[f"{when} cosine {step}"] for run in three]


def test_every_way_has_a_look_of_its_own():
    assert {*LOOKS} == {*WAYS}
    assert len({*LOOKS.values()}) == len(LOOKS)
    assert SIZES == (64, 512, 4096)


def test_runs_of_a_way_are_listed_by_seed(tmp_path, monkeypatch):
    stored = {"7x7, 64": {"FSQ": {"10": {"pixels": 3}, "0": {"pixels": 1}}}}
    stored["7x7, 64"]["FSQ"]["2"] = {"pixels": 2}
    (tmp_path / "quantizers.json").write_text(json.dumps(stored))
    monkeypatch.setattr(quantizer_layers, "RECORDS", tmp_path)
    found = quantizer_layers.load_quantizers()
    assert found == {"7x7, 64": {"FSQ": [{"pixels": n} for n in (1, 2, 3)]}}
