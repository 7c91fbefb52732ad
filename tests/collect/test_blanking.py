"""Writing in the rim is blanked and nothing else is touched; a film with writing elsewhere does not leave."""

from __future__ import annotations

import numpy as np
import pytest
from builders.films import grey_film
from builders.lettering import legible, lettered
from builders.parts import shared_data
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from daemon.collect.blanking import RIM, cleaned, filled, in_rim, lengthened, reduced
from daemon.collect.lettering import Box
from models.radiograph import WHOLE, read_radiograph


def levels(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return picture.astype(np.float32) / np.float32(255)


@pytest.mark.system("tesseract-ocr tesseract-ocr-eng")
@pytest.mark.parametrize("tall", [10, 18, 30])
@pytest.mark.parametrize("grey", [0, 255])
@pytest.mark.parametrize("at", [(0.02, 0.02), (0.98, 0.02), (0.3, 0.97)], ids=["left", "right", "below"])
def test_tesseract_reads_what_was_planted_and_not_what_is_handed_out(
    tall: int, grey: int, at: tuple[float, float]
) -> None:
    film, area = lettered(grey_film(900, 800, seed=3), tall=tall, at=at, grey=grey)
    assert legible(film, area)
    clean = cleaned(levels(film), 900)
    assert clean is None or not legible(clean.picture, area)
    assert clean is not None  # at these places the film can be kept
    assert not legible(clean.picture)
    assert 0 < clean.blanked < 0.12


def test_what_is_not_writing_stays_to_the_last_bit() -> None:
    film, (left, top, right, bottom) = lettered(grey_film(900, 800, seed=3), tall=18)
    clean = cleaned(levels(film), 900)
    assert clean is not None
    changed = clean.picture != levels(film)
    assert changed[top:bottom, left:right].any()
    assert not changed[bottom + 40 :].any()
    assert not changed[:, right + 200 :].any()


def test_a_film_without_writing_comes_through_as_it_was() -> None:
    film = levels(grey_film(400, 300, seed=8))
    clean = cleaned(film, 448)
    assert clean is not None
    assert clean.blanked == 0.0
    assert np.array_equal(clean.picture, film)


@pytest.mark.parametrize("tall", [10, 18, 40])
@pytest.mark.parametrize("grey", [0, 255])
def test_writing_over_the_lungs_is_not_blanked_the_film_is_left_out(tall: int, grey: int) -> None:
    film, _ = lettered(grey_film(900, 800, seed=4), tall=tall, at=(0.3, 0.5), grey=grey)
    assert cleaned(levels(film), 900) is None


@given(st.integers(0, 99), st.integers(0, 79), st.integers(1, 60), st.integers(1, 60))
def test_a_box_in_the_rim_leaves_the_middle_alone(left: int, top: int, width: int, height: int) -> None:
    box = Box(top, left, min(80, top + height), min(100, left + width))
    middle = (
        range(int(RIM * 80) + 1, 80 - int(RIM * 80) - 1),
        range(int(RIM * 100) + 1, 100 - int(RIM * 100) - 1),
    )
    touches = any(box.top <= y < box.bottom for y in middle[0]) and any(box.left <= x < box.right for x in middle[1])
    assert not (in_rim(box, 80, 100) and touches)


@given(st.integers(0, 99), st.integers(0, 79), st.integers(1, 60), st.integers(1, 60))
def test_a_row_gets_room_at_its_ends_and_never_reaches_out_of_the_rim(
    left: int, top: int, width: int, height: int
) -> None:
    box = Box(top, left, min(80, top + height), min(100, left + width))
    longer = lengthened(box, 80, 100)
    assert longer.top <= box.top
    assert longer.left <= box.left
    assert longer.bottom >= box.bottom
    assert longer.right >= box.right
    assert in_rim(longer, 80, 100) or not in_rim(box, 80, 100)


def test_letters_that_run_on_into_black_go_with_the_row() -> None:
    """Half of the text is as dark as what lies under it, so that it can be seen by stretching only."""
    film, (left, top, right, bottom) = lettered(grey_film(900, 800, seed=3), tall=18, at=(0.3, 0.02), grey=255)
    picture, bare = levels(film), levels(grey_film(900, 800, seed=3))
    middle = (left + right) // 2
    picture[top:bottom, left:middle] = bare[top:bottom, left:middle] + 0.04 * picture[top:bottom, left:middle]
    clean = cleaned(picture, 900)
    assert clean is not None
    assert np.ptp(clean.picture[top:bottom, left:right]) < 0.02


def test_a_blanked_box_has_the_grey_of_its_surroundings() -> None:
    picture = np.full((20, 30), 0.25, np.float32)
    picture[5:8, 4:9] = 1.0
    assert (filled(picture, [Box(5, 4, 8, 9)]) == np.float32(0.25)).all()
    assert picture[6, 6] == 1.0  # the picture itself is left alone
    assert (filled(picture, [Box(0, 0, 20, 30)]) == 0.0).all()


def test_a_picture_is_reduced_and_never_enlarged() -> None:
    assert reduced(np.zeros((100, 200), np.float32), 50).shape == (25, 50)
    assert reduced(np.zeros((10, 20), np.float32), 50).shape == (10, 20)


@pytest.mark.shared
def test_most_real_films_are_kept_and_hardly_touched() -> None:
    """The whole measurement is in docs/decisions/2026-11-25-burned-in-text.md; these are a few films of each set."""
    films = [
        path
        for folder in ("kermany-fullsize", "rsna-adult-dev", "nih-adult-dev")
        for path in sorted((shared_data() / folder).glob("*/*.*"))[::40]
        if path.suffix in (".jpg", ".jpeg", ".png")
    ]
    clean = [cleaned(read_radiograph(path.read_bytes(), WHOLE).pixels, 448) for path in films]
    kept = [each for each in clean if each is not None]
    assert len(films) >= 30
    assert len(kept) >= 0.75 * len(films)
    assert np.mean([each.blanked for each in kept]) < 0.06
