"""Networks, ImageNet weights without PyTorch, and the registry of recipes."""

from __future__ import annotations

import importlib
import os
import pickle
from collections import OrderedDict
from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pytest
from builders.parts import missing
from builders.training import TINY, TINY_NAME, need_keras

from trainer.errors import TrainerError
from trainer.recipes.registry import DEFAULT, find_recipe, recipe_names

need_keras()

from trainer.networks import efficientnet_lite0, efficientnet_lite0_imagenet, torch_file  # noqa: E402 - needs Keras
from trainer.networks.efficientnet_lite0_imagenet import PACKAGE  # noqa: E402
from trainer.networks.starting_weights import RANDOM, Origin, Weights  # noqa: E402
from trainer.recipes.recipe import HEAD  # noqa: E402


def test_recipes_are_found_by_name_and_by_module():
    assert DEFAULT in recipe_names()
    assert find_recipe(DEFAULT).name == DEFAULT
    assert find_recipe(TINY_NAME) is TINY


@pytest.mark.parametrize(
    "name", ["nothing", "recipe", "registry", "no.such.module:X", "builders.training:NONE", "os:path", ":X"]
)
def test_an_unknown_recipe_is_one_error(name):
    with pytest.raises(TrainerError, match="cannot find recipe"):
        find_recipe(name)


def test_a_shortened_recipe_keeps_its_stages():
    recipe = find_recipe(DEFAULT)
    assert [(s.steps, s.side) for s in recipe.scaled(2).stages] == [(1, 160), (2, 160), (1, 224)]
    assert recipe.scaled(2).norm_batches == 2
    assert recipe.scaled(recipe.steps) == recipe


def test_the_size_of_a_step_follows_the_stages():
    (phase,) = TINY.phases
    assert [phase.side_at(step) for step in range(6)] == [32, 32, 32, 64, 64, 64]


NETWORKS = [name for name in recipe_names() if name != "cnn_augmented"]  # that is the network of cnn


@pytest.mark.parametrize("name", NETWORKS)
def test_every_recipe_makes_a_network_whose_logit_is_the_mean_of_its_map(name):
    recipe = find_recipe(name)
    model = recipe.network(None)
    assert recipe.start(model, Weights(Origin.NONE)) == RANDOM
    head = model.get_layer(HEAD)
    kernel, bias = head.get_weights()
    head.set_weights([np.random.default_rng(0).normal(0, 0.1, kernel.shape), bias + 0.5])
    outputs = model(np.random.default_rng(1).random((2, 224, 224, 1), np.float32), training=False)
    map_, logit = np.asarray(outputs["map"]), np.asarray(outputs["logit"])
    assert (map_.ndim, map_.shape[0], map_.shape[3], logit.shape) == (4, 2, 1, (2, 1))
    assert np.allclose(map_.mean(axis=(1, 2)), logit, atol=1e-5)


def test_a_recipes_docstring_states_data_cost_and_result():
    for name in recipe_names():
        text = importlib.import_module(f"trainer.recipes.{name}").__doc__
        assert all(word in text for word in ("Data:", "Cost:")), name
        assert "Result:" in text or "Expect" in text, name


def test_transfer_recipes_train_the_head_before_the_rest():
    """So that they have an original and a finetune row."""
    for name in ("inception_v3", "densenet201", "efficientnet_lite0"):
        assert [phase.name for phase in find_recipe(name).phases] == ["original", "finetune"]
    assert [phase.name for phase in find_recipe("cnn").phases] == ["whole"]


def test_a_recipe_is_read_from_a_file_and_called_by_its_path(tmp_path):
    file = tmp_path / "best.py"
    file.write_text(
        "from dataclasses import replace\nfrom trainer.recipes.cnn import RECIPE as CNN\n"
        "RECIPE = replace(CNN, learning_rate=0.003)\n"
    )
    recipe = find_recipe(str(file))
    assert (recipe.name, recipe.learning_rate) == (str(file), 0.003)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file"),
        ("RECIPE = (", "was never closed"),
        ("import no_such_module", "No module named"),
        ("x = 1", "no trainer.recipes.recipe.Recipe"),
    ],
)
def test_a_file_without_a_recipe_is_one_error(tmp_path, content, words):
    file = tmp_path / "best.py"
    if content is not None:
        file.write_text(content)
    with pytest.raises(TrainerError, match=words) as caught:
        find_recipe(str(file))
    assert "\n" not in str(caught.value)


def test_lite0_takes_imagenet_weights_by_default_and_from_its_file():
    try:
        distribution(PACKAGE)
    except PackageNotFoundError:
        missing(f"{PACKAGE} is not installed: it is in the extra `trainer`")
    model, other = efficientnet_lite0.build(64), efficientnet_lite0.build(None)
    assert PACKAGE in efficientnet_lite0_imagenet.start(model, Weights())
    file = efficientnet_lite0_imagenet.find_file()
    assert efficientnet_lite0_imagenet.FILE in efficientnet_lite0_imagenet.start(other, Weights(Origin.FILE, file))
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))
    kernel, bias = model.get_layer("map").get_weights()
    model.get_layer("map").set_weights([np.random.default_rng(0).normal(0, 0.1, kernel.shape), bias + 0.5])
    outputs = model.predict_on_batch(np.random.default_rng(1).random((2, 64, 64, 1), np.float32))
    assert outputs["map"].shape == (2, 2, 2, 1)
    assert len(model.get_weights()) == 247  # seeds of dropout are not among them: files are the same under any backend


class Harmful:
    """A pickle that would run a command."""

    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("content", [Harmful(), OrderedDict(), 0x1950A86A20F9469CFC6C, "text"])
def test_a_weights_file_can_run_nothing(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(pickle.dumps(content))
    with pytest.raises(TrainerError, match="cannot read starting weights"):
        torch_file.read_state(tmp_path / "w.pth")
