"""Answers to the exercises of the chapter on ema: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf

from tests.planted.quantizer import nearest_by_loop
from vqvae_lesson.losses import total_loss


def statistics_by_loop(latents, indices, num_codes):
    counts, sums = [0] * num_codes, [[0] * latents.shape[1] for _ in range(num_codes)]
    for latent, index in zip(latents.tolist(), indices, strict=True):
        counts[index] += 1
        sums[index] = [a + b for a, b in zip(sums[index], latent, strict=True)]
    return [counts, sums]


def statistics_by_segments(latents, indices, num_codes):
    ones = tf.ones_like(indices)
    return tuple(
        tf.math.unsorted_segment_sum(part, indices, num_codes)
        for part in (ones, latents)
    )


def quantize_by_loop(codebook, counts, sums, latents, decay):
    chosen = nearest_by_loop(latents, codebook)
    quantized = [codebook[index].tolist() for index in chosen]
    counts, sums = counts * decay, sums * decay
    for latent, index in zip(latents, chosen, strict=True):
        counts[index] += 1 - decay
        sums[index] += (1 - decay) * latent
    return quantized, sums / (counts[:, None] + 1e-5)


def quantize_too_soon(codebook, counts, sums, latents, decay):
    codes = quantize_by_loop(codebook, counts, sums, latents, decay)[1]
    return codes[nearest_by_loop(latents, codebook)], codes


def step_in_place(counts, sums, latents, indices, decay):
    counts *= decay
    sums *= decay
    for latent, index in zip(latents, indices, strict=True):
        counts[index] += 1 - decay
        sums[index] += (1 - decay) * latent
    return sums / (counts[:, None] + 1e-5), counts, sums


def step_with_tensorflow(counts, sums, latents, indices, decay):
    chosen = tf.one_hot(indices, len(counts))
    counts = decay * counts + (1 - decay) * tf.reduce_sum(chosen, 0)
    sums = decay * sums + (1 - decay) * tf.transpose(chosen) @ latents
    return [sums / (counts + 1e-5)[:, None], counts, sums]


def step(
    model,
    optimizer,
    images,
    weight,
    loss=lambda losses, weight: losses.total,
    moved=lambda model: model.trainable_variables,
    updates=1,
    quantized=lambda output: (output.latents, output.indices),
):
    """Train for one step that can go wrong in all its parts."""
    with tf.GradientTape() as tape:
        output = model(images)
        value = loss(total_loss(images, output, model.num_codes, weight), weight)
    variables = moved(model)
    optimizer.apply(tape.gradient(value, variables), variables)
    for _ in range(updates):
        model.quantizer.update(*quantized(output))


def shares(indices, num_codes):
    return np.bincount(indices, minlength=num_codes) / len(indices)


def after_step(*changes):
    """Change the results of a right update, one function a result."""
    return lambda *case: tuple(
        change(part)
        for change, part in zip(changes, step_with_tensorflow(*case), strict=True)
    )


def means_by_loop(latents, indices, num_codes):
    counts, sums = statistics_by_loop(latents, indices, num_codes)
    return counts, np.array(sums) / np.maximum(counts, 1)[:, None]


def average_with(old, new):
    """Make an update whose averages weigh the old and the new part so."""

    def update(counts, sums, latents, indices, decay):
        in_batch, added = statistics_by_loop(latents, indices, len(counts))
        counts = old(decay) * counts + new(decay) * np.array(in_batch)
        sums = old(decay) * sums + new(decay) * np.array(added)
        return sums / (counts + 1e-5)[:, None], counts, sums

    return update


def codes_from_before(counts, sums, latents, indices, decay):
    found = step_with_tensorflow(counts, sums, latents, indices, decay)
    return sums / (counts + 1e-5)[:, None], *found[1:]


def without_epsilon(*case):
    _, counts, sums = step_with_tensorflow(*case)
    return sums / counts[:, None], counts, sums


ARGUMENTS = {
    "steps_of_return": {"decay": 0.9},
}
VALUES = {
    "steps_of_return": 109,
}
BUGS = {
    "broken_start": ("mended_start", "divided by 0"),
    "broken_quantize_and_move": ("quantized_first", "moved before"),
}
RIGHT = {
    "steps_of_return": [109.0, np.ceil(109)],
    "quantized_first": [
        quantize_by_loop,
        lambda e, n, m, z, decay: (
            tf.gather(e, nearest_by_loop(z, e)),
            tf.constant(quantize_by_loop(e, n, m, z, decay)[1]),
        ),
    ],
    "statistics": [
        statistics_by_loop,
        statistics_by_segments,
        lambda z, i, k: (np.bincount(i, minlength=k), np.eye(k)[i].T @ z),
    ],
    "one_step": [step_in_place, step_with_tensorflow],
    "exiled": [
        lambda steps, decay: math.exp(steps * math.log(decay)) * 100_000,
        lambda steps, decay: tf.constant(decay, tf.float64) ** steps / 1e-5,
        lambda steps, decay: np.prod(np.full(steps, decay)) / np.float32(1e-5),
    ],
    "mended_start": [
        lambda codes: (np.ones(len(codes), int), codes),
        lambda codes: [[2] * len(codes), (2 * codes).tolist()],
        lambda codes: (tf.ones(len(codes)), tf.constant(codes)),
    ],
}
WRONG = {
    "steps_of_return": [
        (1146, "0.99"),
        (-109, "positive"),
        (7, "half"),
        (5, "1 - decay"),
        (110, "nearly"),
    ],
    "quantized_first": [
        (lambda *case: quantize_by_loop(*case)[::-1], "come first"),
        (lambda e, *rest: (quantize_by_loop(e, *rest)[0], e), "still the old one"),
        (quantize_too_soon, "moved before"),
    ],
    "statistics": [
        (means_by_loop, "means"),
        (lambda z, i, k: (shares(i, k), np.eye(k)[i].T @ z), "shares"),
        (lambda z, i, k: statistics_by_loop(z, i, k)[::-1], "counts come first"),
        (lambda z, i, k: (np.bincount(i), np.eye(k)[i].T @ z), "nobody chose"),
        (
            lambda z, i, k: (np.unique(i, return_counts=True)[1], np.eye(k)[i].T @ z),
            "nobody chose",
        ),
        (
            lambda z, i, k: (np.bincount(i, minlength=k), (np.eye(k)[i].T @ z).T),
            "order of the axes",
        ),
        (lambda z, i, k: (np.eye(k)[i].sum(1), np.eye(k)[i].T @ z), "1 of 2"),
        (lambda z, i, k: np.bincount(i, minlength=k), "expected 2 results"),
        (lambda z, i, k: (np.bincount(i + 1, minlength=k), 0), "1 of 2"),
    ],
    "one_step": [
        (average_with(lambda g: 1 - g, lambda g: g), "share of the old"),
        (average_with(lambda g: 0, lambda g: 1), "this batch alone"),
        (average_with(lambda g: g, lambda g: 1), "weight 1 - decay"),
        (codes_from_before, "of after the step"),
        (lambda *case: step_with_tensorflow(*case)[::-1], "codebook comes first"),
        (lambda *c: [step_with_tensorflow(*c)[i] for i in (2, 0, 1)], "1 of 3"),
        (lambda *c: [step_with_tensorflow(*c)[i] for i in (0, 2, 1)], "comes first"),
        (lambda *c: [step_with_tensorflow(*c)[i] for i in (1, 2, 0)], "comes first"),
        (without_epsilon, "divided by 0"),
        (after_step(lambda e: e, lambda n: -n, lambda s: s), "2 of 3"),
        (after_step(lambda e: e, lambda n: n, lambda s: s + 1), "3 of 3"),
        (
            after_step(np.transpose, lambda n: n, lambda s: s),
            "1 of 3",
        ),
        (lambda *case: step_with_tensorflow(*case)[0], "expected 3 results, found 2"),
    ],
    "exiled": [
        (lambda steps, decay: decay / 1e-5, "t times"),
        (lambda steps, decay: decay**steps, "divided by"),
        (lambda steps, decay: decay ** (steps - 1) / 1e-5, "once more"),
        (lambda steps, decay: decay ** (steps + 1) / 1e-5, "once less"),
        (lambda steps, decay: (1 - decay) ** steps / 1e-5, "what stays"),
        (lambda steps, decay: steps * decay / 1e-5, "power"),
        (lambda steps, decay: decay**steps * 1e-5, "too small"),
        (lambda steps, decay: -(decay**steps) / 1e-5, "too small"),
        (lambda steps, decay: decay**-steps / 1e-5, "too large"),
    ],
    "mended_start": [
        (lambda e: (np.zeros(len(e)), e), "divided by 0"),
        (lambda e: (np.ones(len(e)), 0 * e), "falls to 0"),
        (lambda e: (np.full(len(e), 3), e), "cannot be the codebook itself"),
        (lambda e: (np.full(len(e), 0.5), e), "cannot be the codebook itself"),
        (lambda e: (np.ones(len(e)), 2 * e), "the code moves"),
        (lambda e: (np.ones(len(e)), -e), "the code moves"),
        (lambda e: (e, np.ones(len(e))), "counts come first"),
        (lambda e: (1, e), "axis is missing"),
        (lambda e: (np.ones(len(e)), e[:, 0]), "axis is missing"),
        (lambda e: (np.ones(len(e)), np.full_like(e, np.nan)), "NaN"),
        (lambda e: e[:1], "expected 2 results, found 1"),
    ],
}
