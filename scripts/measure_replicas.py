"""Time many codes, and many devices: ``make replicas``, some five minutes, alone.

For each K: milliseconds of the parts of a step and of the whole, and the memory that a
step takes beyond what is there before. Then the step of two recipes by one device,
under a strategy of one device, by two devices, and by two processes of one thread.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.kill_workers import free_ports, told
from vqvae_lesson.ema import (
    batch_statistics,
    ema_step,
    segment_statistics,
    start_averages,
)
from vqvae_lesson.health import RECORDS
from vqvae_lesson.quantizer import nearest_code
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.replicas import SharedTraining, find_strategy, mirrored
from vqvae_lesson.runs.files import write_json
from vqvae_lesson.training import Training

SIZES = [64, 256, 1_024, 4_096, 16_384, 65_536]
CODE_SIZE, BATCH, LATENTS = 64, 128, 6_272
WAYS = ["one device", "strategy", "two devices"]
ROUNDS, STEPS = 9, 8


def milliseconds(function, *arguments):
    """Take the median time of a few calls, the first of which compiles."""
    compiled, taken = tf.function(function), []
    for _ in range(6):
        began = time.perf_counter()
        tf.nest.map_structure(lambda one: one.numpy(), compiled(*arguments))
        taken.append(1e3 * (time.perf_counter() - began))
    return float(np.median(taken[1:]))


def memory(name):
    """Read a line of this process's memory, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def step_of_many_codes(num_codes, steps=7):
    """Train some steps with so many codes; return milliseconds and MB beyond."""
    numbers = {"num_codes": num_codes, "code_size": CODE_SIZE, "batch_size": BATCH}
    recipe = find_recipe("grid", **numbers, warm_up_steps=0)
    training, taken = Training(recipe), []
    images = np.random.default_rng(0).random([2 * BATCH, 28, 28, 1], np.float32)
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    began = time.perf_counter()
    for _ in training.steps(images, until=steps):
        taken.append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
    return float(np.median(taken[1:])), memory("VmHWM") - before


def measure_codes(num_codes):
    """Measure what so many codes cost."""
    step, more = step_of_many_codes(num_codes)
    normal = tf.random.stateless_normal
    latents, codebook = (
        normal([LATENTS, CODE_SIZE], [0, 1]),
        normal([num_codes, CODE_SIZE], [0, 2]),
    )
    indices = nearest_code(latents, codebook)
    state = start_averages(codebook, "consistent")

    def counted(statistics):
        return milliseconds(
            lambda *rows: statistics(*rows, num_codes), latents, indices
        )

    found = {
        "codes": num_codes,
        "nearest": milliseconds(nearest_code, latents, codebook),
        "segments": counted(segment_statistics),
        "averages": milliseconds(
            lambda *rows: ema_step(
                state, *rows, 0.99, "consistent", statistics=segment_statistics
            ),
            latents,
            indices,
        ),
        "step": step,
        "memory": more,
    }
    if num_codes <= 16_384:  # then a matrix of zeros and ones has 400 MB
        found["ones"] = counted(batch_statistics)
    return found


def measure_ways(name):
    """Time a recipe's step by one device, under a strategy, and by two devices."""
    strategies = [None, mirrored(1), mirrored(2)]
    return time_in_turns(name, dict(zip(WAYS, strategies, strict=True)))


def time_in_turns(name, strategies):
    """Time a few steps of each in turn, again and again; milliseconds a step."""
    recipe = find_recipe(name, warm_up_steps=0)
    images = np.random.default_rng(0).random([8_000, 28, 28, 1], np.float32)
    trainings = {
        way: SharedTraining(recipe, strategy=one) if one else Training(recipe)
        for way, one in strategies.items()
    }
    taken = {way: [] for way in trainings}
    for _ in range(1 + ROUNDS):
        for way, training in trainings.items():
            began = time.perf_counter()
            for _ in training.steps(images, training.step + STEPS):
                pass
            taken[way].append(1e3 * (time.perf_counter() - began) / STEPS)
    return {way: [round(one, 2) for one in times[1:]] for way, times in taken.items()}


def measure_worker(name):
    """Time a recipe's step by the processes that ``TF_CONFIG`` names."""
    return time_in_turns(name, {"two processes": find_strategy()})


def start(what, argument, **environment):
    """Start this program once more, to measure one thing."""
    command = [sys.executable, "-m", "scripts.measure_replicas", what, str(argument)]
    told = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    return subprocess.Popen(command, env=told, stdout=subprocess.PIPE, text=True)


def answer(process):
    """Wait for what a program has measured."""
    said, _ = process.communicate()
    return json.loads(said.splitlines()[-1])


def workers(name):
    """Measure two processes, each with one thread."""
    ports = free_ports(2)
    both = [
        start("worker", name, TF_CONFIG=told(index, ports), TF_NUM_INTRAOP_THREADS="1")
        for index in range(2)
    ]
    return next(answer(one) for one in both)


def main():
    print("some five minutes; let nothing else run")
    codes = [answer(start("codes", size)) for size in SIZES]
    ways = {}
    for name in ("article", "grid"):
        ways[name] = {**answer(start("ways", name)), **workers(name)}
    rounded = [{key: round(value, 2) for key, value in row.items()} for row in codes]
    write_json(RECORDS / "replicas.json", {"codes": rounded, "ways": ways})


MEASURES = {"codes": measure_codes, "ways": measure_ways, "worker": measure_worker}

if __name__ == "__main__":
    if sys.argv[1:]:
        what, argument = sys.argv[1:]
        argument = int(argument) if what == "codes" else argument
        if what == "ways":
            mirrored(2)  # before TensorFlow counts its devices
        print(json.dumps(MEASURES[what](argument)))
    else:
        main()
