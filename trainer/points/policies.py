"""The written rule by which a bundle states `banded`, `ordered` or `outside` for an age group; pure.

In this order, and from held-out films whose labels were read from the film:

1. `outside`, where either class has fewer than `LEAST` of them. With 50 films of pneumonia that are all found, the
   lower limit of the sensitivity is 0.93; with fewer nobody can say that 0.95 is kept.
2. `outside`, where the lower 95 % limit of the AUC, by patients and over clean and shifted films in equal parts, is
   under `LEAST_AUC`. A network that was trained on children alone ranked adults at 0.42.
3. `ordered`, where specificity at sensitivity `SENSITIVITY` is under `LEAST_SPECIFICITY`, over clean and shifted films
   in equal parts: `in_turn` would then hold fewer than half of the films called normal, at the price of the misses.
4. `banded` else.

The specificity is the smaller of two: what a threshold gave that other patients and other corruptions chose, and what
each condition's own ranking gives at exactly that sensitivity. The first alone would flatter a threshold that fell
short of the sensitivity, the second one that nobody could have chosen.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.bundle import GroupPolicy
from models.population import AgeGroup, Policy
from models.statistics.bootstrap import DRAWS, interval, resample
from models.statistics.ranking import Ranking
from trainer.points.shifted import Shifted
from trainer.points.study import tried

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from trainer.points.rules import Rule
    from trainer.points.study import Tried

LEAST: Final = 50  # held-out films of either class
LEAST_AUC: Final = 0.80  # for the lower 95 % limit
SENSITIVITY: Final = 0.98  # at which the specificity is asked for, whoever is on the film
LEAST_SPECIFICITY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of an age group from films that were held out; None where there were too few to ask.

    Attributes:
        normals, positives: films of trusted labels.
        others: films whose labels were mined from reports; they decide nothing.
        auc: over clean and shifted films in equal parts.
        auc_lower: the lower end of its 95 % interval by patients.
        specificity: at sensitivity 0.98, over clean and shifted films in equal parts.
    """

    normals: int
    positives: int
    others: int = 0
    auc: float | None = None
    auc_lower: float | None = None
    specificity: float | None = None


def held_of(films: Shifted | None, rule: Rule, *, least: int = LEAST, draws: int = DRAWS) -> Held:
    """What some films say of the group that they are of; None where no film of it was held out.

    Args:
        films: of one age group, of whatever weight.
        rule: by which the thresholds are chosen.
        least: films of either class below which nothing else is asked.
        draws: of patients.
    """
    if films is None:
        return Held(0, 0)
    some = films.trusted()
    normals, others = some.n - some.positives, films.n - some.n
    if min(normals, some.positives) < least:
        return Held(normals, some.positives, others)
    rankings = [Ranking(some.labels, row) for row in some.logits]

    def area(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        areas = np.stack([ranking.auc(weights) for ranking in rankings])
        return (areas[0] + areas[1:].mean(axis=0)) / 2 if len(areas) > 1 else areas[0]

    found = float(area(np.ones((1, some.n)))[0])
    lower = interval(resample(some.labels, some.patients, area, draws=draws))[0]
    rows = tried(rule, some, SENSITIVITY)
    specificity = min(halves(rows, "specificity"), halves(rows, "possible"))
    return Held(normals, some.positives, others, found, lower, specificity)


def halves(rows: Iterable[Tried], name: str) -> float:
    """A figure over clean and shifted films in equal parts; of rows whose first is clean."""
    values = [float(getattr(row, name)) for row in rows]
    return (values[0] + float(np.mean(values[1:]))) / 2 if len(values) > 1 else values[0]


def decide(held: Held, *, least: int = LEAST) -> GroupPolicy:
    """The rule of this module, with the sentence that says which part of it decided."""
    counts = f"{held.positives} held-out films with pneumonia and {held.normals} called normal"
    mined = f" ({held.others} more have labels mined from reports, which decide nothing)" if held.others else ""
    evidence = asdict(held)
    if min(held.normals, held.positives) < least:
        reason = f"{counts}, where {least} of either are needed{mined}"
        return GroupPolicy(Policy.OUTSIDE, reason, evidence)
    if held.auc_lower is None or held.auc is None or held.auc_lower < LEAST_AUC:
        found = (
            "unknown"
            if held.auc is None or held.auc_lower is None
            else f"{held.auc:.3f}, lower limit {held.auc_lower:.3f}"
        )
        reason = f"AUC on clean and shifted films {found}, where a lower limit of {LEAST_AUC} is needed; {counts}"
        return GroupPolicy(Policy.OUTSIDE, reason, evidence)
    if held.specificity is None or held.specificity < LEAST_SPECIFICITY:
        found = "unknown" if held.specificity is None else f"{held.specificity:.3f}"
        reason = (
            f"specificity against films called normal at sensitivity {SENSITIVITY} on clean and shifted films {found}, "
            f"where {LEAST_SPECIFICITY} is needed; {counts}"
        )
        return GroupPolicy(Policy.ORDERED, reason, evidence)
    reason = (
        f"specificity against films called normal at sensitivity {SENSITIVITY} on clean and shifted films "
        f"{held.specificity:.3f}, where {LEAST_SPECIFICITY} is needed; AUC {held.auc:.3f}, lower limit "
        f"{held.auc_lower:.3f}; {counts}"
    )
    return GroupPolicy(Policy.BANDED, reason, evidence)


def policies(
    films: Mapping[AgeGroup, Shifted], rule: Rule, *, least: int = LEAST, draws: int = DRAWS
) -> dict[AgeGroup, GroupPolicy]:
    """The policy of every age group, of held-out films by group; a group without films is `outside`."""
    return {group: decide(held_of(films.get(group), rule, least=least, draws=draws), least=least) for group in AgeGroup}


def undecided(films: Mapping[AgeGroup, Shifted]) -> dict[AgeGroup, GroupPolicy]:
    """What a bundle that is made for a trial states: who has films of both classes is ordered; nothing is proved."""
    found = {}
    for group in AgeGroup:
        some = films.get(group)
        able = group.population is not None and some is not None and some.trusted().both
        policy = Policy.ORDERED if able else Policy.OUTSIDE
        found[group] = GroupPolicy(policy, "made for a trial: the rule was not asked")
    return found
