"""Deliveries to real servers on loopback that fail at first: nothing is lost, and a repeated one has the same key."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from builders.intake import TurnedClock
from builders.peers import (
    PASSWORD,
    USER,
    Hook,
    MailServer,
    certificate,
    free_port,
    hooked,
    keys_of,
    listening,
)
from builders.ward import MARKER, Ward

from daemon.deliver.deliverer import Deliverer, Tally
from daemon.deliver.service import deliver, deliver_once
from daemon.deliver.settings import DeliverSettings, MailSettings, UrgentSettings, WebhookSettings
from daemon.deliver.standing import document, sentences, state_of
from daemon.deliver.webhook import signature
from daemon.errors import ConfigurationError
from daemon.report.making import write_nightly
from daemon.settings import ReportSettings, Settings
from db import outbox
from db.errors import StoreError
from db.outbox import Target
from db.states import Channel, DeliveryState, NoticeKind
from db.store import Store

TO, OTHER = "reading@example.org", "ward@example.org"
PAYLOAD = json.dumps(
    {"date": "2026-11-25", "waiting": {"first": 1}, "overdue": 0, "not_scored": 2, "balanced": True, "link": None}
)


def secret(folder: Path, text: str) -> Path:
    path = folder / "secret"
    path.write_text(text + "\n")
    path.chmod(0o640)
    return path


def settings(port: int | None = None, hook: Hook | None = None, folder: Path | None = None, **mail: object) -> Settings:
    """By mail to a port, and by webhook."""
    mailed = {"server": "127.0.0.1", "port": port, "sender": "triage@example.org", "to": (TO,), "security": "none"}
    own: dict[str, object] = {"urgent": UrgentSettings(acknowledge_minutes=30)}
    if port is not None:
        own["mail"] = MailSettings(**{**mailed, "timeout_seconds": 5.0, **mail})  # type: ignore[arg-type]
    if hook is not None and folder is not None:
        own["webhook"] = WebhookSettings(url=hook.url, secret_file=secret(folder, "shared"), timeout_seconds=1.0)
    return Settings(deliver=DeliverSettings(**own), report=ReportSettings(site="North"))  # type: ignore[arg-type]


class Telling:
    """A deliverer on a clock that is turned by hand."""

    def __init__(self, store: Store, to: Settings) -> None:
        self.store, self.time = store, TurnedClock()
        self.deliverer = Deliverer(to, store, self.time.clock, lambda: 0.5)

    def put(self, *targets: Target, kind: NoticeKind = NoticeKind.REPORT, payload: str = PAYLOAD) -> None:
        with self.store.write() as tx:
            now = self.time.clock.now()
            outbox.add(tx, kind, f"{kind} {now.isoformat()}", payload, targets, now)

    def send(self, *, only_due: bool = False) -> Tally:
        return self.deliverer.send(lambda: False, only_due=only_due)

    def codes(self, tries: int) -> list[str | None]:
        """The error of each try."""
        found = []
        for _ in range(tries):
            self.send()
            with self.store.read() as tx:
                ((_, (delivery,)),) = outbox.last(tx, 9)
            found.append(delivery.error)
        return found


def by_mail(*addresses: str) -> list[Target]:
    from daemon.deliver.receivers import name_of

    return [Target(Channel.MAIL, name_of(address)) for address in addresses or (TO,)]


BY_HOOK = Target(Channel.WEBHOOK, "")


def test_mail_gets_through_a_server_that_fails_at_first(store: Store) -> None:
    """Nobody there, a busy mailbox, a busy server, one that refuses, one that hangs up: then it is taken."""
    port = free_port()
    telling = Telling(store, settings(port))
    telling.put(*by_mail())
    assert telling.codes(1) == ["connection-refused"]
    server = MailServer(["rcpt 450 busy", "data 451 later", "data 554 no", "drop"])
    with listening(server, port):
        assert telling.codes(5) == ["recipient-450", "smtp-451", "smtp-554", "disconnected", None]
        assert telling.send() == Tally()
    (mail,) = server.taken
    assert {each.key for each in server.given} == {mail.key}
    assert mail.to == (TO,)
    message = message_from_bytes(mail.content, policy=default)
    assert message["Subject"] == "[cxr-triage North] report of 2026-11-25"
    assert "Not scored, to be read normally: 2\r\n" in message.get_content()  # type: ignore[attr-defined]


def test_one_busy_mailbox_does_not_double_the_mail_of_another(store: Store) -> None:
    """Each address is a delivery of its own, and no mail holds another's address."""
    port = free_port()
    telling = Telling(store, settings(port, to=(TO, OTHER)))
    telling.put(*by_mail(TO, OTHER))
    with listening(MailServer(["rcpt 450 busy"]), port) as server:
        assert telling.send() == Tally(sent=1, again=1)
        assert telling.send() == Tally(sent=1)
    assert [mail.to for mail in server.taken] == [(OTHER,), (TO,)]
    assert OTHER.encode() not in server.taken[1].content


@pytest.mark.system("openssl")
def test_a_certificate_must_be_known_and_fit(store: Store, tmp_path: Path) -> None:
    """With STARTTLS and with TLS from the start; nothing is said before it was seen."""
    port, wrong, right = free_port(), certificate(tmp_path, "elsewhere"), certificate(tmp_path, "localhost")
    for implicit in (False, True):
        kind = "tls" if implicit else "starttls"
        telling = Telling(store, settings(port, server="localhost", security=kind, ca_file=right))
        telling.put(*by_mail())
        with listening(MailServer(), port, wrong, implicit=implicit) as server:
            telling.send()
            assert server.given == []
        with store.read() as tx:
            assert outbox.last(tx, 1)[0][1][0].error == "certificate"
        with listening(MailServer(), port, right, implicit=implicit) as server:
            assert telling.send() == Tally(sent=1)


def test_a_server_without_starttls_gets_nothing(store: Store, tmp_path: Path) -> None:
    """What takes STARTTLS out of the conversation must not get a password."""
    port = free_port()
    wanted = settings(port, security="starttls", user=USER, password_file=secret(tmp_path, PASSWORD))
    telling = Telling(store, wanted)
    telling.put(*by_mail())
    with listening(MailServer(), port) as server:
        assert telling.codes(1) == ["not-supported"]
    assert (server.given, server.users) == ([], [])


@pytest.mark.system("openssl")
def test_a_login_that_is_refused_is_tried_again_with_the_file_as_it_is_then(store: Store, tmp_path: Path) -> None:
    port, right = free_port(), certificate(tmp_path, "localhost")
    file = secret(tmp_path, "wrong")
    told = settings(port, server="localhost", security="starttls", ca_file=right, user=USER, password_file=file)
    telling = Telling(store, told)
    telling.put(*by_mail())
    with listening(MailServer(), port, right, login=True) as server:
        assert telling.codes(1) == ["login-refused"]
        secret(tmp_path, PASSWORD)
        assert telling.codes(1) == [None]
    assert len(server.taken) == 1
    file.unlink()
    telling.time.turn(1)
    telling.put(*by_mail())
    telling.send()
    with store.read() as tx:
        assert outbox.last(tx, 1)[0][1][0].error == "secret"


def test_a_webhook_gets_through_a_server_that_fails_at_first(store: Store, tmp_path: Path) -> None:
    """Signed, the same body and key each time; a redirect is not followed."""
    with hooked(Hook([503, 404, 307, "drop", 700])) as hook:
        telling = Telling(store, settings(hook=hook, folder=tmp_path))
        telling.put(BY_HOOK)
        assert telling.codes(6) == ["http-503", "http-404", "redirected", "disconnected", "protocol", None]
    assert len(hook.given) == 6
    assert len(set(keys_of(hook.given))) == 1
    assert len({posted.body for posted in hook.given}) == 1
    (posted,) = hook.taken
    assert posted.headers["X-Cxr-Triage-Signature"] == signature("shared", posted.body)
    told = json.loads(posted.body)
    assert (told["kind"], told["site"], told["not_scored"]) == ("report", "North", 2)
    assert told["id"] == posted.headers["Idempotency-Key"]


@contextmanager
def dripping() -> Iterator[int]:
    """A server that answers a byte now and then, for ever; no single read runs into a timeout."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            peer, _ = listener.accept()
            with peer:
                while not over.wait(0.1):
                    try:
                        peer.sendall(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("channel", list(Channel))
def test_a_server_that_drips_holds_nobody_up(channel: Channel, store: Store, tmp_path: Path) -> None:
    with dripping() as port:
        hook = Hook(url=f"http://127.0.0.1:{port}/")
        told = settings(port, hook, tmp_path, timeout_seconds=1.0)
        telling = Telling(store, told)
        telling.put(*(by_mail() if channel is Channel.MAIL else [BY_HOOK]))
        assert telling.codes(1) == ["timeout"]


def test_pauses_are_kept_and_grow(store: Store) -> None:
    """A try at 0 s, then after 30, 60, 120 s; not in between."""
    telling = Telling(store, settings(free_port()))
    telling.put(*by_mail())
    tried = []
    for second in range(0, 400, 10):
        if telling.send(only_due=True).again:
            tried.append(second)
        telling.time.turn(10)
    assert tried == [0, 30, 90, 210]


def test_after_a_day_it_is_given_up_and_said(store: Store, tmp_path: Path) -> None:
    """In `status` and in the next report, without an address; later ones still go out."""
    telling = Telling(store, settings(free_port()))
    telling.put(*by_mail())
    for _ in range(60):
        telling.send(only_due=True)
        telling.time.turn(1800)
    now = telling.time.clock.now()
    with store.read() as tx:
        ((notice, (delivery,)),) = outbox.last(tx, 9)
        told, problems = document(tx, now)
        said = list(sentences(tx, now))
    assert (delivery.state, delivery.error, state_of(notice, [delivery])) == (
        DeliveryState.FAILED,
        "connection-refused",
        "failed",
    )
    assert (told["failed"], told["pending"], [each["kind"] for each in problems]) == (1, 0, ["delivery-failed"])
    assert said == [
        "1 message could not be delivered (mail: connection-refused): whoever waits for messages was not told."
    ]
    with store.read() as tx:
        assert list(sentences(tx, now + timedelta(days=3))) == []


def test_a_failure_is_in_the_next_report_also_after_missed_nights(store: Store, tmp_path: Path) -> None:
    port = free_port()
    told = settings(port).model_copy(update={"report": ReportSettings(folder=tmp_path / "reports")})
    telling = Telling(store, told)
    now = telling.time.clock.now()
    write_nightly(told, store, now.date(), now, lambda: now)
    for _ in range(60):
        telling.send(only_due=True)
        telling.time.turn(1800)
    later = now + timedelta(days=9)
    write_nightly(told, store, later.date(), later, lambda: later)
    page = (tmp_path / "reports" / later.date().isoformat() / "report.html").read_text()
    assert "could not be delivered (mail: connection-refused)" in page
    assert TO not in page


def test_what_waits_for_an_hour_is_late(store: Store) -> None:
    telling = Telling(store, settings(free_port()))
    telling.put(*by_mail())
    for minutes, late in ((59, []), (2, ["delivery-late"])):
        telling.time.turn(60 * minutes)
        with store.read() as tx:
            now = telling.time.clock.now()
            assert [each["kind"] for each in document(tx, now)[1]] == late
            assert len(list(sentences(tx, now))) == len(late)


def test_a_clock_that_is_put_back_holds_nothing_up(store: Store) -> None:
    """What rests until a time that the clock will not see for a month is tried all the same."""
    port = free_port()
    telling = Telling(store, settings(port))
    telling.put(*by_mail())
    telling.send()
    telling.time.step_back(30 * 86400)
    with listening(MailServer(), port):
        assert telling.send(only_due=True) == Tally(sent=1)


def test_an_address_that_the_configuration_has_no_more_is_not_written_to(store: Store) -> None:
    port = free_port()
    telling = Telling(store, settings(port))
    telling.put(*by_mail("gone@example.org"))
    with listening(MailServer(), port) as server:
        assert telling.codes(1) == ["not-configured"]
    assert server.given == []


def test_only_one_process_delivers(store: Store) -> None:
    clock = TurnedClock().clock
    with (
        store.delivery_lock(),
        pytest.raises(StoreError, match="another deliver"),
    ):
        deliver_once(settings(free_port()), store, clock, lambda: 0.5)
    with store.intake_lock():
        assert deliver_once(settings(free_port()), store, clock, lambda: 0.5) == Tally()


def test_without_a_way_to_tell_or_a_secret_it_does_not_start(store: Store, tmp_path: Path) -> None:
    clock = TurnedClock().clock
    with pytest.raises(ConfigurationError, match="no way is configured"):
        deliver(Settings(), store, clock, lambda: 0.5, lambda seconds: None)
    hooked_up = settings(hook=Hook(url="http://127.0.0.1:1/"), folder=tmp_path)
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(ConfigurationError, match="everybody may read it"):
        deliver_once(hooked_up, store, clock, lambda: 0.5)
    (tmp_path / "secret").unlink()
    with pytest.raises(ConfigurationError, match="No such file"):
        deliver_once(hooked_up, store, clock, lambda: 0.5)


def test_no_patient_no_file_and_no_address_of_others_gets_out(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every word of the store is a planted marker: none is in any byte that was sent, in a header, or in the log."""
    port = free_port()
    with hooked(Hook([500])) as hook, listening(MailServer(["data 451 PLANTED reply"]), port) as server:
        told = settings(port, hook, tmp_path)
        urgent = UrgentSettings(enabled=True, per_hour=1, escalate_to=(OTHER,), acknowledge_minutes=1)
        own = told.deliver.model_copy(update={"urgent": urgent, "heartbeat_hours": 1.0})
        report = ReportSettings(folder=tmp_path / "reports", site="North")
        told = told.model_copy(update={"deliver": own, "report": report})
        telling = Telling(store, told)
        now = telling.time.clock.now()
        with store.write() as tx:
            ward = Ward(tx, now)
            for number in range(4):
                ward.film(number)
        write_nightly(told, store, now.date(), now, lambda: now)
        with caplog.at_level(logging.DEBUG):
            for _ in range(3):
                telling.deliverer.fill()
                telling.send()
                telling.time.turn(61)
    with store.read() as tx:
        kinds = {notice.kind for notice, _ in outbox.last(tx, 99)}
        assert outbox.pending(tx) == []
    assert kinds == set(NoticeKind)
    sent: Sequence[bytes] = [
        *(mail.content for mail in server.given),
        *(posted.body for posted in hook.given),
        *(f"{posted.path} {dict(posted.headers)}".encode() for posted in hook.given),
    ]
    assert len(sent) > 12
    said = [str({**record.__dict__, "exc_text": ""}) for record in caplog.records if record.name.startswith("cxr_")]
    for words in (*sent, *(line.encode() for line in said)):
        for marker in (MARKER, ".dcm", "S-0000", "reply"):
            assert marker.encode() not in words
    assert said
    assert not any(address in line for line in said for address in (TO, OTHER))
