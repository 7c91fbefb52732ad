"""Turns the bytes of one file into a greyscale radiograph and what the file says of itself; every limit is here.

It knows formats, not folders: no path, no database, no network. DICOM is read by `models.dicom`.
"""

from __future__ import annotations

import io
import logging
import warnings
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from models.errors import ModelsError
from models.layout import Outline, jpeg_outline, png_outline

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

logging.getLogger("PIL").propagate = False  # its debug lines carry what a file says of itself

MAX_BYTES: Final = 128 * 2**20
MAX_PIXELS: Final = 50_000_000  # 7,000 x 7,000; the largest chest detectors give about 4,300 x 4,300
MIN_SIDE: Final = 64  # pixels; below this no lung can be read, by anybody
MAX_SCANS: Final = 100  # of a JPEG; libjpeg's own progressive script has 10, the smallest-file tools stay under 40
MAX_SEGMENTS: Final = 10_000  # of a JPEG; a colour profile may take 255, restarts not counted
MAX_FILLER: Final = 65_536  # bytes between the segments of a JPEG's header; Pillow takes 1.2 s for a MiB of them
MAX_CHUNKS: Final = 100_000  # of a PNG; 128 MiB in the 8 KiB that libpng writes are 16,384
_ZEROS: Final = bytes(1024)  # what a file holds that has its size before its content
_PNG_END: Final = b"IEND\xaeB`\x82"
_WAIT: Final = "wait for the copy to end, or export the film again"
_FIRST_VRS: Final = frozenset({b"UL", b"OB", b"UI", b"SH", b"CS", b"DA", b"TM", b"LO"})
DRAFT_SIDE: Final = 448  # a JPEG is decoded at the smallest DCT scale that stays at least this large (twice the tensor)
WHOLE: Final = MAX_PIXELS  # as the least side: no film is larger, so none comes smaller


class FilmFormat(StrEnum):
    """The file formats that are read."""

    JPEG = "jpeg"
    PNG = "png"
    DICOM = "dicom"


class FailureCode(StrEnum):
    """Why a file could not be read or scored; the file is at fault, not its content."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    UNKNOWN_FORMAT = "unknown-format"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_MANY_PIXELS = "too-many-pixels"
    NO_PIXELS = "no-pixels"
    UNSUPPORTED_SYNTAX = "unsupported-transfer-syntax"
    CONTRADICTORY = "contradictory"  # two statements about the picture that exclude each other: black may be white


class UnreadableFilm(ModelsError):  # noqa: N818 - a state of a film, not a fault of ours
    """The bytes are not a readable film; `code` says why in one word."""

    def __init__(self, code: FailureCode, cause: str, remedy: str) -> None:
        super().__init__("read film", None, cause, remedy)
        self.code: Final = code


@dataclass(frozen=True, slots=True)
class FilmTags:
    """What a DICOM file says of itself, as far as the gate and the queue need it; never a patient's name.

    Empty strings and None mean "not said". Identifiers and times are as the file gives them, stripped.
    """

    modality: str = ""
    body_part: str = ""
    view: str = ""
    description: str = ""  # study, series and protocol description, for words such as "KNEE"
    series: str = ""  # the series' description alone
    protocol: str = ""  # what the device was told to take, and below to make of it: "Thorax lat."
    processing: str = ""
    rows_run: str = ""  # towards where on the patient a row runs: L or R on a frontal film, A or P on a lateral one
    image_type: tuple[str, ...] = ()  # such as ("DERIVED", "PRIMARY")
    for_processing: bool = False  # the detector's own values
    burned_in: bool = False  # the header says that something is written into the picture
    photometric: str = ""
    frames: int = 1
    age_years: float | None = None
    study_uid: str = ""
    instance_uid: str = ""
    accession: str = ""
    sop_class: str = ""
    urgency: str = ""  # that the request asks for: stat, urgent or routine
    acquired_at: datetime | None = None  # the modality's local wall clock: DICOM seldom says its zone


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One film.

    Attributes:
        pixels: float32, (height, width), 0..1, bright where the body is dense (the sense of MONOCHROME2).
        format: the format the bytes were in.
        width, height: of the whole image, before any reduction while decoding; of DICOM, of what is shown of it.
        chroma: mean spread between the colour channels, 0..1; 0 for a grey film.
        tags: what the DICOM header says, or None for a plain image.
    """

    pixels: NDArray[np.float32]
    format: FilmFormat
    width: int
    height: int
    chroma: float = 0.0
    tags: FilmTags | None = None


def sniff(data: bytes) -> FilmFormat:
    """Tell the format by content; names lie.

    Raises:
        UnreadableFilm: the bytes are none of the formats that are read.
    """
    if not data:
        raise UnreadableFilm(FailureCode.EMPTY, "the file is empty", "send the film again")
    if data.startswith(_ZEROS):
        raise UnreadableFilm(FailureCode.TRUNCATED, "the file has a size and no content", _WAIT)
    if data[128:132] == b"DICM":  # before all else: the 128 bytes in front of it may be another format's beginning
        return FilmFormat.DICOM
    if data[:3] == b"\xff\xd8\xff":
        return FilmFormat.JPEG
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return FilmFormat.PNG
    if _starts_bare(data):
        return FilmFormat.DICOM
    raise UnreadableFilm(
        FailureCode.UNKNOWN_FORMAT,
        "the content is neither JPEG, PNG nor DICOM",
        "export the film as DICOM, PNG or JPEG",
    )


def read_radiograph(data: bytes, least_side: int = DRAFT_SIDE) -> Radiograph:
    """Decode one file.

    Args:
        data: the whole content of the file, read once.
        least_side: a JPEG whose sides are larger may come smaller, but no smaller than this; `WHOLE` for all pixels.

    Raises:
        UnreadableFilm: empty, too large, of an unknown format, truncated or corrupt.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableFilm(
            FailureCode.TOO_LARGE,
            f"{len(data) / 2**20:.0f} MiB is over the limit of {MAX_BYTES // 2**20}",
            "export one film a file",
        )
    kind = sniff(data)
    if kind is FilmFormat.DICOM:
        from models.dicom import read_dicom  # pydicom costs 0.2 s to import

        return read_dicom(data)
    return _read_plain(data, kind, least_side)


def check_dimensions(width: int, height: int) -> None:
    """Refuse a picture by its header, before a byte of it is decoded.

    Raises:
        UnreadableFilm: more pixels than any detector gives, or none.
    """
    if width < 1 or height < 1:
        raise UnreadableFilm(FailureCode.NO_PIXELS, f"the picture is {width} x {height}", "export the film again")
    if width * height > MAX_PIXELS:
        raise UnreadableFilm(
            FailureCode.TOO_MANY_PIXELS,
            f"{width} x {height} pixels are over the limit of {MAX_PIXELS:,}",
            "export the film smaller",
        )


def _starts_bare(data: bytes) -> bool:
    """Whether this is DICOM without its preamble: a first element of group 2 or 8, little endian."""
    if len(data) < 16 or data[:2] not in (b"\x02\x00", b"\x08\x00") or data[3] != 0:
        return False
    return data[4:6] in _FIRST_VRS or int.from_bytes(data[4:8], "little") <= 64


def _read_plain(data: bytes, kind: FilmFormat, least_side: int) -> Radiograph:
    """Decode JPEG or PNG with Pillow."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # a process-wide switch that another library might have thrown
    outline = check_jpeg(data) if kind is FilmFormat.JPEG else _check_png(data)  # before Pillow walks the same way
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limits are stricter than Pillow's, and its texts are not for logs
            image = Image.open(io.BytesIO(data), formats=(kind.name,))
            width, height = image.size
            check_dimensions(width, height)
            _check_whole(data, kind, outline)
            chroma = _chroma(data, kind) if image.mode in ("RGB", "RGBA", "P", "CMYK", "YCbCr") else 0.0
            image.draft("L", (least_side, least_side))
            image.load()
            return Radiograph(_grey(image), kind, width, height, chroma)
    except UnreadableFilm:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise UnreadableFilm(
            FailureCode.TOO_MANY_PIXELS, "the picture needs more memory than is given to it", "export the film smaller"
        ) from error
    except Exception as error:
        if ends_in_zeros(data) or "truncated" in str(error) or _is_cut(data, kind, outline):
            raise UnreadableFilm(FailureCode.TRUNCATED, "the picture ends early", _WAIT) from error
        cause = (
            "the header cannot be read" if isinstance(error, UnidentifiedImageError) else f"decoding failed ({error})"
        )
        raise UnreadableFilm(FailureCode.CORRUPT, cause, "export the film again") from error


def ends_in_zeros(data: bytes) -> bool:
    """Whether the end of a file that cannot be read may not have arrived yet: its size came before its content."""
    return data.endswith(_ZEROS)


def check_jpeg(data: bytes) -> Outline:
    """Refuse a JPEG that keeps a decoder busy for ever, by its outline.

    Raises:
        UnreadableFilm: more scans or segments than any film has.
    """
    outline = jpeg_outline(data, MAX_SEGMENTS)
    if outline.scans > MAX_SCANS:
        raise UnreadableFilm(FailureCode.CORRUPT, f"it is in over {MAX_SCANS} scans", "export the film again")
    if outline.parts > MAX_SEGMENTS or outline.filler > MAX_FILLER:
        raise UnreadableFilm(FailureCode.CORRUPT, "it has more parts than any film", "export the film again")
    return outline


def _check_png(data: bytes) -> Outline:
    outline = png_outline(data, MAX_CHUNKS)
    if outline.parts > MAX_CHUNKS:
        raise UnreadableFilm(FailureCode.CORRUPT, f"it is in over {MAX_CHUNKS:,} chunks", "export the film again")
    return outline


def _check_whole(data: bytes, kind: FilmFormat, outline: Outline) -> None:
    """Refuse what a decoder would take for a whole picture; see `models.layout`."""
    if _is_cut(data, kind, outline):
        raise UnreadableFilm(FailureCode.TRUNCATED, "the picture ends early", _WAIT)
    if not (outline.ended and outline.sound):
        raise UnreadableFilm(FailureCode.CORRUPT, "its parts or their checksums are damaged", "export the film again")


def _is_cut(data: bytes, kind: FilmFormat, outline: Outline) -> bool:
    """Whether the end is missing; a PNG that has one and lost its way to it is damaged."""
    return not outline.ended and not (kind is FilmFormat.PNG and _PNG_END in data[-4096:])


def _grey(image: Image.Image) -> NDArray[np.float32]:
    """Grey levels in 0..1; 16-bit PNG keeps its depth."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        values = np.asarray(image, dtype=np.float32)
        top = 65535.0 if image.mode != "F" else max(float(np.nanmax(values, initial=0.0)), 1.0)
        deep: NDArray[np.float32] = np.clip(np.nan_to_num(values) / top, 0.0, 1.0).astype(np.float32)
        return deep
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))
    levels: NDArray[np.float32] = np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255.0)
    return levels


def _chroma(data: bytes, kind: FilmFormat) -> float:
    """Mean spread between red, green and blue on a small copy, 0..1: a film saved as RGB has none, a photograph has."""
    with Image.open(io.BytesIO(data), formats=(kind.name,)) as image:
        image.draft("RGB", (64, 64))
        small = np.asarray(image.convert("RGB").resize((64, 64), Image.Resampling.BOX), dtype=np.float32)
    return float((small.max(axis=2) - small.min(axis=2)).mean() / 255.0)
