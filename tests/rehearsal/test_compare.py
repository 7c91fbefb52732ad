"""The same studies read by two sets of rules: what each group waits, who moved, who was overdue."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from builders.studies import NOW, queue_study
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.rehearsal.compare import Comparison, Way, compared
from daemon.rehearsal.document import document, lines
from daemon.triage.order import Band, QueueStudy, Urgency
from daemon.triage.waits import Waits


def minute(number: float) -> datetime:
    """A moment."""
    return NOW + timedelta(minutes=number)


LIMIT = Waits(limits=dict.fromkeys(Urgency, timedelta(minutes=25)))
NEVER = Waits(limits=dict.fromkeys(Urgency, timedelta(days=9)))


def came(number: int, at: float, band: Band, **values: object) -> QueueStudy:
    return queue_study(number, band, None if band is Band.UNSCORED else 1.0, arrived_at=minute(at), **values)


def told(
    one: list[QueueStudy],
    two: list[QueueStudy],
    read_at: dict[str, datetime],
    pneumonia: dict[str, bool] | None = None,
    waits: tuple[Waits, Waits] = (NEVER, NEVER),
) -> Comparison:
    return compared(one, two, read_at, pneumonia or {}, waits, lambda done, total: None)


def three() -> tuple[list[QueueStudy], list[QueueStudy], dict[str, datetime]]:
    """Came at 0, 1, 2; read at 10, 20, 30 as they came. The rules put the last one first; others put it last."""
    one = [came(1, 0, Band.NEXT), came(2, 1, Band.NEXT), came(3, 2, Band.FIRST)]
    two = [*one[:2], replace(one[2], band=Band.IN_TURN)]
    return one, two, {study.study: minute(10 * n) for n, study in enumerate(one, 1)}


def test_each_group_has_its_waits_by_each_way() -> None:
    """By hand: the first study waits 28 minutes as it was read, 8 by the rules, 28 by the others."""
    one, two, read_at = three()
    found = told(one, two, read_at, {one[2].study: True, one[0].study: False})
    assert [found.waits["first"][way].mean for way in Way] == [28, 8, 28]
    assert [found.waits["pneumonia"][way].longest for way in Way] == [28, 8, 28]
    assert [found.waits["not"][way].mean for way in Way] == [10, 20, 10]
    assert [found.waits["next"][way].p95 for way in Way] == [19, 29, 19]
    assert found.studies == {"all": 3, "first": 1, "next": 2, "routine": 3, "pneumonia": 1, "not": 1}


def test_what_moved_and_what_changed_its_band_is_counted() -> None:
    """From the rules as they are to the others: one by two places, two by one."""
    one, two, read_at = three()
    found = told(one, two, read_at)
    assert found.bands == {("first", "in_turn"): 1}
    assert (found.moves.studies, found.moves.most_places, found.moves.most_minutes) == (3, 2, 20)
    assert found.moves.places == pytest.approx(4 / 3)
    raised = [replace(study, urgency=Urgency.STAT) for study in one]
    assert told(one, raised, read_at).urgencies == 3


def test_overdue_goes_by_the_limits_as_they_are() -> None:
    """25 minutes: the last slot is 28 to 30 after every arrival; who has it is overdue, whatever the others allow."""
    one, two, read_at = three()
    found = told(one, two, read_at, waits=(LIMIT, NEVER))
    assert found.overdue == {Way.READ: [one[2].study], Way.RULED: [one[1].study], Way.OTHERWISE: [one[2].study]}


def test_other_waits_move_what_the_same_bands_would_not() -> None:
    """All overdue: by arrival. None overdue: the two `first` ones lead."""
    one = [came(1, 0, Band.NEXT), came(2, 1, Band.FIRST), came(3, 2, Band.FIRST)]
    read_at = {study.study: minute(90 + n) for n, study in enumerate(one)}
    found = told(one, one, read_at, waits=(NEVER, LIMIT))
    assert [found.waits["next"][way].mean for way in Way] == [90, 92, 90]
    assert found.overdue[Way.OTHERWISE] == []  # by the limits as they are


def test_blind_and_observed_studies_are_in_no_band() -> None:
    """Nobody is to learn one, and the other ranks nothing."""
    bare = came(1, 0, Band.UNSCORED)
    watched = came(2, 0, Band.UNSCORED)
    watched = replace(watched, images=tuple(replace(image, observed=True) for image in watched.images))
    studies = [replace(bare, blind=True), watched, came(3, 0, Band.UNSCORED)]
    found = told(studies, studies, {study.study: minute(9) for study in studies})
    assert found.studies == {"all": 3, "unscored": 1, "blind": 1, "observed": 1, "routine": 3}


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(Band), st.integers(0, 30)), max_size=25))
@settings(max_examples=40)
def test_waits_sum_to_the_same_by_all_rules_and_the_same_rules_move_nobody(rows: list[tuple[int, Band, int]]) -> None:
    """The slots are the same; so is the mean over all studies."""
    one = [came(number, at, band) for number, (at, band, _) in enumerate(rows)]
    two = [replace(study, band=Band.UNSCORED, logit=None) for study in one]
    read_at = {study.study: minute(row[0] + row[2]) for study, row in zip(one, rows, strict=True)}
    found = told(one, two, read_at, waits=(LIMIT, NEVER))
    if rows:
        means = [found.waits["all"][way].mean for way in Way]
        assert means == pytest.approx([means[0]] * 3)
    same = told(one, one, read_at, waits=(LIMIT, LIMIT))
    assert (same.moves.studies, same.bands, same.urgencies) == (0, {}, 0)
    assert same.overdue[Way.RULED] == same.overdue[Way.OTHERWISE]


def test_it_is_told_in_words_and_as_data() -> None:
    """And a span in which nothing was read is no error."""
    one, two, read_at = three()
    span = (minute(0), minute(60))
    found = told(one, two, read_at, {one[2].study: True}, (LIMIT, NEVER))
    said = json.loads(json.dumps(document(found, span, {"config": "other.toml"}, minute(60))))
    assert said["groups"]["first"]["as_ruled"] == {"mean": 8.0, "p95": 8.0, "longest": 8.0}
    assert said["band_changes"] == [{"from": "first", "to": "in_turn", "studies": 1}]
    text = "\n".join(lines(said, found, span, ZoneInfo("Europe/Vienna")))
    for part in ("28 -> 8 -> 28", "verdict: pneumonia", "band first -> in turn: 1", "1 -> 1 -> 1", one[2].study):
        assert part in text
    nothing = told([], [], {})
    empty = document(nothing, span, {}, minute(60))
    assert empty["groups"] == {}
    assert "0 studies" in "\n".join(lines(empty, nothing, span, ZoneInfo("UTC")))
