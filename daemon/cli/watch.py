"""`cxr-triage watch`: the daemon in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from daemon.cli.options import db_option, folders_argument, settings_of, store_of


@click.command("watch", epilog="\b\nExample: cxr-triage --config /etc/cxr-triage/config.toml watch")
@folders_argument
@click.option("--population", type=click.Choice(["children", "adults"]), help="Who is on films that state no age.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Another model than the one that ships.")
@db_option
@click.pass_context
def command(
    context: click.Context, folders: tuple[Path, ...], population: str | None, bundle: Path | None, db: str | None
) -> int:
    """Watch each FOLDER (default: the configured roots) and score what arrives, until SIGTERM or Ctrl-C.

    Writes the report every night, and logs to standard error: arrival ids, never file names.
    """
    from daemon.composition import bundle_of, system_clock
    from daemon.logs import set_up_logging
    from daemon.roots import roots_of
    from daemon.watching import watch

    settings = settings_of(context)
    roots = roots_of(settings, folders, population)
    set_up_logging(settings.log)
    model = bundle_of(settings, bundle)
    store = store_of(settings, db, create=True)
    try:
        watch(settings, store, model, roots, system_clock())
    finally:
        store.close()
    return 0
