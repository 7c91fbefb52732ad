"""The verdicts of a site's readers as cases to judge a bundle by: those on blind cases, each with its weight.

Any other verdict was given with the score in sight, and cannot tell how often the score is right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from sqlalchemy import Connection

from daemon.acceptance.cases import Cases
from daemon.acceptance.gathered import REVIEWS, Gathered, Left
from daemon.acceptance.standing import Identity
from daemon.triage.order import Band
from db import blind_cases, results
from db.blind_cases import Judged
from db.states import Verdict
from models.population import Population

_TOLD = frozenset({Verdict.PNEUMONIA, Verdict.NOT})


def gather_reviews(tx: Connection, identity: Identity, only: Population | None) -> Gathered:
    """The blind cases that one bundle scored, by the first verdict on each.

    Args:
        tx: the transaction.
        identity: of the bundle.
        only: the population that is to be judged; None: each that there is.
    """
    bundles = {number: Identity.of(row) for number, row in results.bundles(tx).items()}
    return sorted_out(blind_cases.judged(tx), bundles, identity, only)


def sorted_out(
    judged: Iterable[Judged], bundles: Mapping[int, Identity], identity: Identity, only: Population | None
) -> Gathered:
    """The same from rows; `bundles` by their ids."""
    left, usable = Counter[Left](), defaultdict[Population, list[Judged]](list)
    for case in judged:
        population = Population(case.population) if case.population else None
        if bundles[case.bundle_id] != identity:
            left[Left.OTHER_BUNDLE] += 1
        elif case.verdict not in _TOLD:
            left[Left.UNSURE] += 1
        elif not case.every_band:
            left[Left.NOT_EVERY_BAND] += 1
        elif population is None:
            left[Left.UNKNOWN if case.age_years is None else Left.OTHER_AGE] += 1
        elif only is not None and population is not only:
            left[Left.OTHER] += 1
        else:
            usable[population].append(case)
    return Gathered(REVIEWS, {who: _cases(usable[who]) for who in Population if who in usable}, dict(left))


def _cases(found: list[Judged]) -> Cases:
    return Cases(
        np.array([case.logit for case in found], np.float64),
        np.array([case.verdict is Verdict.PNEUMONIA for case in found], bool),
        tuple(case.study for case in found),
        np.array([1.0 / case.share for case in found]),
        tuple(Band(case.band) for case in found),
    )
