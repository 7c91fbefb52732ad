"""Columns and rows of scored films fit together, and folds keep patients whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders.points import planted, together
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import TrainerError
from trainer.points.shifted import folds, kind_of


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"patients": ("a",)}, "differ in number"),
        ({"conditions": ("blur-1", "clean")}, "the first is not 'clean'"),
        ({"conditions": ("clean",)}, "1 conditions name 2 rows"),
        ({"logits": np.full((2, 4), np.nan)}, "no finite number"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, why):
    with pytest.raises(TrainerError, match=why):
        replace(planted(4, {"blur-1": 1.0}), **changes)


def test_choosing_conditions_keeps_the_clean_films_and_choosing_films_keeps_the_conditions():
    films = together(
        planted(4, {"blur-1": 1.0, "noise-3": 2.0}), planted(6, {"blur-1": 1.0, "noise-3": 2.0}, weight=0.3)
    )
    assert films.under(["noise-3"]).conditions == ("clean", "noise-3")
    assert films.trusted().n == 4
    assert films.trusted().conditions == films.conditions


def test_a_severity_is_no_part_of_the_kind():
    assert [kind_of(name) for name in ("clean", "blur-2", "low-contrast-3", "low-contrast")] == [
        *("clean", "blur", "low-contrast", "low-contrast")
    ]


@given(st.lists(st.integers(0, 12), min_size=40, max_size=80), st.integers(2, 5), st.integers(0, 3))
def test_no_patient_is_in_two_folds_and_none_is_empty(patients, number, seed):
    names = [str(patient) for patient in [*range(5), *patients]]
    found = folds(names, number, seed)
    assert len({(name, fold) for name, fold in zip(names, found, strict=True)}) == len(set(names))
    assert set(found) == set(range(number))


def test_fewer_patients_than_folds_is_an_error_that_says_so():
    with pytest.raises(TrainerError, match="2 patients cannot make 5 folds"):
        folds(["a", "b", "a"], 5)
