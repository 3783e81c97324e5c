"""Train the priors over the full-size grids' codes at three seeds: ``make priors``.

The grids themselves come from ``make records``. Ships the first seed's priors, and
keeps what all of them ask for the letters held out. Goes on where it was interrupted.
"""

from tqdm import tqdm

from train_grids import counted_nats
from train_records import RUNS
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.laboratory import SEEDS
from vqvae_lesson.metrics import choose, evaluate
from vqvae_lesson.prior import PriorRecipe
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import read_json, write_json
from vqvae_lesson.runs.priors import PRIORS, keep_prior, load_prior, save_prior

PATH = RECORDS / "priors.json"
GRIDS = ("grid", "grid-4x4")
MINUTES = 8  # for a prior, on two cores


def trained_prior(model, seed, letters, folder):
    """Train a prior, or take the one that was trained before."""
    if not (folder / "prior.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        recipe = PriorRecipe()
        with tqdm(total=recipe.steps(len(letters.train_images)), unit="step") as bar:
            keep_prior(folder, model, letters, recipe, seed, lambda *_: bar.update())
    return load_prior(folder, model)


def measure(model, manifest, letters):
    """Nats of the letters held out: their pixels, and their codes under each prior."""
    train, held_out = (
        choose(model, images)
        for images in (letters.train_images, letters.held_out_images)
    )
    nats = counted_nats(model, train, held_out)
    nats["written"] = manifest["metrics"]["held_out_nats"]
    nats["written_by_class"] = manifest["metrics"]["held_out_nats_by_class"]
    found = evaluate(model, letters.held_out_images)
    found = {"pixels": found.nll, "codes_in_use": found.codes_in_use, **nats}
    return {name: round(float(value), 3) for name, value in found.items()}


def main():
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    todo = [
        (name, seed)
        for seed in SEEDS
        for name in GRIDS
        if len(found.get(name, [])) <= seed
    ]
    print(f"{len(todo)} priors to train, some {MINUTES * len(todo)} minutes")
    for name, seed in todo:
        run = RUNS / (f"{name}-seed-{seed}" if seed else name)
        model, _ = load_trained(run)
        prior, manifest = trained_prior(model, seed, letters, run / "prior")
        if seed == 0:
            PRIORS.mkdir(exist_ok=True)
            told = {
                key: value
                for key, value in manifest.items()
                if key not in ("hyperparameters", "seed", "model")
            }
            told["made_by"] = "make priors"
            save_prior(PRIORS / f"{name}.npz", prior, model, **told)
        found.setdefault(name, []).append(measure(model, manifest, letters))
        write_json(PATH, found)


if __name__ == "__main__":
    main()
