"""The command line `cxr-trainer`; each command imports what it needs when it is run, so that --help is quick.

Exit codes: 0 done, 1 it could not do its work, 2 wrong usage. Results go to standard output, progress and notes to
standard error, and progress only where that is a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from models.errors import ModelsError
from models.population import Population
from models.version import VERSION

if TYPE_CHECKING:
    from trainer.data.sources import Source

DEFAULT_RECIPE: Final = "efficientnet_lite0"
_METAVAR: Final = "DIR[,weight=W][,population=children|adults]"
_FORMATS: Final = click.Choice(["table", "json"])


class _SourceType(click.ParamType[Any]):
    """``DIR[,weight=W][,population=children|adults]``; a mistake in it is wrong usage."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from trainer.data.sources import Source, parse_source

        if isinstance(value, Source):
            return value
        try:
            return parse_source(value)
        except ModelsError as error:
            self.fail(f"{error.path}: {error.cause}; {error.remedy}", param, ctx)


_DATA: Final = click.option(
    "--data",
    "sources",
    type=_SourceType(),
    metavar=_METAVAR,
    required=True,
    multiple=True,
    help="A folder with NORMAL/ and PNEUMONIA/; may be given several times.",
)
_FORMAT: Final = click.option("--format", "format_", type=_FORMATS, default="table", show_default=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="cxr-trainer")
def cli() -> None:
    """Train, quantise and judge the models of cxr-triage."""


@cli.command("fit")
@_DATA
@click.option(
    "--hold-out",
    "hold_out",
    type=_SourceType(),
    metavar="DIR",
    multiple=True,
    help="Whose patients are never trained on.",
)
@click.option("--run", "run", type=click.Path(path_type=Path, file_okay=False), required=True, help="The run's folder.")
@click.option("--recipe", default=DEFAULT_RECIPE, show_default=True, help="A recipe, or package.module:ATTRIBUTE.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--fraction", type=click.FloatRange(0, 0.5), default=0.15, show_default=True, help="Share to validate on."
)
@click.option("--steps", type=click.IntRange(1), help="Shorten the recipe to about that many steps, for a trial.")
@_FORMAT
def fit_command(
    sources: tuple[Source, ...],
    hold_out: tuple[Source, ...],
    run: Path,
    recipe: str,
    seed: int,
    fraction: float,
    steps: int | None,
    format_: str,
) -> None:
    """Train a network; the same command goes on with a run that was stopped.

    \b
    Example:
      cxr-trainer fit --data ../shared/data/kermany-224,population=children \\
          --data ../shared/data/rsna-adult-dev --hold-out ../shared/data/kermany-fullsize --run runs/first
    """
    _prepare_keras()
    with _one_line(), _bar("training") as advance:
        from trainer.fit import Run, fit
        from trainer.recipes.registry import find_recipe

        chosen = find_recipe(recipe)
        if steps is not None:
            chosen = chosen.scaled(steps)
        asked = Run(run, chosen, sources, hold_out, fraction, seed)
        try:
            scores = fit(asked, lambda step, total, loss: advance(step, total, f"loss {loss:.3f}"))
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on from the last checkpoint", err=True)
            raise
    if format_ == "json":
        click.echo(json.dumps({"run": str(run), "validation_auc": scores}, indent=2))
        return
    click.echo(f"weights in {run}; AUC of the float network on the validation part:")
    for name, value in scores.items():
        click.echo(f"  {name:<24} {value:.4f}")
    if not scores:
        click.echo("  none: no source has films of both classes there")


@cli.command("quantize")
@_DATA
@click.option("--run", "run", type=click.Path(path_type=Path, file_okay=False), required=True, help="What fit wrote.")
@click.option("--bundle", type=click.Path(path_type=Path), required=True, help="The new bundle's folder.")
@click.option("--name", required=True, help="The bundle's name, such as lite0-2026.11.")
@_FORMAT
def quantize_command(sources: tuple[Source, ...], run: Path, bundle: Path, name: str, format_: str) -> None:
    """Make a run's network int8, choose its operating points, and write a bundle.

    \b
    Example:
      cxr-trainer quantize --run runs/first --data ../shared/data/kermany-224 \\
          --data ../shared/data/rsna-adult-dev --bundle models/shipped/first --name first
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the converter is TensorFlow's; the weights are the same under any
    _prepare_keras()
    with _one_line(), _bar("scoring") as advance:
        from trainer.release import Release, release

        asked = Release(run, sources, bundle, name, datetime.now().astimezone().date())
        document = release(asked, lambda text: click.echo(text, err=True), lambda done, total: advance(done, total, ""))
    if format_ == "json":
        click.echo(json.dumps(document, indent=2))
        return
    certificate = document["quantisation"]
    click.echo(f"bundle in {bundle}, {'certified' if certificate['certified'] else 'NOT certified'}")
    click.echo(
        f"int8 against float on {certificate['films']} films: rank correlation {certificate['rank_correlation']:.4f}, "
        f"{certificate['flips']:.2%} on the other side of the threshold"
    )
    click.echo(_table(document["validation"]))


@cli.command("evaluate")
@_DATA
@click.option("--bundle", type=click.Path(path_type=Path), help="A bundle's folder.  [default: the shipped one]")
@click.option("--population", type=click.Choice([p.value for p in Population]), help="Of films without an age.")
@click.option("--split", type=click.Path(path_type=Path, dir_okay=False), help="A split.csv; without it all films.")
@click.option("--part", type=click.Choice(["train", "validation", "excluded"]), help="Which part of the split.")
@_FORMAT
def evaluate_command(
    sources: tuple[Source, ...],
    bundle: Path | None,
    population: str | None,
    split: Path | None,
    part: str | None,
    format_: str,
) -> None:
    """Judge a bundle's quantised file as the daemon runs it, gate included.

    \b
    Example:
      cxr-trainer evaluate --data ../shared/data/kermany-224,population=children \\
          --split models/shipped/first/split.csv --part validation --format json
    """
    if part is not None and split is None:
        raise click.UsageError("--part needs --split")
    with _one_line(), _bar("scoring") as advance:
        from models.bundle import read_bundle, shipped_bundle
        from trainer.data.sources import Part
        from trainer.data.splits import read_split
        from trainer.evaluate import choose, find_readable, judge, score_films

        judged = read_bundle(bundle if bundle is not None else shipped_bundle())
        films, unreadable = find_readable(sources)
        if split is not None:
            # A file that cannot be read has no hash, so nobody can say whether it is in the part: it counts as failed.
            films = choose(films, read_split(split), Part(part or "validation"))
        default = Population(population) if population else None
        scores = score_films(
            films, judged, default, lambda done, total: advance(done, total, ""), unreadable=unreadable
        )
        figures = judge(scores, judged.points)
        document = {**figures, "bundle": {"name": judged.name, "sha256": judged.model_sha256}}
    if format_ == "json":
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(f"bundle {judged.name}, model {judged.model_sha256[:16]}")
    click.echo(_table(document))


def _prepare_keras() -> None:
    """Choose the backend and quieten it, and import Keras.

    Raises:
        click.ClickException: the trainer's extra, or the backend, is not installed.
    """
    from importlib import import_module
    from importlib.util import find_spec

    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if find_spec("keras") is None:
        raise click.ClickException("cannot import keras: it is not installed; pip install 'cxr-triage[trainer]'")
    try:
        with _silence():
            import_module("keras")
    except ImportError as error:
        backend = os.environ["KERAS_BACKEND"]
        raise click.ClickException(
            f"cannot import keras on {backend}: {error}; install it, or set KERAS_BACKEND"
        ) from error


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing on standard error: TensorFlow's libraries speak of drivers there before their log level is read."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _one_line() -> Iterator[None]:
    """An error of ours is one line on standard error and exit code 1."""
    try:
        yield
    except ModelsError as error:
        raise click.ClickException(" ".join(str(error).split())) from error


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar with the time left, on a terminal only; called with (done, total, note)."""
    if not sys.stderr.isatty():
        yield _no_progress
        return
    with click.progressbar(
        length=1, label=label, file=sys.stderr, show_eta=True, item_show_func=lambda note: note
    ) as bar:
        started = False

        def advance(done: int, total: int, note: str) -> None:
            nonlocal started
            if not started:  # a run that goes on starts in the middle: what was done before takes no time
                bar.length, bar.pos, started = total, done - 1, True
            bar.update(done - bar.pos, note)

        yield advance


def _no_progress(done: int, total: int, note: str) -> None:
    """Where nobody watches."""


def _table(figures: dict[str, Any]) -> str:
    """The figures for a person to read."""
    lines = [f"{figures['n']} films scored, {figures['refused']} refused, {figures['failed']} failed"]
    for kind in ("refused", "failed"):
        lines += [f"  {kind}: {code}, {count}" for code, count in figures[f"{kind}_by_code"].items()]
    if figures["n"]:
        lines.append(f"AUC {_value(figures['auc'], figures['auc_ci'])}, calibration error {figures['ece']:.3f}")
        if figures["auc"] is None:
            lines.append("  no AUC: the scored films are all of one class")
    for name, point in figures["operating_points"].items():
        lines.append(f"{name}: {point['n']} films, {point['positives']} with pneumonia")
        lines.append(f"  AUC          {_value(point['auc'], point['auc_ci'])}")
        for band, prefix in (("next or first", ""), ("first", "first_")):
            lines.append(f"  {band}: from logit {point[f'{prefix}threshold']:.3f}")
            for kind in ("sensitivity", "specificity"):
                share = _value(point[f"{prefix}{kind}"], point[f"{prefix}{kind}_ci"])
                lines.append(f"    {kind}  {share}")
    if len(figures["sources"]) > 1:
        lines += [f"{name}: AUC {_value(s['auc'], s['auc_ci'])}, n {s['n']}" for name, s in figures["sources"].items()]
    return "\n".join(lines)


def _value(value: float | None, interval: list[float] | None) -> str:
    if value is None or interval is None:
        return "-"
    return f"{value:.4f} (95 % {interval[0]:.4f} to {interval[1]:.4f})"


def main() -> None:
    """The console script."""
    cli()
