"""`cxr-triage canary`: rewrite the canary of a root, and see how long the way from the write to a row takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.progress import busy

SECONDS: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)s?", re.ASCII)
LONGEST: Final = 86_400.0


def _seconds(context: click.Context, parameter: click.Parameter, value: str) -> float:
    del context, parameter
    from daemon.followup.spans import length_of

    found = SECONDS.fullmatch(value.strip())
    try:
        seconds = float(found[1]) if found else length_of(value).total_seconds()
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no length of time; write it as 90s, 5m or 1h") from error
    if not 0 < seconds <= LONGEST:
        raise click.BadParameter("it must be more than nothing and at most a day")
    return seconds


@click.command("canary", epilog="\b\nExample: cxr-triage canary /srv/incoming --timeout 2m")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--timeout", default="60s", show_default=True, metavar="LENGTH", callback=_seconds, help="To wait: 90s, 5m, 1h."
)
@format_option("text", "json")
@db_option
@click.pass_context
def command(context: click.Context, folder: Path, timeout: float, form: str, db: str | None) -> int:
    """Rewrite the canary file of the root FOLDER, and wait until the daemon has seen that.

    The file is named by `canary` in the root's [[root]]. Exit code 1 if the write is not seen in time. Needs write
    permission on FOLDER. A job on a machine that drops films can rewrite the file instead: `status` says when nobody
    saw it change for `canary_seconds`.
    """
    from daemon.composition import system_clock
    from daemon.service import canary

    store, clock = store_of(settings_of(context), db, create=False), system_clock()
    try:
        with store.read() as tx:
            found = canary.Canary.of(tx, folder)
        canary.write(found, clock.now())
        with busy("waiting for the canary to be seen"):
            took = canary.wait(store, found, clock, timeout)
        if took is None:
            with store.read() as tx:
                error = canary.not_seen(tx, found, timeout, clock.now())
    finally:
        store.close()
    if form == "json":
        seconds = None if took is None else round(took, 3)
        document = {"root": found.root.id, "file": str(found.file), "seen": took is not None, "seconds": seconds}
        click.echo(json.dumps(document, indent=2))
    elif took is not None:
        click.echo(f"{printable(str(found.file))}: seen after {took:.2f} s")
    if took is None:
        click.echo(f"cxr-triage: {printable(str(error))}", err=True)
        return 1
    return 0
