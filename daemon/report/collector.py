"""Holds off the collector of cycles while a report is made: it finds none, and looks at every study to learn that."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Iterator[None]:
    """No search for cycles in the block, in the whole process; of 100,000 studies they take a seventh of the time."""
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()
