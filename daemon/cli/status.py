"""`cxr-triage status`: whether the daemon runs and what it sees."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of


@click.command("status", epilog="\b\nExample: cxr-triage status --format json")
@format_option("table", "json")
@db_option
@click.pass_context
def command(context: click.Context, form: str, db: str | None) -> int:
    """Say whether a daemon runs on this database, when each root was last seen, and what is pending.

    Exit code 1 if the daemon stopped without saying so, or a root cannot be seen.
    """
    from daemon.health import status_of

    store = store_of(settings_of(context), db, create=False)
    try:
        with store.read() as tx:
            document = status_of(tx, store, datetime.now(UTC))
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(document, indent=2))
    else:
        daemon = document["daemon"]
        click.echo(
            f"daemon    {daemon['state']}" + (f", {daemon['kind']} (pid {daemon['pid']})" if daemon["pid"] else "")
        )
        click.echo(f"model     {document['bundle'] or 'nothing scored yet'}")
        click.echo(f"pending   {document['pending']}")
        click.echo(f"database  {printable(document['database'])}, schema {document['schema']}")
        click.echo(f"disk      {document['disk_free_mib']} MiB free")
        for root in document["roots"]:
            seen = root["rescanned_at"] or "never"
            click.echo(f"root      {printable(root['path'])}: {root['state']}, last seen {seen}")
    return 0 if document["well"] else 1
