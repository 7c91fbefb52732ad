"""Heat maps of films that were scored: the map as it was kept, or made again, and its picture.

It stores nothing. What it says of a score is what the queue says; a film without a score has no map.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from daemon.acceptance.standing import Acceptance
from daemon.acceptance.words import ACCEPTED, NOT_ACCEPTED
from daemon.errors import DaemonError
from daemon.followup.naming import places_of
from daemon.intake.reading import REMEDIES, Content, read_file
from daemon.triage.rules import Judged, Site
from daemon.waiting import rules_of_row
from db import images, studies
from db.identity import Identity
from db.images import Image
from db.records import BundleRow, Result
from db.states import State
from models.bundle import Bundle
from models.contract import VERSIONS, Frame
from models.heatmap import Cells
from models.overlay import overlay
from models.population import Population
from models.radiograph import WHOLE, Radiograph, UnreadableFilm, read_radiograph
from models.scorer import Scorer

_SHOW: Final = "show heat map"
BLIND: Final = ("its study is read without its score", "record a verdict with `cxr-triage review` first")


@dataclass(frozen=True, slots=True)
class Heat:
    """The map of one image that has a score.

    Attributes:
        cells: parts of the logit by place; their mean is the logit.
        again: whether the film was scored again for it, because no map was kept.
    """

    image: Image
    result: Result
    bundle: BundleRow
    judged: Judged
    cells: Cells
    again: bool


def images_of(tx: Connection, text: str, identity: Identity) -> list[Image]:
    """The images that somebody means: all of a study (by its id or accession), or the one at a path.

    Raises:
        DaemonError: nothing of that name was seen, or several studies have this accession.
    """
    names = identity.names(text)
    several = studies.with_accession(tx, *names)
    if len(several) > 1:
        keys = ", ".join(study.key for study in several)
        raise DaemonError("find study", text, f"the accession belongs to {keys}", "name one of them by its id")
    study = studies.resolve(tx, text, *names)
    found = [image for place in places_of(tx, text) if (image := images.at(tx, place)) is not None]
    if found and (study is None or text.upper() != study.key):
        return found
    if study is None:
        raise DaemonError("find study", text, "nothing of that name was seen", "give an id from `cxr-triage queue`")
    of_study = images.of_study(tx, study.id)
    if not of_study:
        raise DaemonError(_SHOW, study.key, "none of its images was scored yet", "wait until one is")
    return of_study


def heat_of(image: Image, site: Site, acceptance: Acceptance, bundle: Callable[[], Bundle]) -> Heat:
    """The map of an image.

    Args:
        image: as the store has it.
        site: the site's prevalences, as for the queue.
        acceptance: how the bundle in use stands.
        bundle: asked for what scores only where no map was kept.

    Raises:
        DaemonError: the image has no score, or its map was not kept and cannot be made again.
    """
    result, row = image.result, image.bundle
    if image.arrival.state is not State.SCORED or result is None or row is None or not math.isfinite(result.logit):
        raise DaemonError(_SHOW, image.place.absolute, *_unscored(image))
    if image.blind:
        raise DaemonError(_SHOW, image.place.absolute, *BLIND)
    facts = image.arrival.facts
    population = Population(facts.population) if facts.population else None
    judged = rules_of_row(row, site, acceptance).judged(result.logit, population, facts.age_years)
    kept = _kept(result.map)
    cells = kept if kept is not None else _scored_again(image, result, bundle())
    return Heat(image, result, row, judged, cells, again=kept is None)


def film_of(image: Image) -> Radiograph:
    """The film at its full size; only bytes that a confined worker has decoded before are decoded here.

    Raises:
        DaemonError: the file is gone, was changed, or cannot be read.
    """
    return _decoded(image, WHOLE)


def picture_of(heat: Heat, film: Radiograph) -> NDArray[np.uint8]:
    """The film with its map over it, uint8 (height + legend, width, 3)."""
    study = heat.image.study
    about = f"{study.key if study else 'no study'}, {band_words(heat.judged)}, model {heat.bundle.name}"
    return overlay(film.pixels, heat.cells, frame_of(heat, film), [about, accepted_words(heat.judged)])


def band_words(judged: Judged) -> str:
    """The band as a person reads it."""
    return f"band {judged.band}".replace("_", " ") + (" (ordered)" if judged.policy == "ordered" else "")


def accepted_words(judged: Judged) -> str:
    """Whether the site accepted the bundle that gave the score."""
    return ACCEPTED if judged.accepted else NOT_ACCEPTED


def frame_of(heat: Heat, film: Radiograph) -> Frame:
    """What the network saw of the film, in pixels of its stored size."""
    return VERSIONS[heat.result.preprocessing].frame(*film.pixels.shape)


def _unscored(image: Image) -> tuple[str, str]:
    """Cause and remedy of an image that has no map."""
    arrival = image.arrival
    if arrival.state in (State.REFUSED, State.FAILED):
        return f"it has no score: {arrival.state} ({arrival.code})", "read it normally; `cxr-triage history` tells more"
    if arrival.state is State.SUPERSEDED:
        return "a newer version of the image took its place", "give the study; `cxr-triage history` tells more"
    return f"it has no score: {arrival.state}", "wait until it is scored; `cxr-triage history` tells more"


def _kept(data: bytes | None) -> Cells | None:
    """The map as `daemon.intake.recording` keeps it: float32, little endian, row by row, as many rows as columns."""
    if data is None:
        return None
    cells = np.frombuffer(data, "<f4").astype(np.float32)
    side = math.isqrt(cells.size)
    return cells.reshape(side, side) if side and side * side == cells.size else None


def _scored_again(image: Image, result: Result, bundle: Bundle) -> Cells:
    if bundle.model_sha256 != result.model_sha256 or bundle.preprocessing != result.preprocessing:
        cause = f"its map was not kept, and {bundle.name} is not the model that scored it"
        raise DaemonError(_SHOW, image.place.absolute, cause, "give that model with --bundle")
    preprocess = VERSIONS[bundle.preprocessing]
    return Scorer(bundle).score(preprocess(_decoded(image))).map


def _decoded(image: Image, *least_side: int) -> Radiograph:
    path = Path(image.place.absolute)
    content = read_file(path)
    if not isinstance(content, Content):
        raise DaemonError(_SHOW, path, content.cause, REMEDIES[content.problem])
    if content.sha256 != image.arrival.sha256:
        raise DaemonError(_SHOW, path, "it is not the content that was scored", "run `cxr-triage scan`, then try again")
    try:
        return read_radiograph(content.data, *least_side)
    except UnreadableFilm as error:
        raise DaemonError(_SHOW, path, error.cause, error.remedy) from error
