"""The blind set of picture generators: each kind, of a film that was never a person, and its frozen hash."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from builders.films import grey_film

from trainer.gate import foreign
from trainer.gate.generators import FROZEN, Generators, suite_of
from trainer.gate.kinds import KINDS, Kind
from trainer.gate.unseen import films as unseen_films
from trainer.gate.unseen import makers as unseen

FILM = grey_film(240, 200).astype(np.float32) / 255
SOURCES = sorted(Path(unseen.__file__).parent.glob("*.py"))


def test_the_suite_is_the_one_that_figures_were_given_for() -> None:
    """If this fails, a maker changed: judge anew under a new FROZEN, or undo it. The seen set is another suite."""
    suite = suite_of(Generators.UNSEEN)
    assert suite.sha256 == FROZEN
    assert set(suite.makers) == set(KINDS) - {Kind.FILM}
    seen = suite_of(Generators.SEEN)
    assert seen.makers is foreign.MAKERS
    assert seen.sha256 != FROZEN


@pytest.mark.parametrize("kind", list(unseen.MAKERS))
def test_each_maker_gives_grey_pictures_of_its_seed(kind: Kind) -> None:
    """Float32 in 0..1, no film any more; the same for the same seed, others for others; the film stays as it was."""
    make, before, made = unseen.MAKERS[kind], FILM.copy(), []
    for seed in range(8):  # so that each of its ways is likely taken
        picture, again = (make(FILM, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(picture, again)
        assert (picture.dtype, picture.ndim) == (np.float32, 2)
        assert min(picture.shape) >= 32
        assert 0.0 <= picture.min() <= picture.max() <= 1.0
        assert picture.shape != FILM.shape or not np.allclose(picture, FILM, atol=0.02)
        made.append(picture.tobytes())
    np.testing.assert_array_equal(before, FILM)
    assert len(set(made)) == len(made)


def test_a_film_that_is_cut_off_lost_half_of_a_side() -> None:
    """What is left is at most a half of the height or of the width; a frame around it holds nothing of the film."""
    for seed in range(200):
        top, bottom, left, right = unseen_films.window(np.random.default_rng(seed))
        assert 0.0 <= top < bottom <= 1.0
        assert 0.0 <= left < right <= 1.0
        assert min(bottom - top, right - left) <= 0.5
    speckled = np.random.default_rng(0).random((200, 160)).astype(np.float32)  # nothing else on a picture is as rough
    for seed in range(40):
        made = unseen.MAKERS[Kind.CUT_OFF](speckled, np.random.default_rng(seed))
        if made.shape == speckled.shape:
            rows, columns = (np.abs(np.diff(made, axis=axis)).mean(axis=axis) > 0.07 for axis in (1, 0))
            if rows.mean() > 0.55 and columns.mean() > 0.55:  # enlarged: no finer than half of the pixels allow
                assert np.abs(np.diff(made, axis=0)).mean() < 0.25 or np.abs(np.diff(made, axis=1)).mean() < 0.25
        else:
            assert min(made.shape[0] / 200, made.shape[1] / 160) <= 0.5


def test_inverted_films_are_dark_where_films_are_bright() -> None:
    """Each of the ways, whatever tone is added; a frame around the film may be black or white."""
    height, width = FILM.shape
    dark, bright = FILM < 0.35, FILM > 0.6
    for seed in range(24):
        made = unseen.MAKERS[Kind.INVERTED](FILM, np.random.default_rng(seed))
        edge = (made.shape[0] - height) // 2
        inner = made[edge : edge + height, edge : edge + width]
        assert inner[dark].mean() > inner[bright].mean() + 0.1


def test_burnt_lungs_are_one_black() -> None:
    """No vessel can be seen in them: the middle of a lung has one level, and it is dark."""
    for seed in range(10):
        made = unseen.MAKERS[Kind.OVER_EXPOSED](FILM, np.random.default_rng(seed))
        lung = made[80:110, 55:85]
        assert lung.mean() < 0.15
        assert lung.std() < 0.02


def test_a_film_that_is_only_shifted_stays_upright_and_whole() -> None:
    """It must be accepted: it is still most like the film that it was made of, and most of it is there."""
    from PIL import Image

    for seed in range(30):
        made = unseen.shifted(FILM, np.random.default_rng(seed))
        assert (made.dtype, made.ndim) == (np.float32, 2)
        same = np.asarray(Image.fromarray(made).resize(FILM.shape[::-1]))
        others = (same[::-1], 1 - same, np.rot90(same, 2))
        like = np.corrcoef(same.ravel(), FILM.ravel())[0, 1]
        assert like > 0.4
        assert all(like > np.corrcoef(other.ravel(), FILM.ravel())[0, 1] for other in others)


def test_the_blind_set_shares_no_code_with_the_gate() -> None:
    """Neither with what it learns from nor with the set that was looked at: it imports kinds and its own parts."""
    for source in SOURCES:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        ours = {name for name in imported if name.startswith("trainer")}
        assert {name for name in ours if not name.startswith("trainer.gate.unseen")} <= {"trainer.gate.kinds"}
