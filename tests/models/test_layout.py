"""The outline of JPEG and PNG files: how many parts, and whether the end is there."""

from __future__ import annotations

import pytest
from builders.films import grey_film, jpeg, jpeg_rgb, photograph, png, png16, truncated
from builders.hostile import after_soi, chunk, endless_jpeg, mpo, segment, with_chunks, zero_filled
from hypothesis import given
from hypothesis import strategies as st

from models.layout import Outline, jpeg_outline, png_outline

FILM = grey_film(300, 200)
MOST = 1000


@pytest.mark.parametrize("data", [jpeg(FILM), jpeg_rgb(FILM), jpeg(FILM, progressive=True), jpeg(photograph()), mpo()])
def test_a_whole_jpeg_has_its_end(data: bytes) -> None:
    """Also behind it something else may stand."""
    for whole in (data, data + bytes(5000), data + b"\xff\xda\x00\x08 what looks like a scan"):
        outline = jpeg_outline(whole, MOST)
        assert (outline.ended, outline.sound, outline.filler) == (True, True, 0)
    assert not jpeg_outline(data[:-2], MOST).ended or data == mpo()  # the end of its first picture is in the middle


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_jpeg_that_is_cut_or_filled_up_has_none(share: float) -> None:
    """Nor is the end of its thumbnail its own."""
    data = after_soi(jpeg(FILM), segment(0xE1, b"Exif\0\0" + jpeg(grey_film(96, 96))))
    assert jpeg_outline(data, MOST).ended
    assert not jpeg_outline(truncated(data, share), MOST).ended
    assert not jpeg_outline(zero_filled(data, share), MOST).ended


def test_scans_segments_and_filler_are_counted() -> None:
    """Restarts are none of them; fill bytes before a marker are filler in the header, and nothing in a scan."""
    assert jpeg_outline(jpeg(FILM), MOST).scans == 1
    assert jpeg_outline(jpeg(FILM, progressive=True), MOST).scans == 6
    assert jpeg_outline(jpeg(FILM, restart_marker_blocks=1), MOST) == Outline(
        jpeg_outline(jpeg(FILM), MOST).parts + 1, ended=True, scans=1
    )
    assert jpeg_outline(endless_jpeg(200, 80, 80), MOST).scans == 201
    assert jpeg_outline(endless_jpeg(2000, 80, 80), 300).parts == 301
    assert jpeg_outline(after_soi(jpeg(FILM), b"\xff" * 700), MOST).filler == 700


@pytest.mark.parametrize("data", [png(FILM), png16(FILM), png(photograph())])
def test_a_whole_png_has_its_end_and_its_checksums(data: bytes) -> None:
    """Whatever stands behind it."""
    for whole in (data, data + bytes(99), data + b"IEND"):
        outline = png_outline(whole, MOST)
        assert (outline.ended, outline.sound) == (True, True)
    assert not png_outline(data[:-1], MOST).ended
    assert not png_outline(zero_filled(data, 0.95), MOST).ended


def test_a_wrong_checksum_of_the_picture_is_seen_and_that_of_a_text_is_not() -> None:
    """Pillow looks at neither of IDAT's; a text does not change the film."""
    data = png(FILM)
    at = data.index(b"IDAT") + 50
    assert not png_outline(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], MOST).sound
    text = chunk(b"tEXt", b"a\0b")
    assert png_outline(with_chunks(data, text[:-1] + b"\0"), MOST).sound


def test_chunks_are_counted_up_to_a_limit() -> None:
    assert png_outline(with_chunks(png(FILM), chunk(b"prVt", b"") * 2000), MOST).parts == MOST + 1


@given(st.binary(max_size=300), st.sampled_from([b"\xff\xd8", b"\xff\xd8\xff\xda", b"\x89PNG\r\n\x1a\n"]))
def test_no_bytes_break_the_walk(rubbish: bytes, start: bytes) -> None:
    """And it ends."""
    for outline in (jpeg_outline(start + rubbish, MOST), png_outline(start + rubbish, MOST)):
        assert outline.parts <= MOST + 1
