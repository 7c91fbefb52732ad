"""`cxr-triage rehearse`: past nights, read anew under other rules."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import db_option, format_option, moment, printable, settings_of, store_of
from daemon.cli.progress import busy, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.rehearsal.gather import Thresholds
    from daemon.rehearsal.rescore import Rescored
    from daemon.settings import Settings
    from daemon.waiting import Kept
    from db.records import WaitingImage


def _logits(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, float]:
    del context, parameter
    found = dict[str, float]()
    for text in value:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise click.BadParameter("write it as adults=-0.5, a logit as in bundle.json") from None
        if name not in {"adults", "children"} or not math.isfinite(found[name]):
            raise click.BadParameter("write it as adults=-0.5 or children=1.2, a logit as in bundle.json")
    return found


@click.command("rehearse", epilog="\b\nExample: cxr-triage rehearse --since 2026-11-01 --config other.toml")
@click.option("--since", required=True, metavar="TIME", help="Studies first read from then on.")
@click.option("--until", metavar="TIME", help="And before that time. [default: now]")
@click.option("--threshold", multiple=True, metavar="WHO=LOGIT", callback=_logits, help="Where `next` begins.")
@click.option("--first-threshold", multiple=True, metavar="WHO=LOGIT", callback=_logits, help="Where `first` begins.")
@click.option(
    "--config",
    "other",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Waits, reading hours, urgencies and observed folders of other settings.",
)
@click.option(
    "--bundle",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Another bundle: it scores the films that are still there, for this only.",
)
@format_option("text", "json")
@db_option
@click.pass_context
def command(
    context: click.Context,
    since: str,
    until: str | None,
    threshold: dict[str, float],
    first_threshold: dict[str, float],
    other: Path | None,
    folder: Path | None,
    form: str,
    db: str | None,
) -> None:
    """Read past nights anew under other rules, and print the difference.

    The studies that were first read in the span are read again in the same moments, each time the head of the list: by
    the rules as they are, and by the other ones. Readers who chose otherwise show in the first column only. Nothing is
    written. A study has the score, urgency and films that it was read with; a blind one has none.

    With --bundle each film is scored anew, as a scan would; one that is gone keeps its score, and is counted.
    """
    from daemon.rehearsal.compare import compared
    from daemon.rehearsal.document import document, lines
    from daemon.rehearsal.gather import OTHER, nights_of, studies_of
    from daemon.settings import load_settings

    settings = settings_of(context)
    changed = settings if other is None else load_settings(other)
    now = datetime.now(UTC)
    span = _span(settings, since, until, now)
    points = _thresholds(threshold, first_threshold)
    store = store_of(settings, db, create=False)
    try:
        with busy("reading the store"), store.read() as tx:
            nights = nights_of(tx, *span, now)
    finally:
        store.close()
    anew = None if folder is None else _rescored(folder, changed, nights.images)
    try:
        ruled = {number: _none().rules(kept, settings.department) for number, kept in nights.bundles.items()}
        bundles = {**nights.bundles, **({} if anew is None else {OTHER: anew[0]})}
        others = {number: points.rules(kept, changed.department) for number, kept in bundles.items()}
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--first-threshold") from error
    one = studies_of(nights.images, ruled.__getitem__, settings.department)
    images = nights.images if anew is None else anew[1].images
    two = studies_of(images, others.__getitem__, changed.department)
    waits = (settings.department.waits, changed.department.waits)
    with told("studies") as show:
        found = compared(one, two, nights.read_at, nights.pneumonia, waits, show)
    asked: dict[str, Any] = {"config": None if other is None else str(other)}
    asked |= {"threshold": threshold, "first_threshold": first_threshold, "bundle": None}
    if anew is not None:
        asked["bundle"] = {"folder": str(folder), "films": anew[1].films, "missing": anew[1].missing}
    said = document(found, span, asked, now)
    if form == "json":
        click.echo(json.dumps(said, indent=2))
        return
    for line in lines(said, found, span, ZoneInfo(settings.report.zone)):
        click.echo(printable(line))


def _span(settings: Settings, since: str, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    zone = ZoneInfo(settings.report.zone)
    start = moment(since, zone, "--since")
    end = now if until is None else moment(until, zone, "--until")
    if end <= start:
        raise click.BadParameter("it must be after --since", param_hint="--until")
    return start, end


def _rescored(folder: Path, settings: Settings, images: Sequence[WaitingImage]) -> tuple[Kept, Rescored]:
    """What another bundle says of populations, and of each film that is still there."""
    from daemon.cli.interrupt import held_back
    from daemon.composition import bundle_of
    from daemon.intake.workers import WorkerPool
    from daemon.rehearsal.rescore import rescored
    from daemon.waiting import Kept

    bundle = bundle_of(settings, folder)
    with told("films") as show, held_back() as stop, WorkerPool(bundle, 1, settings.gate.policy) as pool:
        found = rescored(images, pool, stop, show)
    if found is None:
        raise KeyboardInterrupt
    return Kept(bundle.points, bundle.policies), found


def _none() -> Thresholds:
    """Those of the bundle."""
    return _thresholds({}, {})


def _thresholds(threshold: dict[str, float], first: dict[str, float]) -> Thresholds:
    from daemon.rehearsal.gather import Thresholds
    from models.population import Population

    parts = ({Population(who): logit for who, logit in given.items()} for given in (threshold, first))
    return Thresholds(*parts)
