"""Draw a letter: what the page prepares and reads is what the package does."""

import functools
import json
import re
import shutil
import threading
from base64 import b64decode, b64encode
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vqvae_lesson.classroom import play
from vqvae_lesson.classroom.networks import (
    PAGE_RECIPES,
    load_network,
    load_page_letters,
    page_script,
)
from vqvae_lesson.classroom.play.draw import answer, prepare, words_of
from vqvae_lesson.data import KMNIST_NAMES, KMNIST_SOUNDS
from vqvae_lesson.glyphs import GLYPH_STROKES, ink_letters, smooth_curve
from vqvae_lesson.laboratory import load_laboratory
from vqvae_lesson.metrics import evaluate

BOOK = Path(__file__).parents[1] / "book"
SCRIPT = BOOK / "loaded" / "letters.js"
STATE = "document.querySelector('.play').state"
READ = f"{STATE}.milliseconds > 0"
# Bytes in a text are sent at once; numbers one by one.
READ_ALL = """(root, sent) => {
  const bytes = Uint8Array.from(atob(sent), (one) => one.charCodeAt(0));
  const letters = Array.from({ length: bytes.length / 784 }, (_, number) =>
    [...bytes.subarray(784 * number, 784 * (number + 1))]);
  return letters.map((letter) => Object.fromEntries(
    Object.entries(root.answers(letter)).map(
      ([name, found]) => [name, [found.codes[0], found.distances[0]]])));
}"""


@pytest.fixture(scope="module")
def networks():
    return {name: load_network(name)[0] for name in PAGE_RECIPES}


@pytest.fixture(scope="module")
def shown():
    return play.draw_a_letter()


@pytest.fixture
def folder(tmp_path, shown):
    """Lay the figure into a page, and the script of the networks beside it."""
    head = "<!doctype html><meta charset='utf-8'>"
    (tmp_path / "a.html").write_text(f"{head}{shown._repr_html_()}")
    shutil.copy(SCRIPT, tmp_path)
    return tmp_path


def show(page, folder):
    page.goto((folder / "a.html").as_uri())
    return page.locator(".play")


def draw_with_the_mouse(page, places):
    """Draw one stroke; places are shares of the sheet."""
    box = page.locator("[data-part=sheet]").bounding_box()
    on_page = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places
    ]
    page.mouse.move(*on_page[0])
    page.mouse.down()
    for place in on_page[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def kana(name, seed=0):
    """Draw strokes of a character by a hand that trembles, as shares of a sheet."""
    random = np.random.default_rng(seed)
    written = [[p.split() for p in s.split(",")] for s in GLYPH_STROKES[name]]
    points = [0.1 + np.array(stroke, float) / 125 for stroke in written]
    wobbly = [p + random.normal(scale=0.01, size=p.shape) for p in points]
    return [smooth_curve(p[None])[0].tolist() for p in wobbly]


# The networks


@pytest.mark.parametrize("name", PAGE_RECIPES)
def test_a_small_network_is_what_its_manifest_says(name, kmnist):
    model, manifest = load_network(name)
    assert manifest["data"] == kmnist.digest
    found = evaluate(model, kmnist.held_out_images)
    assert found.nll == pytest.approx(manifest["held_out"]["nll"], abs=0.05)
    assert abs(found.codes_in_use - manifest["held_out"]["codes_in_use"]) <= 1
    experiment = {"healthy": "all", "article": "none"}[name]
    recorded = load_laboratory()[experiment][manifest["seed"]]
    assert found.nll == pytest.approx(recorded["nll"], abs=0.1)


@pytest.mark.parametrize("name", PAGE_RECIPES)
def test_sixteen_bits_hold_every_weight(name, networks):
    for layer in networks[name].layers:
        for weight in layer.get_weights():
            half = weight.astype("float16")
            np.testing.assert_array_equal(half.astype("float32"), weight)


def test_letters_of_the_set_are_the_first_held_out(kmnist):
    images, labels = load_page_letters()
    expected = kmnist.held_out_images[: len(images), ..., 0]
    np.testing.assert_allclose(images / 255, expected, atol=1e-7)
    np.testing.assert_array_equal(labels, kmnist.held_out_labels[: len(images)])


def test_the_script_beside_the_pages_is_that_of_the_package():
    assert SCRIPT.read_text() == page_script(), "make networks"
    assert SCRIPT.stat().st_size < 400_000


# Preparing


@pytest.mark.parametrize("name", GLYPH_STROKES)
def test_a_letter_is_inked_as_the_package_inks_points(name):
    strokes = kana(name)
    places = np.concatenate(strokes)
    low, high = places.min(axis=0), places.max(axis=0)
    dense = [
        np.stack(
            [
                np.interp(np.linspace(0, len(s) - 1, 3000), range(len(s)), axis)
                for axis in np.transpose(s)
            ],
            axis=-1,
        )
        for s in strokes
    ]
    moved = (np.concatenate(dense) - (low + high) / 2) / (high - low).max() * 25 + 13.5
    expected = ink_letters(moved[None], np.array([0.8]))[0]
    assert np.abs(prepare(strokes) - np.float64(expected)).max() <= 3


def test_neither_place_nor_size_changes_a_letter():
    strokes = kana("ま")
    moved = [[[0.4 * x + 0.5, 0.4 * y + 0.02] for x, y in s] for s in strokes]
    assert np.abs(np.float64(prepare(moved)) - prepare(strokes)).max() <= 1


def test_prepared_letters_are_like_those_of_the_set(kmnist):
    drawn = [prepare(kana(name, seed)) for name in GLYPH_STROKES for seed in range(3)]
    ink = np.sum(drawn, axis=(1, 2)) / 255
    real = kmnist.held_out_images.sum(axis=(1, 2, 3))
    assert np.quantile(real, 0.25) < np.median(ink) < np.quantile(real, 0.75)
    for letter in np.array(drawn) > 64:
        rows, columns = (np.flatnonzero(letter.any(axis=axis)) for axis in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) >= 25
        assert abs(rows[0] + rows[-1] - 27) <= 1
        assert abs(columns[0] + columns[-1] - 27) <= 1


def test_a_dot_stays_a_dot_and_an_empty_sheet_empty():
    dot = prepare([[[0.1, 0.9]]])
    assert dot[13:15, 13:15].all()
    assert np.count_nonzero(dot) == 4
    assert not prepare([]).any()


def test_the_page_prepares_what_python_prepares(page, folder):
    root = show(page, folder)
    root.get_by_role("button", name="A letter of the set").click()
    page.wait_for_function(READ)
    sheets = [kana(name, seed) for name in GLYPH_STROKES for seed in range(3)]
    sheets += [[], [[[0.1, 0.9]]], [[[0.5, 0.5], [0.5, 0.5]]], [[[0, 0.3], [1, 0.3]]]]
    for strokes in sheets:
        found = root.evaluate("(root, s) => [...root.prepare(s)]", strokes)
        assert found == prepare(strokes).ravel().tolist()


# Reading


def test_held_out_letters_get_the_same_index_in_the_page(
    page, folder, networks, kmnist
):
    root = show(page, folder)
    root.get_by_role("button", name="A letter of the set").click()
    page.wait_for_function(READ)
    images = kmnist.held_out_images
    sent = np.rint(255 * images).astype("uint8").tobytes()
    found = root.evaluate(READ_ALL, b64encode(sent).decode())
    for name, model in networks.items():
        latents = model.encoder(images)
        indices = model.quantizer(latents)[1].numpy()[:, 0]
        codes, far = np.transpose([one[name] for one in found])
        wrong = np.flatnonzero(codes != indices)
        assert len(indices) == 2000
        assert len(wrong) <= 2
        offsets = np.float64(latents)[:, 0] - model.quantizer.codebook.numpy()[indices]
        true = (offsets**2).sum(axis=1)
        np.testing.assert_allclose(far, true, rtol=1e-4)
        assert np.all(np.abs(far - true)[wrong] < 1e-4)


def test_every_letter_of_the_set_is_told_as_python_tells_it(page, folder, networks):
    root = show(page, folder)
    images, labels = load_page_letters()
    names = [f"{KMNIST_NAMES[label]} ({KMNIST_SOUNDS[label]})" for label in labels]
    still = root.locator(".play-says").text_content()
    for number in [*range(13, 40), *range(13)]:
        root.get_by_role("button", name="A letter of the set").click()
        page.wait_for_function(f"{STATE}.shown === {number}")
        answers = {n: answer(model, images[number]) for n, model in networks.items()}
        expected = words_of(f"Letter {number + 1} of the set, {names[number]}", answers)
        said = root.locator(".play-says").text_content()
        pair = [np.float64(re.findall(r"\d+\.\d", text)) for text in (said, expected)]
        np.testing.assert_allclose(*pair, atol=0.11)
        for text in (said, expected):
            assert re.sub(r"\d+\.\d", "", text) == re.sub(r"\d+\.\d", "", expected)
        for name, (codes, _) in answers.items():
            near = root.locator(f"[data-part={name}-code]").all_text_contents()
            assert near == [str(code) for code in codes]
    assert said == still


def picture(root, part):
    """Read what a window shows of a sheet of pages, as ink [28, 28]."""
    use = root.locator(f"[data-part={part}]").first
    sheet = root.locator(f"image{use.get_attribute('href')}").get_attribute("href")
    left, top = map(int, re.findall(r"\d+", use.get_attribute("transform")))
    image = Image.open(BytesIO(b64decode(sheet.partition(",")[2]))).convert("L")
    return 1 - np.float64(image)[top : top + 28, left : left + 28] / 255


def test_the_picture_that_comes_back_is_the_decoders(page, folder, networks):
    root = show(page, folder)
    for _ in range(4):
        root.get_by_role("button", name="A letter of the set").click()
        page.wait_for_function(READ)
        answers = root.evaluate("root => root.state.answers")
        for name, model in networks.items():
            codes = answers[name]["codes"]
            true = model.decode(np.reshape(codes, [-1, 1])).numpy()[..., 0]
            for part in ("picture", "near"):
                found = picture(root, f"{name}-{part}")
                assert np.abs(found - true[0]).max() < 0.5 / 15 + 1e-3


def test_a_drawn_letter_is_answered_in_less_than_fifty_milliseconds(
    page, folder, networks
):
    root = show(page, folder)
    root.get_by_role("button", name="Clear").click()
    page.wait_for_function("'answers' in document.querySelector('.play')")
    page.evaluate(
        "globalThis.taken = []; let began;"
        "addEventListener('pointerup', () => { began = performance.now(); }, true);"
        "addEventListener('pointerup', () => taken.push(performance.now() - began));"
    )
    for name in [*GLYPH_STROKES][:3]:
        root.get_by_role("button", name="Clear").click()
        for stroke in kana(name):
            draw_with_the_mouse(page, stroke[::8])
        found = root.evaluate("root => root.state")
        assert found["shown"] is None
        assert len(found["strokes"]) == len(GLYPH_STROKES[name])
        letter = prepare(found["strokes"])
        assert found["image"] == letter.ravel().tolist()
        for network, model in networks.items():
            codes, far = answer(model, letter)
            assert found["answers"][network]["codes"] == codes
            np.testing.assert_allclose(
                found["answers"][network]["distances"], far, rtol=1e-4
            )
        assert root.locator(".play-says").text_content().startswith("Your letter. ")
    assert np.median(page.evaluate("taken")) < 50


# The figure


def test_nothing_is_loaded_before_the_reader_begins(page, folder):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, folder)
    page.mouse.move(300, 200)
    page.wait_for_timeout(200)
    assert not [url for url in asked if "letters.js" in url]
    draw_with_the_mouse(page, [(0.3, 0.3), (0.6, 0.6)])
    page.wait_for_function(READ)
    assert len([url for url in asked if "letters.js" in url]) == 1


def test_scripts_stay_small(shown):
    html = shown._repr_html_()
    scripts = re.findall(r"<script.*?</script>", html, re.DOTALL)
    assert len("".join(scripts).encode()) < 30_000
    assert len(html.encode()) < 100_000


@pytest.mark.parametrize(
    "path", sorted(BOOK.glob("[0-9]*.ipynb")), ids=lambda p: p.stem
)
def test_scripts_of_a_chapter_stay_small(path):
    cells = json.loads(path.read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    shown = ["".join(one.get("data", {}).get("text/html", "")) for one in outputs]
    scripts = re.findall(r"<script>.*?</script>", "".join(shown), re.DOTALL)
    assert len("".join(scripts).encode()) < 150_000


def test_without_scripts_the_figure_is_complete(chromium, folder, networks):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, folder)
    images, _ = load_page_letters()
    for part in ("letter", "seen"):
        png = root.locator(f"[data-part={part}]").get_attribute("href")
        greys = np.asarray(Image.open(BytesIO(b64decode(png.partition(",")[2]))))
        np.testing.assert_array_equal(255 - greys, images[12])
    for name, model in networks.items():
        codes, _ = answer(model, images[12])
        title = root.locator(f"[data-part={name}-title]").text_content()
        assert title.endswith(f"number {codes[0]}")
        true = model.decode([[codes[0]]]).numpy()[0, ..., 0]
        found = picture(root, f"{name}-picture")
        assert np.abs(found - true).max() < 0.5 / 15 + 1e-3
    svg = root.locator("svg")
    assert svg.locator("> title").count() == svg.locator("> desc").count() == 1
    assert not root.locator("button").first.is_visible()
    still.close()


def test_a_letter_can_be_drawn_with_keys(page, folder):
    root = show(page, folder)
    page.keyboard.press("Tab")
    assert page.locator("[data-part=sheet]:focus").count() == 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert root.locator("[data-part=pen]").get_attribute("visibility") == "visible"
    for key in ["ArrowDown"] * 5 + ["ArrowRight"] * 3:
        page.keyboard.press(key)
    page.keyboard.press("Space")
    page.wait_for_function(READ)
    (stroke,) = root.evaluate("root => root.state.strokes")
    expected = [[0.5, 0.46 + 0.04 * k] for k in range(6)]
    expected += [[0.5 + 0.04 * k, 0.66] for k in range(1, 4)]
    np.testing.assert_allclose(stroke, expected)
    assert root.locator(".play-says").text_content().startswith("Your letter. ")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function(f"{STATE}.shown !== null")


def test_a_finger_draws_and_the_page_does_not_scroll(chromium, folder, networks):
    phone = {"width": 360, "height": 640}
    context = chromium.new_context(has_touch=True, is_mobile=True, viewport=phone)
    page = context.new_page()
    with (folder / "a.html").open("a") as file:
        file.write("<meta name='viewport' content='width=device-width'><p>end")
        file.write("<div style='height:3000px'></div>")
    root = show(page, folder)
    box = root.locator("[data-part=sheet]").bounding_box()
    assert min(box["width"], box["height"]) > 200
    finger = context.new_cdp_session(page)
    for kind, y in [("Start", 0.2), *(("Move", y / 10) for y in range(3, 9))]:
        x_y = {"x": box["x"] + box["width"] / 2, "y": box["y"] + y * box["height"]}
        touch = {"type": f"touch{kind}", "touchPoints": [x_y]}
        finger.send("Input.dispatchTouchEvent", touch)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    root.get_by_text("Your letter.").wait_for()
    found = root.evaluate("root => root.state")
    assert page.evaluate("scrollY") == 0
    heights = np.array(found["strokes"][0])[:, 1]
    assert heights[0] == pytest.approx(0.2, abs=0.01)
    assert heights[-1] == pytest.approx(0.8, abs=0.01)
    codes, _ = answer(networks["healthy"], prepare(found["strokes"]))
    assert found["answers"]["healthy"]["codes"] == codes
    context.close()


def test_clear_empties_the_sheet_and_a_stroke_replaces_a_letter(page, folder):
    root = show(page, folder)
    letter = root.locator("[data-part=letter]")
    root.get_by_role("button", name="Clear").click()
    assert letter.get_attribute("visibility") == "hidden"
    assert root.get_by_text("draw here").is_visible()
    root.get_by_role("button", name="A letter of the set").click()
    page.wait_for_function(f"{STATE}.shown === 13")
    assert letter.get_attribute("visibility") == "visible"
    draw_with_the_mouse(page, [(0.2, 0.2), (0.7, 0.7)])
    draw_with_the_mouse(page, [(0.2, 0.7), (0.7, 0.2)])
    assert letter.get_attribute("visibility") == "hidden"
    assert not root.get_by_text("draw here").is_visible()
    assert root.evaluate("root => [root.state.shown, root.state.strokes.length]") == [
        None,
        2,
    ]


def test_where_the_networks_are_missing_the_figure_stays_still(chromium, folder):
    (folder / "letters.js").unlink()
    page, broken = chromium.new_page(), []
    page.on("pageerror", lambda error: broken.append(str(error)))
    root = show(page, folder)
    before = root.locator("svg").inner_html()
    draw_with_the_mouse(page, [(0.2, 0.2), (0.7, 0.7)])
    root.get_by_text("are not beside this page").wait_for()
    assert not root.locator("button").first.is_visible()
    assert root.locator("[data-part=letter]").get_attribute("visibility") == "visible"
    assert root.locator("[data-part=ink]").get_attribute("d") == ""
    numbers = r">[^<]+<"
    after = root.locator("svg").inner_html()
    assert re.findall(numbers, after) == re.findall(numbers, before)
    assert not broken
    page.close()


@pytest.mark.parametrize("served", ["loaded", "book/loaded"])
def test_in_jupyterlab_the_networks_come_from_its_server(chromium, folder, served):
    (folder / "base" / "files" / served).mkdir(parents=True)
    (folder / "letters.js").rename(folder / "base/files" / served / "letters.js")
    config = json.dumps({"baseUrl": "/base/"})
    with (folder / "a.html").open("a") as file:
        file.write(f"<script id='jupyter-config-data' type='x'>{config}</script>")
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(quiet, directory=folder)
    server = ThreadingHTTPServer(("localhost", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = chromium.new_page()
    page.goto(f"http://localhost:{server.server_port}/a.html")
    page.get_by_role("button", name="A letter of the set").click()
    page.wait_for_function(READ)
    page.close()
    server.shutdown()
    server.server_close()
