"""Runs `cxr-triage` as its user does: the console script of this environment, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from builders.parts import ROOT

LIMIT: Final = 120.0  # seconds after which a command hangs; none of them takes a tenth of that on an idle machine
_CONSOLE: Final = Path(sys.executable).with_name("cxr-triage")


def command_line() -> list[str]:
    """The console script where the project is installed, else the module of this checkout."""
    return [os.fspath(_CONSOLE)] if _CONSOLE.exists() else [sys.executable, "-m", "daemon"]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its standard output, read as JSON."""
        return json.loads(self.out)

    def one_line(self) -> str:
        """Its standard error, which must be one line without a traceback."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("cxr-triage: "), self.err
        return lines[0]


@dataclass(frozen=True, slots=True)
class Program:
    """`cxr-triage` with a working folder, and an environment in which nothing of this machine's user counts.

    Attributes:
        folder: where commands run, and their home.
        bundle: which model; None: the one that ships.
        prefix: a program that starts the command, such as setpriv.
    """

    folder: Path
    bundle: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()

    def environment(self) -> dict[str, str]:
        """What a command sees."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("CXR_TRIAGE_", "PYTHON", "LC_"))}
        bundle = {"CXR_TRIAGE_BUNDLE__FOLDER": os.fspath(self.bundle)} if self.bundle else {}
        own = {"HOME": os.fspath(self.folder), "PYTHONPATH": os.fspath(ROOT), "PYTHONSAFEPATH": "1", "LANG": "C.UTF-8"}
        return {**kept, **own, **bundle, **self.settings}

    def run(self, *arguments: str | os.PathLike[str], **environment: str) -> Done:
        """Run a command to its end."""
        ended = subprocess.run(
            [*self.prefix, *command_line(), *(os.fspath(argument) for argument in arguments)],
            cwd=self.folder,
            env={**self.environment(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
        done = Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
        assert "Traceback" not in done.out + done.err, done.err
        return done

    def good(self, *arguments: str | os.PathLike[str], **environment: str) -> Done:
        """Run a command that must succeed."""
        done = self.run(*arguments, **environment)
        assert done.code == 0, done
        return done

    @contextmanager
    def started(self, *arguments: str | os.PathLike[str]) -> Iterator[Running]:
        """Start a command; it is killed at the end if it still runs."""
        log = self.folder / f"{arguments[0]}-{time.monotonic_ns()}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*self.prefix, *command_line(), *(os.fspath(argument) for argument in arguments)],
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        try:
            yield Running(process, log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


@dataclass(frozen=True, slots=True)
class Running:
    """A command that runs, and the file that it writes to."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """Everything that it wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text: str) -> None:
        """Wait until it has written something."""

        def seen() -> bool:
            return text in self.said()

        wait_until(seen, lambda: f"{text!r} in: {self.said()}", self.alive)

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def terminate(self) -> int:
        """End it as a service manager does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT)


def wait_until(happened: Callable[[], bool], what: Callable[[], str], alive: Callable[[], bool]) -> None:
    """Look again and again until something happened; fails when it does not, or the process is gone."""
    deadline = time.monotonic() + LIMIT
    while not happened():
        assert alive(), f"it ended while waiting for {what()}"
        assert time.monotonic() < deadline, f"waited in vain for {what()}"
        time.sleep(0.05)
