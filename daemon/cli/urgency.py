"""`cxr-triage urgency`: how urgently a study is to be read, said by a person or by a table of the RIS."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from daemon.cli.options import complain, db_option, identity_of, settings_of, store_of
from daemon.cli.progress import busy

LEVELS = ("stat", "urgent", "routine")


@click.command("urgency", epilog="\b\nExample: cxr-triage urgency S-000042 stat --by kl")
@click.argument("study", required=False)
@click.argument("level", required=False, type=click.Choice(LEVELS))
@click.option(
    "--csv", "table", type=click.Path(path_type=Path), help="A file with accession (or study, or file) and urgency."
)
@click.option("--by", metavar="NAME", help="Who asks for it.")
@db_option
@click.pass_context
def command(
    context: click.Context, study: str | None, level: str | None, table: Path | None, by: str | None, db: str | None
) -> int:
    """Say how urgently STUDY (its id, the path of an image of it, or its accession) is to be read.

    Urgency orders first, whatever the score. A later image of the study may raise it again, never lower it. Rows that
    fit nothing are listed; the others are done, and the exit code is 1.
    """
    from daemon.followup.reads import study_of
    from daemon.followup.study_rows import through
    from daemon.followup.urgencies import parse_urgencies
    from db import studies
    from db.states import UrgencySource

    if (study is None or level is None) == (table is None) or (study is not None and table is not None):
        raise click.UsageError("name a study and a level, or give --csv FILE, and not both")
    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    now = datetime.now(UTC)
    source = UrgencySource.COMMAND if table is None else UrgencySource.CSV
    wanted = [(study or "", level or "")] if table is None else parse_urgencies(table)
    try:
        identity = identity_of(settings, store)
        with busy("setting urgency"), store.write() as tx:

            def do(item: tuple[str, str]) -> bool:
                found = study_of(tx, item[0], identity)
                studies.set_urgency(tx, found.id, item[1], now, source=source, by=by)
                return True

            done, faults = through(wanted, do)
    finally:
        store.close()
    complain(faults)
    click.echo(f"{done[True]} {'study' if done[True] == 1 else 'studies'} set")
    return 1 if faults else 0
