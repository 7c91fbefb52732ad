"""Tables of other programs, whatever they write."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import DaemonError
from daemon.followup.tables import ANY_TEXT, UTF_8, Row, read_table


def read(path: Path, data: bytes, encodings: tuple[str, ...] = ANY_TEXT) -> tuple[list[str], list[Row | DaemonError]]:
    file = path / "list.csv"
    file.write_bytes(data)
    table = read_table(file, "read a list", encodings)
    return list(table.columns), list(table.rows)


@pytest.mark.parametrize(
    "data",
    [
        b"accession,name\nA1,M\xc3\xbcller\n",
        b"\xef\xbb\xbfaccession;name\r\nA1;M\xc3\xbcller\r\n",
        b"accession\tname\nA1\tM\xfcller\n",
        b' accession , "name"\n"A1", M\xfcller \n',
        "accession;name\r\nA1;Müller\r\n".encode("utf-16"),
        b"accession,name,accession\n\n,,\nA1,M\xc3\xbcller,A2,and,more\n",
    ],
)
def test_what_other_programs_write_is_understood(tmp_path: Path, data: bytes) -> None:
    """Commas, semicolons, tabs; UTF-8 with or without its mark, Latin-1, UTF-16; empty rows, too many cells."""
    columns, rows = read(tmp_path, data)
    assert columns[:2] == ["accession", "name"]
    [row] = rows
    assert isinstance(row, Row)
    assert dict(row.cells) == {"accession": "A1", "name": "Müller"}


def test_a_stray_quotation_mark_is_named_and_takes_no_row_after_it_along(tmp_path: Path) -> None:
    """Read leniently, it would make the rows up to the next mark one cell: films that nobody looks for."""
    _, rows = read(tmp_path, b'accession,note\nA1,"open\nA2,x\nA3,"closed"\nA4,y\n')
    faults = [row for row in rows if isinstance(row, DaemonError)]
    assert "lines 2 to 4" in str(faults[0])
    assert [row.cells["accession"] for row in rows if isinstance(row, Row)] == ["A4"]
    _, rows = read(tmp_path, b'accession,note\nA1,x\nA2,"never closed\nA3,y\n')
    assert isinstance(rows[-1], DaemonError)
    assert "lines 3 to 4" in str(rows[-1])


def test_an_endless_cell_is_named_and_the_rows_after_it_are_read(tmp_path: Path) -> None:
    _, rows = read(tmp_path, b"accession\n" + b"x" * 200_000 + b"\nA2\n")
    assert isinstance(rows[0], DaemonError)
    assert rows[1] == Row("line 3", {"accession": "A2"})


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path, Path("nul\0byte")):
        with pytest.raises(DaemonError, match="cannot read a list"):
            read_table(path, "read a list", ANY_TEXT)
    with pytest.raises(DaemonError, match="UTF-8"):
        read(tmp_path, b"a\n\xff\n", UTF_8)


def test_a_file_without_an_end_is_refused() -> None:
    with pytest.raises(DaemonError, match="larger than 64 MiB"):
        read_table(Path("/dev/zero"), "read a list", ANY_TEXT)


@given(st.binary(max_size=300) | st.text(alphabet='a1,;\t\r\n" ', max_size=80).map(str.encode))
def test_any_bytes_are_rows_or_faults(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Never another error, and never an endless one."""
    try:
        _, rows = read(tmp_path_factory.getbasetemp(), data)
    except DaemonError:
        return
    assert len(rows) <= data.count(b"\n") + data.count(b"\r") + 1
