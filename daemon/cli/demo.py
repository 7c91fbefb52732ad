"""`cxr-triage demo`: the whole way, on real films, in under a minute."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import printable


@click.command("demo", epilog="\b\nExample: cxr-triage demo --images ~/films --population adults")
@click.option(
    "--images", type=click.Path(path_type=Path), help="Your own films instead; they are copied, never changed."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Where to work.",
)
@click.option("--population", type=click.Choice(["children", "adults"]), help="Who is on films that state no age.")
def command(images: Path | None, out: Path, population: str | None) -> None:
    """Start the real daemon, drop real films into its folder, and show the queue, the account and a report."""
    from daemon.cli.queue import table
    from daemon.demo.films import check_own, demo_files, own_files
    from daemon.demo.run import Places, daemon, drop, wait_until_accounted, wait_until_watching
    from daemon.errors import DaemonError
    from daemon.report.making import write_one
    from daemon.report.times import date_span
    from daemon.settings import ReportSettings, Settings
    from daemon.waiting import account_of, queue_of
    from db.store import open_store

    if images is not None:
        check_own(images)
    began = time.monotonic()
    places = Places((out / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")).absolute())
    try:
        places.incoming.mkdir(parents=True)
        places.log.touch()
    except OSError as error:
        raise DaemonError("make folder", places.folder, error.strerror or str(error), "give another --out") from error
    if images is None:
        click.echo("The chest films below are one film of the package pydicom-data and seven variants of it.")
    with daemon(places, population) as process:
        wait_until_watching(process, places)
        click.echo(f"The daemon watches {printable(str(places.incoming))}")
        expected = drop(own_files(images) if images else demo_files(), places.incoming, click.echo)
        wait_until_accounted(process, places, expected)
    settings = Settings(report=ReportSettings(folder=places.reports, site="Demo"))
    store = open_store(str(places.database), create=False)
    try:
        now = datetime.now(UTC)
        today = now.astimezone(ZoneInfo(settings.report.zone)).date()
        written = write_one(
            settings, store, today, date_span(today, settings.report, now), None, lambda: datetime.now(UTC)
        )
        with store.read() as tx:
            document, account = queue_of(tx, now, settings.department), account_of(tx)
    finally:
        store.close()
    click.echo()
    for line in table(document):
        click.echo(line)
    click.echo()
    click.echo("Account: " + ", ".join(f"{key} {value}" for key, value in account.items() if key != "balanced"))
    click.echo(f"         balanced: {'yes' if account['balanced'] else 'NO'}; {time.monotonic() - began:.1f} s in all")
    click.echo(f"Report:   {printable(str(written['html']))}")
    click.echo(f"Database: {printable(str(places.database))}")
