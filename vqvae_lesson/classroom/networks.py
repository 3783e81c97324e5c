"""Small trained networks that a page can run, in Python and as scripts for the page.

They are the laboratory's: the article's recipe with 8 filters and half the steps, and
the healthy one likewise, for the figure of chapters 00 and 08; and a grid of 7 x 7
codes, for the figure of chapter 14. Every weight is rounded to 16 bits, in Python as
in the page, so that the two compute the same.
"""

import json
from base64 import b64encode

import numpy as np
from keras import layers

from vqvae_lesson.laboratory import GRIDS, MEASURES, small_grid, small_recipe
from vqvae_lesson.runs.checkpoints import WEIGHTS, load_checkpoint
from vqvae_lesson.runs.files import open_arrays, read_json

__all__ = ["load_network"]

NETWORKS = WEIGHTS / "small"
PAGE_RECIPES = {"healthy": small_recipe(*MEASURES), "article": small_recipe()}
GRID_RECIPE = small_grid(*GRIDS["7x7, 64"])
AROUND = 4  # pixels around a place, in the picture of what its code draws


def load_network(name):
    """Load one of the small networks.

    Parameters
    ----------
    name : {"healthy", "article", "grid"}

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
    recipe = {**PAGE_RECIPES, "grid": GRID_RECIPE}[name]
    model = recipe.build(seed=manifest["seed"])
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


def patches_of_codes(model, images):
    """Average what is drawn at the places that have the same code.

    Parameters
    ----------
    model : vqvae_lesson.grid.GridVQVAE
    images : array, float [N, H, W, 1] in [0, 1]

    Returns
    -------
    ndarray, float32 [K, side, side]
        Reconstructions at the place and 4 pixels around it; paper for a code that
        no place has, and beyond the edge.
    """
    indices = model.represent(images).numpy()
    drawn = model.decode(indices).numpy()[..., 0]
    drawn = np.pad(drawn, [(0, 0), (AROUND, AROUND), (AROUND, AROUND)])
    cell = images.shape[1] // model.grid[0]
    side = cell + 2 * AROUND
    codes = model.quantizer.codebook.shape[0]
    sums, counts = np.zeros([codes, side * side]), np.zeros([codes, 1])
    for place, chosen in enumerate(indices.T):
        row, column = np.array(divmod(place, model.grid[1])) * cell
        window = drawn[:, row : row + side, column : column + side]
        mine = np.eye(codes)[chosen]
        sums += mine.T @ window.reshape(len(window), -1)
        counts += mine.sum(axis=0)[:, None]
    return (sums / np.maximum(counts, 1)).reshape(-1, side, side).astype("float32")


def load_page_patches():
    """Load what each code of the small grid draws, on average.

    Returns
    -------
    ndarray, float32 [K, 12, 12]
        As :func:`patches_of_codes` finds it on the training letters.
    """
    with open_arrays(NETWORKS / "patches.npz") as arrays:
        return arrays["patches"]


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


def grid_script():
    """Write the small grid, and letters, as a script that a page can load.

    Returns
    -------
    str
        It sets one name, ``discreteGrid``, as :func:`page_script` does; the decoder
        goes along. Kernels of transposed convolutions lie as those of convolutions.
    """
    images, _ = load_page_letters()
    model, _ = load_network("grid")
    content = {
        "encoder": _as_page_network(model),
        "decoder": _as_page_layers(model.decoder),
        "letters": _base64(images),
    }
    text = json.dumps(content, separators=(",", ":"))
    return (
        "// Made by `make networks`: a small encoder, its codes and decoder, float16,\n"
        "// and letters of KMNIST (created by CODH, CC BY-SA 4.0), a byte a pixel.\n"
        f"globalThis.discreteGrid = {text};\n"
    )


def _as_page_network(model):
    """Describe an encoder, and hand over its weights and codes in one piece."""
    return _as_page_layers(model.encoder, model.quantizer.codebook.numpy())


def _as_page_layers(stack, *more):
    """Say what each layer does, and hand over all weights in one piece."""
    weighty = [layer for layer in stack.layers if layer.weights]
    numbers = [weight for layer in weighty for weight in _page_weights(layer)]
    flat = np.concatenate([np.ravel(number) for number in [*numbers, *more]])
    described = [_as_page_layer(layer) for layer in weighty]
    return {"layers": described, "halves": _base64(flat.astype("<f2"))}


def _page_weights(layer):
    """Kernel and bias; the kernel with its filters last, as in every convolution."""
    kernel, bias = layer.get_weights()
    if isinstance(layer, layers.Conv2DTranspose):
        kernel = kernel.swapaxes(2, 3)
    return kernel, bias


def _as_page_layer(layer):
    """Describe a layer; a dense one is a convolution of a single place."""
    dense = isinstance(layer, layers.Dense)
    told = {
        "size": 1 if dense else layer.kernel_size[0],
        "stride": 1 if dense else layer.strides[0],
        "same": not dense and layer.padding == "same",
        "elu": layer.activation.__name__ == "elu",
        "filters": layer.units if dense else layer.filters,
    }
    spread = {"spread": True} if isinstance(layer, layers.Conv2DTranspose) else {}
    return told | spread


def _base64(array):
    """Write the bytes of an array as text."""
    return b64encode(np.ascontiguousarray(array).tobytes()).decode()
