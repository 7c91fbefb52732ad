"""Looks at a bundle's heat maps on labelled films: deletion, corners, planted markers; the composition of `maps`.

Films go through the gate as in the daemon; what it refuses has no map and is counted. Chance is each film's own, by its
content, so that a film is treated alike whichever films stand beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.bundle import point_for
from models.contract import VERSIONS, Preprocessing
from models.gate import findings
from models.radiograph import Radiograph, UnreadableFilm, read_radiograph
from models.scorer import Scorer
from trainer.evidence.scoring import UNREADABLE, population_of
from trainer.maps.deletion import DRAWS, Drops, Look, deletion_figures, drops_of
from trainer.maps.markers import Marker, Planted, marker_figures, plant
from trainer.maps.masks import Fill
from trainer.maps.places import is_near, place_figures

if TYPE_CHECKING:
    from models.bundle import Bundle
    from models.heatmap import Cells
    from trainer.data.films import Film

SCHEMA: Final = 1
Report = Callable[[int, int], None]  # films done, films


@dataclass(slots=True)
class _Found:
    """What was seen so far."""

    above: list[Cells] = field(default_factory=list)
    below: list[Cells] = field(default_factory=list)
    drops: list[Drops] = field(default_factory=list)
    planted: dict[Marker, list[Planted]] = field(default_factory=lambda: {marker: [] for marker in Marker})
    left_out: Counter[str] = field(default_factory=Counter)


def check_maps(
    films: Sequence[Film], bundle: Bundle, report: Report, *, draws: int = DRAWS, fill: Fill = Fill.BLUR
) -> dict[str, Any]:
    """The figures of a bundle's maps, as JSON can hold them.

    Args:
        films: of both classes.
        bundle: whose network, preprocessing and thresholds are used.
        report: told after each film.
        draws: random masks of either kind a film.
        fill: what is put under a mask.
    """
    scorer, preprocess, found = Scorer(bundle), VERSIONS[bundle.preprocessing], _Found()

    def look(tensor: Any) -> Cells:
        return scorer.score(tensor).map

    for number, film in enumerate(films, 1):
        try:
            radiograph = read_radiograph(film.path.read_bytes())
        except (UnreadableFilm, OSError):
            found.left_out[UNREADABLE] += 1
        else:
            refused = findings(radiograph)
            if refused:
                found.left_out[refused[0].code.value] += 1
            else:
                threshold = point_for(bundle.points, population_of(film, radiograph, None)).threshold
                _look_at(film, radiograph, threshold, look, preprocess, found, draws, fill)
        report(number, len(films))
    return {
        "schema": SCHEMA,
        "fill": fill.value,
        "draws": draws,
        "films": len(films),
        "left_out": dict(found.left_out),
        "deletion": deletion_figures(found.drops),
        "places": {"at_or_above": place_figures(found.above), "below": place_figures(found.below)},
        "markers": {marker.value: marker_figures(found.planted[marker]) for marker in Marker},
    }


def _look_at(
    film: Film,
    radiograph: Radiograph,
    threshold: float,
    look: Look,
    preprocess: Preprocessing,
    found: _Found,
    draws: int,
    fill: Fill,
) -> None:
    rng = np.random.default_rng(int(film.sha256[:16], 16))
    tensor = preprocess(radiograph)
    cells = look(tensor)
    logit = float(np.mean(cells, dtype=np.float64))
    above = logit >= threshold
    (found.above if above else found.below).append(cells)
    if above:
        found.drops.append(drops_of(look, tensor, cells, rng, draws, fill))
    if film.label or above:
        return
    for marker, planted in found.planted.items():
        frame = preprocess.frame(*radiograph.pixels.shape)
        pixels, corner = plant(radiograph.pixels, frame, marker, rng)
        after = look(preprocess(replace(radiograph, pixels=pixels)))
        row, column = (end % side for end, side in zip(corner, cells.shape, strict=True))
        attracted = is_near(after, row, column) and not is_near(cells, row, column)
        planted.append(Planted(logit, float(np.mean(after, dtype=np.float64)), threshold, attracted))
