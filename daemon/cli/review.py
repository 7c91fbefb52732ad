"""`cxr-triage review`: what readers found, one by one or from a table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.options import complain, db_option, identity_of, settings_of, store_of
from daemon.cli.progress import busy

if TYPE_CHECKING:
    from daemon.settings import Settings
    from db.store import Store

VERDICTS = ("pneumonia", "not", "unsure", "unusable")


@click.command(
    "review",
    epilog='\b\nExample: cxr-triage review S-000042 pneumonia --by kl --note "left lower lobe"\n'
    "         cxr-triage review --csv verdicts.csv",
)
@click.argument("study", required=False)
@click.argument("verdict", type=click.Choice(VERDICTS), required=False)
@click.option("--by", metavar="NAME", help="Who read it.")
@click.option("--note", metavar="TEXT", help="Anything worth keeping.")
@click.option(
    "--csv",
    "table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file with accession (or study, or file) and verdict; by, note and at where it has them.",
)
@db_option
@click.pass_context
def command(
    context: click.Context,
    study: str | None,
    verdict: str | None,
    by: str | None,
    note: str | None,
    table: Path | None,
    db: str | None,
) -> int:
    """Record what a reader found in STUDY: its id, the path of an image of it, or its accession.

    A verdict is also a read: the study leaves the queue, and the score of a blind case is shown from then on. A later
    verdict revises it; the earlier one is kept, and `history` tells of both. Of a table the same rows count once,
    however often it is given; rows that fit nothing are listed, the others are done, and the exit code is 1.
    """
    from daemon.followup.reads import study_of
    from db import studies
    from db.states import Verdict

    if table is not None and (study or by or note):
        raise click.UsageError("give --csv FILE alone")
    if table is None and (study is None or verdict is None):
        raise click.UsageError("give STUDY and VERDICT, or --csv FILE")
    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        if table is not None:
            return _from_table(table, settings, store)
        assert study is not None  # noqa: S101  (said above)
        assert verdict is not None  # noqa: S101
        identity = identity_of(settings, store)
        with store.write() as tx:
            found = study_of(tx, study, identity)
            studies.add_review(tx, found.id, Verdict(verdict), datetime.now(UTC), by=by, note=note)
        click.echo(f"{found.key}: {verdict}")
    finally:
        store.close()
    return 0


def _from_table(table: Path, settings: Settings, store: Store) -> int:
    from zoneinfo import ZoneInfo

    from daemon.followup.study_rows import through
    from daemon.review.verdicts import parse_verdicts, take_in

    identity, now = identity_of(settings, store), datetime.now(UTC)
    with busy("taking verdicts in"), store.write() as tx:
        rows = parse_verdicts(table, ZoneInfo(settings.report.zone), now)
        done, faults = through(rows, lambda row: take_in(tx, row, identity, now))
    complain(faults)
    click.echo(f"{done[True]} verdict{'' if done[True] == 1 else 's'} kept, {done[False]} known already")
    return 1 if faults else 0
