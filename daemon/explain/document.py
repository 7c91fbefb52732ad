"""An explanation as plain data, as `explain --format json` prints it; pure. No name and no identifier is in it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from daemon.intake.worker import Verdict
from daemon.triage.document import NOT_ACCEPTED
from daemon.triage.rules import Judged, Rules
from models.contract import VERSIONS
from models.gate import MAX_CHROMA, MIN_SPREAD
from models.pixel_gate import read_gate
from models.population import Population, group_of
from models.radiograph import MIN_SIDE

if TYPE_CHECKING:
    from daemon.explain.explanation import Explanation
    from daemon.explain.insight import Insight
    from daemon.triage.gate_policy import GatePolicy
    from models.bundle import Bundle
    from models.findings import Finding

SCHEMA: Final = 1


def is_blind(explained: Explanation, hidden: Collection[str]) -> bool:
    """Whether a film is among those whose scores are not to be shown."""
    return explained.content is not None and explained.content.sha256 in hidden


def judged_of(explained: Explanation, rules: Rules) -> Judged | None:
    """What the score means; None for a film that gets none."""
    answer = explained.answer
    if answer.logit is None:
        return None
    facts = answer.facts
    population = Population(facts.population) if facts.population else None
    return rules.judged(answer.logit, population, facts.age_years)


def document_of(
    explained: Explanation,
    judged: Judged | None,
    bundle: Bundle,
    policy: GatePolicy,
    rules: Rules,
    hidden: Collection[str] = (),
    acceptance: Mapping[str, Any] = NOT_ACCEPTED,
) -> dict[str, Any]:
    """The document; `pictures` is added by whoever draws some.

    Args:
        explained: the film.
        judged: its score.
        bundle, policy: by which it was judged.
        rules: what its scores mean at this site.
        hidden: the SHA-256 of films whose scores are not to be shown.
        acceptance: how the bundle stands at this site.
    """
    place, content, insight = explained.place, explained.content, explained.insight
    blind = is_blind(explained, hidden)
    return {
        "schema": SCHEMA,
        "path": os.fspath(place.path),
        "bytes": None if content is None else content.stamp.size,
        "sha256": None if content is None else content.sha256,
        "root": None if place.root is None else {"path": str(place.root.path), "taken": place.taken},
        "answer": _answer(explained),
        "read": None if insight is None else _read(insight),
        "population": _population(explained, bundle),
        "findings": [] if insight is None else _findings(insight, policy),
        "rules": list(policy.sentences()),
        "looked_to_the_end": insight is not None and insight.fault is None,
        "stopped_by": _stopped(explained),
        "picture": None if insight is None else _picture(insight),
        "gate": None if insight is None else _gate(insight, bundle),
        "acceptance": dict(acceptance),
        "blind": blind,
        "score": None if judged is None or blind else _score(explained, judged, rules),
        "bundle": {
            "name": bundle.name,
            "model_sha256": bundle.model_sha256,
            "preprocessing": bundle.preprocessing,
            "side": VERSIONS[bundle.preprocessing].side,
        },
    }


def _answer(explained: Explanation) -> dict[str, Any]:
    answer = explained.answer
    return {
        "verdict": answer.verdict.value,
        "code": answer.code,
        "message": answer.message,
        "marks": (answer.facts.marks or "").split(),
        "milliseconds": round(answer.milliseconds),
    }


def _read(insight: Insight) -> dict[str, Any]:
    return {
        "format": insight.format,
        "outline": dict(insight.outline),
        "tags": dict(insight.tags),
        "believed": list(insight.believed),
        "tier": insight.tier,
    }


def _population(explained: Explanation, bundle: Bundle) -> dict[str, Any]:
    """Who is taken to be on the film, why, and what the bundle does about that group."""
    insight, declared = explained.insight, explained.place.declared
    age = explained.answer.facts.age_years if insight is None else insight.age_years
    group = group_of(age, declared)
    stated = None if group is None else bundle.policies.get(group)
    return {
        "group": None if group is None else str(group),
        "from": "unknown" if group is None else "declared" if age is None else "age",
        "age_years": age,
        "declared": None if declared is None else str(declared),
        "policy": None if stated is None else str(stated.policy),
        "reason": None if stated is None else stated.reason,
    }


def _findings(insight: Insight, policy: GatePolicy) -> list[dict[str, Any]]:
    """All of them, and what this site does about each; the first that refuses is the answer's code."""
    return [
        {
            "code": finding.code.value,
            "message": finding.message,
            "remedy": finding.remedy,
            "does": "marks" if policy.refusal([finding]) is None else "refuses",
        }
        for finding in _once(insight)
    ]


def _once(insight: Insight) -> list[Finding]:
    return list(dict.fromkeys(insight.findings))


def _stopped(explained: Explanation) -> dict[str, Any] | None:
    """Where nobody could look further, and why."""
    if explained.unseen is not None:
        return {"code": None, "message": explained.unseen}
    insight = explained.insight
    if insight is None or insight.fault is None:
        return None
    return {"code": insight.fault[0], "message": insight.fault[1]}


def _picture(insight: Insight) -> dict[str, Any] | None:
    """What the plain picture shows, each beside its limit."""
    seen = insight.picture
    if seen is None:
        return None
    return {
        "width": seen.width,
        "height": seen.height,
        "least_side": {"value": min(seen.width, seen.height), "at_least": MIN_SIDE},
        "spread": {"value": round(seen.spread, 4), "at_least": MIN_SPREAD},
        "chroma": {"value": round(seen.chroma, 4), "at_most": MAX_CHROMA},
    }


def _gate(insight: Insight, bundle: Bundle) -> dict[str, Any] | None:
    """What the bundle's own gate saw, each beside its limit; None where it has none, or where the picture is missing.

    A kind above its limit is found; of several the one that lies highest above the film.
    """
    seen = insight.picture
    if bundle.gate is None or seen is None:
        return None
    gate = read_gate(bundle.gate, bundle.folder)
    unlikeness = insight.unlikeness
    return {
        "white": {"value": round(seen.white, 4), "at_most": gate.white},
        "black": {"value": round(seen.black, 4), "at_most": gate.black},
        "margins": {
            kind: {"value": round(insight.margins[kind], 3), "at_most": gate.limits[kind]}
            for kind in gate.kinds[1:]
            if kind in insight.margins
        },
        "unlikeness": None if unlikeness is None else {"value": round(unlikeness, 3), "at_most": gate.unlike},
    }


def _score(explained: Explanation, judged: Judged, rules: Rules) -> Mapping[str, Any]:
    answer = explained.answer
    facts = answer.facts
    population = Population(facts.population) if facts.population else None
    group = group_of(facts.age_years if population is None else None, population)
    point = rules.points[group]
    assert answer.verdict is Verdict.SCORED  # noqa: S101
    return {
        "logit": answer.logit,
        "probability": judged.probability,
        "prevalence": judged.prevalence,
        "band": None if facts.marks else str(judged.band),
        "policy": str(judged.policy),
        "accepted": judged.accepted,
        "operating_point": {"population": str(point.population), **point.thresholds},
        "unlikeness": answer.unlikeness,
    }
