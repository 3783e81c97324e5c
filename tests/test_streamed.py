"""Images on the disk train as images in memory do, and memory does not grow."""

import os
import struct
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.refusals import refused
from tests.sparse_file import write_sparse
from vqvae_lesson import intake
from vqvae_lesson.data import batches, load_own
from vqvae_lesson.glyphs import draw_glyphs
from vqvae_lesson.health import CodeRecord
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.runs.run import Run
from vqvae_lesson.streamed import StreamedImages, open_shards, write_shards
from vqvae_lesson.training import Training

IMAGES, LABELS = draw_glyphs(100, seed=0)
RECIPE = find_recipe(
    "small", base_depth=2, batch_size=16, num_codes=8, warm_up_steps=7, epochs=3
)


def save_npz(folder, images=IMAGES, save=np.savez, **more):
    path = folder / "letters.npz"
    save(path, images=images, **more)
    return path


@pytest.fixture
def little_room(monkeypatch):
    monkeypatch.setattr(intake, "ROOM", 100_000)


@pytest.fixture(params=["npz", "shards"])
def both(request, tmp_path, monkeypatch):
    """The same letters, in memory and on the disk."""
    path = save_npz(tmp_path, labels=LABELS)
    in_memory = load_own(path)
    if request.param == "shards":
        path = tmp_path / "shards"
        write_shards(path, IMAGES, LABELS, shard_size=33)
    with monkeypatch.context() as patch:
        patch.setattr(intake, "ROOM", 100_000)
        on_disk = load_own(path)
    assert isinstance(on_disk.train_images, StreamedImages)
    return in_memory, on_disk


# The same numbers


def test_the_same_letters_are_trained_on_and_held_out(both):
    in_memory, on_disk = both
    for part in ("train", "held_out"):
        expected = getattr(in_memory, f"{part}_images")
        found = getattr(on_disk, f"{part}_images")
        assert found.shape == expected.shape
        assert np.asarray(found).dtype == expected.dtype
        np.testing.assert_array_equal(np.asarray(found), expected)
        labels = getattr(on_disk, f"{part}_labels")
        np.testing.assert_array_equal(labels, getattr(in_memory, f"{part}_labels"))


def test_a_single_number_reads_its_image_and_so_does_going_through_them(both):
    expected, found = (letters.held_out_images for letters in both)
    for number in (3, -1):
        assert found[number].shape == (28, 28, 1)
        np.testing.assert_array_equal(found[number], expected[number])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(IndexError):
        found[len(found)]


def test_an_epoch_hands_out_the_same_batches_also_from_its_middle(both):
    in_memory, on_disk = (letters.train_images for letters in both)
    expected = [*batches(in_memory, 16, seed=3, epoch=2)]
    found = [*batches(on_disk, 16, seed=3, epoch=2)]
    assert len(found) == len(expected) == 5
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_array_equal(one, other)
    (last,) = batches(on_disk, 16, seed=3, epoch=2).skip(4)
    np.testing.assert_array_equal(last, expected[4])
    assert batches(on_disk, 16).element_spec.shape.as_list() == [16, 28, 28, 1]


def test_training_and_measuring_end_with_the_same_bits(both):
    ends = []
    for letters in both:
        training = Training(RECIPE)
        losses = [*training.steps(letters.train_images, until=12)]
        found = evaluate(training.model, letters.held_out_images)
        record = CodeRecord(training, letters.held_out_images)
        record(step=1)
        arrays = [variable.numpy() for variable in training.model.variables]
        ends.append([losses, found, record.rows["nll"], arrays])
    one, other = ends
    assert one[:3] == other[:3]
    for mine, theirs in zip(one[3], other[3], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_run_goes_on_from_its_middle(both, tmp_path):
    in_memory, on_disk = both
    Run.start(tmp_path / "whole", in_memory, RECIPE, "small").train()
    Run.start(tmp_path / "run", on_disk, RECIPE, "small", steps=8).train()
    run = Run.resume(tmp_path / "run", on_disk, steps=15)
    assert run.train()
    texts = [(tmp_path / name / "history.csv").read_text() for name in ("whole", "run")]
    assert texts[0].splitlines()[-1] == texts[1].splitlines()[-1]
    message = refused(Run.resume, tmp_path / "run", in_memory)
    assert "name the same data" in message


def test_both_ways_to_keep_letters_have_one_digest(tmp_path, little_room):
    write_shards(tmp_path / "shards", IMAGES)
    first = load_own(tmp_path / "shards")
    assert first.digest == load_own(save_npz(tmp_path)).digest
    other = IMAGES.copy()
    other[50, 3, 3] ^= 1
    assert first.digest != load_own(save_npz(tmp_path, other)).digest


def test_a_record_is_what_tensorflow_reads(tmp_path):
    images = np.random.default_rng(0).integers(256, size=[5, 3, 4, 3], dtype=np.uint8)
    write_shards(tmp_path, images, [4, 0, -1, 7, 300], shard_size=2)
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    number = tf.io.FixedLenFeature([], tf.int64)
    spec = dict.fromkeys(["height", "width", "channels", "label"], number)
    spec["image"] = tf.io.FixedLenFeature([], tf.string)
    records = [
        tf.io.parse_single_example(one, spec) for one in tf.data.TFRecordDataset(names)
    ]
    assert [int(record["label"]) for record in records] == [4, 0, -1, 7, 300]
    for record, image in zip(records, images, strict=True):
        sizes = [int(record[name]) for name in ("height", "width", "channels")]
        assert sizes == [3, 4, 3]
        assert (
            tf.io.decode_raw(record["image"], tf.uint8).numpy().tobytes()
            == image.tobytes()
        )
    found, labels = open_shards(tmp_path)
    np.testing.assert_array_equal(
        np.asarray(found[::-1]), images[::-1] / np.float32(255)
    )
    assert labels.tolist() == [4, 0, -1, 7, 300]


def test_an_array_between_others_is_found(tmp_path, little_room):
    path = tmp_path / "letters.npz"
    np.savez(path, before=np.arange(9), images=IMAGES[..., None], behind=np.arange(5))
    letters = load_own(path)
    expected = np.load(path)["images"][letters.held_out_images.rows] / np.float32(255)
    np.testing.assert_array_equal(np.asarray(letters.held_out_images), expected)
    assert not letters.train_labels.any()


# Memory


# What a process took at the most, says the system of itself alone only from within.
MEASURED = """
import atexit
from vqvae_lesson.__main__ import main
status = open("/proc/self/status")
atexit.register(lambda: print(status.read().split("VmHWM:")[1].split()[0]))
main()
"""


def peak_of_training(path, out, steps=3):
    """Train, and return bytes of memory at the most, and what was said."""
    options = ["--recipe", "small", "--base-depth", "2", "--steps", str(steps)]
    command = [sys.executable, "-c", MEASURED, "train", "--data", path, "--out", out]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    *said, peak = done.stdout.splitlines()
    return 1024 * int(peak), said


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for its memory")
def test_gigabytes_pass_in_less_than_one(tmp_path):
    path = tmp_path / "letters.npz"
    gigabytes = 5 if "ALL_FAULTS" in os.environ else 2.2  # 2**32 and 2**31 bytes
    count = write_sparse(path, IMAGES, gigabytes)
    try:
        assert path.stat().st_size > gigabytes * 1e9
        assert count > gigabytes * 1_200_000
        peak, said = peak_of_training(path, tmp_path / "run")
    finally:
        path.unlink()
    assert any("finished at step 3" in line for line in said)
    assert peak < 10**9


# Refusals


@pytest.mark.parametrize(
    ("save", "images"),
    [
        (np.savez_compressed, IMAGES),
        (np.savez, IMAGES / 255),
        (np.savez, np.asfortranarray(IMAGES)),
    ],
)
def test_what_cannot_be_streamed_says_how_to_save_it(
    tmp_path, little_room, save, images
):
    message = refused(load_own, save_npz(tmp_path, images, save))
    assert "save them with np.savez, as uint8" in message


def test_labels_of_another_number_are_refused(tmp_path, little_room):
    assert "one whole number" in refused(
        load_own, save_npz(tmp_path, labels=LABELS[1:])
    )


def change_a_bit(path, place):
    with open(path, "r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def test_a_damaged_npz_is_refused(tmp_path, little_room):
    path = save_npz(tmp_path)
    change_a_bit(path, 5_000)
    assert "letters.npz is damaged" in refused(load_own, path)


def test_images_of_another_rank_are_refused(tmp_path, little_room):
    path = save_npz(tmp_path, IMAGES.reshape(-1))
    assert "expected [N, H, W]" in refused(load_own, path)


def shards_of(folder, **more):
    write_shards(folder, IMAGES[:20], shard_size=8, **more)
    return folder / "00001.tfrecord"


@pytest.mark.parametrize("length", [5, 12, 500, 5_000, -1])
def test_a_shard_that_breaks_off_is_refused(tmp_path, length):
    path = shards_of(tmp_path)
    size = path.stat().st_size
    os.truncate(path, length % size)
    assert "00001.tfrecord breaks off behind byte" in refused(load_own, tmp_path)


def test_a_pixel_that_was_changed_is_found(tmp_path):
    change_a_bit(shards_of(tmp_path), 400)
    assert "00001.tfrecord is damaged behind byte 0" in refused(load_own, tmp_path)


def test_a_record_that_states_an_endless_length_is_refused_unread(tmp_path):
    path = shards_of(tmp_path)
    with open(path, "r+b") as file:
        file.write(struct.pack("<Q", 2**62))
    assert "breaks off" in refused(load_own, tmp_path)


def test_shards_with_images_of_two_sizes_are_refused(tmp_path):
    shards_of(tmp_path)
    write_shards(tmp_path / "more", np.zeros([2, 28, 32], np.uint8))
    (tmp_path / "more" / "00000.tfrecord").rename(tmp_path / "a.tfrecord")
    message = refused(load_own, tmp_path)
    assert "a.tfrecord, byte 0: an image of shape [28, 32, 1]" in message


def test_shards_of_which_some_have_labels_are_refused(tmp_path):
    shards_of(tmp_path)
    write_shards(tmp_path / "more", IMAGES[:2], LABELS[:2])
    (tmp_path / "more" / "00000.tfrecord").rename(tmp_path / "a.tfrecord")
    assert "22 images and 2 labels" in refused(load_own, tmp_path)


def test_shards_beside_pngs_and_empty_ones_are_refused(tmp_path):
    (tmp_path / "a.tfrecord").touch()
    assert "without a record" in refused(load_own, tmp_path)
    (tmp_path / "a.png").touch()
    assert "PNGs and shards" in refused(load_own, tmp_path)


@pytest.mark.parametrize("record", [b"", b"no example", b"\x0a\xff\xff"])
def test_a_record_of_something_else_is_refused(tmp_path, record):
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        writer.write(record)
    assert "write it with write_shards" in refused(load_own, tmp_path)


def test_only_bytes_are_written_and_only_once(tmp_path):
    assert "expected uint8" in refused(write_shards, tmp_path, IMAGES / 255)
    write_shards(tmp_path / "a", IMAGES[:5])
    assert "holds shards already" in refused(write_shards, tmp_path / "a", IMAGES)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path, make):
    write_shards(tmp_path, IMAGES)
    make(tmp_path / "x.tfrecord")
    assert "x.tfrecord" in refused(open_shards, tmp_path)


def test_damaged_labels_are_refused(tmp_path, little_room):
    many = np.zeros([20_000, 2, 2], np.uint8)
    path = save_npz(tmp_path, many, labels=np.arange(20_000))
    content = bytearray(path.read_bytes())
    content[content.index(b"labels.npy") + 150_000] ^= 1
    path.write_bytes(content)
    assert "is damaged" in refused(load_own, path)


def test_images_that_were_changed_after_the_start_are_not_read(both):
    _, on_disk = both
    parts = on_disk.train_images.read
    paths = parts.__self__.paths if hasattr(parts, "__self__") else [parts.args[0]]
    for path in paths:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(1, 1))
    message = refused(np.asarray, on_disk.train_images[:3])
    assert "was changed after the start" in message


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES, LABELS[:-1], "a label is None"),
        (IMAGES, [*LABELS, 1], "more labels than images"),
        (IMAGES, LABELS + 0.5, "a label is"),
        ([IMAGES[0], IMAGES[0][:5]], None, "all of one size"),
        (IMAGES[:, :0], None, "an image is"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(tmp_path, images, labels, said):
    assert said in refused(write_shards, tmp_path, images, labels, shard_size=40)
    assert not [*tmp_path.iterdir()]


def test_labels_of_another_kind_are_refused(tmp_path):
    features = {
        name: tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        for name, value in {"height": 1, "width": 1, "channels": 1}.items()
    }
    features["image"] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"a"]))
    features["label"] = tf.train.Feature(float_list=tf.train.FloatList(value=[1.0]))
    example = tf.train.Example(features=tf.train.Features(feature=features))
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        writer.write(example.SerializeToString())
    assert "perhaps label" in refused(open_shards, tmp_path)
