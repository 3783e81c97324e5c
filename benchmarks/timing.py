"""Measure several ways of doing one thing, turn and turn about.

Each way runs in a process of its own, so that no library's threads get in another's
way: while one computes, the others wait.
"""

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from statistics import median


class Worker:
    """A process that runs this script for one way, and computes when asked to."""

    def __init__(self, name):
        self.process = subprocess.Popen(
            [sys.executable, sys.argv[0], name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def prepare(self, *sizes):
        """Make ready; False if this way cannot do these sizes."""
        return self._ask(sizes)

    def go(self, calls=1):
        """Compute; seconds per call, and most megabytes held since made ready."""
        return self._ask(calls)

    def close(self):
        """End the process."""
        self.process.kill()
        self.process.wait()

    def _ask(self, question):
        print(json.dumps(question), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def serve(prepare):
    """Answer a :class:`Worker` until it is closed.

    Parameters
    ----------
    prepare : callable
        From sizes to what is measured, a function without arguments, and a
        function that checks what it returns; or to None.
    """
    before = None
    for line in sys.stdin:
        question = json.loads(line)
        if isinstance(question, list):
            ready = prepare(*question)
            before = _reset_peak()
            answer = ready is not None
        else:
            call, check = ready
            began = time.perf_counter()
            for _ in range(question):
                found = call()
            seconds = (time.perf_counter() - began) / question
            megabytes = _memory("VmHWM") - before
            check(found)
            time.sleep(0.05)  # until no thread spins any more
            answer = {"seconds": seconds, "megabytes": megabytes}
        print(json.dumps(answer), flush=True)


def interleaved(workers, rounds, calls=1, warm_up=2):
    """Seconds of each way: A B C, A B C, ..., so that a noisy machine hits all alike.

    Parameters
    ----------
    workers : dict
        From a name to a :class:`Worker` that is prepared.
    rounds : int
        Counted ones.
    calls : int
        How often each way runs when it is its turn.
    warm_up : int
        Rounds before, not counted.

    Returns
    -------
    dict
        From a name to a list of seconds per call, one a round.
    """
    seconds = {name: [] for name in workers}
    for turn in range(warm_up + rounds):
        for name, worker in workers.items():
            answer = worker.go(calls)
            if turn >= warm_up:
                seconds[name].append(answer["seconds"])
    return seconds


def ratio(times, others):
    """Median of the ratios round by round."""
    return median(one / other for one, other in zip(times, others, strict=True))


def print_table(seconds, baseline):
    """Print medians, and how many times as fast as the baseline each way is."""
    print(f"| | median ms | min ms | max ms | times as fast as {baseline} |")
    print("|---|---|---|---|---|")
    for name, values in seconds.items():
        low, middle, high = (1e3 * f(values) for f in (min, median, max))
        faster = ratio(seconds[baseline], values)
        print(f"| {name} | {middle:.1f} | {low:.1f} | {high:.1f} | {faster:.2f} |")


def machine(*libraries):
    """Say what the numbers were measured on."""
    names = ", ".join(f"{library} {version(library)}" for library in libraries)
    cores = os.cpu_count()
    python = platform.python_version()
    return f"{_processor()}, {cores} cores; Python {python}, {names}"


def _processor():
    """Name the processor."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":")[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory(field):
    """Megabytes this process holds (VmRSS) or has held at most (VmHWM)."""
    with open("/proc/self/status") as file:
        (line,) = (line for line in file if line.startswith(field))
    return int(line.split()[1]) / 1e3


def _reset_peak():
    """Let VmHWM begin anew; return what is held now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _memory("VmRSS")
