"""`cxr-triage read`: studies that somebody has read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import db_option, identity_of, printable, settings_of, store_of
from daemon.cli.progress import busy


@click.command("read", epilog="\b\nExample: cxr-triage read S-000042 S-000043, or: cxr-triage read --csv reads.csv")
@click.argument("study", nargs=-1, metavar="[STUDY ...]")
@click.option(
    "--csv", "table", type=click.Path(path_type=Path), help="A file with accession (or study, or file) and read_at."
)
@db_option
@click.pass_context
def command(context: click.Context, study: tuple[str, ...], table: Path | None, db: str | None) -> int:
    """Mark each STUDY as read (its id, the path of an image of it, or its accession); it leaves the queue.

    Rows and names that fit nothing are listed; the others are done, and the exit code is 1.
    """
    from daemon.errors import DaemonError
    from daemon.followup.reads import mark_read, parse_reads, study_of
    from db.states import ReadSource

    if bool(study) == (table is not None):
        raise click.UsageError("name studies, or give --csv FILE, and not both")
    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    now = datetime.now(UTC)
    faults, done = [], 0
    try:
        identity = identity_of(settings, store)
        with busy("marking as read"), store.write() as tx:
            wanted = (
                parse_reads(table, ZoneInfo(settings.report.zone))
                if table is not None
                else ((name, now) for name in study)
            )
            source = ReadSource.CSV if table is not None else ReadSource.COMMAND
            for item in wanted:
                if isinstance(item, DaemonError):
                    faults.append(item)
                    continue
                name, read_at = item if isinstance(item, tuple) else (item.study, item.read_at)
                try:
                    mark_read(tx, study_of(tx, name, identity), read_at, now, source)
                    done += 1
                except DaemonError as error:
                    faults.append(error)
    finally:
        store.close()
    for fault in faults:
        click.echo(f"cxr-triage: {printable(str(fault))}", err=True)
    click.echo(f"{done} marked as read")
    return 1 if faults else 0
