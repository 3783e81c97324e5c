"""Recipes: every number that a training run depends on (chapter 07).

TensorFlow is imported only where a model is built, so that the command line can
list the numbers at once.
"""

import math
from dataclasses import asdict, dataclass, fields, replace
from numbers import Real
from typing import Literal, get_args

from vqvae_lesson.errors import LessonError

__all__ = [
    "Recipe",
    "VQVAERecipe",
    "GridRecipe",
    "QuantizerRecipe",
    "PhotographRecipe",
    "VAERecipe",
    "SpeechRecipe",
    "RECIPES",
    "find_recipe",
]

MOST_STARTED = 16_384  # codes; k-means does not heed Ctrl-C, and takes hours for more
MOST_FLOAT = 3e38  # float32 ends there
EMAStartName = Literal["article", "debiased", "consistent"]
QuantizerName = Literal[
    "averages",
    "gradient",
    "simple",
    "product",
    "residual",
    "scalars",
    "bits",
    "gumbel",
]


@dataclass(frozen=True)
class Recipe:
    """What every recipe says, whatever its model, with the article's numbers.

    Attributes
    ----------
    code_size, base_depth : int
        D, and the filters of the first layers.
    neck_depth : int
        Numbers per latent that the encoder's last convolution lets through.
    learning_rate : float
        Of Adam.
    falling_rate : bool
        Let the learning rate fall to 0 along half a cosine.
    batch_size, epochs : int
        Images per step, passes over the training images.

    Raises
    ------
    LessonError
        For a number that no training could use.
    """

    code_size: int = 16
    base_depth: int = 32
    neck_depth: int = 4
    learning_rate: float = 1e-3
    falling_rate: bool = False
    batch_size: int = 64
    epochs: int = 20

    def __post_init__(self):
        """Refuse a wrong number at once, not in the middle of a run."""
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "warm_up_steps" else 1
            if field.type is int and not (type(value) is int and value >= least):
                raise LessonError(
                    f"{field.name} is {value!r}, expected a whole number from {least}"
                )
            if field.type is bool and type(value) is not bool:
                raise LessonError(f"{field.name} is {value!r}, expected true or false")
            real = isinstance(value, Real) and type(value) is not bool
            if field.type is float and not (real and abs(value) < MOST_FLOAT):
                raise LessonError(
                    f"{field.name} is {value!r}, expected a number below {MOST_FLOAT}"
                )
        if self.learning_rate <= 0:
            raise LessonError(
                f"learning_rate is {self.learning_rate}, expected more than 0"
            )

    def build(self, image_shape=(28, 28, 1), seed=0):
        """Build the untrained model of this recipe.

        Parameters
        ----------
        image_shape : tuple of int
            Height, width, channels.
        seed : int
            Fixes every first weight.

        Returns
        -------
        vqvae_lesson.model.LessonModel
        """
        raise NotImplementedError

    def require_letters(self, shape):
        """Refuse so few letters that no training could begin, or end.

        Parameters
        ----------
        shape : tuple of int
            Of the training images: N, height, width, channels.

        Raises
        ------
        LessonError
            For fewer than a batch.
        """
        if shape[0] < self.batch_size:
            raise LessonError(
                f"batch_size is {self.batch_size}, expected at most the number of "
                f"letters, {shape[0]}"
            )

    def require_memory(self, image_shape, latent_size=1, entries=0):
        """Refuse numbers too large for memory, before anything is allocated.

        Parameters
        ----------
        image_shape : sequence of int
            Height, width, channels.
        latent_size, entries : int
            Vectors an image, and those kept beside: codes, or parts of a prior.

        Raises
        ------
        LessonError
            If weights and optimizer would take more than 1 GB, or the step of one
            batch more than 4 GB, as far as a rough count can say.
        """
        height, width, channels = image_shape
        places, depth = height * width // 16, self.base_depth
        neck, size = self.neck_depth * latent_size, self.code_size * latent_size
        weights = 25 * depth * (19 * depth + 2 * channels) + neck * size
        weights += 2 * depth * places * (neck + size) + entries * self.code_size
        outputs = height * width * (8 * depth + channels) + latent_size * entries
        self.expect_room(weights, self.batch_size * outputs)

    @staticmethod
    def expect_room(weights, outputs):
        """Refuse more weights, or outputs of a batch, than memory should hold."""
        # A weight has a gradient and two averages in Adam, an output its gradient.
        taken = {"weights": 16 * weights, "batches": 8 * outputs}
        for name, most in {"weights": 2**30, "batches": 2**32}.items():
            if taken[name] > most:
                raise LessonError(
                    f"the {name} of this recipe would take {taken[name] / 2**30:,.1f} "
                    f"GB of memory, expected at most {most // 2**30}: use smaller "
                    "numbers"
                )

    def require_one_code(self):
        """Refuse a model whose letters are not each one code.

        Raises
        ------
        LessonError
            Unless each letter is sent as one code.
        """
        raise LessonError(
            "--record follows codes, and this recipe has none: leave it out"
        )


@dataclass(frozen=True)
class VQVAERecipe(Recipe):
    """A recipe for a VQ-VAE; the numbers of :class:`Recipe` and these.

    Attributes
    ----------
    num_codes, latent_size : int
        K and L.
    decay : float
        γ of the moving averages.
    ema_start : {"article", "debiased", "consistent"}
        How the moving averages begin.
    commitment_weight : float
        β.
    warm_up_steps : int
        First steps without codes, which then start on the data (chapter 09).
    revive_below : float
        In fair shares; codes chosen less often are put back on the data. 0: none.

    Examples
    --------
    >>> recipe = VQVAERecipe(num_codes=16)
    >>> recipe.num_codes, recipe.code_size, recipe.decay
    (16, 16, 0.99)
    """

    num_codes: int = 64
    latent_size: int = 1
    decay: float = 0.99
    ema_start: EMAStartName = "article"
    commitment_weight: float = 0.25
    warm_up_steps: int = 0
    revive_below: float = 0.0

    def __post_init__(self):
        """Refuse a wrong number at once, not in the middle of a run."""
        super().__post_init__()
        names = get_args(EMAStartName)
        if self.ema_start not in names:
            raise LessonError(
                f"ema_start is {self.ema_start!r}, expected one of {[*names]}"
            )
        if not 0 <= self.decay < 1:
            raise LessonError(f"decay is {self.decay}, expected 0 <= decay < 1")
        for name in ("commitment_weight", "revive_below"):
            if getattr(self, name) < 0:
                raise LessonError(
                    f"{name} is {getattr(self, name)}, expected 0 or more"
                )

    @property
    def entries(self):
        """How many codes the codebooks hold, all told."""
        return self.num_codes

    def build(self, image_shape=(28, 28, 1), seed=0):
        """Build the untrained :class:`~vqvae_lesson.model.VQVAE` of this recipe."""
        from vqvae_lesson.model import VQVAE

        return VQVAE(self, image_shape, seed)

    def require_letters(self, shape):
        """Refuse fewer than a batch, and too few for codes that start on them."""
        super().require_letters(shape)
        latents = shape[0] * self.latents_of(shape[1:])
        if self.warm_up_steps and latents < self.entries:
            raise LessonError(
                f"num_codes is {self.entries}, expected at most one for each of "
                f"{latents} latents: use more images"
            )
        if self.warm_up_steps and self.entries > MOST_STARTED:
            raise LessonError(
                f"num_codes is {self.entries}, expected at most {MOST_STARTED} where "
                "k-means starts them, which takes hours for more: use warm_up_steps 0, "
                "with revive_below above 0"
            )

    def latents_of(self, image_shape):
        """Count the latents of one image."""
        return self.latent_size

    def require_memory(self, image_shape):
        """Refuse numbers too large for memory, the codes among them."""
        super().require_memory(image_shape, self.latent_size, self.entries)

    def require_one_code(self):
        """Refuse more latents than one: their codes do not each stand for a picture."""
        from vqvae_lesson.limits import require_one_latent

        require_one_latent(self.latent_size)


@dataclass(frozen=True)
class GridRecipe(VQVAERecipe):
    """A recipe for a VQ-VAE with a grid of codes (chapter 14).

    Attributes
    ----------
    halvings : int
        How often height and width are halved: 1 to 5 leave 14 x 14, 7 x 7, 4 x 4,
        2 x 2 and 1 x 1 latents of a letter.

    Examples
    --------
    >>> model = GridRecipe(halvings=3, base_depth=4).build((28, 28, 1), seed=0)
    >>> model.grid, model.latent_size
    ((4, 4), 16)
    """

    halvings: int = 2

    def __post_init__(self):
        """Refuse a wrong number at once, not in the middle of a run."""
        super().__post_init__()
        if self.latent_size != 1:
            raise LessonError(
                f"latent_size is {self.latent_size}, and a grid's follows from the "
                "image's size and halvings: leave it out"
            )

    def build(self, image_shape=(28, 28, 1), seed=0):
        """Build the untrained :class:`~vqvae_lesson.grid.GridVQVAE` of this recipe.

        Raises
        ------
        LessonError
            If fewer halvings leave one latent already.
        """
        from vqvae_lesson.grid import GridVQVAE

        self.require_halvings(image_shape)
        return GridVQVAE(self, image_shape, seed)

    def require_halvings(self, image_shape):
        """Refuse to halve what is a single row and column already."""
        most = max(1, math.ceil(math.log2(max(image_shape[:2]))))
        if self.halvings > most:
            raise LessonError(
                f"halvings is {self.halvings}, expected at most {most} for images of "
                f"{image_shape[0]} x {image_shape[1]} pixels: then one latent is left"
            )

    def require_memory(self, image_shape):
        """Refuse numbers too large for memory, the codes among them."""
        self.require_halvings(image_shape)
        latents, depth = self.latents_of(image_shape), self.base_depth
        pixels = latents * 4**self.halvings
        weights = 25 * depth * (16 * depth * self.halvings + 2 * image_shape[2])
        weights += 2 * depth * 9 * (self.neck_depth + self.code_size)
        weights += self.entries * self.code_size
        outputs = pixels * (10 * depth + image_shape[2])
        outputs += latents * (self.entries + self.neck_depth)
        self.expect_room(weights, self.batch_size * outputs)

    def latents_of(self, image_shape):
        """Count the latents of one image: rows times columns."""
        return math.prod(-(-size // 2**self.halvings) for size in image_shape[:2])

    def require_one_code(self):
        """Refuse: the codes of a grid do not each stand for a picture."""
        raise LessonError(
            "--record follows codes that each stand for a picture, and a grid's do "
            "not: leave it out"
        )


@dataclass(frozen=True)
class QuantizerRecipe(GridRecipe):
    """A recipe for a grid with any quantizer (chapter 16).

    Attributes
    ----------
    quantizer : str
        A name in ``vqvae_lesson.quantizer_layers.QUANTIZERS``.
    rotate : bool
        Pass gradients by the rotation trick in place of straight-through.
    parts : int
        Groups, stages, digits or bits that make up a code; each has the same number
        of values, and their product is `num_codes`.
    drop_stages : bool
        Train each letter with its first stages only, however many.
    warm_up_weight : float
        Of the pull to the origin in the warm-up, in place of the commitment's.
    entropy_weight : float
        Of what keeps codes at work, in nats for a nat; for ``bits`` and ``gumbel``.
    temperature : float
        Of a soft choice; for ``gumbel``.

    Examples
    --------
    >>> recipe = QuantizerRecipe(quantizer="residual", num_codes=512, parts=3)
    >>> recipe.levels
    [8, 8, 8]
    """

    quantizer: QuantizerName = "averages"
    rotate: bool = False
    parts: int = 1
    drop_stages: bool = False
    warm_up_weight: float = 8.0
    entropy_weight: float = 1.0
    temperature: float = 1.0

    def __post_init__(self):
        """Refuse a wrong number at once, not in the middle of a run."""
        super().__post_init__()
        names = get_args(QuantizerName)
        if self.quantizer not in names:
            raise LessonError(
                f"quantizer is {self.quantizer!r}, expected one of {[*names]}"
            )
        for name in ("warm_up_weight", "entropy_weight"):
            if getattr(self, name) < 0:
                raise LessonError(
                    f"{name} is {getattr(self, name)}, expected 0 or more"
                )
        if self.temperature <= 0:
            raise LessonError(
                f"temperature is {self.temperature}, expected more than 0"
            )
        if math.prod(self.levels) != self.num_codes or min(self.levels) < 2:
            raise LessonError(
                f"num_codes is {self.num_codes}, expected a product of {self.parts} "
                "equal numbers of at least 2: parts of a code have equally many values"
            )
        self.require_sizes()

    def require_sizes(self):
        """Refuse a code whose numbers do not go up in its parts."""
        if self.quantizer in ("scalars", "bits") and self.code_size != self.parts:
            raise LessonError(
                f"code_size is {self.code_size}, expected one number for each of "
                f"{self.parts} parts"
            )
        if self.quantizer == "bits" and self.num_codes != 2**self.parts:
            raise LessonError(
                f"num_codes is {self.num_codes}, expected 2 ** {self.parts}: a bit "
                "has two values"
            )
        if self.quantizer == "product" and self.code_size % self.parts:
            raise LessonError(
                f"code_size is {self.code_size}, expected a multiple of {self.parts}, "
                "the number of groups"
            )

    @property
    def levels(self):
        """How many values each part of a code has."""
        return [round(self.num_codes ** (1 / self.parts))] * self.parts

    @property
    def entries(self):
        """How many codes the codebooks of all parts hold."""
        return sum(self.levels)

    def build(self, image_shape=(28, 28, 1), seed=0):
        """Build the untrained QuantizedGrid of this recipe."""
        from vqvae_lesson.quantizer_layers import QuantizedGrid

        self.require_halvings(image_shape)
        return QuantizedGrid(self, image_shape, seed)


@dataclass(frozen=True)
class PhotographRecipe(QuantizerRecipe):
    """A recipe for photographs: residual stages, pixels of 256 values (chapter 17).

    Attributes
    ----------
    num_codes : int
        Of all stages together: their product.
    parts : int
        Stages.

    Examples
    --------
    >>> recipe = find_recipe("photographs")
    >>> recipe.levels
    [64, 64, 64, 64]
    """

    def build(self, image_shape=(32, 32, 3), seed=0):
        """Build the untrained PhotographGrid of this recipe."""
        from vqvae_lesson.photographs import PhotographGrid

        self.require_halvings(image_shape)
        return PhotographGrid(self, image_shape, seed)


@dataclass(frozen=True)
class VAERecipe(Recipe):
    """A recipe for a VAE (chapter 12); the numbers of :class:`Recipe` and these.

    Attributes
    ----------
    num_components : int
        Normals in the prior.
    kl_weight : float
        What a nat of the latent costs in the loss; other than 1, a β-VAE.

    Examples
    --------
    >>> recipe = VAERecipe(kl_weight=4)
    >>> recipe.kl_weight, recipe.batch_size
    (4, 64)
    """

    num_components: int = 100
    kl_weight: float = 1.0

    def __post_init__(self):
        """Refuse a wrong number at once, not in the middle of a run."""
        super().__post_init__()
        if self.kl_weight < 0:
            raise LessonError(f"kl_weight is {self.kl_weight}, expected 0 or more")

    def build(self, image_shape=(28, 28, 1), seed=0):
        """Build the untrained :class:`~vqvae_lesson.vae.VAE` of this recipe."""
        from vqvae_lesson.vae import VAE

        return VAE(self, image_shape, seed)

    def require_memory(self, image_shape):
        """Refuse numbers too large for memory, the prior's among them."""
        super().require_memory(image_shape, entries=2 * self.num_components)


@dataclass(frozen=True)
class SpeechRecipe(VQVAERecipe):
    """A recipe for speech, its decoder told who speaks (chapter 18).

    Attributes
    ----------
    halvings : int
        How often frames are halved: 1 leaves a code every 20 ms, 2 every 40.
    spread : float
        Standard deviation of a frame's numbers around the decoder's, in decibels.
    warm_up_weight : float
        Of the pull to the origin in the warm-up.
    tell_voice : bool
        Whether the decoder is told who speaks.

    Examples
    --------
    >>> model = SpeechRecipe(base_depth=4).build((129, 40, 1), seed=0)
    >>> model.latent_size
    64
    """

    halvings: int = 1
    spread: float = 7.0
    warm_up_weight: float = 1280.0
    tell_voice: bool = True

    def __post_init__(self):
        """Refuse a wrong number at once, not in the middle of a run."""
        super().__post_init__()
        if self.latent_size != 1:
            raise LessonError(
                f"latent_size is {self.latent_size}, and speech's follows from frames "
                "and halvings: leave it out"
            )
        for name in ("spread", "warm_up_weight"):
            if getattr(self, name) <= 0:
                raise LessonError(
                    f"{name} is {getattr(self, name)}, expected more than 0"
                )

    def build(self, image_shape=(129, 40, 1), seed=0):
        """Build the untrained :class:`~vqvae_lesson.speech.SpeechVQVAE`."""
        from vqvae_lesson.speech import SpeechVQVAE

        return SpeechVQVAE(self, image_shape, seed)

    def require_memory(self, image_shape):
        """Refuse what is no speech, and numbers too large for memory."""
        length, filters, channels = image_shape
        if (filters, channels) != (40, 1):
            raise LessonError(
                f"images have shape {[*image_shape]}, expected frames of 40 filters: "
                "name speech as the data"
            )
        depth, latents = self.base_depth, self.latents_of(image_shape)
        weights = 7 * depth * (filters + 2 * self.halvings * depth)
        weights += depth * (5 * self.neck_depth + self.code_size + depth)
        weights += 2**self.halvings * filters * depth
        weights += (self.num_codes + self.neck_depth) * self.code_size
        outputs = 2 * length * (depth + filters)
        outputs += latents * (self.num_codes + self.neck_depth + 2 * depth)
        self.expect_room(weights, self.batch_size * outputs)

    def latents_of(self, image_shape):
        """Count the latents of one utterance, whose first row says who speaks."""
        return -(-(image_shape[0] - 1) // 2**self.halvings)

    def require_one_code(self):
        """Refuse: the codes of speech do not each stand for a picture."""
        raise LessonError(
            "--record follows codes that each stand for a picture, and those of "
            "speech do not: leave it out"
        )


HEALTHY = VQVAERecipe(
    neck_depth=64,
    warm_up_steps=200,
    ema_start="consistent",
    decay=0.95,
    revive_below=0.1,
    commitment_weight=8.0,
    falling_rate=True,
)
GRID = GridRecipe(**asdict(HEALTHY))
#: What chapter 16 changes in the recipe ``grid``, by the name of the method.
METHODS = {
    "gradient": {"quantizer": "gradient", "revive_below": 0.0, "warm_up_steps": 0},
    "rotation": {"rotate": True},
    "product": {"quantizer": "product", "parts": 2},
    "residual": {"quantizer": "residual", "parts": 2},
    "fsq": {"quantizer": "scalars", "parts": 2, "code_size": 2},
    "lfq": {"quantizer": "bits", "parts": 6, "code_size": 6, "warm_up_steps": 0},
    "simvq": {"quantizer": "simple", "revive_below": 0.0, "warm_up_steps": 0},
    "gumbel": {"quantizer": "gumbel", "warm_up_steps": 0},
}
SPEECH = SpeechRecipe(
    **{
        **asdict(HEALTHY),
        "num_codes": 32,
        "commitment_weight": 320.0,
        "base_depth": 64,
        "batch_size": 8,
        "epochs": 150,
    }
)
PHOTOGRAPHS = PhotographRecipe(
    **{
        **asdict(GRID),
        "quantizer": "residual",
        "num_codes": 64**4,
        "parts": 4,
        "drop_stages": True,
        "base_depth": 16,
        "batch_size": 16,
        "commitment_weight": 64.0,
        "warm_up_steps": 0,
    }
)
#: Recipes by the name that :func:`find_recipe` and the command line take.
RECIPES = {
    "article": VQVAERecipe(),
    "healthy": HEALTHY,
    "small": replace(HEALTHY, base_depth=8, epochs=10),
    "grid": GRID,
    "grid-4x4": replace(GRID, halvings=3),
    **{
        f"grid-{name}": QuantizerRecipe(**{**asdict(GRID), **changes})
        for name, changes in METHODS.items()
    },
    "photographs": PHOTOGRAPHS,
    "vae": VAERecipe(),
    "vae-2": VAERecipe(code_size=2),
    "vae-wide": VAERecipe(neck_depth=64, falling_rate=True),
    "speech": SPEECH,
}


def find_recipe(name, **changes):
    """Take a recipe by its name, with some of its numbers changed.

    Parameters
    ----------
    name : str
        A key of :data:`RECIPES`.
    **changes
        Its fields and their new values.

    Returns
    -------
    Recipe

    Raises
    ------
    LessonError
        For an unknown name or field.

    Examples
    --------
    >>> find_recipe("article", num_codes=128).num_codes
    128
    """
    if name not in RECIPES:
        raise LessonError(f"recipe is {name!r}, expected one of {[*RECIPES]}")
    known = [field.name for field in fields(RECIPES[name])]
    for change in changes:
        if change not in known:
            raise LessonError(
                f"the recipe {name!r} has no {change!r}, expected one of {known}"
            )
    return replace(RECIPES[name], **changes)
