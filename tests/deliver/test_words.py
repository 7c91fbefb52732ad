"""What messages say: short, the same for every try, and without counts in a subject."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from builders.ward import NOW

from daemon.deliver.mail import message_of
from daemon.deliver.words import document, idempotency_key, link_to, subject, text
from db.outbox import Delivery, Notice
from db.states import Channel, DeliveryState, NoticeKind

PAYLOADS = {
    NoticeKind.REPORT: {
        "date": "2026-11-25",
        "waiting": {"first": 7, "next": 7, "in_turn": 7, "unscored": 7},
        "overdue": 7,
        "not_scored": 7,
        "balanced": False,
        "acceptance": "not accepted at this site: for a test",
        "link": "https://triage.example.org/2026-11-25/",
    },
    NoticeKind.URGENT: {"studies": 1, "acceptance": "accepted at this site on 25 Nov 2026 on 500 films", "link": None},
    NoticeKind.DIGEST: {"studies": 7, "more": True, "link": "https://triage.example.org/"},
    NoticeKind.HEARTBEAT: {"intake": "running", "link": None},
}
DELIVERY = Delivery(1, 5, Channel.MAIL, "0123", False, DeliveryState.PENDING, 0, NOW, None, None)
HALF_AN_HOUR = timedelta(minutes=30)


def notice(kind: NoticeKind) -> Notice:
    return Notice(5, kind, "key", json.dumps(PAYLOADS[kind]), NOW, None, None, None, None, None)


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_subject_says_what_it_is_and_never_how_many(kind: NoticeKind) -> None:
    """And whatever the site is called stays one line."""
    line = subject(notice(kind), "St. Ägid\r\nBcc: x@example.org", escalated=False)
    assert line.startswith("[cxr-triage St. Ägid Bcc: x@example.org] ")
    assert "7" not in line
    message_of("a@example.org", "b@example.org", line, "text", "key", NOW)


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_texts_are_short_lines_that_end_with_what_it_is_not(kind: NoticeKind) -> None:
    said = text(notice(kind), escalated=False, acknowledge_within=HALF_AN_HOUR)
    assert max(len(line) for line in said.splitlines()) <= 120
    assert said.endswith("This orders reading; it does not diagnose. No patient is named in messages.\n")
    assert ("deliver acknowledge 5" in said) == (kind in (NoticeKind.URGENT, NoticeKind.DIGEST))
    assert (PAYLOADS[kind]["link"] or "https://") in said or PAYLOADS[kind]["link"] is None


def test_a_message_says_whether_the_model_is_accepted_here() -> None:
    """Also one that was put in before there was anything to say of it."""
    said = text(notice(NoticeKind.REPORT), escalated=False, acknowledge_within=HALF_AN_HOUR)
    assert "The model: not accepted at this site: for a test." in said
    urgent = text(notice(NoticeKind.URGENT), escalated=False, acknowledge_within=HALF_AN_HOUR)
    assert "The model: accepted at this site on 25 Nov 2026 on 500 films." in urgent
    assert "The model" not in text(notice(NoticeKind.DIGEST), escalated=False, acknowledge_within=HALF_AN_HOUR)


def test_an_account_that_does_not_balance_is_loud() -> None:
    assert "NOT BALANCED" in text(notice(NoticeKind.REPORT), escalated=False, acknowledge_within=HALF_AN_HOUR)


def test_an_escalated_notice_says_why_it_comes() -> None:
    urgent = notice(NoticeKind.URGENT)
    said = text(urgent, escalated=True, acknowledge_within=HALF_AN_HOUR)
    assert said.startswith("Nobody acknowledged this within 30 minutes.\n")
    assert subject(urgent, "", escalated=True) == "[cxr-triage] not acknowledged: urgent, no. 5"


def test_a_key_is_that_of_one_delivery_of_one_database() -> None:
    one = notice(NoticeKind.REPORT)
    keys = {
        idempotency_key(one, DELIVERY),
        idempotency_key(one, replace(DELIVERY, attempts=9, error="timeout")),  # the same
        idempotency_key(one, replace(DELIVERY, target="4567")),
        idempotency_key(one, replace(DELIVERY, escalated=True)),
        idempotency_key(one, replace(DELIVERY, channel=Channel.WEBHOOK)),
        idempotency_key(replace(one, key="other"), DELIVERY),
        idempotency_key(replace(one, created_at=NOW + timedelta(seconds=1)), DELIVERY),
    }
    assert len(keys) == 6


def test_a_mail_is_the_same_for_every_try() -> None:
    mails = {bytes(message_of("a@example.org", "b@example.org", "s", "ä\n" * 99, "key", NOW)) for _ in range(2)}
    assert len(mails) == 1
    assert b"Message-ID: <key@example.org>" in mails.pop()


def test_a_document_is_ascii_and_names_no_target() -> None:
    told = document(notice(NoticeKind.REPORT), DELIVERY, "St. Ägid")
    assert told.isascii()
    assert set(json.loads(told)) == {
        *("schema", "id", "notice", "kind", "site", "created_at", "escalated"),
        *PAYLOADS[NoticeKind.REPORT],
    }


@pytest.mark.parametrize(
    ("base", "date", "link"),
    [
        ("", "2026-11-25", None),
        ("https://x/reports", "2026-11-25", "https://x/reports/2026-11-25/"),
        ("https://x/reports/", "2026-11-25", "https://x/reports/2026-11-25/"),
        ("https://x/{date}/report.html", "2026-11-25", "https://x/2026-11-25/report.html"),
        ("https://x/{date}/report.html", None, "https://x/"),
        ("https://x/reports/", None, "https://x/reports/"),
    ],
)
def test_the_link_is_the_base_and_a_date(base: str, date: str | None, link: str | None) -> None:
    assert link_to(base, date) == link
