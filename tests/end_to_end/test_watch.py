"""The real daemon: files that arrive while it runs, in every way that a department writes them."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from builders.films import grey_film, jpeg
from builders.program import Program, Running, wait_until

CONFIG = """
[store]
url = "t.db"
[[root]]
path = "films"
settle_seconds = 1.0
rescan_seconds = 3600
"""


def _film(seed: int) -> bytes:
    return jpeg(grey_film(seed=seed))


def _states(folder: Path, name: str) -> list[str]:
    """The states of every generation of a path, oldest first."""
    with closing(sqlite3.connect(folder / "t.db")) as connection:
        query = "SELECT state FROM arrival WHERE path = ? ORDER BY generation"
        return [state for (state,) in connection.execute(query, [os.fsencode(name)])]


def _count(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "t.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _wait_for_states(running: Running, folder: Path, name: str, states: list[str]) -> None:
    wait_until(
        lambda: _states(folder, name) == states,
        lambda: f"{name} to be {states}; it is {_states(folder, name)}",
        running.alive,
    )


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Iterator[tuple[Program, Running]]:
    """A daemon that rescans once an hour: what it sees, it sees by events."""
    program = Program(tmp_path_factory.mktemp("watching"), bundle)
    (program.folder / "films").mkdir()
    (program.folder / "config.toml").write_text(CONFIG)
    with program.started("--config", "config.toml", "watch") as running:
        running.wait_for("event=watching")
        yield program, running
        assert running.terminate() == 0
    assert "films" not in running.said().replace("pending_films", "")  # ids only, never a path
    assert ".jpg" not in running.said()
    assert program.good("account", "--verify", "--db", "t.db").code == 0


def _created(folder: Path, name: str) -> None:
    (folder / name).write_bytes(_film(101))


def _renamed_into_place(folder: Path, name: str) -> None:
    (folder / f"{name}.part").write_bytes(_film(102))
    (folder / f"{name}.part").rename(folder / name)


def _moved_from_elsewhere(folder: Path, name: str) -> None:
    (folder.parent / name).write_bytes(_film(103))
    (folder.parent / name).rename(folder / name)


def _in_a_new_subfolder(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(_film(104))


def _in_a_folder_that_is_moved_in(folder: Path, name: str) -> None:
    (folder.parent / name).parent.mkdir(parents=True)
    (folder.parent / name).write_bytes(_film(105))
    (folder.parent / name).parent.rename((folder / name).parent)


def _slowly(folder: Path, name: str) -> None:
    data = _film(106)
    size = len(data) // 8 + 1
    with (folder / name).open("wb", buffering=0) as stream:
        for start in range(0, len(data), size):
            stream.write(data[start : start + size])
            time.sleep(0.15)


@pytest.mark.parametrize(
    ("name", "arrive"),
    [
        ("created.jpg", _created),
        ("renamed.jpg", _renamed_into_place),
        ("moved.jpg", _moved_from_elsewhere),
        ("2026/ward/new.jpg", _in_a_new_subfolder),
        ("whole/new.jpg", _in_a_folder_that_is_moved_in),
        ("slow.jpg", _slowly),
    ],
)
def test_a_film_that_arrives_is_scored(
    watching: tuple[Program, Running], name: str, arrive: Callable[[Path, str], None]
) -> None:
    program, running = watching
    arrive(program.folder / "films", name)
    _wait_for_states(running, program.folder, name, ["scored"])


def test_other_content_at_the_same_path_is_a_new_arrival(watching: tuple[Program, Running]) -> None:
    program, running = watching
    path = program.folder / "films" / "again.jpg"
    path.write_bytes(_film(107))
    _wait_for_states(running, program.folder, path.name, ["scored"])
    path.write_bytes(_film(108))
    _wait_for_states(running, program.folder, path.name, ["superseded", "scored"])


def test_status_says_that_the_daemon_runs(watching: tuple[Program, Running]) -> None:
    program, running = watching
    document = program.good("status", "--format", "json", "--db", "t.db").document
    assert document["daemon"]["state"] == "running"
    assert document["daemon"]["pid"] == running.process.pid


def _watch_until(program: Program, name: str, end: Callable[[Running], object]) -> Running:
    with program.started("watch", "films", "--db", "t.db") as running:
        running.wait_for("event=watching")
        (program.folder / "films" / name).write_bytes(_film(hash(name) % 1000))
        _wait_for_states(running, program.folder, name, ["scored"])
        end(running)
    return running


def test_a_restart_scores_nothing_twice_and_sees_what_came_meanwhile(program: Program) -> None:
    (program.folder / "films").mkdir()
    first = _watch_until(program, "one.jpg", Running.terminate)
    assert first.process.returncode == 0
    (program.folder / "films" / "meanwhile.jpg").write_bytes(_film(2000))
    second = _watch_until(program, "two.jpg", lambda running: _end_after(running, program, "meanwhile.jpg"))
    assert second.process.returncode == 0
    assert _count(program.folder, "result") == 3
    assert program.good("account", "--verify", "--format", "json", "--db", "t.db").document["scored"] == 3
    assert program.good("status", "--format", "json", "--db", "t.db").document["daemon"]["state"] == "stopped"


def _end_after(running: Running, program: Program, name: str) -> None:
    _wait_for_states(running, program.folder, name, ["scored"])
    running.terminate()


def test_a_daemon_that_was_killed_is_called_dead_and_the_next_one_goes_on(program: Program) -> None:
    (program.folder / "films").mkdir()
    _watch_until(program, "one.jpg", lambda running: running.process.kill())
    status = program.run("status", "--format", "json", "--db", "t.db")
    assert status.code == 1
    assert status.document["daemon"]["state"] == "died"
    for number in range(5):
        (program.folder / "films" / f"{number}.jpg").write_bytes(_film(3000 + number))
    with program.started("watch", "films", "--db", "t.db") as running:
        wait_until(lambda: len(_states(program.folder, "0.jpg")) > 0, lambda: "a first look", running.alive)
        running.process.kill()
    done = program.good("scan", "films", "--settle-seconds", "0.1", "--db", "t.db")
    assert done.out == "6 seen: 6 scored, 0 pending\n"
    assert _count(program.folder, "result") == 6
    program.good("account", "--verify", "--db", "t.db")


def test_a_watched_folder_that_is_not_there_yet_is_waited_for(program: Program) -> None:
    (program.folder / "config.toml").write_text(CONFIG.replace("3600", "1"))
    with program.started("--config", "config.toml", "watch") as running:
        running.wait_for("event=watching")
        (program.folder / "films").mkdir()
        (program.folder / "films" / "one.jpg").write_bytes(_film(5))
        _wait_for_states(running, program.folder, "one.jpg", ["scored"])
        assert running.terminate() == 0
