"""Draws contact sheets: some films of each class of a source, as they are, with their shapes kept."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from models.radiograph import UnreadableFilm, read_radiograph
from trainer.inspection.look import classes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.inspection.look import Look

CELL: Final = 112  # pixels a side
ACROSS: Final = 10  # films a row
ROWS: Final = 2  # a class
_GAP: Final = 4
_BETWEEN: Final = 14  # pixels between classes
_PAPER: Final = 24  # grey level around the films


def contact_sheet(looks: Sequence[Look], seed: int) -> tuple[bytes, list[str]]:
    """A JPEG of up to twenty films of each class of one source, drawn by chance, and the classes from top to bottom.

    A film that cannot be read any more is an empty cell.
    """
    rng = random.Random(seed)  # noqa: S311 - which films are shown is no secret
    bands: list[list[Look]] = []
    names = classes_of(looks)
    for name in names:
        some = [look for look in looks if look.class_name == name]
        bands.append(rng.sample(some, min(len(some), ACROSS * ROWS)))
    rows = [-(-len(band) // ACROSS) for band in bands]
    step = CELL + _GAP
    size = (ACROSS * step + _GAP, sum(rows) * step + _GAP + _BETWEEN * (len(bands) - 1))
    paper = Image.new("L", size, _PAPER)
    top = _GAP
    for band, count in zip(bands, rows, strict=True):
        for number, look in enumerate(band):
            cell = _cell(look)
            if cell is not None:
                x = _GAP + number % ACROSS * step + (CELL - cell.width) // 2
                y = top + number // ACROSS * step + (CELL - cell.height) // 2
                paper.paste(cell, (x, y))
        top += count * step + _BETWEEN
    stream = io.BytesIO()
    paper.save(stream, "JPEG", quality=85)
    return stream.getvalue(), names


def _cell(look: Look) -> Image.Image | None:
    try:
        pixels = read_radiograph(look.film.path.read_bytes()).pixels
    except (UnreadableFilm, OSError):
        return None
    film = Image.fromarray((np.clip(pixels, 0.0, 1.0) * 255).astype(np.uint8))
    longest = max(look.width, look.height)
    shape = (max(round(CELL * look.width / longest), 1), max(round(CELL * look.height / longest), 1))
    return film.resize(shape, Image.Resampling.BILINEAR)
