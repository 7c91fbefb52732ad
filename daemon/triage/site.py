"""What a site says of its own queue, applied to studies: urgency by folder, what is overdue, what is observed; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from daemon.triage.order import QueueStudy, Urgency
from daemon.triage.waits import Waits, overdue

if TYPE_CHECKING:
    from daemon.triage.rules import Site

_HEIGHT = {urgency: height for height, urgency in enumerate(Urgency)}


@dataclass(frozen=True, slots=True)
class Department:
    """A site's rules of order.

    Attributes:
        prevalence: the share of pneumonia at the site, as far as it was set.
        waits: how long a study may wait.
        urgencies: of films that came through a folder (absolute path) and ask for none themselves.
        observed: folders whose films are scored, and listed by arrival alone.
    """

    prevalence: Site = field(default_factory=dict)
    waits: Waits = field(default_factory=Waits)
    urgencies: Mapping[str, Urgency] = field(default_factory=dict)
    observed: frozenset[str] = frozenset()


def placed(studies: Iterable[QueueStudy], department: Department, now: datetime) -> list[QueueStudy]:
    """The same studies, with the urgency that their folders give them, and overdue where they waited too long."""
    found = requested(studies, department)
    since = min((study.arrived_at for study in found), default=now)
    reading = department.waits.reading_time(since, now)
    waits = department.waits
    return [replace(study, overdue=True) if overdue(study, waits, reading, now) else study for study in found]


def requested(studies: Iterable[QueueStudy], department: Department) -> list[QueueStudy]:
    """The same studies, with the urgency that their folders give them; nothing is said of how long they waited."""
    if not department.urgencies:
        return list(studies)
    return [_urgent(study, department.urgencies) for study in studies]


def raised(urgency: Urgency, roots: Iterable[str], urgencies: Mapping[str, Urgency]) -> Urgency:
    """A folder raises the urgency of what comes through it; it never lowers what was asked for."""
    given = (urgencies[root] for root in roots if root in urgencies)
    return min((urgency, *given), key=_HEIGHT.__getitem__)


def _urgent(study: QueueStudy, urgencies: Mapping[str, Urgency]) -> QueueStudy:
    highest = raised(study.urgency, (image.root for image in study.images), urgencies)
    return study if highest is study.urgency else replace(study, urgency=highest)
