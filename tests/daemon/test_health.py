"""What `status` says of a store: who looks after which root, what waits, what was not seen, and what is wrong."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from daemon.health import DaemonState, Intake, Watching, overdue, status_of, watching_of
from daemon.intake.selection import Selection
from db import arrivals, blind, roots, runs
from db.records import FileStamp, Root, RunRow
from db.states import RootState, RunKind, State
from db.store import Store, open_store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STARTED = NOW - timedelta(hours=6)
STAMP = FileStamp(size=100, mtime_ns=1, ctime_ns=2, inode=3, device=4)
CANARY = Selection(canary="canary.txt", canary_seconds=600.0).document()
ROOT = Root(1, "/in", NOW - timedelta(days=9), NOW, NOW, NOW, RootState.WATCHED, None, CANARY, events=True)
RUN = RunRow(1, RunKind.WATCH, 4711, "host", STARTED, NOW, None, None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "triage.db"), create=True) as store:
        yield store


@pytest.fixture
def tx(store: Store) -> Iterator[Connection]:
    with store.write() as tx:
        yield tx


def _watched(tx: Connection, path: str, selection: str | None = None) -> Root:
    """A root that a daemon, this process, looked at just now."""
    root = roots.ensure_root(tx, path, NOW - timedelta(hours=5))
    if selection is not None:
        roots.set_selection(tx, root.id, selection)
    roots.mark_rescan_ended(tx, root.id, NOW)
    roots.set_events(tx, root.id, True)
    return roots.get(tx, root.id)


def _daemon(tx: Connection, beat: datetime = NOW) -> RunRow:
    run = runs.start(tx, RunKind.WATCH, pid=os.getpid(), host=socket.gethostname(), now=STARTED)
    runs.beat(tx, run.id, beat)
    return run


def _film(tx: Connection, root: Root, path: str, *states: State, now: datetime = NOW, **changes: Any) -> None:
    arrival = arrivals.add(tx, root.id, path, 1, STAMP, now, backlog=False, reason="found")
    for state in states:
        arrivals.move(tx, arrival.id, state, now, "next", **(changes if state is states[-1] else {}))


def _kinds(document: dict[str, Any]) -> list[str]:
    return [problem["kind"] for problem in document["problems"]]


@pytest.mark.parametrize(
    ("root", "run", "state", "watching"),
    [
        (ROOT, RUN, DaemonState.RUNNING, Watching.EVENTS),
        (replace(ROOT, events=False), RUN, DaemonState.RUNNING, Watching.POLLED),
        (replace(ROOT, state=RootState.READ_ONLY), RUN, DaemonState.RUNNING, Watching.EVENTS),
        (replace(ROOT, state=RootState.AWAY), RUN, DaemonState.RUNNING, Watching.NOBODY),
        (replace(ROOT, rescan_ended_at=None), RUN, DaemonState.RUNNING, Watching.NOBODY),
        (replace(ROOT, rescan_ended_at=STARTED - timedelta(seconds=1)), RUN, DaemonState.RUNNING, Watching.NOBODY),
        (replace(ROOT, retired_at=NOW), RUN, DaemonState.RUNNING, Watching.NOBODY),
        (ROOT, RUN, DaemonState.SILENT, Watching.NOBODY),
        (ROOT, RUN, DaemonState.DIED, Watching.NOBODY),
        (ROOT, replace(RUN, stopped_at=NOW), DaemonState.STOPPED, Watching.NOBODY),
        (ROOT, replace(RUN, kind=RunKind.SCAN), DaemonState.RUNNING, Watching.NOBODY),
        (ROOT, None, DaemonState.NEVER, Watching.NOBODY),
    ],
)
def test_who_notices_what_arrives(root: Root, run: RunRow | None, state: DaemonState, watching: Watching) -> None:
    """Only a daemon that lives and has looked at this very root; what an earlier one left behind counts nothing."""
    assert watching_of(root, Intake(run, state)) is watching


@pytest.mark.parametrize(
    ("root", "late"),
    [
        (replace(ROOT, canary_seen_at=NOW - timedelta(seconds=600)), False),
        (replace(ROOT, canary_seen_at=NOW - timedelta(seconds=601)), True),
        (replace(ROOT, canary_seen_at=NOW + timedelta(days=1)), False),  # the clock was stepped back
        (replace(ROOT, canary_seen_at=None), True),
        (replace(ROOT, canary_seen_at=None, added_at=NOW - timedelta(seconds=600)), False),
        (replace(ROOT, canary_seen_at=None, retired_at=NOW), False),
        (replace(ROOT, selection=Selection().document()), False),
        (replace(ROOT, selection=None), False),
    ],
)
def test_a_canary_is_overdue_when_its_time_is_over(root: Root, late: bool) -> None:
    """It counts from when it was last seen to change, else from when the root was added."""
    assert overdue(root, NOW) is late


def test_a_store_in_which_all_is_well(store: Store, tx: Connection) -> None:
    _daemon(tx)
    _watched(tx, "/in")
    document = status_of(tx, store, NOW)
    assert (document["well"], document["problems"], document["daemon"]["state"]) == (True, [], "running")
    [root] = document["roots"]
    assert (root["watching"], root["blind_minutes"], root["blind_since"], root["canary"]) == ("events", 0.0, None, None)
    assert (document["pending"], document["oldest_pending_at"], document["tried_again"]) == (0, None, 0)


def test_what_waits_is_told_by_state_with_the_oldest_and_what_is_tried_again(store: Store, tx: Connection) -> None:
    root, again = _watched(tx, "/in"), NOW + timedelta(minutes=3)
    _film(tx, root, "a", State.SETTLING, now=NOW - timedelta(minutes=2))
    _film(tx, root, "b", State.SETTLING, State.READY, now=NOW - timedelta(minutes=7))
    _film(tx, root, "c", State.SETTLING, State.READY, not_before=again)
    _film(tx, root, "d", State.SETTLING, State.VANISHED, now=NOW - timedelta(hours=1))
    document = status_of(tx, store, NOW)
    assert document["pending_by_state"] == {"seen": 0, "settling": 1, "ready": 2, "running": 0}
    assert document["pending"] == sum(document["pending_by_state"].values())
    assert document["oldest_pending_at"] == "2026-11-22T11:53:00Z"
    assert (document["tried_again"], document["tried_again_at"]) == (1, "2026-11-22T12:03:00Z")


def test_a_blind_root_is_told_of_with_its_minutes_and_since_when(store: Store, tx: Connection) -> None:
    """Minutes are those of the last 24 hours; a time that is over is no reason to call it blind now."""
    here, away = _watched(tx, "/here"), _watched(tx, "/away")
    blind.add(tx, here.id, NOW - timedelta(hours=25), NOW - timedelta(hours=23), "the service did not run")
    blind.begin(tx, away.id, NOW - timedelta(minutes=10), "No such file or directory")
    roots.set_root_state(tx, away.id, RootState.AWAY, "No such file or directory")
    document = status_of(tx, store, NOW)
    found = [(root["blind_minutes"], root["blind_since"]) for root in document["roots"]]
    assert found == [(60.0, None), (10.0, "2026-11-22T11:50:00Z")]
    [problem] = document["problems"]
    assert problem == {
        "kind": "root-away",
        "path": "/away",
        "since": "2026-11-22T11:50:00Z",
        "message": "No such file or directory",
    }


@pytest.mark.parametrize("state", [state for state in RootState if state is not RootState.WATCHED])
def test_a_root_that_is_not_as_it_should_be_makes_the_store_unwell(
    store: Store, tx: Connection, state: RootState
) -> None:
    """Also one that is read-only: nobody can put films there. Once it is retired, it does no more."""
    root = _watched(tx, "/in")
    roots.set_root_state(tx, root.id, state, "why")
    document = status_of(tx, store, NOW)
    assert (document["well"], _kinds(document)) == (False, [f"root-{state}"])
    roots.retire(tx, root.id, NOW)
    document = status_of(tx, store, NOW)
    assert (document["well"], [each["retired_at"] for each in document["roots"]]) == (True, ["2026-11-22T12:00:00Z"])


def test_an_overdue_canary_makes_the_store_unwell_until_it_is_seen(store: Store, tx: Connection) -> None:
    root = _watched(tx, "/in", CANARY)
    document = status_of(tx, store, NOW)
    assert (document["well"], _kinds(document)) == (False, ["canary-overdue"])
    assert document["roots"][0]["canary"] == {"name": "canary.txt", "seen_at": None, "seconds": 600.0, "overdue": True}
    roots.note_canary(tx, root.id, "1 2 3", NOW - timedelta(minutes=1))
    document = status_of(tx, store, NOW)
    assert (document["well"], document["roots"][0]["canary"]["seen_at"]) == (True, "2026-11-22T11:59:00Z")


def test_a_daemon_that_gives_no_sign_of_life_makes_the_store_unwell(store: Store, tx: Connection) -> None:
    """As when the store does not take what it writes."""
    _daemon(tx, beat=NOW - timedelta(minutes=3))
    _watched(tx, "/in")
    document = status_of(tx, store, NOW)
    assert (document["well"], _kinds(document)) == (False, ["daemon-silent"])
    assert document["roots"][0]["watching"] == "nobody"
