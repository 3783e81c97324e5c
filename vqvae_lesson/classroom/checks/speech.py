"""Checks of chapter 18: two sounds at once, a fair score of a map, bits a second."""

import math

import numpy as np

from vqvae_lesson.classroom.checks.verdict import check_function, check_value
from vqvae_lesson.phonemes import accuracy, best_map
from vqvae_lesson.sound import add_hiss


def both_at_once(answer):
    """Check how loud two sounds are that are heard together."""

    def reference(one, other):
        return add_hiss(np.asarray(one, float), np.asarray(other, float))

    def powers(one, other):
        return 10 ** (one / 10) + 10 ** (other / 10)

    mistakes = {
        "decibels do not add up: they are logarithms, and powers add up.": (
            lambda one, other: one + other
        ),
        "this is as loud as the louder one: the other is heard, too.": np.maximum,
        "this is the mean of both: together they are louder than each.": (
            lambda one, other: (one + other) / 2
        ),
        "the powers are added, and left as powers: write them in decibels.": (powers),
        "this is the natural logarithm: decibels take the one to base 10.": (
            lambda *case: 10 * np.log(powers(*case))
        ),
        "this is the logarithm to base 2: decibels take the one to base 10.": (
            lambda *case: 10 * np.log2(powers(*case))
        ),
        "the logarithm of the power are bels: a bel has ten decibels.": (
            lambda *case: np.log10(powers(*case))
        ),
        "this takes 20 for 10 on the way back: it is 10 times the logarithm of a "
        "power.": lambda *case: 20 * np.log10(powers(*case)),
        "decibels are made powers without dividing them by 10.": lambda one, other: (
            10 * np.log10(10.0**one + 10.0**other)
        ),
        "this takes e for 10: the power is 10 to a tenth of the decibels.": (
            lambda one, other: 10 * np.log10(np.exp(one / 10) + np.exp(other / 10))
        ),
        "this takes 20 for 10: two sounds that know nothing of each other add up in "
        "power, not in height.": lambda one, other: (
            20 * np.log10(10 ** (one / 20) + 10 ** (other / 20))
        ),
        "the mean of the powers is taken: they add up.": lambda *case: (
            reference(*case) - 10 * math.log10(2)
        ),
    }
    cases = [
        (np.array([-20.0, -20.0]), np.array([-20.0, -60.0])),
        (np.array([[-80.0, -10.0, -33.0]]), np.array([[-70.0, -10.0, -30.0]])),
    ]

    def fresh(random):
        """Draw two utterances of three frames."""
        one, other = random.uniform(-80, 0, [2, 3, 4])
        return [(one, other)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def fair_score(answer):
    """Check how often a map is right that was chosen on other utterances."""

    def reference(train_codes, train_phonemes, codes, phonemes, num_codes):
        return accuracy(
            codes, phonemes, best_map(train_codes, train_phonemes, num_codes)
        )

    def on_the_test(train_codes, train_phonemes, codes, phonemes, num_codes):
        return accuracy(codes, phonemes, best_map(codes, phonemes, num_codes))

    def on_the_training(train_codes, train_phonemes, codes, phonemes, num_codes):
        own = best_map(train_codes, train_phonemes, num_codes)
        return accuracy(train_codes, train_phonemes, own)

    def code_by_code(train_codes, train_phonemes, codes, phonemes, num_codes):
        own = best_map(train_codes, train_phonemes, num_codes)
        right = [np.mean(phonemes[codes == k] == own[k]) for k in np.unique(codes)]
        return np.mean(right)

    def other_way(train_codes, train_phonemes, codes, phonemes, num_codes):
        most = max(train_phonemes.max(), phonemes.max()) + 1
        own = best_map(train_phonemes, train_codes, most)
        return accuracy(phonemes, codes, own)

    mistakes = {
        "the map is chosen on the utterances that it is scored on: choose it on the "
        "others.": on_the_test,
        "this is the score on the utterances that the map was chosen on.": (
            on_the_training
        ),
        "each code counts once here, however often it is chosen: count places.": (
            code_by_code
        ),
        "this guesses the code from the phoneme: guess the phoneme from the code.": (
            other_way
        ),
        "this is the share that is wrong.": lambda *case: 1 - reference(*case),
        "this is how many are right: divide by how many there are.": (
            lambda *case: reference(*case) * case[2].size
        ),
        "these are per cent: give the share.": lambda *case: 100 * reference(*case),
    }
    cases = [
        (
            np.array([[0, 0, 0, 1, 1, 2]]),
            np.array([[4, 4, 1, 1, 1, 3]]),
            np.array([[0, 0, 1, 2]]),
            np.array([[1, 4, 1, 4]]),
            3,
        ),
        (
            np.array([[0, 1, 2, 2, 1], [0, 1, 2, 0, 0]]),
            np.array([[3, 5, 0, 0, 5], [3, 3, 0, 3, 5]]),
            np.array([[2, 2, 0, 1, 2], [0, 1, 1, 1, 1]]),
            np.array([[0, 5, 3, 3, 0], [5, 3, 3, 5, 3]]),
            3,
        ),
    ]

    def fresh(random):
        """Draw codes that mostly follow the phonemes, and none that is not seen."""
        drawn = []
        for _ in range(3):  # the code may be guessed as well as the phoneme, by chance
            phonemes = random.integers(4, size=[2, 3, 20])
            astray = random.random(phonemes.shape) < 0.4
            codes = np.where(astray, random.integers(6, size=phonemes.shape), phonemes)
            codes[0, 0, :6] = np.arange(6)
            drawn.append((codes[0], phonemes[0], codes[1], phonemes[1], 6))
        return drawn

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def bits_a_second(answer):
    """Check what the codes of a second cost, all codes being equally likely."""
    mistakes = {
        "that is how many codes a second has: each of them costs bits.": 50,
        "these are nats: the logarithm to base 2 gives bits.": 50 * math.log(32),
        "these are the bits of a whole utterance: take one second.": 64 * 5,
        "a code is one of 32: to name it takes log 32 bits, not 32.": 50 * 32,
        "these are the bits of one code: a second has many.": 5,
        "a code stands for two frames, not for one.": 500,
        "these are bytes: a byte has 8 bits.": 250 / 8,
        "this is the sound itself, sample by sample: send its codes.": 16_000 * 16,
        "a code is sent as its number, one of 32: not as 16 bits, as a sample is, nor "
        "as its 16 coordinates.": 50 * 16,
    }
    return check_value(answer, 250, mistakes)
