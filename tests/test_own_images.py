"""A reader's own images, friendly and hostile."""

import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from tests.refusals import refused
from vqvae_lesson import own_images
from vqvae_lesson.data import load_own
from vqvae_lesson.own_images import read_npz, read_photographs, read_pngs

RANDOM = np.random.default_rng(0)


def chunk(kind, content):
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def header(width, height, depth, colour, interlaced=0):
    numbers = (width, height, depth, colour, 0, 0, interlaced)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *numbers))


def write_png(path, size, depth, colour, rows, before=b"", interlaced=0):
    """A PNG as its specification describes it, packed by hand."""
    data = b"".join(b"\x00" + bytes(row) for row in rows)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + header(*size, depth, colour, interlaced)
        + before
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def one_read(folder):
    """The picture of which the folder holds five copies."""
    images = read_pngs(folder)
    assert len(images) == 5
    assert (images == images[0]).all()
    return images[0]


def copies(folder, save):
    for number in range(5):
        save(folder / f"{number}.png")


# Kinds of PNG


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_grey_of_few_bits_is_spread_from_black_to_white(tmp_path, depth):
    values = RANDOM.integers(2**depth, size=(8, 8))
    per_byte = 8 // depth
    weights = 2 ** (depth * np.arange(per_byte)[::-1])
    rows = (values.reshape(8, -1, per_byte) * weights).sum(axis=2).tolist()
    copies(tmp_path, lambda path: write_png(path, (8, 8), depth, 0, rows))
    expected = values * (255 // (2**depth - 1))
    assert one_read(tmp_path).tolist() == expected.tolist()


def test_a_palette_gives_its_colours(tmp_path):
    palette = RANDOM.integers(256, size=(16, 3))
    values = RANDOM.integers(16, size=(4, 8))
    rows = (values[:, ::2] * 16 + values[:, 1::2]).tolist()
    before = chunk(b"PLTE", bytes(palette.ravel().tolist()))
    copies(tmp_path, lambda path: write_png(path, (8, 4), 4, 3, rows, before))
    assert one_read(tmp_path).tolist() == palette[values].tolist()


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3)])
def test_sixteen_bits_keep_their_upper_eight(tmp_path, colour, channels):
    values = RANDOM.integers(2**16, size=(4, 8, channels))
    rows = values.astype(">u2").view("u1").reshape(4, -1)
    copies(tmp_path, lambda path: write_png(path, (8, 4), 16, colour, rows))
    found = one_read(tmp_path).reshape(4, 8, channels)
    np.testing.assert_allclose(found, values / 257, atol=1)


def test_an_interlaced_png_is_read_pixel_for_pixel(tmp_path):
    picture = RANDOM.integers(256, size=(9, 11), dtype=np.uint8)
    # Adam7: the first row and column of each pass, and the steps to the next.
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)]
    passes += [(2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = [
        row
        for top, left, down, right in passes
        for row in picture[top::down, left::right]
    ]
    copies(tmp_path, lambda path: write_png(path, (11, 9), 8, 0, rows, interlaced=1))
    assert one_read(tmp_path).tolist() == picture.tolist()


def test_an_animation_is_refused(tmp_path):
    first, second = (Image.new("L", (4, 4), value) for value in (0, 9))
    copies(
        tmp_path, lambda path: first.save(path, save_all=True, append_images=[second])
    )
    assert "0.png is animated" in refused(read_pngs, tmp_path)


# Ink on nothing


def ink(mode, colour):
    """A square of ink on a transparent ground of the same colour."""
    picture = np.zeros([8, 8, 4], np.uint8)
    picture[..., :3] = colour
    picture[2:5, 3:6, 3] = 255
    return Image.fromarray(picture, "RGBA").convert(mode)


def test_black_ink_on_a_transparent_ground_is_black_on_white(tmp_path):
    copies(tmp_path, lambda path: ink("LA", 0).save(path))
    expected = np.full([8, 8], 255)
    expected[2:5, 3:6] = 0
    assert one_read(tmp_path).tolist() == expected.tolist()
    copies(tmp_path, lambda path: ink("RGBA", 0).save(path))
    assert one_read(tmp_path)[..., 1].tolist() == expected.tolist()


def test_half_transparent_ink_lets_half_of_the_paper_through(tmp_path):
    picture = RANDOM.integers(256, size=(6, 5, 4), dtype=np.uint8)
    copies(tmp_path, lambda path: Image.fromarray(picture, "RGBA").save(path))
    share = picture[..., 3:] / 255
    expected = share * picture[..., :3] + (1 - share) * 255
    np.testing.assert_allclose(one_read(tmp_path), expected, atol=1)


@pytest.mark.parametrize(
    ("colour", "values", "named"),
    [
        (0, [[7, 0, 7, 0]], struct.pack(">H", 7)),
        (2, [[7, 8, 9, 0, 0, 0] * 2], struct.pack(">3H", 7, 8, 9)),
    ],
)
def test_a_colour_named_transparent_is_paper(tmp_path, colour, values, named):
    before = chunk(b"tRNS", named)
    copies(tmp_path, lambda path: write_png(path, (4, 1), 8, colour, values, before))
    found = one_read(tmp_path).reshape(4, -1)
    assert found[:, 0].tolist() == [255, 0, 255, 0]


def test_an_entry_of_a_palette_can_be_transparent(tmp_path):
    before = chunk(b"PLTE", bytes([9, 9, 9, 1, 2, 3])) + chunk(b"tRNS", b"\x00")
    copies(tmp_path, lambda path: write_png(path, (2, 1), 8, 3, [[0, 1]], before))
    assert one_read(tmp_path).tolist() == [[[255, 255, 255], [1, 2, 3]]]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_white_ink_on_a_transparent_ground_is_not_silently_empty(tmp_path, mode):
    copies(tmp_path, lambda path: ink(mode, 255).save(path))
    message = refused(read_pngs, tmp_path)
    assert "0.png is empty" in message
    assert "dark ground" in message


def test_a_transparent_colour_of_sixteen_bits_is_refused(tmp_path):
    before, rows = chunk(b"tRNS", b"\x00\x07"), [[0, 7, 1, 7]]
    copies(tmp_path, lambda path: write_png(path, (2, 1), 16, 0, rows, before))
    assert "16 bits" in refused(read_pngs, tmp_path)


# Files that are no PNGs, or no files


def test_what_only_calls_itself_png_starts_no_other_program(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(
        EpsImagePlugin, "Ghostscript", lambda *args, **kwargs: started.append(args)
    )
    text = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nquit\n"
    copies(tmp_path, lambda path: path.write_bytes(text))
    assert "0.png is not a readable PNG" in refused(read_pngs, tmp_path)
    assert not started


@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "PPM", "TIFF"])
def test_another_kind_of_picture_is_refused(tmp_path, kind):
    copies(tmp_path, lambda path: Image.new("L", (4, 4)).save(path, kind))
    assert "0.png is not a readable PNG" in refused(read_pngs, tmp_path)


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


def endless(path):
    path.symlink_to(path)


def nothing(path):
    path.symlink_to(path.with_name("gone"))


SPECIAL = [pipe, device, endless, nothing, os.mkdir]


@pytest.mark.parametrize("make", SPECIAL)
def test_what_is_no_ordinary_file_is_refused_unopened(tmp_path, make):
    copies(tmp_path, lambda path: Image.new("L", (4, 4)).save(path))
    make(tmp_path / "3a.png")
    assert "3a.png" in refused(read_pngs, tmp_path)
    make(tmp_path / "a.npz")
    assert "a.npz" in refused(read_npz, tmp_path / "a.npz")


# More than there is room for


def test_pngs_that_are_too_large_together_are_refused_unread(tmp_path, monkeypatch):
    start = b"\x89PNG\r\n\x1a\n" + header(4000, 4000, 8, 2)
    copies(tmp_path, lambda path: path.write_bytes(start))
    monkeypatch.setattr(Image, "open", lambda *args, **kwargs: pytest.fail("opened"))
    assert "5 x 4000 x 4000 x 3" in refused(read_pngs, tmp_path)
    (tmp_path / "4.png").unlink()
    assert "at least 5" in refused(read_pngs, tmp_path)


def test_a_sparse_png_is_refused_by_its_size(tmp_path):
    copies(tmp_path, lambda path: Image.new("L", (4, 4)).save(path))
    os.truncate(tmp_path / "2.png", 10**12)
    assert "2.png has 1,000,000,000,000 bytes" in refused(read_pngs, tmp_path)


def test_a_png_with_a_second_larger_header_is_refused(tmp_path):
    more = header(30_000, 30_000, 8, 0)
    copies(tmp_path, lambda path: write_png(path, (2, 1), 8, 0, [[1, 2]], more))
    assert "0.png is not a readable PNG" in refused(read_pngs, tmp_path)


@pytest.mark.parametrize("size", [(0, 4), (4, 0)])
def test_a_png_without_pixels_is_refused(tmp_path, size):
    copies(tmp_path, lambda path: write_png(path, size, 8, 0, []))
    assert "0.png is not a readable PNG" in refused(read_pngs, tmp_path)


def npy_header(shape, kind="|u1"):
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def write_zip(path, members, packing=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, start, zeros in members:
            with archive.open(name, "w") as member:
                member.write(start)
                for _ in range(zeros // 2**20):
                    member.write(bytes(2**20))
                member.write(bytes(zeros % 2**20))


def refused_unread(path):
    """The message of a refusal that took less than 10 MB."""
    tracemalloc.start()
    try:
        message = refused(load_own, path)
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()
    return message


def test_an_npz_that_unpacks_to_too_much_is_refused_unread(tmp_path):
    path, shape = tmp_path / "a.npz", (101, 1000, 1000)
    write_zip(path, [("images.npy", npy_header(shape), 101 * 10**6)])
    assert path.stat().st_size < 200_000
    message = refused_unread(path)
    assert "101 x 1000 x 1000" in message
    assert "at most 1 GB" in message


@pytest.mark.parametrize("shape", [(10**12,), (2**32, 2**32, 2**32), (-1, 4, 4)])
def test_an_array_that_announces_another_size_than_its_entry_is_refused(
    tmp_path, shape
):
    path = tmp_path / "a.npz"
    write_zip(path, [("images.npy", npy_header(shape), 80)])
    assert "plain arrays" in refused_unread(path)


def test_an_entry_whose_stated_size_lies_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    write_zip(path, [("images.npy", npy_header((5, 4, 4)), 80)])
    whole = path.read_bytes()
    place = whole.rfind(b"PK\x01\x02") + 24
    path.write_bytes(whole[:place] + struct.pack("<I", 2**31) + whole[place + 4 :])
    assert "states a size" in refused_unread(path)


def test_labels_count_too(tmp_path):
    path = tmp_path / "a.npz"
    good = ("images.npy", npy_header((5, 4, 4)), 80)
    write_zip(path, [good, ("labels.npy", npy_header((10**8,), "<i8"), 8)])
    assert "plain arrays" in refused_unread(path)


def test_an_entry_that_is_no_array_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    write_zip(path, [("images", b"raw", 10**8)])
    assert "plain arrays" in refused_unread(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_numpy_never_uses_is_refused(tmp_path, packing):
    path = tmp_path / "a.npz"
    write_zip(path, [("images.npy", npy_header((5, 4, 4)), 80)], packing)
    assert "packed" in refused_unread(path)


def test_a_zip_of_endless_entries_is_refused_before_they_are_listed(tmp_path):
    path = tmp_path / "a.npz"
    write_zip(path, [(f"{number:060d}", b"", 0) for number in range(10_000)])
    assert "too many arrays" in refused_unread(path)


def test_a_zip_of_more_entries_than_16_bits_count_is_refused_too(tmp_path):
    path = tmp_path / "a.npz"
    write_zip(path, [(f"{number:x}", b"", 0) for number in range(2**16)])
    assert b"PK\x06\x06" in path.read_bytes()
    assert "too many arrays" in refused_unread(path)


def test_an_array_in_place_of_an_archive_is_refused_unread(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(npy_header((10**10,)))
    os.truncate(path, 10**10)
    assert "a.npz cannot be read" in refused_unread(path)


MEASURE = """
import re, sys
from pathlib import Path
from vqvae_lesson import data, intake, own_images
from vqvae_lesson.data import load_crops, load_own
from vqvae_lesson.own_images import read_photographs

def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search("VmHWM:[^0-9]*([0-9]+)", status)[1])

{module}.ROOM //= 5
before = peak()
{load}
print((peak() - before) / {module}.ROOM)
"""


def share_of_the_room(path, module="intake", load="load_own(sys.argv[1])"):
    """How much of what may be taken was taken, in a process with less to take."""
    code = MEASURE.replace("{module}", module).replace("{load}", load)
    found = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return float(found.stdout)


linux = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc")


@linux
def test_the_most_that_is_taken_from_an_npz_fits_into_the_room(tmp_path):
    path = tmp_path / "a.npz"
    write_zip(path, [("images.npy", npy_header((19, 1000, 1000)), 19 * 10**6)])
    assert 0.5 < share_of_the_room(path) < 1


@linux
def test_the_most_that_is_taken_from_pngs_fits_into_the_room(tmp_path):
    rows = [bytes(1140 * 8)] * 1140
    rows[0] = bytes(6 * [0] + 2 * [255]) * 1140  # black ink in the first row
    write_png(tmp_path / "0.png", (1140, 1140), 16, 6, rows)
    for number in range(1, 5):
        (tmp_path / f"{number}.png").symlink_to("0.png")
    assert 0.5 < share_of_the_room(tmp_path) < 1


# Photographs of any size


def coloured(height, width, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(256, size=[height, width, 3], dtype=np.uint8)


def test_photographs_of_many_sizes_come_in_the_order_of_their_names(tmp_path):
    pixels = [coloured(9, 13, seed=1), coloured(20, 8, seed=2)]
    for name, one in zip(("b.png", "a.png"), pixels, strict=True):
        Image.fromarray(one).save(tmp_path / name)
    (tmp_path / "read me.txt").write_text("no photograph")
    found = read_photographs(tmp_path)
    assert len(found) == 2
    assert np.array_equal(found[0], pixels[1])
    assert np.array_equal(found[1], pixels[0])
    assert np.array_equal(read_photographs(tmp_path / "b.png")[0], pixels[0])


def test_a_jpeg_is_read_as_pillow_does(tmp_path):
    Image.fromarray(coloured(16, 24)).save(tmp_path / "a.JPG", "JPEG", quality=90)
    (found,) = read_photographs(tmp_path)
    assert np.array_equal(found, np.asarray(Image.open(tmp_path / "a.JPG")))


def test_all_photographs_have_the_colours_of_the_first(tmp_path):
    Image.fromarray(coloured(9, 9)[..., 0]).save(tmp_path / "b.png")
    Image.fromarray(coloured(8, 8)).save(tmp_path / "c.png")
    assert [one.shape for one in read_photographs(tmp_path)] == [(9, 9, 1), (8, 8, 1)]
    Image.fromarray(coloured(7, 7)).save(tmp_path / "a.png")
    assert {one.shape[2] for one in read_photographs(tmp_path)} == {3}


def test_a_photograph_is_turned_as_the_camera_says(tmp_path):
    image = Image.fromarray(coloured(16, 24))
    exif = image.getexif()
    exif[0x0112] = 6  # held upright
    image.save(tmp_path / "a.png", exif=exif)
    (found,) = read_photographs(tmp_path)
    assert np.array_equal(found, np.rot90(coloured(16, 24), -1))


def save_inks(path):
    Image.fromarray(coloured(16, 24)).convert("CMYK").save(path / "a.jpg")


def save_16_bits(path):
    pixels = coloured(16, 24)[..., 0].astype(np.uint16) * 257
    Image.fromarray(pixels).save(path / "a.png")


def save_16_bits_of_colour(path):
    rows = [b"\x01\x02" * 9] * 2
    write_png(path / "a.png", (3, 2), 16, 2, rows)


def save_16_bits_called_jpeg(path):
    save_16_bits_of_colour(path)
    (path / "a.png").rename(path / "a.jpg")


def save_transparent(path):
    image = Image.fromarray(coloured(16, 24)).convert("RGBA")
    image.putpixel((23, 15), (1, 2, 3, 254))
    image.save(path / "a.png")


def save_transparent_palette(path):
    image = Image.fromarray(coloured(16, 24)).quantize(8)
    image.save(path / "a.png", transparency=0)


def save_animation(path):
    frames = [Image.fromarray(coloured(16, 24, seed)) for seed in (0, 1)]
    frames[0].save(path / "a.png", save_all=True, append_images=frames[1:])


def save_broken(path):
    Image.fromarray(coloured(16, 24)).save(path / "a.png")
    content = (path / "a.png").read_bytes()
    (path / "a.png").write_bytes(content[: len(content) // 2])


def save_broken_jpeg(path):
    (path / "a.jpeg").write_bytes(b"\xff\xd8\xff\xe0 no more")


def save_empty(path):
    (path / "a.jpg").write_bytes(b"")


def save_a_gif_called_jpeg(path):
    Image.fromarray(coloured(16, 24)).save(path / "a.jpg", "GIF")


def save_nothing(path):
    (path / "a.txt").write_text("")


def save_floats(path):
    np.savez(path / "a.npz", images=coloured(5, 5)[None] / 255)


def save_no_image(path):
    np.savez(path / "a.npz", images=coloured(5, 5)[None][:0])


def save_four_channels(path):
    np.savez(path / "a.npz", images=np.zeros([2, 5, 5, 4], np.uint8))


@pytest.mark.parametrize(
    ("mode", "colours"),
    [("RGBA", {}), ("LA", {}), ("P", {"transparency": b"\xff" * 9})],
)
@pytest.mark.filterwarnings("error")
def test_a_picture_that_could_be_transparent_and_is_not_is_taken(
    tmp_path, mode, colours
):
    image = Image.fromarray(coloured(16, 24))
    image = image.quantize(8) if mode == "P" else image.convert(mode)
    image.save(tmp_path / "a.png", **colours)
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.has_transparency_data
    (found,) = read_photographs(tmp_path)
    plain = np.asarray(image.convert("L" if mode == "LA" else "RGB"))
    assert np.array_equal(found, plain.reshape(found.shape))
    assert found.shape[2] == (1 if mode == "LA" else 3)


@pytest.mark.parametrize(
    ("save", "name", "word"),
    [
        (save_inks, "a.jpg", "made of inks (CMYK), expected RGB or grey"),
        (save_16_bits, "a.png", "16 bits a value, expected 8"),
        (save_16_bits_of_colour, "a.png", "16 bits a value, expected 8"),
        (save_16_bits_called_jpeg, "a.jpg", "16 bits a value, expected 8"),
        (save_transparent, "a.png", "transparent, expected a photograph"),
        (save_transparent_palette, "a.png", "transparent, expected a photograph"),
        (save_animation, "a.png", "animated, expected one picture"),
        (save_broken, "a.png", "not a readable JPEG or PNG: remove it"),
        (save_broken_jpeg, "a.jpeg", "not a readable JPEG or PNG: remove it"),
        (save_empty, "a.jpg", "not a readable JPEG or PNG: remove it"),
        (save_a_gif_called_jpeg, "a.jpg", "not a readable JPEG or PNG: remove it"),
        (save_nothing, ".", "holds no photographs, expected .jpg, .jpeg, .png"),
        (save_floats, "a.npz", "holds float64 images"),
        (save_no_image, "a.npz", "shape [0, 5, 5, 3], expected"),
        (save_four_channels, "a.npz", "shape [2, 5, 5, 4], expected"),
    ],
)
def test_a_photograph_that_cannot_be_used_is_refused_in_a_line(
    tmp_path, save, name, word
):
    save(tmp_path)
    message = refused(read_photographs, tmp_path / name)
    assert word in message
    assert str(tmp_path) in message


def test_a_folder_that_does_not_exist_is_told(tmp_path):
    assert "No such file" in refused(read_photographs, tmp_path / "none.jpg")


def test_more_photographs_than_there_is_room_for_are_refused(tmp_path, monkeypatch):
    for name in "abc":
        Image.fromarray(coloured(10, 10)).save(tmp_path / f"{name}.png")
    monkeypatch.setattr(own_images, "ROOM", 2_200)
    assert len(read_photographs(tmp_path)) == 3
    monkeypatch.setattr(own_images, "ROOM", 2_199)
    message = refused(read_photographs, tmp_path)
    assert "c.png is 10 x 10, which takes" in message


@linux
def test_the_largest_photograph_that_is_read_fits_into_the_room(tmp_path):
    image = Image.new("RGBA", (3_500, 3_500), (9, 8, 7, 255))
    exif = image.getexif()
    exif[0x0112] = 6  # so that it is turned, too
    image.save(tmp_path / "a.png", exif=exif)
    read = "read_photographs(Path(sys.argv[1]))"
    assert 0.5 < share_of_the_room(tmp_path, "own_images", read) < 1


def test_a_photograph_that_unpacks_to_a_thousand_times_its_size_is_refused(tmp_path):
    write_png(tmp_path / "a.png", (20_000, 20_000), 8, 2, [bytes(9)])
    assert "a.png is too large" in refused(read_photographs, tmp_path)
