"""What a listing means for what the store knows: pure, from two mappings to a list of changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.intake.listing import Listing
from db.records import FileStamp, Known
from db.states import PENDING, State

_ENDED = frozenset({State.VANISHED})  # a path whose newest content is SUPERSEDED holds an older version of an image


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened under a root since it was last looked at.

    Attributes:
        new: paths that need a new arrival, with the generation it gets.
        changed: pending arrivals that look different now.
        doubtful: finished arrivals that look different: only their content says whether something new came.
        gone: arrivals whose file is not there any more.
        back: arrivals whose file was gone and is there again.
    """

    new: list[tuple[str, int, FileStamp]] = field(default_factory=list)
    changed: list[tuple[Known, FileStamp]] = field(default_factory=list)
    doubtful: list[tuple[Known, FileStamp]] = field(default_factory=list)
    gone: list[Known] = field(default_factory=list)
    back: list[Known] = field(default_factory=list)


def compare(current: Mapping[str, Known], listing: Listing) -> Changes:
    """Compare the newest generation of each path with what lies there now."""
    changes = Changes()
    for path, stamp in listing.files.items():
        known = current.get(path)
        if known is None:
            changes.new.append((path, 1, stamp))
        elif known.state in _ENDED:
            changes.new.append((path, known.generation + 1, stamp))
        elif known.stamp != stamp:
            (changes.changed if known.state in PENDING else changes.doubtful).append((known, stamp))
        elif known.removed_at is not None:
            changes.back.append(known)
    changes.new.sort(key=lambda new: (new[2].mtime_ns, new[0]))  # the first of two copies is the original
    for path, known in current.items():
        if path in listing.files or known.state in _ENDED or known.removed_at is not None:
            continue
        if listing.could_see(path):
            changes.gone.append(known)
    return changes
