"""Quantizers as layers, and the model that takes any of them (chapter 16).

Each layer is thin over the functions of :mod:`vqvae_lesson.quantizers`, and has one
shape: latents in; out come what the decoder sees, the number of each code, and what
the quantizer adds to the loss.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from sklearn.cluster import KMeans

from vqvae_lesson.ema import VectorQuantizerEMA
from vqvae_lesson.grid import GridVQVAE
from vqvae_lesson.health import RECORDS, WarmUp
from vqvae_lesson.losses import (
    commitment_loss,
    straight_through,
)
from vqvae_lesson.metrics import encode, nll_per_image
from vqvae_lesson.model import Output, checks_images
from vqvae_lesson.noise import for_the_batch
from vqvae_lesson.quantizer import lookup, nearest_code
from vqvae_lesson.quantizers import (
    bit_entropies,
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
from vqvae_lesson.runs.files import read_json

__all__ = [
    "Quantized",
    "Quantizer",
    "QUANTIZERS",
    "QuantizerLosses",
    "QuantizedGrid",
    "estimated_gradients",
    "measured_gradients",
    "load_quantizers",
]


class Quantized(NamedTuple):
    """What a quantizer makes of latents.

    Attributes
    ----------
    passed : tensor, float32 [B, L, D]
        What the decoder sees; the gradient goes through it.
    indices : tensor, int32 [B, L]
        Numbers of the codes, from 0 to K - 1.
    penalty : tensor, float32 []
        What the quantizer adds to the loss, in nats per image.
    """

    passed: tf.Tensor
    indices: tf.Tensor
    penalty: tf.Tensor


class Quantizer(keras.layers.Layer):
    """A way from latents to numbers and back.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.QuantizerRecipe
    seed : int
        Fixes every first weight.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> recipe = find_recipe("grid-fsq")
    >>> quantizer = QUANTIZERS[recipe.quantizer](recipe, seed=0)
    >>> passed, indices, penalty = quantizer(tf.zeros([5, 49, 2]))
    >>> passed.shape.as_list(), indices.shape.as_list()
    ([5, 49, 2], [5, 49])
    """

    def __init__(self, recipe, seed):
        super().__init__(name="quantizer")
        self.recipe, self.seed, self.built = recipe, seed, True

    def add_codes(self, name, count, size, trainable=True):
        """Add a matrix of codes, float32 [count, size], with small random numbers."""
        first = keras.initializers.GlorotUniform(self.seed)
        shape = (count, size)
        return self.add_weight(
            name=name, shape=shape, initializer=first, trainable=trainable
        )

    def call(self, latents, noise=None):
        """Quantize.

        Parameters
        ----------
        latents : tensor, float32 [B, L, D]
        noise : tensor, int32 [2], optional
            Seeds of what is drawn in a training step; else nothing is.

        Returns
        -------
        Quantized
        """
        raise NotImplementedError

    def lookup(self, indices):
        """Turn numbers of codes, int32 [...], into codes, float32 [..., D]."""
        raise NotImplementedError

    def start(self, latents):
        """Put codes where latents, float32 [N, D], are; here there are none."""

    def update(self, latents, indices):
        """Move what no gradient moves, after a step; here nothing."""
        return  # AutoGraph does not take a function without a statement

    def estimate(self, latents, quantized):
        """Pass codes on, with a gradient for the latents."""
        pass_on = rotate if self.recipe.rotate else straight_through
        return pass_on(latents, quantized)

    def commitment(self, latents, quantized):
        """Weigh how far latents are from their codes, in the loss."""
        return self.recipe.commitment_weight * commitment_loss(latents, quantized)

    def means(self, latents, count):
        """Find where `count` codes start, by ten rounds of k-means."""
        start = {"init": "random", "n_init": 1, "max_iter": 10}
        clusters = KMeans(count, random_state=self.seed, **start).fit(latents)
        return clusters.cluster_centers_


class Averages(Quantizer):
    """The book's own: codes that follow the latents by moving averages."""

    def __init__(self, recipe, seed):
        super().__init__(recipe, seed)
        self.codes = self.moving_codes(recipe.num_codes, recipe.code_size)

    def moving_codes(self, count, size, number=0):
        """Make codes that averages move, as the recipe has them."""
        recipe = self.recipe
        return VectorQuantizerEMA(
            *(count, size, recipe.decay, recipe.ema_start),
            *(self.seed + number, recipe.revive_below),
            name=f"codes_{number}",
        )

    def call(self, latents, noise=None):
        """Quantize; see :meth:`Quantizer.call`."""
        quantized, indices = self.codes(latents)
        passed = self.estimate(latents, quantized)
        return Quantized(passed, indices, self.commitment(latents, quantized))

    def lookup(self, indices):
        """Turn numbers of codes into codes."""
        return lookup(self.codes.codebook, indices)

    def start(self, latents):
        """Put the codes on the data."""
        self.codes.place(self.means(latents, self.recipe.num_codes))

    def update(self, latents, indices):
        """Move the averages."""
        self.codes.update(latents, indices)


class Gradient(Quantizer):
    """A codebook that a term of the loss pulls to the latents: the paper's own."""

    def __init__(self, recipe, seed):
        super().__init__(recipe, seed)
        self.codes = self.add_codes("codes", recipe.num_codes, recipe.code_size)

    @property
    def codebook(self):
        """The codes, float32 [K, D]."""
        return tf.convert_to_tensor(self.codes)

    def call(self, latents, noise=None):
        """Quantize; see :meth:`Quantizer.call`."""
        codebook = self.codebook
        indices = nearest_code(tf.stop_gradient(latents), tf.stop_gradient(codebook))
        quantized = lookup(codebook, indices)
        penalty = self.commitment(latents, quantized)
        penalty += codebook_loss(latents, quantized)
        passed = self.estimate(latents, tf.stop_gradient(quantized))
        return Quantized(passed, indices, penalty)

    def lookup(self, indices):
        """Turn numbers of codes into codes."""
        return lookup(self.codebook, indices)

    def start(self, latents):
        """Put the codes on the data."""
        self.codes.assign(self.means(latents, self.recipe.num_codes))


class Simple(Gradient):
    """SimVQ: the codebook is one learned linear map of vectors that stay."""

    def __init__(self, recipe, seed):
        Quantizer.__init__(self, recipe, seed)
        size = recipe.code_size
        self.frozen = self.add_weight(
            name="frozen",
            shape=(recipe.num_codes, size),
            initializer=keras.initializers.RandomNormal(stddev=size**-0.5, seed=seed),
            trainable=False,
        )
        self.mix = self.add_codes("mix", size, size)

    @property
    def codebook(self):
        """The codes, float32 [K, D]."""
        return simple_codebook(self.frozen, self.mix)

    def start(self, latents):
        """Leave the codes where they are: all of them move with the map."""


class Parts(Averages):
    """What codes made of several parts share: a codebook for each."""

    def __init__(self, recipe, seed):
        Quantizer.__init__(self, recipe, seed)
        size = recipe.code_size // (recipe.parts if self.cut else 1)
        self.parts = [
            self.moving_codes(levels, size, number)
            for number, levels in enumerate(recipe.levels)
        ]

    @property
    def codebooks(self):
        """Codebooks of all parts, float32 [S, K of a part, D of a part]."""
        return tf.stack([tf.convert_to_tensor(part.codebook) for part in self.parts])

    def digits(self, indices):
        """Read the digits of each part from the numbers."""
        return to_digits(indices, self.recipe.levels)

    def lookups(self, indices):
        """Codes of each part, a list of float32 [..., D of a part]."""
        digits = tf.unstack(self.digits(indices), axis=-1)
        pairs = zip(self.parts, digits, strict=True)
        return [lookup(part.codebook, digit) for part, digit in pairs]


class Product(Parts):
    """Groups of numbers, each with its own codebook."""

    cut = True

    def call(self, latents, noise=None):
        """Quantize; see :meth:`Quantizer.call`."""
        quantized, digits = product_codes(latents, self.codebooks)
        passed = self.estimate(latents, quantized)
        indices = to_number(digits, self.recipe.levels)
        return Quantized(passed, indices, self.commitment(latents, quantized))

    def lookup(self, indices):
        """Turn numbers of codes into codes."""
        return tf.concat(self.lookups(indices), axis=-1)

    def start(self, latents):
        """Put the codes of each group on its part of the data."""
        groups = np.split(latents, len(self.parts), axis=-1)
        for part, levels, group in zip(
            self.parts, self.recipe.levels, groups, strict=True
        ):
            part.place(self.means(group, levels))

    def update(self, latents, indices):
        """Move the averages of each group."""
        groups = tf.split(latents, len(self.parts), axis=-1)
        digits = tf.unstack(self.digits(indices), axis=-1)
        for part, group, digit in zip(self.parts, groups, digits, strict=True):
            part.update(group, digit)


class Residual(Parts):
    """Stages, each with its own codebook for what the stages before it have left."""

    cut = False

    def call(self, latents, noise=None):
        """Quantize; see :meth:`Quantizer.call`.

        Each stage is committed to: latents are drawn to every partial sum.
        """
        sums, digits = residual_codes(latents, self.codebooks)
        pulls = [self.commitment(latents, total) for total in tf.unstack(sums)]
        kept = sums[-1]
        if noise is not None and self.recipe.drop_stages:
            draw, stages = tf.random.stateless_uniform, len(self.parts)
            about = {"minval": 1, "maxval": stages + 1, "dtype": tf.int32}
            most = for_the_batch(draw, [tf.shape(latents)[0]], noise, **about)
            kept = keep_stages(sums, most)
        indices = to_number(digits, self.recipe.levels)
        return Quantized(self.estimate(latents, kept), indices, tf.add_n(pulls))

    def lookup(self, indices, stages=None):
        """Turn numbers of codes into sums of their first stages, or of all."""
        return tf.add_n(self.lookups(indices)[:stages])

    def sum_of(self, digits):
        """Sum the codes of the first stages, whose digits are int [..., S or fewer]."""
        stages = tf.unstack(tf.convert_to_tensor(digits), axis=-1)
        pairs = zip(self.parts, stages, strict=False)
        return tf.add_n([lookup(part.codebook, digit) for part, digit in pairs])

    def start(self, latents):
        """Put each stage on what is left of the data."""
        for part, levels in zip(self.parts, self.recipe.levels, strict=True):
            part.place(self.means(latents, levels))
            latents = latents - part(latents)[0].numpy()

    def update(self, latents, indices):
        """Move the averages of each stage."""
        codes = self.lookups(indices)
        digits = tf.unstack(self.digits(indices), axis=-1)
        for part, digit, code in zip(self.parts, digits, codes, strict=True):
            part.update(latents, digit)
            latents = latents - code


class FiniteScalars(Quantizer):
    """FSQ: each number is rounded, and there is no codebook."""

    def call(self, latents, noise=None):
        """Quantize; see :meth:`Quantizer.call`."""
        quantized, digits = finite_scalars(latents, self.recipe.levels)
        return Quantized(quantized, to_number(digits, self.recipe.levels), 0.0)

    def lookup(self, indices):
        """Turn numbers of codes into codes."""
        levels = self.recipe.levels
        return scalar_codes(to_digits(indices, levels), levels)


class SignBits(Quantizer):
    """LFQ: each number becomes a bit, and the loss keeps all codes at work."""

    def call(self, latents, noise=None):
        """Quantize; see :meth:`Quantizer.call`."""
        quantized, bits = sign_bits(latents)
        rows = tf.reshape(latents, [-1, latents.shape[-1]])
        undecided, even = bit_entropies(rows)
        weight = self.recipe.entropy_weight * latents.shape[1]
        penalty = self.commitment(latents, quantized) + weight * (undecided - even)
        return Quantized(quantized, to_number(bits, self.recipe.levels), penalty)

    def lookup(self, indices):
        """Turn numbers of codes into codes."""
        bits = to_digits(indices, self.recipe.levels)
        return 2 * tf.cast(bits, tf.float32) - 1


class Gumbel(Quantizer):
    """Codes drawn softly from what a latent says of each of them."""

    def __init__(self, recipe, seed):
        super().__init__(recipe, seed)
        self.ask = keras.layers.Dense(recipe.num_codes, name="ask")
        self.ask.build((None, recipe.code_size))
        self.codes = self.add_codes("codes", recipe.num_codes, recipe.code_size)

    def call(self, latents, noise=None):
        """Quantize; see :meth:`Quantizer.call`."""
        logits = self.ask(latents)
        shares = tf.nn.softmax(logits)
        surprise = tf.nn.softmax_cross_entropy_with_logits(shares, logits)
        undecided = tf.reduce_mean(tf.reduce_sum(surprise, axis=1))
        if noise is not None:
            least = np.finfo(np.float32).tiny
            draw, size = tf.random.stateless_uniform, tf.shape(logits)
            uniform = for_the_batch(draw, size, noise, minval=least)
            shares = gumbel_softmax(logits, uniform, self.recipe.temperature)
        indices = tf.argmax(shares, axis=-1, output_type=tf.int32)
        one_hot = tf.one_hot(indices, self.recipe.num_codes)
        passed = tf.matmul(straight_through(shares, one_hot), self.codes)
        return Quantized(passed, indices, -self.recipe.entropy_weight * undecided)

    def lookup(self, indices):
        """Turn numbers of codes into codes."""
        return lookup(self.codes, indices)


#: Layers by the name that a recipe gives.
QUANTIZERS = {
    "averages": Averages,
    "gradient": Gradient,
    "simple": Simple,
    "product": Product,
    "residual": Residual,
    "scalars": FiniteScalars,
    "bits": SignBits,
    "gumbel": Gumbel,
}


class QuantizerLosses(NamedTuple):
    """The loss and its terms, scalars in nats per image.

    Attributes
    ----------
    total, reconstruction, penalty : tensor, float32 []
    """

    total: tf.Tensor
    reconstruction: tf.Tensor
    penalty: tf.Tensor


class QuantizerWarmUp(WarmUp):
    """The first steps without codes, with the terms of a :class:`QuantizedGrid`."""

    def losses(self, images, noise):
        """Say how far the autoencoder is from its letters; the pull is the penalty."""
        (total, reconstruction, *_), output = super().losses(images, noise)
        penalty = total - reconstruction
        return QuantizerLosses(total, reconstruction, penalty), output


class QuantizedGrid(GridVQVAE):
    """The grid of chapter 14 with any quantizer.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.QuantizerRecipe
    image_shape : tuple of int
        Height, width, channels.
    seed : int
        Fixes every first weight.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("grid-fsq", base_depth=2).build((28, 28, 1), seed=0)
    >>> model.represent(np.zeros([3, 28, 28, 1], np.float32)).shape.as_list()
    [3, 49]
    """

    terms = QuantizerLosses

    def __init__(self, recipe, image_shape=(28, 28, 1), seed=0):
        super().__init__(recipe, image_shape, seed)
        self.warm_up = QuantizerWarmUp(self, recipe.warm_up_weight)

    def make_quantizer(self):
        """Build the layer that the recipe names."""
        return QUANTIZERS[self.recipe.quantizer](self.recipe, self.seed)

    def start(self, images):
        """Put the codes, where there are any, on the latents of images."""
        latents = encode(self, images)
        self.quantizer.start(latents.reshape(-1, latents.shape[-1]))

    @checks_images
    def call(self, images, training=False, noise=None):
        """Encode, quantize, decode.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]
        training : bool
            Makes no difference.
        noise : tensor, int32 [2], optional
            Seeds of what a quantizer draws in a training step.

        Returns
        -------
        Output
            With what the decoder sees as its `quantized`.
        """
        return self.follow_through(images, noise)[0]

    def follow_through(self, images, noise):
        """Pass images through; hand back the output, and the quantizer's penalty."""
        latents = self.encoder(images)
        passed, indices, penalty = self.quantizer(latents, noise)
        return Output(latents, indices, passed, self.decoder(passed)), penalty

    def losses(self, images, noise):
        """Reconstruction, and what the quantizer adds."""
        output, penalty = self.follow_through(images, noise)
        pixels = self.pixels(output.logits)
        reconstruction = -tf.reduce_mean(pixels.log_prob(images))
        total = reconstruction + penalty
        return QuantizerLosses(total, reconstruction, penalty), output


def estimated_gradients(model, images, places, noise):
    """Gradients that training follows at one latent of each letter.

    Parameters
    ----------
    model : QuantizedGrid
    images : ndarray, float32 [B, H, W, C] in [0, 1]
    places : ndarray, int [B]
        Of each letter, which latent.
    noise : tensor, int32 [2]
        Seeds of what the quantizer draws.

    Returns
    -------
    ndarray, float32 [B, D]
        Of the letter's reconstruction, in nats.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("grid-fsq", base_depth=2).build((8, 8, 1), seed=0)
    >>> images = np.zeros([3, 8, 8, 1], np.float32)
    >>> noise = tf.constant([0, 1])
    >>> estimated_gradients(model, images, [0, 1, 3], noise).shape
    (3, 2)
    """
    latents = tf.constant(model.encoder(images))
    with tf.GradientTape() as tape:
        tape.watch(latents)
        logits = model.decoder(model.quantizer(latents, noise).passed)
        nats = tf.reduce_sum(nll_per_image(images, logits))
    return tape.gradient(nats, latents).numpy()[np.arange(len(places)), places]


def measured_gradients(model, images, places, step):
    """Slopes of what is really lost, code and all, at one latent of each letter.

    Each number of the latent goes a step up and a step down; the quantizer chooses
    anew, and the decoder draws. A step must be large enough to meet another code.

    Parameters
    ----------
    model : QuantizedGrid
    images : ndarray, float32 [B, H, W, C] in [0, 1]
    places : ndarray, int [B]
    step : float
        In units of the latents.

    Returns
    -------
    ndarray, float32 [B, D]
        Of the letter's reconstruction, in nats.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("grid-fsq", base_depth=2).build((8, 8, 1), seed=0)
    >>> images = np.zeros([3, 8, 8, 1], np.float32)
    >>> measured_gradients(model, images, [0, 1, 3], step=0.5).shape
    (3, 2)
    """
    latents = model.encoder(images).numpy()
    rows = np.arange(len(places))

    @tf.function(reduce_retracing=True)
    def lost(latents):
        return nll_per_image(images, model.decoder(model.quantizer(latents).passed))

    def moved(axis, far):
        there = latents.copy()
        there[rows, places, axis] += far
        return lost(tf.constant(there)).numpy()

    axes = range(latents.shape[2])
    slopes = [moved(axis, step) - moved(axis, -step) for axis in axes]
    return np.stack(slopes, axis=1) / (2 * step)


def load_quantizers():
    """Load what small grids cost with each quantizer, and how they were trained.

    Returns
    -------
    dict
        From grid and K, such as "7x7, 64", to way, a key of
        :data:`vqvae_lesson.laboratory.WAYS`, to dicts, one a seed, of what was found
        on the letters held out: what :func:`vqvae_lesson.grid.load_grids` has, and
        for "7x7, 64" `early` and `late` in training the mean `cosine` between
        estimated and measured gradients, for steps of 0.3 and of 1.0 times the
        latents' spread, such as "early cosine 0.3", and the share of latents that
        such a step has `moved` to another loss. Beside them a `control`, with the
        gradient of another letter, and the cosine between the slopes that `both
        steps` measure; for averages also what `straight` and `rotated` gradients
        agree with on the same model.

    Examples
    --------
    >>> runs = load_quantizers()["4x4, 64"]["FSQ"]
    >>> len(runs), round(runs[0]["uniform"], 1)
    (3, 66.5)
    """
    return {
        place: {
            way: [seeds[seed] for seed in sorted(seeds, key=int)]
            for way, seeds in ways.items()
        }
        for place, ways in read_json(RECORDS / "quantizers.json").items()
    }
