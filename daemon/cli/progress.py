"""Progress on a terminal for what takes longer than two seconds; nothing is drawn when the output is piped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from daemon.cli.options import on_terminal

if TYPE_CHECKING:
    from daemon.intake.pipeline import Intake

AFTER: Final = 2.0  # seconds of work before anything is drawn
EVERY: Final = 0.5  # seconds between two drawings: each may ask the store
WIDTH: Final = 60


@contextmanager
def progress_of(intake: Intake) -> Iterator[Callable[[], None]]:
    """A function to call often; it draws how many films are finished, and the time left."""
    most = 0

    def figures() -> tuple[int, int]:
        nonlocal most
        pending = intake.pending()
        most = max(most, pending)
        return most - pending, most

    with counting("films", figures) as show:
        yield show


@contextmanager
def counting(what: str, figures: Callable[[], tuple[int, int]]) -> Iterator[Callable[[], None]]:
    """A function to call often; it draws how many of how many are done, and the time left.

    Args:
        what: is counted.
        figures: how many are done, of how many; asked only when something is drawn.
    """
    if not on_terminal():
        yield lambda: None
        return
    began = last = time.monotonic()
    drawn = False

    def show() -> None:
        nonlocal last, drawn
        now = time.monotonic()
        if now - began < AFTER or now - last < EVERY:
            return
        last = now
        done, total = figures()
        left = f", {(total - done) * (now - began) / done:.0f} s left" if done else ""
        _draw(f"{done} of {total} {what}{left}")
        drawn = True

    try:
        yield show
    finally:
        if drawn:
            _wipe()


@contextmanager
def told(what: str) -> Iterator[Callable[[int, int], None]]:
    """The same for work that says itself how many of how many are done."""
    figures = (0, 0)

    def show(done: int, total: int) -> None:
        nonlocal figures
        figures = (done, total)
        draw()

    with counting(what, lambda: figures) as draw:
        yield show


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Draw what is being done, and for how long, while the body runs; for work whose end is not known."""
    if not on_terminal():
        yield
        return
    done = threading.Event()

    def draw() -> None:
        seconds = AFTER
        while not done.wait(AFTER if seconds == AFTER else 1.0):
            _draw(f"{what}, {seconds:.0f} s")
            seconds += 1.0
        if seconds > AFTER:
            _wipe()

    drawer = threading.Thread(target=draw, daemon=True)
    drawer.start()
    try:
        yield
    finally:
        done.set()
        drawer.join()


def _draw(text: str) -> None:
    click.echo(f"\r{text:<{WIDTH}}", err=True, nl=False)


def _wipe() -> None:
    click.echo("\r" + " " * WIDTH + "\r", err=True, nl=False)
