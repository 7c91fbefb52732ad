"""Points chosen on all sources but one and tried on it: who chooses, and what became of the promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders.points import planted, together

from models.population import Population
from trainer.points.rules import Rule
from trainer.points.source_out import Outcome, documents, markdown, outcome_of, source_out

PROMISES = {Population.CHILDREN: 0.98, Population.ADULTS: 0.95}
ADULTS, CHILDREN = Population.ADULTS, Population.CHILDREN


def moved(films, drift, **changes):
    return replace(films, logits=films.logits + drift, **changes)


def rows_of(films, rule=Rule.CLEAN):
    return {row.source: row for row in source_out(films, PROMISES, rule, draws=30)}


@pytest.mark.parametrize(
    ("sensitivity", "share", "outcome"),
    [
        (0.95, 1.0, Outcome.KEPT),
        (0.93, 0.9, Outcome.KEPT),
        (0.97, 0.9, Outcome.KEPT),
        (0.929, 1.2, Outcome.SHORT),
        (0.971, 0.9, Outcome.OVER),
        (0.99, 0.899, Outcome.COSTLY),
    ],
)
def test_outcomes_at_their_edges(sensitivity, share, outcome):
    assert outcome_of(sensitivity, share, 0.95) is outcome


@pytest.mark.parametrize(("drift", "outcome"), [(0.0, Outcome.KEPT), (2.5, Outcome.COSTLY), (-1.0, Outcome.SHORT)])
def test_a_planted_drift_of_the_source_left_out_has_the_outcome_that_it_must_have(drift, outcome):
    films = together(planted(2000), moved(planted(2000, seed=1, source="two"), drift))
    row = rows_of({ADULTS: films})["two"]
    assert row.outcome is outcome
    assert row.chosen_by == ("one",)
    assert not row.elsewhere


def test_a_patient_of_the_source_left_out_chooses_nothing():
    one = planted(200)
    other = replace(planted(200, seed=1, source="two"), patients=one.patients)
    alone = rows_of({ADULTS: together(one, other)})
    assert {row.outcome for row in alone.values()} == {Outcome.UNTRIED}
    third = planted(100, source="three")
    assert rows_of({ADULTS: together(one, other, third)})["two"].chosen_by == ("three",)


def test_mined_labels_choose_nothing_and_are_tried_with_a_note():
    films = together(planted(200), planted(200, source="mined", weight=0.3))
    found = rows_of({ADULTS: films})
    assert found["one"].outcome is Outcome.UNTRIED
    assert found["mined"].outcome is not Outcome.UNTRIED
    assert "mined, adults (mined labels)" in markdown(documents(found.values()))


def test_another_population_chooses_for_this_ones_promise_where_nobody_else_can():
    found = rows_of({CHILDREN: planted(400, source="kids"), ADULTS: planted(400, source="grown")})
    assert found["kids"].elsewhere
    assert found["kids"].chosen_by == ("grown",)
    assert found["kids"].promise == 0.98
    assert found["kids"].threshold < found["grown"].threshold  # a higher promise is a lower threshold


def test_the_table_has_each_source_once_and_no_cell_too_few():
    conditions = {"blur-1": 0.2, "noise-1": -0.2}
    films = {
        CHILDREN: together(planted(100, conditions, source="a"), planted(100, conditions, seed=1, source="b")),
        ADULTS: together(planted(100, conditions, source="c"), planted(30, conditions, source="d", weight=0.3)),
    }
    table = markdown(documents(source_out(films, PROMISES, Rule.MEAN, draws=30))).splitlines()
    assert [line.split("|")[1].split(",")[0].strip() for line in table[2:]] == ["a", "b", "c", "d"]
    assert {line.count("|") for line in table} == {11}


def test_a_source_of_one_class_is_not_tried():
    sick = planted(200, source="two")
    sick = sick.films(sick.labels)
    row = rows_of({ADULTS: together(planted(200), sick)})["two"]
    assert (row.outcome, row.positives, row.clean) == (Outcome.UNTRIED, 100, None)
    assert "not tried" in markdown(documents([row]))


def test_a_single_child_among_a_sources_adults_makes_no_second_row():
    child = planted(2, source="two").films(np.asarray([True, False]))
    films = {CHILDREN: together(planted(100), child), ADULTS: planted(100, source="two")}
    assert [(row.source, row.population) for row in source_out(films, PROMISES, Rule.CLEAN, draws=20)] == [
        ("one", CHILDREN),
        ("two", ADULTS),
    ]
