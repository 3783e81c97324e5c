"""Codes beside phonemes: every measure against loops, closed forms or scikit-learn."""

from collections import Counter

import numpy as np
import pytest
from scipy.fft import dct
from sklearn.metrics import confusion_matrix, mutual_info_score

from vqvae_lesson.phonemes import (
    accuracy,
    agreement,
    best_map,
    boundaries,
    cepstra,
    cluster_codes,
    code_histograms,
    deal_within,
    match_boundaries,
    owners,
    phonemes_of_codes,
    random_boundaries,
    recognise_voices,
    stack_frames,
)


@pytest.fixture
def spoken():
    """Codes that mostly follow the phonemes, two for each."""
    random = np.random.default_rng(0)
    phonemes = random.integers(5, size=[20, 16])
    codes = 2 * phonemes + random.integers(2, size=phonemes.shape)
    astray = random.random(codes.shape) < 0.3
    return np.where(astray, random.integers(12, size=codes.shape), codes), phonemes


def test_the_phoneme_of_a_code_is_the_one_in_its_middle():
    frames = np.array([[0, 0, 1, 1, 1, 2, 2, 2]])
    assert phonemes_of_codes(frames, 4).tolist() == [[0, 1, 2, 2]]
    assert phonemes_of_codes(frames, 2).tolist() == [[1, 2]]
    assert phonemes_of_codes(frames, 8).tolist() == frames.tolist()


def test_the_best_map_is_the_best_of_all_maps(spoken):
    codes, phonemes = (one[:3] % 3 for one in spoken)
    maps = np.stack(np.meshgrid(*[range(3)] * 3), axis=-1).reshape(-1, 3)
    best = max(accuracy(codes, phonemes, one) for one in maps)
    found = best_map(codes, phonemes, 3)
    assert accuracy(codes, phonemes, found) == pytest.approx(best)


def test_the_best_map_counts_code_by_code(spoken):
    codes, phonemes = spoken
    found = best_map(codes, phonemes, 14)
    usual = Counter(phonemes.ravel().tolist()).most_common(1)[0][0]
    for code in range(14):
        counts = Counter(phonemes[codes == code].tolist())
        if counts:
            assert counts[found[code]] == max(counts.values())
        else:
            assert found[code] == usual


def test_agreement_is_what_a_table_of_both_says(spoken):
    codes, phonemes = spoken
    meaning = np.zeros(12, int)
    found = agreement(codes, phonemes, meaning)
    assert found.accuracy == pytest.approx(np.mean(phonemes == 0))
    table = confusion_matrix(codes.ravel(), phonemes.ravel(), labels=range(12))
    assert found.purity == pytest.approx(table.max(axis=1).sum() / table.sum())
    shares = [np.bincount(one.ravel()) / one.size for one in spoken]
    nats = [-np.sum(part[part > 0] * np.log(part[part > 0])) for part in shares]
    both = mutual_info_score(codes.ravel(), phonemes.ravel())
    assert found.information == pytest.approx(both / np.mean(nats))


def test_shuffled_codes_know_nothing(spoken):
    codes, phonemes = spoken
    codes, phonemes = np.tile(codes, [20, 1]), np.tile(phonemes, [20, 1])
    shuffled = np.random.default_rng(1).permutation(codes.ravel()).reshape(codes.shape)
    found = agreement(shuffled, phonemes, best_map(codes, phonemes, 12))
    assert found.information < 0.01
    assert found.accuracy == pytest.approx(0.2, abs=0.03)


def test_a_phoneme_has_a_code_of_its_own_when_both_shares_are_large(spoken):
    codes, phonemes = spoken
    meaning = best_map(codes, phonemes, 12)
    recall, precision = owners(codes, phonemes, meaning, 5)
    for phoneme in range(5):
        meant, there = meaning[codes] == phoneme, phonemes == phoneme
        assert recall[phoneme] == pytest.approx((meant & there).sum() / there.sum())
        assert precision[phoneme] == pytest.approx((meant & there).sum() / meant.sum())
    assert owners(codes, phonemes, np.zeros(12, int), 6)[1][1:].tolist() == [0] * 5


def test_boundaries_match_as_loops_find_them():
    random = np.random.default_rng(0)
    found, true = random.random([2, 6, 30]) < 0.2
    for near in (0, 1, 2):
        right = [
            any(true[row, max(0, at - near) : at + near + 1])
            for row, at in np.argwhere(found)
        ]
        heard = [
            any(found[row, max(0, at - near) : at + near + 1])
            for row, at in np.argwhere(true)
        ]
        matched = match_boundaries(found, true, near)
        assert matched.precision == pytest.approx(np.mean(right))
        assert matched.recall == pytest.approx(np.mean(heard))


def test_the_control_has_as_many_boundaries_elsewhere():
    found = boundaries(np.random.default_rng(0).integers(3, size=[50, 40]))
    control = random_boundaries(found, seed=1)
    assert (control.sum(axis=1) == found.sum(axis=1)).all()
    assert match_boundaries(control, found, near=0).precision == pytest.approx(
        found.mean(), abs=0.05
    )


def test_dealt_codes_keep_to_their_phonemes_and_forget_who_spoke(spoken):
    phonemes = np.tile(spoken[1], [10, 1])
    voices = np.arange(len(phonemes)) % 4
    codes = 4 * phonemes + voices[:, None]  # each voice has codes of its own
    dealt = deal_within(codes, phonemes, seed=1)
    for phoneme in range(5):
        there = phonemes == phoneme
        assert sorted(dealt[there]) == sorted(codes[there])
    knows = mutual_info_score(dealt.ravel() % 4, np.repeat(voices, codes.shape[1]))
    assert knows < 0.01
    assert codes[0, 0] == 4 * phonemes[0, 0]  # what was given stays as it is
    assert (deal_within(codes, phonemes, seed=2) != dealt).any()


def test_voices_are_recognised_by_the_codes_they_use_and_not_by_chance():
    random = np.random.default_rng(0)
    voices = np.repeat(np.arange(4), 20)
    telling = random.integers(4, size=[80, 30]) + 4 * voices[:, None]
    silent = random.integers(16, size=[80, 30])
    seen, new = np.arange(80) % 2 == 0, np.arange(80) % 2 == 1
    for codes, least, most in ((telling, 1, 1), (silent, 0, 0.5)):
        shares = code_histograms(codes, 16)
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        right = recognise_voices(shares[seen], voices[seen], shares[new], voices[new])
        assert least <= right <= most


def test_frames_stand_side_by_side_in_time():
    frames = np.arange(2 * 6 * 3).reshape(2, 6, 3)
    stacked = stack_frames(frames, 3)
    assert stacked.shape == (2, 3, 6)
    assert stacked[1, 2].tolist() == [*frames[1, 4], *frames[1, 5]]


def test_cepstra_are_the_cosine_transform():
    decibels = np.random.default_rng(0).uniform(-80, 0, [2, 5, 40])
    expected = dct(decibels * np.log(10) / 10, norm="ortho")[..., :13]
    found = cepstra(decibels)
    # TensorFlow weighs all waves as the orthonormal transform does all but the first.
    np.testing.assert_allclose(found[..., 1:], expected[..., 1:], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(
        found[..., 0], np.sqrt(2) * expected[..., 0], rtol=1e-3, atol=1e-3
    )


def test_clusters_far_apart_are_found_and_others_go_to_the_nearest():
    random = np.random.default_rng(0)
    which = random.integers(3, size=[10, 8])
    points = np.array([[0, 0], [9, 0], [0, 9]])[which] + random.normal(size=[10, 8, 2])
    train, other = cluster_codes(points, [points[:2] + 0.5], 3, seed=0)
    names = {number: train[which == number][0] for number in range(3)}
    assert len(set(names.values())) == 3
    assert (train == np.vectorize(names.get)(which)).all()
    assert (other == train[:2]).all()
