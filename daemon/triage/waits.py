"""How long studies may wait at this site, by requested urgency and folder, and which are overdue; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daemon.triage.hours import ReadingTime, Shift
from daemon.triage.order import Urgency

if TYPE_CHECKING:
    from daemon.triage.order import QueueStudy

Limits = Mapping[Urgency, timedelta]

# Reading hours, not those of the clock. What a department is asked to keep: a stat film within half an hour, an urgent
# one within two hours, any other within a working day of eight.
LIMITS: Final[Limits] = {
    Urgency.STAT: timedelta(minutes=30),
    Urgency.URGENT: timedelta(hours=2),
    Urgency.ROUTINE: timedelta(hours=8),
}
LOOK_BACK: Final = timedelta(days=400)  # what waits longer than this is overdue by any hours


@dataclass(frozen=True, slots=True)
class Waits:
    """What a site says of waiting.

    Attributes:
        zone: of the site.
        shifts: its reading hours; none: at all hours.
        limits: the longest reading time that a study is to wait.
        roots: other limits, of films that came through a folder (absolute path); those left out are as elsewhere.
    """

    zone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - a zone is a constant
    shifts: tuple[Shift, ...] = ()
    limits: Limits = field(default_factory=lambda: LIMITS)
    roots: Mapping[str, Limits] = field(default_factory=dict)

    def limit(self, urgency: Urgency, roots: Iterable[str]) -> timedelta:
        """The longest that a study is to wait; where its images came through several folders, the shortest."""
        if not self.roots:
            return self.limits[urgency]
        return min(self.roots.get(root, {}).get(urgency, self.limits[urgency]) for root in roots)

    def reading_time(self, since: datetime, now: datetime) -> ReadingTime:
        """The site's reading time up to now, from the earliest arrival that is asked for."""
        return ReadingTime(self.shifts, self.zone, max(since, now - LOOK_BACK), now)


def overdue(study: QueueStudy, waits: Waits, reading: ReadingTime, now: datetime) -> bool:
    """Whether a study has waited longer than the site allows; backlog never has."""
    if study.backlog:
        return False
    limit = waits.limit(study.urgency, {image.root for image in study.images})
    return reading.between(study.arrived_at, now) > limit
