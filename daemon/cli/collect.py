"""`cxr-triage collect`: cases of this site as a folder for the trainer, with nothing in it that says who they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import db_option, format_option, identity_of, printable, settings_of, store_of
from daemon.cli.progress import told

if TYPE_CHECKING:
    from daemon.collect.choosing import Choice, Wish
    from daemon.collect.collecting import Collected
    from daemon.settings import Settings
    from db.store import Store

SIDE = 448  # pixels; twice what the network looks at, and the size at which the daemon itself decodes a JPEG
SIDES = (128, 1400)


@click.command("collect", epilog="\b\nExample: cxr-triage collect cases --disagreements --random 200 --since 30d")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--disagreements", is_flag=True, help="Cases in which the reader's verdict and the band disagree.")
@click.option("--refused", is_flag=True, help="Cases that were refused altogether, and that a reader could read.")
@click.option("--random", "random_cases", type=click.IntRange(1), metavar="N", help="N cases with a score, by chance.")
@click.option("--study", "studies", multiple=True, help="This one: its id, accession or an image's path; repeatable.")
@click.option("--since", metavar="TIME|LENGTH", help="Only cases whose last film came since: 2026-11-01, 30d, 2w.")
@click.option("--until", metavar="TIME|LENGTH", help="The same, before that time.")
@click.option("--seed", type=click.IntRange(0), help="Of the random sample; it is written down. Default: drawn.")
@click.option("--side", type=click.IntRange(*SIDES), default=SIDE, show_default=True, help="Longer side in pixels.")
@click.option("--key", type=click.Path(path_type=Path), help="Write here, apart from OUT, which film is whose.")
@format_option("text", "json")
@db_option
@click.pass_context
def command(
    context: click.Context,
    out: Path,
    disagreements: bool,
    refused: bool,
    random_cases: int | None,
    studies: tuple[str, ...],
    since: str | None,
    until: str | None,
    seed: int | None,
    side: int,
    key: Path | None,
    form: str,
    db: str | None,
) -> None:
    """Write chosen cases into OUT, a new folder, as `cxr-trainer --data` takes it: pictures without any header.

    What looks like writing near an edge is blanked; a film on which it lies elsewhere is left out. Look at every
    picture before the folder leaves the house. Nothing is changed in the watched folders or the database.
    """
    from zoneinfo import ZoneInfo

    from daemon.acceptance.asked import in_force
    from daemon.acceptance.words import outside_document
    from daemon.collect.folder import check_key, check_place
    from daemon.errors import DaemonError
    from db.roots import roots

    if not (disagreements or refused or random_cases or studies):
        raise click.UsageError("say which cases: --disagreements, --refused, --random N or --study STUDY")
    settings = settings_of(context)
    span = [_time(name, text, settings) for name, text in (("--since", since), ("--until", until))]
    store = store_of(settings, db, create=False)
    try:
        with store.read() as tx:
            watched = [root.path for root in roots(tx) if root.retired_at is None]
            stands = in_force(tx, datetime.now(UTC))
        watched += [str(root.path) for root in settings.root]
        check_place(out, watched)
        if key is not None:
            check_key(key, out, watched)
        wish, choice = _choice(
            store,
            settings,
            studies,
            {
                "disagreements": disagreements,
                "refused": refused,
                "random": random_cases or 0,
                "seed": _drawn() if seed is None else seed,
                "since": span[0],
                "until": span[1],
            },
        )
    finally:
        store.close()
    if not choice.cases:
        raise DaemonError("collect into", out, "no case fits", "record verdicts with `review`, or choose others")
    collected = _collected(choice, wish, out, side)
    if key is not None:
        _write_key(key, collected)
    if form == "json":
        zone = ZoneInfo(settings.report.zone)
        document = _document(collected, wish, out) | {"acceptance": outside_document(stands, zone)}
        click.echo(json.dumps(document, indent=2))
    else:
        _say(collected, out)


def _time(name: str, text: str | None, settings: Settings) -> datetime | None:
    """A point of time, or so long ago."""
    from zoneinfo import ZoneInfo

    from daemon.followup.spans import length_of, moment_of

    if text is None:
        return None
    try:
        return datetime.now(UTC) - length_of(text)
    except ValueError:
        try:
            return moment_of(text, ZoneInfo(settings.report.zone))
        except ValueError as error:
            raise click.BadParameter("write it as 2026-11-22T07:45, or as 30d", param_hint=name) from error


def _drawn() -> int:
    import secrets

    return secrets.randbelow(2**31)


def _choice(store: Store, settings: Settings, named: tuple[str, ...], asked: dict[str, Any]) -> tuple[Wish, Choice]:
    from daemon.acceptance.asked import in_force
    from daemon.collect.choosing import Wish, cases_of, choose
    from daemon.followup.reads import study_of
    from daemon.waiting import rules_of_row
    from db import blind_cases, cases, results

    identity = identity_of(settings, store)
    with store.read() as tx:
        wish = Wish(named=frozenset(study_of(tx, text, identity).id for text in named), **asked)
        stands, site = in_force(tx, datetime.now(UTC)), settings.prevalence.site
        rules = {number: rules_of_row(row, site, stands) for number, row in results.bundles(tx).items()}
        known, hidden = cases.last_verdicts(tx), blind_cases.hidden(tx)
        return wish, choose(cases_of(cases.images(tx), known, rules.__getitem__, hidden), wish)


def _collected(choice: Choice, wish: Wish, out: Path, side: int) -> Collected:
    from random import SystemRandom

    from daemon.cli.interrupt import held_back
    from daemon.collect.collecting import collect
    from daemon.collect.darkroom import darkroom
    from daemon.intake.workers import default_workers

    workers = default_workers()
    with held_back() as stop, told("films") as progress, darkroom(workers) as room:
        return collect(
            choice, wish, out, room, side=side, ahead=workers, chance=SystemRandom(), stop=stop, progress=progress
        )


def _write_key(key: Path, collected: Collected) -> None:
    import csv
    import io

    from daemon.collect.folder import write_file
    from daemon.collect.manifest import name_of

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(("file", "study", "path"))
    for fate in collected.fates:
        if fate.number is not None:
            writer.writerow((name_of(fate.number), fate.chosen.case.key, fate.film.absolute_path))
    write_file(key, stream.getvalue().encode("utf-8", "backslashreplace"), 0o600)


def _document(collected: Collected, wish: Wish, out: Path) -> dict[str, Any]:
    from daemon.collect.manifest import name_of

    choice = collected.choice
    return {
        "schema": 1,
        "out": str(out),
        "films": len(collected.taken),
        "labels": dict(sorted(collected.labelled.items())),
        "unlabelled": len(collected.taken) - sum(collected.labelled.values()),
        "patients": collected.patients,
        "left_out": {str(reason): count for reason, count in sorted(collected.left_out.items())},
        "random": {"drawn": choice.drawn, "of": choice.of, "probability": choice.probability, "seed": wish.seed},
        "cases": [
            {
                "study": chosen.case.key,
                "verdict": chosen.case.verdict and str(chosen.case.verdict),
                "band": chosen.case.band and str(chosen.case.band),
                "blind": chosen.case.blind,
                "reasons": [str(reason) for reason in chosen.reasons],
                "films": [
                    {
                        "path": fate.film.absolute_path,
                        "file": fate.number and name_of(fate.number),
                        "left_out": fate.left_out and str(fate.left_out),
                    }
                    for fate in collected.fates
                    if fate.chosen is chosen
                ],
            }
            for chosen in choice.cases
        ],
    }


def _say(collected: Collected, out: Path) -> None:
    labels = ", ".join(f"{count} {label}" for label, count in sorted(collected.labelled.items()))
    rest = len(collected.taken) - sum(collected.labelled.values())
    click.echo(f"{len(collected.taken)} films ({labels or 'no label'}, {rest} unlabelled) in {printable(str(out))}")
    if collected.left_out:
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(collected.left_out.items()))
        click.echo(f"{sum(collected.left_out.values())} left out: {why}")
    click.echo("look at every picture before the folder leaves the house")
