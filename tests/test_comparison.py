from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy.special import log_expit, logsumexp

from vqvae_lesson.comparison import (
    COMPARED,
    VERSIONS,
    Looks,
    binarize,
    blank_share,
    compare,
    judge,
    load_comparison,
    load_looks,
    random_letters,
    small_models,
)
from vqvae_lesson.data import load_glyphs
from vqvae_lesson.errors import LessonError
from vqvae_lesson.judges import sharpness
from vqvae_lesson.limits import code_cost, code_nats, code_shares
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import RECIPES, VAERecipe, VQVAERecipe
from vqvae_lesson.vae import latent_cost, likelihood_nats

SHAPE, SMALL = (8, 8, 1), {"code_size": 3, "base_depth": 4}


def grey(count, seed=0):
    return np.random.default_rng(seed).random([count, 8, 8, 1]).astype(np.float32)


def with_codes_in_use(num_codes=5):
    model = VQVAERecipe(**SMALL, num_codes=num_codes).build(SHAPE)
    model.quantizer.codebook.assign(model.encoder(grey(num_codes))[:, 0])
    return model


# Black and white


def test_grey_letters_stay_as_they_are():
    images = grey(3)
    assert binarize(images, "grey") is images


def test_the_threshold_is_a_half():
    images = np.float32([0, 0.49, 0.5, 1]).reshape(1, 2, 2, 1)
    assert binarize(images, "threshold").ravel().tolist() == [0, 0, 1, 1]


def test_a_pixel_is_drawn_with_its_grey_as_probability():
    images = np.tile(np.float32([0, 0.25, 0.9, 1]), [20_000, 1]).reshape(-1, 2, 2, 1)
    drawn = binarize(images, "drawn")
    assert set(np.unique(drawn)) == {0, 1}
    shares = drawn.mean(axis=0).ravel()
    assert (shares[0], shares[3]) == (0, 1)
    np.testing.assert_allclose(shares[1:3], [0.25, 0.9], atol=0.01)
    np.testing.assert_array_equal(drawn, binarize(images, "drawn"))
    assert (drawn != binarize(images, "drawn", seed=1)).any()


def test_an_unknown_version_is_refused():
    for ask in (lambda: binarize(grey(1), "blue"), lambda: load_comparison("blue")):
        with pytest.raises(LessonError, match="version is 'blue', expected one of"):
            ask()


def test_a_grid_of_latents_cannot_be_compared():
    model = VQVAERecipe(**SMALL, num_codes=5, latent_size=2).build(SHAPE)
    for measure in (code_shares, lambda *given: code_cost(*given, np.ones(5) / 5)):
        with pytest.raises(LessonError, match="latent_size is 2"):
            measure(model, grey(3))


# Codes


def test_costs_equal_a_loop_over_letters_and_codes():
    model, images = with_codes_in_use(), grey(20, seed=1)
    shares = np.array([0.1, 0.2, 0.3, 0.15, 0.25])
    codes = np.float64(model.quantizer.codebook)
    latents = np.float64(model.encoder(images))[:, 0]
    logits = np.float64(model.decoder(np.float32(codes)[:, None]))
    pixels, prices, likelihoods = [], [], []
    for image, latent in zip(np.float64(images), latents, strict=True):
        nats = [
            -np.sum(image * log_expit(one) + (1 - image) * log_expit(-one))
            for one in logits
        ]
        chosen = ((codes - latent) ** 2).sum(axis=1).argmin()
        pixels.append(nats[chosen])
        prices.append(-np.log(shares[chosen]))
        likelihoods.append(-np.log(np.sum(shares * np.exp(-np.array(nats)))))
    found = code_cost(model, images, shares)
    assert found.reconstruction == pytest.approx(np.mean(pixels), rel=1e-5)
    assert found.price == pytest.approx(np.mean(prices), rel=1e-9)
    assert found.bound == pytest.approx(np.mean(pixels) + np.mean(prices), rel=1e-5)
    assert found.likelihood == pytest.approx(np.mean(likelihoods), rel=1e-5)
    assert found.likelihood < found.bound


def test_all_letters_there_are_have_a_probability_of_one_together():
    """Images of four pixels, black or white: the likelihoods must sum to 1."""
    model = VQVAERecipe(num_codes=3, code_size=2, base_depth=2).build((4, 4, 1))
    values = (np.arange(2**16)[:, None] >> np.arange(16)) & 1
    images = values.reshape(-1, 4, 4, 1).astype(np.float32)
    shares = np.array([0.5, 0.3, 0.2])
    likelihoods = logsumexp(-code_nats(model, images) + np.log(shares), axis=1)
    assert np.exp(likelihoods).sum() == pytest.approx(1, abs=1e-4)
    one_by_one = [code_cost(model, image[None], shares) for image in images[:3]]
    np.testing.assert_allclose(
        [cost.likelihood for cost in one_by_one], -likelihoods[:3], rtol=1e-6
    )


def test_shares_count_one_letter_more_for_every_code():
    model, images = with_codes_in_use(4), grey(4)
    shares = code_shares(model, images)
    np.testing.assert_allclose(shares, [1 / 4] * 4)
    one = code_shares(model, np.repeat(images[:1], 6, axis=0))
    np.testing.assert_allclose(sorted(one), [0.1, 0.1, 0.1, 0.7])


# Latents


def test_a_vae_costs_what_it_measures():
    model, images = VAERecipe(**SMALL, num_components=4).build(SHAPE), grey(12)
    found, measured = latent_cost(model, images, 5), evaluate(model, images)
    other = latent_cost(model, images, 5, seed=1)
    assert other.reconstruction != found.reconstruction
    expected = likelihood_nats(model, images, 5, seed=1)
    assert other.likelihood == pytest.approx(expected, rel=1e-6)
    assert found[:3] == (measured.reconstruction, measured.kl, measured.negative_elbo)
    assert found.likelihood < found.bound


def test_every_version_is_compared():
    letters = load_glyphs(40)
    letters = replace(
        letters,
        train_images=letters.train_images[:, 8:16, 8:16],
        held_out_images=letters.held_out_images[:, 8:16, 8:16],
    )
    for model in (
        with_codes_in_use(),
        VAERecipe(**SMALL, num_components=4).build(SHAPE),
    ):
        found = compare(model, letters)
        assert tuple(found) == VERSIONS
        assert len({cost.bound for cost in found.values()}) == 3


# What was found


def test_the_stored_comparison_holds_all_seeds_of_all_models():
    for version in VERSIONS:
        found = load_comparison(version)
        assert found.keys() == COMPARED.keys()
        for costs in found.values():
            assert len(costs) == 3
            for cost in costs:
                assert cost.bound == pytest.approx(
                    cost.reconstruction + cost.price, abs=2e-3
                )
                assert cost.likelihood < cost.bound


# Pictures


def test_the_small_models_are_the_large_ones_but_for_size_and_steps():
    small = small_models()
    large = {"base_depth": 32, "epochs": 20}
    for name in ("article", "healthy", "vae", "vae-wide"):
        assert replace(small[name], **large) == RECIPES[name]
    between = asdict(small["vae, falling"]).items()
    assert dict(between - asdict(small["vae"]).items()) == {"falling_rate": True}
    assert dict(asdict(small["vae-wide"]).items() - between) == {"neck_depth": 64}


def test_random_letters_come_up_as_often_as_their_shares_say():
    model = with_codes_in_use(3)
    drawn = random_letters(model, 3_000, np.array([0.6, 0.0, 0.4]))
    pictures = model.decode(np.arange(3)[:, None]).numpy()
    same = np.all(np.isclose(drawn[:, None], pictures, atol=1e-6), axis=(2, 3, 4))
    np.testing.assert_allclose(same.mean(axis=0), [0.6, 0, 0.4], atol=0.03)
    other = random_letters(model, 3_000, np.array([0.6, 0.0, 0.4]), seed=1)
    assert (drawn != other).any()


def test_without_shares_random_letters_come_from_the_prior():
    model = VAERecipe(**SMALL, num_components=4).build(SHAPE)
    np.testing.assert_array_equal(
        random_letters(model, 5, seed=3), model.sample(5, seed=3)
    )


def test_a_picture_is_blank_if_none_of_its_pixels_is_likely_ink():
    pictures = np.zeros([4, 8, 8, 1])
    pictures[0, 3, 3] = pictures[1, 0, 0] = 0.51
    pictures[2:] = 0.49
    assert blank_share(pictures) == 0.5


def test_judges_see_a_models_own_pictures():
    letters = load_glyphs(400)
    letters = replace(
        letters,
        train_images=letters.train_images[:, 8:16, 8:16],
        held_out_images=letters.held_out_images[:, 8:16, 8:16],
    )
    asked = []

    def read(pictures):
        asked.append(np.array(pictures))
        return letters.held_out_labels

    model = VAERecipe(**SMALL, num_components=4).build(SHAPE)
    found = judge(model, letters, read)
    made = model.reconstruct(letters.held_out_images).numpy()
    (pictures,) = asked
    np.testing.assert_array_equal(pictures, made)
    assert found.read == 1
    assert found.sharp_reconstructed == sharpness(made)
    assert found.sharp_random == sharpness(random_letters(model, len(made)))
    # Untrained, all pictures are one grey: told from letters, not from each other.
    assert found.told_real > 0.9 > 0.7 > found.told_reconstructed
    assert found.legible < 0.5


def test_the_stored_looks_hold_all_seeds_of_all_small_models():
    found = load_looks()
    assert found.keys() == small_models().keys()
    for name, runs in found.items():
        assert len(runs) == 3
        for run in runs:
            assert ("width" in run) == name.startswith("vae")
            assert {*Looks._fields} <= {*run} or name == "vae, falling"
