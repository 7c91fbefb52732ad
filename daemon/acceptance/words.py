"""How the bundle stands at this site, in words and as data; pure.

A name of the staff stands where people of the house look; what leaves it (mail, webhooks, logs) gets `told_outside`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from daemon.acceptance.standing import Acceptance, Ground, Standing
from daemon.triage.cells import instant

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

ACCEPTED: Final = "accepted at this site"
NOT_ACCEPTED: Final = f"not {ACCEPTED}"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHY: Final = {
    Ground.NEVER: "nobody has tested the bundle on this site's own films",
    Ground.FAILED: "it was tested on {day} and did not keep the limits",
    Ground.REVOKED: "the acceptance of {day} was revoked",
    Ground.LAPSED: "the acceptance of {day} lapsed on {end}",
    Ground.OTHER_BUNDLE: "the acceptance of {day} was of another bundle",
    Ground.DAMAGED: "the acceptance of {day} cannot be read",
    Ground.UNKNOWN: "the database could not be asked",
}
_DROPPED: Final = "; the points that were refitted then are no longer applied"


def sentence(acceptance: Acceptance, zone: ZoneInfo) -> str:
    """One sentence without its full stop, for whoever works with the list; the first letter is small."""
    return _joined(acceptance, zone, named=True)


def told_outside(acceptance: Acceptance, zone: ZoneInfo) -> str:
    """The same without a name."""
    return _joined(acceptance, zone, named=False)


def warnings(acceptance: Acceptance, zone: ZoneInfo) -> Iterator[str]:
    """What has to be said loudly: points that were refitted, and are not applied any more."""
    for who, standing in acceptance.standings.items():
        if standing.dropped:
            why = _why(standing, zone)
            yield f"Films of {who} are judged by the bundle's own points again: {why}. Run `cxr-triage accept` anew."


def acceptance_document(acceptance: Acceptance, zone: ZoneInfo) -> dict[str, Any]:
    """How the bundle stands, for JSON."""
    return {
        "accepted": acceptance.whole,
        "sentence": sentence(acceptance, zone),
        "populations": {str(who): _standing(standing) for who, standing in acceptance.standings.items()},
    }


def outside_document(acceptance: Acceptance, zone: ZoneInfo) -> dict[str, Any]:
    """The same for what is sent to others: no name in it."""
    return {"accepted": acceptance.whole, "sentence": told_outside(acceptance, zone)}


def _standing(standing: Standing) -> dict[str, Any]:
    row, ends = standing.row, standing.lapses_at
    return {
        "accepted": standing.accepted,
        "ground": str(standing.ground),
        "judgement": None if row is None else row.id,
        "at": None if row is None else instant(row.at),
        "by": None if row is None else row.by,
        "films": None if row is None else films_of(row.counts),
        "lapses_at": None if ends is None else instant(ends),
        "refitted": standing.point is not None,
    }


def _joined(acceptance: Acceptance, zone: ZoneInfo, *, named: bool) -> str:
    if not acceptance.standings:
        return f"{NOT_ACCEPTED}: {_WHY[Ground.NEVER]}"
    said = {who: _of(standing, zone, named=named) for who, standing in acceptance.standings.items()}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{who}: {words}" for who, words in said.items())


def _of(standing: Standing, zone: ZoneInfo, *, named: bool) -> str:
    row, ends = standing.row, standing.lapses_at
    if not standing.accepted or row is None or ends is None:
        return f"{NOT_ACCEPTED}: {_why(standing, zone)}{_DROPPED if standing.dropped else ''}"
    by = f" by {row.by}" if named else ""
    points = ", by points refitted here" if standing.point is not None else ""
    films = films_of(row.counts)
    return f"{ACCEPTED} on {day(row.at, zone)}{by} on {films:,} films{points} (lapses {day(ends, zone)})"


def _why(standing: Standing, zone: ZoneInfo) -> str:
    row, ends = standing.row, standing.lapses_at
    return _WHY[standing.ground].format(day=row and day(row.at, zone), end=ends and day(ends, zone))


def films_of(counts: str) -> int:
    """How many films, or studies, a judgement rests on."""
    try:
        found = json.loads(counts)
        return int(found["pneumonia"]) + int(found["without"])
    except (ValueError, KeyError, TypeError):
        return 0


def day(moment: datetime, zone: ZoneInfo) -> str:
    """25 Nov 2026."""
    local = moment.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
