"""Checks of chapter 11: fresh questions, ceilings, missing controls."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    NOT_ATTEMPTED,
    RIGHT,
    WRONG,
    Fault,
    Verdict,
    check_each,
    check_function,
    expect_shape,
    numbers,
    parts,
)


class Pupil:
    """A judge that remembers every picture it has learned from, and no other."""

    def __init__(self):
        self.learned, self.asked, self.sides = [], [], []

    def __call__(self, pictures, sides):
        """Learn pictures [N, P] and their sides [N]: a judge of pictures."""
        pictures, sides = numbers(pictures), numbers(sides)
        if pictures.ndim != 2 or sides.shape != pictures.shape[:1]:
            raise Fault(
                f"`learn` got pictures of shape {list(pictures.shape)} and sides of "
                f"shape {list(sides.shape)}: expected [N, P] and [N]."
            )
        if len({*sides.tolist()}) < 2:
            raise Fault("the judge has learned from one side only.")
        self.learned += pictures.tolist()
        self.sides += sides.tolist()
        return self.judge

    def judge(self, pictures):
        """Answer what was learned; of another picture, whether its first pixel is 1."""
        pictures = numbers(pictures)
        if pictures.ndim != 2:
            raise Fault(
                f"the judge was shown pictures of shape {list(pictures.shape)}: "
                "expected [N, P]."
            )
        self.asked += pictures.tolist()
        known = dict(zip(map(tuple, self.learned), self.sides, strict=True))
        return np.array(
            [known.get(tuple(one), one[0] > 0.5) for one in pictures.tolist()], int
        )


def old_questions(answer):
    """Check a two-sample test that must not ask about what it has taught."""
    random = np.random.default_rng(0)

    def pictures(count, pixels, ones):
        made = random.random([count, pixels])
        made[:, 0] = np.arange(count) % count >= count - ones
        return made

    cases = [
        (pictures(4, 3, 1), pictures(4, 3, 1)),
        (pictures(10, 4, 2), pictures(10, 4, 4)),
        (pictures(20, 2, 0), pictures(20, 2, 10)),
        (pictures(10, 3, 3), pictures(10, 3, 1)),
    ]
    pupils = []

    def with_pupil(first, second):
        pupils.append(Pupil())
        return answer(first, second, pupils[-1])

    def judge(found, first, second):
        share, pupil, half = numbers(found), pupils[-1], len(first) // 2
        expect_shape(share, [])
        learned, asked = ({*map(tuple, seen)} for seen in (pupil.learned, pupil.asked))
        if not learned:
            raise Fault("`learn` was never called: let it make the judge.")
        if not asked:
            raise Fault("the judge was asked about nothing.")
        if asked & learned:
            raise Fault(
                f"{len(asked & learned)} of the pictures that the judge was asked "
                "about it has learned from."
            )
        sides = dict(zip(map(tuple, pupil.learned), pupil.sides, strict=True))
        if any(sides.get(tuple(one)) == 1 for one in first.tolist()):
            raise Fault("pictures of the first set were taught as side 1: they are 0.")
        for number, pictures in enumerate((first, second), start=1):
            before, after = (
                {*map(tuple, part.tolist())}
                for part in (pictures[:half], pictures[half:])
            )
            if learned & (before | after) != before:
                raise Fault(f"learn from the whole first half of set {number}.")
            if asked & (before | after) != after:
                raise Fault(f"ask about the whole second half of set {number}.")
        right = np.r_[first[half:, 0] <= 0.5, second[half:, 0] > 0.5].mean()
        if right < 0.5 and np.isclose(share, 1 - right):
            raise Fault(
                "a judge may be right less than half of the time: return the share "
                "as it is."
            )
        if np.isclose(share, 1 - right) and not np.isclose(right, 0.5):
            raise Fault("this is how often the judge is wrong.")
        if np.isclose(share, right * 2 * half):
            raise Fault("this is a number of answers: return their share.")
        if not np.isclose(share, right):
            raise Fault("the share of right answers is another one.")

    # A wrong answer can be wrapped only if it is a function.
    wrapped = with_pupil if callable(answer) else answer
    return check_each(wrapped, cases, judge, "no question was known beforehand.")


def ceiling(answer):
    """Check the most that a reader with several guesses can get right."""
    random = np.random.default_rng(2)
    cases = [
        (np.array([0, 0, 0, 2, 2]), np.array([0, 0, 1, 1, 2]), 1),
        (np.array([1, 1, 1, 1, 0, 0]), np.array([0, 0, 1, 2, 2, 2]), 2),
        (random.integers(6, size=60), random.integers(5, size=60), 3),
        (random.integers(6, size=60), random.integers(5, size=60), 5),
    ]

    def fresh(random):
        return [(random.integers(9, size=80), random.integers(6, size=80), 2)]

    def table(codes, labels):
        found = np.zeros([codes.max() + 1, labels.max() + 1])
        np.add.at(found, (codes, labels), 1)
        return found

    def reference(codes, labels, guesses):
        best = -np.sort(-table(codes, labels), axis=1)[:, :guesses]
        return best.sum() / len(codes)

    def of_means(codes, labels, guesses):
        found = table(codes, labels)
        found = found[found.sum(axis=1) > 0]
        best = -np.sort(-found, axis=1)[:, :guesses].sum(axis=1)
        return [np.mean(best / found.sum(axis=1))]

    mistakes = {
        "this is the ceiling of one guess.": lambda c, k, g: (
            None if g == 1 else reference(c, k, 1)
        ),
        "guesses do not multiply: two may be right no oftener than always.": (
            lambda c, k, g: [
                g * reference(c, k, 1),
                min(1, g * reference(c, k, 1)),
                1 - (1 - reference(c, k, 1)) ** g,
            ]
        ),
        "the guesses may be others for each code: here they are the same for all.": (
            lambda c, k, g: np.sort(np.bincount(k))[::-1][:g].sum() / len(k)
        ),
        "codes and labels are swapped: the reader sees the code.": lambda c, k, g: (
            reference(k, c, g)
        ),
        "a code that few letters chose counts here as much as any: count letters.": (
            of_means
        ),
        "this is a number of letters: divide by all of them.": lambda c, k, g: (
            reference(c, k, g) * len(c)
        ),
        "these are the rarest characters of each code.": lambda c, k, g: (
            np.sort(table(c, k), axis=1)[:, :g].sum() / len(c)
        ),
        "this is how often even the best reader is wrong.": lambda c, k, g: (
            1 - reference(c, k, g)
        ),
    }
    return check_function(answer, cases, reference, mistakes, fresh=fresh)


CONTROLS = (4, 2, 3, 1)
HINTS = (
    "report 1: what would this reader find in pictures that hold nothing at all?",
    "report 2: a judge that tosses coins would say the same. How do you know that "
    "yours can see?",
    "report 3: how many could any reader get right, if the codes have forgotten the "
    "rest?",
    "report 4: what would a judge that remembers get where there is no difference?",
)


def missing_control(answer):
    """Check which control each of four reports lacks."""
    if answer is ... or (
        isinstance(answer, tuple | list) and any(part is ... for part in answer)
    ):
        return NOT_ATTEMPTED
    try:
        chosen = [numbers(part) for part in parts(answer, len(CONTROLS))]
        for part in chosen:
            expect_shape(part, [])
            if part not in CONTROLS:
                raise Fault("choose for each report one control, by its number.")
        for part, control, hint in zip(chosen, CONTROLS, HINTS, strict=True):
            if part != control:
                raise Fault(hint)
    except Fault as fault:
        return Verdict(WRONG, str(fault))
    return Verdict(RIGHT, "each report has what it lacked.")
