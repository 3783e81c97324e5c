"""What a function takes, said above it instead of in it.

A decorator turns arguments into tensors and refuses what does not fit, so that the
functions of the chapters hold nothing but what the chapters explain.
"""

import functools
import inspect

import tensorflow as tf

from vqvae_lesson.errors import LessonError


def takes(finite=False, **axes):
    """Make a function take real numbers of any type, in arrays of the right shape.

    Parameters
    ----------
    finite : bool
        Refuse NaN and infinity too, where values are known (not in a tf.function).
    **axes
        For a parameter its axes, such as ``"[..., D]"``: a letter stands for the same
        size in all arguments, dots for the same axes, however many. ``"int [B, L]"``
        takes whole numbers. A NamedTuple of such texts takes a NamedTuple.

    Returns
    -------
    callable
        A decorator. The function gets float32 tensors, int32 for whole numbers.

    Raises
    ------
    LessonError
        By the decorated function: for another shape, or what are no numbers.

    Examples
    --------
    >>> @takes(latents="[..., D]", codebook="[K, D]")
    ... def differences(latents, codebook):
    ...     return latents[..., None, :] - codebook
    >>> differences([1, 2], [[1, 1]]).numpy().tolist()
    [[0.0, 1.0]]
    >>> differences([1, 2], [[1, 1, 1]])
    Traceback (most recent call last):
    vqvae_lesson.errors.LessonError: codebook has shape [1, 3], expected [K, 2]
    """

    def decorate(function):
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args, **kwargs):
            call = signature.bind(*args, **kwargs)
            sizes = {}
            for name, expected in axes.items():
                if name in call.arguments:
                    value = call.arguments[name]
                    fitting = _fitting(name, value, expected, sizes, finite)
                    call.arguments[name] = fitting
            return function(*call.args, **call.kwargs)

        return tf.autograph.experimental.do_not_convert(checked)

    return decorate


def _fitting(name, value, expected, sizes, finite):
    """Return a value as tensors, once it fits; learn the sizes of its axes."""
    if isinstance(expected, tuple):
        parts = zip(expected._fields, value, expected, strict=True)
        return type(expected)(*(_fitting(*part, sizes, finite) for part in parts))
    *kind, letters = expected.replace(", ", ",").split(" ")
    tensor = _whole(name, value) if kind else _real(name, value)
    _check_axes(name, tensor, letters.strip("[]").split(","), sizes)
    known = finite and tf.executing_eagerly()
    if known and not kind and not tf.reduce_all(tf.math.is_finite(tensor)):
        raise LessonError(
            f"{name} hold NaN or infinity, expected finite numbers: look for a "
            "division by 0, or a learning rate that is too large"
        )
    return tensor


def _tensor(name, value, wanted):
    """Return a value as a tensor of its own type."""
    try:
        return tf.convert_to_tensor(value)
    except (TypeError, ValueError):
        raise LessonError(
            f"{name} is {type(value).__name__}, expected {wanted} in even rows"
        ) from None


def _real(name, value):
    """Return a value as a float32 tensor."""
    tensor = _tensor(name, value, "real numbers")
    if not (tensor.dtype.is_floating or tensor.dtype.is_integer):
        raise LessonError(f"{name} hold {tensor.dtype.name}, expected real numbers")
    return tf.cast(tensor, tf.float32)


def _whole(name, value):
    """Return a value as an int32 tensor."""
    tensor = _tensor(name, value, "whole numbers")
    if not tensor.dtype.is_integer:
        raise LessonError(f"{name} hold {tensor.dtype.name}, expected whole numbers")
    return tf.cast(tensor, tf.int32)


def _check_axes(name, tensor, letters, sizes):
    """Compare the shape with the axes expected; a new letter takes its size."""
    shape = tensor.shape.as_list() if tensor.shape.rank is not None else None
    free = letters[0] == "..."
    named = letters[1:] if free else letters
    long_enough = shape is not None and len(shape) >= len(named)
    fits = long_enough and (free or len(shape) == len(named))
    for letter, size in zip(reversed(named), reversed(shape or []), strict=False):
        known = sizes.setdefault(letter, size) if fits else size
        fits = fits and size != 0 and (size == known or None in (size, known))
    if fits and free:
        leading = shape[: len(shape) - len(named)]
        known = sizes.setdefault("...", leading)
        fits = tf.TensorShape(leading).is_compatible_with(known)
    if not fits:
        wanted = [str(sizes.get(letter) or letter) for letter in named]
        if free:
            wanted = [*map(str, sizes.get("...", ["..."])), *wanted]
        verb = "have" if name.endswith("s") else "has"
        found = "<unknown>" if shape is None else shape
        raise LessonError(
            f"{name} {verb} shape {found}, expected [{', '.join(wanted)}]"
        )
