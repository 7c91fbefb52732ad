"""From a choice to a folder: develops the films, numbers them, writes the lists and the page that explains them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daemon.collect.choosing import Choice, Chosen, Reason, Wish
from daemon.collect.darkroom import Darkroom, developed
from daemon.collect.developing import Developed, LeftOut
from daemon.collect.folder import Folder
from daemon.collect.manifest import LABELS, MANIFEST, UNLABELLED, Taken, lists, patients
from daemon.collect.terms import NAME, terms
from daemon.errors import DaemonError
from db.cases import CaseImage


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one film: the number that it has in the collection, or why it has none."""

    chosen: Chosen
    film: CaseImage
    number: int | None
    left_out: LeftOut | None


@dataclass(frozen=True, slots=True)
class Collected:
    """What was done.

    Attributes:
        fates: of every film of the chosen cases, in the order of the cases in the store.
        taken: in the order of their numbers.
    """

    choice: Choice
    fates: tuple[Fate, ...]
    taken: tuple[Taken, ...]

    @property
    def left_out(self) -> Counter[LeftOut]:
        """Films by reason."""
        return Counter(fate.left_out for fate in self.fates if fate.left_out is not None)

    @property
    def labelled(self) -> Counter[str]:
        """Films by label."""
        return Counter(LABELS[film.verdict] for film in self.taken if film.verdict in LABELS)

    @property
    def patients(self) -> int:
        """How many there are, as far as films say whose they are."""
        return max(patients(self.taken), default=0)


def collect(
    choice: Choice,
    wish: Wish,
    out: Path,
    room: Darkroom,
    *,
    side: int,
    ahead: int,
    chance: random.Random,
    stop: Callable[[], bool],
    progress: Callable[[int, int], None],
) -> Collected:
    """Write a collection.

    Args:
        choice: the cases.
        wish: what they were chosen by, for the page that goes with them.
        out: a place that `check_place` had nothing against.
        room: develops films.
        side: of the pictures, in pixels, at most.
        ahead: films at a time.
        chance: shuffles the cases, so that no number says what came before what; not to be guessed.
        stop: asked often; a true answer ends the work, and nothing is left behind.
        progress: told how many of how many films are done.

    Raises:
        KeyboardInterrupt: `stop` said so.
        DaemonError: no film may be taken, or the disk refused.
    """
    order = list(choice.cases)
    chance.shuffle(order)
    where = {film.arrival_id: chosen for chosen in order for film in chosen.films}
    films = [film for chosen in order for film in chosen.films]
    fates: list[Fate] = []
    taken: list[Taken] = []
    with Folder(out) as folder:
        for film, result in developed(films, room, side, ahead, stop):
            chosen = where[film.arrival_id]
            if isinstance(result, LeftOut):
                fates.append(Fate(chosen, film, None, result))
            else:
                number = len(taken) + 1
                sha256 = folder.film(number, result.picture)
                taken.append(_taken(chosen, film, result, number, sha256, order.index(chosen) + 1, choice))
                fates.append(Fate(chosen, film, number, None))
            progress(len(fates), len(films))
        if stop():
            raise KeyboardInterrupt
        fates.sort(key=lambda fate: fate.film.arrival_id)
        collected = Collected(choice, tuple(fates), tuple(taken))
        if not taken:
            why = ", ".join(f"{count} {reason}" for reason, count in sorted(collected.left_out.items()))
            raise DaemonError("collect into", out, f"no film may be taken ({why})", "choose other cases")
        manifest, unlabelled = lists(taken)
        folder.text(MANIFEST, manifest)
        folder.text(UNLABELLED, unlabelled)
        folder.text(NAME, terms(collected, wish, side))
        folder.finish()
    return collected


def _taken(
    chosen: Chosen, film: CaseImage, result: Developed, number: int, sha256: str, case: int, choice: Choice
) -> Taken:
    ties = {("study", str(film.study_id))}
    ties |= {("patient", result.patient)} if result.patient else set()
    ties |= {("uid", result.study)} if result.study else set()
    return Taken(
        number=number,
        sha256=sha256,
        ties=frozenset(ties),
        age=result.age,
        view=result.view,
        population=film.population,
        verdict=chosen.case.verdict,
        blanked=result.blanked,
        case=case,
        reasons=chosen.reasons,
        probability=choice.probability if Reason.RANDOM in chosen.reasons else None,
    )
