"""The map of the machine: well formed, complete, readable."""

import itertools
import re
from xml.etree import ElementTree as ET

import pytest

from vqvae_lesson import plots
from vqvae_lesson.errors import LessonError
from vqvae_lesson.plots import machine
from vqvae_lesson.plots.paper import COLORS

PARTS = (
    *("letters", "encoder", "decoder", "quantizer", "codebook", "losses", "training"),
    *("health", "dictionary", "judges", "prices", "prior", "grid"),
)
SVG = "{http://www.w3.org/2000/svg}"
NARROWEST = 328  # pixels that a phone of 360 leaves for the map


def drawings(lit="whole", **options):
    """Both layouts of the map, the lying and the standing one, as a browser has them.

    What the page gets must be well formed: parsing it is a test by itself.
    """
    html = ET.fromstring(plots.machine_map(lit, **options)._repr_html_())
    found = html.findall(f"{SVG}svg")
    assert [svg.get("class") for svg in found] == ["wide", "tall"]
    return found


def words(svg):
    return ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]


def groups(svg):
    return {group.get("data-part"): group for group in svg.iter(f"{SVG}g")}


def bright(svg):
    found = groups(svg)
    return {name for name, group in found.items() if group.get("opacity") is None}


def numbers(text):
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


@pytest.mark.parametrize("lit", [*PARTS, "whole", "rival"])
def test_each_drawing_is_an_image_with_title_and_description(lit):
    for svg in drawings(lit):
        assert svg.get("role") == "img"
        assert svg[0].tag == f"{SVG}title"
        assert lit in svg[0].text
        assert svg[1].tag == f"{SVG}desc"
        assert len(svg[1].text) > 200


def test_every_part_is_named_in_text_with_symbols_and_shapes():
    expected = {
        *("letter x", "encoder", "latent ze", "nearest code", "codebook e", "index k"),
        *("look up", "code zq", "decoder", "picture", "loss", "forward", "gradients"),
        *("moving averages", "[B, 28, 28, 1]", "[B, L, D]", "[K, D]", "[B, L]"),
    }
    for svg in drawings():
        assert expected <= set(words(svg))
        joined = " ".join(words(svg))
        assert "gap: no gradient" in joined
        assert "carried straight through" in joined


def test_without_symbols_only_words_stand_there():
    for svg in drawings(symbols=False):
        assert {"letter", "latent", "codebook", "index"} <= set(words(svg))
        assert not re.search(r"\[|\b[BLDKkxz]\b", " ".join(words(svg)))


def test_each_part_lights_something_else_and_the_whole_lights_everything():
    lit = {name: frozenset(bright(drawings(name)[0])) for name in [*PARTS, "whole"]}
    assert len(set(lit.values())) == len(lit)
    assert lit["whole"] == set(groups(drawings()[0]))
    assert all(0 < len(lit[name]) < len(lit["whole"]) for name in PARTS)


@pytest.mark.parametrize("lit", [*PARTS, "whole", "rival"])
def test_both_layouts_light_the_same(lit):
    wide, tall = drawings(lit)
    assert bright(wide) == bright(tall)


def test_whatever_is_lit_is_drawn_and_everything_is_lit_somewhere():
    drawn = set(groups(drawings()[0])) - {None}
    named = set().union(*machine.LIT.values())
    assert named <= drawn
    arrows = {" ".join(flow) for flow in machine.FLOWS}
    assert drawn - arrows <= named


@pytest.mark.parametrize(
    ("lit", "part"),
    [
        ("letters", "letter"),
        ("encoder", "encoder"),
        ("decoder", "decoder"),
        ("quantizer", "nearest"),
        ("quantizer", "lookup"),
        ("codebook", "averages"),
        ("losses", "gap"),
        ("losses", "gradients"),
        ("training", "gradients"),
        ("health", "index"),
        ("dictionary", "decoder"),
        ("judges", "picture"),
        ("prices", "loss"),
        ("grid", "index"),
        ("rival", "cloud"),
    ],
)
def test_the_part_stands_out_and_the_rest_is_pale(lit, part):
    for svg in drawings(lit):
        found = groups(svg)
        assert found[part].get("opacity") is None
        assert found[part].get("font-weight") == "bold"
        pale = [group for group in found.values() if group.get("opacity")]
        assert pale
        assert {group.get("opacity") for group in pale} == {machine.PALE}


def test_the_rival_has_a_cloud_in_place_of_codes():
    for svg in drawings("rival"):
        found = set(groups(svg)) - {None}
        assert {"cloud", "latent", "quantized", "decoder", "gradients"} <= found
        assert not found & {"codebook", "index", "gap", "averages"}
        assert {"cloud", "draw a point", "mean, spread", "latent z"} <= set(words(svg))
        assert not re.search(r"\bcode|index|moving", " ".join(words(svg)))
        assert bright(svg) - {None} == machine.RIVAL_LIT
        for one, other in machine.RIVAL_FLOWS:
            assert f"{one} {other}" in found


def test_a_grid_has_four_of_each_where_the_others_have_one():
    for one, four in zip(drawings(), drawings("grid"), strict=True):
        one, four = groups(one), groups(four)
        for name, kind in {"latent": "rect", "quantized": "rect"}.items():
            cells = [len(list(each[name].iter(SVG + kind))) for each in (one, four)]
            assert cells[1] == 4 * cells[0]
        numbers_shown = [words(each["index"]) for each in (one, four)]
        assert numbers_shown == [["23", "index k"], ["23", "5", "41", "8", "index k"]]


def strokes(group):
    return {line.get("stroke") for line in group.iter(f"{SVG}polyline")}


def test_forward_back_and_averages_have_colours_of_their_own():
    for svg in drawings():
        found = groups(svg)
        assert strokes(found["letter encoder"]) == {COLORS[0]}
        assert strokes(found["gradients"]) == {COLORS[1]}
        assert strokes(found["averages"]) == {COLORS[2]}
        for line in found["gradients"].iter(f"{SVG}polyline"):
            assert line.get("stroke-dasharray") not in (None, "none")


def test_no_gradient_is_drawn_where_the_gap_is():
    for svg, layout in zip(drawings(), (machine.WIDE, machine.TALL), strict=True):
        crack = groups(svg)["gap"]
        assert len(list(crack.iter(f"{SVG}polyline"))) == 2
        (x, y), (to_x, to_y) = (layout.places[name] for name in ("nearest", "index"))
        places = [numbers(line.get("points")) for line in crack.iter(f"{SVG}polyline")]
        for xs, ys in ((line[::2], line[1::2]) for line in places):
            assert min(xs) - 1 <= (x + to_x) / 2 <= max(xs) + 1
            assert abs(sum(ys) / len(ys) - (y + to_y) / 2) < 12
        # The way back touches neither the choice nor the index.
        for line in groups(svg)["gradients"].iter(f"{SVG}polyline"):
            points = numbers(line.get("points"))
            for name in ("nearest", "index", "lookup", "codebook"):
                (x, y), (width, height) = layout.places[name], machine.SIZES[name]
                for a, b in zip(points[::2], points[1::2], strict=True):
                    assert abs(a - x) > width / 2 or abs(b - y) > height / 2


def test_text_is_large_enough_on_a_phone():
    tall = drawings()[1]
    scale = NARROWEST / numbers(tall.get("viewBox"))[2]
    sizes = [
        float(element.get("font-size"))
        for element in tall.iter()
        if element.get("font-size")
    ]
    assert min(sizes) * scale > 9.5


@pytest.mark.parametrize("lit", ["whole", "rival"])
def test_nothing_leaves_the_paper(lit):
    for svg in drawings(lit):
        _, _, width, height = numbers(svg.get("viewBox"))
        for line in (*svg.iter(f"{SVG}polyline"), *svg.iter(f"{SVG}polygon")):
            points = numbers(line.get("points"))
            assert min(points) >= 0
            assert max(points[::2]) <= width
            assert max(points[1::2]) <= height
        for text in svg.iter(f"{SVG}text"):
            x, y, length = float(text.get("x")), float(text.get("y")), 0.56 * 12.5
            length *= len("".join(text.itertext()))
            left = {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor")]
            assert x - left * length >= 0
            assert x + (1 - left) * length <= width
            assert 8 <= y <= height - 4


def test_parts_do_not_overlap():
    for layout in (machine.WIDE, machine.TALL):
        for one, other in itertools.combinations(layout.places, 2):
            apart = [
                abs(layout.places[one][axis] - layout.places[other][axis])
                - (machine.SIZES[one][axis] + machine.SIZES[other][axis]) / 2
                for axis in (0, 1)
            ]
            assert max(apart) > 10, (one, other)


def test_ink_is_that_of_the_page_and_nothing_is_shared_between_two_maps():
    for svg in drawings():
        assert svg.get("fill") == "currentColor"
        assert not [element for element in svg.iter() if element.get("id")]


def test_the_same_map_is_the_same_text():
    once, again = (plots.machine_map("losses")._repr_html_() for _ in range(2))
    assert once == again
    assert len(once) < 60_000
    assert "\n" not in once


def test_what_must_be_escaped_is_escaped(monkeypatch):
    monkeypatch.setattr(machine, "ABOUT", 'a < b & "c"')
    assert drawings()[0][1].text == 'a < b & "c"'


@pytest.mark.parametrize("part", ["nose", "<b>", "", None, 3, "Encoder"])
def test_an_unknown_part_is_told_in_one_line_that_names_the_parts(part):
    with pytest.raises(LessonError) as caught:
        plots.machine_map(part)
    message = str(caught.value)
    assert repr(part) in message
    assert "\n" not in message
    for name in (*PARTS, "whole"):
        assert name in message
