"""Small trainings that isolate a cause: one measure more, one less, at three seeds.

Chapters 09 and 13 compare them. A run takes 1,250 steps of networks with 8 filters,
a minute or two on two cores, so that every reader can make any of them again; the short
ones, of 500 steps, are made again in chapter 09.
"""

import math
from dataclasses import asdict, dataclass, replace

from keras import activations, layers

from vqvae_lesson.health import RECORDS
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import (
    METHODS,
    RECIPES,
    GridRecipe,
    QuantizerRecipe,
    VAERecipe,
    VQVAERecipe,
)
from vqvae_lesson.runs.files import read_json
from vqvae_lesson.training import Training

__all__ = [
    "SEEDS",
    "MEASURES",
    "CUT",
    "THREE",
    "KL_WEIGHTS",
    "GRIDS",
    "WAYS",
    "small_recipe",
    "small_rival",
    "small_grid",
    "small_quantizer",
    "run_experiment",
    "load_laboratory",
]

#: Seeds of the small experiments: three of each.
SEEDS = (0, 1, 2)
#: What the recipe ``healthy`` changes in the article's, by name.
MEASURES = {
    "wide neck": {"neck_depth": 64},
    "warm-up": {"warm_up_steps": 200},
    "falling rate": {"falling_rate": True},
    "consistent start": {"ema_start": "consistent"},
    "revival": {"revive_below": 0.1},
    "short memory": {"decay": 0.95},
    "strong commitment": {"commitment_weight": 8.0},
}
# Epochs of the experiments that a reader makes again: 500 steps.
SHORT = 4
# And of those that show what time does: 2,500 steps.
LONG = 20
#: Experiments that end before their recipe does, and after how many steps.
CUT = {"all, cut": 500}
#: The measures that collapse without a consistent start or revival beside them.
THREE = ("wide neck", "warm-up", "falling rate")
# What lies between the measure `wide neck` and its absence; the last is the control
# for the layer that `64, then 4` adds.
NECKS = {
    "4 linear": {"neck_depth": 4, "neck_elu": False},
    "64, then 4": {"neck_depth": 64, "directions": 4},
    "64, then 16": {"neck_depth": 64, "directions": 16},
}
#: Exchange rates β of the small rivals, in nats of pixels for a nat of the latent.
KL_WEIGHTS = (0.5, 1, 2, 4, 6, 8, 12, 16)
#: Halvings and K of the small grids by the name in their record: grid, then K.
GRIDS = {
    f"{side}x{side}, {num_codes}": (halvings, num_codes)
    for side, halvings in {1: 5, 2: 4, 4: 3, 7: 2}.items()
    for num_codes in (16, 64, 512)
}
CHANGED = {
    "averages": {},
    "averages, rotation": METHODS["rotation"],
    "gradient": METHODS["gradient"],
    "gradient, started": {**METHODS["gradient"], "warm_up_steps": 100},
    "gradient, started, 128": {**METHODS["gradient"], "warm_up_steps": 100},
    "gradient, rotation": {**METHODS["gradient"], "rotate": True},
    "SimVQ": METHODS["simvq"],
    "product": METHODS["product"],
    "residual": METHODS["residual"],
    "FSQ": METHODS["fsq"],
    "LFQ": METHODS["lfq"],
    "Gumbel": METHODS["gumbel"],
}
WEIGHTS = [{"commitment_weight": weight} for weight in (8.0, 32.0, 128.0, 512.0)]
#: Settings of each quantizer, tried at a seed of their own on 7 x 7 latents, K = 64.
TRIED = {
    **dict.fromkeys(CHANGED, WEIGHTS),
    "FSQ": [{"warm_up_steps": 0}, {"warm_up_steps": 100}],
    "LFQ": [
        {**weight, "entropy_weight": entropy}
        for weight in WEIGHTS[:2]
        for entropy in (0.1, 1.0)
    ],
    "Gumbel": [
        {"temperature": temperature, "entropy_weight": entropy}
        for temperature in (1.0, 0.5)
        for entropy in (0.1, 0.3)
    ],
}
# The one of these that left the fewest nats of the pixels; a started gradient stands
# twice: with the gradient's, so that nothing but the start differs, and with its own.
BEST = {
    "averages": 2,
    "averages, rotation": 3,
    "gradient": 3,
    "gradient, started": 3,
    "gradient, started, 128": 2,
    "gradient, rotation": 2,
    "SimVQ": 3,
    "product": 3,
    "residual": 2,
    "FSQ": 1,
    "LFQ": 2,
    "Gumbel": 3,
}
#: Quantizers that chapter 16 compares: what each changes in the grid of chapter 14.
WAYS = {way: {**CHANGED[way], **TRIED[way][BEST[way]]} for way in CHANGED}
#: Halvings and K of the grids in which they are compared.
PLACES = {
    f"{side}x{side}, {num_codes}": (halvings, num_codes)
    for side, halvings in {4: 3, 7: 2}.items()
    for num_codes in (64, 512, 4096)
}


def small_recipe(*measures):
    """Take the article's recipe, small, with some measures of the healthy one.

    Parameters
    ----------
    *measures : str
        Keys of :data:`MEASURES`.

    Returns
    -------
    VQVAERecipe

    Examples
    --------
    >>> small_recipe(*MEASURES) == RECIPES["small"]
    True
    """
    article = replace(RECIPES["article"], base_depth=8, epochs=10)
    changes = {name: value for key in measures for name, value in MEASURES[key].items()}
    return replace(article, **changes)


@dataclass(frozen=True)
class NeckRecipe(VQVAERecipe):
    """A VQ-VAE with another neck: one cause at a time, where `neck_depth` has three.

    Attributes
    ----------
    neck_elu : bool
        Let an ELU follow the encoder's last convolution, as in every other recipe.
    directions : int, optional
        Send what the neck lets through to a linear layer with so many outputs. The
        latents then vary in no more directions than that.
    """

    neck_elu: bool = True
    directions: int | None = None

    def build(self, image_shape=(28, 28, 1), seed=0):
        """Build the :class:`~vqvae_lesson.model.VQVAE`, and exchange its neck."""
        model = super().build(image_shape, seed)
        encoder = model.encoder
        if not self.neck_elu:
            encoder.layers[-4].activation = activations.linear
        if self.directions:
            for _ in ("reshape", "dense"):
                encoder.pop()
            size = self.latent_size * self.code_size
            encoder.add(layers.Dense(self.latent_size * self.directions))
            encoder.add(layers.Dense(size))
            encoder.add(layers.Reshape([self.latent_size, self.code_size]))
        return model


def small_neck(recipe, neck):
    """Take a recipe, with another neck.

    Parameters
    ----------
    recipe : VQVAERecipe
    neck : str
        A key of :data:`NECKS`.

    Returns
    -------
    NeckRecipe
    """
    return NeckRecipe(**{**asdict(recipe), **NECKS[neck]})


def small_rival(kl_weight):
    """Take a small VAE whose latent is weighed in the loss: a β-VAE.

    Parameters
    ----------
    kl_weight : float

    Returns
    -------
    VAERecipe

    Examples
    --------
    >>> recipe = small_rival(kl_weight=4)
    >>> recipe.kl_weight, recipe.base_depth
    (4, 8)
    """
    return VAERecipe(
        base_depth=8, epochs=10, neck_depth=64, falling_rate=True, kl_weight=kl_weight
    )


def small_grid(halvings, num_codes):
    """Take a small VQ-VAE whose letter is a grid of codes, with all seven measures.

    Parameters
    ----------
    halvings : int
        5, 4, 3 or 2 leave 1 x 1, 2 x 2, 4 x 4 or 7 x 7 latents of a letter.
    num_codes : int
        K.

    Returns
    -------
    GridRecipe

    Examples
    --------
    >>> recipe = small_grid(*GRIDS["7x7, 64"])
    >>> recipe.halvings, recipe.num_codes, recipe.base_depth
    (2, 64, 8)
    """
    numbers = asdict(RECIPES["small"])
    return GridRecipe(**{**numbers, "num_codes": num_codes}, halvings=halvings)


def small_quantizer(way, halvings=2, num_codes=64):
    """Take a small grid of codes with another quantizer, trained in 625 steps.

    Parameters
    ----------
    way : str
        A key of :data:`WAYS`.
    halvings : int
        3 or 2 leave 4 x 4 or 7 x 7 latents of a letter.
    num_codes : int
        K, a power of 8. Groups, stages and digits have 8 values each, bits two.

    Returns
    -------
    QuantizerRecipe

    Examples
    --------
    >>> recipe = small_quantizer("FSQ", num_codes=512)
    >>> recipe.levels, recipe.code_size, recipe.base_depth
    ([8, 8, 8], 3, 8)
    """
    numbers = asdict(RECIPES["small"]) | {"epochs": 5, "warm_up_steps": 100}
    recipe = QuantizerRecipe(**{**numbers, **WAYS[way]}, halvings=halvings)
    parts = round(math.log(num_codes, 2 if way == "LFQ" else 8))
    changes = {"num_codes": num_codes}
    if recipe.parts > 1:
        changes["parts"] = parts
    if recipe.quantizer in ("scalars", "bits"):
        changes["code_size"] = parts
    if recipe.quantizer == "product":
        changes["code_size"] = 16 + 16 % parts * 2  # 18 divides by three groups
    return replace(recipe, **changes)


def _all_but(*out):
    return small_recipe(*(name for name in MEASURES if name not in out))


def experiments():
    """List the recipes of all experiments by name.

    Returns
    -------
    dict
        From names such as ``"all without revival"`` to recipes.
    """
    found = {"none": small_recipe(), "all": small_recipe(*MEASURES)}
    for one in MEASURES:
        found[f"all without {one}"] = _all_but(one)
        found[f"{one} alone"] = small_recipe(one)
        if one not in THREE:
            found[f"three and {one}"] = small_recipe(*THREE, one)
    start, revival, memory = "consistent start", "revival", "short memory"
    found["three"] = small_recipe(*THREE)
    found["three and both"] = small_recipe(*THREE, start, revival)
    found["all without both"] = _all_but(start, revival)
    found["two"] = small_recipe(*THREE[:2])
    found["all without start and memory"] = _all_but(start, memory)
    found["all without revival and memory"] = _all_but(revival, memory)
    found["all, cut"] = found["all"]
    for neck in NECKS:
        found[f"all, neck {neck}"] = small_neck(found["all"], neck)
    for neck in ("4 linear", "64, then 4"):
        found[f"neck {neck} alone"] = small_neck(found["none"], neck)
    for weight in KL_WEIGHTS:
        found[f"rival {weight}"] = small_rival(weight)
    for name in ("all", *(f"all without {one}" for one in MEASURES)):
        found[f"{name}, short"] = replace(found[name], epochs=SHORT)
    for name in ("none", "three"):
        found[f"{name}, long"] = replace(found[name], epochs=LONG)
    return found


def run_experiment(recipe, seed, letters, steps=None):
    """Train a recipe, and measure it on the letters held out.

    Parameters
    ----------
    recipe : vqvae_lesson.recipes.Recipe
    seed : int
    letters : vqvae_lesson.data.Letters
    steps : int, optional
        Where to stop; at the recipe's end, if not said.

    Returns
    -------
    model : vqvae_lesson.model.LessonModel
    metrics : NamedTuple
        What :func:`vqvae_lesson.metrics.evaluate` finds.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from vqvae_lesson.data import load_letters
    >>> letters = load_letters("glyphs")
    >>> few = replace(letters, train_images=letters.train_images[:128])
    >>> recipe = replace(small_recipe(), epochs=1)
    >>> model, metrics = run_experiment(recipe, seed=0, letters=few)
    >>> metrics._fields
    ('nll', 'codes_in_use', 'perplexity')
    """
    training = Training(recipe, letters.train_images.shape[1:], seed)
    end = recipe.epochs * (len(letters.train_images) // recipe.batch_size)
    for _ in training.steps(letters.train_images, steps or end):
        pass
    return training.model, evaluate(training.model, letters.held_out_images)


def load_laboratory():
    """Load what all experiments found.

    Returns
    -------
    dict
        From the name of an experiment to three dicts of metrics, one a seed; beside
        those of the model, `sharpness` of its reconstructions.

    Examples
    --------
    >>> runs = load_laboratory()["three"]
    >>> len(runs), sorted(runs[0])
    (3, ['codes_in_use', 'nll', 'perplexity', 'sharpness'])
    """
    return read_json(RECORDS / "laboratory.json")
