"""Codes as real bytes, there and back, and the picture files beside them."""

import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from vqvae_lesson.errors import LessonError
from vqvae_lesson.packing import TOGETHER, load_bytes, pack, picture_bytes, unpack
from vqvae_lesson.prior import PriorRecipe, counted_prior, uniform_prior
from vqvae_lesson.runs.checkpoints import WEIGHTS
from vqvae_lesson.runs.files import read_json
from vqvae_lesson.runs.priors import PRIORS

pytest.importorskip("constriction", reason="there is none for Linux on ARM")

L = 6


def transformer(num_codes):
    """Build one whose codes depend on each other plainly."""
    recipe = PriorRecipe(num_codes=num_codes, latent_size=L, width=8, heads=2, blocks=2)
    prior = recipe.build(seed=3)
    random = np.random.default_rng(0)
    for weight in prior.trainable_variables:
        weight.assign_add(0.3 * random.standard_normal(weight.shape))
    return prior


def counted(num_codes):
    """Count grids whose codes are not equally likely."""
    grids = np.random.default_rng(0).integers(num_codes, size=[50, L])
    return counted_prior(grids // np.arange(1, L + 1), num_codes)


MADE = {
    "uniform": lambda num_codes: uniform_prior(L, num_codes),
    "counted": counted,
    "transformer": transformer,
}


@pytest.fixture(scope="module", params=[(name, k) for name in MADE for k in (2, 64)])
def prior(request):
    name, num_codes = request.param
    return MADE[name](num_codes)


@pytest.mark.parametrize("count", [1, 2, TOGETHER, TOGETHER + 1])
def test_codes_come_back_bit_for_bit(prior, count):
    drawn = prior.sample(count, seed=1)
    assert np.array_equal(unpack(pack(drawn, prior), count, prior), drawn)


def test_even_the_least_likely_codes_come_back():
    certain = counted_prior(np.zeros([10**6, 2], int), num_codes=3)
    never = certain.probabilities.copy()
    never[:, 2], never[:, 0] = 0, 1 - never[:, 1]
    certain.probabilities = never
    grids = [[2, 2], [0, 1], [2, 0]]
    assert unpack(pack(grids, certain), 3, certain).tolist() == grids


def test_bytes_are_the_nats_of_the_prior(prior):
    drawn = prior.sample(400, seed=2)
    expected = -np.float64(prior.log_prob(drawn)).sum() / np.log(256)
    assert len(pack(drawn, prior)) == pytest.approx(expected, rel=0.02, abs=12)


def test_codes_that_a_prior_does_not_expect_take_more_bytes():
    prior = counted(64)
    drawn = prior.sample(200, seed=1)
    assert len(pack(drawn, prior)) < len(pack(drawn, uniform_prior(L, 64)))


def test_another_process_unpacks_what_this_one_packed(tmp_path):
    """It has drawn nothing before, so its graphs come about in another order."""
    prior = transformer(64)
    drawn = prior.sample(20, seed=1)
    (tmp_path / "letters").write_bytes(pack(drawn, prior))
    code = (
        "import sys; from pathlib import Path; from tests import test_packing as t; "
        "data = Path(sys.argv[1]).read_bytes(); "
        "print(t.unpack(data, 20, t.transformer(64)).tolist())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "letters")]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(drawn.tolist())


@pytest.mark.parametrize("name", MADE)
def test_damaged_bytes_are_refused(name):
    prior = MADE[name](64)
    data = pack(prior.sample(20, seed=1), prior)
    damaged = [data[:-4], data[:-1], data + bytes(4), data[4:], data[:4], b"", b"abc"]
    for place in (0, 5, len(data) - 1):
        damaged.append(data[:place] + bytes([data[place] ^ 64]) + data[place + 1 :])
    for wrong in damaged:
        with pytest.raises(LessonError, match="not 20 letters as pack wrote them"):
            unpack(wrong, 20, prior)


def test_words_that_no_encoder_writes_are_refused():
    """The coder itself says so, with an error of its own."""
    prior = uniform_prior(L, 5)
    for number in range(50):
        data = np.random.default_rng(number).bytes(40)
        with pytest.raises(LessonError, match="pack wrote them"):
            unpack(data, 20, prior)


@pytest.mark.parametrize("count", [0, -1, 19, 21])
def test_another_count_is_refused(count):
    prior = counted(64)
    data = pack(prior.sample(20, seed=1), prior)
    with pytest.raises(LessonError, match=f"not {count} letters"):
        unpack(data, count, prior)


def test_another_prior_is_refused():
    one, other = transformer(64), counted(64)
    with pytest.raises(LessonError, match="same count and prior"):
        unpack(pack(one.sample(20, seed=1), one), 20, other)


@pytest.mark.parametrize(
    ("indices", "words"),
    [
        (np.zeros([0, L], int), "shape \\[0, 6\\]"),
        (np.zeros([5, L + 1], int), "shape \\[5, 7\\]"),
        (np.zeros([L], int), "shape \\[6\\]"),
        (np.full([1, L], 64), "between 64 and 64"),
        (np.full([1, L], -1), "between -1 and -1"),
    ],
)
def test_what_are_no_grids_is_refused(indices, words):
    with pytest.raises(LessonError, match=words):
        pack(indices, uniform_prior(L, 64))


def test_where_the_coder_is_missing_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "constriction", None)
    with pytest.raises(LessonError, match="Linux on ARM"):
        pack([[0] * L], uniform_prior(L, 64))


def test_the_stored_bytes_are_within_2_percent_of_the_nats_of_the_shipped_prior():
    found = load_bytes()
    for name, weighed in found["codes"].items():
        assert weighed["bytes"] == pytest.approx(weighed["bytes_of_nats"], rel=0.02), (
            name
        )
        assert weighed["bytes_alone"] > weighed["bytes"]
    shipped = read_json(PRIORS / "grid.json")["metrics"]["held_out_nats"]
    assert found["codes"]["written"]["nats"] == pytest.approx(shipped, abs=0.05)
    pixels = read_json(WEIGHTS / "grid.json")["metrics"]["held_out_nll"]
    assert found["pixels"]["nats"] == pytest.approx(pixels, abs=0.05)


# Picture files


@pytest.fixture(scope="module")
def letters():
    """Five letters of five sizes of grey, so that none is mistaken for another."""
    random = np.random.default_rng(0)
    levels = random.integers(256, size=[5, 12, 10, 1])
    return levels * np.arange(1, 6).reshape(5, 1, 1, 1) // 5 / 255


@pytest.mark.parametrize("on_one_sheet", [False, True])
@pytest.mark.parametrize("kind", ["PNG", "WebP"])
def test_without_loss_is_without_loss(letters, kind, on_one_sheet):
    found = picture_bytes(letters, kind, on_one_sheet=on_one_sheet)
    assert found.squared_error == pytest.approx(0, abs=1e-20)
    grey = np.clip(letters, 0.001, 0.999)
    entropy = -letters * np.log(grey) - (1 - letters) * np.log(1 - grey)
    assert found.nats == pytest.approx(entropy.sum() / 5)


def test_a_file_for_each_letter_is_weighed_as_pillow_writes_it(letters):
    sizes = []
    for pixels in np.uint8(np.round(255 * letters[..., 0])):
        file = BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=30, optimize=True)
        sizes.append(len(file.getvalue()))
    assert picture_bytes(letters, "JPEG", quality=30).bytes == np.mean(sizes)


def test_one_sheet_holds_all_letters_and_one_head(letters):
    file, sheet = BytesIO(), np.zeros([36, 30], np.uint8)
    for number, pixels in enumerate(np.uint8(np.round(255 * letters[..., 0]))):
        row, column = divmod(number, 3)
        sheet[12 * row : 12 * (row + 1), 10 * column : 10 * (column + 1)] = pixels
    Image.fromarray(sheet).save(file, "PNG", optimize=True)
    found = picture_bytes(letters, "PNG", on_one_sheet=True)
    assert found.bytes == len(file.getvalue()) / 5
    assert found.bytes < picture_bytes(letters, "PNG").bytes


@pytest.mark.parametrize("on_one_sheet", [False, True])
def test_a_lower_quality_is_smaller_and_further_off(letters, on_one_sheet):
    found = [picture_bytes(letters, "JPEG", q, on_one_sheet) for q in (5, 50, 95)]
    sizes, nats, errors = zip(*found, strict=True)
    assert sizes[0] < sizes[1] < sizes[2]
    assert nats[0] > nats[1] > nats[2]
    assert errors[0] > errors[1] > errors[2] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["GIF"], "kind is 'GIF'"),
        (["JPEG"], "quality of JPEG is None"),
        (["JPEG", 0], "quality of JPEG is 0"),
        (["JPEG", 96], "quality of JPEG is 96"),
        (["PNG", 50], "quality of PNG is 50"),
    ],
)
def test_a_kind_or_quality_that_is_not_measured_is_refused(letters, arguments, words):
    with pytest.raises(LessonError, match=words):
        picture_bytes(letters, *arguments)


def test_colours_are_refused():
    with pytest.raises(LessonError, match="3 channels"):
        picture_bytes(np.zeros([2, 8, 8, 3]), "PNG")
