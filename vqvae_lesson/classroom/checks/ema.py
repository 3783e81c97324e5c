"""Checks of chapter 05: moving averages."""

import numpy as np

from vqvae_lesson.classroom.checks.verdict import (
    Fault,
    agrees,
    check_each,
    check_function,
    compare,
    expect_shape,
    numbers,
    parts,
)
from vqvae_lesson.ema import (
    EMA_STARTS,
    CodebookState,
    batch_statistics,
    ema_step,
    start_averages,
)
from vqvae_lesson.quantizer import lookup, nearest_code

DECAY = 0.75
TYPED = 0.99  # the decay that a reader may have typed in
EPSILON = EMA_STARTS["article"].epsilon
DECAY_IS_GIVEN = "decay is an argument: is there a 0.99 in your function?"
COUNTED_ONCE = (
    "a code that several latents chose was counted once: `counts[indices] += 1` writes "
    "each place once, np.add.at adds every time."
)


def _state(seed=0, start="consistent"):
    """Codes, counts, sums and latents of a small step."""
    random = np.random.default_rng(seed)
    codebook = random.integers(1, 5, size=[2, 2]).astype(np.float32)
    counts, sums = (part.numpy() for part in start_averages(codebook, start)[1:])
    return codebook, counts, sums, random.integers(-4, 5, [3, 2]).astype(np.float32)


def _statistics(latents, indices, num_codes):
    counts, sums = batch_statistics(latents, indices, num_codes)
    return counts.numpy(), sums.numpy()


def _counted_once(latents, indices, num_codes):
    """Count and add up as `counts[indices] += 1` does: at once, and by letter."""
    whole, by_letter = (
        [np.zeros(num_codes), np.zeros([num_codes, latents.shape[-1]])]
        for _ in range(2)
    )
    whole[0][indices] += 1
    whole[1][indices] += latents
    for latent, index in zip(latents, indices, strict=True):
        by_letter[0][index] += 1
        by_letter[1][index] += latent
    right = _statistics(latents, indices, num_codes)
    return [
        tuple(whole),
        tuple(by_letter),
        (right[0], whole[1]),
        (right[0], by_letter[1]),
    ]


def statistics(answer):
    """Check a function for the counts and sums of a batch with several latents each."""
    random = np.random.default_rng(0)
    cases = [
        (np.float32([[[1], [2]], [[4], [8]]]), np.array([[1, 1], [1, 0]]), 3),
        (
            random.integers(1, 9, [3, 4, 2]).astype(np.float32),
            np.array([[0, 4, 4, 1], [1, 1, 4, 2], [4, 4, 0, 2]]),
            6,
        ),
    ]

    def divided(by):
        return lambda latents, indices, num_codes: [
            (
                counts / number,
                sums / number if both else sums,
            )
            for number in by(indices)
            for counts, sums in [_statistics(latents, indices, num_codes)]
            for both in (True, False)
        ]

    def means(*case):
        counts, sums = _statistics(*case)
        return counts, sums / np.maximum(counts, 1)[:, None]

    def fewer_rows(latents, indices, num_codes):
        counts, sums = _statistics(latents, indices, num_codes)
        short, used = indices.max() + 1, np.unique(indices)
        return [(counts[:short], sums[:short]), (counts[used], sums[used])]

    def one_a_letter(latents, indices, num_codes):
        return [
            _statistics(latents[:, place], indices[:, place], num_codes)
            for place in (0, -1)
        ]

    mistakes = {
        COUNTED_ONCE: _counted_once,
        "only one latent of each letter is counted: there are L of them.": one_a_letter,
        "these are means: leave the division to the codebook's update.": means,
        "these are shares: counts are whole numbers, nothing is divided.": divided(
            lambda indices: (indices.size, len(indices))
        ),
        "the counts come first, then the sums.": lambda *case: _statistics(*case)[::-1],
        "a code that nobody chose needs its 0, too: there are num_codes rows.": (
            fewer_rows
        ),
    }
    praise = "every latent is counted and added, as often as it comes."

    def fresh(random):
        return [
            (
                (random.integers(-20, 21, [*shape, size]) / 4).astype(np.float32),
                random.integers(0, num_codes - 1, shape),
                num_codes,
            )
            for shape, size, num_codes in [((4, 5), 3, 8), ((150, 4), 5, 3)]
        ]

    return check_function(answer, cases, _statistics, mistakes, praise, fresh)


def step_without_sums(answer):
    """Check one update of codes and counts that keeps no sums."""

    def step(codebook, counts, latents, indices, decay):
        state = CodebookState(codebook, counts, counts[:, None] * codebook)
        state = ema_step(state, latents, indices, decay, "consistent")
        return state.codebook.numpy(), state.ema_counts.numpy()

    def with_decay(change):
        return lambda *case: step(*case[:-1], change(case[-1]))

    def mistaken(formula, statistics=_statistics):
        """Codes by a formula; counts as they are, counted as told."""

        def with_formula(codebook, counts, latents, indices, decay):
            found = statistics(latents, indices, len(counts))
            results = []
            for in_batch, added in found if isinstance(found, list) else [found]:
                after = decay * counts + (1 - decay) * in_batch
                columns = (part[:, None] for part in (counts, in_batch, after))
                codes = formula(codebook, added, decay, *columns)
                codes = codes if isinstance(codes, list) else [codes]
                results += [(moved, after) for moved in codes]
            return results

        return with_formula

    def means(added, in_batch, codebook):
        """Of this batch, with three things that may stand where nobody chose."""
        mean = added / in_batch
        return [mean, *(np.where(in_batch > 0, mean, other) for other in (0, codebook))]

    def this_batch(codebook, counts, latents, indices, decay):
        in_batch, added = _statistics(latents, indices, len(counts))
        after = decay * counts + (1 - decay) * in_batch
        return [
            (codes, count)
            for codes in means(added, in_batch[:, None], codebook)
            for count in (in_batch, after)
        ]

    def undiminished(codebook, counts, latents, indices, decay):
        in_batch, added = _statistics(latents, indices, len(counts))
        after = decay * counts + in_batch
        return (decay * counts[:, None] * codebook + added) / after[:, None], after

    mistakes = {
        DECAY_IS_GIVEN: with_decay(lambda decay: TYPED),
        "decay is the share of the old average that stays.": with_decay(
            lambda decay: 1 - decay
        ),
        "the codebook comes first, then the counts.": lambda *case: step(*case)[::-1],
        "codes and counts are asked for as they are after the step, and one of them "
        "is still the old one.": lambda *case: [
            (case[0], step(*case)[1]),
            (step(*case)[0], case[1]),
        ],
        "this batch alone decides: keep the decayed average of before.": this_batch,
        "the new part comes in with weight 1 - decay.": undiminished,
        "all chosen codes move by the same share, but one that more latents chose has "
        "to move farther: rebuild the old sum first.": mistaken(
            lambda codebook, added, decay, before, in_batch, after: [
                decay * codebook + (1 - decay) * mean
                for mean in means(added, in_batch, codebook)
            ]
        ),
        "a code is not a sum yet: how many latents does the old sum hold?": mistaken(
            lambda codebook, added, decay, before, in_batch, after: [
                (decay * codebook + (1 - decay) * added) / after,
                decay * codebook + (1 - decay) * added,
            ]
        ),
        "divide by the counts of after the step, not of before.": mistaken(
            lambda codebook, added, decay, before, in_batch, after: (
                (decay * before * codebook + (1 - decay) * added) / before
            )
        ),
        "the old sum is made with the counts of before the step.": mistaken(
            lambda codebook, added, decay, before, in_batch, after: (
                (decay * after * codebook + (1 - decay) * added) / after
            )
        ),
        "these are sums: the codes are sums over counts, both of after the step.": (
            mistaken(
                lambda codebook, added, decay, before, in_batch, after: (
                    decay * before * codebook + (1 - decay) * added
                )
            )
        ),
        "the old sum has to decay, too.": mistaken(
            lambda codebook, added, decay, before, in_batch, after: (
                (before * codebook + (1 - decay) * added) / after
            )
        ),
        COUNTED_ONCE: mistaken(
            lambda codebook, added, decay, before, in_batch, after: (
                (decay * before * codebook + (1 - decay) * added) / after
            ),
            _counted_once,
        ),
    }
    codes, latents = np.float32([[1], [4]]), np.float32([[3], [8], [10]])
    cases = [
        (codes, np.float32([2, 8]), latents, np.array([0, 1, 1]), DECAY),
        (codes, np.float32([2, 8]), latents, np.array([0, 0, 0]), 0.6),
        (
            np.float32([[1, 2], [-3, 1], [2, 2]]),
            np.float32([3, 0.5, 1]),
            np.float32([[1, 1], [2, -4], [3, 2], [-2, 0]]),
            np.array([2, 0, 2, 2]),
            0.9,
        ),
        (codes, np.float32([0.001, 2]), latents, np.array([1, 1, 1]), 0.8),
    ]

    def fresh(random):
        """Draw five latents for four codes, one of which nobody chooses."""
        return [
            (
                (random.integers(-20, 21, [4, 3]) / 4).astype(np.float32),
                random.uniform(0.5, 4, 4).astype(np.float32),
                (random.integers(-20, 21, [5, 3]) / 4).astype(np.float32),
                np.append(random.permutation(4)[:3], random.integers(3, size=2)),
                float(random.uniform(0.5, 0.97)),
            )
        ]

    return check_function(answer, cases, step, mistakes, fresh=fresh)


def half_repaired(answer):
    """Check where a code goes whose start is mended, while ε stays."""

    def factor(steps, decay, first_count, epsilon):
        fallen = decay**steps
        return fallen * first_count / (fallen * first_count + epsilon)

    def changed(**changes):
        def with_changes(steps, decay, first_count, epsilon):
            given = {"decay": decay, "epsilon": epsilon}
            if all(given[name] == value for name, value in changes.items()):
                return None
            given |= changes
            return factor(steps, given["decay"], first_count, given["epsilon"])

        return with_changes

    def mistaken(formula):
        return lambda steps, decay, first_count, epsilon: formula(
            steps, decay, decay**steps, first_count, epsilon
        )

    def off_by(more):
        return lambda steps, *rest: factor(steps + more, *rest)

    mistakes = {
        "that is the article's start: here the first count is not 0.": mistaken(
            lambda steps, decay, fallen, first, epsilon: fallen / epsilon
        ),
        "the count shrinks, too: nobody chooses the code.": mistaken(
            lambda steps, decay, fallen, first, epsilon: (
                fallen * first / (first + epsilon)
            )
        ),
        "the sum shrinks, too: nobody chooses the code.": mistaken(
            lambda steps, decay, fallen, first, epsilon: (
                first / (fallen * first + epsilon)
            )
        ),
        "the sums begin at first_count times the codebook, not at the codebook.": (
            mistaken(
                lambda steps, decay, fallen, first, epsilon: (
                    fallen / (fallen * first + epsilon)
                )
            )
        ),
        "without epsilon it would stay: epsilon does not shrink, what does?": mistaken(
            lambda steps, decay, fallen, first, epsilon: [
                1.0,
                first / (first + epsilon),
            ]
        ),
        "that is the sum: divide it by count + epsilon.": mistaken(
            lambda steps, decay, fallen, first, epsilon: [fallen * first, fallen]
        ),
        "sum and count decay at every step, so steps times: take a power.": mistaken(
            lambda steps, decay, fallen, first, epsilon: (
                [
                    decay * first / (decay * first + epsilon),
                    steps * decay * first / (steps * decay * first + epsilon),
                ]
                if steps > 1
                else None
            )
        ),
        "one step too many: after step 1 they have decayed once.": off_by(1),
        "one step too few: in step 1 they decay already.": off_by(-1),
        DECAY_IS_GIVEN: changed(decay=TYPED),
        "epsilon is an argument: is there a 1e-5 in your function?": changed(
            epsilon=EPSILON
        ),
        "decay is what stays at each step, not what goes.": (
            lambda steps, decay, *rest: factor(steps, 1 - decay, *rest)
        ),
        "upside down: sum over count, not count over sum.": (
            lambda *case: 1 / factor(*case)
        ),
    }
    cases = [
        (3, 0.8, 2.0, 0.25),
        (1, 0.6, 3.0, 0.5),
        (1000, 0.99, 1.0, EPSILON),
    ]

    def fresh(random):
        decay, first, epsilon = random.uniform([0.5, 2, 0.1], [0.95, 9, 0.8]).tolist()
        return [(int(random.integers(2, 9)), decay, first, epsilon)]

    return check_function(answer, cases, factor, mistakes, fresh=fresh)


def mended_start(answer):
    """Check a start that keeps codes in place and lets one latent move one halfway."""

    def judge(found, codebook, decay):
        counts, sums = (numbers(part) for part in parts(found, 2))
        if (sums.shape, counts.shape) == (codebook.shape[:1], codebook.shape):
            raise Fault("the counts come first, then the sums.")
        expect_shape(counts, codebook.shape[:1])
        expect_shape(sums, codebook.shape)
        left = decay * sums / (decay * counts)[:, None]
        if not np.isfinite(left).all():
            compare(left, codebook, {})
        if not sums.any():
            raise Fault("the sums begin at 0, so the code falls to 0 at once.")
        if not agrees(left, codebook):
            raise Fault(
                "the count is not 1, so the sums cannot be the codebook itself."
                if agrees(sums, codebook)
                else "a code that nobody chose moves: which sums leave it there?"
            )
        _judge_weight(counts, decay)

    return check_each(
        answer,
        [(_state()[0], 0.7), (_state(seed=4)[0], 0.9)],
        judge,
        "a code that nobody chose stays, and one latent moves it halfway.",
        fresh=lambda random: [
            (
                random.normal(size=[5, 3]).astype(np.float32),
                float(random.uniform(0.55, 0.97)),
            )
        ],
    )


def _judge_weight(counts, decay):
    """Say how far one latent moves a code with such a first count."""
    enters = 1 - decay
    share = enters / (decay * counts + enters)
    if np.allclose(share, 0.5, atol=1e-3):
        return
    if (counts < 0).any():
        raise Fault("a count is a number of latents: it cannot be negative.")
    typed = (1 - TYPED) / TYPED
    for first_count, hint in (
        (typed, DECAY_IS_GIVEN),
        (
            1,
            "a first count of 1 keeps it in place, but one latent enters with 1 - "
            "decay only: which count does it face?",
        ),
        (enters, "nearly: in the first step the first count decays, too."),
        (
            decay / enters,
            "the other way round: the more the first count weighs, the "
            "less one latent moves the code.",
        ),
        (
            enters / 2,
            "both count for half when they weigh the same: what does each "
            "weigh in the first step?",
        ),
    ):
        if np.allclose(counts, first_count, rtol=1e-3):
            raise Fault(hint)
    if not np.allclose(share, share[0]):
        raise Fault("the codes weigh differently: all begin with one count.")
    far = "far" if share[0] > 0.5 else "little"
    raise Fault(
        f"a code that nobody chose stays, but one latent moves it too {far}: "
        f"is the first count too {'small' if share[0] > 0.5 else 'large'}?"
    )


def quantized_first(answer):
    """Check a step that quantizes with the codes as they were before it."""

    def reference(codebook, counts, sums, latents, decay):
        indices = nearest_code(latents, codebook)
        state = CodebookState(codebook, counts, sums)
        state = ema_step(state, latents, indices, decay)
        return lookup(codebook, indices).numpy(), state.codebook.numpy()

    def too_soon(codebook, counts, sums, latents, decay):
        indices = nearest_code(latents, codebook)
        state = CodebookState(codebook, counts, sums)
        codes = ema_step(state, latents, indices, decay).codebook
        chosen_again = lookup(codes, nearest_code(latents, codes)).numpy()
        return [
            (lookup(codes, indices).numpy(), codes.numpy()),
            (chosen_again, codes.numpy()),
        ]

    def with_decay(change):
        return lambda *case: reference(*case[:-1], change(case[-1]))

    mistakes = {
        "the codes have moved before they were looked up: quantize first.": too_soon,
        "the codebook is still the old one: return it as it is after the step.": (
            lambda codebook, *rest: (reference(codebook, *rest)[0], codebook)
        ),
        "the quantized latents come first, then the codebook.": (
            lambda *case: reference(*case)[::-1]
        ),
        "the latents themselves come back: look their codes up.": lambda *case: (
            case[3],
            reference(*case)[1],
        ),
        DECAY_IS_GIVEN: with_decay(lambda decay: TYPED),
        "decay is the share of the old average that stays.": with_decay(
            lambda decay: 1 - decay
        ),
    }
    cases = []
    for seed in (0, 5):  # in both no latent has two nearest codes
        codebook, counts, sums, latents = _state(seed)
        cases.append((codebook, counts, sums, latents, DECAY))
    cases.append(
        (
            np.float32([[1, 0], [3, 0], [20, 20]]),
            np.float32([2, 0.5, 1]),
            np.float32([[4, 1], [1, 2], [10, 30]]),
            np.float32([[1.95, 0], [2.125, 0], [-1, 2], [4, 1]]),
            0.6,
        )
    )

    def fresh(random):
        """Draw until no latent lies near a border; nobody chooses the last code."""
        while True:
            codebook, sums, latents = (
                (random.integers(-20, 21, [size, 3]) / 4).astype(np.float32)
                for size in (4, 4, 25)
            )
            codebook[3] += 40
            apart = ((latents[:, None] - codebook) ** 2).sum(axis=2)
            if np.diff(np.sort(apart)[:, :2]).min() > 0.01:
                counts = random.uniform(0.5, 4, 4).astype(np.float32)
                decay = float(random.uniform(0.5, 0.97))
                return [(codebook, counts, sums, latents, decay)]

    return check_function(answer, cases, reference, mistakes, fresh=fresh)
