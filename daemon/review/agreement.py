"""What the verdicts on blind cases say of the bands, as `agreement` prints it; of cases without one only their number.

Which bands those are of would tell of each: a single blind case that waits would be given away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from daemon.acceptance.standing import Acceptance
from daemon.acceptance.words import acceptance_document
from daemon.review.rates import BANDS, BlindCase, Rates, calibration_of, rates_of
from daemon.triage.cells import instant
from daemon.triage.order import UNTAGGED, Band
from daemon.triage.rules import Rules, Site
from daemon.waiting import rules_of_row
from db import blind_cases, results
from db.blind_cases import Judged
from db.states import Verdict
from models.population import Population

SCHEMA: Final = 1
TOLD: Final = frozenset({Verdict.PNEUMONIA, Verdict.NOT})


def agreement_of(
    tx: Connection,
    site: Site,
    now: datetime,
    rng: np.random.Generator,
    acceptance: Acceptance,
    zone: ZoneInfo,
) -> dict[str, Any]:
    """The document that `agreement --format json` prints.

    Args:
        tx: the transaction.
        site: the site's prevalences, at which probabilities are shown.
        now: aware.
        rng: draws the intervals.
        acceptance: how the bundle in use stands.
        zone: of the site.
    """
    judged = blind_cases.judged(tx)
    bundles = results.bundles(tx)
    usable = [case for case in judged if case.verdict in TOLD and case.every_band]
    cases = [_case(case, lambda number: rules_of_row(bundles[number], site, acceptance)) for case in usable]
    verdicts = Counter(case.verdict for case in judged)
    return {
        "schema": SCHEMA,
        "generated_at": instant(now),
        "acceptance": acceptance_document(acceptance, zone),
        "blind_cases": {
            "judged": len(judged),
            "counted": len(cases),
            "unsure": verdicts[Verdict.UNSURE],
            "unusable": verdicts[Verdict.UNUSABLE],
            "drawn_without_every_band": sum(case.verdict in TOLD and not case.every_band for case in judged),
            "revised": sum(case.revised for case in judged),
            "without_verdict": blind_cases.waiting(tx),
        },
        "bands": _by_band(cases),
        "all": _rates(rates_of(cases, rng)),
        "by_root": _parted(cases, lambda case: case.root, rng),
        "by_tier": _parted(cases, lambda case: case.tier, rng),
        "calibration": [asdict(found) for found in calibration_of(cases, rng)],
    }


def _case(found: Judged, rules: Callable[[int], Rules]) -> BlindCase:
    population = Population(found.population) if found.population else None
    judged = rules(found.bundle_id).judged(found.logit, population, found.age_years)
    return BlindCase(
        band=Band(found.band),
        pneumonia=found.verdict is Verdict.PNEUMONIA,
        share=found.share,
        probability=judged.probability,
        root=found.root_path,
        tier=found.tier or UNTAGGED,
    )


def _by_band(cases: Sequence[BlindCase]) -> dict[str, dict[str, int]]:
    counts = Counter((case.band, case.pneumonia) for case in cases)
    return {str(band): {"pneumonia": counts[band, True], "not": counts[band, False]} for band in BANDS}


def _parted(
    cases: Sequence[BlindCase], part: Callable[[BlindCase], str], rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    return {
        name: _rates(rates_of([case for case in cases if part(case) == name], rng))
        for name in sorted({part(case) for case in cases})
    }


def _rates(rates: Rates) -> dict[str, Any]:
    return asdict(rates)


def agreement_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The document for a person."""
    counts = document["blind_cases"]
    yield f"{document['acceptance']['sentence']}"
    yield f"{counts['counted']} blind cases counted, by the first verdict on each"
    aside = {
        "unsure": "unsure",
        "unusable": "unusable",
        "drawn_without_every_band": "drawn while a band had no share",
        "without_verdict": "without a verdict",
    }
    left = [f"{counts[name]} {words}" for name, words in aside.items() if counts[name]]
    if left:
        yield f"not counted: {', '.join(left)}"
    if counts["revised"]:
        yield f"{counts['revised']} revised since, when the score was known; that does not count here"
    yield ""
    for band, told in document["bands"].items():
        yield f"  {band.replace('_', ' '):<9}{told['pneumonia']:>6} pneumonia{told['not']:>6} not"
    yield ""
    yield "weighted by the chance of each draw, with 95 % intervals:"
    yield from _rate_lines("all", document["all"])
    for name in ("by_root", "by_tier"):
        for part, rates in document[name].items():
            yield from _rate_lines(part, rates)
    if document["calibration"]:
        yield ""
        yield "probability stated, and pneumonia found:"
    for row in document["calibration"]:
        between = f"{100 * row['low']:.0f} to {100 * row['high']:.0f} %"
        yield f"  {between:<14}{100 * row['stated']:5.1f} %   {_share(row['found'])}"


def _rate_lines(name: str, rates: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {name}"
    yield f"    sensitivity  {_share(rates['sensitivity'])}"
    yield f"    specificity  {_share(rates['specificity'])}"


def _share(rate: Mapping[str, Any]) -> str:
    cases = f"of {rate['cases']} case{'' if rate['cases'] == 1 else 's'}"
    if rate["value"] is None:
        return f"unknown ({cases}): {rate['why']}"
    return f"{100 * rate['value']:.1f} % ({100 * rate['low']:.1f} to {100 * rate['high']:.1f}), {cases}"
