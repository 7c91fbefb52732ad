"""The suite is frozen: its hash, its draw of films and its draw of chance do not move under anybody's hands."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from builders.training import film
from hypothesis import given
from hypothesis import strategies as st

from trainer.cli import shift as command
from trainer.shift import suite
from trainer.shift.conditions import CLEAN, LEVELS, Corruption
from trainer.shift.suite import FROZEN, MOST, SHAPES, draw, fingerprint, synthetic, under


def test_this_code_is_the_frozen_suite():
    """If this fails, a corruption, a severity or a draw changed: give it a new VERSION and a new FROZEN, and judge
    every network again."""
    assert fingerprint() == FROZEN


@pytest.mark.parametrize("what", ["severity", "code", "draw"])
def test_a_change_of_severity_code_or_draw_is_another_hash(monkeypatch, what):
    if what == "severity":
        monkeypatch.setattr(suite, "LEVELS", {**LEVELS, Corruption.JPEG: (50, 25, 11)})
    if what == "code":
        monkeypatch.setattr(suite, "corrupt", lambda pixels, *_: pixels * np.float32(0.99))
    if what == "draw":
        monkeypatch.setattr(suite, "VERSION", "2026.12")
    assert fingerprint() != FROZEN


def test_no_synthetic_film_stands_where_rounding_could_go_either_way():
    """The hash is of eight bits: films whose levels are spread freely over 0..1 come to the same ones everywhere."""
    for number, shape in enumerate(SHAPES):
        levels = synthetic(shape, number).astype(np.float64) * 255
        assert np.abs(levels - np.floor(levels) - 0.5).min() > 1e-7


def test_the_clean_condition_is_the_film_itself():
    pixels = synthetic((20, 30), 0)
    assert under(pixels, "a", CLEAN) is pixels


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("ab"), st.integers(0, 1)), max_size=40), st.integers(1, 5)
)
def test_a_draw_is_balanced_knows_no_order_holds_each_content_once_and_grows(rows, most):
    films = [film(i, sha256=f"{c:064d}", source=s, label=y) for i, (c, s, y) in enumerate(rows)]
    drawn = draw(films, most)
    assert draw(films[::-1], most) == drawn
    counts = Counter((f.source, f.label) for f in drawn)
    contents = {(f.source, f.label, f.sha256) for f in drawn}
    assert len(contents) == len(drawn)
    for key in {(f.source, f.label) for f in films}:
        there = len({f.sha256 for f in films if (f.source, f.label) == key})
        assert counts[key] == min(most, there)
    assert contents <= {(f.source, f.label, f.sha256) for f in draw(films, most + 1)}


def test_the_default_is_written_once_more_only_so_that_help_is_quick():
    assert command.FILMS == MOST
