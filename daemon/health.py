"""What `status` says: read from the store, compared with the machine (is that process still there?)."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.acceptance.asked import in_force
from daemon.acceptance.standing import Acceptance, Ground
from daemon.acceptance.words import acceptance_document
from daemon.deliver import standing as outbox_standing
from daemon.intake.selection import Selection
from daemon.triage.cells import instant
from db import blind, census, results, roots, runs
from db.records import Root, RunRow
from db.schema import REVISIONS
from db.states import PENDING, RootState, RunKind, State
from db.store import Store

SILENT_AFTER: Final = timedelta(minutes=2)  # eight heartbeats
DAY: Final = timedelta(hours=24)
UTC_ZONE: Final = ZoneInfo("UTC")


class DaemonState(StrEnum):
    """What the newest run of the intake is doing."""

    NEVER = "never ran"
    RUNNING = "running"
    SILENT = "silent"  # its process is there, but it gives no sign of life
    STOPPED = "stopped"
    DIED = "died"  # gone without having stopped


class Watching(StrEnum):
    """How what arrives in a root is noticed."""

    EVENTS = "events"  # at once, and by rescans
    POLLED = "polled"  # by rescans alone
    NOBODY = "nobody"  # not at all


def state_of(run: RunRow | None, now: datetime, *, alive: bool) -> DaemonState:
    """Judge a run by its row and whether its process exists (on another host: unknown, taken as alive)."""
    if run is None:
        return DaemonState.NEVER
    if run.stopped_at is not None:
        return DaemonState.STOPPED
    if not alive:
        return DaemonState.DIED
    return DaemonState.SILENT if now - run.heartbeat_at > SILENT_AFTER else DaemonState.RUNNING


def process_exists(pid: int, host: str) -> bool:
    """Whether a process is there; on another host that cannot be told."""
    if host != socket.gethostname():
        return True
    return Path(f"/proc/{pid}").exists()


@dataclass(frozen=True, slots=True)
class Intake:
    """The newest run of the intake, and what it is doing."""

    run: RunRow | None
    state: DaemonState

    @property
    def watches(self) -> bool:
        """Whether somebody is there to notice what arrives."""
        return self.run is not None and self.run.kind is RunKind.WATCH and self.state is DaemonState.RUNNING

    def looks_after(self, root: Root) -> bool:
        """Whether a daemon that is there has looked at a root: it passes over what its configuration does not name."""
        if self.run is None or self.run.kind is not RunKind.WATCH or self.run.stopped_at is not None:
            return False
        seen = root.rescan_ended_at
        return self.state is not DaemonState.DIED and seen is not None and seen >= self.run.started_at


def intake_of(tx: Connection, now: datetime) -> Intake:
    """The newest run of the intake, compared with this machine's processes."""
    run = runs.last(tx)
    return Intake(run, state_of(run, now, alive=run is not None and process_exists(run.pid, run.host)))


def watching_of(root: Root, intake: Intake) -> Watching:
    """How what arrives in a root is noticed, as far as the store can tell."""
    if not intake.watches or not intake.looks_after(root) or root.state is RootState.AWAY or root.retired_at:
        return Watching.NOBODY
    return Watching.EVENTS if root.events else Watching.POLLED


def overdue(root: Root, now: datetime) -> bool:
    """Whether a root's canary was to change and nobody saw it: something on the way from a write to a row is broken.

    A root without a canary, or one that nobody is to look for, has none that could be.
    """
    selection = Selection.from_document(root.selection)
    if selection.canary is None or root.retired_at is not None:
        return False
    return now - canary_since(root) > timedelta(seconds=selection.canary_seconds)


def canary_since(root: Root) -> datetime:
    """When the canary was last seen to change; of one that never was: since when somebody looks."""
    return root.canary_seen_at or root.added_at


def status_of(tx: Connection, store: Store, now: datetime, zone: ZoneInfo = UTC_ZONE) -> dict[str, Any]:
    """The document that `status --format json` prints; retired roots are in it, but do not make it unwell."""
    intake, known = intake_of(tx, now), roots.roots(tx)
    run, bundle, stand = intake.run, results.newest_bundle(tx), census.census(tx)
    open_since = {span.root_id: span.began_at for span in blind.spans(tx, now, now + DAY) if span.ended_at is None}
    minutes = blind.minutes(tx, now - DAY, now)
    outbox, late = outbox_standing.document(tx, now)
    acceptance = in_force(tx, now)
    problems = [*_problems(intake, known, open_since, now), *late, *_dropped(acceptance)]
    return {
        "schema": REVISIONS[-1],
        "well": not problems,
        "problems": problems,
        "database": os.fspath(store.file) if store.file else "server",
        "disk_free_mib": shutil.disk_usage(store.file.parent).free >> 20 if store.file else None,
        "daemon": {
            "state": intake.state.value,
            "kind": run.kind.value if run else None,
            "pid": run.pid if run and run.stopped_at is None else None,
            "heartbeat_at": instant(run.heartbeat_at) if run else None,
        },
        "bundle": bundle.name if bundle else None,
        "acceptance": acceptance_document(acceptance, zone),
        "pending": stand.pending,
        "pending_by_state": {state.value: stand.states[state] for state in State if state in PENDING},
        "oldest_pending_at": _instant(stand.oldest_pending_at),
        "tried_again": stand.again,
        "tried_again_at": _instant(stand.again_at),
        "deliver": outbox,
        "roots": [_root(root, intake, minutes, open_since, now) for root in known],
    }


def _root(
    root: Root, intake: Intake, minutes: Mapping[int, float], open_since: Mapping[int, datetime], now: datetime
) -> dict[str, Any]:
    selection = Selection.from_document(root.selection)
    return {
        "id": root.id,
        "path": root.path,
        "state": root.state.value,
        "message": root.message,
        "watching": watching_of(root, intake).value,
        "rescanned_at": _instant(root.rescan_ended_at),
        "blind_minutes": round(minutes.get(root.id, 0.0), 1),  # of the last 24 hours
        "blind_since": _instant(open_since.get(root.id)),
        "canary": None
        if selection.canary is None
        else {
            "name": selection.canary,
            "seen_at": _instant(root.canary_seen_at),
            "seconds": selection.canary_seconds,
            "overdue": overdue(root, now),
        },
        "drift": json.loads(root.drift) if root.drift else None,
        "retired_at": _instant(root.retired_at),
    }


def _problems(
    intake: Intake, known: list[Root], open_since: Mapping[int, datetime], now: datetime
) -> Iterator[dict[str, str | None]]:
    """What somebody has to do something about: what is wrong, where, since when."""
    if intake.run is not None and intake.state in (DaemonState.DIED, DaemonState.SILENT):
        yield _problem(f"daemon-{intake.state}", None, intake.run.heartbeat_at, None)
    for root in known:
        if root.retired_at is not None:
            continue
        if root.state is not RootState.WATCHED:
            yield _problem(f"root-{root.state}", root.path, open_since.get(root.id), root.message)
        if overdue(root, now):
            yield _problem("canary-overdue", root.path, root.canary_seen_at, None)


def _dropped(acceptance: Acceptance) -> Iterator[dict[str, str | None]]:
    """Points that were refitted, and are not applied any more: bands are the bundle's own again."""
    for who, standing in acceptance.standings.items():
        if standing.dropped:
            since = standing.lapses_at if standing.ground is Ground.LAPSED else None
            yield _problem(f"refit-{standing.ground}", str(who), since, None)


def _problem(kind: str, path: str | None, since: datetime | None, message: str | None) -> dict[str, str | None]:
    return {"kind": kind, "path": path, "since": _instant(since), "message": message}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)
