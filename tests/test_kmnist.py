import gzip
import hashlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from tests.refusals import refused
from vqvae_lesson import data, kmnist
from vqvae_lesson.data import (
    KMNIST_NAMES,
    lesson_letters,
    load_glyphs,
    load_kmnist,
    load_letters,
)
from vqvae_lesson.errors import LessonError
from vqvae_lesson.kmnist import Published, find_kmnist, read_idx

RANDOM = np.random.default_rng(0)


def idx_bytes(array, magic=b"\x00\x00\x08"):
    """An IDX file as LeCun's page describes it, packed by hand."""
    shape = b"".join(struct.pack(">I", length) for length in array.shape)
    return magic + struct.pack("B", array.ndim) + shape + array.tobytes()


def write_gzip(path, content):
    path.write_bytes(gzip.compress(content))
    return path


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
    assert ("more than 24 bytes" if change > 0 else "23 bytes") in message
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
    assert "at most 1 GB" in message
    assert str(lengths[0]) in message


def test_an_idx_of_255_axes_is_refused(tmp_path):
    content = b"\x00\x00\x08\xff" + struct.pack(">I", 1) * 255 + b"x"
    assert "axes" in refused(read_idx, write_gzip(tmp_path / "a.gz", content))


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
SHA256 = {
    name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()
}
FILES = {
    name: Published(len(content), MD5[name], SHA256[name])
    for name, content in CONTENT.items()
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no folder in the environment, and the made-up files' hashes."""
    monkeypatch.setattr(kmnist, "KMNIST_FILES", FILES)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("KMNIST_DIR", raising=False)
    monkeypatch.delenv("KMNIST_URL", raising=False)
    import pooch

    folder = pooch.os_cache("vqvae_lesson")
    assert folder.is_relative_to(tmp_path)
    return folder


class Server(BaseHTTPRequestHandler):
    """Serves the made-up files: whole, wrong, broken off, or with ill will."""

    def do_GET(self):
        self.server.asked.append(self.path)
        content = CONTENT.get(self.path.removeprefix("/kmnist/"))
        if content is None or self.server.mode == "missing":
            self.send_error(404)
            return
        getattr(self, self.server.mode)(content)

    def head(self, *headers, code=200):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def good(self, content):
        self.head(("Content-Length", len(content)))
        self.wfile.write(content)

    def wrong(self, content):
        self.good(b"another file")

    def broken(self, content):
        self.head(("Content-Length", len(content)))
        self.wfile.write(content[: len(content) // 2])

    def packed(self, content):
        """Some servers say of a file that ends in .gz that they packed it."""
        self.head(("Content-Length", len(content)), ("Content-Encoding", "gzip"))
        self.wfile.write(content)

    def moved(self, content):
        """The first time elsewhere, which is where the file is."""
        if len(self.server.asked) > 1:
            self.good(content)
        else:
            self.head(("Location", self.path), code=302)

    def broken_address(self, content):
        self.head(("Location", "http://[::1"), code=302)

    def circle(self, content):
        self.head(("Location", self.path), code=302)

    def reset(self, content):
        """Hang up in the middle, without a word."""
        self.head(("Content-Length", len(content)))
        self.wfile.write(content[:100])
        abrupt = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abrupt)
        self.connection.close()

    def endless(self, content):
        self.head()
        self.pour(content)

    def chunks(self, content):
        self.head(("Transfer-Encoding", "chunked"))
        self.pour(b"1000\r\n" + bytes(4096) + b"\r\n")

    def bomb(self, content):
        self.head(("Content-Encoding", "gzip"))
        self.pour(gzip.compress(bytes(10**7)))

    def pour(self, content):
        for _ in range(10**9 // len(content)):
            self.wfile.write(content)
            self.server.sent += len(content)

    def drip(self, content):
        """One byte at a time: never so late that a single wait is too long."""
        self.head(("Content-Length", len(content)))
        for byte in content:
            self.wfile.write(bytes([byte]))
            time.sleep(0.02)

    def slow_head(self, content):
        for _ in range(1000):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.02)

    def handle(self):
        with suppress(ConnectionError, ValueError):
            super().handle()

    def finish(self):
        with suppress(ConnectionError, OSError, ValueError):
            super().finish()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(cache, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.mode, server.asked, server.sent = "good", [], 0
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
    damaged = CONTENT[IMAGES][:-1] + bytes([CONTENT[IMAGES][-1] ^ 1])
    (folder / IMAGES).write_bytes(damaged)
    message = refused(find_kmnist, IMAGES, folder)
    assert str(folder / IMAGES) in message
    assert MD5[IMAGES] in message
    assert hashlib.md5(damaged).hexdigest() in message
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


# Servers, addresses and files that mean harm


@pytest.mark.parametrize("mode", ["endless", "chunks", "bomb"])
def test_a_body_without_end_is_cut_off_at_the_published_size(server, cache, mode):
    server.mode = mode
    message = refused(find_kmnist, IMAGES, progress=False)
    assert "was thrown away" in message
    assert files_in(cache) == []
    time.sleep(0.2)
    assert server.sent < 10**7


@pytest.mark.parametrize("mode", ["drip", "slow_head"])
def test_a_download_has_a_deadline_however_slowly_it_drips(
    server, cache, monkeypatch, mode
):
    monkeypatch.setattr(kmnist, "DEADLINE", 0.5)
    server.mode, start = mode, time.monotonic()
    message = refused(find_kmnist, IMAGES, progress=False)
    assert time.monotonic() - start < 3
    assert "TimeoutError" in message
    assert files_in(cache) == []


@pytest.mark.parametrize("mode", ["circle", "reset", "broken_address"])
def test_a_server_that_gives_no_file_is_one_line_and_leaves_nothing(
    server, cache, mode
):
    server.mode = mode
    assert names_the_three_ways_out(refused(find_kmnist, IMAGES, progress=False))
    assert files_in(cache) == []


def test_a_killed_download_leaves_nothing(server, cache):
    server.mode = "drip"
    code = "import sys; from vqvae_lesson import kmnist; from tests import test_kmnist"
    code += "; kmnist.KMNIST_FILES = test_kmnist.FILES; kmnist.find_kmnist(sys.argv[1])"
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", code, IMAGES],
        cwd=Path(__file__).parents[1],
        env=environment,
        stderr=subprocess.PIPE,
    ) as running:
        assert b"0.00" in running.stderr.read(30)
        running.kill()
    assert server.asked
    assert files_in(cache) == []


def test_what_a_download_killed_while_it_was_written_left_is_swept(server, cache):
    cache.mkdir(parents=True)
    (cache / ".vqvae-lesson-0a").write_bytes(b"half")
    (cache / "mine").write_bytes(b"mine")
    find_kmnist(IMAGES, progress=False)
    assert {path.name for path in files_in(cache)} == {IMAGES, "mine"}


@pytest.mark.parametrize("mode", ["moved", "packed"])
def test_a_file_that_comes_another_way_is_taken(server, mode):
    server.mode = mode
    assert find_kmnist(IMAGES, progress=False).read_bytes() == CONTENT[IMAGES]


def test_a_file_with_the_right_md5_alone_is_not_taken(server, cache, monkeypatch):
    other = FILES[IMAGES]._replace(sha256=FILES[LABELS].sha256)
    monkeypatch.setattr(kmnist, "KMNIST_FILES", FILES | {IMAGES: other})
    assert other.sha256 in refused(find_kmnist, IMAGES, progress=False)
    assert files_in(cache) == []
    folder = a_folder(cache.parent)
    assert f"expected {other.sha256}" in refused(find_kmnist, IMAGES, folder)


def test_an_error_stands_on_a_line_of_its_own_after_the_bar(server, capfd):
    server.mode = "broken"
    refused(find_kmnist, IMAGES)
    _, err = capfd.readouterr()
    assert "0%" in err
    assert err.endswith("\n")
    server.mode = "missing"
    refused(find_kmnist, IMAGES)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("mode", ["missing", "wrong"])
@pytest.mark.parametrize("secret", ["reader:opensesame", "opensesame", "r:open@sesame"])
def test_what_opens_a_mirror_is_not_shown(server, mode, secret):
    server.mode = mode
    place = f"127.0.0.1:{server.server_port}/kmnist"
    url = f"http://{secret}@{place}?key=opensesame"
    message = refused(find_kmnist, IMAGES, url=url, progress=False)
    assert f"http://{place}" in message
    assert "sesame" not in message
    assert "reader" not in message


def test_a_password_that_breaks_its_address_is_not_shown_either(cache):
    url = "http://reader:open/sesame@127.0.0.1/kmnist"
    assert "sesame" not in refused(find_kmnist, IMAGES, url=url, progress=False)


def test_an_address_of_two_lines_is_one_in_the_message(cache):
    url = "http://reader:opensesame@a\nb/"
    message = refused(find_kmnist, IMAGES, url=url, progress=False)
    assert "http://a b/" in message


@pytest.fixture
def publisher(server, monkeypatch):
    """The publisher's two addresses, of which the server answers the second."""
    monkeypatch.delenv("KMNIST_URL")
    address = f"127.0.0.1:{server.server_port}/kmnist/"
    urls = f"https://{address}", f"http://{address}"
    monkeypatch.setattr(kmnist, "KMNIST_URLS", urls)


def test_the_publisher_is_asked_by_https_first():
    assert [url.split(":")[0] for url in kmnist.KMNIST_URLS] == ["https", "http"]


def test_where_https_fails_http_with_the_right_hash_will_do(publisher, server):
    assert find_kmnist(IMAGES, progress=False).read_bytes() == CONTENT[IMAGES]
    server.mode = "wrong"
    assert "thrown away" in refused(find_kmnist, LABELS, progress=False)


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_mirror_is_none(publisher, monkeypatch, empty):
    monkeypatch.setenv("KMNIST_URL", empty)
    assert find_kmnist(IMAGES, progress=False).read_bytes() == CONTENT[IMAGES]


def sparse(path):
    path.touch()
    os.truncate(path, 10**12)


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


def endless(path):
    path.symlink_to(path)


@pytest.mark.parametrize("make", [sparse, pipe, device, endless])
def test_what_is_not_the_file_is_refused_unread(cache, server, tmp_path, make):
    make(tmp_path / IMAGES)
    assert str(tmp_path / IMAGES) in refused(find_kmnist, IMAGES, tmp_path)
    if make is not sparse:
        assert str(tmp_path / IMAGES) in refused(read_idx, tmp_path / IMAGES)
    cache.mkdir(parents=True)
    make(cache / IMAGES)
    if make is sparse:
        found = find_kmnist(IMAGES, progress=False)
        assert found.read_bytes() == CONTENT[IMAGES]
    else:
        assert str(cache / IMAGES) in refused(find_kmnist, IMAGES, progress=False)


def test_an_idx_that_unpacks_to_too_much_is_refused_unread(tmp_path):
    content = b"\0\0\x08\x01" + struct.pack(">I", 2**31) + bytes(10**7)
    message = refused(read_idx, write_gzip(tmp_path / "a.gz", content))
    assert "2147483648" in message
    assert "at most 1 GB" in message


def test_an_idx_followed_by_nothing_for_ever_is_refused_unread(tmp_path):
    path = write_gzip(tmp_path / "a.gz", idx_bytes(np.zeros(9, np.uint8)))
    os.truncate(path, 10**12)
    assert "1,000,000,000,0" in refused(read_idx, path)


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
