"""Holds Ctrl-C back while work is in hand that must not be broken off anywhere, and lets the work ask for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def held_back() -> Iterator[Callable[[], bool]]:
    """Take note of SIGINT only; the function that is given says whether it came.

    A KeyboardInterrupt inside a transaction can leave it open: a scan then waited a minute for its own lock.

    Raises:
        KeyboardInterrupt: at the end of the body, if it came.
    """
    came = threading.Event()
    handler = signal.signal(signal.SIGINT, lambda *_: came.set())
    # Processes that are started inherit a block, and no handler: a worker that is just starting, on whose terminal
    # Ctrl-C is pressed, would print a traceback. The tracker of multiprocessing lifts the block where it is started.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield lambda: came.is_set() or signal.SIGINT in signal.sigpending()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if came.is_set():
        raise KeyboardInterrupt
