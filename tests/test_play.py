"""Figures to play with: complete when still, and right when moved, in a browser."""

import json
import re
from base64 import b64decode
from html import unescape
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Path2D
from PIL import Image

from vqvae_lesson import quantizers
from vqvae_lesson.classroom import play
from vqvae_lesson.classroom.play import figure
from vqvae_lesson.classroom.play.codes import regions
from vqvae_lesson.classroom.play.pages import words_of
from vqvae_lesson.classroom.play.quantize import cells_of
from vqvae_lesson.classroom.play.replay import words_of as words_of_a_code
from vqvae_lesson.ema import batch_statistics, ema_step, start_averages
from vqvae_lesson.health import load_record
from vqvae_lesson.plots.quantizers import LEVELS, fit_the_plane
from vqvae_lesson.quantizer import nearest_code
from vqvae_lesson.runs.checkpoints import load_trained

PLAY = Path(figure.__file__).parent
RANDOM = np.random.default_rng(0)
LATENTS, CODEBOOK = RANDOM.normal(size=[30, 2]), RANDOM.normal(size=[4, 2])


def show(page, shown, path):
    """Open a figure in a page of its own, as from a file."""
    head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    path.write_text(f"<!doctype html>{head}{shown._repr_html_()}")
    page.goto(path.as_uri())
    return page.locator(".play")


def brute_force(latents, codes):
    distances = ((np.array(latents)[:, None] - np.array(codes)[None]) ** 2).sum(axis=2)
    return distances.argmin(axis=1), distances.min(axis=1).mean()


def state(root):
    return root.evaluate("root => root.state")


def pause_when(page, condition):
    """Press Pause as soon as a state is reached, however slow the machine."""
    page.wait_for_function(
        f"""() => {{
          const figure = document.querySelector(".play");
          if (!({condition})(figure.state)) return false;
          const buttons = [...figure.querySelectorAll("button")];
          buttons.find((button) => button.innerText === "Pause").click();
          return true;
        }}"""
    )


def test_libraries_are_those_of_the_list_with_their_licence():
    listed = json.loads((PLAY / "vendor" / "versions.json").read_text())
    files = {file for about in listed.values() for file in about["files"]}
    assert {path.name for path in PLAY.glob("vendor/*.js")} == files
    for name, about in listed.items():
        assert (PLAY / "vendor" / f"{name}.LICENSE").is_file()
        for file in about["files"]:
            assert about["version"] in (PLAY / "vendor" / file).read_text()[:300]


def test_scripts_of_a_figure_stay_small():
    html = play.codes_in_the_plane(LATENTS, CODEBOOK)._repr_html_()
    assert len(html.encode()) < 60_000
    assert not re.search(r"(src|href)=", html)


def test_without_scripts_the_drawing_is_complete(chromium, tmp_path):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, play.codes_in_the_plane(LATENTS, CODEBOOK), tmp_path / "a.html")
    assert root.locator("circle").count() == 30
    assert root.locator("path[data-part=cell]").count() == 4
    assert not root.locator("button").first.is_visible()
    indices, mean = brute_force(LATENTS, CODEBOOK)
    counts = np.bincount(indices, minlength=4)
    names = root.locator("text").all_text_contents()
    assert names == [f"code {k}: {count}" for k, count in enumerate(counts)]
    assert f"{mean:.3f}" in root.locator(".play-says").text_content()
    still.close()


def drawn_parts(latents, codes):
    """All parts of the still drawing, by name, as attributes."""
    html = play.codes_in_the_plane(latents, codes)._repr_html_()
    svg = ElementTree.fromstring(re.search(r"<svg.*?</svg>", html, re.DOTALL)[0])
    parts = {}
    for part in svg.iter():
        parts.setdefault(part.get("data-part"), []).append(part.attrib)
    return parts


def test_latents_are_joined_to_the_codes_they_chose():
    parts = drawn_parts(LATENTS, CODEBOOK)
    indices, _ = brute_force(LATENTS, CODEBOOK)
    codes = [re.findall(r"[\d.-]+", code["transform"]) for code in parts["code"]]
    for way, dot, index in zip(parts["way"], parts["latent"], indices, strict=True):
        assert [way["x1"], way["y1"]] == [dot["cx"], dot["cy"]]
        assert [way["x2"], way["y2"]] == codes[index]
        assert way["stroke"] == dot["fill"] == parts["code"][index]["fill"]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 9))
def test_a_region_holds_the_points_that_are_nearest_to_its_code(seed, count):
    random = np.random.default_rng(seed)
    codes = random.normal(size=[count, 2]).round(1)
    points = random.normal(size=[60, 2])
    found = [Path2D(corners) for corners in regions(codes, points) if len(corners)]
    inside = np.array([region.contains_points(points) for region in found]).T
    distances = ((points[:, None] - codes) ** 2).sum(axis=-1)
    gap = distances - distances.min(axis=1, keepdims=True)
    assert inside[gap == 0].all()
    assert not inside[gap > 1e-9].any()


def test_steps_of_k_means_are_those_of_brute_force(page, tmp_path):
    root = show(page, play.codes_in_the_plane(LATENTS, CODEBOOK), tmp_path / "a.html")
    codes = CODEBOOK.copy()
    for _ in range(8):
        indices, mean = brute_force(LATENTS, codes)
        found = state(root)
        assert found["indices"] == indices.tolist()
        assert np.isclose(found["mean"], mean, rtol=1e-12)
        for k in np.unique(indices):
            codes[k] = LATENTS[indices == k].mean(axis=0)
        root.get_by_role("button", name="One step of k-means").click()
        assert np.allclose(state(root)["codes"], codes, rtol=0, atol=1e-12)
    root.get_by_role("button", name="Start again").click()
    assert np.array_equal(state(root)["codes"], CODEBOOK)


@pytest.mark.parametrize("part", ["code", "latent"])
def test_what_is_dragged_follows_the_pointer(page, tmp_path, part):
    root = show(page, play.codes_in_the_plane(LATENTS, CODEBOOK), tmp_path / "a.html")
    page.emulate_media(reduced_motion="reduce")
    svg = root.locator("svg").bounding_box()
    for x, y in [(0.2, 0.3), (0.8, 0.9), (0.5, 0.5), (-3.0, 2.0)]:
        box = root.locator(f"[data-part={part}]").first.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(svg["x"] + x * svg["width"], svg["y"] + y * svg["height"])
        page.mouse.up()
        found = state(root)
        indices, mean = brute_force(found["latents"], found["codes"])
        assert found["indices"] == indices.tolist()
        assert np.isclose(found["mean"], mean, rtol=1e-12)
        box = root.locator(f"[data-part={part}]").first.bounding_box()
        middle = box["x"] + box["width"] / 2 - svg["x"]
        assert abs(middle - np.clip(x, 0, 1) * svg["width"]) < 1.5


def test_the_arrow_keys_move_a_code_and_the_change_is_told(page, tmp_path):
    root = show(page, play.codes_in_the_plane(LATENTS, CODEBOOK), tmp_path / "a.html")
    says = root.locator(".play-says[aria-live=polite]")
    before, line = state(root)["codes"][1], says.text_content()
    root.get_by_role("button", name="Code 1,").focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    after = state(root)["codes"][1]
    assert after[0] < before[0] - 0.1
    assert np.isclose(after[1], before[1])
    assert says.text_content() != line


def test_random_places_have_the_indices_of_brute_force(page, tmp_path):
    for seed in range(20):
        random = np.random.default_rng(seed)
        latents, codes = random.normal(size=[100, 2]), random.normal(size=[12, 2])
        shown = play.codes_in_the_plane(latents, codes)
        root = show(page, shown, tmp_path / f"{seed}.html")
        assert state(root)["indices"] == brute_force(latents, codes)[0].tolist()


def carried(latent, codes, target):
    """Nearest code, loss and slope with codes, by TensorFlow's tape; and without."""
    z = tf.Variable(np.full([1, 1], latent), dtype="float64")
    codes = tf.constant(codes, "float64")[:, None]
    with tf.GradientTape() as tape:
        index = tf.argmin((z - codes[:, 0]) ** 2, axis=1)
        passed = z + tf.stop_gradient(tf.gather(codes, index) - z)
        loss = tf.reduce_sum((passed - target) ** 2)
    slope = tape.gradient(loss, z).numpy().item()
    return int(index[0]), float(loss), slope, 2 * (latent - target)


@pytest.mark.parametrize(
    ("latent", "codes"), [(0.8, [0.5, 1.5]), (2.5, [0.5, 5.0]), (1.0, [3.0, 0.5, -0.2])]
)
def test_the_carried_slope_is_that_of_the_tape(page, tmp_path, latent, codes):
    shown = play.slope_carried_across(latent, codes, 2, (-0.5, 5.6))
    root = show(page, shown, tmp_path / "a.html")
    still = shown.says
    for _ in range(6):
        index, loss, slope, own = carried(latent, codes, 2)
        found = state(root)
        assert found["index"] == index
        numbers = [found[name] for name in ("latent", "loss", "carried", "direct")]
        assert np.allclose(numbers, [latent, loss, slope, own], rtol=0, atol=1e-12)
        latent = min(max(latent - 0.1 * slope, -0.5), 5.6)
        root.get_by_role("button", name="One step against the slope").click()
    root.get_by_role("button", name="Start again").click()
    assert root.locator(".play-says").text_content() == still


@pytest.mark.parametrize("name", ["Latent", "Code 1"])
def test_latent_and_codes_move_along_the_line_only(page, tmp_path, name):
    shown = play.slope_carried_across(0.8, [0.5, 1.5], 2, (-0.3, 3.2))
    root = show(page, shown, tmp_path / "a.html")
    svg = root.locator("svg").bounding_box()
    part = root.get_by_role("button", name=f"{name},")
    box = part.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(svg["x"] + svg["width"] / 2, svg["y"] + 10)
    page.mouse.up()
    found = state(root)
    moved = found["latent"] if name == "Latent" else found["codes"][1]
    assert np.isclose(moved, 1.45, atol=0.02)
    numbers = [found[name] for name in ("index", "loss", "carried", "direct")]
    expected = carried(found["latent"], found["codes"], 2)
    assert np.allclose(numbers, expected, rtol=0, atol=1e-12)
    page.keyboard.press("ArrowRight")
    after = state(root)
    further = after["latent"] if name == "Latent" else after["codes"][1]
    assert np.isclose(further - moved, 3.5 / 60)


def numbers_in(text):
    return np.float64(re.findall(r"-?[\d.]+", text))


def test_the_still_drawing_is_what_the_script_draws_at_first(page, tmp_path, book):
    figures = [
        play.codes_in_the_plane(LATENTS, CODEBOOK),
        play.slope_carried_across(0.8, [0.5, 1.5], 2, (-0.3, 3.2)),
        play.slope_carried_across(2.5, [0.5, 5.0], 2, (-0.5, 5.6)),
        play.codes_on_their_way(BATCHES, CORNER),
        replayed(),
        play.book_of_pages(*book),
        play.exchange_a_code(),
        play.watch_the_prior_write(),
        play.quantize_a_latent(LATENTS),
        play.share_a_batch(HALVED, NEAR),
        staged(),
    ]
    places = ["x1", "x2", "y1", "y2", "cx", "cy", "x", "y", "transform", "points"]
    for number, shown in enumerate(figures):
        before = list(shown.drawing.iter())
        root = show(page, shown, tmp_path / f"{number}.html")
        after = root.locator("style + *, style + * *").evaluate_all(
            "all => all.map(e => Object.fromEntries([...e.attributes]"
            ".map(a => [a.name, a.value])))"
        )
        assert root.locator(".play-says").text_content() == shown.says
        for still, moved in zip(before, after, strict=True):
            for name in set(places) & set(still.attrib):
                pair = [
                    re.findall(r"-?[\d.]+", one[name]) for one in (still.attrib, moved)
                ]
                assert np.allclose(*np.float64(pair), atol=0.11), (name, *pair)


QUANTIZERS = "codebook", "product", "residual", "FSQ", "LFQ"
CLICKS = """(root, places) => places.map(([x, y]) => {
  const plane = root.querySelector("[data-part=plane]");
  const box = plane.getBoundingClientRect();
  const at = { clientX: box.x + x * box.width, clientY: box.y + y * box.height };
  plane.dispatchEvent(new MouseEvent("click", at));
  return root.state;
})"""


def quantized(way, latents, fitted):
    """Numbers of the codes, and the codes, by the functions of the package."""
    tables = {name: np.float32(table) for name, table in fitted.items()}
    if way == "codebook":
        numbers = nearest_code(latents, tables["codebook"]).numpy()
        return numbers, tables["codebook"][numbers]
    codes, digits = {
        "product": lambda: quantizers.product_codes(latents, tables["groups"]),
        "residual": lambda: quantizers.residual_codes(latents, tables["stages"]),
        "FSQ": lambda: quantizers.finite_scalars(latents, LEVELS),
        "LFQ": lambda: quantizers.sign_bits(latents),
    }[way]()
    levels = {"FSQ": LEVELS, "LFQ": (2, 2)}.get(way, (4, 4))
    codes = codes[-1] if way == "residual" else codes
    return quantizers.to_number(digits, levels).numpy(), codes.numpy()


@pytest.mark.parametrize("way", QUANTIZERS)
def test_a_latent_becomes_the_code_that_the_package_gives_it(page, tmp_path, way):
    shown = play.quantize_a_latent(LATENTS)
    root = show(page, shown, tmp_path / "a.html")
    root.get_by_label("quantizer").select_option(way)
    places = RANDOM.uniform(0.01, 0.99, size=[200, 2])
    found = root.evaluate(CLICKS, places.tolist())
    latents = np.array([one["latent"] for one in found])
    assert np.ptp(latents, axis=0).min() > 2
    numbers, codes = quantized(way, np.float32(latents), shown.data["fitted"])
    assert [one["number"] for one in found] == numbers.tolist()
    assert np.allclose([one["code"] for one in found], codes, atol=1e-5)
    assert len({*numbers}) > 3
    lost = np.sum((latents - codes) ** 2, axis=1)
    assert np.allclose([one["lost"] for one in found], lost, atol=1e-4)
    says = root.locator(".play-says").text_content()
    assert f" {numbers[-1]} of {len(shown.data['ways'][way]['paths'])}." in says
    assert root.locator("[data-part=name]").text_content() == str(numbers[-1])


@pytest.mark.parametrize("way", QUANTIZERS)
def test_a_latent_lies_in_the_cell_of_its_number(way):
    fitted = fit_the_plane(LATENTS)
    levels, _, cells = cells_of(fitted, LATENTS)[way]
    assert len(cells) == np.prod(levels)
    points = RANDOM.uniform(-2, 2, size=[300, 2])
    inside = [
        Path2D(corners).contains_points(points) if len(corners) else np.zeros(300, bool)
        for corners in cells
    ]
    numbers, _ = quantized(way, np.float32(points), fitted)
    assert np.sum(inside, axis=0).tolist() == [1] * 300
    assert np.argmax(inside, axis=0).tolist() == numbers.tolist()


def test_the_parts_of_a_code_are_arrows_from_zero_to_it(page, tmp_path):
    root = show(page, play.quantize_a_latent(LATENTS), tmp_path / "a.html")
    steps, rings = (root.locator(f"[data-part={part}]") for part in ("step", "coarse"))
    read = "(e, names) => names.map(name => +e.getAttribute(name))"
    for way in QUANTIZERS:
        root.get_by_label("quantizer").select_option(way)
        assert rings.first.is_visible() == (way == "residual")
        arrows = steps.first.get_attribute("visibility") == "visible"
        assert arrows == (way in ("product", "residual"))
        stars = root.locator("[data-part=code]:visible").count()
        assert stars == {"FSQ": 15, "LFQ": 4}.get(way, 16)
        if not arrows:
            continue
        first, second = (
            steps.nth(n).evaluate(read, ["x1", "y1", "x2", "y2"]) for n in (0, 1)
        )
        assert first[2:] == second[:2]
        view = play.quantize_a_latent(LATENTS).data["view"]
        assert first[:2] == [view["left"], view["top"]]
        end = root.locator("[data-part=way]").evaluate(read, ["x2", "y2"])
        assert np.allclose(second[2:], end)
        if way == "residual":
            middles = [ring.evaluate(read, ["cx", "cy"]) for ring in rings.all()]
            assert np.abs(np.subtract(middles, first[2:])).sum(axis=1).min() < 0.2


def test_arrow_keys_move_a_latent_that_is_quantized_and_it_starts_again(page, tmp_path):
    shown = play.quantize_a_latent(LATENTS)
    root = show(page, shown, tmp_path / "a.html")
    assert root.locator(".play-says").text_content() == shown.says
    before = state(root)["latent"]
    root.get_by_role("button", name="The latent,").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    step = 6 / shown.data["view"]["unit"]
    assert np.allclose(np.subtract(state(root)["latent"], before), [-2 * step, step])
    root.get_by_role("button", name="Start again").click()
    assert state(root)["latent"] == before


CENTRES = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
BATCHES = CENTRES[RANDOM.integers(3, size=[400, 16])]
BATCHES = (BATCHES + 0.4 * RANDOM.normal(size=BATCHES.shape)).round(2)
CORNER = np.array([[-3.0, 2.0], [-2.5, 2.5], [-3.0, 1.0]])


def averages(decay, start):
    """Codes, counts and sums of all steps, one latent at a time, in float64."""
    codes = CORNER.copy()
    counts = np.full(3, 1.0 if start == "consistent" else 0.0)
    sums = np.zeros([3, 2]) if start == "debiased" else CORNER.copy()
    for batch in BATCHES:
        n, s = np.zeros(3), np.zeros([3, 2])
        for latent in batch:
            k = ((latent - codes) ** 2).sum(axis=1).argmin()
            n[k] += 1
            s[k] += latent
        counts, sums = (
            decay * counts + (1 - decay) * n,
            decay * sums + (1 - decay) * s,
        )
        for k in range(3):
            if start == "consistent" and n[k]:
                codes[k] = sums[k] / counts[k]
            elif start != "consistent":
                codes[k] = sums[k] / (counts[k] + 1e-5)
    return codes, counts


def test_four_hundred_steps_of_the_averages_are_those_of_brute_force(page, tmp_path):
    root = show(page, play.codes_on_their_way(BATCHES, CORNER), tmp_path / "a.html")
    assert state(root)["t"] == 400
    for start in ("consistent", "article", "debiased"):
        root.get_by_label("start").select_option(start)
        for decay in (0, 0.5, 0.9, 0.99):
            root.get_by_label("decay").select_option(str(decay))
            assert state(root)["t"] == 0
            step = root.get_by_role("button", name="One step")
            step.evaluate("button => { for (let i = 0; i < 400; i++) button.click(); }")
            found = state(root)
            codes, counts = averages(decay, start)
            assert found["t"] == 400
            assert np.allclose(found["codes"], codes, rtol=1e-9, atol=1e-9)
            assert np.allclose(found["counts"], counts, rtol=1e-9)


@pytest.mark.parametrize("start", ["consistent", "article", "debiased"])
def test_the_page_moves_codes_as_the_package_does(page, tmp_path, start):
    shown = play.codes_on_their_way(BATCHES, CORNER, 0.9, start)
    root = show(page, shown, tmp_path / "a.html")
    moved = start_averages(CORNER, start)
    for batch in BATCHES:
        chosen = nearest_code(batch, moved.codebook)
        moved = ema_step(moved, batch, chosen, 0.9, start)
    found = state(root)
    assert np.allclose(found["codes"], moved.codebook, rtol=1e-5, atol=1e-5)
    assert np.allclose(found["counts"], moved.ema_counts, rtol=1e-5)
    assert root.locator(".play-says").text_content() == shown.says


def test_the_averages_run_by_themselves_and_pause(page, tmp_path):
    root = show(page, play.codes_on_their_way(BATCHES, CORNER), tmp_path / "a.html")
    root.get_by_role("button", name="Run").click()
    pause_when(page, "({ t }) => t > 2 && t < 400")  # it begins anew after 400
    paused = state(root)["t"]
    page.wait_for_timeout(200)
    assert state(root)["t"] == paused < 400
    root.get_by_role("button", name="Back to step 0").click()
    assert state(root)["codes"] == CORNER.tolist()


CLOUDS = np.array([[-2.9, 1.3], [-0.2, 1.6], [2.6, 1.5], [3, -1], [0.3, -1.6]])
DEALER = np.random.default_rng(7)
HALVED = CLOUDS[DEALER.integers(5, size=[60, 48])]
HALVED = (HALVED + 0.4 * DEALER.normal(size=HALVED.shape)).round(2)
NEAR = (0.3 * DEALER.normal(size=[6, 2])).round(2)
ALL_STEPS = """(root, last) => {
  const slider = root.querySelector("input[type=range]");
  return Array.from({ length: last + 1 }, (_, step) => {
    slider.value = step;
    slider.dispatchEvent(new Event("input"));
    const texts = [...root.querySelectorAll("[data-part=value]")];
    const bars = [...root.querySelectorAll("[data-part=bar]")];
    return {
      ...root.state,
      values: texts.map((text) => text.textContent),
      bars: bars.map((bar) => Number(bar.getAttribute("width"))),
      says: root.querySelector(".play-says").textContent,
    };
  });
}"""


def followed(parts, counted_by, decay):
    """Codes and sums of counts of each device, one latent at a time, in float64.

    `parts` are the batches of each device, `counted_by` says whose latents it counts.
    """
    codes = [NEAR.copy() for _ in parts]
    counts, sums = [np.ones(6) for _ in parts], [NEAR.copy() for _ in parts]
    rows = [(np.array(codes), [6.0] * len(parts))]
    for step in range(len(parts[0])):
        found = []
        for device, part in enumerate(parts):
            n, s = np.zeros(6), np.zeros([6, 2])
            for latent in part[step]:
                k = ((latent - codes[device]) ** 2).sum(axis=1).argmin()
                n[k] += 1
                s[k] += latent
            found.append((n, s))
        for device, whose in enumerate(counted_by):
            n = sum(found[one][0] for one in whose)
            s = sum(found[one][1] for one in whose)
            counts[device] = decay * counts[device] + (1 - decay) * n
            sums[device] = decay * sums[device] + (1 - decay) * s
            for k in np.flatnonzero(n):
                codes[device][k] = sums[device][k] / counts[device][k]
        rows.append((np.array(codes), [one.sum() for one in counts]))
    return rows


COUNTED = {
    "each its own": ([0], [1]),
    "copied from the first": ([0], [0]),
    "added up": ([0, 1], [0, 1]),
}


@pytest.mark.parametrize("way", COUNTED)
def test_devices_that_share_a_batch_take_the_steps_of_brute_force(page, tmp_path, way):
    shown = play.share_a_batch(HALVED, NEAR, decay=0.8)
    root = show(page, shown, tmp_path / "a.html")
    root.get_by_label("counts and sums").select_option(way)
    found = root.evaluate(ALL_STEPS, 60)
    halves = np.split(HALVED, 2, axis=1)
    alone = followed([HALVED], [[0]], 0.8)
    for step, (codes, totals) in enumerate(followed(halves, COUNTED[way], 0.8)):
        one, here = alone[step][0][0], found[step]
        moved = [device["codes"] for device in here["devices"]]
        assert np.allclose(moved, codes, rtol=0, atol=1e-9)
        pairs = [(codes[0], codes[1]), (codes[0], one), (codes[1], one)]
        apart = [np.linalg.norm(a - b, axis=1).mean() for a, b in pairs]
        assert np.allclose(here["apart"], apart, rtol=0, atol=1e-9)
        assert np.allclose(totals, here["total"], rtol=0, atol=1e-9)
        told = [*(f"{one:.2f}" for one in apart), f"{totals[0]:.1f} of 48"]
        assert here["values"] == told
        far = np.linalg.norm(HALVED.std(axis=(0, 1)))
        shares = [*np.minimum(np.array(apart) / far, 1), totals[0] / 48]
        assert np.allclose(np.array(here["bars"]) / 96, shares, atol=0.01)
        assert ("have the same codes" in here["says"]) == (apart[0] == 0)
    assert found[0]["total"] == 6


@pytest.mark.parametrize("way", COUNTED)
def test_the_page_shares_a_batch_as_the_package_does(page, tmp_path, way):
    shown = play.share_a_batch(HALVED, NEAR, 0.8, way)
    root = show(page, shown, tmp_path / "a.html")
    halves = np.split(HALVED, 2, axis=1)
    moved = [start_averages(NEAR, "consistent") for _ in halves]
    for step in range(60):
        counted = [
            batch_statistics(half[step], nearest_code(half[step], state.codebook), 6)
            for half, state in zip(halves, moved, strict=True)
        ]
        for device, whose in enumerate(COUNTED[way]):
            added = [
                sum(part) for part in zip(*(counted[k] for k in whose), strict=True)
            ]
            moved[device] = ema_step(
                moved[device], [[0, 0]], [0], 0.8, "consistent", lambda *_, a=added: a
            )
    found = state(root)
    assert found["step"] == 60
    for device, expected in zip(found["devices"], moved, strict=True):
        assert np.allclose(device["codes"], expected.codebook, rtol=0, atol=1e-4)
        assert np.allclose(device["counts"], expected.ema_counts, rtol=0, atol=1e-4)
    assert root.locator(".play-says").text_content() == shown.says


def test_only_what_is_added_up_counts_the_whole_batch_and_agrees(page, tmp_path):
    root = show(page, play.share_a_batch(HALVED, NEAR), tmp_path / "a.html")
    first, second = slice(0, 24), slice(24, 48)
    for way, whole, same, full in [
        ("each its own", 24, False, [True, True]),
        ("copied from the first", 24, True, [True, False]),
        ("added up", 48, True, [True, True]),
    ]:
        root.get_by_label("counts and sums").select_option(way)
        found = state(root)
        assert np.isclose(found["total"], whole, atol=1e-4)
        both, alone = found["apart"][0], found["apart"][1:]
        assert (both == 0) == same
        assert (np.max(alone) < 1e-12) == (way == "added up")
        dots = root.locator("[data-part=latent]").evaluate_all(
            "all => all.map(dot => +dot.getAttribute('fill-opacity'))"
        )
        assert [np.unique(dots[half]).tolist() for half in (first, second)] == [
            [float(one)] for one in full
        ]


def test_each_device_has_its_plane_cut_into_the_regions_of_its_codes(page, tmp_path):
    shown = play.share_a_batch(HALVED, NEAR)
    root = show(page, shown, tmp_path / "a.html")
    left, top, right, bottom = shown.data["view"]["plane"]
    points = DEALER.uniform([left, top], [right, bottom], size=[300, 2])
    still = [part.get("d") for part in shown.drawing.iter("path")]
    for device in range(2):
        cells, stars = (
            root.locator("svg").nth(device).locator(f"[data-part={part}]")
            for part in ("cell", "code")
        )
        moves = [star.get_attribute("transform") for star in stars.all()]
        nearest, _ = brute_force(points, [numbers_in(move)[:2] for move in moves])
        for k, cell in enumerate(cells.all()):
            drawn = cell.get_attribute("d"), still[12 * device + k]
            inside = [
                Path2D(numbers_in(path).reshape(-1, 2)).contains_points(points)
                for path in drawn
            ]
            assert (inside[0] == (nearest == k)).mean() > 0.995
            assert (inside[1] == inside[0]).mean() > 0.98


def test_another_way_of_sharing_is_shown_at_the_same_step(page, tmp_path):
    root = show(page, play.share_a_batch(HALVED, NEAR), tmp_path / "a.html")
    slider = root.get_by_label("step", exact=True)
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert state(root)["step"] == 55
    root.get_by_role("button", name="One back").click()
    root.get_by_label("counts and sums").select_option("added up")
    found = state(root)
    assert (found["step"], found["way"]) == (54, "added up")
    assert slider.get_attribute("aria-valuetext").startswith("Step 54 of 60")
    root.get_by_role("button", name="One step").click()
    assert state(root)["step"] == 55
    bars = root.get_by_role("group", name="In numbers")
    assert bars.locator("text").last.text_content() == "48.0 of 48"
    root.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('.play').state.step == 60")
    root.get_by_role("button", name="Run").wait_for()


def test_a_shared_batch_without_scripts_is_complete(chromium, tmp_path):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, play.share_a_batch(HALVED, NEAR), tmp_path / "a.html")
    for part, count in [("latent", 48), ("code", 12), ("mark", 12), ("bar", 4)]:
        assert root.locator(f"[data-part={part}]").count() == count
    assert "24.0 of 48" in root.locator("[data-part=value]").last.text_content()
    assert not root.locator("button").first.is_visible()
    still.close()


@pytest.mark.parametrize(("width", "beside"), [(360, False), (800, True)])
def test_two_devices_stand_side_by_side_or_one_below_the_other(
    page, tmp_path, width, beside
):
    page.set_viewport_size({"width": width, "height": 740})
    root = show(page, play.share_a_batch(HALVED, NEAR), tmp_path / "a.html")
    first, second = (root.locator("svg").nth(n).bounding_box() for n in (0, 1))
    assert (second["x"] > first["x"] + 100) == beside
    assert (second["y"] > first["y"] + 100) != beside
    assert first["width"] == second["width"] > 280
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="module")
def flat():
    """Return a VAE with a latent of two numbers, and its figure."""
    model, _ = load_trained("vae-2")
    means = model.draw(500)[:, 0].numpy()
    low, high = np.quantile(means, [0.02, 0.98], axis=0)
    labels, sounds = np.arange(500) % 4, {0: "o", 1: "ki", 3: "ya"}
    return model, play.letters_from_the_plane(model, means, labels, sounds, low, high)


def decoded(model, latent):
    """Decode one latent, float32 [784]."""
    return model.decode(np.float32(latent).reshape(1, 1, 2)).numpy().ravel()


def nudge(page, root, right, up):
    """Move the point by as many small steps, one key at a time."""
    root.get_by_role("button", name="The point,").focus()
    keys = ["ArrowRight", "ArrowLeft"][right < 0], ["ArrowUp", "ArrowDown"][up < 0]
    for key, times in zip(keys, (right, up), strict=True):
        for _ in range(abs(times)):
            page.keyboard.press(key)


def test_a_plane_without_scripts_is_complete(chromium, tmp_path, flat):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, flat[1], tmp_path / "a.html")
    assert root.locator("[data-part=marks]").count() == 3
    assert "ln p = " in root.locator("[data-part=tells]").first.text_content()
    assert not root.locator("button").first.is_visible()
    png = root.locator("image").get_attribute("href").partition(",")[2]
    image = Image.open(BytesIO(b64decode(png))).convert("L")
    ink = 1 - np.ravel(np.float64(image)) / 255
    true = decoded(flat[0], flat[1].data["start"])
    assert np.abs(ink - true).max() < 0.5 / 15 + 1e-3
    still.close()


def test_at_the_grid_the_letter_is_the_decoders(page, tmp_path, flat):
    model, shown = flat
    root = show(page, shown, tmp_path / "a.html")
    page.wait_for_function("document.querySelector('.play').state")
    assert root.locator(".play-says").text_content() == shown.says
    low, high = np.array(shown.data["view"]["low"]), shown.data["view"]["high"]
    for right, up in [(0, 0), (4, -8), (-8, 4), (96, 96)]:
        nudge(page, root, right, up)
        found = state(root)
        cells = (np.array(found["latent"]) - low) / (high - low) * [23, 15]
        assert np.allclose(cells, np.rint(cells), atol=1e-3)
        true = decoded(model, found["latent"])
        assert np.abs(np.array(found["picture"]) - true).max() < 0.5 / 15 + 1e-3


def test_between_the_pictures_of_the_grid_the_blend_is_near(page, tmp_path, flat):
    model, shown = flat
    root = show(page, shown, tmp_path / "a.html")
    box = root.locator("[data-part=plane]").bounding_box()
    wrong, apart = [], []
    for x, y in np.random.default_rng(1).uniform(0.02, 0.98, size=[20, 2]):
        place = {"x": x * box["width"], "y": y * box["height"]}
        root.locator("[data-part=plane]").click(position=place, force=True)
        found = state(root)
        wrong.append(np.abs(decoded(model, found["latent"]) - found["picture"]).mean())
        apart.append(np.abs(decoded(model, shown.data["start"]) - found["picture"]))
        log_p = float(model.prior.log_prob(np.float32(found["latent"])))
        assert np.isclose(found["logP"], log_p, atol=2e-3)
        assert found["less"] == np.sum(np.array(shown.data["quantiles"])[1:] <= log_p)
    assert np.mean(wrong) < 0.01 < 0.08 < np.mean(apart)


def test_the_ring_is_dragged_and_letters_are_drawn_from_the_prior(page, tmp_path, flat):
    model, shown = flat
    root = show(page, shown, tmp_path / "a.html")
    box = root.locator("[data-part=plane]").bounding_box()
    ring = root.locator("[data-part=point]").bounding_box()
    page.mouse.move(ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 50, box["y"] - 50)
    page.mouse.up()
    assert np.allclose(state(root)["latent"], shown.data["view"]["high"])
    image = root.locator("image").get_attribute("href")
    drawn = root.evaluate(
        """root => Array.from({ length: 300 }, () => {
          root.querySelector("[data-do=draw]").click();
          return root.state.latent;
        })"""
    )
    assert root.locator("image").get_attribute("href") != image
    own = model.draw(2_000, seed=1)[:, 0].numpy()
    low, high = (shown.data["view"][name] for name in ("low", "high"))
    own = own[np.all((own > low) & (own < high), axis=1)]
    error = own.std(axis=0) / np.sqrt(300)
    assert np.all(np.abs(np.mean(drawn, axis=0) - own.mean(axis=0)) < 5 * error)
    assert np.allclose(np.std(drawn, axis=0), own.std(axis=0), rtol=0.2)
    root.get_by_role("button", name="Start again").click()
    assert state(root)["latent"] == shown.data["start"]


RECORD = load_record("article-small")
FIRST = np.where(RECORD["counts"][0] > 0, 0.6, RECORD["norms"][0] * 1e-5 / 0.99)


def replayed():
    predicted = 0.99 ** RECORD["steps"] / 1e-5 * np.median(FIRST)
    return play.training_replayed(RECORD, FIRST, predicted)


def move_slider(root, row):
    slider = root.get_by_label("step", exact=True)
    slider.evaluate(
        "(slider, row) => { slider.value = row;"
        " slider.dispatchEvent(new Event('input')); }",
        row,
    )


def fates(row):
    """How many codes have been chosen, are in exile, and lie near the origin."""
    found = {"chosen": 0, "exiled": 0, "waiting": 0}
    for k in range(64):
        if any(RECORD["counts"][before][k] > 0 for before in range(row + 1)):
            found["chosen"] += 1
        elif RECORD["norms"][row][k] > FIRST[k]:
            found["exiled"] += 1
        else:
            found["waiting"] += 1
    return found


def test_every_record_of_a_training_is_replayed(page, tmp_path):
    root = show(page, replayed(), tmp_path / "a.html")
    for row, step in enumerate(RECORD["steps"]):
        move_slider(root, row)
        found = state(root)
        assert found["step"] == step
        assert np.allclose(found["lengths"], RECORD["norms"][row], rtol=2e-3)
        assert found["uses"] == RECORD["uses"][row].tolist()
        assert found["inUse"] == np.sum(RECORD["uses"][row] > 0)
        assert {name: found[name] for name in fates(row)} == fates(row)
    assert fates(0) == {"chosen": 9, "exiled": 55, "waiting": 0}
    assert fates(66) == {"chosen": 44, "exiled": 0, "waiting": 20}


def test_dots_lie_where_the_lines_are_and_grow_with_use(page, tmp_path):
    root = show(page, replayed(), tmp_path / "a.html")
    for row in (0, 22, 40, 66):
        move_slider(root, row)
        read = "all => all.map(e => ['cy', 'r'].map(name => +e.getAttribute(name)))"
        heights, radii = np.transpose(root.locator("circle").evaluate_all(read))
        logs = np.log10(RECORD["norms"][row])
        slope, start = np.polyfit(logs, heights, 1)
        assert slope < 0
        assert np.allclose(heights, start + slope * logs, atol=0.05)
        areas = (radii - radii.min()) ** 2
        share = RECORD["uses"][row] / RECORD["uses"][row].max()
        assert np.allclose(areas / areas.max(), share, atol=1e-6)
        read = "all => all.map(e => +e.getAttribute('width'))"
        widths = root.locator("[data-part=bar]").evaluate_all(read)
        widest = root.locator("[data-part=page]").first.get_attribute("width")
        assert max(widths) <= float(widest)
        assert np.allclose((widths / np.max(widths)) ** 2, share, atol=1e-6)


def seen_of_a_sheet(root):
    """What is behind the window of a film: greys, 1 for ink, [H, W]."""
    number = "(e, name) => +e.getAttribute(name)"
    top, tall = (
        root.locator("[data-part=window]").evaluate(number, name)
        for name in ("y", "height")
    )
    y, whole = (
        root.locator("[data-part=sheet]").evaluate(number, name)
        for name in ("y", "height")
    )
    sheet = pixels(root, "sheet")
    pixel = whole / len(sheet)
    first = round((top - y) / pixel)
    return sheet[first : first + round(tall / pixel)]


def test_every_record_has_the_pictures_of_its_codes(page, tmp_path):
    root = show(page, replayed(), tmp_path / "a.html")
    for row in (0, 10, 33, 66):
        move_slider(root, row)
        shown = seen_of_a_sheet(root)
        assert shown.shape == (4 * 19, 16 * 16)
        for k in range(64):
            down, across = 19 * (k // 16) + 1, 16 * (k % 16) + 1
            small = shown[down : down + 14, across : across + 14]
            true = RECORD["pictures"][row][k, ..., 0] / 255
            for i, j in np.ndindex(14, 14):
                mean = true[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean()
                assert abs(small[i, j] - mean) < 0.5 / 15 + 1e-6


def test_a_code_is_looked_at_by_click_and_by_arrow_keys(page, tmp_path):
    root = show(page, replayed(), tmp_path / "a.html")
    pages, words = root.locator("[data-part=page]"), root.locator("[data-part=words]")
    for row in (66, 20, 0):
        move_slider(root, row)
        for k in (0, 17, 41):
            pages.nth(k).click()
            assert state(root)["code"] == k
            decades = np.rint(1000 * np.log10(RECORD["norms"][row]))
            told = words_of_a_code(k, decades, RECORD["uses"][row])
            assert words.text_content() == told
            assert told in root.locator(".play-says").text_content()
    way = root.locator("[data-part=mine]").get_attribute("points")
    start, *_, end = (float(point.split(",")[1]) for point in way.split())
    logs = np.log10(RECORD["norms"][[0, -1], 41])
    view = replayed().data["view"]
    low, high = view["decades"]
    heights = view["curves"]["y"] + 116 * (high - logs) / (high - low)
    assert np.allclose([start, end], heights, atol=0.11)
    for key, code in (("ArrowRight", 42), ("ArrowUp", 26), ("ArrowLeft", 25)):
        page.keyboard.press(key)
        assert state(root)["code"] == code
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert focused == f"Code {code}"
    pressed = root.locator("[aria-pressed=true]")
    assert pressed.get_attribute("aria-label") == "Code 25"


def test_a_still_replay_shows_all_lines_and_the_last_record(chromium, tmp_path):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, replayed(), tmp_path / "a.html")
    assert root.locator("polyline[data-part=way]").count() == 64
    assert root.locator("polyline[stroke='var(--c1)']").count() == 9
    for part, look in (("circle", "fill"), ("rect[data-part=page]", "stroke")):
        assert root.locator(f"{part}[{look}='var(--c1)']").count() == 44
        assert root.locator(f"{part}[{look}='var(--grey)']").count() == 20
    assert "In use by held-out letters: 44" in root.text_content()
    assert not root.locator("button, input").first.is_visible()
    still.close()


def test_a_replay_moves_by_keys_and_runs_to_its_end(page, tmp_path):
    root = show(page, replayed(), tmp_path / "a.html")
    says = root.locator(".play-says")
    root.get_by_label("step", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    assert state(root)["step"] == 2450
    assert "Step 2,450 of 2,500" in says.text_content()
    root.get_by_role("button", name="One record back").click()
    assert state(root)["step"] == 2400
    root.get_by_role("button", name="Run").click()
    assert says.get_attribute("aria-live") == "off"
    page.wait_for_function("document.querySelector('.play').state.step === 2500")
    root.get_by_role("button", name="Run").wait_for()
    assert says.get_attribute("aria-live") == "polite"
    root.get_by_role("button", name="Run").click()
    pause_when(page, "({ step }) => step === 3")
    paused = state(root)["step"]
    page.wait_for_timeout(300)
    assert state(root)["step"] == paused < 50


FRAMES = RANDOM.random([24, 6, 28, 28, 1])


def moving():
    labels = [f"step {number}" for number in range(24)]
    return play.pictures_in_motion(FRAMES, labels, 3, "six in motion", "Six greys.")


def is_frame(shown, frame):
    """Whether six pictures with their rims, in two rows, are those of a frame."""
    tiles = shown.reshape(2, 30, 3, 30).swapaxes(1, 2).reshape(6, 30, 30)[:, 1:29, 1:29]
    return np.abs(tiles - frame[..., 0]).max() < 0.5 / 15 + 1e-6


def test_pictures_move_once_when_they_are_seen_and_rest_at_the_end(page, tmp_path):
    path = tmp_path / "a.html"
    above = "<div style='height: 2000px'></div>"
    path.write_text(f"<!doctype html>{above}{moving()._repr_html_()}")
    page.goto(path.as_uri())
    root = page.locator(".play")
    page.wait_for_timeout(400)
    assert state(root)["row"] == 23  # nobody has seen it yet
    root.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.play').state.row < 5")
    assert root.locator(".play-says").get_attribute("aria-live") == "off"
    page.wait_for_function("document.querySelector('.play').state.row === 23")
    page.wait_for_timeout(400)
    assert state(root) == {"row": 23, "label": "step 23"}
    assert root.locator(".play-says").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("count", [2, 24, 60])
def test_no_motion_lasts_longer_than_five_seconds(count):
    shown = play.pictures_in_motion(
        FRAMES[:2].repeat(30, axis=0)[:count], "a" * count, 3, "a", "b"
    )
    assert count * shown.data["view"]["milliseconds"] <= 5_000


def test_each_frame_of_a_motion_is_told_and_shown(page, tmp_path):
    page.emulate_media(reduced_motion="reduce")
    root = show(page, moving(), tmp_path / "a.html")
    assert root.locator(".play-says").text_content() == moving().says == "step 23"
    assert is_frame(seen_of_a_sheet(root), FRAMES[23])
    for row in (0, 7, 22):
        move_slider(root, row)
        assert is_frame(seen_of_a_sheet(root), FRAMES[row])
        assert root.locator(".play-says").text_content() == f"step {row}"
        slider = root.get_by_label("step", exact=True)
        assert slider.get_attribute("aria-valuetext") == f"step {row}"
    root.get_by_role("button", name="One on").click()
    assert state(root)["row"] == 23
    move_slider(root, 3)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert state(root)["row"] == 23


def test_a_motion_without_scripts_is_its_last_frame(chromium, tmp_path):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, moving(), tmp_path / "a.html")
    assert is_frame(seen_of_a_sheet(root), FRAMES[23])
    assert not root.locator("button, input").first.is_visible()
    still.close()


@pytest.fixture(scope="module")
def book():
    """Twelve pages, the last three of them empty; one of no share in training."""
    random = np.random.default_rng(3)
    indices = random.choice(9, size=200, p=np.arange(1, 10) / 45)
    images, pages = random.random([200, 28, 28, 1]), random.random([12, 28, 28, 1])
    training = np.append(random.integers(1, 90, size=11), 0)[[*range(8), 11, 8, 9, 10]]
    return pages, indices, images, training


def pixels(root, part):
    """Greys of the picture inside a part, from 0 for paper to 1 for ink."""
    uri = root.locator(f"[data-part={part}]").first.get_attribute("href")
    picture = Image.open(BytesIO(b64decode(uri.split(",")[1]))).convert("L")
    return 1 - np.asarray(picture) / 255


def behind_the_window(root, sheet):
    """What can be seen of a tall sheet."""
    numbers = "e => ['y', 'width', 'height'].map(name => +e.getAttribute(name))"
    window = root.locator("#play-sheet rect").evaluate(numbers)
    y, width, height = root.locator("[data-part=letters]").evaluate(numbers)
    pixel = width / sheet.shape[1]
    assert np.isclose(height, pixel * len(sheet))
    top, long = (window[0] - y) / pixel, window[2] / pixel
    return sheet[round(top) : round(top + long)]


def test_every_page_tells_its_letters_count_and_price(page, tmp_path, book):
    pages, indices, images, training = book
    root = show(page, play.book_of_pages(*book), tmp_path / "a.html")
    sheet, drawn = pixels(root, "letters"), pixels(root, "book")
    places = root.locator("[data-part=page]")
    assert places.count() == 12
    found = []
    for place in range(12):
        places.nth(place).click()
        here = state(root)
        code = here["code"]
        own = [n for n in range(200) if indices[n] == code]
        found.append((code, len(own)))
        assert here["count"] == len(own)
        assert here["letters"] == own[:16]
        assert np.isclose(here["share"], len(own) / 2)
        share = training[code] / training.sum()
        price = -np.log(share) if share else np.inf
        assert np.isclose(here["price"], price)
        says = root.locator(".play-says").text_content()
        assert f"{len(own)} of 200" in says
        assert (f"{price:.2f} nats" if share else "∞ nats, for no") in says
        shown = behind_the_window(root, sheet)
        assert shown.shape == (120, 120)
        for n, letter in enumerate(own[:16]):
            row, column = divmod(n, 4)
            left, top = 30 * column + 1, 30 * row + 1
            tile = shown[top : top + 28, left : left + 28]
            assert np.abs(tile - images[letter, ..., 0]).max() < 0.5 / 15 + 1e-6
        assert shown.any() == bool(own)
        row, column = divmod(place, 8)
        tile = drawn[30 * row + 1 : 30 * row + 29, 30 * column + 1 : 30 * column + 29]
        assert np.abs(tile - pages[code, ..., 0]).max() < 0.5 / 15 + 1e-6
    assert sorted(code for code, _ in found) == [*range(12)]
    assert [count for _, count in found] == sorted(dict(found).values(), reverse=True)


def test_what_stands_beside_a_page_is_said_in_both_languages(page, tmp_path, book):
    root = show(page, play.book_of_pages(*book), tmp_path / "a.html")
    data = play.book_of_pages(*book).data
    for place in range(12):
        *beside, says = words_of(place, data)
        assert root.locator("[data-part=words]").all_text_contents() == beside
        assert root.locator(".play-says").text_content() == says
        root.get_by_role("button", name="Next page").click()
    assert state(root)["page"] == 0


def test_a_still_book_is_open_at_its_most_used_page(chromium, tmp_path, book):
    still = chromium.new_page(java_script_enabled=False)
    shown = play.book_of_pages(*book)
    root = show(still, shown, tmp_path / "a.html")
    most = np.bincount(book[1]).max()
    assert f"{most} letters" in root.locator("[data-part=words]").all_text_contents()
    assert f"{most} of 200" in root.locator(".play-says").text_content()
    marked = root.locator("[data-part=page][stroke='var(--c1)']")
    assert marked.count() == 1
    assert not root.locator("button").first.is_visible()
    still.close()


def test_arrow_keys_walk_over_the_book_and_enter_opens(page, tmp_path, book):
    root = show(page, play.book_of_pages(*book), tmp_path / "a.html")
    page.keyboard.press("Tab")
    steps = ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowDown"]
    for key, name in zip(steps, [2, 3, 11, 10, 10], strict=True):
        page.keyboard.press(key)
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert focused == f"Page {name}"
        assert state(root)["page"] == 0
    page.keyboard.press("Enter")
    assert state(root)["page"] == 9
    pressed = root.locator("[aria-pressed=true]")
    assert pressed.get_attribute("aria-label") == "Page 10"
    root.get_by_role("button", name="Page before").click()
    assert state(root)["page"] == 8


@pytest.fixture(scope="module")
def rates():
    """Return models with three runs each, six letters, and their figure."""
    random = np.random.default_rng(3)
    prices, pixels = np.geomspace(1.5, 30, 6), np.linspace(310, 200, 6)
    runs = random.normal([prices, pixels], 0.2, size=[3, 2, 6]).transpose(2, 0, 1)
    names = ["β = 8", "β = 1", "4 pictures", "small healthy VQ-VAE", "yours", "vae"]
    runs = dict(zip(names, runs[[2, 5, 0, 1, 3, 4]], strict=True))
    drawn = {name: random.random([6, 28, 28, 1]) for name in names}
    groups = {
        "β-VAEs": {name: runs[name] for name in names[:2]},
        "dictionaries": {"4 pictures": runs["4 pictures"]},
        **{name: {name: runs[name]} for name in names[3:5]},
        "full size": {"vae": runs["vae"]},
    }
    letters = random.random([6, 28, 28, 1])
    shown = play.models_on_the_plane(groups, letters, drawn, 234, names[3])
    return runs, drawn, letters, shown


def strip(root, row):
    """What is seen of a row of letters: part of its picture, as ink [28, 168]."""
    sheet = root.locator(f"image[data-part={['real', 'drawn'][row]}]")
    y, tall = (float(sheet.get_attribute(name)) for name in ("y", "height"))
    window = root.locator("[data-part=window]")
    top, high = (float(window.get_attribute(name)) for name in ("y", "height"))
    png = sheet.get_attribute("href").partition(",")[2]
    image = 1 - np.float64(Image.open(BytesIO(b64decode(png))).convert("L")) / 255
    assert np.isclose(tall / high, len(image) / 28)
    first = round((top - y) / high * 28) if row else 0
    return image[first : first + 28]


def test_every_model_shows_its_seeds_and_its_letters(page, tmp_path, rates):
    runs, drawn, letters, shown = rates
    root = show(page, shown, tmp_path / "a.html")
    assert root.locator(".play-says").text_content() == shown.says
    cheaper, dearer = (root.locator(f"[data-do={do}]") for do in ("cheaper", "dearer"))
    for _ in runs:
        cheaper.click()
    seen = []
    for _ in runs:
        found = state(root)
        name = found["name"].rpartition(", ")[2]
        seen.append(name)
        assert np.allclose(found["runs"], runs[name], atol=0.006)
        assert found["name"] == root.locator("[data-part=name]").text_content()
        said = re.findall(r"\d+\.\d", root.locator(".play-says").text_content())
        assert np.allclose(np.float64(said), runs[name].T.ravel(), atol=0.06)
        for row, pictures in enumerate([letters, drawn[name]]):
            true = np.concatenate(pictures[..., 0], axis=1)
            assert np.abs(strip(root, row) - true).max() < 0.5 / 15 + 1e-6
        dearer.click()
    assert seen == sorted(runs, key=lambda name: runs[name][:, 0].mean())


def test_pointing_and_arrow_keys_choose_the_nearest_model(page, tmp_path, rates):
    runs, _, _, shown = rates
    root = show(page, shown, tmp_path / "a.html")
    svg = root.locator("svg").first.bounding_box()
    scale = svg["width"] / 480
    for k, model in enumerate(shown.data["models"]):
        x, y = model["places"][2]
        page.mouse.move(svg["x"] + x * scale + 3, svg["y"] + y * scale - 3)
        assert state(root)["chosen"] == k
    page.mouse.move(svg["x"] + 60 * scale, svg["y"] + 240 * scale)  # far from all
    assert state(root)["chosen"] == len(runs) - 1
    page.keyboard.press("Tab")
    for k in reversed(range(len(runs) - 1)):
        page.keyboard.press("ArrowLeft")
        assert state(root)["chosen"] == k
        focused = root.locator("[data-part=model]:focus").get_attribute("aria-label")
        assert focused == shown.data["models"][k]["name"]
    assert root.locator("[data-part=model][tabindex='0']").count() == 1


def test_the_still_plane_has_its_runs_in_their_places(chromium, tmp_path, rates):
    runs, _, _, shown = rates
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, shown, tmp_path / "a.html")
    marks = root.locator("path[data-part=model]")
    places = [
        re.findall(r"M([\d.]+) ([\d.]+)", marks.nth(k).get_attribute("d"))
        for k in range(marks.count())
    ]
    names = [model["name"].rpartition(", ")[2] for model in shown.data["models"]]
    across = np.float64(places)[..., 0].ravel()
    down = np.float64(places)[..., 1].ravel()
    price, nats = np.concatenate([runs[name] for name in names]).T
    for number, place in [(np.log(price), across), (nats, down)]:
        slope, start = np.polyfit(number, place, 1)
        assert np.allclose(start + slope * number, place, atol=0.1)
    assert root.locator("[data-part=ring]").count() == 1
    assert not root.locator("button").first.is_visible()
    still.close()


@pytest.mark.parametrize("pixels", [210, 244, 248, 252, 290])
def test_the_name_of_a_model_hides_no_other_model(page, tmp_path, pixels):
    letters = np.zeros([6, 28, 28, 1])
    groups = {
        "β-VAEs": {"β = 1": [[4, pixels], [8, 300], [16, 200]]},
        "full size": {"vae": [[4, 255], [4, 256], [4, 257]]},
    }
    drawn = dict.fromkeys(("β = 1", "vae"), letters)
    shown = play.models_on_the_plane(groups, letters, drawn, 234, "vae")
    root = show(page, shown, tmp_path / "a.html")
    name = root.locator("[data-part=label]").bounding_box()
    for x, y in shown.data["models"][1]["places"]:
        mark = root.locator("[data-part=model]").first.evaluate(
            "(e, p) => { const q = new DOMPoint(...p).matrixTransform("
            "e.getScreenCTM()); return [q.x, q.y]; }",
            [x, y],
        )
        inside = np.abs(
            mark
            - np.add([name["x"], name["y"]], [name["width"] / 2, name["height"] / 2])
        )
        assert (inside > [name["width"] / 2, name["height"] / 2]).any()


def heard_codes(**more):
    """Two utterances of four codes, each with two sounds."""
    meaning = [0, 6, 4, 7]
    utterances = {
        name: {
            "sounds": sounds,
            "codes": codes,
            "meaning": meaning,
            "phonemes": np.repeat(np.array(meaning)[codes[::-1]], 2),
        }
        | more
        for (name, sounds), codes in zip(
            heard_codes.sounds.items(), ([0, 1, 2, 3], [3, 3, 0, 1]), strict=True
        )
    }
    return play.listen_to_codes(utterances, place=1)


heard_codes.sounds = {
    name: {
        "original": 0.5 * RANDOM.uniform(-1, 1, 1_520),
        "another": np.sin(np.arange(1_520) * pitch) * np.linspace(0, 1, 1_520),
    }
    for name, pitch in (("hiss", 0.1), ("tone", 0.3))
}


PICTURE = RANDOM.integers(0, 256, [46, 64, 3], np.uint8)  # 46: a row of places is cut
DRAWN = [
    np.uint8(np.clip(PICTURE + RANDOM.normal(0, far, PICTURE.shape), 0, 255))
    for far in (40, 20, 9)
]
DIGITS = RANDOM.choice(5, size=[12, 16, 3], p=[0.5, 0.25, 0.15, 0.06, 0.04])
CORNER_OF_PART, SIDE = (1, 3), 10


def staged():
    return play.photograph_in_stages(
        PICTURE, DIGITS, DRAWN, [70, 1_130, 2_190], CORNER_OF_PART, SIDE, (4, 7)
    )


def what_a_place_has(row, down, right):
    """Codes, bits so far, how far the drawing is off; all counted anew."""
    y, x = down + CORNER_OF_PART[0], right + CORNER_OF_PART[1]
    bits = sum(
        -np.log2(np.mean(DIGITS[..., stage] == DIGITS[y, x, stage]))
        for stage in range(row + 1)
    )
    cell = (slice(4 * y, 4 * y + 4), slice(4 * x, 4 * x + 4))
    apart = np.float64(DRAWN[row][cell]) - PICTURE[cell]
    return DIGITS[y, x].tolist(), bits, np.sqrt(np.mean(apart**2))


def part_of(picture, down=0, right=0, side=SIDE):
    """Pixels of some places of the part that the figure shows."""
    y, x = down + CORNER_OF_PART[0], right + CORNER_OF_PART[1]
    return picture[4 * y : 4 * (y + side), 4 * x : 4 * (x + side)]


def behind(part, sheet):
    """Pixels that are seen through the window around a part."""
    cut = "e => e.parentNode.getAttribute('clip-path').slice(4, -1)"
    window = part.page.locator(f"{part.evaluate(cut)} rect")
    x, y, side = (float(window.get_attribute(name)) for name in ("x", "y", "width"))
    moved_x, moved_y, scale = numbers_in(part.get_attribute("transform"))
    left, top, size = np.rint(np.array([x - moved_x, y - moved_y, side]) / scale)
    return sheet[int(top) : int(top + size), int(left) : int(left + size)]


def test_each_place_and_stage_has_its_codes_bits_and_pictures(page, tmp_path):
    root = show(page, staged(), tmp_path / "a.html")
    href = root.locator("[data-part=sheet]").get_attribute("href")
    sheet = np.asarray(Image.open(BytesIO(b64decode(href.partition(",")[2]))))
    picture, looks = (
        root.locator(f"[data-part={part}]") for part in ("picture", "look")
    )
    view, svg = staged().data["view"], root.locator("svg").first.bounding_box()
    scale = svg["width"] / 360
    for row in range(3):
        root.get_by_label("stages", exact=True).fill(str(row))
        for down, right in [(0, 0), (4, 7), (9, 9), (3, 1)]:
            x, y = (view["pitch"] * (one + 0.5) for one in (right, down))
            at = svg["x"] + scale * (view["x"] + x), svg["y"] + scale * (view["y"] + y)
            page.mouse.click(*at)
            found, own = state(root), what_a_place_has(row, down, right)
            assert (found["row"], found["place"]) == (row, SIDE * down + right)
            assert found["codes"] == own[0]
            assert np.isclose(found["bits"], own[1], atol=0.16)  # each to a tenth
            assert np.isclose(found["off"], own[2], atol=0.051)
            said = root.locator(".play-says").text_content()
            said = np.float64(re.findall(r"\d+(?:\.\d+)?", said))
            error = np.mean((np.float64(DRAWN[row]) - PICTURE) ** 2)
            assert np.isclose(said[-5], 10 * np.log10(255**2 / error), atol=0.051)
            assert said[-4:-2].tolist() == [down + 1, right + 1]
            assert np.allclose(said[-2:], [found["bits"], found["off"]], atol=0.051)
            assert np.array_equal(behind(picture, sheet), part_of(DRAWN[row]))
            top, left = (min(max(one - 2, 0), 5) for one in (down, right))
            for look, whole in zip(looks.all(), [*DRAWN, PICTURE], strict=True):
                assert np.array_equal(
                    behind(look, sheet), part_of(whole, top, left, side=5)
                )
    for stage in range(3):
        words = root.locator(f"[data-part=fact-{stage}]").all_text_contents()
        bits = [what_a_place_has(last, 3, 1)[1] for last in (stage - 1, stage)]
        code, _, off = what_a_place_has(stage, 3, 1)
        found = [float(re.search(r"[\d.]+", line)[0]) for line in words]
        assert np.allclose(found, [code[stage], bits[1] - bits[0], off], atol=0.06)


def test_dots_lie_where_bits_and_errors_are(page, tmp_path):
    root = show(page, staged(), tmp_path / "a.html")
    view = staged().data["view"]
    for row in range(3):
        root.get_by_label("stages", exact=True).fill(str(row))
        way = root.locator("[data-part=dots]").get_attribute("d")
        dots = np.float64(re.findall(r"M([\d.]+) ([\d.]+)", way))
        own = [what_a_place_has(row, *place)[1:] for place in np.ndindex(SIDE, SIDE)]
        most = [view["axes"][name] for name in ("bits", "off")]
        across, up = np.minimum(np.array(own) / most, 1).T
        plot = view["plot"]
        assert np.allclose(dots[:, 0], plot["x"] + plot["width"] * across, atol=0.8)
        assert np.allclose(dots[:, 1], plot["y"] + plot["height"] * (1 - up), atol=0.3)


def test_the_frame_walks_by_keys_and_the_photograph_is_compared(page, tmp_path):
    root = show(page, staged(), tmp_path / "a.html")
    assert root.locator(".play-says").text_content() == staged().says
    root.get_by_role("button", name="The frame,").focus()
    for key, place in [("ArrowUp", 37), ("ArrowRight", 38), ("ArrowLeft", 37)]:
        page.keyboard.press(key)
        assert state(root)["place"] == place
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    assert state(root)["place"] == 97  # at the edge it stops
    picture, rows = root.locator("[data-part=picture]"), np.arange(160)[:, None]
    root.get_by_role("button", name="Show the photograph").click()
    assert behind(picture, rows)[0] == 120
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert behind(picture, rows)[0] == 80
    root.get_by_role("button", name="One back").click()
    assert behind(picture, rows)[0] == 40
    assert root.get_by_label("stages", exact=True).get_attribute("aria-valuetext") == (
        "2 of 3"
    )


def test_a_still_photograph_shows_all_stages(chromium, tmp_path):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, staged(), tmp_path / "a.html")
    assert root.locator("[data-part=look]").count() == 4
    assert len(numbers_in(root.locator("[data-part=dots]").get_attribute("d"))) == 300
    assert not root.locator("button, input").first.is_visible()
    still.close()


@pytest.fixture(scope="module")
def all_figures(flat, rates, book):
    """One figure of each kind."""
    return {
        "codes": play.codes_in_the_plane(LATENTS, CODEBOOK),
        "straight": play.slope_carried_across(0.8, [0.5, 1.5], 2, (-0.3, 3.2)),
        "averages": play.codes_on_their_way(BATCHES, CORNER),
        "plane": flat[1],
        "replay": replayed(),
        "motion": moving(),
        "pages": play.book_of_pages(*book),
        "rates": rates[-1],
        "exchange": play.exchange_a_code(),
        "write": play.watch_the_prior_write(),
        "quantize": play.quantize_a_latent(LATENTS),
        "listen": heard_codes(),
        "share": play.share_a_batch(HALVED, NEAR),
        "stages": staged(),
    }


KINDS = (
    *("codes", "straight", "averages", "plane", "replay"),
    *("motion", "pages", "rates", "exchange", "write", "quantize", "listen", "share"),
    "stages",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_still_figure_needs_neither_browser_nor_network(all_figures, kind):
    shown = all_figures[kind]
    html = shown._repr_html_()
    for part in ("title", "desc"):
        assert shown.drawing.find(f".//{part}").text in unescape(html)
    assert shown.says in unescape(html)
    assert not re.findall(r'(?:src|href)="(?!#|data:)', html)


LETTERS = """root => [...root.querySelectorAll("svg text")].map((text) => {
  const { a } = text.getScreenCTM();
  return [a * parseFloat(getComputedStyle(text).fontSize), text.textContent];
})"""


@pytest.mark.parametrize(
    "kind", ["exchange", "write", "quantize", "listen", "share", "stages"]
)
def test_words_in_a_drawing_can_be_read_on_a_phone(page, tmp_path, all_figures, kind):
    page.set_viewport_size({"width": 360, "height": 740})
    root = show(page, all_figures[kind], tmp_path / "a.html")
    sizes = root.evaluate(LETTERS)
    assert sizes
    assert [text for size, text in sizes if size < 11] == []
    wide = root.locator("svg").first.bounding_box()
    for text in root.locator("svg text").all():
        box = text.bounding_box()
        assert box["x"] + box["width"] <= wide["x"] + wide["width"] + 1


@pytest.fixture
def touched(chromium):
    """Open a page on a phone, whose owner has asked for less motion."""
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True}
    context = chromium.new_context(**phone, is_mobile=True, reduced_motion="reduce")
    page = context.new_page()
    heard = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield page
    context.close()
    assert not heard


def drag_by_finger(page, start, end):
    """Put a finger down, move it in small steps, and lift it."""
    hand = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": float(x), "y": float(y)} for x, y in places]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", start)
    for share in np.linspace(0.1, 1, 10):
        touch("touchMove", np.add(start, share * np.subtract(end, start)))
    touch("touchEnd")


def middle_of(part):
    box = part.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_no_kind_of_figure_is_left_out_here():
    shared_or_alone = {"paper", "film", "moving", "network", "draw"}
    assert {path.stem for path in PLAY.glob("*.js")} - shared_or_alone == {*KINDS}


ALL_LIVE = """() =>
  [...document.querySelectorAll(".play")].every((figure) => figure.state)"""
LOOKS = """figures => figures.map((figure) =>
  [JSON.stringify(figure.state), figure.querySelector("svg").innerHTML])"""


def test_nothing_moves_by_itself_where_less_motion_is_asked_for(
    touched, tmp_path, all_figures
):
    touched.set_viewport_size({"width": 390, "height": 12_000})  # all are in sight
    path = tmp_path / "a.html"
    whole = "".join(all_figures[kind]._repr_html_() for kind in KINDS)
    head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    path.write_text(f"<!doctype html>{head}{whole}")
    touched.goto(path.as_uri())
    touched.wait_for_function(ALL_LIVE)
    assert touched.evaluate("document.body.clientHeight < innerHeight")
    figures = touched.locator(".play")
    before = figures.evaluate_all(LOOKS)
    assert len(before) == len(KINDS)
    touched.wait_for_timeout(600)
    assert figures.evaluate_all(LOOKS) == before
    moving_by_style = touched.evaluate("document.getAnimations().length")
    assert moving_by_style == 0


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        *(("codes", "code"), ("codes", "latent"), ("plane", "point")),
        *(("straight", "latent"), ("straight", "code"), ("quantize", "latent")),
    ],
)
def test_what_is_dragged_follows_the_finger(touched, tmp_path, all_figures, kind, part):
    root = show(touched, all_figures[kind], tmp_path / "a.html")
    touched.wait_for_function("document.querySelector('.play').state")
    before = state(root)
    held = root.locator(f"[data-part={part}]").first
    x, y = middle_of(held)
    svg = root.locator("svg").first.bounding_box()
    to_y = y if kind == "straight" else svg["y"] + 0.4 * svg["height"]
    end = svg["x"] + 0.45 * svg["width"], to_y
    drag_by_finger(touched, (x, y), end)
    assert state(root) != before
    found = middle_of(root.locator(f"[data-part={part}]").first)
    assert np.allclose(found[0], end[0], atol=3)
    assert kind == "straight" or np.allclose(found[1], end[1], atol=3)
    assert touched.evaluate("scrollY") == 0


def test_the_frame_follows_the_finger(touched, tmp_path):
    root = show(touched, staged(), tmp_path / "a.html")
    touched.wait_for_function("document.querySelector('.play').state")
    start = middle_of(root.locator("[data-part=place]"))
    step = root.locator("[data-part=place]").bounding_box()["width"]
    drag_by_finger(touched, start, np.add(start, [-4 * step, 2 * step]))
    assert state(root)["place"] == SIDE * 6 + 3
    assert touched.evaluate("scrollY") == 0


@pytest.mark.parametrize(
    "kind", ["replay", "motion", "write", "listen", "share", "stages"]
)
def test_a_slider_follows_the_finger(touched, tmp_path, all_figures, kind):
    root = show(touched, all_figures[kind], tmp_path / "a.html")
    slider = root.locator("input[type=range]")
    slider.scroll_into_view_if_needed()
    slider.fill(slider.get_attribute("max"))
    box = slider.bounding_box()
    y, right = box["y"] + box["height"] / 2, box["x"] + box["width"]
    drag_by_finger(touched, (right - 9, y), (box["x"] + box["width"] / 2, y))
    place = float(slider.input_value()) / float(slider.get_attribute("max"))
    assert 0.3 < place < 0.7


@pytest.mark.parametrize(
    ("kind", "part", "changed"),
    [
        ("pages", "page", "page"),
        ("replay", "page", "code"),
        ("rates", "model", "chosen"),
        ("averages", "", "t"),
        ("share", "", "step"),
        ("codes", "", "codes"),
        ("stages", "", "row"),
    ],
)
def test_a_tap_does_what_a_click_does(
    touched, tmp_path, all_figures, kind, part, changed
):
    root = show(touched, all_figures[kind], tmp_path / "a.html")
    before = state(root)[changed]
    if part:
        chosen = root.locator(f"[data-part={part}]").nth(5)
        if kind == "rates":
            x, y = all_figures[kind].data["models"][5]["places"][0]
            svg = root.locator("svg").first.bounding_box()
            scale = svg["width"] / 480
            touched.touchscreen.tap(svg["x"] + x * scale, svg["y"] + y * scale)
        else:
            chosen.tap()
    else:
        root.locator("button").first.tap()
    assert state(root)[changed] != before


@pytest.mark.parametrize("kind", KINDS)
def test_a_finger_on_the_paper_scrolls_the_page(touched, tmp_path, all_figures, kind):
    path = tmp_path / "a.html"
    below = "<div style='height: 3000px'></div>"
    whole = f"<!doctype html><meta charset='utf-8'>{all_figures[kind]._repr_html_()}"
    head = "<meta name='viewport' content='width=device-width'>"
    path.write_text(f"{whole}{head}{below}")
    touched.goto(path.as_uri())
    svg = touched.locator(".play svg").first.bounding_box()
    x, y = svg["x"] + 4, svg["y"] + svg["height"] - 6
    drag_by_finger(touched, (x, y), (x, y - 150))
    touched.wait_for_timeout(100)
    assert touched.evaluate("scrollY") > 50
