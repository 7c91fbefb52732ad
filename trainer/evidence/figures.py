"""The figures of a bundle that fit a card: discrimination, calibration, operating points, subgroups; pure.

Refused and failed films are counted, and left out of every figure. Of films of one class, what needs both is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from models.bundle import OperatingPoint, point_for
from models.statistics.bootstrap import DRAWS
from trainer.evidence.decision import prevalences
from trainer.evidence.rates import calibration, confusion, discrimination, share, shares
from trainer.evidence.sample import Sample, by_population, sample_of
from trainer.evidence.subgroups import subgroups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.population import Population
    from trainer.evidence.scoring import Scored, Scores

SCHEMA: Final = 1


def judge(scores: Scores, points: Mapping[Population, OperatingPoint], *, draws: int = DRAWS) -> dict[str, Any]:
    """The figures that a bundle's card and `cxr-trainer evaluate` have in common; where nothing was scored, None."""
    scored = scores.scored
    sample = sample_of(scored, points)
    by_source: dict[str, list[Scored]] = {}
    for s in scored:
        by_source.setdefault(s.film.source, []).append(s)
    return {
        "schema": SCHEMA,
        **sample.counts(),
        **discrimination(sample, draws),
        **calibration(sample, draws),
        "operating_points": {
            name: _operating(sample_of(some, points), point_for(points, some[0].population), draws)
            for name, some in by_population(scored).items()
        },
        "sources": {
            name: {**of.counts(), **discrimination(of, draws)}
            for name, of in ((name, sample_of(some, points)) for name, some in by_source.items())
        },
        "subgroups": subgroups(scored, points, draws),
        "refused": sum(scores.refused.values()),
        "failed": sum(scores.failed.values()),
        "refused_by_code": dict(sorted(scores.refused.items())),
        "failed_by_code": dict(sorted(scores.failed.items())),
    }


def _operating(sample: Sample, point: OperatingPoint, draws: int) -> dict[str, Any]:
    """Both thresholds of a point on some films."""
    above = sample.above()
    return {
        **sample.counts(),
        **discrimination(sample, draws),
        **calibration(sample, draws),
        "policy": point.policy.value,
        **point.thresholds,
        **shares(sample, above["next_or_first"]),
        **shares(sample, above["first"], "first_"),
        "confusion": {name: confusion(sample, ahead, draws) for name, ahead in above.items()},
        "prevalence": {name: prevalences(sample.labels, ahead) for name, ahead in above.items()},
    }


def shares_of_all(scores: Scores) -> dict[str, Any]:
    """What was refused and failed, by code, as shares of all files that were looked at."""
    refused, failed = sum(scores.refused.values()), sum(scores.failed.values())
    looked_at = len(scores.scored) + refused + failed

    def counted(counts: Mapping[str, int]) -> dict[str, Any]:
        return {code: {"count": count, **share("share", count, looked_at)} for code, count in sorted(counts.items())}

    return {
        "looked_at": looked_at,
        "scored": {"count": len(scores.scored), **share("share", len(scores.scored), looked_at)},
        "refused": {"count": refused, **share("share", refused, looked_at), "by_code": counted(scores.refused)},
        "failed": {"count": failed, **share("share", failed, looked_at), "by_code": counted(scores.failed)},
    }


def unnamed(scored: Sequence[Scored]) -> int:
    """Films whose patient is only bounded by age and sex: their groups may hold several patients."""
    return sum(not s.film.known_patient for s in scored)
