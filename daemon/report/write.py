"""Report -> files: a folder for each date, every file whole or not there, readable by the group only."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import IO, Final

from daemon.files import replace_file
from daemon.report import gallery
from daemon.report.build import Report
from daemon.report.data import render_csv, render_json, render_missing
from daemon.report.downtime import render_downtime
from daemon.report.errors import ReportError
from daemon.report.pages import IndexEntry, render_gallery, render_html, render_index
from daemon.report.pdf import render_pdf, weasyprint

FILE_MODE: Final = 0o640  # patient data: the service writes, its group reads
FOLDER_MODE: Final = 0o750
INDEX: Final = "index.html"
MISSING: Final = "missing.csv"
SHEET: Final = "downtime.html"
HALF: Final = re.compile(r"\.(report\.(html|csv|json|pdf)|missing\.csv|(index|downtime|disagreements)\.html)\.\w{8}")
STALE: Final = 3600.0  # seconds
RENDERERS: Final[Mapping[str, Callable[[Report], str | bytes | Iterable[str]]]] = {
    "html": render_html,
    "csv": render_csv,
    "json": render_json,
    "pdf": render_pdf,
}
BESIDE: Final[Mapping[str, Callable[[Report], str]]] = {gallery.FILE: render_gallery}
"""Pages beside that of the report, by their names."""


def write_report(report: Report, out: Path, formats: Iterable[str]) -> dict[str, Path]:
    """Write the report into ``out/<date>/report.<format>``, and bring ``out/index.html`` up to date.

    With the page comes what belongs to it: the gallery beside it, and ``out/downtime.html``. A report of the same date
    is replaced, format by format. Each file appears complete or not at all.

    Args:
        out: is made if it is not there.
        formats: of `RENDERERS`.

    Returns:
        Format -> the file that was written.

    Raises:
        ReportError: an unknown format, a PDF without WeasyPrint, or the disk refused.
    """
    wanted = list(dict.fromkeys(formats))
    if unknown := [name for name in wanted if name not in RENDERERS]:
        known = ", ".join(RENDERERS)
        raise ReportError("write report", out, f"{unknown[0]!r} is no format of a report", f"choose from {known}")
    if not wanted:
        raise ReportError("write report", out, "no format was asked for", f"choose from {', '.join(RENDERERS)}")
    if "pdf" in wanted:
        weasyprint()  # where it is missing nothing is written
    folder = out / report.report_date.isoformat()
    _make(out)
    _make(folder)
    _sweep(out)
    _sweep(folder)
    written = {}
    for name in wanted:
        written[name] = _replace(folder / f"report.{name}", RENDERERS[name](report))
    if "html" in wanted:
        for name, render in BESIDE.items():
            _replace(folder / name, render(report))
        _replace(out / SHEET, render_downtime(report))
    if "csv" in wanted:
        _write_missing(report, folder / MISSING)
    _replace(out / INDEX, render_index(_reports(out), report.site, sheet=(out / SHEET).is_file()))
    return written


def write_sheet(report: Report, out: Path) -> Path:
    """Write the downtime sheet alone, ``out/downtime.html``, in place of the one before.

    Raises:
        ReportError: the disk refused.
    """
    _make(out)
    return _replace(out / SHEET, render_downtime(report))


def _write_missing(report: Report, path: Path) -> None:
    """A table beside the CSV, of what the RIS expects and never arrived; of an earlier report none may stay."""
    text = render_missing(report)
    if text is not None:
        _replace(path, text)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


def _reports(out: Path) -> list[IndexEntry]:
    """What lies in the folder of reports, the newest date first."""
    entries = []
    for folder in out.iterdir():
        try:
            day = date.fromisoformat(folder.name)
        except ValueError:
            continue
        files = tuple(name for name in RENDERERS if (folder / f"report.{name}").is_file())
        if files and folder.name == day.isoformat():
            entries.append(IndexEntry(day, files))
    return sorted(entries, key=lambda entry: entry.day, reverse=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from error


def _replace(path: Path, content: str | bytes | Iterable[str]) -> Path:
    """Write beside the file, force it to the disk, then rename: a reader sees the old report or the new one."""

    def write(file: IO[bytes]) -> None:
        for part in [content] if isinstance(content, str | bytes) else content:
            file.write(part.encode("utf-8") if isinstance(part, str) else part)

    try:
        replace_file(path, FILE_MODE, write)
        _force(path.parent)
    except OSError as error:
        raise _refused(path, error) from error
    return path


def _sweep(folder: Path) -> None:
    """Remove halves that a killed process left; what is younger than an hour may still be written by another one."""
    for path in folder.glob(".*"):
        if not HALF.fullmatch(path.name):
            continue
        try:
            if path.lstat().st_mtime < time.time() - STALE:
                path.unlink()
        except OSError:  # gone meanwhile, or not ours: it disturbs nobody
            continue


def _force(folder: Path) -> None:
    """The rename itself must survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refused(path: Path, error: OSError) -> ReportError:
    remedy = "give a folder that this user may write to, on a disk with space"
    return ReportError("write report", path, error.strerror or str(error), remedy)
