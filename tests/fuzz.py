"""Thousands of damaged files, each read or refused in one line: ``make fuzz``.

Every case takes a file as the package or Jupyter writes it, damages it, and hands it
to the function that reads it. That must return, or raise a LessonError of one line,
within seconds, with little memory, and leave the folder as it was.
"""

import copy
import gzip
import io
import json
import random
import resource
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from vqvae_lesson.classroom.exercises import exercises_of, read_notebook
from vqvae_lesson.data import load_own
from vqvae_lesson.errors import LessonError
from vqvae_lesson.kmnist import read_idx
from vqvae_lesson.recipes import VQVAERecipe
from vqvae_lesson.runs.checkpoints import (
    find_trained,
    load_checkpoint,
    save_checkpoint,
)
from vqvae_lesson.runs.files import write_json
from vqvae_lesson.runs.manifests import run_id

SLOWEST, MOST_GROWTH = 5, 10**6  # seconds a case, kilobytes in all
RECIPE = VQVAERecipe(num_codes=3, code_size=2, base_depth=2, batch_size=2)
NASTY = [
    *[None, True, -1, 0, 1.5, 10**9, 2**63, 10**30, 1e308, float("nan"), float("inf")],
    *["", "x", "\ud800", "\x1b[2J", "a\nb", "\0", "x" * 10**4, " " * 4000],
    *[[], {}, [[]], [None], {"": None}],
]


def npz(**arrays):
    """Bytes of an .npz file."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def png(chance, mode):
    """Bytes of a small PNG."""
    file = io.BytesIO()
    size = (8, 8, len(mode)) if len(mode) > 1 else (8, 8)
    pixels = np.frombuffer(chance.randbytes(int(np.prod(size))), np.uint8)
    Image.fromarray(pixels.reshape(size)).save(file, "PNG")
    return file.getvalue()


def idx(chance):
    """Bytes of a small gzipped IDX file of images or of labels, and unpacked."""
    shape = chance.choice([[5, 4, 4], [5]])
    head = bytes([0, 0, 8, len(shape)])
    sizes = b"".join(size.to_bytes(4, "big") for size in shape)
    return head + sizes + chance.randbytes(int(np.prod(shape)))


def manifest():
    """Take what a run of the small recipe writes, without running it."""
    made = {
        "recipe": "article",
        "hyperparameters": vars(RECIPE),
        "image_shape": [8, 8, 1],
        "seed": 0,
        "data": {"name": "glyphs", "sha256": "0" * 64, "train": 4, "held_out": 1},
        "versions": {"python": "3"},
        "record": False,
        "steps_to_reach": 3,
    }
    return {"run": run_id(made), **made}


def notebook():
    """A reader's notebook with an exercise that was checked."""
    statement = "```{exercise} One\n:label: one\n```"
    output = {"output_type": "execute_result", "data": {"text/plain": ["Right: yes"]}}
    check = {
        "cell_type": "code",
        "source": ["check()"],
        "metadata": {"tags": ["check"]},
        "outputs": [output],
        "execution_count": 1,
    }
    cells = [{"cell_type": "markdown", "source": [statement], "metadata": {}}, check]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def damaged(content, chance):
    """Flip, cut, repeat or overwrite some of the bytes."""
    content = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 8])):
        at = chance.randrange(len(content) + 1)
        length = chance.choice([1, 2, 4, 30])
        content[at : at + length] = chance.choice(
            [
                b"",
                bytes(length),
                b"\xff" * length,
                chance.randbytes(length),
                bytes(content[at : at + length]) * 2,
                chance.choice([b"9" * 40, b"\n", b"[" * 3000, b"\x7f\xff\xff\xff"]),
            ]
        )
    if chance.random() < 0.2:
        del content[chance.randrange(len(content) + 1) :]
    return bytes(content)


def places_in(content):
    """Every place of a value in JSON: what holds it, and its key there."""
    for key in [*content] if isinstance(content, dict) else range(len(content)):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from places_in(content[key])


def twisted(content, chance):
    """Replace, take away or add a value somewhere in JSON."""
    content = copy.deepcopy(content)
    for _ in range(chance.choice([1, 1, 2])):
        places = [*places_in(content)]
        if not places:
            return content
        part, key = chance.choice(places)
        action = chance.random()
        if action < 0.2:
            del part[key]
        elif action < 0.3 and isinstance(part, dict):
            part[chance.choice(["", "x", "\ud800", "steps"])] = chance.choice(NASTY)
        else:
            part[key] = chance.choice(NASTY)
    return content


def twisted_npz(arrays, chance):
    """Replace, take away or rename an array, or pack what is no array."""
    arrays = dict(arrays)
    name = chance.choice([*arrays])
    shape = chance.choice([[], [0], [3], [5, 8, 8], [2, 2, 2, 2], [3, 2]])
    kind = chance.choice(["u1", "i8", "f4", "f8", "c8", "U3", "S2", "M8[s]", "?"])
    action = chance.random()
    if action < 0.6:
        arrays[name] = np.zeros(shape, kind)
    elif action < 0.7:
        arrays["odd/\n\x1b"] = arrays.pop(name)
    else:
        file = io.BytesIO(npz(**arrays))
        with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as archive:
            warnings.simplefilter("ignore")  # of a name that is there twice
            entry = chance.choice([name, name + ".npy", "x", "progress.npy"])
            archive.writestr(entry, chance.randbytes(chance.choice([0, 10, 200])))
        return file.getvalue()
    return npz(**arrays)


class Fuzz:
    """Cases of one seed, in a folder of their own."""

    def __init__(self, folder, seed=0):
        self.folder, self.chance = Path(folder), random.Random(seed)
        self.model = RECIPE.build((8, 8, 1))
        self.made = manifest()
        self.progress = {
            "run": self.made["run"],
            "data": self.made["data"]["sha256"],
            **{"steps": 1, "seconds": 0.1, "metrics": {"held_out_nll": 1.0}},
            **{"epoch_losses": [], "history": []},
        }
        save_checkpoint(self.folder / "checkpoint.npz", self.model)
        with np.load(self.folder / "checkpoint.npz") as arrays:
            self.arrays = dict(arrays)
        (self.folder / "checkpoint.npz").unlink()
        self.kinds = {
            name.removeprefix("case_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("case_")
        }

    def write(self, name, content):
        """Write a file of the case at hand."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def json(self, content):
        """Damaged or twisted JSON."""
        if self.chance.random() < 0.3:
            return damaged(json.dumps(content).encode(), self.chance)
        return json.dumps(twisted(content, self.chance)).encode()

    def npz(self, arrays):
        """Damaged or twisted arrays."""
        if self.chance.random() < 0.5:
            return damaged(npz(**arrays), self.chance)
        return twisted_npz(arrays, self.chance)

    def case_idx(self):
        """Damage KMNIST's format before or after it is packed."""
        content = damaged(idx(self.chance), self.chance)
        content = gzip.compress(content)
        if self.chance.random() < 0.5:
            content = damaged(content, self.chance)
        return read_idx, self.write("t10k-images-idx3-ubyte.gz", content)

    def case_npz(self):
        """Damage a reader's own letters."""
        images = np.zeros([6, 8, 8], np.uint8)
        content = self.npz({"images": images, "labels": np.arange(6)})
        return load_own, self.write("letters.npz", content)

    def case_png(self):
        """Damage one of a folder of pictures."""
        for number in range(6):
            other = number == 3 and self.chance.random() < 0.1
            content = png(self.chance, "RGB" if other else "L")
            if number == 3:
                content = damaged(content, self.chance)
            path = self.write(f"pictures/{number}.png", content)
        return load_own, path.parent

    def case_checkpoint(self):
        """Damage a run's checkpoint, its progress among it."""
        write_json(self.folder / "manifest.json", self.made)
        progress, arrays = json.dumps(self.progress), self.arrays
        if self.chance.random() < 0.3:
            progress = self.json(self.progress).decode(errors="replace")
            content = npz(**arrays, progress=np.array(progress))
        else:
            content = self.npz({**arrays, "progress": np.array(progress)})
        path = self.write("checkpoint.npz", content)

        def load(path):
            find_trained(path.parent)
            load_checkpoint(path, self.model)

        return load, path

    def case_manifest(self):
        """Damage a run's manifest."""
        self.write("manifest.json", self.json(self.made))
        progress = np.array(json.dumps(self.progress))
        path = self.write("checkpoint.npz", npz(progress=progress))
        return find_trained, path.parent

    def case_notebook(self):
        """Damage a handed-in notebook."""
        path = self.write("handed-in.ipynb", self.json(notebook()))
        return lambda path: exercises_of(read_notebook(path)), path

    def run(self, count):
        """Run so many cases in turn; how many were refused, and what went wrong."""
        refused, wrong = dict.fromkeys(self.kinds, 0), []
        for number in range(count):
            kind = [*self.kinds][number % len(self.kinds)]
            function, path = self.kinds[kind]()
            before, began = sorted(self.folder.rglob("*")), time.perf_counter()
            try:
                function(path)
            except LessonError as error:
                refused[kind] += 1
                if len(str(error).splitlines()) != 1:
                    wrong.append((kind, number, f"not one line: {error!r}"))
            except Exception as error:  # what the fuzz looks for
                wrong.append((kind, number, repr(error)[:300]))
            if time.perf_counter() - began > SLOWEST:
                wrong.append((kind, number, "slow"))
            if sorted(self.folder.rglob("*")) != before:
                wrong.append((kind, number, "left something behind"))
        return refused, wrong


def main(count=5_000, seed=0):
    """Print what the cases came to; end with an error if anything went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(folder, int(seed))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        refused, wrong = fuzz.run(int(count))
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{count} cases; refused in one line: {refused}")
    print(f"memory grew by {growth / 1024:.0f} MB")
    for case in wrong:
        print(*case)
    sys.exit(bool(wrong) or growth > MOST_GROWTH)


if __name__ == "__main__":
    main(*sys.argv[1:])
