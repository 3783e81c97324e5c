"""Answers to the exercises of the chapter on quantizers: right, wrong, with a bug."""

import numpy as np
import tensorflow as tf

from vqvae_lesson.losses import commitment_loss, straight_through
from vqvae_lesson.quantizer import lookup, nearest_code
from vqvae_lesson.quantizers import bound, residual_codes, rotate, to_number

# --- Numbers of bounded latents ------------------------------------------------------


def index_by_loop(bounded, levels):
    number, worth = 0, 1
    for one, size in zip(np.moveaxis(bounded, -1, 0), levels, strict=True):
        number = number + worth * (np.rint(one) + size // 2)
        worth *= size
    return number


def index_by_numpy(bounded, levels):
    shift = np.array([size // 2 for size in levels])
    digits = np.floor(bounded + shift + 0.5).astype(int)
    return np.ravel_multi_index(np.moveaxis(digits, -1, 0), levels, order="F")


def index_by_tensorflow(bounded, levels):
    digits = tf.round(bounded) + tf.constant([size // 2 for size in levels], tf.float32)
    worth = tf.math.cumprod(tf.constant(levels), exclusive=True)
    return tf.tensordot(tf.cast(digits, tf.int32), worth, axes=1)


def index_with(whole=np.round, shift=lambda size: size // 2, worth=None):
    """Number of a latent, with some of its three steps exchanged."""

    def answer(bounded, levels):
        number = 0
        for place, size in enumerate(levels):
            digit = whole(bounded[..., place]) + shift(size)
            before = levels[:place]
            number = number + digit * (worth or (lambda b, *_: np.prod(b, dtype=int)))(
                before, size, levels
            )
        return number

    return answer


# --- Stages ---------------------------------------------------------------------------


def stages_by_loop(digits, codebooks, stages):
    total = 0
    for stage in range(stages):
        total = total + codebooks[stage][digits[..., stage]]
    return total


def stages_by_one_hot(digits, codebooks, stages):
    choice = digits[..., None] == np.arange(codebooks.shape[1])
    choice[..., stages:, :] = False
    return np.einsum("...sk,skd->...d", choice * 1.0, codebooks)


def stages_by_gather(digits, codebooks, stages):
    codes = [tf.gather(codebooks[s], digits[..., s]) for s in range(stages)]
    return tf.add_n(codes)


def each_stage(digits, codebooks, stages):
    return [codebooks[stage][digits[..., stage]] for stage in range(stages)]


# --- Turns ----------------------------------------------------------------------------


def unit(vector):
    return vector / np.linalg.norm(vector)


def stretch(latent, code):
    return np.linalg.norm(code) / np.linalg.norm(latent)


def turn_by_paper(latent, code):
    start, end = unit(latent), unit(code)
    middle = unit(start + end)
    turn = np.eye(len(code)) - 2 * np.outer(middle, middle) + 2 * np.outer(end, start)
    return stretch(latent, code) * turn


def turn_by_series(latent, code):
    start, end = unit(latent), unit(code)
    step = np.outer(end, start) - np.outer(start, end)
    turn = np.eye(len(code)) + step + step @ step / (1 + start @ end)
    return stretch(latent, code) * turn


def turn_by_angle(latent, code, careful=True):
    start, end = unit(latent), unit(code)
    cosine = start @ end
    across = end - cosine * start
    sine = np.linalg.norm(across)
    if sine < 1e-6 and careful:
        return stretch(latent, code) * np.eye(len(code))
    across = across / sine
    turn = (
        np.eye(len(code))
        + (cosine - 1) * (np.outer(start, start) + np.outer(across, across))
        + sine * (np.outer(across, start) - np.outer(start, across))
    )
    return stretch(latent, code) * turn


def turn_by_gradients(latent, code):
    latent = tf.constant(latent)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(latent)
        rows = tf.unstack(rotate(latent, code))
    return [tape.gradient(row, latent) for row in rows]


def mirror(direction):
    return np.eye(len(direction)) - 2 * np.outer(direction, direction)


def turn_by_mirrors(latent, code, order=1):
    start, end = unit(latent), unit(code)
    mirrors = [mirror(end), mirror(unit(start + end))][::order]
    return stretch(latent, code) * mirrors[0] @ mirrors[1]


def half_turn(latent, code):
    """About the middle: it takes the latent to its code, and all else along."""
    return -stretch(latent, code) * mirror(unit(unit(latent) + unit(code)))


def turned_on(latent, code, mirrors=2):
    """Turn latents to codes, then mirror what stands perpendicular to the code."""
    matrix = turn_by_paper(latent, code)
    if len(code) > 2:
        for other in np.linalg.svd(code[None])[2][1 : 1 + mirrors]:
            matrix = mirror(other) @ matrix
    return matrix


def plane_only(latent, code):
    """Leave out the stretch of what stands perpendicular to both."""
    start, end = unit(latent), unit(code)
    middle = unit(start + end)
    along = np.linalg.norm(code) / np.linalg.norm(latent)
    return (
        np.eye(len(code))
        - 2 * np.outer(middle, middle)
        + 2 * np.outer(end, start)
        + (along - 1) * np.outer(end, start)
    )


# --- Commitments ----------------------------------------------------------------------


def mean_square(left):
    return tf.reduce_mean(left**2)


def every_stage_by_sums(latents, codebooks):
    sums, _ = residual_codes(latents, codebooks)
    return tf.add_n([commitment_loss(latents, total) for total in tf.unstack(sums)])


def every_stage_at_once(latents, codebooks):
    sums, _ = residual_codes(latents, codebooks)
    squares = (latents[None] - tf.stop_gradient(sums)) ** 2
    return tf.reduce_sum(squares) / tf.cast(tf.size(latents), tf.float32)


def staged(
    pull=commitment_loss,
    leave=lambda left, code: left - tf.stop_gradient(code),
    join=tf.add_n,
    take=lambda left, latents: left,
    against=lambda left, latents: left,
):
    """Commitment stage by stage, with some of its steps exchanged."""

    def answer(latents, codebooks):
        left, pulls = latents, []
        for codebook in tf.unstack(codebooks):
            chosen = nearest_code(take(left, latents), codebook)
            code = lookup(codebook, chosen)
            pulls.append(pull(against(left, latents), code))
            left = leave(left, code)
        return join(pulls)

    return answer


def by_numpy(latents, codebooks):
    sums, _ = residual_codes(latents, codebooks)
    return float(np.mean((latents.numpy() - sums.numpy()) ** 2) * len(sums))


def only_last(latents, codebooks):
    pulls = every_stage_by_sums(latents, codebooks)
    last = commitment_loss(latents, residual_codes(latents, codebooks)[0][-1])
    return tf.stop_gradient(pulls - last) + last


ARGUMENTS = {}
VALUES = {}
BUGS = {
    "broken_every_stage": ("every_stage", "first stage alone pulls"),
}
RIGHT = {
    "scalar_index": [index_by_loop, index_by_numpy, index_by_tensorflow],
    "decode_stages": [stages_by_loop, stages_by_one_hot, stages_by_gather],
    "rotation": [
        turn_by_paper,
        turn_by_series,
        turn_by_angle,
        turn_by_gradients,
        turn_by_mirrors,
        lambda e, q: turn_by_series(e, q).tolist(),
    ],
    "every_stage": [
        every_stage_by_sums,
        every_stage_at_once,
        staged(),
        staged(pull=lambda left, code: mean_square(left - tf.stop_gradient(code))),
        staged(leave=lambda left, code: left - code.numpy()),
    ],
}
WRONG = {
    "scalar_index": [
        (index_with(shift=lambda size: 0), "something is to be added"),
        (
            lambda b, levels: index_by_loop(b[..., ::-1], levels[::-1]),
            "it is the first",
        ),
        (index_with(worth=lambda before, size, _: size), "its own levels do not"),
        (
            index_with(worth=lambda before, size, _: np.prod(before) * size),
            "its own levels do not",
        ),
        (
            index_with(worth=lambda before, size, _: size ** len(before)),
            "its own levels do not",
        ),
        (
            index_with(worth=lambda before, _, levels: levels[0] ** len(before)),
            "one base",
        ),
        (index_with(worth=lambda before, *_: 10 ** len(before)), "one base"),
        (index_with(worth=lambda before, *_: [1, *before][-1]), "just before"),
        (index_with(worth=lambda *_: 1), "added as they are"),
        (index_with(whole=np.trunc), "cuts off"),
        (index_with(whole=np.floor), "rounds down"),
        (index_with(whole=np.ceil), "rounds up"),
        (
            lambda b, levels: index_by_loop(
                np.int32(b + np.array(levels) // 2) - np.array(levels) // 2, levels
            ),
            "cuts off",
        ),
        (index_with(shift=lambda size: (size - 1) // 2), "where does the lowest"),
        (index_with(shift=lambda size: size / 2), "fit an odd number"),
        (
            lambda b, levels: index_with(np.rint, lambda _: 0)(
                b + np.array(levels) / 2, levels
            ),
            "fit an odd number",
        ),
        (index_with(shift=lambda size: (size - 1) / 2), "even number of levels: it is"),
        (
            lambda b, levels: index_by_loop(bound(b, levels).numpy(), levels),
            "a second time",
        ),
        (
            lambda b, levels: np.rint(b) + [size // 2 for size in levels],
            "join them",
        ),
        (
            lambda b, levels: np.rint(b) / [size // 2 for size in levels],
            "between -1 and 1",
        ),
        (lambda *case: index_by_loop(*case) + 1, "not at 1"),
        (
            lambda b, levels: to_number(
                np.rint(b).astype(int) + np.array(levels) // 2, levels
            ),
            "without the chapter's",
        ),
    ],
    "decode_stages": [
        (lambda d, books, n: books[n - 1][d[..., n - 1]], "one stage alone"),
        (lambda d, books, n: books[-1][d[..., -1]], "one stage alone"),
        (lambda d, books, n: books[0][d[..., 0]], "one stage alone"),
        (lambda *case: np.concatenate(each_stage(*case), -1), "side by side"),
        (lambda *case: np.prod(each_stage(*case), axis=0), "multiplied"),
        (lambda d, books, n: stages_by_loop(d, books, len(books)), "all stages"),
        (lambda *case: np.mean(each_stage(*case), axis=0), "it does not vote"),
        (
            lambda d, books, n: stages_by_loop(d, books, n) / len(books),
            "it does not vote",
        ),
        (
            lambda d, books, n: sum(books[0][d[..., one]] for one in range(n)),
            "one codebook serves",
        ),
        (
            lambda d, books, n: sum(book[d[..., 0]] for book in books[:n]),
            "one digit serves",
        ),
        (
            lambda d, books, n: sum(
                (books[one][d[..., one]] for one in range(n - 1)),
                np.zeros([*d.shape[:-1], books.shape[-1]]),
            ),
            "one stage is missing",
        ),
        (
            lambda d, books, n: stages_by_loop(d, books, min(n + 1, len(books))),
            "one stage too many",
        ),
        (
            lambda d, books, n: stages_by_loop(d[..., ::-1], books[::-1], n),
            "the last stages",
        ),
        (lambda *case: np.cumsum(each_stage(*case), axis=0), "only the last of it"),
        (lambda *case: np.stack(each_stage(*case), axis=-2), "one by one"),
        (lambda *case: each_stage(*case), "one by one"),
        (
            lambda d, books, n: books[0][d[..., 0]] - sum(each_stage(d, books, n)[1:]),
            "comes on top",
        ),
    ],
    "rotation": [
        (lambda e, q: turn_by_paper(e, q) / stretch(e, q), "leaves lengths"),
        (lambda e, q: turn_by_paper(e, q) / stretch(e, q) ** 2, "upside down"),
        (lambda e, q: turn_by_paper(e, q).T, "wrong way round"),
        (lambda e, q: turn_by_paper(q, e), "wrong way round"),
        (lambda e, q: turn_by_mirrors(e, q, order=-1), "wrong way round"),
        (lambda e, q: np.outer(q, e) / (e @ e), "makes nothing 0"),
        (lambda e, q: np.outer(unit(q), unit(e)), "but not its length"),
        (
            lambda e, q: stretch(e, q) * mirror(unit(unit(q) - unit(e))),
            "this is a mirror",
        ),
        (
            lambda e, q: stretch(e, q) * mirror(unit(unit(q) + unit(e))),
            "one mirror is not enough",
        ),
        (
            lambda e, q: stretch(e, q) * (mirror(unit(e + q)) + 2 * np.outer(q, e)),
            "to length 1 first",
        ),
        (
            lambda e, q: (
                stretch(e, q)
                * (mirror(unit(e) + unit(q)) + 2 * np.outer(unit(q), unit(e)))
            ),
            "to length 1 first",
        ),
        (lambda e, q: turn_by_angle(e, q, careful=False), "the same way"),
        (half_turn, "this is a mirror"),
        (lambda e, q: turned_on(e, q, mirrors=1), "a turn and a mirror"),
        (turned_on, "in their plane alone"),
        (plane_only, "that is no turn"),
        (lambda e, q: np.diag(q / np.where(e == 0, 1, e)), "try M @ latent"),
        (lambda e, q: np.eye(len(e)), "try M @ latent"),
        (lambda e, q: turn_by_paper(e, q)[None], "an axis too many"),
        (lambda e, q: q, "an axis is missing"),
    ],
    "every_stage": [
        (staged(leave=lambda left, c: left - straight_through(left, c)), "first stage"),
        (staged(leave=lambda left, c: tf.stop_gradient(left - c)), "first stage"),
        (staged(leave=lambda left, c: left - c), "the codes are pulled, too"),
        (
            staged(pull=lambda left, code: mean_square(left - code)),
            "the codes are pulled, too",
        ),
        (only_last, "last stage alone pulls"),
        (lambda *case: tf.stop_gradient(every_stage_by_sums(*case)), "no stage pulls"),
        (
            staged(
                pull=lambda left, code: mean_square(tf.stop_gradient(left) - code),
            ),
            "the codes are pulled, too",
        ),
        (by_numpy, "no gradient can pass"),
        (
            lambda *case: (
                2 * every_stage_by_sums(*case)
                - tf.stop_gradient(every_stage_by_sums(*case))
            ),
            "the pulls are not",
        ),
        (staged(join=lambda pulls: pulls[0]), "first stage alone: all"),
        (staged(join=lambda pulls: pulls[-1]), "last stage alone: all"),
        (staged(join=lambda pulls: tf.add_n(pulls[:-1])), "one stage is missing"),
        (staged(join=tf.reduce_mean), "mean over the stages"),
        (staged(join=tf.stack), "one by one"),
        (
            lambda z, books: every_stage_by_sums(z, books) * np.prod(z.shape),
            "a sum where the mean",
        ),
        (
            lambda z, books: every_stage_by_sums(z, books) * z.shape[-1],
            "a sum where the mean",
        ),
        (
            staged(leave=lambda left, code: left, take=lambda left, latents: latents),
            "anew",
        ),
        (staged(leave=lambda left, code: left + code), "goes away from it"),
        (staged(against=lambda left, latents: latents), "the whole latent"),
        (
            staged(pull=lambda left, code: tf.reduce_mean(tf.abs(left - code))),
            "not squared",
        ),
        (
            staged(pull=lambda left, code: tf.sqrt(mean_square(left - code))),
            "the root",
        ),
        (lambda *case: -every_stage_by_sums(*case), "a distance is positive"),
        (
            lambda z, books: (
                mean_square(z)
                + staged(join=lambda pulls: tf.add_n(pulls[:-1]))(z, books)
            ),
            "nothing has been quantized yet",
        ),
    ],
}
