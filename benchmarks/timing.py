"""Measure several ways of doing one thing, turn and turn about."""

import os
import platform
import time
from importlib.metadata import version
from statistics import median


def interleaved(ways, rounds, calls=1, warm_up=2):
    """Seconds of each way: A B C, A B C, ..., so that a noisy machine hits all alike.

    Parameters
    ----------
    ways : dict
        From a name to a function without arguments.
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
    seconds = {name: [] for name in ways}
    for turn in range(warm_up + rounds):
        for name, work in ways.items():
            began = time.perf_counter()
            for _ in range(calls):
                work()
            if turn >= warm_up:
                seconds[name].append((time.perf_counter() - began) / calls)
    return seconds


def print_table(seconds, baseline):
    """Print medians, and the median of the ratios round by round."""
    width = max(map(len, seconds))
    print(f"{'':{width}}  median ms  min ms  max ms  times as fast as {baseline}")
    for name, values in seconds.items():
        pairs = zip(seconds[baseline], values, strict=True)
        ratio = median(base / value for base, value in pairs)
        low, middle, high = (1e3 * f(values) for f in (min, median, max))
        print(f"{name:{width}}  {middle:9.1f}  {low:6.1f}  {high:6.1f}  {ratio:.2f}")


def print_machine(*libraries):
    """Print what the numbers were measured on."""
    names = ", ".join(f"{library} {version(library)}" for library in libraries)
    cores = os.cpu_count()
    print(f"{_processor()}, {cores} cores; Python {platform.python_version()}, {names}")


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
