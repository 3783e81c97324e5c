"""Kill one of two workers again and again, and go on: ``make faults``.

Every kill is a real one (SIGKILL), at a random moment. The other worker must end by
itself, with a line that says why. Both begin again with ``--resume``; in the end all
numbers must be, bit for bit, those of two workers that nobody killed.
"""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vqvae_lesson.replicas import MOST_WAIT

DATA = ["--data", "glyphs"]
OPTIONS = ["--recipe", "small", "--base-depth", "2", "--steps", "1500"]
OPTIONS += ["--batch-size", "16", "--warm-up-steps", "20"]
LONGEST = MOST_WAIT + 60  # seconds in which a worker that is left must end
FIRST, LAST = 10, 30  # seconds after the start in which a kill may come


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


def start(folder, options=()):
    """Start two workers that share one training."""
    ports = free_ports(2)
    command = [sys.executable, "-m", "vqvae_lesson", "train", "--out", folder, *DATA]
    started = []
    for index in range(2):
        config = told(index, ports)
        started.append(
            subprocess.Popen(
                [*command, *options],
                env={**os.environ, "TF_CONFIG": config, "OMP_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    return started


def last_line(worker, limit=None):
    """Wait until a worker has ended; hand back the last line that it said."""
    said, _ = worker.communicate(timeout=limit)
    return said.strip().splitlines()[-1] if said.strip() else ""


def begin_or_resume(folder):
    """Start both workers, from the checkpoint if there is a run in the folder."""
    if (folder / "manifest.json").exists():
        return start(folder, ["--resume"])
    return start(folder, OPTIONS)


def disturbed(folder, kills, seed):
    """Train, and kill one worker so many times; return how each other one ended."""
    chance, lines = random.Random(seed), []
    while len(lines) < kills:
        workers = begin_or_resume(folder)
        victim = chance.randrange(2)
        end = time.monotonic() + chance.uniform(FIRST, LAST)
        while time.monotonic() < end and workers[victim].poll() is None:
            time.sleep(0.1)
        if workers[victim].poll() is not None:  # trained to the end before the kill
            break
        workers[victim].kill()
        lines.append(last_line(workers[1 - victim], LONGEST))
        print(f"{len(lines)} of {kills}: worker {victim} killed; {lines[-1]}")
    for worker in begin_or_resume(folder):
        print("at the end:", last_line(worker))
    return lines


def arrays(folder):
    """Read every number of a checkpoint."""
    with np.load(folder / "checkpoint.npz") as file:
        return {name: file[name] for name in file.files if file[name].dtype != object}


def main(kills):
    """Compare a run that was killed with one that was not."""
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder, "whole"), Path(folder, "broken")
        for worker in begin_or_resume(whole):
            print("undisturbed:", last_line(worker))
        lines = disturbed(broken, kills, seed=0)
        one, other = arrays(whole), arrays(broken)
    different = [
        name
        for name in one
        if np.issubdtype(one[name].dtype, np.number)
        and not np.array_equal(one[name], other[name])
    ]
    print(f"{len(lines)} kills, {len(different)} of {len(one)} arrays differ")
    return bool(different)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
