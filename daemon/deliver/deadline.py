"""Ends a conversation with a peer that is slow beyond all timeouts: one that sends a byte now and then, for ever."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlow(Exception):  # noqa: N818  (no OSError: smtplib takes those for a peer that hung up)
    """The peer took too long."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Break the body off when it takes longer; for the main thread of a process that uses no SIGALRM otherwise.

    Raises:
        TooSlow: it did.
    """

    def ring(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
