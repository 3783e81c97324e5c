"""Every figure of the book: one function a kind, each returns the Figure."""

from vqvae_lesson.plots.charts import bars, dots, lines
from vqvae_lesson.plots.data import histograms, letter_wall, overlays
from vqvae_lesson.plots.decoder import (
    priced_letter,
    spread_on_paper,
)
from vqvae_lesson.plots.ema import averages_on_paper, cost_of_a_place, staircase
from vqvae_lesson.plots.encoder import (
    filter_answers,
    filter_indices,
    filter_steps,
    letter_through_layers,
)
from vqvae_lesson.plots.equal_price import price_plane
from vqvae_lesson.plots.first_look import (
    numbered_sheet,
    numbers_and_pictures,
    there_and_back,
)
from vqvae_lesson.plots.grid import exchanged, footprint, grid_of_codes
from vqvae_lesson.plots.health import catches, crossed, measures
from vqvae_lesson.plots.journey import journey
from vqvae_lesson.plots.letters import (
    letter_grid,
    letter_grids,
    letter_rows,
    named_letters,
    pixels_of,
    save_grid,
    tile,
)
from vqvae_lesson.plots.limits import limit_curve, split_bars
from vqvae_lesson.plots.losses import pixel_prices, price_ladder, pulls, tangent
from vqvae_lesson.plots.machine import machine_map
from vqvae_lesson.plots.paper import COLORS as COLORS
from vqvae_lesson.plots.photographs import bytes_and_likeness, photographs
from vqvae_lesson.plots.prior import looks_back, named_rows, stacked_prices
from vqvae_lesson.plots.quantizer import (
    distance_bars,
    legs,
    nearest_pictures,
    number_tables,
)
from vqvae_lesson.plots.quantizers import (
    against_size,
    cells,
    cosines,
    cuts_of_the_plane,
    ranking,
    turned_gradient,
)
from vqvae_lesson.plots.speech import code_table, sound_pictures, two_measures
from vqvae_lesson.plots.vae import model_dots, numbers_of_latents

__all__ = [
    "against_size",
    "averages_on_paper",
    "bars",
    "bytes_and_likeness",
    "catches",
    "cells",
    "code_table",
    "cosines",
    "cost_of_a_place",
    "crossed",
    "cuts_of_the_plane",
    "distance_bars",
    "dots",
    "exchanged",
    "filter_answers",
    "filter_indices",
    "filter_steps",
    "footprint",
    "grid_of_codes",
    "histograms",
    "journey",
    "legs",
    "letter_grid",
    "letter_grids",
    "letter_rows",
    "letter_through_layers",
    "letter_wall",
    "limit_curve",
    "lines",
    "looks_back",
    "machine_map",
    "measures",
    "model_dots",
    "named_letters",
    "named_rows",
    "nearest_pictures",
    "number_tables",
    "numbered_sheet",
    "numbers_and_pictures",
    "numbers_of_latents",
    "overlays",
    "photographs",
    "pixel_prices",
    "pixels_of",
    "price_ladder",
    "price_plane",
    "priced_letter",
    "pulls",
    "ranking",
    "save_grid",
    "sound_pictures",
    "split_bars",
    "spread_on_paper",
    "stacked_prices",
    "staircase",
    "tangent",
    "there_and_back",
    "tile",
    "turned_gradient",
    "two_measures",
]
