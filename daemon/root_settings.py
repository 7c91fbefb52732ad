"""The settings of one incoming folder; nothing here looks at it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from daemon.intake.names import StudyPattern
from daemon.intake.selection import DEPTH, Polling, Selection, is_temporary
from daemon.triage.order import Urgency
from models.population import Population


class Section(BaseModel):
    """A part of the settings: a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Waiting(Section):
    """The longest reading time that a study is to wait, by urgency, in minutes; None: as elsewhere."""

    stat: float | None = Field(default=None, gt=0, le=525600)
    urgent: float | None = Field(default=None, gt=0, le=525600)
    routine: float | None = Field(default=None, gt=0, le=525600)

    @property
    def limits(self) -> dict[Urgency, timedelta]:
        """Those that are set."""
        stated = {Urgency.STAT: self.stat, Urgency.URGENT: self.urgent, Urgency.ROUTINE: self.routine}
        return {urgency: timedelta(minutes=minutes) for urgency, minutes in stated.items() if minutes is not None}


class RootSettings(Section):
    """`[[root]]`: one incoming folder."""

    path: Path
    population: Population | None = None  # for films that state no age
    settle_seconds: float = Field(default=2.0, ge=0.1, le=3600)
    rescan_seconds: float = Field(default=30.0, ge=1, le=86400)
    polling: Polling = Polling.AUTO
    poll_seconds: float = Field(default=5.0, ge=1, le=86400)
    recursive: bool = True
    depth: int = Field(default=DEPTH, ge=0, le=1000)  # folders below the root
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    study_pattern: str = ""  # empty: each plain image is a study of its own
    largest_mib: float | None = Field(default=None, gt=0)  # of a file; None: what the decoders take
    urgency: Urgency = Urgency.ROUTINE  # of films that ask for none themselves
    longest_wait_minutes: Waiting | None = None  # None: as in [queue]
    observe: bool = False
    read_when_removed: bool = False
    canary: str = ""  # a file name
    canary_seconds: float = Field(default=3600.0, ge=10, le=7 * 86400)

    @field_validator("include", "exclude")
    @classmethod
    def _patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not pattern.strip() or pattern.startswith("/") for pattern in value):
            raise ValueError("a pattern names files below the root, such as *.dcm or old/*")
        return value

    @field_validator("canary")
    @classmethod
    def _canary(cls, value: str) -> str:
        if value and (os.sep in value or is_temporary(value)):
            raise ValueError("name a file directly in the root, not a hidden or temporary one")
        return value

    @field_validator("study_pattern")
    @classmethod
    def _study_pattern(cls, value: str) -> str:
        if value:
            StudyPattern.of(value)
        return value

    @property
    def pattern(self) -> StudyPattern | None:
        """What groups plain images into studies."""
        return StudyPattern.of(self.study_pattern) if self.study_pattern else None

    @property
    def selection(self) -> Selection:
        """Which files are films."""
        return Selection(
            self.recursive, self.depth, self.include, self.exclude, self.canary or None, self.canary_seconds
        )
