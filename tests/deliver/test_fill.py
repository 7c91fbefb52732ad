"""What is put into the outbox: each report once, each urgent study once, and no more in an hour than is set."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from builders.studies import queue_study, report_inputs
from builders.ward import FIRST, NOW, Ward
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from daemon.deliver.acknowledge import acknowledge
from daemon.deliver.fill import HOUR, announce_report, announce_urgent, beat, is_urgent, plan, settle
from daemon.deliver.receivers import name_of
from daemon.deliver.settings import DeliverSettings, MailSettings, UrgentSettings, WebhookSettings
from daemon.errors import DaemonError
from daemon.report.build import build_report
from daemon.triage.order import Band
from daemon.triage.site import Department
from db import instances, outbox, urgent
from db.states import NoticeKind, State

TO, SECOND = "reading@example.org", "head@example.org"
SETTINGS = DeliverSettings(
    link="https://triage.example.org/reports/",
    heartbeat_hours=24,
    mail=MailSettings(server="mx", sender="triage@example.org", to=(TO, "ward@example.org")),
    webhook=WebhookSettings(url="https://hook.example.org/", secret_file="secret"),
    urgent=UrgentSettings(enabled=True, to=(TO,), per_hour=2, acknowledge_minutes=30, escalate_to=(SECOND,)),
)
SITE = Department()
MINUTE = timedelta(minutes=1)

NOT_ACCEPTED = "not accepted at this site: nobody has tested the bundle on this site's own films"


def kinds(tx: Connection) -> list[NoticeKind]:
    return [notice.kind for notice, _ in reversed(outbox.last(tx, 99))]


def announce(tx: Connection, now: datetime = NOW) -> int:
    return announce_urgent(tx, SETTINGS, SITE, now)


def test_a_report_is_told_once_to_each_with_counts_and_a_link(tx: Connection) -> None:
    """However often it is written; of another date, again."""
    studies = (queue_study(1, Band.FIRST), queue_study(2, Band.UNSCORED), queue_study(3, overdue=True))
    report = build_report(report_inputs(studies=studies))
    for _ in range(2):
        announce_report(tx, SETTINGS, report, NOW)
    ((notice, deliveries),) = outbox.last(tx, 9)
    assert json.loads(notice.payload) == {
        "date": "2026-11-22",
        "waiting": {"first": 1, "next": 1, "in_turn": 0, "unscored": 1},
        "overdue": 1,
        "not_scored": 1,
        "balanced": True,
        "acceptance": NOT_ACCEPTED,
        "link": "https://triage.example.org/reports/2026-11-22/",
    }
    told = [(str(each.channel), each.target) for each in deliveries]
    assert told == [("mail", name_of(TO)), ("mail", name_of("ward@example.org")), ("webhook", "")]


def test_without_a_way_to_tell_nothing_is_put_in(tx: Connection) -> None:
    announce_report(tx, DeliverSettings(), build_report(report_inputs()), NOW)
    assert outbox.last(tx, 9) == []


def test_a_study_of_the_band_first_is_told_of_once(tx: Connection, ward: Ward) -> None:
    ward.film(1)
    assert announce(tx) == 1
    assert announce(tx, NOW + MINUTE) == 0
    ((notice, deliveries),) = outbox.last(tx, 9)
    assert json.loads(notice.payload) == {
        "studies": 1,
        "acceptance": NOT_ACCEPTED,
        "link": "https://triage.example.org/reports/",
    }
    assert [each.target for each in deliveries] == [name_of(TO), ""]


@pytest.mark.parametrize(
    "film",
    [
        {"logit": 0.9},
        {"tier": "untagged"},
        {"backlog": True},
        {"marks": "processed"},
        {"at": NOW - timedelta(days=2)},
    ],
    ids=lambda film: "".join(film),
)
def test_other_studies_are_not_told_of(film: dict[str, object], tx: Connection, ward: Ward) -> None:
    """Below the band, without tags, backlog, marked, or old news."""
    ward.film(1, **film)  # type: ignore[arg-type]
    assert announce(tx) == 0


def test_what_was_read_or_taken_back_is_not_told_of(tx: Connection, ward: Ward) -> None:
    ward.read(ward.film(1), NOW)
    taken_back = ward.film(2)
    instances.withdraw(tx, [taken_back.id], taken_back.id, NOW)
    assert announce(tx) == 0


def test_is_urgent_looks_at_the_study_itself() -> None:
    """The query of the store is no more than a sieve."""
    assert is_urgent(queue_study(1, Band.FIRST, FIRST))
    for other in ({"tier": "untagged"}, {"backlog": True}, {"band": Band.NEXT}):
        assert not is_urgent(queue_study(1, **{"band": Band.FIRST, "logit": FIRST, **other}))  # type: ignore[arg-type]


def test_beyond_the_limit_one_message_says_how_many_more(tx: Connection, ward: Ward) -> None:
    """Two one by one, then one for the other three; what comes within the hour is told of after it."""
    for number in range(5):
        ward.film(number)
    assert announce(tx) == 3
    assert kinds(tx) == [NoticeKind.URGENT, NoticeKind.URGENT, NoticeKind.DIGEST]
    ((digest, _),) = outbox.last(tx, 1)
    assert json.loads(digest.payload) == {
        "studies": 3,
        "more": True,
        "acceptance": NOT_ACCEPTED,
        "link": "https://triage.example.org/reports/",
    }
    ward.film(5, at=NOW + 10 * MINUTE)
    assert announce(tx, NOW + 11 * MINUTE) == 0
    assert announce(tx, NOW + 59 * MINUTE) == 0
    assert announce(tx, NOW + 61 * MINUTE) == 1
    assert announce(tx, NOW + 62 * MINUTE) == 0
    assert kinds(tx)[3:] == [NoticeKind.URGENT]


@given(
    arrivals=st.lists(st.integers(0, 600), min_size=1, max_size=60),
    per_hour=st.integers(1, 6),
)
def test_over_any_history_nobody_is_forgotten_and_no_hour_has_more_than_its_share(
    arrivals: list[int], per_hour: int
) -> None:
    """A look a minute: each study is told of exactly once, in any hour at most N singles and one digest."""
    came = {minute: [] for minute in range(601)}
    for number, minute in enumerate(arrivals):
        came[minute].append(queue_study(number, Band.FIRST))
    waiting, singles, digests, told = [], [], [], []
    for minute in range(601 + 24 * 60):
        now = NOW + minute * MINUTE
        waiting += came.get(minute, [])
        planned = plan(waiting, singles[-per_hour:], digests[-1] if digests else None, per_hour, now)
        singles += [now] * len(planned.single)
        digests += [now] if planned.together else []
        told += [study.study for study in (*planned.single, *planned.together)]
        waiting = [study for study in waiting if study.study not in told]
    assert sorted(told) == sorted(study.study for studies in came.values() for study in studies)
    for start in singles:
        assert sum(start <= at < start + HOUR for at in singles) <= per_hour
    assert all(later - earlier >= HOUR for earlier, later in pairwise(digests))


def test_a_clock_that_is_put_back_does_not_silence_notices(tx: Connection, ward: Ward) -> None:
    for number in range(4):
        ward.film(number)
    announce(tx)
    back = NOW - timedelta(days=30)
    ward.film(9, at=back)
    assert announce(tx, back) == 1


def test_what_nobody_acknowledges_is_told_to_others_once(tx: Connection, ward: Ward) -> None:
    ward.film(1)
    announce(tx)
    assert settle(tx, SETTINGS, SITE, NOW + 29 * MINUTE) == 0
    assert settle(tx, SETTINGS, SITE, NOW + 30 * MINUTE) == 1
    assert settle(tx, SETTINGS, SITE, NOW + 90 * MINUTE) == 0
    ((_, deliveries),) = outbox.last(tx, 9)
    assert [each.target for each in deliveries if each.escalated] == [name_of(SECOND), ""]


def test_what_was_acknowledged_read_or_taken_back_is_not_told_to_others(tx: Connection, ward: Ward) -> None:
    """Of a digest: when all of it was read."""
    films = [ward.film(number) for number in range(4)]
    announce(tx)
    first, second, digest = (notice.id for notice, _ in reversed(outbox.last(tx, 9)))
    assert acknowledge(tx, first, "kl", NOW + MINUTE).acknowledged_by == "kl"
    assert acknowledge(tx, first, "mn", NOW + MINUTE).acknowledged_by == "kl"
    instances.withdraw(tx, [films[1].id], films[1].id, NOW)
    ward.read(films[2], NOW + MINUTE)
    assert settle(tx, SETTINGS, SITE, NOW + 2 * MINUTE) == 0
    assert [notice.id for notice in urgent.unsettled(tx)] == [digest]
    ward.read(films[3], NOW + MINUTE)
    assert settle(tx, SETTINGS, SITE, NOW + 31 * MINUTE) == 0
    by = {notice.id: notice.acknowledged_by for notice, _ in outbox.last(tx, 9)}
    assert by == {first: "kl", second: "read", digest: "read"}


def test_only_urgent_notices_can_be_acknowledged(tx: Connection) -> None:
    announce_report(tx, SETTINGS, build_report(report_inputs()), NOW)
    for number in (1, 2):
        with pytest.raises(DaemonError, match=f"no urgent notice has the number {number}"):
            acknowledge(tx, number, None, NOW)


def test_a_sign_of_life_is_given_now_and_then(tx: Connection) -> None:
    """Also after the clock was put back; never where none is asked for."""
    for hours in (0, 1, 23, 24, 25, 48):
        beat(tx, SETTINGS, "running", NOW + timedelta(hours=hours))
    assert len(outbox.last(tx, 99)) == 3
    beat(tx, SETTINGS, "running", NOW - timedelta(days=99))
    beat(tx, SETTINGS, "running", NOW - timedelta(days=99) + MINUTE)
    assert len(outbox.last(tx, 99)) == 4
    beat(tx, DeliverSettings(), "running", NOW + timedelta(days=99))
    assert len(outbox.last(tx, 99)) == 4


def test_states_of_the_sieve_are_those_of_the_store(tx: Connection, ward: Ward) -> None:
    """A film that is not scored gives no notice."""
    arrival = ward.film(1)
    assert arrival.state is State.SCORED
    tx.exec_driver_sql("UPDATE arrival SET state = 'failed'")
    assert announce(tx) == 0
