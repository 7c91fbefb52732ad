"""`cxr-triage review`: what a reader found."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from daemon.cli.options import db_option, identity_of, settings_of, store_of

VERDICTS = ("pneumonia", "not", "unsure", "unusable")


@click.command("review", epilog='\b\nExample: cxr-triage review S-000042 pneumonia --by kl --note "left lower lobe"')
@click.argument("study")
@click.argument("verdict", type=click.Choice(VERDICTS))
@click.option("--by", metavar="NAME", help="Who read it.")
@click.option("--note", metavar="TEXT", help="Anything worth keeping.")
@db_option
@click.pass_context
def command(context: click.Context, study: str, verdict: str, by: str | None, note: str | None, db: str | None) -> None:
    """Record what a reader found in STUDY: its id, the path of an image of it, or its accession.

    A verdict is also a read: the study leaves the queue. A later verdict revises it; the earlier one is kept.
    """
    from daemon.followup.reads import study_of
    from db import studies
    from db.states import Verdict

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        identity = identity_of(settings, store)
        with store.write() as tx:
            found = study_of(tx, study, identity)
            studies.add_review(tx, found.id, Verdict(verdict), datetime.now(UTC), by=by, note=note)
        click.echo(f"{found.key}: {verdict}")
    finally:
        store.close()
