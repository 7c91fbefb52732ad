"""Puts all figures of one evaluation together, with what they are of and the command that gives them again; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from models.statistics.bootstrap import DRAWS, SEED
from trainer.evidence.curves import at_half, curves, distribution, reliability
from trainer.evidence.decision import decision_curve
from trainer.evidence.figures import judge, shares_of_all, unnamed
from trainer.evidence.pairs import side_by_side
from trainer.evidence.sample import Sample, judged_apart, sample_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.bundle import Bundle
    from trainer.data.sources import Source
    from trainer.evidence.scoring import Report, Scores

INTERVALS: Final = (
    "95 %; of proportions Wilson's by films (keys ending in _ci) and by a bootstrap over patients (_ci_patients); of "
    "areas, curves, calibration, Brier score, loss and differences by a bootstrap over patients"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was evaluated.

    Attributes:
        split: the split's file as given, None for all films.
        part: of the split, None for all films.
        command: what gives the same document again.
    """

    sources: tuple[Source, ...]
    split: str | None
    split_sha256: str | None
    part: str | None
    command: str


def evidence(
    asked: Asked,
    bundle: Bundle,
    scores: Scores,
    against: tuple[Bundle, Scores] | None = None,
    *,
    draws: int = DRAWS,
    report: Report = lambda *_: None,
) -> dict[str, Any]:
    """Every figure of `cxr-trainer evaluate --format json`.

    Curves, calibration and the like are by population, and under ``all`` for all films where there are several
    populations.
    """
    samples = {name: sample_of(some, bundle.points) for name, some in judged_apart(scores.scored).items()}
    parts: dict[str, Callable[[Sample], Any]] = {
        "curves": lambda sample: curves(sample, draws),
        "calibration": lambda sample: reliability(sample, draws),
        "distribution": distribution,
        "at_half": lambda sample: at_half(sample, draws),
        "decision": lambda sample: decision_curve(sample, draws),
    }
    steps = len(parts) + 1 + (against is not None)
    document = {**judge(scores, bundle.points, draws=draws), "bundle": describe(bundle)}
    document |= {"about": _about(asked, scores, draws), "left_out": shares_of_all(scores)}
    report(1, steps)
    for done, (key, of) in enumerate(parts.items(), 2):
        document[key] = {name: of(sample) for name, sample in samples.items()}
        report(done, steps)
    if against is not None:
        other, others = against
        document["against"] = {
            "bundle": describe(other),
            "refused": sum(others.refused.values()),
            "failed": sum(others.failed.values()),
            **side_by_side(scores.scored, others.scored, bundle.points, other.points, draws),
        }
        report(steps, steps)
    return document


def describe(bundle: Bundle) -> dict[str, Any]:
    """What identifies a bundle; one of before the key ``precision`` was written is int8."""
    return {
        "name": bundle.name,
        "sha256": bundle.model_sha256,
        "network": bundle.network,
        "precision": str(bundle.document.get("precision", "int8")),
        "preprocessing": bundle.preprocessing,
        "populations": sorted(map(str, bundle.points)),
    }


def _about(asked: Asked, scores: Scores, draws: int) -> dict[str, Any]:
    scored: Sequence[Any] = scores.scored
    return {
        "command": asked.command,
        "sources": [
            {"name": s.name, "films": sum(one.film.source == s.name for one in scored), "population": s.population}
            for s in asked.sources
        ],
        "split": {"file": asked.split, "sha256": asked.split_sha256} if asked.split is not None else None,
        "part": asked.part or "all films",
        "films_without_named_patient": unnamed(scored),
        "bootstrap": {"unit": "patient", "draws": draws, "seed": SEED},
        "intervals": INTERVALS,
    }
