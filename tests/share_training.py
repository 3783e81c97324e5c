"""Train recipes for 20 steps, alone or shared, and keep what they end with.

Run as a program of its own where it is shared, since TensorFlow counts devices once:
``python tests/share_training.py FOLDER DEVICES NAME ...``, or with workers in
``TF_CONFIG``. Codes of a recipe ``NAME apart`` see their own replica's latents only.
"""

import gc
import os
import re
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from vqvae_lesson import replicas
from vqvae_lesson.glyphs import draw_glyphs
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.training import Training

STEPS = 20
SMALL = {"base_depth": 2, "neck_depth": 8, "batch_size": 16}
STARTED = {**SMALL, "warm_up_steps": 12, "num_codes": 16}
RECIPES = {
    "article": find_recipe("article", **SMALL),
    "healthy": find_recipe("healthy", **STARTED),
    "grid": find_recipe("grid", **STARTED),
    "residual": find_recipe("grid-residual", **STARTED),
}


def images():
    """Letters drawn by the package itself: every process has the same."""
    drawn, _ = draw_glyphs(96, seed=0)
    return np.float32(drawn[..., None] / 255)


def arrays_on(training, replica):
    """Every number of model and optimizer, as one replica of this process has it."""
    variables = [*training.model.variables, *training.optimizer.variables]
    for number, one in enumerate(variables):
        values = getattr(one.value, "values", [one.value])
        kind = re.sub(r"_\d+", "", one.name)  # Keras counts its layers on and on
        yield f"{number} {kind}", values[min(replica, len(values) - 1)].numpy()


def main(folder, devices, *names):
    strategy = replicas.find_strategy(devices if devices > 1 else None)
    worker = 0
    if "TF_CONFIG" in os.environ:
        worker = strategy.cluster_resolver.task_id
    for name in names:
        recipe = RECIPES[name.split()[0]]
        if strategy is None:
            training = Training(recipe)
        else:
            training = replicas.SharedTraining(recipe, strategy=strategy)
        if "apart" in name:  # each replica counts its own latents only
            for layer in training.model._flatten_layers():
                if isinstance(layer, replicas.VectorQuantizerEMA):
                    layer.statistics = replicas.batch_statistics
        *_, last = training.steps(images(), STEPS)
        for replica in range(max(devices, 1)):
            path = Path(folder, f"{name} {worker + replica}.npz")
            np.savez(path, loss=last.total, **dict(arrays_on(training, replica)))


if __name__ == "__main__":
    tf.get_logger().setLevel("ERROR")
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
    gc.freeze()  # to look for cycles once more at the end takes a second
