"""Chooses the films that were judged wrongly and draws them with the network's map; choosing is pure, drawing reads.

Missed pneumonias come first, the surest miss at their head; then false alarms, the loudest at theirs.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from models.bundle import OperatingPoint, point_for
from models.population import Policy
from models.radiograph import UnreadableFilm, read_radiograph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from models.population import Population
    from trainer.evidence.scoring import Scored

SIDE: Final = 320  # pixels, the longer one
QUALITY: Final = 80
ABOVE: Final = (230, 120, 0)  # orange and blue are told apart by every kind of colour vision
BELOW: Final = (0, 100, 200)
STRONGEST: Final = 0.6  # share of colour where the map is furthest from the threshold


@dataclass(frozen=True, slots=True)
class Wrong:
    """A film on the wrong side of its threshold, `by` so much on the logit (above 0)."""

    scored: Scored
    threshold: float
    by: float
    first: bool  # a false alarm that was even put into `first`


@dataclass(frozen=True, slots=True)
class Picture:
    """A film of the gallery, as JPEG data URIs; `overlay` is None where the network has no places."""

    wrong: Wrong
    film: str | None  # None where the file cannot be read any more
    overlay: str | None
    width: int
    height: int


def misses(scored: Sequence[Scored], points: Mapping[Population, OperatingPoint]) -> list[Wrong]:
    """Films with pneumonia below their threshold, the furthest below first."""
    return _furthest(s for s in _all_wrong(scored, points) if s.scored.film.label)


def alarms(scored: Sequence[Scored], points: Mapping[Population, OperatingPoint]) -> list[Wrong]:
    """Films without pneumonia at or above their threshold, the furthest above first."""
    return _furthest(s for s in _all_wrong(scored, points) if not s.scored.film.label)


def _all_wrong(scored: Sequence[Scored], points: Mapping[Population, OperatingPoint]) -> list[Wrong]:
    found = []
    for s in scored:
        point = point_for(points, s.population)
        if point.policy is not Policy.BANDED:  # nothing is called low or high there
            continue
        if (s.logit >= point.threshold) is not bool(s.film.label):
            by = abs(s.logit - point.threshold)
            found.append(Wrong(s, point.threshold, by, s.logit >= point.first_threshold))
    return found


def _furthest(wrong: Iterable[Wrong]) -> list[Wrong]:
    return sorted(wrong, key=lambda w: (-w.by, w.scored.film.path))


def has_places(scored: Sequence[Scored]) -> bool:
    """Whether the network says where: a map of one cell does not."""
    return any(s.map is not None and s.map.size > 1 for s in scored)


def scale(wrong: Sequence[Wrong]) -> float:
    """How far cells lie from the threshold, nearly at most; one scale for all pictures, so that they compare."""
    gaps = [np.abs(w.scored.map - w.threshold).ravel() for w in wrong if w.scored.map is not None]
    return max(1e-6, float(np.percentile(np.concatenate(gaps), 98))) if gaps else 1.0


def draw(wrong: Sequence[Wrong], strength: float, report: Callable[[], None]) -> list[Picture]:
    """Each film in grey, and with its map laid over it.

    Args:
        wrong: the films.
        strength: the distance from the threshold that gets the full colour.
        report: told after each film.
    """
    pictures = []
    for one in wrong:
        pictures.append(_picture(one, strength))
        report()
    return pictures


def _picture(one: Wrong, strength: float) -> Picture:
    try:
        pixels = read_radiograph(one.scored.film.path.read_bytes()).pixels
    except (UnreadableFilm, OSError):
        return Picture(one, None, None, SIDE, SIDE)
    height, width = pixels.shape
    share = SIDE / max(height, width)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    grey = Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    cells = one.scored.map
    overlay = None
    if cells is not None and cells.size > 1:
        overlay = _uri(_overlay(grey, cells - np.float32(one.threshold), strength))
    return Picture(one, _uri(grey), overlay, *size)


def _overlay(grey: Image.Image, gaps: NDArray[np.float32], strength: float) -> Image.Image:
    """The map over the film: films are squashed to the network's square, so the map is stretched to their sides."""
    large = np.asarray(Image.fromarray(gaps).resize(grey.size, Image.Resampling.BICUBIC))
    share = (np.clip(np.abs(large) / strength, 0, 1) * STRONGEST)[..., None]
    colour = np.where(large[..., None] > 0, np.array(ABOVE, np.float32), np.array(BELOW, np.float32))
    film = np.asarray(grey, np.float32)[..., None]
    return Image.fromarray(np.rint(film * (1 - share) + colour * share).astype(np.uint8))


def _uri(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
