import time

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from vqvae_lesson.errors import LessonError
from vqvae_lesson.glyphs import GLYPH_NAMES, GLYPH_STROKES, draw_glyphs


@pytest.fixture(scope="module")
def letters():
    return draw_glyphs(2000, seed=3)


def test_the_ten_kana_stand_in_the_label_order_of_kmnist():
    assert GLYPH_NAMES == ("お", "き", "す", "つ", "な", "は", "ま", "や", "れ", "を")


def test_every_kana_has_its_number_of_pen_strokes():
    # The sharp turn of き counts as a stroke of its own: five in place of four.
    counts = [len(strokes) for strokes in GLYPH_STROKES.values()]
    assert counts == [3, 5, 2, 1, 4, 3, 3, 3, 2, 3]


def test_images_and_labels_have_the_shape_and_type_of_kmnist(letters):
    images, labels = letters
    assert images.shape == (2000, 28, 28)
    assert images.dtype == np.uint8
    assert labels.shape == (2000,)
    assert labels.dtype == np.uint8


def test_same_seed_draws_the_same_letters(letters):
    images, labels = draw_glyphs(2000, seed=3)
    np.testing.assert_array_equal(images, letters[0])
    np.testing.assert_array_equal(labels, letters[1])


def test_different_seeds_draw_different_letters_in_different_order(letters):
    images, labels = draw_glyphs(2000, seed=4)
    assert (labels != letters[1]).any()
    seen = {image.tobytes() for image in letters[0]}
    assert not any(image.tobytes() in seen for image in images)


@pytest.mark.parametrize("count", [1, 7, 10, 25, np.int64(103)])
def test_classes_are_balanced_as_evenly_as_the_count_allows(count):
    images, labels = draw_glyphs(count, seed=0)
    sizes = np.bincount(labels, minlength=10)
    assert len(images) == sizes.sum() == count
    assert len(sizes) == 10
    assert sizes.max() - sizes.min() <= 1


def test_labels_are_shuffled(letters):
    same_as_next = (letters[1][:-1] == letters[1][1:]).mean()
    assert 0.05 < same_as_next < 0.15
    assert not np.array_equal(letters[1][:10], np.arange(10))


def test_white_strokes_lie_on_a_black_ground_with_grey_edges(letters):
    images = letters[0]
    assert (images.max(axis=(1, 2)) == 255).all()
    assert (images == 0).mean() > 0.5
    assert 0.05 < ((images > 0) & (images < 255)).mean() < 0.4


def test_every_class_has_about_as_much_ink_as_kmnist(letters):
    images, labels = letters
    assert 0.15 < images.mean() / 255 < 0.25
    for label in range(10):
        assert 0.1 < images[labels == label].mean() / 255 < 0.3


def test_letters_fill_the_frame_but_keep_off_its_border(letters):
    inked = letters[0] > 127
    rows, columns = inked.any(axis=2), inked.any(axis=1)
    longest = np.maximum(rows.sum(axis=1), columns.sum(axis=1))
    assert longest.min() >= 18
    border = np.ones((28, 28), dtype=bool)
    border[1:-1, 1:-1] = False
    assert letters[0][:, border].mean() < 0.5
    assert inked[:, border].any(axis=1).mean() < 0.01


def test_no_two_letters_are_identical(letters):
    assert len({image.tobytes() for image in letters[0]}) == 2000


def test_letters_of_a_class_differ_in_thickness_and_place(letters):
    images, labels = letters
    for label in range(10):
        inked = images[labels == label] > 127
        ink = inked.sum(axis=(1, 2))
        assert ink.max() > 1.5 * ink.min()
        assert len(np.unique(inked.any(axis=2).argmax(axis=1))) > 2


def test_a_neighbour_classifier_tells_the_classes_apart(letters):
    images, labels = letters
    flat = images.reshape(2000, -1) / 255
    model = KNeighborsClassifier(1).fit(flat[:1500], labels[:1500])
    assert model.score(flat[1500:], labels[1500:]) > 0.95


@pytest.mark.parametrize("count", [0, -3, 2.0, "10", None, True])
def test_a_count_that_is_no_positive_integer_is_refused_in_one_line(count):
    with pytest.raises(LessonError) as caught:
        draw_glyphs(count, seed=0)
    message = str(caught.value)
    assert repr(count) in message
    assert "positive integer" in message
    assert "\n" not in message


def test_ten_thousand_letters_take_less_than_twenty_seconds():
    start = time.process_time()
    draw_glyphs(10_000, seed=0)
    assert time.process_time() - start < 20
