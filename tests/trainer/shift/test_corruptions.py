"""Every corruption gives a film of its size in 0..1, the same for the same chance, and goes further when asked to."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from builders.films import grey_film
from hypothesis import given
from hypothesis import strategies as st

from trainer.shift import conditions, corruptions, pictures, suite, tones
from trainer.shift.conditions import CONDITIONS, HEAVIEST, LEVELS, Condition, Corruption, Severity
from trainer.shift.corruptions import corrupt
from trainer.shift.suite import generator, under

EVERY = pytest.mark.parametrize("corruption", list(Corruption))
SHAPES = st.tuples(st.integers(8, 90), st.integers(8, 90))


@cache
def soft(seed=0):
    film = grey_film(200, 224, seed=seed, opacity=0.4).astype(np.float32) / np.float32(255)
    film.flags.writeable = False  # nobody changes what all tests share
    return film


def any_film(shape, seed, kind):
    """Noise, one grey level, or black and white."""
    rng = np.random.default_rng(seed)
    films = {"noise": rng.random(shape), "flat": np.full(shape, rng.random()), "two": rng.integers(0, 2, shape)}
    return films[kind].astype(np.float32)


@given(
    SHAPES,
    st.sampled_from(["noise", "flat", "two"]),
    st.sampled_from(Corruption),
    st.sampled_from(Severity),
    st.integers(0, 99),
)
def test_any_film_stays_a_film_of_its_size_and_is_not_touched_itself(shape, kind, corruption, severity, seed):
    film = any_film(shape, seed, kind)
    before = film.copy()
    changed = corrupt(film, corruption, severity, np.random.default_rng(seed))
    assert changed.shape == film.shape
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    assert changed.min() >= 0.0
    assert changed.max() <= 1.0
    assert (film == before).all()


@EVERY
def test_a_film_differs_from_itself_further_with_each_severity(corruption):
    """Of each film where the damage only adds up, and on average of several where a draw could hide it."""
    steps = [
        np.mean([np.abs(under(soft(seed=n), f"{n}", Condition(corruption, s)) - soft(seed=n)).mean() for n in range(6)])
        for s in Severity
    ]
    assert steps[0] > 0
    assert all(a < b for a, b in pairwise(steps)), steps


@EVERY
def test_equal_chance_gives_equal_films_and_a_film_keeps_its_draw_over_severities(corruption):
    film, condition = soft(), Condition(corruption, Severity.STRONG)
    assert (under(film, "a", condition) == under(film, "a", condition)).all()
    mild = generator("a", Condition(corruption, Severity.MILD)).random(4)
    assert (mild == generator("a", condition).random(4)).all()
    assert (mild != generator("b", condition).random(4)).any()


def test_exposure_shifts_grey_and_loses_what_leaves_the_range():
    film = np.array([[0.1, 0.5, 0.95]], np.float32)
    rng = np.random.default_rng(0)
    assert corrupt(film, Corruption.UNDEREXPOSED, 2, rng) == pytest.approx(np.array([[0.25, 0.65, 1.0]]))
    assert corrupt(film, Corruption.OVEREXPOSED, 2, rng) == pytest.approx(np.array([[0.0, 0.35, 0.8]]))


def test_twelve_bits_round_back_to_the_eight_that_they_came_from_and_four_bits_leave_sixteen_levels():
    film = np.arange(256, dtype=np.float32).reshape(16, 16) / np.float32(255)
    deep = corrupt(film, Corruption.DEPTH, 1, np.random.default_rng(0))
    assert (np.abs(deep - film) <= 0.5 / 255 + 0.5 / 4095 + 1e-6).all()
    assert len(np.unique(corrupt(film, Corruption.DEPTH, 3, np.random.default_rng(0)))) == 16


def test_noise_is_stronger_where_the_body_is_denser():
    rng = np.random.default_rng(0)
    spreads = [
        float(corrupt(np.full((200, 200), level, np.float32), Corruption.NOISE, 1, rng).std()) for level in (0.2, 0.7)
    ]
    assert spreads[1] == pytest.approx(spreads[0] * 10**0.5, rel=0.1)


def test_equalisation_spreads_a_narrow_film_and_a_higher_limit_spreads_it_more():
    film = soft() * np.float32(0.2) + np.float32(0.4)
    spreads = [float(corrupt(film, Corruption.CLAHE, s, np.random.default_rng(0)).std()) for s in Severity]
    assert float(film.std()) < spreads[0] < spreads[1] < spreads[2]


def test_a_border_keeps_the_whole_film_and_a_crop_does_not():
    film = np.full((100, 100), 0.5, np.float32)
    film[:4], film[-4:], film[:, :4], film[:, -4:] = 1.0, 1.0, 1.0, 1.0
    framed = corrupt(film, Corruption.BORDER, 3, generator("black", Condition(Corruption.BORDER)))
    inside = np.argwhere(framed > 0.9)
    assert len(inside) > 100
    cut = corrupt(film, Corruption.CROP, 3, np.random.default_rng(0))
    assert (cut > 0.9).sum() < (film > 0.9).sum()


def test_markers_write_more_texts_at_each_severity_and_leave_the_rest_as_it_was():
    film = np.full((200, 200), 0.4, np.float32)
    changed = [
        (np.abs(corrupt(film, Corruption.MARKERS, s, generator("a", CONDITIONS[1])) - film) > 0.1) for s in Severity
    ]
    shares = [float(mask.mean()) for mask in changed]
    assert 0 < shares[0] < shares[1] < shares[2] < 0.2


def test_the_suite_has_every_corruption_at_three_severities_that_go_one_way():
    assert len(CONDITIONS) == 1 + 3 * len(Corruption) == len({c.name for c in CONDITIONS})
    assert len(Corruption) >= 14
    assert set(LEVELS) == set(Corruption) == set(tones.TONES) | set(pictures.PICTURES)
    assert not set(tones.TONES) & set(pictures.PICTURES)
    for mild, moderate, strong in LEVELS.values():
        assert (mild < moderate < strong) or (mild > moderate > strong)
    assert {c.name for c in HEAVIEST} == {"clean", *(f"{c}-3" for c in Corruption)}


def test_a_severity_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="4"):
        corrupt(soft(), Corruption.BLUR, 4, np.random.default_rng(0))


def test_the_suite_shares_no_code_with_what_networks_are_trained_on():
    """No module of it imports augmentation; else the suite would measure how well a network learned its lesson."""
    for module in (conditions, corruptions, pictures, suite, tones):
        tree = ast.parse(inspect.getsource(module))
        names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert "trainer.data.augment" not in names
