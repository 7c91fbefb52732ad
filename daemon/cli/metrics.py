"""`cxr-triage metrics`: what the store says, in Prometheus' text format."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from daemon.cli.options import db_option, settings_of, store_of


@click.command(
    "metrics",
    epilog="\b\nExample: cxr-triage metrics --output /var/lib/prometheus/node-exporter/cxr-triage.prom",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file, replaced whole. [default: stdout]"
)
@db_option
@click.pass_context
def command(context: click.Context, output: Path | None, db: str | None) -> None:
    """Print metrics in Prometheus' text format, made for node_exporter's textfile collector.

    Roots are named by their ids, as `cxr-triage roots` lists them; no path and no patient data is in it.
    """
    from daemon.service.metrics import text_of, write_text

    store = store_of(settings_of(context), db, create=False)
    try:
        with store.read() as tx:
            text = text_of(tx, store, datetime.now(UTC))
    finally:
        store.close()
    if output is None:
        click.echo(text, nl=False)
    else:
        write_text(output, text)
