"""The pictures of an explanation: what the network saw, and its map over the film. Writes them; decodes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.errors import DaemonError
from daemon.explain import inside
from daemon.explain.asking import Asked, Stop, answered
from daemon.explain.insight import read_developed
from daemon.followup.heat import band_words
from daemon.followup.heat_files import check_place, write_picture
from daemon.intake.workers import WorkerDied
from models.contract import VERSIONS
from models.overlay import overlay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.explain.explanation import Explanation
    from daemon.settings import Settings
    from daemon.triage.rules import Judged
    from models.bundle import Bundle

SHOWN_SIDE: Final = 896  # pixels at least: 4 times 224, 7 times 128
_WRITE: Final = "write picture"


def check_folder(folder: Path, film: Path, settings: Settings) -> None:
    """Say before the work that pictures cannot be put there.

    Raises:
        DaemonError: it is no folder, or one in which a picture would arrive as a film: that of the film, or a
            configured one.
    """
    check_place(folder / "picture.png", (str(root.path) for root in settings.root), _WRITE)
    if os.path.realpath(folder) == os.path.realpath(film.absolute().parent):
        raise DaemonError(_WRITE, folder, "the film itself lies there", "give a folder apart from films")


def names_of(sha256: str) -> tuple[str, str]:
    """The files of a film's two pictures: by its content, so that pictures of two films are never taken for a pair."""
    return f"{sha256[:12]}-model.png", f"{sha256[:12]}-heatmap.png"


def seen_by_model(tensor: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A tensor, (side, side), enlarged by a whole number, each of its pixels a square."""
    times = -(-SHOWN_SIDE // len(tensor))
    return tensor.repeat(times, axis=0).repeat(times, axis=1)


def write_pictures(
    explained: Explanation, judged: Judged | None, bundle: Bundle, folder: Path, pool: Asked, stop: Stop
) -> dict[str, str | None]:
    """Write what there is of a film's pictures.

    Args:
        explained: the film.
        judged: its score; None: it has no heat map.
        bundle: that scored it.
        folder: that is there.
        pool: with no other film: the whole film is developed by a worker, too.
        stop: asked often.

    Returns:
        The paths as `model` and `heatmap`; None for what there is not, and then `reason` says why.

    Raises:
        DaemonError: the disk refused, or the workers cannot work.
    """
    written: dict[str, str | None] = {"model": None, "heatmap": None, "reason": None}
    content, insight, cells = explained.content, explained.insight, explained.answer.map
    if content is None or insight is None or insight.tensor is None:
        return {**written, "reason": "there is no picture that the model came to see"}
    model, heatmap = (folder / name for name in names_of(content.sha256))
    write_picture(seen_by_model(insight.tensor), model, _WRITE)
    written["model"] = str(model)
    if judged is None or cells is None:
        return {**written, "reason": "a film without a score has no heat map"}
    film = answered(pool, inside.developed, read_developed, content.data, stop=stop)
    if film is None or isinstance(film, WorkerDied):
        cause = "interrupted" if film is None else film.cause
        return {**written, "reason": f"the whole film could not be developed for a heat map: {cause}"}
    frame = VERSIONS[bundle.preprocessing].frame(*film.shape)
    about = f"explained, {band_words(judged)}, model {bundle.name}"
    grey = film.astype(np.float32) / np.float32(255.0)
    write_picture(overlay(grey, cells, frame, [about]), heatmap, _WRITE)
    return {**written, "heatmap": str(heatmap)}
