"""The command line `cxr-trainer`: the group of its commands.

Exit codes: 0 done, 1 it could not do its work, 2 wrong usage. Results go to standard output, progress and notes to
standard error, and progress only where that is a terminal.
"""

from __future__ import annotations

import click

from models.version import VERSION
from trainer.cli.average import average_command
from trainer.cli.compare import compare_command
from trainer.cli.evaluate import evaluate_command
from trainer.cli.fit import fit_command
from trainer.cli.gate import gate_command
from trainer.cli.inspect import inspect_command
from trainer.cli.maps import maps_command
from trainer.cli.points import points_command
from trainer.cli.quantize import quantize_command
from trainer.cli.reference import reference_command
from trainer.cli.shift import shift_command
from trainer.cli.split import split_command
from trainer.cli.tune import tune_command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="cxr-trainer")
def cli() -> None:
    """Train, quantise and judge the models of cxr-triage."""


for command in (
    *(inspect_command, split_command, fit_command, average_command, quantize_command),
    *(evaluate_command, shift_command, points_command, compare_command, tune_command, gate_command, maps_command),
    reference_command,
):
    cli.add_command(command)


def main() -> None:
    """The console script."""
    cli()
