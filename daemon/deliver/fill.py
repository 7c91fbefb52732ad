"""Puts into the outbox what somebody outside is to be told: a report, urgent studies, a sign of life.

The report's notice is put in by the daemon, in the transaction of the report's row. Urgent studies are found by the
process that delivers, which looks at the store every few seconds: the intake knows nothing of it, and what came while
nobody delivered is still told of, once, since a study that was told of has a row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from daemon.acceptance.asked import in_force
from daemon.acceptance.words import told_outside
from daemon.deliver import receivers
from daemon.deliver.settings import DeliverSettings
from daemon.deliver.times import is_over
from daemon.deliver.words import link_to
from daemon.triage.order import UNTAGGED, Band, QueueStudy
from daemon.triage.site import Department
from db import outbox, urgent
from db.states import NoticeKind

if TYPE_CHECKING:
    from daemon.report.build import Report

LOOK_BACK: Final = timedelta(days=1)  # what arrived before is old news, also when notices are first turned on
HOUR: Final = timedelta(hours=1)
BY_READING: Final = "read"


def announce_report(tx: Connection, settings: DeliverSettings, report: Report, now: datetime) -> None:
    """Tell that the report of a date is written; once, however often it is written."""
    targets = receivers.ordinary(settings)
    if not targets:
        return
    date = report.report_date.isoformat()
    payload = {
        "date": date,
        "waiting": {str(band): studies for band, studies in report.bands.items()},
        "overdue": sum(study.overdue for study in report.studies),
        "not_scored": report.unscored_total,
        "balanced": bool(report.account["balanced"]),
        "acceptance": report.told_outside,
        "link": link_to(settings.link, date),
    }
    outbox.add(tx, NoticeKind.REPORT, f"report {date} {report.site}", json.dumps(payload), targets, now)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which urgent studies are told of one by one, and which in one message together."""

    single: Sequence[QueueStudy]
    together: Sequence[QueueStudy]


def is_urgent(study: QueueStudy) -> bool:
    """Whether somebody is to be told of a waiting study at once: a score that may be believed, and no old film."""
    believed = study.band is Band.FIRST and study.tier != UNTAGGED and not study.images[0].marks
    return believed and not study.backlog and not study.withdrawn


def plan(
    studies: Sequence[QueueStudy],
    told_at: Sequence[datetime],
    digest_at: datetime | None,
    per_hour: int,
    now: datetime,
) -> Plan:
    """Spread urgent studies: at most `per_hour` messages of one study, and one of all others, in any hour.

    Args:
        studies: of which nobody was told yet, the earliest first.
        told_at: when the newest `per_hour` messages of one study were put in.
        digest_at: when the newest message of several was; what it left over is told of an hour later.
        per_hour: messages of one study.
        now: aware.
    """
    left = max(0, per_hour - sum(not is_over(at, HOUR, now) for at in told_at))
    silent = digest_at is not None and not is_over(digest_at, HOUR, now)
    if silent:  # the hour has had its digest, and a single one after it would say less than it did
        return Plan((), ())
    return Plan(studies[:left], studies[left:])


def urgent_studies(tx: Connection, department: Department, now: datetime) -> list[QueueStudy]:
    """Studies of the band `first` that wait and that nobody was told of, the earliest first.

    0.12 s with 33,000 studies waiting, 3,000 of them of the last day (2 shared cores).
    """
    from daemon.waiting import waiting_studies

    found = [
        study for study in waiting_studies(tx, department, now, urgent.unannounced(now - LOOK_BACK)) if is_urgent(study)
    ]
    return sorted(found, key=lambda study: (study.arrived_at, study.study))


def announce_urgent(tx: Connection, settings: DeliverSettings, department: Department, now: datetime) -> int:
    """Tell of urgent studies that nobody was told of; how many messages that makes."""
    found = urgent_studies(tx, department, now)
    if not found:
        return 0
    per_hour, digests = settings.urgent.per_hour, outbox.newest(tx, NoticeKind.DIGEST, 1)
    told = outbox.newest(tx, NoticeKind.URGENT, per_hour)
    planned = plan(found, told, digests[0] if digests else None, per_hour, now)
    targets, link = receivers.urgent(settings), link_to(settings.link, None)
    stands = told_outside(in_force(tx, now), department.waits.zone)
    ids = urgent.ids_of(tx, [study.study for study in found])
    for study in planned.single:
        key, payload = _key(ids[study.study]), json.dumps({"studies": 1, "acceptance": stands, "link": link})
        outbox.add(tx, NoticeKind.URGENT, key, payload, targets, now, study_id=ids[study.study])
    if not planned.together:
        return len(planned.single)
    payload = json.dumps({"studies": len(planned.together), "more": True, "acceptance": stands, "link": link})
    first = ids[planned.together[0].study]
    digest = outbox.add(tx, NoticeKind.DIGEST, f"digest from study {first}", payload, targets, now)
    for study in planned.together:
        key = _key(ids[study.study])
        outbox.add(tx, NoticeKind.URGENT, key, "{}", (), now, study_id=ids[study.study], part_of=digest)
    return len(planned.single) + 1


def _key(study_id: int) -> str:
    return f"study {study_id}"


def settle(tx: Connection, settings: DeliverSettings, department: Department, now: datetime) -> int:
    """Close what was read or taken back meanwhile, and tell others of what nobody acknowledged in time: of how many."""
    from daemon.waiting import waiting_studies

    unsettled = urgent.unsettled(tx)
    if not unsettled:
        return 0
    numbers = [notice.id for notice in unsettled]
    by_notice = urgent.studies_by_notice(tx, numbers)
    studies = waiting_studies(tx, department, now, urgent.studies_of(numbers))
    waiting = {study.study for study in studies if not study.withdrawn}
    waiting_ids = set(urgent.ids_of(tx, waiting).values())
    within, targets = timedelta(minutes=settings.urgent.acknowledge_minutes), receivers.escalation(settings)
    escalated = 0
    for notice in unsettled:
        if not by_notice[notice.id] & waiting_ids:
            outbox.acknowledge(tx, notice.id, BY_READING, now)
        elif targets and is_over(notice.created_at, within, now):
            outbox.escalate(tx, notice.id, targets, now)
            escalated += 1
    return escalated


def is_beat_due(tx: Connection, settings: DeliverSettings, now: datetime) -> bool:
    """Whether the last sign of life is old enough, where any is asked for."""
    every, last = timedelta(hours=settings.heartbeat_hours), outbox.newest(tx, NoticeKind.HEARTBEAT, 1)
    return bool(every) and (not last or is_over(last[0], every, now))


def beat(tx: Connection, settings: DeliverSettings, intake: str, now: datetime) -> None:
    """Give a sign of life, when the last one is old enough."""
    if not is_beat_due(tx, settings, now):
        return
    payload = json.dumps({"intake": intake, "link": link_to(settings.link, None)})
    key = f"heartbeat {now.isoformat()}"
    outbox.add(tx, NoticeKind.HEARTBEAT, key, payload, receivers.ordinary(settings), now)


def is_anything_due(tx: Connection, settings: DeliverSettings, department: Department, now: datetime) -> bool:
    """Whether there may be something to put in or to settle; reads only."""
    if is_beat_due(tx, settings, now):
        return True
    return settings.urgent.enabled and bool(urgent.unsettled(tx) or urgent_studies(tx, department, now))
