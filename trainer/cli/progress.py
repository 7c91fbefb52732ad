"""A progress bar with the time left, where somebody watches; a run that goes on starts in its middle."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar with the time left, on a terminal only; called with (done, total, note)."""
    if not sys.stderr.isatty():
        yield _no_progress
        return
    with click.progressbar(
        length=1, label=label, file=sys.stderr, show_eta=True, item_show_func=lambda note: note
    ) as bar:
        started = False

        def advance(done: int, total: int, note: str) -> None:
            nonlocal started
            if not started:  # a run that goes on starts in the middle: what was done before takes no time
                bar.length, bar.pos, started = total, done - 1, True
            bar.update(done - bar.pos, note)

        yield advance


def _no_progress(done: int, total: int, note: str) -> None:
    """Where nobody watches."""
