"""Write letters with the trained prior, and keep how: ``make writing``, chapter 15."""

import numpy as np

from vqvae_lesson.classroom.networks import patches_of_codes
from vqvae_lesson.classroom.play.plane import GREYS
from vqvae_lesson.data import KMNIST_SOUNDS, load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.metrics import choose
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import whole_file
from vqvae_lesson.runs.priors import load_prior

PATH = RECORDS / "writing.npz"
SOUNDS, TEMPERATURES, SEED = ("ma", "su", "ki"), (0.5, 1, 1.5), 0
LIKELIEST = 8


def trace(prior, label, temperature, seed=SEED):
    """Write one letter, and keep what was likely at each of its places."""
    codes = prior.sample(1, seed, label, temperature)[0]
    logits, _ = prior(prior.rows(codes[None], [label])[:, :-1])
    scores = np.float64(logits[0]) / temperature
    chances = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
    places = np.arange(len(codes))
    likely = np.argsort(-chances, axis=1, kind="stable")[:, :LIKELIEST]
    unlikely = (likely != codes[:, None]).all(axis=1)
    likely[unlikely, -1] = codes[unlikely]
    return {
        "codes": codes,
        "ranks": 1 + (chances > chances[places, codes][:, None]).sum(axis=1),
        "nats": -np.log(chances[places, codes]),
        "likely": likely,
        "chances": np.take_along_axis(chances, likely, axis=1),
    }


def pictures_so_far(model, codes, usual):
    """Decode what is written after each place; the rest is what is usual there."""
    places = np.arange(len(codes))
    grids = np.where(places <= places[:, None], codes, usual)
    return to_greys(model.decode(grids).numpy()[..., 0])


def to_greys(ink):
    """Round ink to few levels, which are the same whatever the processor."""
    return np.rint(np.asarray(ink) * (GREYS - 1)).astype("uint8")


def write_all(model, prior, letters):
    """Write all letters at all temperatures, with what each of their codes draws."""
    indices = choose(model, letters.train_images)
    usual = np.array([np.bincount(place).argmax() for place in indices.T])
    labels = [label for label, name in enumerate(KMNIST_SOUNDS) if name in SOUNDS]
    asked = [(label, heat) for label in labels for heat in TEMPERATURES]
    traces = [trace(prior, *one) for one in asked]
    found = {name: np.array([one[name] for one in traces]) for name in traces[0]}
    found["labels"], found["temperatures"] = np.array(asked).T
    found["pictures"] = np.array(
        [pictures_so_far(model, one["codes"], usual) for one in traces]
    )
    found["patches"] = to_greys(patches_of_codes(model, letters.held_out_images))
    kinds = dict.fromkeys(("labels", "codes", "ranks", "likely"), "uint16")
    kinds |= dict.fromkeys(("nats", "chances"), "float32")
    return {name: one.astype(kinds.get(name, one.dtype)) for name, one in found.items()}


def main():
    model, _ = load_trained("grid")
    prior, _ = load_prior("grid", model)
    found = write_all(model, prior, load_kmnist())
    with whole_file(PATH) as file:
        np.savez_compressed(file, **found)


if __name__ == "__main__":
    main()
