"""The table of reads that the RIS writes again and again, and the one of urgencies."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from builders.intake import IDENTITY, House

from daemon.errors import DaemonError
from daemon.followup.ris import FAULTS, RisTable
from daemon.followup.urgencies import parse_urgencies
from db import studies
from db.read_imports import ReadImport

VIENNA = ZoneInfo("Europe/Vienna")
COLUMNS = {"accession": "Acc", "study": "study", "file": "file", "read_at": "Signed"}


def department(house: House) -> RisTable:
    """Two films that wait, A1 and A2, and the table that tells of them."""
    for name in ("1", "2"):
        house.write(name, name.encode())
    house.pass_(house.intake())
    with house.store.write() as tx:
        for name in ("1", "2"):
            study = house.at(name).study_id
            tx.exec_driver_sql(f"UPDATE study SET accession = 'A{name}' WHERE id = {study}")
    return RisTable(house.folder / "reads.csv", VIENNA, COLUMNS)


def written(house: House, text: str, stamp: int) -> None:
    file = house.folder / "reads.csv"
    file.write_text(text)
    os.utime(file, (stamp, stamp))


def looked(house: House, table: RisTable) -> ReadImport | None:
    return table.look(house.store, IDENTITY, house.time.clock.now())


def test_a_table_is_taken_in_once_it_keeps_still(house: House) -> None:
    """And again when it has changed; what it said before is not said again."""
    table = department(house)
    assert looked(house, table) is None  # there is no file
    written(house, "Acc;Signed\nA1;2026-07-01T08:00\nX9;2026-07-01T08:01\n", 1)
    assert looked(house, table) is None  # it may still be written
    found = looked(house, table)
    assert found is not None
    assert (found.rows, found.marked, found.unknown, found.faults) == (2, 1, 1, "")
    assert house.queued() == {"2"}
    assert looked(house, table) is None
    written(house, "Acc;Signed\nA1;2026-07-01T08:00\nA2;2026-07-01T09:00\n", 2)
    looked(house, table)
    again = looked(house, table)
    assert again is not None
    assert (again.rows, again.marked) == (2, 1)
    assert house.queued() == set()


def test_malformed_rows_are_named_by_their_lines_alone(house: House) -> None:
    """The others count; what stands in a row is nobody's business in a report."""
    table = department(house)
    rows = "".join("MARKER;never\n" for _ in range(FAULTS + 5))
    written(house, f"Acc;Signed\n{rows}A2;2026-07-01T09:00\n", 1)
    looked(house, table)
    found = looked(house, table)
    assert found is not None
    assert found.marked == 1
    lines = found.faults.splitlines()
    assert lines[0] == "line 2 has no usable read_at"
    assert lines[-1] == "and 5 more"
    assert "MARKER" not in found.faults


def test_a_table_that_is_none_is_a_fault_of_its_own(house: House) -> None:
    """It is kept, so that the report can say so."""
    table = department(house)
    written(house, "patient,when\nx,y\n", 1)
    looked(house, table)
    found = looked(house, table)
    assert found is not None
    assert (found.marked, found.faults) == (0, "its columns are not usable")


def test_a_table_of_urgencies_is_read_row_by_row(tmp_path: Path) -> None:
    """A malformed row is named, the others hold."""
    file = tmp_path / "urgencies.csv"
    file.write_text("Accession,Urgency\nA1,STAT\nA2,soon\n,stat\nA3, routine\n")
    found = [str(row.cause) if isinstance(row, DaemonError) else row for row in parse_urgencies(file)]
    assert found == [("A1", "stat"), "line 3 has no usable urgency", "line 4 names no study", ("A3", "routine")]
    file.write_text("who,what\n")
    with pytest.raises(DaemonError, match="columns are not usable"):
        list(parse_urgencies(file))


def test_what_a_person_asks_for_may_be_lower_and_a_later_image_raises_it_again(house: House) -> None:
    """Each word of a person is kept."""
    from db.states import UrgencySource

    now = house.time.clock.now()
    with house.store.write() as tx:
        study = studies.ensure(tx, "uid:#x", now, accession=None, urgency="stat")
        studies.set_urgency(tx, study.id, "routine", now, source=UrgencySource.COMMAND, by="kl")
        assert studies.ensure(tx, "uid:#x", now, accession=None).requested_urgency == "routine"
        assert studies.ensure(tx, "uid:#x", now, accession=None, urgency="urgent").requested_urgency == "urgent"
        assert tx.exec_driver_sql('SELECT urgency, "by" FROM urgency_event').all() == [("routine", "kl")]
