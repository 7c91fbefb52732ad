"""Puts one film to the workers until there is an answer, and blames it for deaths as the intake does; no store."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final, Protocol, TypeVar

from daemon.errors import DaemonError
from daemon.intake.bench import MAX_BREAKS, MAX_DEATHS, STUCK
from daemon.intake.workers import PoolBroke, WorkerDied, landing_of

Answer = TypeVar("Answer")
Read = Callable[[Any], Answer]
Stop = Callable[[], bool]
TICK: Final = 0.25  # seconds between two looks at the stop flag


class Asked(Protocol):
    """The pool, or a fake in the tests; see `daemon.intake.workers.WorkerPool`."""

    def ask(self, task: Callable[..., object], read: Read[Answer], data: bytes, *more: object) -> Future[Answer]:
        """Queue one film for a task."""

    def restart(self) -> None:
        """Begin anew, where it broke or hangs."""

    @property
    def proven(self) -> bool:
        """Whether the workers that there are have shown that they work."""


class Breaks:
    """How often a pool broke that had never shown that it works."""

    def __init__(self, pool: Asked) -> None:
        self._pool = pool
        self._count = 0

    def mend(self) -> WorkerDied | PoolBroke:
        """Start the pool afresh, and say what the break means for the films that were with it.

        Raises:
            DaemonError: it breaks again and again.
        """
        proven = self._pool.proven
        self._count += not proven
        if self._count >= MAX_BREAKS:
            cause = "they end before they judge a film"
            remedy = "free memory and check the installation, then start again"
            raise DaemonError("start the workers", None, cause, remedy)
        self._pool.restart()
        return WorkerDied("the worker pool broke", "worker-failed") if proven else PoolBroke()


def answered(
    pool: Asked,
    task: Callable[..., object],
    read: Read[Answer],
    data: bytes,
    *more: object,
    deaths: int = 0,
    stop: Stop,
) -> Answer | WorkerDied | None:
    """What becomes of a film that has the pool to itself; a death is its own when it happened often enough.

    Args:
        pool: with no other film.
        task, read, data, more: see `WorkerPool.ask`.
        deaths: of workers that had this film before.
        stop: asked often; a true answer ends the wait.

    Returns:
        The answer, or the death that it is to blame for; None where it was stopped.

    Raises:
        DaemonError: the workers cannot work.
    """
    breaks = Breaks(pool)
    while True:
        future = pool.ask(task, read, data, *more)
        if not _done(future, stop):
            return None
        death: WorkerDied | PoolBroke
        if future.done():
            landed = landing_of(future)
            if not isinstance(landed, WorkerDied | PoolBroke):
                return landed
            death = landed if isinstance(landed, WorkerDied) else breaks.mend()
        else:
            death = breaks.mend()
        if isinstance(death, PoolBroke):
            continue
        deaths += 1
        if deaths >= MAX_DEATHS:
            return WorkerDied(f"{death.cause}, {deaths} times", death.code)


def message_of(death: WorkerDied) -> str:
    """The sentence of a film that failed for it."""
    return f"{death.cause}; export the film again, uncompressed"


def _done(future: Future[Answer], stop: Stop) -> bool:
    """Wait for a film; False where it was stopped. What hangs for long is not waited for."""
    until = time.monotonic() + STUCK
    while not future.done() and time.monotonic() < until:
        if stop():
            return False
        wait([future], timeout=TICK)
    return True
