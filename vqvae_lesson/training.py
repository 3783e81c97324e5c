"""One training step, and the loop (chapter 07).

One step: forward, losses, gradients, one Adam update, one move of what no gradient
moves. It serves every model of the book.
"""

import keras
import tensorflow as tf

from vqvae_lesson.data import batches
from vqvae_lesson.errors import LessonError
from vqvae_lesson.health import falling_rate
from vqvae_lesson.noise import noise_seeds

__all__ = ["train_step", "Training"]


def train_step(model, optimizer, images, noise):
    """One step of training on one batch.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
    optimizer : keras.optimizers.Optimizer
    images : tensor, float32 [B, H, W, C] in [0, 1]
    noise : tensor, int32 [2]
        Seeds of whatever the model draws at random in this step.

    Returns
    -------
    NamedTuple
        The model's losses, `total` first, from before the update.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> optimizer, images = keras.optimizers.Adam(), tf.zeros([5, 28, 28, 1])
    >>> losses = train_step(model, optimizer, images, noise=[0, 1])
    >>> losses._fields
    ('total', 'reconstruction', 'commitment', 'prior')
    """
    with tf.GradientTape() as tape:
        losses, output = model.losses(images, noise)
    gradients = tape.gradient(losses.total, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    model.follow(output)
    return losses


class Training:
    """A model, its optimizer, and how far they have come.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.Recipe
    image_shape : tuple of int
        Height, width, channels.
    seed : int
        Fixes the first weights, the order of the images, and all noise.

    Attributes
    ----------
    model : vqvae_lesson.model.LessonModel
    step : int
        Training steps done.

    Examples
    --------
    >>> import numpy as np
    >>> from vqvae_lesson.recipes import find_recipe
    >>> training = Training(find_recipe("small"), (28, 28, 1), seed=0)
    >>> images = np.zeros([64, 28, 28, 1], np.float32)
    >>> losses = [*training.steps(images, until=2)]
    >>> training.step, len(losses)
    (2, 2)
    """

    def __init__(self, recipe, image_shape=(28, 28, 1), seed=0):
        self.recipe, self.seed, self.step = recipe, seed, 0
        self.model = recipe.build(image_shape, seed)
        self.optimizer = keras.optimizers.Adam(recipe.learning_rate)
        self.optimizer.build(self.model.trainable_variables)
        self.compiled_step = tf.function(train_step)

    def steps(self, images, until):
        """Train step by step.

        Parameters
        ----------
        images : ndarray, float32 [N, H, W, C] in [0, 1]
        until : int
            Stop once this many steps are done, all told.

        Yields
        ------
        NamedTuple
            The losses of one step, as floats in nats per image.

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
                losses = self.one_step(batch, images)
                self.step += 1
                yield self.as_floats(losses)

    def one_step(self, batch, images):
        """Take one step on a batch, as the recipe has it at this point of the run.

        Parameters
        ----------
        batch : tensor, float32 [B, H, W, C] in [0, 1]
        images : ndarray, float32 [N, H, W, C] in [0, 1]
            All training images.

        Returns
        -------
        NamedTuple
            The model's losses.
        """
        if self.recipe.falling_rate:
            steps = self.recipe.epochs * (len(images) // self.recipe.batch_size)
            rate = falling_rate(self.recipe.learning_rate, self.step / steps)
            self.optimizer.learning_rate.assign(rate)
        model = self.model.stage(self.step, images)
        noise = tf.constant(noise_seeds(self.seed, self.step))
        return self.compiled_step(model, self.optimizer, batch, noise)

    def as_floats(self, losses):
        """Turn the losses of a step into floats, and stop where they are none."""
        losses = type(losses)(*map(float, losses))
        if not abs(losses.total) < float("inf"):
            raise LessonError(
                f"the loss is {losses.total} at step {self.step}: use a smaller "
                "learning_rate"
            )
        return losses
