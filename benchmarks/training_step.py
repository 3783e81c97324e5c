"""One training step: the article's, run eagerly, against this package's compiled one.

``make bench`` runs it. Both sides have the same networks, batch and start.
"""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from timing import interleaved, print_machine, print_table
from vqvae_lesson.data import batches, lesson_letters
from vqvae_lesson.training import RECIPES, build_model, train_step

tfd = tfp.distributions
RECIPE = RECIPES["article"]
ROUNDS = 12
STEPS = 5  # in a row, as in training, then it is the next one's turn


def article_step(model, optimizer, images):
    """Take one step as the article's code does, operation by operation.

    Distances by broadcasting, codes by one-hot, and from one persistent tape two
    calls for gradients and two of the optimizer: encoder, then decoder.
    """
    codebook = model.quantizer.codebook
    counts, sums = model.quantizer.ema_counts, model.quantizer.ema_sums
    with tf.GradientTape(persistent=True) as tape:
        latents = model.encoder(images)
        differences = latents[:, :, None, :] - codebook[None, None, :, :]
        indices = tf.argmin(tf.norm(differences, axis=3), axis=2)
        one_hot = tf.one_hot(indices, RECIPE.num_codes)
        quantized = tf.reduce_sum(one_hot[..., None] * codebook[None, None], axis=2)
        passed = latents + tf.stop_gradient(quantized - latents)
        pixels = tfd.Bernoulli(logits=model.decoder(passed), dtype=tf.float32)
        picture = tfd.Independent(pixels, reinterpreted_batch_ndims=3)
        prior = tfd.Multinomial(total_count=1.0, logits=tf.zeros(RECIPE.num_codes))
        loss = (
            -tf.reduce_mean(picture.log_prob(images))
            + 0.25 * tf.reduce_mean((latents - tf.stop_gradient(quantized)) ** 2)
            - tf.reduce_mean(tf.reduce_sum(prior.log_prob(one_hot), axis=1))
        )
    parts = [part.trainable_weights for part in (model.encoder, model.decoder)]
    gradients = [tape.gradient(loss, weights) for weights in parts]
    for pair in zip(gradients, parts, strict=True):
        optimizer.apply(*pair)
    counts.assign(0.99 * counts + 0.01 * tf.reduce_sum(one_hot, axis=[0, 1]))
    new_sums = tf.reduce_sum(latents[:, :, None, :] * one_hot[..., None], axis=[0, 1])
    sums.assign(0.99 * sums + 0.01 * new_sums)
    codebook.assign(sums / (counts[:, None] + 1e-5))
    return loss


def stepper(step, *extra):
    """Give a step a model, an optimizer and batches of its own."""
    model = build_model(RECIPE)
    optimizer = keras.optimizers.Adam(RECIPE.learning_rate)
    optimizer.build(model.trainable_variables)
    images = iter(batches(letters.train_images, RECIPE.batch_size).repeat())
    return lambda: step(model, optimizer, next(images), *extra)


def fetch():
    """Only take the next batch."""
    images = iter(batches(letters.train_images, RECIPE.batch_size).repeat())
    return lambda: next(images)


letters = lesson_letters()
weight = RECIPE.commitment_weight
ways = {
    "article, eager": stepper(article_step),
    "package, eager": stepper(train_step, weight),
    "package, compiled": stepper(tf.function(train_step), weight),
    "package, compiled with XLA": stepper(
        tf.function(train_step, jit_compile=True), weight
    ),
    "only fetching the batch": fetch(),
}
print_machine("tensorflow", "keras", "tensorflow-probability")
print(f"one step on a batch of {RECIPE.batch_size}; {ROUNDS} rounds of {STEPS} steps")
print_table(interleaved(ways, ROUNDS, STEPS), "article, eager")
