"""`cxr-triage scan`: one pass over folders that ends with nothing pending."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.options import complain, db_option, folders_argument, printable, settings_of, store_of

if TYPE_CHECKING:
    from daemon.errors import DaemonError
    from daemon.settings import RootSettings
    from db.store import Store


def _a_number(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    del context, parameter
    if value is not None and math.isnan(value):  # it passes every range
        raise click.BadParameter("nan is not a number of seconds")
    return value


@click.command(
    "scan",
    epilog="\b\nExample: cxr-triage scan /srv/incoming --population children --db triage.db",
)
@folders_argument
@click.option("--population", type=click.Choice(["children", "adults"]), help="Who is on films that state no age.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Another model than the one that ships.")
@click.option(
    "--settle-seconds",
    type=click.FloatRange(0.1, 3600),
    callback=_a_number,
    help="How long a file must keep still. [default: 2]",
)
@db_option
@click.pass_context
def command(
    context: click.Context,
    folders: tuple[Path, ...],
    population: str | None,
    bundle: Path | None,
    settle_seconds: float | None,
    db: str | None,
) -> int:
    """Look at each FOLDER once (default: the configured roots), score what is new, and end.

    Films that are refused or could not be read are named and keep their place in the queue; they do not change the
    exit code. A folder that cannot be listed does: the others are done, and the code is 1.
    """
    from daemon.cli.interrupt import held_back
    from daemon.cli.progress import progress_of
    from daemon.composition import bundle_of, running_intake, system_clock
    from daemon.intake.programs import scan
    from daemon.roots import roots_of
    from daemon.scan_summary import not_scored_since, summary
    from db.states import RunKind

    settings = settings_of(context)
    roots = roots_of(settings, folders, population, settle_seconds)
    model = bundle_of(settings, bundle)
    store = store_of(settings, db, create=True)
    clock = system_clock()
    began = clock.now()
    try:
        roots, failed = _strangers_left_out(store, roots)
        root_ids = set[int]()
        if roots:
            with (
                held_back() as interrupted,
                running_intake(RunKind.SCAN, store, model, roots, clock, settings) as running,
                progress_of(running.intake) as show,
            ):
                failed += scan(running.intake, interrupted, show)
                root_ids = set(running.intake.roots)
        complain(failed)
        with store.read() as tx:
            for line in not_scored_since(tx, root_ids, began):
                click.echo(f"cxr-triage: {printable(line)}", err=True)
            click.echo(summary(tx))
    finally:
        store.close()
    return 1 if failed else 0


def _strangers_left_out(store: Store, roots: Sequence[RootSettings]) -> tuple[list[RootSettings], list[DaemonError]]:
    """Leave out folders that are not there and never were: a slip of the pen must not stay in the store for ever."""
    from db import roots as known_roots

    with store.read() as tx:
        known = {root.path for root in known_roots.roots(tx)}
    kept, absent = [], []
    for root in roots:
        error = None if os.path.realpath(root.path) in known else _absent(root.path)
        if error is None:
            kept.append(root)
        else:
            absent.append(error)
    return kept, absent


def _absent(path: Path) -> DaemonError | None:
    from daemon.errors import DaemonError

    try:
        if stat.S_ISDIR(path.stat().st_mode):
            return None
        cause = "it is not a folder"
    except OSError as error:
        cause = error.strerror or str(error)
    return DaemonError("list folder", path, cause, "create it, mount it, or give another folder")
