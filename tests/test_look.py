"""How the book looks: typefaces, colours, pictures for both themes, page heads."""

import importlib.util
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv, to_rgb
from PIL import Image

from scripts import draw_first_page, measure_minutes
from vqvae_lesson import plots

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "_build" / "html"
PAGES = sorted(BUILT.glob("book/*.html"))
FONTS = ROOT / "_static" / "fonts"
OTHER = {"light": "dark", "dark": "light"}
LOOKED_AT = ["00_first_look", "04_quantizer", "10_limits", "13_equal_price"]
built = pytest.mark.skipif(not PAGES, reason="needs the built book: make book")


@pytest.fixture(scope="module")
def two_themes():
    path = ROOT / "_ext" / "two_themes.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def on_paper(twin, paper):
    sheet = Image.new("RGBA", twin.size, paper)
    sheet.alpha_composite(twin)
    return np.asarray(sheet.convert("RGB"), float)


def test_the_light_twin_on_white_is_the_picture_itself(two_themes):
    pixels = np.random.default_rng(0).integers(0, 256, [40, 40, 3], np.uint8)
    light, _ = two_themes.twins(Image.fromarray(pixels))
    assert np.abs(on_paper(light, "white") - pixels).max() <= 7


def test_a_photograph_is_left_as_it_is_and_its_paper_is_the_pages(two_themes):
    count = two_themes.MOST_INKS + 1
    colors = np.arange(300 * 101) % count  # each of them, and a third of them twice
    pixels = np.stack([colors >> 16, colors >> 8 & 255, colors & 255], axis=-1)
    pixels = np.uint8(pixels).reshape(101, 300, 3)
    pixels[:5, :50] = 255  # paper, for it reaches the edge
    pixels[20:30, 40:60] = 255  # a light, for it does not
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > two_themes.MOST_INKS
    light, dark = map(np.asarray, two_themes.twins(Image.fromarray(pixels)))
    assert np.array_equal(light, dark)
    assert np.array_equal(light[..., :3], pixels)
    paper = np.zeros([101, 300], bool)
    paper[:5, :50] = True
    assert np.array_equal(light[..., 3], np.where(paper, 0, 255))
    pixels[35:60] = 9  # fewer colours: a drawing
    light, dark = map(np.asarray, two_themes.twins(Image.fromarray(pixels)))
    assert not np.array_equal(light, dark)


def test_the_dark_twin_shows_light_ink_and_keeps_hues(two_themes):
    colors = ["white", "black", "#888888", *plots.COLORS]
    pixels = np.uint8([[255 * np.array(to_rgb(color)) for color in colors]])
    _, dark = two_themes.twins(Image.fromarray(pixels))
    assert np.asarray(dark)[0, 0, 3] == 0
    shown = on_paper(dark, "#1b1916")[0]
    assert shown[1].min() > 200
    assert 100 < shown[2].mean() < shown[1].mean() - 60
    hues = rgb_to_hsv(np.stack([shown[3:], pixels[0, 3:]]) / 255)[..., 0]
    assert np.abs(hues[0] - hues[1]).max() < 0.03
    for color in shown[3:]:
        assert contrast(color, 255 * np.array(to_rgb("#1b1916"))) > 3


def brightness(color):
    """Relative luminance of WCAG 2 of a colour of 0 to 255."""
    part = np.asarray(color[:3], float) / 255
    part = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return part @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted([brightness(one), brightness(other)])
    return (high + 0.05) / (low + 0.05)


def test_typefaces_are_vendored_with_version_and_licence():
    listed = json.loads((FONTS / "versions.json").read_text())
    files = sorted(FONTS.glob("*.woff2"))
    assert {re.split("-latin|-119", file.name)[0] for file in files} == set(listed)
    for name, about in listed.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", about["version"])
        assert "SIL Open Font License" in (FONTS / f"{name}.LICENSE").read_text()
    assert sum(file.stat().st_size for file in files) < 200_000
    style = (ROOT / "_static" / "book.css").read_text()
    assert {*re.findall(r"url\(fonts/(.+?)\)", style)} == {file.name for file in files}
    assert not re.search(r"https?:|@import", style)


def content(page, name):
    return unescape(re.search(rf'<meta [^>]*"{name}" content="(.*?)">', page)[1])


@built
def test_every_page_has_a_title_and_a_description_of_its_own():
    texts = [page.read_text() for page in PAGES if "genindex" not in page.name]
    titles = [re.search("<title>(.*?)</title>", text)[1] for text in texts]
    described = [content(text, "description") for text in texts]
    assert len({*titles}) == len({*described}) == len(texts)
    assert all(title.endswith("Discrete Letters") for title in titles)
    assert all(40 < len(line) < 260 and line[-1] in ".?" for line in described)
    quantize = (BUILT / "book" / "04_quantizer.html").read_text()
    assert "<title>4 Quantize: find the nearest code &#8212;" in quantize
    assert content(quantize, "og:title") == "4 Quantize: find the nearest code"
    assert content(quantize, "og:description") == content(quantize, "description")
    assert "og:image" not in quantize, "an address without the book's"


def test_the_picture_beside_a_link_has_the_size_that_is_told():
    with Image.open(ROOT / "_static" / "preview.png") as picture:
        assert picture.size == (1200, 630)
        assert picture.format == "PNG"


@built
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_only_the_pictures_of_the_theme_are_loaded(chromium, name, theme):
    page = chromium.new_page(color_scheme=theme, viewport={"width": 900, "height": 700})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((BUILT / "book" / f"{name}.html").as_uri())
    step = "window.scrollBy(0, 500); scrollY + innerHeight < document.body.scrollHeight"
    while page.evaluate(step):
        page.wait_for_timeout(20)
    page.wait_for_timeout(200)
    loaded = [url for url in asked if url.endswith(".webp")]
    assert all(url.endswith(f".{theme}.webp") for url in loaded)
    both = page.locator(".twins img")
    own, others = (
        page.locator(f".twins img.only-{name}") for name in (theme, OTHER[theme])
    )
    assert own.count() == others.count() == both.count() / 2
    seen = page.locator(f".twins img.only-{theme}:visible").count()
    assert len(loaded) == seen > 0  # what is folded waits
    assert page.locator(f".twins img.only-{OTHER[theme]}:visible").count() == 0
    assert all(both.evaluate_all("all => all.map((picture) => picture.alt)"))
    page.evaluate(f"document.documentElement.dataset.theme = '{OTHER[theme]}'")
    assert page.locator(f".twins img.only-{theme}:visible").count() == 0
    assert page.locator(f".twins img.only-{OTHER[theme]}:visible").count() == seen
    page.close()


INKS = """() => {
  const seen = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)|transparent/.test(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const inks = new Map();
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some((n) => n.nodeType == 3 && n.data.trim());
    if (!text || element.closest("svg") || !element.checkVisibility()) continue;
    const color = getComputedStyle(element).color;
    inks.set([color, seen(element)].join("|"), element.outerHTML.slice(0, 90));
  }
  return [...inks];
}"""


@built
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["intro", *LOOKED_AT])
def test_all_text_stands_out_from_its_ground(chromium, name, theme):
    page = chromium.new_page(color_scheme=theme, reduced_motion="reduce")
    page.goto((BUILT / "book" / f"{name}.html").as_uri())
    pairs = page.evaluate(INKS)
    page.close()
    assert len(pairs) > 5
    for pair, where in pairs:
        ink, ground = (re.findall(r"[\d.]+", color) for color in pair.split("|"))
        found = contrast(np.float64(ink), np.float64(ground))
        assert found >= 4.5, f"{found:.1f}: {pair}, {where}"


LETTERS_A_LINE = """() => {
  const full = [];
  for (const p of document.querySelectorAll("article section > p")) {
    const height = parseFloat(getComputedStyle(p).lineHeight);
    const lines = Math.round(p.clientHeight / height);
    // The last line is as likely short as long.
    if (lines > 3 && !p.querySelector(".math"))
      full.push(p.textContent.length / (lines - 0.5));
  }
  return full;
}"""


TOO_WIDE = """() => [...document.querySelectorAll(".cell_input pre")]
  .filter((pre) => pre.scrollWidth > pre.clientWidth)
  .map((pre) => pre.textContent.split("\\n").map((line) => line.length))
  .filter((lengths) => Math.max(...lengths) <= 76)"""


@built
def test_a_line_has_some_seventy_letters_and_code_fits(chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto((BUILT / "book" / "09_health.html").as_uri())
    page.evaluate("document.fonts.ready.then(() => null)")
    assert 65 <= np.median(page.evaluate(LETTERS_A_LINE)) <= 78
    assert page.evaluate(TOO_WIDE) == []
    page.close()


@pytest.fixture(scope="module")
def ways():
    return draw_first_page.ways_of_letters()


def test_the_first_page_shows_what_the_weights_compute(ways, monkeypatch):
    monkeypatch.chdir(ROOT)
    stored = draw_first_page.JOURNEY.read_text()
    numbers = [int(k) for k in re.findall(r'data-number="(\d+)"', stored)]
    assert numbers == ways[2].tolist()
    assert len(stored.encode()) < 300_000
    heights = re.findall(r'<rect x="\d+" y="[\d.]+" width="6.5" height="(.+?)"', stored)
    expected = np.abs(ways[1]).ravel()
    found = np.float64(heights)
    assert np.allclose(found / found.max(), expected / expected.max(), atol=2e-3)
    assert stored == plots.journey(*ways).html + "\n"
    assert draw_first_page.SIGN.read_text() == draw_first_page.sign_of(
        ways[3][draw_first_page.SIGN_CODE]
    )


@built
def test_the_first_picture_stands_still_where_no_motion_is_wanted(chromium):
    page = chromium.new_page(reduced_motion="reduce")
    page.goto((BUILT / "book" / "intro.html").as_uri())
    figure = page.locator(".journey")
    moving = "figure => figure.getAnimations({subtree: true}).length"
    assert figure.evaluate(moving) == 0
    assert not figure.locator("button").is_visible()
    shown = figure.locator(".turn").evaluate_all(
        "all => all.map((turn) => getComputedStyle(turn).opacity)"
    )
    assert shown == ["1", "0", "0", "0", "0", "0"]
    page.emulate_media(reduced_motion="no-preference")
    assert figure.evaluate(moving) > 0
    figure.get_by_role("button", name="Pause").click()
    states = "figure => figure.getAnimations({subtree: true}).map(a => a.playState)"
    assert {*figure.evaluate(states)} == {"paused"}
    figure.get_by_role("button", name="Go on").click()
    assert {*figure.evaluate(states)} == {"running"}
    page.close()


def test_minutes_of_introduction_and_chapters_are_those_that_were_measured():
    told = json.loads((ROOT / measure_minutes.MINUTES).read_text())
    chapters = {path.stem: path for path in (ROOT / "book").glob("[0-9]*.ipynb")}
    assert told.keys() == chapters.keys()
    introduction = (ROOT / "book" / "intro.md").read_text()
    for name, path in chapters.items():
        row = re.search(
            rf"\({name}\.ipynb\) \|.*\| (\d+) min \| (\d+) s \|", introduction
        )
        assert abs(int(row[1]) - told[name]["words"] / 150) <= 0.5
        assert 0 <= int(row[2]) - told[name]["seconds"] < 5
        assert f"The chapter runs in {row[2]} seconds" in path.read_text()
        words = measure_minutes.words_of(path)
        assert abs(words / told[name]["words"] - 1) < 0.1, "make minutes"


@built
@pytest.mark.parametrize(("name", "kept"), [("17_photographs", 1), ("14_grid", 0)])
def test_in_the_dark_ink_turns_light_and_a_photograph_stays(chromium, name, kept):
    page = chromium.new_page(color_scheme="dark")
    page.goto((BUILT / "book" / f"{name}.html").as_uri())
    filters = page.locator(".play svg :is(image, use)").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).filter)"
    )
    assert {one == "none" for one in filters} == {bool(kept)}
    page.close()
