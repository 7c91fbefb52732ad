"""`cxr-triage config`: an example of every key, or a check of a file."""

from __future__ import annotations

from importlib.resources import files

import click

from daemon.cli.options import printable, settings_of


@click.group("config", epilog="\b\nExample: cxr-triage config example > /etc/cxr-triage/config.toml")
def command() -> None:
    """Print an example configuration, or check one."""


@command.command(
    "example", short_help="Print a configuration with every key.", epilog="\b\nExample: cxr-triage config example"
)
def example() -> None:
    """Print a configuration with every key, its default and what it does."""
    click.echo(files("daemon").joinpath("example.toml").read_text(encoding="utf-8"), nl=False)


@command.command(
    "check",
    short_help="Say every error of a configuration at once.",
    epilog="\b\nExample: cxr-triage --config /etc/cxr-triage/config.toml config check",
)
@click.pass_context
def check(context: click.Context) -> int:
    """Read the configuration that --config names, and say every error at once; exit code 2 if there is one.

    Folders that are not there are named as a warning: a share may be away for a while.
    """
    settings = settings_of(context)
    for root in settings.root:
        if not root.path.is_dir():
            click.echo(f"warning: {printable(str(root.path))} is not there now", err=True)
    if settings.receiver.folder is not None:
        from daemon.dicom.checks import faults_of

        for fault in faults_of(settings):  # an account that only watches cannot read the receiver's key, for one
            click.echo(f"warning: cxr-triage receive would not start: {printable(fault)}", err=True)
    count = len(settings.root)
    roots = f"{count} root" if count == 1 else f"{count} roots"
    click.echo(f"the configuration can be used: {roots}, store {printable(settings.store.url)}")
    return 0
