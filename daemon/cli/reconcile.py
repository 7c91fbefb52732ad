"""`cxr-triage reconcile`: what the RIS expects, held against what arrived."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import complain, db_option, format_option, length, printable, settings_of, store_of
from daemon.cli.progress import busy

if TYPE_CHECKING:
    from daemon.followup.reconcile import Reconciled


@click.command("reconcile", epilog="\b\nExample: cxr-triage reconcile --expected ris.csv --grace 4h")
@click.option(
    "--expected", "path", required=True, metavar="CSV", type=click.Path(path_type=Path), help="The list, as exported."
)
@click.option("--column-accession", metavar="NAME", help="Its column of accessions. [default: accession, ...]")
@click.option("--column-file", metavar="NAME", help="Its column of file names or paths. [default: file, path, ...]")
@click.option("--column-time", metavar="NAME", help="Its column of times. [default: time, acquired_at, ...]")
@click.option("--since", metavar="TIME", help="Leave out what carries an earlier time, e.g. 2026-11-22T06:00.")
@click.option(
    "--grace", metavar="LENGTH", default="2h", show_default=True, callback=length, help="What a film may take to come."
)
@format_option("text", "json")
@db_option
@click.pass_context
def command(
    context: click.Context,
    path: Path,
    column_accession: str | None,
    column_file: str | None,
    column_time: str | None,
    since: str | None,
    grace: timedelta,
    form: str,
    db: str | None,
) -> int:
    """List the films that the RIS expects and that never arrived; the next report shows it.

    The CSV names each film by accession, by file name or path, or both (either will do). Times without a zone are in
    the report's zone. Under `identifiers = "none"` accessions are kept as hashes, and the report names none: what is
    missing is told here and not again. The exit code is 1 if a film is missing, or a row cannot be read.
    """
    from daemon.followup.reconcile import Columns, reconcile
    from daemon.followup.spans import moment_of
    from db.key_file import writer

    settings = settings_of(context)
    zone = ZoneInfo(settings.report.zone)
    try:
        start = None if since is None else moment_of(since, zone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    store = store_of(settings, db, create=False)
    columns = Columns(column_accession, column_file, column_time)
    try:
        identity = writer(store, settings.store.identifiers)
        with busy("comparing the list"):
            found = reconcile(store, path, columns, zone, datetime.now(UTC), grace, start, identity)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(_document(found), indent=2))
    else:
        for line in _lines(found, zone):
            click.echo(printable(line))
    complain(found.faults)
    if found.note:
        click.echo(f"cxr-triage: {printable(found.note)}", err=True)
    return 1 if found.missing or found.faults else 0


def _lines(found: Reconciled, zone: ZoneInfo) -> Iterator[str]:
    parts = [f"{found.arrived} of {found.expected} expected films arrived"]
    parts += [f"{len(found.missing)} missing"] if found.missing else []
    parts += [f"{found.not_due} not yet due"] if found.not_due else []
    parts += [f"{found.earlier} earlier ones left out"] if found.earlier else []
    yield ", ".join(parts)
    if found.not_scored:
        yield f"{found.not_scored} of those that arrived were refused or failed; `cxr-triage queue` says why"
    if found.missing:
        yield "missing:"
    for film in found.missing:
        when = "" if film.expected_at is None else f"{film.expected_at.astimezone(zone):%Y-%m-%d %H:%M %Z}  "
        yield f"  {when}{' '.join(name for name in (film.accession, film.file) if name)}"


def _document(found: Reconciled) -> dict[str, object]:
    from daemon.triage.cells import instant

    return {
        "schema": 1,
        "expected": found.expected,
        "arrived": found.arrived,
        "not_scored": found.not_scored,
        "not_due": found.not_due,
        "left_out": found.earlier,
        "first_expected_at": instant(found.span[0]) if found.span else None,
        "last_expected_at": instant(found.span[1]) if found.span else None,
        "missing": [
            {
                "accession": film.accession,
                "file": film.file,
                "expected_at": instant(film.expected_at) if film.expected_at else None,
            }
            for film in found.missing
        ],
        "malformed": [fault.cause for fault in found.faults],
    }
