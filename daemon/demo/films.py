"""Makes the demo's films out of `pydicom-data`, which holds one chest film; the variants are all of that one."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.errors import DaemonError

CHEST: Final = "RG1_UNCI.dcm"
OTHERS: Final = {
    "extremity.dcm": "RG3_J2KI.dcm",
    "ct.dcm": "693_J2KR.dcm",
    "mr.dcm": "MR2_J2KI.dcm",
    "ultrasound.dcm": "US1_J2KI.dcm",
}
Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DemoFile:
    """A file to drop: its name, its bytes, and what it shows."""

    name: str
    data: bytes
    shows: str


def find(name: str) -> Path:
    """A file of `pydicom-data`.

    Raises:
        DaemonError: the package is not installed.
    """
    from pydicom.data import get_testdata_file

    try:
        path = get_testdata_file(name, download=False)
    except (ValueError, OSError):
        path = None
    if path is None:
        raise DaemonError(
            "find demo film",
            name,
            "pydicom-data is not installed",
            "pip install 'cxr-triage[demo]', or give --images FOLDER",
        )
    return Path(str(path))


def _gamma(exponent: float) -> Callable[[Pixels], Pixels]:
    return lambda pixels: np.power(pixels, np.float32(exponent))


def _crop(share: float) -> Callable[[Pixels], Pixels]:
    def crop(pixels: Pixels) -> Pixels:
        height, width = (int(side * share) for side in pixels.shape)
        return pixels[height : pixels.shape[0] - height, width : pixels.shape[1] - width]

    return crop


def _jpeg(pixels: Pixels) -> bytes:
    return _encoded(Image.fromarray(np.rint(pixels * 255).astype(np.uint8)), "JPEG", quality=90)


def _png(pixels: Pixels) -> bytes:
    return _encoded(Image.fromarray(np.rint(pixels * 255).astype(np.uint8)), "PNG")


def _png16(pixels: Pixels) -> bytes:
    return _encoded(Image.fromarray(np.rint(pixels * 65535).astype(np.uint16)), "PNG")


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _dicom(original: Any) -> Callable[[Pixels], bytes]:
    """A DICOM file with new UIDs and other pixels, everything else as in the original."""

    def write(pixels: Pixels) -> bytes:
        from pydicom.uid import generate_uid

        data = copy.deepcopy(original)
        top = 2**data.BitsStored - 1
        shown = pixels if data.PhotometricInterpretation == "MONOCHROME2" else 1.0 - pixels
        data.Rows, data.Columns = pixels.shape
        data.PixelData = np.rint(shown * top).astype(np.uint16).tobytes()
        for keyword in (
            "WindowCenter",
            "WindowWidth",
            "VOILUTSequence",
            "SmallestImagePixelValue",
            "LargestImagePixelValue",
        ):
            if keyword in data:
                delattr(data, keyword)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(data, keyword, generate_uid())
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        stream = io.BytesIO()
        data.save_as(stream, enforce_file_format=True)
        return stream.getvalue()

    return write


def demo_files() -> Iterator[DemoFile]:
    """The files of the demo, in the order in which they are dropped."""
    from pydicom import dcmread

    from models.radiograph import read_radiograph

    chest = find(CHEST).read_bytes()
    film = read_radiograph(chest).pixels
    dicom = _dicom(dcmread(io.BytesIO(chest)))
    yield DemoFile("chest.dcm", chest, "an adult's chest film, as it comes")
    variants: tuple[tuple[str, str, Callable[[Pixels], Pixels], Callable[[Pixels], bytes]], ...] = (
        ("chest-brighter.dcm", "the same film, brighter, new UIDs", _gamma(0.8), dicom),
        ("chest-darker.dcm", "the same film, darker, new UIDs", _gamma(1.3), dicom),
        ("chest-cropped.dcm", "the same film, cropped, new UIDs", _crop(0.06), dicom),
        ("chest.jpg", "the same film as JPEG", _gamma(1.0), _jpeg),
        ("chest-brighter.jpg", "the same film, brighter, as JPEG", _gamma(0.7), _jpeg),
        ("chest-cropped.png", "the same film, cropped, as PNG", _crop(0.04), _png),
        ("chest-16bit.png", "the same film as 16-bit PNG", _gamma(1.1), _png16),
    )
    for name, shows, change, encode in variants:
        yield DemoFile(name, encode(change(film)), shows)
    for name, source in OTHERS.items():
        yield DemoFile(name, find(source).read_bytes(), "not a chest film")
    yield DemoFile("broken.dcm", chest[: len(chest) // 3], "a chest film that was cut off")
    yield DemoFile("not-a-film.jpg", b"this is a text, not a picture\n", "a text that calls itself JPEG")
    yield DemoFile("copy-of-chest.dcm", chest, "the first film again, under another name")


def check_own(folder: Path) -> list[str]:
    """The names of the files below a person's folder.

    Raises:
        DaemonError: the folder cannot be read, or holds nothing.
    """
    from daemon.intake.listing import list_root

    names = sorted(list_root(folder).files)
    if not names:
        raise DaemonError("read films", folder, "there is no file in it", "give a folder of chest radiographs")
    return names


def own_files(folder: Path) -> Iterator[DemoFile]:
    """A person's own films: every file below a folder.

    Raises:
        DaemonError: the folder, or a file in it, cannot be read.
    """
    for name in check_own(folder):
        try:
            yield DemoFile(name, Path(folder, name).read_bytes(), "")
        except OSError as error:
            raise DaemonError(
                "read film", Path(folder, name), error.strerror or str(error), "take it out of the folder"
            ) from error
