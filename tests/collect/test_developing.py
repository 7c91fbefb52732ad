"""What a worker answers: a picture and few facts, or why not; and what it may not answer is not taken."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from builders.dicom import dicom, multi_frame
from builders.films import grey_film, jpeg, photograph, truncated
from builders.lettering import MARKER, lettered

from daemon.collect.developing import Developed, LeftOut, develop, read
from models.radiograph import read_radiograph

SIDE = 256


def answered(data: bytes, side: int = SIDE) -> Developed | LeftOut:
    return read(develop(data, side), side)


def taken(data: bytes, side: int = SIDE) -> Developed:
    result = answered(data, side)
    assert isinstance(result, Developed), result
    return result


@pytest.mark.parametrize("make", [jpeg, dicom], ids=["jpeg", "dicom"])
def test_the_picture_is_what_the_daemon_sees(make: Any) -> None:
    data = make(grey_film(240, 200, seed=2))
    picture = taken(data).picture
    assert picture.dtype == np.uint16
    assert np.abs(picture / 65535 - read_radiograph(data).pixels).max() < 1e-4


@pytest.mark.parametrize(
    ("said", "age"), [("045Y", 45), ("089Y", 89), ("090Y", 90), ("101Y", 90), ("018M", 1), ("003W", 0), (None, None)]
)
def test_ages_are_full_years_and_over_89_is_90(said: str | None, age: int | None) -> None:
    assert taken(dicom(age=said)).age == age


@pytest.mark.parametrize(("said", "view"), [("PA", "PA"), ("ap", "AP"), (MARKER, ""), (None, "")])
def test_a_view_is_one_of_two_words(said: str | None, view: str) -> None:
    assert taken(dicom(view=said)).view == view


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (dicom(BurnedInAnnotation="YES"), LeftOut.ANNOTATED),
        (dicom(SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), LeftOut.SECONDARY),
        (dicom(SOPClassUID="1.2.840.10008.5.1.4.1.1.7.2"), LeftOut.SECONDARY),
        (dicom(ConversionType="WSD"), LeftOut.SECONDARY),
        (dicom(modality="OT"), LeftOut.SECONDARY),
        (multi_frame(), LeftOut.FRAMES),
        (jpeg(photograph()), LeftOut.COLOUR),
        (jpeg(lettered(grey_film(600, 500), tall=24, at=(0.3, 0.5))[0]), LeftOut.WRITING),
        (truncated(jpeg(grey_film())), LeftOut.UNREADABLE),
        (truncated(dicom()), LeftOut.UNREADABLE),
        (b"", LeftOut.UNREADABLE),
        (b"no film", LeftOut.UNREADABLE),
    ],
    ids=str,
)
def test_what_is_left_out_says_why(data: bytes, reason: LeftOut) -> None:
    assert answered(data) is reason


def test_burned_in_annotation_that_is_denied_is_not_believed() -> None:
    film, _ = lettered(grey_film(600, 500), tall=24, at=(0.3, 0.5))
    assert answered(dicom(film, BurnedInAnnotation="NO")) is LeftOut.WRITING


def test_a_film_of_full_size_comes_at_the_size_that_was_asked_for() -> None:
    assert taken(jpeg(grey_film(4300, 3600))).picture.shape == (214, 256)


GOOD = {"height": 2, "width": 3, "blanked": 0.0, "patient": "", "study": "", "age": None, "view": "PA"}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        (b"", b""),
        ("{}", b""),
        ("not json", b""),
        ('"some other reason"', b""),
        (json.dumps(GOOD), bytes(11)),
        (json.dumps(GOOD), "x" * 12),
        (json.dumps({**GOOD, "height": 0, "width": 0}), b""),
        (json.dumps({**GOOD, "height": 300, "width": 1}), bytes(600)),
        (json.dumps({**GOOD, "height": True}), bytes(6)),
        (json.dumps({**GOOD, "age": 91}), bytes(12)),
        (json.dumps({**GOOD, "age": MARKER}), bytes(12)),
        (json.dumps([GOOD]), bytes(12)),
    ],
    ids=str,
)
def test_an_answer_that_no_worker_has_to_give_is_not_taken(answer: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        read(answer, SIDE)


def test_a_view_that_a_worker_makes_up_does_not_come_through() -> None:
    result = read((json.dumps({**GOOD, "view": MARKER}), bytes(12)), SIDE)
    assert isinstance(result, Developed)
    assert result.view == ""
