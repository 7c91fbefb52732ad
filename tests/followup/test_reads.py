"""Reads from a RIS: a CSV row by row, and whose study a name means."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from builders.intake import IDENTITY

from daemon.errors import DaemonError
from daemon.followup.reads import ReadRow, parse_reads, study_of
from db import studies
from db.store import Store, open_store

VIENNA = ZoneInfo("Europe/Vienna")


def parsed(folder: Path, text: str | bytes) -> list[ReadRow | DaemonError]:
    file = folder / "reads.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(parse_reads(file, VIENNA))


def test_rows_are_read_with_their_zone(tmp_path: Path) -> None:
    """An offset is kept, a time without one is the site's, and both come out in UTC."""
    rows = parsed(tmp_path, "accession,read_at\nA1,2026-07-01T08:00\nA2,2026-07-01T08:00:00+00:00\n")
    assert rows == [
        ReadRow("A1", datetime(2026, 7, 1, 6, tzinfo=UTC), "line 2"),
        ReadRow("A2", datetime(2026, 7, 1, 8, tzinfo=UTC), "line 3"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfaccession,read_at\r\nA1,2026-07-01T08:00\r\n",
        b"Accession ; Read_At ; reader\nA1;2026-07-01T08:00;Dr. X, Y\n",
        b'read_at,"accession"\n2026-07-01T08:00," A1 "\n',
        b"study,accession,read_at\n,A1,2026-07-01T08:00\n",
        b"accession,read_at\nA1,2026-07-01T08:00,more,than,asked\n",
    ],
)
def test_what_other_programs_write_is_understood(tmp_path: Path, text: bytes) -> None:
    """A byte order mark, semicolons, quotes, other columns, an empty first key, too many cells."""
    assert parsed(tmp_path, text) == [ReadRow("A1", datetime(2026, 7, 1, 6, tzinfo=UTC), "line 2")]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",2026-07-01T08:00", "line 2 names no study"),
        ("A1", "line 2 has no usable read_at"),
        ("A1,", "line 2 has no usable read_at"),
        ("A1,yesterday", "line 2 has no usable read_at"),
        ("A1,0001-01-01T00:00", "line 2 has no usable read_at"),
        ("A1,9999-12-31T23:59:59-14:00", "line 2 has no usable read_at"),
        ("A1,2026-02-30T08:00", "line 2 has no usable read_at"),
    ],
)
def test_a_malformed_row_is_named_and_the_others_are_taken(tmp_path: Path, row: str, fault: str) -> None:
    """By its line, with what to do."""
    bad, good = parsed(tmp_path, f"accession,read_at\n{row}\nA2,2026-07-01T08:00\n")
    assert isinstance(bad, DaemonError)
    assert fault in str(bad)
    assert isinstance(good, ReadRow)
    assert good.study == "A2"


@pytest.mark.parametrize(
    "text", [b"", b"a,b\n1,2\n", b"accession\nA1\n", b"read_at\n2026\n", b"accession,read_at\n\xff\xfe,1\n"]
)
def test_a_file_without_usable_columns_is_an_error(tmp_path: Path, text: bytes) -> None:
    """Nothing of it is taken."""
    with pytest.raises(DaemonError, match="cannot read reads"):
        parsed(tmp_path, text)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """One line, no traceback."""
    with pytest.raises(DaemonError, match="No such file"):
        list(parse_reads(tmp_path / "missing.csv", VIENNA))


def test_an_endless_cell_is_named_and_the_rows_after_it_are_taken(tmp_path: Path) -> None:
    """What one row did wrong holds no other up."""
    bad, good = parsed(tmp_path, "accession,read_at\n" + "x" * 200_000 + ",2026\nA2,2026-07-01T08:00\n")
    assert isinstance(bad, DaemonError)
    assert "line 2: field larger" in str(bad)
    assert isinstance(good, ReadRow)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "triage.db"), create=True) as store:
        yield store


def test_a_study_is_found_by_key_and_by_accession(store: Store) -> None:
    """An accession of two studies is refused, by naming both; what nobody saw is said."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    with store.write() as tx:
        one = studies.ensure(tx, "uid:1", now, accession="A1")
        two = studies.ensure(tx, "uid:2", now, accession="B")
        three = studies.ensure(tx, "uid:3", now, accession="B")
    with store.read() as tx:
        assert study_of(tx, "A1", IDENTITY) == study_of(tx, one.key, IDENTITY) == one
        with pytest.raises(DaemonError, match=f"{two.key}, {three.key}"):
            study_of(tx, "B", IDENTITY)
        for name in ("nothing", "/srv/x.dcm", "\udcff"):
            with pytest.raises(DaemonError, match="nothing of that name"):
                study_of(tx, name, IDENTITY)
