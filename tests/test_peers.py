"""The quantizer beside the published ones, where they are installed.

``make bench`` runs these in the environment that it makes for the peers.
"""

import numpy as np
import pytest
import tensorflow as tf

from vqvae_lesson.ema import VectorQuantizerEMA, ema_step, start_averages
from vqvae_lesson.losses import commitment_loss, straight_through
from vqvae_lesson.quantizer import lookup, nearest_code
from vqvae_lesson.recipes import find_recipe

STEPS, DECAY, NUM_CODES, CODE_SIZE = 50, 0.95, 6, 3


def stream():
    """Batches in which every code is chosen, and slowly drifts."""
    random = np.random.default_rng(0)
    centers = 4 * random.normal(size=[NUM_CODES, CODE_SIZE])
    for step in range(STEPS):
        which = np.arange(60) % NUM_CODES
        noise = 0.3 * random.normal(size=[60, CODE_SIZE])
        yield (centers[which] * (1 + 0.002 * step) + noise).astype(np.float32)


def first_codebook():
    return next(stream())[:NUM_CODES].copy()


def test_fifty_steps_equal_those_of_sonnet():
    sonnet = pytest.importorskip("sonnet")
    peer = sonnet.nets.VectorQuantizerEMA(CODE_SIZE, NUM_CODES, 0.25, DECAY)
    peer.embeddings.assign(first_codebook().T)
    codebook = tf.constant(first_codebook())
    state = start_averages(codebook, "debiased")
    for latents in stream():
        theirs = peer(latents, is_training=True)
        indices = nearest_code(latents, state[0])
        np.testing.assert_array_equal(indices, theirs["encoding_indices"])
        quantized = lookup(state[0], indices)
        loss = 0.25 * commitment_loss(latents, quantized)
        np.testing.assert_allclose(loss, theirs["loss"], rtol=1e-4)
        passed = straight_through(latents, quantized)
        np.testing.assert_allclose(passed, theirs["quantize"], rtol=1e-4)
        state = ema_step(state, latents, indices, DECAY, "debiased")
        np.testing.assert_allclose(state[0], tf.transpose(peer.embeddings), rtol=1e-3)


def test_sonnet_sends_a_code_that_nobody_chose_to_zero_and_so_do_we():
    sonnet = pytest.importorskip("sonnet")
    peer = sonnet.nets.VectorQuantizerEMA(CODE_SIZE, NUM_CODES, 0.25, DECAY)
    codebook = first_codebook()
    codebook[4] = 100
    peer.embeddings.assign(codebook.T)
    ours = VectorQuantizerEMA(NUM_CODES, CODE_SIZE, DECAY, "debiased")
    ours.codebook.assign(codebook)
    latents = next(stream())
    peer(latents, is_training=True)
    ours.update(latents, ours(latents)[1])
    assert not peer.embeddings[:, 4].numpy().any()
    assert not ours.codebook[4].numpy().any()


def test_fifty_steps_equal_those_of_vector_quantize_pytorch():
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("vector_quantize_pytorch")
    peer = library.VectorQuantize(
        CODE_SIZE, NUM_CODES, decay=DECAY, commitment_weight=0.25, rotation_trick=False
    )
    codebook = first_codebook()
    inner = peer._codebook
    for average in (inner.embed, inner.embed_avg):
        average.data.copy_(torch.from_numpy(codebook)[None])
    inner.cluster_size.data.fill_(1.0)
    state = start_averages(codebook, "consistent")
    for latents in stream():
        quantized, theirs, loss = peer(torch.from_numpy(latents)[None])
        indices = nearest_code(latents, state[0])
        np.testing.assert_array_equal(indices, theirs[0])
        found = lookup(state[0], indices)
        np.testing.assert_allclose(found, quantized[0].detach(), atol=1e-3)
        expected = 0.25 * commitment_loss(latents, found)
        np.testing.assert_allclose(expected, loss.sum().detach(), rtol=1e-2)
        state = ema_step(state, latents, indices, DECAY, "consistent")
        np.testing.assert_allclose(state[0], inner.embed[0], rtol=1e-3, atol=1e-3)


def turned(images):
    """Turn images or kernels [H, W, ...] by half a turn."""
    return images[::-1, ::-1]


def give_weights(network, layers):
    """Put the weights of Keras' layers, turned, into those of PyTorch."""
    theirs = [layer for layer in network if [*layer.parameters()]]
    ours = [layer for layer in layers if layer.weights]
    for layer, own in zip(theirs, ours, strict=True):
        kernel, bias = own.get_weights()
        # PyTorch has rows and columns last, inputs and outputs the other way round.
        kernel = turned(kernel).transpose(3, 2, 0, 1) if kernel.ndim > 2 else kernel.T
        assert layer.weight.shape == kernel.shape
        layer.weight.data.copy_(layer.weight.new_tensor(kernel.copy()))
        layer.bias.data.copy_(layer.bias.new_tensor(bias))


@pytest.mark.parametrize("name", ["article", "grid"])
def test_networks_that_are_timed_compute_the_same_in_pytorch(name):
    torch = pytest.importorskip("torch")
    from benchmarks.torch_networks import NETWORKS

    model, (encoder, decoder) = find_recipe(name).build(), NETWORKS[name]()
    random = np.random.default_rng(0)
    for network, own in ((encoder, model.encoder), (decoder, model.decoder)):
        weights = sum(weight.numel() for weight in network.parameters())
        assert weights == own.count_params()
        own.set_weights([random.normal(0, 0.05, w.shape) for w in own.get_weights()])
        give_weights(network, own.layers)
    images = random.random([3, 28, 28, 1], np.float32)
    with torch.no_grad():
        latents = encoder(torch.from_numpy(images[:, ::-1, ::-1, 0].copy())[:, None])
        logits = decoder(latents)[:, 0].numpy()[:, ::-1, ::-1, None]
    expected = model.encoder(images)
    np.testing.assert_allclose(latents.numpy()[:, ::-1], expected, atol=1e-5)
    np.testing.assert_allclose(logits, model.decoder(expected), atol=1e-5)
