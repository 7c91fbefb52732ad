"""`cxr-triage read`: studies that somebody has read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import complain, db_option, identity_of, settings_of, store_of
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
    from daemon.followup.reads import ReadRow, mark_read, parse_reads, study_of
    from daemon.followup.study_rows import through
    from db.states import ReadSource

    if bool(study) == (table is not None):
        raise click.UsageError("name studies, or give --csv FILE, and not both")
    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    now = datetime.now(UTC)
    source = ReadSource.CSV if table is not None else ReadSource.COMMAND
    wanted = (
        parse_reads(table, ZoneInfo(settings.report.zone))
        if table is not None
        else [ReadRow(name, now, "") for name in study]
    )
    try:
        identity = identity_of(settings, store)
        with busy("marking as read"), store.write() as tx:

            def do(row: ReadRow) -> bool:
                mark_read(tx, study_of(tx, row.study, identity), row.read_at, now, source)
                return True

            done, faults = through(wanted, do)
    finally:
        store.close()
    complain(faults)
    click.echo(f"{done[True]} marked as read")
    return 1 if faults else 0
