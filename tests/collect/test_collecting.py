"""From a choice to a folder: shuffled, broken off without a trace, and no film costs more than itself."""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from builders.dicom import dicom
from builders.films import grey_film

from daemon.collect.choosing import Case, Choice, Chosen, Reason, Wish
from daemon.collect.collecting import Collected, collect
from daemon.collect.darkroom import ConfinedDarkroom, darkroom
from daemon.collect.developing import Developed, LeftOut, develop, read
from daemon.errors import DaemonError
from db.cases import CaseImage
from db.states import State, Verdict

KILLER = b"kills whoever decodes it"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


class DarkroomAtHand:
    """Develops in this process, and remembers how many films it was given."""

    def __init__(self) -> None:
        self.given = 0

    def submit(self, data: bytes, side: int) -> Future[Any]:
        self.given += 1
        future: Future[Any] = Future()
        if data == KILLER:
            future.set_exception(RuntimeError("the worker died"))
        else:
            future.set_result(develop(data, side))
        return future


def chosen_of(folder: Path, contents: list[bytes]) -> Choice:
    """A case for each content, in files."""
    cases = []
    for number, data in enumerate(contents, start=1):
        (folder / f"{number}.dcm").write_bytes(data)
        film = CaseImage(
            study_id=number,
            study_key=f"S-{number:06d}",
            arrival_id=number,
            root_path=str(folder),
            path=f"{number}.dcm",
            sha256=sha256(data).hexdigest(),
            state=State.SCORED,
            code=None,
            population=None,
            age_years=None,
            logit=0.0,
            bundle_id=1,
            arrived_at=NOW,
        )
        cases.append(Chosen(Case(number, film.study_key, (film,), Verdict.NOT, None), (Reason.RANDOM,)))
    return Choice(tuple(cases), len(cases), 2 * len(cases))


def collected(
    choice: Choice, out: Path, room: Any, stop: Callable[[], bool] = lambda: False, seed: int = 1
) -> Collected:
    return collect(
        choice,
        Wish(random=9),
        out,
        room,
        side=256,
        ahead=2,
        chance=random.Random(seed),
        stop=stop,
        progress=lambda *_: None,
    )


def films(count: int) -> list[bytes]:
    """Of three patients."""
    return [dicom(grey_film(200, 180, seed=seed), PatientID=f"patient {seed % 3}") for seed in range(count)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "films").mkdir()
    return tmp_path / "films"


def test_numbers_follow_a_shuffle_and_patients_stay_together(folder: Path, tmp_path: Path) -> None:
    choice = chosen_of(folder, films(9))
    order = set()
    for seed in range(3):
        out = tmp_path / f"out{seed}"
        result = collected(choice, out, DarkroomAtHand(), seed=seed)
        order.add(tuple(fate.number for fate in result.fates))
        with (out / "manifest.csv").open(newline="", encoding="utf-8") as stream:
            patient = {row["file"]: row["patient"] for row in csv.DictReader(stream)}
        of_film = [patient[f"films/{fate.number:06d}.png"] for fate in result.fates]
        assert [len(set(of_film[first::3])) for first in range(3)] == [1, 1, 1]
        assert len(set(of_film)) == result.patients == 3
    assert len(order) == 3


def test_a_film_that_kills_costs_itself(folder: Path, tmp_path: Path) -> None:
    result = collected(chosen_of(folder, [*films(2), KILLER, b"", b"no film"]), tmp_path / "out", DarkroomAtHand())
    assert result.left_out == {LeftOut.FAILED: 1, LeftOut.UNREADABLE: 2}
    assert len(result.taken) == 2


def test_a_stop_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    room = DarkroomAtHand()
    with pytest.raises(KeyboardInterrupt):
        collected(chosen_of(folder, films(9)), tmp_path / "out", room, stop=lambda: room.given >= 5)
    assert room.given == 5
    assert list(tmp_path.iterdir()) == [folder]


def test_a_collection_of_nothing_is_none(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DaemonError, match=r"no film may be taken \(2 unreadable\)"):
        collected(chosen_of(folder, [b"", b"no film"]), tmp_path / "out", DarkroomAtHand())
    assert list(tmp_path.iterdir()) == [folder]


def test_confined_processes_develop_like_this_one_and_are_replaced_when_they_die() -> None:
    data = films(1)[0]
    with darkroom(1) as room:
        here, there = read(develop(data, 256), 256), read(room.submit(data, 256).result(), 256)
        assert isinstance(here, Developed)
        assert isinstance(there, Developed)
        assert (there.picture == here.picture).all()
        assert isinstance(room, ConfinedDarkroom)
        told = room._pool.schedule(_tells)
        assert told.result() == ["Permission", "Permission"]
        died = room._pool.schedule(os._exit, args=[1])
        assert died.exception() is not None
        assert isinstance(read(room.submit(data, 256).result(), 256), Developed)


def _tells() -> list[str]:
    """What happens to a worker that wants to write, or to talk to somebody."""
    import socket

    said = []
    for attempt in (lambda: Path("/tmp/written-by-a-worker").write_bytes(b""), lambda: socket.socket().close()):
        try:
            attempt()
            said.append("done")
        except PermissionError:
            said.append("Permission")
    return said
