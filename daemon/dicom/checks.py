"""Whether the settings are enough to receive: what only shows on this machine, every fault at once, by key."""

from __future__ import annotations

import os
from pathlib import Path

from daemon.dicom.incoming import SUFFIX
from daemon.dicom.tls import tls_of
from daemon.settings import Settings


def faults_of(settings: Settings) -> list[str]:
    """What has to be mended before a receiver can start; empty: nothing."""
    receiver = settings.receiver
    faults = [] if receiver.senders else ["receiver.senders: nobody may send; name who may"]
    if receiver.folder is None:
        faults.append("receiver.folder: none is set")
    else:
        faults += _folder(receiver.folder, settings)
    try:
        tls_of(receiver)
    except OSError as error:
        faults.append(f"receiver.{error}")
    return faults


def _folder(folder: Path, settings: Settings) -> list[str]:
    faults = []
    if not folder.is_dir():
        faults.append("receiver.folder: there is no such folder")
    elif not os.access(folder, os.W_OK | os.X_OK):
        faults.append("receiver.folder: this account may not write there")
    real = Path(os.path.realpath(folder))
    name = "0" * 64 + SUFFIX
    over = [(root, Path(os.path.realpath(root.path))) for root in settings.root]
    within = [root for root, path in over if real.is_relative_to(path)]
    if settings.root and not within:  # roots may also be named on the command line of watch; then nothing is known
        faults.append("receiver.folder: no [[root]] watches it, so nothing that is acknowledged would ever be scored")
    for root, path in over:
        if root in within and not root.selection.takes(os.fspath((real / name).relative_to(path))):
            faults.append(f"receiver.folder: its [[root]] takes no files such as {name[:4]}..{SUFFIX} there")
    return faults
