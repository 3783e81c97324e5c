"""Every figure of the book: one function a kind, each returns the Figure."""

from vqvae_lesson.plots.charts import (
    bars,
    dots,
    histogram,
    limit_curve,
    lines,
    stacked_bars,
)
from vqvae_lesson.plots.codes import code_lines, latent_map
from vqvae_lesson.plots.encoder import (
    filter_answers,
    filter_indices,
    filter_steps,
    letter_through_layers,
)
from vqvae_lesson.plots.letters import (
    letter_grid,
    letter_grids,
    letter_rows,
    pixels_of,
    save_grid,
    tile,
)
from vqvae_lesson.plots.machine import machine_map
from vqvae_lesson.plots.paper import COLORS
from vqvae_lesson.plots.quantizer import distance_bars, nearest_regions

__all__ = [
    "COLORS",
    "bars",
    "code_lines",
    "distance_bars",
    "dots",
    "filter_answers",
    "filter_indices",
    "filter_steps",
    "histogram",
    "latent_map",
    "letter_grid",
    "letter_grids",
    "letter_rows",
    "letter_through_layers",
    "limit_curve",
    "lines",
    "machine_map",
    "nearest_regions",
    "pixels_of",
    "save_grid",
    "stacked_bars",
    "tile",
]
