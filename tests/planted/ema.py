"""Answers to the exercises of the chapter on ema: right, wrong, with a bug."""

import math

import numpy as np
import tensorflow as tf

from tests.planted.quantizer import nearest_by_loop
from vqvae_lesson.losses import total_loss


def statistics_by_loop(latents, indices, num_codes):
    """Count a batch with one latent or several, one number at a time."""
    latents, indices = latents.reshape(-1, latents.shape[-1]), np.ravel(indices)
    counts, sums = [0] * num_codes, [[0] * latents.shape[1] for _ in range(num_codes)]
    for latent, index in zip(latents.tolist(), indices, strict=True):
        counts[index] += 1
        sums[index] = [a + b for a, b in zip(sums[index], latent, strict=True)]
    return [counts, sums]


def statistics_by_segments(latents, indices, num_codes):
    return tuple(
        tf.math.unsorted_segment_sum(part, indices, num_codes)
        for part in (tf.ones_like(indices), latents)
    )


def statistics_by_add_at(latents, indices, num_codes):
    counts, sums = np.zeros(num_codes), np.zeros([num_codes, latents.shape[-1]])
    np.add.at(counts, indices, 1)
    np.add.at(sums, indices, latents)
    return counts, sums


def counted_once(latents, indices, num_codes):
    counts, sums = np.zeros(num_codes), np.zeros([num_codes, latents.shape[-1]])
    counts[indices] += 1
    sums[indices] += latents
    return counts, sums


def statistics_with(change):
    """Change right counts and sums."""
    return lambda *case: change(*map(np.array, statistics_by_loop(*case)))


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


def update(codebook, counts, latents, indices, decay, statistics=statistics_by_loop):
    """Make everything that an update is made of: old and new counts and sums."""
    in_batch, added = map(np.array, statistics(latents, indices, len(counts)))
    after = decay * counts + (1 - decay) * in_batch
    return counts[:, None], in_batch[:, None], added, after[:, None]


def codes_from(formula, statistics=statistics_by_loop):
    """Answer with codes by a formula, and counts as they should be."""

    def answer(codebook, counts, latents, indices, decay):
        parts = update(codebook, counts, latents, indices, decay, statistics)
        return formula(codebook, decay, *parts), parts[-1][:, 0]

    return answer


def move_towards_the_mean(codebook, counts, latents, indices, decay):
    for index in range(len(counts)):
        mine = latents[indices == index]
        counts[index] = decay * counts[index] + (1 - decay) * len(mine)
        pull = (mine - codebook[index]).sum(axis=0)
        codebook[index] += (1 - decay) * pull / counts[index]
    return codebook, counts


def step_with_tensorflow(codebook, counts, latents, indices, decay):
    chosen = tf.one_hot(indices, len(counts))
    after = decay * counts + (1 - decay) * tf.reduce_sum(chosen, 0)
    sums = decay * counts[:, None] * codebook
    sums += (1 - decay) * tf.transpose(chosen) @ latents
    return [sums / after[:, None], after]


def fixed(answer, decay):
    """The same with a decay of one's own."""
    return lambda *case: answer(*case[:-1], decay)


def naive_means(codebook, in_batch, added):
    return np.where(in_batch > 0, added / np.maximum(in_batch, 1), codebook)


def half_start(change):
    """Answer with a first count made from the decay."""

    def answer(codebook, decay):
        counts = np.full(len(codebook), change(decay))
        return counts, counts[:, None] * codebook

    return answer


def mean_of_all(latents, indices, num_codes):
    counts = np.bincount(np.ravel(indices), minlength=num_codes)
    return counts, counts[:, None] * latents.reshape(-1, latents.shape[-1]).mean(0)


def close_to_quantized(change):
    """Quantize right, and change what the averages are made of."""

    def answer(codebook, counts, sums, latents, decay):
        moved = quantize_by_loop(*change(codebook, counts, sums, latents, decay))[1]
        return codebook[nearest_by_loop(latents, codebook)], moved

    return answer


def never_moves_the_unchosen(codebook, counts, sums, latents, decay):
    quantized, moved = quantize_by_loop(codebook, counts, sums, latents, decay)
    chosen = np.isin(np.arange(len(codebook)), nearest_by_loop(latents, codebook))
    return quantized, np.where(chosen[:, None], moved, codebook)


def with_epsilon(epsilon):
    return codes_from(
        lambda e, d, n, b, s, after: (d * n * e + (1 - d) * s) / (after + epsilon)
    )


ARGUMENTS = {}
VALUES = {}
BUGS = {
    "broken_quantize_and_move": ("quantized_first", "moved before"),
}
RIGHT = {
    "quantized_first": [
        quantize_by_loop,
        lambda e, n, m, z, decay: (
            tf.gather(e, nearest_by_loop(z, e)),
            tf.constant(quantize_by_loop(e, n, m, z, decay)[1]),
        ),
        close_to_quantized(lambda *case: case),
    ],
    "statistics": [
        statistics_by_loop,
        statistics_by_segments,
        statistics_by_add_at,
        lambda z, i, k: (
            np.bincount(np.ravel(i), minlength=k),
            np.eye(k)[np.ravel(i)].T @ z.reshape(-1, z.shape[-1]),
        ),
        lambda z, i, k: (
            np.eye(k)[i].sum((0, 1)),
            np.einsum("blk,bld->kd", np.eye(k)[i], z),
        ),
        lambda z, i, k: (
            [(i == code).sum() for code in range(k)],
            [z[i == code].sum(axis=0) for code in range(k)],
        ),
        lambda z, i, k: (
            tf.reduce_sum(tf.one_hot(i, k), [0, 1]),
            tf.einsum("blk,bld->kd", tf.one_hot(i, k), z),
        ),
    ],
    "step_without_sums": [
        step_with_tensorflow,
        move_towards_the_mean,
        codes_from(
            lambda e, decay, n, b, s, after: e + (1 - decay) * (s - b * e) / after
        ),
        with_epsilon(0),
        lambda e, n, z, i, d: (
            [
                (d * n[k] * e[k] + (1 - d) * z[i == k].sum(0))
                / (d * n[k] + (1 - d) * (i == k).sum())
                for k in range(len(n))
            ],
            [d * n[k] + (1 - d) * sum(i == k) for k in range(len(n))],
        ),
    ],
    "half_repaired": [
        lambda steps, decay, count, epsilon: 1 / (1 + epsilon / count / decay**steps),
        lambda steps, decay, count, epsilon: np.float64(
            np.prod([count, *[decay] * steps])
            / (np.prod([count, *[decay] * steps]) + epsilon)
        ),
        lambda steps, decay, count, epsilon: tf.sigmoid(
            math.log(count / epsilon) + steps * math.log(decay)
        ),
    ],
    "mended_start": [
        half_start(lambda decay: (1 - decay) / decay),
        half_start(lambda decay: 1 / decay - 1),
        lambda codes, decay: (
            tf.fill([len(codes)], 1 / decay - 1),
            [[(1 / decay - 1) * number for number in code] for code in codes.tolist()],
        ),
    ],
}
WRONG = {
    "quantized_first": [
        (lambda *case: quantize_by_loop(*case)[::-1], "come first"),
        (lambda e, *rest: (quantize_by_loop(e, *rest)[0], e), "still the old one"),
        (quantize_too_soon, "moved before"),
        (
            lambda e, n, m, z, decay: (
                quantize_too_soon(e, n, m, z, decay)[1][
                    nearest_by_loop(z, quantize_too_soon(e, n, m, z, decay)[1])
                ],
                quantize_too_soon(e, n, m, z, decay)[1],
            ),
            "moved before",
        ),
        (lambda e, n, m, z, d: (z, quantize_by_loop(e, n, m, z, d)[1]), "themselves"),
        (
            lambda e, n, m, z, d: (
                nearest_by_loop(z, e),
                quantize_by_loop(e, n, m, z, d)[1],
            ),
            "axis is missing",
        ),
        (fixed(quantize_by_loop, 0.99), "an argument"),
        (lambda *case: quantize_by_loop(*case[:-1], 1 - case[-1]), "that stays"),
        (lambda *case: quantize_by_loop(*case)[0], "expected 2 results"),
        (lambda *case: (*quantize_by_loop(*case), 0), "expected 2 results"),
        (fixed(quantize_by_loop, 0.75), "2 of 2: the result differs"),
        (
            close_to_quantized(lambda e, n, m, z, d: (e, n, n[:, None] * e, z, d)),
            "2 of 2: the result differs",
        ),
        (
            close_to_quantized(lambda e, n, m, z, d: (e, np.ones_like(n), m, z, d)),
            "2 of 2: the result differs",
        ),
        (never_moves_the_unchosen, "2 of 2: the result differs"),
        (
            lambda e, n, m, z, d: (
                e[(2 * z @ e.T - 0.9 * (e**2).sum(1)).argmax(1)],
                quantize_by_loop(e, n, m, z, d)[1],
            ),
            "1 of 2: the result differs",
        ),
        (
            lambda e, n, m, z, d: (
                quantize_by_loop(e, n, m, z, d)[0],
                np.where(np.arange(len(e))[:, None] < 9, np.nan, e),
            ),
            "NaN",
        ),
    ],
    "statistics": [
        (counted_once, "np.add.at"),
        (
            lambda z, i, k: (
                np.bincount(i.ravel(), minlength=k),
                counted_once(z, i, k)[1],
            ),
            "np.add.at",
        ),
        (statistics_with(lambda n, s: (n, s / np.maximum(n, 1)[:, None])), "means"),
        (statistics_with(lambda n, s: (n / n.sum(), s)), "shares"),
        (statistics_with(lambda n, s: (n / n.sum(), s / n.sum())), "shares"),
        (
            lambda z, i, k: [
                np.array(part) / len(z) for part in statistics_by_loop(z, i, k)
            ],
            "shares",
        ),
        (lambda z, i, k: statistics_by_loop(z, i, k)[::-1], "counts come first"),
        (lambda z, i, k: statistics_by_loop(z, i, i.max() + 1), "nobody chose"),
        (
            lambda z, i, k: [
                np.array(part)[np.unique(i)] for part in statistics_by_loop(z, i, k)
            ],
            "nobody chose",
        ),
        (
            lambda z, i, k: statistics_by_loop(z[:, 0], i[:, 0], k),
            "only one latent of each letter",
        ),
        (
            lambda z, i, k: statistics_by_loop(z[:, -1], i[:, -1], k),
            "only one latent of each letter",
        ),
        (statistics_with(lambda n, s: (n, s.T)), "order of the axes"),
        (statistics_with(lambda n, s: (n[:, None], s)), "an axis too many"),
        (statistics_with(lambda n, s: n), "expected 2 results"),
        (statistics_with(lambda n, s: (n, s.sum(1))), "axis is missing"),
        (lambda z, i, k: (np.bincount(i.ravel() + 1, minlength=k), 0), "1 of 2"),
        (lambda z, i, k: (np.bincount(i, minlength=k), 0), "raised ValueError"),
        (mean_of_all, "differs by up to"),
        (lambda z, i, k: statistics_by_loop(abs(z), i, k), "drawn anew"),
        (lambda z, i, k: statistics_by_loop(z.astype(int), i, k), "drawn anew"),
        (lambda z, i, k: statistics_by_loop(z[:, :4], i[:, :4], k), "drawn anew"),
        (statistics_with(lambda n, s: (n.astype(np.int8), s)), "drawn anew"),
        (statistics_with(lambda n, s: (np.minimum(n, 6), s)), "drawn anew"),
        (statistics_with(lambda n, s: (n, s[:, :2])), "expected [8, 3]"),
        (lambda z, i, k: statistics_by_loop(z, i.T, k), "differs by up to"),
    ],
    "step_without_sums": [
        (fixed(step_with_tensorflow, 0.99), "an argument"),
        (lambda *c: step_with_tensorflow(*c[:-1], 1 - c[-1]), "that stays"),
        (lambda *case: step_with_tensorflow(*case)[::-1], "codebook comes first"),
        (lambda *case: (case[0], step_with_tensorflow(*case)[1]), "still the old one"),
        (lambda *case: (step_with_tensorflow(*case)[0], case[1]), "still the old one"),
        (
            codes_from(lambda e, d, n, b, s, after: naive_means(e, b, s)),
            "this batch alone",
        ),
        (
            lambda e, n, z, i, d: (
                naive_means(e, update(e, n, z, i, d)[1], update(e, n, z, i, d)[2]),
                update(e, n, z, i, d)[1][:, 0],
            ),
            "this batch alone",
        ),
        (
            lambda e, n, z, i, d: (
                (d * n[:, None] * e + update(e, n, z, i, d)[2])
                / (d * n[:, None] + update(e, n, z, i, d)[1]),
                d * n + update(e, n, z, i, d)[1][:, 0],
            ),
            "weight 1 - decay",
        ),
        (
            codes_from(
                lambda e, d, n, b, s, after: d * e + (1 - d) * naive_means(e, b, s)
            ),
            "the same share",
        ),
        (
            codes_from(
                lambda e, d, n, b, s, after: d * e + (1 - d) * s / np.maximum(b, 1)
            ),
            "the same share",
        ),
        (
            codes_from(lambda e, d, n, b, s, after: (d * e + (1 - d) * s) / after),
            "not a sum yet",
        ),
        (codes_from(lambda e, d, n, b, s, after: d * e + (1 - d) * s), "not a sum yet"),
        (
            codes_from(lambda e, d, n, b, s, after: (d * n * e + (1 - d) * s) / n),
            "not of before",
        ),
        (
            codes_from(
                lambda e, d, n, b, s, after: (d * after * e + (1 - d) * s) / after
            ),
            "counts of before the step",
        ),
        (
            codes_from(lambda e, d, n, b, s, after: d * n * e + (1 - d) * s),
            "these are sums",
        ),
        (
            codes_from(lambda e, d, n, b, s, after: (n * e + (1 - d) * s) / after),
            "has to decay, too",
        ),
        (
            codes_from(
                lambda e, d, n, b, s, after: (d * n * e + (1 - d) * s) / after,
                counted_once,
            ),
            "np.add.at",
        ),
        (lambda *case: step_with_tensorflow(*case)[0][:1], "expected 2 results"),
        (lambda *case: (*step_with_tensorflow(*case), 0), "expected 2 results"),
        (
            codes_from(
                lambda e, d, n, b, s, after: (d * n * e + (1 - d) * s) / after,
                mean_of_all,
            ),
            "differs by up to",
        ),
        (with_epsilon(1e-5), "differs by up to"),
        (
            lambda e, n, z, i, d: (
                step_with_tensorflow(e, n, z, i, d)[0],
                np.where(
                    np.isin(np.arange(len(n)), i),
                    step_with_tensorflow(e, n, z, i, d)[1],
                    n,
                ),
            ),
            "2 of 2: the result differs",
        ),
        (fixed(step_with_tensorflow, 0.75), "differs by up to"),
        (fixed(lambda *c: step_with_tensorflow(*c), 0.8), "differs by up to"),
    ],
    "half_repaired": [
        (lambda t, g, c, eps: g**t / eps, "article"),
        (lambda t, g, c, eps: g**t * c / (c + eps), "the count shrinks"),
        (lambda t, g, c, eps: c / (g**t * c + eps), "the sum shrinks"),
        (lambda t, g, c, eps: g**t / (g**t * c + eps), "first_count times"),
        (lambda t, g, c, eps: 1, "without epsilon"),
        (lambda t, g, c, eps: c / (c + eps), "without epsilon"),
        (lambda t, g, c, eps: c * g**t, "that is the sum"),
        (lambda t, g, c, eps: g**t, "that is the sum"),
        (lambda t, g, c, eps: g * c / (g * c + eps), "a power"),
        (lambda t, g, c, eps: t * g * c / (t * g * c + eps), "a power"),
        (lambda t, g, c, eps: g ** (t + 1) * c / (g ** (t + 1) * c + eps), "too many"),
        (lambda t, g, c, eps: g ** (t - 1) * c / (g ** (t - 1) * c + eps), "too few"),
        (lambda t, g, c, eps: 0.99**t * c / (0.99**t * c + eps), "a 0.99"),
        (lambda t, g, c, eps: g**t * c / (g**t * c + 1e-5), "a 1e-5"),
        (
            lambda t, g, c, eps: (1 - g) ** t * c / ((1 - g) ** t * c + eps),
            "what stays",
        ),
        (lambda t, g, c, eps: (g**t * c + eps) / (g**t * c), "upside down"),
        (lambda t, g, c, eps: 0, "too small"),
        (lambda t, g, c, eps: g**t * c / eps, "too large"),
        (lambda t, g, c, eps: (g * c / (g * c + eps)) ** t, "too"),
        (lambda t, g, c, eps: 0.8**t * c / (0.8**t * c + eps), "too"),
        (lambda t, g, c, eps: 1 - eps, "too"),
    ],
    "mended_start": [
        (lambda e, decay: (np.zeros(len(e)), e), "divided by 0"),
        (lambda e, decay: (np.ones(len(e)), 0 * e), "falls to 0"),
        (
            lambda e, decay: (np.full(len(e), 1 / decay - 1), e),
            "cannot be the codebook",
        ),
        (lambda e, decay: (np.ones(len(e)), 2 * e), "nobody chose moves"),
        (lambda e, decay: (np.ones(len(e)), -e), "nobody chose moves"),
        (half_start(lambda decay: 1), "A first count of 1".lower()),
        (half_start(lambda decay: 1 - decay), "decays, too"),
        (half_start(lambda decay: decay / (1 - decay)), "the other way round"),
        (half_start(lambda decay: (1 - decay) / 2), "weigh the same"),
        (half_start(lambda decay: 0.01 / 0.99), "an argument"),
        (half_start(lambda decay: 3), "moves it too little"),
        (half_start(lambda decay: 1e-3), "moves it too far"),
        (half_start(lambda decay: -1), "negative"),
        (
            lambda e, decay: (np.arange(1, 1 + len(e)), np.arange(1, 1 + len(e)) * e.T),
            "nobody chose moves",
        ),
        (
            lambda e, decay: (
                np.arange(1, 1 + len(e)),
                np.arange(1, 1 + len(e))[:, None] * e,
            ),
            "weigh differently",
        ),
        (lambda e, decay: (e, np.ones(len(e))), "counts come first"),
        (lambda e, decay: (1, e), "axis is missing"),
        (lambda e, decay: (np.ones(len(e)), e[:, 0]), "axis is missing"),
        (lambda e, decay: (np.ones(len(e)), np.full_like(e, np.nan)), "NaN"),
        (lambda e, decay: e[:1], "expected 2 results, found 1"),
        (
            lambda e, decay: (np.full(2, 1 / decay - 1), (1 / decay - 1) * e),
            "expected [5]",
        ),
        (
            half_start(lambda decay: {0.7: 3 / 7, 0.9: 1 / 9}.get(decay, 1)),
            "a first count of 1",
        ),
        (half_start(lambda decay: 1 - 1 / decay), "negative"),
    ],
}
