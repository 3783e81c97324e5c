"""Other ways from latents to whole numbers, each a pure function (chapter 16).

What the decoder gets carries the gradient; what is counted, stored and sent is the
number. A code may be made of parts: groups, stages or digits. Then its number is
written with one digit a part, the first part's digit counting least.
"""

from itertools import accumulate
from operator import mul

import tensorflow as tf

from vqvae_lesson.arguments import takes
from vqvae_lesson.losses import straight_through
from vqvae_lesson.quantizer import lookup, nearest_code

__all__ = [
    "codebook_loss",
    "to_number",
    "to_digits",
    "product_codes",
    "residual_codes",
    "keep_stages",
    "bound",
    "finite_scalars",
    "scalar_codes",
    "sign_bits",
    "bit_entropies",
    "rotate",
    "simple_codebook",
    "gumbel_softmax",
]


@takes(latents="[...]", quantized="[...]")
def codebook_loss(latents, quantized):
    """How far codes are from the latents that chose them, for the codes alone to mend.

    Parameters
    ----------
    latents, quantized : tensor, float32 [...]

    Returns
    -------
    tensor, float32 []
        Mean over all axes of the squared difference; the gradient goes to `quantized`
        alone.

    References
    ----------
    van den Oord et al. 2017, arXiv:1711.00937, equation 3, its middle term.

    Examples
    --------
    >>> float(codebook_loss([[0.0, 0.0]], [[3.0, 1.0]]))  # (9 + 1) / 2
    5.0
    """
    return tf.reduce_mean((tf.stop_gradient(latents) - quantized) ** 2)


@takes(digits="int [..., S]")
def to_number(digits, levels):
    """Write the digits of a code as one number; the first digit counts least.

    Parameters
    ----------
    digits : tensor, int32 [..., S]
        Each from 0 to its level - 1.
    levels : sequence of int, [S]
        How many values each digit has.

    Returns
    -------
    tensor, int32 [...]
        From 0 to the product of the levels - 1.

    Examples
    --------
    >>> to_number([[2, 0], [1, 4]], levels=[3, 5]).numpy().tolist()  # 1 + 4 · 3
    [2, 13]
    """
    worth = tf.constant([1, *accumulate(levels[:-1], mul)], tf.int32)
    return tf.reduce_sum(digits * worth, axis=-1)


@takes(numbers="int [...]")
def to_digits(numbers, levels):
    """Read the digits of a code back from its number: :func:`to_number` turned round.

    Parameters
    ----------
    numbers : tensor, int32 [...]
    levels : sequence of int, [S]

    Returns
    -------
    tensor, int32 [..., S]

    Examples
    --------
    >>> to_digits([2, 13], levels=[3, 5]).numpy().tolist()
    [[2, 0], [1, 4]]
    """
    worth = tf.constant([1, *accumulate(levels[:-1], mul)], tf.int32)
    return numbers[..., None] // worth % tf.constant(levels, tf.int32)


@takes(latents="[..., D]", codebooks="[S, K, C]")
def product_codes(latents, codebooks):
    """Cut each latent into groups; each group looks for its own nearest code.

    Parameters
    ----------
    latents : tensor, float32 [..., D]
    codebooks : tensor, float32 [S, K, C]
        One for each group, whose codes have C = D / S numbers.

    Returns
    -------
    quantized : tensor, float32 [..., D]
    digits : tensor, int32 [..., S]
        The code of each group.

    References
    ----------
    Jégou, Douze, Schmid 2011, doi:10.1109/TPAMI.2010.57.

    Examples
    --------
    >>> codebooks = [[[0.0], [1.0]], [[0.0], [10.0]]]  # two groups of one number
    >>> quantized, digits = product_codes([[0.9, 2.0]], codebooks)
    >>> quantized.numpy().tolist(), digits.numpy().tolist()
    ([[1.0, 0.0]], [[1, 0]])
    """
    codes, digits = [], []
    groups = tf.split(latents, codebooks.shape[0], axis=-1)
    for group, codebook in zip(groups, tf.unstack(codebooks), strict=True):
        chosen = nearest_code(group, codebook)
        codes.append(lookup(codebook, chosen))
        digits.append(chosen)
    return tf.concat(codes, axis=-1), tf.stack(digits, axis=-1)


@takes(latents="[..., D]", codebooks="[S, K, D]")
def residual_codes(latents, codebooks):
    """Quantize in stages: each takes what the stages before it have left.

    Parameters
    ----------
    latents : tensor, float32 [..., D]
    codebooks : tensor, float32 [S, K, D]
        One for each stage.

    Returns
    -------
    sums : tensor, float32 [S, ..., D]
        What the first stage, the first two, and so on make of the latents. The last
        is the whole code.
    digits : tensor, int32 [..., S]
        The code of each stage.

    References
    ----------
    Zeghidour et al. 2021, arXiv:2107.03312, algorithm 1; Lee et al. 2022,
    arXiv:2203.01941, section 3.1.

    Examples
    --------
    >>> codebooks = [[[0.0], [10.0]], [[-1.0], [1.0]]]
    >>> sums, digits = residual_codes([[8.0]], codebooks)
    >>> sums.numpy().ravel().tolist(), digits.numpy().tolist()
    ([10.0, 9.0], [[1, 0]])
    """
    total, sums, digits = tf.zeros_like(latents), [], []
    for codebook in tf.unstack(codebooks):
        chosen = nearest_code(latents - total, codebook)
        total = total + lookup(codebook, chosen)
        sums.append(total)
        digits.append(chosen)
    return tf.stack(sums), tf.stack(digits, axis=-1)


@takes(sums="[S, B, L, D]", kept="int [B]")
def keep_stages(sums, kept):
    """Give each letter the sum of its first stages only.

    A model trained so can be sent at any quality: with one stage, with two, with all.

    Parameters
    ----------
    sums : tensor, float32 [S, B, L, D]
        From :func:`residual_codes`.
    kept : tensor, int32 [B]
        How many stages each letter keeps, from 1 to S.

    Returns
    -------
    tensor, float32 [B, L, D]

    References
    ----------
    Zeghidour et al. 2021, arXiv:2107.03312, section III-C: quantizer dropout.

    Examples
    --------
    >>> sums = tf.constant([1.0, 2.0])[:, None, None, None] * tf.ones([2, 3, 1, 1])
    >>> keep_stages(sums, [2, 1, 2]).numpy().ravel().tolist()
    [2.0, 1.0, 2.0]
    """
    return tf.gather(tf.unstack(sums, axis=1), kept - 1, batch_dims=1)


@takes(latents="[..., S]")
def bound(latents, levels):
    """Press each number smoothly into a range that rounds to so many levels.

    Parameters
    ----------
    latents : tensor, float32 [..., S]
    levels : sequence of int, [S]
        At least 2 each. 0 stays 0, for even levels too; so the one border between 2
        levels lies far from it, at -3.8.

    Returns
    -------
    tensor, float32 [..., S]

    References
    ----------
    Mentzer et al. 2023, arXiv:2309.15505, with ``arctanh`` for the shift.

    Examples
    --------
    >>> bound([[-9.0], [0.0], [9.0]], levels=[8]).numpy().round(2).ravel().tolist()
    [-4.0, 0.0, 3.0]
    """
    levels = tf.constant(levels, tf.float32)
    reach = (levels - 1) * 1.001 / 2
    offset = tf.where(levels % 2 == 0, 0.5, 0.0)
    shift = tf.atanh(offset / reach)
    return tf.tanh(latents + shift) * reach - offset


@takes(latents="[..., S]")
def finite_scalars(latents, levels):
    """Round each number of a latent to one of a few levels: FSQ, with no codebook.

    Parameters
    ----------
    latents : tensor, float32 [..., S]
    levels : sequence of int, [S]
        Values that each number may take; their product is K.

    Returns
    -------
    quantized : tensor, float32 [..., S]
        Between -1 and 1. Backward the rounding is passed over.
    digits : tensor, int32 [..., S]

    References
    ----------
    Mentzer et al. 2023, arXiv:2309.15505, section 3.

    Examples
    --------
    >>> quantized, digits = finite_scalars([[-9.0, 0.1]], levels=[8, 5])
    >>> quantized.numpy().tolist(), digits.numpy().tolist()
    ([[-1.0, 0.0]], [[0, 2]])
    """
    bounded, middle = bound(latents, levels), tf.constant(levels) // 2
    rounded = tf.round(bounded)
    digits = tf.cast(rounded, tf.int32) + middle
    passed = straight_through(bounded, rounded)
    return passed / tf.cast(middle, tf.float32), digits


@takes(digits="int [..., S]")
def scalar_codes(digits, levels):
    """Turn digits back into the numbers that :func:`finite_scalars` rounded to.

    Parameters
    ----------
    digits : tensor, int32 [..., S]
    levels : sequence of int, [S]

    Returns
    -------
    tensor, float32 [..., S]

    Examples
    --------
    >>> scalar_codes([[0, 2], [7, 4]], levels=[8, 5]).numpy().tolist()
    [[-1.0, 0.0], [0.75, 1.0]]
    """
    middle = tf.constant(levels) // 2
    return tf.cast(digits - middle, tf.float32) / tf.cast(middle, tf.float32)


@takes(latents="[..., S]")
def sign_bits(latents):
    """Keep nothing but the sign of each number: LFQ, with no codebook to look up.

    Parameters
    ----------
    latents : tensor, float32 [..., S]

    Returns
    -------
    quantized : tensor, float32 [..., S]
        1 where a number is above 0, else -1. Backward as if nothing had been rounded.
    bits : tensor, int32 [..., S]

    References
    ----------
    Yu et al. 2023, arXiv:2310.05737, section 3.1.

    Examples
    --------
    >>> quantized, bits = sign_bits([[0.2, -3.0]])
    >>> quantized.numpy().tolist(), bits.numpy().tolist()
    ([[1.0, -1.0]], [[1, 0]])
    """
    bits = tf.cast(latents > 0, tf.int32)
    signs = 2 * tf.cast(bits, tf.float32) - 1
    return straight_through(latents, signs), bits


@takes(latents="[N, S]")
def bit_entropies(latents, temperature=1.0):
    """How undecided single latents are, and how evenly all of them use the codes.

    Each latent chooses softly among all 2^S codes: the nearer, the likelier.

    Parameters
    ----------
    latents : tensor, float32 [N, S]
    temperature : float
        Squared distances are divided by it.

    Returns
    -------
    undecided : tensor, float32 []
        Mean over latents of the entropy of the choice, in nats.
    even : tensor, float32 []
        Entropy of the mean choice, in nats. Training lowers `undecided` - `even`.

    References
    ----------
    Yu et al. 2023, arXiv:2310.05737, section 3.1.

    Examples
    --------
    >>> undecided, even = bit_entropies([[9.0, 9.0], [-9.0, 9.0]])
    >>> round(float(undecided), 2), round(float(even), 2)  # sure, two codes: ln 2
    (0.0, 0.69)
    """
    size = latents.shape[-1]
    bits = to_digits(tf.range(2**size), [2] * size)
    codes = 2 * tf.cast(bits, tf.float32) - 1
    # Both squares are the same for every code: what differs is twice the product.
    logits = 2 * tf.matmul(latents, codes, transpose_b=True) / temperature
    choice = tf.nn.softmax(logits)
    surprise = tf.nn.softmax_cross_entropy_with_logits(choice, logits)
    mean = tf.reduce_mean(choice, axis=0)
    return tf.reduce_mean(surprise), -tf.reduce_sum(tf.math.xlogy(mean, mean))


@takes(latents="[..., D]", quantized="[..., D]")
def rotate(latents, quantized):
    """Forward the codes; backward the turn that takes a latent to its code.

    Rotation and stretch are taken as constants: the gradient keeps its angle to the
    latent, where straight-through keeps its direction.

    Parameters
    ----------
    latents, quantized : tensor, float32 [..., D]

    Returns
    -------
    tensor, float32 [..., D]
        Equal to `quantized` up to rounding. A latent of 0 has no angle, and gets no
        gradient.

    References
    ----------
    Fifty et al. 2024, arXiv:2410.06424, section 4.2.

    Examples
    --------
    >>> latents, quantized = tf.constant([[1.0, 0.0]]), tf.constant([[0.0, 2.0]])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(latents)
    ...     upward = rotate(latents, quantized)[0, 1]
    >>> tape.gradient(upward, latents).numpy().round(6)  # turned back by 90°, doubled
    array([[2., 0.]], dtype=float32)
    """
    fixed = tf.stop_gradient(latents), tf.stop_gradient(quantized)
    lengths = [tf.norm(one, axis=-1, keepdims=True) for one in fixed]
    start, end = map(tf.math.divide_no_nan, fixed, lengths)
    middle = tf.math.l2_normalize(start + end, axis=-1)
    stretch = tf.math.divide_no_nan(lengths[1], lengths[0])

    def along(direction):
        return tf.reduce_sum(latents * direction, axis=-1, keepdims=True)

    turned = latents - 2 * along(middle) * middle + 2 * along(start) * end
    return straight_through(stretch * turned, quantized)


@takes(frozen="[K, D]", mix="[D, C]")
def simple_codebook(frozen, mix):
    """Make all codes by one linear map from vectors that never move: SimVQ.

    Parameters
    ----------
    frozen : tensor, float32 [K, D]
        Drawn once.
    mix : tensor, float32 [D, C]
        What is learned. Any gradient at one code moves every code.

    Returns
    -------
    tensor, float32 [K, C]

    References
    ----------
    Zhu et al. 2024, arXiv:2411.02038, section 4.

    Examples
    --------
    >>> simple_codebook([[1.0, 0.0], [0.0, 1.0]], [[3.0], [4.0]]).numpy().tolist()
    [[3.0], [4.0]]
    """
    return tf.matmul(frozen, mix)


@takes(logits="[..., K]", uniform="[..., K]")
def gumbel_softmax(logits, uniform, temperature):
    """Draw a code softly: noise decides, and a gradient can follow.

    Parameters
    ----------
    logits : tensor, float32 [..., K]
    uniform : tensor, float32 [..., K]
        Random numbers between 0 and 1, not 0 or 1 themselves.
    temperature : float
        Towards 0 one share becomes 1: that of a code drawn from softmax(logits).

    Returns
    -------
    tensor, float32 [..., K]
        Shares that sum to 1.

    References
    ----------
    Jang, Gu, Poole 2017, arXiv:1611.01144, equation 2; Maddison, Mnih, Teh 2017,
    arXiv:1611.00712.

    Examples
    --------
    >>> shares = gumbel_softmax([0.0, 2.0], [0.5, 0.5], temperature=0.1)
    >>> shares.numpy().round(3).tolist()
    [0.0, 1.0]
    """
    noise = -tf.math.log(-tf.math.log(uniform))
    return tf.nn.softmax((logits + noise) / temperature)
