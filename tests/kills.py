"""Kill a run again and again from step 0 on, and resume it: ``make fuzz``.

Every kill is a real one (SIGKILL), at a step or in the middle of a write. In the end
all files must be, bit for bit, those of a run that was never killed.
"""

import json
import os
import random
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from vqvae_lesson.data import load_glyphs
from vqvae_lesson.recipes import VQVAERecipe
from vqvae_lesson.runs import files
from vqvae_lesson.runs.run import Run

RECIPE = VQVAERecipe(
    num_codes=8,
    code_size=4,
    base_depth=4,
    ema_start="consistent",
    warm_up_steps=3,
    falling_rate=True,
    batch_size=8,
)


def small_letters():
    """54 drawn letters of 12 x 12 pixels, to be quick."""
    letters = load_glyphs(54)
    return replace(
        letters,
        train_images=letters.train_images[:, 8:20, 8:20],
        held_out_images=letters.held_out_images[:, 8:20, 8:20],
    )


class Countdown:
    """Kill this very process at the n-th event."""

    def __init__(self, events):
        self.left = events

    def __call__(self, *_):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, function):
        """Count down, then do what was to be done."""

        def counted(*args):
            self()
            return function(*args)

        return counted


def train(folder, letters, recipe, events):
    """Begin or resume in a child process; True if it lived to the last step."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    try:
        countdown = Countdown(events)
        files.os.fsync = countdown.before(os.fsync)
        files.os.replace = countdown.before(os.replace)
        if (folder / "manifest.json").exists():
            run = Run.resume(folder, letters)
        else:
            run = Run.start(folder, letters, recipe, record=True)
        code = 0 if run.train(countdown) else 1
    except Exception as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def content(path):
    """What a file of a run says, without the seconds that it took."""
    if path.suffix != ".npz":
        return path.read_bytes()
    with np.load(path) as arrays:
        found = {name: arrays[name].tobytes() for name in arrays.files}
        if "progress" in found:
            found["progress"] = json.loads(str(arrays["progress"]))
            del found["progress"]["seconds"]
    return found


def contents(folder):
    """Contents of all files of a run, by their names."""
    return {
        str(path.relative_to(folder)): content(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def main(count=20, seed=0):
    """Kill so many times; end with an error if the files differ."""
    chance, letters = random.Random(int(seed)), small_letters()
    recipe = replace(RECIPE, epochs=4 * int(count))
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder, "whole"), Path(folder, "killed")
        assert train(whole, letters, recipe, 0)
        for kill in range(int(count)):
            # First in the first writes, the manifest's, then anywhere.
            events = kill + 1 if kill < 3 else chance.randint(1, 50)
            if train(killed, letters, recipe, events):
                sys.exit(f"the run came to its end after {kill} kills: use fewer")
        assert train(killed, letters, recipe, 0)
        same = contents(whole) == contents(killed)
    print(f"{count} kills and resumes: files {'the same' if same else 'DIFFER'}")
    sys.exit(not same)


if __name__ == "__main__":
    main(*sys.argv[1:])
