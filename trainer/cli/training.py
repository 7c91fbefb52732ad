"""The options that change a recipe, shared by the commands that train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from trainer.networks.starting_weights import Weights
    from trainer.recipes.recipe import Recipe

_SIDES: Final = ("224", "160", "112", "80", "56", "32")  # tensors divided by whole numbers
_VERSIONS: Final = ("1", "2", "3", "4")  # `models.contract.VERSIONS`, for a quick help


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say; None leaves it to the recipe."""

    steps: int | None = None
    side: int | None = None
    balance: str | None = None
    augmentation: str | None = None
    patience: int | None = None
    judge_every: int | None = None
    monitor: str | None = None
    preprocessing: int | None = None
    starting: str = "recipe"

    def of(self, recipe: Recipe) -> Recipe:
        """The recipe with what was asked."""
        from trainer.recipes.recipe import Augmentation, Balance, Monitor

        given: dict[str, Any] = {name: getattr(self, name) for name in ("patience", "judge_every", "preprocessing")}
        for name, kind in (("balance", Balance), ("augmentation", Augmentation), ("monitor", Monitor)):
            value = getattr(self, name)
            given[name] = None if value is None else kind(value)
        recipe = replace(recipe, **{name: value for name, value in given.items() if value is not None})
        if self.side is not None:
            try:
                recipe = recipe.at_side(self.side)
            except ValueError as error:
                raise click.BadParameter(f"{error}, which preprocessing {recipe.preprocessing} gives") from error
        return recipe if self.steps is None else recipe.scaled(self.steps)

    def weights(self) -> Weights:
        """The starting weights."""
        from trainer.networks.starting_weights import Origin, Weights

        if self.starting in (Origin.RECIPE, Origin.NONE):
            return Weights(Origin(self.starting))
        return Weights(Origin.FILE, Path(self.starting))


_OPTIONS: Final = (
    click.option("--steps", type=click.IntRange(1), help="Lengthen or shorten the recipe to about that many steps."),
    click.option(
        "--side", type=click.Choice(_SIDES), help="Pixels that the network looks at; the film is averaged down."
    ),
    click.option(
        "--balance",
        type=click.Choice(["none", "augmented", "class-weight", "sampling", "shares", "roots"]),
        help="Of the classes.",
    ),
    click.option(
        "--augmentation",
        type=click.Choice(["none", "shear-zoom-flip", "heavy", "mixed", "far"]),
        help="Of each film drawn.",
    ),
    click.option(
        "--preprocessing", type=click.Choice(_VERSIONS), help="Version of the contract that films go through."
    ),
    click.option("--judge-every", type=click.IntRange(1), help="Steps between two looks at the validation part."),
    click.option("--patience", type=click.IntRange(1), help="Looks without improvement after which it stops."),
    click.option("--monitor", type=click.Choice(["auc", "recall"]), help="What improvement is."),
    click.option(
        "--weights",
        "starting",
        default="recipe",
        show_default=True,
        metavar="recipe|none|FILE",
        help="Starting weights.",
    ),
)


def training_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, and hand them to it as one `Asked`."""

    @wraps(command)
    def gathered(**given: Any) -> None:
        names = Asked.__dataclass_fields__
        values = {name: given.pop(name) for name in list(given) if name in names}
        for name in ("side", "preprocessing"):
            values[name] = int(values[name]) if values[name] else None
        command(asked=Asked(**values), **given)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered
