"""Finds a recipe by its name; a name is imported only when it is asked for, so that listing them needs no Keras."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

import trainer.recipes
from trainer.errors import TrainerError
from trainer.recipes.recipe import Recipe

DEFAULT: Final = "efficientnet_lite0"
_NO_RECIPES: Final = frozenset({"recipe", "registry"})


def recipe_names() -> tuple[str, ...]:
    """The recipes that come with the package, sorted."""
    found = (module.name for module in pkgutil.iter_modules(trainer.recipes.__path__))
    return tuple(sorted(name for name in found if name not in _NO_RECIPES))


def find_recipe(name: str) -> Recipe:
    """The recipe of a name, or a site's own as ``package.module:ATTRIBUTE``.

    Raises:
        TrainerError: there is none.
    """
    module, _, attribute = name.partition(":")
    if not attribute:
        if name not in recipe_names():
            raise TrainerError("find recipe", name, "there is none of that name", f"known: {', '.join(recipe_names())}")
        module, attribute = f"trainer.recipes.{name}", "RECIPE"
    try:
        recipe = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise TrainerError(
            "find recipe", name, str(error), "write package.module:ATTRIBUTE of an importable one"
        ) from error
    if not isinstance(recipe, Recipe):
        raise TrainerError("find recipe", name, "it is no trainer.recipes.recipe.Recipe", "name the recipe itself")
    return recipe
