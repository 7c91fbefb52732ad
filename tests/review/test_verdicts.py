"""Verdicts from a table: what is taken, what is named as malformed, and that it may be given twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from builders.intake import IDENTITY
from builders.program import Program

from daemon.errors import DaemonError
from daemon.review.verdicts import VerdictRow, parse_verdicts, take_in
from db import studies
from db.states import Verdict
from db.store import Store, open_store

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
VIENNA = ZoneInfo("Europe/Vienna")


def parsed(folder: Path, text: str) -> list[VerdictRow | DaemonError]:
    file = folder / "verdicts.csv"
    file.write_text(text)
    return list(parse_verdicts(file, VIENNA, NOW))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One study, with the accession A1."""
    with open_store(str(tmp_path / "t.db"), create=True) as store:
        with store.write() as tx:
            studies.ensure(tx, "group", NOW, accession="A1")
        yield store


def test_rows_are_read_with_their_zone_and_what_is_empty_is_not_said(tmp_path: Path) -> None:
    """Columns in any order, words in any capitals."""
    rows = parsed(
        tmp_path,
        "at;Verdict;accession;by;note\n2026-11-24T08:00;Pneumonia;A1;kl;left; \n;not;A2;;\n",
    )
    assert rows == [
        VerdictRow("A1", Verdict.PNEUMONIA, "kl", "left", datetime(2026, 11, 24, 7, tzinfo=UTC), "line 2"),
        VerdictRow("A2", Verdict.NOT, None, None, None, "line 3"),
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",not,", "line 2 names no study"),
        ("A1,,", "line 2 has no usable verdict"),
        ("A1,perhaps,", "line 2 has no usable verdict"),
        ("A1,not,yesterday", "line 2 has no usable at"),
        ("A1,not,2026-11-25T15:00", "line 2 lies in the future"),
        ('A1,"not,', "line 2"),
    ],
)
def test_a_malformed_row_is_named_by_its_line_and_nothing_of_it_is_said(tmp_path: Path, row: str, fault: str) -> None:
    """The rows after it are taken."""
    found = parsed(tmp_path, f"accession,verdict,at\n{row}\n" + ("" if '"' in row else "A2,not,\n"))
    assert isinstance(found[0], DaemonError)
    assert found[0].cause.startswith(fault)
    assert "A1" not in str(found[0])
    assert '"' in row or isinstance(found[1], VerdictRow)


@pytest.mark.parametrize("head", ["accession,by", "verdict,by", "", "accession"])
def test_a_table_without_the_columns_is_refused(tmp_path: Path, head: str) -> None:
    with pytest.raises(DaemonError, match="its columns are not usable"):
        parsed(tmp_path, head + "\n")


def test_a_row_counts_once_and_a_revision_is_kept_beside_the_earlier_word(store: Store) -> None:
    """Also where the table says no time; with another time, the same words are a verdict of their own."""
    first = VerdictRow("A1", Verdict.PNEUMONIA, "kl", None, datetime(2026, 11, 24, 7, tzinfo=UTC), "line 2")
    later = VerdictRow("A1", Verdict.NOT, "kl", None, datetime(2026, 11, 25, 7, tzinfo=UTC), "line 3")
    unsaid = VerdictRow("A1", Verdict.UNSURE, None, "blurred", None, "line 4")
    with store.write() as tx:
        assert [take_in(tx, row, IDENTITY, NOW) for row in (later, first, unsaid)] == [True] * 3
        assert [take_in(tx, row, IDENTITY, NOW) for row in (later, first, unsaid)] == [False] * 3
        kept = studies.reviews(tx, 1)
    assert [(review.verdict, review.at) for review in kept] == [
        (Verdict.PNEUMONIA, first.at),
        (Verdict.NOT, later.at),
        (Verdict.UNSURE, NOW),
    ]


def test_a_row_that_names_nothing_known_is_an_error(store: Store) -> None:
    row = VerdictRow("A9", Verdict.NOT, None, None, None, "line 2")
    with store.write() as tx, pytest.raises(DaemonError, match="nothing of that name was seen"):
        take_in(tx, row, IDENTITY, NOW)


def test_the_command_does_what_it_can_and_names_the_rest(store: Store, tmp_path: Path) -> None:
    """Exit code 1 where a row fits nothing; the same table again changes nothing."""
    store.close()
    (tmp_path / "v.csv").write_text("accession,verdict,by\nA1,not,kl\nA9,not,kl\nA1,perhaps,kl\n")
    program = Program(tmp_path)
    done = program.run("review", "--csv", "v.csv", "--db", "t.db")
    assert (done.code, done.out) == (1, "1 verdict kept, 0 known already\n")
    assert "line 4 has no usable verdict" in done.err
    assert program.run("review", "--csv", "v.csv", "--db", "t.db").out == "0 verdicts kept, 1 known already\n"
