"""Answers to the exercises of the chapter on training: right, wrong, with a bug."""

import numpy as np
import tensorflow as tf

from tests.planted.ema import step
from tests.planted.losses import loss_with_tensorflow
from vqvae_lesson.losses import commitment_loss, total_loss
from vqvae_lesson.recipes import RECIPES
from vqvae_lesson.training import train_step


def changed_step(**changes):
    return lambda *case: step(*case, **changes)


def step_in_another_order(model, optimizer, images, weight):
    with tf.GradientTape() as tape:
        latents = model.encoder(images)
        codes, indices = model.quantizer(latents)
        logits = model.decoder(latents + tf.stop_gradient(codes - latents))
        cross = tf.nn.sigmoid_cross_entropy_with_logits(images, logits)
        loss = tf.reduce_mean(tf.reduce_sum(cross, [1, 2, 3]))
        loss += weight * commitment_loss(latents, codes)
    model.quantizer.update(latents, indices)
    weights = model.encoder.trainable_weights + model.decoder.trainable_weights
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def encoder_alone(model, optimizer, images, weight):
    weights = model.encoder.weights
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for variable in weights:
            tape.watch(variable.value)
        output = model(images)
        loss = total_loss(images, output, model.num_codes, weight).total
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    model.quantizer.update(output.latents, output.indices)


def two_calls(model, optimizer, images, weight):
    with tf.GradientTape(persistent=True) as tape:
        loss = total_loss(images, model(images), model.num_codes, weight).total
    for part in (model.encoder, model.decoder):
        optimizer.apply(tape.gradient(loss, part.weights), part.weights)


def stale_codes(model, optimizer, images, weight):
    step(model, optimizer, images, weight, updates=0)
    output = model(images)
    model.quantizer.update(output.latents, output.indices)


def no_way_through(model, optimizer, images, weight):
    """The decoder sees the codes without a straight-through gradient."""
    with tf.GradientTape() as tape:
        latents = model.encoder(images)
        codes, indices = model.quantizer(latents)
        loss = loss_with_tensorflow(images, model.decoder(codes))
        loss += weight * commitment_loss(latents, codes)
    weights = model.trainable_variables
    optimizer.apply(tape.gradient(loss, weights), weights)
    model.quantizer.update(latents, indices)


def shortened(shorten, follow=True):
    """Make a step that shortens its gradients in some way."""

    def answer(model, optimizer, images, weight):
        weights = model.trainable_variables
        with tf.GradientTape() as tape:
            output = model(images)
            loss = total_loss(images, output, model.num_codes, weight).total
        optimizer.apply(shorten(tape.gradient(loss, weights)), weights)
        if not follow:
            output = model(images)
        model.quantizer.update(output.latents, output.indices)

    return answer


def by_hand(gradients):
    length = np.sqrt(sum(float(tf.reduce_sum(one**2)) for one in gradients))
    return [one * min(1, 0.1 / length) for one in gradients]


short_by_hand = shortened(by_hand)
short_by_clipping = shortened(lambda found: tf.clip_by_global_norm(found, 0.1)[0])
short_apart = shortened(lambda found: [tf.clip_by_norm(one, 0.1) for one in found])
short_by_squares = shortened(
    lambda found: [one / tf.linalg.global_norm(found) ** 2 for one in found]
)
short_enough = shortened(lambda found: tf.clip_by_global_norm(found, 0.101)[0])
stale_short = shortened(by_hand, follow=False)


def late_choice(model, optimizer, images, weight):
    """Short gradients, latents from before the update, indices from after it."""
    with tf.GradientTape() as tape:
        output = model(images)
        loss = total_loss(images, output, model.num_codes, weight).total
    weights = model.trainable_variables
    optimizer.apply(by_hand(tape.gradient(loss, weights)), weights)
    model.quantizer.update(output.latents, model(images).indices)


def late_encoder_choice(model, optimizer, images, weight):
    """Train the encoder alone; indices from after the update."""
    weights = model.encoder.trainable_variables
    with tf.GradientTape() as tape:
        output = model(images)
        loss = total_loss(images, output, model.num_codes, weight).total
    optimizer.apply(tape.gradient(loss, weights), weights)
    model.quantizer.update(output.latents, model(images).indices)


def spoiled(answer, change):
    """Take a step, then change the sums of the codes."""

    def spoils(model, *case):
        before = model.quantizer.ema_sums.numpy()
        answer(model, *case)
        sums = model.quantizer.ema_sums
        sums.assign(change(before, sums.numpy()))

    return spoils


def with_counts(answer, value):
    def spoils(model, *case):
        answer(model, *case)
        counts = model.quantizer.ema_counts
        counts.assign(value + 0 * counts)

    return spoils


def typed_weight(answer):
    return lambda model, optimizer, images, weight: answer(
        model, optimizer, images, 0.25
    )


always_short = shortened(
    lambda found: [0.1 * one / tf.linalg.global_norm(found) for one in found]
)


def decoder_put_back(model, optimizer, images, weight):
    before = [one.numpy() for one in model.decoder.weights]
    step(model, optimizer, images, weight)
    for one, value in zip(model.decoder.weights, before, strict=True):
        one.assign(value)


ARGUMENTS = {
    "adam_steps": {"steps": 10},
    "where_stopped": {"step": 1_310, "images": 8_000, "recipe": RECIPES["article"]},
}
VALUES = {
    "adam_steps": 20,
    "where_stopped": (10, 60),
}
BUGS = {
    "broken_step": ("clipped_step", "counted 2 steps"),
}
RIGHT = {
    "clipped_step": [short_by_hand, short_by_clipping],
    "adam_steps": [20.0, np.uint8(20), tf.constant(20)],
    "where_stopped": [[10.0, 60.0], np.array([10, 60]), tf.constant([10, 60])],
    "frozen_decoder": [
        changed_step(moved=lambda model: model.encoder.trainable_variables),
        encoder_alone,
        decoder_put_back,
    ],
}
WRONG = {
    "clipped_step": [
        (lambda *case: None, "counted 0 steps"),
        (two_calls, "counted 2 steps"),
        (step, "as long as they were"),
        (step_in_another_order, "as long as they were"),
        (train_step, "as long as they were"),
        (short_apart, "take one for all"),
        (short_by_squares, "right direction"),
        (short_enough, "right direction"),
        (late_choice, "indices from before the update"),
        (stale_short, "the codebook moved, but not"),
        (changed_step(moved=lambda m: m.decoder.weights), "encoder did not change"),
        (encoder_alone, "encoder moved, but not"),
        (changed_step(loss=lambda loss, _: -loss.total), "check the loss"),
        (no_way_through, "encoder moved, but not"),
        (
            spoiled(short_by_hand, lambda old, new: new * np.nan),
            "sums of the codes moved",
        ),
        (
            spoiled(short_by_hand, lambda old, new: old),
            "sums of the codes did not change",
        ),
        (with_counts(short_by_hand, -1), "counts of the codes moved"),
        (with_counts(short_by_hand, np.nan), "counts of the codes moved"),
        (typed_weight(short_by_hand), "encoder moved, but not"),
        (always_short, "right direction"),
        (lambda m, o, x, weight: short_by_hand(m, o, x[:2], weight), "moved, but not"),
    ],
    "frozen_decoder": [
        (lambda *case: None, "counted 0 steps"),
        (step, "the decoder moved"),
        (two_calls, "the decoder moved"),
        (no_way_through, "the decoder moved"),
        (
            changed_step(moved=lambda m: m.encoder.weights, updates=0),
            "the codebook did not change",
        ),
        (
            changed_step(
                moved=lambda m: m.encoder.weights, loss=lambda loss, _: loss.commitment
            ),
            "encoder moved, but not",
        ),
        (
            spoiled(encoder_alone, lambda old, new: new * np.nan),
            "sums of the codes moved",
        ),
        (
            spoiled(encoder_alone, lambda old, new: old),
            "sums of the codes did not change",
        ),
        (late_encoder_choice, "moved, but not to where"),
        (with_counts(encoder_alone, -1), "counts of the codes moved"),
        (typed_weight(encoder_alone), "encoder moved, but not"),
    ],
    "where_stopped": [
        ((11, 60), "does not count"),
        ((10, 65), "still to come"),
        ((10, 3840), "those are letters"),
        ((20, 30), "how many batches is that"),
        ((60, 10), "epochs come first"),
        ((10, 59), "too small"),
        ((10, 61), "too large"),
    ],
    "adam_steps": [
        (10, "counts calls"),
        (2, "after one step"),
        (5, "not less"),
        (19, "too small"),
        (21, "too large"),
    ],
}
