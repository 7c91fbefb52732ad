"""The space: it holds the recipe itself, and leaves out what makes no sense for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders.training import TINY, need_keras

need_keras()

import optuna  # noqa: E402 - of the trainer's extra
from optuna.trial import FixedTrial  # noqa: E402

from trainer.recipes.recipe import Augmentation, Balance, Recipe, Stage  # noqa: E402
from trainer.recipes.registry import find_recipe, recipe_names  # noqa: E402
from trainer.tuning.space import own_numbers, space, suggest, with_numbers  # noqa: E402


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_itself_within_its_space(name):
    recipe = find_recipe(name)
    own = own_numbers(recipe, space(recipe))
    assert suggest(FixedTrial(own), recipe) == recipe
    for key, of in space(recipe).items():
        assert of._contains(of.to_internal_repr(own[key])), key


def test_what_is_suggested_is_what_the_recipe_then_says():
    numbers = {
        **own_numbers(TINY, space(TINY)),
        "learning_rate": 0.000123456,
        "batch": 32,
        "augmentation": "none",
        "balance": "class-weight",
    }
    found = suggest(FixedTrial(numbers), TINY)
    assert found == replace(
        TINY, learning_rate=0.000123, batch=32, augmentation=Augmentation.NONE, balance=Balance.CLASS_WEIGHT
    )


def test_a_number_of_the_recipe_itself_is_not_rounded():
    recipe = replace(TINY, learning_rate=0.00123456)
    assert with_numbers(recipe, own_numbers(recipe, space(recipe))) == recipe


@pytest.mark.parametrize(
    ("recipe", "name", "searched"),
    [
        (TINY, "frozen_learning_rate", False),
        (replace(TINY, stages=(Stage(2, 32, frozen=True), Stage(2, 32))), "frozen_learning_rate", True),
        (replace(TINY, stages=(Stage(4, 32),), warmup=0), "warmup", False),
        (replace(TINY, stages=(Stage(4, 32),), warmup=1), "warmup", True),
        (replace(TINY, stages=(Stage(1, 32),), ema=0.0), "ema", False),
    ],
)
def test_what_makes_no_sense_for_a_recipe_is_not_searched(recipe: Recipe, name: str, searched: bool):
    assert (name in space(recipe)) is searched


def test_an_average_reaches_back_no_further_than_half_the_steps():
    short = space(replace(TINY, stages=(Stage(120, 32),), ema=0.0))["ema"]
    assert isinstance(short, optuna.distributions.CategoricalDistribution)
    assert short.choices == (0.0, 0.9, 0.98)


def test_copies_of_normal_films_are_searched_only_where_the_recipe_makes_them():
    assert "augmented" not in space(TINY)["balance"].choices
    assert "augmented" in space(replace(TINY, balance=Balance.AUGMENTED))["balance"].choices


def test_what_is_pinned_is_not_searched():
    assert not {"batch", "balance"} & set(space(TINY, frozenset({"batch", "balance"})))
