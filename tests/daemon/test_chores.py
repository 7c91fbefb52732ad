"""What the daemon does every minute besides films: the table of the RIS, and studies that leave the queue unread."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from builders.intake import IDENTITY, House

from daemon.chores import Chores
from daemon.settings import QueueSettings, RisSettings, RootSettings, Settings

MINUTE = timedelta(minutes=1)


def test_chores_are_done_once_a_minute_and_said_without_a_name(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A table is seen, found to keep still, and taken in; a film that was taken away counts as read after a while."""
    films = [house.write(name, name.encode()) for name in ("MARKER-1.jpg", "MARKER-2.jpg", "MARKER-3.jpg")]
    intake = house.intake()
    house.pass_(intake)
    table = house.folder / "reads.csv"
    table.write_text(f"file,read_at\n{films[0]},2026-07-01T08:00\n")
    settings = Settings(
        root=(RootSettings(path=house.incoming, read_when_removed=True),),
        ris=RisSettings(reads=table),
        queue=QueueSettings(expire_days=5),
    )
    chores = Chores(settings, IDENTITY)
    now = house.time.clock.now()
    with caplog.at_level(logging.DEBUG):
        chores(house.store, now)
        chores(house.store, now + MINUTE / 2)
        assert len(house.queued()) == 3
        chores(house.store, now + MINUTE)
        assert house.queued() == {"MARKER-2.jpg", "MARKER-3.jpg"}
        films[1].unlink()
        house.pass_(intake)
        chores(house.store, house.time.clock.now() + 20 * MINUTE)
        assert house.queued() == {"MARKER-3.jpg"}
        chores(house.store, house.time.clock.now() + timedelta(days=6))
        assert house.queued() == set()
    assert "MARKER" not in caplog.text
    assert [record.__dict__.get("cause") for record in caplog.records if "left the queue" in record.message] == [
        "removed",
        "expired",
    ]


def test_a_clock_that_was_put_back_holds_nothing_up(house: House) -> None:
    """The next look is a minute from now, not from then."""
    house.write("a.jpg")
    house.pass_(house.intake())
    chores = Chores(Settings(queue=QueueSettings(expire_days=1)), IDENTITY)
    now = house.time.clock.now()
    chores(house.store, now + timedelta(hours=5))
    chores(house.store, now)
    chores(house.store, now + timedelta(days=2))
    assert house.queued() == set()
