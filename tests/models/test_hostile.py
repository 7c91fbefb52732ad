"""Whatever the bytes, a film is read or fails with a code; nothing else is ever raised."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg, jpeg_rgb, photograph, png, png16
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from models.contract import VERSIONS
from models.gate import findings, header_findings
from models.radiograph import FailureCode, Radiograph, UnreadableFilm, read_radiograph

SMALL = grey_film(96, 80)
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@functools.cache
def seeds() -> dict[str, bytes]:
    """One small film of each kind."""
    return {
        "jpeg": jpeg(SMALL),
        "progressive": jpeg(SMALL, progressive=True),
        "rgb": jpeg_rgb(SMALL),
        "png": png(SMALL),
        "png16": png16(SMALL),
        "colour": png(photograph(96, 80)),
        "explicit": dicom(SMALL, window=(2000, 3000)),
        "implicit": dicom(SMALL, transfer_syntax=ImplicitVRLittleEndian),
        "big endian": dicom(SMALL, transfer_syntax=ExplicitVRBigEndian),
        "deflated": dicom(SMALL, transfer_syntax=DeflatedExplicitVRLittleEndian),
        "jpeg2000": dicom(SMALL, transfer_syntax=JPEG2000Lossless),
        "rle": dicom(SMALL, transfer_syntax=RLELossless),
        "bare": dicom(SMALL, preamble=False),
    }


def read_or_fail(data: bytes) -> None:
    """The property itself: a film with sound pixels, or a code."""
    try:
        film = read_radiograph(data)
    except UnreadableFilm as error:
        if not isinstance(error.code, FailureCode) or "\n" in str(error):
            raise AssertionError("a failure has a code and one line") from error
        return
    assert isinstance(film, Radiograph)
    assert film.pixels.dtype == np.float32
    assert film.pixels.size
    assert 0.0 <= film.pixels.min() <= film.pixels.max() <= 1.0
    findings(film)
    assert np.isfinite(VERSIONS[1](film)).all()


def header_or_fail(data: bytes) -> None:
    """The same for what is judged before decoding."""
    try:
        header_findings(data)
    except UnreadableFilm as error:
        assert isinstance(error.code, FailureCode)  # noqa: PT017 - either way is right


@pytest.mark.parametrize("kind", sorted(seeds()))
@QUICK
@given(
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    keep=st.one_of(st.just(1.0), st.floats(0, 1)),
    spread=st.sampled_from([1.0, 0.05]),
)
def test_mutated_films_are_read_or_fail_with_a_code(
    kind: str, edits: list[tuple[float, int]], keep: float, spread: float
) -> None:
    """Bytes changed anywhere, or in the header alone, and the file cut anywhere."""
    data = bytearray(seeds()[kind])
    for place, value in edits:
        data[int(place * spread * len(data))] = value
    mutated = bytes(data[: int(len(data) * keep)])
    read_or_fail(mutated)
    header_or_fail(mutated)


@QUICK
@given(
    start=st.sampled_from(
        [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", bytes(128) + b"DICM", b"\x08\x00\x05\x00CS"]
    ),
    rubbish=st.binary(max_size=400),
)
@example(start=bytes(128) + b"DICM", rubbish=b"")
@example(start=bytes(128) + b"DICM", rubbish=b"\x02\x00\x10\x00UI\xff\xff")
@example(start=bytes(128) + b"DICM", rubbish=b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff" * 200)
def test_rubbish_after_a_known_beginning_fails_with_a_code(start: bytes, rubbish: bytes) -> None:
    """The beginning is all that `sniff` looks at."""
    read_or_fail(start + rubbish)
    header_or_fail(start + rubbish)


def test_sequences_nested_without_end_fail_with_a_code() -> None:
    """A header of 100,000 sequences inside each other exhausts the reader's stack, and no more."""
    item = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    data = bytes(128) + b"DICM" + b"\x02\x00\x10\x00UI\x14\x00" + b"1.2.840.10008.1.2.1\0" + item * 5_000
    with pytest.raises(UnreadableFilm):
        read_radiograph(data)
