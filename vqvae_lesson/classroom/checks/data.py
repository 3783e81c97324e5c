"""Checks of chapter 01: pictures, copies, splits, steps and files."""

from contextlib import suppress

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    agrees,
    check_each,
    check_function,
    check_value,
    compare,
    expect_shape,
    numbers,
    parts,
)

FULL_SET, EPOCHS = 60_000, 20
ORDERS = {
    (3, 3, 7, 7): "the held-out part comes last: first what is left for training.",
    (7, 3, 7, 3): "the order is training images and labels, then held-out ones.",
    (3, 7, 3, 7): "the order is training images and labels, then held-out ones.",
    (10, 10, 3, 3): "the held-out letters are still in the training part.",
    (7, 7, 10, 10): "the training letters are still in the held-out part.",
}


def best_picture(answer):
    """Check a function that finds the picture with the least absolute difference."""
    random = np.random.default_rng(0)

    def cases(random, *shapes):
        return [(random.random(shape).round(2),) for shape in shapes]

    def judge(found, images):
        found = numbers(found)
        expect_shape(found, images.shape[1:])
        if not np.isfinite(found).all():
            raise Fault("the picture holds NaN or infinity.")
        mean, median = images.mean(axis=0), np.median(images, axis=0)
        low, high = images.min(axis=0), images.max(axis=0)
        rounded = 3e-4 * found.size  # as coarse as numbers of 16 bits
        if np.abs(images - found).sum() <= np.abs(images - median).sum() + rounded:
            return
        usual = {
            "the picture is the same everywhere: ask for each pixel by itself.": [
                np.full_like(found, found.flat[0])
            ],
            "this is the average, the best at squared differences. At which value do "
            "the distances to 0, 0 and 1 add up to least?": [mean],
            "ink or no ink is too rough: the best picture may be grey.": [
                1 * (mean > 0.5),
                1 * (median > 0.5),
            ],
            "this is one of the letters; the best picture may be one that nobody "
            "wrote.": images,
            "halfway between the least and the most ink counts two letters only.": [
                (low + high) / 2
            ],
            "this is the least or the most ink: most letters lie on one side of it.": [
                low,
                high,
            ],
        }
        for hint, pictures in usual.items():
            if any(agrees(found, picture) for picture in pictures):
                raise Fault(hint)
        raise Fault(
            "another picture costs less: change one pixel a little, up or down, and "
            "see where the sum of absolute differences falls."
        )

    return check_each(
        answer,
        cases(random, [7, 2, 3, 1], [6, 3, 2, 1]),
        judge,
        "no picture costs less.",
        fresh=lambda random: cases(random, [4, 3, 5, 1], [11, 4, 2, 1]),
    )


def _copies(train, held_out):
    """Mark each held-out image that the training images hold too."""
    known = {image.tobytes() for image in train}
    return np.array([image.tobytes() in known for image in held_out])


def _equal(train, held_out):
    """Compare every training image with every held-out one, pixel by pixel."""
    return train[:, None] == held_out[None]


def _near(train, held_out):
    """Pairs that differ by no more than three steps of 255 in any pixel."""
    return (np.abs(train[:, None] - held_out[None]) < 0.013).all(axis=(2, 3, 4))


def _same_ink(train, held_out):
    """Count held-out images with as much ink as some training image."""
    return np.isin(held_out.sum((1, 2, 3)), train.sum((1, 2, 3))).sum()


def _with_copies():
    """Make training and held-out images on which every usual mistake shows."""
    random = np.random.default_rng(0)
    one, two, three, four, *others = random.integers(1, 255, [9, 3, 3, 1])
    nearly = three + (np.arange(9).reshape(3, 3, 1) == 4)
    mixed = np.resize(np.stack([two, one]).flat[[8, 2, 17, 5, 11]], [3, 3, 3, 1])
    train = [two, one, one, three, *9 * [one], four]
    held = [two, one, one, *2 * [nearly], four[::-1], *mixed, one, two, *others]
    # Parts of 256 add up without rounding, in any order.
    return tuple((np.stack(part) / 256).astype(np.float32) for part in (train, held))


def count_copies(answer):
    """Check a function that counts the held-out images that stand in training too."""
    train, held = _with_copies()
    sheets = np.random.default_rng(1).random([40, 4, 2, 1]).astype(np.float32)
    cases = [(train, held), (train[:3], held[3:7]), (sheets[:30], sheets[23:])]
    mistakes = {
        "not whether there is one: how many are there?": lambda x, y: int(
            _copies(x, y).any()
        ),
        "each held-out letter counts once, however often training holds it.": (
            lambda x, y: _equal(x, y).all(axis=(2, 3, 4)).sum()
        ),
        "two held-out letters may be copies of one another: count both.": (
            lambda x, y: len({image.tobytes() for image in y[_copies(x, y)]})
        ),
        "you counted training letters: count the held-out ones.": (
            lambda x, y: _copies(y, x).sum()
        ),
        "pixels are equal here and there: a copy agrees in all pixels.": lambda x, y: [
            _equal(x, y).any(axis=(0, 2, 3, 4)).sum(),
            _equal(x, y).sum(),
            np.isin(y, x).sum(),
            np.isin(y, x).all(axis=(1, 2, 3)).sum(),
        ],
        "a copy may stand at any place: compare each held-out letter with every "
        "training letter.": lambda x, y: sum(
            np.array_equal(*pair) for pair in zip(x, y, strict=False)
        ),
        "letters that differ a little are no copies: compare exactly.": lambda x, y: [
            _near(x, y).any(axis=0).sum(),
            _near(x, y).sum(),
        ],
        "different letters may have as much ink: compare all pixels.": lambda x, y: (
            _same_ink(x, y)
        ),
        "this is a share: how many letters?": lambda x, y: (
            [_copies(x, y).mean(), _copies(x, y).sum() / len(x)]
            if 0 < _copies(x, y).sum() < len(y)
            else None
        ),
        "you counted the letters that are no copies.": lambda x, y: (
            ~_copies(x, y)
        ).sum(),
    }
    return check_function(
        answer,
        cases,
        lambda x, y: int(_copies(x, y).sum()),
        mistakes,
        "every copy is found, and nothing else.",
        fresh=_nearly_copies,
    )


def _nearly_copies(random):
    """Make copies among letters that are turned, mirrored, shuffled or touched up."""
    train = random.integers(0, 255, [12, 4, 4, 1])
    one = train[3]
    touched = one + (np.arange(16).reshape(one.shape) == random.integers(16)) / 16
    held = [
        *train[[1, 3, 3, 11]],
        *(touched, random.permutation(one.ravel()).reshape(one.shape)),
        *2 * [one[::-1]],
        *3 * [one[:, ::-1]],
        *4 * [one[::-1, ::-1]],
        *5 * [one.transpose(1, 0, 2)],
    ]
    parts = train, np.stack(held)
    return [tuple((part / 256).astype(np.float32) for part in parts)]


def split_pairs(answer):
    """Check a function that splits images and labels together."""
    ten = np.arange(20.0).reshape(10, 2), np.array([3, 8, 0, 5, 9, 1, 6, 2, 7, 4])
    orders = {}

    def judge(found, images, labels, held_out, seed):
        found = [numbers(part) for part in parts(found, 4)]
        sizes = tuple((part.shape or (0,))[0] for part in found)
        kept = len(labels) - held_out
        right = (kept, kept, held_out, held_out)
        if sizes != right:
            hint = f"the parts have lengths {list(sizes)}, expected {list(right)}."
            raise Fault(ORDERS.get(sizes, hint))
        if found[0].ndim == 1 and found[1].ndim == 2:
            raise Fault("labels stand where images belong: images come first.")
        for part, whole in zip(found, 2 * [images, labels], strict=True):
            expect_shape(part, (len(part), *whole.shape[1:]))
            if not np.isin(part, whole).all():
                raise Fault("the parts hold numbers that were not given: only reorder.")
        # Where each letter stood, if its label tells which it is.
        place = np.argsort(labels)
        trained, held = (
            place[np.searchsorted(labels[place], part)] for part in found[1::2]
        )
        if not np.array_equal(
            np.sort([*trained, *held]), np.arange(len(labels))
        ) or not agrees(found[1], labels[trained]):
            raise Fault("some letters are there twice, and some not at all.")
        for part, chosen in ((found[0], trained), (found[2], held)):
            if not agrees(part, images[chosen]):
                raise Fault(
                    "images and labels no longer belong together: shuffle both in "
                    "one order."
                )
        _expect_shuffled(trained, held)
        _compare_orders(orders.setdefault(len(labels), {}), seed, trained, held)

    def fresh(random):
        images = random.integers(0, 255, [19, 3, 2, 1]) / 256
        labels, start = random.permutation(40)[:19], random.integers(1000)
        return [(images, labels, 6, int(start) + more) for more in (0, 2, 3, 4, 0)]

    return check_each(
        answer,
        [(*ten, 3, seed) for seed in (0, 0, 1, 2)],
        judge,
        "each letter keeps its label, and none is in both parts.",
        fresh=fresh,
    )


def _expect_shuffled(trained, held):
    """Raise the fault of letters that still stand in some order of the file."""
    total, steps = len(trained) + len(held), np.diff(trained)
    if (steps > 0).all() and (np.diff(held) > 0).all():
        raise Fault(
            "the letters are still in the order of the file: shuffle them."
            if len({*steps}) == 1
            else "each part is still in the order of the file: shuffle it too."
        )
    if (steps > 0).all() or (steps < 0).all():
        raise Fault("the training letters follow each other as in the file: shuffle.")
    if len({*(steps % total)}) == 1:
        raise Fault("the letters are taken in even steps through the file: shuffle.")


def _turned_alike(held, total):
    """Turn places in the file, taken as a circle, so that shifted ones are equal."""
    return min(sorted((one - start) % total for one in held) for start in held)


def _compare_orders(known, seed, trained, held):
    """Say how the split of one seed goes with those of the seeds before it."""
    order = [*trained, *held]
    if known.get(seed, order) != order:
        raise Fault("the same seed must give the same split: use the seed.")
    if any(order == other for before, other in known.items() if before != seed):
        raise Fault("another seed gives the same split: use the seed.")
    known[seed] = order
    sets = {frozenset(one[len(trained) :]) for one in known.values()}
    if len(known) >= 3 and len(sets) == 1:
        raise Fault("another seed holds out the same letters: shuffle before you cut.")
    # In a circle, for the file may be turned: of 19 letters six stand so by chance
    # in one case of 1,400.
    total = len(order)
    side_by_side = [
        any(
            one == {(start + more) % total for more in range(len(held))}
            for start in one
        )
        for one in sets
    ]
    if len(known) >= 3 and all(side_by_side):
        raise Fault(
            "the held-out letters stand side by side in the file: shuffle before you "
            "cut."
        )
    if len(known) >= 3 and total > 12:  # of fewer letters, this may be chance
        apart = [_turned_alike(one[len(trained) :], total) for one in known.values()]
        if all(one == apart[0] for one in apart):
            raise Fault(
                "for each seed the same places of the file are held out, only shifted: "
                "shuffle before you cut."
            )


def batch_count(answer, batch_size):
    """Check the number of steps in all epochs, and of letters never seen."""
    a_epoch, left = divmod(FULL_SET, batch_size)
    steps = EPOCHS * a_epoch
    mistakes = {
        "in one fixed order it is the same letters that are dropped each time.": (
            steps,
            EPOCHS * left,
        ),
        "what becomes of the letters behind the last whole batch, if the order never "
        "changes?": (steps, 0),
        "that many are missing for one more batch: how many are left?": (
            steps,
            batch_size - left,
        ),
        "is this a share of a batch? Count letters.": (steps, left / batch_size),
        "each epoch drops its odd letters: round down once an epoch, then multiply.": (
            EPOCHS * FULL_SET // batch_size,
            left,
        ),
        "the incomplete last batch is dropped: round down.": (steps + EPOCHS, left),
        "these are the steps of one epoch.": [
            (a_epoch, left),
            (a_epoch + 1, left),
            (FULL_SET / batch_size, left),
        ],
        "these are letters: how many batches of them?": (EPOCHS * FULL_SET, left),
        "the steps come first, then the letters.": (left, steps),
    }
    return check_value(answer, (steps, left), mistakes)


class _Hint:
    """What is wrong with an answer that raised an error, once it is known."""

    def __init__(self, text):
        self.text = text


EXAMPLE = "00 00 01 2c is 1 · 256 + 44 = 300."
LITTLE = (
    "the lengths come out far too large. The most significant byte stands first: "
    + EXAMPLE
)
FOUR = "four bytes make one length, the most significant first: " + EXAMPLE
DAMAGED = "more or fewer bytes follow than the header announces: return None."
FIRST = "of a length all four bytes count, the first one as well."
HEADER = "the header is still there: skip 4 bytes, and 4 more an axis."
AXES = "the fourth byte says how many axes there are; two is only one case."
# What an error says of a shape that was read in one of the usual wrong ways.
WRONG_SHAPES = {
    LITTLE: ("33554432", "50331648", "1688849860263936"),
    FOUR: ("(0,0,0,2", "(0,2,0,3", "3,44)", "3,45)", "has 264", "has 270"),
    HEADER: ("size 18 ", "size 14 ", "with 18 ", "with 14 "),
    AXES: ("1800 into shape (2,3)", "1804 into shape (2,3)", "buffer of 8 bytes"),
}


def _idx(array):
    """Write an array as the bytes of an IDX file."""
    lengths = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


def _explain(error, damaged):
    """Name the mistake behind an error that an answer raised, if it is a usual one."""
    if damaged:
        return DAMAGED
    text = ""
    with suppress(Exception):  # an error may fail to say what it is
        text = str(error).replace(", ", ",")
    for hint, shapes in WRONG_SHAPES.items():
        if any(shape in text for shape in shapes):
            return hint
    return None


def parse_idx(answer):
    """Check a function that reads the bytes of an IDX file, or refuses them."""
    arrays = [
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.arange(2 * 3 * 300, dtype=np.uint32).astype(np.uint8).reshape(2, 3, 300),
        np.arange(5, dtype=np.uint8),
        np.arange(2 * 3 * 2 * 2, dtype=np.uint8).reshape(2, 3, 2, 2),
        np.arange(65_600, dtype=np.uint32).astype(np.uint8),
    ]
    read = {_idx(array): array for array in arrays}
    whole = _idx(arrays[0])
    far = whole[:4] + b"\x01" + whole[5:]
    damaged = [whole[:-1], whole + bytes(1), whole[:-6], whole + bytes(6), far]
    mistakes = {
        "the array is flat: reshape it to the lengths in the header.": np.ravel,
        "the axes are in the wrong order: lengths stand in the order of the axes.": (
            lambda array: [array.T, array.reshape(array.shape[::-1])]
        ),
        "bytes above 127 came out negative: read them as unsigned, uint8.": (
            lambda array: array.view(np.int8)
        ),
        "the bytes are to stay as they are: do not divide.": lambda array: array / 255,
    }

    def explained(content):
        try:
            return answer(content)
        except NotImplementedError:
            raise
        except Exception as error:
            hint = _explain(error, content in damaged)
            if hint is None:
                raise
            return _Hint(hint)

    def judge(found, content):
        if isinstance(found, _Hint):
            raise Fault(found.text)
        if content in damaged:
            if found is not None:
                raise Fault(FIRST if content == far else DAMAGED)
            return
        if found is None:
            raise Fault(
                "this file is whole, yet the result is None: is there a return, and is "
                "the shape right? The fourth byte counts the axes, and of a length "
                "the most significant byte stands first."
            )
        hints = {hint: wrong(read[content]) for hint, wrong in mistakes.items()}
        header = np.frombuffer(content, np.uint8)
        hints[HEADER] = [header, header[4:]]
        compare(found, read[content], hints)

    def fresh(random):
        array = random.integers(0, 256, [3, 1, 4], np.uint8)
        content = _idx(array)
        read[content] = array
        damaged.append(content[: -int(random.integers(1, 12))])
        return [(content,), (damaged[-1],)]

    if not callable(answer):
        explained = answer
    return check_each(
        explained,
        [(content,) for content in [*read, *damaged]],
        judge,
        "whole files are read, damaged ones refused.",
        fresh=fresh,
    )
