import gzip
import hashlib
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from vqvae_lesson import data
from vqvae_lesson.data import (
    KMNIST_NAMES,
    batches,
    find_kmnist,
    lesson_letters,
    load_glyphs,
    load_kmnist,
    load_letters,
    load_own,
    read_idx,
    split,
    to_float,
)
from vqvae_lesson.errors import LessonError

RANDOM = np.random.default_rng(0)


def idx_bytes(array, magic=b"\x00\x00\x08"):
    """An IDX file as LeCun's page describes it, packed by hand."""
    shape = b"".join(struct.pack(">I", length) for length in array.shape)
    return magic + struct.pack("B", array.ndim) + shape + array.tobytes()


def write_gzip(path, content):
    path.write_bytes(gzip.compress(content))
    return path


def refused(function, *args, **kwargs):
    """The one-line message of the LessonError that the call must raise."""
    with pytest.raises(LessonError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


def refusal(function, *args):
    """The message of a LessonError that the call may raise, else nothing."""
    try:
        function(*args)
    except LessonError as error:
        return str(error)
    return ""


# read_idx


@pytest.mark.parametrize("shape", [(7,), (5, 3), (4, 28, 28), (2, 3, 4, 5), (0, 2)])
def test_an_idx_file_comes_back_as_it_was_written(tmp_path, shape):
    array = RANDOM.integers(256, size=shape, dtype=np.uint8)
    found = read_idx(write_gzip(tmp_path / "a.gz", idx_bytes(array)))
    assert found.dtype == np.uint8
    assert found.shape == shape
    assert found.tolist() == array.tolist()


def test_a_gzip_file_cut_short_anywhere_is_refused(tmp_path):
    array = RANDOM.integers(256, size=(4, 5, 5), dtype=np.uint8)
    whole = gzip.compress(idx_bytes(array))
    path = tmp_path / "a.gz"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert str(path) in refused(read_idx, path)


def test_a_gzip_file_with_a_flipped_byte_is_refused_or_read_right(tmp_path):
    array = RANDOM.integers(4, size=(4, 6, 6), dtype=np.uint8)
    whole = gzip.compress(idx_bytes(array))
    path = tmp_path / "a.gz"
    refusals = 0
    for place in range(len(whole)):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :]
        )
        try:
            assert read_idx(path).tolist() == array.tolist()
        except LessonError:
            refusals += 1
    assert refusals > 0.8 * len(whole)


@pytest.mark.parametrize("content", [b"", b"not gzip", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_not_gzip_is_refused(tmp_path, content):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    assert "a.gz" in refused(read_idx, path)


def test_a_missing_file_is_refused(tmp_path):
    assert "no.gz" in refused(read_idx, tmp_path / "no.gz")


@pytest.mark.parametrize("magic", [b"\x00\x00\x09", b"\x00\x01\x08", b"\x1f\x00\x08"])
def test_an_idx_of_another_type_is_refused_and_its_bytes_named(tmp_path, magic):
    path = write_gzip(tmp_path / "a.gz", idx_bytes(np.zeros(3, np.uint8), magic))
    message = refused(read_idx, path)
    assert f"{magic.hex(' ')} 01" in message
    assert "00 00 08" in message


@pytest.mark.parametrize("content", [b"", b"\x00\x00", b"\x00\x00\x08", b"\0\0\x08\0"])
def test_an_idx_without_axes_is_refused(tmp_path, content):
    assert "IDX" in refused(read_idx, write_gzip(tmp_path / "a.gz", content))


@pytest.mark.parametrize("change", [-1, 1, 100])
def test_an_idx_with_too_few_or_too_many_bytes_is_refused(tmp_path, change):
    content = idx_bytes(np.zeros([2, 3, 4], np.uint8))
    content = content[:change] if change < 0 else content + bytes(change)
    message = refused(read_idx, write_gzip(tmp_path / "a.gz", content))
    assert f"{24 + change} bytes" in message
    assert "2 x 3 x 4" in message


@pytest.mark.parametrize("length", range(4, 16))
def test_an_idx_whose_header_is_cut_short_is_refused(tmp_path, length):
    content = idx_bytes(np.zeros([2, 3, 4], np.uint8))[:length]
    assert "cut short" in refused(read_idx, write_gzip(tmp_path / "a.gz", content))


@pytest.mark.parametrize("lengths", [[2**16] * 4, [2**32 - 1] * 3, [2**31, 2**31, 4]])
def test_an_idx_of_absurd_lengths_neither_overflows_nor_fills_memory(tmp_path, lengths):
    # The product of 4 times 65,536 is 2**64: zero, in 64 bits.
    content = b"\x00\x00\x08" + bytes([len(lengths)])
    content += b"".join(struct.pack(">I", length) for length in lengths)
    message = refused(read_idx, write_gzip(tmp_path / "a.gz", content))
    assert "0 bytes" in message
    assert str(lengths[0]) in message


def test_an_idx_of_255_axes_is_refused(tmp_path):
    content = b"\x00\x00\x08\xff" + struct.pack(">I", 1) * 255 + b"x"
    assert "axes" in refused(read_idx, write_gzip(tmp_path / "a.gz", content))


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


# find_kmnist, with small files in place of the publisher's

IMAGES, LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
CONTENT = {
    name: gzip.compress(idx_bytes(array), mtime=0)
    for name, array in {
        IMAGES: RANDOM.integers(256, size=(20, 28, 28), dtype=np.uint8),
        LABELS: np.arange(20, dtype=np.uint8) % 10,
        "train-images-idx3-ubyte.gz": RANDOM.integers(
            256, size=(30, 28, 28), dtype="u1"
        ),
        "train-labels-idx1-ubyte.gz": np.arange(30, dtype=np.uint8) % 10,
    }.items()
}
MD5 = {name: hashlib.md5(content).hexdigest() for name, content in CONTENT.items()}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no folder in the environment, and the made-up files' MD5s."""
    monkeypatch.setattr(data, "KMNIST_FILES", MD5)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("KMNIST_DIR", raising=False)
    monkeypatch.delenv("KMNIST_URL", raising=False)
    import pooch

    folder = pooch.os_cache("vqvae_lesson")
    assert folder.is_relative_to(tmp_path)
    return folder


class Server(BaseHTTPRequestHandler):
    """Serves the made-up files, whole, wrong or broken off."""

    def do_GET(self):
        self.server.asked.append(self.path)
        content = CONTENT.get(self.path.removeprefix("/kmnist/"))
        if content is None or self.server.mode == "missing":
            self.send_error(404)
            return
        if self.server.mode == "wrong":
            content = b"another file"
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = self.server.mode == "broken"
        self.wfile.write(content[: len(content) // 2] if half else content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(cache, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.mode, server.asked = "good", []
    monkeypatch.setenv("KMNIST_URL", f"http://127.0.0.1:{server.server_port}/kmnist/")
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_server(cache, monkeypatch):
    """An address at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("KMNIST_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/")
        yield


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def a_folder(path):
    path.mkdir(exist_ok=True)
    for name, content in CONTENT.items():
        (path / name).write_bytes(content)
    return path


def test_a_file_is_downloaded_once_and_then_comes_from_the_cache(server, cache):
    path = find_kmnist(IMAGES, progress=False)
    assert path.read_bytes() == CONTENT[IMAGES]
    assert files_in(cache) == [path]
    assert find_kmnist(IMAGES, progress=False) == path
    assert server.asked == [f"/kmnist/{IMAGES}"]


def test_a_download_shows_its_progress_unless_told_not_to(server, capfd):
    find_kmnist(IMAGES, progress=False)
    assert capfd.readouterr() == ("", "")
    find_kmnist(LABELS)
    out, err = capfd.readouterr()
    assert out == ""
    assert "100%" in err


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_mirror_can_be_named_with_or_without_a_slash(server, monkeypatch, slash):
    url = f"http://127.0.0.1:{server.server_port}/kmnist" + slash
    monkeypatch.setenv("KMNIST_URL", "http://127.0.0.1:1/unused")
    path = find_kmnist(LABELS, url=url, progress=False)
    assert path.read_bytes() == CONTENT[LABELS]


def test_a_folder_comes_before_the_environment_the_cache_and_the_network(
    server, monkeypatch, tmp_path
):
    given, named = a_folder(tmp_path / "given"), a_folder(tmp_path / "named")
    cached = find_kmnist(IMAGES, progress=False)
    monkeypatch.setenv("KMNIST_DIR", str(named))
    assert find_kmnist(IMAGES, given) == given / IMAGES
    assert find_kmnist(IMAGES) == named / IMAGES
    (named / IMAGES).unlink()
    assert find_kmnist(IMAGES) == cached
    (given / IMAGES).unlink()
    assert find_kmnist(IMAGES, given) == cached
    assert len(server.asked) == 1


def test_a_file_with_a_wrong_hash_is_not_taken_from_a_folder(server, tmp_path):
    folder = a_folder(tmp_path / "folder")
    (folder / IMAGES).write_bytes(CONTENT[IMAGES][:-1])
    message = refused(find_kmnist, IMAGES, folder)
    assert str(folder / IMAGES) in message
    assert MD5[IMAGES] in message
    assert hashlib.md5(CONTENT[IMAGES][:-1]).hexdigest() in message
    assert "delete it" in message
    assert server.asked == []
    (folder / IMAGES).unlink()
    assert find_kmnist(IMAGES, folder, progress=False).is_file()


def test_a_download_with_a_wrong_hash_is_refused_and_leaves_nothing(server, cache):
    server.mode = "wrong"
    message = refused(find_kmnist, IMAGES, progress=False)
    assert IMAGES in message
    assert MD5[IMAGES] in message
    assert "KMNIST_URL" in message
    assert files_in(cache) == []


def test_a_download_that_breaks_off_leaves_nothing_and_can_be_tried_again(
    server, cache
):
    server.mode = "broken"
    message = refused(find_kmnist, IMAGES, progress=False)
    assert "failed" in message
    assert files_in(cache) == []
    server.mode = "good"
    assert find_kmnist(IMAGES, progress=False).read_bytes() == CONTENT[IMAGES]


def test_a_file_the_server_does_not_have_is_refused(server, cache):
    server.mode = "missing"
    assert "HTTPError" in refused(find_kmnist, IMAGES, progress=False)
    assert files_in(cache) == []


def test_a_damaged_file_in_the_cache_is_never_used_but_fetched_again(server, cache):
    cache.mkdir(parents=True)
    (cache / IMAGES).write_bytes(b"half a file")
    assert find_kmnist(IMAGES, progress=False).read_bytes() == CONTENT[IMAGES]


def test_a_damaged_file_in_the_cache_is_not_used_without_a_network(no_server, cache):
    cache.mkdir(parents=True)
    (cache / IMAGES).write_bytes(b"half a file")
    assert "KMNIST_DIR" in refused(find_kmnist, IMAGES, progress=False)


def names_the_three_ways_out(message):
    return all(way in message for way in ["KMNIST_DIR", "network", "glyphs"])


def test_without_file_and_network_the_error_names_the_three_ways_out(no_server, cache):
    message = refused(find_kmnist, IMAGES, progress=False)
    assert names_the_three_ways_out(message)
    assert IMAGES in message
    assert not cache.exists() or files_in(cache) == []


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://["])
def test_a_mirror_that_is_no_address_is_not_called_a_wrong_hash(cache, url):
    message = refused(find_kmnist, IMAGES, url=url, progress=False)
    assert names_the_three_ways_out(message)
    assert url in message


def test_a_cache_that_cannot_be_made_is_one_line(server, cache):
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"a file where the folder should be")
    assert "KMNIST_DIR" in refused(find_kmnist, IMAGES, progress=False)


def test_a_file_that_kmnist_does_not_have_is_refused(cache):
    assert "k49.gz" in refused(find_kmnist, "k49.gz")


# load_kmnist, load_letters, lesson_letters


def test_the_lessons_letters_are_the_test_file_shuffled_and_split(cache, tmp_path):
    letters = load_kmnist(a_folder(tmp_path / "folder"))
    assert letters.name == "kmnist"
    assert letters.class_names == KMNIST_NAMES
    assert letters.train_images.shape == (16, 28, 28, 1)
    assert letters.held_out_images.shape == (4, 28, 28, 1)
    raw = gzip.decompress(CONTENT[IMAGES])[16:]
    label_of = {raw[784 * i : 784 * (i + 1)]: i % 10 for i in range(20)}
    images = np.concatenate([letters.train_images, letters.held_out_images])
    labels = np.concatenate([letters.train_labels, letters.held_out_labels])
    pixels = [np.round(255 * image).astype(np.uint8).tobytes() for image in images]
    assert set(pixels) == set(label_of)
    assert [label_of[image] for image in pixels] == labels.tolist()


def test_the_full_set_keeps_the_official_split(cache, tmp_path):
    letters = load_letters("kmnist-full", a_folder(tmp_path / "folder"))
    assert letters.name == "kmnist-full"
    assert letters.train_images.shape == (30, 28, 28, 1)
    assert letters.train_labels.tolist() == [i % 10 for i in range(30)]
    assert letters.held_out_images.shape == (20, 28, 28, 1)
    assert letters.held_out_labels.tolist() == [i % 10 for i in range(20)]


def test_letters_load_by_each_name_and_by_path(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("KMNIST_DIR", str(a_folder(tmp_path / "folder")))
    np.savez(tmp_path / "own.npz", images=np.zeros([5, 4, 4], np.uint8))
    assert load_letters().name == "kmnist"
    assert load_letters("kmnist").name == "kmnist"
    assert load_letters(str(tmp_path / "own.npz")).name.endswith("own.npz")
    monkeypatch.setattr(data, "load_glyphs", lambda: "drawn")
    assert load_letters("glyphs") == "drawn"


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


def test_the_lesson_falls_back_to_drawn_letters_and_says_so(
    no_server, monkeypatch, capsys
):
    drawn = load_glyphs(10)
    monkeypatch.setattr(data, "load_glyphs", lambda: drawn)
    assert lesson_letters() is drawn
    out, _ = capsys.readouterr()
    assert out.startswith("Drawn letters instead of KMNIST")
    assert names_the_three_ways_out(out)
    assert out.count("\n") == 1


def test_the_lesson_says_nothing_where_kmnist_is_found(
    cache, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("KMNIST_DIR", str(a_folder(tmp_path / "folder")))
    assert lesson_letters().name == "kmnist"
    assert capsys.readouterr().out == ""


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


@pytest.mark.parametrize("name", ["none.npz", "a.txt", "none"])
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


@pytest.fixture(scope="module")
def kmnist():
    try:
        return load_kmnist()
    except LessonError as error:
        pytest.skip(f"KMNIST is not at hand: {error}")


def test_kmnist_is_split_8000_to_2000(kmnist):
    assert kmnist.train_images.shape == (8000, 28, 28, 1)
    assert kmnist.held_out_images.shape == (2000, 28, 28, 1)
    assert kmnist.train_images.dtype == kmnist.held_out_images.dtype == np.float32
    assert kmnist.train_images.min() == 0
    assert kmnist.train_images.max() == 1


def test_kmnist_has_a_thousand_letters_of_each_class(kmnist):
    labels = np.concatenate([kmnist.train_labels, kmnist.held_out_labels])
    assert np.bincount(labels).tolist() == [1000] * 10
    assert np.bincount(kmnist.held_out_labels).min() > 150


def test_no_held_out_letter_of_kmnist_is_trained_on(kmnist):
    trained = {image.tobytes() for image in kmnist.train_images}
    shared = sum(image.tobytes() in trained for image in kmnist.held_out_images)
    assert shared <= 2  # the file itself holds a few letters twice


def test_kmnist_is_the_same_every_time_it_is_loaded(kmnist):
    digest = hashlib.sha256()
    for images in (kmnist.train_images, kmnist.held_out_images):
        digest.update(images.tobytes())
    assert load_kmnist().digest == kmnist.digest == digest.hexdigest()
