"""`cxr-triage retry`: films that failed or were refused, once more."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.progress import busy


@click.command(
    "retry", epilog="\b\nExample: cxr-triage retry /srv/incoming/film.dcm, or: cxr-triage retry --code read-error"
)
@click.argument("film", nargs=-1, metavar="[PATH|ARRIVAL ...]")
@click.option("--code", metavar="CODE", help="Only films that failed or were refused for this reason.")
@click.option("--dry-run", is_flag=True, help="Name them, and change nothing.")
@format_option("text", "json")
@db_option
@click.pass_context
def command(
    context: click.Context, film: tuple[str, ...], code: str | None, dry_run: bool, form: str, db: str | None
) -> int:
    """Take films that failed or were refused up again, as if nobody had tried them.

    Give paths, numbers of arrivals as the log shows them, or a reason (`cxr-triage queue` names it in brackets). A
    daemon that runs tries them at once, else the next scan does. What cannot be tried is named, and the exit code is 1.
    """
    from daemon.followup.retry import try_again
    from daemon.health import DaemonState, process_exists, state_of
    from db import runs

    if not film and code is None:
        raise click.UsageError("give the path of a film, an arrival's number, or --code")
    store = store_of(settings_of(context), db, create=False)
    now = datetime.now(UTC)
    try:
        with busy("taking films up again"):
            done = try_again(store, film, code, now, dry_run=dry_run)
        with store.read() as tx:
            run = runs.last(tx)
        alive = run is not None and process_exists(run.pid, run.host)
        runs_now = state_of(run, now, alive=alive) is DaemonState.RUNNING
    finally:
        store.close()
    if form == "json":
        document = {
            "schema": 1,
            "dry_run": dry_run,
            "taken_up": [
                {"arrival": arrival.id, "path": path, "state": str(arrival.state), "code": arrival.code}
                for arrival, path in done.taken
            ],
            "copies": done.copies,
            "left": [{"film": error.path, "cause": error.cause} for error in done.left],
            "daemon_runs": runs_now,
        }
        click.echo(json.dumps(document, indent=2))
    else:
        if dry_run:
            for arrival, path in done.taken:
                click.echo(f"{printable(path)}: {arrival.state} ({printable(arrival.code or 'no reason')})")
        copies = f", and {done.copies} that repeat them" if done.copies else ""
        would = " would be" if dry_run else ""
        who = "" if dry_run or not done.taken else f"; {'the daemon' if runs_now else 'the next scan'} tries them"
        click.echo(f"{len(done.taken)}{would} taken up again{copies}{who}")
    for error in done.left:
        click.echo(f"cxr-triage: {printable(str(error))}", err=True)
    return 1 if done.left else 0
