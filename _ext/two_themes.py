"""Show every picture of a page twice: ink on light paper, and light ink on dark.

A picture is taken apart into paper and ink. Its white becomes transparent, so that
the page is the paper; for the dark its ink is turned light, and colours keep their
hue. The browser loads the one that is seen.
"""

from html import escape
from pathlib import Path

import numpy as np
from docutils import nodes
from matplotlib.colors import to_rgb
from PIL import Image
from scipy.ndimage import label
from sphinx.util.osutil import relative_uri

from vqvae_lesson.plots.paper import COLORS

# From linear RGB to the cone responses of Oklab, and on to lightness and two hues
# (Bjorn Ottosson, "A perceptual color space for image processing", 2020).
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
LIGHT_INK = to_rgb("#ece6da")  # of the text on a dark page
INKS = np.array([to_rgb(color) for color in COLORS])
NEAR = 6 / 255  # as far as this from an ink's way to white, a colour is that ink
PALE, VIVID = 0.03, 0.10  # chroma: below a grey, above a colour
DARKEST = 0.62  # lightness of a colour on a dark page
MOST_INKS = 20_000  # colours of a drawing; a photograph has more, and is left as it is
THEMES = ("light", "dark")
# The theme of this page is known before anything is drawn, and not only after all of
# it is read: else both twins of the first pictures are loaded.
THEME_AT_ONCE = """<script>
if ((localStorage.getItem("mode") || "auto") == "auto")
  localStorage.setItem(
    "theme", matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
</script>"""


def oklab(colors):
    """Lightness and two axes of hue of colours, float [..., 3] in [0, 1]."""
    linear = np.where(
        colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4
    )
    return np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T


def from_oklab(lab):
    """Colours of a screen; what it cannot show is cut."""
    cones = (lab @ np.linalg.inv(TO_LAB).T) ** 3
    linear = np.clip(cones @ np.linalg.inv(TO_CONES).T, 0, 1)
    return np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055
    )


def split(colors):
    """Take colours as ink that covers white paper more or less.

    An ink of the figures where that can be; else the thinnest that looks the same.

    Parameters
    ----------
    colors : ndarray, float [N, 3] in [0, 1]

    Returns
    -------
    tuple of ndarray
        Ink [N, 3], and how much of it covers the paper [N, 1], in [0, 1].
    """
    cover = 1 - colors.min(axis=1, keepdims=True)
    ink = np.clip(1 - (1 - colors) / np.maximum(cover, 1e-9), 0, 1)
    for known in INKS:
        way = 1 - known
        part = np.clip((1 - colors) @ way / (way @ way), 0, 1)[:, None]
        missed = np.abs(1 - colors - part * way).max(axis=1)
        same = (missed < NEAR) & (np.ptp(colors, axis=1) > NEAR)
        ink[same], cover[same] = known, part[same]
    return ink, cover


def turn_light(ink):
    """Turn ink [N, 3] for a dark page: grey becomes light, a colour keeps its hue."""
    lab = oklab(ink)
    chroma = np.hypot(lab[:, 1:2], lab[:, 2:])
    colored = np.clip((chroma - PALE) / (VIVID - PALE), 0, 1)
    kept = np.concatenate([np.maximum(lab[:, :1], DARKEST), lab[:, 1:]], axis=1)
    return from_oklab(colored * kept + (1 - colored) * oklab(np.array(LIGHT_INK)))


def around(white):
    """Where white, bool [H, W], is paper: where it reaches the edge."""
    parts, _ = label(white)
    edge = np.concatenate([parts[[0, -1]].ravel(), parts[:, [0, -1]].ravel()])
    return white & np.isin(parts, edge)


def twins(picture):
    """Return a picture for a light page and one for a dark page."""
    red, green, blue = np.moveaxis(np.asarray(picture.convert("RGB"), np.uint32), 2, 0)
    packed, places = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
    if len(packed) > MOST_INKS:
        white = (packed == 0xFFFFFF)[places.ravel()].reshape(picture.size[::-1])
        paper = around(white)
        kept = picture.convert("RGB")
        kept.putalpha(Image.fromarray(np.where(paper, 0, 255).astype(np.uint8)))
        yield from (kept, kept)
        return
    ink, cover = split((packed[:, None] >> np.array([16, 8, 0]) & 255) / 255)
    for turned in (ink, turn_light(ink)):
        table = np.round(255 * np.concatenate([turned, cover], axis=1))
        pixels = table.astype(np.uint8)[places.ravel()]
        yield Image.fromarray(pixels.reshape(picture.height, picture.width, 4))


def show_both(app, doctree, docname):
    """Put both twins of each still PNG in its place; they are written once."""
    if app.builder.format != "html":
        return
    page = app.builder.get_target_uri(docname)
    for node in list(doctree.findall(nodes.image)):
        path = Path(app.srcdir, node["uri"])
        if path.suffix != ".png":
            continue
        with Image.open(path) as picture:
            if getattr(picture, "is_animated", False):
                continue
            size = picture.size
            files = [f"_images/{path.stem}.{theme}.webp" for theme in THEMES]
            write(picture, [Path(app.outdir, file) for file in files])
        tags = (
            f'<img class="only-{theme}" src="{escape(relative_uri(page, file))}"'
            f' alt="{escape(node.get("alt", ""))}" width="{size[0]}"'
            f' height="{size[1]}" loading="lazy" decoding="async">'
            for theme, file in zip(THEMES, files, strict=True)
        )
        html = f'<span class="twins">{"".join(tags)}</span>'
        node.replace_self(nodes.raw("", html, format="html"))


def write(picture, paths):
    """Write the twins of a picture, unless they are there already."""
    if all(path.exists() for path in paths):
        return
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    for twin, path in zip(twins(picture), paths, strict=True):
        twin.save(path, lossless=True, method=2)


def choose_at_once(app, pagename, templatename, context, doctree):
    """Put the choice of the theme before everything else of a page."""
    context["metatags"] = THEME_AT_ONCE + context.get("metatags", "")


def setup(app):
    """Register; nothing is kept between builds but the pictures themselves."""
    app.connect("html-page-context", choose_at_once)
    app.connect("doctree-resolved", show_both)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
