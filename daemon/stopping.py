"""Notes that a service is to stop, so that it does so between two pieces of work."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Stopping:
    """Whether a signal came. A plain value: locks, events and logs in a handler can meet the code they interrupted."""

    number: int | None = None

    def __call__(self) -> bool:
        """Whether it is time to end."""
        return self.number is not None


@contextmanager
def stop_on_signal() -> Iterator[Stopping]:
    """Note SIGTERM and SIGINT instead of obeying them at once; the handlers of before are put back."""
    stopping = Stopping()

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        stopping.number = number

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
