"""Limits from sources that were left out, and upper limits of counts; on numbers alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from trainer.gate.counting import upper
from trainer.gate.limits import SURE, between, choose, needed
from trainer.gate.sample import Known, Sample

KINDS = ("film", "inverted", "blank")


def sample(each: int = 40) -> Sample:
    """Three sources with pictures of three kinds."""
    kinds, sources = np.tile(np.arange(3), 3 * each), np.repeat(np.arange(3), 3 * each)
    names = np.array(["a", "b", "c"])[sources]
    patients = np.array([f"{name}:{i // 3}" for i, name in enumerate(names)])
    return Sample(np.zeros((9 * each, 4, 4), np.uint8), kinds, names, patients, np.ones(len(kinds), bool))


class Gates:
    """Says of each picture its kind, surely where it learned from it, else less so; films of `c` look nearly blank."""

    def __init__(self, pictures: Sample) -> None:
        self.pictures = pictures
        self.asked: list[Known] = []

    def __call__(self, known: Known, there: np.ndarray) -> np.ndarray:
        self.asked.append(known)
        logits = np.eye(3, dtype=np.float32)[self.pictures.kinds] * 8
        strange = (self.pictures.sources == "c") & (self.pictures.kinds == 0) & ~self.pictures.of(known)
        logits[strange, 2] = 7.0
        return logits[there]


@pytest.mark.parametrize("sources", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_limits_let_the_films_of_an_unknown_source_through(sources: list[str]) -> None:
    """And none of the other kinds; those of a source that looks strange set the limit, where it was left out."""
    pictures = sample()
    gate = choose(pictures, Gates(pictures), KINDS, sources, (0.9, 0.8))
    assert (gate.kinds, gate.white, gate.black) == (KINDS, 0.9, 0.8)
    logits = Gates(pictures)(Known(frozenset("ab")), np.ones(len(pictures.kinds), bool))
    refused = np.array([bool(gate.findings(row)) for row in logits])
    assert refused[pictures.kinds != 0].all()
    assert not refused[(pictures.kinds == 0) & np.isin(pictures.sources, sources)].any()
    assert gate.limits["blank"] == pytest.approx((-1 + 8) / 2 if "c" in sources else 0.0)


def test_a_film_is_cut_off_where_the_gate_is_sure() -> None:
    """Whatever the films that it knows look like; and limits come from films as they came, not from their views."""
    pictures = sample()
    kinds = ("film", "cut-off", "blank")
    gate = choose(pictures, Gates(pictures), kinds, "ab", (0.9, 0.8))
    assert (gate.limits["cut-off"], gate.limits["blank"], gate.unlike) == (SURE, 0.0, SURE)
    views = dataclasses.replace(pictures, plain=pictures.sources != "c")
    gate = choose(views, Gates(views), KINDS, "abc", (0.9, 0.8))
    assert gate.limits["blank"] == pytest.approx(0.0)


def test_a_source_is_judged_by_a_gate_that_does_not_know_it() -> None:
    """Of several each by the others; of one each half of its patients by the other half."""
    pictures = sample()
    for sources in (["a"], ["a", "b"], ["a", "b", "c"]):
        for gate, asked in needed(sources):
            assert pictures.of(asked).any()
            assert not (pictures.of(gate) & pictures.of(asked)).any()
            assert set(pictures.sources[pictures.of(gate) | pictures.of(asked)]) == set(sources)
    one = Known(frozenset("a"), 0)
    assert not set(pictures.patients[pictures.of(one)]) & set(pictures.patients[pictures.of(Known(frozenset("a"), 1))])


def test_a_limit_lies_half_way_where_there_is_a_way() -> None:
    """Else just above the films: they come first."""
    films = np.arange(1001) / 1000.0
    assert between(films, np.full(10, 3.0)) == pytest.approx((0.995 + 3.0) / 2)
    assert between(films, np.zeros(10)) == pytest.approx(0.995)


def test_upper_limits_are_those_of_clopper_and_pearson() -> None:
    """0 of 300 is the rule of three; 3 of 300 by tables; of none nothing is known."""
    assert upper(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300), rel=1e-6)
    assert upper(3, 300) == pytest.approx(0.02564, abs=2e-4)
    assert (upper(0, 0), upper(5, 5)) == (1.0, 1.0)
