"""Networks, their starting weights and the registry of recipes."""

from __future__ import annotations

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

from trainer.networks import efficientnet_lite0, starting_weights  # noqa: E402 - needs Keras


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
    assert [(s.steps, s.side) for s in recipe.scaled(2).stages] == [(2, 160), (1, 224)]
    assert recipe.scaled(2).norm_batches == 2
    assert recipe.scaled(recipe.steps) == recipe


def test_the_size_of_a_step_follows_the_stages():
    assert [TINY.side_at(step) for step in range(6)] == [32, 32, 32, 64, 64, 64]


def test_lite0_takes_imagenet_weights_and_its_logit_is_the_mean_of_its_map():
    try:
        distribution(starting_weights.PACKAGE)
    except PackageNotFoundError:
        missing(f"{starting_weights.PACKAGE} is not installed: it is in the extra `trainer`")
    model = efficientnet_lite0.build(64)
    starting_weights.load_imagenet(model, starting_weights.read_state(starting_weights.find_file()))
    kernel, bias = model.get_layer("map").get_weights()
    model.get_layer("map").set_weights([np.random.default_rng(0).normal(0, 0.1, kernel.shape), bias + 0.5])
    outputs = model.predict_on_batch(np.random.default_rng(1).random((2, 64, 64, 1), np.float32))
    assert outputs["map"].shape == (2, 2, 2, 1)
    assert np.allclose(outputs["map"].mean(axis=(1, 2)), outputs["logit"], atol=1e-5)
    assert len(model.get_weights()) == 247  # seeds of dropout are not among them: files are the same under any backend


class Harmful:
    """A pickle that would run a command."""

    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("content", [Harmful(), OrderedDict(), 0x1950A86A20F9469CFC6C, "text"])
def test_a_weights_file_can_run_nothing(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(pickle.dumps(content))
    with pytest.raises(TrainerError, match="cannot read starting weights"):
        starting_weights.read_state(tmp_path / "w.pth")
