"""The service's log: one line an event, logfmt or JSON, on standard error; arrival ids, never names or patient data."""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any, Final

from daemon.settings import LogSettings

# Only these reach the log, whatever else a record carries: what a library logs may hold a path.
FIELDS: Final = (
    *("arrival", "root", "verdict", "milliseconds", "cause", "count", "report_date", "signal"),
    *("delivery", "channel"),
    *(
        "object",
        "association",
        "sender",
        "bytes",
        "port",
        "accepted",
        "rejected",
    ),  # of the receiver: numbers, all of them
)
LOGGER: Final = "cxr_triage"


def _values(record: logging.LogRecord) -> dict[str, Any]:
    values: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "event": record.getMessage(),
    }
    values |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
    if record.exc_info and record.exc_info[0] is not None:
        values["error"] = record.exc_info[0].__name__  # its text may hold a path
    return values


class LogfmtFormatter(logging.Formatter):
    """``key=value`` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return " ".join(f"{key}={self._cell(value)}" for key, value in _values(record).items())

    @staticmethod
    def _cell(value: object) -> str:
        text = str(value)
        return json.dumps(text) if not text or any(c in ' ="' or not c.isprintable() for c in text) else text


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return json.dumps(_values(record), default=str)


def set_up_logging(settings: LogSettings) -> None:
    """Send the service's own log to standard error; what libraries log stays out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.format == "json" else LogfmtFormatter())
    logger = logging.getLogger(LOGGER)
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(settings.level.upper())
    logging.getLogger().handlers = [logging.NullHandler()]
    threading.excepthook = _thread_died


def _thread_died(arguments: threading.ExceptHookArgs) -> None:
    """Say that a thread of a library ended by an error; Python's own hook prints its text, which may hold a path."""
    kind = arguments.exc_type.__name__
    logging.getLogger(LOGGER).error("a thread ended by an error", extra={"cause": kind})
