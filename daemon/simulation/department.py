"""An imagined department: when films come, what they show, how they score, how long they are read; it orders nothing.

Times are reading minutes: what the clock shows outside reading hours does not count, as in the daemon's own waits. The
films of a night therefore lie there together when reading begins, and keep the order of their arrival.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.triage.order import Band

if TYPE_CHECKING:
    from random import Random

# Per cent of a day's films by hour from midnight: wards before noon, an emergency room in the evening and at night.
PROFILE: Final = (2, 2, 2, 2, 2, 2, 3, 4, 6, 8, 8, 8, 6, 6, 6, 6, 5, 4, 4, 3, 3, 3, 3, 2)
OPENS: Final = 7 * 60  # minutes after midnight; Friday 19:00 to Monday 07:00 are the 60 hours of a weekend
CLOSES: Final = 19 * 60
OPEN: Final = CLOSES - OPENS
WEEKEND_SHARE: Final = 0.5  # of the films of a weekday, on each day of the weekend
SENSITIVITY: Final = 0.95  # of the operating point, below which films are `in_turn`
SPECIFICITY: Final = 0.95  # from which a film is `first`
_DAY: Final = 24 * 60


class Calendar(StrEnum):
    """Which films are looked at: those of a night and the day after it, or of a weekend and its Monday."""

    NIGHT = "night"
    WEEKEND = "weekend"


class Finding(StrEnum):
    """What a film shows."""

    PNEUMONIA = "pneumonia"
    OTHER_URGENT = "other_urgent"
    NORMAL = "normal"


class Film(NamedTuple):
    """One film; films stand in the order of their arrival.

    Attributes:
        arrived: in reading minutes from the beginning.
        minutes: that it takes to read it.
        logit: None when unscored.
        counted: its wait is looked at; the others are only there so that readers are busy.
    """

    arrived: float
    minutes: float
    logit: float | None
    band: Band
    finding: Finding
    counted: bool


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is taken for true of a department.

    Attributes:
        load: work that comes in, over what the readers can do in their reading hours; of a day, or of a week where
            the weekend is looked at.
        auc: of the model, pneumonia against all other films; .5 to below 1.
        prevalence: share of films with pneumonia.
        other_urgent: share of films with another urgent finding; they score as films without pneumonia do.
        unscored: share of films without a score, whatever they show.
        reading_minutes: mean of the log-normal reading time.
        spread: standard deviation of its logarithm.
    """

    load: float = 0.9
    auc: float = 0.9
    prevalence: float = 0.1
    calendar: Calendar = Calendar.NIGHT
    readers: int = 2
    other_urgent: float = 0.05
    unscored: float = 0.05
    reading_minutes: float = 3.0
    spread: float = 0.6

    @property
    def films_a_day(self) -> float:
        """Films of a weekday, on average."""
        possible = self.readers * OPEN / self.reading_minutes
        week = 1.0 if self.calendar is Calendar.NIGHT else 5 / (5 + 2 * WEEKEND_SHARE)
        return self.load * possible * week

    @property
    def separation(self) -> float:
        """The distance of the two normal distributions of logits, both of variance 1, that gives the AUC."""
        return math.sqrt(2) * NormalDist().inv_cdf(self.auc)


# Two days beforehand, so that no night begins with an empty list; three afterwards, so that films that are put off
# stay put off by films that come later.
_BEFORE: Final = (1.0, 1.0)
_AFTER: Final = (1.0, 1.0, 1.0)
_COUNTED_FROM: Final = (len(_BEFORE) - 1) * _DAY + CLOSES


def films(assumed: Assumptions, random: Random) -> list[Film]:
    """Draw the films around one night or weekend, in the order of their arrival."""
    closed = (WEEKEND_SHARE,) * 2 if assumed.calendar is Calendar.WEEKEND else ()
    shares = (*_BEFORE, *closed, 1.0, *_AFTER)
    shut = range(len(_BEFORE), len(_BEFORE) + len(closed))
    counted_until = (len(_BEFORE) + len(closed)) * _DAY + CLOSES
    found = []
    opened = 0  # days of reading so far
    for day, share in enumerate(shares):
        for minute in _arrivals(assumed.films_a_day * share, random):
            read = 0.0 if day in shut else min(max(minute - OPENS, 0.0), OPEN)
            counted = _COUNTED_FROM <= day * _DAY + minute < counted_until
            found.append(_film(opened * OPEN + read, assumed, random, counted=counted))
        opened += day not in shut
    return found


def _arrivals(expected: float, random: Random) -> Iterator[float]:
    """Minutes after midnight at which the films of one day come: a Poisson process whose rate changes by the hour."""
    for hour, percent in enumerate(PROFILE):
        rate = expected * percent / 100 / 60
        minute = random.expovariate(rate)
        while minute < 60:
            yield hour * 60 + minute
            minute += random.expovariate(rate)


def _film(arrived: float, assumed: Assumptions, random: Random, *, counted: bool) -> Film:
    drawn = random.random()
    if drawn < assumed.prevalence:
        finding = Finding.PNEUMONIA
    elif drawn < assumed.prevalence + assumed.other_urgent:
        finding = Finding.OTHER_URGENT
    else:
        finding = Finding.NORMAL
    # All are drawn for every film: two departments that differ in one share differ in nothing else.
    logit = random.gauss(assumed.separation if finding is Finding.PNEUMONIA else 0.0, 1.0)
    scored = random.random() >= assumed.unscored
    middle = math.log(assumed.reading_minutes) - assumed.spread**2 / 2
    minutes = random.lognormvariate(middle, assumed.spread)
    band = _band(logit, assumed) if scored else Band.UNSCORED
    return Film(arrived, minutes, logit if scored else None, band, finding, counted)


def _band(logit: float, assumed: Assumptions) -> Band:
    point = assumed.separation - NormalDist().inv_cdf(SENSITIVITY)
    if logit < point:
        return Band.IN_TURN
    return Band.FIRST if logit >= NormalDist().inv_cdf(SPECIFICITY) else Band.NEXT
