"""Train every quantizer of chapter 16, small, at three seeds: ``make quantizers``.

Says beforehand how many trainings are left, and how long they take; goes on where it
was interrupted. Two train at a time, each with one thread, so that the numbers do not
depend on how many cores there are.
"""

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed

from tqdm import tqdm

MINUTES = 1.3  # one training and its prior, on one core
EARLY, SHOWN, STEPS = 125, 200, (0.3, 1.0)  # STEPS: of the latents' spread


def cosines(model, images, seed):
    """Mean cosine between estimated and measured gradients, for each step."""
    import numpy as np

    from vqvae_lesson.noise import noise_seeds
    from vqvae_lesson.quantizer_layers import estimated_gradients, measured_gradients

    images = images[:SHOWN]
    random = np.random.default_rng(seed)
    places = random.integers(model.latent_size, size=len(images))
    spread = np.std(model.encoder(images).numpy(), axis=(0, 1)).mean()
    estimated = estimated_gradients(model, images, places, noise_seeds(seed, 0))
    found = {}
    for share in STEPS:
        measured = measured_gradients(model, images, places, share * spread)
        lengths = [np.linalg.norm(one, axis=1) for one in (estimated, measured)]
        moved = lengths[1] > 0
        cosine = np.sum(estimated * measured, axis=1) / np.maximum(
            np.prod(lengths, axis=0), 1e-12
        )
        found[f"cosine {share}"] = cosine[moved].mean()
        found[f"moved {share}"] = moved.mean()
    return found


def trained(recipe, seed, letters, early=None):
    """Train to the end; on the way, at step EARLY, call `early` with the model."""
    from vqvae_lesson.training import Training

    training = Training(recipe, letters.train_images.shape[1:], seed)
    steps = recipe.epochs * (len(letters.train_images) // recipe.batch_size)
    for until in (EARLY, steps):
        for _ in training.steps(letters.train_images, until):
            pass
        if until == EARLY and early:
            early(training.model)
    return training.model


def measure(way, place, seed):
    """Train one quantizer at one seed, and a prior over its codes; measure both."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from train_grids import counted_nats, train_prior
    from vqvae_lesson.data import load_kmnist
    from vqvae_lesson.laboratory import PLACES, small_quantizer
    from vqvae_lesson.metrics import choose, evaluate

    letters, found = load_kmnist(), {}
    looks = place == "7x7, 64"

    def look(name):
        def at(model):
            for key, value in cosines(model, letters.held_out_images, seed).items():
                found[f"{name} {key}"] = value

        return at if looks else None

    recipe = small_quantizer(way, *PLACES[place])
    model = trained(recipe, seed, letters, look("early"))
    if looks:
        look("late")(model)
    metrics = evaluate(model, letters.held_out_images)._asdict()
    found = {"pixels": metrics.pop("nll"), **metrics, **found}
    train = choose(model, letters.train_images)
    held_out = choose(model, letters.held_out_images)
    found |= counted_nats(model, train, held_out)
    written = train_prior(model, seed, train)
    found["written"] = evaluate(written, written.rows(held_out)).nats
    return {name: round(float(value), 3) for name, value in found.items()}


def main():
    from vqvae_lesson.health import RECORDS
    from vqvae_lesson.laboratory import PLACES, SEEDS, WAYS
    from vqvae_lesson.runs.files import read_json, write_json

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 4))
    workers = parser.parse_args().workers
    path = RECORDS / "quantizers.json"
    found = read_json(path) if path.exists() else {}
    jobs = [
        (way, place, seed)
        for seed in SEEDS
        for place in PLACES
        for way in WAYS
        if str(seed) not in found.get(place, {}).get(way, {})
    ]
    minutes = MINUTES * len(jobs) / workers
    print(f"{len(jobs)} trainings, some {minutes:.0f} minutes with {workers} at a time")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, max_tasks_per_child=12) as pool:
        waiting = {pool.submit(measure, *job): job for job in jobs}
        for done in tqdm(as_completed(waiting), total=len(jobs), unit="training"):
            way, place, seed = waiting[done]
            found.setdefault(place, {}).setdefault(way, {})[str(seed)] = done.result()
            write_json(path, found)


if __name__ == "__main__":
    main()
