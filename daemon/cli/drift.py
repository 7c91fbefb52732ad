"""`cxr-triage drift`: whether the films of each folder, and what the model makes of them, are still what they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.progress import busy


@click.command("drift", epilog="\b\nExample: cxr-triage drift --root /srv/incoming --format json")
@click.option("--root", type=click.Path(path_type=Path), help="Of this folder only.")
@format_option("table", "json")
@db_option
@click.pass_context
def command(context: click.Context, root: Path | None, form: str, db: str | None) -> int:
    """Say whether a folder's films changed: scores, refusals, brightness, contrast, sharpness, size.

    Each folder is held against its own first 20 nights with enough films, and against the films that the bundle was
    judged on. No labels are needed. Exit code 1 if something changed. Blind cases give no score to it.
    """
    from daemon.drift.document import folder_document
    from daemon.drift.gather import drift_of
    from daemon.drift.standing import Standing

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        with busy("looking at films"), store.read() as tx:
            found = drift_of(tx, datetime.now(UTC), ZoneInfo(settings.report.zone), settings.report.time)
    finally:
        store.close()
    folders = [each for each in found.values() if root is None or Path(each.path) == root.resolve()]
    if root is not None and not folders:
        raise click.BadParameter(f"{root} is no watched folder, or nothing was scored yet", param_hint="--root")
    documents = [folder_document(each) for each in folders]
    if form == "json":
        click.echo(json.dumps({"schema": 1, "folders": documents}, indent=2))
    elif not folders:
        click.echo("nothing scored yet")
    else:
        for folder in documents:
            click.echo(printable(f"{folder['path']} ({folder['standing']}, {folder['films']} films)"))
            for line in folder["lines"]:
                click.echo(printable(f"  {line}"))
    return 1 if any(each.standing is Standing.CHANGED for each in folders) else 0
