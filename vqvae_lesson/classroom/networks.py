"""Small trained networks that a page can run, in Python and as a script for the page.

They are two of the laboratory's: the article's recipe with 8 filters and half the
steps, and the healthy one likewise. Every weight is rounded to 16 bits, in Python as
in the page, so that the two compute the same. The figure of chapters 00 and 08 shows
them.
"""

import json
from base64 import b64encode

import numpy as np
from keras import layers

from vqvae_lesson.laboratory import MEASURES, small_recipe
from vqvae_lesson.runs.checkpoints import WEIGHTS, load_checkpoint
from vqvae_lesson.runs.files import open_arrays, read_json

__all__ = ["load_network"]

NETWORKS = WEIGHTS / "small"
PAGE_RECIPES = {"healthy": small_recipe(*MEASURES), "article": small_recipe()}


def load_network(name):
    """Load one of the small networks.

    Parameters
    ----------
    name : {"healthy", "article"}

    Returns
    -------
    model : vqvae_lesson.model.VQVAE
        With 8 filters; each of its weights is a float16 number, held as float32.
    manifest : dict
        Its seed, steps and metrics, and the digest of the letters.

    Examples
    --------
    >>> model, manifest = load_network("healthy")
    >>> model.quantizer.codebook.shape.as_list()
    [64, 16]
    """
    manifest = read_json(NETWORKS / "manifest.json")[name]
    model = PAGE_RECIPES[name].build(seed=manifest["seed"])
    load_checkpoint(NETWORKS / f"{name}.npz", model)
    return model, manifest


def load_page_letters():
    """Load the letters of the set that a reader can start from.

    Returns
    -------
    images : ndarray, uint8 [N, 28, 28]
        The first of the lesson's letters that are held out.
    labels : ndarray, int [N]
    """
    with open_arrays(NETWORKS / "letters.npz") as arrays:
        return arrays["images"], arrays["labels"]


def page_script():
    """Write encoders, codes and letters as a script that a page can load.

    Returns
    -------
    str
        It sets one name, ``discreteLetters``. Numbers are in base64: float16 for
        the layers in their order, kernel before bias, and then the codes; bytes for
        the letters.
    """
    images, _ = load_page_letters()
    found = {name: _as_page_network(load_network(name)[0]) for name in PAGE_RECIPES}
    content = {"networks": found, "letters": _base64(images)}
    text = json.dumps(content, separators=(",", ":"))
    return (
        "// Made by `make networks`: two small encoders with their codes, float16,\n"
        "// and letters of KMNIST (created by CODH, CC BY-SA 4.0), a byte a pixel.\n"
        f"globalThis.discreteLetters = {text};\n"
    )


def _as_page_network(model):
    """Say what each layer does, and hand over all weights in one piece."""
    weighty = [layer for layer in model.encoder.layers if layer.weights]
    numbers = [weight for layer in weighty for weight in layer.get_weights()]
    numbers.append(model.quantizer.codebook.numpy())
    halves = np.concatenate([np.ravel(number) for number in numbers]).astype("<f2")
    return {"layers": [*map(_as_page_layer, weighty)], "halves": _base64(halves)}


def _as_page_layer(layer):
    """Describe a layer; a dense one is a convolution of a single place."""
    dense = isinstance(layer, layers.Dense)
    return {
        "size": 1 if dense else layer.kernel_size[0],
        "stride": 1 if dense else layer.strides[0],
        "same": not dense and layer.padding == "same",
        "elu": layer.activation.__name__ == "elu",
        "filters": layer.units if dense else layer.filters,
    }


def _base64(array):
    """Write the bytes of an array as text."""
    return b64encode(np.ascontiguousarray(array).tobytes()).decode()
