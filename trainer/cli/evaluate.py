"""`cxr-trainer evaluate`: judge a bundle as the daemon runs it; figures, a page, and another bundle beside it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.population import Population
from trainer.cli.options import DATA, FORMAT, one_line
from trainer.cli.progress import bar
from trainer.cli.table import figures_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.bundle import Bundle
    from trainer.data.sources import Film, Source
    from trainer.evidence.scoring import Scores

OUTPUT = click.Path(path_type=Path, dir_okay=False)


@click.command("evaluate")
@DATA
@click.option("--bundle", type=click.Path(path_type=Path), help="A bundle's folder.  [default: the shipped one]")
@click.option("--population", type=click.Choice([p.value for p in Population]), help="Of films without an age.")
@click.option("--split", type=click.Path(path_type=Path, dir_okay=False), help="A split.csv; without it all films.")
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "excluded"]),
    help="Of the split.  [default: validation]",
)
@click.option("--against", type=click.Path(path_type=Path), help="A second bundle, compared film by film.")
@click.option("--page", type=OUTPUT, metavar="FILE.html", help="Write all figures, charts and wrong films as a page.")
@click.option("--json", "json_", type=OUTPUT, metavar="FILE.json", help="Write all figures as JSON.")
@click.option(
    "--gallery",
    type=click.IntRange(0),
    default=24,
    show_default=True,
    help="On the page: at most so many misses, and as many false alarms.",
)
@FORMAT
def evaluate_command(
    sources: tuple[Source, ...],
    bundle: Path | None,
    population: str | None,
    split: Path | None,
    part: str | None,
    against: Path | None,
    page: Path | None,
    json_: Path | None,
    gallery: int,
    format_: str,
) -> None:
    """Judge a bundle's quantised file as the daemon runs it, gate included.

    \b
    Example:
      cxr-trainer evaluate --data ../shared/data/kermany-224,population=children \\
          --split models/shipped/first/split.csv --part validation --page evidence.html
    """
    if part is not None and split is None:
        raise click.UsageError("--part needs --split")
    if page is not None and json_ is not None and page.absolute() == json_.absolute():
        raise click.UsageError("--page and --json name one file")
    with one_line():
        from models.bundle import BundleStatus, read_bundle, shipped_bundle
        from trainer.evidence.document import Asked, evidence
        from trainer.runs import write_text

        for output in (page, json_):
            _check_room(output)
        folder = bundle if bundle is not None else shipped_bundle()
        judged = read_bundle(folder, least=BundleStatus.UNCERTIFIED)
        other = read_bundle(against, least=BundleStatus.UNCERTIFIED) if against is not None else None
        films, unreadable, split_sha256 = _films(sources, split, part)
        default = Population(population) if population else None
        with bar("scoring") as advance:
            rounds = 1 if other is None else 2
            scores = _score(films, judged, default, unreadable, lambda n: advance(n, rounds * len(films), ""))
            others = None
            if other is not None:
                more = _score(films, other, default, unreadable, lambda n: advance(len(films) + n, 2 * len(films), ""))
                others = (other, more)
        given = [("--bundle", folder), ("--population", population), ("--split", split)]
        given += [("--part", (part or "validation") if split is not None else None), ("--against", against)]
        asked = Asked(
            sources,
            str(split) if split is not None else None,
            split_sha256,
            (part or "validation") if split is not None else None,
            _command(sources, given),
        )
        with bar("judging") as advance:
            document = evidence(asked, judged, scores, others, report=lambda done, steps: advance(done, steps, ""))
        if page is not None:
            _write_page(page, document, judged, scores, gallery)
        if json_ is not None:
            write_text(json_, json.dumps(document, indent=2, allow_nan=False) + "\n")
    if format_ == "json":
        click.echo(json.dumps(document, indent=2, allow_nan=False))
        return
    click.echo(f"bundle {judged.name} ({judged.status}), model {judged.model_sha256[:16]}")
    click.echo(figures_table(document))
    for path in (page, json_):
        if path is not None:
            click.echo(f"written: {path}")


def _films(sources: Sequence[Source], split: Path | None, part: str | None) -> tuple[list[Film], int, str | None]:
    """The films of the part, the files that cannot be read, and the split's hash."""
    import hashlib

    from trainer.data.folds import leaks
    from trainer.data.sources import Part
    from trainer.data.splits import read_split
    from trainer.evidence.scoring import choose, find_readable

    parts = read_split(split) if split is not None else None  # before the films: they take longer to read
    films, unreadable = find_readable(sources)
    if split is None or parts is None:
        return films, unreadable, None
    # A file that cannot be read has no hash, so nobody can say whether it is in the part: it counts as failed.
    chosen = choose(films, parts, Part(part or "validation"))
    leaking = leaks(films, parts)
    if leaking.patients:
        count = len(leaking.patients)
        click.echo(f"warning: {count} patients lie in two parts of this split, so its figures flatter", err=True)
    return chosen, unreadable, hashlib.sha256(split.read_bytes()).hexdigest()


def _score(
    films: Sequence[Film], bundle: Bundle, default: Population | None, unreadable: int, report: Callable[[int], None]
) -> Scores:
    from trainer.evidence.scoring import score_films

    return score_films(films, bundle, default, lambda done, _: report(done), unreadable=unreadable)


def _command(sources: Sequence[Source], given: Sequence[tuple[str, Any]]) -> str:
    """The command that gives the same figures again."""
    words = ["cxr-trainer", "evaluate"]
    for source in sources:
        words += ["--data", source.argument(str(source.folder))]
    for option, value in given:
        words += [option, str(value)] if value is not None else []
    return shlex.join([*words, "--format", "json"])


def _check_room(path: Path | None) -> None:
    """Say before the work, not after it, that a file could not be written."""
    from trainer.errors import TrainerError

    if path is not None and not path.absolute().parent.is_dir():
        raise TrainerError("write", path, "there is no folder to put it in", "make its parent folder")


def _write_page(path: Path, document: dict[str, Any], bundle: Bundle, scores: Scores, most: int) -> None:
    """Draw and write the page; matplotlib is imported here and nowhere before."""
    try:
        from trainer.evidence.page import gallery, render
    except ImportError as error:
        raise click.ClickException(
            f"cannot draw the page: {error.name} is not installed; pip install 'cxr-triage[trainer]'"
        ) from error
    from trainer.runs import write_text

    with bar("drawing") as advance:
        shown = gallery(bundle, scores, most, lambda done, total: advance(done, total, ""))
    write_text(path, render(document, bundle, shown))
