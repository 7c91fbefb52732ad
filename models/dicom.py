"""Reads DICOM bytes: the header, and the picture of the first frame as it would be shown on a workstation.

Decoding is hostile territory: sizes are checked in the file's header and in the compressed frame's own before anything
is decoded, and whatever a decoder raises becomes an `UnreadableFilm`. Only time and memory are left to the caller, who
decodes in a process with limits. From bytes to values it is `models.dicom_pixels`, from values to grey levels
`models.window` and `models.dicom_colour`, what of them is film `models.visible`, tags are in `models.dicom_tags`.
"""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pydicom import dcmread
from pydicom.filereader import read_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from models import dicom_colour, dicom_pixels, visible, window
from models.dicom_colour import grey_of_colours, grey_of_palette
from models.dicom_pixels import OVERLAY_BITS, PIXELS, Frame, first_frame
from models.dicom_tags import KEYWORDS, tags_of, text, whole
from models.metered import Metered
from models.radiograph import (
    MAX_BYTES,
    FailureCode,
    FilmFormat,
    FilmTags,
    Radiograph,
    UnreadableFilm,
    check_dimensions,
    ends_in_zeros,
)
from models.visible import background, in_squares, uncovered
from models.window import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

# pydicom logs what it stumbles over, values included: nothing of that may reach a service's log.
logging.getLogger("pydicom").propagate = False

_READ: Final[list[Any]] = [
    *KEYWORDS,
    *(keyword for module in (dicom_pixels, dicom_colour, visible, window) for keyword in module.KEYWORDS),
    *OVERLAY_BITS,
]
_BROKEN: Final = frozenset({FailureCode.CORRUPT, FailureCode.NO_PIXELS})
_A_HEADER: Final = 4096  # bytes; tags of a film's own groups come first, so a film that has so many has some of them
_THE_FILM: Final = "send the film itself"
_AGAIN: Final = "wait for the copy to end, or export the film again"


def read_tags(data: bytes) -> FilmTags:
    """What the header says, without looking at the picture; a file without a picture has tags, too.

    Raises:
        UnreadableFilm: there is no header that can be read, or it ends early.
    """
    with _guarded("header", data):
        return tags_of(_header(_inflated(data)))


def read_texts(data: bytes, keywords: Sequence[str]) -> dict[str, str]:
    """The first values of some tags by keyword, "" where one is not said; for what no radiograph carries with it.

    Raises:
        UnreadableFilm: there is no header that can be read, or it ends early.
    """
    with _guarded("header", data):
        dataset = _dataset(_inflated(data), before_pixels=True, wanted=["SpecificCharacterSet", *keywords])
        return {keyword: text(dataset, keyword) for keyword in keywords}


def read_header(data: bytes, keywords: Sequence[str], largest: int) -> Dataset:
    """Some tags by keyword, sequences too; for what is no radiograph.

    Args:
        data: the whole file.
        keywords: what is wanted.
        largest: bytes, once it is inflated.

    Raises:
        UnreadableFilm: there is no header that can be read, it ends early, or is larger.
    """
    with _guarded("header", data):
        inflated = _inflated(data)
        if len(inflated) > largest:
            cause = f"inflated it is over {largest / 2**20:.0f} MiB"
            raise UnreadableFilm(FailureCode.TOO_LARGE, cause, "export it smaller")
        return _dataset(inflated, before_pixels=True, wanted=["SpecificCharacterSet", *keywords])


def read_dicom(data: bytes) -> Radiograph:
    """Decode the first frame: modality LUT or rescale, VOI LUT or first window, MONOCHROME1 inverted, colour to grey.

    Shutters are cut off, padding is black, pixels become squares (docs/dicom.md).

    Raises:
        UnreadableFilm: truncated, corrupt, contradicting itself, without a picture, too large, or in a transfer syntax
            that is not read.
    """
    with _guarded("picture", data):
        data = _inflated(data)
        header = _header(data)
        tags = tags_of(header)
        width, height = whole(header, "Columns"), whole(header, "Rows")
        if width is None or height is None:
            raise UnreadableFilm(FailureCode.NO_PIXELS, "the file holds no picture", _THE_FILM)
        check_dimensions(width, height)
        dataset = _dataset(data, before_pixels=False)
        if not any(keyword in dataset for keyword in PIXELS):
            raise UnreadableFilm(FailureCode.TRUNCATED, "the file ends before its picture", _AGAIN)
        frame = first_frame(dataset, tags.frames)
        if frame.array.shape[:2] != (height, width):
            raise UnreadableFilm(FailureCode.CORRUPT, "the picture has not the size that the header states", _AGAIN)
        del dataset[next(keyword for keyword in PIXELS if keyword in dataset)]  # 100 MB of the largest film
        pixels, chroma = _grey(frame, dataset)
        del frame
        pixels = in_squares(pixels, dataset)
        return Radiograph(pixels, FilmFormat.DICOM, pixels.shape[1], pixels.shape[0], chroma, tags)


@contextmanager
def _guarded(what: str, data: bytes) -> Iterator[None]:
    """Every failure becomes an `UnreadableFilm`, whose text names only the kind: the messages carry values."""
    try:
        with _translated(what):
            yield
    except UnreadableFilm as error:
        if error.code in _BROKEN and ends_in_zeros(data):  # header and end may be all that is missing yet
            raise UnreadableFilm(FailureCode.TRUNCATED, f"the file ends in zeros, and {error.cause}", _AGAIN) from error
        raise


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (UnreadableFilm, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError as error:
        raise UnreadableFilm(
            FailureCode.TOO_MANY_PIXELS, f"the {what} needs more memory than there is", "export the film smaller"
        ) from error
    except BaseException as error:  # a decoder in Rust panics with a BaseException
        raise UnreadableFilm(
            FailureCode.CORRUPT, f"the {what} cannot be read ({type(error).__name__})", "export the film again"
        ) from error


def _inflated(data: bytes) -> bytes:
    """The same file, and where its content is deflated, as explicit little endian: 0.5 MB can hold 1 GiB."""
    stream = Metered(data)
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)
    if text(meta, "TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return data
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = inflater.decompress(data[stream.tell() :], MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnreadableFilm(
            FailureCode.TOO_LARGE,
            f"inflated it is over {MAX_BYTES // 2**20} MiB",
            "export one film a file",
        )
    if not inflater.eof:
        raise UnreadableFilm(FailureCode.TRUNCATED, "the deflated content ends early", _AGAIN)
    uid = ExplicitVRLittleEndian.encode() + b"\0"
    return bytes(128) + b"DICM" + struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid + content


def _header(data: bytes) -> Dataset:
    """Everything before the picture."""
    dataset = _dataset(data, before_pixels=True)
    if dataset:
        return dataset
    if text(dataset.file_meta, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise UnreadableFilm(
            FailureCode.NO_PIXELS,
            "it lists the files of a DICOM medium",
            "send the films; leave out DICOMDIR by exclude",
        )
    if len(data) > _A_HEADER:
        raise UnreadableFilm(FailureCode.NO_PIXELS, "the file holds nothing that a film says of itself", _THE_FILM)
    raise UnreadableFilm(FailureCode.TRUNCATED, "nothing follows the first bytes of a DICOM header", _AGAIN)


def _dataset(data: bytes, *, before_pixels: bool, wanted: list[Any] = _READ) -> Dataset:
    """Parse the tags that are used, and no other."""
    stream = Metered(data)
    dataset = dcmread(stream, stop_before_pixels=before_pixels, force=data[128:132] != b"DICM", specific_tags=wanted)
    if stream.tell() > len(data) or any(_is_short(element) for element in dataset.values()):
        raise UnreadableFilm(FailureCode.TRUNCATED, "the file is shorter than its header states", _AGAIN)
    return dataset


def _is_short(element: Any) -> bool:
    """Whether a raw element has fewer bytes than its length states: only the last one of a cut file has."""
    length = getattr(element, "length", None)
    return length not in (None, 0, 0xFFFFFFFF) and isinstance(element.value, bytes) and len(element.value) < length


def _grey(frame: Frame, dataset: Dataset) -> tuple[NDArray[np.float32], float]:
    """Grey levels 0..1, bright where dense, and the mean spread between the colours."""
    array = uncovered(frame.array, dataset)
    if frame.photometric == "PALETTE COLOR":
        return grey_of_palette(array, dataset, frame.bits)
    if array.ndim == 3:
        return grey_of_colours(array, frame.bits, ybr=frame.photometric == "YBR_FULL")
    padding = background(array, dataset, frame.bits)
    return shown(array, dataset, inverted=frame.photometric == "MONOCHROME1", background=padding), 0.0
