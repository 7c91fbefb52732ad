"""Section E: what readers found against what the order said, alarms, and the low films that are to be checked."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from builders.bundles import FIRST_THRESHOLD
from builders.intake import House
from builders.studies import NOW, queue_study, report_inputs
from builders.ward import NOW as STARTED
from builders.ward import Ward
from hypothesis import given
from hypothesis import strategies as st

from daemon.report.build import Report, build_report
from daemon.report.data import render_json
from daemon.report.gather import gather
from daemon.report.pages import render_html
from daemon.report.since import Lately, drawn, since_of
from daemon.settings import Settings
from daemon.triage.hours import Shift
from daemon.triage.order import Band, QueueStudy
from daemon.triage.waits import Waits
from db import blind_cases, schema, studies
from db.lately import Word
from db.records import Arrival
from db.states import ReadSource, Verdict
from models.population import Policy

LOW, HIGH = -9.0, FIRST_THRESHOLD + 1
AT = NOW - timedelta(hours=1)


def word(number: int, verdict: Verdict, **values: Any) -> Word:
    return replace(Word(f"S-{number:06d}", verdict, "kl", "left lower lobe", AT, AT), **values)


def since(closed: list[QueueStudy], words: list[Word], **values: Any):  # type: ignore[no-untyped-def]
    told = Lately(closed, {each.study: each for each in words}, **values)
    return since_of(report_inputs(lately=told), {})


def came(number: int, band: Band, logit: float | None = 0.0, **values: Any) -> QueueStudy:
    return queue_study(number, band, logit, arrived_at=AT, **values)


def test_each_verdict_is_held_against_the_band_once() -> None:
    """Pneumonia called low is a miss; what has no band, or only an order, is held against nothing."""
    closed = [
        came(1, Band.FIRST), came(2, Band.IN_TURN), came(3, Band.NEXT), came(4, Band.IN_TURN),
        came(5, Band.UNSCORED), came(6, Band.NEXT, policy=Policy.ORDERED), came(7, Band.FIRST),
        came(8, Band.IN_TURN, blind=True), came(9, Band.FIRST),
    ]  # fmt: skip
    words = [
        word(1, Verdict.PNEUMONIA), word(2, Verdict.PNEUMONIA), word(3, Verdict.NOT), word(4, Verdict.NOT),
        word(5, Verdict.PNEUMONIA), word(6, Verdict.NOT), word(7, Verdict.UNSURE), word(8, Verdict.PNEUMONIA),
        word(9, Verdict.NOT, recorded_at=None),
    ]  # fmt: skip
    found = since(closed, words)
    assert (found.judged, found.agreed, found.disagreed, found.false_alarms) == (8, 2, 2, 1)
    assert (found.no_band, found.undecided) == (3, 1)
    [miss] = found.misses
    assert (miss.study, miss.by, miss.note) == ("S-000002", "kl", "left lower lobe")
    page = render_html(build_report(report_inputs(lately=Lately(closed, {each.study: each for each in words}))))
    assert "left lower lobe" in page
    assert "2 agreed with the order, 2 disagreed" in page


def test_alarms_are_counted_by_the_reading_hours_of_the_window() -> None:
    """Also those that still wait; a night without reading hours has no rate."""
    closed = [came(1, Band.FIRST), came(2, Band.FIRST), came(3, Band.NEXT)]
    told = Lately(closed, {"S-000001": word(1, Verdict.PNEUMONIA)}, reading=timedelta(hours=6))
    waiting = [came(4, Band.FIRST), queue_study(5, Band.FIRST, arrived_at=NOW - timedelta(days=3))]
    alarms = since_of(report_inputs(lately=told, studies=waiting), {}).alarms
    assert (alarms.studies, alarms.pneumonia, alarms.other, alarms.not_said) == (3, 1, 0, 2)
    assert alarms.per_hour == 0.5
    assert since([], [], reading=timedelta()).alarms.per_hour is None


@given(st.lists(st.tuples(st.sampled_from(Band), st.booleans()), max_size=40), st.integers(0, 6), st.booleans())
def test_what_is_to_be_checked_is_low_seen_by_nobody_and_never_blind(
    made: list[tuple[Band, bool]], number: int, flipped: bool
) -> None:
    """The same for a site and date in any order of studies; and whatever a blind case scored, the page is the same."""
    waiting = [came(n, band, blind=blind) for n, (band, blind) in enumerate(made, 1)]
    other = [replace(each, band=Band.IN_TURN if flipped else Band.FIRST) if each.blind else each for each in waiting]
    told = Lately((), {"S-000001": word(1, Verdict.NOT)}, sample=number)
    drawn_here = [since_of(report_inputs(lately=told, studies=some), {}) for some in (waiting, waiting[::-1], other)]
    assert drawn_here[0].sample == drawn_here[1].sample == drawn_here[2].sample
    assert drawn_here[0].alarms == drawn_here[2].alarms
    usable = {each.study for each in waiting if each.band is Band.IN_TURN and not each.blind} - {"S-000001"}
    names = {each.study for each in drawn_here[0].sample}
    assert names <= usable
    assert len(names) == min(number, len(usable))


def test_another_site_or_date_draws_others() -> None:
    """And each study is drawn about equally often."""
    low = [came(n, Band.IN_TURN) for n in range(1, 41)]
    times = dict.fromkeys((each.study for each in low), 0)
    for day in range(1000):
        for study in drawn(low, 4, "a", date(2026, 1, 1) + timedelta(days=day)):
            times[study.study] += 1
    assert 60 < min(times.values()) <= max(times.values()) < 145
    assert drawn(low, 4, "a", date(2026, 1, 1)) != drawn(low, 4, "b", date(2026, 1, 1))


def test_an_overdue_study_says_its_reading_time_beside_the_clock() -> None:
    """A night lies between: fifteen hours on the clock, an hour and a half of reading."""
    waits = Waits(shifts=(Shift.read("mon-sun 08:00-16:00"),))
    late = queue_study(1, overdue=True, arrived_at=datetime(2026, 11, 21, 15, 30, tzinfo=UTC))
    report = build_report(
        report_inputs(studies=[late], waits=waits, written_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    )
    [line] = report.overdue
    assert (line.line.waiting, line.reading) == (timedelta(hours=17, minutes=30), timedelta(hours=1, minutes=30))
    page = render_html(report)
    assert "17 h 30 min" in page
    assert "1 h 30 min" in page


def written(house: House) -> Report:
    span = (STARTED - timedelta(hours=12), STARTED + timedelta(hours=12))
    with house.store.read() as tx:
        inputs = gather(tx, Settings(), date(2026, 11, 25), span, span[1], span[1], house.identity)
    return build_report(inputs)


def test_the_store_tells_what_was_found_and_what_nobody_read(house: House) -> None:
    """By a verdict, revised or late; of expired studies each is named."""
    with house.store.write() as tx:
        ward = Ward(tx, STARTED)
        films = [ward.film(n, LOW if n % 2 else HIGH) for n in range(1, 7)]
        judge(tx, films[0], Verdict.NOT)
        judge(tx, films[0], Verdict.PNEUMONIA, by="mn", note="PLANTED note")
        judge(tx, films[1], Verdict.PNEUMONIA)
        studies.add_read(
            tx, films[2].study_id or 0, read_at=ward.now, now=ward.now + timedelta(hours=1), source=ReadSource.EXPIRED
        )
    report = written(house)
    found = report.since
    assert (found.judged, found.agreed, found.false_alarms) == (2, 1, 0)
    assert [(miss.by, miss.note) for miss in found.misses] == [("mn", "PLANTED note")]
    assert [gone.accession for gone in found.expired] == ["PLANTED-accession-3"]
    assert {low.study for low in found.sample} == {"S-000003", "S-000005"}
    assert (found.alarms.studies, found.alarms.pneumonia) == (3, 1)
    facts = json.loads("".join(render_json(report)))["report"]["since"]
    assert (facts["disagreed"], facts["misses"][0]["note"]) == (1, "PLANTED note")
    assert facts["never_marked_read"][0]["study"] == "S-000003"


def test_a_verdict_does_not_tell_the_score_of_a_blind_case_with_the_same_content(house: House) -> None:
    """Its own study is compared with no band, listed nowhere, and the case itself is drawn by nobody."""
    with house.store.write() as tx:
        ward = Ward(tx, STARTED)
        case, twin = ward.film(1, LOW), ward.film(2, LOW)
        tx.execute(schema.arrival.update().where(schema.arrival.c.id == twin.id).values(sha256=case.sha256))
        assert case.study_id is not None
        blind_cases.add(tx, case.study_id, case.id, band="in_turn", share=1.0, every_band=True, now=ward.now)
        judge(tx, twin, Verdict.PNEUMONIA)
    report = written(house)
    assert (report.since.judged, report.since.no_band, report.since.misses) == (1, 1, ())
    assert report.since.sample == ()
    assert not re.search(r"called low", render_html(report).partition("Since yesterday")[2].partition("Health")[0])


def judge(tx: Any, film: Arrival, verdict: Verdict, **values: Any) -> None:
    assert film.study_id is not None
    studies.add_review(tx, film.study_id, verdict, STARTED + timedelta(hours=1), **values)
