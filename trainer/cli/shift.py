"""`cxr-trainer shift`: judge networks on films as other scanners and exports would have given them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from trainer.cli.options import DATA, FORMAT, one_line
from trainer.cli.progress import bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.data.films import Source
    from trainer.shift.entries import Entry

NETWORK: Final = "FOLDER[,label=TEXT][,split=FILE]"
FILMS: Final = 150  # `suite.MOST`, for a quick help
QUICK: Final = 40


@click.command("shift")
@DATA
@click.option("--bundle", "bundles", multiple=True, metavar=NETWORK, help="As the daemon runs it.  [default: shipped]")
@click.option("--run", "runs", multiple=True, metavar=NETWORK, help="What fit wrote, as the float network.")
@click.option("--against", metavar=NETWORK, help="A bundle or run that each of them is compared with, film by film.")
@click.option(
    "--split", type=click.Path(path_type=Path, dir_okay=False), help="Of those that name none, not their own."
)
@click.option(
    "--part", type=click.Choice(["train", "validation", "test"]), default="validation", show_default=True, help="Of it."
)
@click.option(
    "--fullsize", type=click.Path(path_type=Path, file_okay=False), help="Films in full size, by the names of --data."
)
@click.option(
    "--films",
    type=click.IntRange(10),
    help=f"At most so many of a source and class.  [default: {FILMS}; quick: {QUICK}]",
)
@click.option("--quick", is_flag=True, help="Fewer films, and the strongest severities only.")
@click.option("--json", "json_", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write figures.")
@FORMAT
def shift_command(
    sources: tuple[Source, ...],
    bundles: tuple[str, ...],
    runs: tuple[str, ...],
    against: str | None,
    split: Path | None,
    part: str,
    fullsize: Path | None,
    films: int | None,
    quick: bool,
    json_: Path | None,
    format_: str,
) -> None:
    """Judge networks under shift: the frozen suite of corruptions, mean and worst beside clean.

    Each network is judged on films that its own split.csv held out. Networks of one label are a group (seeds, folds,
    splits that leave a source out), told with their spread. A run may name `preprocessing=VERSION` too.

    \b
    Example:
      cxr-trainer shift --data ../shared/data/kermany-224,population=children \\
          --data ../shared/data/rsna-adult-dev --fullsize ../shared/data/kermany-fullsize --json shift.json
      cxr-trainer shift --data ../shared/data/kermany-224 --run runs/seed-1,label=small --run runs/seed-2,label=small \\
          --against models/shipped/lite0-2026.11
    """
    with one_line():
        from trainer.data.films import Part
        from trainer.errors import TrainerError
        from trainer.runs import write_text
        from trainer.shift.benchmark import Asked, benchmark
        from trainer.shift.conditions import CONDITIONS, HEAVIEST
        from trainer.shift.suite import MOST
        from trainer.shift.table import table

        if json_ is not None and not json_.absolute().parent.is_dir():
            raise TrainerError("write", json_, "there is no folder to put it in", "make its parent folder")
        entries, other = _entries(bundles, runs, against, split)
        asked = Asked(
            entries=entries,
            sources=sources,
            part=Part(part),
            command=_command(sources, (bundles, runs, against), (split, part, fullsize, films, quick)),
            against=other,
            fullsize=fullsize,
            most=films or (QUICK if quick else MOST),
            conditions=HEAVIEST if quick else CONDITIONS,
        )
        with bar("scoring") as advance:
            document = benchmark(
                asked, lambda text: click.echo(text, err=True), lambda done, total: advance(done, total, "")
            )
        text = json.dumps(document, indent=2, allow_nan=False) + "\n"
        if json_ is not None:
            write_text(json_, text)
    click.echo(text if format_ == "json" else table(document), nl=False)
    if json_ is not None and format_ != "json":
        click.echo(f"written: {click.format_filename(json_)}", err=True)


def _entries(
    bundles: Sequence[str], runs: Sequence[str], against: str | None, split: Path | None
) -> tuple[tuple[Entry, ...], Entry | None]:
    """The networks, bundles first; Keras is imported only where one of them is a run."""
    from models.bundle import shipped_bundle
    from trainer.cli.backend import prepare_keras
    from trainer.errors import TrainerError
    from trainer.shift.entries import Kind, parse_entry

    named = [(text, Kind.BUNDLE) for text in bundles] + [(text, Kind.RUN) for text in runs]
    try:
        entries = tuple(
            parse_entry(text, kind, split) for text, kind in named or [(str(shipped_bundle()), Kind.BUNDLE)]
        )
        other = parse_entry(against, None, split) if against is not None else None
    except TrainerError as error:
        raise click.UsageError(f"{error.path}: {error.cause}; {error.remedy}") from error
    if any(entry.kind is Kind.RUN for entry in (*entries, *([other] if other else []))):
        prepare_keras()
    return entries, other


def _command(
    sources: Sequence[Source],
    networks: tuple[Sequence[str], Sequence[str], str | None],
    given: tuple[Path | None, str, Path | None, int | None, bool],
) -> str:
    """The command that gives the same figures again."""
    words: list[Any] = ["cxr-trainer", "shift"]
    bundles, runs, against = networks
    split, part, fullsize, films, quick = given
    pairs: list[tuple[str, Any]] = [("--data", source.argument(str(source.folder))) for source in sources]
    pairs += [("--bundle", text) for text in bundles] + [("--run", text) for text in runs]
    pairs += [
        ("--against", against),
        ("--split", split),
        ("--part", part),
        ("--fullsize", fullsize),
        ("--films", films),
    ]
    for option, value in pairs:
        words += [option, str(value)] if value is not None else []
    return shlex.join([*words, *(["--quick"] if quick else []), "--format", "json"])
