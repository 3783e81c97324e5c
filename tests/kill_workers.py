"""Kill one of two workers again and again, and go on: ``make faults``.

Every kill is a real one (SIGKILL), at a random step, or in what follows it: an epoch's
end with its measure and checkpoint, or the k-means start. The other worker must end by
itself, with a line that says why. Both begin again with ``--resume``; in the end all
numbers must be, bit for bit, those of two workers that nobody killed.
"""

import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vqvae_lesson.glyphs import draw_glyphs
from vqvae_lesson.replicas import MOST_WAIT

LETTERS, PER_EPOCH = 500, 25  # a checkpoint every 25 steps of 16
RECIPE = ["--recipe", "small", "--base-depth", "2", "--num-codes", "16"]
RECIPE += ["--batch-size", "16", "--warm-up-steps", "20"]
STEPS = 1_000
LONGEST = MOST_WAIT + 60  # seconds in which a worker that is left must end
MOST_STEPS, MOST_SECONDS = 2 * PER_EPOCH, 0.5  # until a kill


def free_ports(count):
    """Find ports that nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("localhost", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def told(index, ports):
    """Write what a worker finds in ``TF_CONFIG``."""
    workers = [f"localhost:{port}" for port in ports]
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": workers}, "task": task})


def save_letters(folder):
    """Save letters, drawn by the package, and say how to name them."""
    path = Path(folder, "letters.npz")
    np.savez(path, images=draw_glyphs(LETTERS, seed=0)[0])
    return ["--data", str(path)]


def start(folder, *options, program=("-m", "vqvae_lesson", "train")):
    """Start a worker for each list of options; it speaks into a file of the folder."""
    ports, workers = free_ports(len(options)), []
    for index, own in enumerate(options):
        config = told(index, ports)
        with open(Path(folder, f"{index}.txt"), "w") as said:
            worker = subprocess.Popen(
                [sys.executable, *program, *own],
                env={**os.environ, "TF_CONFIG": config, "OMP_NUM_THREADS": "1"},
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        workers.append(worker)
    return workers


def lines(folder, index):
    """Read what a worker has said, without its progress bar."""
    text = Path(folder, f"{index}.txt").read_text(errors="replace")
    parts = re.split(r"[\r\n]+", text)
    return [part for part in parts if part.strip() and not re.search(r"\d+%\|", part)]


def step_of(folder, index):
    """Read the step at which a worker's progress bar stands; None before it shows."""
    steps = re.findall(r"(\d+)/\d+ \[", Path(folder, f"{index}.txt").read_text())
    return int(steps[-1]) if steps else None


def begin_or_resume(folder, data):
    """Start both workers, from the checkpoint if there is a run in the folder."""
    run = Path(folder, "run")
    begun = (run / "manifest.json").exists()
    how = ["--resume"] if begun else [*RECIPE, "--steps", str(STEPS)]
    options = ["--out", str(run), *data, *how]
    return start(folder, options, options)


def wait_for(folder, index, worker, steps, seconds):
    """Wait until a worker has gone some steps, and a moment; whether it still runs."""
    first = None
    while first is None or step_of(folder, index) < first + steps:
        if worker.poll() is not None:
            return False
        first = step_of(folder, index) if first is None else first
        time.sleep(0.02)
    time.sleep(seconds)
    return worker.poll() is None


def disturbed(folder, data, kills, seed):
    """Train, and kill one worker so many times; return how often."""
    chance = random.Random(seed)
    for kill in range(kills):
        workers = begin_or_resume(folder, data)
        victim = chance.randrange(2)
        steps = chance.randrange(MOST_STEPS) if kill else 19  # k-means begins at 20
        moment = steps, chance.uniform(0, MOST_SECONDS)
        if not wait_for(folder, victim, workers[victim], *moment):
            return kill  # trained to the end before
        step = step_of(folder, victim)
        workers[victim].kill()
        workers[1 - victim].wait(LONGEST)
        workers[victim].wait()
        said = lines(folder, 1 - victim)[-1]
        print(
            f"{kill + 1} of {kills}: worker {victim} killed at {step}; {said}",
            flush=True,
        )
    return kills


def finish(folder, data):
    """Train to the end."""
    for index, worker in enumerate(begin_or_resume(folder, data)):
        worker.wait()
        print("at the end:", lines(folder, index)[-1], flush=True)
    with np.load(Path(folder, "run", "checkpoint.npz")) as file:
        numbers = {name: file[name] for name in file.files}
    return {name: one for name, one in numbers.items() if one.dtype.kind in "fiu"}


def main(kills):
    """Compare a run that was killed with one that was not."""
    with (
        tempfile.TemporaryDirectory() as whole,
        tempfile.TemporaryDirectory() as broken,
    ):
        data = save_letters(whole)
        expected = finish(whole, data)
        done = disturbed(broken, data, kills, seed=0)
        found = finish(broken, data)
    different = [
        name for name, one in expected.items() if not np.array_equal(one, found[name])
    ]
    print(f"{done} kills, {len(different)} of {len(expected)} arrays differ")
    return bool(different) or done < kills


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
