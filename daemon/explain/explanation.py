"""Explains one film: what the daemon would answer, and everything that was seen on the way. It stores nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.errors import DaemonError
from daemon.explain import inside
from daemon.explain.asking import Asked, Stop, answered, message_of
from daemon.explain.insight import Insight, read
from daemon.intake import wire
from daemon.intake.reading import REMEDIES, Content, ReadProblem, Unread, largest_bytes, read_file
from daemon.intake.worker import Outcome, Verdict
from daemon.intake.workers import WorkerDied, judged
from daemon.settings import RootSettings, Settings
from db.records import FilmFacts
from models.population import Population
from models.radiograph import MAX_BYTES

_PASSES: Final = frozenset({ReadProblem.CHANGING, ReadProblem.SHORTAGE})  # no verdict on the file


@dataclass(frozen=True, slots=True)
class Place:
    """Where a film lies, and what follows from that.

    Attributes:
        root: the configured folder that it lies in, None outside of all.
        taken: whether the daemon looks at a file of this name there.
        declared: who is on it where it states no age.
        largest: bytes of a file that is still read.
    """

    path: Path
    root: RootSettings | None = None
    taken: bool = True
    declared: Population | None = None
    largest: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Explanation:
    """A film, explained.

    Attributes:
        content: its bytes; None where it gave none.
        answer: what the daemon would answer, where nothing of this content came before.
        insight: what was seen on the way; None where nobody could look, or looking took a worker with it.
        unseen: why there is no insight, in words.
    """

    place: Place
    content: Content | None
    answer: Outcome
    insight: Insight | None = None
    unseen: str | None = None


def place_of(path: Path, settings: Settings, population: str | None) -> Place:
    """Where a film lies; what the command line says of its population wins."""
    said = None if population is None else Population(population)
    real = Path(os.path.realpath(path.absolute().parent), path.name)  # the film itself may be a link
    for root in settings.root:
        folder = os.path.realpath(root.path)
        if real.is_relative_to(folder) and real != Path(folder):
            taken = root.selection.takes(os.fspath(real.relative_to(folder)))
            return Place(path, root, taken, said or root.population, largest_bytes(root.largest_mib))
    return Place(path, declared=said)


def explain(
    place: Place, pool: Asked, stop: Stop, read_film: Callable[[Path], Content | Unread] = read_file
) -> Explanation | None:
    """Have a film judged and looked through; None where it was stopped.

    Raises:
        DaemonError: there is no such file, it is a folder, it changes while it is read, or the workers cannot work.
    """
    content = _read(place, read_film)
    if not isinstance(content, Content):
        message = f"{content.cause}; {REMEDIES[content.problem]}"
        outcome = Outcome(Verdict.FAILED, FilmFacts(), 0.0, code=content.problem.value, message=message)
        return Explanation(place, None, outcome, unseen="it gave no content")
    answer = answered(pool, judged, wire.read, content.data, place.declared, stop=stop)
    if answer is None:
        return None
    if isinstance(answer, WorkerDied):
        outcome = Outcome(Verdict.FAILED, FilmFacts(), 0.0, code=answer.code, message=message_of(answer))
        return Explanation(place, content, outcome, unseen="it took every worker with it")
    # It is looked through after that, and to the end: a picture that takes a worker with it may never be decoded there.
    insight = answered(pool, inside.explained, read, content.data, place.declared, stop=stop)
    if insight is None:
        return None
    if isinstance(insight, WorkerDied):
        return Explanation(place, content, answer, unseen=f"{insight.cause}, which the daemon does not come to")
    return Explanation(place, content, answer, insight)


def _read(place: Place, read_film: Callable[[Path], Content | Unread]) -> Content | Unread:
    path = place.path
    try:
        status = path.lstat()
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        cause = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DaemonError("explain", path, cause, "give a file that is there") from error
    if stat.S_ISDIR(status.st_mode):
        raise DaemonError("explain", path, "it is a folder", "give a file; `cxr-triage survey` counts a folder's films")
    if stat.S_ISREG(status.st_mode) and status.st_size > place.largest:
        cause = f"it has {status.st_size / 2**20:,.0f} MiB, over the limit of {place.largest / 2**20:g}"
        return Unread(ReadProblem.TOO_LARGE, cause)
    content = read_film(path)
    if isinstance(content, Unread) and content.problem is ReadProblem.GONE:
        raise DaemonError("explain", path, content.cause, "give a file that is there")
    if isinstance(content, Unread) and content.problem in _PASSES:
        raise DaemonError("explain", path, content.cause, "wait until that has passed, then try again")
    return content
