"""What a message says: subject and text of a mail, the document of a webhook; from counts and a link alone; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from textwrap import wrap
from typing import Any, Final

from daemon.triage.cells import instant
from db.outbox import Delivery, Notice
from db.states import NoticeKind

SCHEMA: Final = 1
WIDTH: Final = 72  # characters of a line
BANDS: Final = {"first": "first", "next": "next", "in_turn": "in turn", "unscored": "unscored"}
CLOSING: Final = "This orders reading; it does not diagnose. No patient is named in messages."


def idempotency_key(notice: Notice, delivery: Delivery) -> str:
    """The same for every try of a delivery, and for no other delivery, of whatever database; 32 hex digits.

    A process that is killed between sending and noting sends again: receivers know the second one by this.
    """
    parts = (notice.key, instant(notice.created_at), delivery.channel, delivery.target, str(delivery.escalated))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def subject(notice: Notice, site: str, *, escalated: bool) -> str:
    """One line, without counts: subjects stand on locked screens and in the logs of mail servers."""
    what = {
        NoticeKind.REPORT: f"report of {json.loads(notice.payload).get('date')}",
        NoticeKind.URGENT: f"urgent, no. {notice.id}",
        NoticeKind.DIGEST: f"urgent, no. {notice.id}",
        NoticeKind.HEARTBEAT: "sign of life",
    }[notice.kind]
    head = " ".join(("cxr-triage", *site.split()))
    return f"[{head}] {'not acknowledged: ' if escalated else ''}{what}"


def text(notice: Notice, *, escalated: bool, acknowledge_within: timedelta) -> str:
    """The text of a mail; lines are short, so that no server breaks them."""
    payload = json.loads(notice.payload)
    lines = {
        NoticeKind.REPORT: _report,
        NoticeKind.URGENT: _urgent,
        NoticeKind.DIGEST: _urgent,
        NoticeKind.HEARTBEAT: _heartbeat,
    }[notice.kind](payload)
    parts = ["\n".join(lines)]
    if escalated:
        minutes = round(acknowledge_within / timedelta(minutes=1))
        parts.insert(0, f"Nobody acknowledged this within {minutes} minutes.")
    if notice.kind in (NoticeKind.URGENT, NoticeKind.DIGEST):
        parts.append(f"When somebody has taken it on: cxr-triage deliver acknowledge {notice.id}")
    if payload.get("acceptance"):
        parts.append("\n".join(wrap(f"The model: {payload['acceptance']}.", WIDTH)))
    if payload.get("link"):
        parts.append(payload["link"])
    return "\n\n".join([*parts, CLOSING]) + "\n"


def _report(payload: Mapping[str, Any]) -> Iterator[str]:
    waiting = payload["waiting"]
    yield f"The report of {payload['date']} is written."
    yield ""
    yield "Waiting: " + ", ".join(f"{waiting[band]} {word}" for band, word in BANDS.items() if band in waiting)
    yield f"Overdue: {payload['overdue']}"
    yield f"Not scored, to be read normally: {payload['not_scored']}"
    yield f"Account: {'balanced' if payload['balanced'] else 'NOT BALANCED, see the report'}"


def _urgent(payload: Mapping[str, Any]) -> Iterator[str]:
    studies, more = payload["studies"], payload.get("more", False)
    if not more:
        yield "A study of the band first came, and waits to be read."
        return
    yield f"{studies} more {'study' if studies == 1 else 'studies'} of the band first came, and wait to be read."
    yield "So many come that they are not told of one by one; look at the queue. The next message may take an hour."


def _heartbeat(payload: Mapping[str, Any]) -> Iterator[str]:
    yield "Messages get through."
    yield f"The service that watches the folders: {payload['intake']}."


def document(notice: Notice, delivery: Delivery, site: str) -> bytes:
    """The body of a webhook, the same for every try: JSON in ASCII."""
    told = {
        "schema": SCHEMA,
        "id": idempotency_key(notice, delivery),
        "notice": notice.id,
        "kind": notice.kind.value,
        "site": site,
        "created_at": instant(notice.created_at),
        "escalated": delivery.escalated,
        **json.loads(notice.payload),
    }
    return json.dumps(told, allow_nan=False).encode("ascii")


def link_to(link: str, report_date: str | None) -> str | None:
    """The link of a message: the base as it is, or with the date in it or behind it; None when there is no base."""
    if not link:
        return None
    if report_date is None:
        return link.split("{date}", 1)[0]
    return link.replace("{date}", report_date) if "{date}" in link else f"{link.rstrip('/')}/{report_date}/"
