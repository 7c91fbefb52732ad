"""`account --verify`: what was lost or changed behind the daemon's back is named; what is merely new is not."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders.intake import House

from daemon.intake import audit
from daemon.intake.reading import Content, Unread, read_file
from db import runs
from db.states import RunKind

LATER = f"UPDATE root SET rescan_started_at = '2100-01-01 00:00:00.000000+00:00', newest_ctime_ns = {1 << 62}"


def pass_long_ago(house: House, *names: str) -> None:
    """Score films in a past whose clock agrees with nothing that is written from now on."""
    for name in names:
        (house.incoming / name).write_bytes(name.encode())
    house.pass_(house.intake())


def behind_the_back(house: House, *statements: str) -> None:
    with sqlite3.connect(house.folder / "triage.db") as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
    connection.close()


def named(house: House) -> dict[str, str]:
    """Kind of each discrepancy -> its subject."""
    return {found.kind: found.subject for found in house.audit().discrepancies}


def test_a_store_that_holds_is_clean(house: House) -> None:
    """No discrepancy, nothing unseen."""
    pass_long_ago(house, "a", "b")
    found = house.audit()
    assert (found.discrepancies, found.unseen) == ((), 0)


def test_a_deleted_arrival_is_named(house: House) -> None:
    """By its file, and by the history that it left."""
    pass_long_ago(house, "a", "b")
    arrival = house.at("a")
    behind_the_back(house, f"DELETE FROM arrival WHERE id = {arrival.id}")
    found = named(house)
    assert found["file-without-arrival"] == str(house.incoming / "a")
    assert found["arrival-missing"] == f"arrival {arrival.id}"


def test_an_arrival_deleted_with_its_history_is_named(house: House) -> None:
    """The disk alone gives it away."""
    pass_long_ago(house, "a", "b")
    arrival = house.at("a")
    behind_the_back(
        house,
        f"DELETE FROM history WHERE arrival_id = {arrival.id}",
        f"DELETE FROM arrival WHERE id = {arrival.id}",
    )
    assert named(house)["file-without-arrival"] == str(house.incoming / "a")


@pytest.mark.parametrize("sequence", [1, 3, 5])
def test_a_deleted_line_of_history_is_named(house: House, sequence: int) -> None:
    """The first, one in the middle, or the last."""
    pass_long_ago(house, "a")
    behind_the_back(house, f"DELETE FROM history WHERE sequence = {sequence}")
    assert str(house.incoming / "a") in named(house).values()


def test_a_deleted_result_is_named(house: House) -> None:
    """By the film that it was given to."""
    pass_long_ago(house, "a", "b")
    behind_the_back(house, f"DELETE FROM result WHERE id = {house.at('a').result_id}")
    assert named(house)["result-missing"] == str(house.incoming / "a")


def test_a_step_that_the_table_does_not_have_is_named(house: House) -> None:
    """A history that goes from seen to scored was not written by us."""
    pass_long_ago(house, "a")
    behind_the_back(
        house,
        "DELETE FROM history WHERE sequence IN (2, 3, 4)",
        "UPDATE history SET sequence = 2, from_state = 'seen' WHERE sequence = 5",
        "UPDATE arrival SET steps = 2",
    )
    assert "illegal-move" in named(house)


def test_files_newer_than_the_last_rescan_are_unseen(house: House) -> None:
    """New or replaced since: nothing is wrong with them yet."""
    house.time.turn(-7200)
    pass_long_ago(house, "a", "b")
    behind_the_back(house, "UPDATE root SET rescan_started_at = '2026-01-01 00:00:00.000000+00:00'")
    (house.incoming / "new").write_bytes(b"new")
    (house.incoming / "a").write_bytes(b"other")
    audit = house.audit()
    assert (audit.discrepancies, audit.unseen) == ((), 2)


def test_a_film_removed_since_the_last_rescan_is_no_discrepancy(house: House) -> None:
    """Its folder changed after the rescan, so nobody could have noticed."""
    pass_long_ago(house, "a")
    behind_the_back(
        house,
        "UPDATE arrival SET changed_at = '2026-01-01 00:00:00.000000+00:00'",
        "UPDATE root SET rescan_started_at = '2026-01-02 00:00:00.000000+00:00'",
    )
    (house.incoming / "a").unlink()
    assert named(house) == {}


def test_a_film_whose_removal_was_overlooked_is_named(house: House) -> None:
    """It is gone since before the last rescan, and the store calls it there."""
    pass_long_ago(house, "a")
    (house.incoming / "a").unlink()
    behind_the_back(house, LATER)
    assert named(house) == {"file-missing": str(house.incoming / "a")}


def test_content_that_changed_without_an_arrival_is_named(house: House) -> None:
    """Older than the rescan, which should have seen it."""
    pass_long_ago(house, "a")
    (house.incoming / "a").write_bytes(b"other")
    behind_the_back(house, LATER)
    assert named(house) == {"content-changed": str(house.incoming / "a")}


def test_a_touched_file_is_no_discrepancy(house: House) -> None:
    """Its stamp differs, its content does not."""
    pass_long_ago(house, "a")
    os.utime(house.incoming / "a", (1, 1))
    behind_the_back(house, LATER)
    assert named(house) == {}


def test_a_film_marked_as_removed_that_is_there_is_named(house: House) -> None:
    """The store and the disk disagree."""
    pass_long_ago(house, "a")
    behind_the_back(house, "UPDATE arrival SET removed_at = '2026-01-01 00:00:00.000000+00:00'")
    assert named(house) == {"marked-removed": str(house.incoming / "a")}


def test_a_root_that_cannot_be_listed_is_named_and_its_films_are_not(house: House) -> None:
    """One line for the root; what lies in it is not known."""
    pass_long_ago(house, "a")
    house.incoming.rename(house.folder / "unplugged")
    assert named(house) == {"root-away": str(house.incoming)}
    assert Path(house.folder / "unplugged" / "a").exists()


def test_a_file_that_is_written_to_while_the_audit_looks_is_no_discrepancy(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed with another time of change, and has other content when it is read: the next rescan will tell."""
    pass_long_ago(house, "a")
    os.utime(house.incoming / "a", (1, 1))  # looks different, is the same

    def read(path: Path) -> Content | Unread:
        path.write_bytes(b"other")
        return read_file(path)

    monkeypatch.setattr(audit, "read_file", read)
    behind_the_back(house, LATER)
    assert named(house) == {}


def test_a_daemon_that_has_just_started_is_not_behind(house: House) -> None:
    """It has listed what changed while it was down, and looks into it when it has kept still for a while."""
    pass_long_ago(house, "a")
    (house.incoming / "a").write_bytes(b"other")
    behind_the_back(house, LATER)
    with house.store.write() as tx:
        runs.start(tx, RunKind.WATCH, pid=1, host="here", now=datetime(2099, 12, 31, 23, 59, 55, tzinfo=UTC))
    assert named(house) == {}
    behind_the_back(house, "UPDATE daemon_run SET started_at = '2099-12-31 12:00:00.000000+00:00'")
    assert named(house) == {"content-changed": str(house.incoming / "a")}
