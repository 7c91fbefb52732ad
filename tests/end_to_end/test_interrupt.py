"""Ctrl-C on a real terminal: one line, and a database that continues; progress is drawn there and only there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import sqlite3
import subprocess
import termios
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from builders.films import grey_film, jpeg
from builders.program import LIMIT, Program, command_line


def _on_terminal(program: Program, arguments: list[str], interrupt: Callable[[str], bool]) -> tuple[int, str]:
    """Run a command on a terminal of its own, and press Ctrl-C once `interrupt` says so of what it drew."""
    master, slave = pty.openpty()

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [*command_line(), *arguments],
        cwd=program.folder,
        env=program.environment(),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=own_terminal,
    )
    os.close(slave)
    shown, pressed, deadline = "", False, time.monotonic() + LIMIT
    try:
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    shown += os.read(master, 4096).decode()
                except OSError:
                    break  # the last process with this terminal has ended
            if not pressed and interrupt(shown):
                pressed = True
                os.write(master, b"\x03")
        return process.wait(LIMIT), shown
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _films(program: Program, count: int) -> None:
    (program.folder / "films").mkdir()
    for number in range(count):
        (program.folder / "films" / f"{number}.jpg").write_bytes(jpeg(grey_film(seed=number)))


def _count(file: Path, rows: str) -> int:
    if not file.exists():
        return 0
    with closing(sqlite3.connect(file)) as connection:
        try:
            return int(connection.execute(f"SELECT count(*) FROM {rows}").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


@pytest.mark.parametrize(
    "when",
    ["history WHERE to_state = 'running'", "result"],
    ids=["while the workers start", "while the workers work"],
)
def test_a_scan_that_is_interrupted_says_so_in_one_line_and_goes_on_the_next_time(program: Program, when: str) -> None:
    _films(program, 24)
    arguments = ["scan", "films", "--settle-seconds", "0.1", "--db", "t.db"]
    code, shown = _on_terminal(program, arguments, lambda _: _count(program.folder / "t.db", when) >= 1)
    assert code == 130, shown
    assert "cxr-triage: interrupted; what was done is stored, the same command goes on from there" in shown
    assert "Traceback" not in shown
    done = program.good(*arguments)
    assert done.out == "24 seen: 24 scored, 0 pending\n"
    assert _count(program.folder / "t.db", "result") == 24
    program.good("account", "--verify", "--db", "t.db")


def test_progress_is_drawn_on_a_terminal_and_wiped(program: Program) -> None:
    _films(program, 2)
    arguments = ["scan", "films", "--settle-seconds", "600", "--db", "t.db"]
    code, shown = _on_terminal(program, arguments, lambda shown: "0 of 2 films" in shown)
    assert code == 130
    assert "0 of 2 films" in shown
    assert "Traceback" not in shown
