"""A walk over the latent plane: the letter follows the point (chapter 12)."""

from base64 import b64encode
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from vqvae_lesson.classroom.play.figure import Play, add_part

WIDTH, LEFT, TOP, PLANE, LETTER = 480, 18, 26, 326, 128
COLUMNS, ROWS = 24, 16  # of pictures that are decoded in advance
GREYS = 16
MARKED = 400  # letters at most
LEVELS = (0.003, 0.01, 0.03, 0.1, 0.3)  # of the density, in units of the highest
MARKS = {
    "●": "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
    "■": "m-2.8-2.8h5.6v5.6h-5.6z",
    "▲": "m0-3.6 3.4 6.2h-6.8z",
}


def letters_from_the_plane(model, means, labels, sounds, low, high):
    """Let a reader move over a latent plane, and see the letter that is drawn there.

    Parameters
    ----------
    model : vqvae_lesson.vae.VAE
        With two numbers per latent.
    means : array, float [N, 2]
        Of the posteriors of letters.
    labels : array, int [N]
    sounds : dict
        From each of three labels to its name; the first 400 letters of these are
        drawn as marks.
    low, high : array, float [2]
        Corners of the plane.

    Returns
    -------
    Play
        The page blends pictures that were decoded here, on a grid.
    """
    low, high = np.round(low, 3), np.round(high, 3)
    across = np.linspace(low[0], high[0], COLUMNS)
    up = np.linspace(high[1], low[1], ROWS)
    greys = grey_pictures(model, np.stack(np.meshgrid(across, up), axis=-1))
    prior = model.prior
    costs = np.quantile(prior.log_prob(np.float32(means)), np.arange(101) / 100)
    # We start on the grid, amid the letters of the first of the three characters.
    middle = np.median(means[labels == min(sounds)], axis=0)
    row, column = np.abs(up - middle[1]).argmin(), np.abs(across - middle[0]).argmin()
    start = np.array([across[column], up[row]])
    log_p = float(prior.log_prob(np.float32(start)))
    parts = prior.components_distribution
    normals = {
        "weights": prior.mixture_distribution.probs_parameter(),
        "means": parts.mean(),
        "scales": parts.stddev(),
    }
    height = round(PLANE * float((high - low)[1] / (high - low)[0]), 1)
    view = {"left": LEFT, "top": TOP, "width": PLANE, "height": height}
    view |= {"low": low.tolist(), "high": high.tolist(), "letter": LETTER}
    data = {
        "sheet": as_png(greys.transpose(0, 2, 1, 3).reshape(ROWS * 28, -1)),
        "grid": {"columns": COLUMNS, "rows": ROWS, "size": 28, "greys": GREYS},
        "prior": {name: np.float64(n).round(5).tolist() for name, n in normals.items()},
        "quantiles": costs.round(3).tolist(),
        "start": start.round(6).tolist(),
        "view": view,
    }
    share = int(np.sum(costs[1:] <= log_p))
    first = np.flatnonzero(np.isin(labels, [*sounds]))[:MARKED]
    shown = {
        name: _place(means[first][labels[first] == k], view)
        for k, name in sounds.items()
    }
    hill = _hill(prior, low, high, view)
    svg = _draw(hill, shown, _place(start, view), as_png(greys[row, column]), view)
    _tell(svg, log_p, share, view)
    says = (
        f"At ({start[0]:.2f}, {start[1]:.2f}). ln p = {log_p:.1f}; of 100 held-out "
        f"letters {share} lie where the prior is less dense."
    )
    buttons = {"draw": "Draw from the prior", "reset": "Start again"}
    return Play("plane", "the latent plane", svg, data, says, buttons)


def grey_pictures(model, places):
    """Decode places of the plane, float [R, C, 2], into greys, uint8 [R, C, 28, 28]."""
    pictures = model.decode(np.float32(places).reshape(-1, 1, 2)).numpy()
    greys = np.rint(pictures * (GREYS - 1)).astype("uint8")
    return greys.reshape(*places.shape[:2], 28, 28)


def as_png(greys):
    """Make greys, 0 for paper and 15 for ink, a picture that stands in the page."""
    picture, file = Image.fromarray(greys, "P"), BytesIO()
    picture.putpalette([255 - 17 * grey for grey in range(GREYS) for _ in "rgb"])
    picture.save(file, "PNG", bits=4, optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def _place(points, view):
    """From numbers of a latent to places in the drawing."""
    low, high = np.array(view["low"]), np.array(view["high"])
    across, up = ((np.asarray(points) - low) / (high - low)).T
    x = view["left"] + view["width"] * across
    return np.stack([x, view["top"] + view["height"] * (1 - up)], axis=-1)


def _hill(prior, low, high, view):
    """Outline where the density is at least each of the levels."""
    across, up = np.linspace(low, high, 70).T
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    density = prior.prob(np.float32(grid)).numpy()
    axes, outlines = Figure().subplots(), []
    for level in LEVELS:
        inside = [level * density.max(), 2 * density.max()]
        (path,) = axes.contourf(across, up, density, inside).get_paths()
        rings = [_place(ring, view) for ring in path.to_polygons()]
        lines = [" ".join(f"{x:.1f},{y:.1f}" for x, y in ring) for ring in rings]
        outlines.append("".join(f"M{line}Z" for line in lines))
    return outlines


def _draw(hill, shown, start, letter, view):
    """Draw plane, hill, marks, the point, and the letter on its paper."""
    height, width = view["top"] + view["height"] + 22, view["width"]
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {height:.0f}", "role": "img"})
    ET.SubElement(svg, "title").text = "The latent plane"
    ET.SubElement(svg, "desc").text = (
        "A grey hill, the prior, runs over a plane. Marks in three colours are "
        f"letters of {', '.join(shown)}; few lie where the grey is pale. A ring "
        "stands among the first of them. Beside the plane the letter that is drawn "
        "there, and below it how dense the prior is at the ring."
    )
    for outline in hill:
        add_part(svg, "path", "hill", d=outline, fill="currentColor")
        svg[-1].attrib |= {"fill-opacity": "0.07", "fill-rule": "evenodd"}
    for number, (name, places) in enumerate(shown.items()):
        mark, shape = [*MARKS.items()][number]
        inside = [p for p in places if 0 < p[0] - LEFT < width and p[1] > TOP]
        inside = [p for p in inside if p[1] < TOP + view["height"]]
        marks = "".join(f"M{x:.1f} {y:.1f}{shape}" for x, y in inside)
        add_part(svg, "path", "marks", d=marks, fill=f"var(--c{number})")
        svg[-1].set("fill-opacity", "0.8")
        add_part(svg, "text", "legend", x=LEFT + 60 * number, y=16)
        svg[-1].text = f"{mark} {name}"
        svg[-1].set("style", f"fill:var(--c{number})")
    frame = {"x": LEFT, "y": TOP, "width": width, "height": view["height"]}
    add_part(svg, "rect", "plane", **frame, fill="transparent", stroke="currentColor")
    svg[-1].set("style", "cursor:crosshair")
    middle = TOP + view["height"] / 2
    add_part(svg, "text", "axis", x=LEFT + width / 2, y=TOP + view["height"] + 16)
    add_part(svg, "text", "axis", transform=f"translate(12 {middle:.1f}) rotate(-90)")
    for axis, text in zip(svg[-2:], ("first number", "second number"), strict=True):
        axis.text = text
        axis.set("text-anchor", "middle")
    (x, y), paper = start, {"x": WIDTH - LETTER - 1, "y": TOP}
    add_part(svg, "circle", "point", cx=x, cy=y, r=8, fill="#fff", stroke="#000")
    svg[-1].attrib |= {"fill-opacity": "0.6", "stroke-width": "3"}
    paper |= {"width": LETTER, "height": LETTER}
    add_part(svg, "image", "letter", **paper, href=letter)
    svg[-1].set("style", "image-rendering:pixelated")
    add_part(svg, "rect", "frame", **paper, fill="none", stroke="currentColor")
    return svg


def _tell(svg, log_p, share, view):
    """Write below the letter how dense the prior is where it lies."""
    left, top = WIDTH - LETTER - 1, view["top"] + LETTER
    lines = [(f"ln p = {log_p:.1f}", 24), ("less dense places", 72)]
    lines += [(f"hold {share} letters in 100", 88)]
    for text, down in lines:
        add_part(svg, "text", "tells", x=left, y=top + down)
        svg[-1].text = text
    bar = {"x": left, "y": top + 36, "height": 12}
    add_part(svg, "rect", "share", **bar, width=LETTER * share / 100, fill="var(--c5)")
    add_part(svg, "rect", "all", **bar, width=LETTER, fill="none")
    svg[-1].set("stroke", "currentColor")
