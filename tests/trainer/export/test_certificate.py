"""What an exported file may differ by before its bundle is uncertified."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trainer.export.certificate import CLEAN, SHIFTED, Pairs, certificates, certify, logits_of

N = 400


def pairs(noise: float = 0.0, seed: int = 0) -> Pairs:
    """Two classes two standard deviations apart, maps with one peak each; the exported maps have noise on top."""
    rng = np.random.default_rng(seed)
    labels = np.arange(N) % 2 == 1
    logits = rng.normal(0, 1, N) + np.where(labels, 1.0, -1.0)
    maps = np.zeros((N, 7, 7), np.float32)
    maps[np.arange(N), rng.integers(0, 7, N), rng.integers(0, 7, N)] = 9.0
    maps += (logits - maps.mean(axis=(1, 2)))[:, None, None].astype(np.float32)
    exported = maps + np.float32(noise) * rng.normal(size=(N, 1, 1)).astype(np.float32)
    return Pairs(labels, tuple(map(str, range(N))), ("one", "two") * (N // 2), np.zeros(N), maps, exported)


def test_the_same_maps_differ_by_nothing():
    one = certify(pairs())
    assert (one.auc_difference, one.flips, one.max_logit_difference) == (0.0, 0.0, 0.0)
    assert one.auc_difference_ci == (0.0, 0.0)
    assert (one.rank_correlation, one.peaks) == (pytest.approx(1.0), 1.0)
    assert one.holds(CLEAN)


def test_each_limit_alone_decides():
    good = certify(pairs())
    for bad in (
        {"auc_difference": -CLEAN.auc_lost - 1e-6},
        {"flips": CLEAN.flips + 1e-6},
        {"peaks": CLEAN.peaks - 1e-6},
        {"rank_correlation": CLEAN.rank_correlation - 1e-6},
    ):
        assert not replace(good, **bad).holds(CLEAN), bad
    assert replace(good, auc_difference=0.1).holds(CLEAN)  # a file that is better has lost nothing


def test_flips_are_films_on_the_other_side_of_their_own_threshold():
    one = pairs()
    moved = replace(one, exported=one.trained + 0.25)
    f = logits_of(one.trained)
    assert certify(moved).flips == pytest.approx(float(((f < 0) & (f >= -0.25)).mean()))
    assert certify(replace(moved, thresholds=np.full(N, -99.0))).flips == 0.0


def test_peaks_are_looked_at_where_the_network_calls_something():
    one = pairs()
    called = logits_of(one.trained) >= 0.0
    turned = one.exported.copy()
    turned[~called] = turned[~called][:, ::-1, ::-1]
    assert certify(replace(one, exported=turned)).peaks == 1.0
    assert certify(replace(one, thresholds=np.full(N, 99.0))).peaks is None


def test_trusted_sources_decide_clean_and_shifted_and_edges_are_told():
    good, bad = pairs(), pairs(noise=1.5)
    edge = {"black": (-3.0, -2.5)}
    assert certificates(good, good, edge, {"one", "two"})["certified"]
    assert not certificates(bad, good, edge, {"one", "two"})["certified"]
    assert not certificates(good, bad, edge, {"one", "two"})["certified"]
    whole = certificates(good, good, edge, {"one"})
    assert whole["films"] == N // 2
    assert set(whole["sources"]) == {"one", "two"}
    assert whole["shifted"]["films"] == N // 2
    assert whole["edge"]["max_logit_difference"] == 0.5
    assert SHIFTED.flips > CLEAN.flips


def test_films_of_one_class_have_no_auc():
    one = pairs()
    only = replace(one, labels=np.ones(N, bool))
    assert certify(only).auc_float is None
    assert certify(only).holds(CLEAN)


def test_small_noise_passes_and_a_broken_network_does_not():
    assert certify(pairs(noise=0.004)).holds(CLEAN)
    one = pairs()
    broken = certify(replace(one, exported=np.random.default_rng(1).permutation(one.exported)))
    assert not broken.holds(SHIFTED)
    assert broken.auc_difference < -0.3


def test_ties_are_films_whose_logit_another_film_has():
    one = pairs()
    exported = one.exported.copy()
    exported[:3] = exported[0]
    assert certify(replace(one, exported=exported)).ties == 3
    assert certify(one).ties == 0
