import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import ortho_group
from sklearn.neighbors import NearestNeighbors

from vqvae_lesson.errors import LessonError
from vqvae_lesson.quantizer import (
    VectorQuantizer,
    in_blocks,
    lookup,
    nearest_code,
    squared_distances,
)

FEW = settings(max_examples=25, deadline=None, derandomize=True)
SIZES = {
    "seed": st.integers(0, 2**32 - 1),
    "count": st.integers(1, 60),
    "num_codes": st.integers(1, 40),
    "code_size": st.integers(1, 24),
}


def draw(seed, count, num_codes, code_size, scale=1.0, offset=0.0):
    """Latents and codes, normal around `offset`, as float32."""
    rng = np.random.default_rng(seed)
    latents = offset + scale * rng.normal(size=[count, code_size])
    codebook = offset + scale * rng.normal(size=[num_codes, code_size])
    return latents.astype(np.float32), codebook.astype(np.float32)


def brute_force(latents, codebook):
    """Every difference, held in float64, squared and added up."""
    difference = np.float64(latents)[..., None, :] - np.float64(codebook)
    return (difference**2).sum(-1)


def tolerance(latents, codebook):
    """Float32 rounding of vectors this far from the latents' mean, [N, K]."""
    center = np.float64(latents).mean(0)
    sizes = brute_force(latents, center[None]) + brute_force(codebook, center[None]).T
    return 1e-6 * (1 + latents.shape[-1] / 8) * sizes


def assert_nearest(indices, latents, codebook):
    """No code is nearer than the chosen one by more than rounding."""
    exact = brute_force(latents, codebook)
    rows = np.arange(len(latents))
    excess = exact[rows, indices] - exact.min(-1)
    assert (excess <= 2 * tolerance(latents, codebook)[rows, indices]).all()


@pytest.fixture(params=["eager", "graph", "xla"])
def compiled(request):
    if request.param == "eager":
        return lambda function: function
    return lambda function: tf.function(function, jit_compile=request.param == "xla")


# Distances and the nearest code


@FEW
@given(**SIZES, power=st.integers(-4, 4))
def test_distances_equal_float64_brute_force(seed, count, num_codes, code_size, power):
    latents, codebook = draw(seed, count, num_codes, code_size, scale=10.0**power)
    found = squared_distances(latents, codebook).numpy()
    assert found.shape == (count, num_codes)
    assert found.dtype == np.float32
    error = np.abs(found - brute_force(latents, codebook))
    assert (error <= tolerance(latents, codebook)).all()


@FEW
@given(**SIZES)
def test_nearest_codes_equal_brute_force_and_scikit_learn(
    seed, count, num_codes, code_size
):
    latents, codebook = draw(seed, count, num_codes, code_size)
    exact = brute_force(latents, codebook)
    gaps = np.diff(np.sort(exact, -1)[:, :2], axis=-1)
    assume((gaps > 1e-4).all())
    neighbors = NearestNeighbors(n_neighbors=1, algorithm="kd_tree").fit(codebook)
    found = nearest_code(latents, codebook).numpy()
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, exact.argmin(-1))
    np.testing.assert_array_equal(
        found, neighbors.kneighbors(latents, return_distance=False)[:, 0]
    )


@FEW
@given(**SIZES, nudge=st.sampled_from([1e-3, 1e-5, 1e-6, 1e-7]))
def test_at_near_ties_the_chosen_code_is_as_near_as_any_up_to_rounding(
    seed, count, num_codes, code_size, nudge
):
    latents, codebook = draw(seed, count, num_codes, code_size)
    twins = codebook + np.float32(nudge)
    codebook = np.concatenate([twins, codebook])
    assert_nearest(nearest_code(latents, codebook).numpy(), latents, codebook)


@FEW
@given(
    hnp.arrays(np.int8, [16, 3], elements=st.integers(-4, 4)),
    hnp.arrays(np.int8, [9, 3], elements=st.integers(-4, 4)),
)
def test_at_exact_ties_the_lowest_index_wins(latents, codebook):
    # Small whole numbers and a mean over 16 = 2**4 rows: float32 rounds nothing.
    exact = brute_force(latents, codebook)
    found = nearest_code(latents.astype(np.float32), codebook.astype(np.float32))
    np.testing.assert_array_equal(found, exact.argmin(-1))


@FEW
@given(**SIZES)
def test_a_code_held_twice_is_looked_up_as_the_same_vector(
    seed, count, num_codes, code_size
):
    # Float32 products may differ in their last bit from one column to another,
    # so either twin may be chosen; what is looked up is the same.
    latents, codebook = draw(seed, count, num_codes, code_size)
    twice = np.concatenate([codebook, codebook])
    found = nearest_code(latents, twice).numpy()
    assert_nearest(found, latents, twice)
    assert_nearest(found % num_codes, latents, codebook)


@pytest.mark.parametrize("offset", [0, 10, 100, 1_000, 10_000])
def test_far_from_the_origin_no_code_is_missed_but_by_rounding_of_the_input(offset):
    rng = np.random.default_rng(7)
    latents = offset + rng.normal(size=[4_000, 16])
    codebook = offset + rng.normal(size=[64, 16])
    true = brute_force(latents, codebook).argmin(-1)
    rounded = latents.astype(np.float32), codebook.astype(np.float32)
    unavoidable = (brute_force(*rounded).argmin(-1) != true).sum()
    found = nearest_code(*rounded).numpy()
    assert (found != true).sum() <= unavoidable
    assert_nearest(found, *rounded)


def test_the_offsets_would_catch_distances_that_are_not_centred():
    latents, codebook = draw(7, 4_000, 64, 16, offset=1_000)
    squares = (latents**2).sum(-1)[:, None] + (codebook**2).sum(-1)
    naive = (squares - 2 * latents @ codebook.T).argmin(-1)
    assert (naive != brute_force(latents, codebook).argmin(-1)).mean() > 0.05


def test_near_codes_are_told_apart_while_others_are_99_000_times_away():
    # The article's start throws most codes this far out after one step.
    latents, codebook = draw(3, 2_000, 64, 16, scale=0.3)
    codebook[3:] *= np.float32(99_000)
    true = brute_force(latents, codebook).argmin(-1)
    assert set(true) == {0, 1, 2}
    found = nearest_code(latents, codebook).numpy()
    assert_nearest(found, latents, codebook)
    assert (found != true).sum() == 0
    # Centred on the codes' mean instead, the same formula in float32 is lost.
    center = codebook.mean(0)
    moved, moved_codes = latents - center, codebook - center
    squares = (moved**2).sum(-1)[:, None] + (moved_codes**2).sum(-1)
    lost = (squares - 2 * moved @ moved_codes.T).argmin(-1)
    assert (lost != true).mean() > 0.3


def test_no_intermediate_result_holds_every_difference():
    # 20,000 latents, 512 codes of 64: all differences would take 2.6 GB.
    graph = tf.function(squared_distances).get_concrete_function(
        tf.TensorSpec([20_000, 64]), tf.TensorSpec([512, 64])
    )
    sizes = [
        output.shape.num_elements() or 0
        for operation in graph.graph.get_operations()
        for output in operation.outputs
    ]
    assert max(sizes) <= 20_000 * 512


# Invariances


@FEW
@given(**SIZES)
def test_permuting_the_latents_permutes_the_indices(seed, count, num_codes, code_size):
    latents, codebook = draw(seed, count, num_codes, code_size)
    order = np.random.default_rng(seed).permutation(count)
    found = np.empty(count, int)
    found[order] = nearest_code(latents[order], codebook)
    assert_nearest(found, latents, codebook)


@FEW
@given(**SIZES)
def test_relabelling_the_codes_relabels_the_indices(seed, count, num_codes, code_size):
    latents, codebook = draw(seed, count, num_codes, code_size)
    order = np.random.default_rng(seed).permutation(num_codes)
    found = order[nearest_code(latents, codebook[order]).numpy()]
    assert_nearest(found, latents, codebook)


@FEW
@given(**SIZES, shift=st.sampled_from([-64.0, -3.5, 16.0, 512.0]))
def test_shifting_both_sides_changes_no_distance(
    seed, count, num_codes, code_size, shift
):
    latents, codebook = draw(seed, count, num_codes, code_size)
    # Kept to multiples of 1/256, so that the shift itself is exact.
    latents, codebook = np.round(latents * 256) / 256, np.round(codebook * 256) / 256
    np.testing.assert_allclose(
        squared_distances(latents + np.float32(shift), codebook + np.float32(shift)),
        squared_distances(latents, codebook),
        atol=2 * tolerance(latents, codebook).max() + 1e-6,
    )


@FEW
@given(seed=st.integers(0, 2**32 - 1), code_size=st.integers(2, 24))
def test_rotating_both_sides_changes_no_choice(seed, code_size):
    latents, codebook = draw(seed, 50, 20, code_size)
    rotation = ortho_group.rvs(code_size, random_state=seed)
    rotated = np.float32(latents @ rotation), np.float32(codebook @ rotation)
    assert_nearest(nearest_code(*rotated).numpy(), latents, codebook)


# Looking codes up


def told_apart(codebook):
    """Whether no two codes are nearly the same."""
    others = brute_force(codebook, codebook) + np.eye(len(codebook))
    return others.min() > 1e-4


@FEW
@given(**SIZES)
def test_quantizing_twice_is_quantizing_once(seed, count, num_codes, code_size):
    latents, codebook = draw(seed, count, num_codes, code_size)
    assume(told_apart(codebook))
    once = lookup(codebook, nearest_code(latents, codebook)).numpy()
    twice = lookup(codebook, nearest_code(once, codebook)).numpy()
    np.testing.assert_array_equal(once, twice)


@FEW
@given(**SIZES)
def test_indices_survive_becoming_codes(seed, count, num_codes, code_size):
    _, codebook = draw(seed, count, num_codes, code_size)
    assume(told_apart(codebook))
    indices = np.random.default_rng(seed).integers(num_codes, size=[count, 2])
    back = nearest_code(lookup(codebook, indices), codebook).numpy()
    np.testing.assert_array_equal(back, indices)


@FEW
@given(**SIZES)
def test_lookup_equals_multiplying_with_the_one_hot(seed, count, num_codes, code_size):
    latents, codebook = draw(seed, count, num_codes, code_size)
    indices = nearest_code(latents, codebook).numpy()
    one_hot = np.zeros([count, num_codes])
    one_hot[np.arange(count), indices] = 1
    np.testing.assert_array_equal(lookup(codebook, indices), one_hot @ codebook)


# Shapes


@pytest.mark.parametrize("leading", [(), (5,), (1,), (4, 3), (2, 3, 4), (0,), (0, 7)])
def test_any_leading_axes_are_seen_as_one_list_of_latents(leading):
    latents, codebook = draw(0, int(np.prod(leading)), 6, 3)
    latents = latents.reshape(*leading, 3)
    exact = brute_force(latents, codebook)
    assert squared_distances(latents, codebook).shape == (*leading, 6)
    quantizer = VectorQuantizer(6, 3)
    quantizer.codebook.assign(codebook)
    quantized, indices = quantizer(latents)
    assert quantized.shape == (*leading, 3)
    assert indices.shape == leading
    np.testing.assert_array_equal(indices, exact.argmin(-1))
    np.testing.assert_array_equal(quantized, codebook[exact.argmin(-1)])


def test_one_code_and_one_dimension_are_enough():
    assert nearest_code([[5.0], [-2.0]], [[0.0]]).numpy().tolist() == [0, 0]
    assert nearest_code([5.0], [[9.0], [4.0]]).numpy() == 1


def test_plain_lists_are_taken():
    assert squared_distances([[1.0, 2.0]], [[4.0, 6.0]]).numpy() == pytest.approx(25.0)


def test_an_unknown_batch_size_is_taken_while_tracing():
    @tf.function(input_signature=[tf.TensorSpec([None, None, 3])])
    def quantize(latents):
        return nearest_code(latents, codebook)

    latents, codebook = draw(1, 10, 6, 3)
    found = quantize(latents.reshape(5, 2, 3)).numpy()
    np.testing.assert_array_equal(
        found.ravel(), brute_force(latents, codebook).argmin(-1)
    )


# Errors


WRONG_SHAPES = [
    ([5, 2], [4, 3], r"latents have shape \[5, 2\], expected \[\.\.\., 3\]"),
    ([5, 2, 4], [4, 3], r"latents have shape \[5, 2, 4\]"),
    ([], [4, 3], r"latents have shape \[\]"),
    ([5, 3], [3], r"codebook has shape \[3\], expected \[K, D\]"),
    ([5, 3], [2, 4, 3], r"codebook has shape \[2, 4, 3\]"),
    ([5, 3], [0, 3], r"codebook has shape \[0, 3\]"),
    ([5, 3], [], r"codebook has shape \[\]"),
]


@pytest.mark.parametrize("function", [squared_distances, nearest_code])
@pytest.mark.parametrize(("latents", "codebook", "message"), WRONG_SHAPES)
def test_shapes_that_do_not_fit_are_told(function, latents, codebook, message):
    with pytest.raises(LessonError, match=message):
        function(np.zeros(latents, np.float32), np.zeros(codebook, np.float32))


@pytest.mark.parametrize("function", [squared_distances, nearest_code])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("wrong", ["latents", "codebook"])
def test_numbers_that_are_not_finite_are_told(function, number, wrong):
    vectors = {"latents": np.zeros([5, 3]), "codebook": np.ones([4, 3])}
    vectors[wrong][2, 1] = number
    with pytest.raises(LessonError, match=f"{wrong} hold NaN or infinity"):
        function(**vectors)


@pytest.mark.parametrize(("latents", "codebook", "message"), WRONG_SHAPES)
def test_shapes_that_do_not_fit_are_told_while_tracing(latents, codebook, message):
    traced = tf.function(nearest_code, autograph=False)
    with pytest.raises(LessonError, match=message):
        traced(tf.zeros(latents), tf.zeros(codebook))


@pytest.mark.parametrize(("latents", "codebook", "message"), WRONG_SHAPES)
def test_autograph_leaves_the_error_its_name(latents, codebook, message):
    with pytest.raises(LessonError, match=message):
        tf.function(nearest_code)(tf.zeros(latents), tf.zeros(codebook))


def test_latents_of_unknown_rank_are_told():
    traced = tf.function(
        nearest_code,
        autograph=False,
        input_signature=[tf.TensorSpec(None), tf.TensorSpec([4, 3])],
    )
    with pytest.raises(LessonError, match=r"latents have shape <unknown>"):
        traced(tf.zeros([5, 3]), tf.zeros([4, 3]))


def test_the_layer_tells_wrong_latents_too():
    with pytest.raises(LessonError, match=r"latents have shape \[5, 2\]"):
        VectorQuantizer(4, 3)(tf.zeros([5, 2]))


@pytest.mark.parametrize("size", [0, -1])
@pytest.mark.parametrize("name", ["num_codes", "code_size"])
def test_sizes_below_one_are_told(name, size):
    with pytest.raises(LessonError, match=f"{name} is {size}, expected at least 1"):
        VectorQuantizer(**{name: size})


# Many latents, block by block


@pytest.fixture
def scores_at_once(monkeypatch):
    """Set how many scores a block may hold, and how many rows it has at least."""

    def set_most(scores, rows=1):
        monkeypatch.setattr("vqvae_lesson.quantizer.SCORES_AT_ONCE", scores)
        monkeypatch.setattr("vqvae_lesson.quantizer.FEWEST_ROWS", rows)

    return set_most


@pytest.fixture
def products(monkeypatch):
    """Note how many numbers each matrix product has."""
    sizes, matmul = [], tf.matmul

    def watched(*args, **kwargs):
        product = matmul(*args, **kwargs)
        sizes.append(product.shape.num_elements())
        return product

    monkeypatch.setattr(tf, "matmul", watched)
    return sizes


@pytest.mark.parametrize("count", [1, 24, 25, 26, 99, 100, 101])
@pytest.mark.parametrize("known", [True, False])
def test_block_by_block_nothing_changes(count, known, compiled, scores_at_once):
    scores_at_once(25 * 8 + 7)
    latents, codebook = draw(3, count, 8, 5)
    function = compiled(lambda rows: nearest_code(rows, codebook))
    if not known and isinstance(function, tf.types.experimental.PolymorphicFunction):
        rows = [tf.TensorSpec([None, 5])]
        function = tf.function(function.python_function, input_signature=rows)
    found = function(tf.constant(latents)).numpy()
    np.testing.assert_array_equal(found, brute_force(latents, codebook).argmin(-1))


def test_no_product_holds_more_scores_than_allowed(scores_at_once, products):
    scores_at_once(1_000)
    nearest_code(*draw(0, 2_001, 40, 6))
    assert sum(products) >= 2_001 * 40
    assert max(products) <= 1_000


def test_more_codes_than_scores_at_once_go_row_by_row(scores_at_once, products):
    scores_at_once(10)
    latents, codebook = draw(1, 6, 40, 3)
    true = brute_force(latents, codebook).argmin(-1)
    np.testing.assert_array_equal(nearest_code(latents, codebook), true)
    assert products == 6 * [40]


def test_of_many_codes_a_block_has_some_rows_at_least(scores_at_once, products):
    scores_at_once(10, rows=3)
    latents, codebook = draw(1, 6, 40, 3)
    true = brute_force(latents, codebook).argmin(-1)
    np.testing.assert_array_equal(nearest_code(latents, codebook), true)
    assert products == 2 * [3 * 40]


def test_an_empty_batch_of_unknown_size_has_no_index():
    rows = tf.TensorSpec([None, 3])
    function = tf.function(lambda z: nearest_code(z, tf.eye(3)), input_signature=[rows])
    assert function(tf.zeros([0, 3])).shape == [0]


# The layer


def test_the_layer_starts_with_glorot_uniform_codes():
    quantizer = VectorQuantizer(num_codes=300, code_size=200, seed=1)
    codebook = quantizer.codebook.numpy()
    limit = np.sqrt(6 / (300 + 200))
    assert codebook.shape == (300, 200)
    assert codebook.dtype == np.float32
    assert np.abs(codebook).max() <= limit
    # A uniform distribution has the variance limit² / 3.
    assert codebook.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)
    assert codebook.mean() == pytest.approx(0, abs=0.01 * limit)


def test_the_layer_has_the_sizes_of_the_article_unless_told_otherwise():
    assert VectorQuantizer().codebook.shape == (64, 16)


def test_one_seed_gives_one_codebook():
    first, again = (VectorQuantizer(8, 4, seed=5).codebook.numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (VectorQuantizer(8, 4, seed=6).codebook.numpy() != first).all()
    default = VectorQuantizer(8, 4).codebook.numpy()
    np.testing.assert_array_equal(default, VectorQuantizer(8, 4, seed=0).codebook)
    assert (default != first).all()


def test_one_code_of_one_number_makes_a_layer():
    quantizer = VectorQuantizer(num_codes=1, code_size=1, name="one")
    assert quantizer.name == "one"
    assert quantizer(tf.constant([[3.0], [-7.0]]))[1].numpy().tolist() == [0, 0]


def test_no_gradient_moves_the_codebook():
    quantizer = VectorQuantizer(8, 4)
    assert quantizer.trainable_variables == []
    assert [weight.name for weight in quantizer.weights] == ["codebook"]
    assert isinstance(quantizer, keras.layers.Layer)
    latents = tf.constant(draw(0, 10, 8, 4)[0])
    with tf.GradientTape() as tape:
        tape.watch(latents)
        quantized, _ = quantizer(latents)
    assert tape.gradient(quantized, latents) is None


def test_the_layer_gives_the_nearest_codes_compiled_or_not(compiled):
    quantizer = VectorQuantizer(12, 5, seed=2)
    latents = draw(4, 40, 12, 5)[0].reshape(10, 4, 5)
    codebook = quantizer.codebook.numpy()
    true = brute_force(latents, codebook).argmin(-1)
    quantized, indices = compiled(quantizer)(tf.constant(latents))
    np.testing.assert_array_equal(indices, true)
    np.testing.assert_array_equal(quantized, codebook[true])
    np.testing.assert_array_equal(quantizer.codebook.numpy(), codebook)


def test_distances_are_the_same_compiled_or_not(compiled):
    latents, codebook = draw(5, 40, 12, 5)
    found = compiled(squared_distances)(tf.constant(latents), tf.constant(codebook))
    np.testing.assert_allclose(
        found, brute_force(latents, codebook), rtol=1e-5, atol=1e-5
    )


def test_blocks_are_searched_two_at_a_time_in_a_graph_alone(monkeypatch):
    # Eagerly TensorFlow would warn, and take one after the other all the same.
    asked, map_fn = [], tf.map_fn

    def spy(*words, parallel_iterations, **more):
        asked.append(parallel_iterations)
        return map_fn(*words, parallel_iterations=parallel_iterations, **more)

    monkeypatch.setattr(tf, "map_fn", spy)
    rows = tf.reshape(tf.range(7.0), [7, 1])

    def search():
        return in_blocks(lambda one: tf.cast(one[:, 0], tf.int32), rows, most=3)

    for found in (search(), tf.function(search)()):
        assert found.numpy().tolist() == [*range(7)]
    assert asked == [None, 2]
