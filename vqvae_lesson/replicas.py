"""One training step on several devices (chapter 19).

Each replica, a copy of the model on a device of its own, takes its rows of the batch.
Gradients are added up by the optimizer. Codes that averages move have no gradient: here
their counts and sums are added up as well, so that every replica holds the same codes.
"""

import tensorflow as tf

from vqvae_lesson.ema import VectorQuantizerEMA, batch_statistics
from vqvae_lesson.errors import LessonError
from vqvae_lesson.training import Training, train_step

__all__ = [
    "add_up",
    "rows_of_replica",
    "summed_statistics",
    "gathered",
    "Share",
    "share_codes",
    "SharedTraining",
    "mirrored",
]


def add_up(values):
    """Add up what each replica has; every replica gets the sum.

    Parameters
    ----------
    values : nested tensors
        Of the same shapes on every replica.

    Returns
    -------
    nested tensors
        The same on every replica, bit for bit.

    Examples
    --------
    >>> add_up([tf.constant(2.0)])[0].numpy()  # one replica alone
    2.0
    """
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values)


def rows_of_replica(batch):
    """Take the rows of a batch that this replica works on.

    Parameters
    ----------
    batch : tensor, [B, ...]
        B divides by the number of replicas R.

    Returns
    -------
    tensor, [B / R, ...]

    Examples
    --------
    >>> rows_of_replica(tf.zeros([6, 28])).shape.as_list()  # one replica alone
    [6, 28]
    """
    context = tf.distribute.get_replica_context()
    rows = batch.shape[0] // context.num_replicas_in_sync
    first = context.replica_id_in_sync_group * rows
    return tf.ensure_shape(batch[first : first + rows], [rows, *batch.shape[1:]])


def summed_statistics(latents, indices, num_codes):
    """Count the latents of *all* replicas that chose each code, and add them up.

    Parameters
    ----------
    latents, indices, num_codes
        As for :func:`vqvae_lesson.ema.batch_statistics`, of this replica.

    Returns
    -------
    counts : tensor, float32 [K]
    sums : tensor, float32 [K, D]
    """
    return add_up(batch_statistics(latents, indices, num_codes))


def gathered(rows):
    """Hand every replica the rows of all, in the order of the batch.

    Parameters
    ----------
    rows : tensor, [B / R, ...]

    Returns
    -------
    tensor, [B, ...]

    Examples
    --------
    >>> gathered(tf.zeros([6, 1, 16])).shape.as_list()  # one replica alone
    [6, 1, 16]
    """
    context = tf.distribute.get_replica_context()
    count = context.num_replicas_in_sync
    whole = context.all_gather(rows, axis=0)
    return tf.ensure_shape(whole, [count * rows.shape[0], *rows.shape[1:]])


class Share:
    """What one replica does of a training step: the losses of its rows.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
        Or what it trains at this step.
    """

    def __init__(self, model):
        self.model = model
        self.follow = model.follow
        self.trainable_variables = model.trainable_variables

    def losses(self, images, noise):
        """Say what this replica adds to the losses: a mean over B, not over its rows.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]
            The whole batch.
        noise : tensor, int32 [2]

        Returns
        -------
        losses : NamedTuple
            Added up over the replicas, they are the losses of the batch; so are
            their gradients, which Keras adds up.
        output : object
        """
        count = tf.distribute.get_replica_context().num_replicas_in_sync
        losses, output = self.model.losses(rows_of_replica(images), noise)
        return type(losses)(*(term / count for term in losses)), output


def share_codes(model):
    """Let the codes of a model follow the latents of all replicas, not of one.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
        Its codebooks, however many, are told to add up and to gather.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, VectorQuantizerEMA):
            layer.statistics, layer.candidates = summed_statistics, gathered


class SharedTraining(Training):
    """A training whose batches are shared among the replicas of a strategy.

    Parameters
    ----------
    recipe, image_shape, seed
        As for :class:`~vqvae_lesson.training.Training`.
    strategy : tf.distribute.Strategy
        Mirrored, or one of several workers.

    Raises
    ------
    LessonError
        If the batch does not divide by the number of replicas.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> training = SharedTraining(find_recipe("small"), strategy=mirrored(1))
    >>> training.strategy.num_replicas_in_sync
    1
    """

    def __init__(self, recipe, image_shape=(28, 28, 1), seed=0, strategy=None):
        self.strategy = strategy or tf.distribute.get_strategy()
        count = self.strategy.num_replicas_in_sync
        if recipe.batch_size % count:
            raise LessonError(
                f"batch_size is {recipe.batch_size}, expected a multiple of the "
                f"{count} devices that share a batch"
            )
        with self.strategy.scope():
            super().__init__(recipe, image_shape, seed)
        share_codes(self.model)
        self.compiled_step = tf.function(self.shared_step)

    def shared_step(self, model, optimizer, images, noise):
        """Let every replica take :func:`train_step` on its rows.

        Parameters
        ----------
        model, optimizer, images, noise
            As for :func:`~vqvae_lesson.training.train_step`; the whole batch.

        Returns
        -------
        NamedTuple
            The losses of the whole batch.
        """
        call = Share(model), optimizer, images, noise
        losses = self.strategy.run(train_step, args=call)
        added = [self.strategy.reduce("SUM", term, axis=None) for term in losses]
        return type(losses)(*added)


def mirrored(devices):
    """Make a strategy with a replica on each of so many devices of this machine.

    Parameters
    ----------
    devices : int
        GPUs where there are as many, else parts of the processor.

    Returns
    -------
    tf.distribute.MirroredStrategy

    Raises
    ------
    LessonError
        If TensorFlow has started already with fewer parts of the processor.

    Examples
    --------
    >>> mirrored(1).num_replicas_in_sync
    1
    """
    kind = "GPU" if len(tf.config.list_physical_devices("GPU")) >= devices else "CPU"
    if kind == "CPU" and devices > 1:
        _split_processor(devices)
    return tf.distribute.MirroredStrategy([f"{kind}:{n}" for n in range(devices)])


def _split_processor(parts):
    """Let the processor count as several devices."""
    processor = tf.config.list_physical_devices("CPU")[0]
    try:
        one = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(processor, [one] * parts)
    except RuntimeError:  # TensorFlow has started
        found = len(tf.config.list_logical_devices("CPU"))
        if found < parts:
            raise LessonError(
                f"{parts} devices, and the processor counts as {found} since "
                "TensorFlow has started: ask for them first"
            ) from None
