"""When something is tried again, given up or told once more; pure, and sane when somebody steps the clock.

Times of the store may lie ahead of a clock that was put back, by a year if need be. Whatever waits for a time that such
a clock will not reach is taken as due: told early rather than never.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(hours=1)
SPREAD: Final = 0.2  # of a pause, either way
GIVE_UP_AFTER: Final = timedelta(days=1)
FEWEST_TRIES: Final = 12  # a clock that was put on by a day is not yet a day of trying
MOST_TRIES: Final = 1000  # where the clock was put back, and a day would never be over
SLACK: Final = timedelta(minutes=1)  # two processes need not read the same clock in order


def pause_after(tries: int, chance: float) -> timedelta:
    """How long to wait after a failed try.

    Args:
        tries: made so far, this one too; from 1.
        chance: 0..1, evenly distributed; spreads tries of many.
    """
    doubled = SHORTEST * (1 << min(tries - 1, 20))
    return min(doubled, LONGEST) * (1 - SPREAD + 2 * SPREAD * chance)


def is_due(not_before: datetime, now: datetime) -> bool:
    """Whether a delivery's time has come: also when it waits for longer than any pause lasts."""
    return now >= not_before or not_before - now > LONGEST * (1 + SPREAD)


def is_hopeless(created_at: datetime, tries: int, now: datetime) -> bool:
    """Whether a delivery that failed again is given up."""
    return tries >= MOST_TRIES or (tries >= FEWEST_TRIES and now - created_at >= GIVE_UP_AFTER)


def is_over(since: datetime, length: timedelta, now: datetime) -> bool:
    """Whether a length of time is over; also when it began in what is the future now."""
    return now - since >= length or since - now > SLACK
