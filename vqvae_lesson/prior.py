"""Priors over grids of codes: what a letter's codes cost, and new letters (chapter 15).

Three, from the one that knows nothing to the one that has read: all codes equally
likely; each place with frequencies of its own; each code given those before it. The
last is a small Transformer (Vaswani et al. 2017, arXiv:1706.03762), trained by the one
training step of the book.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from vqvae_lesson.errors import LessonError
from vqvae_lesson.metrics import choose
from vqvae_lesson.model import LessonModel
from vqvae_lesson.noise import for_the_batch, noise_seeds
from vqvae_lesson.training import Training

__all__ = [
    "CountedPrior",
    "uniform_prior",
    "counted_prior",
    "PriorRecipe",
    "TransformerPrior",
    "attend",
    "Block",
    "PriorLosses",
    "PriorMetrics",
]


class CountedPrior:
    """Codes drawn independently, each place with frequencies of its own.

    Parameters
    ----------
    probabilities : ndarray, float [L, K]
        Each row sums to 1.

    Examples
    --------
    >>> prior = CountedPrior([[0.5, 0.5], [1.0, 0.0]])
    >>> prior.log_prob([[1, 0]]).round(2).tolist(), prior.sample(3).shape
    ([-0.69], (3, 2))
    """

    def __init__(self, probabilities):
        self.probabilities = np.asarray(probabilities, np.float64)
        self.latent_size, self.num_codes = self.probabilities.shape

    def log_prob(self, indices):
        """Log-probability of each grid.

        Parameters
        ----------
        indices : array, int [B, L]

        Returns
        -------
        ndarray, float64 [B]
            Nats; never above 0.
        """
        places = np.arange(len(self.probabilities))
        return np.log(self.probabilities[places, indices]).sum(axis=-1)

    def next_probabilities(self, codes, past=None):
        """Say how likely each code is at the next place; the codes make no difference.

        Parameters
        ----------
        codes : array, int [B, Q]
            What came since the last call: at first nothing, Q = 0.
        past : int, optional
            What the last call kept.

        Returns
        -------
        probabilities : ndarray, float64 [B, K]
        past : int
            How many places have been asked for.
        """
        place = past or 0
        return np.tile(self.probabilities[place], [len(codes), 1]), place + 1

    def sample(self, count, seed=0):
        """Draw grids.

        Parameters
        ----------
        count : int
        seed : int

        Returns
        -------
        ndarray, int [count, L]
        """
        random = np.random.default_rng(seed)
        draws = random.random([count, len(self.probabilities), 1])
        below = np.cumsum(self.probabilities, axis=1)[:, :-1] <= draws
        return below.sum(axis=-1)


def uniform_prior(latent_size, num_codes):
    """All codes equally likely, at every place.

    Parameters
    ----------
    latent_size, num_codes : int
        L and K.

    Returns
    -------
    CountedPrior

    Examples
    --------
    >>> uniform_prior(49, 64).log_prob(np.zeros([1, 49], int)).round(2).tolist()
    [-203.79]
    """
    return CountedPrior(np.full([latent_size, num_codes], 1 / num_codes))


def counted_prior(indices, num_codes, by_place=True):
    """Count how often each code was chosen, with one more than was seen.

    Parameters
    ----------
    indices : array, int [N, L]
        Grids of the training letters.
    num_codes : int
        K.
    by_place : bool
        Count at each place by itself; else all places share one count.

    Returns
    -------
    CountedPrior

    Examples
    --------
    >>> counted_prior([[0, 1], [0, 0]], 2).probabilities.tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """
    indices = np.asarray(indices)
    counts = np.stack([np.bincount(place, minlength=num_codes) for place in indices.T])
    if not by_place:
        counts = np.broadcast_to(counts.sum(axis=0), counts.shape)
    return CountedPrior((counts + 1) / (counts + 1).sum(axis=1, keepdims=True))


def attend(queries, keys, values):
    """Let each place look at itself and at the places before it.

    Parameters
    ----------
    queries : tensor, float32 [..., Q, D]
        Of the last Q places.
    keys, values : tensor, float32 [..., P, D]
        Of all P places so far, P at least Q.

    Returns
    -------
    tensor, float32 [..., Q, D]
        Means of the values, weighted by how well keys fit the queries.

    References
    ----------
    Vaswani et al. 2017, arXiv:1706.03762, equation 1, with its mask.

    Examples
    --------
    >>> same = tf.zeros([2, 1])
    >>> attend(same, same, tf.constant([[1.0], [3.0]])).numpy().ravel().tolist()
    [1.0, 2.0]
    """
    size = tf.cast(tf.shape(keys)[-1], keys.dtype)
    scores = tf.matmul(queries, keys, transpose_b=True) / tf.sqrt(size)
    asked, known = tf.shape(scores)[-2], tf.shape(scores)[-1]
    seen = tf.linalg.band_part(tf.ones([asked, known]), -1, known - asked)
    scores = tf.where(seen > 0, scores, -float("inf"))
    return tf.matmul(tf.nn.softmax(scores), values)


class Block(layers.Layer):
    """One layer of the Transformer: places look back, then each thinks for itself.

    Parameters
    ----------
    width : int
        Numbers that stand for a place.
    heads : int
        Ways of looking back, each with its share of the width.
    dropout : float
        Share of numbers that are set to 0 in training.
    name : str, optional
        Of the layer, in a checkpoint.

    Examples
    --------
    >>> block = Block(width=8, heads=2, dropout=0.0)
    >>> places, past = block(tf.zeros([5, 3, 8]))
    >>> places.shape.as_list(), past.shape.as_list()
    ([5, 3, 8], [2, 5, 2, 3, 4])
    """

    def __init__(self, width, heads, dropout, name=None):
        super().__init__(name=name)
        self.heads, self.width = heads, width
        self.look = layers.LayerNormalization()
        self.project = layers.Dense(3 * width)
        self.merge = layers.Dense(width)
        self.think = keras.Sequential(
            [
                layers.Input([None, width]),
                layers.LayerNormalization(),
                layers.Dense(4 * width, activation="gelu"),
                layers.Dense(width),
            ]
        )
        self.drop = layers.Dropout(dropout)

    def split(self, numbers):
        """Give each head its share: [B, P, width] to [B, heads, P, width / heads]."""
        shares = tf.split(numbers, self.heads, axis=-1)
        return tf.stack(shares, axis=1)

    def call(self, places, past=None, training=False):
        """Pass places through.

        Parameters
        ----------
        places : tensor, float32 [B, Q, width]
        past : tensor, float32 [2, B, heads, P, width / heads], optional
            Keys and values of the places before.
        training : bool
            Whether numbers drop out.

        Returns
        -------
        places : tensor, float32 [B, Q, width]
        past : tensor, float32 [2, B, heads, P + Q, width / heads]
        """
        queries, keys, values = tf.split(self.project(self.look(places)), 3, axis=-1)
        known = tf.stack([self.split(keys), self.split(values)])
        if past is not None:
            known = tf.concat([past, known], axis=3)
        seen = attend(self.split(queries), known[0], known[1])
        seen = tf.concat(tf.unstack(seen, axis=1), axis=-1)
        places = places + self.drop(self.merge(seen), training=training)
        return places + self.drop(self.think(places), training=training), known


class PriorLosses(NamedTuple):
    """What the prior's training lowers.

    Attributes
    ----------
    total : tensor, float32 []
        Nats per letter for all its codes.
    """

    total: tf.Tensor


class PriorMetrics(NamedTuple):
    """What :func:`vqvae_lesson.metrics.evaluate` finds for a prior.

    Attributes
    ----------
    nats : float
        Mean over letters, for all their codes.
    """

    nats: float


@dataclass(frozen=True)
class PriorRecipe:
    """Every number that the training of a prior depends on.

    Attributes
    ----------
    num_codes, latent_size : int
        K and L of the grids.
    num_labels : int
        Classes that a grid can be asked for; one more stands for none.
    width, heads, blocks : int
        Numbers a place, ways of looking back, layers.
    dropout : float
        Share of numbers that are set to 0 in training.
    drop_label : float
        Share of training letters whose class is kept from the prior, so that it can
        also write without being told one.
    shift : int
        Pixels that letters are moved by, in all directions, for more grids to read.
    learning_rate : float
        Of Adam.
    falling_rate : bool
        Let the learning rate fall to 0 along half a cosine.
    batch_size, epochs : int
        Grids a step, passes over all grids.

    Examples
    --------
    >>> recipe = PriorRecipe(num_codes=3, latent_size=4, num_labels=2)
    >>> recipe.build(seed=0).log_prob([[0, 2, 1, 1]]).shape
    (1,)
    """

    num_codes: int = 64
    latent_size: int = 49
    num_labels: int = 10
    width: int = 128
    heads: int = 4
    blocks: int = 4
    dropout: float = 0.1
    drop_label: float = 0.5
    shift: int = 1
    learning_rate: float = 1e-3
    falling_rate: bool = True
    batch_size: int = 64
    epochs: int = 4

    def steps(self, letters):
        """Count the steps of its training on so many letters, with their shifts."""
        grids = letters * (2 * self.shift + 1) ** 2
        return self.epochs * (grids // self.batch_size)

    def build(self, image_shape=None, seed=0):
        """Build the untrained prior.

        Parameters
        ----------
        image_shape : object
            Not used: a prior sees codes, not images.
        seed : int
            Fixes every first weight.

        Returns
        -------
        TransformerPrior
        """
        return TransformerPrior(self, seed)


class TransformerPrior(LessonModel):
    """Each code given those before it and, if asked, given the letter's class.

    It reads rows of whole numbers: first the class, or `num_labels` for none, then
    the codes of the grid row by row.

    Parameters
    ----------
    recipe : PriorRecipe
    seed : int
        Fixes every first weight.

    Examples
    --------
    >>> prior = PriorRecipe(num_codes=3, latent_size=4, num_labels=2).build()
    >>> prior.sample(count=5, label=1).shape
    (5, 4)
    """

    terms = PriorLosses

    def __init__(self, recipe, seed=0):
        super().__init__(name="prior")
        keras.utils.set_random_seed(seed)
        self.recipe, self.seed = recipe, seed
        self.latent_size, self.num_codes = recipe.latent_size, recipe.num_codes
        self.no_label = recipe.num_labels
        words = recipe.num_labels + 1 + recipe.num_codes
        self.words = layers.Embedding(words, recipe.width, name="words")
        self.places = layers.Embedding(recipe.latent_size, recipe.width, name="places")
        self.stack = [
            Block(recipe.width, recipe.heads, recipe.dropout, name=f"block_{number}")
            for number in range(recipe.blocks)
        ]
        self.last = layers.LayerNormalization(name="last")
        self.to_logits = layers.Dense(recipe.num_codes, name="to_logits")
        self(np.zeros([1, recipe.latent_size], np.int32))
        share = recipe.width // recipe.heads
        past = [tf.TensorSpec([2, None, recipe.heads, None, share])] * recipe.blocks
        signature = [tf.TensorSpec([None, None], tf.int32), past]
        self.compiled = tf.function(self.call, input_signature=signature)

    def call(self, rows, past=None, training=False):
        """Say which code comes next, after each number of a row.

        Parameters
        ----------
        rows : tensor, int [B, Q]
            The class, and codes; or, with a `past`, what follows it.
        past : list of tensor, optional
            What the blocks keep of the numbers before.
        training : bool
            Whether numbers drop out.

        Returns
        -------
        logits : tensor, float32 [B, Q, K]
        past : list of tensor
            To be handed in with the next numbers.
        """
        begun = 0 if past is None else tf.shape(past[0])[3]
        number = begun + tf.range(tf.shape(rows)[1])
        shift = tf.where(number > 0, self.no_label + 1, 0)
        places = self.words(tf.cast(rows, tf.int32) + shift) + self.places(number)
        kept = []
        past = past or [None] * len(self.stack)
        for block, before in zip(self.stack, past, strict=True):
            places, known = block(places, before, training=training)
            kept.append(known)
        return self.to_logits(self.last(places)), kept

    def nats(self, rows, training=False):
        """Cost of each code, float32 [B, L], given the numbers before it in its row.

        Parameters
        ----------
        rows : tensor, int [B, 1 + L]
        training : bool
            Whether numbers drop out.
        """
        logits, _ = self(rows[:, :-1], training=training)
        codes = tf.cast(rows[:, 1:], tf.int32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(codes, logits)

    def losses(self, rows, noise):
        """Nats per letter; what drops out is drawn anew in each step."""
        shape = [tf.shape(rows)[0], 1]
        kept = for_the_batch(tf.random.stateless_uniform, shape, noise)
        labels = tf.where(kept < self.recipe.drop_label, self.no_label, rows[:, :1])
        rows = tf.concat([labels, rows[:, 1:]], axis=1)
        nats = tf.reduce_sum(self.nats(rows, training=True), axis=1)
        return PriorLosses(tf.reduce_mean(nats)), None

    def measure(self, rows, noise=None):
        """Nats of each letter's codes."""
        return (tf.reduce_sum(self.nats(rows), axis=1),)

    def summary_of(self, nats):
        """Sum up as :class:`PriorMetrics`."""
        return PriorMetrics(float(nats.mean(dtype=np.float64)))

    def rows(self, indices, labels=None):
        """Put the class before the codes of each grid.

        Parameters
        ----------
        indices : array, int [B, L]
        labels : array, int [B], optional

        Returns
        -------
        ndarray, int32 [B, 1 + L]
        """
        indices = np.asarray(indices, np.int32)
        if labels is None:
            labels = np.full(len(indices), self.no_label)
        return np.concatenate([np.int32(labels)[:, None], indices], axis=1)

    def log_prob(self, indices, labels=None):
        """Log-probability of each grid.

        Parameters
        ----------
        indices : array, int [B, L]
        labels : array, int [B], optional
            The class that is known beforehand.

        Returns
        -------
        ndarray, float32 [B]
            Nats; never above 0.
        """
        return -self.measure(self.rows(indices, labels))[0].numpy()

    def next_probabilities(self, codes, past=None, label=None):
        """Say how likely each code is at the next place, given those before it.

        Parameters
        ----------
        codes : array, int [B, Q]
            What came since the last call: at first nothing, Q = 0.
        past : list of tensor, optional
            What the last call kept.
        label : int, optional
            The class that is known at the first call.

        Returns
        -------
        probabilities : ndarray, float64 [B, K]
        past : list of tensor
        """
        rows, heads = np.int32(codes), self.recipe.heads
        if past is None:
            labels = None if label is None else np.full(len(codes), label)
            rows = self.rows(codes, labels)
            nothing = [2, len(codes), heads, 0, self.recipe.width // heads]
            past = [tf.zeros(nothing)] * self.recipe.blocks
        logits, past = self.compiled(rows, past)
        return tf.nn.softmax(tf.cast(logits[:, -1], tf.float64)).numpy(), past

    def sample(self, count, seed=0, label=None, temperature=1.0, given=None):
        """Write grids, code by code.

        Parameters
        ----------
        count : int
        seed : int
        label : int, optional
            The class to write.
        temperature : float
            Logits are divided by it: below 1 likely codes grow likelier.
        given : array, int [G], optional
            The first codes, which are not drawn.

        Returns
        -------
        ndarray, int32 [count, L]
        """
        if temperature <= 0:
            raise LessonError(f"temperature is {temperature}, expected more than 0")
        codes = np.tile(np.int32([] if given is None else given), [count, 1])
        written, past = [codes], None
        for place in range(codes.shape[1], self.latent_size):
            probabilities, past = self.next_probabilities(codes, past, label)
            logits = np.log(probabilities) / temperature
            seeds = noise_seeds(seed, place)
            codes = tf.random.stateless_categorical(logits, 1, seeds, tf.int32).numpy()
            written.append(codes)
        return np.concatenate(written, axis=1)


def shifted(images, far):
    """Move images by up to so many pixels up, down, left and right.

    Parameters
    ----------
    images : ndarray, float32 [N, H, W, C]
    far : int
        Pixels; what enters at the rim is empty.

    Returns
    -------
    ndarray, float32 [(2 far + 1)² N, H, W, C]
        All N images under one shift after the other.

    Examples
    --------
    >>> shifted(np.ones([5, 2, 2, 1], np.float32), far=1).shape
    (45, 2, 2, 1)
    """
    height, width = images.shape[1:3]
    wide = np.pad(images, [(0, 0), (far, far), (far, far), (0, 0)])
    return np.concatenate(
        [
            wide[:, top : top + height, left : left + width]
            for top in range(2 * far + 1)
            for left in range(2 * far + 1)
        ]
    )


def train_prior(model, letters, recipe=None, seed=0, report=lambda step, losses: None):
    """Train a Transformer on the codes that a model gives to letters.

    Parameters
    ----------
    model : vqvae_lesson.model.VQVAE
    letters : vqvae_lesson.data.Letters
        Its training letters are read, those held out are not.
    recipe : PriorRecipe, optional
        Its `num_codes`, `latent_size` and `num_labels` become those of the model and
        of the letters.
    seed : int
        Fixes the first weights, the order of the letters, and what drops out.
    report : callable
        Is told each step and its losses.

    Returns
    -------
    TransformerPrior
    """
    recipe = replace(
        recipe or PriorRecipe(),
        num_codes=model.num_codes,
        latent_size=model.latent_size,
        num_labels=len(letters.class_names),
    )
    images = shifted(letters.train_images, recipe.shift)
    labels = None
    if letters.class_names:
        labels = np.resize(letters.train_labels, len(images))
    training = Training(recipe, seed=seed)
    rows = training.model.rows(choose(model, images), labels)
    for losses in training.steps(rows, recipe.steps(len(letters.train_images))):
        report(training.step, losses)
    return training.model
