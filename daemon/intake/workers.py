"""A pool of worker processes with a deadline for each film, and what to make of a worker that died."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Final, Protocol

from pebble import ProcessExpired, ProcessPool

from daemon.intake import worker
from daemon.intake.worker import Outcome
from models.bundle import Bundle
from models.population import Population

DEADLINE: Final = 30.0  # seconds a film; a 24-megapixel lossless film takes under two
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Judge(Protocol):
    """Whatever can turn bytes into an outcome, later: the pool, or a fake in the tests."""

    def submit(self, data: bytes, declared: Population | None) -> Future[Outcome]:
        """Take a film; the future gives its outcome, or raises what `outcome_of` understands."""

    def restart(self) -> None:
        """Begin anew, where it broke or hangs."""


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
    """The result of a finished future; whatever it raises becomes a value.

    A deadline is no verdict: a machine that is busy or suspended, or whose clock is stepped, exceeds it as well.
    """
    try:
        return future.result()
    except (FutureTimeoutError, TimeoutError):
        return WorkerDied(f"decoding took more than {DEADLINE:.0f} s", "too-slow")
    except ProcessExpired as error:
        return WorkerDied(f"the worker died ({error.exitcode}) while decoding it", "worker-died")
    except (BrokenProcessPool, CancelledError):
        return PoolBroke()
    except Exception as error:  # noqa: BLE001  (what a hostile film makes of the way back must not end the daemon)
        return WorkerDied(f"the worker gave no outcome ({type(error).__name__})", "worker-failed")


class WorkerPool:
    """Worker processes, started afresh so that they share nothing with the daemon, replaced when they die."""

    def __init__(self, bundle: Bundle, workers: int) -> None:
        for key, value in _ONE_THREAD.items():
            os.environ.setdefault(key, value)  # the children read it when they start, whenever pebble starts them
        self._bundle, self._workers = bundle, workers
        self._pool = self._new()

    def _new(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._workers,
            initializer=worker.start,
            initargs=(self._bundle,),
            context=multiprocessing.get_context("spawn"),
        )

    def submit(self, data: bytes, declared: Population | None) -> Future[Outcome]:
        """Queue one film; pebble starts and replaces the processes as they are needed."""
        try:
            future: Future[Outcome] = self._pool.schedule(worker.judge, args=[data, declared], timeout=DEADLINE)
        except RuntimeError as error:  # the pool is in error: e.g. a worker died before it took its first film
            future = Future()
            future.set_exception(BrokenProcessPool(str(error)))
        return future

    def restart(self) -> None:
        """End every process and begin with new ones; what was submitted before is lost."""
        self.stop()
        self._pool = self._new()

    def stop(self) -> None:
        """End the processes at once."""
        self._pool.stop()
        self._pool.join()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def default_workers() -> int:
    """One worker a core that this process may use, four at most."""
    return max(1, min(4, len(os.sched_getaffinity(0))))
