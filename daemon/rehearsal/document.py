"""A rehearsal as a document and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.compare import Comparison, Way
from daemon.triage.cells import instant

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

SCHEMA: Final = 1
NAMES: Final = {"in_turn": "in turn", "pneumonia": "verdict: pneumonia", "not": "verdict: not"}
NAMED: Final = 10  # overdue studies that the text names


def document(
    found: Comparison, span: tuple[datetime, datetime], changed: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What `rehearse --format json` prints; waits are minutes of the clock."""
    return {
        "schema": SCHEMA,
        "generated_at": instant(now),
        "window_start": instant(span[0]),
        "window_end": instant(span[1]),
        "changed": dict(changed),
        "groups": {
            name: {"studies": found.studies[name]} | {str(way): _rounded(asdict(each)) for way, each in ways.items()}
            for name, ways in found.waits.items()
        },
        "moved": _rounded(asdict(found.moves)),
        "band_changes": [{"from": one, "to": two, "studies": number} for (one, two), number in found.bands.items()],
        "urgency_changes": found.urgencies,
        "overdue": {str(way): list(keys) for way, keys in found.overdue.items()},
    }


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: round(value, 1) for key, value in values.items()}


def lines(told: Mapping[str, Any], found: Comparison, span: tuple[datetime, datetime], zone: ZoneInfo) -> Iterator[str]:
    """The same for people; times in the site's zone."""
    start, end = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}" for moment in span)
    yield f"{found.studies['all']:,} studies first read from {start} to {end}, read anew in the same moments"
    if not found.studies["all"]:
        return
    if bundle := told["changed"].get("bundle"):
        yield f"by the other bundle: {bundle['films']:,} films to score, {bundle['missing']:,} of them not to be had"
    yield "minutes waited: as it happened -> by the rules as they are -> by the other rules"
    yield ""
    yield f"{'':<19}{'studies':>8}  {'mean':>23}  {'95 of 100':>23}  {'longest':>23}"
    for name, ways in found.waits.items():
        cells = (
            " -> ".join(f"{getattr(ways[way], figure):,.0f}" for way in Way) for figure in ("mean", "p95", "longest")
        )
        yield f"{NAMES.get(name, name):<19}{found.studies[name]:>8,}  " + "  ".join(f"{cell:>23}" for cell in cells)
    yield ""
    moves = found.moves
    yield (
        f"from the rules as they are to the other ones {moves.studies:,} moved"
        + f", by {moves.places:,.1f} places and {moves.minutes:,.0f} min on average, "
        f"{moves.most_places:,} and {moves.most_minutes:,.0f} at most" * (moves.studies > 0)
    )
    for change in told["band_changes"]:
        one, two = (NAMES.get(change[key], change[key]) for key in ("from", "to"))
        yield f"band {one} -> {two}: {change['studies']:,}"
    if found.urgencies:
        yield f"another urgency: {found.urgencies:,}"
    yield "overdue when read, by the limits as they are: " + " -> ".join(f"{len(found.overdue[way]):,}" for way in Way)
    yield from _named("only by the other rules", found.overdue[Way.OTHERWISE], found.overdue[Way.RULED])
    yield from _named("no longer by the other rules", found.overdue[Way.RULED], found.overdue[Way.OTHERWISE])


def _named(what: str, here: Sequence[str], there: Sequence[str]) -> Iterator[str]:
    only = sorted(set(here) - set(there))
    if only:
        more = f", and {len(only) - NAMED:,} more" if len(only) > NAMED else ""
        yield f"  {what}: {', '.join(only[:NAMED])}{more}"
