"""Makes one DICOM film for each way in which a picture may be stored: transfer syntax x photometric x bits.

Encoders: dcmtk for JPEG and JPEG-LS, openjpeg for JPEG 2000, pydicom for RLE, OpenJPH for HTJ2K (whose codestreams lie
in data/htj2k, made once with imagecodecs 2026.10.10 from `small_picture`). The pictures are of code and of odd size.
"""

from __future__ import annotations

import io
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from builders.dicom import dicom, set_pixels, written
from builders.films import grey_film
from builders.parts import need_program
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.uid import UID

HTJ2K: Final = Path(__file__).parent / "data" / "htj2k"
WIDTH, HEIGHT = 121, 87  # odd: an 8-bit picture needs a byte of padding
UIDS: Final = {
    "Implicit VR Little Endian": "1.2.840.10008.1.2",
    "Explicit VR Little Endian": "1.2.840.10008.1.2.1",
    "Explicit VR Big Endian": "1.2.840.10008.1.2.2",
    "Deflated": "1.2.840.10008.1.2.1.99",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG baseline": "1.2.840.10008.1.2.4.50",
    "JPEG extended": "1.2.840.10008.1.2.4.51",
    "JPEG lossless, process 14": "1.2.840.10008.1.2.4.57",
    "JPEG lossless, SV1": "1.2.840.10008.1.2.4.70",
    "JPEG-LS lossless": "1.2.840.10008.1.2.4.80",
    "JPEG-LS near-lossless": "1.2.840.10008.1.2.4.81",
    "JPEG 2000 lossless": "1.2.840.10008.1.2.4.90",
    "JPEG 2000": "1.2.840.10008.1.2.4.91",
    "HTJ2K lossless": "1.2.840.10008.1.2.4.201",
    "HTJ2K lossless, RPCL": "1.2.840.10008.1.2.4.202",
    "HTJ2K": "1.2.840.10008.1.2.4.203",
}
NATIVE: Final = tuple(UIDS)[:4]
LOSSY: Final = frozenset({"JPEG baseline", "JPEG extended", "JPEG-LS near-lossless", "JPEG 2000", "HTJ2K"})
_DCMTK: Final = {
    "JPEG baseline": ("dcmcjpeg", "+eb", "+q", "95"),
    "JPEG extended": ("dcmcjpeg", "+ee", "+q", "95"),
    "JPEG lossless, process 14": ("dcmcjpeg", "+el", "+sv", "6"),
    "JPEG lossless, SV1": ("dcmcjpeg", "+e1"),
    "JPEG-LS lossless": ("dcmcjpls", "+el"),
    "JPEG-LS near-lossless": ("dcmcjpls", "+en", "+md", "2"),
}
_SUBSAMPLING: Final = {"RGB": ("+cr",), "YBR_FULL": ("+s4",), "YBR_FULL_422": ("+s2",)}


@dataclass(frozen=True, slots=True)
class Cell:
    """One way of storing; `bits` as the table of docs/dicom.md has it: "12", "12s" (signed), "8p" (plane by plane)."""

    syntax: str
    photometric: str
    bits: str

    def __str__(self) -> str:
        return f"{self.syntax}-{self.photometric}-{self.bits}"

    @property
    def stored(self) -> int:
        """Bits of a value."""
        return int(self.bits.rstrip("sp"))

    @property
    def signed(self) -> bool:
        """Two's complement."""
        return self.bits.endswith("s")

    @property
    def is_colour(self) -> bool:
        """Three samples a pixel."""
        return self.photometric.startswith(("RGB", "YBR"))


def small_picture() -> NDArray[np.int64]:
    """64 x 48 of 12 bits in whole numbers, what the HTJ2K codestreams hold: shifted by 4 bits for 8 and 16."""
    y, x = np.mgrid[:48, :64]
    picture: NDArray[np.int64] = x * 30 + y * 20 + (x * 7 + y * 13) % 23
    return picture


def picture_of(cell: Cell) -> NDArray[np.int64]:
    """What is stored: (height, width), or (height, width, 3) of faintly coloured red, green and blue."""
    if cell.syntax.startswith("HTJ2K"):
        small = small_picture()
        if cell.is_colour:
            return np.stack([small >> 4, (small >> 5) + 40, (small >> 5) + 60], axis=-1)
        return small << 4 if cell.stored == 16 else small >> (12 - cell.stored)
    film = grey_film(WIDTH, HEIGHT).astype(np.float64)
    if cell.is_colour:
        film = np.stack([film * 0.7 + 40, film * 0.6 + 50, film * 0.65 + 20], axis=-1)
    values = np.rint(film * (2**cell.stored - 1) / 255).astype(np.int64)
    if cell.photometric == "MONOCHROME1":
        values = 2**cell.stored - 1 - values
    return values - 2 ** (cell.stored - 1) if cell.signed else values


def dataset_of(cell: Cell, picture: NDArray[np.int64]) -> pydicom.Dataset:
    """The film uncompressed, with the photometric interpretation that its syntax asks an encoder to start from."""
    kind = np.dtype(("i" if cell.signed else "u") + ("1" if cell.stored <= 8 else "2"))
    tags = pydicom.dcmread(io.BytesIO(dicom(grey_film(16, 16), bits=8)))
    dataset = pydicom.Dataset(tags)  # a copy that was not read may be written in either byte order
    dataset.file_meta = tags.file_meta
    stored = picture.astype(kind)
    native = cell.syntax not in ("JPEG baseline", *(name for name in UIDS if "J2K" in name))
    if native and cell.photometric.startswith("YBR_FULL"):
        stored = ybr_of(picture, cell.stored).astype(kind)
    set_pixels(dataset, stored, cell.photometric, cell.stored, signed=cell.signed)
    if stored.ndim == 3:
        dataset.BitsStored, dataset.HighBit = cell.stored, cell.stored - 1
    if cell.photometric == "YBR_FULL_422" and native:
        dataset.PhotometricInterpretation = "YBR_FULL_422"
        even = stored[:, : stored.shape[1] // 2 * 2]
        dataset.Columns = even.shape[1]
        pairs = np.stack([even[:, ::2, 0], even[:, 1::2, 0], even[:, ::2, 1], even[:, ::2, 2]], axis=-1)
        dataset.PixelData = pairs.tobytes()
    elif cell.photometric in ("YBR_FULL", "YBR_RCT", "YBR_ICT") and cell.syntax != "JPEG baseline":
        dataset.PhotometricInterpretation = cell.photometric
    if cell.bits.endswith("p"):
        dataset.PlanarConfiguration = 1
        content = np.moveaxis(stored, 2, 0).tobytes()
        dataset.PixelData = content + b"\0" * (len(content) % 2)
    if cell.photometric == "PALETTE COLOR":
        add_palette(dataset, cell.stored)
    return dataset


def ybr_of(rgb: NDArray[Any], bits: int) -> NDArray[np.int64]:
    """YBR_FULL (PS3.3, C.7.6.3.1.2) of red, green and blue, rounded."""
    to = np.array([[0.2990, 0.5870, 0.1140], [-0.1687, -0.3313, 0.5000], [0.5000, -0.4187, -0.0813]])
    return np.rint(rgb @ to.T + [0, 2 ** (bits - 1), 2 ** (bits - 1)]).astype(np.int64)


def palette(bits: int) -> NDArray[np.int64]:
    """The colours of the palette, (entries, 3), of 16 bits: a little blue."""
    ramp = np.linspace(0, 60000, 2**bits).round().astype(np.int64)
    return np.stack([ramp, ramp, np.minimum(ramp + 2000, 65535)], axis=-1)


def add_palette(dataset: pydicom.Dataset, bits: int) -> None:
    """Its tables, from the value 0 on."""
    for number, colour in enumerate(("Red", "Green", "Blue")):
        entries = palette(bits)[:, number]
        dataset.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [len(entries) % 65536, 0, 16])
        dataset.add_new(f"{colour}PaletteColorLookupTableData", "OW", entries.astype("<u2").tobytes())


def encoded(cell: Cell, folder: Path) -> bytes:
    """The film in that way, as bytes of a file; skips where the encoder is not installed."""
    uid, dataset = UID(UIDS[cell.syntax]), dataset_of(cell, picture_of(cell))
    if cell.syntax.startswith("HTJ2K"):
        dataset.PixelData = encapsulate([(HTJ2K / f"{_htj2k(cell)}.j2c").read_bytes()])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        return written(dataset, uid)
    if cell.syntax in _DCMTK:
        program, *arguments = _DCMTK[cell.syntax]
        if cell.is_colour and cell.syntax == "JPEG baseline":
            arguments += _SUBSAMPLING[cell.photometric]
        source, target = folder / "source.dcm", folder / "target.dcm"
        source.write_bytes(written(dataset))
        subprocess.run([need_program(program), *arguments, source, target], check=True, capture_output=True)
        return target.read_bytes()
    if cell.syntax in ("JPEG 2000", "RLE"):  # gdcm's RLE encoder aborts on a palette
        options = {"encoding_plugin": "pydicom"} if cell.syntax == "RLE" else {"j2k_psnr": [70]}
        dataset.compress(uid, **options)
        stream = io.BytesIO()
        dataset.save_as(stream, enforce_file_format=True)
        return stream.getvalue()
    if cell.syntax == "Explicit VR Big Endian" and cell.photometric == "PALETTE COLOR":
        for colour in ("Red", "Green", "Blue"):
            element = dataset[f"{colour}PaletteColorLookupTableData"]
            element.value = np.frombuffer(element.value, "<u2").astype(">u2").tobytes()
    return written(dataset, uid)


def _htj2k(cell: Cell) -> str:
    if "RPCL" in cell.syntax:
        return "12-rpcl"
    return ("colour" if cell.is_colour else str(cell.stored)) + ("-lossy" if cell.syntax == "HTJ2K" else "-lossless")
