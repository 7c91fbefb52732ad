"""What the gate learns from: a picture of each kind, of films that were never a person."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from builders.films import grey_film
from builders.training import film, labelled_folder

from models.contract import VERSIONS
from models.findings import FindingCode
from trainer.data.sources import Source, find_all
from trainer.gate import foreign
from trainer.gate.drawn import DRAWERS
from trainer.gate.kinds import KINDS, Kind
from trainer.gate.negatives import MADE_OF_FILMS
from trainer.gate.pictures import draw, examples

LEARNED = {**MADE_OF_FILMS, **DRAWERS}
FILM = grey_film(240, 200).astype(np.float32) / 255


def test_every_kind_has_a_code_and_two_makers() -> None:
    """Both to learn from: by two hands, so that none is learned by its handwriting."""
    assert set(LEARNED) == set(foreign.MAKERS) == set(KINDS) - {Kind.FILM}
    for kind in LEARNED:
        assert FindingCode(kind.value)


@pytest.mark.parametrize("kind", list(LEARNED))
def test_each_maker_gives_grey_pictures_of_its_seed(kind: Kind) -> None:
    """Float32 in 0..1; the same for the same seed, another for another; the film itself stays as it was."""
    for make in (LEARNED[kind], foreign.MAKERS[kind]):
        before = FILM.copy()
        first, again, other = (make(FILM, np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(before, FILM)
        np.testing.assert_array_equal(first, again)
        assert (first.dtype, first.ndim) == (np.float32, 2)
        assert min(first.shape) >= 16
        assert first.min() >= 0.0
        assert first.max() <= 1.0
        assert first.shape != other.shape or not np.array_equal(first, other)


def test_inverted_films_are_dark_where_films_are_bright() -> None:
    """By both makers, whatever exposure is added."""
    for make in (LEARNED[Kind.INVERTED], foreign.MAKERS[Kind.INVERTED]):
        for seed in range(5):
            made = make(np.ascontiguousarray(FILM), np.random.default_rng(seed))
            assert np.corrcoef(made.ravel(), FILM.ravel())[0, 1] < 0.2


def test_a_film_that_is_only_shifted_stays_upright_and_whole() -> None:
    """It must be accepted: it is still most like the film that it was made of."""
    from PIL import Image

    for seed in range(10):
        made = foreign.shifted(FILM, np.random.default_rng(seed))
        same = np.asarray(Image.fromarray(made).resize(FILM.shape[::-1]))
        assert np.corrcoef(same.ravel(), FILM.ravel())[0, 1] > 0.5


def test_both_hands_share_no_code() -> None:
    """So that what they have in common is the kind."""
    tree = ast.parse(Path(foreign.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name and name.startswith("trainer")} == {"trainer.gate.kinds"}


def test_films_are_drawn_evenly_by_source_and_class() -> None:
    """What a small group lacks, the large ones give."""
    films = [film(i, source="large", sha256=f"a{i}") for i in range(60)]
    films += [film(i, source="small", sha256=f"b{i}") for i in range(6)]
    drawn = draw(films, 30, np.random.default_rng(0))
    assert len({each.sha256 for each in drawn}) == 30
    assert Counter((each.source, each.label) for each in drawn) == {
        ("large", 0): 12,
        ("large", 1): 12,
        ("small", 0): 3,
        ("small", 1): 3,
    }


def test_examples_hold_every_kind_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    """The film itself once, four views of it and seven of other kinds each time that it is drawn."""
    films = find_all([Source(labelled_folder(tmp_path / "films", each=3))])
    drawn = [*films, films[0]]
    first, again = (list(examples(drawn, 4, VERSIONS[2])) for _ in range(2))
    assert [example.plain for example in first].count(True) == 6
    assert sum(example.kind is Kind.FILM for example in first) == 6 + 7 * 4
    assert len(first) == 6 + 7 * (4 + 7)
    assert {example.kind for example in first} == set(KINDS)
    for one, two in zip(first, again, strict=True):
        assert one.tensor.shape == (224, 224, 1)
        np.testing.assert_array_equal(one.tensor, two.tensor)
