"""`cxr-triage receive`: the DICOM receiver in the foreground."""

from __future__ import annotations

from importlib.util import find_spec

import click

from daemon.cli.options import settings_of


@click.command("receive", epilog="\b\nExample: cxr-triage --config /etc/cxr-triage/config.toml receive")
@click.pass_context
def command(context: click.Context) -> int:
    """Take films over the network (DICOM C-STORE, C-ECHO) into the folder of [receiver], until SIGTERM or Ctrl-C.

    A process of its own: it opens no database and decodes nothing. `watch` scores what it writes. A sender is told
    success only once the film is on the disk under its name.
    """
    import time

    from daemon.errors import DaemonError

    settings = settings_of(context)
    if find_spec("pynetdicom") is None:
        raise DaemonError(
            "receive films",
            None,
            "pynetdicom is not installed",
            "install the extra `receiver` (pip install --require-hashes -r locks/dicom.txt)",
        )
    from daemon.clock import system_clock
    from daemon.dicom.receiver import receive
    from daemon.logs import set_up_logging

    set_up_logging(settings.log)
    receive(settings, system_clock(), time.sleep)
    return 0
