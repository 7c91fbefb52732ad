"""The error that the report raises; it knows nothing of terminals."""

from __future__ import annotations

from daemon.errors import DaemonError


class ReportError(DaemonError):
    """A report could not be written; exit code 1, and the nightly one is tried again."""
