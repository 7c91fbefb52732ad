"""Finds a recipe by its name; a name is imported only when it is asked for, so that listing them needs no Keras."""

from __future__ import annotations

import importlib
import pkgutil
import runpy
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import trainer.recipes
from trainer.errors import TrainerError
from trainer.recipes.recipe import Recipe
from trainer.runs import RunRecord, write_text

DEFAULT: Final = "efficientnet_lite0"
ATTRIBUTE: Final = "RECIPE"  # in each module of this package, and in a file of a site's own
KEPT: Final = "recipe.py"  # in a run folder: the file that the run was made from
_NO_RECIPES: Final = frozenset({"recipe", "registry"})


def recipe_names() -> tuple[str, ...]:
    """The recipes that come with the package, sorted."""
    found = (module.name for module in pkgutil.iter_modules(trainer.recipes.__path__))
    return tuple(sorted(name for name in found if name not in _NO_RECIPES))


def find_recipe(name: str) -> Recipe:
    """The recipe of a name, a site's own as ``package.module:ATTRIBUTE``, or that of a file ``path/to/best.py``.

    A file's recipe is called by the path that was given, so that what a run says can be asked for again.

    Raises:
        TrainerError: there is none.
    """
    if name.endswith(".py"):
        return replace(_checked(name, _of_file(Path(name), name)), name=name)
    module, _, attribute = name.partition(":")
    if not attribute:
        if name not in recipe_names():
            raise TrainerError("find recipe", name, "there is none of that name", f"known: {', '.join(recipe_names())}")
        module, attribute = f"trainer.recipes.{name}", ATTRIBUTE
    try:
        return _checked(name, getattr(importlib.import_module(module), attribute))
    except (ImportError, AttributeError, ValueError) as error:
        raise TrainerError(
            "find recipe", name, str(error), "write package.module:ATTRIBUTE of an importable one"
        ) from error


def keep_recipe(folder: Path, name: str) -> None:
    """Copy a recipe's file into a run folder, so that the run needs neither that file nor today's working directory.

    Raises:
        TrainerError: the file cannot be read, or the disk refused.
    """
    if not name.endswith(".py"):
        return
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise TrainerError("read recipe", name, cause, "give a file that cxr-trainer tune wrote") from error
    write_text(folder / KEPT, text)


def recipe_of_run(folder: Path, name: str) -> Recipe:
    """The recipe of a run: of the file that was copied into its folder, else that of its name.

    Raises:
        TrainerError: there is none.
    """
    kept = folder / KEPT
    return replace(find_recipe(str(kept)), name=name) if kept.exists() else find_recipe(name)


def recipe_as_run(folder: Path, record: RunRecord) -> Recipe:
    """The same with what the run's options changed; its stages are the recipe's.

    Raises:
        TrainerError: there is none.
    """
    recipe = recipe_of_run(folder, record.recipe)
    changed: dict[str, Any] = {}
    for name, value in record.configuration.items():
        now = getattr(recipe, name, None)
        changed[name] = type(now)(value) if isinstance(now, StrEnum) else value
    known = {field.name for field in fields(recipe)} - {"stages"}
    changed = {name: value for name, value in changed.items() if name in known}
    return replace(recipe, **{**changed, "shrink": record.shrink, "preprocessing": record.preprocessing})


def _of_file(path: Path, name: str) -> object:
    """`ATTRIBUTE` of a Python file, which is run."""
    if not path.is_file():
        raise TrainerError("find recipe", name, "there is no such file", "give a file that cxr-trainer tune wrote")
    try:
        return runpy.run_path(str(path)).get(ATTRIBUTE)
    except Exception as error:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise TrainerError("read recipe", name, cause, "correct the file, or tune again") from error


def _checked(name: str, found: object) -> Recipe:
    if not isinstance(found, Recipe):
        cause = "it is no trainer.recipes.recipe.Recipe"
        raise TrainerError("find recipe", name, cause, f"name the recipe itself, {ATTRIBUTE} in a file")
    return found
