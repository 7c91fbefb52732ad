"""What goes into a column comes out of it."""

import os
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from db import schema
from db.errors import StoreError
from db.states import State
from db.types import FilePath, SafeText, Signed64, UtcDateTime, WordOf

THINGS = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("path", FilePath),
    Column("time", UtcDateTime),
    Column("text", SafeText),
    Column("number", Signed64),
    Column("state", WordOf(State)),
)


@pytest.fixture(scope="module")
def things():
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        THINGS.create(connection)
        yield connection
    engine.dispose()


def round_trip(things: Connection, name: str, value: object) -> object:
    column = THINGS.c[name]
    row = things.execute(insert(THINGS).values({name: value})).inserted_primary_key
    return things.execute(select(column).where(THINGS.c.id == row[0])).scalar_one()


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1), timezones=zones)  # noqa: DTZ001


@given(name=st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_any_name_that_a_disk_can_hold_comes_back(things, name):
    """Paths are bytes on disk, and need not be UTF-8."""
    assert round_trip(things, "path", os.fsdecode(name)) == os.fsdecode(name)


@given(time=times)
def test_a_time_comes_back_in_utc(things, time):
    """The same instant, whatever zone it was given in."""
    back = round_trip(things, "time", time)
    assert isinstance(back, datetime)
    assert back == time
    assert back.tzinfo is UTC


@given(one=times, other=times)
def test_times_sort_as_they_passed(things, one, other):
    """The text that SQLite compares has one width and one zone."""
    column = THINGS.c.time
    row = things.execute(insert(THINGS).values(time=one)).inserted_primary_key
    found = things.execute(select(column < other, column == other).where(THINGS.c.id == row[0])).one()
    assert tuple(found) == (one < other, one == other)


def test_a_naive_time_is_refused(things):
    """Nobody could say which zone it was meant in."""
    with pytest.raises(Exception, match="aware times only"):
        round_trip(things, "time", datetime(2026, 1, 1))  # noqa: DTZ001


@given(text=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_text_comes_back(things, text):
    """What UTF-8 carries is kept as it is."""
    assert round_trip(things, "text", text) == text


@pytest.mark.parametrize(("text", "kept"), [("a\udcff.jpg", "a\\udcff.jpg"), ("a\0b", "a\\x00b")])
def test_text_that_no_database_carries_is_kept_as_an_escape(things, text, kept):
    """A DICOM tag with broken characters must not stop the daemon."""
    assert round_trip(things, "text", text) == kept


@given(number=st.integers())
def test_any_number_is_kept_somehow(things, number):
    """Inodes above 2**63 wrap, nothing overflows, and what fits in 64 signed bits is exact."""
    back = round_trip(things, "number", number)
    if -(2**63) <= number < 2**63:
        assert back == number
    elif 2**63 <= number < 2**64:
        assert back == number - 2**64
    else:
        assert back in {-(2**63), 2**63 - 1}


@given(state=st.sampled_from(State))
def test_a_state_comes_back_as_a_state(things, state):
    """Not as a bare string."""
    assert round_trip(things, "state", state) is state


def test_a_word_that_this_version_does_not_know_is_one_error(things):
    """A database that a person edited by hand is told as what it is."""
    things.exec_driver_sql("INSERT INTO thing (id, state) VALUES (-1, 'eaten')")
    with pytest.raises(StoreError, match="the state 'eaten', which this version does not know"):
        things.execute(select(THINGS.c.state).where(THINGS.c.id == -1)).scalar_one()


@pytest.mark.parametrize("table", schema.metadata.sorted_tables, ids=str)
def test_every_table_can_be_made_on_postgresql(table):
    """SQLite comes first, PostgreSQL stays possible: times with a zone, paths as bytes."""
    text = str(CreateTable(table).compile(dialect=postgresql.dialect()))
    for column in table.c:
        if isinstance(column.type, UtcDateTime):
            assert f"{column.name} TIMESTAMP WITH TIME ZONE" in text
        if isinstance(column.type, FilePath):
            assert f"{column.name} BYTEA" in text
