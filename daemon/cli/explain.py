"""`cxr-triage explain`: what the daemon would make of one film, and everything that this rests on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from daemon.cli.options import format_option, printable, settings_of
from daemon.cli.progress import busy


@click.command("explain", epilog="\b\nExample: cxr-triage explain /srv/incoming/film.dcm --out /tmp/explained")
@click.argument("film", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Draw the picture as the model saw it and, of a score, the heat map.",
)
@click.option("--population", type=click.Choice(["children", "adults"]), help="Who is on a film that states no age.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Another model than the one that ships.")
@format_option("table", "json")
@click.pass_context
def command(
    context: click.Context, film: Path, out: Path | None, population: str | None, bundle: Path | None, form: str
) -> None:
    """Tell what the daemon would make of FILE, and why: scored, refused or failed, with every reason and not the first.

    It works on any file, stores nothing, and shows no name and no identifier. Of the configured database it only asks
    whether the film is of a blind case, whose score it keeps back. Pictures are named by the film's content and are
    patient data; they are not written into a configured folder or beside the film. The exit code is 0 whatever the
    answer, and 1 where nothing could be looked at.
    """
    from zoneinfo import ZoneInfo

    from daemon.acceptance.asked import glanced, identity_of
    from daemon.acceptance.rules import rules_under
    from daemon.acceptance.words import acceptance_document
    from daemon.cli.interrupt import held_back
    from daemon.composition import bundle_of
    from daemon.explain.document import document_of, is_blind, judged_of
    from daemon.explain.explanation import explain, place_of
    from daemon.explain.lines import explanation_lines
    from daemon.explain.pictures import check_folder, write_pictures
    from daemon.intake.pipes import LARGEST_ANSWER
    from daemon.intake.workers import WorkerPool
    from daemon.review.unseen import kept_back
    from models.radiograph import MAX_PIXELS

    settings = settings_of(context)
    place = place_of(film, settings, population)
    if out is not None:
        check_folder(out, film, settings)
    model, policy, hidden = bundle_of(settings, bundle), settings.gate.policy, kept_back(settings)
    stands = glanced(settings.store.url, model, datetime.now(UTC))
    rules = rules_under(model.points, model.policies, identity_of(model), stands, settings.prevalence.site)
    with (
        busy("looking at the film"),
        held_back() as stop,
        WorkerPool(model, 1, policy, LARGEST_ANSWER + MAX_PIXELS) as pool,
    ):
        explained = explain(place, pool, stop)
        if explained is None:
            return  # held_back says so
        judged = judged_of(explained, rules)
        said = acceptance_document(stands, ZoneInfo(settings.report.zone))
        document = document_of(explained, judged, model, policy, rules, hidden, said)
        if out is not None:
            shown = None if is_blind(explained, hidden) else judged
            document["pictures"] = write_pictures(explained, shown, model, out, pool, stop)
    if form == "json":
        click.echo(json.dumps(document, indent=2))
        return
    for line in explanation_lines(document):
        click.echo(printable(line))
