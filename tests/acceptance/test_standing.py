"""How a bundle stands at a site: what a judgement means, for how long, for which bundle, and by which points."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from builders.acceptance import POINT, acceptance_row, refitted_row
from builders.studies import BUNDLE, NOW, POINTS
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.acceptance.rules import rules_under
from daemon.acceptance.standing import HOLDS_FOR, Acceptance, Ground, Identity, acceptance_of, standing_of
from daemon.acceptance.words import acceptance_document, sentence, told_outside, warnings
from daemon.triage.order import Band
from db.acceptances import AcceptanceRow
from models.population import Policy, Population

HERE = Identity.of(BUNDLE)
OTHER = Identity("f" * 64, HERE.document_sha256)
ADULTS, CHILDREN = Population.ADULTS, Population.CHILDREN
ZONE = ZoneInfo("Europe/Vienna")
SECOND = timedelta(seconds=1)


def ground(*rows: AcceptanceRow, at=NOW, identity: Identity | None = HERE) -> Ground:
    return standing_of(rows, identity, ADULTS, at).ground


def test_nothing_is_accepted_before_somebody_judged() -> None:
    assert ground() is Ground.NEVER
    assert ground(acceptance_row(population="children")) is Ground.NEVER
    assert ground(acceptance_row(), identity=None) is Ground.OTHER_BUNDLE


def test_an_acceptance_lapses_at_exactly_a_year() -> None:
    assert ground(acceptance_row(), at=NOW + HOLDS_FOR - SECOND) is Ground.ACCEPTED
    assert ground(acceptance_row(), at=NOW + HOLDS_FOR) is Ground.LAPSED
    assert timedelta(days=365) == HOLDS_FOR


@pytest.mark.parametrize("change", ["model_sha256", "document_sha256"])
def test_another_model_or_another_document_ends_it_and_going_back_brings_it_back(change: str) -> None:
    """A threshold that was changed in bundle.json is another bundle."""
    other = replace(HERE, **{change: "e" * 64})
    assert ground(acceptance_row(), identity=other) is Ground.OTHER_BUNDLE
    assert ground(acceptance_row(), identity=HERE) is Ground.ACCEPTED


def test_the_newest_judgement_decides_and_a_revoked_one_counts_for_nothing() -> None:
    good, bad = acceptance_row(), acceptance_row(id=2, accepted=False, at=NOW + SECOND)
    assert ground(good, bad) is Ground.FAILED
    assert ground(bad, good) is Ground.ACCEPTED
    assert ground(good, replace(bad, revoked_at=NOW)) is Ground.ACCEPTED
    assert ground(replace(good, revoked_at=NOW)) is Ground.REVOKED
    assert ground(replace(good, revoked_at=NOW), identity=OTHER) is Ground.NEVER  # nothing was lost with the bundle


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"threshold": 1}', '{"threshold": NaN}', "\0", "null"])
def test_a_refitted_point_that_a_hand_has_damaged_is_not_used(text: str) -> None:
    standing = standing_of([acceptance_row(points=text)], HERE, ADULTS, NOW)
    assert (standing.ground, standing.point, standing.dropped) == (Ground.DAMAGED, None, True)


def test_a_refit_is_applied_to_its_own_bundle_and_dropped_loudly_when_it_lapses() -> None:
    row = refitted_row()
    now = acceptance_of([row], HERE, POINTS, NOW)
    assert now.applied(POINTS, HERE)[ADULTS].threshold == POINT["threshold"]
    assert now.applied(POINTS, HERE)[CHILDREN] == POINTS[CHILDREN]
    assert now.applied(POINTS, OTHER) == POINTS
    assert list(warnings(now, ZONE)) == []
    for then in (acceptance_of([row], HERE, POINTS, NOW + HOLDS_FOR), acceptance_of([row], OTHER, POINTS, NOW)):
        assert then.applied(POINTS, HERE) == POINTS
        [loud] = warnings(then, ZONE)
        assert "Films of adults are judged by the bundle's own points again" in loud
        assert "no longer applied" in sentence(then, ZONE)
    revoked = acceptance_of([replace(row, revoked_at=NOW)], HERE, POINTS, NOW)
    assert list(warnings(revoked, ZONE)) == []  # somebody wanted that


def test_bands_and_probabilities_come_from_the_refitted_point() -> None:
    stands = acceptance_of([refitted_row()], HERE, POINTS, NOW)
    before, after = (rules_under(POINTS, {}, HERE, each) for each in (Acceptance(), stands))
    assert before.judged(-0.8, ADULTS, None).band is Band.NEXT
    assert after.judged(-0.8, ADULTS, None).band is Band.IN_TURN
    assert after.judged(1.6, ADULTS, None).band is Band.FIRST
    assert after.judged(0.3, ADULTS, None).probability != before.judged(0.3, ADULTS, None).probability
    assert [after.judged(0.0, who, None).accepted for who in (ADULTS, CHILDREN, None)] == [True, False, False]
    both = acceptance_of([refitted_row(), acceptance_row(population="children")], HERE, POINTS, NOW)
    assert rules_under(POINTS, {}, HERE, both).judged(0.0, None, None).accepted
    assert not rules_under(POINTS, {}, OTHER, both).judged(0.0, ADULTS, None).accepted


def test_where_a_population_is_only_ordered_a_refit_calls_nothing_low_or_first() -> None:
    ordered = {**POINTS, ADULTS: POINTS[ADULTS].ordered()}
    stands = acceptance_of([refitted_row()], HERE, ordered, NOW)
    point = stands.applied(ordered, HERE)[ADULTS]
    assert point.policy is Policy.ORDERED
    assert (point.threshold, point.first_threshold) == (float("-inf"), float("inf"))
    assert point.calibration.slope == POINT["calibration"]["slope"]  # type: ignore[index]


def test_what_is_said_names_the_person_to_the_house_and_to_nobody_else() -> None:
    """The date is the site's: 6 o'clock in UTC is the same day in Vienna, a minute to midnight is not."""
    late = acceptance_row(at=NOW.replace(hour=23, minute=59), by="Planted Name")
    stands = acceptance_of([late], HERE, [ADULTS], NOW)
    words = "accepted at this site on 23 Nov 2026 by Planted Name on 412 films (lapses 23 Nov 2027)"
    assert sentence(stands, ZONE) == words
    assert told_outside(stands, ZONE) == words.replace(" by Planted Name", "")
    assert acceptance_document(stands, ZONE)["accepted"] is True
    both = acceptance_of([late], HERE, POINTS, NOW)
    assert sentence(both, ZONE).startswith("children: not accepted at this site: nobody")
    assert "; adults: accepted at this site" in sentence(both, ZONE)
    assert not both.whole
    assert sentence(Acceptance(), ZONE).startswith("not accepted at this site")


ROWS = st.builds(
    acceptance_row,
    accepted=st.booleans(),
    population=st.sampled_from(["adults", "children"]),
    at=st.integers(0, 800).map(lambda days: NOW - timedelta(days=days)),
    model_sha256=st.sampled_from([BUNDLE.model_sha256, "f" * 64]),
    revoked_at=st.sampled_from([None, NOW]),
)


@settings(max_examples=60)
@given(st.lists(ROWS, max_size=6))
def test_over_any_history_only_a_valid_judgement_of_this_bundle_accepts(rows: list[AcceptanceRow]) -> None:
    stands = acceptance_of(rows, HERE, POINTS, NOW)
    for who, standing in stands.standings.items():
        valid = [r for r in rows if r.population == who and Identity.of(r) == HERE and r.revoked_at is None]
        expected = bool(valid) and valid[-1].accepted and valid[-1].at + HOLDS_FOR > NOW
        assert standing.accepted == expected
        assert ("lapses" in sentence(Acceptance(HERE, {who: standing}), ZONE)) == expected
