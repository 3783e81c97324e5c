"""Checks of chapter 01: reading, batching and splitting."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    agrees,
    check_each,
    check_function,
    check_value,
    expect_shape,
    numbers,
    parts,
)

FULL_SET = 60_000
ORDERS = {
    (3, 3, 7, 7): "the held-out part comes last: first what is left for training.",
    (7, 3, 7, 3): "the order is training images and labels, then held-out ones.",
    (10, 10, 3, 3): "the held-out letters are still in the training part.",
}


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
            lambda content: [
                read[content].T,
                read[content].reshape(read[content].shape[::-1]),
            ]
        ),
        "bytes above 127 came out negative: read them as unsigned, uint8.": (
            lambda content: read[content].view(np.int8)
        ),
    }
    return check_function(answer, [(content,) for content in read], read.get, mistakes)


def _in_batches(count, batch_size):
    """Cut a range into batches; the last one may be smaller."""
    return [range(count)[i : i + batch_size] for i in range(0, count, batch_size)]


def batch_count(answer, batch_size):
    """Check the number of whole batches, and of images left over."""
    shapes = [len(batch) for batch in _in_batches(FULL_SET, batch_size)]
    batches, left = shapes.count(batch_size), shapes[-1] % batch_size
    mistakes = {
        "the last, smaller batch is dropped: round down.": [
            (batches + 1, left),
            (FULL_SET / batch_size, left),
        ],
        "how many images are left once all whole batches are taken?": [
            (batches, batch_size - left),
            (batches, 0),
        ],
        "this is a share of a batch: how many images is that?": (
            batches,
            left / batch_size,
        ),
        "the batches come first, then what is left.": (left, batches),
    }
    return check_value(answer, (batches, left), mistakes)


def split_pairs(answer):
    """Check a function that splits images and labels together."""
    images, labels = np.arange(20.0).reshape(10, 2), np.arange(10)
    orders = []

    def judge(found, *_):
        found = [numbers(part) for part in parts(found, 4)]
        sizes = tuple((part.shape or (0,))[0] for part in found)
        if sizes != (7, 7, 3, 3):
            hint = f"the parts have lengths {list(sizes)}, expected [7, 7, 3, 3]."
            raise Fault(ORDERS.get(sizes, hint))
        order = np.concatenate([found[1].ravel(), found[3].ravel()])
        if not np.array_equal(np.sort(order), labels):
            raise Fault("some letters are in both parts, and some in none.")
        for part, chosen in ((found[0], found[1]), (found[2], found[3])):
            right = images[chosen.astype(int)]
            expect_shape(part, right.shape)
            if not agrees(part, right):
                raise Fault(
                    "images and labels no longer belong together: shuffle both in "
                    "one order."
                )
        if all((np.diff(part) > 0).all() for part in (found[1], found[3])):
            raise Fault("the letters are still in the order of the file: shuffle them.")
        orders.append(order)
        if len(orders) == 2 and (orders[0] != orders[1]).any():
            raise Fault("the same seed must give the same split: use the seed.")
        if len(orders) == 3 and (orders[1] == orders[2]).all():
            raise Fault("another seed gives the same split: use the seed.")

    return check_each(
        answer,
        [(images, labels, 3, seed) for seed in (0, 0, 1)],
        judge,
        "each letter keeps its label, and none is in both parts.",
    )
