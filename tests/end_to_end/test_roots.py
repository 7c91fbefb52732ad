"""Roots as an administrator looks after them: status, the canary, accept and retire, with a real daemon."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from builders.films import grey_film, jpeg
from builders.program import Program, Running, wait_until
from prometheus_client.parser import text_string_to_metric_families

CONFIG = """
[store]
url = "t.db"
[[root]]
path = "films"
rescan_seconds = 3600
settle_seconds = 0.5
canary = "canary.txt"
[[root]]
path = "share"
rescan_seconds = 3600
polling = "on"
poll_seconds = 1
canary = "alive"
[[root]]
path = "plain"
rescan_seconds = 3600
"""


def _film(seed: int) -> bytes:
    return jpeg(grey_film(seed=seed))


def _sql(program: Program, text: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(program.folder / "t.db")) as connection, connection:
        return connection.execute(text).fetchall()


def _roots(program: Program) -> dict[str, dict[str, object]]:
    """What `status` says of each root, by the name of its folder."""
    document = program.run("status", "--format", "json", "--all", "--db", "t.db").document
    return {Path(root["path"]).name: root for root in document["roots"]}


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Iterator[tuple[Program, Running]]:
    """A daemon that hears of one root's changes, polls another, and rescans once an hour."""
    program = Program(tmp_path_factory.mktemp("watching"), bundle)
    for name in ("films", "share", "plain"):
        (program.folder / name).mkdir()
    (program.folder / "config.toml").write_text(CONFIG)
    with program.started("--config", "config.toml", "watch") as running:
        running.wait_for("event=watching")
        yield program, running
        assert running.terminate() == 0
    for name in ("canary.txt", "alive", "films", "share"):
        assert name not in running.said()


@pytest.mark.parametrize(("folder", "canary"), [("films", "canary.txt"), ("share", "alive")])
def test_the_way_from_a_write_to_a_row_works(watching: tuple[Program, Running], folder: str, canary: str) -> None:
    """By events and by polling; the canary is no film, and nothing else is left in the folder."""
    program, _ = watching
    before = _sql(program, "SELECT count(*) FROM arrival")
    done = program.good("canary", folder, "--db", "t.db")
    assert re.fullmatch(rf"{program.folder}/{folder}/{canary}: seen after [0-9.]+ s\n", done.out)
    document = program.good("canary", program.folder / folder, "--format", "json", "--db", "t.db").document
    assert document["seen"] is True
    assert 0 < document["seconds"] < 60
    assert [path.name for path in (program.folder / folder).iterdir()] == [canary]
    assert _sql(program, "SELECT count(*) FROM arrival") == before
    found = _roots(program)[folder]["canary"]
    assert isinstance(found, dict)
    assert found["seen_at"] is not None
    assert (found["name"], found["overdue"]) == (canary, False)


def test_a_canary_that_a_job_rewrites_in_place_is_seen(watching: tuple[Program, Running]) -> None:
    program, running = watching
    stamp = "SELECT canary_stamp FROM root WHERE id = 1"
    before = _sql(program, stamp)
    with (program.folder / "films" / "canary.txt").open("a") as stream:
        stream.write("here I am\n")
    wait_until(lambda: _sql(program, stamp) != before, lambda: "another stamp", running.alive)


def test_a_root_without_a_canary_says_how_it_gets_one(watching: tuple[Program, Running]) -> None:
    program, _ = watching
    done = program.run("canary", "plain", "--db", "t.db")
    assert done.code == 1
    assert done.one_line().endswith("none is configured; set canary in its [[root]] and restart the service")
    assert list((program.folder / "plain").iterdir()) == []


def test_status_says_how_each_root_is_watched(watching: tuple[Program, Running]) -> None:
    """And its table stands in columns."""
    program, _ = watching
    found = {name: (root["state"], root["watching"]) for name, root in _roots(program).items()}
    assert found == {
        "films": ("watched", "events"),
        "share": ("watched", "polled"),
        "plain": ("watched", "events"),
    }
    lines = program.good("status", "--db", "t.db").out.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("root  state"))
    places = {line.index(str(program.folder)) for line in lines[head + 1 : head + 4]}
    assert places == {lines[head].index("folder")}


def test_a_root_that_the_daemon_looks_after_is_not_retired(watching: tuple[Program, Running]) -> None:
    """Also without the configuration at hand."""
    program, running = watching
    by_daemon = program.run("roots", "retire", "plain", "--db", "t.db")
    assert by_daemon.code == 1
    assert f"the daemon (pid {running.process.pid}) looks after it; " in by_daemon.one_line()
    by_configuration = program.run("--config", "config.toml", "roots", "retire", "plain")
    assert by_configuration.code == 1
    assert "the configuration names it; " in by_configuration.one_line()
    assert _roots(program)["plain"]["retired_at"] is None


def test_metrics_say_that_the_daemon_runs(watching: tuple[Program, Running]) -> None:
    """On standard output, or in a file that others may read."""
    program, _ = watching
    printed = program.good("metrics", "--db", "t.db").out
    assert program.good("metrics", "--output", "m.prom", "--db", "t.db").out == ""
    written = (program.folder / "m.prom").read_text()
    assert (program.folder / "m.prom").stat().st_mode & 0o777 == 0o644
    for text in (printed, written):
        values = {family.name: family.samples for family in text_string_to_metric_families(text)}
        assert values["cxr_triage_daemon_up"][0].value == 1
        assert {sample.labels["root"]: sample.value for sample in values["cxr_triage_root_events"]} == {
            "1": 1,
            "2": 0,
            "3": 1,
        }
        assert str(program.folder) not in text


def test_a_canary_that_nobody_sees_ends_with_the_likely_reason(program: Program) -> None:
    """After a while `status` calls it overdue as well, until somebody looks."""
    (program.folder / "films").mkdir()
    settings = '[store]\nurl = "t.db"\n[[root]]\npath = "films"\ncanary = "alive"\n'
    (program.folder / "config.toml").write_text(settings)
    program.good("--config", "config.toml", "scan")
    done = program.run("--config", "config.toml", "canary", "films", "--timeout", "0.2s", "--format", "json")
    assert done.code == 1
    assert done.document["seen"] is False
    assert "after 0.2 s, no daemon watches (it is stopped); start cxr-triage watch" in done.one_line()
    assert program.good("status", "--db", "t.db").code == 0
    _sql(program, "UPDATE root SET added_at = '2026-01-01 00:00:00.000000+00:00'")
    done = program.run("status", "--db", "t.db")
    assert done.code == 1
    assert re.search(r"^problem   the canary of .*/films is overdue", done.out, re.MULTILINE)
    program.good("--config", "config.toml", "scan")  # whoever looks next sees it
    assert program.good("status", "--db", "t.db").code == 0


def test_a_retired_root_is_passed_over_until_it_is_used_again(program: Program) -> None:
    """Its folder is gone, and that is no problem any more; its film stays."""
    for seed, name in enumerate(("kept", "old")):
        (program.folder / name).mkdir()
        (program.folder / name / "film.jpg").write_bytes(_film(seed))
    program.good("scan", "kept", "old", "--settle-seconds", "0.1", "--db", "t.db")
    (program.folder / "old").rename(program.folder / "away")
    assert program.run("scan", "kept", "old", "--db", "t.db").code == 1
    assert program.run("status", "--db", "t.db").code == 1
    assert program.run("account", "--verify", "--db", "t.db").code == 1
    assert "old: retired" in program.good("roots", "retire", "old", "--db", "t.db").out
    assert "/old" not in program.good("status", "--db", "t.db").out
    assert "retired" in program.good("status", "--all", "--db", "t.db").out
    assert program.good("account", "--verify", "--format", "json", "--db", "t.db").document["scored"] == 2
    listed = program.good("roots", "--format", "json", "--db", "t.db").document["roots"]
    assert [(Path(root["path"]).name, root["films"]) for root in listed] == [("kept", 1), ("old", 1)]
    (program.folder / "away").rename(program.folder / "old")
    program.good("scan", "old", "--settle-seconds", "0.1", "--db", "t.db")
    assert _roots(program)["old"]["retired_at"] is None
    assert program.good("account", "--verify", "--format", "json", "--db", "t.db").document["scored"] == 2


def test_a_root_that_moved_for_good_is_taken_as_it_is_once_it_is_accepted(program: Program) -> None:
    """Before that, an empty folder in its place is an outage, and no film counts as removed."""
    films = program.folder / "films"
    films.mkdir()
    (films / "film.jpg").write_bytes(_film(1))
    program.good("scan", "films", "--settle-seconds", "0.1", "--db", "t.db")
    (films / "film.jpg").unlink()
    _sql(program, """UPDATE root SET place = '{"": "another disk"}'""")
    assert program.run("scan", "films", "--settle-seconds", "0.1", "--db", "t.db").code == 1
    assert program.run("status", "--db", "t.db").code == 1
    assert _sql(program, "SELECT removed_at FROM arrival") == [(None,)]
    assert "the next look takes it as it is" in program.good("roots", "accept", "films", "--db", "t.db").out
    program.good("scan", "films", "--settle-seconds", "0.1", "--db", "t.db")
    assert program.good("status", "--db", "t.db").code == 0
    assert _sql(program, "SELECT count(removed_at) FROM arrival") == [(1,)]


@pytest.mark.parametrize("command", [["accept"], ["retire"]])
def test_a_folder_that_is_no_root_is_one_line(program: Program, command: list[str]) -> None:
    (program.folder / "films").mkdir()
    program.good("scan", "films", "--db", "t.db")
    done = program.run("roots", *command, "elsewhere", "--db", "t.db")
    assert done.code == 1
    assert "it is no root; name one as `cxr-triage roots` lists them" in done.one_line()
