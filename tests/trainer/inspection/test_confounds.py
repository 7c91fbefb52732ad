"""What tells the label is said with an honest interval; what does not, does not."""

from __future__ import annotations

import numpy as np
import pytest
from builders.training import film

from models.statistics.metrics import auc, auc_interval
from trainer.inspection.confounds import OUTSIDE, TOGETHER, clustered_interval, told
from trainer.inspection.look import Look
from trainer.inspection.measures import Measures


def look(number, *, width=100, height=100, quality=None, mean=0.5, **changes):
    """A film on paper that was looked at."""
    measures = Measures(mean, 0.2, 0.0, 0.0, 0.0, 0.2, np.zeros((32, 32), np.uint8))
    return Look(film(number, **changes), "paper", "NORMAL", width, height, "jpeg", "L", 8, quality, measures)


def test_a_size_that_follows_the_class_is_found_and_noise_is_not():
    rng = np.random.default_rng(1)
    looks = [
        look(n, width=int(100 + 40 * (n % 2) + rng.normal(0, 10)), mean=rng.random(), view="PA") for n in range(200)
    ]
    found = told(looks)
    assert found["width"].low > 0.95
    assert found["mean"].low < 0.5 < found["mean"].high
    assert found["view"].auc == found["height"].auc == 0.5
    assert found[TOGETHER].low > 0.9
    assert found[OUTSIDE].low > 0.9
    assert "age" not in found
    assert "JPEG quality" not in found


def test_neither_small_nor_large_tells_the_label_as_well_as_larger():
    rng = np.random.default_rng(2)
    sizes = [int(rng.choice([100, 300]) if n % 2 else 200) for n in range(200)]
    assert told([look(n, width=width) for n, width in enumerate(sizes)])["width"].auc > 0.95


def test_what_only_tells_patients_apart_does_not_tell_the_label():
    """Ten films a patient, of one width each: a model that saw a patient would know it again."""
    rng = np.random.default_rng(3)
    widths = rng.permutation(40) * 10 + 100
    looks = [look(n, width=int(widths[n // 10]), label=n // 10 % 2, patient=f"p:{n // 10}") for n in range(400)]
    assert told(looks)[TOGETHER].low < 0.6


def test_with_few_patients_nothing_is_said():
    assert told([look(n, patient=f"p:{n % 12}") for n in range(200)]) == {}
    assert told([]) == {}


@pytest.mark.parametrize("films", [1, 4])
def test_the_interval_is_that_of_the_bootstrap_by_patients(films):
    rng = np.random.default_rng(films)
    groups = np.repeat(np.arange(120), films)
    labels = groups % 2
    scores = labels * 0.8 + rng.normal(size=120)[groups] + rng.normal(size=groups.size) * 0.3
    low, high = clustered_interval(labels, scores, groups)
    expected = auc_interval(labels, scores, [str(g) for g in groups], draws=500)
    assert (low, high) == pytest.approx(expected, abs=0.015)
    assert low < auc(labels, scores) < high
