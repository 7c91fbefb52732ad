"""Scores films that are still there by another bundle, for a rehearsal: the answers go nowhere else.

Each film has the workers to itself, so that whatever dies with it is its own death. What is gone, what has other
content by now and what is read blind keeps the score that it has: a blind film is never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.explain.asking import Asked, Stop, answered
from daemon.intake import wire
from daemon.intake.reading import Content, Unread, read_file
from daemon.intake.worker import Outcome
from daemon.intake.workers import judged
from daemon.rehearsal.gather import OTHER
from db.states import State
from models.population import Population

if TYPE_CHECKING:
    from db.records import WaitingImage


@dataclass(frozen=True, slots=True)
class Rescored:
    """What came of it.

    Attributes:
        images: all of them, with the answers of the other bundle where there is one.
        films: contents that were to be scored; blind ones are not among them.
        missing: of those, that could not be had: gone, changed or not to be read.
    """

    images: Sequence[WaitingImage]
    films: int
    missing: int


def rescored(
    images: Sequence[WaitingImage],
    pool: Asked,
    stop: Stop,
    tell: Callable[[int, int], None],
    read: Callable[[Path], Content | Unread] = read_file,
) -> Rescored | None:
    """Score every film once; None where it was stopped before the end.

    Args:
        images: of studies that were read.
        pool: workers with the other bundle.
        stop: asked often.
        tell: is called with how many of how many are done.
        read: gives the bytes of a file.

    Raises:
        DaemonError: the workers cannot work.
    """
    films = {_film(image): image for image in reversed(images) if not image.blind and image.sha256 is not None}
    answers = dict[tuple[str | None, str | None], Outcome | None]()
    missing = 0
    for number, (film, image) in enumerate(sorted(films.items(), key=lambda each: each[1].arrival_id)):
        tell(number, len(films))
        if stop():
            return None
        content = read(Path(image.absolute_path))
        if isinstance(content, Unread) or content.sha256 != image.sha256:
            missing += 1
            continue
        declared = Population(image.population) if image.population else None
        answer = answered(pool, judged, wire.read, content.data, declared, stop=stop)
        if answer is None:
            return None
        answers[film] = answer if isinstance(answer, Outcome) else None
    return Rescored([_with(image, answers) for image in images], len(films), missing)


def _film(image: WaitingImage) -> tuple[str | None, str | None]:
    return image.sha256, image.population


def _with(image: WaitingImage, answers: dict[tuple[str | None, str | None], Outcome | None]) -> WaitingImage:
    """An image as the other bundle has it; one that kills its worker is failed."""
    if image.blind or _film(image) not in answers:
        return image
    outcome = answers[_film(image)]
    state = State.FAILED if outcome is None else State(outcome.verdict.value)
    scored = outcome is not None and state is State.SCORED
    return replace(
        image,
        state=state,
        code=None if outcome is None else outcome.code,
        message=None,
        logit=outcome.logit if outcome is not None and scored else None,
        bundle_id=OTHER if scored else None,
        marks=outcome.facts.marks if outcome is not None and scored else None,
    )
