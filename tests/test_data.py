import hashlib

import numpy as np
import pytest
from PIL import Image

from tests.refusals import refusal, refused
from vqvae_lesson.data import (
    batches,
    load_glyphs,
    load_kmnist,
    load_letters,
    load_own,
    split,
    to_float,
)

RANDOM = np.random.default_rng(0)

# to_float


def test_bytes_become_fractions_of_255_with_a_channel_axis():
    images = to_float(np.arange(256, dtype=np.uint8).reshape(1, 16, 16))
    assert images.dtype == np.float32
    assert images.shape == (1, 16, 16, 1)
    expected = [value / 255 for value in range(256)]
    np.testing.assert_allclose(images.ravel(), expected, rtol=1e-6)


def test_colours_keep_their_channels():
    assert to_float(np.zeros([2, 4, 6, 3], np.uint8)).shape == (2, 4, 6, 3)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_in_range_keep_their_values(kind):
    images = to_float(np.array([[[0.0, 0.25], [0.5, 1.0]]], kind))
    assert images.dtype == np.float32
    assert images.ravel().tolist() == [0, 0.25, 0.5, 1]


@pytest.mark.parametrize("shape", [(), (28,), (28, 28), (2, 28, 28, 1, 1)])
def test_images_of_another_rank_are_refused(shape):
    assert str(list(shape)) in refused(to_float, np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "shape", [(0, 28, 28), (0, 28, 28, 1), (3, 0, 28), (3, 4, 4, 0)]
)
def test_no_images_at_all_are_refused(shape):
    assert "at least one image" in refused(to_float, np.zeros(shape, np.uint8))


@pytest.mark.parametrize("kind", [np.int64, np.uint16, bool, complex, object, "U3"])
def test_images_of_another_type_are_refused(kind):
    assert "uint8" in refused(to_float, np.zeros([2, 4, 4], kind))


@pytest.mark.parametrize("value", [-0.01, 1.01, 255, np.inf, -np.inf, np.nan])
def test_one_pixel_outside_zero_to_one_is_enough_to_be_refused(value):
    images = np.full([2, 4, 4], 0.5)
    images[1, 2, 3] = value
    assert str(float(value)) in refused(to_float, images)


# split


@pytest.mark.parametrize(("count", "held_out"), [(10, 2), (7, 0), (7, 7), (1000, 333)])
def test_a_split_is_disjoint_and_whole(count, held_out):
    train, rest = split(count, held_out)
    assert (len(train), len(rest)) == (count - held_out, held_out)
    assert set(train).isdisjoint(rest)
    assert set(train) | set(rest) == set(range(count))


def test_a_split_is_shuffled_and_fixed_by_its_seed():
    first, again, other = split(100, 20, 1), split(100, 20, 1), split(100, 20, 2)
    assert first[1].tolist() == again[1].tolist()
    assert first[0].tolist() == again[0].tolist()
    assert first[1].tolist() != other[1].tolist()
    assert first[0].tolist() != sorted(first[0])


@pytest.mark.parametrize("held_out", [-1, 11])
def test_more_held_out_than_there_are_is_refused(held_out):
    assert str(held_out) in refused(split, 10, held_out)


# load_letters, load_glyphs, and what letters are called by


def test_an_unknown_name_of_letters_is_refused():
    message = refused(load_letters, "kmist")
    assert all(name in message for name in ["kmist", "kmnist", "glyphs", ".npz", "PNG"])


def test_glyphs_have_kmnists_shape_and_type():
    letters = load_glyphs(50, seed=1)
    assert letters.name == "glyphs"
    assert letters.train_images.shape == (40, 28, 28, 1)
    assert letters.held_out_images.shape == (10, 28, 28, 1)
    assert letters.train_images.dtype == np.float32
    assert (
        np.bincount(
            np.concatenate([letters.train_labels, letters.held_out_labels])
        ).tolist()
        == [5] * 10
    )


def test_the_digest_depends_on_every_image_and_their_order(tmp_path):
    images = RANDOM.integers(256, size=(10, 4, 4), dtype=np.uint8)

    def digest(images):
        np.savez(tmp_path / "a.npz", images=images)
        return load_own(tmp_path / "a.npz").digest

    first = digest(images)
    assert len(first) == 64
    assert digest(images) == first
    for number in range(10):
        changed = images.copy()
        changed[number, 0, 0] ^= 1
        assert digest(changed) != first
    assert digest(images[::-1]) != first


# load_own: .npz


@pytest.mark.parametrize("name", ["images", "arr_0"])
def test_images_from_an_npz_are_split_four_to_one(tmp_path, name):
    images = np.arange(10 * 16, dtype=np.uint8).reshape(10, 4, 4)
    np.savez(tmp_path / "a.npz", **{name: images, "labels": np.arange(10)})
    letters = load_own(tmp_path / "a.npz")
    assert letters.train_images.shape == (8, 4, 4, 1)
    assert letters.held_out_images.shape == (2, 4, 4, 1)
    first_pixels = np.round(255 * letters.train_images[:, 0, 0, 0])
    assert first_pixels.tolist() == (16 * letters.train_labels).tolist()


def test_images_without_labels_get_zeros(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros([5, 4, 8, 3], np.uint8))
    letters = load_own(tmp_path / "a.npz")
    assert letters.train_images.shape == (4, 4, 8, 3)
    assert letters.train_labels.tolist() == [0] * 4
    assert letters.class_names == ()


def test_an_npz_without_images_is_refused_and_its_arrays_named(tmp_path):
    np.savez(tmp_path / "a.npz", letters=np.zeros([5, 4, 4], np.uint8))
    assert "'letters'" in refused(load_own, tmp_path / "a.npz")


@pytest.mark.parametrize(
    "labels",
    [np.zeros(4, int), np.zeros([5, 1], int), np.int64(3), np.zeros(5), list("abcde")],
)
def test_labels_that_are_not_one_whole_number_an_image_are_refused(tmp_path, labels):
    np.savez(tmp_path / "a.npz", images=np.zeros([5, 4, 4], np.uint8), labels=labels)
    assert "labels" in refused(load_own, tmp_path / "a.npz")


def test_an_npz_whose_images_have_no_axes_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.uint8(3), labels=np.uint8(3))
    assert "shape []" in refused(load_own, tmp_path / "a.npz")


def test_pickled_arrays_are_refused_unread(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was read",))

    images = np.empty(5, object)
    images[:] = [Trap()] * 5
    np.savez(tmp_path / "a.npz", images=images)
    assert "plain arrays" in refused(load_own, tmp_path / "a.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_npz_gives_one_line_wherever_it_is_damaged(tmp_path, save):
    path = tmp_path / "a.npz"
    save(path, images=RANDOM.integers(9, size=(5, 4, 4)).astype(np.uint8))
    whole = path.read_bytes()
    broken = [whole[:length] for length in range(0, len(whole), 3)]
    for place in range(len(whole)):
        changed = bytes([whole[place] ^ 0xA5])
        broken.append(whole[:place] + changed + whole[place + 1 :])
    refusals = 0
    for content in broken:
        path.write_bytes(content)
        message = refusal(load_own, path)
        refusals += message != ""
        assert "\n" not in message
    assert refusals > len(broken) / 2


def test_an_array_that_only_calls_itself_npz_is_refused(tmp_path):
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, np.zeros([5, 4, 4], np.uint8))
    assert "a.npz" in refused(load_own, tmp_path / "a.npz")


@pytest.mark.parametrize(
    "name", ["none.npz", "a.txt", "none", "a" * 5000, "a\0.npz", "\udcff.npz"]
)
def test_a_path_that_is_neither_npz_nor_folder_is_refused(tmp_path, name):
    (tmp_path / "a.txt").write_text("letters")
    assert name in refused(load_own, tmp_path / name)


@pytest.mark.parametrize("count", [1, 4])
def test_too_few_images_are_refused(tmp_path, count):
    np.savez(tmp_path / "a.npz", images=np.zeros([count, 4, 4], np.uint8))
    assert f"{count} images, expected at least 5" in refused(
        load_own, tmp_path / "a.npz"
    )


# load_own: a folder of PNGs


def save_pngs(folder, pictures):
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{number:02d}.png")


def all_images(letters):
    return np.concatenate([letters.train_images, letters.held_out_images])


def sorted_pixels(images):
    return sorted(np.round(255 * image).ravel().tolist() for image in images)


@pytest.mark.parametrize("channels", [1, 3])
def test_pngs_come_back_pixel_for_pixel(tmp_path, channels):
    pictures = RANDOM.integers(256, size=(10, 8, 4, channels), dtype=np.uint8)
    save_pngs(tmp_path, pictures[..., 0] if channels == 1 else pictures)
    (tmp_path / "notes.txt").write_text("not a picture")
    letters = load_own(tmp_path)
    assert letters.train_images.shape == (8, 8, 4, channels)
    assert sorted_pixels(all_images(letters)) == sorted_pixels(pictures / 255)


def test_pngs_of_sixteen_bits_are_scaled_not_clipped(tmp_path):
    pictures = RANDOM.integers(2**16, size=(5, 4, 4), dtype=np.uint16)
    save_pngs(tmp_path, pictures)
    images = np.sort(all_images(load_own(tmp_path)), axis=None)
    expected = np.sort(pictures, axis=None) / (2**16 - 1)
    np.testing.assert_allclose(images, expected, atol=1 / 255)


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("LA", 1), ("RGBA", 3), ("P", 3)]
)
def test_other_kinds_of_png_become_grey_or_colour(tmp_path, mode, channels):
    for number in range(5):
        Image.new("L", (4, 4), 255).convert(mode).save(tmp_path / f"{number}.png")
    images = all_images(load_own(tmp_path))
    assert images.shape == (5, 4, 4, channels)
    assert images.min() == 1


def test_pngs_with_a_capital_ending_are_found(tmp_path):
    save_pngs(tmp_path, np.zeros([5, 4, 4], np.uint8))
    (tmp_path / "00.png").rename(tmp_path / "00.PNG")
    assert len(all_images(load_own(tmp_path))) == 5


def test_pngs_of_mixed_sizes_are_refused_and_the_odd_one_named(tmp_path):
    save_pngs(tmp_path, [np.zeros([4, 4], np.uint8)] * 5 + [np.zeros([4, 8], np.uint8)])
    message = refused(load_own, tmp_path)
    assert "05.png has shape [4, 8], expected [4, 4]" in message


def test_grey_among_colour_is_refused(tmp_path):
    save_pngs(tmp_path, [np.zeros([4, 4], np.uint8), np.zeros([4, 4, 3], np.uint8)])
    assert "01.png" in refused(load_own, tmp_path)


def test_a_folder_without_pngs_is_refused(tmp_path):
    assert "no PNG" in refused(load_own, tmp_path)


def test_a_damaged_png_is_refused_and_named_wherever_it_is_damaged(tmp_path):
    save_pngs(tmp_path, RANDOM.integers(256, size=(5, 8, 8), dtype=np.uint8))
    path = tmp_path / "03.png"
    whole = path.read_bytes()
    path.write_bytes(b"no picture")
    assert "03.png" in refused(load_own, tmp_path)
    refusals = 0
    for place in range(len(whole)):
        changed = bytes([whole[place] ^ 0xA5])
        for content in (whole[:place], whole[:place] + changed + whole[place + 1 :]):
            path.write_bytes(content)
            message = refusal(load_own, tmp_path)
            refusals += message != ""
            assert message == "" or "03.png" in message
    assert refusals > len(whole)


# batches


def numbered(count):
    """Images that carry their own number in every pixel."""
    return np.arange(count, dtype=np.float32)[:, None, None, None] * np.ones([2, 2, 1])


def numbers_in(images, *args):
    return [batch.numpy()[:, 0, 0, 0].astype(int) for batch in batches(images, *args)]


@pytest.mark.parametrize(
    ("count", "batch_size"), [(10, 3), (9, 3), (5, 5), (5, 1), (130, 64)]
)
def test_an_epoch_shows_each_image_at_most_once_in_equal_batches(count, batch_size):
    found = numbers_in(numbered(count), batch_size)
    assert [len(batch) for batch in found] == [batch_size] * (count // batch_size)
    seen = np.concatenate(found)
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(range(count))


def test_a_batch_holds_whole_images_unchanged():
    images = RANDOM.random([12, 4, 6, 3], np.float32)
    known = {image.tobytes() for image in images}
    for batch in batches(images, 4):
        assert batch.shape == (4, 4, 6, 3)
        assert all(image.tobytes() in known for image in batch.numpy())


def test_the_order_depends_on_seed_and_epoch_alone():
    images = numbered(50)
    order = {
        (seed, epoch): np.concatenate(numbers_in(images, 5, seed, epoch)).tolist()
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert np.concatenate(numbers_in(images, 5, 1, 1)).tolist() == order[1, 1]
    assert np.concatenate(numbers_in(images, 10, 1, 1)).tolist() == order[1, 1]
    assert len({tuple(numbers) for numbers in order.values()}) == 4
    assert all(sorted(numbers) == list(range(50)) for numbers in order.values())
    assert list(range(50)) not in order.values()


def test_images_left_over_in_one_epoch_come_in_another():
    seen = [np.concatenate(numbers_in(numbered(10), 8, 0, epoch)) for epoch in range(9)]
    assert set(np.concatenate(seen)) == set(range(10))


@pytest.mark.parametrize("batch_size", [0, -1, 11])
def test_a_batch_size_that_no_batch_can_have_is_refused(batch_size):
    message = refused(batches, numbered(10), batch_size)
    assert f"batch_size is {batch_size} for 10 images" in message


# the real letters


def test_kmnist_is_split_8000_to_2000(kmnist):
    assert kmnist.train_images.shape == (8000, 28, 28, 1)
    assert kmnist.held_out_images.shape == (2000, 28, 28, 1)
    assert kmnist.train_images.dtype == kmnist.held_out_images.dtype == np.float32
    assert kmnist.train_images.min() == 0
    assert kmnist.train_images.max() == 1


def test_kmnist_has_a_thousand_letters_of_each_character(kmnist):
    labels = np.concatenate([kmnist.train_labels, kmnist.held_out_labels])
    assert np.bincount(labels).tolist() == [1000] * 10
    assert np.bincount(kmnist.held_out_labels).min() > 150


def test_no_held_out_letter_of_kmnist_is_trained_on(kmnist):
    trained = {image.tobytes() for image in kmnist.train_images}
    assert len(trained) == 8000
    assert not any(image.tobytes() in trained for image in kmnist.held_out_images)


def test_kmnist_is_the_same_every_time_it_is_loaded(kmnist):
    digest = hashlib.sha256()
    for images in (kmnist.train_images, kmnist.held_out_images):
        digest.update(images.tobytes())
    assert load_kmnist().digest == kmnist.digest == digest.hexdigest()
