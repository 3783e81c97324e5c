"""One training step on several devices.

Each replica, a copy of the model on a device of its own, takes its rows of the batch.
Gradients are added up by the optimizer. Codes that averages move have no gradient: here
their counts and sums are added up as well, so that every replica holds the same codes.
"""

import faulthandler
import hashlib
import json
import os
from contextlib import contextmanager
from functools import partial
from threading import Timer

import numpy as np
import tensorflow as tf

from vqvae_lesson.ema import VectorQuantizerEMA, batch_statistics
from vqvae_lesson.errors import LessonError
from vqvae_lesson.training import Training, train_step

GONE = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)
#: Seconds that a worker waits for the others before it stops.
MOST_WAIT = 120

__all__ = [
    "add_up",
    "rows_of_replica",
    "summed_statistics",
    "gathered",
    "Share",
    "share_codes",
    "SharedTraining",
    "expect_agreement",
    "mirrored",
    "find_strategy",
    "read_config",
    "is_chief",
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
    >>> float(add_up([tf.constant(2.0)])[0])  # one replica alone
    2.0
    """
    context = tf.distribute.get_replica_context()
    # Tensors of each replica's own: one that all were handed would count once.
    values = tf.nest.map_structure(tf.identity, values)
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values)


def rows_of_replica(batch):
    """Take the rows of a batch that this replica works on.

    Parameters
    ----------
    batch : tensor, [B, ...]
        B divides by the number of replicas R.

    Returns
    -------
    tensor, [N, ...]
        N is B / R.

    Examples
    --------
    >>> rows_of_replica(tf.zeros([6, 28])).shape.as_list()  # one replica alone
    [6, 28]
    """
    context = tf.distribute.get_replica_context()
    rows = batch.shape[0] // context.num_replicas_in_sync
    first = context.replica_id_in_sync_group * rows
    return tf.ensure_shape(batch[first : first + rows], [rows, *batch.shape[1:]])


def summed_statistics(latents, indices, num_codes, statistics=batch_statistics):
    """Count the latents of *all* replicas that chose each code, and add them up.

    Parameters
    ----------
    latents, indices, num_codes
        As for :func:`vqvae_lesson.ema.batch_statistics`, of this replica.
    statistics : callable
        Counts what this replica has.

    Returns
    -------
    counts : tensor, float32 [K]
    sums : tensor, float32 [K, D]

    Examples
    --------
    >>> counts, sums = summed_statistics(tf.ones([3, 2]), [0, 2, 2], num_codes=3)
    >>> counts.numpy().tolist()  # one replica alone
    [1.0, 0.0, 2.0]
    """
    return add_up(statistics(latents, indices, num_codes))


def gathered(rows):
    """Hand every replica the rows of all, in the order of the batch.

    Parameters
    ----------
    rows : tensor, [N, ...]
        As many on every replica.

    Returns
    -------
    tensor, [B, ...]
        B is N times the number of replicas.

    Examples
    --------
    >>> gathered(tf.zeros([6, 1, 16])).shape.as_list()  # one replica alone
    [6, 1, 16]
    """
    context = tf.distribute.get_replica_context()
    count = context.num_replicas_in_sync
    whole = context.all_gather(tf.identity(rows), axis=0)
    return tf.ensure_shape(whole, [count * rows.shape[0], *rows.shape[1:]])


class Share:
    """What one replica does of a training step: the losses of its rows.

    Parameters
    ----------
    model : vqvae_lesson.model.LessonModel
        Or what it trains at this step.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> share = Share(find_recipe("small").build((28, 28, 1), seed=0))
    >>> losses, output = share.losses(tf.zeros([6, 28, 28, 1]), noise=[0, 1])
    >>> output.latents.shape.as_list()  # one replica alone
    [6, 1, 16]
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

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> share_codes(model)
    >>> model.quantizer.candidates.__name__
    'gathered'
    """
    for layer in model._flatten_layers():
        if isinstance(layer, VectorQuantizerEMA):
            alone = layer.statistics
            layer.statistics = partial(summed_statistics, statistics=alone)
            layer.candidates = gathered


@contextmanager
def with_all(strategy):
    """Do what takes all workers; where one is gone or silent, say so in a line."""
    patience = Timer(MOST_WAIT, give_up)
    if strategy.cluster_resolver is not None:  # several processes
        patience.start()
    try:
        yield
    except GONE as error:
        raise LessonError(
            "another worker has stopped: start all of them again with --resume"
        ) from error
    finally:
        patience.cancel()


def give_up():
    """End this process at once: TensorFlow waits, and hears no signal."""
    try:
        print(
            f"Error: another worker did not answer for {MOST_WAIT} s: start all of "
            "them again, with --resume if they had begun",
            flush=True,
        )
    finally:  # also where nobody listens any more
        os._exit(1)


def expect_agreement(strategy, **texts):
    """Refuse workers of which one was given something else.

    Parameters
    ----------
    strategy : tf.distribute.Strategy
    **texts : str
        By name, what all must have.

    Raises
    ------
    LessonError
        Names the first that is not the same everywhere.

    Examples
    --------
    >>> expect_agreement(tf.distribute.get_strategy(), data="a", recipe="b")
    """
    digests = [hashlib.sha256(text.encode()).digest()[:8] for text in texts.values()]
    mine = tf.constant(np.frombuffer(b"".join(digests), np.int64)[None])
    with with_all(strategy):
        found = tf.function(lambda: strategy.run(gathered, args=(mine,)))()
    for name, numbers in zip(texts, np.transpose(_local(strategy, found)), strict=True):
        if len({*numbers}) > 1:
            other = int(np.argmax(numbers != numbers[0]))
            raise LessonError(
                f"worker {other} has another {name} than worker 0: start all workers "
                "with the same options, letters and folder"
            )


def _local(strategy, values):
    """Read what this process has of a value."""
    return strategy.experimental_local_results(values)[0].numpy()


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
        with with_all(self.strategy), self.strategy.scope():
            super().__init__(recipe, image_shape, seed)
        share_codes(self.model)
        self.agreed, self.shared_step = None, tf.function(self.share)
        self.compiled_step = self.step_in_agreement

    def step_in_agreement(self, model, optimizer, images, noise):
        """Take a step; where something else is trained than before, agree on it first.

        So it is at the first step, and when k-means has put the codes on the data.
        """
        with with_all(self.strategy):
            if self.agreed is not model:
                self.agree()
                self.agreed = model
            return self.shared_step(model, optimizer, images, noise)

    def agree(self):
        """Give every replica the numbers of the first one, bit for bit."""
        variables = [*self.model.variables, *self.optimizer.variables]

        def from_first():
            context = tf.distribute.get_replica_context()
            mine = tf.equal(context.replica_id_in_sync_group, 0)
            ours = [tf.convert_to_tensor(one) for one in variables]
            kept = [tf.where(mine, one, tf.zeros_like(one)) for one in ours]
            # All of a type at once: a sum for each would take longer than a step.
            sums = {
                kind: iter(add_up([one for one in kept if one.dtype == kind]))
                for kind in sorted({one.dtype for one in kept}, key=str)
            }
            return [next(sums[one.dtype]) for one in kept]

        agreed = tf.function(lambda: self.strategy.run(from_first))()
        for variable, found in zip(variables, agreed, strict=True):
            variable.assign(_local(self.strategy, found))

    def share(self, model, optimizer, images, noise):
        """Let every replica take one training step on its rows.

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
        For less than one, or if TensorFlow has started already with fewer parts of
        the processor.

    Examples
    --------
    >>> mirrored(1).num_replicas_in_sync
    1
    """
    if devices < 1:
        raise LessonError(f"{devices} devices, expected at least 1")
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


def find_strategy(devices=None):
    """Say on what a training runs: several workers, several devices, or one.

    Parameters
    ----------
    devices : int, optional
        Of this machine.

    Returns
    -------
    tf.distribute.Strategy or None
        Of the workers that the environment's ``TF_CONFIG`` names; None for one device.

    Raises
    ------
    LessonError
        If ``TF_CONFIG`` cannot be read, or is there together with `devices`.

    Examples
    --------
    >>> find_strategy() is None
    True
    """
    told = os.environ.get("TF_CONFIG")
    if told is None:
        return mirrored(devices) if devices else None
    if devices:
        raise LessonError("TF_CONFIG names workers: leave out --devices")
    workers, index = read_config(told)
    try:
        with until_all_have_come(len(workers)):
            return tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.UnknownError:
        raise LessonError(
            f"{workers[index]} is no address to listen at, or another program does: "
            "name another in TF_CONFIG, for all workers"
        ) from None


def read_config(told):
    """Read who all workers are, and which of them this one is.

    Parameters
    ----------
    told : str
        As ``TF_CONFIG`` has it. There are workers and no other tasks: the first of
        them is the chief.

    Returns
    -------
    workers : list of str
        Their addresses.
    index : int
        Of this one.

    Raises
    ------
    LessonError
        For anything else.

    Examples
    --------
    >>> read_config('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker",'
    ...             ' "index": 1}}')
    (['a:1', 'b:1'], 1)
    """
    try:
        config = json.loads(told)
        [(job, workers)] = config["cluster"].items()
        task = config["task"]["type"], config["task"]["index"]
        right = job == task[0] == "worker" and type(task[1]) is int
        right = right and 0 <= task[1] < len(workers) == len({*workers})
        right = right and all(map(_is_address, workers))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        right = False
    if not right:
        raise LessonError(
            f"TF_CONFIG is {told[:200]!r}, expected such as "
            '{"cluster": {"worker": ["first:5000", "second:5000"]}, '
            '"task": {"type": "worker", "index": 0}}, with workers alone'
        )
    return workers, task[1]


def _is_address(text):
    """Whether a text names a machine and a port."""
    host, _, port = text.rpartition(":")
    return bool(host) and "/" not in host and port.isdecimal() and 0 < int(port) < 65536


@contextmanager
def until_all_have_come(count):
    """Say that so many workers are waited for, and end the process if one never comes.

    TensorFlow holds Python's lock while it waits, so no timer of Python's would run.
    Its own timeout would not do: it leaves a thread behind for each exchange, until it
    has run out, and after a thousand steps there are too many.
    """
    print(
        f"waiting for {count} workers; without all of them in {MOST_WAIT} s this one "
        "ends: look at addresses and ports",
        flush=True,
    )
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(MOST_WAIT, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def is_chief(strategy):
    """Say whether this process writes for all: the first worker does, or the only.

    Parameters
    ----------
    strategy : tf.distribute.Strategy

    Returns
    -------
    bool

    Examples
    --------
    >>> is_chief(mirrored(1))
    True
    """
    resolver = strategy.cluster_resolver
    return resolver is None or not resolver.task_id
