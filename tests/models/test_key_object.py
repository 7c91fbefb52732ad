"""Rejection notes: what they take back, why, and how much of one is read."""

from __future__ import annotations

import pytest
from builders.dicom import dicom
from builders.notes import KEY_OBJECT, note
from hypothesis import given, settings
from hypothesis import strategies as st

from models.dicom import read_tags
from models.key_object import MAX_IMAGES, MAX_NOTE_BYTES, REASONS, RejectionNote, read_note
from models.radiograph import FailureCode, UnreadableFilm


@pytest.mark.parametrize("code", REASONS)
@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"])
def test_a_note_says_which_images_and_why(code: str, transfer_syntax: str) -> None:
    data = note("1.2", ["1.2.3", "1.2.4", "1.2.3"], code=code, transfer_syntax=transfer_syntax)
    assert read_tags(data).sop_class == KEY_OBJECT
    assert read_note(data) == RejectionNote(REASONS[code], ("1.2.3", "1.2.4"))


@pytest.mark.parametrize("title", [{"code": "113000"}, {"code": "113013"}, {"scheme": "99LOCAL"}])
def test_a_key_object_of_another_kind_takes_nothing_back(title: dict[str, str]) -> None:
    """Such as "of interest", or a code of somebody's own."""
    assert read_note(note("1.2", ["1.2.3"], **title)) is None


def test_only_images_of_its_own_study_are_taken_back() -> None:
    assert read_note(note("1.2", {"1.9": ["1.9.1"], "1.2": ["1.2.3"]})) == RejectionNote(REASONS["113001"], ("1.2.3",))
    assert read_note(note("1.2", {"1.9": ["1.9.1"]})) == RejectionNote(REASONS["113001"], ())


def test_a_note_about_more_images_than_any_study_has_is_not_half_read() -> None:
    few = note("1.2", [f"1.2.{number}" for number in range(200)])
    assert len(few) < MAX_NOTE_BYTES * 200 / MAX_IMAGES, "the largest note that counts would not be read"
    with pytest.raises(UnreadableFilm, match="over 10,000 images") as error:
        read_note(note("1.2", [f"1.{number}" for number in range(MAX_IMAGES + 1)]))
    assert error.value.code is FailureCode.TOO_LARGE


@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"])
def test_a_note_of_many_bytes_is_not_read_at_all(transfer_syntax: str) -> None:
    """Deflated it is small, until it is inflated."""
    data = note("1.2", ["1.2.3"], TextValue="x" * MAX_NOTE_BYTES, transfer_syntax=transfer_syntax)
    with pytest.raises(UnreadableFilm, match="MiB") as error:
        read_note(data)
    assert error.value.code is FailureCode.TOO_LARGE


@settings(max_examples=200)
@given(data=st.data())
def test_a_damaged_note_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(note("1.2", ["1.2.3", "1.2.4"]))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(132, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(133, len(whole)))
    try:
        found = read_note(bytes(whole[:cut]))
    except UnreadableFilm:
        return
    assert found is None or len(found.instance_uids) <= 2


def test_a_film_is_no_note() -> None:
    assert read_note(dicom()) is None
