"""Writes the best configuration of a search as a recipe file, for ``cxr-trainer fit --recipe``; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from trainer.recipes.recipe import Recipe, Stage
from trainer.tuning.document import RANKS
from trainer.tuning.space import with_numbers

if TYPE_CHECKING:
    from trainer.training.run import Run

_NOTE: Final = (
    "It is the best of several looks at one validation part, so a little too good: judge it on films of no trial."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the results say of the search.

    Attributes:
        base: the recipe as it is found by its name, before any option.
        called: how to find it from anywhere: its name, or a file's absolute path.
        command: that made the search.
        fit: the command that trains the best configuration.
    """

    base: Recipe
    called: str
    command: str
    fit: str


def recipe_file(found: Mapping[str, Any], run: Run, told: Told) -> str | None:
    """The text of the file; None where no trial is complete.

    Args:
        found: what ``tune.json`` says.
        run: that was searched around.
        told: of the search.
    """
    if found["best"] is None:
        return None
    recipe = with_numbers(run.recipe, found["trials"][0]["parameters"])
    changed = {
        field.name: getattr(recipe, field.name)
        for field in fields(Recipe)
        if field.name != "name" and getattr(recipe, field.name) != getattr(told.base, field.name)
    }
    lines = "".join(f"    {name}={_literal(value)},\n" for name, value in changed.items())
    kinds = {type(value).__name__ for value in changed.values() if isinstance(value, StrEnum)}
    kinds |= {"Stage"} if "stages" in changed else set()
    imported = f"from trainer.recipes.recipe import {', '.join(sorted(kinds))}\n" if kinds else ""
    return (
        f'"""{_docstring(found, recipe, told)}"""\n\nfrom __future__ import annotations\n\n'
        f"from dataclasses import replace\n\n{imported}from trainer.recipes.registry import find_recipe\n\n"
        f'RECIPE = replace(\n    find_recipe({told.called!r}),\n    name="tuned",\n{lines})\n'
    )


def _docstring(found: Mapping[str, Any], recipe: Recipe, told: Told) -> str:
    trials, best, parts = found["trials"], found["trials"][0], found["parts"]
    states = [trial["state"] for trial in trials]
    ended = ", ".join(f"{states.count(state)} {state}" for state in RANKS if state in states)
    minutes = sum(trial["minutes"] for trial in trials)
    text = (
        f"{told.called}, tuned: trial {best['number']} of {len(trials)}.\n\n"
        f"Data: {', '.join(found['sources'])}; {parts['train']} films to train on, {parts['validation']} to "
        f"validate on.\nSplit: seed {found['seed']}, SHA-256 {found['split_sha256']}.\n"
        f"Cost: {recipe.steps} steps of {recipe.batch}, {best['minutes']:.1f} minutes; of the search {minutes:.1f} "
        f"({ended}).\nResult: {recipe.monitor} {best['value']:.4f} on the validation part.\n{_NOTE}\n\n"
        f"Made by: {told.command}\nTrain it: {told.fit}\n"
    )
    return text.replace("\\", "\\\\").replace('"', '\\"') if '"""' in text or "\\" in text else text


def _literal(value: Any) -> str:
    """A value of a recipe as Python."""
    if isinstance(value, StrEnum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, tuple):
        return f"({' '.join(f'{_stage(stage)},' for stage in value)})"
    return repr(value)


def _stage(stage: Stage) -> str:
    return f"Stage({stage.steps}, {stage.side}{', frozen=True' if stage.frozen else ''})"
