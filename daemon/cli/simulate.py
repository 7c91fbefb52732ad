"""`cxr-triage simulate`: what the order would do to waiting times, on nights that are drawn and not remembered."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import csv_text, format_option
from daemon.cli.progress import told

if TYPE_CHECKING:
    from daemon.simulation.department import Assumptions
    from daemon.simulation.figures import Night
    from daemon.simulation.reading import Taking


def _finite(context: click.Context, parameter: click.Parameter, value: float) -> float:
    del context, parameter
    if not math.isfinite(value):
        raise click.BadParameter("give a number")
    return value


@click.command("simulate", epilog="\b\nExample: cxr-triage simulate --nights 50 --cap-minutes 480 --plot waits.svg")
@click.option("--nights", type=click.IntRange(2, 10_000), default=200, show_default=True, help="How many are drawn.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same gives the same nights.")
@click.option(
    "--load",
    type=click.FloatRange(0.05, 2),
    default=0.9,
    show_default=True,
    callback=_finite,
    help="Work that comes in, over what the readers can do.",
)
@click.option(
    "--auc",
    type=click.FloatRange(0.5, 0.999),
    default=0.9,
    show_default=True,
    callback=_finite,
    help="Of the model, pneumonia against all else.",
)
@click.option(
    "--prevalence",
    type=click.FloatRange(0, 0.9),
    default=0.1,
    show_default=True,
    callback=_finite,
    help="Share of films with pneumonia.",
)
@click.option(
    "--cap-minutes",
    type=click.FloatRange(0, 1_000_000),
    default=30,
    show_default=True,
    callback=_finite,
    help="Maximum wait in reading minutes, then overdue.",
)
@click.option("--readers", type=click.IntRange(1, 20), default=2, show_default=True, help="Who read at the same time.")
@click.option("--weekend", "calendar", flag_value="weekend", help="60 hours of films wait on Monday at 07:00.")
@click.option("--night", "calendar", flag_value="night", default="night", help="A night and the day after. [default]")
@click.option(
    "--taking",
    type=click.Choice(["places", "top"]),
    default="places",
    show_default=True,
    help="Does `first` keep each second place as lists are made anew, or is the top one taken each time.",
)
@format_option("table", "json", "csv")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.svg", help="Draw the waits.")
def command(
    nights: int,
    seed: int,
    load: float,
    auc: float,
    prevalence: float,
    cap_minutes: float,
    readers: int,
    calendar: str,
    taking: str,
    form: str,
    plot: Path | None,
) -> int:
    """Draw nights of a department, and read each first come first served and in the order.

    No database is opened and no film is read. docs/simulation.md says what is assumed. Ctrl-C prints the nights that
    are finished, and ends with 130; the first nights are the same however many are asked for.
    """
    from daemon.cli.main import INTERRUPTED
    from daemon.simulation.department import Assumptions, Calendar
    from daemon.simulation.document import document
    from daemon.simulation.figures import compared
    from daemon.simulation.reading import Taking

    assumed = Assumptions(load, auc, prevalence, Calendar(calendar), readers)
    finished = _finished(assumed, cap_minutes, Taking(taking), seed, nights)
    found = document(
        assumed,
        cap=cap_minutes,
        taking=Taking(taking),
        nights=len(finished),
        seed=seed,
        groups=compared(finished, seed),
    )
    if plot is not None:
        _draw(found, plot)
    _show(found, form)
    if len(finished) < nights:
        click.echo(f"cxr-triage: interrupted; {nights - len(finished)} nights are not counted", err=True)
        return INTERRUPTED
    return 0


def _finished(assumed: Assumptions, cap: float, taking: Taking, seed: int, nights: int) -> list[Night]:
    """As many nights as were asked for, or until Ctrl-C.

    Raises:
        KeyboardInterrupt: it came before there was anything to say.
    """
    from daemon.cli.interrupt import held_back
    from daemon.simulation.figures import FEWEST, Night, one_night

    finished = list[Night]()
    try:
        with held_back() as stop, told("nights") as show:
            for number in range(nights):
                if stop():
                    break
                finished.append(one_night(assumed, cap, taking, seed, number))
                show(len(finished), nights)
    except KeyboardInterrupt:
        if len(finished) < FEWEST:
            raise
    return finished


def _draw(found: dict[str, Any], path: Path) -> None:
    from daemon.simulation.plot import plot
    from daemon.simulation.plot_file import write_plot

    write_plot(plot(found), path)


def _show(found: dict[str, Any], form: str) -> None:
    from daemon.simulation.document import ROW, lines, rows

    if form == "json":
        click.echo(json.dumps(found, indent=2))
    elif form == "csv":
        click.echo(csv_text(ROW, rows(found)), nl=False)
    else:
        for line in lines(found):
            click.echo(line)
