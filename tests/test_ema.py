import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group
from sklearn.cluster import KMeans

from vqvae_lesson.ema import (
    EMA_STARTS,
    EMAStart,
    VectorQuantizerEMA,
    batch_statistics,
    ema_start,
    ema_step,
    moving_average,
    segment_statistics,
    start_averages,
)
from vqvae_lesson.errors import LessonError

FEW = settings(max_examples=25, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
DECAYS = st.sampled_from([0.0, 0.3, 0.9, 0.99, 0.999])
STARTS = ["article", "debiased", "consistent"]
EPSILON = {"article": 1e-5, "debiased": 1e-5, "consistent": 0.0}
FIRST_COUNT = {"article": 0.0, "debiased": 0.0, "consistent": 1.0}
FIRST_SUMS = {"article": 1.0, "debiased": 0.0, "consistent": 1.0}


def draw(seed, count=40, num_codes=6, code_size=3):
    """Codes, latents and the codes they chose; every code is chosen by one."""
    rng = np.random.default_rng(seed)
    codebook = rng.normal(size=[num_codes, code_size]).astype(np.float32)
    latents = rng.normal(size=[count, code_size]).astype(np.float32)
    indices = rng.integers(num_codes, size=count).astype(np.int32)
    indices[:num_codes] = rng.permutation(num_codes)
    return codebook, latents, indices


def loop_statistics(latents, indices, num_codes):
    """One latent at a time, in float64."""
    counts, sums = np.zeros(num_codes), np.zeros([num_codes, latents.shape[-1]])
    for latent, index in zip(
        np.float64(latents).reshape(-1, latents.shape[-1]), np.ravel(indices), strict=1
    ):
        counts[index] += 1
        sums[index] += latent
    return counts, sums


def nearest(latents, codebook):
    """Euclidean norms of all differences in float64, as the article takes them."""
    return np.linalg.norm(latents[..., None, :] - codebook, axis=-1).argmin(-1)


def clusters(seed, num_codes=6, code_size=3, steps=50, per_code=8):
    """A stream of batches that drift, every code among them chosen each time."""
    rng = np.random.default_rng(seed)
    centers = 6 * rng.normal(size=[num_codes, code_size])
    for _ in range(steps):
        centers = centers + 0.05 * rng.normal(size=centers.shape)
        batch = centers[:, None] + 0.3 * rng.normal(
            size=[num_codes, per_code, code_size]
        )
        yield rng.permutation(batch.reshape(-1, 1, code_size)).astype(np.float32)


@pytest.fixture(params=["eager", "graph", "xla"])
def compiled(request):
    if request.param == "eager":
        return lambda function: function
    return lambda function: tf.function(function, jit_compile=request.param == "xla")


@tf.function
def many_steps(state, latents, indices, decay, start, steps):
    """The same batch over and over."""
    for _ in tf.range(steps):
        state = ema_step(state, latents, indices, decay, start)
    return state


# Counting


BOTH_STATISTICS = pytest.mark.parametrize(
    "statistics", [batch_statistics, segment_statistics]
)


@BOTH_STATISTICS
@FEW
@given(SEEDS, st.integers(1, 60), st.integers(1, 12), st.integers(1, 8))
def test_statistics_equal_counting_one_by_one(
    statistics, seed, count, num_codes, code_size
):
    rng = np.random.default_rng(seed)
    latents = rng.normal(size=[count, code_size]).astype(np.float32)
    indices = rng.integers(num_codes, size=count)
    counts, sums = statistics(latents, indices, num_codes)
    true_counts, true_sums = loop_statistics(latents, indices, num_codes)
    np.testing.assert_array_equal(counts, true_counts)
    np.testing.assert_allclose(sums, true_sums, atol=1e-5)


@BOTH_STATISTICS
@pytest.mark.parametrize("leading", [(12,), (3, 4), (2, 3, 2), (0,), (0, 4)])
def test_statistics_take_any_leading_axes(statistics, leading):
    rng = np.random.default_rng(1)
    latents = rng.normal(size=[*leading, 5]).astype(np.float32)
    indices = rng.integers(4, size=leading)
    counts, sums = statistics(latents, indices, 4)
    assert counts.shape == [4]
    assert sums.shape == [4, 5]
    true_counts, true_sums = loop_statistics(latents, indices, 4)
    np.testing.assert_array_equal(counts, true_counts)
    np.testing.assert_allclose(sums, true_sums, atol=1e-5)


@BOTH_STATISTICS
def test_statistics_take_plain_lists(statistics):
    counts, sums = statistics([[[1.0, 2.0], [3.0, 5.0]]], [[1, 1]], 3)
    assert counts.numpy().tolist() == [0, 2, 0]
    assert sums.numpy().tolist() == [[0, 0], [4, 7], [0, 0]]


def test_many_codes_are_counted_without_a_matrix_of_zeros_and_ones():
    few, many = (VectorQuantizerEMA(num_codes, 2) for num_codes in (4_096, 4_097))
    assert few.statistics is batch_statistics
    assert many.statistics is segment_statistics


@FEW
@given(SEEDS)
def test_two_half_batches_add_up_to_the_whole(seed):
    codebook, latents, indices = draw(seed)
    whole = batch_statistics(latents, indices, len(codebook))
    halves = [
        batch_statistics(latents[part], indices[part], len(codebook))
        for part in (slice(None, 20), slice(20, None))
    ]
    np.testing.assert_array_equal(whole[0], halves[0][0] + halves[1][0])
    np.testing.assert_allclose(whole[1], halves[0][1] + halves[1][1], atol=1e-5)


# Starting


def test_the_article_starts_with_no_counts_and_the_codes_as_sums():
    codebook, _, _ = draw(0)
    same, counts, sums = start_averages(codebook, "article")
    np.testing.assert_array_equal(same, codebook)
    assert counts.dtype == sums.dtype == tf.float32
    np.testing.assert_array_equal(counts, np.zeros(6))
    np.testing.assert_array_equal(sums, codebook)
    _, default_counts, default_sums = start_averages(codebook)
    np.testing.assert_array_equal(default_counts, counts)
    np.testing.assert_array_equal(default_sums, sums)


def test_the_consistent_start_has_the_codes_as_its_quotient():
    codebook, _, _ = draw(0)
    _, counts, sums = start_averages(codebook, "consistent")
    np.testing.assert_array_equal(counts, np.ones(6))
    np.testing.assert_array_equal(sums / counts[:, None], codebook)


def test_any_first_count_goes_with_that_many_times_the_codes(monkeypatch):
    start = EMAStart(2.5, sums=2.5, epsilon=0.0, keeps_unassigned=True)
    monkeypatch.setitem(EMA_STARTS, "heavier", start)
    _, counts, sums = start_averages([[1.0, -2.0], [0.5, 4.0]], "heavier")
    assert counts.numpy().tolist() == [2.5, 2.5]
    assert sums.numpy().tolist() == [[2.5, -5.0], [1.25, 10.0]]


def test_the_three_starts_are_these():
    assert [*EMA_STARTS] == STARTS
    for name in STARTS:
        start = ema_start(name)
        assert start is EMA_STARTS[name]
        assert start.count == FIRST_COUNT[name]
        assert start.sums == FIRST_SUMS[name]
        assert start.epsilon == EPSILON[name]


@pytest.mark.parametrize(
    "call", [ema_start, lambda name: start_averages([[1.0]], name)]
)
def test_an_unknown_start_is_told(call):
    message = (
        r"EMA start is 'zero', expected one of "
        r"\['article', 'debiased', 'consistent'\]"
    )
    with pytest.raises(LessonError, match=message):
        call("zero")


def test_an_unknown_start_is_told_while_tracing():
    codebook, latents, indices = draw(0)
    traced = tf.function(ema_step, autograph=False)
    with pytest.raises(LessonError, match="EMA start is 'zero'"):
        traced(start_averages(codebook), latents, indices, 0.9, "zero")


# Closed forms


@FEW
@given(
    st.floats(-1e3, 1e3, width=32),
    st.floats(-1e3, 1e3, width=32),
    st.floats(0, 1, exclude_max=True),
)
def test_a_moving_average_lies_between_old_and_new(old, new, decay):
    found = moving_average(old, new, decay)
    assert found == pytest.approx(new + decay * (old - new), rel=1e-9, abs=1e-9)
    assert min(old, new) - 1e-9 <= found <= max(old, new) + 1e-9


@FEW
@given(SEEDS, DECAYS, st.sampled_from(STARTS))
def test_on_a_constant_stream_every_step_equals_the_closed_form(seed, decay, start):
    codebook, latents, indices = draw(seed)
    counts, sums = loop_statistics(latents, indices, len(codebook))
    first_sums = FIRST_SUMS[start] * np.float64(codebook)
    state = start_averages(codebook, start)
    for step in range(1, 21):
        state = ema_step(state, latents, indices, decay, start)
        kept = decay**step
        ema_counts = kept * FIRST_COUNT[start] + (1 - kept) * counts
        ema_sums = kept * first_sums + (1 - kept) * sums
        moved = ema_sums / (ema_counts + EPSILON[start])[:, None]
        np.testing.assert_allclose(state[1], ema_counts, rtol=1e-5)
        np.testing.assert_allclose(state[2], ema_sums, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(state[0], moved, rtol=1e-4, atol=1e-4)


@FEW
@given(SEEDS, st.sampled_from([0.0, 0.5, 0.9, 0.99]), st.sampled_from(STARTS))
def test_the_counts_together_keep_to_their_closed_form(seed, decay, start):
    rng = np.random.default_rng(seed)
    codebook, _, _ = draw(seed)
    state = start_averages(codebook, start)
    for step in range(1, 31):
        latents = rng.normal(size=[25, 3]).astype(np.float32)
        state = ema_step(state, latents, rng.integers(6, size=25), decay, start)
        total = decay**step * FIRST_COUNT[start] * 6 + (1 - decay**step) * 25
        assert float(tf.reduce_sum(state[1])) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_without_decay_one_step_is_one_step_of_k_means(seed):
    codebook, latents, _ = draw(seed, count=200)
    indices = nearest(latents, codebook)
    assert set(indices) == set(range(6))
    state = start_averages(codebook, "consistent")
    state = ema_step(state, latents, indices, 0.0, "consistent")
    k_means = KMeans(6, init=codebook, n_init=1, max_iter=1, algorithm="lloyd")
    k_means.fit(latents)
    np.testing.assert_allclose(state[0], k_means.cluster_centers_, atol=1e-5)
    means = [latents[indices == code].mean(0, dtype=np.float64) for code in range(6)]
    np.testing.assert_allclose(state[0], means, atol=1e-5)


# Codes that no latent chose


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99])
def test_unassigned_code_stays_where_it_is_for_any_number_of_steps(decay):
    codebook, latents, _ = draw(2)
    indices = np.zeros(len(latents), np.int32)
    state = start_averages(codebook, "consistent")
    # 0.99**12,000 is far below the smallest float32: the counts reach 0.
    for _ in range(4):
        state = many_steps(state, latents, indices, decay, "consistent", 3_000)
        assert state[0].numpy()[1:].tobytes() == codebook[1:].tobytes()
    np.testing.assert_array_equal(state[1][1:], np.zeros(5))
    np.testing.assert_allclose(state[0][0], latents.mean(0, dtype=float), atol=1e-4)


@pytest.mark.parametrize("steps", [1, 100, 5_000, 8_800, 12_000])
def test_a_code_chosen_again_after_long_becomes_the_weighted_mean(steps):
    codebook, latents, indices = draw(3)
    state = start_averages(codebook, "consistent")
    state = many_steps(state, latents, 0 * indices, 0.99, "consistent", steps)
    found = ema_step(state, latents, indices, 0.99, "consistent")[0].numpy()[1:]
    counts, sums = loop_statistics(latents, indices, len(codebook))
    kept = 0.99 ** (steps + 1)
    weighted = kept * np.float64(codebook) + 0.01 * sums
    weighted /= (kept + 0.01 * counts)[:, None]
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, weighted[1:], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 10, 500, 1_145, 1_146, 3_000])
def test_the_article_exiles_an_unassigned_code_and_lets_it_return(steps):
    codebook, latents, indices = draw(4)
    state = start_averages(codebook, "article")
    found = many_steps(state, latents, 0 * indices, 0.99, "article", steps)[0]
    exiled = 0.99**steps * np.float64(codebook[1:]) / 1e-5
    np.testing.assert_allclose(found[1:], exiled, rtol=1e-3)
    lengths = np.linalg.norm(found, axis=1) / np.linalg.norm(codebook, axis=1)
    if steps == 1:
        np.testing.assert_allclose(lengths[1:], 99_000, rtol=1e-5)
    # ln(1e5) / -ln 0.99 = 1,145.5: not yet home a step before, home a step after.
    assert (lengths[1:] <= 1).all() == (steps >= 1_146)


def test_the_article_throws_its_chosen_codes_off_by_99_codes_over_their_latents():
    codebook, latents, indices = draw(5, count=60)
    counts, sums = loop_statistics(latents, indices, len(codebook))
    found, *_ = ema_step(start_averages(codebook), latents, indices, decay=0.99)
    means = sums / counts[:, None]
    off = 0.99 * np.float64(codebook) / 0.01 / counts[:, None]
    np.testing.assert_allclose(found, means + off, rtol=2e-3, atol=2e-3)
    exact = (0.99 * np.float64(codebook) + 0.01 * sums) / (0.01 * counts + 1e-5)[
        :, None
    ]
    np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("start", STARTS)
def test_one_latent_is_enough_to_move_a_code(start):
    codebook, latents, _ = draw(9, count=6)
    indices = np.array([3, 0, 5, 1, 4, 2], np.int32)
    state = start_averages(codebook, start)
    found, *_ = ema_step(state, latents, indices, 0.5, start)
    first_sums = FIRST_SUMS[start] * np.float64(codebook)
    sums = 0.5 * first_sums + 0.5 * np.float64(latents[np.argsort(indices)])
    count = 0.5 * FIRST_COUNT[start] + 0.5 + EPSILON[start]
    np.testing.assert_allclose(found, sums / count, rtol=1e-5)


def test_an_empty_batch_moves_no_code_of_a_consistent_start():
    codebook, _, _ = draw(6)
    found = ema_step(
        start_averages(codebook, "consistent"),
        np.zeros([0, 1, 3], np.float32),
        np.zeros([0, 1], np.int32),
        0.99,
        "consistent",
    )
    np.testing.assert_array_equal(found[0], codebook)
    np.testing.assert_allclose(found[1], np.full(6, 0.99), rtol=1e-6)


# Invariances


def one_step(codebook, latents, indices, start="consistent"):
    state = start_averages(tf.constant(codebook), start)
    return [value.numpy() for value in ema_step(state, latents, indices, 0.9, start)]


@FEW
@given(SEEDS, st.sampled_from(STARTS))
def test_the_order_of_the_latents_changes_nothing(seed, start):
    codebook, latents, indices = draw(seed)
    order = np.random.default_rng(seed).permutation(len(latents))
    for found, expected in zip(
        one_step(codebook, latents[order], indices[order], start),
        one_step(codebook, latents, indices, start),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@FEW
@given(SEEDS, st.sampled_from(STARTS))
def test_relabelling_the_codes_relabels_the_result(seed, start):
    codebook, latents, indices = draw(seed)
    order = np.random.default_rng(seed).permutation(len(codebook))
    for found, expected in zip(
        one_step(codebook[order], latents, np.argsort(order)[indices], start),
        one_step(codebook, latents, indices, start),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected[order], rtol=1e-4, atol=1e-5)


@FEW
@given(SEEDS)
def test_shifting_codes_and_latents_shifts_the_result(seed):
    codebook, latents, indices = draw(seed)
    shift = np.float32([3.0, -2.0, 8.0])
    shifted = one_step(codebook + shift, latents + shift, indices)[0]
    expected = one_step(codebook, latents, indices)[0] + shift
    np.testing.assert_allclose(shifted, expected, atol=1e-4)


@FEW
@given(SEEDS, st.sampled_from(STARTS))
def test_rotating_codes_and_latents_rotates_the_result(seed, start):
    codebook, latents, indices = draw(seed)
    rotation = ortho_group.rvs(3, random_state=seed).astype(np.float32)
    rotated = one_step(codebook @ rotation, latents @ rotation, indices, start)[0]
    expected = one_step(codebook, latents, indices, start)[0] @ rotation
    np.testing.assert_allclose(rotated, expected, rtol=1e-3, atol=1e-3)


# Fifty steps beside the code of others


@pytest.mark.parametrize("seed", range(3))
def test_fifty_steps_equal_the_recurrence_of_tensorflow_probability(seed):
    # After tensorflow_probability/examples/vq_vae.py: averages moved by
    # `variable -= (variable - value) * (1 - decay)`, without zero-debias.
    quantizer = VectorQuantizerEMA(12, 3, decay=0.95, seed=seed)
    codebook = np.float64(quantizer.codebook)
    ema_counts, ema_sums = np.zeros(12), codebook.copy()
    for latents in clusters(seed):
        chosen = nearest(np.float64(latents), codebook)
        one_hot = np.eye(12)[chosen]
        _, indices = quantizer(latents)
        np.testing.assert_array_equal(indices, chosen)
        quantizer.update(latents, indices)
        ema_counts -= (ema_counts - one_hot.sum((0, 1))) * (1 - 0.95)
        added = (latents[:, :, None] * one_hot[..., None]).sum((0, 1))
        ema_sums -= (ema_sums - added) * (1 - 0.95)
        codebook = ema_sums / (ema_counts + 1e-5)[:, None]
        np.testing.assert_allclose(quantizer.ema_counts, ema_counts, rtol=1e-4)
        np.testing.assert_allclose(quantizer.ema_sums, ema_sums, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(quantizer.codebook, codebook, rtol=1e-4, atol=1e-4)
    assert (np.abs(codebook).max(1) > 100).any(), "no code was ever in exile"


def test_fifty_steps_equal_the_recurrence_of_sonnet_from_averages_of_zero():
    # After sonnet/src/nets/vqvae.py and moving_averages.py: both averages start
    # at 0 and are divided by 1 - decay**t, and the counts are Laplace-smoothed.
    # The debiasing nearly cancels in the quotient, so both agree to a thousandth
    # while every code is chosen in every step.
    decay, epsilon = 0.95, 1e-5
    stream = list(clusters(1))
    k_means = KMeans(6, n_init=5, random_state=0).fit(stream[0][:, 0])
    means = k_means.cluster_centers_.astype(np.float32)
    state = start_averages(means, "debiased")
    hidden_counts, hidden_sums, codebook = np.zeros(6), np.zeros([6, 3]), means
    for step, latents in enumerate(stream, start=1):
        chosen = nearest(np.float64(latents), np.float64(codebook))
        counts, sums = loop_statistics(latents, chosen, 6)
        assert (counts > 0).all()
        hidden_counts -= (hidden_counts - counts) * (1 - decay)
        hidden_sums -= (hidden_sums - sums) * (1 - decay)
        ema_counts = hidden_counts / (1 - decay**step)
        total = ema_counts.sum()
        smoothed = (ema_counts + epsilon) / (total + 6 * epsilon) * total
        codebook = hidden_sums / (1 - decay**step) / smoothed[:, None]
        state = ema_step(state, latents, chosen, decay, "debiased")
        np.testing.assert_allclose(state[0], codebook, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("step", [1, 2, 10, 100])
def test_debiasing_cancels_in_the_quotient_but_for_epsilon(step):
    # One latent a step: the hidden count is 1 - decay**step, Sonnet's is 1.
    state = start_averages([[5.0]], "debiased")
    for _ in range(step):
        state = ema_step(state, [[4.0]], [0], 0.99, "debiased")
    taken_in = 1 - 0.99**step
    assert float(state.codebook[0, 0]) == pytest.approx(
        4 * taken_in / (taken_in + 1e-5), rel=1e-6
    )
    off = float(state.codebook[0, 0]) * (1 + 1e-5) / 4 - 1
    assert off == pytest.approx(-1e-5 * 0.99**step / taken_in, rel=0.05, abs=2e-7)


def test_in_the_debiased_start_a_code_that_nobody_chose_is_exactly_zero():
    codebook, latents, indices = draw(2)
    indices[indices == 5] = 0
    state = start_averages(codebook, "debiased")
    for _ in range(3):
        state = ema_step(state, latents, indices, 0.99, "debiased")
        assert not state[0][5].numpy().any()
        assert state[0][:5].numpy().any(axis=1).all()


# The layer


@pytest.mark.parametrize("start", STARTS)
def test_an_update_is_one_step_of_all_three_weights(start, compiled):
    quantizer = VectorQuantizerEMA(6, 3, decay=0.8, start=start, seed=2)
    codebook = quantizer.codebook.numpy()
    _, latents, indices = draw(7)
    indices[indices == 5] = 0
    compiled(quantizer.update)(tf.constant(latents), tf.constant(indices))
    counts, sums = loop_statistics(latents, indices, 6)
    ema_counts = 0.8 * FIRST_COUNT[start] + 0.2 * counts
    ema_sums = 0.8 * FIRST_SUMS[start] * np.float64(codebook) + 0.2 * sums
    moved = ema_sums / (ema_counts + EPSILON[start])[:, None]
    np.testing.assert_allclose(quantizer.ema_counts, ema_counts, rtol=1e-5)
    np.testing.assert_allclose(quantizer.ema_sums, ema_sums, rtol=1e-4, atol=1e-5)
    if start == "consistent":
        assert quantizer.codebook.numpy()[5].tobytes() == codebook[5].tobytes()
    np.testing.assert_allclose(quantizer.codebook, moved, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("start", STARTS)
def test_a_step_is_the_same_compiled_or_not(start, compiled):
    codebook, latents, indices = draw(8)
    indices[indices == 5] = 0

    def step(state, latents, indices):
        return ema_step(state, latents, indices, 0.9, start)

    state = start_averages(tf.constant(codebook), start)
    found = compiled(step)(state, tf.constant(latents), tf.constant(indices))
    counts, sums = loop_statistics(latents, indices, 6)
    ema_counts = 0.9 * FIRST_COUNT[start] + 0.1 * counts
    first_sums = FIRST_SUMS[start] * np.float64(codebook)
    ema_sums = 0.9 * first_sums + 0.1 * sums
    moved = ema_sums / (ema_counts + EPSILON[start])[:, None]
    if start == "consistent":
        assert found[0].numpy()[5].tobytes() == codebook[5].tobytes()
    np.testing.assert_allclose(found[0], moved, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], ema_counts, rtol=1e-5)
    np.testing.assert_allclose(found[2], ema_sums, rtol=1e-4, atol=1e-5)


def test_the_layer_takes_the_article_s_numbers_unless_told_otherwise():
    quantizer = VectorQuantizerEMA()
    assert quantizer.codebook.shape == (64, 16)
    assert quantizer.decay == 0.99
    assert quantizer.start == "article"
    np.testing.assert_array_equal(quantizer.ema_counts, np.zeros(64))
    np.testing.assert_array_equal(quantizer.ema_sums, quantizer.codebook)


def test_the_layer_keeps_its_averages_as_weights_that_no_gradient_moves():
    quantizer = VectorQuantizerEMA(5, 2, start="consistent")
    names = [weight.name for weight in quantizer.weights]
    assert names == ["codebook", "ema_counts", "ema_sums"]
    assert quantizer.trainable_variables == []
    np.testing.assert_array_equal(quantizer.ema_counts, np.ones(5))
    np.testing.assert_array_equal(quantizer.ema_sums, quantizer.codebook)


def test_one_seed_gives_one_layer():
    first, again, other = (VectorQuantizerEMA(5, 2, seed=seed) for seed in (3, 3, 4))
    for weight, twin in zip(first.weights, again.weights, strict=True):
        np.testing.assert_array_equal(weight, twin)
    assert (first.codebook.numpy() != other.codebook.numpy()).all()
    default = VectorQuantizerEMA(5, 2, name="default")
    assert default.name == "default"
    np.testing.assert_array_equal(
        default.codebook, VectorQuantizerEMA(5, 2, seed=0).codebook
    )


def test_quantizing_alone_moves_nothing():
    quantizer = VectorQuantizerEMA(5, 3)
    before = [weight.numpy() for weight in quantizer.weights]
    quantizer(draw(0)[1])
    for weight, value in zip(quantizer.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize("decay", [-0.01, 1, 1.0, 1.5, float("nan")])
def test_a_decay_outside_0_to_1_is_told(decay):
    with pytest.raises(
        LessonError, match=rf"decay is {decay}, expected 0 <= decay < 1"
    ):
        VectorQuantizerEMA(4, 2, decay=decay)


@pytest.mark.parametrize("decay", [0, 0.0, 0.5, 0.9999])
def test_a_decay_from_0_to_below_1_is_taken(decay):
    assert VectorQuantizerEMA(4, 2, decay=decay).decay == decay


def test_the_layer_tells_an_unknown_start_and_wrong_sizes():
    with pytest.raises(LessonError, match="EMA start is 'zero'"):
        VectorQuantizerEMA(4, 2, start="zero")
    with pytest.raises(LessonError, match="num_codes is 0"):
        VectorQuantizerEMA(0, 2)
    with pytest.raises(LessonError, match="code_size is -2"):
        VectorQuantizerEMA(4, -2)
