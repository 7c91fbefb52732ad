"""Judging and keeping: into a real store, with few films, and what the queue shows then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from builders.acceptance import drawn_cases, made_cases
from builders.bundles import tiny_bundle
from builders.ward import Ward

from daemon.acceptance.accepting import Points, accept
from daemon.acceptance.asked import in_force
from daemon.acceptance.cases import Cases, Least
from daemon.acceptance.document import kept_document
from daemon.acceptance.gathered import REVIEWS, Gathered, Left
from daemon.acceptance.lines import changes_line, decision_lines, gathered_lines, judgement_lines, kept_lines
from daemon.acceptance.standing import Ground
from daemon.errors import DaemonError
from daemon.settings import Settings
from daemon.waiting import queue_of
from db import acceptances
from db.store import Store, open_store
from models.bundle import Bundle, read_bundle
from models.population import Population

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ADULTS = Population.ADULTS
FEW = Least(40, 60)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Next from 0, first from 1."""
    return read_bundle(tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "t.db"), create=True) as store:
        yield store


def films(cases: Cases | None = None, **values: object) -> Gathered:
    found = made_cases(np.random.default_rng(7), 60, 120, shift=-1.0) if cases is None else cases
    return Gathered("folder", {ADULTS: found}, **values)  # type: ignore[arg-type]


def judged(store: Store, bundle: Bundle, gathered: Gathered, points: Points = Points.BUNDLE, **values: object):
    given = {"least": FEW, "draws": 40, **values}
    return accept(store, Settings(), bundle, gathered, points, "KL", NOW, **given)  # type: ignore[arg-type]


def rows(store: Store) -> list[acceptances.AcceptanceRow]:
    with store.read() as tx:
        return acceptances.every(tx)


def test_too_few_films_are_counted_and_nothing_is_judged_or_kept(store: Store, bundle: Bundle) -> None:
    few = films(made_cases(np.random.default_rng(0), 39, 59))
    outcome = judged(store, bundle, few)
    assert outcome.missing == (
        "adults: there are 39 with pneumonia and 59 without; it takes 1 more with pneumonia and 1 more without",
    )
    assert (outcome.document["judged"], outcome.accepted, rows(store)) == ({}, False, [])
    nothing = judged(store, bundle, Gathered("folder", {}), asked=ADULTS)
    assert "it takes 40 more with pneumonia and 60 more without" in nothing.missing[0]
    assert len(judged(store, bundle, Gathered("folder", {})).missing) == 2
    enough = judged(store, bundle, films(), least=Least(100, 300))
    assert enough.missing


def test_one_population_that_lacks_films_keeps_the_other_from_being_judged(store: Store, bundle: Bundle) -> None:
    both = Gathered("folder", {**films().cases, Population.CHILDREN: made_cases(np.random.default_rng(0), 2, 2)})
    assert [line.split(":")[0] for line in judged(store, bundle, both).missing] == ["children"]
    assert rows(store) == []


def test_a_point_that_misses_is_not_accepted_and_that_is_kept(store: Store, bundle: Bundle) -> None:
    outcome = judged(store, bundle, films())
    assert not outcome.accepted
    assert "sensitivity" in outcome.document["judged"]["adults"]["reasons"][0]
    [row] = rows(store)
    assert (row.accepted, row.points, row.by, row.source) == (False, None, "KL", "folder")
    with store.read() as tx:
        assert in_force(tx, NOW).standings[ADULTS].ground is Ground.FAILED


def test_a_refit_moves_bands_and_probabilities_until_it_is_revoked_or_lapses(store: Store, bundle: Bundle) -> None:
    """Everything that reads the queue; the bundle's films in the ward lie at -1, below its own threshold."""
    with store.write() as tx:
        ward = Ward(tx, NOW - timedelta(hours=1), bundle)
        ward.film(1, -1.0)
        ward.film(2, 3.0)
    before = shown(store)
    outcome = judged(store, bundle, films(), Points.REFIT)
    assert outcome.accepted
    assert outcome.document["refit_would_change"]["moves"] == [{"from": "in_turn", "to": "next", "studies": 1}]
    after = shown(store)
    assert (before["S-000001"]["band"], after["S-000001"]["band"]) == ("in_turn", "next")
    assert before["S-000002"]["probability"] != after["S-000002"]["probability"]
    assert (before["S-000002"]["accepted"], after["S-000002"]["accepted"]) == (False, True)
    assert shown(store, NOW + timedelta(days=365))["S-000001"]["band"] == "in_turn"
    assert shown(store, NOW + timedelta(days=365))["S-000001"]["accepted"] is False
    with store.write() as tx:
        assert acceptances.revoke(tx, "KL", NOW) == 1
        assert acceptances.revoke(tx, "KL", NOW) == 0
    assert shown(store) == before


def shown(store: Store, now: datetime = NOW) -> dict[str, dict[str, object]]:
    with store.read() as tx:
        queue = queue_of(tx, now, Settings().department)["queue"]
    return {
        entry["study"]: {name: entry[name] for name in ("band", "probability", "accepted", "logit")} for entry in queue
    }


def test_a_judgement_of_the_bundles_own_point_ends_an_earlier_refit(store: Store, bundle: Bundle) -> None:
    judged(store, bundle, films(), Points.REFIT)
    good = films(made_cases(np.random.default_rng(7), 60, 120, shift=1.0))
    assert judged(store, bundle, good).accepted
    with store.read() as tx:
        standing = in_force(tx, NOW).standings[ADULTS]
    assert (standing.accepted, standing.point) == (True, None)


def test_what_cannot_be_refitted_is_judged_as_it_is(store: Store, bundle: Bundle) -> None:
    turned = films(made_cases(np.random.default_rng(0), 60, 120, gap=-2.0))
    with pytest.raises(DaemonError, match="do not rise"):
        judged(store, bundle, turned, Points.REFIT)
    assert rows(store) == []
    outcome = judged(store, bundle, turned)
    assert outcome.document["judged"]["adults"]["refit"] is None
    assert "do not rise" in outcome.document["judged"]["adults"]["refit_not_possible"]


def test_reviews_propose_a_prevalence_and_set_none(store: Store, bundle: Bundle) -> None:
    cases = drawn_cases(np.random.default_rng(4), 4_000, edges=(0.0, 1.0), gap=4.0)
    outcome = judged(store, bundle, Gathered(REVIEWS, {ADULTS: cases}), Points.REFIT)
    document = outcome.document["judged"]["adults"]
    assert document["prevalence"]["among_the_films"]["value"] == pytest.approx(0.1, abs=0.03)
    assert document["prevalence"]["of_the_site"] is True
    assert document["prevalence"]["stated_at"] == 0.5  # of the bundle's calibration: nobody has set another
    [row] = rows(store)
    assert json.loads(row.points or "")["calibration"]["prevalence"] == 0.5
    assert "write [prevalence] adults =" in "\n".join(judgement_lines("adults", document))


def test_a_person_is_told_all_of_it(store: Store, bundle: Bundle) -> None:
    outcome = judged(store, bundle, films(left_out={Left.REFUSED: 3}, codes={"view": 3}), Points.REFIT)
    document = outcome.document
    json.dumps(document, allow_nan=False)
    text = "\n".join(gathered_lines(document))
    assert "3 left out: refused" in text
    assert "patients are not known" in text
    side = document["judged"]["adults"]
    said = "\n".join([*judgement_lines("adults", side), *decision_lines("adults", side, "the refitted points")])
    for words in ("the bundle as it is", "cross-validated", "PPV", "missed in 1,000", "says nothing of this"):
        assert words in said
    assert changes_line(document["refit_would_change"]) == "no study with a score waits"
    [row] = rows(store)
    assert "accepted, refitted points" in "\n".join(kept_lines(kept_document(row)))
    assert "?" not in "\n".join(kept_lines(kept_document(row)))
