"""`cxr-triage accept`: the bundle in use, tested on the site's own films; by whom, until when, and taken back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.progress import busy, counting

if TYPE_CHECKING:
    from daemon.acceptance.accepting import Outcome
    from daemon.acceptance.gathered import Gathered
    from daemon.settings import Settings
    from db.store import Store
    from models.bundle import Bundle
    from models.population import Population

TOO_FEW: Final = 3  # exit code: films are missing, nothing was judged
NOT_ACCEPTED: Final = 4  # exit code: it was judged, and the rule says no
LONGEST: Final = 80  # characters of a name


@click.command(
    "accept",
    epilog='\b\nExample: cxr-triage accept --data /srv/read-films --population adults --by "K. L."\n'
    "         cxr-triage accept --show",
)
@click.option("--data", metavar="FOLDER|reviews", help="Labelled films of this site, or its verdicts on blind cases.")
@click.option("--population", type=click.Choice(["children", "adults"]), help="Who is on films that state no age.")
@click.option("--by", metavar="NAME", help="Who stands for it.")
@click.option("--refit", is_flag=True, help="Judge points fitted on these films; if accepted, they are used.")
@click.option("--show", is_flag=True, help="Say how the bundle in use stands, and every judgement so far.")
@click.option("--revoke", is_flag=True, help="Take acceptances back; bands are the bundle's own again.")
@format_option("text", "json")
@db_option
@click.pass_context
def command(
    context: click.Context,
    data: str | None,
    population: str | None,
    by: str | None,
    refit: bool,
    show: bool,
    revoke: bool,
    form: str,
    db: str | None,
) -> int:
    """Test the bundle in use on this site's own films, and accept it where a written rule is kept.

    FOLDER has the subfolders NORMAL and PNEUMONIA, or a manifest.csv with the columns file, label and perhaps patient,
    age and population (or name that file); "reviews" are the verdicts on blind cases. Each population takes 100 films
    with pneumonia and 300 without. With --population only that one is judged. Films are scored as in service, and
    nothing of them is stored. An acceptance holds for a year and for this bundle. The exit code is 0 if all that was
    judged is accepted, 3 if films are missing (then nothing is judged), and 4 if the rule is not kept.
    """
    _check(data, by, refit=refit, show=show, revoke=revoke)
    settings = settings_of(context)
    store = store_of(settings, db, create=data is not None)
    try:
        if show:
            return _show(settings, store, form)
        assert by is not None  # noqa: S101  (said above)
        if revoke:
            return _revoke(store, by, population, form)
        assert data is not None  # noqa: S101
        return _accept(settings, store, data, population, by, "refit" if refit else "bundle", form)
    finally:
        store.close()


def _check(data: str | None, by: str | None, *, refit: bool, show: bool, revoke: bool) -> None:
    if (data is not None) + show + revoke != 1:
        raise click.UsageError("give one of --data, --show and --revoke")
    if show and by is not None:
        raise click.UsageError("--show takes no --by")
    if not show and by is None:
        raise click.UsageError("say with --by NAME who stands for it")
    if by is not None and (not by.strip() or not by.isprintable() or len(by) > LONGEST):
        raise click.BadParameter(f"write a name of at most {LONGEST} characters in one line", param_hint="--by")
    if refit and data is None:
        raise click.UsageError("--refit goes with --data")


def _accept(
    settings: Settings, store: Store, data: str, population: str | None, by: str, points: str, form: str
) -> int:
    from daemon.acceptance.accepting import Points, accept
    from daemon.cli.main import INTERRUPTED
    from daemon.composition import bundle_of
    from models.population import Population

    who = None if population is None else Population(population)
    bundle, now = bundle_of(settings), datetime.now(UTC)
    gathered = _gathered(settings, store, bundle, data, who)
    if gathered is None:
        click.echo("cxr-triage: interrupted; nothing was judged", err=True)
        return INTERRUPTED
    with busy("judging"):
        outcome = accept(store, settings, bundle, gathered, Points(points), by.strip(), now, asked=who)
    _say(outcome, form, points)
    if outcome.missing:
        return TOO_FEW
    return 0 if outcome.accepted else NOT_ACCEPTED


def _gathered(settings: Settings, store: Store, bundle: Bundle, data: str, who: Population | None) -> Gathered | None:
    """The films; None where it was stopped."""
    from daemon.acceptance.asked import identity_of
    from daemon.acceptance.assay import Assay
    from daemon.acceptance.gathered import REVIEWS
    from daemon.acceptance.reviewed import gather_reviews
    from daemon.acceptance.sources import labelled
    from daemon.cli.interrupt import held_back
    from daemon.explain.survey import Survey
    from daemon.intake.workers import WorkerPool, default_workers
    from db import blind_cases

    if data == REVIEWS:
        with store.read() as tx:
            return gather_reviews(tx, identity_of(bundle), who)
    films = labelled(Path(data), who)
    with store.read() as tx:
        assay = Assay(blind_cases.contents(tx))
    workers = default_workers()
    with held_back() as stop, WorkerPool(bundle, workers, settings.gate.policy) as pool:
        survey = Survey(pool, bundle, films.folders, assay, capacity=2 * workers)
        with counting("films", lambda: (survey.done, survey.total)) as progress:
            complete = survey.run(stop, progress)
    return assay.gathered(data, films, who) if complete else None


def _say(outcome: Outcome, form: str, points: str) -> None:
    from daemon.acceptance.lines import changes_line, decision_lines, gathered_lines, judgement_lines

    document = outcome.document
    if form == "json":
        click.echo(json.dumps(document, indent=2))
        return
    lines = list(gathered_lines(document))
    for who, judged in document["judged"].items():
        lines += ["", *judgement_lines(who, judged)]
    if outcome.missing:
        lines += ["", "nothing is judged or accepted, films are missing:", *(f"  {each}" for each in outcome.missing)]
    else:
        lines += ["", changes_line(document["refit_would_change"]), ""]
        words = "the points that were refitted" if points == "refit" else "the bundle's own points"
        for who, judged in document["judged"].items():
            lines += decision_lines(who, judged, words)
        lines.append(document["acceptance"]["sentence"])
    for line in lines:
        click.echo(printable(line))


def _show(settings: Settings, store: Store, form: str) -> int:
    from zoneinfo import ZoneInfo

    from daemon.acceptance.asked import in_force
    from daemon.acceptance.document import SCHEMA, kept_document
    from daemon.acceptance.lines import kept_lines
    from daemon.acceptance.words import acceptance_document, warnings
    from db import acceptances

    zone = ZoneInfo(settings.report.zone)
    with store.read() as tx:
        stands, rows = in_force(tx, datetime.now(UTC)), acceptances.every(tx)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "acceptance": acceptance_document(stands, zone),
        "judgements": [kept_document(row) for row in rows],
    }
    if form == "json":
        click.echo(json.dumps(document, indent=2))
        return 0
    lines = [document["acceptance"]["sentence"], *warnings(stands, zone)]
    for kept in document["judgements"]:
        lines += kept_lines(kept)
    for line in lines:
        click.echo(printable(line))
    return 0


def _revoke(store: Store, by: str, population: str | None, form: str) -> int:
    from daemon.errors import DaemonError
    from db import acceptances

    with store.write() as tx:
        count = acceptances.revoke(tx, by.strip(), datetime.now(UTC), population)
    if not count:
        raise DaemonError("revoke", None, "there is no judgement to take back", "see `cxr-triage accept --show`")
    if form == "json":
        click.echo(json.dumps({"schema": 1, "revoked": count}))
    else:
        click.echo(f"{count} judgement{'' if count == 1 else 's'} revoked; not accepted at this site")
    return 0
