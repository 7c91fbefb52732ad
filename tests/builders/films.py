"""Builds synthetic chest-like pictures and encodes them; nothing here was ever a person."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]


def grey_film(width: int = 320, height: int = 280, seed: int = 0, opacity: float = 0.0) -> Picture:
    """A bright body with two dark lungs, a heart, ribs and noise, uint8 (height, width).

    Args:
        seed: other seeds give other bytes, and slightly other lungs.
        opacity: 0..1, how far the lower lungs are clouded; the tiny bundle's logit rises with it.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:160j, -1:1:160j]  # drawn small and enlarged: a film of full size in a few milliseconds
    shift, size = rng.uniform(-0.015, 0.015, 2)
    body = 0.72 - 0.25 * np.abs(x) ** 3 - 0.10 * np.abs(y) ** 4
    air = sum(_blob(x, y, side * 0.42 + shift, -0.05, 0.30 + size, 0.70 + size) for side in (-1, 1))
    air = air * (1 - _blob(x, y, 0.15, 0.35, 0.30, 0.30))  # the heart
    air = air * (1 - 0.85 * opacity * _blob(x, y, 0.0, 0.25, 0.90, 0.55))
    ribs = 0.5 + 0.5 * np.cos((y - 0.35 * x**2) * 28)
    spine = _blob(x, y, 0.0, 0.0, 0.10, 3.0)
    film = body - air * (0.55 - 0.06 * ribs) + 0.15 * spine
    large = Image.fromarray(film.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    noisy = np.asarray(large) + rng.standard_normal((height, width), np.float32) * np.float32(0.01)
    return (np.clip(noisy, 0.0, 1.0) * 255).astype(np.uint8)


def photograph(width: int = 320, height: int = 240, seed: int = 0) -> Picture:
    """A colourful picture that is no radiograph, uint8 (height, width, 3)."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def jpeg(array: Picture, quality: int = 90, **options: Any) -> bytes:
    """JPEG bytes of a grey or RGB array."""
    return _encoded(Image.fromarray(array), "JPEG", quality=quality, **options)


def jpeg_rgb(array: Picture, quality: int = 90) -> bytes:
    """A grey film that was saved as RGB, as many exports are."""
    return _encoded(Image.fromarray(array).convert("RGB"), "JPEG", quality=quality)


def png(array: Picture) -> bytes:
    """PNG bytes of a grey or RGB array, 8 bits."""
    return _encoded(Image.fromarray(array), "PNG")


def png16(array: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """PNG bytes with 16 bits; an 8-bit array is spread over the whole range."""
    wide = array.astype(np.uint16) * 257 if array.dtype == np.uint8 else array
    return _encoded(Image.fromarray(wide), "PNG")


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims a size: what a decompression bomb starts with."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0")) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def truncated(data: bytes, share: float = 0.5) -> bytes:
    """The first part of a file, as a copy that was cut off leaves it."""
    return data[: int(len(data) * share)]


def flipped(data: bytes, bit: int) -> bytes:
    """The same bytes with one bit turned over."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def _blob(x: Any, y: Any, cx: float, cy: float, rx: float, ry: float) -> Any:
    """A soft ellipse, 1 inside and 0 outside."""
    radius = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2
    return 1.0 / (1.0 + np.exp(np.minimum((radius - 1.0) * 8.0, 60.0)))


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
