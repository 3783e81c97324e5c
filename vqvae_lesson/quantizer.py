"""Distances, the nearest code, and looking it up (chapter 04).

Vector quantisation replaces each latent by the nearest of K codes: equations 1
and 2 of van den Oord et al. 2017, arXiv:1711.00937. How the codes move to where
the latents are is the business of :mod:`vqvae_lesson.ema`.
"""

import keras
import tensorflow as tf

from vqvae_lesson.arguments import takes
from vqvae_lesson.errors import LessonError

__all__ = ["squared_distances", "nearest_code", "lookup", "VectorQuantizer"]

SCORES_AT_ONCE = 2**20
#: Fewer latents at once would read many codes for little work.
FEWEST_ROWS = 256


@takes(finite=True, codebook="[K, D]", latents="[..., D]")
def squared_distances(latents, codebook):
    """Squared distance between every latent and every code.

    ``|z - e|² = |z|² - 2 z·e + |e|²``, so that one matrix product does the work
    and no [N, K, D] difference is ever held. Both sides are first moved so that the
    latents' mean is the origin: far from it the three terms are large, nearly
    cancel, and float32 loses the digits that tell two codes apart. The mean of
    the codes would not do: a few codes far away would pull it off the latents.

    Parameters
    ----------
    latents : tensor, float32 [..., D]
        Any leading axes: [8, 4, 16] is seen as 32 vectors of 16 numbers.
    codebook : tensor, float32 [K, D]

    Returns
    -------
    tensor, float32 [..., K]
        Rounding can leave a tiny negative number where the true distance is 0.

    Raises
    ------
    LessonError
        If the last axes differ, the codebook is not a matrix, or these are no real
        numbers; and, but not inside a `tf.function`, for one that is not finite.

    Examples
    --------
    >>> squared_distances([[0.0, 0.0]], [[3.0, 4.0], [1.0, 0.0]]).numpy()
    array([[25.,  1.]], dtype=float32)
    """
    origin = tf.reduce_mean(tf.reshape(latents, [-1, codebook.shape[1]]), axis=0)
    latents, codebook = latents - origin, codebook - origin
    return (
        tf.reduce_sum(latents**2, axis=-1, keepdims=True)
        - 2 * tf.tensordot(latents, codebook, axes=[[-1], [-1]])
        + tf.reduce_sum(codebook**2, axis=-1)
    )


@takes(finite=True, codebook="[K, D]", latents="[..., D]")
def nearest_code(latents, codebook):
    """Index of the nearest code for every latent.

    ``|z|²`` is the same for all codes, so the nearest is where ``z·e - |e|²/2`` is
    largest. A column of ones beside the latents, and one of ``-|e|²/2`` beside the
    codes, let one matrix product do it. The origin moves as for
    :func:`squared_distances`. Many latents go block by block, two blocks at a time,
    so that the [N, K] scores are never held at once.

    Parameters
    ----------
    latents : tensor, float32 [..., D]
    codebook : tensor, float32 [K, D]

    Returns
    -------
    tensor, int32 [...]
        Between 0 and K - 1; of codes whose scores come out equal in float32,
        the one with the lowest index.

    Raises
    ------
    LessonError
        As :func:`squared_distances`.

    References
    ----------
    van den Oord et al. 2017, arXiv:1711.00937, equation 1.

    Examples
    --------
    >>> nearest_code([[0.0, 0.0], [3.0, 3.0]], [[3.0, 4.0], [1.0, 0.0]]).numpy()
    array([1, 0], dtype=int32)
    """
    rows = tf.reshape(latents, [-1, codebook.shape[1]])
    origin = tf.reduce_mean(rows, axis=0)
    codes = codebook - origin
    last = -tf.reduce_sum(codes**2, axis=1, keepdims=True) / 2
    codes = tf.concat([codes, last], axis=1)

    def nearest(block):
        block = block - origin
        block = tf.pad(block, [[0, 0], [0, 1]], constant_values=1)
        scores = tf.matmul(block, codes, transpose_b=True)
        return tf.argmax(scores, axis=1, output_type=tf.int32)

    most = max(SCORES_AT_ONCE // codebook.shape[0], FEWEST_ROWS)
    indices = in_blocks(nearest, rows, most)
    return tf.reshape(indices, tf.shape(latents)[:-1])


@takes(codebook="[K, D]", indices="int [...]")
def lookup(codebook, indices):
    """Look codes up by their indices.

    Parameters
    ----------
    codebook : tensor, float32 [K, D]
    indices : tensor, int32 [...]

    Returns
    -------
    tensor, float32 [..., D]

    References
    ----------
    van den Oord et al. 2017, arXiv:1711.00937, equation 2.

    Examples
    --------
    >>> lookup([[3.0, 4.0], [1.0, 0.0]], [1, 1, 0]).numpy().tolist()
    [[1.0, 0.0], [1.0, 0.0], [3.0, 4.0]]
    """
    return tf.gather(codebook, indices)


def in_blocks(function, rows, most):
    """Apply a function to a few rows at a time, so that memory has a ceiling.

    All blocks have one size: the last is filled up with zeros, and the answers to
    these are cut off. Two blocks are in work at once.

    Parameters
    ----------
    function : callable
        From rows [n, D] to whole numbers [n], int32.
    rows : tensor, float32 [N, D]
    most : int
        Rows in a block, at most; below 1 it counts as 1.

    Returns
    -------
    tensor, int32 [N]

    Examples
    --------
    >>> first = lambda block: tf.cast(block[:, 0], tf.int32)
    >>> in_blocks(first, tf.constant([[5.0], [6.0], [7.0]]), most=2).numpy()
    array([5, 6, 7], dtype=int32)
    """
    most = max(1, most)
    known = rows.shape[0] is not None  # a tf.function may learn N only when it runs
    count = rows.shape[0] if known else tf.shape(rows)[0]
    if known and count <= most:
        return function(rows)
    blocks = tf.maximum((count + most - 1) // most, 1)
    size = (count + blocks - 1) // blocks
    rows = tf.pad(rows, [[0, blocks * size - count], [0, 0]])
    indices = tf.map_fn(
        function,
        tf.reshape(rows, [blocks, size, rows.shape[1]]),
        fn_output_signature=tf.int32,
        # One is multiplied while another is searched; eagerly there is but one.
        parallel_iterations=None if tf.executing_eagerly() else 2,
    )
    return tf.reshape(indices, [-1])[:count]


class VectorQuantizer(keras.layers.Layer):
    """A codebook and the step that replaces each latent by its nearest code.

    Parameters
    ----------
    num_codes : int
        K, the number of codes.
    code_size : int
        D, the numbers in a code.
    seed : int
        Fixes the first codebook (Glorot uniform).

    Attributes
    ----------
    codebook : variable, float32 [K, D]
        Not moved by gradients.

    Examples
    --------
    >>> quantizer = VectorQuantizer(num_codes=64, code_size=16)
    >>> quantized, indices = quantizer(tf.zeros([5, 1, 16]))
    >>> quantized.shape.as_list(), indices.shape.as_list()
    ([5, 1, 16], [5, 1])
    """

    def __init__(self, num_codes=64, code_size=16, seed=0, **kwargs):
        super().__init__(**kwargs)
        for name, size in {"num_codes": num_codes, "code_size": code_size}.items():
            if size < 1:
                raise LessonError(f"{name} is {size}, expected at least 1")
        self.codebook = self.add_weight(
            name="codebook",
            shape=(num_codes, code_size),
            initializer=keras.initializers.GlorotUniform(seed),
            trainable=False,
            aggregation="only_first_replica",  # all assign the same
        )

    def call(self, latents):
        """Quantize.

        Parameters
        ----------
        latents : tensor, float32 [..., D]

        Returns
        -------
        quantized : tensor, float32 [..., D]
        indices : tensor, int32 [...]
        """
        codebook = tf.convert_to_tensor(self.codebook)
        indices = nearest_code(latents, codebook)
        return lookup(codebook, indices), indices

    def lookup(self, indices):
        """Look codes up by their indices; see :func:`lookup`.

        Parameters
        ----------
        indices : tensor, int32 [...]

        Returns
        -------
        tensor, float32 [..., D]
        """
        return lookup(self.codebook, indices)
