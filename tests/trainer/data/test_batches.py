"""Batches are a function of seed and step, and balanced where the films are not."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from builders.films import grey_film
from builders.training import film, labelled_folder

from models.contract import VERSIONS
from trainer.data.augment import augment, borrow_tones, plain
from trainer.data.batches import Drawer, Views, _by_source_class_view, _sample, _shares, load_film
from trainer.data.sources import Source, find_films
from trainer.errors import TrainerError
from trainer.recipes.recipe import Augmentation, Balance

PIXELS = grey_film(224, 224)
CONTRACT = VERSIONS[2]


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
        view = augment(PIXELS, 64, np.random.default_rng(seed), CONTRACT)
        assert view.shape == (64, 64)
        assert view.dtype == np.float32
        assert 0.0 <= view.min() <= view.max() <= 1.0
    assert plain(PIXELS, 64, CONTRACT).shape == (64, 64)


def test_a_film_that_cannot_be_read_names_itself(tmp_path):
    folder = labelled_folder(tmp_path / "s", each=1)
    (folder / "NORMAL" / "film000.jpg").write_bytes(b"no picture")
    with pytest.raises(TrainerError, match=r"cannot read film .*film000\.jpg"):
        load_film(find_films(Source(folder))[0])


def test_without_balancing_every_film_comes_once_an_epoch():
    films = [film(n, weight=(n + 1) / 16) for n in range(12)]
    one = Drawer(films, [PIXELS] * 12, seed=1, balance=Balance.NONE, augmentation=Augmentation.NONE)
    weights = np.concatenate([one.batch(step, 4, 32).weights[:, 0] for step in range(6)])
    first, second = weights[:12].tolist(), weights[12:].tolist()
    assert sorted(first) == sorted(second) == [film.weight for film in films]
    assert first != second


def test_class_weights_make_both_classes_count_the_same():
    films = [film(n, label=int(n < 9)) for n in range(12)]
    one = Drawer(films, [PIXELS] * 12, seed=1, balance=Balance.CLASS_WEIGHT, augmentation=Augmentation.NONE)
    batch = one.batch(0, 12, 32)
    sums = [float(batch.weights[batch.labels == label].sum()) for label in (0.0, 1.0)]
    assert sums == pytest.approx([6.0, 6.0])


def test_augmented_normals_are_added_and_are_the_same_copies_in_every_epoch():
    films = [film(n, label=int(n > 0), weight=1.0) for n in range(5)]
    settings = {"balance": Balance.AUGMENTED, "augmentation": Augmentation.NONE, "extra_normals": 3}
    one = Drawer(films, [PIXELS] * 5, seed=1, **settings)
    first, second = one.batch(0, 8, 32), one.batch(1, 8, 32)
    assert [int(b.labels.sum()) for b in (first, second)] == [4, 4]
    seen = [{view.tobytes() for view in b.inputs[b.labels[:, 0] == 0]} for b in (first, second)]
    assert len(seen[0]) == 4  # the film and three copies that differ
    assert seen[0] == seen[1]


@pytest.mark.parametrize("preprocessing", VERSIONS.values())
def test_a_plain_view_is_kept_to_half_a_grey_level(preprocessing):
    views = Views([PIXELS], preprocessing)
    first, again = views.view(0, 64), views.view(0, 64)
    assert np.abs(first - plain(PIXELS, 64, preprocessing)).max() <= 0.5001 / 255
    assert np.array_equal(first, again)


@pytest.mark.parametrize("kind", list(Augmentation))
def test_each_augmentation_keeps_to_the_contract(kind):
    other = 255 - PIXELS
    views = [augment(PIXELS, 64, np.random.default_rng(seed), CONTRACT, kind, other) for seed in range(8)]
    assert all(view.shape == (64, 64) and 0.0 <= view.min() <= view.max() <= 1.0 for view in views)
    assert len({view.tobytes() for view in views}) == (1 if kind is Augmentation.NONE else 8)


def test_sources_are_drawn_as_often_as_their_films_weigh_and_every_film_counts_in_full():
    films = [film(n, source="strong", label=n % 2, weight=1.0) for n in range(4)]
    films += [film(100 + n, source="weak", label=n % 2, weight=0.25) for n in range(60)]
    one = Drawer(films, [PIXELS] * len(films), seed=1, balance=Balance.SHARES, augmentation=Augmentation.NONE)
    batches = [one.batch(step, 40, 32) for step in range(6)]
    assert all((batch.weights == 1.0).all() for batch in batches)
    assert {int(batch.labels.sum()) for batch in batches} == {20}
    rng = np.random.default_rng(0)
    drawn = [films[i].source for i, _ in _sample(_by_source_class_view(films), 40, rng, _shares(films, Balance.SHARES))]
    assert Counter(drawn) == {"strong": 32, "weak": 8}


def test_sources_are_drawn_by_the_root_of_their_number():
    films = [film(n, source="large", label=n % 2) for n in range(64)]
    films += [film(100 + n, source="small", label=n % 2, weight=0.25) for n in range(4)]
    shares = _shares(films, Balance.ROOTS)
    assert shares == pytest.approx({"large": 0.8, "small": 0.2})
    one = Drawer(films, [PIXELS] * len(films), seed=1, balance=Balance.ROOTS, augmentation=Augmentation.NONE)
    assert (one.batch(0, 40, 32).weights == 1.0).all()


def test_films_are_called_what_they_are_taught_to_be():
    films = [film(number) for number in range(4)]
    plain_views = {"seed": 1, "augmentation": Augmentation.NONE}
    one = Drawer(films, [PIXELS] * 4, targets=[0.1, 0.7, 0.2, 0.6], **plain_views)
    assert set(np.unique(one.batch(0, 32, 32).labels)) == {np.float32(t) for t in (0.1, 0.7, 0.2, 0.6)}


def test_mixed_films_are_called_in_proportion_and_keep_their_greater_part():
    films = [film(number) for number in range(2)]
    pixels = [np.zeros_like(PIXELS), np.full_like(PIXELS, 255)]
    pixels[0][:112], pixels[1][:112] = 255, 0  # the halves tell how much of each film is in a view
    one = Drawer(films, pixels, seed=1, augmentation=Augmentation.NONE, mixup=0.4)
    batch = one.batch(3, 32, 32)
    lower_half = batch.inputs[:, 20:30].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(lower_half, batch.labels[:, 0], atol=0.02)
    assert 0 < np.sum((batch.labels > 0.01) & (batch.labels < 0.99)) < 32
    assert np.array_equal(batch.inputs, one.batch(3, 32, 32).inputs)


def test_borrowed_tones_are_those_of_the_other_film():
    dark, bright = grey_film(224, 224) // 3, 120 + grey_film(224, 224, seed=5) // 3
    borrowed = borrow_tones(dark, bright, 1.0)
    assert np.abs(np.quantile(borrowed, [0.1, 0.5, 0.9]) - np.quantile(bright, [0.1, 0.5, 0.9])).max() < 6
    assert np.array_equal(borrow_tones(dark, bright, 0.0), dark)
    order = np.argsort(dark, axis=None, kind="stable")
    assert (np.diff(borrowed.ravel()[order].astype(int)) >= 0).all()  # no grey level overtakes another
