"""Pack the codes of the letters held out, and weigh their rivals: ``make bytes``.

Writes ``vqvae_lesson/records/bytes.json``: bytes of a letter, and what it is left with.
"""

import gzip
from io import BytesIO

import numpy as np

from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.metrics import choose, evaluate
from vqvae_lesson.packing import pack, picture_bytes, unpack
from vqvae_lesson.prior import counted_prior, uniform_prior
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import write_json
from vqvae_lesson.runs.priors import load_prior

QUALITIES = (1, 5, 10, 20, 40, 60, 80, 95)


def weigh_codes(codes, prior):
    """Pack codes, see that they come back, and set the bytes beside the nats."""
    data = pack(codes, prior)
    assert np.array_equal(unpack(data, len(codes), prior), codes)
    nats = -np.mean(prior.log_prob(codes), dtype=np.float64)
    alone = [len(pack(codes[[number]], prior)) for number in range(50)]
    return {
        "bytes": len(data) / len(codes),
        "nats": nats,
        "bytes_of_nats": nats / np.log(256),
        "bytes_alone": np.mean(alone),
    }


def naively(codes):
    """Bytes of a letter where no prior is asked."""
    flat, file = codes.astype(np.uint8), BytesIO()
    np.savez_compressed(file, indices=flat)
    sizes = {"npz": len(file.getvalue()), "gzip": len(gzip.compress(flat.tobytes(), 9))}
    return {name: {"bytes": size / len(codes)} for name, size in sizes.items()}


def weigh_pictures(images):
    """Weigh letters as picture files, each alone and all on one sheet."""
    kinds = {"PNG": ("PNG", None), "WebP": ("WebP", None)}
    kinds |= {f"JPEG {quality}": ("JPEG", quality) for quality in QUALITIES}
    return {
        f"{name}, {'one sheet' if sheet else 'alone'}": picture_bytes(
            images, *kind, on_one_sheet=sheet
        )._asdict()
        for name, kind in kinds.items()
        for sheet in (False, True)
    }


def rounded(numbers):
    """Round all numbers of a table."""
    return {
        name: {part: round(float(number), 4) for part, number in parts.items()}
        for name, parts in numbers.items()
    }


def main(grid="grid", prior="grid"):
    letters = load_kmnist()
    model, _ = load_trained(grid)
    train, codes = (
        choose(model, images)
        for images in (letters.train_images, letters.held_out_images)
    )
    priors = {
        "uniform": uniform_prior(model.latent_size, model.num_codes),
        "frequencies": counted_prior(train, model.num_codes, by_place=False),
        "by_place": counted_prior(train, model.num_codes),
        "written": load_prior(prior, model)[0],
    }
    real = letters.held_out_images
    made = np.concatenate([model.decode(some) for some in np.array_split(codes, 8)])
    loss = {
        "nats": evaluate(model, real).nll,
        "squared_error": np.square(made - real).sum() / len(real),
    }
    found = {
        "codes": rounded(
            {name: weigh_codes(codes, one) for name, one in priors.items()}
        ),
        "naive": rounded(naively(codes)),
        "pixels": rounded({"grid": loss})["grid"],
        "pictures": rounded(weigh_pictures(real)),
    }
    write_json(RECORDS / "bytes.json", found)
    print(found)


if __name__ == "__main__":
    main()
