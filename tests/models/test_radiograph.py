"""JPEG and PNG: what is read, and with which code the rest fails."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg, jpeg_rgb, photograph, png, png16, png_header, truncated
from PIL import Image

from models import radiograph
from models.contract import VERSIONS
from models.radiograph import FailureCode, FilmFormat, UnreadableFilm, check_dimensions, read_radiograph, sniff


def code_of(data: bytes) -> FailureCode:
    with pytest.raises(UnreadableFilm) as caught:
        read_radiograph(data)
    assert "\n" not in str(caught.value)
    return caught.value.code


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (jpeg(grey_film()), FilmFormat.JPEG),
        (png(grey_film()), FilmFormat.PNG),
        (dicom(), FilmFormat.DICOM),
        (dicom(preamble=False), FilmFormat.DICOM),
        (b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100", FilmFormat.DICOM),
        (b"\x08\x00\x08\x00\x16\x00\x00\x00ORIGINAL\\PRIMARY\\", FilmFormat.DICOM),
    ],
)
def test_a_format_is_told_by_its_content(data: bytes, kind: FilmFormat) -> None:
    """DICOM without its preamble, too: some exports leave it out."""
    assert sniff(data) is kind


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"Dear colleague, please find",
        b"%PDF-1.7 ...............",
        b"GIF89a..........",
        b"\x08\x00",
        os.urandom(8) * 9,
    ],
)
def test_what_is_no_film_is_of_unknown_format(data: bytes) -> None:
    """A text named .jpg among it: names are not asked."""
    if data[:2] not in (b"\x02\x00", b"\x08\x00", b"\xff\xd8"):
        assert code_of(data) is FailureCode.UNKNOWN_FORMAT


def test_an_empty_file_is_said_to_be_empty() -> None:
    """The remedy is another than for a broken one."""
    assert code_of(b"") is FailureCode.EMPTY


def test_a_file_over_the_limit_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size alone decides."""
    monkeypatch.setattr(radiograph, "MAX_BYTES", 1000)
    assert code_of(bytes(1001)) is FailureCode.TOO_LARGE


@pytest.mark.parametrize("encode", [jpeg, png, png16, jpeg_rgb])
def test_a_film_is_the_same_film_in_every_encoding(encode: object) -> None:
    """JPEG, PNG, 16-bit PNG and JPEG saved as RGB give nearly the same tensor, and no chroma."""
    picture = grey_film(900, 700)
    film = read_radiograph(encode(picture))  # type: ignore[operator]
    assert (film.width, film.height, film.tags) == (900, 700, None)
    assert film.pixels.dtype == np.float32
    assert 0.0 <= film.pixels.min() < film.pixels.max() <= 1.0
    assert film.chroma < 0.005
    reference = VERSIONS[1](read_radiograph(png(picture)))
    assert np.abs(VERSIONS[1](film) - reference).mean() < 0.01


def test_a_large_jpeg_is_decoded_small_and_keeps_its_size() -> None:
    """No side falls below twice the tensor's; width and height are the stored ones."""
    film = read_radiograph(jpeg(grey_film(3000, 2000)))
    assert (film.width, film.height) == (3000, 2000)
    assert min(film.pixels.shape) >= 448
    assert max(film.pixels.shape) < 1600


def test_a_16_bit_png_keeps_its_depth() -> None:
    """Levels that 8 bits cannot tell apart stay apart."""
    film = read_radiograph(png16(np.array([[1000, 1001], [1002, 65535]], np.uint16)))
    assert len(np.unique(film.pixels)) == 4
    assert film.pixels.max() == 1.0


def test_transparency_is_shown_on_black() -> None:
    """Nothing is as dark as air."""
    image = Image.new("RGBA", (80, 80), (255, 255, 255, 0))
    assert read_radiograph(saved(image)).pixels.max() == 0.0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_is_read(mode: str) -> None:
    """As grey levels from 0 to 1."""
    film = read_radiograph(saved(Image.fromarray(grey_film()).convert(mode)))
    assert film.pixels.shape == (280, 320)
    assert 0.0 <= film.pixels.min() <= film.pixels.max() <= 1.0


def test_a_progressive_and_a_cmyk_jpeg_are_read() -> None:
    """Both come out of export tools."""
    assert read_radiograph(jpeg(grey_film(), progressive=True)).pixels.std() > 0.1
    assert read_radiograph(saved(Image.fromarray(grey_film()).convert("CMYK"), "JPEG")).pixels.std() > 0.1


def test_a_jpeg_of_several_pictures_gives_the_first() -> None:
    """The MPO files of some cameras begin as a JPEG, and are one."""
    first, second = Image.fromarray(grey_film()), Image.fromarray(grey_film(seed=1))
    stream = io.BytesIO()
    first.save(stream, "MPO", save_all=True, append_images=[second])
    film = read_radiograph(stream.getvalue())
    assert (film.format, film.width) == (FilmFormat.JPEG, 320)


def test_a_photograph_has_chroma() -> None:
    """So that the gate can tell it from a film that was saved as RGB."""
    assert read_radiograph(jpeg(photograph())).chroma > 0.15


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("encode", [jpeg, png])
def test_a_cut_file_is_truncated(encode: object, share: float) -> None:
    """Not corrupt: it may still be on its way, and is looked at again."""
    assert code_of(truncated(encode(grey_film(900, 700)), share)) is FailureCode.TRUNCATED  # type: ignore[operator]


@pytest.mark.parametrize("encode", [jpeg, png])
def test_a_file_that_has_its_size_before_its_content_is_truncated(encode: object) -> None:
    """Samba with `strict allocate` writes zeros first: they are no film, and no damage either."""
    data = encode(grey_film(900, 700))  # type: ignore[operator]
    half = truncated(data)
    assert code_of(half + bytes(len(data) - len(half))) is FailureCode.TRUNCATED


def test_a_png_that_is_damaged_in_the_middle_is_corrupt() -> None:
    """All is there, and some of it is wrong: waiting does not help."""
    data = png(grey_film())
    assert code_of(data[:5000] + bytes(200) + data[5200:]) is FailureCode.CORRUPT


def test_a_header_that_asks_for_too_much_is_refused_undecoded() -> None:
    """A PNG of 67 bytes that claims 60,000 x 60,000 pixels."""
    assert code_of(png_header(60_000, 60_000)) is FailureCode.TOO_MANY_PIXELS


@pytest.mark.parametrize(
    ("size", "code"),
    [((0, 5), FailureCode.NO_PIXELS), ((5, -1), FailureCode.NO_PIXELS), ((10_000, 5_001), FailureCode.TOO_MANY_PIXELS)],
)
def test_senseless_dimensions_have_a_code(size: tuple[int, int], code: FailureCode) -> None:
    """None, and more than any detector gives."""
    with pytest.raises(UnreadableFilm) as caught:
        check_dimensions(*size)
    assert caught.value.code is code


def test_the_largest_film_is_let_through() -> None:
    """50 million pixels are within the limit."""
    check_dimensions(10_000, 5_000)
