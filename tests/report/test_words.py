"""Values in words."""

from __future__ import annotations

import os
import unicodedata
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.report import words

DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("film 1.dcm", "film 1.dcm"),
        ("evil\u202egpj.exe", "evil\\u202egpj.exe"),
        ("line\nbreak\x07", "line\\x0abreak\\x07"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9"),
        ("צילום", "צילום"),
        ("tag\U000e0041", "tag\\U000e0041"),
    ],
)
def test_characters_that_cannot_be_seen_are_spelled_out(text: str, shown: str) -> None:
    """Letters of every script stay as they are."""
    assert words.visible(text) == shown


@given(st.text(), st.binary())
def test_a_visible_text_can_be_encoded_and_turns_nothing_round(text: str, data: bytes) -> None:
    """Whatever a name holds, what is shown is valid UTF-8 without controls, formats or lone surrogates."""
    for shown in (words.visible(text), words.visible(os.fsdecode(data))):
        shown.encode("utf-8")
        assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(), st.integers(4, 80))
def test_a_shortened_text_keeps_its_two_ends(text: str, length: int) -> None:
    """It is never longer than asked for, and what fits is not touched."""
    short = words.shortened(text, length)
    assert len(short) <= length
    assert short == text if len(text) <= length else (short[0] == text[0] and short[-1] == text[-1])


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0.0 s"),
        (1.94, "1.9 s"),
        (42, "42 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600 + 300, "1 h 05 min"),
        (86399, "23 h 59 min"),
        (86400 * 2 + 3600 * 4, "2 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, shown: str) -> None:
    """Short enough for a column."""
    assert words.duration(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "<1 %"), (0.004, "<1 %"), (0.005, "<1 %"), (0.42, "42 %"), (0.996, ">99 %"), (1.0, ">99 %")],
)
def test_a_probability_is_never_shown_as_certain(share: float, shown: str) -> None:
    """No score means 0 or 100 percent."""
    assert words.percent(share) == shown


@pytest.mark.parametrize(("years", "shown"), [(None, ""), (55.9, "55 y"), (1.5, "18 mo"), (0.02, "7 d"), (3.0, "3 y")])
def test_ages_are_in_the_unit_that_tells_something(years: float | None, shown: str) -> None:
    """Small children's in months."""
    assert words.age(years) == shown


def test_a_time_names_its_day_only_when_it_is_another() -> None:
    """And its year only when that is another."""
    assert words.clock(datetime(2026, 11, 22, 6, 5, tzinfo=UTC), DAY) == "06:05"
    assert words.clock(datetime(2026, 11, 21, 6, 5, tzinfo=UTC), DAY) == "21 Nov 06:05"
    assert words.clock(datetime(2025, 11, 22, 6, 5, tzinfo=UTC), DAY) == "22 Nov 2025 06:05"


def test_a_time_that_stands_alone_says_its_zone_as_it_was_then() -> None:
    """Across a clock change the two ends of a window carry different names."""
    zone = ZoneInfo("Europe/Berlin")
    assert words.stamp(datetime(2026, 10, 24, 7, tzinfo=zone)) == "24 Oct 2026 07:00 CEST"
    assert words.stamp(datetime(2026, 10, 25, 7, tzinfo=zone)) == "25 Oct 2026 07:00 CET"
    assert words.long_day(DAY) == "Sunday, 22 Nov 2026"


def test_counts_agree_with_their_noun() -> None:
    """One film, two films."""
    assert (words.count(1, "film"), words.count(12345, "study", "studies")) == ("1 film", "12,345 studies")


def test_what_a_point_is_worth_is_said_with_its_interval() -> None:
    found = {"ppv": 0.361, "ppv_ci": [0.26, 0.48], "misses_per_1000": 1.44, "misses_per_1000_ci": [0.6, 3.21]}
    assert words.ppv(found) == "36 % (26 to 48)"
    assert words.misses(found) == "1.4 (0.6 to 3.2)"
    assert words.ppv(None) == words.misses(None) == "not known"
    assert words.rate({"value": 0.9512, "low": 0.93, "high": 0.967}) == "0.951 (0.930 to 0.967)"
    assert words.rate({"value": None, "low": None, "high": None}) == "no threshold"
    assert words.begun("ärger") == "Ärger"
    assert words.begun("") == ""
