"""Everything that is said about points from films scored under the suite of shift, in one document; pure.

Points and policies come from the parts that were held out of sources that the network was trained on. Sources that
were held out as a whole show patients whom those parts hold already, so they choose nothing; they are each once the
source left out.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.population import AgeGroup, Population, age_group_of
from models.promises import SENSITIVITY
from models.statistics.bootstrap import DRAWS
from trainer.points.choice import choose_point
from trainer.points.policies import LEAST, policies
from trainer.points.rules import RULE, threshold_by
from trainer.points.shifted import Shifted
from trainer.points.source_out import documents, source_out
from trainer.points.study import FOLDS, study
from trainer.shift.suite import FROZEN, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from collections.abc import Set as AbstractSet

    from models.bundle import GroupPolicy, OperatingPoint
    from trainer.shift.scoring import SuiteScores

SCHEMA: Final = 1


def shifted_of(scores: SuiteScores) -> Shifted:
    """Scored films as columns of numbers.

    Raises:
        TrainerError: the films were not scored as they came, or a logit is no finite number.
    """
    return Shifted(
        scores.labels,
        scores.patients,
        scores.sources,
        np.stack(list(scores.logits.values())),
        tuple(scores.logits),
        np.asarray([film.weight for film in scores.films], np.float64),
    )


def by_population(scores: SuiteScores) -> dict[Population, Shifted]:
    """The films of each population; those that say no age and have no population are in none."""
    return {key: films for key in Population if (films := _of(scores, scores.populations, key)) is not None}


def by_group(scores: SuiteScores) -> dict[AgeGroup, Shifted]:
    """The films of each age group: by the film's age, else by the population that was said of it."""
    groups = [
        age_group_of(film.age) if film.age is not None else None if who is None else AgeGroup(who.value)
        for film, who in zip(scores.films, scores.populations, strict=True)
    ]
    return {key: films for key in AgeGroup if (films := _of(scores, groups, key)) is not None}


def _of(scores: SuiteScores, keys: Any, key: Hashable) -> Shifted | None:
    rows = [i for i, found in enumerate(keys) if found is key]
    return shifted_of(scores.of(rows)) if rows else None


def without(scores: SuiteScores, sources: AbstractSet[str]) -> SuiteScores:
    """The films that are of none of some sources."""
    return scores.of([i for i, film in enumerate(scores.films) if film.source not in sources])


def points_document(
    scores: SuiteScores,
    held_out: AbstractSet[str],
    *,
    least: int = LEAST,
    draws: int = DRAWS,
    report: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, Any]:
    """Points, how rules did against each other, policies, and the table of sources left out.

    Args:
        scores: held-out films of every source under all conditions.
        held_out: sources that were held out as a whole.
        least: films of either class below which a group is `outside`.
        draws: of patients, for every interval.
        report: told after each part.

    Raises:
        TrainerError: as `choose_point`.
    """
    chosen = without(scores, held_out)
    groups = policies(by_group(chosen), RULE, least=least, draws=draws)
    able = {who: some.trusted() for who, some in by_population(chosen).items() if _enough(some.trusted(), least)}
    steps, points, rules = 2 + 2 * len(able), {}, {}
    report(1, steps)
    for number, (who, some) in enumerate(able.items()):
        points[who.value] = point_document(choose_point(who, some, draws=draws))
        report(2 + 2 * number, steps)
        rules[who.value] = {
            rule.value: {"threshold": threshold_by(rule, some, SENSITIVITY[who]), **figures}
            for rule, figures in study(some, SENSITIVITY[who]).items()
        }
        report(3 + 2 * number, steps)
    rows = source_out(by_population(scores), SENSITIVITY, RULE, draws=draws)
    report(steps, steps)
    return {
        "schema": SCHEMA,
        "suite": {"version": VERSION, "sha256": FROZEN, "conditions": list(scores.logits)},
        "films": _films(scores),
        "folds": FOLDS,
        "draws": draws,
        "points": points,
        "rules": rules,
        "policies": {group.value: policy_document(policy) for group, policy in groups.items()},
        "sources_left_out": documents(rows),
    }


def _enough(films: Shifted, least: int) -> bool:
    return min(films.positives, films.n - films.positives) >= least


def _films(scores: SuiteScores) -> list[dict[str, Any]]:
    """Films by source and population, and how many have pneumonia."""
    keys = [(film.source, str(who or "unknown")) for film, who in zip(scores.films, scores.populations, strict=True)]
    sick = Counter(key for key, film in zip(keys, scores.films, strict=True) if film.label)
    return [
        {"source": source, "population": who, "n": n, "positives": sick[source, who]}
        for (source, who), n in sorted(Counter(keys).items())
    ]


def point_document(point: OperatingPoint) -> dict[str, Any]:
    """A point as a bundle's document writes it, but for its policy, which the groups' policies state."""
    curve = point.calibration
    return {
        **point.thresholds,
        "calibration": {"slope": curve.slope, "intercept": curve.intercept, "prevalence": curve.prevalence},
        "evidence": dict(point.evidence),
    }


def policy_document(policy: GroupPolicy) -> dict[str, Any]:
    """A policy as a bundle's document writes it."""
    evidence: Mapping[str, Any] = policy.evidence
    return {"policy": policy.policy.value, "reason": policy.reason, "evidence": dict(evidence)}
