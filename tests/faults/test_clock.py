"""The clock is stepped under a running daemon, and films bear times that nobody believes."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import pytest
from builders.parts import need_program
from faults.ward import LONG, Ward, dice, end, film, films, quiet, wait

HOUR, DAY = 3600, 86400
SOURCE = Path(__file__).with_name("clock.c")
STEPS = (-HOUR, DAY, 0)  # seconds that the clock is off by, each in turn; in the end it is right
ROUNDS = 6 if LONG else 1
COUNT = 30 if LONG else 4
WINDOW = 1.0  # seconds that a file has to keep still
GROWS = 3 * WINDOW


class SteppedClock:
    """The wall clock as one program sees it; files keep their times, as on a server whose clock is right."""

    def __init__(self, folder: Path) -> None:
        self._library, self._file = folder / "clock.so", folder / "clock"
        build = [need_program("cc"), "-shared", "-fPIC", "-O1", "-o", self._library, SOURCE, "-ldl"]
        subprocess.run(build, check=True)
        self.step(0)

    def step(self, seconds: int) -> None:
        """Set how far the clock is off."""
        with self._file.open("r+b" if self._file.exists() else "wb") as stream:
            stream.write(struct.pack("=q", seconds * 1_000_000_000))

    def environment(self) -> dict[str, str]:
        """What a program needs for it."""
        return {"LD_PRELOAD": os.fspath(self._library), "STEPPED_CLOCK": os.fspath(self._file)}


@contextmanager
def _growing(path: Path, data: bytes) -> Iterator[None]:
    """Write a film all the while, a little at a time, and end it after `GROWS` more seconds."""
    with path.open("wb", buffering=0) as stream:
        enough = Event()

        def write() -> None:
            written = 0
            while not enough.wait(0.1) and written < len(data) - 100:
                written += stream.write(data[written : written + 50])
            stream.write(data[written:])

        writer = Thread(target=write)
        writer.start()
        try:
            yield
            time.sleep(GROWS)
        finally:
            enough.set()
            writer.join()


@pytest.mark.system("gcc libc6-dev")
def test_a_clock_that_is_stepped_loses_and_delays_nothing(tmp_path: Path) -> None:
    """Films arrive, grow and wait to be tried again while it jumps; none fails for it, and none waits for hours."""
    chance, clock = dice(), SteppedClock(tmp_path)
    # root may read everything; without these it is like everybody else
    limits = [need_program("setpriv"), "--bounding-set", "-dac_override,-dac_read_search"]
    ward = Ward.at(tmp_path, prefix=limits, environment=clock.environment(), settle_seconds=WINDOW)
    kept: dict[str, bytes] = {}
    offsets = [0, *(step for _ in range(ROUNDS) for step in STEPS)]
    with ward.watching() as running:
        for turn, (before, after) in enumerate(pairwise(offsets)):
            print(f"turn {turn}: {before:+} -> {after:+}")
            locked, growing = f"locked{turn}.jpg", f"growing{turn}.jpg"
            new = {**films(COUNT, 1000 * turn, f"t{turn}-"), growing: film(1000 * turn + 900)}
            (ward.incoming / locked).touch(mode=0)
            (ward.incoming / locked).write_bytes(film(1000 * turn + 901))
            wait(lambda locked=locked: ward.waits(locked), lambda: "a film that waits to be tried again", running)
            with _growing(ward.incoming / growing, new[growing]):
                wait(lambda growing=growing: ward.state(growing), lambda: "a film that settles", running)
                ward.put({name: data for name, data in new.items() if name != growing})
                time.sleep(chance.uniform(0, WINDOW))
                clock.step(after)
            kept |= new
            ward.wait_for_scores(running, kept)
            # it may not be read for ever: after four tries in about seven seconds it fails, whatever the clock says
            wait(lambda locked=locked: ward.state(locked) == "failed", ward.newest, running)
            (ward.incoming / locked).chmod(0o600)
            kept[locked] = film(1000 * turn + 901)
            ward.wait_for_scores(running, kept)
        assert _hours(ward) >= 23  # the daemon saw it jump
        quiet(ward, running)
        end(running)
    assert {row.code for row in ward.failures()} == {"unreadable"}
    ward.check(kept)


def _hours(ward: Ward) -> float:
    """How far apart the times of the history are."""
    ((first, last),) = ward.ask("SELECT min(at), max(at) FROM history")
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() / HOUR


def test_films_from_the_future_and_from_1980_are_scored_once(tmp_path: Path) -> None:
    """The times of a file are whatever a modality thinks; they put no film off, and make none arrive again."""
    ward = Ward.at(tmp_path)
    moments = {"1980": datetime(1980, 1, 1, tzinfo=UTC), "1969": datetime(1969, 7, 20, tzinfo=UTC)}
    moments |= {"2107": datetime(2107, 12, 31, tzinfo=UTC), "soon": datetime.now(UTC).replace(year=2027)}
    kept = {f"{name}.jpg": film(seed) for seed, name in enumerate(moments)}
    with ward.watching() as running:
        for name, moment in moments.items():
            part = ward.incoming / f"{name}.part"
            part.write_bytes(kept[f"{name}.jpg"])
            os.utime(part, (moment.timestamp(), moment.timestamp()))
            part.rename(ward.incoming / f"{name}.jpg")
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
    ward.check(kept)
    assert len(ward.rows()) == len(kept)
