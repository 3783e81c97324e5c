"""A model of one's own is one module and one recipe: all the rest serves it."""

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

import vqvae_lesson
from vqvae_lesson import recipes
from vqvae_lesson.data import load_glyphs
from vqvae_lesson.losses import reconstruction_loss
from vqvae_lesson.metrics import evaluate, nll_per_image
from vqvae_lesson.model import VQVAE, LessonModel
from vqvae_lesson.recipes import RECIPES, Recipe
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.run import Run
from vqvae_lesson.training import Training
from vqvae_lesson.vae import VAE


class OneLosses(NamedTuple):
    total: tf.Tensor


class OneMetrics(NamedTuple):
    nll: float
    seen: int


class OnePicture(LessonModel):
    """One picture for all letters; and a count, which no gradient moves."""

    terms = OneLosses

    def __init__(self, recipe, image_shape, seed):
        super().__init__(name="one")
        self.page = tf.keras.layers.Layer(name="page")
        self.logits = self.page.add_weight(shape=(1, *image_shape), initializer="zeros")
        self.steps = self.page.add_weight(
            shape=(), initializer="zeros", trainable=False
        )
        self.built = True

    def _pictures(self, count):
        return tf.repeat(tf.convert_to_tensor(self.logits), count, axis=0)

    def losses(self, images, noise):
        logits = self._pictures(tf.shape(images)[0])
        return OneLosses(reconstruction_loss(images, logits)), len(images)

    def follow(self, output):
        self.steps.assign_add(1.0)

    def measure(self, images, noise):
        logits = self._pictures(tf.shape(images)[0])
        return nll_per_image(images, logits), tf.ones([tf.shape(images)[0]])

    def summary_of(self, nats, ones):
        return OneMetrics(float(nats.mean()), int(ones.sum()))

    def represent(self, images, seed=0):
        return len(images)

    def draw(self, count, seed=0):
        return count

    def decode(self, count):
        return tf.sigmoid(self._pictures(count))


@dataclass(frozen=True)
class OneRecipe(Recipe):
    learning_rate: float = 0.3
    batch_size: int = 8
    epochs: int = 3

    def build(self, image_shape=(28, 28, 1), seed=0):
        return OnePicture(self, image_shape, seed)


@pytest.fixture
def one(monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "one", OneRecipe())
    letters = load_glyphs(54)
    return replace(
        letters,
        train_images=letters.train_images[:, 8:20, 8:20],
        held_out_images=letters.held_out_images[:, 8:20, 8:20],
    )


def test_a_new_model_trains_stops_resumes_and_loads_like_any_other(one, tmp_path):
    whole = Run.start(tmp_path / "whole", one, OneRecipe(), "one")
    assert whole.train() is True
    half = Run.start(tmp_path / "half", one, OneRecipe(), "one", steps=7)
    half.train()
    resumed = Run.resume(tmp_path / "half", one, steps=whole.steps)
    assert resumed.train() is True
    for weight, twin in zip(
        whole.training.model.weights, resumed.training.model.weights, strict=True
    ):
        np.testing.assert_array_equal(weight, twin)
    model, manifest = load_trained(tmp_path / "whole")
    assert float(model.steps) == whole.steps
    found = evaluate(model, one.held_out_images)
    assert found.seen == len(one.held_out_images)
    assert manifest["metrics"]["held_out_nll"] == pytest.approx(found.nll, abs=1e-3)


def test_a_new_model_finds_the_average_letter(one):
    training = Training(OneRecipe(epochs=100), (12, 12, 1))
    for _ in training.steps(one.train_images, until=200):
        pass
    average = one.train_images.mean(axis=0)
    np.testing.assert_allclose(training.model.sample(1)[0], average, atol=0.15)
    assert training.model.reconstruct(one.train_images[:3]).shape == (3, 12, 12, 1)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_a_model_of_the_one_shape(name):
    recipe = replace(RECIPES[name], base_depth=2)
    model = recipe.build((8, 8, 1), seed=1)
    images = np.random.default_rng(0).random([5, 8, 8, 1]).astype(np.float32)
    losses, output = model.losses(images, tf.constant([0, 1]))
    assert type(losses) is model.terms
    assert losses._fields[0] == "total"
    model.follow(output)
    assert model.reconstruct(images).shape == model.sample(5).shape == (5, 8, 8, 1)
    assert all(map(np.isfinite, evaluate(model, images)))


MODELS = {
    "LessonModel",
    "VQVAE",
    "VAE",
    "GridVQVAE",
    "TransformerPrior",
    "Recipe",
    "VQVAERecipe",
    "VAERecipe",
    "GridRecipe",
    "PriorRecipe",
    "SpeechVQVAE",
    "SpeechRecipe",
}


def test_no_function_asks_what_kind_of_model_it_got():
    assert {VQVAE.__name__, VAE.__name__, LessonModel.__name__} < MODELS
    for path in Path(vqvae_lesson.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "")
            if called in ("isinstance", "issubclass", "type"):
                names = {
                    part.id for part in ast.walk(node) if isinstance(part, ast.Name)
                }
                assert not names & (MODELS | {"model", "recipe"}), path


@pytest.mark.parametrize("name", RECIPES)
def test_a_compiled_step_says_nothing(name, monkeypatch):
    said = []
    monkeypatch.setattr(tf.get_logger(), "handle", said.append)
    recipe = replace(RECIPES[name], base_depth=2, batch_size=8)
    training = Training(recipe, (8, 8, 1))
    images = np.random.default_rng(0).random([16, 8, 8, 1]).astype(np.float32)
    training.one_step(tf.constant(images[:8]), images)
    found = [record.getMessage() for record in said if record.levelno >= 30]
    # One step each of many models looks to TensorFlow like one step traced too often.
    assert not [message for message in found if "retracing" not in message]
