"""Compares disk, arrivals and history, each read on its own, so that the account is not true by construction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from daemon.errors import DaemonError
from daemon.intake.listing import Listing, list_root
from daemon.intake.machine import moves
from daemon.intake.reading import Content, ReadProblem, Unread, read_file
from daemon.intake.selection import Selection
from daemon.intake.sight import loss_of
from db import arrivals, blind, history, roots, runs
from db import verify as store_verify
from db.mounts import places_of
from db.records import Arrival, Discrepancy, FileStamp, Root, RunRow
from db.states import PENDING, RunKind, State

SETTLING: Final = timedelta(minutes=1)  # what changed so shortly before a rescan may still be settling

KERNEL_TICK: Final = timedelta(milliseconds=20)  # files are stamped with the time of the kernel's last tick


@dataclass(frozen=True, slots=True)
class Audit:
    """What did not hold, and how many files are newer than the last rescan of their root."""

    discrepancies: tuple[Discrepancy, ...]
    unseen: int


def verify(tx: Connection) -> Audit:
    """Walk every root and compare it with the store, and the store with itself."""
    found = list(store_verify.consistency(tx))
    found += [
        Discrepancy("illegal-move", f"arrival {line.arrival_id}", f"it went from {line.from_state} to {line.to_state}")
        for line in history.steps_taken(tx)
        if line.from_state is not None and (line.from_state, line.to_state) not in moves()
    ]
    unseen, run = 0, runs.last(tx)
    for root in roots.roots(tx):
        if root.retired_at is not None:
            continue
        try:
            listing = list_root(Path(root.path), Selection.from_document(root.selection))
        except DaemonError as error:
            found.append(Discrepancy("root-away", root.path, f"it cannot be listed: {error.cause}"))
            continue
        found += [
            Discrepancy("folder-unreadable", str(Path(root.path, f)), "it cannot be listed") for f in listing.unseen
        ]
        current = arrivals.current(tx, root.id)
        since = blind.open_since(tx, root.id)
        known = (film for film in current.values() if since is None or film.arrived_at < since)
        loss = loss_of(root, places_of(Path(root.path)), listing, known)
        if loss.replaced is not None:
            found.append(Discrepancy("root-replaced", root.path, loss.replaced))
            continue
        listing.unseen += loss.unmounted
        found += [Discrepancy("not-mounted", str(Path(root.path, f)), "it is not mounted") for f in loss.unmounted]
        discrepancies, newer = compare_disk(root, listing, current, settled=_is_settled(root, run))
        found += discrepancies
        unseen += newer
    return Audit(tuple(found), unseen)


def _is_settled(root: Root, run: RunRow | None) -> bool:
    """Whether who made the last rescan had the time to look into every file that seemed changed in it."""
    if run is None or root.rescan_started_at is None or (run.kind is RunKind.SCAN and run.stopped_at is not None):
        return True
    return root.rescan_started_at - run.started_at >= SETTLING


def compare_disk(
    root: Root, listing: Listing, current: Mapping[str, Arrival], *, settled: bool = True
) -> tuple[list[Discrepancy], int]:
    """One root: what lies there against the newest arrival of each path.

    Args:
        root: as the store has it.
        listing: of the disk, now.
        current: the newest arrival of each path.
        settled: whether the last rescan was followed by a look into every file that seemed changed.

    Returns:
        The discrepancies, and how many files changed after the last rescan began (nothing is wrong with them yet).
    """
    found: list[Discrepancy] = []
    unseen = 0
    for path, stamp in listing.files.items():
        known = current.get(path)
        subject = str(Path(root.path, path))
        if known is not None and known.state is not State.VANISHED and known.stamp == stamp:
            if known.removed_at is not None:
                found.append(Discrepancy("marked-removed", subject, "the file is there, the store calls it removed"))
        elif _newer(stamp, root):
            unseen += 1
        elif known is None or known.state is State.VANISHED:
            found.append(Discrepancy("file-without-arrival", subject, "the file is there, the store does not know it"))
        elif known.state not in PENDING:
            newer, difference = _difference(root, path, stamp, known, settled=settled)
            unseen += newer
            found += difference
    found += [
        Discrepancy("file-missing", str(Path(root.path, path)), f"it is {known.state}, and the file is gone")
        for path, known in current.items()
        if known.state is not State.VANISHED
        and known.removed_at is None
        and path not in listing.files
        and listing.could_see(path)
        and _older(known, root)
        and not _removed_since(Path(root.path, path), root)
    ]
    return found, unseen


def _difference(
    root: Root, path: str, stamp: FileStamp, known: Arrival, *, settled: bool
) -> tuple[int, list[Discrepancy]]:
    """A finished film that looks different: (1 if its rescan may not be done with it, what is wrong)."""
    subject = str(Path(root.path, path))
    content = read_file(Path(root.path, path))
    if isinstance(content, Content) and content.sha256 == known.sha256:
        return 0, []
    if content.stamp is not None and content.stamp != stamp:
        return 1, []  # it was written to since it was listed
    if _newer(stamp, root, before=SETTLING) or not settled:
        return 1, []
    if isinstance(content, Unread):
        if known.code == content.problem:
            return 0, []
        if content.problem in (ReadProblem.GONE, ReadProblem.CHANGING):
            return 1, []
        if content.problem in (ReadProblem.UNREADABLE, ReadProblem.IO_ERROR):
            return 0, [Discrepancy("file-unreadable", subject, f"it cannot be compared: {content.cause}")]
    return 0, [Discrepancy("content-changed", subject, "it is not what was scored, and no new arrival")]


def _newer(stamp: FileStamp, root: Root, before: timedelta = KERNEL_TICK) -> bool:
    """Whether a file was written or put there after the last rescan began, or shortly before that.

    By ctime: it is set by the host that keeps the file, while an mtime can be anything. Its clock may differ from ours:
    what is newer than everything that the rescan saw is new by its own.
    """
    moment, newest = root.rescan_started_at, root.newest_ctime_ns
    if moment is None or (newest is not None and stamp.ctime_ns > newest):
        return True
    return stamp.ctime_ns >= (moment - before).timestamp() * 1e9


def _removed_since(path: Path, root: Root) -> bool:
    """Whether a file that is not there may have been removed since: its folder, or what is left of it, changed."""
    for folder in path.parents:
        try:
            return _newer(FileStamp.of(folder.lstat()), root)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return True
    return True


def _older(arrival: Arrival, root: Root) -> bool:
    """Whether a rescan began after the arrival last changed, and so should have noticed."""
    return root.rescan_started_at is not None and arrival.changed_at < root.rescan_started_at
