"""Times and values as text that other programs read and a spreadsheet opens safely; not which of them are told."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(moment: datetime) -> str:
    """An aware time in UTC to the second, as ISO 8601 with Z."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def cell(value: object) -> str:
    """A value as a cell of a CSV that is safe to open: see `daemon.triage.document.queue_rows`."""
    if type(value) is not str:  # told apart first: there are 24 cells to a study
        return cell(str(value)) if isinstance(value, str) else _plain(value)
    if value.isascii() and value[:1].isalnum():
        return value
    text = value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    formula = text[:1] in {"=", "+", "@", "\t", "\r"} or (text[:1] == "-" and not text[1:].isdigit())
    return f"'{text}" if formula else text


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
