"""Films that came to an end without a score, taken up again because somebody says so."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from daemon.errors import DaemonError
from daemon.followup.naming import places_of
from daemon.intake.machine import Event
from daemon.intake.reading import Unread, read_file
from daemon.intake.recording import apply
from db import arrivals, retry, roots
from db.records import Arrival, FileStamp, Root
from db.states import BLIND, PENDING, State
from db.store import Store

AT_ONCE: Final = 500  # films in one transaction


@dataclass(slots=True)
class Retried:
    """What became of a wish.

    Attributes:
        taken: (arrival as it was, absolute path) of each film that is tried again.
        copies: how many copies of these go with them.
        left: why others are not.
    """

    taken: list[tuple[Arrival, str]] = field(default_factory=list)
    copies: int = 0
    left: list[DaemonError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Wish:
    arrival: Arrival
    root: Root

    @property
    def path(self) -> Path:
        return Path(self.root.path, self.arrival.path)


def try_again(store: Store, names: Sequence[str], code: str | None, now: datetime, *, dry_run: bool) -> Retried:
    """Take films up again that failed or were refused and whose file is there; whoever takes films in next tries them.

    Copies of such a film go with it: it may come out as other content, or be gone, before it is read again.

    Args:
        store: where they are.
        names: paths or arrival numbers; none: every film with the code.
        code: only films that failed or were refused for this reason.
        now: when.
        dry_run: change nothing.
    """
    done = Retried()
    with store.read() as tx:
        wishes = list(_named(tx, names, code, done) if names else _with_code(tx, code or ""))
    stamps = {}
    for wish in wishes:  # outside of any transaction: a share that hangs must not hold the database
        found = _look(wish)
        if isinstance(found, DaemonError):
            done.left.append(found)
        else:
            stamps[wish.arrival.id] = found
            done.taken.append((wish.arrival, os.fspath(wish.path)))
    if dry_run:
        with store.read() as tx:
            done.copies = len(retry.copies_of(tx, stamps))
        return done
    wanted, done.taken = done.taken, []
    for start in range(0, len(wanted), AT_ONCE):  # a daemon at work on the same store must not wait for long
        with store.write() as tx:
            _take_up(tx, wanted[start : start + AT_ONCE], stamps, now, done)
    return done


def _take_up(
    tx: Connection, wanted: Sequence[tuple[Arrival, str]], stamps: Mapping[int, FileStamp], now: datetime, done: Retried
) -> None:
    """Move some films, and what repeats them, unless the daemon was quicker."""
    unscored = {arrival.id for arrival in retry.still_unscored(tx, [arrival.id for arrival, _ in wanted])}
    for arrival, path in wanted:
        if arrival.id not in unscored:
            continue
        moved = apply(tx, arrival, Event.RETRY, now, removed_at=None)
        if stamps[arrival.id] != moved.stamp:
            arrivals.restamp(tx, arrival.id, stamps[arrival.id])
        done.taken.append((arrival, path))
    for copy in retry.copies_of(tx, unscored):
        apply(tx, copy, Event.PROMOTE, now, reason=Event.RETRY.value, removed_at=None)
        done.copies += 1


def _with_code(tx: Connection, code: str) -> Iterable[_Wish]:
    folders = {root.id: root for root in roots.roots(tx)}
    return [_Wish(arrival, folders[arrival.root_id]) for arrival in retry.unscored(tx, code)]


def _named(tx: Connection, names: Sequence[str], code: str | None, done: Retried) -> Iterable[_Wish]:
    wishes: dict[int, _Wish] = {}
    for name in names:
        places = places_of(tx, name)
        if not places:
            done.left.append(_not(name, "nothing of that name was seen", "give a path or an arrival's number"))
        for place in places:
            arrival = arrivals.current_at(tx, place.root.id, place.path)
            if arrival is None:
                continue
            if arrival.state not in retry.UNSCORED:
                done.left.append(_not(name, _why_not(arrival), "only what failed or was refused is tried again"))
            elif code is not None and arrival.code != code:
                cause = f"its reason is {arrival.code}, not {code}"
                done.left.append(_not(name, cause, "leave --code out to try it all the same"))
            else:
                wishes[arrival.id] = _Wish(arrival, place.root)
    return wishes.values()


def _why_not(arrival: Arrival) -> str:
    if arrival.state in PENDING:
        return f"it is on its way already ({arrival.state})"
    if arrival.state is State.DUPLICATE:
        return f"it is a copy of arrival {arrival.duplicate_of}, whose outcome it has"
    return f"it is {arrival.state}"


def _look(wish: _Wish) -> FileStamp | DaemonError:
    """What the file looks like now, if it is there and is still what was tried."""
    root, known, path = wish.root, wish.arrival, wish.path
    if root.retired_at is not None:
        return _not(path, "nobody watches its folder any more", "watch or scan the folder, then retry")
    if root.state in BLIND or not Path(root.path).is_dir():
        return _not(path, "its folder cannot be seen", "mount it again, then retry")
    try:
        stamp = FileStamp.of(path.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return _not(path, "its file is gone", "put it there again; it is taken up then by itself")
    except OSError as error:
        return _not(path, error.strerror or str(error), "mend what keeps it from being read, then retry")
    if stamp == known.stamp or known.sha256 is None:
        return stamp
    content = read_file(path)
    if isinstance(content, Unread):
        return _not(path, f"it changed, and cannot be compared: {content.cause}", "mend that, then retry")
    if content.sha256 == known.sha256:
        return content.stamp
    return _not(path, "its file is not what was tried", "leave it to the daemon, or the next scan: it is a new film")


def _not(name: str | Path, cause: str, remedy: str) -> DaemonError:
    return DaemonError("retry", name, cause, remedy)
