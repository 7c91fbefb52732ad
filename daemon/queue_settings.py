"""The settings of the queue: reading hours, how long studies may wait, and when they leave it unread."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from daemon.root_settings import Section, Waiting
from daemon.triage.hours import Shift


class QueueSettings(Section):
    """`[queue]`: what makes a study overdue, and when nobody is expected to read it any more."""

    reading_hours: tuple[str, ...] = ()  # none: at all hours; in the report's zone
    longest_wait_minutes: Waiting = Waiting(stat=30, urgent=120, routine=480)
    expire_days: float = Field(default=30.0, ge=1, le=3650)

    @field_validator("reading_hours")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            Shift.read(text)
        return value

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """The reading hours, read."""
        return tuple(Shift.read(text) for text in self.reading_hours)


class RisSettings(Section):
    """`[ris]`: a table of reads that the RIS writes, and what it calls its columns."""

    reads: Path | None = None
    accession: str = "accession"
    study: str = "study"
    file: str = "file"
    read_at: str = "read_at"

    @property
    def columns(self) -> dict[str, str]:
        """What each column is called there."""
        return {"accession": self.accession, "study": self.study, "file": self.file, "read_at": self.read_at}
