"""Lengths and points of time as people and programs write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.followup.spans import length_of, moment_of

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("20m", timedelta(minutes=20)),
        ("12h", timedelta(hours=12)),
        (" 30D ", timedelta(days=30)),
        ("2 w", timedelta(14)),
    ],
)
def test_a_length_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert length_of(text) == length


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5h", "30 days", "nan", "999999w", "٣d", "1d2h"])
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"30d|century"):
        length_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-01T08:00",
        "2026-07-01 08:00:00",
        "2026-07-01T06:00Z",
        "2026-07-01T08:00:00+02:00",
        "202607010800",
        "20260701080000",
        " 20260701T0800 ",
    ],
)
def test_a_time_is_read_as_programs_write_it(text: str) -> None:
    """One that names no zone is the site's."""
    assert moment_of(text, VIENNA) == datetime(2026, 7, 1, 6, tzinfo=UTC)


def test_a_day_alone_is_its_first_moment() -> None:
    assert moment_of("20260701", VIENNA) == moment_of("2026-07-01", VIENNA) == datetime(2026, 6, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "081500", "2026070108000", "20261301", "0001-01-01", "9" * 300])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time"):
        moment_of(text, VIENNA)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    """Never another error."""
    for read in (length_of, lambda each: moment_of(each, VIENNA)):
        try:
            read(text)
        except ValueError:
            continue
