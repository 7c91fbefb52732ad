"""The pipes between the daemon and its workers: a film goes out uncopied, and only plain messages come back.

Unpickling runs what it reads, so a worker that a film took over could reach the daemon by its answer, whatever it gave
up itself. From a worker nothing is taken but the pool's own messages around plain values and Python's own exceptions,
of a bounded size.
"""

from __future__ import annotations

import builtins
import io
import os
import pickle
from collections.abc import Callable
from multiprocessing.connection import Connection, reduce_connection  # type: ignore[attr-defined]
from multiprocessing.context import SpawnContext
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final

from pebble.common.types import ResultStatus

LARGEST_ANSWER: Final = 4 << 20  # bytes; an outcome has a few thousand
_MESSAGES: Final = frozenset(
    {
        ("pebble.pool.process", "Acknowledgement"),
        ("pebble.pool.process", "TaskProblem"),
        ("pebble.pool.process", "TaskResult"),
        ("pebble.common.types", "Result"),
        ("pebble.common.types", "ResultStatus"),
        ("pebble.common.types", "RemoteException.rebuild_exception"),
    }
)


class Film:
    """Bytes on their way to a worker; the daemon lets go of them when they are sent, not when the film is judged."""

    def __init__(self, data: bytes) -> None:
        self._data: bytes | None = data

    def take(self) -> bytes:
        """The bytes, once."""
        data, self._data = self._data, None
        if data is None:
            raise pickle.PicklingError("a film is sent once")
        return data


class WorkerContext(SpawnContext):
    """Starts processes afresh, and joins them to this one by guarded pipes."""

    def __init__(self, largest_answer: int = LARGEST_ANSWER) -> None:
        super().__init__()
        self._largest_answer = largest_answer

    def Pipe(self, duplex: bool = False) -> tuple[Connection, Connection]:  # noqa: ARG002, N802  (multiprocessing's)
        """A pipe for one direction: its reading and its writing end."""
        reader, writer = os.pipe()
        receiving, sending = _DaemonEnd(reader, writable=False), _DaemonEnd(writer, readable=False)
        receiving.largest = self._largest_answer
        return receiving, sending


class _DaemonEnd(Connection):
    """An end in the daemon; `largest` is the most that it takes, in bytes."""

    largest = LARGEST_ANSWER

    def send(self, obj: Any) -> None:
        """Send a task, and after it the film in it, from the memory where it lies."""
        stream, films = io.BytesIO(), list[bytes]()
        _TaskPickler(stream, films).dump(obj)
        self.send_bytes(stream.getbuffer())
        while films:
            self.send_bytes(films.pop(0))

    def recv(self) -> Any:
        """Take a message.

        Raises:
            OSError: it is none that a worker has to send; the pool then counts as broken.
        """
        try:
            return _AnswerUnpickler(io.BytesIO(self.recv_bytes(self.largest))).load()
        except (OSError, EOFError):
            raise
        except Exception as error:
            raise OSError(f"a worker sent something else than an answer ({type(error).__name__})") from error

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        _, (handle, readable, writable) = reduce_connection(self)
        return _worker_end, (handle, readable, writable)


class _WorkerEnd(Connection):
    """The same end, in a worker; what comes from the daemon is trusted."""

    def recv(self) -> Any:
        """Take a task and the film that follows it."""
        return _TaskUnpickler(io.BytesIO(self.recv_bytes()), self.recv_bytes).load()


def _worker_end(handle: Any, readable: bool, writable: bool) -> _WorkerEnd:
    return _WorkerEnd(handle.detach(), readable, writable)


class _TaskPickler(ForkingPickler):
    """Leaves films out, and notes them in their order."""

    def __init__(self, stream: io.BytesIO, films: list[bytes]) -> None:
        super().__init__(stream)
        self._films = films

    def persistent_id(self, obj: Any) -> str | None:
        """Where to put a film in again."""
        if not isinstance(obj, Film):
            return None
        self._films.append(obj.take())
        return "film"


class _TaskUnpickler(pickle.Unpickler):
    """Puts films in again."""

    def __init__(self, stream: io.BytesIO, next_film: Callable[[], bytes]) -> None:
        super().__init__(stream)
        self._next_film = next_film

    def persistent_load(self, _pid: Any) -> bytes:
        """The next film of the pipe."""
        return self._next_film()


class _AnswerUnpickler(pickle.Unpickler):
    """Makes nothing but the pool's own messages and Python's own exceptions."""

    def find_class(self, module: str, name: str) -> Any:
        """One of those, by its name.

        Raises:
            UnpicklingError: it is none of them.
        """
        if (module, name) in _MESSAGES:
            return super().find_class(module, name)
        if (module, name) == ("builtins", "getattr"):
            return _status
        found = getattr(builtins, name, None) if module == "builtins" else None
        if isinstance(found, type) and issubclass(found, Exception):
            return found
        raise pickle.UnpicklingError("nothing that a worker sends")


def _status(kind: object, name: object) -> ResultStatus:
    """A word of pebble's, as Debian 12's Python 3.11.2 writes members of an enum: ``getattr(kind, name)``.

    Raises:
        UnpicklingError: another attribute is asked for, or of something else.
    """
    if kind is ResultStatus and isinstance(name, str) and name in ResultStatus.__members__:
        return ResultStatus[name]
    raise pickle.UnpicklingError("nothing that a worker sends")
