from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from scipy.special import log_expit, logsumexp

from vqvae_lesson.errors import LessonError
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import VAERecipe
from vqvae_lesson.training import train_step
from vqvae_lesson.vae import (
    VAE,
    MixturePrior,
    VAELosses,
    bound_terms,
    importance_weighted_nats,
    likelihood_nats,
    monte_carlo_kl,
    normal,
    numbers_in_use,
    price_under,
    refit_prior,
    tfd,
)

SMALL = VAERecipe(code_size=3, base_depth=4, num_components=5)


def build(seed=0, **changes):
    return replace(SMALL, **changes).build((8, 8, 1), seed)


def letters(count, seed=0, shape=(8, 8, 1)):
    return np.random.default_rng(seed).random([count, *shape]).astype(np.float32)


def seeds(number=0):
    return tf.constant([number, 7])


def stir(model, seed=0):
    """Give the prior numbers that are all different."""
    random = np.random.default_rng(seed)
    for variable in (model.mixture.weight_logits, model.mixture.statistics):
        variable.assign(random.normal(size=variable.shape))
    return model


# The posterior


def test_the_first_half_are_means_and_the_second_becomes_positive():
    random = np.random.default_rng(0)
    statistics = random.normal(size=[4, 1, 6]).astype(np.float32) * 3
    made = normal(statistics)
    np.testing.assert_allclose(made.mean(), statistics[..., :3], rtol=1e-6)
    raw = np.float64(statistics[..., 3:])
    expected = np.log(1 + (np.e - 1) * np.exp(raw))
    np.testing.assert_allclose(made.stddev(), expected, rtol=1e-5)


def test_where_the_encoder_says_nothing_the_scale_is_one():
    np.testing.assert_allclose(normal(np.zeros([2, 8])).stddev(), 1, rtol=1e-6)


def test_draws_have_the_mean_and_the_spread_of_the_posterior():
    posterior = normal(np.float32([[1.0, -2.0, 0.5, -1.0]]))
    draws = posterior.sample(20_000, seed=seeds()).numpy()[:, 0]
    spread = posterior.stddev().numpy()[0]
    np.testing.assert_allclose(draws.mean(axis=0), [1, -2], atol=0.04)
    np.testing.assert_allclose(draws.std(axis=0), spread, rtol=0.03)


def test_a_gradient_through_draws_is_that_of_the_closed_form():
    """d KL(N(m, s) | N(0, 1)) is m for the mean, s - 1/s for the scale."""
    mean, scale = tf.Variable([0.7]), tf.Variable([0.4])
    with tf.GradientTape() as tape:
        posterior = tfd.MultivariateNormalDiag(mean, scale)
        prior = tfd.MultivariateNormalDiag([0.0], [1.0])
        draws = posterior.sample(100_000, seed=seeds())
        kl = tf.reduce_mean(monte_carlo_kl(posterior, prior, draws))
    found = [float(part[0]) for part in tape.gradient(kl, [mean, scale])]
    np.testing.assert_allclose(found, [0.7, 0.4 - 1 / 0.4], atol=0.03)


# The prior


def test_the_mixture_is_what_scipy_adds_up():
    model = stir(build())
    statistics = np.float64(model.mixture.statistics)
    logits = np.float64(model.mixture.weight_logits)
    scales = np.log(1 + (np.e - 1) * np.exp(statistics[:, 3:]))
    points = np.random.default_rng(1).normal(size=[6, 3])
    each = stats.norm.logpdf(points[:, None], statistics[:, :3], scales).sum(axis=-1)
    expected = logsumexp(each + logits - logsumexp(logits), axis=1)
    found = model.prior.log_prob(points.astype(np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_mixture_begins_spread_out_with_scales_of_one_and_equal_weights():
    prior = MixturePrior(400, 2, seed=3).distribution()
    means = prior.components_distribution.mean().numpy()
    np.testing.assert_allclose(means.std(), 1, rtol=0.1)
    np.testing.assert_allclose(prior.components_distribution.stddev(), 1, rtol=1e-6)
    np.testing.assert_allclose(
        prior.mixture_distribution.probs_parameter(), 1 / 400, rtol=1e-5
    )


# The divergence


@pytest.mark.parametrize("seed", range(3))
def test_the_monte_carlo_divergence_is_the_closed_form_on_average(seed):
    random = np.random.default_rng(seed)
    mean, prior_mean = random.normal(size=[2, 3])
    scale, prior_scale = random.uniform(0.4, 2, size=[2, 3])
    ratio = (scale / prior_scale) ** 2
    apart = ((mean - prior_mean) / prior_scale) ** 2
    exact = (ratio + apart - 1 - np.log(ratio)).sum() / 2
    posterior, prior = (
        tfd.MultivariateNormalDiag(np.float32(m), np.float32(s))
        for m, s in ((mean, scale), (prior_mean, prior_scale))
    )
    draws = posterior.sample(40_000, seed=seeds(seed))
    found = monte_carlo_kl(posterior, prior, draws).numpy()
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - exact) < 4 * error
    assert error < exact / 20


def test_from_a_distribution_to_itself_every_draw_says_zero():
    posterior = normal(letters(4, shape=(1, 6)))
    found = monte_carlo_kl(posterior, posterior, posterior.sample(seed=seeds()))
    np.testing.assert_array_equal(found, np.zeros([4, 1]))


def test_the_divergence_from_a_mixture_is_right_on_average():
    """Against a sum over a fine grid, in one dimension."""
    model = stir(build(code_size=1))
    statistics = np.float32([[0.3, -0.7]])
    posterior = normal(statistics)
    grid = np.linspace(-12, 12, 20_001)[:, None].astype(np.float32)
    inside = np.float64(posterior.log_prob(grid[:, None]))[:, 0]
    outside = np.float64(model.prior.log_prob(grid))
    exact = np.sum(np.exp(inside) * (inside - outside)) * (grid[1, 0] - grid[0, 0])
    draws = posterior.sample(40_000, seed=seeds())
    found = monte_carlo_kl(posterior, model.prior, draws).numpy().mean()
    assert found == pytest.approx(exact, abs=0.02)


# The bounds, against the likelihood itself


def tiny():
    """A model of one number per latent, whose decoder and posteriors are not flat."""
    model = stir(build(code_size=1, num_components=3))
    for layer in model.decoder.layers[-3:]:
        layer.kernel.assign(3 * layer.kernel)
    return model


def exact_nats(model, images):
    """The negative log-likelihood by a sum over a fine grid of latents, in float64."""
    grid = np.linspace(-12, 12, 4_001, dtype=np.float32)
    logits = np.float64(model.decoder(grid[:, None, None]))[:, None]
    images = np.float64(images)[None]
    inside = images * log_expit(logits) + (1 - images) * log_expit(-logits)
    inside = inside.reshape(len(grid), images.shape[1], -1).sum(axis=-1)
    prior = np.float64(model.prior.log_prob(grid[:, None]))[:, None]
    return -logsumexp(inside + prior, axis=0) - np.log(grid[1] - grid[0])


def bound(model, images, num_samples, draws):
    nats = tf.function(importance_weighted_nats)
    found = [nats(model, images, num_samples, seeds(number)) for number in range(draws)]
    return np.mean(found, axis=0)


def test_the_bounds_come_down_to_the_likelihood_with_more_samples():
    model, images = tiny(), letters(5, seed=1).round()
    exact = exact_nats(model, images)
    once, ten, thousand = (
        bound(model, images, *sizes) for sizes in ((1, 300), (10, 100), (1_000, 2))
    )
    assert once.mean() > ten.mean() + 0.05 > exact.mean() + 0.05
    np.testing.assert_allclose(thousand, exact, atol=0.05)


def test_with_one_sample_the_estimate_is_the_bound():
    model, images = stir(build()), letters(4)
    np.testing.assert_allclose(
        importance_weighted_nats(model, images, 1, seeds()),
        sum(bound_terms(model, images, seeds())),
        rtol=1e-5,
    )


def test_the_terms_are_those_of_a_pass_by_hand():
    model, images = stir(build()), letters(4)
    statistics = np.float64(model.encoder(images))
    latents = np.float64(model.posterior(images).sample(seed=seeds()))
    scales = np.log(1 + (np.e - 1) * np.exp(statistics[..., 3:]))
    inside = stats.norm.logpdf(latents, statistics[..., :3], scales).sum(axis=-1)
    kl = inside - np.float64(model.prior.log_prob(np.float32(latents)))
    logits = np.float64(model.decoder(np.float32(latents)))
    nats = -images * log_expit(logits) - (1 - images) * log_expit(-logits)
    found = bound_terms(model, images, seeds())
    np.testing.assert_allclose(found[0], nats.reshape(4, -1).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(found[1], kl[:, 0], rtol=1e-4, atol=1e-4)


# One step


def test_gradients_reach_encoder_decoder_and_prior():
    model = stir(build())
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(bound_terms(model, letters(6), seeds()))
    gradients = tape.gradient(total, model.trainable_variables)
    parts = [model.encoder, model.mixture, model.decoder]
    count = sum(len(part.trainable_variables) for part in parts)
    assert len(gradients) == len(model.trainable_variables) == count
    for gradient, variable in zip(gradients, model.trainable_variables, strict=True):
        assert np.abs(gradient).max() > 0, variable.path


def test_a_step_moves_every_part_and_returns_the_losses_from_before():
    model, images = stir(build()), letters(6)
    before = [variable.numpy() for variable in model.trainable_variables]
    reconstruction, kl = (np.mean(part) for part in bound_terms(model, images, seeds()))
    optimizer = keras.optimizers.Adam(1e-2)
    losses = train_step(model, optimizer, tf.constant(images), seeds())
    assert isinstance(losses, VAELosses)
    expected = [reconstruction + kl, reconstruction, kl]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    for old, variable in zip(before, model.trainable_variables, strict=True):
        assert np.abs(variable.numpy() - old).max() > 0, variable.path


def test_training_brings_the_bound_down():
    images = tf.constant(np.tile(letters(2).round(), [16, 1, 1, 1]))
    model, optimizer = build(), keras.optimizers.Adam(1e-2)
    optimizer.build(model.trainable_variables)
    step = tf.function(train_step)
    losses = [
        float(step(model, optimizer, images, seeds(number)).total)
        for number in range(60)
    ]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 2


# The whole model


def test_encoder_and_decoder_are_those_of_the_vqvae_with_twice_the_numbers():
    from vqvae_lesson.decoder import build_decoder
    from vqvae_lesson.encoder import build_encoder

    model = VAE()
    for found, expected in (
        (model.encoder, build_encoder(code_size=32)),
        (model.decoder, build_decoder(code_size=16)),
    ):
        shapes = [[tuple(w.shape) for w in net.weights] for net in (found, expected)]
        assert shapes[0] == shapes[1]


def test_pictures_are_probabilities_and_the_seed_decides():
    model, images = stir(build()), letters(9)
    for draw in (model.sample, lambda count, seed: model.reconstruct(images, seed)):
        first, again, other = (draw(9, seed).numpy() for seed in (1, 1, 2))
        assert first.shape == (9, 8, 8, 1)
        assert ((first > 0) & (first < 1)).all()
        np.testing.assert_array_equal(first, again)
        assert np.abs(first - other).max() > 0


def test_a_reconstruction_is_decoded_from_the_letters_own_posterior():
    """With clouds of nearly no width, it is the picture of the posterior's mean."""
    model, images = stir(build()), letters(5)
    weights, shift = model.encoder.layers[-2].weights
    weights.assign(tf.concat([weights[:, :3], 0 * weights[:, 3:]], axis=1))
    shift.assign([0, 0, 0, -20, -20, -20])
    means = model.posterior(images).mean()
    assert np.ptp(means, axis=0).min() > 0.01
    found = model.reconstruct(images, seed=4)
    np.testing.assert_allclose(found, model.decode(means), atol=1e-6)


def test_seeds_as_large_as_the_command_line_takes_them_differ():
    model = stir(build())
    seeds = (0, 2**31, 2**32 - 1, np.int32(3))
    drawn = [model.sample(2, seed).numpy().tobytes() for seed in seeds]
    assert len(set(drawn)) == len(seeds)


def test_random_pictures_come_from_the_prior():
    """With a decoder that adds its latent up, pictures tell the latents' mean."""
    model = build(code_size=2, num_components=2)
    model.mixture.weight_logits.assign([np.log(3), 0])
    model.mixture.statistics.assign([[5, 5, -3, -3], [-5, -5, -3, -3]])
    model.decoder = lambda latents: tf.reduce_sum(latents, axis=-1)[..., None, None]
    pictures = model.sample(4_000, seed=0).numpy().ravel()
    assert np.mean(pictures > 0.5) == pytest.approx(3 / 4, abs=0.03)


def test_the_first_weights_follow_from_the_seed():
    one, again, other = build(1), build(1), build(2)
    for first, second in zip(one.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one.mixture.statistics, other.mixture.statistics)
    assert not np.array_equal(one.encoder.weights[0], other.encoder.weights[0])


@pytest.mark.parametrize("shape", [(0, 8, 8, 1), (3, 8, 12, 1), (3, 8, 8, 2)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(LessonError, match=r"expected \[B, 8, 8, 1\]"):
        build().posterior(np.zeros(shape, np.float32))


@pytest.mark.parametrize("shape", [(0, 1, 3), (2, 3), (2, 2, 3), (2, 1, 4)])
def test_latents_of_another_shape_are_refused(shape):
    with pytest.raises(LessonError, match=r"expected \[B, 1, 3\]"):
        build().decode(np.zeros(shape, np.float32))


# A whole data set


def test_the_metrics_are_means_over_all_images():
    model, images = stir(build()), letters(10)
    found = evaluate(model, images, batch_size=4, seed=3)
    terms = [
        bound_terms(model, images[start : start + 4], [3, start]) for start in (0, 4, 8)
    ]
    reconstruction, kl = np.concatenate(terms, axis=1).mean(axis=1)
    assert found.reconstruction == pytest.approx(reconstruction, rel=1e-5)
    assert found.kl == pytest.approx(kl, rel=1e-4)
    assert found.negative_elbo == found.reconstruction + found.kl


def test_the_bound_over_a_data_set_is_the_mean_of_its_parts(monkeypatch):
    monkeypatch.setattr("vqvae_lesson.vae.DECODED_AT_ONCE", 9)
    model, images = stir(build()), letters(5)
    parts = [
        importance_weighted_nats(model, images[start : start + 3], 3, [0, start])
        for start in (0, 3)
    ]
    expected = np.concatenate(parts).mean()
    assert likelihood_nats(model, images, 3) == pytest.approx(expected, rel=1e-5)


def test_the_seed_of_a_measurement_decides():
    model, images = stir(build()), letters(3)
    for measure in (
        lambda seed: evaluate(model, images, seed=seed).negative_elbo,
        lambda seed: likelihood_nats(model, images, 2, seed),
    ):
        assert measure(0) == measure(0) != measure(1)


def test_sizes_below_one_are_refused():
    for name in ("code_size", "num_components"):
        with pytest.raises(LessonError, match=f"{name} is 0, expected a whole number"):
            build(**{name: 0})
    with pytest.raises(LessonError, match="num_samples is 0"):
        likelihood_nats(build(), letters(2), 0)


@pytest.mark.parametrize("measure", [evaluate, likelihood_nats])
def test_no_image_cannot_be_measured(measure):
    with pytest.raises(LessonError, match="no images to measure"):
        measure(build(), np.zeros([0, 8, 8, 1], np.float32))


# Numbers in use


def told_by(statistics, model=None):
    """What is measured where the encoder says these statistics, [N, 1, 6]."""
    model = model or build()
    model.encoder = lambda images: tf.constant(statistics, tf.float32)
    return numbers_in_use(model, letters(len(statistics)))


def test_a_number_that_never_changes_is_not_active_and_as_wide_as_the_prior():
    """One that moves by 2 with a scale of 1/4, one that stays, one that copies."""
    moves = 2 * np.random.default_rng(0).normal(size=[500, 1, 1])
    zero = np.zeros_like(moves)
    raw_quarter = np.log(np.expm1(0.25)) - np.log(np.e - 1) + zero
    model = build(num_components=1)
    model.mixture.statistics.assign(tf.zeros([1, 6]))
    statistics = [moves, zero, moves / 10, raw_quarter, zero, zero]
    found = told_by(np.concatenate(statistics, axis=-1), model)
    expected = [np.var(moves), 0, np.var(moves) / 100]
    np.testing.assert_allclose(found.activity, expected, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(found.width, [0.25, 1, 1], rtol=1e-4)
    assert found.directions == 1


def test_the_width_is_in_units_of_a_mixtures_own_spread():
    model = build(num_components=2)
    far = np.float32([[3, 0, 0, 0, 0, 0], [-3, 0, 0, 0, 0, 0]])
    model.mixture.statistics.assign(far)
    means = np.random.default_rng(2).random([9, 1, 3])
    found = told_by(np.concatenate([means, np.zeros([9, 1, 3])], axis=-1), model)
    np.testing.assert_allclose(found.width, [1 / np.sqrt(10), 1, 1], rtol=1e-4)
    assert found.directions == 3


def test_a_narrow_neck_lets_means_vary_in_no_more_directions():
    for neck, count in ((2, 2), (8, 6)):
        model = stir(build(code_size=6, neck_depth=neck))
        assert numbers_in_use(model, letters(40)).directions == count


# The prior, fitted anew


class Spread:
    """Posteriors N(image, 0.6): a stand-in for a VAE, its images are the means."""

    def __init__(self, num_components):
        self.recipe = VAERecipe(num_components=num_components)

    def posterior(self, images):
        return tfd.MultivariateNormalDiag(images[:, None], tf.fill([1, 1, 2], 0.6))


def means(count, seed=0):
    """Make, together with the posterior's spread, a normal of mean 3 and scale 1."""
    return np.random.default_rng(seed).normal(3, 0.8, [count, 2]).astype(np.float32)


def test_refitted_to_latents_of_one_normal_a_prior_is_that_normal():
    one = refit_prior(Spread(1), means(5_000))
    np.testing.assert_allclose(one.mean(), [3, 3], atol=0.03)
    np.testing.assert_allclose(one.stddev(), [1, 1], rtol=0.02)
    grid = np.random.default_rng(1).normal(3, 1, [500, 2]).astype(np.float32)
    several = refit_prior(Spread(3), means(5_000))
    expected = stats.norm.logpdf(grid, 3, 1).sum(axis=1)
    assert abs(np.mean(several.log_prob(grid) - expected)) < 0.02


def test_no_refitted_prior_beats_the_true_one_by_more_than_noise():
    model, held_out = Spread(20), means(5_000, seed=1)
    true = tfd.MultivariateNormalDiag([3.0, 3.0], [1.0, 1.0])
    refitted = refit_prior(model, means(2_000))
    best, found = (price_under(model, one, held_out) for one in (true, refitted))
    assert best - 0.01 < found < best + 0.1


def test_a_refitted_prior_has_as_many_normals_as_the_learned_one():
    model = stir(build(num_components=4))
    prior = refit_prior(model, letters(40))
    assert prior.components_distribution.mean().shape == [4, 3]
    np.testing.assert_allclose(
        prior.mixture_distribution.probs_parameter().numpy().sum(), 1, rtol=1e-6
    )


def test_the_price_under_a_normal_is_the_closed_form():
    """Mean of KL(N(m, 0.6) | N(0, 2)) over the means, two numbers each."""
    images = means(10_000)
    other = tfd.MultivariateNormalDiag([0.0, 0.0], [2.0, 2.0])
    apart = (np.float64(images) / 2) ** 2
    exact = ((0.3**2 + apart - 1) / 2 - np.log(0.3)).sum(axis=1).mean()
    assert abs(price_under(Spread(1), other, images) - exact) < 0.02


def test_the_price_under_the_learned_prior_is_that_of_the_bound():
    model, images = stir(build()), letters(300)
    found = price_under(model, model.prior, images)
    draws = [evaluate(model, images, seed=seed).kl for seed in range(8)]
    assert abs(found - np.mean(draws)) < 4 * np.std(draws) + 1e-3
