"""Folder events, through watchdog: hints about where to look, never the truth; the rescan is that.

Only closed and moved files are asked for: unfiltered, the kernel's queue overflowed and lost a third of 5,000 files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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
from watchdog.observers.inotify import InotifyFullEmitter
from watchdog.observers.inotify_c import InotifyEvent, InotifyFD

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


class _Queue(InotifyFD):
    """The kernel's queue of one observer, which says when it overflowed: what was in it is known to nobody."""

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__()
        self._tell = lost

    def handle_event(self, event: InotifyEvent) -> None:
        super().handle_event(event)
        if event.is_queue_overflow:
            self._tell()


class Observer(BaseObserver):
    """watchdog's inotify observer, on a queue of its own."""

    def __init__(self, lost: Callable[[], None]) -> None:
        self.queue = _Queue(lost)
        self.queue.start()
        # full events: a rename into the root from outside of it would else look like a file just begun
        super().__init__(InotifyFullEmitter, inotify_fd=self.queue)

    def on_thread_stop(self) -> None:
        """Stop the queue with the observer."""
        super().on_thread_stop()
        self.queue.stop()
        self.queue.join(5.0)

    def is_listening(self) -> bool:
        """Whether events can still come: the observer's thread outlives those that read from the kernel."""
        parts = (self, self.queue, *self.emitters)
        return len(parts) > 2 and all(part.is_alive() for part in parts)


def observe(root_id: int, root: Path, inbox: Inbox, *, recursive: bool = True) -> Observer:
    """Start watching a root.

    Raises:
        DaemonError: it cannot be watched; it can still be rescanned.
    """
    try:
        observer = Observer(lambda: inbox.lost(root_id))
    except OSError as error:
        raise _cannot_watch(root, error) from error
    try:
        handler = _Handler(root_id, os.fspath(root), inbox)
        observer.schedule(handler, os.fspath(root), recursive=recursive, event_filter=_EVENTS)
        observer.start()
    except OSError as error:
        end(observer)
        raise _cannot_watch(root, error) from error
    return observer


def end(observer: BaseObserver) -> None:
    """Stop watching."""
    observer.stop()
    if observer.is_alive():
        observer.join(5.0)


def _cannot_watch(root: Path, error: OSError) -> DaemonError:
    cause = error.strerror or type(error).__name__
    remedy = "raise fs.inotify.max_user_watches and max_user_instances; it is rescanned meanwhile"
    return DaemonError("watch folder", root, cause, remedy)
