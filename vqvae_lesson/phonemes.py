"""What codes know of phonemes, and of who speaks (chapter 18).

The best fixed map from code to phoneme, after van den Oord et al. 2017,
arXiv:1711.00937, section 4.3; purity, mutual information, boundaries; and the rivals
that have no network.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import normalized_mutual_info_score

from vqvae_lesson.health import RECORDS
from vqvae_lesson.runs.files import read_json

__all__ = [
    "phonemes_of_codes",
    "best_map",
    "accuracy",
    "Agreement",
    "agreement",
    "owners",
    "boundaries",
    "Boundaries",
    "match_boundaries",
    "random_boundaries",
    "deal_within",
    "code_histograms",
    "recognise_voices",
    "stack_frames",
    "cepstra",
    "cluster_codes",
    "load_phonemes",
]


def phonemes_of_codes(phonemes, latent_size):
    """Say which phoneme is spoken in the middle of what each code stands for.

    Parameters
    ----------
    phonemes : array, int [N, T]
        Of frames.
    latent_size : int
        L, codes an utterance; T divides by it.

    Returns
    -------
    ndarray, int [N, L]

    Examples
    --------
    >>> phonemes_of_codes([[5, 5, 5, 7, 7, 7, 7, 7]], latent_size=2).tolist()
    [[5, 7]]
    """
    phonemes = np.asarray(phonemes)
    step = phonemes.shape[1] // latent_size
    return phonemes[:, step // 2 :: step]


def best_map(codes, phonemes, num_codes):
    """For each code, find the phoneme during which it is chosen most often.

    Parameters
    ----------
    codes, phonemes : array, int [...]
    num_codes : int
        K.

    Returns
    -------
    ndarray, int [K]
        For a code never chosen, the most frequent phoneme of all.

    Examples
    --------
    >>> best_map([0, 0, 0, 2], [4, 4, 1, 1], num_codes=3).tolist()
    [4, 1, 1]
    """
    codes, phonemes = np.ravel(codes), np.ravel(phonemes)
    counts = np.zeros([num_codes, phonemes.max() + 1], int)
    np.add.at(counts, (codes, phonemes), 1)
    usual = np.bincount(phonemes).argmax()
    return np.where(counts.any(axis=1), counts.argmax(axis=1), usual)


def accuracy(codes, phonemes, meaning):
    """Share of codes whose phoneme a map tells.

    Parameters
    ----------
    codes, phonemes : array, int [...]
    meaning : array, int [K]
        From :func:`best_map`.

    Returns
    -------
    float

    Examples
    --------
    >>> accuracy([0, 0, 0, 2], [4, 4, 1, 1], meaning=[4, 1, 1])
    0.75
    """
    return float(np.mean(np.asarray(meaning)[codes] == phonemes))


class Agreement(NamedTuple):
    """How far codes and phonemes say the same.

    Attributes
    ----------
    accuracy : float
        Of the map chosen on other utterances.
    purity : float
        Of the map chosen on these.
    information : float
        Mutual information, in shares of the mean of both entropies.
    """

    accuracy: float
    purity: float
    information: float


def agreement(codes, phonemes, meaning):
    """Measure how far codes and phonemes say the same.

    Parameters
    ----------
    codes, phonemes : array, int [...]
    meaning : array, int [K]
        A map chosen on other utterances.

    Returns
    -------
    Agreement

    Examples
    --------
    >>> found = agreement([0, 0, 1, 1], [4, 4, 5, 5], meaning=[4, 4])
    >>> found.accuracy, found.purity, round(found.information, 3)
    (0.5, 1.0, 1.0)
    """
    own = best_map(codes, phonemes, len(meaning))
    information = normalized_mutual_info_score(np.ravel(phonemes), np.ravel(codes))
    return Agreement(
        accuracy(codes, phonemes, meaning),
        accuracy(codes, phonemes, own),
        float(information),
    )


def owners(codes, phonemes, meaning, num_phonemes):
    """For each phoneme, how much of it a map finds, and how much of it is found right.

    Parameters
    ----------
    codes, phonemes : array, int [...]
    meaning : array, int [K]
    num_phonemes : int

    Returns
    -------
    recall, precision : ndarray, float [P]
        Share of the phoneme's codes that mean it; share of the codes that mean it
        which are chosen during it, 0 where none does.

    Examples
    --------
    >>> recall, precision = owners([0, 0, 1, 1], [0, 0, 0, 1], [0, 1], num_phonemes=2)
    >>> recall.round(2).tolist(), precision.tolist()
    ([0.67, 1.0], [1.0, 0.5])
    """
    meant, phonemes = np.ravel(np.asarray(meaning)[codes]), np.ravel(phonemes)
    right = np.bincount(phonemes[meant == phonemes], minlength=num_phonemes)
    spoken = np.bincount(phonemes, minlength=num_phonemes)
    said = np.bincount(meant, minlength=num_phonemes)
    return right / np.maximum(spoken, 1), right / np.maximum(said, 1)


def boundaries(rows):
    """Mark where a row changes.

    Parameters
    ----------
    rows : array, int [N, L]

    Returns
    -------
    ndarray, bool [N, L - 1]

    Examples
    --------
    >>> boundaries([[5, 5, 7, 5]]).tolist()
    [[False, True, True]]
    """
    return np.diff(rows, axis=1) != 0


class Boundaries(NamedTuple):
    """How well found boundaries match true ones.

    Attributes
    ----------
    precision : float
        Share of found boundaries near a true one.
    recall : float
        Share of true boundaries near a found one.
    """

    precision: float
    recall: float


def match_boundaries(found, true, near=1):
    """Compare boundaries.

    Parameters
    ----------
    found, true : array, bool [N, L - 1]
    near : int
        As far apart two may be that count as one.

    Returns
    -------
    Boundaries

    Examples
    --------
    >>> found, true = [[True, False, False, True]], [[False, True, False, False]]
    >>> match_boundaries(found, true)
    Boundaries(precision=0.5, recall=1.0)
    """
    found, true = np.asarray(found), np.asarray(true)

    def widened(marks):
        wide = marks.copy()
        for shift in range(1, near + 1):
            wide[:, shift:] |= marks[:, :-shift]
            wide[:, :-shift] |= marks[:, shift:]
        return wide

    return Boundaries(
        float(np.mean(widened(true)[found])), float(np.mean(widened(found)[true]))
    )


def random_boundaries(found, seed=0):
    """Put as many boundaries anywhere in each row: the control.

    Parameters
    ----------
    found : array, bool [N, L - 1]
    seed : int

    Returns
    -------
    ndarray, bool [N, L - 1]

    Examples
    --------
    >>> random_boundaries([[True, False, False]]).sum().item()
    1
    """
    return np.random.default_rng(seed).permuted(found, axis=1)


def deal_within(codes, phonemes, seed=0):
    """Deal codes anew among all places where the same phoneme is spoken.

    Parameters
    ----------
    codes, phonemes : array, int [N, L]
    seed : int

    Returns
    -------
    ndarray, int [N, L]
        Each utterance keeps its phonemes and their lengths; of its codes nothing.

    Examples
    --------
    >>> dealt = deal_within([[5, 6, 7, 7]], [[0, 0, 1, 1]])
    >>> sorted(dealt[0, :2].tolist()), dealt[0, 2:].tolist()
    ([5, 6], [7, 7])
    """
    random = np.random.default_rng(seed)
    dealt, phonemes = np.array(codes), np.asarray(phonemes)
    for phoneme in np.unique(phonemes):
        places = phonemes == phoneme
        dealt[places] = random.permutation(dealt[places])
    return dealt


def code_histograms(codes, num_codes):
    """Count how often each code is chosen in each utterance.

    Parameters
    ----------
    codes : array, int [N, L]
    num_codes : int
        K.

    Returns
    -------
    ndarray, float [N, K]
        Shares.

    Examples
    --------
    >>> code_histograms([[0, 0, 2, 0]], num_codes=3).tolist()
    [[0.75, 0.0, 0.25]]
    """
    counts = [np.bincount(row, minlength=num_codes) for row in np.asarray(codes)]
    return np.array(counts) / np.shape(codes)[1]


def recognise_voices(train, train_voices, test, test_voices):
    """Let a linear classifier say who speaks.

    Parameters
    ----------
    train, test : array, float [N, F]
        What it sees of an utterance, such as :func:`code_histograms`.
    train_voices, test_voices : array, int [N]

    Returns
    -------
    float
        Share of right answers on `test`.

    Examples
    --------
    >>> recognise_voices([[0.0], [1.0]], [3, 5], [[0.1], [0.9]], [3, 5])
    1.0
    """
    train, test = np.asarray(train), np.asarray(test)
    middle, spread = train.mean(axis=0), train.std(axis=0) + 1e-6
    judge = LogisticRegression(max_iter=2_000)
    judge.fit((train - middle) / spread, train_voices)
    return float(judge.score((test - middle) / spread, test_voices))


def stack_frames(frames, latent_size):
    """Put the frames that a code stands for side by side.

    Parameters
    ----------
    frames : array, float [N, T, F]
    latent_size : int
        L; T divides by it.

    Returns
    -------
    ndarray, float [N, L, G]
        G is F times T / L.

    Examples
    --------
    >>> stack_frames(np.zeros([3, 128, 40]), latent_size=64).shape
    (3, 64, 80)
    """
    frames = np.asarray(frames)
    return frames.reshape(len(frames), latent_size, -1)


def cepstra(decibels, count=13):
    """Describe each frame by the slow waves of its spectrum: MFCC, without a network.

    Parameters
    ----------
    decibels : array, float [N, T, M]
    count : int
        How many waves, from the slowest up.

    Returns
    -------
    ndarray, float32 [N, T, count]

    References
    ----------
    Davis and Mermelstein 1980, doi:10.1109/TASSP.1980.1163420.

    Examples
    --------
    >>> waves = cepstra(np.full([3, 128, 40], -20.0))  # flat: no wave but the first
    >>> waves.shape, bool(np.abs(waves[..., 1:]).max() < 0.01)
    ((3, 128, 13), True)
    """
    logs = np.float32(decibels) * np.log(10) / 10
    return tf.signal.mfccs_from_log_mel_spectrograms(logs)[..., :count].numpy()


def cluster_codes(train, others, num_codes, seed=0):
    """Make codes without a network: the nearest of K means.

    Parameters
    ----------
    train : array, float [N, L, F]
        What the means are of.
    others : sequence of array, float [N, L, F]
    num_codes : int
        K.
    seed : int

    Returns
    -------
    list of ndarray, int [N, L]
        Of `train`, then of each of the others.

    Examples
    --------
    >>> near, far = np.zeros([1, 3, 2]), np.ones([1, 3, 2])
    >>> found = cluster_codes(np.concatenate([near, far]), [far], num_codes=2)
    >>> [codes.shape for codes in found]
    [(2, 3), (1, 3)]
    """
    rows = [np.reshape(part, [-1, np.shape(part)[-1]]) for part in (train, *others)]
    means = KMeans(num_codes, n_init=1, random_state=seed).fit(rows[0])
    return [
        means.predict(flat).reshape(np.shape(part)[:2])
        for flat, part in zip(rows, (train, *others), strict=True)
    ]


def load_phonemes():
    """Load what codes of three seeds know of phonemes and voices.

    Returns
    -------
    dict
        From a way to get codes to dicts, one a seed, of what ``make phonemes`` found.
        The ways: the recipe ``speech``, whose decoder is `told` who speaks; the same
        `untold`; the nearest of 32 means of `frames`, of frames less their voice's
        mean, `centred`, and of `cepstra`, each in shares of its spread; the codes of
        the first, `shuffled`. Beside them, once, what needs no code, `usual`: the share
        of the most frequent phoneme, and how often a voice is recognised by the shares
        of its phonemes.

    Examples
    --------
    >>> runs = load_phonemes()["told"]
    >>> len(runs), runs[0]["codes_in_use"]
    (3, 32.0)
    """
    table = read_json(RECORDS / "phonemes.json")
    usual = table.pop("usual")
    runs = {
        name: [seeds[seed] for seed in sorted(seeds, key=int)]
        for name, seeds in table.items()
    }
    return {**runs, "usual": [usual]}
