"""Finds the command that was asked for, and turns every error into one line and an exit code."""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any, Final

import click

from daemon.cli.options import printable
from models.version import VERSION

COMMANDS: Final = {
    "scan": "Look at folders once, score what is new, and end.",
    "watch": "Run the daemon in the foreground: watch folders until told to stop.",
    "receive": "Take films over the network (DICOM) into a watched folder.",
    "queue": "Print the studies that wait, the likeliest pneumonia first.",
    "review": "Record what a reader found; a verdict is also a read.",
    "read": "Mark studies as read, by hand or from a CSV of the RIS.",
    "urgency": "Say how urgently a study is to be read.",
    "agreement": "Say how often the bands were right, by the verdicts on blind cases.",
    "accept": "Test the bundle on this site's own films, accept it, or refit it.",
    "ledger": "Say who was read earlier than by arrival, and who later.",
    "account": "Count every file that was seen, and check the count.",
    "history": "Tell what became of a film, step by step.",
    "heatmap": "Show what a film's score was made of, by place.",
    "explain": "Tell what becomes of a film, and every reason; nothing is stored.",
    "survey": "Count which films of a folder could be scored, and why others not.",
    "retry": "Take films that failed or were refused up again.",
    "reconcile": "List what the RIS expects and what never arrived.",
    "handled": "Print the files that a department may delete.",
    "report": "Write the report of a day.",
    "deliver": "Send mail and webhooks; list them, or acknowledge one.",
    "simulate": "Draw nights, and print what the order does to waiting times.",
    "rehearse": "Read past nights anew under other rules, and print the difference.",
    "collect": "Write chosen cases, de-identified, as a folder for the trainer.",
    "drift": "Say whether the films of a folder are still what they were.",
    "status": "Say whether the daemon runs and what it sees.",
    "roots": "List the folders that the store knows; accept or retire one.",
    "canary": "Rewrite a root's canary file, and see that the daemon notices.",
    "metrics": "Print metrics in Prometheus' text format.",
    "config": "Print an example configuration, or check one.",
    "demo": "Watch the whole way, from files in a folder to a report.",
}
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count


class _ReaderLeft(Exception):  # noqa: N818  (nothing is wrong)
    """Whoever read the output has enough: `cxr-triage queue | head`."""


class _Commands(click.Group):
    """A group that imports a command's module when the command is called, so that --help stays quick."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderLeft from error  # click itself would end with 1

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"daemon.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"daemon.cli.{cmd_name} has no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample: cxr-triage scan /srv/incoming && cxr-triage queue",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CXR_TRIAGE_CONFIG",
    help="Settings in TOML; the environment (CXR_TRIAGE_...) wins over them.",
)
@click.version_option(VERSION, "--version", "-V", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Order chest radiographs for reading: the likeliest pneumonia first.

    It orders reading; it does not diagnose, and nothing leaves the list unread.
    """
    context.obj = config


def main() -> None:
    """Run a command; every error ends as one line on standard error, never as a traceback."""
    from db.errors import StoreError
    from models.errors import ModelsError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal's encoding lacks is no error
    try:
        result = cli.main(prog_name="cxr-triage", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        message = error.format_message().rstrip(".")
        _say(f"{message}; see `{context.command_path if context else 'cxr-triage'} --help`")
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted; what was done is stored, the same command goes on from there")
        code = INTERRUPTED
    except _ReaderLeft:
        code = 0
    except (ModelsError, StoreError) as error:
        from daemon.errors import ConfigurationError

        _say(str(error))
        code = 2 if isinstance(error, ConfigurationError) else 1
    except OSError as error:
        on = f" at {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
        cause = error.strerror or str(error)
        _say(f"cannot go on{on}: {cause}; free space or mend permissions, then run the command again")
        code = 1
    except Exception as error:
        if os.environ.get("CXR_TRIAGE_TRACEBACK"):
            raise
        _say(
            f"stopped by a fault of the program ({type(error).__name__}); what was done is stored. "
            "Set CXR_TRIAGE_TRACEBACK=1 and run it again for what to report"
        )
        code = 1
    _give_up_output()
    sys.exit(code)


def _give_up_output() -> None:
    """Let what is buffered, and cannot be written, go nowhere: the interpreter would try again and end with 120."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    """One line, whatever a file name in it holds."""
    click.echo(f"cxr-triage: {printable(' '.join(text.split()))}", err=True)
