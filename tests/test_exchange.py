"""Exchange a code: what the page reads, decodes and measures is what Python does."""

import re
import shutil
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.networks import convolve, elu, spread, weights_of
from vqvae_lesson.classroom import play
from vqvae_lesson.classroom.networks import (
    grid_script,
    load_network,
    load_page_patches,
    patches_of_codes,
)
from vqvae_lesson.classroom.play.exchange import changes, lay_out, words_of
from vqvae_lesson.grid import load_grids
from vqvae_lesson.metrics import evaluate

SCRIPT = Path(__file__).parents[1] / "book" / "loaded" / "grid.js"
READY = "document.querySelector('.play').state.milliseconds >= 0"


@pytest.fixture(scope="module")
def grid():
    return load_network("grid")[0]


@pytest.fixture(scope="module")
def shown():
    return play.exchange_a_code()


@pytest.fixture
def folder(tmp_path, shown):
    """Lay the figure into a page, and the script of the networks beside it."""
    head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    (tmp_path / "a.html").write_text(f"<!doctype html>{head}{shown._repr_html_()}")
    shutil.copy(SCRIPT, tmp_path)
    return tmp_path


def show(page, folder):
    page.goto((folder / "a.html").as_uri())
    return page.locator(".play")


def begun(page, folder):
    """Open the figure, and look at its chosen place: so the networks are loaded."""
    root = show(page, folder)
    root.locator("[data-part=place][tabindex='0']").click()
    page.wait_for_function(READY)
    return root


def state(root):
    return root.evaluate("root => root.state")


def decoded(model, indices):
    """Ink of each pixel in float64, [B, 28, 28], layer by layer."""
    values = np.float64(model.quantizer.codebook)[np.asarray(indices)]
    values = values.reshape(len(values), *model.grid, -1)
    *transposed, last = [layer for layer in model.decoder.layers if layer.weights]
    for layer in transposed:
        values = spread(values, *weights_of(layer), layer.strides[0], "same")
        values = elu(values)
    logits = convolve(values, *weights_of(last), 1, "same")
    return 1 / (1 + np.exp(-logits[..., 0]))


# The network


def test_the_small_grid_is_what_its_manifest_says(grid, kmnist):
    _, manifest = load_network("grid")
    assert manifest["data"] == kmnist.digest
    found = evaluate(grid, kmnist.held_out_images)
    assert found.nll == pytest.approx(manifest["held_out"]["nll"], abs=0.05)
    assert found.codes_in_use == manifest["held_out"]["codes_in_use"] == 64
    recorded = load_grids()["7x7, 64"][manifest["seed"]]
    assert found.nll == pytest.approx(recorded["pixels"], abs=0.1)


def test_sixteen_bits_hold_every_weight_of_the_grid(grid):
    for layer in grid.layers:
        for weight in layer.get_weights():
            half = weight.astype("float16").astype("float32")
            np.testing.assert_array_equal(half, weight)


def test_the_script_beside_the_pages_is_that_of_the_package():
    assert SCRIPT.read_text() == grid_script(), "make networks"
    assert SCRIPT.stat().st_size < 400_000


def test_a_patch_is_the_mean_of_what_is_drawn_around_its_code(grid, kmnist):
    images = kmnist.held_out_images[:30]
    indices = grid.represent(images).numpy().reshape(-1, 7, 7)
    drawn = grid.decode(indices.reshape(-1, 49)).numpy()[..., 0]
    wide = np.zeros([30, 36, 36])
    wide[:, 4:32, 4:32] = drawn
    windows = [[] for _ in range(64)]
    for letter, row, column in np.ndindex(30, 7, 7):
        window = wide[letter, 4 * row : 4 * row + 12, 4 * column : 4 * column + 12]
        windows[indices[letter, row, column]].append(window)
    found = patches_of_codes(grid, images)
    for code, own in enumerate(windows):
        expected = np.mean(own, axis=0) if own else np.zeros([12, 12])
        np.testing.assert_allclose(found[code], expected, atol=1e-5)


def test_pictures_that_are_alike_lie_beside_each_other():
    patches = load_page_patches()
    order = lay_out(patches)
    assert sorted(order) == [*range(64)]
    beside = np.arange(63)[np.arange(63) % 13 < 12]

    def apart(seats):
        pairs = patches[seats[beside]] - patches[seats[beside + 1]]
        return np.sqrt((pairs**2).sum(axis=(1, 2))).mean()

    random = np.random.default_rng(0)
    by_chance = [apart(random.permutation(64)) for _ in range(100)]
    assert apart(order) < 0.8 * min(by_chance)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 48))
def test_changes_are_those_of_counting_pixel_by_pixel(seed, place):
    random = np.random.default_rng(seed)
    before, after = random.random([2, 28, 28]).round(2)
    after = np.where(random.random([28, 28]) < 0.97, before, after)
    pixels, reach, inside, total = 0, 0, 0.0, 0.0
    own = {
        (4 * (place // 7) + y, 4 * (place % 7) + x) for y in range(4) for x in range(4)
    }
    for y, x in np.ndindex(28, 28):
        size = abs(after[y, x] - before[y, x])
        total += size
        inside += size if (y, x) in own else 0
        if size > 0.01:
            pixels += 1
            far = min(max(abs(y - b), abs(x - a)) for b, a in own)
            reach = max(reach, far)
    found = changes(before, after, place, 7)
    assert (found.pixels, found.reach) == (pixels, reach)
    assert found.inside == pytest.approx(100 * inside / total if total else 0, abs=0.51)


# The page computes


def test_held_out_letters_get_the_same_codes_in_the_page(page, folder, grid, kmnist):
    root = begun(page, folder)
    images = kmnist.held_out_images[:200]
    sent = np.rint(255 * images).astype("uint8").reshape(len(images), -1).tolist()
    found = root.evaluate("(root, letters) => letters.map(root.encode)", sent)
    expected, latents = grid.represent(images).numpy(), grid(images).latents.numpy()
    wrong = np.argwhere(found != expected)
    assert len(wrong) <= 2
    codes = np.float64(grid.quantizer.codebook)
    for letter, place in wrong:  # only where two codes are equally near
        pair = codes[[found[letter][place], expected[letter, place]]]
        one, other = ((pair - latents[letter, place]) ** 2).sum(axis=1)
        assert abs(one - other) < 1e-4


def test_grids_are_decoded_to_the_ink_of_float64(page, folder, grid, kmnist):
    root = begun(page, folder)
    random = np.random.default_rng(0)
    grids = [*grid.represent(kmnist.held_out_images[:4]).numpy()]
    grids = np.array([*grids, *random.integers(64, size=[4, 49])])
    found = root.evaluate("(root, all) => all.map(root.decode)", grids.tolist())
    expected = decoded(grid, grids).reshape(len(grids), -1)
    assert np.abs(found - expected).max() < 1e-4
    assert np.ptp(expected) > 0.9


def picture(root, part):
    """Read a picture of the page as colours, [28, 28, 3] up to 255."""
    uri = root.locator(f"[data-part={part}]").get_attribute("href")
    return np.float64(
        Image.open(BytesIO(b64decode(uri.partition(",")[2]))).convert("RGB")
    )


def test_an_exchange_shows_and_tells_what_python_finds(page, folder, grid, shown):
    root = begun(page, folder)
    random, order = np.random.default_rng(1), shown.data["order"]
    codes, taken = state(root)["codes"], []
    for _ in range(8):
        place, slot = int(random.integers(49)), int(random.integers(64))
        root.locator("[data-part=place]").nth(place).click()
        page.wait_for_function(
            f"document.querySelector('.play').state.place == {place}"
        )
        root.locator("[data-part=code]").nth(slot).click()
        was, codes[place] = codes[place], order[slot]
        page.wait_for_function(
            f"document.querySelector('.play').state.codes[{place}] == {order[slot]}"
        )
        found = state(root)
        taken.append(found["milliseconds"])
        assert (found["codes"], found["was"]) == (codes, was)
        before = [*codes[:place], was, *codes[place + 1 :]]
        before, after = decoded(grid, [before, codes])
        assert np.abs(np.reshape(found["picture"], [28, 28]) - after).max() < 1e-4
        measured = changes(before, after, place, 7)
        assert abs(found["pixels"] - measured.pixels) <= 1
        assert abs(found["reach"] - measured.reach) <= 1
        assert abs(found["inside"] - measured.inside) <= 1
        told = measured._replace(**{n: found[n] for n in measured._fields})
        says = root.locator(".play-says").text_content()
        assert says == words_of(codes, place, was, told)
        greys = picture(root, "picture")[..., 0]
        assert np.abs(greys - 255 * (1 - after)).max() < 0.6
        change, colors = after - before, np.array([[213, 94, 0], [0, 114, 178]])
        color = colors[np.int64(change > 0)]
        size = np.minimum(3 * np.abs(change), 1)[..., None]
        expected = 255 - size * (255 - color)
        assert np.abs(picture(root, "map") - expected).max() < 0.6
    assert np.median(taken) < 50


def test_codes_of_the_other_letter_come_one_by_one(page, folder, grid):
    root = show(page, folder)
    slider = root.get_by_label("codes of the other", exact=True)
    slider.focus()
    own, other = (
        root.evaluate(f"root => root.state.{name}") for name in ("own", "other")
    )
    for count in (1, 2, 3):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"document.querySelector('.play').state.row == {count}")
        found = state(root)
        assert found["codes"] == [*other[:count], *own[count:]]
        assert (found["place"], found["was"]) == (count - 1, own[count - 1])
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.play').state.row == 49")
    assert state(root)["codes"] == other
    (expected,) = decoded(grid, [other])
    assert np.abs(np.reshape(state(root)["picture"], [28, 28]) - expected).max() < 1e-4
    assert (
        slider.get_attribute("aria-valuetext") == "49 of 49 codes of the other letter"
    )
    root.get_by_role("button", name="Its own codes").click()
    page.wait_for_function("document.querySelector('.play').state.row == 0")
    assert state(root)["codes"] == own
    assert slider.input_value() == "0"


def test_a_run_takes_over_codes_until_a_code_is_exchanged(page, folder):
    root = begun(page, folder)
    root.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('.play').state.row > 1")
    root.locator("[data-part=code]").nth(7).click()
    root.get_by_role("button", name="Run").wait_for(timeout=2000)
    page.wait_for_timeout(100)
    codes = state(root)["codes"]
    page.wait_for_timeout(600)
    assert state(root)["codes"] == codes
    assert state(root)["row"] < 49


def test_every_letter_that_can_be_chosen_is_read_anew(
    page, folder, grid, kmnist, shown
):
    root = begun(page, folder)
    for name, number in [*shown.data["letters"].items()][::4]:
        image = kmnist.held_out_images[number]
        (codes,) = grid.represent(image[None]).numpy().tolist()
        for choice, own in (("letter", "own"), ("other", "other")):
            root.locator(f"[data-choice={choice}]").select_option(name)
            told = f"document.querySelector('.play').state.{own}.join()"
            page.wait_for_function(f"{told} === '{','.join(map(str, codes))}'")
        assert state(root)["codes"] == codes
        for part in ("letter", "other"):
            ink = 1 - picture(root, part)[..., 0] / 255
            assert np.abs(ink - image[..., 0]).max() < 0.005


# The figure


def test_nothing_is_loaded_before_the_reader_begins(page, folder):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    root = show(page, folder)
    page.mouse.move(300, 200)
    page.wait_for_timeout(200)
    assert not [url for url in asked if "grid.js" in url]
    for place in (3, 4, 5):
        root.locator("[data-part=place]").nth(place).click()
    page.wait_for_function(READY)
    assert len([url for url in asked if "grid.js" in url]) == 1


def test_scripts_stay_small(shown):
    html = shown._repr_html_()
    scripts = re.findall(r"<script.*?</script>", html, re.DOTALL)
    assert len("".join(scripts).encode()) < 30_000
    assert len(html.encode()) < 100_000


def test_without_scripts_one_code_has_been_exchanged(chromium, folder, grid, shown):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, folder)
    start = shown.data["start"]
    before, after = decoded(grid, [start["own"], start["codes"]])
    greys = picture(root, "picture")[..., 0]
    assert np.abs(greys - 255 * (1 - after)).max() < 0.6
    assert np.sum(np.not_equal(start["own"], start["codes"])) == 1
    measured = changes(before, after, start["place"], 7)
    says = root.locator(".play-says").text_content()
    numbers = [int(number) for number in re.findall(r"\d+", says)]
    assert np.abs(np.subtract(numbers[4:5] + numbers[7:], measured)).max() <= 1
    framed = root.locator("[data-part=place][stroke='var(--c1)']")
    assert framed.count() == 1
    assert not root.locator("button").first.is_visible()
    still.close()


def test_arrow_keys_choose_places_and_codes(page, folder, shown):
    root, order = show(page, folder), shown.data["order"]
    page.keyboard.press("Tab")
    for key, place in zip(
        ("ArrowRight", "ArrowUp", "ArrowUp"), (32, 25, 18), strict=True
    ):
        page.keyboard.press(key)
        page.wait_for_function(
            f"document.querySelector('.play').state.place == {place}"
        )
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert focused.startswith(
            f"Row {place // 7 + 1}, column {place % 7 + 1}: code "
        )
    page.keyboard.press("Tab")
    slot = order.index(state(root)["codes"][18])
    row = 1 if slot < 13 else -1
    page.keyboard.press("ArrowDown" if row == 1 else "ArrowUp")
    code = order[slot + 13 * row]
    page.wait_for_function(f"document.querySelector('.play').state.codes[18] == {code}")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == f"Code {code}"
    pressed = root.locator("[aria-pressed=true]")
    labels = pressed.evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    assert labels == [f"Row 3, column 5: code {code}", f"Code {code}"]
    assert root.locator("svg [tabindex='0']").count() == 2


def test_a_finger_chooses_place_and_code(chromium, folder, shown):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
    context = chromium.new_context(**phone, is_mobile=True, reduced_motion="reduce")
    page = context.new_page()
    root = show(page, folder)
    for part in ("place", "code"):
        box = root.locator(f"[data-part={part}]").first.bounding_box()
        assert min(box["width"], box["height"]) >= 22
    root.locator("[data-part=place]").nth(10).tap()
    page.wait_for_function("document.querySelector('.play').state.place == 10")
    root.locator("[data-part=code]").nth(63).tap()
    code = shown.data["order"][63]
    page.wait_for_function(f"document.querySelector('.play').state.codes[10] == {code}")
    context.close()


def test_where_the_networks_are_missing_the_figure_stays_still(chromium, folder):
    (folder / "grid.js").unlink()
    page, broken = chromium.new_page(), []
    page.on("pageerror", lambda error: broken.append(str(error)))
    root = show(page, folder)
    before = picture(root, "picture")
    root.locator("[data-part=code]").nth(3).click()
    root.get_by_text("are not beside this page").wait_for()
    assert not root.locator("button").first.is_visible()
    assert np.array_equal(picture(root, "picture"), before)
    assert not broken
    page.close()
