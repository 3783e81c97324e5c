"""Gradients through an answer, for the checks of several chapters."""

import numpy as np
import tensorflow as tf

from vqvae_lesson.classroom.checks.verdict import Fault, agrees, check_each

UPSTREAM = [1.0, -2.0, 5000.0, 0.5, -7.0]  # what arrives, as often as it fits


def check_gradients(answer, reference, cases, hint_for, praise, fresh):
    """Compare gradients with respect to all tensors, once the values are right.

    Parameters
    ----------
    answer, reference : callable
        The reader's function, and the package's own.
    cases : list of tuple
        Arguments; gradients are asked for at those that are tensors.
    hint_for : callable
        Takes the gradients found, those expected, and the case's arguments; gives a
        hint.
    praise : str
        What to say when all is right.
    fresh : callable
        Makes more cases, see :func:`verdict.draw`.

    Returns
    -------
    Verdict
    """

    def judge(found, *case):
        if found is None:
            raise Fault(
                "the value is right, but no gradient can pass: use TensorFlow's "
                "operations throughout, not NumPy's."
            )
        expected = _gradients(reference, *case)
        if not all(map(agrees, found, expected)):
            raise Fault(hint_for(found, expected, *case))

    def gradients(*case):
        return _gradients(answer, *case)

    return check_each(gradients, cases, judge, praise, fresh=fresh)


def _gradients(function, *case):
    """Gradients of a sum weighted by UPSTREAM, None if there is no tensor."""
    tensors = [part for part in case if tf.is_tensor(part)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(*case)
        if not tf.is_tensor(result):
            return None
        upstream = tf.constant(np.resize(UPSTREAM, result.shape), tf.float32)
        weighted = tf.reduce_sum(tf.cast(result, tf.float32) * upstream)
    return tape.gradient(weighted, tensors, unconnected_gradients="zero")


def is_zero(gradient):
    """Whether nothing arrives."""
    return not np.any(gradient)
