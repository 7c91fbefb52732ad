"""Ages and the populations that operating points are made for."""

import pytest

from models.population import Population, population_of_age


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
