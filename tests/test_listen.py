"""Speech that is heard in a page, with its codes: the sound, the line, the words."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.test_play import heard_codes, show, state
from vqvae_lesson.classroom.play.listen import color_of, to_bytes, wave_of, words_of

SAMPLES = "root => Array.from(root.samples)"
# A player whose clock stands where a test sets it, and which runs when a test says so.
PLAYER = """
window.AudioContext = class {
  createBuffer() { return { copyToChannel() {} }; }
  resume() { return new Promise((run) => (window.run = run)); }
  get currentTime() { return window.clock ?? 0; }
};
window.AudioBufferSourceNode = class {
  constructor() { window.source = this; }
  connect() {}
  disconnect() { this.cut = true; }
  start(when) { this.when = when; }
};
"""
PICTURES = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


def test_a_byte_a_sample_is_fine_where_it_is_soft():
    samples = np.linspace(-1, 1, 2_001)
    bent = (to_bytes(samples) - 127.5) / 127.5
    again = np.sign(bent) * (256 ** np.abs(bent) - 1) / 255
    error = np.abs(again - samples)
    assert error[np.abs(samples) < 0.01].max() < 6e-4
    assert error.max() < 0.023
    assert to_bytes([-1, 0, 1]).tolist() == [0, 128, 255]


def test_the_page_hears_the_samples_that_were_handed_over(page, tmp_path):
    shown = heard_codes()
    root = show(page, shown, tmp_path / "a.html")
    for name, one in zip(("hiss", "tone"), ("original", "another"), strict=True):
        root.get_by_label("utterance").select_option(name)
        root.get_by_label("sound").select_option(one)
        root.get_by_role("button", name="Hear it").click()
        page.wait_for_function("document.querySelector('.play').samples")
        found = root.evaluate(SAMPLES)
        # From the middle of the first frame's window, as long as the frames.
        expected = np.array(heard_codes.sounds[name][one][120 : 120 + 8 * 160])
        assert len(found) == len(expected)
        assert np.abs(np.array(found) - expected).max() < 0.023
        button = root.get_by_role("button", name=re.compile("Hear it|Stop"))
        if button.text_content() == "Stop":
            button.click()
        root.evaluate("root => { root.samples = undefined }")


def test_the_line_follows_the_sound_to_its_end(page, tmp_path):
    root = show(page, heard_codes(), tmp_path / "a.html")
    root.get_by_role("button", name="Hear it").click()
    page.wait_for_function(
        "(() => { const { state } = document.querySelector('.play');"
        " return state.place === 3 && !state.heard; })() ||"
        " document.querySelector('[data-do=hear]').textContent === 'Hear it'"
    )
    assert state(root)["place"] == 3
    assert root.locator("[data-do=hear]").text_content() == "Hear it"
    assert root.locator(".play-says").get_attribute("aria-live") == "polite"


@pytest.fixture
def player(page, tmp_path):
    """A figure with the player in the hands of the test; it says where the line is."""
    page.add_init_script(PLAYER)
    shown = heard_codes(begins={"another": [0, 0.5, 1, 7, 8]})
    root = show(page, shown, tmp_path / "a.html")

    def after(seconds):
        page.evaluate(f"window.clock = (window.source?.when ?? 0) + {seconds}")
        page.evaluate(PICTURES)
        return state(root)["place"]

    return root, after


def test_a_clock_that_leaps_as_the_player_begins_leaves_the_line_behind(page, player):
    root, after = player
    root.locator("[data-do=hear]").click()
    assert after(9) == 0  # the player does not run yet
    assert page.evaluate("source.when") is None
    page.evaluate("run()")
    page.evaluate(PICTURES)
    assert [after(time) for time in (0, 0.019, 0.021, 0.05)] == [0, 0, 1, 2]


def test_the_line_waits_for_the_end_of_the_sound(page, player):
    root, after = player
    button = root.locator("[data-do=hear]")
    button.click()
    page.evaluate("run()")
    page.evaluate(PICTURES)
    assert after(5) == 3
    assert button.text_content() == "Stop"
    page.evaluate("source.onended()")
    page.evaluate(PICTURES)
    assert button.text_content() == "Hear it"
    assert not state(root)["heard"]


def test_who_stops_before_the_player_runs_hears_nothing(page, player):
    root, _ = player
    button = root.locator("[data-do=hear]")
    button.click()
    button.click()
    page.evaluate("run()")
    page.evaluate(PICTURES)
    assert page.evaluate("[source.when ?? null, source.cut]") == [None, True]
    assert button.text_content() == "Hear it"


def test_where_codes_last_unequally_long_the_line_stands_at_the_one_heard(page, player):
    root, after = player
    root.get_by_label("sound").select_option("another")
    root.locator("[data-do=hear]").click()
    page.evaluate("run()")
    page.evaluate(PICTURES)
    times = [0.002, 0.006, 0.011, 0.06, 0.071, 0.2]
    assert [after(time) for time in times] == [0, 1, 2, 2, 3, 3]


def test_in_the_wave_each_code_is_as_wide_as_any_other():
    samples = np.zeros(1_000)
    samples[:100], samples[100:500], samples[500:] = 0.1, 0.5, 1
    ends = np.array(wave_of(samples, [0, 100, 500, 1_000]))
    assert ends.shape == (120, 2)
    heights = ends[:, 0] / ends.max()
    np.testing.assert_allclose(heights, np.repeat([0.1, 0.5, 1], 40), atol=0.01)


@pytest.mark.parametrize("name", ["hiss", "tone"])
def test_every_code_is_told_in_both_languages(page, tmp_path, name):
    shown = heard_codes()
    root = show(page, shown, tmp_path / "a.html")
    root.get_by_label("utterance").select_option(name)
    (utterance,) = [one for one in shown.data["utterances"] if one["name"] == name]
    slider = root.locator("input[type=range]")
    for place in range(4):
        slider.fill(str(place))
        assert root.locator(".play-says").text_content() == words_of(utterance, place)
        assert state(root)["code"] == utterance["codes"][place]
    fills = root.locator("[data-part=code]").evaluate_all(
        "parts => parts.map((part) => part.getAttribute('fill'))"
    )
    assert fills == [color_of(code) for code in utterance["codes"]]


def test_keys_move_the_line_and_another_choice_draws_another_wave(page, tmp_path):
    root = show(page, heard_codes(), tmp_path / "a.html")
    line, wave = (root.locator(f"[data-part={name}]") for name in ("now", "wave"))
    before, drawn = line.get_attribute("x"), wave.get_attribute("d")
    root.locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    assert float(line.get_attribute("x")) > float(before)
    root.get_by_label("sound").select_option("another")
    assert wave.get_attribute("d") != drawn


def test_the_still_drawing_is_what_the_script_draws_at_first(page, tmp_path):
    shown = heard_codes()
    root = show(page, shown, tmp_path / "a.html")
    svg = ElementTree.fromstring(root.locator("svg").evaluate("svg => svg.outerHTML"))
    still = ElementTree.fromstring(ElementTree.tostring(shown.drawing))

    def parts(drawing):
        return [
            (part.get("d"), part.get("fill"), part.get("x"), part.text)
            for part in drawing.iter()
            if part.get("data-part") or part.tag.endswith("text")
        ]

    for one, other in zip(parts(svg), parts(still), strict=True):
        assert one[1:] == other[1:]
        if one[0]:
            numbers = (
                np.float64(re.findall(r"-?[\d.]+", part[0])) for part in (one, other)
            )
            np.testing.assert_allclose(*numbers, atol=0.11)
