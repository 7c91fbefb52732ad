"""The canary: a file in a root that is rewritten to see that the way from a write to a row works.

Whoever rewrites it needs write permission there. The service itself never writes into a root.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.errors import DaemonError
from daemon.health import Watching, intake_of, overdue, watching_of
from daemon.intake.selection import Selection
from daemon.service.roots import root_at
from db import roots
from db.records import FileStamp, Root
from db.states import RootState
from db.store import Store

LOG: Final = logging.getLogger("cxr_triage.watch")
PAUSE: Final = 0.02  # seconds between two looks at the store
MODE: Final = 0o644  # a job on another machine, under another user, may look at it


@dataclass(frozen=True, slots=True)
class Canary:
    """Where a root's canary is, and what of it was last seen."""

    root: Root
    file: Path

    @classmethod
    def of(cls, tx: Connection, folder: Path) -> Canary:
        """The canary of the root that somebody names.

        Raises:
            DaemonError: there is no such root, or it has no canary.
        """
        root = root_at(tx, folder, "write the canary of")
        name = Selection.from_document(root.selection).canary
        if name is None:
            remedy = "set canary in its [[root]] and restart the service"
            raise DaemonError("write the canary of", root.path, "none is configured", remedy)
        return cls(root, Path(root.path, name))


def write(canary: Canary, now: datetime) -> None:
    """Rewrite the file: whole under another name, then renamed into place.

    Raises:
        DaemonError: it could not be written.
    """
    token = secrets.token_hex(8 + secrets.randbelow(24))  # its length too: some file systems keep times to 2 s
    temporary = canary.file.with_name(f".{canary.file.name}.{token[:16]}")
    try:
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
            with open(handle, "w", encoding="ascii") as stream:  # noqa: PTH123  (a descriptor)
                stream.write(f"cxr-triage canary {now.isoformat()} {token}\n")
                stream.flush()
                os.fsync(stream.fileno())
            temporary.rename(canary.file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        cause = error.strerror or str(error)
        remedy = "run this as somebody who may write there; the service itself never does"
        raise DaemonError("write canary", canary.file, cause, remedy) from error


def wait(
    store: Store, canary: Canary, clock: Clock, seconds: float, pause: Callable[[float], None] = time.sleep
) -> float | None:
    """Wait until the store shows the canary as it looks now, and did not before.

    Returns:
        After how many seconds; None if they are over.
    """
    began = clock.monotonic()
    while True:
        with store.read() as tx:
            stamp = roots.get(tx, canary.root.id).canary_stamp
        took = clock.monotonic() - began
        # looked at each time: a share may give the file other numbers once its server has it
        if stamp not in (None, canary.root.canary_stamp) and stamp == _stamp(canary.file):
            return took
        if took >= seconds:
            return None
        pause(PAUSE)


def _stamp(file: Path) -> str | None:
    try:
        stamp = FileStamp.of(file.lstat())
    except OSError:
        return None
    return stamp.mark


def not_seen(tx: Connection, canary: Canary, seconds: float, now: datetime) -> DaemonError:
    """Why a canary may not have been seen in time, as far as the store can tell."""
    intake, root = intake_of(tx, now), roots.get(tx, canary.root.id)
    if not intake.watches:
        cause, remedy = f"no daemon watches (it {_is(intake.state)})", "start cxr-triage watch, or see its log"
    elif root.state is RootState.AWAY:
        cause, remedy = f"the daemon cannot see this root: {root.message}", "see how its mount differs from this one"
    elif not intake.looks_after(root):
        cause, remedy = (
            "the daemon does not look after this root",
            "name it in the configuration and restart the service",
        )
    elif watching_of(root, intake) is Watching.POLLED:
        cause = "no events come from this root, it is looked at every now and then"
        remedy = "give a longer --timeout than its poll_seconds and rescan_seconds"
    else:
        cause = "the daemon watches, and did not see it"
        remedy = "see whether it looks at the same file system, and whether its log tells of events that were lost"
    return DaemonError("see canary", canary.file, f"after {seconds:g} s, {cause}", remedy)


def _is(state: str) -> str:
    return state if state in {"died", "never ran"} else f"is {state}"


@dataclass(slots=True)
class CanaryWatch:
    """Tells the log once when a canary becomes overdue, and once when it is seen again."""

    _overdue: set[int] = field(default_factory=set)

    def look(self, known: Iterable[Root], now: datetime) -> None:
        """Compare roots with the clock; call it now and then."""
        for root in known:
            if overdue(root, now) == (root.id in self._overdue):
                continue
            if root.id in self._overdue:
                self._overdue.discard(root.id)
                LOG.info("canary is seen again", extra={"root": root.id})
            else:
                self._overdue.add(root.id)
                LOG.error("canary is overdue", extra={"root": root.id})
