"""`cxr-trainer gate`: fit the pixel side of a run's gate, and judge that of a bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainer.cli.backend import prepare_keras
from trainer.cli.options import DATA, FORMAT, one_line
from trainer.cli.progress import bar

if TYPE_CHECKING:
    from trainer.data.sources import Source
    from trainer.gate.judge import Folder

GENERATORS = ("unseen", "seen")
SEED = click.option("--seed", type=click.IntRange(0), default=1, show_default=True)


@click.group("gate")
def gate_command() -> None:
    """What is no frontal chest film, by its pixels: fit a run's gate, judge a bundle's."""


@gate_command.command("fit")
@DATA
@click.option("--run", "run", type=click.Path(path_type=Path, file_okay=False), required=True, help="What fit wrote.")
@click.option(
    "--films", type=click.IntRange(8), default=1200, show_default=True, help="Training films a source to learn from."
)
@click.option(
    "--held", type=click.IntRange(1), default=400, show_default=True, help="Held-out films a source, at most."
)
@click.option("--steps", type=click.IntRange(1), default=400, show_default=True, help="Of each network.")
@SEED
@FORMAT
def fit_command(
    sources: tuple[Source, ...], run: Path, films: int, held: int, steps: int, seed: int, format_: str
) -> None:
    """Fit a gate for a run's data and preprocessing, and write it into the run folder; `quantize` then takes it along.

    It trains a small network of its own, and others without each source, for limits and evidence: half an hour on two
    cores. Begun again after it was stopped, it goes on with the network that it was at.

    \b
    Example:
      cxr-trainer gate fit --run runs/first --data ../shared/data/kermany-224 --data ../shared/data/rsna-adult-dev
    """
    prepare_keras()
    with one_line(), bar("fitting the gate") as advance:
        from trainer.gate.fit import Fit, fit_gate

        asked = Fit(run, sources, films, held, steps, seed)
        document = fit_gate(asked, lambda done, total: advance(done, total, ""))
    if format_ == "json":
        click.echo(json.dumps(document, indent=2))
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in document["pictures"].items())
    click.echo(f"gate in {run}, fitted on {counts}")
    for name, row in document["left_out"].items():
        click.echo(f"without {name}: {_share('refused', row['refused'], row['films'], row['upper'])}{_codes(row)}")
    if not document["left_out"]:
        click.echo("one source only: nobody knows what it refuses of another")


@gate_command.command("judge")
@DATA
@click.option("--bundle", type=click.Path(path_type=Path), help="A bundle's folder.  [default: the shipped one]")
@click.option("--split", type=click.Path(path_type=Path, dir_okay=False), help="[default: the bundle's split.csv]")
@click.option("--foreign", multiple=True, metavar="KIND=DIR", help="Pictures that must be refused.")
@click.option("--chest", multiple=True, metavar="DIR", help="More frontal chest films, which must be accepted.")
@click.option(
    "--generators",
    type=click.Choice(GENERATORS),
    default=GENERATORS[0],
    show_default=True,
    help="Which set makes the pictures: the blind one, or the one that gates learn from.",
)
@click.option("--each", type=click.IntRange(0), default=300, show_default=True, help="Pictures made of each kind.")
@SEED
@FORMAT
def judge_command(
    sources: tuple[Source, ...],
    bundle: Path | None,
    split: Path | None,
    foreign: tuple[str, ...],
    chest: tuple[str, ...],
    generators: str,
    each: int,
    seed: int,
    format_: str,
) -> None:
    """Count what a bundle's gate accepts of pictures that are no chest films, and refuses of held-out ones that are.

    Pictures of each kind are made of held-out films by a set of generators. `unseen` is blind: it was written without
    a look at how the gate is trained. `seen` is learned from. Compare figures of one suite only: that is the sha256 of
    the set's sources, which is printed.

    \b
    Example:
      cxr-trainer gate judge --data ../shared/data/kermany-224 --foreign photograph=photographs --foreign not-chest=ct
    """
    folders = _folders(foreign, chest)
    with one_line(), bar("judging pictures") as advance:
        from models.bundle import read_bundle, shipped_bundle
        from trainer.data.films import Part
        from trainer.data.splits import read_split
        from trainer.evidence.scoring import choose, find_readable
        from trainer.gate.generators import Generators, suite_of
        from trainer.gate.judge import judge_gate

        judged = read_bundle(bundle if bundle is not None else shipped_bundle())
        parts = read_split(split if split is not None else judged.folder / "split.csv")
        films = choose(find_readable(sources)[0], parts, Part.VALIDATION)
        suite = suite_of(Generators(generators))
        counted = judge_gate(judged, films, folders, suite, each, seed, lambda done, total: advance(done, total, ""))
    if format_ == "json":
        known = {"bundle": judged.name, "model_sha256": judged.model_sha256}
        made = {"generators": suite.name.value, "suite": suite.sha256}
        click.echo(json.dumps({**known, **made, **counted}, indent=2))
        return
    made_by = f"{suite.name.value} generators, suite {suite.sha256[:16]}"
    click.echo(f"bundle {judged.name}, model {judged.model_sha256[:16]}, {made_by}")
    click.echo("must be refused:")
    for row in counted["refuse"]:
        named = ", ".join(f"{code} {count}" for code, count in row["named"].items())
        share = _share("accepted", row["accepted"], row["n"], row["upper"])
        click.echo(f"  {row['kind']:14} {row['from']:18} {share}; called {named}")
    for kind in counted["untested"]:
        click.echo(f"  {kind}: untested")
    click.echo("must be accepted:")
    for row in counted["accept"]:
        click.echo(f"  {row['from']:18} {_share('refused', row['refused'], row['n'], row['upper'])}{_codes(row)}")


def _folders(foreign: tuple[str, ...], chest: tuple[str, ...]) -> list[Folder]:
    from trainer.gate.judge import Folder
    from trainer.gate.kinds import KINDS, Kind

    folders = [Folder(Kind.FILM, Path(folder)) for folder in chest]
    for text in foreign:
        name, equals, folder = text.partition("=")
        if not equals or not folder or name not in KINDS[1:]:
            raise click.UsageError(f"--foreign {text}: write KIND=DIR, KIND one of {', '.join(KINDS[1:])}")
        folders.append(Folder(Kind(name), Path(folder)))
    return folders


def _share(word: str, count: int, n: int, upper: float) -> str:
    return f"{count} of {n} {word} (upper 95 % limit {upper:.2%})"


def _codes(row: dict[str, Any]) -> str:
    codes = ", ".join(f"{code} {count}" for code, count in row["by_code"].items())
    return f": {codes}" if codes else ""
