"""What observers' threads leave for the one thread that works: paths to look at, and roots to look at as a whole."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

MOST_HINTS: Final = 10_000  # of one root; a rescan costs less than so many looks, and memory is bounded


@dataclass(frozen=True, slots=True)
class Hint:
    """An event named this path, relative to its root; `closed` says that a writer is done with it."""

    relative: str
    closed: bool


@dataclass(slots=True)
class Inbox:
    """Hints by root, each path once; `news` is set whenever something was left."""

    news: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _hints: dict[int, dict[str, Hint]] = field(default_factory=lambda: defaultdict(dict))
    _rescans: set[int] = field(default_factory=set)
    _lost: set[int] = field(default_factory=set)

    def put(self, root_id: int, hint: Hint) -> None:
        """Leave a hint; a path that is there already is there once, and of too many a rescan is left."""
        with self._lock:
            hints = self._hints[root_id]
            known = hints.get(hint.relative)
            if known is None and len(hints) >= MOST_HINTS:
                self._rescans.add(root_id)
            elif known is None or not known.closed:
                hints[hint.relative] = hint
        self.news.set()

    def ask_rescan(self, root_id: int) -> None:
        """Ask for a rescan: something happened that names no file."""
        with self._lock:
            self._rescans.add(root_id)
        self.news.set()

    def lost(self, root_id: int) -> None:
        """Note that events of a root were lost: it is to be subscribed to and looked at anew."""
        with self._lock:
            self._lost.add(root_id)
        self.news.set()

    def take_lost(self) -> set[int]:
        """The roots whose events were lost since the last time."""
        with self._lock:
            lost, self._lost = self._lost, set()
        return lost

    def take(self) -> tuple[dict[int, list[Hint]], set[int]]:
        """Everything since the last time."""
        with self._lock:
            hints = {root_id: list(found.values()) for root_id, found in self._hints.items()}
            rescans, self._rescans = self._rescans, set()
            self._hints.clear()
        return hints, rescans
