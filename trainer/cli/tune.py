"""`cxr-trainer tune`: search a recipe's numbers, and write the best as a recipe file."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from trainer.cli.backend import prepare_keras
from trainer.cli.options import DATA, FORMAT, HOLD_OUT, one_line
from trainer.cli.progress import bar
from trainer.cli.training import training_options

if TYPE_CHECKING:
    from trainer.cli.training import Asked
    from trainer.data.sources import Source

_OF_FIT: Final = ("sources", "hold_out", "seed", "fraction", "test", "split", "starting")  # the rest is in best.py


@click.command("tune")
@click.argument("recipe")
@DATA
@HOLD_OUT
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where everything goes."
)
@click.option(
    "--trials", type=click.IntRange(1), default=20, show_default=True, help="In all, those of before among them."
)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="MINUTES", help="No trial begins after it.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of split, training and search.")
@click.option(
    "--fraction", type=click.FloatRange(0, 0.5), default=0.15, show_default=True, help="Share to validate on."
)
@click.option("--test", type=click.FloatRange(0, 0.5), default=0.0, show_default=True, help="Share that is left alone.")
@click.option("--split", type=click.Path(path_type=Path, dir_okay=False), help="A split.csv that decides instead.")
@training_options
@FORMAT
def tune_command(
    recipe: str,
    sources: tuple[Source, ...],
    hold_out: tuple[Source, ...],
    folder: Path,
    trials: int,
    timeout: float | None,
    seed: int,
    fraction: float,
    test: float,
    split: Path | None,
    asked: Asked,
    format_: str,
) -> None:
    """Search learning rate, decay, smoothing, averaging, warmup, batch, augmentation and balance of a RECIPE.

    The same command goes on with a search that was stopped. The first trial is the recipe as it is; trials that fall
    behind are pruned. What an option sets is not searched. Only the validation part is looked at. The best goes to
    FOLDER/best.py, for fit --recipe.

    \b
    Example:
      cxr-trainer tune cnn --data ../shared/data/kermany-224 --folder runs/tune --trials 20 --steps 400
      cxr-trainer fit --data ../shared/data/kermany-224 --recipe runs/tune/best.py --run runs/tuned
    """
    prepare_keras()
    with one_line(), bar("tuning") as advance:
        from trainer.data.splits import Shares
        from trainer.recipes.registry import find_recipe
        from trainer.training.run import Run
        from trainer.tuning.document import table
        from trainer.tuning.recipe_file import Told
        from trainer.tuning.search import BEST, Search, looking, tune

        base = find_recipe(recipe)
        called = str(Path(recipe).resolve()) if recipe.endswith(".py") else recipe
        words = ["cxr-trainer", "fit", "--recipe", str(folder / BEST), "--run", "RUN", *_given(_OF_FIT)]
        search = Search(
            run=Run(
                folder=folder,
                recipe=looking(asked.of(base), asked.judge_every),
                sources=sources,
                hold_out=hold_out,
                shares=Shares(fraction, test),
                split=split,
                seed=seed,
                weights=asked.weights(),
            ),
            trials=trials,
            told=Told(base, called, shlex.join(["cxr-trainer", "tune", recipe, *_given(None)]), shlex.join(words)),
            pinned=frozenset(name for name in ("augmentation", "balance") if getattr(asked, name) is not None),
            minutes=timeout,
        )
        try:
            document = tune(search, lambda text: click.echo(text, err=True), advance, time.monotonic)
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on from the last checkpoint", err=True)
            raise
    if format_ == "json":
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(table(document))
    if document["importance_missing"]:
        click.echo(f"no {folder / 'importance.svg'}: {document['importance_missing']}")
    if document["best"] is None:
        click.echo("no trial is complete, so there is no best one")
        return
    click.echo(f"best: trial {document['best']}, in {folder / BEST}; train it with\n  {search.told.fit}")


def _given(names: tuple[str, ...] | None) -> list[str]:
    """The options that were given, as words; of those names only, where there are some."""
    context = click.get_current_context()
    words: list[str] = []
    for option in context.command.params:
        name = option.name or ""
        chosen = isinstance(option, click.Option) and (names is None or name in names)
        if chosen and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value = context.params[name]
            for one in value if isinstance(value, tuple) else (value,):
                words += [option.opts[0], _word(one)]
    return words


def _word(value: Any) -> str:
    from trainer.data.sources import Source

    return value.argument(str(value.folder)) if isinstance(value, Source) else str(value)
