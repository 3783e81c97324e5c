"""Pictures in motion: they run once, at most five seconds, and rest at their end."""

from xml.etree import ElementTree as ET

import numpy as np

from vqvae_lesson.classroom.play.figure import Play, add_part
from vqvae_lesson.classroom.play.pages import sheet_of
from vqvae_lesson.classroom.play.plane import as_png

WIDTH = 480
LARGEST, SLOWEST, LONGEST = 48, 160, 4_800  # a picture; milliseconds a frame, in all


def pictures_in_motion(frames, labels, columns, title, about, label="step"):
    """Show pictures that change, frame after frame.

    Parameters
    ----------
    frames : array, float [T, N, H, W, 1] in [0, 1]
        N pictures, laid out in rows, at each of T times.
    labels : sequence of str
        What is said of each frame.
    columns : int
        How many pictures stand side by side.
    title, about : str
        For those who cannot see it.
    label : str
        Of the slider.

    Returns
    -------
    Play
        The last frame, until the reader comes to see it. Then it runs once, unless
        the reader has asked for less motion.

    Examples
    --------
    >>> import numpy as np
    >>> frames = np.random.default_rng(0).random([3, 4, 28, 28, 1])
    >>> about = {"title": "Noise", "about": "Four squares of noise, three times."}
    >>> figure = pictures_in_motion(frames, ["1", "2", "3"], columns=4, **about)
    >>> "Four squares of noise" in figure._repr_html_()
    True
    """
    rows = -(-len(frames[0]) // columns)
    sheets = [sheet_of(pictures, columns, rows) for pictures in frames]
    (tall, wide), last = sheets[0].shape, len(sheets) - 1
    width = min(WIDTH, LARGEST * columns)
    height = round(width * tall / wide, 2)
    view = {"top": 0, "height": height, "label": label}
    view["milliseconds"] = min(SLOWEST, LONGEST // len(sheets))
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img"})
    ET.SubElement(svg, "title").text = title
    ET.SubElement(svg, "desc").text = about
    name = f"play-{'-'.join(title.split())}"
    place = {"x": (WIDTH - width) / 2, "width": width}
    clip = ET.SubElement(svg, "clipPath", {"id": name})
    add_part(clip, "rect", "window", y=0, height=height, **place)
    held = ET.SubElement(svg, "g", {"clip-path": f"url(#{name})"})
    whole = {"y": -last * height, "height": height * len(sheets), **place}
    add_part(held, "image", "sheet", href=as_png(np.concatenate(sheets)), **whole)
    return Play(
        "motion",
        title,
        svg,
        {"labels": [*labels], "view": view},
        labels[-1],
        {"run": "Run", "back": "One back", "on": "One on"},
        shared=["film"],
    )
