"""The test of a folder against its own past, on drawn films: quiet where nothing changed, and only there."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from daemon.drift.blocks import COLUMNS, FEWEST, ODD, REFUSED, Block, pooled
from daemon.drift.change import BASELINE, baseline_of, changes
from daemon.drift.judging import judge
from daemon.drift.likeness import reference_for, unlike
from daemon.drift.standing import Standing
from daemon.drift.tails import at_least, t_two_sided
from daemon.drift.words import lines
from models.film_statistics import NAMES
from models.reference import POINTS, Reference

BEGAN = date(2026, 3, 1)


def night(number: int, films: int = 40, refused: int = 0, **moved: float) -> Block:
    """A night of films whose numbers are standard normal but for those that were moved, nights apart by 0.1."""
    rng = np.random.default_rng([7, number])
    columns = {name: rng.normal(moved.get(name, 0.0) + rng.normal(0, 0.1), 1, films) for name in COLUMNS}
    day = BEGAN + timedelta(days=number)
    return Block(day, day, films, refused, columns)


USUAL = [night(number) for number in range(BASELINE)]


def test_quiet_nights_are_quiet() -> None:
    """No change in 200 nights, at five folders."""
    usual = baseline_of(USUAL)
    nights = [night(number) for number in range(BASELINE, BASELINE + 200)]
    told = [changes(usual, nights[max(0, n - 4) : n + 1], 5) for n in range(200)]
    assert sum(map(bool, told)) <= 2


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("by", [-1.5, 1.5])
def test_a_number_that_moves_is_told_by_its_name_and_direction(name: str, by: float) -> None:
    found = changes(baseline_of(USUAL), [night(50, **{name: by})], 5)
    assert found[0].name in (name, ODD)
    [moved] = [change for change in found if change.name == name]
    assert (moved.effect > 0) is (by > 0)


def test_refusals_that_rise_are_told_and_that_fall_are_not() -> None:
    some = [night(number, refused=4) for number in range(BASELINE)]
    assert [change.name for change in changes(baseline_of(some), [night(50, refused=25)], 5)] == [REFUSED]
    assert changes(baseline_of(some), [night(50, refused=0)], 5) == []


def test_a_few_quite_other_films_among_many_are_told_as_odd() -> None:
    """Each is odd in another number, so that no mean moves by much."""
    last = night(50, films=200)
    columns = {name: column.copy() for name, column in last.columns.items()}
    for number, name in enumerate(NAMES):
        columns[name][8 * number : 8 * number + 8] = 9.0
    found = changes(baseline_of(USUAL), [Block(last.first, last.last, 200, 0, columns)], 5)
    assert [change.name for change in found] == [ODD]


def test_where_all_films_were_alike_one_other_film_is_no_change() -> None:
    """A folder of one size of film, then one of another size."""

    def alike(number: int, other: int) -> Block:
        plain = night(number)
        column = np.where(np.arange(40) < other, 1.0, 0.0)
        return Block(plain.first, plain.last, 40, 0, {**plain.columns, "size": column})

    usual = baseline_of([alike(number, 0) for number in range(BASELINE)])
    assert changes(usual, [alike(50, 1)], 5) == []
    assert "size" in {change.name for change in changes(usual, [alike(50, 40)], 5)}


def test_nights_of_few_films_are_pooled() -> None:
    blocks = list(pooled([night(number, films=8) for number in range(7)]))
    assert [block.films for block in blocks] == [24, 24]
    assert blocks[0].films >= FEWEST
    assert (blocks[1].first, blocks[1].last) == (BEGAN + timedelta(days=3), BEGAN + timedelta(days=5))


def judged(*later: Block, first: int = BASELINE, references: dict[str, Reference] | None = None, **moved: float):
    nights = [night(number, **moved) for number in range(first)]
    return judge("/in", [*nights, *later], [], 1, "adults", references or {})


def test_a_folder_learns_then_is_steady_then_changed_since_a_night() -> None:
    assert judged(first=5).standing is Standing.LEARNING
    assert judged(night(30)).standing is Standing.STEADY
    dark = [night(number, mean=-2.0) for number in (31, 32, 33)]
    found = judged(night(30), *dark)
    assert (found.standing, found.since) == (Standing.CHANGED, BEGAN + timedelta(days=31))
    text = " ".join(lines(found))
    assert "Changed since 2026-04-01: " in text
    assert "films are darker" in text
    assert "What to do: " in text


def test_a_folder_that_is_as_it_was_again_is_steady() -> None:
    back = [night(number) for number in range(32, 37)]
    assert judged(night(31, mean=-2.0), *back).standing is Standing.STEADY


def reference(refused: float = 0.0) -> Reference:
    points = np.sort(np.random.default_rng(0).normal(0, 1, POINTS))
    return Reference(500, refused, 0.1, {"mean": tuple(points), "logit": tuple(points)})


def test_unlike_the_bundle_is_told_beside_the_state_and_is_no_change() -> None:
    found = judged(night(30, mean=4.0), references={"adults": reference()}, mean=4.0)
    assert [one.name for one in found.unlike] == ["mean"]
    assert found.standing is Standing.STEADY
    assert "Unlike the films that the model was judged on" in " ".join(lines(found))


def test_without_a_reference_a_folder_says_what_it_is_held_against() -> None:
    assert "held against its own past only" in " ".join(lines(judged(night(30))))


def test_many_refusals_are_unlike_the_bundle_and_few_films_say_nothing() -> None:
    assert [one.name for one in unlike(night(1, films=200, refused=30), reference())] == [REFUSED]
    assert unlike(night(1, films=20, refused=20), reference()) == []


def test_a_population_without_a_reference_is_held_against_no_other() -> None:
    both = {"adults": reference(), "children": reference()}
    assert reference_for(both, "children") is both["children"]
    assert reference_for({"adults": reference()}, "children") is None
    assert reference_for(both, None) is None


def test_the_tails_are_those_of_scipy() -> None:
    """Figures of scipy.stats 1.17: t.sf * 2 and betabinom.sf."""
    assert t_two_sided(2.0, 19) == pytest.approx(0.06000203638609834)
    assert t_two_sided(5.0, 19) == pytest.approx(7.949974998417583e-05)
    assert t_two_sided(-8.0, 1) == pytest.approx(0.07916684832113109)
    assert at_least(3, 50, 0.5, 1000.5) == pytest.approx(3.238745224720674e-05)
    assert at_least(0, 50, 0.5, 1000.5) == 1.0
