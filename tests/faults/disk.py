"""What a disk may hold after a power cut, from the recorder's log of everything that was asked of it; no SQLite here.

The rules are those that POSIX gives, not those of a kind file system. What was written before a file's last sync is
there. Of each later write, cut and extension any subset may have reached the disk, in any order, and of a write any
of its sectors. A file's name, a rename or a removal is certain only after a sync of its folder.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from random import Random
from typing import Final

HEADER: Final = struct.Struct("=c3xIIIQQQ")  # recorder.c, struct record
SECTOR: Final = 512


@dataclass(frozen=True, slots=True)
class Operation:
    """One record; `end` is the log's length after it."""

    kind: str
    path: str
    other: str
    inode: int
    offset: int
    data: bytes
    pid: int
    end: int


def read_log(data: bytes) -> list[Operation]:
    """Every record of a log, in the order in which the operations happened."""
    found, at = [], 0
    while at < len(data):
        kind, path_length, other_length, pid, inode, offset, length = HEADER.unpack_from(data, at)
        path_end = at + HEADER.size + path_length
        other_end = path_end + other_length
        end = other_end + length
        path, other = (os.fsdecode(part) for part in (data[at + HEADER.size : path_end], data[path_end:other_end]))
        found.append(Operation(kind.decode(), path, other, inode, offset, data[other_end:end], pid, end))
        at = end
    if at != len(data):
        raise ValueError("the log ends within a record")
    return found


class Fate(StrEnum):
    """What happens to all that was not synced when the power goes."""

    NONE = "none of it arrived"
    ALL = "all of it arrived"
    LAST = "of each file only the last write arrived"
    TORN_LAST = "all of it arrived, but of each file's last write some sectors only"
    ONE_FILE = "of some files all arrived, of the others nothing"
    SUBSET = "any of it arrived, in any order"
    TORN = "any of it arrived, and of some writes some sectors only"
    ZEROS = "files have their length, but zeros where the data did not arrive"


@dataclass(slots=True)
class _Node:
    """A file, whatever it is called: what was done to it, and how much of that is certain."""

    operations: list[Operation] = field(default_factory=list)
    synced: int = 0


@dataclass(slots=True)
class _Folder:
    """A folder's names as they are certain, and what was done to them since; an event takes a name, and gives one."""

    certain: dict[str, _Node] = field(default_factory=dict)
    events: list[tuple[str | None, str | None, _Node]] = field(default_factory=list)  # name lost, name won, file


@dataclass(slots=True)
class Disk:
    """One recorded folder without folders in it, at a moment of the recording."""

    _names: _Folder = field(default_factory=_Folder)
    _nodes: dict[int, _Node] = field(default_factory=dict)  # by inode, which a file system gives again

    def hold(self, name: str, inode: int, data: bytes) -> None:
        """Begin with a file that lay there, wholly on disk, before anything was recorded."""
        node = _Node([Operation("W", name, "", inode, 0, data, 0, 0)], 1)
        self._nodes[inode] = self._names.certain[name] = node

    def apply(self, operation: Operation, forget: Callable[[Operation], bool] = lambda _: False) -> None:
        """Go on by one operation; a sync that is forgotten makes nothing certain."""
        name = operation.path.rpartition("/")[2]
        match operation.kind:
            case "C":
                self._nodes[operation.inode] = node = _Node()
                self._names.events.append((None, name, node))
            case "R":
                self._names.events.append((name, operation.other.rpartition("/")[2], self._nodes[operation.inode]))
            case "L":
                self._names.events.append((None, name, self._nodes[operation.inode]))
            case "U":
                self._names.events.append((name, None, self._nodes[operation.inode]))
            case "W" | "T" | "E":
                self._nodes[operation.inode].operations.append(operation)
            case "S" if not forget(operation):
                node = self._nodes[operation.inode]
                node.synced = len(node.operations)
            case "D" if not forget(operation):
                self._names.certain = _named(self._names.certain, self._names.events)
                self._names.events = []
            case _:
                pass

    def after_cut(self, fate: Fate, rng: Random) -> dict[str, bytes]:
        """The files, by name, as they may be found when the power is back."""
        names = _named(self._names.certain, _surviving(self._names.events, fate, rng))
        found = {}
        for name, node in sorted(names.items()):
            data = bytearray()
            for operation in node.operations[: node.synced]:
                _perform(data, operation)
            _perform_some(data, node.operations[node.synced :], fate, rng)
            found[name] = bytes(data)
        return found

    def uncertain(self) -> int:
        """How many operations a power cut may undo now."""
        nodes = {id(node): node for node in self._nodes.values()}.values()
        return len(self._names.events) + sum(len(node.operations) - node.synced for node in nodes)

    def settled(self) -> dict[str, bytes]:
        """The files as a running machine sees them."""
        return self.after_cut(Fate.ALL, Random(0))


def _named(certain: dict[str, _Node], events: Iterable[tuple[str | None, str | None, _Node]]) -> dict[str, _Node]:
    names = dict(certain)
    for lost, won, node in events:
        if lost is not None and names.get(lost) is node:
            del names[lost]
        if won is not None:
            names[won] = node
    return names


def _surviving(
    events: Sequence[tuple[str | None, str | None, _Node]], fate: Fate, rng: Random
) -> Sequence[tuple[str | None, str | None, _Node]]:
    """Which changes of names took, in their order; a rename takes as a whole or not at all."""
    match fate:
        case Fate.NONE:
            return []
        case Fate.ALL | Fate.TORN_LAST | Fate.ZEROS:
            return events
        case Fate.LAST:
            return events[-1:]
        case Fate.ONE_FILE:
            return events[: rng.randint(0, len(events))]  # as a journal of names would have it
        case _:
            return [event for event in events if rng.random() < 0.5]


def _perform_some(data: bytearray, operations: Sequence[Operation], fate: Fate, rng: Random) -> None:
    """What of a file's uncertain operations reached the disk."""
    if not operations:
        return
    kept: Sequence[Operation] = operations
    match fate:
        case Fate.NONE:
            kept = []
        case Fate.LAST:
            kept = operations[-1:]
        case Fate.TORN_LAST:
            kept = [*operations[:-1], *_torn(operations[-1], rng)]
        case Fate.ONE_FILE:
            kept = operations if rng.random() < 0.5 else []
        case Fate.SUBSET:
            share = rng.random()
            kept = [operation for operation in operations if rng.random() < share]
        case Fate.TORN:
            kept = [part for operation in operations if rng.random() < 0.8 for part in _torn(operation, rng)]
        case Fate.ZEROS:
            whole = bytearray(data)
            for operation in operations:
                _perform(whole, operation)
            kept = [operation for operation in operations if rng.random() < 0.5]
            _resize(data, len(whole))
        case _:
            pass
    for operation in kept:
        _perform(data, operation)


def _torn(operation: Operation, rng: Random) -> list[Operation]:
    """Some of the sectors of a write; what is no write stays whole."""
    if operation.kind != "W":
        return [operation]
    end = operation.offset + len(operation.data)
    edges = [operation.offset, *range(operation.offset // SECTOR * SECTOR + SECTOR, end, SECTOR), end]
    parts = []
    for start, stop in pairwise(edges):
        if rng.random() < 0.5:
            data = operation.data[start - operation.offset : stop - operation.offset]
            parts.append(Operation("W", operation.path, "", operation.inode, start, data, operation.pid, operation.end))
    return parts


def _perform(data: bytearray, operation: Operation) -> None:
    match operation.kind:
        case "W":
            end = operation.offset + len(operation.data)
            if len(data) < operation.offset:
                _resize(data, operation.offset)
            data[operation.offset : end] = operation.data
        case "T":
            _resize(data, operation.offset)
        case "E" if len(data) < operation.offset:
            _resize(data, operation.offset)
        case _:
            pass


def _resize(data: bytearray, length: int) -> None:
    if len(data) > length:
        del data[length:]
    else:
        data.extend(bytes(length - len(data)))
