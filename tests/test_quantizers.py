"""Other ways to whole numbers, beside loops, closed forms and lists of all codes."""

import itertools
import re

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.special import softmax
from scipy.stats import chisquare, entropy, gumbel_r
from sklearn.cluster import KMeans

from tests.refusals import refused
from vqvae_lesson.ema import VectorQuantizerEMA
from vqvae_lesson.losses import commitment_loss
from vqvae_lesson.quantizer import lookup
from vqvae_lesson.quantizers import (
    bit_entropies,
    bound,
    codebook_loss,
    finite_scalars,
    gumbel_softmax,
    keep_stages,
    product_codes,
    residual_codes,
    rotate,
    scalar_codes,
    sign_bits,
    simple_codebook,
    to_digits,
    to_number,
)

FEW = settings(max_examples=15, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
SOME = st.integers(1, 4)
MIXED = [[2], [7], [3, 5], [5, 3], [8, 5, 5, 5], [2] * 6, [4, 2, 7], [1, 3, 1, 2]]
LEVELS = [[2], [3], [4], [5], [8], [7, 2], [3, 4, 5], [8, 5, 5, 5]]


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def nearest(latents, codebook):
    """Norms of all differences, in float64."""
    apart = np.float64(latents)[..., None, :] - np.float64(codebook)
    return np.linalg.norm(apart, axis=-1).argmin(-1)


def slopes(function, *arrays):
    """Gradients of a function's sum with respect to each array."""
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = tf.reduce_sum(function(*tensors))
    return tape.gradient(value, tensors)


# The codebook by gradient


@FEW
@given(SEEDS, SOME, SOME)
def test_the_codebook_loss_pulls_quantized_alone(seed, rows, size):
    latents, quantized = draw(seed, 2, rows, size)
    apart = np.float64(quantized) - latents
    found = codebook_loss(latents, quantized)
    np.testing.assert_allclose(found, np.square(apart).mean(), rtol=1e-5)
    for_latents, for_quantized = slopes(codebook_loss, latents, quantized)
    assert for_latents is None
    np.testing.assert_allclose(for_quantized, 2 * apart / apart.size, atol=1e-6)


def test_a_code_is_pulled_to_the_latents_that_chose_it_and_others_are_not():
    latents, codebook = draw(0, 30, 3), draw(1, 8, 3)
    codebook[5] = 100
    indices = nearest(latents, codebook)
    (found,) = slopes(
        lambda book: codebook_loss(latents, lookup(book, indices)), codebook
    )
    expected = np.zeros([8, 3])
    for latent, index in zip(latents, indices, strict=True):
        expected[index] += 2 * (np.float64(codebook[index]) - latent) / latents.size
    found = tf.convert_to_tensor(found).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not found[5].any()


def test_where_averages_move_the_codes_no_gradient_does():
    quantizer = VectorQuantizerEMA(6, 3)
    codebook = quantizer.codebook.value
    with tf.GradientTape() as tape:
        tape.watch(codebook)
        loss = commitment_loss(draw(0, 10, 3), quantizer(draw(0, 10, 3))[0])
    assert quantizer.trainable_variables == []
    assert tape.gradient(loss, codebook) is None


# Digits


@pytest.mark.parametrize("levels", MIXED)
def test_all_numbers_and_their_digits_are_those_of_numpy(levels):
    numbers = np.arange(np.prod(levels))
    digits = np.stack(np.unravel_index(numbers, levels, order="F"), axis=-1)
    np.testing.assert_array_equal(to_digits(numbers, levels), digits)
    found = to_number(digits, levels)
    assert found.dtype == to_digits(numbers, levels).dtype == tf.int32
    np.testing.assert_array_equal(found, numbers)


@FEW
@given(SEEDS, st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_digits_take_any_leading_axes(seed, levels):
    digits = np.random.default_rng(seed).integers(levels, size=[2, 3, len(levels)])
    numbers = np.ravel_multi_index(np.moveaxis(digits, -1, 0), levels, order="F")
    np.testing.assert_array_equal(to_number(digits, levels), numbers)
    np.testing.assert_array_equal(to_digits(numbers, levels), digits)


# Groups


@FEW
@given(SEEDS, SOME, SOME, st.integers(1, 7))
def test_a_product_is_as_many_quantizers_that_know_nothing_of_each_other(
    seed, groups, size, num_codes
):
    latents, codebooks = (
        draw(seed, 5, 2, groups * size),
        draw(seed, groups, num_codes, size),
    )
    latents = latents[::-1]
    quantized, digits = product_codes(latents, codebooks)
    for group in range(groups):
        own = slice(group * size, (group + 1) * size)
        chosen = nearest(latents[..., own], codebooks[group])
        np.testing.assert_array_equal(digits[..., group], chosen)
        np.testing.assert_array_equal(quantized[..., own], codebooks[group][chosen])


def test_groups_find_the_nearest_of_all_products():
    latents, codebooks = draw(0, 40, 4), draw(1, 2, 5, 2)
    pairs = [np.concatenate(pair) for pair in itertools.product(*codebooks)]
    quantized, digits = product_codes(latents, codebooks)
    chosen = nearest(latents, np.stack(pairs))
    np.testing.assert_array_equal(quantized, np.stack(pairs)[chosen])
    # itertools counts the last group first.
    np.testing.assert_array_equal(to_number(digits[:, ::-1], [5, 5]), chosen)


# Stages


def stage_by_stage(latents, codebooks):
    """Sums after each stage and digits, one latent at a time in float64."""
    sums, digits = np.zeros([len(codebooks), *latents.shape]), []
    for row, latent in enumerate(np.float64(latents)):
        left, chosen = latent, []
        for stage, codebook in enumerate(np.float64(codebooks)):
            chosen.append(nearest(left, codebook))
            left = left - codebook[chosen[-1]]
            sums[stage, row] = latent - left
        digits.append(chosen)
    return sums, np.array(digits)


def errors(latents, sums):
    """Squared distance of each latent from what each stage makes of it, [S, N]."""
    return np.square(np.float64(sums) - latents).sum(-1)


@FEW
@given(SEEDS, SOME, SOME, st.integers(1, 7))
def test_stages_take_what_is_left_and_add_up(seed, stages, size, num_codes):
    latents = draw(seed, 12, size)
    codebooks = draw(seed + 1, stages, num_codes, size)
    sums, digits = residual_codes(latents, codebooks)
    expected_sums, expected_digits = stage_by_stage(latents, codebooks)
    np.testing.assert_array_equal(digits, expected_digits)
    np.testing.assert_allclose(sums, expected_sums, atol=1e-5)
    again = residual_codes(latents.reshape(3, 4, size), codebooks)
    np.testing.assert_array_equal(again[0], tf.reshape(sums, [stages, 3, 4, size]))
    np.testing.assert_array_equal(again[1], tf.reshape(digits, [3, 4, stages]))


def test_with_any_codebooks_a_stage_can_make_an_error_grow():
    latents = draw(0, 50, 2)
    sums, _ = residual_codes(latents, [[[0.0, 0.0]], [[5.0, 0.0]]])
    first, second = errors(latents, sums)
    assert (second > first).all()


@FEW
@given(SEEDS, SOME, st.integers(0, 6))
def test_with_0_among_the_codes_no_stage_makes_any_error_grow(seed, size, others):
    codebooks = draw(seed, 5, others + 1, size)
    codebooks[:, others // 2] = 0
    latents = draw(seed + 1, 40, size)
    found = errors(latents, residual_codes(latents, codebooks)[0])
    found = np.stack([errors(latents, 0 * latents), *found])
    assert (found[1:] <= found[:-1] + 1e-5).all()


def test_with_means_for_codes_the_error_falls_on_average_but_not_for_each():
    latents, left, codebooks, drops = draw(3, 600, 2), draw(3, 600, 2), [], []
    for stage in range(4):
        k_means = KMeans(3, n_init=1, tol=0, max_iter=1000, random_state=stage).fit(
            left
        )
        counts = np.bincount(k_means.labels_)
        # Means take away what they hold of the squares: Huygens' theorem.
        lengths = np.square(np.float64(k_means.cluster_centers_)).sum(1)
        drops.append(counts @ lengths / len(left))
        codebooks.append(k_means.cluster_centers_)
        left = left - k_means.cluster_centers_[k_means.labels_]
    found = errors(latents, residual_codes(latents, np.stack(codebooks))[0])
    found = np.stack([np.square(np.float64(latents)).sum(-1), *found])
    np.testing.assert_allclose(-np.diff(found.mean(1)), drops, atol=1e-3)
    assert (np.diff(found.mean(1)) < 0).all()
    assert (np.diff(found, axis=0) > 0.01).any()


def test_each_letter_keeps_as_many_stages_as_it_is_told():
    sums, kept = draw(0, 4, 6, 5, 3), [1, 4, 2, 2, 3, 4]
    found = keep_stages(sums, kept).numpy()
    assert found.shape == (6, 5, 3)
    for letter, stages in enumerate(kept):
        np.testing.assert_array_equal(found[letter], sums[stages - 1, letter])


# FSQ


def ends(levels):
    """Where the bound comes to, below and above, and half the way between."""
    levels = np.float64(levels)
    reach = 1.001 * (levels - 1) / 2
    offset = np.where(levels % 2, 0, 0.5)
    return -reach - offset, reach - offset, reach


def unbound(bounded, levels):
    """What :func:`bound` was given, by the area function of both halves."""
    low, high, _ = ends(levels)
    return (np.log((bounded - low) / (high - bounded)) - np.log(low / -high)) / 2


@pytest.mark.parametrize("levels", LEVELS)
def test_the_bound_keeps_0_and_comes_to_both_outer_levels_and_no_further(levels):
    far = np.linspace(-30, 30, 3001, dtype=np.float32)[:, None] + np.zeros(len(levels))
    found = bound(far, levels).numpy()
    assert np.abs(bound(np.zeros(len(levels)), levels)).max() < 2e-6
    assert (np.diff(found, axis=0) >= -1e-6).all()
    low, high, _ = ends(levels)
    np.testing.assert_allclose(found[[0, -1]], [low, high], atol=1e-5)
    for column, count in zip(np.round(found).T, levels, strict=True):
        expected = np.arange(count) - count // 2
        np.testing.assert_array_equal(np.unique(column), expected)


@pytest.mark.parametrize("levels", LEVELS)
def test_the_bound_is_turned_round_and_its_slope_is_that_of_a_tanh(levels):
    low, high, reach = ends(levels)
    share = np.random.default_rng(0).uniform(0.05, 0.95, [50, len(levels)])
    bounded = low + share * (high - low)
    latents = np.float32(unbound(bounded, levels))
    np.testing.assert_allclose(bound(latents, levels), bounded, atol=2e-4)
    (found,) = slopes(lambda one: bound(one, levels), latents)
    # y = tanh(x) solves y' = (1 - y)(1 + y); stretched, both distances from the ends.
    expected = (high - bounded) * (bounded - low) / reach
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(("levels", "off"), [([2], 0.04), ([4], 3e-4), ([8], 1e-5)])
def test_the_published_tan_in_place_of_arctanh_would_be_seen(levels, off, monkeypatch):
    monkeypatch.setattr(tf, "atanh", tf.tan)
    assert np.abs(bound([0.0], levels)) > off
    with pytest.raises(AssertionError):
        test_the_bound_keeps_0_and_comes_to_both_outer_levels_and_no_further(levels)


@pytest.mark.parametrize("levels", LEVELS)
def test_every_code_is_chosen_by_a_latent_at_its_place(levels):
    numbers = np.arange(np.prod(levels))
    digits = to_digits(numbers, levels).numpy()
    codes = scalar_codes(digits, levels).numpy()
    bounded = digits - np.array(levels) // 2
    quantized, found = finite_scalars(np.float32(unbound(bounded, levels)), levels)
    np.testing.assert_array_equal(to_number(found, levels), numbers)
    np.testing.assert_allclose(quantized, codes, atol=1e-6)
    assert len(np.unique(codes, axis=0)) == len(numbers)
    assert np.abs(codes).max() <= 1
    for axis, count in enumerate(levels):
        values = np.unique(codes[:, axis])
        np.testing.assert_allclose(np.diff(values), 1 / (count // 2), rtol=1e-5)
        assert values[0] == -1
        assert 0 in values


@pytest.mark.parametrize("levels", LEVELS)
def test_the_rounding_is_passed_over_backward_the_bound_is_not(levels):
    latents = draw(0, 20, len(levels))
    bounded = np.float64(bound(latents, levels))
    low, high, reach = ends(levels)
    (found,) = slopes(lambda one: finite_scalars(one, levels)[0], latents)
    expected = (high - bounded) * (bounded - low) / reach / (np.array(levels) // 2)
    np.testing.assert_allclose(found, expected, atol=1e-4)


# LFQ


@FEW
@given(SEEDS, SOME)
def test_sign_bits_find_the_nearest_corner(seed, size):
    latents = draw(seed, 4, 5, size)
    corners = np.array([*itertools.product([-1, 1], repeat=size)])
    quantized, bits = sign_bits(latents)
    chosen = nearest(latents, corners)
    np.testing.assert_allclose(quantized, corners[chosen], atol=1e-6)
    # itertools counts the last bit first.
    np.testing.assert_array_equal(to_number(bits[..., ::-1], [2] * size), chosen)
    (found,) = slopes(lambda one: sign_bits(one)[0], latents)
    np.testing.assert_array_equal(found, np.ones_like(latents))


def test_a_latent_at_0_has_the_bit_0():
    quantized, bits = sign_bits([[0.0, -0.0, 1e-30]])
    assert bits.numpy().tolist() == [[0, 0, 1]]
    np.testing.assert_allclose(quantized, [[-1, -1, 1]])


def entropies(latents, temperature):
    """Both entropies over a list of all codes, in float64."""
    corners = np.array([*itertools.product([-1.0, 1.0], repeat=latents.shape[1])])
    apart = np.square(np.float64(latents)[:, None] - corners).sum(-1)
    choice = softmax(-apart / temperature, axis=1)
    return entropy(choice, axis=1).mean(), entropy(choice.mean(0))


@FEW
@given(SEEDS, st.integers(1, 6), st.sampled_from([0.1, 1.0, 5.0]))
def test_entropies_are_those_over_all_codes(seed, size, temperature):
    latents = 0.5 * draw(seed, 20, size)
    found = [float(one) for one in bit_entropies(latents, temperature)]
    assert found == pytest.approx(entropies(latents, temperature), abs=1e-4)
    # A soft choice of a corner is one of each bit by itself.
    yes = 1 / (1 + np.exp(-4 * np.float64(latents) / temperature))
    alone = entropy(np.stack([yes, 1 - yes]), axis=0).sum(1).mean()
    assert found[0] == pytest.approx(alone, abs=1e-4)
    assert -1e-5 <= found[0] <= found[1] + 1e-5 <= size * np.log(2) + 2e-5


def test_entropies_are_0_and_no_nan_for_latents_that_are_quite_sure():
    latents = np.full([3, 4], 1e3, np.float32)
    assert [float(one) for one in bit_entropies(latents)] == pytest.approx([0, 0])
    (found,) = slopes(lambda one: bit_entropies(one)[1], latents)
    assert np.isfinite(found).all()


def test_the_gradient_of_both_entropies_is_that_of_differences():
    latents, step = 0.5 * draw(0, 4, 3), 1e-5
    for which in (0, 1):
        (found,) = slopes(lambda one, which=which: bit_entropies(one)[which], latents)
        for place in np.ndindex(4, 3):
            up, down = np.float64(latents), np.float64(latents)
            up[place] += step
            down[place] -= step
            rise = entropies(up, 1.0)[which] - entropies(down, 1.0)[which]
            assert float(found[place]) == pytest.approx(rise / (2 * step), abs=1e-5)


def test_training_makes_single_latents_sure_and_all_of_them_even():
    latents = tf.Variable(0.4 + 0.3 * draw(0, 64, 3))  # most have the same code
    before = [float(one) for one in bit_entropies(latents)]

    @tf.function
    def train():
        for _ in tf.range(200):
            with tf.GradientTape() as tape:
                undecided, even = bit_entropies(latents)
                loss = undecided - even
            latents.assign_sub(3.0 * tape.gradient(loss, latents))

    train()
    undecided, even = (float(one) for one in bit_entropies(latents))
    assert undecided < 0.1 < before[0]
    assert even > 0.85 * 3 * np.log(2) > before[1]


# Rotation


def explicit_rotation(start, end):
    """Turn `start` to `end` in their plane alone, by two mirrors; in float64."""
    start, end = (one / np.linalg.norm(one) for one in np.float64([start, end]))
    middle = (start + end) / np.linalg.norm(start + end)
    mirrors = [np.eye(len(one)) - 2 * np.outer(one, one) for one in (end, middle)]
    matrix = mirrors[0] @ mirrors[1]
    across = end - (end @ start) * start
    if np.linalg.norm(across) > 1e-9:  # the same, as the exponential of an angle
        across /= np.linalg.norm(across)
        angle = np.arccos(np.clip(start @ end, -1, 1))
        turn = np.outer(across, start) - np.outer(start, across)
        np.testing.assert_allclose(expm(angle * turn), matrix, atol=1e-6)
    return matrix


@FEW
@given(SEEDS, st.integers(1, 6), st.sampled_from([0.01, 1.0, 30.0]))
def test_rotate_gives_codes_and_turns_gradients_back(seed, size, scale):
    latents, quantized = draw(seed, 5, size), scale * draw(seed + 1, 5, size)
    if size == 1:
        quantized = np.abs(quantized) * np.sign(latents)  # a line has no turn
    upward = draw(seed + 2, 5, size)
    found = rotate(latents, quantized).numpy()
    np.testing.assert_allclose(found, quantized, atol=1e-4 * scale)
    passed, none = slopes(
        lambda one, two: upward * rotate(one, two), latents, quantized
    )
    assert none is None
    passed = passed.numpy()
    for row in range(5):
        turn = explicit_rotation(latents[row], quantized[row])
        lengths = [np.linalg.norm(one[row]) for one in (quantized, latents)]
        expected = lengths[0] / lengths[1] * turn.T @ upward[row]
        np.testing.assert_allclose(passed[row], expected, rtol=1e-3, atol=1e-3 * scale)
        # Angle and relative length are kept.
        length = np.linalg.norm(passed[row]) * lengths[1]
        assert length == pytest.approx(
            np.linalg.norm(upward[row]) * lengths[0], rel=1e-3
        )
        assert passed[row] @ latents[row] == pytest.approx(
            upward[row] @ quantized[row], rel=1e-3, abs=1e-3 * scale
        )


def test_parallel_opposite_tiny_and_nearly_opposite_latents_are_turned_too():
    latents = draw(0, 6, 3)
    latents[5] *= 1e-12
    quantized = np.stack([2.5, 1, -1, -0.3, -1, 1])[:, None].astype("f") * latents
    quantized[4] += np.float32([1e-4, 0, -1e-4])
    quantized[5] = [1, 2, 3]
    np.testing.assert_allclose(rotate(latents, quantized), quantized, atol=1e-6)
    (passed,) = slopes(lambda one: rotate(one, quantized), latents)
    assert np.isfinite(passed).all()
    np.testing.assert_allclose(passed[0], [2.5] * 3, atol=1e-5)
    np.testing.assert_allclose(passed[1], [1] * 3, atol=1e-5)


def test_a_latent_or_a_code_of_0_gets_no_gradient_and_no_nan():
    latents, quantized = np.float32([[0, 0], [1, 2], [0, 0]]), np.eye(3, 2, dtype="f")
    quantized[1] = 0
    np.testing.assert_array_equal(rotate(latents, quantized), quantized)
    (passed,) = slopes(lambda one: rotate(one, quantized), latents)
    assert not passed.numpy().any()


# SimVQ


def test_codes_are_one_linear_map_of_frozen_vectors():
    frozen, mix = draw(0, 7, 4), draw(1, 4, 3)
    expected = np.float64(frozen) @ np.float64(mix)
    np.testing.assert_allclose(simple_codebook(frozen, mix), expected, atol=1e-5)
    both = simple_codebook(frozen, 2 * mix) - 3 * simple_codebook(frozen, -mix)
    np.testing.assert_allclose(both, 5 * expected, atol=1e-4)


def test_a_gradient_at_one_code_moves_every_code():
    frozen, mix, pull = draw(0, 7, 4), draw(1, 4, 3), draw(2, 3)
    (found,) = slopes(lambda one: pull * simple_codebook(frozen, one)[2], mix)
    np.testing.assert_allclose(found, np.outer(frozen[2], pull), atol=1e-5)
    moved = simple_codebook(frozen, mix - 0.1 * found) - simple_codebook(frozen, mix)
    # As far as a frozen vector is like that of the code that was pulled.
    likeness = np.float64(frozen) @ frozen[2]
    np.testing.assert_allclose(moved, -0.1 * np.outer(likeness, pull), atol=1e-5)
    assert (np.abs(moved).max(axis=1) > 1e-3).all()


# Gumbel-softmax


def uniform(seed, *shape):
    return np.random.default_rng(seed).uniform(1e-6, 1 - 1e-6, shape).astype("f")


@FEW
@given(SEEDS, st.integers(1, 9), st.sampled_from([0.3, 1.0, 10.0]))
def test_shares_are_a_softmax_of_logits_and_gumbel_s_noise(seed, codes, temperature):
    logits, noise = draw(seed, 4, 3, codes), uniform(seed, 4, 3, codes)
    found = gumbel_softmax(logits, noise, temperature)
    drawn = (logits + gumbel_r.ppf(np.float64(noise))) / temperature
    np.testing.assert_allclose(found, softmax(drawn, axis=-1), atol=2e-4)
    np.testing.assert_allclose(
        tf.reduce_sum(found, axis=-1), np.ones([4, 3]), rtol=1e-5
    )


def test_without_warmth_the_largest_of_logit_and_noise_takes_all():
    logits, noise = draw(0, 200, 5), uniform(1, 200, 5)
    best = (logits + gumbel_r.ppf(np.float64(noise))).argmax(-1)
    found = gumbel_softmax(logits, noise, temperature=1e-4)
    np.testing.assert_allclose(found, np.eye(5)[best], atol=1e-3)
    even = gumbel_softmax(logits, noise, temperature=1e5)
    np.testing.assert_allclose(even, np.full([200, 5], 0.2), atol=1e-3)


@pytest.mark.parametrize("temperature", [0.1, 3.0])
def test_codes_are_drawn_as_often_as_softmax_says(temperature):
    logits, count = np.float32([0.0, 1.0, -1.0, 2.0, 0.5]), 20_000
    found = gumbel_softmax(
        np.tile(logits, [count, 1]), uniform(3, count, 5), temperature
    )
    drawn = np.bincount(np.argmax(found, axis=-1), minlength=5)
    assert chisquare(drawn, count * softmax(np.float64(logits))).pvalue > 0.01


# Errors

SHAPES = {
    "codebook_loss": (codebook_loss, [(3, 2), (3, 3)], "quantized"),
    "to_number": (lambda one: to_number(one, [2]), [()], "digits has|digits have"),
    "product, size": (
        product_codes,
        [(5, 4), (2, 6, 3)],
        r"\[5, 2\], expected \[\.\.\., 3\]",
    ),
    "product, rank": (
        product_codes,
        [(5, 4), (6, 4)],
        r"\[6, 4\], expected \[S, K, C\]",
    ),
    "residual": (residual_codes, [(5, 4), (2, 6, 3)], r"expected \[S, K, 4\]"),
    "finite_scalars": (
        lambda one: finite_scalars(one, [3]),
        [()],
        "latents have shape",
    ),
    "sign_bits": (sign_bits, [()], "latents have shape"),
    "bit_entropies": (bit_entropies, [(5, 2, 3)], r"expected \[N, S\]"),
    "rotate": (rotate, [(5, 2), (5, 3)], r"quantized has shape|quantized have shape"),
    "simple": (simple_codebook, [(5, 2), (3, 2)], r"mix has shape \[3, 2\], expected"),
    "gumbel": (
        lambda *two: gumbel_softmax(*two, 1.0),
        [(5, 2), (5, 3)],
        r"uniform has shape \[5, 3\], expected \[5, 2\]",
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_do_not_fit_are_told(name):
    function, shapes, message = SHAPES[name]
    kind = np.int32 if name == "to_number" else np.float32
    assert re.search(
        message, refused(function, *(np.zeros(shape, kind) for shape in shapes))
    )


def test_what_are_no_whole_or_real_numbers_is_told():
    for function in (to_number, to_digits, scalar_codes):
        assert "expected whole numbers" in refused(function, [[0.5, 1.0]], [2, 2])
    assert "kept hold float32" in refused(
        keep_stages, np.zeros([2, 3, 1, 4]), 1.0 * tf.ones(3)
    )
    assert "kept has shape [2]" in refused(keep_stages, np.zeros([2, 3, 1, 4]), [1, 2])
    for function in (sign_bits, bit_entropies):
        assert "expected real numbers" in refused(function, [[True, False]])
    assert "expected real numbers" in refused(rotate, [["a"]], [["b"]])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("function", [product_codes, residual_codes])
def test_codes_that_are_no_finite_numbers_are_told(function, wrong):
    codebooks = np.zeros([1, 4, 3])
    codebooks[0, 2, 1] = wrong
    assert "NaN or infinity" in refused(function, np.zeros([5, 3]), codebooks)
