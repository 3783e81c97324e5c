"""Checks of chapter 16: numbers without a codebook, stages, a turn, a lost pull."""

import numpy as np
import tensorflow as tf

from vqvae_lesson.classroom.checks.gradients import check_gradients, is_zero
from vqvae_lesson.classroom.checks.verdict import (
    RIGHT,
    Fault,
    agrees,
    check_each,
    check_function,
    expect_shape,
    numbers,
    refuse,
)
from vqvae_lesson.losses import commitment_loss
from vqvae_lesson.quantizer import lookup, nearest_code
from vqvae_lesson.quantizers import bound, residual_codes

PRINTED = {"to_number", "finite_scalars"}
CLEAR = 0.01  # how much nearer than any other a chosen code is, squared
WIDEST = -0.8  # the cosine of the widest turn that is drawn


def scalar_index(answer):
    """Check the number of a latent that is bounded: rounded, shifted, put together."""

    def worths(levels):
        return np.cumprod([1, *levels[:-1]])

    def joined(digits_of, worths_of=worths):
        """Put the digits of a function of latents and levels together."""
        return lambda bounded, levels: (
            digits_of(bounded, np.array(levels)) * worths_of(levels)
        ).sum(axis=-1)

    def digits(bounded, levels, whole=np.round):
        return whole(bounded).astype(int) + np.array(levels) // 2

    def one_base(base):
        return lambda levels: base ** np.arange(len(levels))

    def cut_off(bounded, levels, whole):
        return [
            joined(lambda b, sizes: digits(b, sizes, whole))(bounded, levels),
            joined(lambda b, sizes: whole(b + sizes // 2).astype(int))(bounded, levels),
        ]

    def shifted(shift):
        """Shift by something else, before or after the rounding."""

        def wrong(bounded, levels):
            ways = (
                lambda b, sizes: np.round(b) + shift(sizes),
                lambda b, sizes: (np.round(b) + shift(sizes)).astype(int),
                lambda b, sizes: np.round(b + shift(sizes)),
                lambda b, sizes: (b + shift(sizes)).astype(int),
            )
            return [joined(way)(bounded, levels) for way in ways]

        return wrong

    reference = joined(digits)
    mistakes = {
        "a digit begins at 0, a bounded number lies around 0: something is to be "
        "added before they are joined.": joined(lambda b, _: np.round(b).astype(int)),
        "here the last digit counts least: it is the first.": joined(
            digits, lambda levels: worths(levels[::-1])[::-1]
        ),
        "a step of a digit is worth as many numbers as all digits before it can "
        "write; its own levels do not count.": lambda bounded, levels: [
            joined(digits, worths_of)(bounded, levels)
            for worths_of in (
                np.array,
                np.cumprod,
                lambda levels: np.array(levels) ** np.arange(len(levels)),
            )
        ],
        "all digits are joined with one base, but each has levels of its own.": (
            lambda bounded, levels: [
                joined(digits, one_base(base))(bounded, levels)
                for base in {10, 2, levels[0], levels[-1], max(levels)}
            ]
        ),
        "only the digit just before is counted in the worth of a step: what of those "
        "before that one?": joined(digits, lambda levels: np.array([1, *levels[:-1]])),
        "the digits are added as they are: different codes get the same number.": (
            joined(digits, np.ones_like)
        ),
        "this cuts off what stands behind the point: take the nearest whole number.": (
            lambda *case: cut_off(*case, np.trunc)
        ),
        "this rounds down, always: take the nearest whole number.": lambda *case: (
            cut_off(*case, np.floor)
        ),
        "this rounds up, always: take the nearest whole number.": lambda *case: cut_off(
            *case, np.ceil
        ),
        "the shift does not fit an even number of levels: where does the lowest of "
        "them lie?": shifted(lambda levels: (levels - 1) // 2),
        "the shift does not fit an odd number of levels: it is a whole number.": (
            shifted(lambda levels: levels / 2)
        ),
        "the shift does not fit an even number of levels: it is a whole number.": (
            shifted(lambda levels: (levels - 1) / 2)
        ),
        "the numbers are bounded already: here they are pressed a second time.": (
            lambda bounded, levels: reference(bound(bounded, levels).numpy(), levels)
        ),
        "these are the digits: join them to one number for each latent.": digits,
        "these are codes between -1 and 1: the number is asked for.": (
            lambda bounded, levels: np.round(bounded) / (np.array(levels) // 2)
        ),
        "numbers of codes begin at 0, not at 1.": lambda *case: reference(*case) + 1,
    }
    random = np.random.default_rng(3)
    cases = [
        (np.float32([[-1.75, 0.75]]), [4, 3]),
        (np.float32([1.25, -2.75, 0.75]), [5, 6, 3]),
        (_bounded(random, [8, 5, 6], 2, 4), [8, 5, 6]),
        (_bounded(random, [2, 2, 2, 2], 6), [2, 2, 2, 2]),
    ]

    def fresh(random):
        """Draw sizes of all kinds, in any order."""
        levels = random.permutation([3, 4, 7, 8, 5]).tolist()
        return [(_bounded(random, levels, 3, 20), levels)]

    verdict = check_function(answer, cases, reference, mistakes, fresh=fresh)
    if verdict.state != RIGHT:
        return verdict
    hint = "the number is right: now write it without the chapter's functions for it."
    return refuse(answer, PRINTED, hint) or verdict


def _bounded(random, levels, *shape):
    """Draw numbers that round to a level, none of them half-way."""
    lowest = -(np.array(levels) // 2)
    size = [*shape, len(levels)]
    whole = random.integers(lowest, lowest + levels, size)
    return (whole + random.uniform(-0.45, 0.45, size)).astype(np.float32)


def decode_stages(answer):
    """Check what a decoder sees that was sent the first stages only."""

    def codes(digits, codebooks, stages, first=0):
        """Codes of the stages from `first` on, [stages, ..., D]."""
        return np.array(
            [codebooks[one][digits[..., one]] for one in range(first, stages)]
        )

    def reference(*case):
        return codes(*case).sum(axis=0)

    def several(*case):
        return case[2] > 1

    def instead(change):
        """Change the number of stages, where it can be changed."""

        def wrong(digits, codebooks, stages):
            other = change(stages, len(codebooks))
            if not 0 <= other <= len(codebooks) or other == stages:
                return None
            if other == 0:
                return np.zeros_like(reference(digits, codebooks, 1))
            return reference(digits, codebooks, other)

        return wrong

    def one_codebook(digits, codebooks, stages):
        same = (np.stack(len(codebooks) * [one]) for one in codebooks)
        return [reference(digits, books, stages) for books in same]

    def one_digit(digits, codebooks, stages):
        return [
            reference(np.repeat(digits[..., one, None], stages, -1), codebooks, stages)
            for one in (0, -1)
        ]

    mistakes = {
        "this is one stage alone: each adds to what those before it have made.": (
            lambda digits, codebooks, stages: [
                codes(digits, codebooks, one + 1, one)[0]
                for one in {0, stages - 1, len(codebooks) - 1}
            ]
        ),
        "these codes stand side by side, as those of groups would: stages lie on top "
        "of each other.": lambda *case: (
            np.concatenate([*codes(*case)], axis=-1) if several(*case) else None
        ),
        "the codes are multiplied.": lambda *case: (
            codes(*case).prod(axis=0) if several(*case) else None
        ),
        "all stages are here, though only the first of them were sent.": instead(
            lambda stages, all_stages: all_stages
        ),
        "this is the mean of the stages: a later one mends what is left, it does not "
        "vote.": lambda digits, codebooks, stages: [
            reference(digits, codebooks, stages) / count
            for count in {stages, len(codebooks)}
        ],
        "one codebook serves all stages here: each has its own.": one_codebook,
        "one digit serves all stages here: each has its own.": one_digit,
        "one stage is missing.": instead(lambda stages, _: stages - 1),
        "this is one stage too many.": instead(lambda stages, _: stages + 1),
        "these are the last stages: the first are sent first.": (
            lambda digits, codebooks, stages: codes(
                digits, codebooks, len(codebooks), len(codebooks) - stages
            ).sum(axis=0)
        ),
        "this is what each number of stages makes: only the last of it is asked for.": (
            lambda *case: [
                codes(*case).cumsum(axis=0),
                np.moveaxis(codes(*case).cumsum(axis=0), 0, -2),
            ]
        ),
        "these are the codes of the stages, one by one: they belong together.": (
            lambda *case: [codes(*case), np.moveaxis(codes(*case), 0, -2)]
        ),
        "each stage is taken away from the one before: it is what that one has left "
        "over, so it comes on top.": lambda *case: (
            2 * codes(*case)[0] - reference(*case) if several(*case) else None
        ),
    }
    random = np.random.default_rng(1)
    cases = [
        (np.array([[1, 0, 1]]), np.float32([[[3], [8]], [[-2], [4]], [[1], [-1]]]), 2),
        (*_stages(random, [2, 3], 4, 5, 2), 3),
        (*_stages(random, [2, 3], 4, 5, 2), 1),
        (*_stages(random, [2, 3], 4, 5, 2), 4),
        (*_stages(random, [], 3, 4, 3), 2),
    ]

    def fresh(random):
        return [(*_stages(random, [4, 7], 5, 6, 3), 3)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)


def _stages(random, shape, stages, count, size):
    """Draw digits [..., S] and codebooks [S, K, D]."""
    digits = random.integers(count, size=[*shape, stages])
    codebooks = random.integers(-20, 21, [stages, count, size]) / 4
    return digits, codebooks.astype(np.float32)


def rotation(answer):
    """Check a matrix that takes a latent to its code: a turn, and a stretch."""

    def judge(found, latent, code):
        found, expected = numbers(found), _turn(latent, code)
        expect_shape(found, expected.shape)
        parallel = agrees(expected, expected[0, 0] * np.eye(len(code)))
        if not np.isfinite(found).all():
            raise Fault(
                "latent and code point the same way here, and the result holds NaN or "
                "infinity: nothing is to be turned, what is divided by 0?"
                if parallel
                else "the result holds NaN or infinity: is something divided by 0?"
            )
        if agrees(found, expected):
            return
        for hint, wrong in _turned_wrong(latent, code).items():
            if any(agrees(found, one) for one in wrong):
                raise Fault(hint)
        _judge_turn(found.astype(np.float64), latent, code)

    cases = [
        (np.float32([2, 0]), np.float32([0, 3])),
        (np.float32([1, 2, 2]), np.float32([4, 0, 3])),
        (np.float32([0, 2, 0]), np.float32([0, 5, 0])),
        (np.float32([1, -2, 0, 2]), np.float32([0.5, 1, 1, -0.5])),
        (np.float32([3, -1]), np.float32([-2, -1])),
    ]

    def fresh(random):
        """Draw pairs in five and six directions, none of them nearly opposite."""
        drawn = []
        while len(drawn) < 2:
            latent, code = random.normal(size=[2, 5 + len(drawn)]).astype(np.float32)
            cosine = latent @ code / np.linalg.norm(latent) / np.linalg.norm(code)
            if WIDEST < cosine < 0.9:
                drawn.append((latent, code))
        return drawn

    praise = "it takes each latent to its code, turns what it must, and no more."
    return check_each(answer, cases, judge, praise, fresh=fresh)


def _lengths(*vectors):
    return (np.linalg.norm(np.float64(one)) for one in vectors)


def _mirror(direction):
    """Turn round what points along a direction, leave the rest."""
    return np.eye(len(direction)) - 2 * np.outer(direction, direction)


def _unstretched(latent, code):
    """Turn one vector's direction to the other's, in their plane alone."""
    short, long = _lengths(latent, code)
    start, end = latent / short, code / long
    middle = start + end
    return _mirror(end) @ _mirror(middle / np.linalg.norm(middle))


def _turn(latent, code):
    """Turn, and stretch from one length to the other: what is asked for."""
    short, long = _lengths(latent, code)
    return long / short * _unstretched(latent, code)


def _turned_wrong(latent, code):
    """Matrices of the usual mistakes, by their hints."""
    latent, code = np.float64(latent), np.float64(code)
    short, long = _lengths(latent, code)
    start, end, stretch = latent / short, code / long, long / short
    turn, across = _unstretched(latent, code), end - start
    halfway, between = (
        one / np.linalg.norm(one) for one in (start + end, latent + code)
    )
    lengths = (halfway, between, start + end, latent + code, (start + end) / 2)
    both, put = np.outer(end, start), np.outer(code, latent)
    return {
        "it turns the right way, but leaves lengths as they are: a code may be longer "
        "or shorter than its latent.": [turn],
        "the stretch is upside down: it leads from the latent's length to the "
        "code's.": [turn / stretch],
        "the wrong way round: this takes the code's direction to the latent's.": [
            stretch * turn.T,
            turn.T / stretch,
        ],
        "latent becomes code, but whatever stands perpendicular to the latent becomes "
        "0: a turn makes nothing 0.": [stretch * both],
        "this is a mirror: latent becomes code, but a left hand becomes a right one.": [
            stretch * _mirror(across / np.linalg.norm(across))
        ]
        if across.any()
        else [],
        "this takes the latent to the other side of 0: one mirror is not enough.": [
            stretch * _mirror(halfway),
            _mirror(halfway),
        ],
        "a turn knows directions only: bring the vectors to length 1 first.": [
            factor * (_mirror(about) + 2 * plus)
            for factor in (1, stretch)
            for about in lengths
            for plus in (put, both, np.outer(end, latent), np.outer(code, start))
        ],
    }


def _judge_turn(found, latent, code):
    """Say which property of a turn with a stretch a matrix lacks."""
    short, long = _lengths(latent, code)
    image, squares = found @ latent, found.T @ found
    if not agrees(image, code):
        length = np.linalg.norm(image)
        if length and agrees(image / length, np.float64(code) / long):
            raise Fault("the latent gets the code's direction, but not its length.")
        raise Fault("this does not take the latent to its code: try M @ latent.")
    if not agrees(squares, (long / short) ** 2 * np.eye(len(code))):
        raise Fault(
            "the latent becomes its code, but other vectors change their lengths or "
            "angles differently: that is no turn."
        )
    if np.linalg.det(found) < 0:
        raise Fault("this is a turn and a mirror: a left hand becomes a right one.")
    raise Fault(
        "the latent becomes its code, but what stands perpendicular to both is turned, "
        "too: turn in their plane alone."
    )


def every_stage(answer):
    """Check a commitment that each stage feels, by its values, then by its pulls."""

    def squares(latents, codebooks):
        """Mean squares that are left after each stage."""
        sums, _ = residual_codes(latents, codebooks)
        return [commitment_loss(latents, total) for total in tf.unstack(sums)]

    def reference(*case):
        return tf.add_n(squares(*case))

    def left_by(codes_of):
        """Sum mean squares of what another way leaves after each stage."""
        return lambda latents, codebooks: sum(
            tf.reduce_mean(left**2) for left in codes_of(latents, codebooks)
        )

    def afresh(latents, codebooks):
        for book in tf.unstack(codebooks):
            yield latents - lookup(book, nearest_code(latents, book))

    def added(latents, codebooks):
        left = latents
        for book in tf.unstack(codebooks):
            code = lookup(book, nearest_code(left, book))
            yield left - code
            left = left + code

    def summed_afresh(latents, codebooks):
        total = 0.0
        for left in afresh(latents, codebooks):
            total += latents - left
            yield latents - total

    def against_latents(latents, codebooks):
        sums, _ = residual_codes(latents, codebooks)
        steps = tf.concat([sums[:1], sums[1:] - sums[:-1]], axis=0)
        yield from latents - steps

    def sizes(latents, codebooks):
        axes = {*latents.shape, np.prod(latents.shape[:-1])}
        return [reference(latents, codebooks) * float(size) for size in axes - {1}]

    mistakes = {
        "this is the first stage alone: all are to be added.": lambda *case: squares(
            *case
        )[0],
        "this is the last stage alone: all are to be added.": lambda *case: squares(
            *case
        )[-1],
        "one stage is missing: what is left after the last one counts, too.": (
            lambda *case: tf.add_n(squares(*case)[:-1])
        ),
        "before the first stage nothing has been quantized yet: what is left after "
        "each stage is asked for.": lambda latents, codebooks: [
            tf.reduce_mean(latents**2) + sum(squares(latents, codebooks)[:-1]),
            tf.reduce_mean(latents**2) + reference(latents, codebooks),
        ],
        "this is the mean over the stages: add them up.": lambda *case: tf.reduce_mean(
            squares(*case)
        ),
        "a sum where the mean over all numbers of the latents belongs.": (
            lambda latents, codebooks: [
                reference(latents, codebooks) * float(tf.size(latents)),
                *sizes(latents, codebooks),
            ]
        ),
        "these are the stages one by one: add them up.": lambda *case: tf.stack(
            squares(*case)
        ),
        "each stage quantizes the latents anew: it is for what is left.": (
            lambda *case: [left_by(way)(*case) for way in (afresh, summed_afresh)]
        ),
        "a code is added to what is left: it goes away from it.": left_by(added),
        "the code of a later stage is compared with the whole latent: it stands for "
        "what was left.": left_by(against_latents),
        "the difference is not squared.": lambda *case: tf.add_n(
            [
                tf.reduce_mean(tf.abs(case[0] - total))
                for total in tf.unstack(residual_codes(*case)[0])
            ]
        ),
        "this is the root: leave it out.": lambda *case: [
            tf.add_n([one**0.5 for one in squares(*case)]),
            reference(*case) ** 0.5,
        ],
        "the sign is the wrong way round: a distance is positive.": lambda *case: (
            -reference(*case)
        ),
    }
    seeded = np.random.default_rng(2)
    cases = [
        _latents_and_books(seeded, 3, 4, 1, 2, 2),
        _latents_and_books(seeded, 2, 5, 3, 2, 4),
    ]

    def fresh(random):
        return [_latents_and_books(random, 4, 6, 4, 3, 5)]

    verdict = check_function(answer, cases, reference, mistakes, fresh=fresh)
    if verdict.state != RIGHT:
        return verdict

    def hint_for(found, expected, latents, codebooks):
        if not is_zero(found[1]):
            return (
                "the value is right, but the codes are pulled, too: averages move "
                "them, the commitment is for the latents."
            )
        if is_zero(found[0]):
            return "the value is right, but no stage pulls the latents."
        sums, _ = residual_codes(latents, codebooks)
        pulls = 2 * (latents - sums) / tf.cast(tf.size(latents), tf.float32)
        for stage, pull in enumerate(pulls):
            if agrees(found[0], pull):
                which = "first" if stage == 0 else "last"
                return (
                    f"the value is right, but the {which} stage alone pulls the "
                    "latents: follow the gradient of another one, where does it end?"
                )
        return (
            "the value is right, but the pulls are not: each stage should pull the "
            "latents to the sum of the codes so far, once."
        )

    return check_gradients(
        answer,
        reference,
        cases,
        hint_for,
        "one value, and a pull from every stage.",
        fresh,
    )


def _latents_and_books(random, stages, count, *shape):
    """Draw tensors until at no stage a latent has two nearest codes, nearly."""
    while True:
        latents = random.normal(0, 2, shape).astype(np.float32)
        books = random.normal(0, 2, [stages, count, shape[-1]]).astype(np.float32)
        left, apart, kinds = latents, [], []
        for book in books:
            squared = ((left[..., None, :] - book) ** 2).sum(axis=-1)
            apart.append(np.diff(np.sort(squared)[..., :2]).min())
            chosen = squared.argmin(axis=-1)
            kinds.append(len(np.unique(chosen)))
            left = left - book[chosen]
        if min(apart) > CLEAR and min(kinds) > 1:
            return tf.constant(latents), tf.constant(books)
