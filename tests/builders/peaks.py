"""Watches how much memory a process and its children ever had, from /proc, while they run."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

EVERY: Final = 0.02  # seconds; the kernel keeps the peaks itself, so that only a process shorter than this is missed
KIB: Final = 1024


@dataclass(slots=True)
class Peak:
    """The most that one process ever had, in bytes; `limit` of its address space, None where it has none."""

    resident: int = 0
    mapped: int = 0
    limit: int | None = None


@dataclass(slots=True)
class Peaks:
    """A context in which a process, and every worker that it starts, is watched.

    Attributes:
        main: the process itself.
        workers: by process id: its children that have a limit (a worker gives itself one when its model is loaded).
    """

    pid: int
    main: Peak = field(default_factory=Peak)
    workers: dict[int, Peak] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def over_limit(self) -> list[int]:
        """Workers that had more address space than their limit."""
        return [pid for pid, peak in self.workers.items() if peak.limit is not None and peak.mapped > peak.limit]

    def _watch(self) -> None:
        while not self._over.is_set():
            self._look()
            self._over.wait(EVERY)

    def _look(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            _note(self.main, self.pid)
        for pid in _descendants(self.pid):
            with contextlib.suppress(OSError, ValueError):
                limit = _limit(pid)
                if limit is not None:
                    peak = self.workers.setdefault(pid, Peak())
                    peak.limit = limit
                    _note(peak, pid)


def _note(peak: Peak, pid: int) -> None:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    values = {key: value for key, _, value in (line.partition(":") for line in lines)}
    if "VmHWM" in values:  # a dead process has none
        peak.resident = max(peak.resident, int(values["VmHWM"].split()[0]) * KIB)
        peak.mapped = max(peak.mapped, int(values["VmPeak"].split()[0]) * KIB)


def _limit(pid: int) -> int | None:
    for line in Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines():
        if line.startswith("Max address space"):
            soft = line.split()[3]
            return None if soft == "unlimited" else int(soft)
    return None


def _descendants(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                children = [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
                found += children
                waiting += children
    return found
