"""Speech as codes, and the decoder told who speaks (chapter 18).

An utterance is an array as any image of the book: its first row says who speaks, the
others are frames of :mod:`vqvae_lesson.sound`. The encoder sees frames alone, so codes
need not say what the decoder is told, after van den Oord et al. 2017,
arXiv:1711.00937, section 4.3.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from keras import layers

from vqvae_lesson.data import Letters
from vqvae_lesson.health import WarmUp
from vqvae_lesson.losses import (
    Losses,
    commitment_loss,
    prior_loss,
    straight_through,
)
from vqvae_lesson.model import VQVAE, Output, checks_images
from vqvae_lesson.noise import for_the_batch
from vqvae_lesson.runs.files import open_arrays
from vqvae_lesson.sound import FLOOR, MELS

__all__ = [
    "PHONEMES",
    "VOICES",
    "Voice",
    "Speech",
    "load_speech",
    "load_faster",
    "Clip",
    "load_clips",
    "utterances",
    "build_speech_encoder",
    "build_speech_decoder",
    "frame_distribution",
    "SpeechVQVAE",
    "nearest_voices",
    "code_sounds",
    "spell_out",
]

tfd = tfp.distributions
#: The sounds of the ten names, vowels first.
PHONEMES = ("a", "i", "u", "e", "o", "k", "s", "ts", "n", "h", "m", "y", "r")
#: Frames of an utterance: 1.28 seconds.
FRAMES = 128
#: The book's speech.
SPEECH = Path(__file__).parent / "sounds" / "names.npz"
#: Its sequences held out, spoken at so many times the speed.
FASTER = 1.4
FASTER_SPEECH = SPEECH.with_name("faster.npz")


class Voice(NamedTuple):
    """One who speaks.

    Attributes
    ----------
    name : str
        As eSpeak NG has it: a language and a variant.
    pitch : int
        0 to 99.
    speed : int
        Words a minute.
    held_out : bool
        Whether nothing that it says is trained on.
    """

    name: str
    pitch: int
    speed: int
    held_out: bool


def _voices(names, held_out):
    """Give voices pitch and speed, spread evenly, neither in step with the other."""
    return tuple(
        Voice(
            f"ja+{name}", 35 + 5 * (3 * place % 8), 140 + 10 * (5 * place % 7), held_out
        )
        for place, name in enumerate(names.split())
    )


#: 16 voices to train on, then 8 held out; women and men by turns.
VOICES = _voices(
    "f1 m1 f2 m3 f3 m4 f4 m7 Andrea Alex belinda Michael linda marcelo steph max", False
) + _voices("f5 m2 anika m6 aunty miguel grandma victor", True)
#: Utterances whose sound is kept: their part, voice and turn.
CLIPS = (
    ("train", "ja+f3", 0),
    ("sequences", "ja+f3", 0),
    ("sequences", "ja+m4", 0),
    ("voices", "ja+f5", 0),
    ("voices", "ja+m2", 0),
)
PARTS = ("train", "sequences", "voices")


@dataclass(frozen=True)
class Speech:
    """Utterances of one part of the book's speech.

    Attributes
    ----------
    decibels : ndarray, float32 [N, T, M]
        Whole numbers from -80 up.
    phonemes : ndarray, int [N, T]
        Which of :data:`PHONEMES` is spoken in the middle of each frame.
    voices : ndarray, int [N]
        Which of :data:`VOICES` speaks.

    Examples
    --------
    >>> part = Speech(np.full([2, 128, 40], -30.0), np.zeros([2, 128], int), [0, 5])
    >>> part.images.shape
    (2, 129, 40, 1)
    """

    decibels: np.ndarray
    phonemes: np.ndarray
    voices: np.ndarray

    @property
    def images(self):
        """Utterances as the model takes them, float32 [N, 1 + T, M, 1] in [0, 1]."""
        return utterances(self.decibels, self.voices)


def load_speech(path=None):
    """Load the book's speech.

    Parameters
    ----------
    path : path, optional
        Of a file that ``make speech-data`` has made; the book's, if left out.

    Returns
    -------
    dict
        Of :class:`Speech`: `train`; `sequences`, other orders by the same voices; and
        `voices`, names by voices held out.

    Examples
    --------
    >>> speech = load_speech()
    >>> {name: part.decibels.shape for name, part in speech.items()}
    {'train': (320, 128, 40), 'sequences': (96, 128, 40), 'voices': (96, 128, 40)}
    """
    with open_arrays(path or SPEECH) as file:
        arrays = dict(file)
    return {
        name: _to_speech(arrays, arrays["parts"] == number)
        for number, name in enumerate(PARTS)
    }


def _to_speech(arrays, rows=slice(None)):
    """Take some rows of a file's arrays, in whole decibels from -80 up."""
    return Speech(
        np.float32(arrays["frames"][rows]) + FLOOR,
        arrays["phonemes"][rows].astype(int),
        arrays["voices"][rows].astype(int),
    )


def load_faster(path=None):
    """Load the sequences held out as the same voices say them 1.4 times as fast.

    Parameters
    ----------
    path : path, optional
        Of a file that ``make speech-data`` has made; the book's, if left out.

    Returns
    -------
    Speech
        The program was asked for 1.4 times the words a minute, and for nothing else:
        same names, pitch and noise.

    Examples
    --------
    >>> load_faster().decibels.shape
    (96, 128, 40)
    """
    with open_arrays(path or FASTER_SPEECH) as file:
        return _to_speech(file)


class Clip(NamedTuple):
    """An utterance that can be heard.

    Attributes
    ----------
    part, voice : str
    row : int
        Which of the part's utterances it is.
    samples : ndarray, float32 [S] in [-1, 1]
    """

    part: str
    voice: str
    row: int
    samples: np.ndarray


def load_clips(path=None):
    """Load the sound of some utterances.

    Parameters
    ----------
    path : path, optional
        Of a file that ``make speech-data`` has made; the book's, if left out.

    Returns
    -------
    list of Clip

    Examples
    --------
    >>> clip = load_clips()[1]
    >>> clip.part, clip.voice, clip.samples.shape
    ('sequences', 'ja+f3', (20720,))
    """
    with open_arrays(path or SPEECH) as file:
        samples, parts, voices = file["clips"], file["parts"], file["voices"]
    names, clips = [voice.name for voice in VOICES], []
    for sound, (part, name, turn) in zip(samples, CLIPS, strict=True):
        own = voices[parts == PARTS.index(part)]
        row = np.flatnonzero(own == names.index(name))[turn]
        clips.append(Clip(part, name, int(row), np.float32(sound / 32_767)))
    return clips


def speech_letters():
    """Load the book's speech as what any model is trained on.

    Returns
    -------
    vqvae_lesson.data.Letters
        Utterances for images; who speaks, for labels; sequences held out.
    """
    speech = load_speech()
    train, held_out = speech["train"], speech["sequences"]
    names = tuple(voice.name for voice in VOICES)
    return Letters(
        "speech", train.images, train.voices, held_out.images, held_out.voices, names
    )


def utterances(decibels, voices=None):
    """Put who speaks before the frames.

    Parameters
    ----------
    decibels : array, float [N, T, M]
    voices : array, int [N], optional
        Numbers below M. Nobody, if not said, or -1.

    Returns
    -------
    ndarray, float32 [N, 1 + T, M, 1] in [0, 1]
        In the first row a 1 at the voice's number; then the frames, 0 for -80
        decibels and 1 for 0.

    Examples
    --------
    >>> images = utterances(np.full([1, 3, 4], -20.0), voices=[2])
    >>> images[0, :, :, 0].tolist()[:2]
    [[0.0, 0.0, 1.0, 0.0], [0.75, 0.75, 0.75, 0.75]]
    """
    decibels = np.asarray(decibels, np.float32)
    voices = np.full(len(decibels), -1) if voices is None else np.asarray(voices)
    first = voices[:, None] == np.arange(decibels.shape[2])
    frames = np.clip(1 - decibels / FLOOR, 0, 1)
    return np.concatenate([first[:, None], frames], axis=1, dtype=np.float32)[..., None]


def missing_frames(image_shape, halvings):
    """Frames to add before and behind, so that an utterance divides."""
    more = -(image_shape[0] - 1) % 2**halvings
    return more // 2, more - more // 2


def build_speech_encoder(
    image_shape=(1 + FRAMES, MELS, 1),
    halvings=1,
    code_size=16,
    base_depth=64,
    neck_depth=64,
):
    """Build the encoder: frames in, without who speaks; a row of latents out.

    Parameters
    ----------
    image_shape : tuple of int
        1 + T, M, 1.
    halvings : int
        How often frames are halved: 1 leaves a latent every 20 ms.
    code_size, base_depth, neck_depth : int
        As for :func:`vqvae_lesson.encoder.build_encoder`.

    Returns
    -------
    keras.Sequential
        From utterances [B, 1 + T, M, 1] to latents [B, L, D].

    Examples
    --------
    >>> build_speech_encoder(base_depth=2)(np.zeros([3, 129, 40, 1])).shape.as_list()
    [3, 64, 16]
    """

    def convolve(filters, size, stride=1):
        return layers.Conv1D(filters, size, stride, "same", activation="elu")

    halves = [
        layer
        for _ in range(halvings)
        for layer in (convolve(base_depth, 7), convolve(base_depth, 7, stride=2))
    ]
    return keras.Sequential(
        [
            layers.Input(image_shape),
            layers.Cropping2D(((1, 0), (0, 0))),
            layers.Reshape([image_shape[0] - 1, image_shape[1]]),
            layers.ZeroPadding1D(missing_frames(image_shape, halvings)),
            *halves,
            convolve(neck_depth, 5),
            layers.Conv1D(code_size, 1),
        ],
        name="encoder",
    )


def build_speech_decoder(
    image_shape=(1 + FRAMES, MELS, 1),
    halvings=1,
    code_size=16,
    base_depth=64,
    voice_size=16,
):
    """Build the decoder: codes and who speaks in, frames out.

    Each code speaks for its own frames, whatever stands beside it: so codes cannot
    share a sound among them.

    Parameters
    ----------
    image_shape, halvings, code_size, base_depth
        As for :func:`build_speech_encoder`.
    voice_size : int
        Numbers that stand for a voice.

    Returns
    -------
    keras.Model
        From latents [B, L, D] and voices [B, M], a 1 in each row or none, to frames
        [B, T, M].

    Examples
    --------
    >>> decoder = build_speech_decoder(base_depth=2)
    >>> decoder([np.zeros([3, 64, 16]), np.zeros([3, 40])]).shape.as_list()
    [3, 128, 40]
    """
    more = missing_frames(image_shape, halvings)
    length = (image_shape[0] - 1 + sum(more)) // 2**halvings
    latents = layers.Input([length, code_size])
    voices = layers.Input([image_shape[1]])
    # From zeros, so that a voice never trained on is nobody's.
    begin = {"use_bias": False, "kernel_initializer": "zeros"}
    voice = layers.Dense(voice_size, **begin, name="voices")(voices)
    told = layers.Concatenate()([latents, layers.RepeatVector(length)(voice)])
    thought = layers.Dense(base_depth, activation="elu")(told)
    thought = layers.Dense(base_depth, activation="elu")(thought)
    frames = layers.Dense(2**halvings * image_shape[1])(thought)
    frames = layers.Reshape([2**halvings * length, image_shape[1]])(frames)
    frames = layers.Cropping1D(more)(frames)
    return keras.Model([latents, voices], frames, name="decoder")


def frame_distribution(means, spread):
    """Make the decoder's frames a distribution over frames.

    Parameters
    ----------
    means : tensor, float32 [B, T, M]
        Decibels.
    spread : float
        Standard deviation of every number, in decibels.

    Returns
    -------
    tfd.Independent
        B distributions over frames [T, M]. A density: per decibel, so that of a whole
        decibel it is nearly the probability, unless the spread is small.

    Examples
    --------
    >>> frames = frame_distribution(tf.zeros([5, 128, 40]), spread=4.0)
    >>> frames.batch_shape.as_list(), frames.event_shape.as_list()
    ([5], [128, 40])
    """
    normal = tfd.Normal(means, spread)
    return tfd.Independent(normal, reinterpreted_batch_ndims=2)


class SpeechWarmUp(WarmUp):
    """What is trained in the first steps: the model without its codes."""

    def losses(self, images, noise):
        """Say how far the autoencoder is from its utterances, and from the origin."""
        model = self.model
        latents = model.encoder(images)
        normal = tf.random.stateless_normal
        noisy = latents + for_the_batch(normal, tf.shape(latents), noise)
        frames = model.decoder([noisy, model.told(images)])
        nats = model.frame_nats(images, frames)
        reconstruction = tf.reduce_mean(nats)
        pull = commitment_loss(latents, tf.zeros_like(latents))
        total = reconstruction + self.weight * pull
        return Losses(total, reconstruction, pull, tf.zeros([])), None


class SpeechVQVAE(VQVAE):
    """A VQ-VAE whose image is an utterance, and whose decoder is told who speaks.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.SpeechRecipe
    image_shape : tuple of int
        1 + T, M, 1.
    seed : int
        Fixes every first weight.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("speech", base_depth=2).build((129, 40, 1), seed=0)
    >>> model.represent(np.zeros([3, 129, 40, 1], np.float32)).shape.as_list()
    [3, 64]
    """

    def __init__(self, recipe, image_shape=(1 + FRAMES, MELS, 1), seed=0):
        super().__init__(recipe, image_shape, seed)
        self.warm_up = SpeechWarmUp(self, recipe.warm_up_weight)

    def make_encoder(self):
        """Build the network from utterances to latents [B, L, D]."""
        return build_speech_encoder(*self.sizes(), self.recipe.neck_depth)

    def make_decoder(self):
        """Build the network from latents and voices to frames [B, T, M]."""
        return build_speech_decoder(*self.sizes())

    def sizes(self):
        """Sizes that both networks are built from."""
        recipe = self.recipe
        return self.image_shape, recipe.halvings, recipe.code_size, recipe.base_depth

    def told(self, images):
        """Say what the decoder is told of who speaks, float32 [B, M].

        Parameters
        ----------
        images : tensor, float32 [B, 1 + T, M, 1]
        """
        voices = tf.convert_to_tensor(images)[:, 0, :, 0]
        return voices if self.recipe.tell_voice else tf.zeros_like(voices)

    def frame_nats(self, images, frames):
        """Cost of each utterance's frames, float32 [B], in nats.

        Parameters
        ----------
        images : tensor, float32 [B, 1 + T, M, 1]
        frames : tensor, float32 [B, T, M]
            What the decoder says, in the same unit.
        """
        decibels = frame_distribution(-FLOOR * frames, self.recipe.spread)
        return -decibels.log_prob(-FLOOR * images[:, 1:, :, 0])

    @checks_images
    def call(self, images, training=False):
        """Encode, quantize, decode.

        Parameters
        ----------
        images : tensor, float32 [B, 1 + T, M, 1] in [0, 1]
        training : bool
            Makes no difference.

        Returns
        -------
        Output
            With frames [B, T, M] for its `logits`.
        """
        latents = self.encoder(images)
        quantized, indices = self.quantizer(latents)
        passed = straight_through(latents, quantized)
        frames = self.decoder([passed, self.told(images)])
        return Output(latents, indices, quantized, frames)

    def losses(self, images, noise=None):
        """Reconstruction, commitment and prior; nothing is drawn at random."""
        output = self(images)
        reconstruction = tf.reduce_mean(self.frame_nats(images, output.logits))
        commitment = commitment_loss(output.latents, output.quantized)
        prior = prior_loss(output.indices, self.num_codes)
        total = reconstruction + self.recipe.commitment_weight * commitment + prior
        return Losses(total, reconstruction, commitment, prior), output

    def measure(self, images, noise=None):
        """Nats and indices of each utterance."""
        output = self(images)
        return self.frame_nats(images, output.logits), output.indices

    def decode(self, indices, voices=None):
        """Say what codes stand for.

        Parameters
        ----------
        indices : tensor, int32 [B, L]
        voices : array, int [B], optional
            Who says it. Nobody, if not said, or -1: a voice between all others, from
            which each set out when training began.

        Returns
        -------
        tensor, float32 [B, 1 + T, M, 1] in [0, 1]
            Who speaks, and the mean of each frame.
        """
        indices = self.expect_indices(indices)
        voices = np.full(len(indices), -1) if voices is None else np.asarray(voices)
        told = tf.one_hot(voices, self.image_shape[1])
        frames = self.decoder([self.quantizer.lookup(indices), told])
        frames = tf.clip_by_value(frames, 0.0, 1.0)
        return tf.concat([told[:, None], frames], axis=1)[..., None]

    def reconstruct(self, images, seed=0):
        """Pass utterances through the model, each told in its own voice."""
        first = np.asarray(images)[:, 0, :, 0]
        voices = np.where(first.max(axis=1) > 0, first.argmax(axis=1), -1)
        return self.decode(self.represent(images), voices)


def nearest_voices(model, decibels):
    """Find, for each utterance, the voice to train on that says its codes most alike.

    Parameters
    ----------
    model : SpeechVQVAE
    decibels : array, float [N, T, M]

    Returns
    -------
    ndarray, int [N]
        Which of :data:`VOICES`: what the decoder can be told of a voice held out.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("speech", base_depth=2).build((129, 40, 1), seed=0)
    >>> nearest_voices(model, np.full([3, 128, 40], -30.0)).shape
    (3,)
    """
    known = [number for number, voice in enumerate(VOICES) if not voice.held_out]
    nats = [
        model.measure(utterances(decibels, np.full(len(decibels), number)))[0]
        for number in known
    ]
    return np.array(known)[np.argmin(nats, axis=0)]


def code_sounds(model):
    """Say what each code sounds like, whoever speaks.

    A code alone has no voice. What is then expected of its frames is their mean over
    all voices that the decoder knows.

    Parameters
    ----------
    model : SpeechVQVAE

    Returns
    -------
    ndarray, float32 [K, F, M]
        Decibels of the F frames that a code stands for.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("speech", base_depth=2).build((129, 40, 1), seed=0)
    >>> code_sounds(model).shape
    (32, 2, 40)
    """
    known = [number for number, voice in enumerate(VOICES) if not voice.held_out]
    rows = -(-model.num_codes // model.latent_size)
    codes = np.resize(np.arange(model.num_codes), [rows, model.latent_size])
    said = [model.decode(codes, np.full(rows, one))[:, 1:, :, 0] for one in known]
    frames = FLOOR - FLOOR * np.mean(said, axis=0)
    step = frames.shape[1] // model.latent_size
    return frames.reshape(-1, step, frames.shape[2])[: model.num_codes]


def spell_out(codes, sounds, hold=2, rest=1):
    """Say codes one after the other, each run of equal codes as long as any other.

    Parameters
    ----------
    codes : array, int [L]
    sounds : array, float [K, F, M]
        Of each code, such as :func:`code_sounds`.
    hold : int
        How long each of its frames lasts, in frames.
    rest : int
        Frames of silence after each run.

    Returns
    -------
    decibels : ndarray, float [T, M]
    begins : ndarray, float [L + 1]
        At which of these frames each code begins, and the last ends; the codes of a
        run share its time.

    Examples
    --------
    >>> sounds = np.array([[[-30.0], [-20.0]], [[-50.0], [-40.0]]])
    >>> decibels, begins = spell_out([1, 0, 0], sounds, hold=1, rest=1)
    >>> decibels.ravel().tolist(), begins.tolist()
    ([-50.0, -40.0, -80.0, -30.0, -20.0, -80.0], [0.0, 3.0, 4.5, 6.0])
    """
    codes = np.asarray(codes)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    said = np.repeat(np.asarray(sounds)[codes[starts]], hold, axis=1)
    silence = np.full([len(starts), rest, said.shape[2]], FLOOR, said.dtype)
    spelled = np.concatenate([said, silence], axis=1)  # [R, hold * F + rest, M]
    ends = spelled.shape[1] * np.arange(len(starts) + 1)
    begins = np.interp(np.arange(len(codes) + 1), [*starts, len(codes)], ends)
    return spelled.reshape(-1, spelled.shape[2]), begins
