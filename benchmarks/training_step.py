"""One training step: the package's, its parts, the article's, and PyTorch's.

``make bench`` runs it, from the environment that holds the peers, for a letter that
is one code (recipe ``article``) and for a grid of codes (``grid``). All ways of a
recipe have the same networks, batch size and optimizer.
"""

import math
import sys
from statistics import median

import numpy as np

from timing import Worker, interleaved, machine, print_table, ratio, serve

ROUNDS = 20
STEPS = 5  # in a row, as in training, then it is the next one's turn
GIGAFLOP = {  # of one step, networks only, forward and backward
    "article": 25.5,
    "grid": 30.3,
}
MATRIX = 4_096


def setting(name):
    """Give a recipe's fresh model, its optimizer, and batches without end."""
    import keras

    from vqvae_lesson.data import batches, lesson_letters
    from vqvae_lesson.recipes import find_recipe

    recipe = find_recipe(name)
    model = recipe.build()
    optimizer = keras.optimizers.Adam(recipe.learning_rate)
    optimizer.build(model.trainable_variables)
    images = lesson_letters().train_images
    return model, optimizer, iter(batches(images, recipe.batch_size).repeat())


def article(name):
    """Take the step as the article's code does, operation by operation.

    Distances by broadcasting, codes by one-hot, and from one persistent tape two
    calls for gradients and two of the optimizer: encoder, then decoder.
    """
    import tensorflow as tf
    import tensorflow_probability as tfp

    tfd = tfp.distributions
    model, optimizer, images = setting(name)
    codebook, num_codes = model.quantizer.codebook, model.num_codes
    counts, sums = model.quantizer.ema_counts, model.quantizer.ema_sums

    def step(images):
        with tf.GradientTape(persistent=True) as tape:
            latents = model.encoder(images)
            differences = latents[:, :, None, :] - codebook[None, None, :, :]
            indices = tf.argmin(tf.norm(differences, axis=3), axis=2)
            one_hot = tf.one_hot(indices, num_codes)
            quantized = tf.reduce_sum(one_hot[..., None] * codebook[None, None], axis=2)
            passed = latents + tf.stop_gradient(quantized - latents)
            pixels = tfd.Bernoulli(logits=model.decoder(passed), dtype=tf.float32)
            picture = tfd.Independent(pixels, reinterpreted_batch_ndims=3)
            prior = tfd.Multinomial(total_count=1.0, logits=tf.zeros(num_codes))
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
        new = tf.reduce_sum(latents[:, :, None, :] * one_hot[..., None], axis=[0, 1])
        sums.assign(0.99 * sums + 0.01 * new)
        codebook.assign(sums / (counts[:, None] + 1e-5))
        return loss

    return lambda: step(next(images))


def package(name, compiled=lambda function: function):
    """Take the step of the package: eagerly, unless it is compiled."""
    from vqvae_lesson.training import train_step

    model, optimizer, images = setting(name)
    step = compiled(train_step)
    return lambda: step(model, optimizer, next(images), None).total


def package_compiled(name):
    import tensorflow as tf

    return package(name, tf.function)


def package_xla(name):
    import tensorflow as tf

    return package(name, lambda function: tf.function(function, jit_compile=True))


def autoencoder(name, gradients=True, update=True):
    """Take the same step with the quantizer left out, compiled; or part of it."""
    import tensorflow as tf

    from vqvae_lesson.losses import reconstruction_loss

    model, optimizer, images = setting(name)
    variables = model.trainable_variables

    @tf.function
    def step(images):
        with tf.GradientTape() as tape:
            loss = reconstruction_loss(images, model.decoder(model.encoder(images)))
        if not gradients:
            return loss
        slopes = tape.gradient(loss, variables)
        if not update:
            return loss + 0 * tf.add_n([tf.reduce_sum(slope) for slope in slopes])
        optimizer.apply(slopes, variables)
        return loss

    return lambda: step(next(images))


def forward_only(name):
    return autoencoder(name, gradients=False)


def forward_and_backward(name):
    return autoencoder(name, update=False)


def without_moving_codes(name):
    """Take the package's step but for the moving averages, compiled."""
    import tensorflow as tf

    from vqvae_lesson.training import train_step

    model, optimizer, images = setting(name)
    model.follow = lambda output: None
    step = tf.function(train_step)
    return lambda: step(model, optimizer, next(images), None).total


def pytorch(name):
    """Build the networks in PyTorch, channels last, with vector-quantize-pytorch."""
    import torch
    from torch import nn
    from torch.nn import functional
    from vector_quantize_pytorch import VectorQuantize

    from torch_networks import NETWORKS

    model, _, batches = setting(name)
    recipe, latents = model.recipe, model.latent_size
    encoder, decoder = NETWORKS[name]()
    quantizer = VectorQuantize(
        recipe.code_size,
        recipe.num_codes,
        decay=recipe.decay,
        commitment_weight=recipe.commitment_weight,
    )
    parts = nn.ModuleList([encoder, quantizer, decoder])
    parts = parts.to(memory_format=torch.channels_last)
    weights = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(weights, recipe.learning_rate, fused=True)

    def step():
        images = torch.from_numpy(next(batches).numpy()).permute(0, 3, 1, 2)
        quantized, _, commitment = quantizer(encoder(images))
        loss = functional.binary_cross_entropy_with_logits(
            decoder(quantized), images, reduction="sum"
        )
        prior = latents * math.log(recipe.num_codes)
        loss = loss / len(images) + commitment.sum() + prior
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def product(name):
    """Multiply two large matrices: as fast as this machine computes."""
    import tensorflow as tf

    matrix = tf.random.stateless_normal([MATRIX, MATRIX], [0, 1])
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    return multiply


OWN = "package, compiled"
WAYS = {
    OWN: package_compiled,
    "package, compiled with XLA": package_xla,
    "autoencoder without quantizer, compiled": autoencoder,
    "PyTorch, vector-quantize-pytorch": pytorch,
}
RECIPES = {
    "article": {"article, eager": article, "package, eager": package, **WAYS},
    "grid": {"package, eager": package, **WAYS},
}
PARTS = {
    "forward": forward_only,
    "backward": forward_and_backward,
    "Adam": autoencoder,
    "quantizer and its losses": without_moving_codes,
    "moving averages": package_compiled,
}


def measure(recipe, ways):
    """Seconds of each way, each prepared in a process of its own."""
    workers = {name: Worker(way.__name__) for name, way in ways.items()}
    for worker in workers.values():
        worker.prepare(recipe)
    seconds = interleaved(workers, ROUNDS, STEPS)
    for worker in workers.values():
        worker.close()
    return seconds


def main():
    print(machine("tensorflow", "keras", "tensorflow-probability", "torch"))
    print(f"one step on a batch of 64; {ROUNDS} rounds of {STEPS} steps")
    for recipe, ways in RECIPES.items():
        print(f"\nrecipe {recipe}")
        seconds = measure(recipe, ways)
        print_table(seconds, baseline=next(iter(ways)))
        for name in ways:
            print(f"{OWN} / {name}: {ratio(seconds[OWN], seconds[name]):.2f}")
        print_parts(recipe, measure(recipe, {**PARTS, "product": product}))


def print_parts(recipe, seconds):
    """Print what each part of the step adds, and the distance to a bare product."""
    multiply = median(seconds.pop("product"))
    print("\n| part | ms | share |\n|---|---|---|")
    whole = median(seconds["moving averages"])
    before = [0.0] * ROUNDS
    for name, values in seconds.items():
        added = median(now - then for now, then in zip(values, before, strict=True))
        print(f"| {name} | {1e3 * added:.1f} | {added / whole:.0%} |")
        before = values
    rate, work = 2 * MATRIX**3 / multiply / 1e9, GIGAFLOP[recipe]
    print(f"| **all** | {1e3 * whole:.1f} | |")
    print(
        f"product of matrices: {rate:.0f} GFLOP/s; the step: {work / whole:.0f} "
        f"GFLOP/s; at the product's rate it would take {1e3 * work / rate:.0f} ms"
    )


def prepare(way):
    """Warm a way up; its loss must be a number."""

    def check(loss):
        assert np.isfinite(float(loss))

    def for_recipe(name):
        step = way(name)
        check(step())
        return step, check

    return for_recipe


if __name__ == "__main__":
    serve(prepare(globals()[sys.argv[1]])) if sys.argv[1:] else main()
