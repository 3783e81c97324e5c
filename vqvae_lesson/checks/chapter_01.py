"""Checks of chapter 01: reading, batching and splitting."""

import numpy as np

from vqvae_lesson.checks.verdict import (
    RIGHT,
    WRONG,
    Verdict,
    check_function,
    check_value,
    difference,
)

FULL_SET = 60_000


def _idx(array):
    """Write an array as the bytes of an IDX file."""
    lengths = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


def parse_idx(answer):
    """Check a function from the bytes of an IDX file to an array."""
    arrays = [
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.arange(2 * 3 * 300, dtype=np.uint32).astype(np.uint8).reshape(2, 3, 300),
        np.arange(5, dtype=np.uint8),
    ]
    read = {_idx(array): array for array in arrays}
    mistakes = {
        "the array is flat: reshape it to the lengths in the header.": lambda content: (
            read[content].ravel()
        ),
        "the header is still in front of the data: skip 4 bytes and 4 more an axis.": (
            lambda content: np.frombuffer(content, np.uint8)
        ),
        "the axes are in the wrong order: lengths stand in the order of the axes.": (
            lambda content: read[content].reshape(read[content].shape[::-1])
        ),
    }
    return check_function(answer, [(content,) for content in read], read.get, mistakes)


def batch_count(answer, batch_size):
    """Check the number of whole batches, and of images left over."""
    batches, left = divmod(FULL_SET, batch_size)
    mistakes = {
        "the last, smaller batch is dropped: round down.": (batches + 1, left),
        "how many images are left once all whole batches are taken?": (
            batches,
            batch_size - left,
        ),
    }
    return check_value(answer, (batches, left), mistakes)


def split_pairs(answer):
    """Check a function that splits images and labels together."""
    images = np.arange(20.0).reshape(10, 2)
    labels = np.arange(10)

    def pairs_kept(train_images, train_labels, held_images, held_labels):
        kept = [*train_images[:, 0], *held_images[:, 0]]
        return [value / 2 for value in kept] == [*train_labels, *held_labels]

    verdict = check_function(
        lambda *case: _sizes(answer(*case)),
        [(images, labels, 3, 0)],
        lambda *_: (7, 7, 3, 3),
    )
    if verdict.state != RIGHT:
        return verdict
    parts = [np.asarray(part) for part in answer(images, labels, 3, 0)]
    if not pairs_kept(*parts):
        return Verdict(
            WRONG,
            "images and labels no longer belong together: shuffle both in one order.",
        )
    if difference(sorted([*parts[1], *parts[3]]), labels, {}):
        return Verdict(WRONG, "some letters are in both parts, and some in none.")
    return Verdict(RIGHT, "each letter keeps its label, and none is in both parts.")


def _sizes(parts):
    """Lengths of the parts of a split."""
    return tuple(len(part) for part in parts)
