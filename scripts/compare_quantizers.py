"""Train every quantizer of chapter 16, small: ``make quantizers``.

First some settings of each at a seed of their own, then the chosen one at three seeds
in every grid, with a prior over its codes; at last the time of a step. Says beforehand
how many trainings are left, and how long they take; goes on where it was interrupted.
Each training has one thread, so that the numbers do not depend on how many run at once.
"""

import argparse
import multiprocessing
import os
import time

from tqdm import tqdm

MINUTES = 0.8  # one training and its prior, on one core
EARLY, SHOWN, STEPS = 125, 200, (0.3, 1.0)  # STEPS: of the latents' spread
TRIED_AT = 3  # seed of the settings that were tried
ROUNDS = 8
FACTORS = 1, 10  # of the encoder's last layer, for FSQ without warm-up


def cosines(model, images, seed):
    """Mean cosine between estimated and measured gradients, for each step."""
    import numpy as np

    from vqvae_lesson.noise import noise_seeds
    from vqvae_lesson.quantizer_layers import estimated_gradients, measured_gradients

    images = images[:SHOWN]
    random = np.random.default_rng(seed)
    places = random.integers(model.latent_size, size=len(images))
    spread = np.std(model.encoder(images).numpy(), axis=(0, 1)).mean()
    measured = {
        share: measured_gradients(model, images, places, share * spread)
        for share in STEPS
    }
    found, estimated = {}, {}
    for name, recipe in estimators(model.recipe).items():
        model.quantizer.recipe = recipe
        noise = noise_seeds(seed, 0)
        estimated[name] = estimated_gradients(model, images, places, noise)
        for share, slopes in measured.items():
            moved = np.any(slopes != 0, axis=1)
            found[f"{name}cosine {share}"] = mean_cosine(estimated[name], slopes, moved)
    others = np.roll(estimated[""], 1, axis=0)  # of another letter: a control
    for share, slopes in measured.items():
        moved = np.any(slopes != 0, axis=1)
        found[f"moved {share}"] = moved.mean()
        found[f"control cosine {share}"] = mean_cosine(others, slopes, moved)
    found["both steps cosine"] = mean_cosine(*measured.values(), moved)
    model.quantizer.recipe = model.recipe
    return found


def mean_cosine(ones, others, counted):
    """Mean cosine of the angles between pairs of vectors; 0 where one has no length."""
    import numpy as np

    dots = np.sum(ones * others, axis=1)
    lengths = np.linalg.norm(ones, axis=1) * np.linalg.norm(others, axis=1)
    return np.divide(dots, lengths, out=0 * dots, where=lengths > 0)[counted].mean()


def estimators(recipe):
    """Say which estimators to measure: the model's own; for averages both of them."""
    from dataclasses import replace

    own = {"": recipe}
    if recipe.quantizer == "averages":
        own["straight "] = replace(recipe, rotate=False)
        own["rotated "] = replace(recipe, rotate=True)
    return own


def trained(recipe, seed, letters, early=None):
    """Train to the end; on the way, at step EARLY, call `early` with the model."""
    from vqvae_lesson.training import Training

    training = Training(recipe, letters.train_images.shape[1:], seed)
    for until in (EARLY, all_steps(recipe, letters.train_images)):
        for _ in training.steps(letters.train_images, until):
            pass
        if until == EARLY and early:
            early(training.model)
    return training.model


def all_steps(recipe, examples):
    """Count the steps of a whole training."""
    return recipe.epochs * (len(examples) // recipe.batch_size)


def one_thread():
    """Let TensorFlow use one thread, in a process of its own."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def try_setting(way, number):
    """Train one quantizer with one of its settings."""
    one_thread()
    from dataclasses import replace

    from vqvae_lesson.data import load_kmnist
    from vqvae_lesson.laboratory import TRIED, run_experiment, small_quantizer

    recipe = replace(small_quantizer(way), **TRIED[way][number])
    _, metrics = run_experiment(recipe, TRIED_AT, load_kmnist())
    return rounded(metrics._asdict())


def measure(way, place, seed):
    """Train one quantizer at one seed, and a prior over its codes; measure both."""
    one_thread()
    from train_grids import counted_nats
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
    found["written"] = written_nats(model, seed, train, held_out)
    return rounded(found)


def written_nats(model, seed, train, held_out):
    """Nats of the held-out codes under the prior that a reader trains in chapter 15."""
    from vqvae_lesson.metrics import evaluate
    from vqvae_lesson.prior import PriorRecipe
    from vqvae_lesson.training import Training

    sizes = {"num_codes": model.num_codes, "latent_size": model.latent_size}
    small = {"width": 64, "blocks": 1, "dropout": 0.0, "learning_rate": 3e-3}
    training = Training(PriorRecipe(**sizes, **small, epochs=3), seed=seed)
    rows = training.model.rows(train)
    for _ in training.steps(rows, all_steps(training.recipe, rows)):
        pass
    return evaluate(training.model, training.model.rows(held_out)).nats


def rounded(found):
    """Round what was measured, for the record."""
    return {name: round(float(value), 3) for name, value in found.items()}


def start_scalars(factor, seed):
    """Train FSQ without warm-up, its encoder's last layer multiplied at the start."""
    one_thread()
    from dataclasses import replace

    from vqvae_lesson.data import load_kmnist
    from vqvae_lesson.laboratory import small_quantizer
    from vqvae_lesson.metrics import evaluate
    from vqvae_lesson.training import Training

    letters = load_kmnist()
    images = letters.train_images
    recipe = replace(small_quantizer("FSQ"), warm_up_steps=0)
    training = Training(recipe, images.shape[1:], seed)
    *_, last, _ = training.model.encoder.layers
    last.kernel.assign(factor * last.kernel)
    spread = training.model.encoder(images[:SHOWN]).numpy().std()
    for _ in training.steps(images, all_steps(recipe, images)):
        pass
    metrics = evaluate(training.model, letters.held_out_images)._asdict()
    return rounded({"pixels": metrics.pop("nll"), **metrics, "spread": spread})


def drop_stages(dropped, seed):
    """Train residual codes, with dropout of stages or without: nats by stages kept."""
    one_thread()
    from dataclasses import replace

    from vqvae_lesson.data import load_kmnist
    from vqvae_lesson.laboratory import PLACES, small_quantizer
    from vqvae_lesson.losses import reconstruction_loss
    from vqvae_lesson.metrics import choose

    letters = load_kmnist()
    recipe = small_quantizer("residual", *PLACES["4x4, 512"])
    model = trained(replace(recipe, drop_stages=dropped), seed, letters)
    images = letters.held_out_images
    indices, found = choose(model, images), {}
    for stages in range(1, recipe.parts + 1):
        logits = model.decoder(model.quantizer.lookup(indices, stages))
        found[stages] = reconstruction_loss(images, logits)
    return rounded(found)


def time_steps(place):
    """Time one step of every quantizer, turn and turn about: medians, milliseconds."""
    import numpy as np
    import tensorflow as tf

    from vqvae_lesson.data import batches, load_kmnist
    from vqvae_lesson.laboratory import PLACES, WAYS, small_quantizer
    from vqvae_lesson.training import Training

    images = load_kmnist().train_images
    batch = next(iter(batches(images, 64, seed=0, epoch=0)))
    noise = tf.constant([0, 1])
    trainings = {way: Training(small_quantizer(way, *PLACES[place])) for way in WAYS}
    seconds = {way: [] for way in WAYS}
    for _ in range(ROUNDS + 1):
        for way, one in trainings.items():
            began = time.perf_counter()
            for _ in range(5):
                losses = one.compiled_step(one.model, one.optimizer, batch, noise)
            float(losses.total)
            seconds[way].append((time.perf_counter() - began) / 5)
    return {way: round(1000 * np.median(all[1:]), 2) for way, all in seconds.items()}


def manifests():
    """Say what the table was made from: data, versions, each way and place."""
    from dataclasses import asdict

    from vqvae_lesson.data import load_kmnist
    from vqvae_lesson.laboratory import PLACES, SEEDS, WAYS, small_quantizer
    from vqvae_lesson.runs.manifests import describe

    any_recipe = small_quantizer("averages", *next(iter(PLACES.values())))
    described = describe("grid", any_recipe, load_kmnist(), seed=0)
    shared = {name: described[name] for name in ("image_shape", "data", "versions")}
    recipes = {
        place: {way: asdict(small_quantizer(way, *sizes)) for way in WAYS}
        for place, sizes in PLACES.items()
    }
    return {"seeds": list(SEEDS), **shared, "recipes": recipes}


def answer(call):
    """Do one job in a process of its own; hand it back with what it found."""
    function, job = call
    return job, function(*job)


def work_off(jobs, function, workers, keep):
    """Run jobs, so many at a time, and keep each result as it comes."""
    spawn = multiprocessing.get_context("spawn")
    calls = [(function, job) for job in jobs]
    with spawn.Pool(workers, maxtasksperchild=12) as pool:
        found = pool.imap_unordered(answer, calls)
        for job, result in tqdm(found, total=len(jobs), unit="training"):
            keep(*job, result)


def main():
    from vqvae_lesson.health import RECORDS
    from vqvae_lesson.laboratory import PLACES, SEEDS, TRIED, WAYS
    from vqvae_lesson.runs.files import read_json, write_json

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--time", action="store_true", help="time steps, and no more")
    asked = parser.parse_args()

    def found(name):
        path = RECORDS / f"{name}.json"
        return path, read_json(path) if path.exists() else {}

    settings, tried = found("quantizer_settings")
    table, runs = found("quantizers")
    steps, milliseconds = found("quantizer_steps")
    starts, scratch = found("quantizer_starts")
    stages, kept = found("quantizer_stages")

    def keep_setting(way, number, metrics):
        tried.setdefault(way, {})[str(number)] = metrics
        write_json(settings, tried)

    def keep_start(factor, seed, metrics):
        scratch.setdefault(str(factor), {})[str(seed)] = metrics
        write_json(starts, scratch)

    def keep_stages(dropped, seed, nats):
        kept.setdefault("dropped" if dropped else "whole", {})[str(seed)] = nats
        write_json(stages, kept)

    def keep_run(way, place, seed, metrics):
        runs.setdefault(place, {}).setdefault(way, {})[str(seed)] = metrics
        ordered = {
            place: {way: runs[place][way] for way in WAYS if way in runs[place]}
            for place in PLACES
            if place in runs
        }
        write_json(table, ordered)

    to_try = [
        (way, number)
        for way, changes in TRIED.items()
        for number in range(len(changes))
        if str(number) not in tried.get(way, {})
    ]
    to_run = [
        (way, place, seed)
        for seed in SEEDS
        for place in PLACES
        for way in WAYS
        if str(seed) not in runs.get(place, {}).get(way, {})
    ]
    to_start = [
        (factor, seed)
        for factor in FACTORS
        for seed in SEEDS
        if str(seed) not in scratch.get(str(factor), {})
    ]
    to_drop = [
        (dropped, seed)
        for dropped in (False, True)
        for seed in SEEDS
        if str(seed) not in kept.get("dropped" if dropped else "whole", {})
    ]
    if not asked.time:
        short = len(to_try) + len(to_start) + len(to_drop)
        hours = (short / 2 + len(to_run)) * MINUTES / asked.workers / 60
        print(f"{short + len(to_run)} trainings, some {hours:.1f} hours")
        work_off(to_try, try_setting, asked.workers, keep_setting)
        work_off(to_start, start_scalars, asked.workers, keep_start)
        work_off(to_drop, drop_stages, asked.workers, keep_stages)
        work_off(to_run, measure, asked.workers, keep_run)
    write_json(RECORDS / "quantizers_manifest.json", manifests())
    for place in PLACES:
        if asked.time or place not in milliseconds:
            milliseconds[place] = time_steps(place)
            write_json(steps, milliseconds)


if __name__ == "__main__":
    main()
