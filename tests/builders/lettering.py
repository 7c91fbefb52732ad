"""Writes on films, and reads from them with tesseract: the marker is planted and is nobody's name."""

from __future__ import annotations

import io
import os
import re
import subprocess
from difflib import SequenceMatcher
from typing import Any, Final

import numpy as np
from builders.parts import need_program
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

MARKER: Final = "PLANTED MARKER"
_LINE, _SCATTERED = "7", "11"  # page segmentation modes: one line, whatever is found anywhere
Area = tuple[int, int, int, int]  # left, top, right, bottom


def lettered(
    picture: NDArray[np.uint8],
    text: str = MARKER,
    *,
    tall: int = 20,
    at: tuple[float, float] = (0.02, 0.02),
    grey: int = 255,
) -> tuple[NDArray[np.uint8], Area]:
    """A film with a text on it, uint8, and where it stands.

    Args:
        tall: pixels of a capital letter.
        at: the left upper corner of the text, in shares of width and height; it is moved so that the text fits.
        grey: of the letters.
    """
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(tall / 0.7)
    left, top, right, bottom = (round(edge) for edge in draw.textbbox((0, 0), text, font=font))
    width, height = right - left, bottom - top
    x = max(0, min(round(at[0] * image.width), image.width - width - 2))
    y = max(0, min(round(at[1] * image.height), image.height - height - 2))
    draw.text((x - left, y - top), text, fill=grey, font=font)
    return np.asarray(image), (x, y, x + width, y + height)


def legible(picture: NDArray[Any], area: Area | None = None) -> bool:
    """Whether tesseract reads the marker, or most of one of its words, at several sizes, as it is and inverted.

    Args:
        picture: grey, of any type; the darkest is made black and the brightest white.
        area: where to look closely; None: the whole picture.
    """
    grey = picture.astype(np.float32)
    sizes, mode = (1, 2, 3), _SCATTERED
    if area is not None:
        left, top, right, bottom = area
        rim = bottom - top
        grey = grey[max(0, top - rim) : bottom + rim, max(0, left - rim) : right + rim]
        sizes, mode = (max(1, round(40 / (bottom - top))), 4), _LINE
    grey = (grey - grey.min()) / max(float(np.ptp(grey)), 1e-6)
    return any(_has_marker(_read(view, size, mode)) for size in sizes for view in (grey, 1.0 - grey))


def _read(picture: NDArray[np.float32], size: int, mode: str) -> str:
    image = Image.fromarray((picture * 255).astype(np.uint8))
    stream = io.BytesIO()
    image.resize((image.width * size, image.height * size), Image.Resampling.BICUBIC).save(stream, "PNG")
    command = [need_program("tesseract"), "-", "-", "--psm", mode]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    return subprocess.run(command, input=stream.getvalue(), capture_output=True, env=environment).stdout.decode()


def _has_marker(text: str) -> bool:
    letters = re.sub(r"[^A-Z]", "", text.upper())
    return any(
        SequenceMatcher(None, word, letters[start : start + len(word)], autojunk=False).ratio() >= 0.7
        for word in MARKER.split()
        for start in range(max(1, len(letters) - len(word) + 1))
    )
