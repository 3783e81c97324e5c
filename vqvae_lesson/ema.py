"""Exponential moving averages that move the codes (chapter 05).

argmin is a staircase, and no gradient reaches the codebook. Instead each code
follows the mean of the latents that chose it: appendix A.1 of van den Oord et al.
2017, arXiv:1711.00937. Three ways to start the averages are here under their names.
"""

from typing import NamedTuple

import tensorflow as tf

from vqvae_lesson.arguments import takes
from vqvae_lesson.errors import LessonError
from vqvae_lesson.quantizer import VectorQuantizer

__all__ = [
    "CodebookState",
    "batch_statistics",
    "segment_statistics",
    "moving_average",
    "EMAStart",
    "start_averages",
    "ema_start",
    "ema_step",
    "revive",
    "VectorQuantizerEMA",
]


class EMAStart(NamedTuple):
    """How the averages begin.

    Attributes
    ----------
    count : float
        The first value of every count.
    sums : float
        The first value of the sums, in multiples of the codebook.
    epsilon : float
        Added to the count before dividing by it.
    keeps_unassigned : bool
        Whether a code that no latent chose stays where it is.
    """

    count: float
    sums: float
    epsilon: float
    keeps_unassigned: bool


#: With more codes, batches are counted without a matrix of N x K zeros and ones.
MANY_CODES = 4_096
EMA_STARTS = {
    "article": EMAStart(0.0, sums=1.0, epsilon=1e-5, keeps_unassigned=False),
    "debiased": EMAStart(0.0, sums=0.0, epsilon=1e-5, keeps_unassigned=False),
    "consistent": EMAStart(1.0, sums=1.0, epsilon=0.0, keeps_unassigned=True),
}


class CodebookState(NamedTuple):
    """The codes and the averages that move them: passed in, handed back.

    Attributes
    ----------
    codebook : tensor, float32 [K, D]
    ema_counts : tensor, float32 [K]
        Moving average of how many latents chose each code.
    ema_sums : tensor, float32 [K, D]
        Moving average of their sums.
    """

    codebook: tf.Tensor
    ema_counts: tf.Tensor
    ema_sums: tf.Tensor


STATE = CodebookState("[K, D]", "[K]", "[K, D]")


@takes(codebook="[K, D]")
def start_averages(codebook, start="article"):
    """Codes with the first values of their averages.

    Parameters
    ----------
    codebook : tensor, float32 [K, D]
    start : {"article", "debiased", "consistent"}
        ``article``: counts 0, sums equal to the codebook. ``debiased``: both 0,
        as in Sonnet, whose division of both by 1 - γᵗ cancels in their quotient but
        for ε (0.1 % in the first step). ``consistent``: counts 1, sums equal to the
        codebook, so that sums / counts is the codebook from the first step on.

    Returns
    -------
    CodebookState

    Raises
    ------
    LessonError
        For another start, or what is no matrix of real numbers.

    Examples
    --------
    >>> state = start_averages([[3.0, 4.0], [1.0, 0.0]], start="consistent")
    >>> state.ema_counts.numpy()
    array([1., 1.], dtype=float32)
    """
    first = ema_start(start)
    counts = tf.fill(codebook.shape[:1], first.count)
    return CodebookState(codebook, counts, first.sums * codebook)


def ema_start(name):
    """Look a start up by its name.

    Parameters
    ----------
    name : {"article", "debiased", "consistent"}

    Returns
    -------
    EMAStart

    Raises
    ------
    LessonError
        For another name.

    Examples
    --------
    >>> ema_start("consistent").count
    1.0
    """
    if name not in EMA_STARTS:
        raise LessonError(f"EMA start is {name!r}, expected one of {[*EMA_STARTS]}")
    return EMA_STARTS[name]


@takes(latents="[..., D]", indices="int [...]")
def batch_statistics(latents, indices, num_codes):
    """Count the latents that chose each code, and add them up.

    Parameters
    ----------
    latents : tensor, float32 [..., D]
    indices : tensor, int32 [...]
    num_codes : int

    Returns
    -------
    counts : tensor, float32 [K]
    sums : tensor, float32 [K, D]

    Examples
    --------
    >>> counts, sums = batch_statistics([[1.0], [2.0], [5.0]], [0, 0, 2], 3)
    >>> counts.numpy().tolist(), sums.numpy().ravel().tolist()
    ([2.0, 0.0, 1.0], [3.0, 0.0, 5.0])
    """
    code_size = latents.shape[-1]
    chosen = tf.one_hot(tf.reshape(indices, [-1]), num_codes)
    sums = tf.matmul(chosen, tf.reshape(latents, [-1, code_size]), transpose_a=True)
    return tf.reduce_sum(chosen, axis=0), sums


@takes(latents="[..., D]", indices="int [...]")
def segment_statistics(latents, indices, num_codes):
    """Count and add up as `batch_statistics` does, without its [N, K] numbers.

    Each latent is added to the place of its code, which takes N D additions in place
    of N K D. With few codes the matrix product of zeros and ones is as fast.

    Parameters
    ----------
    latents, indices, num_codes
        As for :func:`batch_statistics`.

    Returns
    -------
    counts : tensor, float32 [K]
    sums : tensor, float32 [K, D]

    Examples
    --------
    >>> counts, sums = segment_statistics([[1.0], [2.0], [5.0]], [0, 0, 2], 3)
    >>> counts.numpy().tolist(), sums.numpy().ravel().tolist()
    ([2.0, 0.0, 1.0], [3.0, 0.0, 5.0])
    """
    rows = tf.reshape(latents, [-1, latents.shape[-1]])
    places = tf.reshape(indices, [-1])
    add = tf.math.unsorted_segment_sum
    counts = add(tf.ones_like(rows[:, 0]), places, num_codes)
    return counts, add(rows, places, num_codes)


def moving_average(average, value, decay):
    """One step of an exponential moving average.

    Parameters
    ----------
    average, value : tensor, float32 [...]
    decay : float
        γ in [0, 1): how much of the old average stays.

    Returns
    -------
    tensor, float32 [...]

    Examples
    --------
    >>> round(moving_average(10.0, 20.0, decay=0.9), 6)
    11.0
    """
    return decay * average + (1 - decay) * value


@takes(state=STATE, latents="[..., D]", indices="int [...]")
def ema_step(
    state, latents, indices, decay, start="article", statistics=batch_statistics
):
    """One update of the codebook from one batch.

    Parameters
    ----------
    state : CodebookState
    latents : tensor, float32 [..., D]
    indices : tensor, int32 [...]
        The code each latent chose.
    decay : float
        γ in [0, 1): how much of the old average stays.
    start : {"article", "debiased", "consistent"}
        How the averages were started; a name in ``EMA_STARTS``.
    statistics : callable
        Counts the batch; where several devices share it, it adds up what all of
        them have counted.

    Returns
    -------
    CodebookState

    Raises
    ------
    LessonError
        For another start, or arrays that do not fit together.

    References
    ----------
    van den Oord et al. 2017, arXiv:1711.00937, appendix A.1, equations 6 to 8.

    Examples
    --------
    >>> state = start_averages([[0.0, 0.0], [8.0, 8.0]], start="consistent")
    >>> latents, indices = [[1.0, 0.0], [1.0, 2.0]], [0, 0]
    >>> state = ema_step(state, latents, indices, decay=0.5, start="consistent")
    >>> state.codebook.numpy().round(2)
    array([[0.67, 0.67],
           [8.  , 8.  ]], dtype=float32)
    """
    rule = ema_start(start)
    counts, sums = statistics(latents, indices, state.codebook.shape[0])
    ema_counts = moving_average(state.ema_counts, counts, decay)
    ema_sums = moving_average(state.ema_sums, sums, decay)
    codebook = ema_sums / (ema_counts[:, None] + rule.epsilon)
    if rule.keeps_unassigned:
        codebook = tf.where(counts[:, None] > 0, codebook, state.codebook)
    return CodebookState(codebook, ema_counts, ema_sums)


@takes(state=STATE, latents="[..., D]")
def revive(state, latents, below):
    """Put codes that are hardly chosen onto latents of the batch (chapter 09).

    The batch was shuffled, so its first latents are as good as drawn at random. A
    revived code starts with its fair share, the number of latents over K.

    Parameters
    ----------
    state : CodebookState
    latents : tensor, float32 [..., D]
    below : float
        In fair shares: a code whose count is smaller is put back.

    Returns
    -------
    CodebookState

    References
    ----------
    Dhariwal et al. 2020, arXiv:2005.00341: random restarts; Łańcucki et al. 2020,
    arXiv:2005.08520.

    Examples
    --------
    >>> state = CodebookState([[5.0], [99.0]], [4.0, 0.0], [[20.0], [0.0]])
    >>> state = revive(state, [[4.0], [6.0]], below=0.1)
    >>> state.codebook.numpy().ravel().tolist(), state.ema_counts.numpy().tolist()
    ([5.0, 6.0], [4.0, 1.0])
    """
    num_codes, code_size = state.codebook.shape
    rows = tf.reshape(latents, [-1, code_size])
    fair_share = tf.cast(tf.shape(rows)[0], tf.float32) / num_codes
    places = tf.gather(rows, tf.range(num_codes) % tf.shape(rows)[0])
    lost = state.ema_counts < below * fair_share
    return CodebookState(
        tf.where(lost[:, None], places, state.codebook),
        tf.where(lost, fair_share, state.ema_counts),
        tf.where(lost[:, None], fair_share * places, state.ema_sums),
    )


class VectorQuantizerEMA(VectorQuantizer):
    """A vector quantizer whose codes follow the latents by moving averages.

    Parameters
    ----------
    num_codes, code_size, seed
        As for :class:`vqvae_lesson.quantizer.VectorQuantizer`.
    decay : float
        γ in [0, 1).
    start : {"article", "debiased", "consistent"}
        See :func:`start_averages`.
    revive_below : float
        See :func:`revive`; 0 leaves every code where it is.

    Attributes
    ----------
    ema_counts : variable, float32 [K]
    ema_sums : variable, float32 [K, D]
    statistics, candidates : callable
        How a batch is counted, and which latents codes are revived on. Several
        devices that share a batch exchange both.

    Examples
    --------
    >>> quantizer = VectorQuantizerEMA(num_codes=4, code_size=2, start="consistent")
    >>> latents = tf.ones([8, 2])
    >>> quantized, indices = quantizer(latents)
    >>> quantizer.update(latents, indices)
    >>> round(float(tf.reduce_max(quantizer.ema_counts)), 2)  # 0.99 · 1 + 0.01 · 8
    1.07
    """

    def __init__(
        self,
        num_codes=64,
        code_size=16,
        decay=0.99,
        start="article",
        seed=0,
        revive_below=0.0,
        **kwargs,
    ):
        super().__init__(num_codes, code_size, seed, **kwargs)
        if not 0 <= decay < 1:
            raise LessonError(f"decay is {decay}, expected 0 <= decay < 1")
        self.decay, self.start, self.revive_below = decay, start, revive_below
        many = num_codes > MANY_CODES
        self.statistics = segment_statistics if many else batch_statistics
        self.candidates = tf.identity
        first = start_averages(self.codebook, start)
        self.ema_counts = self._average("ema_counts", first.ema_counts)
        self.ema_sums = self._average("ema_sums", first.ema_sums)

    def _average(self, name, value):
        """Add a weight that no gradient moves, with its first value."""
        about = {"trainable": False, "aggregation": "only_first_replica"}
        weight = self.add_weight(name=name, shape=value.shape, **about)
        weight.assign(value)
        return weight

    @property
    def state(self):
        """The three variables that a step moves, as a :class:`CodebookState`."""
        return CodebookState(self.codebook, self.ema_counts, self.ema_sums)

    def update(self, latents, indices):
        """Move the codes: one `ema_step` from this batch.

        Parameters
        ----------
        latents : tensor, float32 [..., D]
        indices : tensor, int32 [...]
        """
        rule = self.decay, self.start, self.statistics
        state = ema_step(self.state, latents, indices, *rule)
        if self.revive_below:
            state = revive(state, self.candidates(latents), self.revive_below)
        self.assign(state)

    def place(self, codebook):
        """Put the codes somewhere else, and start the averages anew.

        Parameters
        ----------
        codebook : tensor, float32 [K, D]
        """
        self.assign(start_averages(codebook, self.start))

    def assign(self, state):
        """Take a :class:`CodebookState` as the layer's own."""
        for variable, value in zip(self.state, state, strict=True):
            variable.assign(value)
