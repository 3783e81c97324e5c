"""Sound as pictures, and back (chapter 18).

A frame is a hundredth of a second, seen through 40 filters as wide as the ear's; its
numbers are decibels. Griffin and Lim's way (1984) turns frames into sound again.
"""

import io
import wave

import numpy as np
import tensorflow as tf

from vqvae_lesson.errors import LessonError

__all__ = [
    "RATE",
    "to_mel",
    "mel_filters",
    "spectra",
    "log_mel",
    "linear_power",
    "griffin_lim",
    "to_sound",
    "add_hiss",
    "change_speed",
    "read_wav",
    "wav_bytes",
]

#: Samples a second.
RATE = 16_000
#: Samples that a frame looks at, and from one frame to the next: 25 and 10 ms.
WINDOW, HOP, FFT = 400, 160, 512
MELS = 40
LOWEST, HIGHEST = 80.0, 7_600.0  # hertz
#: Decibels of the quietest number that is kept; full scale is 0.
FLOOR = -80


def to_mel(hertz):
    """Say how high a tone is on a scale on which equal steps sound equal.

    Parameters
    ----------
    hertz : array, float [...]

    Returns
    -------
    ndarray, float [...]
        Mel; 1,000 hertz are 1,000 mel.

    References
    ----------
    O'Shaughnessy 1987, Speech Communication: Human and Machine, p. 150.

    Examples
    --------
    >>> to_mel([0, 100, 200, 4_000, 4_100]).round().tolist()
    [0.0, 150.0, 283.0, 2146.0, 2170.0]
    """
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def mel_filters():
    """Make 40 triangles, equally wide in mel, each from one neighbour's top to another.

    Returns
    -------
    ndarray, float32 [257, 40]
        Share of each frequency of :func:`spectra` in each filter.

    Examples
    --------
    >>> filters = mel_filters()
    >>> filters.shape, float(filters.max()) <= 1
    ((257, 40), True)
    """
    return tf.signal.linear_to_mel_weight_matrix(
        MELS, FFT // 2 + 1, RATE, LOWEST, HIGHEST
    ).numpy()


def spectra(samples):
    """Cut sound into frames, and each into its frequencies.

    Parameters
    ----------
    samples : tensor, float32 [S] in [-1, 1]

    Returns
    -------
    tensor, complex64 [T, 257]
        From 0 to 8,000 hertz.

    Examples
    --------
    >>> spectra(np.zeros(16_000, np.float32)).shape.as_list()
    [98, 257]
    """
    samples = tf.convert_to_tensor(samples, tf.float32)
    return tf.signal.stft(samples, WINDOW, HOP, FFT)


def log_mel(samples):
    """Say how loud each filter hears each frame.

    Parameters
    ----------
    samples : tensor, float32 [S] in [-1, 1]

    Returns
    -------
    ndarray, float32 [T, 40]
        Decibels, 0 for a full-scale sine at most, never below -80.

    Raises
    ------
    LessonError
        For what is not a row of samples at least 400 long.

    Examples
    --------
    >>> time = np.arange(16_000) / 16_000
    >>> loud, soft = (log_mel(size * np.sin(2_000 * time)) for size in (1, 0.1))
    >>> loud.shape, round(float(loud.max() - soft.max()))
    ((98, 40), 20)
    """
    samples = expect_samples(samples)
    power = tf.abs(spectra(samples)) ** 2 / (WINDOW / 4) ** 2  # of a full-scale sine
    heard = tf.matmul(power, mel_filters()).numpy()
    return np.maximum(10 * np.log10(np.maximum(heard, 1e-12)), FLOOR)


def linear_power(decibels):
    """Guess which frequencies were heard through the filters.

    Parameters
    ----------
    decibels : array, float [T, 40]

    Returns
    -------
    ndarray, float32 [T, 257]
        Power: what least squares say, and nothing below 0.

    Examples
    --------
    >>> linear_power(np.zeros([3, 40])).shape
    (3, 257)
    """
    heard = 10 ** (np.float32(decibels) / 10) * (WINDOW / 4) ** 2
    return np.maximum(heard @ np.linalg.pinv(mel_filters()), 0)


def griffin_lim(magnitudes, rounds=60, seed=0):
    """Find sound whose frames have given magnitudes.

    The phases are unknown. Take any; make sound of it; keep the phases that this sound
    has, put the magnitudes back, and again.

    Parameters
    ----------
    magnitudes : array, float [T, 257]
    rounds : int
    seed : int
        Of the first phases.

    Returns
    -------
    samples : ndarray, float32 [S]
    errors : list of float
        Of each round, the squared distance between its magnitudes and the given
        ones, in shares of their square; it never rises.

    References
    ----------
    Griffin and Lim 1984, doi:10.1109/TASSP.1984.1164317.

    Examples
    --------
    >>> given = np.abs(spectra(np.sin(np.arange(4_000) / 5)))
    >>> samples, errors = griffin_lim(given, rounds=10)
    >>> len(samples), errors[-1] < errors[0]
    (3920, True)
    """
    given = tf.cast(magnitudes, tf.complex64)
    turns = np.random.default_rng(seed).uniform(0, 2 * np.pi, given.shape)
    guess = given * tf.exp(tf.complex(0.0, tf.cast(turns, tf.float32)))
    errors, energy = [], float(tf.reduce_sum(tf.abs(given) ** 2))
    for _ in range(rounds):
        samples = overlap(guess)
        found = spectra(samples)
        size = tf.abs(found)
        errors.append(float(tf.reduce_sum((size - tf.abs(given)) ** 2)) / energy)
        guess = given * found / tf.cast(tf.maximum(size, 1e-8), tf.complex64)
    return overlap(guess).numpy(), errors


def overlap(frames):
    """Add up frames, each where it belongs: the sound closest to them, float32 [S]."""
    window = tf.signal.inverse_stft_window_fn(HOP)
    return tf.signal.inverse_stft(frames, WINDOW, HOP, FFT, window)


def to_sound(decibels, rounds=60):
    """Make sound of frames.

    Parameters
    ----------
    decibels : array, float [T, 40]
    rounds : int
        Of :func:`griffin_lim`.

    Returns
    -------
    ndarray, float32 [S] in [-1, 1]

    Examples
    --------
    >>> to_sound(np.full([9, 40], -30.0), rounds=2).shape
    (1680,)
    """
    samples, _ = griffin_lim(np.sqrt(linear_power(decibels)), rounds)
    return samples / max(1.0, np.abs(samples).max())


def add_hiss(decibels, loudness):
    """Let a steady hiss be heard in every filter: powers add up.

    Parameters
    ----------
    decibels : array, float [..., M]
    loudness : float
        Of the hiss, in decibels.

    Returns
    -------
    ndarray, float [..., M]

    Examples
    --------
    >>> add_hiss([-80.0, -40.0, -20.0], loudness=-40).round().tolist()
    [-40.0, -37.0, -20.0]
    """
    return 10 * np.log10(10 ** (np.asarray(decibels) / 10) + 10 ** (loudness / 10))


def change_speed(frames, speed):
    """Speak faster or slower, at the same pitch: move along the frames in other steps.

    Parameters
    ----------
    frames : array, float [N, T, M]
    speed : float
        Above 1 faster; at the end all begins again, from the last frame back.

    Returns
    -------
    frames : ndarray, float [N, T, M]
        Each between its two nearest.
    at : ndarray, int [T]
        The nearest frame of the original.

    Examples
    --------
    >>> frames, at = change_speed(np.arange(4.0).reshape(1, 4, 1), speed=1.5)
    >>> frames.ravel().tolist(), at.tolist()
    ([0.0, 1.5, 3.0, 1.5], [0, 2, 3, 2])
    """
    frames = np.asarray(frames)
    last = frames.shape[1] - 1
    times = np.arange(last + 1) * speed
    times = last - np.abs(times % (2 * last) - last)
    low = np.floor(times).astype(int)
    high, share = np.minimum(low + 1, last), (times - low)[None, :, None]
    changed = frames[:, low] * (1 - share) + frames[:, high] * share
    return changed, np.round(times).astype(int)


def expect_samples(samples):
    """Refuse what cannot be heard: two rows, too few, no number, whole numbers."""
    samples = np.asarray(samples)
    if samples.ndim != 1 or len(samples) < WINDOW:
        raise LessonError(
            f"samples have shape {list(samples.shape)}, expected [S] with S at least "
            f"{WINDOW}: one channel, one frame"
        )
    if not np.issubdtype(samples.dtype, np.floating):
        raise LessonError(
            f"samples are {samples.dtype}, expected floats in [-1, 1]: divide int16 by "
            "32,768"
        )
    if not np.abs(samples).max() <= 1:
        raise LessonError(
            f"samples lie between {samples.min()} and {samples.max()}, expected floats "
            "in [-1, 1]: divide int16 by 32,768, and look for NaN"
        )
    return np.float32(samples)


def read_wav(path):
    """Read a recording.

    Parameters
    ----------
    path : path
        Of a ``.wav`` file: one channel, 16 bits, 16,000 samples a second.

    Returns
    -------
    ndarray, float32 [S] in [-1, 1]

    Raises
    ------
    LessonError
        For any other file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "hiss.wav"
    ...     written = path.write_bytes(wav_bytes(np.full(800, 0.5)))
    ...     read_wav(path)[:2].tolist()
    [0.5, 0.5]
    """
    try:
        with wave.open(str(path)) as file:
            found = {
                "channels": file.getnchannels(),
                "bits": 8 * file.getsampwidth(),
                "samples a second": file.getframerate(),
            }
            samples = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise LessonError(
            f"{path} is no sound that can be read ({error or 'it is empty'}): "
            "expected a .wav file of plain samples"
        ) from error
    expected = {"channels": 1, "bits": 16, "samples a second": RATE}
    if found != expected:
        wrong = [name for name in expected if found[name] != expected[name]]
        raise LessonError(
            f"{path} has "
            + ", ".join(f"{found[name]:,} {name}" for name in wrong)
            + ", expected "
            + ", ".join(f"{expected[name]:,}" for name in wrong)
            + f": convert it with ffmpeg -i IN -ac 1 -ar {RATE} -c:a pcm_s16le OUT.wav"
        )
    return expect_samples(np.frombuffer(samples, "<i2") / np.float32(32_768))


def wav_bytes(samples):
    """Write samples as a ``.wav`` file of 16 bits.

    Parameters
    ----------
    samples : array, float [S] in [-1, 1]

    Returns
    -------
    bytes

    Examples
    --------
    >>> len(wav_bytes(np.zeros(800)))
    1644
    """
    whole = np.clip(np.round(32_768 * np.asarray(samples)), -32_768, 32_767)
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(whole.astype("<i2").tobytes())
    return file.getvalue()
