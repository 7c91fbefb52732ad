"""`cxr-triage agreement`: how often the bands were right, by the verdicts on blind cases."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.progress import busy


@click.command("agreement", epilog="\b\nExample: cxr-triage agreement --format json")
@format_option("table", "json")
@db_option
@click.pass_context
def command(context: click.Context, form: str, db: str | None) -> None:
    """Say how often the bands were right: sensitivity and specificity of the operating point, by root and tier.

    Only blind cases count, whose readers did not know the score, each by the first verdict on it and weighted by the
    chance that it was drawn by. Every band needs a share in [review] blind_share. The same verdicts give the same
    figures.
    """
    from zoneinfo import ZoneInfo

    from daemon.acceptance.asked import in_force
    from daemon.review.agreement import agreement_lines, agreement_of

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        with busy("weighing verdicts"), store.read() as tx:
            import numpy as np

            rng = np.random.default_rng(0)  # the same verdicts, the same figures
            now = datetime.now(UTC)
            zone = ZoneInfo(settings.report.zone)
            document = agreement_of(tx, settings.prevalence.site, now, rng, in_force(tx, now), zone)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(document, indent=2))
        return
    for line in agreement_lines(document):
        click.echo(printable(line))
