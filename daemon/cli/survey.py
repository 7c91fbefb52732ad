"""`cxr-triage survey`: of the films in a folder, how many could be scored, and why the others not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import complain, csv_text, folders_argument, format_option, printable, settings_of
from daemon.cli.progress import counting

if TYPE_CHECKING:
    from daemon.errors import DaemonError
    from daemon.explain.survey import Folder
    from daemon.settings import RootSettings


@click.command("survey", epilog="\b\nExample: cxr-triage survey /srv/last-month --examples 3")
@folders_argument
@click.option("--population", type=click.Choice(["children", "adults"]), help="Who is on films that state no age.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Another model than the one that ships.")
@click.option(
    "--examples", type=click.IntRange(0, 1000), default=0, show_default=True, help="Name so many files of each code."
)
@format_option("table", "json", "csv")
@click.pass_context
def command(
    context: click.Context,
    folders: tuple[Path, ...],
    population: str | None,
    bundle: Path | None,
    examples: int,
    form: str,
) -> int:
    """Count which films of each FOLDER (default: the configured roots) could be scored, and why others not.

    Files are chosen and judged as a scan would, and nothing is stored; blind cases of the configured database count in
    no band. Without --examples no file is named. The exit code is 0 if at least one film could be scored, else 1; also
    1 if a folder could not be listed, and 130 after Ctrl-C, which prints what was counted so far.
    """
    from zoneinfo import ZoneInfo

    from daemon.acceptance.asked import glanced, identity_of
    from daemon.acceptance.rules import rules_under
    from daemon.acceptance.words import outside_document
    from daemon.cli.interrupt import held_back
    from daemon.cli.main import INTERRUPTED
    from daemon.composition import bundle_of
    from daemon.explain.survey import Survey
    from daemon.explain.survey_document import survey_document
    from daemon.explain.tally import Tally
    from daemon.intake.workers import WorkerPool, default_workers
    from daemon.review.unseen import kept_back
    from daemon.roots import roots_of

    settings = settings_of(context)
    roots = roots_of(settings, folders, population)
    model, policy, workers = bundle_of(settings, bundle), settings.gate.policy, default_workers()
    stands = glanced(settings.store.url, model, datetime.now(UTC))
    rules = rules_under(model.points, model.policies, identity_of(model), stands)
    tally = Tally(rules, examples, kept_back(settings))
    complete, document = False, dict[str, Any]()
    found, failed = _listed(roots)
    complain(failed)
    if not found:
        return 1
    try:
        with held_back() as stop, WorkerPool(model, workers, policy) as pool:
            survey = Survey(pool, model, found, tally, capacity=2 * workers)
            with counting("films", lambda: (survey.done, survey.total)) as show:
                complete = survey.run(stop, show)
            document = survey_document(tally, found, model, policy, listed=survey.total, complete=complete)
            document["acceptance"] = outside_document(stands, ZoneInfo(settings.report.zone))
    except KeyboardInterrupt:  # a survey that is broken off has counted something
        if not document:
            raise
    _show(document, form)
    if not complete:
        click.echo(f"cxr-triage: interrupted; {document['left']} files are not counted", err=True)
        return INTERRUPTED
    return 1 if failed or not document["scored"] + document["marked"] else 0


def _listed(roots: Sequence[RootSettings]) -> tuple[list[Folder], list[DaemonError]]:
    """The folders with what lies in them, and those that cannot be listed."""
    from daemon.errors import DaemonError
    from daemon.explain.survey import Folder
    from daemon.intake.listing import list_root
    from daemon.intake.reading import largest_bytes

    found, failed = list[Folder](), list[DaemonError]()
    for root in roots:
        try:
            listing, largest = list_root(root.path, root.selection), largest_bytes(root.largest_mib)
            found.append(Folder(root.path, listing, root.population, largest))
        except DaemonError as error:
            failed.append(error)
    return found, failed


def _show(document: dict[str, Any], form: str) -> None:
    from daemon.explain.survey_document import ROW, survey_lines, survey_rows

    if form == "json":
        click.echo(json.dumps(document, indent=2))
    elif form == "csv":
        click.echo(csv_text(ROW, survey_rows(document)), nl=False)
    else:
        for line in survey_lines(document):
            click.echo(printable(line))
