"""What a report says, decided without clock, disk or database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from builders.studies import NOW, RULES, queue_study, refused_image, report_inputs, waiting_image

from daemon.ledger.document import ledger_of
from daemon.ledger.moves import Reading as LedgerReading
from daemon.report.build import build_report
from daemon.report.inputs import Health, Reading, RootHealth
from daemon.triage.order import Band, Urgency
from daemon.triage.studies import gather
from db.records import WaitingImage
from db.states import RootState, State


def studied(*images: WaitingImage):  # type: ignore[no-untyped-def]
    """Studies judged by the test's points."""
    return gather(images, lambda _: RULES)


def test_a_report_lists_every_waiting_study_in_the_order_of_the_queue() -> None:
    """It puts them in order itself; the numbers of the bands add up to those that wait."""
    studies = [queue_study(1, Band.IN_TURN, -3.0), queue_study(2, Band.FIRST, 3.0), queue_study(3, Band.UNSCORED)]
    report = build_report(report_inputs(studies=studies))
    assert [(line.rank, line.study[-1]) for line in report.lines] == [(1, "2"), (2, "3"), (3, "1")]
    assert report.bands == {Band.FIRST: 1, Band.NEXT: 0, Band.IN_TURN: 1, Band.UNSCORED: 1}
    assert report.waiting == sum(report.bands.values()) == 3


def test_a_long_queue_is_cut_on_the_page_and_whole_in_the_document() -> None:
    """What the page leaves out is counted."""
    studies = [queue_study(number, Band.UNSCORED) for number in range(7)]
    report = build_report(report_inputs(studies=studies, rows=3))
    assert (len(report.lines), report.waiting) == (3, 7)
    assert (len(report.unscored), report.unscored_total) == (3, 7)
    assert len(list(report.entries())) == len(report.frame["not_scored"]) == 7


def test_what_is_overdue_stands_apart_with_what_is_allowed() -> None:
    """And in the queue as well, at the same place."""
    came = NOW - timedelta(hours=9)
    studies = [queue_study(1), queue_study(2, overdue=True, arrived_at=came), queue_study(3, Band.FIRST, 3.0)]
    report = build_report(report_inputs(studies=studies))
    [late] = report.overdue
    assert (late.line.study, late.line.rank, late.allowed) == ("S-000002", 1, timedelta(hours=8))
    assert (late.line.waiting, late.reading) == (timedelta(hours=9), timedelta(hours=9))
    assert report.lines[0] == late.line
    assert report.overdue_total == 1


def test_a_film_without_a_score_says_where_it_stands_why_and_what_to_do() -> None:
    """The kept message is a cause and a remedy; a missing one is said to be missing."""
    images = [
        waiting_image(1, 1, logit=5.0),
        refused_image(1, 2, message="the view is LL; send a frontal view", attempts=1),
        refused_image(2, 3, state=State.FAILED, code=None, message=None),
    ]
    one, two = build_report(report_inputs(studies=studied(*images))).unscored
    assert (one.rank, one.film, one.source, one.attempts) == (1, "film2.dcm", "in", 2)
    assert (one.sentence, one.remedy) == ("The view is LL.", "Send a frontal view.")
    assert (two.rank, two.state, two.code) == (2, State.FAILED, "unknown")
    assert (two.sentence, two.remedy) == ("No reason was kept.", "")


def test_only_a_study_without_any_score_shows_a_reason_in_the_queue() -> None:
    """A refused second image does not make a scored study unscored."""
    report = build_report(report_inputs(studies=studied(waiting_image(1, 1), refused_image(1, 2), refused_image(2, 3))))
    assert sorted((line.reason or "", line.images) for line in report.lines) == [("", 2), ("view", 1)]


def test_times_are_in_the_sites_zone_and_waiting_is_never_negative() -> None:
    """A clock that was set back must not show a study that arrives tomorrow as waiting less than nothing."""
    late = NOW + timedelta(hours=1)
    [line] = build_report(report_inputs(studies=[queue_study(arrived_at=late)])).lines
    assert (line.arrived_at.hour, line.waiting) == (8, timedelta())


def test_a_report_is_late_only_when_it_was_due_and_clearly_missed() -> None:
    """Two minutes after its time is on time."""
    assert build_report(report_inputs()).late_by is None
    assert build_report(report_inputs(scheduled_at=NOW - timedelta(minutes=2))).late_by is None
    late = build_report(report_inputs(scheduled_at=NOW - timedelta(hours=3)))
    assert late.late_by == timedelta(hours=3)


def test_the_account_is_held_against_the_history() -> None:
    """Ten arrivals by their history, nine by their state: that does not balance."""
    report = build_report(report_inputs(counts={State.SCORED: 9}, seen=10))
    assert report.account["balanced"] is False


def test_latency_is_told_by_median_95th_percentile_and_longest() -> None:
    """The percentile by nearest rank: the 95th of a hundred films."""
    seconds = [float(n) for n in range(100, 0, -1)]
    latency = build_report(report_inputs(health=Health(latencies=seconds))).latency
    assert latency is not None
    assert [span.total_seconds() for span in (latency.median, latency.p95, latency.longest)] == [50.5, 95.0, 100.0]
    assert build_report(report_inputs()).latency is None
    one = build_report(report_inputs(health=Health(latencies=[2.0]))).latency
    assert one is not None
    assert one.p95 == timedelta(seconds=2)


def test_reasons_stand_by_how_often_they_came() -> None:
    """Reasons that did not come are left out."""
    reasons = {(State.FAILED, "empty"): 1, (State.REFUSED, "view"): 4, (State.REFUSED, "blank"): 0}
    report = build_report(report_inputs(health=Health(reasons=reasons)))
    assert report.reasons == ((State.REFUSED, "view", 4), (State.FAILED, "empty", 1))


def test_a_source_is_named_by_as_much_of_its_path_as_tells_it_from_the_others() -> None:
    """Two folders of the same last name carry the one above as well."""
    roots = [RootHealth(path) for path in ("/a/in", "/b/in", "/c/out", "/in")]
    report = build_report(report_inputs(health=Health(roots=roots)))
    assert [root.name for root in report.roots] == ["a/in", "b/in", "out", "/in"]


def test_a_folder_that_cannot_be_seen_is_marked() -> None:
    """With what the store says about it."""
    roots = [RootHealth("/a", RootState.AWAY, "gone"), RootHealth("/b", last_film_at=NOW, films=3)]
    away, there = build_report(report_inputs(health=Health(roots=roots))).roots
    assert (away.away, away.message, away.last_film_at) == (True, "gone", None)
    assert there.last_film_at is not None
    assert (there.away, there.films, there.last_film_at.hour) == (False, 3, 7)


def test_the_ledger_is_told_where_anybody_tells_what_is_read() -> None:
    """Else the readings that are known say nothing of those that are not."""
    read = [
        LedgerReading("S-000001", None, Band.FIRST, Urgency.ROUTINE, NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    ]
    ledger = ledger_of(read, NOW - timedelta(days=1), NOW)
    inputs = report_inputs(ledger=ledger, studies=[queue_study(1, arrived_at=NOW - timedelta(days=3))])
    assert build_report(inputs).ledger is ledger
    assert build_report(replace(inputs, reading=Reading(read_lately=False))).ledger is None
