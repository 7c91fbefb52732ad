"""Reads DICOM bytes: the header, and the picture of the first frame as it would be shown on a workstation.

Decoding is hostile territory: sizes are checked in the file's header and in the compressed frame's own before anything
is decoded, and whatever a decoder raises becomes an `UnreadableFilm`. Only time and memory are left to the caller, who
decodes in a process with limits. Windows and tables are in `models.window`, tags in `models.dicom_tags`.
"""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom import dcmread
from pydicom.encaps import get_frame
from pydicom.filereader import read_dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSTransferSyntaxes,
    RLELossless,
)

from models.codestream import frame_size
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
    check_jpeg,
    ends_in_zeros,
)
from models.window import KEYWORDS as WINDOW_KEYWORDS
from models.window import shown, stops_in_a_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

# pydicom logs what it stumbles over, values included: nothing of that may reach a service's log.
logging.getLogger("pydicom").propagate = False

PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_READ: Final = [
    *KEYWORDS,
    *WINDOW_KEYWORDS,
    *PIXELS,
    *("Rows", "Columns", "SamplesPerPixel", "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
    *(
        f"{colour}PaletteColorLookupTable{part}"
        for colour in ("Red", "Green", "Blue")
        for part in ("Descriptor", "Data")
    ),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
]
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow turns RGB into grey
# One decoder a syntax, the hardiest that knows it. gdcm stands last: a JPEG 2000 frame of rubbish aborts the process in
# it (python-gdcm 3.2.6), while openjpeg says so. JPEG lossless and JPEG-LS are left to it.
_PLUGINS: Final = ("pydicom", "pylibjpeg", "pillow", "gdcm")
_BROKEN: Final = frozenset({FailureCode.CORRUPT, FailureCode.NO_PIXELS})
_AGAIN: Final = "wait for the copy to end, or export the film again"


def read_tags(data: bytes) -> FilmTags:
    """What the header says, without looking at the picture; a file without a picture has tags, too.

    Raises:
        UnreadableFilm: there is no header that can be read, or it ends early.
    """
    with _guarded("header", data):
        return tags_of(_header(_inflated(data)))


def read_header(data: bytes, keywords: Sequence[str]) -> Dataset:
    """Some tags by keyword, without looking at the picture; values are to be taken by `models.dicom_tags`.

    Raises:
        UnreadableFilm: there is no header that can be read, or it ends early.
    """
    with _guarded("header", data):
        return _dataset(_inflated(data), before_pixels=True, wanted=["SpecificCharacterSet", *keywords])


def read_texts(data: bytes, keywords: Sequence[str]) -> dict[str, str]:
    """The first values of some tags by keyword, "" where one is not said; for what no radiograph carries with it.

    Raises:
        UnreadableFilm: there is no header that can be read, or it ends early.
    """
    with _guarded("header", data):
        dataset = _dataset(_inflated(data), before_pixels=True, wanted=["SpecificCharacterSet", *keywords])
        return {keyword: text(dataset, keyword) for keyword in keywords}


def read_dicom(data: bytes) -> Radiograph:
    """Decode the first frame: modality LUT or rescale, VOI LUT or first window, MONOCHROME1 inverted, colour to grey.

    Raises:
        UnreadableFilm: truncated, corrupt, without a picture, too large, or in a transfer syntax that is not read.
    """
    with _guarded("picture", data):
        data = _inflated(data)
        header = _header(data)
        tags = tags_of(header)
        width, height = whole(header, "Columns"), whole(header, "Rows")
        if width is None or height is None:
            raise UnreadableFilm(FailureCode.NO_PIXELS, "the file holds no picture", "send the film itself")
        check_dimensions(width, height)
        dataset = _dataset(data, before_pixels=False)
        if not any(keyword in dataset for keyword in PIXELS):
            raise UnreadableFilm(FailureCode.TRUNCATED, "the file ends before its picture", _AGAIN)
        array, photometric = _decoded(dataset, tags.frames)
        if array.shape[:2] != (height, width):
            raise UnreadableFilm(FailureCode.CORRUPT, "the picture has not the size that the header states", _AGAIN)
        pixels, chroma = _grey(array, dataset, photometric)
        return Radiograph(pixels, FilmFormat.DICOM, width, height, chroma, tags)


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
    if not dataset:
        raise UnreadableFilm(FailureCode.TRUNCATED, "nothing follows the first bytes of a DICOM header", _AGAIN)
    return dataset


def _dataset(data: bytes, *, before_pixels: bool, wanted: list[str] = _READ) -> Dataset:
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


def _decoded(dataset: Dataset, frames: int) -> tuple[NDArray[Any], str]:
    """The first frame's stored values, (height, width) or (height, width, 3), and their photometric interpretation."""
    syntax = UID(dataset.file_meta.get("TransferSyntaxUID") or _guessed(dataset))
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        decoder = None
    if decoder is None or not decoder.is_available:
        raise UnreadableFilm(
            FailureCode.UNSUPPORTED_SYNTAX,
            f"the transfer syntax {syntax.name} is not read",
            "export the film uncompressed",
        )
    plugin = ""
    if syntax.is_encapsulated:
        _check_frame(dataset, syntax, frames)
        plugin = next(name for name in _PLUGINS if name in decoder.available_plugins)
    else:
        _check_length(dataset)
    array, properties = decoder.as_array(dataset, index=0, decoding_plugin=plugin)  # YBR comes back as RGB
    if not syntax.is_encapsulated and stops_in_a_row(array):
        raise UnreadableFilm(FailureCode.TRUNCATED, "the picture stops in the middle of a row", _AGAIN)
    return array, str(properties["photometric_interpretation"])


def _guessed(dataset: Dataset) -> str:
    """The transfer syntax of a file without its own header, from how its tags were written."""
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _check_frame(dataset: Dataset, syntax: UID, frames: int) -> None:
    """Refuse a compressed frame that announces another size than the header; a decoder would believe the frame."""
    table = None
    if "ExtendedOffsetTable" in dataset:
        table = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    frame = get_frame(dataset.PixelData, 0, number_of_frames=frames, extended_offsets=table)
    if syntax == RLELossless:
        return  # its frames have no size of their own
    plain = syntax not in JPEGLSTransferSyntaxes  # whose scans are stuffed otherwise
    if plain and frame.startswith(b"\xff\xd8") and not check_jpeg(frame).ended:
        raise UnreadableFilm(FailureCode.TRUNCATED, "the compressed picture ends early", _AGAIN)
    size = frame_size(frame)
    if size is None:
        raise UnreadableFilm(FailureCode.CORRUPT, "the compressed picture has no header", "export the film again")
    samples = whole(dataset, "SamplesPerPixel") or 1
    if (size.columns, size.rows) != (dataset.Columns, dataset.Rows) or size.components != samples:
        raise UnreadableFilm(
            FailureCode.CORRUPT,
            f"header and picture disagree: {dataset.Columns} x {dataset.Rows} x {samples}"
            f" and {size.columns} x {size.rows} x {size.components}",
            "export the film again",
        )


def _check_length(dataset: Dataset) -> None:
    """Tell a picture that was cut off from one that is broken: the first may still be on its way."""
    bits = (whole(dataset, "BitsAllocated") or 8) * (whole(dataset, "SamplesPerPixel") or 1)
    if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        bits = bits * 2 // 3
    present = next(len(dataset[keyword].value or b"") for keyword in PIXELS if keyword in dataset)
    if present * 8 < dataset.Rows * dataset.Columns * bits:
        raise UnreadableFilm(FailureCode.TRUNCATED, "the picture has fewer bytes than its size asks for", _AGAIN)


def _grey(array: NDArray[Any], dataset: Dataset, photometric: str) -> tuple[NDArray[np.float32], float]:
    """Grey levels 0..1, bright where dense, and the mean spread between the colours."""
    top = 2.0 ** (whole(dataset, "BitsStored") or 8) - 1
    if photometric == "PALETTE COLOR":
        array = apply_color_lut(array, dataset)[..., :3]
        top = float(np.iinfo(array.dtype).max)
    if array.ndim == 3:
        colour = np.clip(array.astype(np.float32) / np.float32(top), 0.0, 1.0)
        return colour @ _LUMA, float((colour.max(axis=2) - colour.min(axis=2)).mean())
    return shown(array, dataset, inverted=photometric == "MONOCHROME1"), 0.0
