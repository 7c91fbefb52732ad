"""The page of a collection: what it is, how it was chosen, what was taken out, what a person must do; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from daemon.collect.blanking import RIM
from daemon.collect.choosing import Reason, Wish
from daemon.collect.developing import OLDEST, LeftOut
from daemon.collect.manifest import FILMS, MANIFEST, UNLABELLED
from models.version import VERSION

if TYPE_CHECKING:
    from daemon.collect.collecting import Collected

NAME: Final = "README.txt"
REASONS: Final = {
    Reason.MISSED: "below the operating point, and the reader saw pneumonia",
    Reason.CALLED: "at or above the operating point, and the reader saw no pneumonia",
    Reason.REFUSED: "nothing of the study was scored, and a reader could read it",
    Reason.RANDOM: "drawn by chance",
    Reason.NAMED: "named by who made the collection",
}
LEFT: Final = {
    LeftOut.GONE: "not there any more, or not to be read",
    LeftOut.CHANGED: "another content than the one that was judged",
    LeftOut.UNREADABLE: "could not be decoded",
    LeftOut.FAILED: "decoding took too long, too much memory or the process's life",
    LeftOut.ANNOTATED: "the file itself says that something is written on the picture",
    LeftOut.SECONDARY: "secondary capture: a picture of a screen or of paper",
    LeftOut.COLOUR: "in colour",
    LeftOut.FRAMES: "several frames",
    LeftOut.WRITING: "what looks like writing lies where it cannot be blanked, or is left",
}


def terms(collected: Collected, wish: Wish, side: int) -> str:
    """The page, as plain text."""
    return "\n".join(_lines(collected, wish, side)) + "\n"


def _lines(collected: Collected, wish: Wish, side: int) -> Iterator[str]:
    yield f"Chest radiographs for cxr-trainer, collected by cxr-triage {VERSION}."
    yield ""
    yield "BEFORE THIS FOLDER LEAVES THE HOUSE A PERSON MUST LOOK AT EVERY PICTURE IN IT."
    yield "Writing is found by the shape of strokes, and not all of it: faint, slanted, handwritten or very large"
    yield "writing can be missed. What lies on the body (jewellery, implants, rare anatomy) can tell who it is, too."
    yield "Pictures of patients stay patient data: whether they may leave is for your privacy officer to say."
    yield ""
    yield f"{len(collected.taken)} films, {collected.patients} patients as far as files tell them apart."
    for label, count in sorted(collected.labelled.items()):
        yield f"  {count} {label}, in {MANIFEST}"
    yield f"  {len(collected.taken) - sum(collected.labelled.values())} without such a label, in {UNLABELLED}"
    yield "A label is the reader's last verdict on the whole study, given to each of its films. NORMAL means: no"
    yield "pneumonia was seen; other findings may be there."
    yield ""
    yield "How the cases (studies) were chosen"
    yield from _choice(collected, wish)
    yield "Disagreements are no random sample: no rate, no sensitivity and no specificity follows from them."
    yield "To estimate anything, use the rows whose column `probability` is filled, and those alone."
    yield ""
    yield "What is in it"
    yield f"  {FILMS}/*.png: grey, 16 bits, the longer side {side} pixels at most; nothing but pixels. Their order is"
    yield "  that of a shuffle. Of headers there is the age (full years; over 89 is 90) and the view (PA, AP)."
    yield "  `patient` is a number of this collection alone: films that share a patient's identifier or a study. No"
    yield "  key is kept, so two collections cannot be joined by patient: make one where you need one."
    yield ""
    yield "What was taken out"
    yield "  Every tag, private ones too, names and identifiers, dates, file and folder names, overlays, thumbnails."
    blanked = sum(film.blanked > 0 for film in collected.taken)
    yield f"  What looks like writing within {RIM:.0%} of a side from an edge was blanked, side markers too:"
    yield f"  on {blanked} films. Ages over 89 read {OLDEST}."
    yield ""
    yield f"What was left out: {sum(collected.left_out.values())} films"
    for reason, count in sorted(collected.left_out.items()):
        yield f"  {count} {reason}: {LEFT[reason]}"


def _choice(collected: Collected, wish: Wish) -> Iterator[str]:
    counts = Counter(reason for chosen in collected.choice.cases for reason in chosen.reasons)
    if wish.since is not None or wish.until is not None:
        yield f"  whose last film came from {_day(wish.since)} until {_day(wish.until)} (named cases: any time)"
    for reason, text in REASONS.items():
        if counts[reason]:
            yield f"  {counts[reason]} {reason}: {text}"
    choice = collected.choice
    if choice.drawn:
        yield f"  By chance: {choice.drawn} of {choice.of} cases that have a score, without replacement, each with"
        yield f"  probability {choice.probability:.6g}; seed {wish.seed}. What was left out below is missing from it,"
        yield "  and films with pneumonia can be left out more often than others: no prevalence follows from it."


def _day(time: datetime | None) -> str:
    return "any time" if time is None else time.date().isoformat()
