"""A pool of worker processes with a deadline for each film, and what to make of a worker that died."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import astuple, dataclass
from typing import Any, Final, Protocol, TypeVar

from pebble import ProcessExpired, ProcessPool

from daemon.intake import wire, worker
from daemon.intake.pipes import LARGEST_ANSWER, Film, WorkerContext
from daemon.intake.sandbox import Confinement
from daemon.intake.worker import Outcome
from daemon.triage.gate_policy import BY_DEFAULT, GatePolicy
from models.bundle import Bundle
from models.population import Population

Answer = TypeVar("Answer")
LOG: Final = logging.getLogger("cxr_triage.intake")
DEADLINE: Final = 30.0  # seconds a film; a 24-megapixel lossless film takes under two
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Judge(Protocol):
    """Whatever can turn bytes into an outcome, later: the pool, or a fake in the tests."""

    def submit(self, data: bytes, declared: Population | None) -> Future[Outcome]:
        """Take a film; the future gives its outcome, or raises what `outcome_of` understands."""

    def restart(self) -> None:
        """Begin anew, where it broke or hangs."""

    @property
    def proven(self) -> bool:
        """Whether the workers that there are have shown that they work: then a break has another reason."""


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The worker ended, or was ended, while it had the film; whether the film is to blame is not known yet.

    Attributes:
        cause: in words.
        code: what the film shows if it is to blame.
    """

    cause: str
    code: str


@dataclass(frozen=True, slots=True)
class PoolBroke:
    """The pool itself is of no use any more; no film is to blame."""


Landing = Outcome | WorkerDied | PoolBroke
"""How a film comes back from the workers."""


def outcome_of(future: Future[Outcome]) -> Landing:
    """What became of a film that was judged; see `landing_of`."""
    return landing_of(future)


def landing_of(future: Future[Answer]) -> Answer | WorkerDied | PoolBroke:
    """The result of a finished future; whatever it raises becomes a value.

    A deadline is no verdict: a machine that is busy or suspended, or whose clock is stepped, exceeds it as well.
    """
    if future.cancelled():
        return PoolBroke()
    match future.exception():
        case None:
            return future.result()
        case FutureTimeoutError() | TimeoutError():
            return WorkerDied(f"decoding took more than {DEADLINE:.0f} s", "too-slow")
        case ProcessExpired() as error:
            return WorkerDied(f"the worker died ({error.exitcode}) while decoding it", "worker-died")
        case BrokenProcessPool() | CancelledError():
            return PoolBroke()
        case error:  # whatever it is: what a hostile film makes of the way back must not end the daemon
            return WorkerDied(f"the worker gave no outcome ({type(error).__name__})", "worker-failed")


class WorkerPool:
    """Worker processes, started afresh so that they share nothing with the daemon, replaced when they die."""

    def __init__(
        self,
        bundle: Bundle,
        workers: int,
        gate_policy: GatePolicy = BY_DEFAULT,
        largest_answer: int = LARGEST_ANSWER,  # bytes
    ) -> None:
        for key, value in ONE_THREAD.items():
            os.environ.setdefault(key, value)  # the children read it when they start, whenever pebble starts them
        self._bundle, self._workers, self._gate_policy = bundle, workers, gate_policy
        self._largest_answer = largest_answer
        self._asked = False
        self._confinement: Confinement | None = None
        self._pool = self._new()

    @property
    def confinement(self) -> Confinement | None:
        """What the workers gave up; None until the first of them said so, which is before it has its first film."""
        return self._confinement

    def _new(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._workers,
            initializer=worker.start,
            initargs=(self._bundle, self._gate_policy),
            context=WorkerContext(self._largest_answer),
        )

    def submit(self, data: bytes, declared: Population | None) -> Future[Outcome]:
        """Queue one film; pebble starts and replaces the processes as they are needed."""
        return self.ask(judged, wire.read, data, declared)

    def ask(
        self, task: Callable[..., object], read: Callable[[Any], Answer], data: bytes, *more: object
    ) -> Future[Answer]:
        """Queue one film for another task than judging it.

        Args:
            task: run in the worker with the film and `more`; it gives back a text or bytes.
            read: makes an answer of that, believing nothing; what it cannot read it says by a ValueError or TypeError.
            data: the content of the file.
            more: plain values for the task.
        """
        landing: Future[Answer] = Future()
        try:
            if not self._asked:
                self._asked = True
                self._pool.schedule(given_up, timeout=DEADLINE).add_done_callback(self._told)
            asked: Future[Any] = self._pool.schedule(task, args=[Film(data), *more], timeout=DEADLINE)
        except RuntimeError as error:  # the pool is in error: e.g. a worker died before it took its first film
            landing.set_exception(BrokenProcessPool(str(error)))
        else:
            asked.add_done_callback(lambda asked: _land(asked, read, landing))
        return landing

    def _told(self, future: Future[list[bool]]) -> None:
        """Keep and log what the first worker says of itself: on another kernel or in a container it may be less."""
        if future.cancelled() or future.exception() is not None:
            self._asked = False  # it died before it could say; the next one is asked
            return
        self._confinement = Confinement(*(part is True for part in future.result()))
        level = logging.INFO if self._confinement.complete else logging.WARNING
        LOG.log(level, "workers started", extra={"cause": str(self._confinement)})

    @property
    def proven(self) -> bool:
        """Whether a worker of this pool told what it gave up, so that it started as it should."""
        return self._confinement is not None

    def restart(self) -> None:
        """End every process and begin with new ones; what was submitted before is lost."""
        self.stop()
        self._asked, self._confinement = False, None
        self._pool = self._new()

    def stop(self) -> None:
        """End the processes at once."""
        self._pool.stop()
        self._pool.join()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def judged(data: bytes, declared: Population | None) -> str:
    """In the worker: judge a film, in the form in which the daemon takes it back."""
    return wire.written(worker.judge(data, declared))


def given_up() -> list[bool]:
    """In the worker: its confinement, likewise."""
    return list(astuple(worker.confinement()))


def _land(asked: Future[Any], read: Callable[[Any], Answer], landing: Future[Answer]) -> None:
    """Hand on what came back from a worker, in pebble's thread."""
    if asked.cancelled():
        landing.set_exception(CancelledError())
    elif error := asked.exception():
        landing.set_exception(error)
    else:
        try:
            landing.set_result(read(asked.result()))
        except (ValueError, TypeError, RecursionError) as error:
            landing.set_exception(error)


def default_workers() -> int:
    """One worker a core that this process may use, four at most."""
    return max(1, min(4, len(os.sched_getaffinity(0))))
