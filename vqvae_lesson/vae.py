"""The continuous rival: a variational autoencoder, or VAE (chapter 12).

Encoder and decoder are those of the VQ-VAE. In between stands no code, but a
normal distribution over latents, and beside it a learned prior, a mixture of
normals. Kingma and Welling 2014, arXiv:1312.6114.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vqvae_lesson.decoder import build_decoder
from vqvae_lesson.encoder import build_encoder
from vqvae_lesson.errors import LessonError
from vqvae_lesson.limits import Nats
from vqvae_lesson.metrics import evaluate, nll_per_image
from vqvae_lesson.model import LessonModel, checks_images
from vqvae_lesson.noise import noise_seeds
from vqvae_lesson.recipes import VAERecipe

__all__ = [
    "normal",
    "MixturePrior",
    "monte_carlo_kl",
    "VAELosses",
    "bound_terms",
    "VAE",
    "VAEMetrics",
    "numbers_in_use",
    "refit_prior",
    "importance_weighted_nats",
]

tfd = tfp.distributions
# softplus of this is 1.
SCALE_ONE = float(np.log(np.e - 1))
DECODED_AT_ONCE = 1_000
LEAST_DIRECTION = 1e-2
# For a prior that is fitted anew, and for its price: so many draws an image.
PRIOR_DRAWS = 4


class VAELosses(NamedTuple):
    """The loss and its terms, scalars, in nats per image.

    Attributes
    ----------
    total, reconstruction, kl : tensor, float32 []
        The pixels and the price of the latent; with a KL weight of 1 the total is
        the bound, their sum.
    """

    total: tf.Tensor
    reconstruction: tf.Tensor
    kl: tf.Tensor


class VAEMetrics(NamedTuple):
    """What :func:`~vqvae_lesson.metrics.evaluate` finds, means over images in nats.

    Attributes
    ----------
    negative_elbo : float
        The bound: the sum of the other two.
    reconstruction, kl : float
        The pixels, and the price of the latent.
    """

    negative_elbo: float
    reconstruction: float
    kl: float


def normal(statistics):
    """Make the encoder's numbers a normal distribution over latents.

    Parameters
    ----------
    statistics : tensor, float32 [..., 2 D]
        First the means, then what becomes the standard deviations: softplus makes
        them positive, and 1 where the encoder says 0.

    Returns
    -------
    tfd.MultivariateNormalDiag
        Over latents [D], one for each [...].

    Examples
    --------
    >>> posterior = normal(tf.zeros([5, 1, 4]))  # 2 means and 2 deviations each
    >>> posterior.batch_shape.as_list(), posterior.stddev()[0, 0].numpy()
    ([5, 1], array([1., 1.], dtype=float32))
    """
    means, raw_scales = tf.split(statistics, 2, axis=-1)
    return tfd.MultivariateNormalDiag(means, tf.nn.softplus(raw_scales + SCALE_ONE))


class Numbers(NamedTuple):
    """What the D numbers of a latent tell about the images.

    Attributes
    ----------
    activity : ndarray, float32 [D]
        Variance of the posterior's mean over the images.
    width : ndarray, float32 [D]
        Standard deviation of the posterior, mean over the images, in units of the
        prior's; 1 where a number tells nothing.
    directions : int
        In how many directions the means vary: singular values of their matrix that
        are at least a hundredth of the largest.
    """

    activity: np.ndarray
    width: np.ndarray
    directions: int


class MixturePrior(keras.layers.Layer):
    """A prior that learns: a mixture of normals, all its numbers trainable.

    Parameters
    ----------
    num_components, code_size : int
        How many normals, and D.
    seed : int
        Fixes where they begin: with means drawn from a standard normal, standard
        deviations of 1 and equal weights.

    References
    ----------
    Tomczak and Welling 2018, arXiv:1705.07120: the mixture of Gaussians there.

    Examples
    --------
    >>> prior = MixturePrior(num_components=3, code_size=2, seed=0).distribution()
    >>> prior.log_prob(tf.zeros([5, 1, 2])).shape.as_list()
    [5, 1]
    """

    def __init__(self, num_components, code_size, seed=0, **kwargs):
        super().__init__(**kwargs)
        spread = keras.initializers.RandomNormal(stddev=1.0, seed=seed)
        self.weight_logits = self.add_weight((num_components,), "zeros")
        self.statistics = self.add_weight((num_components, 2 * code_size), "zeros")
        means = spread((num_components, code_size))
        self.statistics.assign(tf.concat([means, tf.zeros_like(means)], axis=-1))

    def distribution(self):
        """Return the prior as it now is, a tfd.MixtureSameFamily over latents [D]."""
        return tfd.MixtureSameFamily(
            tfd.Categorical(logits=tf.convert_to_tensor(self.weight_logits)),
            normal(tf.convert_to_tensor(self.statistics)),
        )


def monte_carlo_kl(posterior, prior, latents):
    """Kullback-Leibler divergence, estimated at latents drawn from the posterior.

    Parameters
    ----------
    posterior, prior : tfd.Distribution
        Over latents [D].
    latents : tensor, float32 [..., D]
        One draw from each posterior.

    Returns
    -------
    tensor, float32 [...]
        Nats; right on average, and sometimes below 0.

    Examples
    --------
    >>> cloud = normal(tf.zeros([5, 1, 4]))
    >>> monte_carlo_kl(cloud, cloud, cloud.sample(seed=0)).numpy().ravel()
    array([0., 0., 0., 0., 0.], dtype=float32)
    """
    return posterior.log_prob(latents) - prior.log_prob(latents)


class VAE(LessonModel):
    """Encoder, normal posterior, mixture prior and decoder; one latent per image.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.VAERecipe
    image_shape : tuple of int
        Height, width, channels.
    seed : int
        Fixes every first weight.

    Examples
    --------
    >>> from vqvae_lesson.laboratory import small_rival
    >>> model = VAE(small_rival(1), (28, 28, 1), seed=0)
    >>> model.posterior(tf.zeros([5, 28, 28, 1])).mean().shape.as_list()
    [5, 1, 16]
    """

    terms = VAELosses

    def __init__(self, recipe=None, image_shape=(28, 28, 1), seed=0):
        super().__init__(name="vae")
        keras.utils.set_random_seed(seed)
        self.recipe = recipe = recipe or VAERecipe()
        self.image_shape, self.code_size = tuple(image_shape), recipe.code_size
        depth, neck = recipe.base_depth, recipe.neck_depth
        # Twice as many numbers come out of the encoder: means and scales.
        self.encoder = build_encoder(image_shape, 1, 2 * self.code_size, depth, neck)
        self.mixture = MixturePrior(
            recipe.num_components, self.code_size, seed, name="prior"
        )
        self.decoder = build_decoder(image_shape, 1, self.code_size, depth)
        self.built = True

    @property
    def prior(self):
        """The prior as it now is, a tfd.MixtureSameFamily over latents [D]."""
        return self.mixture.distribution()

    @checks_images
    def posterior(self, images):
        """Say where the latents of images may lie.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]

        Returns
        -------
        tfd.MultivariateNormalDiag
            [B, 1] distributions over latents [D].

        Raises
        ------
        LessonError
            For images of another shape than the model's, or none.
        """
        return normal(self.encoder(images))

    def decode(self, latents):
        """Draw the pictures that latents stand for.

        Parameters
        ----------
        latents : tensor, float32 [B, 1, D]

        Returns
        -------
        tensor, float32 [B, H, W, C] in [0, 1]
            The mean of each pixel's Bernoulli distribution.

        Raises
        ------
        LessonError
            For a shape other than [B, 1, D], or no row at all.
        """
        latents = tf.convert_to_tensor(latents, tf.float32)
        if latents.shape[1:] != [1, self.code_size] or latents.shape[0] == 0:
            raise LessonError(
                f"latents have shape {latents.shape.as_list()}, expected [B, 1, "
                f"{self.code_size}] with B at least 1"
            )
        return tf.sigmoid(self.decoder(latents))

    def losses(self, images, noise):
        """Reconstruction and KL divergence, with one latent drawn for each image."""
        reconstruction, kl = map(tf.reduce_mean, bound_terms(self, images, noise))
        total = reconstruction + self.recipe.kl_weight * kl
        return VAELosses(total, reconstruction, kl), None

    def measure(self, images, noise):
        """Both terms of the bound for each image."""
        return bound_terms(self, images, noise)

    def summary_of(self, reconstruction, kl):
        """Sum up as :class:`VAEMetrics`."""
        reconstruction, kl = (
            float(nats.mean(dtype=np.float64)) for nats in (reconstruction, kl)
        )
        return VAEMetrics(reconstruction + kl, reconstruction, kl)

    def represent(self, images, seed=0):
        """Draw one latent from each posterior, float32 [B, 1, D]."""
        return self.posterior(images).sample(seed=noise_seeds(seed, 0))

    def draw(self, count, seed=0):
        """Draw latents from the prior, float32 [count, 1, D]."""
        return self.prior.sample([count, 1], seed=noise_seeds(seed, 1))

    def cost(self, images, train_images=None):
        """Price each letter's latent; the prior has learned what it needs."""
        return latent_cost(self, images)


def bound_terms(model, images, seed):
    """Estimate pixels and price, whose sum is the bound, with one draw an image.

    Parameters
    ----------
    model : VAE
    images : tensor, float32 [B, H, W, C] in [0, 1]
    seed : tensor, int32 [2]
        Fixes the draws.

    Returns
    -------
    reconstruction, kl : tensor, float32 [B]
        Nats per image.

    Examples
    --------
    >>> from vqvae_lesson.laboratory import small_rival
    >>> model = small_rival(1).build((28, 28, 1), seed=0)
    >>> pixels, price = bound_terms(model, tf.zeros([5, 28, 28, 1]), seed=[0, 1])
    >>> pixels.shape.as_list(), price.shape.as_list()
    ([5], [5])
    """
    posterior = model.posterior(images)
    latents = posterior.sample(seed=seed)
    reconstruction = nll_per_image(images, model.decoder(latents))
    return reconstruction, monte_carlo_kl(posterior, model.prior, latents)[:, 0]


def refit_prior(model, images, seed=0):
    """Fit the prior's mixture anew, to four latents drawn for each image.

    As the shares of codes are counted after the training, so is this: expectation
    maximization begins afresh, and encoder and decoder stay as they are.

    Parameters
    ----------
    model : VAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
        At least a quarter as many as the mixture has normals.
    seed : int
        Fixes the draws, and where the fit begins.

    Returns
    -------
    tfd.MixtureSameFamily
        Over latents [D], of as many normals as the learned prior.

    References
    ----------
    Dempster, Laird, Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x.

    Examples
    --------
    >>> from vqvae_lesson.laboratory import small_rival
    >>> model = small_rival(1).build((28, 28, 1), seed=0)
    >>> images = np.random.default_rng(0).random([30, 28, 28, 1]).astype(np.float32)
    >>> refit_prior(model, images).log_prob(tf.zeros([5, 16])).shape.as_list()
    [5]
    """
    from sklearn.mixture import GaussianMixture

    drawn = model.posterior(images).sample(PRIOR_DRAWS, seed=noise_seeds(seed, 0))
    latents = np.float64(drawn).reshape(-1, drawn.shape[-1])
    count = model.recipe.num_components
    fit = GaussianMixture(count, covariance_type="diag", random_state=seed).fit(latents)
    weights, means, scales = map(
        np.float32, (fit.weights_, fit.means_, np.sqrt(fit.covariances_))
    )
    return tfd.MixtureSameFamily(
        tfd.Categorical(probs=weights), tfd.MultivariateNormalDiag(means, scales)
    )


def price_under(model, prior, images, seed=0):
    """Price the latents of images with a prior, the model's own or another.

    Parameters
    ----------
    model : VAE
    prior : tfd.Distribution
        Over latents [D].
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    seed : int
        Fixes the draws.

    Returns
    -------
    float
        Nats per image.
    """
    posterior = model.posterior(images)
    latents = posterior.sample(PRIOR_DRAWS, seed=noise_seeds(seed, 0))
    return float(np.mean(monte_carlo_kl(posterior, prior, latents), dtype=np.float64))


def importance_weighted_nats(model, images, num_samples, seed):
    """Importance-weighted estimate of an image's likelihood, -ln p(x).

    Parameters
    ----------
    model : VAE
    images : tensor, float32 [B, H, W, C] in [0, 1]
    num_samples : int
        S, latents drawn for each image; with 1 this is the bound, and with more it
        comes down, on average, to the likelihood itself.
    seed : tensor, int32 [2]

    Returns
    -------
    tensor, float32 [B]
        Nats per image.

    References
    ----------
    Burda, Grosse, Salakhutdinov 2016, arXiv:1509.00519, equation 8.

    Examples
    --------
    >>> from vqvae_lesson.laboratory import small_rival
    >>> model = small_rival(1).build((28, 28, 1), seed=0)
    >>> images = tf.zeros([5, 28, 28, 1])
    >>> importance_weighted_nats(model, images, num_samples=4, seed=[0, 1]).shape
    TensorShape([5])
    """
    posterior = model.posterior(images)
    latents = posterior.sample(num_samples, seed=seed)
    logits = model.decoder(tf.reshape(latents, [-1, 1, model.code_size]))
    repeated = tf.tile(images, [num_samples, 1, 1, 1])
    nats = tf.reshape(nll_per_image(repeated, logits), [num_samples, -1])
    log_weights = -nats - monte_carlo_kl(posterior, model.prior, latents)[..., 0]
    return tf.math.log(float(num_samples)) - tf.reduce_logsumexp(log_weights, axis=0)


def likelihood_nats(model, images, num_samples=16, seed=0):
    """Mean importance-weighted likelihood over a whole data set, from above.

    Parameters
    ----------
    model : VAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    num_samples, seed : int

    Returns
    -------
    float
        Nats per image.

    Raises
    ------
    LessonError
        For no image at all, or no sample.
    """
    if num_samples < 1:
        raise LessonError(f"num_samples is {num_samples}, expected at least 1")
    if not len(images):
        raise LessonError("no images to measure, expected at least one")
    size = max(DECODED_AT_ONCE // num_samples, 1)
    nats = [
        importance_weighted_nats(
            model, images[start : start + size], num_samples, noise_seeds(seed, start)
        )
        for start in range(0, len(images), size)
    ]
    return float(np.concatenate(nats).mean(dtype=np.float64))


def latent_cost(model, images, num_samples=16, seed=0):
    """Measure what a letter costs under a VAE.

    Parameters
    ----------
    model : VAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    num_samples, seed : int
        As for :func:`likelihood_nats`.

    Returns
    -------
    Nats
    """
    found = evaluate(model, images, seed=seed)
    likelihood = likelihood_nats(model, images, num_samples, seed)
    return Nats(found.reconstruction, found.kl, found.negative_elbo, likelihood)


def numbers_in_use(model, images):
    """Measure how much each number of a latent tells about the images.

    Parameters
    ----------
    model : VAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
        More than D of them.

    Returns
    -------
    Numbers

    References
    ----------
    Burda, Grosse, Salakhutdinov 2016, arXiv:1509.00519, section 4: a number with
    an activity above 0.01 counts as active there.

    Examples
    --------
    >>> from vqvae_lesson.laboratory import small_rival
    >>> model = small_rival(1).build((28, 28, 1), seed=0)
    >>> found = numbers_in_use(model, np.zeros([20, 28, 28, 1], np.float32))
    >>> found.activity.shape, found.width.shape
    ((16,), (16,))
    """
    posterior = model.posterior(images)
    means, scales = posterior.mean()[:, 0].numpy(), posterior.stddev()[:, 0].numpy()
    width = scales.mean(axis=0) / model.prior.stddev().numpy()
    lengths = np.linalg.svd(means - means.mean(axis=0), compute_uv=False)
    directions = int(np.sum(lengths > LEAST_DIRECTION * lengths[0]))
    return Numbers(means.var(axis=0), width, directions)
