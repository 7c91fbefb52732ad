"""The clock, passed to whatever needs the time, so that tests can turn it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Time: `now` is aware UTC and may be stepped by somebody, `monotonic` counts seconds and never goes back."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


def system_clock() -> Clock:
    """The machine's own."""
    return Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic)
