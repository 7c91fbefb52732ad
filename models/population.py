"""The populations a bundle can be validated for, the groups that ages fall into, and what a bundle does about each."""

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


class AgeGroup(StrEnum):
    """Every age in one of four groups; those that can have an operating point are named as their population is."""

    INFANTS = "infants"  # below one year
    CHILDREN = "children"
    BETWEEN = "between"  # from six to seventeen years
    ADULTS = "adults"

    @property
    def population(self) -> Population | None:
        """The population of this group, or None where operating points know none."""
        return Population(self.value) if self.value in tuple(Population) else None


GROUPS: Final = {
    AgeGroup.INFANTS: "infants (below 1 year)",
    AgeGroup.CHILDREN: "children (1 to 5 years)",
    AgeGroup.BETWEEN: "ages from 6 to 17 years",
    AgeGroup.ADULTS: "adults (from 18 years)",
}
"""Each group as people read it."""


class Policy(StrEnum):
    """What a bundle does with the films of an age group; the trainer decides it from evidence."""

    BANDED = "banded"  # an operating point tells the bands
    ORDERED = "ordered"  # the score may order; only `next` is given, nothing is called low nor first
    OUTSIDE = "outside"  # a score would mean nothing: refused


def age_group_of(age_years: float) -> AgeGroup:
    """The group of an age."""
    if age_years < CHILDREN_FROM:
        return AgeGroup.INFANTS
    if age_years < CHILDREN_BELOW:
        return AgeGroup.CHILDREN
    return AgeGroup.ADULTS if age_years >= ADULTS_FROM else AgeGroup.BETWEEN


def group_of(age_years: float | None, population: Population | None) -> AgeGroup | None:
    """The group of a film: of the age that it states, else of who is said to be on it, else None."""
    if age_years is not None:
        return age_group_of(age_years)
    return None if population is None else AgeGroup(population.value)


def population_of_age(age_years: float) -> Population | None:
    """The population of an age; None for infants and from six to seventeen years: no operating point is for them."""
    return age_group_of(age_years).population
