"""Seeds of all that is drawn at random, so that every run can be had again."""

import numpy as np
import tensorflow as tf


def noise_seeds(seed, number):
    """Make the pair of seeds that a stateless draw wants.

    Parameters
    ----------
    seed : int
        Of the run or the drawing, up to 2**32 - 1.
    number : int
        Tells the draws from one seed apart, such as the step.

    Returns
    -------
    ndarray, int32 [2]
    """
    return np.array([int(seed) % 2**32, number], np.uint32).view(np.int32)


def for_the_batch(draw, shape, seeds, **about):
    """Draw at random for a batch, whoever works on it.

    Where several replicas share a batch, each draws for all of it and takes its own
    rows: so an image meets the same noise, however many replicas there are.

    Parameters
    ----------
    draw : callable
        Such as ``tf.random.stateless_normal``.
    shape : sequence of int, or tensor
        Of what this replica needs; the images first.
    seeds : tensor, int32 [2]
    **about
        More for `draw`.

    Returns
    -------
    tensor of that shape
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return draw(shape, seeds, **about)
    rows, *rest = tf.unstack(shape)
    whole = draw([context.num_replicas_in_sync * rows, *rest], seeds, **about)
    first = context.replica_id_in_sync_group * rows
    return whole[first : first + rows]
