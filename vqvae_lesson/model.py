"""What every model can do, and the VQ-VAE as one object (chapter 07).

Encoder, quantizer and decoder in a row, after van den Oord et al. 2017,
arXiv:1711.00937, with the sizes of the article.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from vqvae_lesson.decoder import build_decoder
from vqvae_lesson.ema import VectorQuantizerEMA
from vqvae_lesson.encoder import build_encoder, check_images
from vqvae_lesson.errors import LessonError, check_before
from vqvae_lesson.health import WarmUp, start_on_data
from vqvae_lesson.limits import code_cost, code_shares
from vqvae_lesson.losses import (
    Losses,
    pixel_distribution,
    straight_through,
    total_loss,
)
from vqvae_lesson.metrics import Metrics, code_counts, perplexity
from vqvae_lesson.recipes import VQVAERecipe

__all__ = ["LessonModel", "Output", "VQVAE"]

#: As many latents of the letters as k-means sees before the codes start on them.
MOST_LATENTS = 60_000
checks_images = check_before(
    lambda self, images, *_, **__: check_images(images, self.image_shape)
)


class LessonModel(keras.Model):
    """What every model can do: one step, one loop, one measure serve them all.

    A model of its own says what it is with seven short methods: `losses`, `measure`,
    `summary_of`, `represent`, `draw`, `decode` and `cost`. Where a gradient does not
    move all, `follow` moves the rest; where the first steps differ, `stage` says how.

    Attributes
    ----------
    terms : type
        The NamedTuple that `losses` returns.
    """

    terms = None

    def losses(self, images, noise):
        """Say how far the model is from what it should do.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]
        noise : tensor, int32 [2]
            Seeds of all that is drawn at random.

        Returns
        -------
        losses : NamedTuple
            Scalars in nats per image, `total` first.
        output : object
            What :meth:`follow` needs to know of this pass.
        """
        raise NotImplementedError

    def follow(self, output):
        """Move what no gradient moves, after a step; here nothing.

        Parameters
        ----------
        output : object
            From :meth:`losses`.
        """
        return  # AutoGraph does not take a function without a statement

    def stage(self, step, images):
        """Say what is trained at a step: the model itself, or a part of it.

        Parameters
        ----------
        step : int
            Steps done before.
        images : ndarray, float32 [N, H, W, C] in [0, 1]
            All training images.

        Returns
        -------
        object
            With `losses`, `follow` and `trainable_variables`.
        """
        return self

    def measure(self, images, noise):
        """Measure each image.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]
        noise : tensor, int32 [2]

        Returns
        -------
        tuple of tensor, [B, ...]
        """
        raise NotImplementedError

    def summary_of(self, *measured):
        """Sum up what :meth:`measure` found over a whole data set.

        Parameters
        ----------
        *measured : ndarray, [N, ...]

        Returns
        -------
        NamedTuple
            Of floats and whole numbers.
        """
        raise NotImplementedError

    def represent(self, images, seed=0):
        """Say what stands for images: what :meth:`decode` takes."""
        raise NotImplementedError

    def draw(self, count, seed=0):
        """Draw at random what :meth:`decode` takes."""
        raise NotImplementedError

    def decode(self, representations):
        """Draw the pictures, float32 [B, H, W, C], that representations stand for."""
        raise NotImplementedError

    def cost(self, images, train_images):
        """Say what a letter costs, as :class:`~vqvae_lesson.limits.Nats`."""
        raise NotImplementedError

    def reconstruct(self, images, seed=0):
        """Pass images through the model.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]
        seed : int
            Of what is drawn on the way, if anything is.

        Returns
        -------
        tensor, float32 [B, H, W, C] in [0, 1]
        """
        return self.decode(self.represent(images, seed))

    def sample(self, count, seed=0):
        """Draw random letters.

        Parameters
        ----------
        count : int
        seed : int

        Returns
        -------
        tensor, float32 [count, H, W, C] in [0, 1]
        """
        return self.decode(self.draw(count, seed))


class Output(NamedTuple):
    """Everything one pass through the VQ-VAE makes of a batch.

    Attributes
    ----------
    latents : tensor, float32 [B, L, D]
    indices : tensor, int32 [B, L]
    quantized : tensor, float32 [B, L, D]
    logits : tensor, float32 [B, H, W, C]
    """

    latents: tf.Tensor
    indices: tf.Tensor
    quantized: tf.Tensor
    logits: tf.Tensor


class VQVAE(LessonModel):
    """Encoder, vector quantizer and decoder.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.VQVAERecipe
    image_shape : tuple of int
        Height, width, channels.
    seed : int
        Fixes every first weight.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = VQVAE(find_recipe("small"), (28, 28, 1), seed=0)
    >>> output = model(np.zeros([5, 28, 28, 1], np.float32))
    >>> output.latents.shape.as_list(), output.logits.shape.as_list()
    ([5, 1, 16], [5, 28, 28, 1])
    """

    terms = Losses

    def __init__(self, recipe=None, image_shape=(28, 28, 1), seed=0):
        super().__init__(name="vqvae")
        keras.utils.set_random_seed(seed)
        self.recipe = recipe = recipe or VQVAERecipe()
        self.image_shape, self.seed = tuple(image_shape), seed
        self.num_codes = recipe.num_codes
        self.encoder = self.make_encoder()
        self.latent_size = self.encoder.output_shape[1]
        self.quantizer = self.make_quantizer()
        self.decoder = self.make_decoder()
        self.warm_up = WarmUp(self)
        self.built = True

    def make_encoder(self):
        """Build the network from images to latents [B, L, D]."""
        return build_encoder(*self.sizes(), self.recipe.neck_depth)

    def make_quantizer(self):
        """Build the layer from latents to codes."""
        recipe = self.recipe
        return VectorQuantizerEMA(
            recipe.num_codes,
            recipe.code_size,
            recipe.decay,
            recipe.ema_start,
            self.seed,
            recipe.revive_below,
            name="quantizer",
        )

    def make_decoder(self):
        """Build the network from latents to logits [B, H, W, C]."""
        return build_decoder(*self.sizes())

    def sizes(self):
        """Sizes that both networks are built from."""
        recipe = self.recipe
        latents = recipe.latent_size
        return self.image_shape, latents, recipe.code_size, recipe.base_depth

    @checks_images
    def call(self, images, training=False):
        """Encode, quantize, decode.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]
        training : bool
            Makes no difference: the codes move only in a training step.

        Returns
        -------
        Output

        Raises
        ------
        LessonError
            For images of another shape than the model's, or none.
        """
        latents = self.encoder(images)
        quantized, indices = self.quantizer(latents)
        logits = self.decoder(straight_through(latents, quantized))
        return Output(latents, indices, quantized, logits)

    def losses(self, images, noise=None):
        """Reconstruction, commitment and prior; nothing is drawn at random."""
        output = self(images)
        weight = self.recipe.commitment_weight
        return total_loss(images, output, self.num_codes, weight), output

    def pixels(self, logits):
        """Make what the decoder says a distribution over images.

        Parameters
        ----------
        logits : tensor, float32 [B, H, W, C]

        Returns
        -------
        tfd.Distribution
            B distributions, whose `log_prob` takes images, float32 [B, H, W, C] in
            [0, 1].
        """
        return pixel_distribution(logits)

    def pictures(self, logits):
        """Make what the decoder says pictures: the mean of each pixel, in [0, 1]."""
        return tf.sigmoid(logits)

    def follow(self, output):
        """Let the codes follow the latents that chose them."""
        self.quantizer.update(output.latents, output.indices)

    def stage(self, step, images):
        """Train without codes in the warm-up; put them on the data at its end."""
        if step < self.recipe.warm_up_steps:
            return self.warm_up
        if step == self.recipe.warm_up_steps > 0:
            enough = max(MOST_LATENTS, 10 * self.recipe.entries) // self.latent_size
            self.start(images[: max(enough, 1)])
        return self

    def start(self, images):
        """Put the codes on the latents of images."""
        start_on_data(self, images, self.seed)

    def measure(self, images, noise=None):
        """Nats and indices of each image."""
        output = self(images)
        return -self.pixels(output.logits).log_prob(images), output.indices

    def summary_of(self, nats, indices):
        """Sum up as :class:`~vqvae_lesson.metrics.Metrics`."""
        in_use = np.count_nonzero(code_counts(indices, self.num_codes))
        nll = float(nats.mean(dtype=np.float64))
        return Metrics(nll, int(in_use), perplexity(indices, self.num_codes))

    @checks_images
    def represent(self, images, seed=0):
        """Find the codes that images choose: indices, int32 [B, L]."""
        return self.quantizer(self.encoder(images))[1]

    def draw(self, count, seed=0):
        """Draw codes, all equally likely, int [count, L]."""
        random = np.random.default_rng(seed)
        return random.integers(self.num_codes, size=[count, self.latent_size])

    def decode(self, indices):
        """Draw the pictures that codes stand for.

        Parameters
        ----------
        indices : tensor, int32 [B, L]

        Returns
        -------
        tensor, float32 [B, H, W, C] in [0, 1]
            The mean of each pixel's Bernoulli distribution.

        Raises
        ------
        LessonError
            For a shape other than [B, L], no row at all, or an index outside 0
            to K - 1.
        """
        indices = self.expect_indices(indices)
        return self.pictures(self.decoder(self.quantizer.lookup(indices)))

    def expect_indices(self, indices):
        """Refuse what cannot be codes of this model; hand the others back, an array."""
        indices = np.asarray(indices)
        size = self.latent_size
        if indices.ndim != 2 or indices.shape[1] != size or not len(indices):
            raise LessonError(
                f"indices have shape {list(indices.shape)}, expected [B, {size}] with "
                "B at least 1"
            )
        if not 0 <= indices.min() <= indices.max() < self.num_codes:
            raise LessonError(
                f"indices lie between {indices.min()} and {indices.max()}, expected 0 "
                f"to {self.num_codes - 1}"
            )
        return indices

    def cost(self, images, train_images):
        """Price each letter's code under its share of the training images."""
        return code_cost(self, images, code_shares(self, train_images))
