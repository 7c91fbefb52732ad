"""`cxr-triage handled`: files that a department may delete from its folder."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.options import db_option, format_option, length, printable, settings_of, store_of
from daemon.cli.progress import busy

if TYPE_CHECKING:
    from daemon.followup.handled import Handled


@click.command("handled", epilog="\b\nExample: cxr-triage handled --older-than 30d --format null | xargs -0 rm --")
@click.option("--older-than", required=True, metavar="LENGTH", callback=length, help="Since arrival: 12h, 30d, 2w.")
@click.option(
    "--root", "folders", multiple=True, type=click.Path(path_type=Path), help="Only this watched folder; repeatable."
)
@click.option("--unread", is_flag=True, help="Also films that nobody marked as read.")
@format_option("text", "json", "null")
@db_option
@click.pass_context
def command(
    context: click.Context, older_than: timedelta, folders: tuple[Path, ...], unread: bool, form: str, db: str | None
) -> int:
    """Print the paths of files that came to an end, were read, and may go; nothing is deleted by this.

    Only files that look exactly as the store knows them. With --format null each path ends with NUL, for `xargs -0`.
    Text leaves out names that do not fit on a line. A folder that cannot be seen is named, and the exit code is 1.
    """
    from daemon.followup.handled import handled_files

    store = store_of(settings_of(context), db, create=False)
    try:
        with busy("looking at the files"):
            found = handled_files(store, datetime.now(UTC) - older_than, folders, unread=unread)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(_document(found), indent=2))
    elif form == "null":
        sys.stdout.buffer.write(b"".join(os.fsencode(file.path) + b"\0" for file in found.files))
        sys.stdout.buffer.flush()
    left_out = 0
    if form == "text":
        for file in found.files:
            if file.path.isprintable():
                click.echo(file.path)
            else:  # spelled out it could be the name of another file, which somebody would delete
                left_out += 1
                click.echo(f"cxr-triage: left out, its name does not fit on a line: {printable(file.path)}", err=True)
    for root in found.away:
        click.echo(f"cxr-triage: left out, it cannot be seen: {printable(root.path)}", err=True)
    _sum_up(found, left_out)
    return 1 if found.away or left_out else 0


def _sum_up(found: Handled, left_out: int) -> None:
    parts = [f"{len(found.files) - left_out} files, {found.size / 1e6:,.1f} MB, may be deleted"]
    parts += [f"{left_out} only with --format null"] if left_out else []
    parts += [f"{found.unread} were not marked as read"] if found.unread else []
    parts += [f"{found.changed} are gone or changed since"] if found.changed else []
    click.echo("; ".join(parts), err=True)


def _document(found: Handled) -> dict[str, object]:
    from daemon.triage.cells import instant

    return {
        "schema": 1,
        "files": [
            {
                "path": file.path,
                "bytes": file.film.stamp.size,
                "state": str(file.film.state),
                "study": file.film.study,
                "read": file.film.read,
                "arrived_at": instant(file.film.arrived_at),
            }
            for file in found.files
        ],
        "bytes": found.size,
        "not_read": found.unread,
        "changed": found.changed,
        "away": [root.path for root in found.away],
    }
