"""Batches are a function of seed and step, and balanced where the films are not."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from builders.films import grey_film
from builders.training import film, labelled_folder

from trainer.data.augment import augment, plain
from trainer.data.batches import Drawer, load_film
from trainer.data.sources import Source, find_films
from trainer.errors import TrainerError

PIXELS = grey_film(224, 224)


def drawer(films, seed=1):
    return Drawer(films, [PIXELS] * len(films), seed=seed)


def test_a_batch_depends_on_its_number_and_seed_alone():
    films = [film(number) for number in range(6)]
    one, two = drawer(films), drawer(films)
    one.batch(1, 4, 32)
    assert np.array_equal(one.batch(7, 4, 32).inputs, two.batch(7, 4, 32).inputs)
    assert not np.array_equal(one.batch(7, 4, 32).inputs, one.batch(8, 4, 32).inputs)
    assert not np.array_equal(one.batch(7, 4, 32).inputs, drawer(films, seed=2).batch(7, 4, 32).inputs)


def test_batches_are_balanced_by_source_and_class_though_the_films_are_not():
    films = [film(n, source="many", label=int(n < 30), weight=1.0) for n in range(32)]
    films += [film(100 + n, source="few", label=n, weight=0.5) for n in range(2)]
    batch = drawer(films).batch(0, 32, 32)
    assert batch.inputs.shape == (32, 32, 32, 1)
    assert Counter(zip(batch.weights[:, 0].tolist(), batch.labels[:, 0].tolist(), strict=True)) == {
        (weight, label): 8 for weight in (1.0, 0.5) for label in (0.0, 1.0)
    }


def test_views_are_drawn_evenly_where_one_is_rare():
    films = [film(n, label=1, view="AP" if n else "PA", weight=0.25 if n else 1.0) for n in range(50)]
    weights = np.concatenate([drawer(films).batch(step, 8, 32).weights for step in range(20)])
    assert 0.3 < np.mean(weights == 1.0) < 0.7  # the one PA film against 49 AP films


def test_an_augmented_film_keeps_to_the_contract():
    for seed in range(60):
        view = augment(PIXELS, 64, np.random.default_rng(seed))
        assert view.shape == (64, 64)
        assert view.dtype == np.float32
        assert 0.0 <= view.min() <= view.max() <= 1.0
    assert plain(PIXELS, 64).shape == (64, 64)


def test_a_film_that_cannot_be_read_names_itself(tmp_path):
    folder = labelled_folder(tmp_path / "s", each=1)
    (folder / "NORMAL" / "film000.jpg").write_bytes(b"no picture")
    with pytest.raises(TrainerError, match=r"cannot read film .*film000\.jpg"):
        load_film(find_films(Source(folder))[0])
