"""From drawn nights to what each group of films waits in both orders, with intervals over nights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.simulation.department import Assumptions, Film, Finding, films
from daemon.simulation.reading import FirstCome, Ordered, Taking, waits

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS: Final = 2000  # of the bootstrap
FEWEST: Final = 2  # nights, below which nothing can be said of how nights differ


class Group(StrEnum):
    """Whose waits are shown; unscored films are also in the group of what they show."""

    ALL = "all"
    PNEUMONIA = "pneumonia"
    OTHER_URGENT = "other_urgent"
    NORMAL = "normal"
    UNSCORED = "unscored"


_GROUPS: Final = {finding: Group(finding.value) for finding in Finding}


@dataclass(frozen=True, slots=True)
class Night:
    """One night: by group the waits of its films in reading minutes, in the same order of films in both."""

    first_come: Mapping[Group, NDArray[np.float64]]
    ordered: Mapping[Group, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long one group waits, in reading minutes.

    Attributes:
        mean, median, p95: over the films of all nights.
        longest: mean over nights of the longest wait in a night.
    """

    mean: float
    median: float
    p95: float
    longest: float


Interval = tuple[float, float, float]  # value, and the ends of its 95 % interval


@dataclass(frozen=True, slots=True)
class Compared:
    """One group, first come first served and in the order.

    Attributes:
        films: of all nights.
        ratio: of the means, ordered over first come first served.
        delay: difference of the means in reading minutes; above 0 it waits longer in the order.
        longest: ratio of the mean longest waits.
    """

    films: int
    first_come: Waiting
    ordered: Waiting
    ratio: Interval
    delay: Interval
    longest: Interval


def one_night(assumed: Assumptions, cap: float, taking: Taking, seed: int, number: int) -> Night:
    """Draw a night and read it twice: the same films, and each takes as long to read in both orders.

    Args:
        assumed: of the department.
        cap: maximum wait in reading minutes.
        taking: how readers take films from the list.
        seed, number: nights of other numbers or seeds are independent; the same gives the same night.
    """
    history = films(assumed, Random(f"{seed}/{number}"))  # noqa: S311 - nothing is kept secret by it
    return Night(
        _grouped(history, waits(history, assumed.readers, FirstCome())),
        _grouped(history, waits(history, assumed.readers, Ordered(history, cap, taking))),
    )


def _grouped(history: Sequence[Film], waited: Mapping[int, float]) -> dict[Group, NDArray[np.float64]]:
    found: dict[Group, list[float]] = {group: [] for group in Group}
    for number in sorted(waited):
        film = history[number]
        found[Group.ALL].append(waited[number])
        found[_GROUPS[film.finding]].append(waited[number])
        if film.logit is None:
            found[Group.UNSCORED].append(waited[number])
    return {group: np.array(values) for group, values in found.items()}


def compared(nights: Sequence[Night], seed: int) -> dict[Group, Compared]:
    """What each group waits; a group without a film is left out.

    Args:
        nights: at least `FEWEST`.
        seed: of the bootstrap, which draws whole nights, and the same ones for both orders.
    """
    number = len(nights)
    drawn = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), size=DRAWS)
    weights = np.vstack([np.ones(number), drawn])  # the first row is what was seen
    found = {}
    for group in Group:
        some = [row for row, night in enumerate(nights) if night.ordered[group].size]
        if len(some) >= FEWEST:
            found[group] = _compared([nights[row] for row in some], group, weights[:, some])
    return found


def _compared(nights: Sequence[Night], group: Group, weights: NDArray[np.float64]) -> Compared:
    theirs, ours = [night.first_come[group] for night in nights], [night.ordered[group] for night in nights]
    weights = weights[weights.sum(axis=1) > 0]  # a draw of none of these nights says nothing
    count = weights @ np.array([values.size for values in ours], dtype=np.float64)
    before, after = (weights @ np.array([values.sum() for values in waited]) / count for waited in (theirs, ours))
    longest_before, longest_after = (
        weights @ np.array([values.max() for values in waited]) / weights.sum(axis=1) for waited in (theirs, ours)
    )
    return Compared(
        films=int(count[0]),
        first_come=_waiting(theirs, float(longest_before[0])),
        ordered=_waiting(ours, float(longest_after[0])),
        ratio=_interval(_over(after, before)),
        delay=_interval(after - before),
        longest=_interval(_over(longest_after, longest_before)),
    )


def _over(after: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ratio; 1 where nobody waits in either order."""
    return np.divide(after, before, out=np.where(after > 0, np.inf, 1.0), where=before > 0)


def _waiting(waited: Sequence[NDArray[np.float64]], longest: float) -> Waiting:
    values = np.concatenate(waited)
    return Waiting(float(values.mean()), float(np.median(values)), float(np.quantile(values, 0.95)), longest)


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(values[1:], [0.025, 0.975], method="nearest")  # no 0 x infinity between two draws
    return float(values[0]), float(low), float(high)
