"""Results, bundles, reports and runs: each row is there once and comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection

from db import history, reports, results, runs, studies, window
from db.errors import StoreError
from db.records import ReportRow
from db.states import ReadSource, RunKind, State
from db.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def use(tx: Connection, document: str, now: datetime = NOON, name: str = "tiny") -> int:
    return results.ensure_bundle(tx, model_sha256="m", name=name, preprocessing=1, document=document, now=now)


def test_a_bundle_is_kept_once_for_each_document(tx: Connection):
    """New thresholds for the same model are another bundle: old scores keep theirs."""
    one = use(tx, '{"a": 1}')
    two = use(tx, '{"a": 2}', NOON + HOUR)
    assert use(tx, '{"a": 1}', NOON + 2 * HOUR) == one != two
    assert use(tx, '{"a": 1}', name="other") not in {one, two}
    newest = results.newest_bundle(tx)
    assert newest is not None
    assert (newest.id, newest.document, newest.first_used_at) == (two, '{"a": 2}', NOON + HOUR)
    assert results.bundles(tx)[two] == newest
    assert len(results.bundles(tx)) == 3


def test_a_store_without_bundles_has_no_newest(tx: Connection):
    """None, not an error."""
    assert results.newest_bundle(tx) is None
    assert results.bundles(tx) == {}


def test_a_score_is_found_by_content_model_and_preprocessing(tx: Connection):
    """All three; the map comes back byte for byte."""
    bundle_id = use(tx, "{}")
    kept = results.add(
        tx,
        content_sha256="c",
        model_sha256="m",
        preprocessing=1,
        logit=-0.1234567890123,
        map=b"\0\xff",
        bundle_id=bundle_id,
        scored_at=NOON,
        milliseconds=5.25,
        unlikeness=-7.5,
    )
    assert results.find(tx, "c", "m", 1) == kept == results.get(tx, kept.id)
    assert (kept.logit, kept.map, kept.milliseconds, kept.unlikeness) == (-0.1234567890123, b"\0\xff", 5.25, -7.5)
    for other in (("d", "m", 1), ("c", "n", 1), ("c", "m", 2)):
        assert results.find(tx, *other) is None
    assert results.get(tx, 99) is None


def test_the_same_content_is_never_scored_twice(store: Store, films):
    """The database itself refuses it."""
    films.result("c")
    films.tx.commit()

    def again() -> None:
        with store.write() as tx:
            results.add(
                tx,
                content_sha256="c",
                model_sha256="m" * 64,
                preprocessing=1,
                logit=0.0,
                map=None,
                bundle_id=films.bundle_id,
                scored_at=NOON,
                milliseconds=1.0,
            )

    with pytest.raises(StoreError, match="UNIQUE"):
        again()


def night(day: int, site: str = "") -> ReportRow:
    return ReportRow(
        site=site,
        report_date=date(2026, 11, day),
        window_start=NOON - 24 * HOUR,
        window_end=NOON,
        scheduled_at=None,
        written_at=NOON + HOUR,
        folder="/out/\udcff",
        formats="html,csv",
    )


def test_a_report_takes_the_place_of_the_one_of_its_date(tx: Connection):
    """For each site."""
    first = reports.upsert(tx, night(22))
    assert first == replace(night(22), id=first.id) == reports.find(tx, "", date(2026, 11, 22))
    again = reports.upsert(tx, replace(night(22), formats="json", scheduled_at=NOON, id=77))
    assert again == replace(first, formats="json", scheduled_at=NOON)
    other = reports.upsert(tx, night(22, "north"))
    newer = reports.upsert(tx, night(23))
    older = reports.upsert(tx, night(21))
    assert reports.last(tx, 10) == [newer, other, again, older]
    assert reports.last(tx, 1) == [newer]
    assert reports.find(tx, "south", date(2026, 11, 22)) is None


def test_the_newest_run_says_whether_it_ended_in_order(tx: Connection, films):
    """Without an end it is at work, or was cut off."""
    assert runs.last(tx) is None
    cut_off = runs.start(tx, RunKind.WATCH, pid=7, host="ward-1", now=NOON, bundle_id=films.bundle_id)
    runs.beat(tx, cut_off.id, NOON + HOUR)
    assert runs.last(tx) == replace(cut_off, heartbeat_at=NOON + HOUR)
    run = runs.start(tx, RunKind.SCAN, pid=8, host="ward-1", now=NOON + 2 * HOUR)
    runs.stop(tx, run.id, NOON + 3 * HOUR)
    assert runs.last(tx) == replace(run, heartbeat_at=NOON + 3 * HOUR, stopped_at=NOON + 3 * HOUR)


def test_a_span_counts_from_its_start_up_to_its_end(films):
    """What came at the end belongs to the next one."""
    tx, span = films.tx, (NOON, NOON + HOUR)
    first = films.scored("a", now=NOON)
    films.ended("b", State.REFUSED, now=NOON + HOUR / 2)
    films.scored("c", now=NOON + HOUR)
    films.scored("d", now=NOON - HOUR)
    studies.add_read(tx, first.study_id, read_at=NOON, now=NOON, source=ReadSource.COMMAND)
    studies.add_read(tx, first.study_id, read_at=NOON, now=NOON, source=ReadSource.COMMAND)
    studies.add_read(tx, first.study_id + 1, read_at=NOON, now=NOON + HOUR, source=ReadSource.COMMAND)
    assert window.arrived(tx, *span) == 2
    assert window.arrivals_by_root(tx, *span) == {films.root.id: 2}
    assert window.newest_by_root(tx) == {films.root.id: NOON + HOUR}
    assert window.studies_read(tx, *span) == 1
    assert window.reasons(tx, *span) == {(State.REFUSED, "view"): 1}
    assert sorted(window.latencies(tx, NOON - HOUR, NOON + HOUR)) == [0.0, 3600.0]


def test_the_history_knows_its_arrivals_by_itself(films):
    """It is compared with them, so it must not look at them."""
    films.seen("a")
    films.scored("b")
    films.tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    films.tx.exec_driver_sql("DELETE FROM arrival")
    assert history.arrivals_known(films.tx) == 2
    steps = {(line.from_state, line.to_state) for line in history.steps_taken(films.tx)}
    assert steps == {
        (State.SEEN, State.SETTLING),
        (State.SETTLING, State.READY),
        (State.READY, State.RUNNING),
        (State.RUNNING, State.SCORED),
    }
    films.tx.rollback()


def test_figures_of_a_night_stay_when_somebody_asks_for_its_report_again(tx: Connection) -> None:
    """That one covers another window; what the schedule counted is kept, and given by date."""
    reports.upsert(tx, replace(night(22), figures='{"arrived": 7}'))
    reports.upsert(tx, replace(night(22), formats="json"))
    reports.upsert(tx, night(23))
    assert reports.figures(tx, "", date(2026, 11, 1), date(2026, 11, 30)) == {date(2026, 11, 22): '{"arrived": 7}'}
    assert reports.figures(tx, "other", date(2026, 11, 1), date(2026, 11, 30)) == {}
    assert reports.figures(tx, "", date(2026, 11, 23), date(2026, 11, 30)) == {}
