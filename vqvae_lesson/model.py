"""The VQ-VAE as one object (chapter 07).

Encoder, quantizer and decoder in a row, after van den Oord et al. 2017,
arXiv:1711.00937, with the sizes of the article.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from vqvae_lesson.decoder import build_decoder
from vqvae_lesson.ema import VectorQuantizerEMA
from vqvae_lesson.encoder import build_encoder, check_images
from vqvae_lesson.errors import LessonError
from vqvae_lesson.losses import straight_through
from vqvae_lesson.quantizer import lookup


class Output(NamedTuple):
    """Everything one pass through the model makes of a batch.

    Attributes
    ----------
    latents : tensor, float32 [B, L, D]
    indices : tensor, int32 [B, L]
    quantized : tensor, float32 [B, L, D]
    logits : tensor, float32 [B, H, W, C]
    """

    latents: tf.Tensor
    indices: tf.Tensor
    quantized: tf.Tensor
    logits: tf.Tensor


class VQVAE(keras.Model):
    """Encoder, vector quantizer and decoder.

    Parameters
    ----------
    image_shape : tuple of int
        Height, width, channels.
    num_codes, code_size, latent_size, base_depth : int
        K, D, L, and the filters of the first layers.
    decay : float
        γ of the moving averages.
    ema_start : {"article", "debiased", "consistent"}
        How the moving averages begin.
    seed : int
        Fixes every first weight.
    neck_depth : int
        Of the encoder; see :func:`vqvae_lesson.encoder.build_encoder`.
    revive_below : float
        See :func:`vqvae_lesson.ema.revive`.
    """

    def __init__(
        self,
        image_shape=(28, 28, 1),
        num_codes=64,
        code_size=16,
        latent_size=1,
        base_depth=32,
        decay=0.99,
        ema_start="article",
        seed=0,
        neck_depth=4,
        revive_below=0.0,
    ):
        super().__init__(name="vqvae")
        keras.utils.set_random_seed(seed)
        sizes = (tuple(image_shape), latent_size, code_size, base_depth)
        self.encoder = build_encoder(*sizes, neck_depth)
        self.quantizer = VectorQuantizerEMA(
            num_codes, code_size, decay, ema_start, seed, revive_below, name="quantizer"
        )
        self.decoder = build_decoder(*sizes)
        self.image_shape = tuple(image_shape)
        self.num_codes, self.latent_size = num_codes, latent_size
        self.built = True

    def call(self, images, training=False):
        """Encode, quantize, decode.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]
        training : bool
            Makes no difference: the codes move only in a training step.

        Returns
        -------
        Output

        Raises
        ------
        LessonError
            For images of another shape than the model's, or none.
        """
        check_images(images, self.image_shape)
        latents = self.encoder(images)
        quantized, indices = self.quantizer(latents)
        logits = self.decoder(straight_through(latents, quantized))
        return Output(latents, indices, quantized, logits)

    def decode(self, indices):
        """Draw the pictures that codes stand for.

        Parameters
        ----------
        indices : tensor, int32 [B, L]

        Returns
        -------
        tensor, float32 [B, H, W, C] in [0, 1]
            The mean of each pixel's Bernoulli distribution.

        Raises
        ------
        LessonError
            For a shape other than [B, L], no row at all, or an index outside 0
            to K - 1.
        """
        indices = np.asarray(indices)
        if (
            indices.ndim != 2
            or indices.shape[1] != self.latent_size
            or not len(indices)
        ):
            raise LessonError(
                f"indices have shape {list(indices.shape)}, expected [B, "
                f"{self.latent_size}] with B at least 1"
            )
        if not 0 <= indices.min() <= indices.max() < self.num_codes:
            raise LessonError(
                f"indices lie between {indices.min()} and {indices.max()}, expected 0 "
                f"to {self.num_codes - 1}"
            )
        return tf.sigmoid(self.decoder(lookup(self.quantizer.codebook, indices)))

    def reconstruct(self, images):
        """Encode, quantize, decode; parameter and result as for `call`'s images.

        Returns
        -------
        tensor, float32 [B, H, W, C] in [0, 1]
        """
        return self.decode(self(images).indices)

    def sample(self, count, seed=0):
        """Draw letters from random codes, all equally likely.

        Parameters
        ----------
        count : int
        seed : int

        Returns
        -------
        tensor, float32 [count, H, W, C] in [0, 1]
        """
        shape = [count, self.latent_size]
        return self.decode(
            np.random.default_rng(seed).integers(self.num_codes, size=shape)
        )
