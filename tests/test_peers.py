"""The quantizer beside the published ones, where they are installed.

``make bench`` runs these in the environment that it makes for the peers.
"""

import sys

import numpy as np
import pytest
import tensorflow as tf

from vqvae_lesson.ema import VectorQuantizerEMA, ema_step, start_averages
from vqvae_lesson.losses import commitment_loss, straight_through
from vqvae_lesson.quantizer import lookup, nearest_code
from vqvae_lesson.quantizer_layers import QUANTIZERS
from vqvae_lesson.quantizers import (
    bit_entropies,
    finite_scalars,
    gumbel_softmax,
    product_codes,
    residual_codes,
    rotate,
    scalar_codes,
    sign_bits,
    to_digits,
    to_number,
)
from vqvae_lesson.recipes import QuantizerRecipe, find_recipe
from vqvae_lesson.sound import (
    FFT,
    HIGHEST,
    HOP,
    LOWEST,
    MELS,
    RATE,
    WINDOW,
    log_mel,
    mel_filters,
)

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


# Quantizers of chapter 16


@pytest.fixture(scope="module")
def library():
    pytest.importorskip("torch")
    return pytest.importorskip("vector_quantize_pytorch")


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def in_torch(array):
    return sys.modules["torch"].tensor(array, requires_grad=True)


def slope(function, array):
    """Value of a function in TensorFlow, and the gradient of its sum."""
    array = tf.constant(array)
    with tf.GradientTape() as tape:
        tape.watch(array)
        value = function(array)
    return value, tape.gradient(value, array)


@pytest.mark.parametrize("levels", [[3], [8], [4, 7], [8, 5, 5, 5], [5, 4, 3]])
def test_scalars_equal_those_of_vector_quantize_pytorch(levels, library):
    peer = library.FSQ(levels)  # as here a bound of 1 + 0.001; the paper's is 1 - 0.001
    numbers = np.arange(peer.codebook_size)
    codes = scalar_codes(to_digits(numbers, levels), levels)
    theirs = peer.indices_to_codes(sys.modules["torch"].tensor(numbers))
    np.testing.assert_allclose(codes, theirs, atol=1e-6)
    latents, digits = 2 * draw(0, 1, 500, len(levels)), []

    def quantize(latents):
        quantized, found = finite_scalars(latents, levels)
        digits.append(found)
        return quantized

    quantized, gradient = slope(quantize, latents)
    given = in_torch(latents)
    expected, indices = peer(given)
    expected.sum().backward()
    np.testing.assert_array_equal(to_number(digits[0], levels), indices)
    np.testing.assert_allclose(quantized, expected.detach(), atol=1e-6)
    np.testing.assert_allclose(gradient, given.grad, atol=1e-5)


def test_vector_quantize_pytorch_refuses_two_levels_whose_border_is_far_away(library):
    with pytest.raises(AssertionError):
        library.FSQ([2, 5])
    borders = np.linspace(-5, 5, 101)[:, None]
    digits = finite_scalars(borders, [2])[1].numpy().ravel()
    assert borders[digits.argmax(), 0] == pytest.approx(-3.8, abs=0.1)


@pytest.mark.parametrize("temperature", [0.01, 1.0])  # theirs is 1 / 100 at first
@pytest.mark.parametrize("size", [1, 3, 6])
def test_bits_and_entropies_equal_those_of_vector_quantize_pytorch(
    size, temperature, library
):
    peer = library.LFQ(dim=size, entropy_loss_weight=1.0).train()
    latents = 0.3 * draw(0, 1, 300, size)
    given = in_torch(latents)
    (passed, indices, loss), parts = peer(given, 1 / temperature, True)
    quantized, bits = sign_bits(latents)
    np.testing.assert_allclose(quantized, passed.detach(), atol=1e-6)
    # Their first bit counts most.
    np.testing.assert_array_equal(to_number(bits[..., ::-1], [2] * size), indices)
    loss.backward()

    def term(latents):
        undecided, even = bit_entropies(latents[0], temperature)
        # They take shares below 1e-5 for 1e-5 in the logarithm.
        assert float(undecided) == pytest.approx(parts[0].item(), abs=2e-3)
        assert float(even) == pytest.approx(parts[1].item(), abs=2e-3)
        return undecided - even

    found, gradient = slope(term, latents)
    assert float(found) == pytest.approx(loss.item(), abs=2e-3)
    np.testing.assert_allclose(gradient, given.grad, atol=1e-3)


def test_stages_equal_those_of_vector_quantize_pytorch(library):
    codebooks = draw(1, 4, 9, 3) / np.float32([1, 2, 4, 8])[:, None, None]
    peer = library.ResidualVQ(dim=3, num_quantizers=4, codebook_size=9).eval()
    for layer, codebook in zip(peer.layers, codebooks, strict=True):
        layer._codebook.embed.data.copy_(layer._codebook.embed.new_tensor(codebook))
    latents = draw(2, 1, 300, 3)
    sums, digits = residual_codes(latents, codebooks)
    quantized, indices, _, codes = peer(in_torch(latents), return_all_codes=True)
    np.testing.assert_array_equal(digits, indices)
    np.testing.assert_allclose(sums[-1], quantized.detach(), atol=1e-5)
    np.testing.assert_allclose(sums, codes.cumsum(0).detach(), atol=1e-5)


def test_groups_equal_those_of_vector_quantize_pytorch(library):
    codebooks = draw(1, 2, 9, 3)
    sizes = {"num_quantizers": 1, "codebook_size": 9}
    peer = library.GroupedResidualVQ(dim=6, groups=2, **sizes).eval()
    for group, codebook in zip(peer.rvqs, codebooks, strict=True):
        embed = group.layers[0]._codebook.embed
        embed.data.copy_(embed.new_tensor(codebook))
    latents = draw(2, 1, 300, 6)
    quantized, digits = product_codes(latents, codebooks)
    theirs, indices, _ = peer(in_torch(latents))
    np.testing.assert_array_equal(tf.transpose(digits[0]), indices[:, 0, :, 0])
    np.testing.assert_allclose(quantized, theirs.detach(), atol=1e-5)


def test_rotation_equals_that_of_vector_quantize_pytorch(library):
    from vector_quantize_pytorch.vector_quantize_pytorch import rotate_to

    latents, quantized, upward = draw(0, 50, 5), 2 * draw(1, 50, 5), draw(2, 50, 5)
    given = in_torch(latents)
    theirs = rotate_to(given, given.new_tensor(quantized))
    (theirs * given.new_tensor(upward)).sum().backward()
    np.testing.assert_allclose(rotate(latents, quantized), theirs.detach(), atol=1e-4)
    _, gradient = slope(lambda one: rotate(one, quantized) * upward, latents)
    np.testing.assert_allclose(gradient, given.grad, rtol=1e-3, atol=1e-4)
    # A latent of 0 they pass on as 0, and we as its code.
    nothing = rotate_to(given.new_tensor([[0.0, 0.0]]), given.new_tensor([[1.0, 2.0]]))
    assert not nothing.any()
    assert rotate([[0.0, 0.0]], [[1.0, 2.0]]).numpy().tolist() == [[1, 2]]


@pytest.mark.parametrize("turned", [False, True])
def test_simvq_equals_that_of_vector_quantize_pytorch(turned, library):
    peer = library.SimVQ(dim=4, codebook_size=16, rotation_trick=turned)
    sizes = {"num_codes": 16, "code_size": 4, "commitment_weight": 0.25}
    recipe = QuantizerRecipe(quantizer="simple", rotate=turned, **sizes)
    layer = QUANTIZERS["simple"](recipe, seed=0)
    layer.frozen.assign(peer.frozen_codebook)
    layer.mix.assign(peer.code_transform.weight.detach().T)  # they multiply from left
    np.testing.assert_allclose(layer.codebook, peer.codebook.detach(), atol=1e-6)
    latents, upward = tf.constant(draw(1, 1, 60, 4)), draw(2, 1, 60, 4)
    given = in_torch(latents.numpy())
    passed, chosen, loss = peer(given)
    (loss + (passed * given.new_tensor(upward)).sum()).backward()
    with tf.GradientTape() as tape:
        tape.watch(latents)
        found = layer(latents)
        total = found.penalty + tf.reduce_sum(found.passed * upward)
    np.testing.assert_array_equal(found.indices, chosen)
    np.testing.assert_allclose(found.passed, passed.detach(), atol=1e-5)
    assert float(found.penalty) == pytest.approx(loss.item(), rel=1e-5)
    for_latents, for_mix = tape.gradient(total, [latents, layer.mix.value])
    theirs = peer.code_transform.weight.grad
    np.testing.assert_allclose(for_latents, given.grad, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(for_mix, theirs.T, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_gumbel_equals_that_of_pytorch(temperature):
    torch = pytest.importorskip("torch")
    logits = draw(0, 50, 7)
    given = in_torch(logits)
    torch.manual_seed(3)
    theirs = torch.nn.functional.gumbel_softmax(given, tau=temperature)
    torch.manual_seed(3)
    # They draw -log of a uniform number at once.
    uniform = np.exp(-torch.empty_like(given).exponential_().detach().numpy())
    upward = draw(1, 50, 7)
    (theirs * given.new_tensor(upward)).sum().backward()
    found, gradient = slope(
        lambda one: upward * gumbel_softmax(one, uniform, temperature), logits
    )
    np.testing.assert_allclose(found, upward * theirs.detach().numpy(), atol=1e-3)
    np.testing.assert_allclose(gradient, given.grad, rtol=1e-2, atol=1e-2)


def test_gumbel_codes_equal_those_of_vector_quantize_pytorch(library):
    import torch
    from vector_quantize_pytorch.vector_quantize_pytorch import gumbel_sample

    logits, temperature = draw(0, 200, 7), 0.5
    given = torch.tensor(logits)
    torch.manual_seed(3)
    drawn, _ = gumbel_sample(given, temperature, stochastic=True)
    torch.manual_seed(3)
    uniform = torch.zeros_like(given).uniform_(0, 1).numpy()
    # They divide logits by the temperature, and not the noise: it changes how often a
    # code is drawn. Here it changes nothing but how soft a draw is.
    found = gumbel_softmax(logits / temperature, uniform, temperature=1.0)
    np.testing.assert_array_equal(np.argmax(found, axis=1), drawn)


# Networks


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


# Sound of chapter 18


def test_mel_filters_are_those_of_librosa_but_for_the_bend_within_a_filter():
    # Its triangles are straight in hertz, TensorFlow's in mel.
    librosa = pytest.importorskip("librosa")
    bands = {"n_mels": MELS, "fmin": LOWEST, "fmax": HIGHEST}
    theirs = librosa.filters.mel(sr=RATE, n_fft=FFT, htk=True, norm=None, **bands).T
    np.testing.assert_allclose(mel_filters(), theirs, atol=0.01)


def test_decibels_are_those_of_librosa():
    librosa = pytest.importorskip("librosa")
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 8_000).astype(np.float32)
    theirs = librosa.feature.melspectrogram(
        y=samples,
        sr=RATE,
        n_fft=FFT,
        win_length=WINDOW,
        hop_length=HOP,
        center=False,
        n_mels=MELS,
        fmin=LOWEST,
        fmax=HIGHEST,
        htk=True,
        norm=None,
    )
    # It puts the window into the middle of the frame, 56 samples later than ours.
    ours = log_mel(samples[(FFT - WINDOW) // 2 :])[: theirs.shape[1]]
    expected = librosa.power_to_db(theirs / (WINDOW / 4) ** 2, top_db=None).T
    np.testing.assert_allclose(ours, expected, atol=0.3)
