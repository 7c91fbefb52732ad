"""A list of the RIS, held against what arrived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from builders.intake import IDENTITY, House, failed, scored
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import DaemonError
from daemon.followup.arrived import Arrived, Expected, names_of
from daemon.followup.reconcile import Columns, distinct, judge, parse_expected, reconcile
from daemon.report.gather import completeness_of
from db import reconciliation
from db.states import ExpectedKind, State

VIENNA = ZoneInfo("Europe/Vienna")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def parsed(folder: Path, data: bytes | str, columns: Columns = Columns()) -> list[Expected | DaemonError]:  # noqa: B008
    file = folder / "ris.csv"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(parse_expected(file, VIENNA, columns))


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("accession,file,time", "A1,a.dcm,2026-07-01T08:00"),
        ("Accession Number;FileName;Study_Time", "A1;a.dcm;20260701080000"),
        ("ACQUIRED_AT\tPath\tAccessionNumber", "202607010800\ta.dcm\tA1"),
        ("x,expected-at,y,Accession_Number,File", "?,2026-07-01T06:00Z,?,A1,a.dcm"),
    ],
)
def test_common_names_of_columns_are_known(tmp_path: Path, head: str, row: str) -> None:
    [film] = parsed(tmp_path, f"{head}\n{row}\n")
    assert film == Expected("A1", "a.dcm", datetime(2026, 7, 1, 6, tzinfo=UTC))


def test_other_names_of_columns_can_be_given(tmp_path: Path) -> None:
    """What somebody names wins over what is common, and must be there."""
    columns = Columns("Auftrag", None, "Wann")
    [film] = parsed(tmp_path, "accession;auftrag;wann\nX;A1;20260701\n", columns)
    assert film == Expected("A1", None, datetime(2026, 6, 30, 22, tzinfo=UTC))
    with pytest.raises(DaemonError, match="no column Auftrag; it has: accession, time"):
        parsed(tmp_path, "accession,time\nA1,20260701\n", columns)
    with pytest.raises(DaemonError, match="--column-accession or --column-file"):
        parsed(tmp_path, "patient,time\nA1,20260701\n")


def test_a_row_that_says_nothing_is_named_and_the_others_are_taken(tmp_path: Path) -> None:
    rows = parsed(tmp_path, "accession,time\n,2026-07-01\nA2,someday\nA3,\n\nA4\n")
    assert [str(row).split(": ")[1] for row in rows[:2]] == ["line 2", "line 3"]
    assert rows[2:] == [Expected("A3", None, None), Expected("A4", None, None)]


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"accession,time\n", b"file;time\n", b"\xff\xfe", b'"accession\n'])
)
def test_any_bytes_are_rows_or_one_line_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes
) -> None:
    try:
        rows = parsed(tmp_path_factory.getbasetemp(), head + data)
    except DaemonError:
        return
    for row in rows:
        assert isinstance(row, DaemonError) or row.accession or row.file


def test_a_film_is_expected_once() -> None:
    """An accession by its first time; a file name with another time is another film."""
    first, second = Expected("A1", None, NOON), Expected("A1", None, NOON - HOUR)
    assert distinct([Expected("A1", None, None), first, second, first]) == [second]
    again = [Expected(None, "IM1.dcm", NOON), Expected(None, "IM1.dcm", NOON - HOUR), Expected(None, "IM1.dcm", NOON)]
    assert distinct(again) == again[:2]


def test_what_is_younger_than_the_grace_is_not_missing() -> None:
    """It is counted apart, unless it is there already; what carries no time is due."""
    films = [Expected(name, None, NOON - age * HOUR) for name, age in (("old", 3), ("young", 1), ("early", -5))]
    films.append(Expected("timeless", None, None))
    there = {"early": frozenset({State.SCORED})}
    found = judge(films, lambda film: there.get(film.accession or "", frozenset()), NOON, 2 * HOUR)
    assert [film.accession for film in found.missing] == ["old", "timeless"]
    assert (found.arrived, found.not_due, found.expected) == (1, 1, 3)
    assert found.span == (NOON - 3 * HOUR, NOON + 5 * HOUR)


def test_what_arrived_and_was_never_scored_is_counted() -> None:
    states = {
        "a": {State.FAILED},
        "b": {State.REFUSED, State.SUPERSEDED},
        "c": {State.FAILED, State.SCORED},
        "d": {State.READY, State.FAILED},
        "e": {State.SCORED},
    }
    films = [Expected(name, None, None) for name in states]
    found = judge(films, lambda film: frozenset(states[film.accession or ""]), NOON, HOUR)
    assert (found.arrived, found.not_scored) == (5, 2)


def fill(house: House) -> None:
    """A film with an accession, one that cannot be read, one that is known by its name only, one that vanished."""
    house.judge.answers[b"with"] = scored(accession="A1", study_uid="1.2.3")
    house.judge.answers[b"broken"] = failed()
    house.write("with.dcm", b"with")
    house.write("ward/broken.dcm", b"broken")
    house.write("ward/M\udcfcller.jpg", b"name")
    gone = house.write("gone.jpg", b"gone")
    intake = house.intake()
    house.rescan(intake)
    gone.unlink()
    house.settle(intake)
    assert house.states() == {State.SCORED: 2, State.FAILED: 1, State.VANISHED: 1}


@pytest.mark.parametrize(
    ("film", "here"),
    [
        (Expected("A1", None, None), True),
        (Expected("a1", None, None), False),
        (Expected("A2", None, None), False),
        (Expected("A2", "with.dcm", None), True),
        (Expected(None, "broken.dcm", None), True),
        (Expected(None, "ward/broken.dcm", None), True),
        (Expected(None, "ward\\broken.dcm", None), True),
        (Expected(None, "./ward/../ward/broken.dcm", None), True),
        (Expected(None, "incoming/ward/broken.dcm", None), True),
        (Expected(None, "other/broken.dcm", None), False),
        (Expected(None, "roken.dcm", None), False),
        (Expected(None, "ward", None), False),
        (Expected(None, "/ward/broken.dcm", None), False),
        (Expected(None, "Müller.jpg", None), True),
        (Expected(None, "Mu\u0308ller.jpg", None), True),
        (Expected(None, "gone.jpg", None), False),
    ],
    ids=str,
)
def test_a_film_arrived_under_its_accession_its_name_or_the_end_of_its_path(
    house: House, film: Expected, here: bool
) -> None:
    """A file that vanished before it was read never arrived."""
    fill(house)
    with house.store.read() as tx:
        assert bool(Arrived(tx, [film], IDENTITY)(film)) is here


def test_an_absolute_path_is_known_through_a_link_too(house: House) -> None:
    fill(house)
    link = house.folder / "link"
    link.symlink_to(house.incoming)
    with house.store.read() as tx:
        for path in (house.incoming / "with.dcm", link / "with.dcm"):
            film = Expected(None, str(path), None)
            assert Arrived(tx, [film], IDENTITY)(film) == {State.SCORED}


def test_a_name_that_came_long_before_is_another_film(house: House) -> None:
    """IM0001.dcm comes every day; an accession does not."""
    fill(house)
    later = house.time.clock.now() + timedelta(days=3)
    films = [
        Expected(None, "with.dcm", later),
        Expected("A1", None, later),
        Expected(None, "with.dcm", later - 3 * HOUR * 24),
    ]
    with house.store.read() as tx:
        arrived = Arrived(tx, films, IDENTITY)
        assert [bool(arrived(film)) for film in films] == [False, True, True]


def test_a_copy_stands_as_its_original_does(house: House) -> None:
    """A copy of a film that could not be read was not scored either."""
    fill(house)
    house.write("copy.dcm", b"broken")
    house.pass_(house.intake())
    film = Expected(None, "copy.dcm", None)
    with house.store.read() as tx:
        assert Arrived(tx, [film], IDENTITY)(film) == {State.FAILED}


def test_the_accession_of_a_study_counts_for_all_its_films(house: House) -> None:
    """The tag may be missing in one of two images."""
    house.judge.answers[b"1"] = scored(study_uid="1.2.3")
    house.judge.answers[b"2"] = scored(study_uid="1.2.3", accession="A1")
    house.write("1.dcm", b"1")
    house.write("2.dcm", b"2")
    house.pass_(house.intake())
    film = Expected("A1", None, None)
    with house.store.read() as tx:
        assert Arrived(tx, [film], IDENTITY)(film) == {State.SCORED}


def test_what_came_of_a_list_is_kept(house: House, tmp_path: Path) -> None:
    """With the films that are missing, and those due alone; a list of which nothing is due keeps nothing."""
    fill(house)
    now = house.time.clock.now()
    text = "accession,file,time\nA1,,\nA2,,2026-01-01T08:00\n,zz.dcm,2026-01-02\n,,x\nA9,,2100-01-01\n"
    (tmp_path / "ris.csv").write_text(text)
    found = reconcile(house.store, tmp_path / "ris.csv", Columns(), VIENNA, now, HOUR, None, IDENTITY)
    assert (found.arrived, len(found.missing), found.not_due, len(found.faults)) == (1, 2, 1, 1)
    span = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    with house.store.read() as tx:
        held = reconciliation.newest_touching(tx, *span)
        assert held is not None
        assert (held.source, held.expected, held.at) == ("ris.csv", 3, now)
        kept = reconciliation.missing_of(tx, held.id)
    assert [(film.kind, film.key) for film in kept] == [(ExpectedKind.ACCESSION, "A2"), (ExpectedKind.FILE, "zz.dcm")]
    (tmp_path / "ris.csv").write_text("accession,time\nA9,2100-01-01\n")
    reconcile(house.store, tmp_path / "ris.csv", Columns(), VIENNA, now, HOUR, None, IDENTITY)
    with house.store.read() as tx:
        assert reconciliation.newest_touching(tx, *span) == held


def test_earlier_rows_can_be_left_out(house: House, tmp_path: Path) -> None:
    """They are counted; what carries no time stays."""
    (tmp_path / "ris.csv").write_text("accession,time\nA1,2026-01-01\nA2,2026-01-02\nA3,\n")
    now, since = house.time.clock.now(), datetime(2026, 1, 1, 12, tzinfo=UTC)
    found = reconcile(house.store, tmp_path / "ris.csv", Columns(), VIENNA, now, HOUR, since, IDENTITY)
    assert [film.accession for film in found.missing] == ["A2", "A3"]
    assert found.earlier == 1


def test_a_list_without_a_film_is_an_error(house: House, tmp_path: Path) -> None:
    """It says nothing about completeness: an export that went wrong looks so."""
    (tmp_path / "ris.csv").write_text("accession,time\n\n")
    with pytest.raises(DaemonError, match="names no film"):
        reconcile(house.store, tmp_path / "ris.csv", Columns(), VIENNA, NOON, HOUR, None, IDENTITY)


def test_a_folder_that_was_not_looked_at_since_is_named(house: House, tmp_path: Path) -> None:
    """What is missing may lie in it."""
    intake = house.intake()
    house.rescan(intake)
    now = house.time.clock.now()
    for ago, noted in ((2 * HOUR, False), (-2 * HOUR, True)):
        (tmp_path / "ris.csv").write_text(f"accession,time\nA1,{(now - ago).isoformat()}\n")
        found = reconcile(house.store, tmp_path / "ris.csv", Columns(), VIENNA, now + 24 * HOUR, HOUR, None, IDENTITY)
        assert (found.note is not None) is noted


def test_a_report_names_what_is_missing_by_then(house: House, tmp_path: Path) -> None:
    """What came after the list was imported is missing no more; a window that no list speaks of was not checked."""
    now = house.time.clock.now()
    (tmp_path / "ris.csv").write_text(f"accession,file,time\nA1,,{now - HOUR}\n,z.dcm,{now - HOUR}\nA2,,{now - HOUR}\n")
    reconcile(house.store, tmp_path / "ris.csv", Columns(), VIENNA, now, timedelta(), None, IDENTITY)
    window = now - 24 * HOUR, now
    with house.store.read() as tx:
        before = completeness_of(tx, *window, IDENTITY)
    fill(house)
    house.write("z.dcm", b"z")
    house.pass_(house.intake())
    with house.store.read() as tx:
        after = completeness_of(tx, *window, IDENTITY)
        assert completeness_of(tx, now + HOUR, now + 24 * HOUR, IDENTITY) is None
    assert before is not None
    assert after is not None
    assert (before.arrived, [film.key for film in before.missing]) == (0, ["A1", "z.dcm", "A2"])
    assert (after.arrived, [film.key for film in after.missing]) == (2, ["A2"])
    assert (after.source, after.expected, after.span) == ("ris.csv", 3, (now - HOUR, now - HOUR))


@given(st.text(max_size=40))
def test_any_name_can_be_looked_for(name: str) -> None:
    assert names_of(name)
