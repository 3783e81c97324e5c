"""Photographs: codes of any size, without seams, as real bytes and back."""

import subprocess
import sys
from io import BytesIO

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.ndimage import gaussian_filter

from tests.refusals import refused
from vqvae_lesson.crops import sample_photograph, train_part
from vqvae_lesson.likelihoods import FIRST_SCALE
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.photographs import (
    any_size,
    blocks,
    code_photograph,
    draw_photograph,
    from_bytes,
    largest_file,
    likeness,
    load_photograph_bytes,
    margin_of,
    pad_to,
    price_codes,
    to_bytes,
)
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.runs.checkpoints import load_trained

SMALL = find_recipe("photographs", base_depth=4, neck_depth=8, num_codes=8**3, parts=3)


def photograph(height=61, width=90, seed=0):
    """Smooth noise, so that codes differ and neighbours are alike."""
    noise = np.random.default_rng(seed).normal(size=[height, width, 3])
    smooth = gaussian_filter(noise, (2, 2, 0))
    return np.uint8(np.clip(128 + 300 * smooth, 0, 255))


@pytest.fixture(scope="module")
def model():
    """One whose codes stand on the latents of a photograph, and are all in use."""
    model = SMALL.build((32, 32, 3), seed=1)
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign_add(0.05 * random.standard_normal(weight.shape))
    crops = np.stack([photograph(32, 32, seed) for seed in range(20)])
    model.start(np.float32(crops / 255))
    return model


@pytest.fixture(scope="module")
def digits(model):
    return code_photograph(model, photograph())


# The model


def test_what_a_model_measures_is_what_its_parts_say(model):
    images = (
        np.float32(np.stack([photograph(32, 32, seed) for seed in (7, 8, 9)])) / 255
    )
    found = evaluate(model, images)
    output = model(images)
    middles = 127.5 * (1 + np.float64(output.logits))
    scales = FIRST_SCALE * np.exp(np.float64(model.widths))
    values = np.round(255 * np.float64(images))

    def curve(x):
        return 1 / (1 + np.exp(-(x - middles) / scales))

    above = np.where(values == 255, 1, curve(values + 0.5))
    below = np.where(values == 0, 0, curve(values - 0.5))
    nats = -np.log(above - below).sum(axis=(1, 2, 3)).mean()
    assert found.nll == pytest.approx(nats, rel=1e-4)
    assert found.bits == pytest.approx(nats / 3072 / np.log(2), rel=1e-4)
    error = np.mean((np.clip(middles, 0, 255) - values) ** 2)
    assert found.psnr == pytest.approx(10 * np.log10(255**2 / error), abs=1e-3)
    assert 1 <= found.perplexity <= 8


def test_the_warm_up_trains_the_same_likelihood(model):
    images = np.float32(photograph(32, 32)[None]) / 255
    losses, _ = model.warm_up.losses(tf.constant(images), tf.constant([0, 1]))
    noise = tf.random.stateless_normal([1, 64, 16], [0, 1])
    logits = model.decoder(model.encoder(images) + noise)
    expected = -model.pixels(logits).log_prob(images)[0]
    assert float(losses.reconstruction) == pytest.approx(float(expected), rel=1e-5)


def test_widths_are_trained_with_the_networks(model):
    assert any(weight is model.widths for weight in model.trainable_variables)


# Whole photographs, and blocks


@pytest.mark.parametrize("size", [(32, 32), (61, 90), (1, 1), (64, 33)])
def test_what_does_not_divide_is_repeated_and_cut_again(model, size):
    found = pad_to(photograph(*size), 4)
    assert found.shape[0] % 4 == found.shape[1] % 4 == 0
    assert max(np.subtract(found.shape, photograph(*size).shape)) < 4
    assert np.array_equal(found[: size[0], : size[1]], photograph(*size))
    assert np.all(found[size[0] :] == found[size[0] - 1])
    assert np.all(found[:, size[1] :] == found[:, size[1] - 1 : size[1]])
    drawn = draw_photograph(
        model, code_photograph(model, photograph(*size)), (*size, 3)
    )
    assert drawn.shape == (*size, 3)


def test_a_photograph_of_the_trained_size_is_coded_as_in_training(model):
    image = photograph(32, 32)
    images = np.float32(image[None]) / 255
    expected = model.quantizer.digits(model.represent(images))
    found = code_photograph(model, image)
    assert np.array_equal(found.reshape(1, 64, 3), expected)
    drawn = draw_photograph(model, found, image.shape)
    np.testing.assert_allclose(drawn, 255 * model.reconstruct(images)[0], atol=0.51)


def test_any_size_shares_its_weights(model):
    encoder = any_size(model.encoder, 3)
    pairs = zip(encoder.weights, model.encoder.weights, strict=True)
    assert all(one is other for one, other in pairs)


@pytest.mark.parametrize(("rows", "columns", "side"), [(7, 5, 3), (8, 8, 4), (1, 9, 2)])
def test_blocks_tile_the_grid_and_lie_inside_their_margins(rows, columns, side):
    grid = np.arange(rows * columns).reshape(rows, columns)
    seen = np.zeros_like(grid)
    for wide, inner, own in blocks(rows, columns, side, margin=2):
        seen[own] += 1
        assert np.array_equal(grid[wide][inner], grid[own])
        for outer, part, size in zip(wide, own, (rows, columns), strict=True):
            assert outer.start == max(part.start - 2, 0)
            assert outer.stop == min(part.stop + 2, size)
    assert np.all(seen == 1)


@pytest.mark.parametrize("side", [5, 8])
def test_blocks_leave_no_seam(model, digits, side):
    image = photograph()
    assert len(np.unique(digits[..., 0])) > 4  # codes that could differ
    assert np.array_equal(code_photograph(model, image, side), digits)
    whole = draw_photograph(model, digits, image.shape)
    assert whole.std() > 5
    drawn = draw_photograph(model, digits, image.shape, side)
    assert_same_but_for_rounding(drawn, whole)


def assert_same_but_for_rounding(found, expected):
    """A sum added in another order may round to the next number, here and there."""
    differences = np.abs(np.int32(found) - expected)
    assert differences.max() <= 1
    assert np.mean(differences) < 1e-3


def test_trained_weights_leave_no_seam():
    model, _ = load_trained("photographs")
    _, right = train_part(sample_photograph("china"))
    whole = code_photograph(model, right, side=1_000)
    assert np.array_equal(code_photograph(model, right, side=16), whole)
    drawn = [draw_photograph(model, whole, right.shape, side) for side in (16, 1_000)]
    assert_same_but_for_rounding(*drawn)


def test_margins_are_as_narrow_as_they_may_be(model):
    found = margin_of(reversed(model.encoder.layers), 4)
    assert found == np.ceil((33 - 1) / 8)  # 16 pixels behind: 4 places
    assert margin_of(model.decoder.layers, 4) == np.ceil((37 - 1) / 8)


def test_a_margin_reaches_as_far_behind_as_keras_fills_up():
    layers = [
        keras.layers.Conv2D(1, kernel, 2, "same", kernel_initializer="ones")
        for kernel in (3, 5)
    ]
    network = keras.Sequential([keras.layers.Input([64, 64, 1]), *layers])
    pixels = tf.Variable(tf.zeros([1, 64, 64, 1]))
    with tf.GradientTape() as tape:
        place = network(pixels)[0, 8, 8, 0]
    seen = np.flatnonzero(np.any(tape.gradient(place, pixels)[0, ..., 0], axis=0))
    before, behind = 8 * 4 - seen.min(), seen.max() - (8 * 4 + 3)
    assert (before, behind) == (2, 5)
    assert margin_of(reversed(network.layers), 4) == 2


def test_a_margin_that_is_too_narrow_leaves_seams(model, digits, monkeypatch):
    monkeypatch.setattr("vqvae_lesson.photographs.margin_of", lambda *_: 1)
    assert not np.array_equal(code_photograph(model, photograph(), side=8), digits)


def test_fewer_stages_draw_what_the_sum_of_their_codes_stands_for(model, digits):
    for stages in (1, 2, 3):
        books = [np.asarray(part.codebook) for part in model.quantizer.parts[:stages]]
        summed = sum(book[digits[..., n]] for n, book in enumerate(books))
        logits = any_size(model.decoder, 16)(summed[None])[0, :61, :90]
        expected = np.clip(127.5 * (1 + logits.numpy()), 0, 255)
        found = draw_photograph(model, digits[..., :stages], (61, 90, 3))
        np.testing.assert_allclose(found, expected, atol=0.51)


@pytest.mark.parametrize(
    ("image", "word"),
    [
        (np.zeros([8, 8, 3]), "float64 [8, 8, 3], expected uint8 [H, W, 3]"),
        (np.zeros([8, 8, 1], np.uint8), "uint8 [8, 8, 1], expected uint8 [H, W, 3]"),
        (np.zeros([8, 8], np.uint8), "uint8 [8, 8]"),
        (np.zeros([0, 8, 3], np.uint8), "uint8 [0, 8, 3]"),
    ],
)
def test_what_is_no_photograph_is_refused(model, image, word):
    assert word in refused(code_photograph, model, image)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (np.zeros([2, 2, 4], int), "1 to 3 stages"),
        (np.zeros([3, 2, 3], int), "[2, 2] with 1 to 3 stages"),
        (np.zeros([2, 2, 3]), "float64"),
        (np.full([2, 2, 3], 8), "between 8 and 8, expected 0 to 7"),
        (np.full([2, 2, 3], -1), "between -1 and -1"),
    ],
)
def test_digits_of_another_model_are_refused(model, wrong, word):
    assert word in refused(draw_photograph, model, wrong, (8, 8, 3))


def test_twelve_megapixels_leave_no_seam_and_take_less_than_a_gigabyte():
    done = subprocess.run(
        [sys.executable, "-m", "tests.large_photograph"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No seam in ")


# Bytes

pytest.importorskip("constriction", reason="there is none for Linux on ARM")


SHAPE = 61, 90, 3  # of the photograph whose codes are written


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_codes_come_back_bit_for_bit(digits, stages):
    data = to_bytes(digits[..., :stages], SHAPE, num_codes=8)
    assert np.array_equal(from_bytes(data)[0], digits[..., :stages])


@pytest.mark.parametrize("size", [(61, 90), (1, 1), (64, 33)])
def test_from_the_bytes_alone_the_photograph_is_drawn(model, size):
    image = photograph(*size)
    found = code_photograph(model, image)
    data = to_bytes(found, image.shape, num_codes=8)
    drawn = draw_photograph(model, *from_bytes(data))
    assert drawn.shape == image.shape
    assert np.array_equal(drawn, draw_photograph(model, found, image.shape))


def test_one_rare_code_among_very_many_comes_back():
    digits = np.zeros([300, 400, 1], int)
    digits[77, 5] = 3
    data = to_bytes(digits, (1_200, 1_600), num_codes=4)
    assert np.array_equal(from_bytes(data)[0], digits)
    assert len(data) < 64


def test_bytes_are_the_nats_of_the_frequencies(model):
    digits = code_photograph(model, photograph(200, 300))
    shares = [np.bincount(stage.ravel(), minlength=8) / 3750 for stage in digits.T]
    bits = -sum(3750 * (one[one > 0] * np.log2(one[one > 0])).sum() for one in shares)
    expected = bits / 8 + 11 + 2 * 3 * 8  # the head, and how frequent each code is
    data = to_bytes(digits, (200, 300), num_codes=8)
    assert len(data) == pytest.approx(expected, abs=14)


def test_prices_of_codes_add_up_to_their_file(digits):
    prices = price_codes(digits)
    for place, stage in [((0, 0), 0), ((5, 7), 1), ((15, 22), 2)]:
        share = np.mean(digits[..., stage] == digits[(*place, stage)])
        assert prices[(*place, stage)] == pytest.approx(-np.log2(share), abs=0.01)
    written = len(to_bytes(digits, SHAPE, num_codes=8)) - 11 - 2 * 3 * 8
    assert prices.sum() / 8 == pytest.approx(written, abs=14)
    assert "expected whole numbers" in refused(price_codes, digits / 2)


@pytest.mark.parametrize("cut", [0, 3, 11, 58, 64, -4])
def test_bytes_that_are_cut_off_are_refused(digits, cut):
    assert "bytes are not a photograph" in refused(
        from_bytes, to_bytes(digits, SHAPE, num_codes=8)[:cut]
    )


def test_bytes_with_any_bit_turned_are_refused(digits):
    data = to_bytes(digits[:3, :4], (10, 14), num_codes=8)
    for bit in range(8 * len(data)):
        turned = bytearray(data)
        turned[bit // 8] ^= 1 << bit % 8
        assert "not a photograph" in refused(from_bytes, bytes(turned)), bit


def test_a_head_that_announces_more_than_memory_holds_is_refused():
    most = (2**16 - 1).to_bytes(2, "little")
    assert "not a photograph" in refused(
        from_bytes, most * 4 + bytes([4, 2, 0]) + bytes(100)
    )


@pytest.mark.parametrize(
    ("wrong", "shape", "word"),
    [
        (np.zeros([2, 2], int), (8, 8), "int64 [2, 2], expected whole numbers"),
        (np.zeros([2, 0, 1], int), (8, 8), "[2, 0, 1]"),
        (np.zeros([2, 2, 1]), (8, 8), "float64 [2, 2, 1]"),
        (np.full([2, 2, 1], 8), (8, 8), "between 8 and 8, expected 0 to 7"),
        (np.full([2, 2, 1], -1), (8, 8), "between -1 and -1"),
        (np.ones([2, 2, 1], int), (8, 9, 3), "shape is [8, 9], expected height"),
        (np.ones([2, 2, 1], int), (8, 20), "a grid of 2 x 2"),
        (np.ones([2, 1, 1], int), (2**16, 4), "below 65,536"),
    ],
)
def test_what_is_no_grid_of_codes_is_not_packed(wrong, shape, word):
    assert word in refused(to_bytes, wrong, shape, 8)


# Rivals


def test_likeness_is_what_its_authors_define():
    one, other = photograph(40, 50), photograph(40, 50, seed=1)
    found = likeness(one, other)
    error = np.mean((np.float64(one) - other) ** 2)
    assert found.psnr == pytest.approx(10 * np.log10(255**2 / error))
    scores = []
    for x, y in zip(np.float64(one).T, np.float64(other).T, strict=True):

        def mean(z):
            return gaussian_filter(z, 1.5, truncate=3.5)

        mx, my = mean(x), mean(y)
        vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        score = (2 * mx * my + c1) * (2 * cov + c2)
        score /= (mx**2 + my**2 + c1) * (vx + vy + c2)
        scores.append(score[5:-5, 5:-5].mean())
    assert found.ssim == pytest.approx(np.mean(scores), abs=1e-6)
    assert likeness(one, one ^ 1).ssim < 1


@pytest.mark.parametrize("kind", ["JPEG", "WebP"])
def test_the_largest_file_that_fits_is_found(kind):
    image = photograph(120, 150)
    most = 4_000
    size, picture = largest_file(image, kind, most)
    files = []
    for quality in range(1, 96):
        file = BytesIO()
        extra = {"JPEG": {"optimize": True}, "WebP": {"method": 6}}[kind]
        Image.fromarray(image).save(file, kind, quality=quality, **extra)
        files.append(file)
    sizes = [len(file.getvalue()) for file in files]
    assert size == max(one for one in sizes if one <= most)
    shown = Image.open(files[sizes.index(size)]).convert("RGB")
    assert np.array_equal(picture, np.asarray(shown))


def test_too_few_bytes_for_a_file_are_told():
    message = refused(largest_file, photograph(120, 150), "JPEG", 100)
    assert "100 bytes are too few for a JPEG, expected at least" in message
    assert "'PNG', expected one of" in refused(largest_file, photograph(), "PNG", 100)


# Three seeds


def test_the_record_is_what_the_shipped_weights_give():
    model, _ = load_trained("photographs")
    _, right = train_part(sample_photograph("china"))
    digits = code_photograph(model, right)
    stored = load_photograph_bytes()["china, right"][0]["stages"]
    for stages, row in enumerate(stored, start=1):
        data = to_bytes(digits[..., :stages], right.shape, 64)
        assert len(data) == pytest.approx(row["bytes"], rel=0.002)
        drawn = draw_photograph(model, *from_bytes(data))
        assert likeness(right, drawn).psnr == pytest.approx(
            row["codes"]["psnr"], abs=0.02
        )
        for kind in ("JPEG", "WebP"):
            assert row[kind]["bytes"] <= row["bytes"]


def test_in_every_seed_more_stages_take_more_bytes_and_draw_better():
    for seeds in load_photograph_bytes().values():
        assert len(seeds) == 3
        for run in seeds:
            sizes = [row["bytes"] for row in run["stages"]]
            psnr = [row["codes"]["psnr"] for row in run["stages"]]
            assert len(sizes) == 4
            assert np.all(np.diff(sizes) > 0)
            assert np.all(np.diff(psnr) > 0)
            assert run["without codes"]["psnr"] > psnr[-1]


def test_in_every_seed_jpeg_and_webp_win():
    found = load_photograph_bytes()
    for name in ("china, right", "flower"):
        for run in found[name]:
            for row in run["stages"]:
                for kind in ("JPEG", "WebP"):
                    if row[kind]:
                        assert row[kind]["psnr"] > row["codes"]["psnr"]


def test_in_every_seed_codes_spend_most_where_least_is_to_be_seen():
    for seeds in load_photograph_bytes().values():
        for run in seeds:
            share = run["smooth half"]
            assert 0.3 < share["codes"] < 0.43
            assert share["WebP"] < share["JPEG"] < 0.2


def test_the_share_of_the_smoother_half_is_that_of_the_shipped_weights():
    model, _ = load_trained("photographs")
    image = sample_photograph("flower")[:416]
    prices = price_codes(code_photograph(model, image)).sum(axis=-1)
    paid, spread = [], []
    for row, column in np.ndindex(26, 40):
        square = image[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
        spread.append(np.mean([channel.std() for channel in np.moveaxis(square, 2, 0)]))
        paid.append(prices[4 * row : 4 * row + 4, 4 * column : 4 * column + 4].sum())
    smooth = np.array(spread) < np.median(spread)
    stored = load_photograph_bytes()["flower"][0]["smooth half"]["codes"]
    assert np.array(paid)[smooth].sum() / sum(paid) == pytest.approx(stored, abs=1e-3)
