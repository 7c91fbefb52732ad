"""Removes reports older than a site keeps them: files by the names that `write` gives them, and nothing else."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from typing import Final

from daemon.report.errors import ReportError
from daemon.report.write import BESIDE, MISSING, RENDERERS

OWN: Final = (*(f"report.{name}" for name in RENDERERS), MISSING, *BESIDE)


def remove_older(out: Path, first_kept: date) -> int:
    """Remove the reports of dates before `first_kept`; a folder in which anything else lies stays, with that.

    Returns:
        How many folders are gone. The index is brought up to date by the next report.

    Raises:
        ReportError: the disk refused.
    """
    gone = 0
    if not out.is_dir():  # before the first report
        return gone
    try:
        for folder in sorted(out.iterdir()):
            if _is_older(folder, first_kept):
                gone += _emptied(folder)
    except OSError as error:
        cause, remedy = error.strerror or str(error), "give a folder that this user may write to"
        raise ReportError("remove old reports", out, cause, remedy) from error
    return gone


def _is_older(folder: Path, first_kept: date) -> bool:
    try:
        day = date.fromisoformat(folder.name)
    except ValueError:
        return False
    return folder.name == day.isoformat() and day < first_kept and stat.S_ISDIR(folder.lstat().st_mode)


def _emptied(folder: Path) -> bool:
    for name in OWN:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            path.unlink()
    if any(folder.iterdir()):
        return False
    folder.rmdir()
    return True
