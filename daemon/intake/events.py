"""Folder events, through watchdog: hints about where to look, never the truth; the rescan is that.

Only closed and moved files are asked for: unfiltered, the kernel's queue overflowed and lost a third of 5,000 files.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyObserver

from daemon.errors import DaemonError
from daemon.intake.hints import Hint, Inbox

_EVENTS: Final[list[type[FileSystemEvent]]] = [FileClosedEvent, FileMovedEvent, DirCreatedEvent, DirMovedEvent]


class _Handler(FileSystemEventHandler):
    def __init__(self, root_id: int, root: str, inbox: Inbox) -> None:
        self._root_id, self._root, self._inbox = root_id, root, inbox

    def dispatch(self, event: FileSystemEvent) -> None:
        if isinstance(event, DirCreatedEvent | DirMovedEvent):
            self._inbox.ask_rescan(self._root_id)  # files inside a new folder never give an event of their own
            return
        raw = event.dest_path if isinstance(event, FileMovedEvent) else event.src_path
        if not raw or not isinstance(event, FileClosedEvent | FileMovedEvent):
            return  # moved away: the rescan will tell
        relative = os.path.relpath(os.fsdecode(raw), self._root)
        if not relative.startswith(os.pardir + os.sep):
            self._inbox.put(self._root_id, Hint(relative, closed=True))


def observe(root_id: int, root: Path, inbox: Inbox) -> BaseObserver:
    """Start watching a root.

    Raises:
        DaemonError: it cannot be watched; it can still be rescanned.
    """
    try:
        # full events: a rename into the root from outside of it would else look like a file just begun
        observer = InotifyObserver(generate_full_events=True)
        handler = _Handler(root_id, os.fspath(root), inbox)
        observer.schedule(handler, os.fspath(root), recursive=True, event_filter=_EVENTS)
    except OSError as error:
        raise _cannot_watch(root, error) from error
    try:
        observer.start()
    except OSError as error:
        end(observer)
        raise _cannot_watch(root, error) from error
    return observer


def is_listening(observer: BaseObserver) -> bool:
    """Whether events can still come: the observer's own thread outlives the one that reads from the kernel."""
    return observer.is_alive() and bool(observer.emitters) and all(emitter.is_alive() for emitter in observer.emitters)


def end(observer: BaseObserver) -> None:
    """Stop watching."""
    observer.stop()
    if observer.is_alive():
        observer.join(5.0)


def _cannot_watch(root: Path, error: OSError) -> DaemonError:
    cause = error.strerror or type(error).__name__
    remedy = "raise fs.inotify.max_user_watches and max_user_instances; it is rescanned meanwhile"
    return DaemonError("watch folder", root, cause, remedy)
