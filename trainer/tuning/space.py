"""What is searched of a recipe, and from where to where; it knows Optuna's distributions and trains nothing.

==================== ======================================================================================
learning_rate        from a tenth of the recipe's to ten times it, by its logarithm
frozen_learning_rate the same; only where a frozen stage comes first
weight_decay         0 to 0.1
label_smoothing      0 to 0.15
warmup               0 to a fifth of the steps; of two phases, to a quarter of the longer one
ema                  none, 0.9, 0.98, 0.995, but none whose average reaches back further than the steps do
batch                16, 32 or 64 films
augmentation         none, shear-zoom-flip, heavy
balance              none, class-weight, sampling, and the recipe's own
==================== ======================================================================================

What the recipe itself says is always within, so that the first trial is the recipe as it is. What an option of the
command line sets is not searched. Steps are not searched either: a longer trial would win by being longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from trainer.recipes.recipe import Augmentation, Balance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from optuna.trial import BaseTrial

    from trainer.recipes.recipe import Recipe

Space = Mapping[str, BaseDistribution]
FACTOR: Final = 10.0  # of the learning rates, either way
MOST_DECAY: Final = 0.1
MOST_SMOOTHING: Final = 0.15
AVERAGES: Final = (0.0, 0.9, 0.98, 0.995)
BATCHES: Final = (16, 32, 64)
DIGITS: Final = 3  # of a number that was drawn: a recipe is to be read
_KINDS: Final = {"augmentation": Augmentation, "balance": Balance}
_NONE: Final[frozenset[str]] = frozenset()


def space(recipe: Recipe, pinned: frozenset[str] = _NONE) -> dict[str, BaseDistribution]:
    """What is searched of a recipe, by the name of its attribute.

    Args:
        recipe: with what was asked of it; its steps decide how long a warmup and an average make sense.
        pinned: names that are not searched.
    """
    found: dict[str, BaseDistribution] = {"learning_rate": _rate(recipe.learning_rate)}
    if any(stage.frozen for stage in recipe.stages):
        found["frozen_learning_rate"] = _rate(recipe.frozen_learning_rate)
    found["weight_decay"] = FloatDistribution(0.0, max(MOST_DECAY, recipe.weight_decay))
    found["label_smoothing"] = FloatDistribution(0.0, max(MOST_SMOOTHING, recipe.label_smoothing))
    phases = recipe.phases
    longest = max(phase.steps for phase in phases) // 4 if len(phases) > 1 else recipe.steps // 5
    if most := max(longest, recipe.warmup):
        found["warmup"] = IntDistribution(0, most)
    averages = [ema for ema in AVERAGES if 1.0 / (1.0 - ema) <= max(1.0, recipe.steps / 2)]
    found["ema"] = _one_of([*averages, recipe.ema])
    found["batch"] = _one_of([*BATCHES, recipe.batch])
    found["augmentation"] = _one_of([kind.value for kind in Augmentation])
    # Copies of normal films are another set of films: only where the recipe was made for it.
    kinds = (Balance.NONE, Balance.CLASS_WEIGHT, Balance.SAMPLING, recipe.balance)
    found["balance"] = _one_of([kind.value for kind in kinds])
    return {
        name: distribution for name, distribution in found.items() if name not in pinned and not distribution.single()
    }


def suggest(trial: BaseTrial, recipe: Recipe, pinned: frozenset[str] = _NONE) -> Recipe:
    """The recipe with the numbers that a trial suggests, of `space`."""
    return with_numbers(recipe, {name: _suggested(trial, name, of) for name, of in space(recipe, pinned).items()})


def own_numbers(recipe: Recipe, searched: Iterable[str]) -> dict[str, Any]:
    """What the recipe itself says, as a trial would suggest it."""
    values = {name: getattr(recipe, name) for name in searched}
    return {name: value.value if name in _KINDS else value for name, value in values.items()}


def with_numbers(recipe: Recipe, numbers: Mapping[str, Any]) -> Recipe:
    """The recipe with numbers of a trial; those that were drawn are rounded to `DIGITS` digits."""
    own = own_numbers(recipe, numbers)
    drawn = {name: value if value == own[name] else _rounded(value) for name, value in numbers.items()}
    changes: dict[str, Any] = {name: _KINDS[name](v) if name in _KINDS else v for name, v in drawn.items()}
    return replace(recipe, **changes)


def _rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _suggested(trial: BaseTrial, name: str, of: BaseDistribution) -> Any:
    if isinstance(of, FloatDistribution):
        return trial.suggest_float(name, of.low, of.high, log=of.log)
    if isinstance(of, IntDistribution):
        return trial.suggest_int(name, of.low, of.high)
    if isinstance(of, CategoricalDistribution):
        return trial.suggest_categorical(name, of.choices)
    raise TypeError(f"{name}: {of} is not of this space")


def _rate(own: float) -> FloatDistribution:
    return FloatDistribution(own / FACTOR, own * FACTOR, log=True)


def _one_of(choices: Iterable[Any]) -> CategoricalDistribution:
    return CategoricalDistribution(tuple(sorted(set(choices))))
