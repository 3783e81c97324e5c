from itertools import permutations, product

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from vqvae_lesson import limits
from vqvae_lesson.data import load_glyphs
from vqvae_lesson.errors import LessonError
from vqvae_lesson.limits import (
    best_dictionary,
    best_pictures,
    code_nats,
    match,
    picture_nats,
    search_from,
    split_loss,
)
from vqvae_lesson.metrics import choose, evaluate
from vqvae_lesson.recipes import VQVAERecipe

FEW = settings(max_examples=20, deadline=None, derandomize=True)


def draw(seed, count=7, pixels=(2, 3, 1)):
    return np.random.default_rng(seed).random([count, *pixels], dtype=np.float32)


def pixel_by_pixel(image, picture):
    """Cross-entropy in float64, one pixel at a time."""
    return -sum(
        x * np.log(p) + (1 - x) * np.log(1 - p)
        for x, p in zip(
            np.float64(image).ravel(), np.float64(picture).ravel(), strict=True
        )
    )


def test_nats_equal_a_loop_over_pixels():
    images, pictures = draw(0), draw(1, 4).clip(0.01, 0.99)
    expected = [[pixel_by_pixel(x, p) for p in pictures] for x in images]
    np.testing.assert_allclose(picture_nats(images, pictures), expected, rtol=1e-5)


def test_a_group_is_explained_best_by_its_mean():
    images = draw(2, 5)
    (mean,) = best_pictures(images, np.zeros(5, int), 1)
    np.testing.assert_allclose(mean, images.mean(axis=0), rtol=1e-6)
    at_best = picture_nats(images, mean[None]).sum()
    for nudge in (-0.02, 0.02):
        for pixel in np.ndindex(mean.shape):
            other = mean.copy()
            other[pixel] += nudge
            assert picture_nats(images, other[None]).sum() > at_best


def test_no_pixel_is_surer_than_one_in_a_thousand():
    images = np.stack([np.zeros([2, 2, 1]), np.ones([2, 2, 1])]).astype(np.float32)
    pictures = best_pictures(images, np.array([0, 1]), 2)
    assert pictures.min() == np.float32(0.001)
    assert pictures.max() == np.float32(0.999)
    assert np.isfinite(picture_nats(images, pictures)).all()


@FEW
@given(st.integers(0, 10**6))
def test_on_few_images_the_search_finds_the_best_of_all_partitions(seed):
    images = draw(seed, 6)
    costs = []
    for groups in product(range(2), repeat=6):
        if len(set(groups)) == 2:
            means = [
                images[[g == k for g in groups]].mean(0).clip(0.001, 0.999)
                for k in range(2)
            ]
            costs.append(
                np.mean([pixel_by_pixel(images[i], means[groups[i]]) for i in range(6)])
            )
    found = best_dictionary(images, 2, seed=seed, restarts=30)
    assert found.nll == pytest.approx(min(costs), rel=1e-5)


def test_the_nll_never_rises():
    images = load_glyphs(300).train_images
    history = best_dictionary(images, 12, restarts=1).history
    assert len(history) > 3
    assert (np.diff(history) <= 1e-3).all()


def test_a_known_mixture_is_recovered():
    random = np.random.default_rng(0)
    truth = np.where(random.random([5, 8, 8, 1]) < 0.5, 0.05, 0.95)
    which = random.integers(5, size=1_000)
    images = (random.random([1_000, 8, 8, 1]) < truth[which]).astype(np.float32)
    found = best_dictionary(images, 5).pictures
    np.testing.assert_allclose(found[match(truth, found)], truth, atol=0.06)


def test_the_same_seed_finds_the_same_dictionary():
    images = load_glyphs(60).train_images
    first, again = (best_dictionary(images, 5, seed=3, restarts=2) for _ in range(2))
    np.testing.assert_array_equal(first.pictures, again.pictures)
    assert first.history == again.history


def test_more_searches_are_never_worse():
    images = load_glyphs(100).train_images
    found = [best_dictionary(images, 8, 1, restarts=n).nll for n in (1, 3, 6)]
    assert found[0] >= found[1] >= found[2]


def test_a_picture_that_nobody_chooses_gets_the_worst_explained_image():
    nats = np.array([[1.0, 9.0, 9.0], [2.0, 9.0, 9.0], [5.0, 9.0, 9.0]])
    filled = limits.fill_empty(nats, np.zeros(3, int), 3)
    assert filled.tolist() == [0, 2, 1]


def test_equal_images_and_as_many_pictures_as_images_do_no_harm():
    images = np.repeat(draw(3, 1), 4, axis=0)
    assert best_dictionary(images, 4).nll == pytest.approx(
        pixel_by_pixel(images[0], images[0].clip(0.001, 0.999)), rel=1e-5
    )


@pytest.mark.parametrize(("codes", "restarts"), [(0, 1), (8, 1), (2, 0)])
def test_impossible_searches_are_told(codes, restarts):
    with pytest.raises(LessonError, match=f"{codes} pictures from 7 images"):
        best_dictionary(draw(0), codes, restarts=restarts)


def test_matching_equals_the_best_of_all_orders():
    pictures, others = draw(4, 5), draw(5, 5)
    best = min(
        permutations(range(5)),
        key=lambda order: ((pictures - others[[*order]]) ** 2).sum(),
    )
    assert tuple(match(pictures, others)) == best


@pytest.fixture(scope="module")
def model_and_images():
    model = VQVAERecipe(num_codes=6, code_size=4, base_depth=4).build((12, 12, 1))
    images = load_glyphs(40).train_images[:, 8:20, 8:20]
    model.quantizer.codebook.assign(model.encoder(images[:6])[:, 0])
    return model, images


def test_a_codes_nats_are_those_of_the_decoder(model_and_images):
    model, images = model_and_images
    codes = tf.reshape(model.quantizer.codebook, [6, 1, 4])
    pictures = np.float64(tf.sigmoid(model.decoder(codes)))
    expected = [[pixel_by_pixel(x, p) for p in pictures] for x in images]
    np.testing.assert_allclose(code_nats(model, images), expected, rtol=1e-4)


def split_by_hand(images, pictures, indices):
    """The four rungs of the ladder, in float64, by loops over all partitions."""

    def as_means(groups):
        used = sorted(set(groups))
        means = {
            k: images[np.equal(groups, k)].mean(0).clip(0.001, 0.999) for k in used
        }
        costs = [
            pixel_by_pixel(x, means[k]) for x, k in zip(images, groups, strict=True)
        ]
        return np.mean(costs)

    def best(count):
        every = product(range(count), repeat=len(images))
        return min(as_means(groups) for groups in every if len(set(groups)) == count)

    in_use = len(set(indices))
    own = [pixel_by_pixel(x, pictures[k]) for x, k in zip(images, indices, strict=True)]
    limits = {count: best(count) for count in (in_use, len(pictures))}
    return limits, as_means(indices), np.mean(own)


@FEW
@given(st.integers(0, 10**6), st.sampled_from([(0, 0, 2, 2, 2), (1, 0, 1, 2, 0)]))
def test_the_split_equals_a_ladder_climbed_by_hand(seed, indices):
    images = draw(seed, 5).astype(np.float64)
    pictures = draw(seed + 1, 3).clip(0.01, 0.99).astype(np.float64)
    limits, as_means, own = split_by_hand(images, pictures, indices)
    nats = picture_nats(images, pictures)
    found = split_loss(images, nats, np.array(indices), limits)
    fewer = limits[len(set(indices))]
    assert found.codes_in_use == len(set(indices))
    assert found.best_dictionary == limits[3]
    assert found.unused == pytest.approx(fewer - limits[3], abs=1e-9)
    assert found.sorting == pytest.approx(as_means - fewer, abs=1e-9)
    assert found.decoder == pytest.approx(own - as_means, abs=1e-9)
    assert found.nll == pytest.approx(own)
    assert sum(found[1:5]) == pytest.approx(found.nll, abs=1e-11)
    assert min(found[2:5]) >= -1e-9  # the best of all partitions is really found


def test_the_split_of_a_dictionary_at_rest_is_zero():
    images = load_glyphs(40).train_images.astype(np.float64)
    found = best_dictionary(images, 5)
    nats = picture_nats(images, found.pictures)
    split = split_loss(images, nats, nats.argmin(axis=1), {5: found.nll})
    np.testing.assert_allclose(split[2:5], 0, atol=1e-9)


def test_the_split_sees_the_nll_of_a_model(model_and_images):
    model, images = model_and_images
    indices = choose(model, images)[:, 0]
    in_use = len(np.unique(indices))
    limits = {6: 0.0, in_use: 0.0}
    found = split_loss(images, code_nats(model, images), indices, limits)
    assert found.nll == pytest.approx(evaluate(model, images).nll, abs=1e-3)


def test_a_search_from_a_dictionary_at_rest_stays_there():
    images = load_glyphs(60).train_images.astype(np.float64)
    found = best_dictionary(images, 5)
    again = search_from(images, found.pictures)
    np.testing.assert_allclose(again.pictures, found.pictures, atol=1e-12)
    assert again.nll == pytest.approx(found.nll)


def test_a_search_from_given_pictures_ends_no_dearer_than_they_are():
    images = load_glyphs(60).train_images.astype(np.float64)
    start = images[:7].clip(0.1, 0.9)
    found = search_from(images, start)
    assert found.nll < picture_nats(images, start).min(axis=1).mean()
    assert (np.diff(found.history) <= 1e-9).all()
