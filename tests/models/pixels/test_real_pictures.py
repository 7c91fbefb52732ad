"""Every real file with a picture is decoded twice, by the reader and by a decoder that shares nothing with it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from builders import references
from builders.real_files import pictures
from pydicom.encaps import get_frame
from pydicom.uid import UID

from models.codestream import frame_header
from models.dicom import read_dicom
from models.dicom_pixels import LOSSY, first_frame
from models.dicom_tags import whole
from models.radiograph import FailureCode, UnreadableFilm

# Files that are broken, with the code that they fail with.
BROKEN = {
    "JPEG2000-embedded-sequence-delimiter.dcm": FailureCode.CORRUPT,  # in the size of its codestream
    "MR_truncated.dcm": FailureCode.TRUNCATED,
    "badVR.dcm": FailureCode.CORRUPT,  # a number of frames of "1A"
    "pydicom-data/emri_small_jpeg_2k_lossless_too_short.dcm": FailureCode.TRUNCATED,
}
# What ffmpeg 5.1 reads as black, and a file of the same picture that it can read.
SAME_PICTURE = {"SC_rgb_jls_lossy_sample.dcm": "SC_rgb_jls_lossy_line.dcm"}
FARTHEST = 1  # levels of lossy grey pictures, whatever their bits; 0 where nothing is lost
FILES = pictures()

pytestmark = pytest.mark.filterwarnings("ignore")  # what pydicom has to say about broken files


def loaded(path: Path) -> tuple[pydicom.Dataset, UID]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, force=True)
    implicit, little = dataset.original_encoding
    guessed = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"
    return dataset, UID(dataset.file_meta.get("TransferSyntaxUID", guessed))


def parts_of(dataset: pydicom.Dataset, syntax: UID) -> tuple[np.ndarray, bool]:
    """Unsigned words of the first frame, and whether they are YBR."""
    ybr = dataset.PhotometricInterpretation.startswith("YBR_FULL")
    if not syntax.is_encapsulated:
        return references.native(dataset.PixelData, dataset, big=not syntax.is_little_endian), ybr
    frame = get_frame(dataset.PixelData, 0, number_of_frames=frames_of(dataset))
    if syntax.name.startswith("RLE"):
        return references.rle(frame, dataset), ybr
    if dataset.SamplesPerPixel == 1:
        at = frame.find(b"\xff\x4f\xff\x51")
        signed = at >= 0 and bool(frame[at + 42] & 0x80)
        return references.grey_words(dataset, syntax, frame_header(frame).bits, signed), False
    parts, kind = references.components(frame, syntax.name)
    return parts, kind.startswith("yuvj") and frame_header(frame).colours != "RGB" and ybr


@pytest.mark.system("ffmpeg")
@pytest.mark.parametrize("name", [name for name in FILES if name not in BROKEN])
def test_a_real_picture_is_read_as_another_decoder_reads_it(name: str) -> None:
    """Stored values of grey ones, grey levels of coloured ones."""
    dataset, syntax = loaded(FILES[name])
    parts, ybr = parts_of(*loaded(FILES[SAME_PICTURE.get(name, name)]))
    lossy = syntax in LOSSY
    if dataset.SamplesPerPixel == 1:
        frame = first_frame(dataset, frames_of(dataset))
        values = signed(parts, bits_of(dataset, syntax)) if dataset.PixelRepresentation else parts
        assert np.abs(frame.array.astype(np.int64) - values).max() <= (FARTHEST if lossy else 0)
        return
    film = read_dicom(FILES[name].read_bytes())
    expected = references.rgb_of(parts, ybr=ybr, bits=dataset.BitsStored)
    if film.pixels.shape == expected.shape[:2]:  # pixels that are no squares are resampled: test_visible.py
        distance = np.abs(film.pixels - expected @ [0.299, 0.587, 0.114])
        assert distance.max() <= (0.04 if lossy else 1e-5)  # at edges between strong colours, which were subsampled
        assert distance.mean() <= 0.004
        assert film.chroma == pytest.approx(np.ptp(expected, axis=2).mean(), abs=0.012 if lossy else 1e-5)


def frames_of(dataset: pydicom.Dataset) -> int:
    return max(whole(dataset, "NumberOfFrames") or 1, 1)


def bits_of(dataset: pydicom.Dataset, syntax: UID) -> int:
    """Of a value: those stored, or the fewer that the compressed frame has."""
    if not syntax.is_encapsulated or syntax.name.startswith("RLE"):
        return int(dataset.BitsStored)
    return min(dataset.BitsStored, frame_header(get_frame(dataset.PixelData, 0, number_of_frames=1)).bits)


def signed(words: np.ndarray, bits: int) -> np.ndarray:
    """Two's complement of so many bits."""
    values = words & (2**bits - 1)
    return np.where(values >= 2 ** (bits - 1), values - 2**bits, values)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_real_file_fails_with_a_code(name: str) -> None:
    """And with none of a decoder's own errors."""
    if name not in FILES:
        pytest.skip("the package pydicom-data is not installed")
    with pytest.raises(UnreadableFilm) as caught:
        read_dicom(FILES[name].read_bytes())
    assert caught.value.code is BROKEN[name]


def test_files_are_found() -> None:
    """The tests above look at something."""
    assert len(FILES) >= 80
