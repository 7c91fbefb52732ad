"""Reading time: what a site's hours leave of the time between two moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.triage.hours import ReadingTime, Shift

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=BERLIN)
WEEK = timedelta(days=7)


def reading(*shifts: str, since: datetime = MONDAY, span: timedelta = WEEK) -> ReadingTime:
    return ReadingTime(map(Shift.read, shifts), BERLIN, since, since + span)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("mon-fri 07:00-20:00", 5 * 13),
        ("Sat 8:00 - 12:00", 4),
        ("sat-sun 00:00-24:00", 48),
        ("fri-mon 22:00-06:00", 4 * 8),
        ("sun 22:00-22:00", 24),
    ],
)
def test_shifts_come_every_week(text: str, hours: int) -> None:
    """Over midnight, too: of a week each leaves all its hours, those that began in the week before with them."""
    assert reading(text).between(MONDAY, MONDAY + WEEK) == hours * HOUR


@pytest.mark.parametrize(
    "text", ["", "weekdays 7-20", "mon 25:00-26:00", "mon 7:60-8:00", "mon 24:00-24:00", "mon-7:00"]
)
def test_what_is_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|write"):
        Shift.read(text)


def test_without_hours_people_read_all_the_time() -> None:
    """And where the hours leave nothing of a span, nothing is left."""
    assert reading().between(MONDAY + HOUR, MONDAY + 5 * HOUR) == 4 * HOUR
    assert reading("sun 10:00-11:00", span=2 * HOUR).between(MONDAY, MONDAY + 2 * HOUR) == timedelta()
    assert reading().between(MONDAY + 5 * HOUR, MONDAY) == timedelta()


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 29, tzinfo=BERLIN), 23), (datetime(2026, 10, 25, tzinfo=BERLIN), 25)]
)
def test_a_clock_change_makes_a_day_shorter_or_longer(day: datetime, hours: int) -> None:
    """Reading time is time that passes."""
    whole = reading("mon-sun 00:00-24:00", since=day - WEEK, span=2 * WEEK)
    following = (day + timedelta(days=1)).replace(hour=0)
    assert whole.between(day, following) == hours * HOUR
    morning = reading("sun 01:00-04:00", since=day - WEEK, span=2 * WEEK)
    assert morning.between(day, following) == (3 + hours - 24) * HOUR


shifts = st.lists(
    st.builds(
        lambda first, last, start, length: f"{first}-{last} {start:02}:30-{(start + length) % 24:02}:00",
        *[st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])] * 2,
        st.integers(0, 23),
        st.integers(1, 23),
    ),
    max_size=3,
)


@settings(max_examples=60)
@given(shifts, st.integers(0, 366 * 24), st.integers(0, 5 * 96), st.integers(0, 5 * 96))
def test_it_is_what_counting_quarters_of_an_hour_gives(written: list[str], start: int, first: int, length: int) -> None:
    """For any hours, over clock changes: each quarter counts whose wall clock lies in a shift."""
    since = datetime(2026, 1, 1, tzinfo=UTC) + start * HOUR
    quarter = timedelta(minutes=15)
    earlier, later = since + first * quarter, since + (first + length) * quarter
    told = ReadingTime(map(Shift.read, written), BERLIN, since, since + 1000 * quarter).between(earlier, later)
    counted = sum(_is_read(since + number * quarter, written) for number in range(first, first + length))
    assert told == counted * quarter


def _is_read(moment: datetime, written: list[str]) -> bool:
    """Whether a quarter lies in a shift, by asking every day on which one may have begun."""
    if not written:
        return True
    for shift in map(Shift.read, written):
        for back in range(3):
            day = (moment.astimezone(BERLIN) - timedelta(days=back)).date()
            start, end = shift.on(day, BERLIN)
            if day.weekday() in shift.days and start <= moment < end:
                return True
    return False
