"""Train small grids of codes and priors over them at three seeds: ``make grids``.

Says beforehand how many there are, and how long they take; goes on where it was
interrupted.
"""

from tqdm import tqdm

from small_networks import small_network
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.grid import changes, shares_within
from vqvae_lesson.health import RECORDS
from vqvae_lesson.laboratory import GRIDS, SEEDS, small_grid
from vqvae_lesson.metrics import choose, evaluate
from vqvae_lesson.prior import PriorRecipe, counted_prior, uniform_prior
from vqvae_lesson.runs.files import read_json, write_json
from vqvae_lesson.training import Training

PATH = RECORDS / "grids.json"
LETTERS = 100  # whose codes are exchanged, each by itself
MINUTES = 1.5  # one grid and its priors, on two cores


def train_prior(model, seed, train):
    """Teach a small Transformer to write the codes of the training letters."""
    recipe = PriorRecipe(
        model.num_codes, model.latent_size, width=64, blocks=2, epochs=10
    )
    training = Training(recipe, seed=seed)
    rows = training.model.rows(train)
    for _ in training.steps(rows, recipe.epochs * (len(rows) // recipe.batch_size)):
        pass
    return training.model


def counted_nats(model, train, held_out):
    """Nats of the held-out codes under the priors that nothing is trained for."""
    priors = {
        "uniform": uniform_prior(model.latent_size, model.num_codes),
        "frequencies": counted_prior(train, model.num_codes, by_place=False),
        "by_place": counted_prior(train, model.num_codes),
    }
    return {name: -prior.log_prob(held_out).mean() for name, prior in priors.items()}


def measure(recipe, seed, letters):
    model = small_network(recipe, seed, letters)
    train = choose(model, letters.train_images)
    held_out = choose(model, letters.held_out_images)
    written = train_prior(model, seed, train)
    found = evaluate(model, letters.held_out_images)._asdict()
    nats = counted_nats(model, train, held_out)
    nats["written"] = evaluate(written, written.rows(held_out)).nats
    changed, halvings = changes(model, held_out[:LETTERS]), recipe.halvings
    (inside,) = shares_within(changed, halvings, [3 * 2**halvings])
    found = {"pixels": found.pop("nll"), **found, **nats, "inside": inside}
    return {name: round(float(value), 3) for name, value in found.items()}


def main():
    letters, found = load_kmnist(), read_json(PATH) if PATH.exists() else {}
    todo = [
        (name, seed)
        for seed in SEEDS
        for name in GRIDS
        if len(found.get(name, [])) <= seed
    ]
    print(f"{len(todo)} grids to train, some {MINUTES * len(todo):.0f} minutes")
    for name, seed in tqdm(todo, unit="grid"):
        recipe = small_grid(*GRIDS[name])
        found.setdefault(name, []).append(measure(recipe, seed, letters))
        write_json(PATH, {name: found[name] for name in GRIDS if name in found})


if __name__ == "__main__":
    main()
