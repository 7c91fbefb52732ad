"""How the service fared, as the report says it: latency, reasons, folders and their short names; pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.report.inputs import Health, ReportInputs
from daemon.report.trends import Figures
from daemon.triage.ranks import p95
from db.states import BLIND, RootState, State

SAME_NIGHT: Final = timedelta(hours=1)  # a queue that was counted later says nothing of the night


@dataclass(frozen=True, slots=True)
class RootLine:
    """One watched folder; `name` is what the rows of the queue call it."""

    name: str
    path: str
    state: RootState
    message: str | None
    films: int
    last_film_at: datetime | None
    rescanned_at: datetime | None
    blind: timedelta | None  # of the window, in which it could not be seen; None: it could be all the time

    @property
    def away(self) -> bool:
        """Whether its films cannot be seen now."""
        return self.state in BLIND


@dataclass(frozen=True, slots=True)
class Latency:
    """Arrival to score, or to reading, over the films or studies of the window; p95 by nearest rank."""

    films: int
    median: timedelta
    p95: timedelta
    longest: timedelta


def latency_of(seconds: Sequence[float]) -> Latency | None:
    """None where nothing was timed."""
    if not seconds:
        return None
    rising = sorted(seconds)
    return Latency(
        films=len(rising),
        median=timedelta(seconds=statistics.median(rising)),
        p95=timedelta(seconds=p95(rising)),
        longest=timedelta(seconds=rising[-1]),
    )


def figures_of(
    inputs: ReportInputs, latency: Latency | None, turnaround: Latency | None, *, waiting: int, overdue: int
) -> Figures:
    """What is kept of this night; what nobody knows is left out."""
    out = dict.fromkeys((State.REFUSED, State.FAILED), 0)
    for (state, _), films in inputs.health.reasons.items():
        out[state] += films
    late = inputs.scheduled_at is not None and inputs.written_at - inputs.scheduled_at > SAME_NIGHT
    found: dict[str, float] = {} if late else {"waiting": waiting, "overdue": overdue}
    if inputs.arrived is not None:
        found |= {"arrived": inputs.arrived, "refused": out[State.REFUSED], "failed": out[State.FAILED]}
    if latency is not None:
        found |= {"latency_median": latency.median.total_seconds(), "latency_p95": latency.p95.total_seconds()}
    if turnaround is not None:
        found["turnaround_median"] = turnaround.median.total_seconds()
    return found


def reasons_of(health: Health) -> tuple[tuple[State, str, int], ...]:
    """(refused or failed, code, films), the most frequent first."""
    counted = ((state, code, films) for (state, code), films in health.reasons.items() if films)
    return tuple(sorted(counted, key=lambda reason: (-reason[2], reason[0], reason[1])))


def roots_of(inputs: ReportInputs, names: Mapping[str, str]) -> tuple[RootLine, ...]:
    """Every folder, by path."""
    return tuple(
        RootLine(
            name=names[root.path],
            path=root.path,
            state=root.state,
            message=root.message,
            films=root.films,
            last_film_at=root.last_film_at.astimezone(inputs.zone) if root.last_film_at else None,
            rescanned_at=root.rescanned_at.astimezone(inputs.zone) if root.rescanned_at else None,
            blind=timedelta(minutes=root.blind_minutes) if root.blind_minutes else None,
        )
        for root in sorted(inputs.health.roots, key=lambda root: root.path)
    )


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """A short name for each folder: as many of its last parts as tell it from all others."""
    names = {path: path for path in paths}
    parts = {path: [part for part in path.split("/") if part] for path in names}
    for path in names:
        for length in range(1, len(parts[path]) + 1):
            tail = parts[path][-length:]
            if sum(other[-length:] == tail for other in parts.values()) == 1:
                names[path] = "/".join(tail)
                break
    return names
