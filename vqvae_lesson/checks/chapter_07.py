"""Checks of chapter 07: the training step."""

import keras
import numpy as np

from vqvae_lesson.checks.verdict import (
    NOT_ATTEMPTED,
    RIGHT,
    WRONG,
    TooSlow,
    Verdict,
    check_value,
    difference,
    time_limit,
)
from vqvae_lesson.training import build_model, find_recipe, train_step

WEIGHT = 0.25
STEP_SECONDS = 30


def _tiny():
    """Make a small model, its optimizer and a batch, always the same."""
    recipe = find_recipe("article", num_codes=4, code_size=3, base_depth=2)
    model = build_model(recipe, (8, 8, 1), seed=1)
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    images = np.random.default_rng(1).uniform(size=[4, 8, 8, 1]).astype(np.float32)
    return model, optimizer, images


def _parts(model):
    """Numbers of each part of a model."""
    return {
        "encoder": model.encoder.get_weights(),
        "decoder": model.decoder.get_weights(),
        "codebook": [model.quantizer.codebook.numpy()],
        "counts of the codes": [model.quantizer.ema_counts.numpy()],
    }


def one_step(answer):
    """Check a training step by what it does to a small model."""
    model, optimizer, images = _tiny()
    before = _parts(model)
    try:
        with time_limit(STEP_SECONDS):
            answer(model, optimizer, images, WEIGHT)
    except NotImplementedError:
        return NOT_ATTEMPTED
    except TooSlow:
        return Verdict(WRONG, f"no answer after {STEP_SECONDS} seconds.")
    except Exception as error:  # whatever a reader's code raises is an answer
        return Verdict(WRONG, f"your step raised {type(error).__name__}: {error}")
    steps = int(optimizer.iterations.numpy())
    if steps != 1:
        return Verdict(
            WRONG,
            f"the optimizer has counted {steps} steps, expected 1: collect all "
            "gradients, then apply them in one call.",
        )
    return _compare_parts(before, _parts(model))


def _compare_parts(before, found):
    """Compare every part with what the package's step makes of it."""
    right, optimizer, images = _tiny()
    train_step(right, optimizer, images, WEIGHT)
    for name, expected in _parts(right).items():
        pairs = list(zip(before[name], found[name], expected, strict=True))
        if any(difference(now, goal, {}) for _, now, goal in pairs):
            stood_still = all(np.array_equal(old, now) for old, now, _ in pairs)
            return Verdict(
                WRONG,
                f"the {name} did not change: which call moves it?"
                if stood_still
                else f"the {name} moved, but not to where it should: check the loss, "
                "and use latents and indices from before the update.",
            )
    return Verdict(RIGHT, "encoder, decoder and codebook all moved as they should.")


def step_count(answer, images, recipe):
    """Check how many steps a recipe takes."""
    per_epoch = images // recipe.batch_size
    mistakes = {
        "that is one epoch.": per_epoch,
        "that is how many images are seen: a step takes a whole batch.": (
            images * recipe.epochs
        ),
        "the last, smaller batch of an epoch is dropped.": (
            -(-images // recipe.batch_size) * recipe.epochs
        ),
    }
    return check_value(answer, per_epoch * recipe.epochs, mistakes)


def adam_steps(answer, steps):
    """Check how many steps Adam counts when it is called twice a step."""
    mistakes = {"the optimizer counts calls, not passes of your loop.": steps}
    return check_value(answer, 2 * steps, mistakes)
