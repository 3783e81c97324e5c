"""What keeps a codebook in use, and a record of how each code fares (chapter 09).

Two of the measures live where their business is: the consistent start of the
averages and the revival of codes in :mod:`vqvae_lesson.ema`.
"""

import math
from itertools import chain
from pathlib import Path

import numpy as np
import tensorflow as tf

from vqvae_lesson.errors import LessonError
from vqvae_lesson.limits import code_nats, require_one_latent
from vqvae_lesson.losses import Losses, commitment_loss
from vqvae_lesson.metrics import choose, code_counts, encode, pieces
from vqvae_lesson.noise import for_the_batch
from vqvae_lesson.runs.files import open_arrays, whole_file

__all__ = [
    "WarmUp",
    "start_on_data",
    "falling_rate",
    "CodeRecord",
    "RECORDS",
    "load_record",
]

#: Folder of the measured runs that come with the package.
RECORDS = Path(__file__).parent / "records"
PICTURES = ("picture_steps", "pictures")
PICTURES_AT = (1, 300, 1_000, 2_500)
RHYTHM = {10: 1, 100: 10, 2_500: 50, 2**31: 250}  # to a step, every how many


class WarmUp:
    """What is trained in the first steps: a VQ-VAE without its codes.

    An autoencoder whose latents carry noise. The decoder sees the latents plus normal
    noise of standard deviation 1, and the latents are drawn to the origin. So
    distances between latents mean something: letters closer than the noise must look
    alike.

    Parameters
    ----------
    model : vqvae_lesson.model.VQVAE
        Whose encoder and decoder are trained.
    weight : float, optional
        Of the pull to the origin; the recipe's commitment weight, if not said. At
        D / 2, half a code's size, it is the Kullback-Leibler divergence of a
        variational autoencoder whose posterior has the fixed variance 1.

    References
    ----------
    Ghosh et al. 2020, arXiv:1903.12436: encoders of constant variance.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> images = tf.zeros([5, 28, 28, 1])
    >>> losses, output = WarmUp(model).losses(images, noise=[0, 1])
    >>> float(losses.prior), output
    (0.0, None)
    """

    def __init__(self, model, weight=None):
        self.model = model
        self.weight = model.recipe.commitment_weight if weight is None else weight

    @property
    def trainable_variables(self):
        """Those of encoder and decoder."""
        networks = self.model.encoder, self.model.decoder
        return [one for network in networks for one in network.trainable_variables]

    def losses(self, images, noise):
        """Say how far the autoencoder is from its letters, and from the origin.

        Parameters
        ----------
        images : tensor, float32 [B, H, W, C] in [0, 1]
        noise : tensor, int32 [2]
            Seeds of the noise of this step.

        Returns
        -------
        losses : Losses
            The commitment is to the origin, the prior 0.
        output : None
        """
        latents = self.model.encoder(images)
        normal = tf.random.stateless_normal
        noisy = latents + for_the_batch(normal, tf.shape(latents), noise)
        pixels = self.model.pixels(self.model.decoder(noisy))
        reconstruction = -tf.reduce_mean(pixels.log_prob(images))
        pull = commitment_loss(latents, tf.zeros_like(latents))
        total = reconstruction + self.weight * pull
        return Losses(total, reconstruction, pull, tf.zeros([])), None

    def follow(self, output):
        """Move no code."""
        return  # AutoGraph does not take a function without a statement


def start_on_data(model, images, seed=0):
    """Put the codes where the latents are: k-means on the encoder's outputs.

    Parameters
    ----------
    model : VQVAE
    images : ndarray, float32 [N, H, W, C] in [0, 1]
    seed : int

    Raises
    ------
    LessonError
        For fewer latents than codes.

    References
    ----------
    Łańcucki et al. 2020, arXiv:2005.08520: codes re-estimated from the data.

    Examples
    --------
    >>> from vqvae_lesson.glyphs import draw_glyphs
    >>> from vqvae_lesson.recipes import find_recipe
    >>> model = find_recipe("small").build((28, 28, 1), seed=0)
    >>> images, labels = draw_glyphs(100, seed=0)
    >>> start_on_data(model, np.float32(images[..., None] / 255))
    >>> model.quantizer.codebook.shape.as_list()
    [64, 16]
    """
    from sklearn.cluster import KMeans

    latents = encode(model, images)
    latents = latents.reshape(-1, latents.shape[-1])
    if len(latents) < model.num_codes:
        raise LessonError(
            f"{len(latents)} latents, expected at least one for each of the "
            f"{model.num_codes} codes: use more images, or a smaller num_codes"
        )
    clusters = KMeans(model.num_codes, n_init=4, random_state=seed).fit(latents)
    model.quantizer.place(clusters.cluster_centers_)


def falling_rate(first, progress):
    """Learning rate that falls to 0 along half a cosine.

    Parameters
    ----------
    first : float
    progress : float
        Share of the training that is done.

    Returns
    -------
    float

    References
    ----------
    Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5, without restarts.

    Examples
    --------
    >>> [round(falling_rate(1e-3, progress), 6) for progress in (0, 0.5, 1)]
    [0.001, 0.0005, 0.0]
    """
    return first * (1 + math.cos(math.pi * min(progress, 1))) / 2


class CodeRecord:
    """How each code fares during a training, on images held out; L must be 1.

    Parameters
    ----------
    training : vqvae_lesson.training.Training
    images : ndarray, float32 [N, H, W, 1] in [0, 1]
    path : path, optional
        Where to write the record as it grows; what is there already, up to the
        step of the training, is kept.
    origin : dict, optional
        Texts that the file carries, such as the id of the run; a file that carries
        others is refused.

    Attributes
    ----------
    missing : list of int
        Steps before the training's that should be there, and are not.
    rows : dict
        Lists, one entry a record: `steps`; `norms`, `counts` and `uses`, each [K]:
        length of a code, its moving average, and how many images choose it; and
        `nll`, in nats per image.
    pictures : dict
        From a step in ``PICTURES_AT`` to what the codes decode to, uint8
        [K, H, W, 1].

    Raises
    ------
    LessonError
        For a model with more than one latent, and for a file at the path that is no
        record of this training.

    Examples
    --------
    >>> from vqvae_lesson.recipes import find_recipe
    >>> from vqvae_lesson.training import Training
    >>> training = Training(find_recipe("small"), (28, 28, 1), seed=0)
    >>> record = CodeRecord(training, np.zeros([10, 28, 28, 1], np.float32))
    >>> record(step=1)
    >>> record.rows["steps"], record.rows["uses"][0].sum().item()
    ([1], 10)
    """

    def __init__(self, training, images, path=None, origin=None):
        require_one_latent(training.model.latent_size)
        self.training, self.images, self.path = training, images, path
        self.origin = origin or {}
        self.rows = {name: [] for name in ("steps", "norms", "counts", "uses", "nll")}
        self.pictures = {}
        if path and Path(path).exists() and training.step:
            self._read()
        before = chain.from_iterable(
            range(first + every, min(last, training.step) + 1, every)
            for first, (last, every) in zip([0, *RHYTHM], RHYTHM.items(), strict=False)
        )
        self.missing = sorted({*before} - {*map(int, self.rows["steps"])})

    def _read(self):
        """Take up an earlier record, up to where the training is."""
        now, model = self.training.step, self.training.model
        with open_arrays(self.path) as file:
            found = {name: str(file[name]) for name in self.origin}
            arrays = {name: file[name] for name in (*self.rows, *PICTURES)}
            known = all(map(_can_be_recorded, arrays, arrays.values()))
            kept = arrays["steps"] <= now if known else []
            rows = {name: [*arrays[name][kept]] for name in self.rows}
            taken = zip(*(arrays[name] for name in PICTURES), strict=True)
            taken = ((int(step), pixels) for step, pixels in taken) if known else ()
            self.pictures = {step: pixels for step, pixels in taken if step <= now}
            shapes = {name: np.shape(values) for name, values in rows.items()}
            drawn = {np.shape(pixels) for pixels in self.pictures.values()}
        count, codes = len(rows["steps"]), model.num_codes
        flat, wide = (count,), (count, codes) if count else (0,)
        fits = all(
            shape == (flat if name in ("steps", "nll") else wide)
            for name, shape in shapes.items()
        )
        if not known or not fits or drawn - {(codes, *model.image_shape)}:
            raise LessonError(
                f"{self.path} is a record of other columns than {codes} codes: put "
                "back the one that this run wrote, or take it away"
            )
        if found != self.origin:
            raise LessonError(
                f"{self.path} is the record of run {found.get('run')}, expected "
                f"{self.origin.get('run')}: put back the one that this run wrote, or "
                "take it away"
            )
        self.rows = rows

    @staticmethod
    def keeps(step):
        """Say whether a step is recorded: all to 10, later 10th, 50th, 250th."""
        return step % next(every for last, every in RHYTHM.items() if step <= last) == 0

    def __call__(self, step):
        """Record every step to 10, 10th to 100, 50th to 2,500, and 250th from there."""
        if not self.keeps(step):
            return
        model = self.training.model
        codebook = model.quantizer.codebook.numpy()
        indices = choose(model, self.images)[:, 0]
        parts = pieces(self.images, len(self.images))
        nats = np.concatenate([code_nats(model, piece) for _, piece in parts])
        nats = nats[np.arange(len(indices)), indices]
        row = {
            "steps": step,
            "norms": np.linalg.norm(codebook, axis=1),
            "counts": model.quantizer.ema_counts.numpy(),
            "uses": code_counts(indices, len(codebook)),
            "nll": nats.mean(),
        }
        for name, value in row.items():
            self.rows[name].append(value)
        if step in PICTURES_AT:
            self.pictures[step] = self._draw(len(codebook))
        if self.path:
            self._write()

    def _draw(self, count):
        """Decode every code, as many at a time as a batch has letters."""
        codes, size = np.arange(count)[:, None], self.training.recipe.batch_size
        starts = range(0, count, size)
        decode = self.training.model.decode
        pixels = np.concatenate([decode(codes[at : at + size]) for at in starts])
        return np.round(255 * pixels).astype("u1")

    def _write(self):
        """Write the whole record."""
        kinds = {"steps": np.int64, "uses": np.int64}
        rows = {
            name: np.array(values, kinds.get(name, np.float32))
            for name, values in self.rows.items()
        }
        with whole_file(self.path) as file:
            np.savez_compressed(
                file,
                **rows,
                **{name: np.array(text) for name, text in self.origin.items()},
                picture_steps=np.array([*self.pictures], np.int64),
                pictures=np.array([*self.pictures.values()], np.uint8),
            )


def _can_be_recorded(name, values):
    """Whether an array has the type of a column, and no value that cannot be."""
    whole = name in ("steps", "uses", "picture_steps")
    if values.dtype.kind not in ("u" if name == "pictures" else "iu" if whole else "f"):
        return False
    if name in ("steps", "picture_steps"):
        return values.ndim == 1 and np.all(np.diff(values, prepend=0) > 0)
    return np.all(np.isfinite(values))


def load_record(name):
    """Load a record that comes with the package.

    Parameters
    ----------
    name : str
        A name under ``vqvae_lesson/records``, where each record has its manifest.

    Returns
    -------
    dict
        Arrays: `steps` [T]; `norms`, `counts` and `uses` [T, K]; `nll` [T];
        `picture_steps` [P] and `pictures`, uint8 [P, K, H, W, 1].

    Raises
    ------
    LessonError
        For an unknown name.

    Examples
    --------
    >>> record = load_record("article")
    >>> record["norms"].shape == (len(record["steps"]), 64)
    True
    """
    known = sorted(path.stem for path in RECORDS.glob("*.npz"))
    if name not in known:
        raise LessonError(f"record is {name!r}, expected one of {known}")
    with open_arrays(RECORDS / f"{name}.npz") as file:
        return dict(file)
