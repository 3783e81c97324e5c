"""Figures of chapter 18: each shows what was computed, and what was measured."""

import numpy as np
from test_plots import drawn

from vqvae_lesson import plots
from vqvae_lesson.speech import PHONEMES


def test_frames_stand_with_low_tones_below_and_time_to_the_right():
    decibels = np.full([20, 40], -80.0)
    decibels[:5, :10] = -15  # early and low
    figure = plots.sound_pictures({"said": decibels}, np.repeat([0, 5], 10))
    (axes,) = figure.axes
    (image,) = axes.images
    assert image.origin == "lower"
    np.testing.assert_array_equal(image.get_array(), decibels.T)
    assert image.get_extent() == [0, 200, 0, 40]
    assert drawn(figure).std() > 1


def test_phonemes_stand_over_the_middle_of_their_frames():
    figure = plots.sound_pictures({"said": np.zeros([20, 40])}, [4] * 6 + [7] * 14)
    texts = [(text.get_text(), text.get_position()[0]) for text in figure.axes[0].texts]
    assert texts == [("o", 30), ("ts", 130)]
    assert [line.get_xdata()[0] for line in figure.axes[0].lines] == [0, 60]


def test_the_table_has_shares_of_each_code_in_the_order_of_what_it_means():
    codes, phonemes = np.array([0, 0, 0, 1, 1, 2]), np.array([3, 3, 1, 0, 0, 12])
    figure = plots.code_table(codes, phonemes, meaning=[3, 0, 12])
    table = figure.axes[0].images[0].get_array()
    order = [int(tick.get_text()) for tick in figure.axes[0].get_xticklabels()]
    assert order == [1, 0, 2]
    for column, code in enumerate(order):
        for phoneme in range(len(PHONEMES)):
            share = np.mean(phonemes[codes == code] == phoneme)
            assert table[phoneme, column] == share


def test_each_run_is_a_dot_in_both_measures():
    rows = {"told": ([0.7, 0.8, 0.9], [0.4, 0.5, 0.5]), "frames": ([0.6], [0.7])}
    figure = plots.two_measures(rows, ("right", "voices"))
    for side, axes in enumerate(figure.axes):
        found = [sorted(line.get_xdata()) for line in axes.lines]
        assert found == [sorted(values[side]) for values in rows.values()]
