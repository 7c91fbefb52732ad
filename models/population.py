"""The populations a bundle can be validated for, and which of them an age belongs to."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

CHILDREN_FROM: Final = 1.0  # years, inclusive
CHILDREN_BELOW: Final = 6.0  # "one to five years" ends with the sixth birthday
ADULTS_FROM: Final = 18.0


class Population(StrEnum):
    """Who is on the film, as far as an operating point cares."""

    CHILDREN = "children"
    ADULTS = "adults"


def population_of_age(age_years: float) -> Population | None:
    """The population of an age, or None for infants and from six to seventeen years, where nothing was validated."""
    if CHILDREN_FROM <= age_years < CHILDREN_BELOW:
        return Population.CHILDREN
    if age_years >= ADULTS_FROM:
        return Population.ADULTS
    return None
