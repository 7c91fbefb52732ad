"""The queue and the account as plain data, as `queue` and `account` print them and other programs read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from daemon.triage.cells import cell, instant
from daemon.triage.order import QueueImage, QueueStudy
from db.states import PENDING, State

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.triage.rules import Site
    from db.records import BundleRow

SCHEMA: Final = 1
UNKNOWN: Final = "unknown"  # nobody said who is on the film
WITHDRAWN: Final = "withdrawn"
NOT_ACCEPTED: Final = {"accepted": False, "sentence": "not accepted at this site", "populations": {}}
NOT_SCORED: Final = frozenset({State.REFUSED, State.FAILED})
ROW: Final = (
    "rank",
    "study",
    "accession",
    "band",
    "blind",
    "policy",
    "accepted",
    "urgency",
    "overdue",
    "backlog",
    "probability",
    "prevalence",
    "logit",
    "tier",
    "population",
    "view",
    "age_years",
    "arrived_at",
    "acquired_at",
    "state",
    "code",
    "marks",
    "images",
    "path",
)
_OF_STUDY: Final = ROW[: ROW.index("state")]  # the rest is of the image that speaks for it


def queue_document(
    studies: Iterable[QueueStudy],
    *,
    generated_at: datetime,
    bundle: BundleRow | None,
    account: Mapping[str, Any],
    limit: int | None = None,
    site: Site | None = None,
    withdrawn: Iterable[QueueStudy] = (),
    acceptance: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The queue as one JSON object.

    Args:
        studies: in the order of the queue (`daemon.triage.order.order`).
        generated_at: aware.
        bundle: the newest bundle that scored, or None when nothing was scored yet.
        account: what `account_document` gives.
        withdrawn: waiting studies of which every image was taken back, in any order.
        site: the prevalences that the site has set; each study says at which its probability holds.
        acceptance: how the bundle stands at this site (`daemon.acceptance.words`); None: not accepted.
        limit: how many studies `queue` lists, all when None; all other keys always cover the whole queue.

    Returns:
        ``json.dumps`` takes it as it is; with its default ``ensure_ascii`` surrogate escapes in paths survive.
    """
    waiting = studies if isinstance(studies, list | tuple) else list(studies)
    return {
        "schema": SCHEMA,
        "generated_at": instant(generated_at),
        "bundle": None if bundle is None else {"name": bundle.name, "sha256": bundle.model_sha256},
        "acceptance": dict(acceptance or NOT_ACCEPTED),
        "site_prevalence": {str(who or UNKNOWN): share for who, share in (site or {}).items()},
        "account": dict(account),
        "waiting": len(waiting),
        "queue": [queue_entry(rank, study) for rank, study in enumerate(waiting[:limit], 1)],
        "withdrawn": [withdrawn_entry(study) for study in sorted(withdrawn, key=lambda study: study.study)],
        "not_scored": [not_scored_entry(study, image) for study, image in not_scored(waiting)],
        "marked": [marked_entry(study, image) for study, image in marked(waiting)],
    }


def account_document(counts: Mapping[State, int], *, seen: int | None = None) -> dict[str, Any]:
    """The sum that must hold: seen = scored + refused + failed + duplicate + superseded + vanished + pending.

    Args:
        counts: arrivals by state.
        seen: how many arrivals the history knows, counted apart from `counts`; without it the sum of `counts`, and
            then the balance is true by construction.
    """
    parts = {str(state): counts.get(state, 0) for state in State if state not in PENDING}
    parts["pending"] = sum(counts.get(state, 0) for state in PENDING)
    total = sum(counts.values()) if seen is None else seen
    return {"seen": total, **parts, "balanced": total == sum(parts.values())}


def queue_entry(rank: int, study: QueueStudy) -> dict[str, Any]:
    """One waiting study with all of its images, the highest first; `rank` counts from 1."""
    highest = study.images[0]
    return {
        "rank": rank,
        "study": study.study,
        "accession": study.accession,
        "band": None if study.blind else str(study.band),
        "blind": study.blind,
        "policy": None if study.policy is None else str(study.policy),
        "accepted": study.accepted,
        "urgency": str(study.urgency),
        "overdue": study.overdue,
        "backlog": study.backlog,
        "probability": study.probability,
        "prevalence": study.prevalence,
        "logit": study.logit,
        "tier": study.tier,
        "population": None if study.population is None else str(study.population),
        "view": highest.view,
        "age_years": highest.age_years,
        "arrived_at": instant(study.arrived_at),
        "acquired_at": study.acquired_at,
        "images": [_image_entry(image) for image in study.images],
    }


def not_scored(studies: Iterable[QueueStudy]) -> Iterator[tuple[QueueStudy, QueueImage]]:
    """Every refused or failed image of the waiting studies; it is to be read without a score."""
    for study in studies:
        for image in study.images:
            if image.state in NOT_SCORED and image.withdrawn_at is None:
                yield study, image


def marked(studies: Iterable[QueueStudy]) -> Iterator[tuple[QueueStudy, QueueImage]]:
    """Every image of the waiting studies that was scored, and marked with what speaks against that."""
    for study in studies:
        for image in study.images:
            if image.marks:
                yield study, image


def marked_entry(study: QueueStudy, image: QueueImage) -> dict[str, Any]:
    """One marked image, with the score that ranks it nowhere."""
    return {
        "path": image.path,
        "blind": image.blind,
        "study": study.study,
        "accession": study.accession,
        "codes": list(image.marks),
        "probability": image.probability,
        "prevalence": image.prevalence,
        "accepted": image.accepted,
        "logit": image.logit,
    }


def not_scored_entry(study: QueueStudy, image: QueueImage) -> dict[str, Any]:
    """One image that has no score, with the reason."""
    return {
        "path": image.path,
        "state": str(image.state),
        "code": image.code,
        "message": image.message,
        "study": study.study,
        "accession": study.accession,
        "attempts": image.attempts,
        "arrived_at": instant(image.arrived_at),
    }


def withdrawn_entry(study: QueueStudy) -> dict[str, Any]:
    """One study of which every image was taken back; it is listed until it is marked as read."""
    return {
        "study": study.study,
        "blind": study.blind,
        "accession": study.accession,
        "urgency": str(study.urgency),
        "arrived_at": instant(study.arrived_at),
        "images": [_image_entry(image) for image in study.images],
    }


def queue_rows(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The queue of a document as rows of text under the names of `ROW`, one a study, safe to print and to open.

    Bytes that are not UTF-8 become backslash escapes, and a text that a spreadsheet would take for a formula gets an
    apostrophe in front. Studies of which every image was taken back stand at the end, without a rank, in the band
    `withdrawn`.
    """
    for entry in document["queue"]:
        highest = entry["images"][0]
        row = {name: cell(entry[name]) for name in _OF_STUDY}
        row["state"], row["code"] = highest["state"], cell(highest["code"])
        row["marks"], row["images"] = " ".join(highest["marks"]), str(len(entry["images"]))
        row["path"] = cell(highest["path"])
        yield row
    for entry in document["withdrawn"]:
        first = entry["images"][0]
        values = {**entry, "band": WITHDRAWN, "images": len(entry["images"])}
        values |= {"state": first["state"], "code": first["code"], "path": first["path"]}
        yield {name: cell(values.get(name)) for name in ROW}


def _image_entry(image: QueueImage) -> dict[str, Any]:
    return {
        "path": image.path,
        "sha256": image.sha256,
        "state": str(image.state),
        "code": image.code,
        "message": image.message,
        "probability": image.probability,
        "prevalence": image.prevalence,
        "policy": None if image.policy is None else str(image.policy),
        "logit": image.logit,
        "marks": list(image.marks),
        "blind": image.blind,
        "observed": image.observed,
        "duplicates": list(image.duplicates),
        "removed_at": None if image.removed_at is None else instant(image.removed_at),
        "withdrawn_at": None if image.withdrawn_at is None else instant(image.withdrawn_at),
    }
