"""Checks of chapter 07: the training step."""

from functools import cache

import keras
import numpy as np
import tensorflow as tf

from vqvae_lesson.classroom.checks.verdict import Fault, check_each, check_value
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.training import train_step

WEIGHT = 0.6
STEP_SECONDS = 30
LONGEST = 0.1


def _tiny(images=None, calm=False, leaps=False):
    """Make a small model, its optimizer and a batch, always the same.

    Not Adam: its first step is nearly the same for a loss of any size, so that
    a sum in place of a mean would go unseen. A calm model has nothing to learn
    but short ways to its codes: it draws the grey that it is shown. In one that
    leaps each image has a code of its own, and may choose another after a step.
    """
    recipe = find_recipe(
        "article", num_codes=4, code_size=3, base_depth=2, commitment_weight=WEIGHT
    )
    model = recipe.build((8, 8, 1), seed=1)
    optimizer = keras.optimizers.SGD(50.0 if leaps else 0.1)
    optimizer.build(model.trainable_variables)
    if images is None:
        images = np.random.default_rng(1).uniform(size=[4, 8, 8, 1])
    if calm:
        images = np.full_like(images, 0.5)
        quantizer, last = model.quantizer, model.encoder.trainable_weights[-2:]
        for part in [*last, quantizer.codebook, quantizer.ema_sums]:
            part.assign(0.1 * part)
        for part in model.decoder.trainable_weights[-2:]:
            part.assign(0 * part)
    images = images.astype(np.float32)
    if leaps:
        codes = model(images).latents[:, 0] + [0.01, 0.0, -0.01]
        model.quantizer.codebook.assign(codes)
    return model, optimizer, images, WEIGHT


def _variables(model):
    """Variables of each part of a model."""
    return {
        "encoder": model.encoder.weights,
        "decoder": model.decoder.weights,
        "codebook": [model.quantizer.codebook],
        "counts of the codes": [model.quantizer.ema_counts],
        "sums of the codes": [model.quantizer.ema_sums],
    }


def _values(variables):
    return {name: [one.numpy() for one in part] for name, part in variables.items()}


def _step_without_decoder(model, optimizer, images, weight):
    """Train encoder and codes; the decoder stays as it is."""
    with tf.GradientTape() as tape:
        losses, output = model.losses(images)
    weights = model.encoder.trainable_weights
    optimizer.apply(tape.gradient(losses.total, weights), weights)
    model.follow(output)


def _goals(step, *kind):
    """Where a step takes the small model."""
    case = _tiny(*kind)
    step(*case)
    return _values(_variables(case[0]))


_goals_once = cache(_goals)  # for images that are the same at every check


def _clipped(model, optimizer, images, weight, apart=False):
    """Take a step whose gradients, all together, are at most 0.1 long."""
    with tf.GradientTape() as tape:
        losses, output = model.losses(images)
    gradients = tape.gradient(losses.total, model.trainable_variables)
    if apart:
        gradients = [tf.clip_by_norm(one, LONGEST) for one in gradients]
    else:
        gradients, _ = tf.clip_by_global_norm(gradients, LONGEST)
    optimizer.apply(gradients, model.trainable_variables)
    model.follow(output)


def _clipped_apart(*case):
    _clipped(*case, apart=True)


def _check_step(answer, step, praise, fixed=(), mistakes=None, calm=False):
    """Check a training step by what it does to a small model, each time a new one."""

    def judge(found, *kind):
        before, found, steps = found
        for name in fixed:
            if not all(map(np.array_equal, found[name], before[name])):
                raise Fault(
                    f"the {name} moved: leave its weights out of the optimizer's call."
                )
        if steps != 1:
            raise Fault(
                f"the optimizer has counted {steps} steps, expected 1: collect all "
                "gradients, then apply them in one call."
            )
        where_to = _goals_once if kind[0] is None else _goals
        goals = where_to(step, *kind)
        astray = not _went_to(before, found, goals)  # a mistake may not show
        for hint, mistake in (mistakes or {}).items():
            if astray and _went_to(before, found, where_to(mistake, *kind)):
                raise Fault(hint)
        if astray and not fixed and _went_in_the_direction(before, found, goals):
            raise Fault(
                "encoder and decoder moved in the right direction, and too far or not "
                "far enough: how long may all gradients be, together?"
            )
        for name, goal in goals.items():
            if name not in fixed:
                _compare_moves(name, before[name], found[name], goal)

    def moved(*kind):
        """Let the answer take a step: values before and after it, steps counted."""
        case = _tiny(*kind)
        variables = _variables(case[0])
        before = _values(variables)
        if answer(*case) is ...:
            return ...
        return before, _values(variables), int(case[1].iterations.numpy())

    return check_each(
        moved if callable(answer) else answer,
        [(None, False), *([(None, True)] if calm else []), (None, False, True)],
        judge,
        praise,
        STEP_SECONDS,
        fresh=lambda random: [(random.uniform(size=[3, 8, 8, 1]), False)],
    )


def clipped_step(answer):
    """Check a step whose gradients, all together, are at most 0.1 long."""
    praise = "encoder, decoder and codebook all moved as they should."
    mistakes = {
        "the gradients are as long as they were: scale them.": train_step,
        "each gradient was scaled by a length of its own: take one for all.": (
            _clipped_apart
        ),
    }
    return _check_step(answer, _clipped, praise, mistakes=mistakes, calm=True)


def frozen_decoder(answer):
    """Check a step that trains the encoder and moves the codes, and no more."""
    praise = "encoder and codebook moved as they should, and the decoder stayed."
    return _check_step(answer, _step_without_decoder, praise, ["decoder"])


def _went_to(before, found, goals):
    """Whether encoder and decoder moved as another step moves them."""
    return all(
        _same_move(now - old, then - old)
        for name in ("encoder", "decoder")
        for old, now, then in zip(before[name], found[name], goals[name], strict=True)
    )


def _went_in_the_direction(before, found, goals):
    """Whether encoder and decoder moved as they should, but for one factor."""
    moves, wanted = (
        np.concatenate(
            [
                (one - old).ravel()
                for name in ("encoder", "decoder")
                for one, old in zip(ends[name], before[name], strict=True)
            ]
        ).astype(np.float64)
        for ends in (found, goals)
    )
    factor = moves @ wanted / (wanted @ wanted)
    return factor > 0 and np.allclose(
        moves, factor * wanted, rtol=0, atol=1e-3 * np.abs(moves).max()
    )


def _compare_moves(name, before, found, goal):
    """Compare how far the weights of one part moved, and how far they should."""
    moves = [now - old for now, old in zip(found, before, strict=True)]
    goals = [then - old for then, old in zip(goal, before, strict=True)]
    if not any(move.any() for move in moves) and any(goal.any() for goal in goals):
        raise Fault(f"the {name} did not change: which call moves it?")
    if not all(map(_same_move, moves, goals)):
        raise Fault(
            f"the {name} moved, but not to where it should: check the loss, "
            "and use latents and indices from before the update."
        )


def _same_move(move, goal):
    return np.allclose(move, goal, rtol=2e-3, atol=1e-5)


def adam_steps(answer, steps):
    """Check how many steps Adam counts when it is called twice a step."""
    mistakes = {
        "the optimizer counts calls, not passes of your loop.": steps,
        "that is after one step.": 2,
        "two calls count more than one, not less.": steps / 2,
    }
    return check_value(answer, _counted(steps), mistakes)


@cache
def _counted(steps):
    """Ask Adam how many steps it has counted when it was called twice at each."""
    weights = [keras.Variable(0.0), keras.Variable(0.0)]
    optimizer = keras.optimizers.Adam()
    optimizer.build(weights)
    for _ in range(steps):
        for weight in weights:
            optimizer.apply([1.0 + weight], [weight])
    return int(optimizer.iterations.numpy())


def where_stopped(answer, step, images, recipe):
    """Check in which epoch a run was stopped, and how far into it."""
    per_epoch = images // recipe.batch_size
    epochs, batches = divmod(step, per_epoch)
    mistakes = {
        "whole epochs: the one it was in does not count.": (epochs + 1, batches),
        "those are the batches still to come.": (epochs, per_epoch - batches),
        "those are letters: a step takes a whole batch of them.": (
            epochs,
            batches * recipe.batch_size,
        ),
        "an epoch is a pass over the letters: how many batches is that?": divmod(
            step, recipe.batch_size
        ),
        "the epochs come first, then the batches.": (batches, epochs),
    }
    return check_value(answer, (epochs, batches), mistakes)
