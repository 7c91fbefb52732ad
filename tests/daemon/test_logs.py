"""The service's log: one line an event, and never a path."""

import json
import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from daemon.logs import JsonFormatter, LogfmtFormatter, set_up_logging
from daemon.settings import LogSettings

SECRET = "/srv/incoming/Mustermann^Max.dcm"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What stands on standard error; logging and the hook for threads are put back afterwards."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    ours, top = logging.getLogger("cxr_triage"), logging.getLogger()
    before = ours.handlers, ours.propagate, ours.level, top.handlers
    yield lambda: capsys.readouterr().err
    ours.handlers, ours.propagate, top.handlers = before[0], before[1], before[3]
    ours.setLevel(before[2])


def record(message: str = "outcome", **values: object) -> logging.LogRecord:
    made = logging.LogRecord("cxr_triage.intake", logging.INFO, "x.py", 1, message, (), None)
    made.__dict__.update(values)
    return made


def test_a_line_holds_the_event_and_its_known_fields() -> None:
    """In either form; whatever else a record carries stays out."""
    made = record(arrival=7, verdict="scored", path=SECRET, cause="disk is full")
    line = LogfmtFormatter().format(made)
    assert line.endswith('level=info event=outcome arrival=7 verdict=scored cause="disk is full"')
    document = json.loads(JsonFormatter().format(made))
    assert (document["event"], document["arrival"], document["cause"]) == ("outcome", 7, "disk is full")
    assert SECRET not in line + json.dumps(document)


@pytest.mark.parametrize("cause", ["a\nlevel=error", 'quo"te', "", "a=b", "\x1b[31m", "\udcff"])
def test_a_value_cannot_forge_a_line(cause: str) -> None:
    """Line breaks, quotes, control characters and stray bytes are escaped."""
    line = LogfmtFormatter().format(record(cause=cause))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line.split("cause=")[1]) == cause


def test_an_exception_is_named_by_its_kind_only(log: Callable[[], str]) -> None:
    """Its text may hold a path."""
    set_up_logging(LogSettings())
    try:
        raise FileNotFoundError(2, "No such file", SECRET)
    except FileNotFoundError:
        logging.getLogger("cxr_triage.report").exception("report not written")
    text = log()
    assert "error=FileNotFoundError" in text
    assert "Mustermann" not in text
    assert text.count("\n") == 1


def test_libraries_and_their_threads_stay_out(log: Callable[[], str]) -> None:
    """What they log is not shown; that a thread of theirs died is, without its text."""
    set_up_logging(LogSettings(level="debug"))
    logging.getLogger("watchdog").error("cannot read %s", SECRET)

    def die() -> None:
        raise OSError(SECRET)

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    text = log()
    assert "Mustermann" not in text
    assert "cause=OSError" in text


def test_the_level_holds(log: Callable[[], str]) -> None:
    """Nothing below it is written."""
    set_up_logging(LogSettings(level="warning", format="json"))
    logging.getLogger("cxr_triage.intake").info("quiet")
    logging.getLogger("cxr_triage.intake").warning("loud")
    assert json.loads(log())["event"] == "loud"
