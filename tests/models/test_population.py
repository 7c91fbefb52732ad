"""Ages and the populations that operating points are made for."""

import pytest

from models.population import AgeGroup, Population, age_group_of, population_of_age


@pytest.mark.parametrize(
    ("age", "population"),
    [
        (0.0, None),
        (0.99, None),
        (1.0, Population.CHILDREN),
        (5.99, Population.CHILDREN),
        (6.0, None),
        (17.9, None),
        (18.0, Population.ADULTS),
        (101.0, Population.ADULTS),
    ],
)
def test_an_age_belongs_to_a_population_or_to_none(age: float, population: Population | None) -> None:
    """Infants and the ages from six to seventeen belong to none: nothing was validated there."""
    assert population_of_age(age) is population


@pytest.mark.parametrize(
    ("age", "group"),
    [
        (0.0, AgeGroup.INFANTS),
        (0.99, AgeGroup.INFANTS),
        (1.0, AgeGroup.CHILDREN),
        (5.99, AgeGroup.CHILDREN),
        (6.0, AgeGroup.BETWEEN),
        (17.99, AgeGroup.BETWEEN),
        (18.0, AgeGroup.ADULTS),
        (101.0, AgeGroup.ADULTS),
    ],
)
def test_every_age_falls_into_one_group(age: float, group: AgeGroup) -> None:
    """The lower bound belongs to the group above it."""
    assert age_group_of(age) is group
    assert group.population is population_of_age(age)


def test_each_population_is_one_of_the_groups() -> None:
    """By the same name, so that a bundle's policies and operating points speak of the same people."""
    assert [group.population for group in AgeGroup if group.population] == list(Population)
