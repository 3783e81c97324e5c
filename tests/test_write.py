"""The prior writes: what the figure shows is what the shipped prior gives."""

import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from vqvae_lesson.classroom import play
from vqvae_lesson.classroom.play.write import load_writing, words_of
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.priors import load_prior

LETTERS, PLACES = 9, 49


@pytest.fixture(scope="module")
def found():
    return load_writing()


@pytest.fixture(scope="module")
def shown():
    return play.watch_the_prior_write()


@pytest.fixture
def path(tmp_path, shown):
    head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    html = f"<!doctype html>{head}{shown._repr_html_()}"
    (tmp_path / "a.html").write_text(html)
    return tmp_path / "a.html"


def show(page, path):
    page.goto(path.as_uri())
    return page.locator(".play")


def state(root):
    return root.evaluate("root => root.state")


# What was written


def test_each_code_has_the_chance_that_the_shipped_prior_gives_it(found):
    prior, _ = load_prior("grid")
    places = np.arange(PLACES)
    for number, codes in enumerate(found["codes"]):
        heat, label = found["temperatures"][number], found["labels"][number]
        past, given, chances = None, np.zeros([1, 0], np.int32), []
        for code in codes:  # one after the other, as the prior samples
            given, past = prior.next_probabilities(given, past, int(label))
            cooler = given[0] ** (1 / heat)
            chances.append(cooler / cooler.sum())
            given = np.int32([[code]])
        chances = np.array(chances)
        own = chances[places, codes]
        assert np.allclose(found["nats"][number], -np.log(own), atol=2e-3)
        above = (chances > own[:, None] * (1 + 1e-4)).sum(axis=1)
        assert np.all(found["ranks"][number] >= above + 1)
        picked = np.take_along_axis(chances, np.int64(found["likely"][number]), axis=1)
        assert np.allclose(found["chances"][number], picked, atol=1e-3)
        best = np.sort(chances, axis=1)[:, ::-1][:, :7]
        assert np.allclose(found["chances"][number][:, :7], best, atol=1e-3)


def test_letters_were_not_chosen_but_drawn_with_one_seed(found):
    prior, _ = load_prior("grid")
    for number in (1, 4):
        label, heat = int(found["labels"][number]), float(found["temperatures"][number])
        (codes,) = prior.sample(1, 0, label, heat)
        assert np.mean(codes == found["codes"][number]) == 1


def test_the_last_picture_is_what_the_codes_decode_to(found):
    model, _ = load_trained("grid")
    whole = model.decode(np.int32(found["codes"])).numpy()[..., 0]
    assert np.abs(found["pictures"][:, -1] / 15 - whole).max() < 0.5 / 15 + 1e-3
    assert found["pictures"].shape == (LETTERS, PLACES, 28, 28)
    first = model.decode(np.int32(found["codes"]) * 0 + found["codes"][:, :1]).numpy()
    drawn = found["pictures"][:, 0, :2, :2] / 15  # far from all places to come
    assert np.abs(drawn - first[:, :2, :2, 0]).max() < 0.5


def test_on_a_stroke_a_code_costs_twice_as_much_as_on_paper(found):
    as_trained = found["temperatures"] == 1
    squares = found["pictures"][as_trained, -1].reshape(-1, 7, 4, 7, 4) / 15
    paper = squares.mean(axis=(2, 4)).reshape(-1, PLACES) < 0.03
    nats, likeliest = found["nats"][as_trained], found["chances"][as_trained][..., 0]
    assert nats[~paper].mean() == pytest.approx(2 * nats[paper].mean(), rel=0.1)
    assert np.median(likeliest[paper]) > 2 * np.median(likeliest[~paper])


# The figure


def shown_picture(root):
    """What is seen of the sheet of all pictures, as ink [28, 28]."""
    sheet = root.locator("image[data-part=sheet]")
    x, y, wide = (float(sheet.get_attribute(name)) for name in ("x", "y", "width"))
    window = root.locator("#write-window rect")
    left, top, side = (float(window.get_attribute(n)) for n in ("x", "y", "width"))
    png = sheet.get_attribute("href").partition(",")[2]
    image = 1 - np.float64(Image.open(BytesIO(b64decode(png))).convert("L")) / 255
    pixel = wide / image.shape[1]
    assert np.isclose(side / pixel, 28)
    row, column = round((top - y) / pixel), round((left - x) / pixel)
    return image[row : row + 28, column : column + 28]


def numbers(root, part, name):
    parts = root.locator(f"[data-part={part}]")
    return np.float64(
        parts.evaluate_all(f"all => all.map(e => e.getAttribute('{name}'))")
    )


def test_every_place_of_every_letter_shows_what_was_written(page, path, found, shown):
    root = show(page, path)
    slider = root.locator("input[type=range]")
    for number, trace in enumerate(shown.data["traces"]):
        for choice in ("letter", "temperature"):
            root.locator(f"[data-choice={choice}]").select_option(str(trace[choice]))
        for place in (0, 10 + number, 48):
            slider.fill(str(place))
            assert state(root)["place"] == place
            assert state(root)["code"] == found["codes"][number, place]
            ink = found["pictures"][number, place] / 15
            assert np.abs(shown_picture(root) - ink).max() < 1e-6
            chances = found["chances"][number, place]
            bars = numbers(root, "chance", "width")
            assert np.allclose(bars, np.maximum(88 * chances, 1), atol=0.05)
            texts = root.locator("[data-part=share]").all_text_contents()
            told = [float(text.split("\u00a0")[0]) for text in texts]
            assert np.allclose(told, 100 * chances, atol=0.051)
            drawn = root.locator("[data-part=frame][stroke='var(--c1)']")
            assert drawn.count() == 1
            covered = numbers(root, "place", "fill-opacity")
            assert np.array_equal(covered, np.arange(PLACES) > place)
            costs = numbers(root, "cost", "height")
            ratio = costs / np.maximum(found["nats"][number], 0.05)
            assert np.allclose(
                costs, np.median(ratio) * found["nats"][number], atol=0.3
            )
            says = root.locator(".play-says").text_content()
            assert says == words_of(trace, place)
            paid = found["nats"][number, : place + 1].sum()
            last = float(re.findall(r"\d+\.\d+", says)[-1])
            assert np.isclose(last, paid, atol=0.005 * (place + 1) + 1e-6)


def test_a_small_picture_is_that_of_its_code(page, path, found):
    root = show(page, path)
    png = root.locator("#write-looks").get_attribute("href").partition(",")[2]
    sheet = 1 - np.float64(Image.open(BytesIO(b64decode(png))).convert("L")) / 255
    looks = root.locator("[data-part=look]")
    for number, code in enumerate(state(root)["likely"]):
        moved = looks.nth(number).get_attribute("transform")
        left, top = map(int, re.findall(r"\d+", moved))
        ink = sheet[top : top + 12, left : left + 12]
        assert np.abs(ink - found["patches"][code] / 15).max() < 1e-6


def test_keys_and_buttons_move_from_place_to_place(page, path):
    root = show(page, path)
    says = root.locator(".play-says")
    assert state(root)["place"] == 24
    root.locator("input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    assert state(root)["place"] == 23
    assert "Place 24 of 49" in says.text_content()
    root.get_by_role("button", name="One on").click()
    assert state(root)["place"] == 24
    page.keyboard.press("Shift+Tab")
    root.locator("input[type=range]").fill("45")
    root.get_by_role("button", name="Run").click()
    assert says.get_attribute("aria-live") == "off"
    page.wait_for_function("document.querySelector('.play').state.place === 48")
    root.get_by_role("button", name="Run").wait_for()
    assert says.get_attribute("aria-live") == "polite"
    root.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('.play').state.place === 2")
    root.get_by_role("button", name="Pause").click()
    paused = state(root)["place"]
    page.wait_for_timeout(500)
    assert state(root)["place"] == paused < 20


def test_on_paper_the_letter_is_half_written_again(page, path):
    root = show(page, path)
    root.locator("input[type=range]").fill("3")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert state(root)["place"] == 24


def test_without_scripts_a_letter_is_half_written(chromium, path, found, shown):
    still = chromium.new_page(java_script_enabled=False)
    root = show(still, path)
    number = shown.data["view"]["trace"]
    assert found["temperatures"][number] == 1
    ink = found["pictures"][number, 24] / 15
    assert np.abs(shown_picture(root) - ink).max() < 1e-6
    assert np.sum(numbers(root, "place", "fill-opacity")) == 24
    assert root.locator("[data-part=chance][fill='var(--c1)']").count() == 1
    assert not root.locator("button").first.is_visible()
    still.close()


def test_scripts_stay_small(shown):
    html = shown._repr_html_()
    scripts = re.findall(r"<script.*?</script>", html, re.DOTALL)
    assert len("".join(scripts).encode()) < 60_000
    assert len(html.encode()) < 200_000
