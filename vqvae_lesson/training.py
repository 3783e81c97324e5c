"""Recipes, one training step, and the loop (chapter 07).

One step: forward, losses, gradients for encoder and decoder, one Adam update,
one update of the codebook by moving averages.
"""

import math
from dataclasses import dataclass, fields, replace

import keras
import tensorflow as tf

from vqvae_lesson.data import batches
from vqvae_lesson.ema import ema_start
from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import falling_rate, start_on_data, warm_up_step
from vqvae_lesson.losses import Losses, total_loss
from vqvae_lesson.model import VQVAE
from vqvae_lesson.vae import VAE, VAELosses, noise_seeds, vae_step


@dataclass(frozen=True)
class Recipe:
    """Every number a training run depends on, with the article's as defaults.

    Attributes
    ----------
    num_codes, code_size, latent_size, base_depth : int
        K, D, L, and the filters of the first layers.
    decay : float
        γ of the moving averages.
    ema_start : {"article", "debiased", "consistent"}
        How the moving averages begin.
    commitment_weight : float
        β.
    learning_rate : float
        Of Adam.
    batch_size, epochs : int
        Images per step, passes over the training images.
    neck_depth : int
        Numbers per latent that the encoder's last convolution lets through.
    warm_up_steps : int
        First steps without codes, which then start on the data (chapter 09).
    revive_below : float
        In fair shares; codes chosen less often are put back on the data. 0: none.
    falling_rate : bool
        Let the learning rate fall to 0 along half a cosine.

    Raises
    ------
    LessonError
        For a number that no training could use.
    """

    num_codes: int = 64
    code_size: int = 16
    latent_size: int = 1
    base_depth: int = 32
    decay: float = 0.99
    ema_start: str = "article"
    commitment_weight: float = 0.25
    learning_rate: float = 1e-3
    batch_size: int = 64
    epochs: int = 20
    neck_depth: int = 4
    warm_up_steps: int = 0
    revive_below: float = 0.0
    falling_rate: bool = False

    def __post_init__(self):
        """Refuse a wrong number at once, not in the middle of a run."""
        ema_start(self.ema_start)
        _check_numbers(self)
        if not 0 <= self.decay < 1:
            raise LessonError(f"decay is {self.decay}, expected 0 <= decay < 1")
        for name in ("commitment_weight", "revive_below"):
            if not 0 <= getattr(self, name) < math.inf:
                raise LessonError(
                    f"{name} is {getattr(self, name)}, expected 0 or more"
                )


@dataclass(frozen=True)
class VAERecipe:
    """The same for a VAE (chapter 11), where no codes are.

    Attributes
    ----------
    code_size, base_depth, neck_depth : int
        D, and the filters of the networks.
    num_components : int
        Normals in the prior.
    learning_rate : float
        Of Adam.
    batch_size, epochs : int
        Images per step, passes over the training images.
    falling_rate : bool
        Let the learning rate fall to 0 along half a cosine.

    Raises
    ------
    LessonError
        For a number that no training could use.
    """

    code_size: int = 16
    base_depth: int = 32
    neck_depth: int = 4
    num_components: int = 100
    learning_rate: float = 1e-3
    batch_size: int = 64
    epochs: int = 20
    falling_rate: bool = False

    def __post_init__(self):
        """Refuse a wrong number at once, not in the middle of a run."""
        _check_numbers(self)


def _check_numbers(recipe):
    """Refuse what is no whole number where one is due, and a rate of 0."""
    for field in fields(recipe):
        value = getattr(recipe, field.name)
        least = 0 if field.name == "warm_up_steps" else 1
        if field.type is int and not (type(value) is int and value >= least):
            raise LessonError(
                f"{field.name} is {value!r}, expected a whole number from {least}"
            )
    if not 0 < recipe.learning_rate < math.inf:
        raise LessonError(
            f"learning_rate is {recipe.learning_rate}, expected more than 0"
        )


RECIPES = {
    "article": Recipe(),
    "healthy": Recipe(
        neck_depth=64,
        warm_up_steps=200,
        ema_start="consistent",
        decay=0.95,
        revive_below=0.1,
        commitment_weight=8.0,
        falling_rate=True,
    ),
    "vae": VAERecipe(),
    "vae-2": VAERecipe(code_size=2),
    "vae-wide": VAERecipe(neck_depth=64, falling_rate=True),
}


def find_recipe(name, **changes):
    """Take a recipe by its name, with some of its numbers changed.

    Parameters
    ----------
    name : str
        A key of :data:`RECIPES`.
    **changes
        Its fields and their new values.

    Returns
    -------
    Recipe or VAERecipe

    Raises
    ------
    LessonError
        For an unknown name or field.

    Examples
    --------
    >>> find_recipe("article", num_codes=128).num_codes
    128
    """
    if name not in RECIPES:
        raise LessonError(f"recipe is {name!r}, expected one of {[*RECIPES]}")
    known = [field.name for field in fields(RECIPES[name])]
    for change in changes:
        if change not in known:
            raise LessonError(
                f"the recipe {name!r} has no {change!r}, expected one of {known}"
            )
    return replace(RECIPES[name], **changes)


def build_model(recipe, image_shape=(28, 28, 1), seed=0):
    """Build the untrained model of a recipe.

    Parameters
    ----------
    recipe : Recipe or VAERecipe
    image_shape : tuple of int
        Height, width, channels.
    seed : int
        Fixes every first weight.

    Returns
    -------
    VQVAE or VAE
    """
    if isinstance(recipe, VAERecipe):
        return VAE(
            image_shape=image_shape,
            code_size=recipe.code_size,
            base_depth=recipe.base_depth,
            neck_depth=recipe.neck_depth,
            num_components=recipe.num_components,
            seed=seed,
        )
    return VQVAE(
        image_shape=image_shape,
        num_codes=recipe.num_codes,
        code_size=recipe.code_size,
        latent_size=recipe.latent_size,
        base_depth=recipe.base_depth,
        decay=recipe.decay,
        ema_start=recipe.ema_start,
        seed=seed,
        neck_depth=recipe.neck_depth,
        revive_below=recipe.revive_below,
    )


def train_step(model, optimizer, images, commitment_weight):
    """One step of training on one batch.

    Parameters
    ----------
    model : VQVAE
    optimizer : keras.optimizers.Optimizer
    images : tensor, float32 [B, H, W, C] in [0, 1]
    commitment_weight : float
        β.

    Returns
    -------
    Losses
        From before the update.
    """
    with tf.GradientTape() as tape:
        output = model(images, training=True)
        losses = total_loss(images, output, model.num_codes, commitment_weight)
    gradients = tape.gradient(losses.total, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    model.quantizer.update(output.latents, output.indices)
    return losses


class Training:
    """A model, its optimizer, and how far they have come.

    Parameters
    ----------
    recipe : Recipe or VAERecipe
    image_shape : tuple of int
        Height, width, channels.
    seed : int
        Fixes the first weights, the order of the images, and all noise.

    Attributes
    ----------
    step : int
        Training steps done.
    terms : type
        :class:`~vqvae_lesson.losses.Losses` or
        :class:`~vqvae_lesson.vae.VAELosses`, whichever the steps yield.
    """

    def __init__(self, recipe, image_shape=(28, 28, 1), seed=0):
        self.recipe, self.seed, self.step = recipe, seed, 0
        self.model = build_model(recipe, image_shape, seed)
        self.optimizer = keras.optimizers.Adam(recipe.learning_rate)
        self.optimizer.build(self.model.trainable_variables)
        self.terms = VAELosses if isinstance(self.model, VAE) else Losses
        self._train_step = tf.function(train_step)
        self._warm_up_step = tf.function(warm_up_step)
        self._vae_step = tf.function(vae_step)

    def steps(self, images, until):
        """Train step by step.

        Parameters
        ----------
        images : ndarray, float32 [N, H, W, C] in [0, 1]
        until : int
            Stop once this many steps are done, all told.

        Yields
        ------
        Losses or VAELosses
            One a step, as floats in nats per image.

        Raises
        ------
        LessonError
            If the loss is no longer a finite number.
        """
        per_epoch = len(images) // self.recipe.batch_size
        while self.step < until:
            epoch, done = divmod(self.step, max(per_epoch, 1))
            order = batches(images, self.recipe.batch_size, self.seed, epoch)
            for batch in order.skip(done).take(until - self.step):
                losses = self._one_step(batch, images)
                self.step += 1
                yield self._checked(losses)

    def _one_step(self, batch, images):
        """Take one step as the recipe has it: in the warm-up, or with codes."""
        recipe, parts = self.recipe, (self.model, self.optimizer, batch)
        if recipe.falling_rate:
            steps = recipe.epochs * (len(images) // recipe.batch_size)
            rate = falling_rate(recipe.learning_rate, self.step / steps)
            self.optimizer.learning_rate.assign(rate)
        noise = tf.constant(noise_seeds(self.seed, self.step))
        if isinstance(self.model, VAE):
            return self._vae_step(*parts, noise)
        if self.step < recipe.warm_up_steps:
            return self._warm_up_step(*parts, recipe.commitment_weight, noise)
        if self.step == recipe.warm_up_steps > 0:
            start_on_data(self.model, images, self.seed)
        return self._train_step(*parts, recipe.commitment_weight)

    def _checked(self, losses):
        """Turn the losses into floats, and stop where they are none."""
        losses = self.terms(*map(float, losses))
        if not abs(losses.total) < float("inf"):
            raise LessonError(
                f"the loss is {losses.total} at step {self.step}: use a smaller "
                "learning_rate"
            )
        return losses
