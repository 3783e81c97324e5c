"""Figures to play with: a still drawing from Python, moved by a script in the page."""

from vqvae_lesson.classroom.play.averages import codes_on_their_way
from vqvae_lesson.classroom.play.codes import codes_in_the_plane
from vqvae_lesson.classroom.play.draw import draw_a_letter
from vqvae_lesson.classroom.play.exchange import exchange_a_code
from vqvae_lesson.classroom.play.listen import listen_to_codes
from vqvae_lesson.classroom.play.motion import pictures_in_motion
from vqvae_lesson.classroom.play.pages import book_of_pages
from vqvae_lesson.classroom.play.plane import letters_from_the_plane
from vqvae_lesson.classroom.play.quantize import quantize_a_latent
from vqvae_lesson.classroom.play.rates import models_on_the_plane
from vqvae_lesson.classroom.play.replay import training_replayed
from vqvae_lesson.classroom.play.share import share_a_batch
from vqvae_lesson.classroom.play.stages import photograph_in_stages
from vqvae_lesson.classroom.play.straight import slope_carried_across
from vqvae_lesson.classroom.play.write import watch_the_prior_write

__all__ = [
    "book_of_pages",
    "codes_in_the_plane",
    "codes_on_their_way",
    "draw_a_letter",
    "exchange_a_code",
    "letters_from_the_plane",
    "listen_to_codes",
    "models_on_the_plane",
    "photograph_in_stages",
    "pictures_in_motion",
    "quantize_a_latent",
    "share_a_batch",
    "slope_carried_across",
    "training_replayed",
    "watch_the_prior_write",
]
