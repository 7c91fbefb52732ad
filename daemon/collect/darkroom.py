"""Develops films in confined processes, several at a time, and gives them back in the order that they came in."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, Protocol

from pebble import ProcessPool

from daemon.collect import developing
from daemon.collect.developing import Developed, LeftOut
from daemon.intake.pipes import Film, WorkerContext
from daemon.intake.reading import Content, read_file
from daemon.intake.workers import ONE_THREAD
from db.cases import CaseImage

DEADLINE: Final = 60.0  # seconds a film; a film of 24 megapixels takes about five
_AHEAD: Final = 2  # films a worker that wait in memory


class Darkroom(Protocol):
    """Whatever develops bytes: confined processes, or a fake in the tests."""

    def submit(self, data: bytes, side: int) -> Future[Any]:
        """Take a film; the future gives what `developing.read` takes, or raises."""


class ConfinedDarkroom:
    """Processes that share nothing with this one, have no network and write nothing, and are replaced when they die."""

    def __init__(self, workers: int) -> None:
        for key, value in ONE_THREAD.items():
            os.environ.setdefault(key, value)
        self._pool = ProcessPool(max_workers=workers, initializer=developing.start, context=WorkerContext())

    def submit(self, data: bytes, side: int) -> Future[Any]:
        """See `Darkroom`."""
        future: Future[Any] = self._pool.schedule(developing.develop, args=[Film(data), side], timeout=DEADLINE)
        return future

    def close(self) -> None:
        """End the processes at once."""
        self._pool.stop()
        self._pool.join()


@contextlib.contextmanager
def darkroom(workers: int) -> Iterator[Darkroom]:
    """Confined processes, ended on the way out."""
    room = ConfinedDarkroom(workers)
    try:
        yield room
    finally:
        room.close()


def developed(
    films: Iterable[CaseImage], room: Darkroom, side: int, ahead: int, stop: Callable[[], bool]
) -> Iterator[tuple[CaseImage, Developed | LeftOut]]:
    """Each film with what became of it, in order.

    Args:
        films: what to develop; each file must hold what was judged.
        room: who does it.
        side: of the pictures, in pixels, at most.
        ahead: films at a time.
        stop: asked before each film; a true answer ends it.
    """
    waiting: deque[tuple[CaseImage, Future[Any] | LeftOut]] = deque()
    for film in films:
        if stop():
            break
        waiting.append((film, _begun(film, room, side)))
        if len(waiting) >= ahead * _AHEAD:
            done, answer = waiting.popleft()
            yield done, _ended(answer, side)
    for done, answer in waiting:
        if stop():
            break
        yield done, _ended(answer, side)


def _begun(film: CaseImage, room: Darkroom, side: int) -> Future[Any] | LeftOut:
    content = read_file(Path(film.absolute_path))
    if not isinstance(content, Content):
        return LeftOut.GONE
    if content.sha256 != film.sha256:
        return LeftOut.CHANGED
    try:
        return room.submit(content.data, side)
    except RuntimeError:  # the pool is in error
        return LeftOut.FAILED


def _ended(answer: Future[Any] | LeftOut, side: int) -> Developed | LeftOut:
    if isinstance(answer, LeftOut):
        return answer
    try:
        return developing.read(answer.result(), side)
    except Exception:  # noqa: BLE001 - whatever a hostile film makes of the way back, it costs one film
        return LeftOut.FAILED
