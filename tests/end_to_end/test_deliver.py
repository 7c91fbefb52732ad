"""Mail and webhooks by the commands: a film is scored, somebody is told and acknowledges; the report is told of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders.bundles import tiny_bundle, tiny_document
from builders.dicom import dicom
from builders.films import grey_film
from builders.peers import Hook, MailServer, free_port, hooked, listening
from builders.program import Program, wait_until

CONFIG = """
[store]
url = "triage.db"
[[root]]
path = "incoming"
rescan_seconds = 1
[report]
site = "North"
[deliver]
link = "https://triage.example.org/reports/{{date}}/report.html"
[deliver.mail]
server = "127.0.0.1"
port = {port}
security = "none"
sender = "triage@example.org"
to = ["reading@example.org"]
[deliver.webhook]
url = "{url}"
secret_file = "secret"
[deliver.urgent]
enabled = true
"""
PLANTED = "PLANTED1"


@dataclass(frozen=True, slots=True)
class Told:
    """A program that tells, and who is told."""

    program: Program
    server: MailServer
    hook: Hook

    def run(self, *arguments: str, code: int = 0) -> str:
        done = self.program.run("--config", "c.toml", *arguments)
        assert done.code == code, done
        return done.out

    def film(self, seed: int) -> None:
        """Drop one of the band first, with every tag."""
        data = dicom(grey_film(seed=seed), accession=PLANTED, study_uid=f"1.2.3.{seed}", PatientName=f"{PLANTED}^A")
        (self.program.folder / "incoming" / f"{PLANTED}-{seed}.dcm").write_bytes(data)

    def kinds(self) -> list[str]:
        return sorted(json.loads(posted.body)["kind"] for posted in self.hook.taken)

    def sent(self) -> bytes:
        """Every byte that was sent."""
        posts = [f"{posted.path} {dict(posted.headers)}".encode() + posted.body for posted in self.hook.given]
        return b"".join([*posts, *(mail.content for mail in self.server.given)])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle by which every film is of the band first."""
    low = {who: {**point, "threshold": -1e3, "first_threshold": -1e3} for who, point in _points().items()}
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny", populations=low)


def _points() -> dict[str, dict[str, object]]:
    points: dict[str, dict[str, object]] = tiny_document()["populations"]
    return points


@pytest.fixture
def told(tmp_path: Path, bundle: Path) -> Iterator[Told]:
    port = free_port()
    (tmp_path / "incoming").mkdir()
    (tmp_path / "secret").write_text("shared\n")
    (tmp_path / "secret").chmod(0o600)
    with hooked(Hook()) as hook, listening(MailServer(), port) as server:
        (tmp_path / "c.toml").write_text(CONFIG.format(port=port, url=hook.url))
        yield Told(Program(tmp_path, bundle), server, hook)


def test_by_one_look_after_the_other(told: Told) -> None:
    """Both fail at first; then each is told once, somebody acknowledges, and `status` says when it last worked."""
    told.server.answers.append("data 451 later")
    told.hook.answers.append(503)
    told.run("scan")  # an empty folder: what comes from now on is no backlog
    told.film(1)
    told.run("scan")
    assert told.run("deliver", "--once", code=1) == "0 sent, 2 to be tried again, 0 given up\n"
    assert told.run("deliver", "--once") == "2 sent, 0 to be tried again, 0 given up\n"
    assert told.run("deliver", "run", "--once") == "0 sent, 0 to be tried again, 0 given up\n"
    (notice,) = json.loads(told.run("deliver", "list", "--format", "json"))["notices"]
    assert (notice["kind"], notice["state"], len(notice["deliveries"])) == ("urgent", "sent", 2)
    number = str(notice["notice"])
    assert f"deliver acknowledge {number}".encode() in told.sent()
    assert told.run("deliver", "acknowledge", number, "--by", "kl") == f"notice {number}: acknowledged by kl\n"
    assert "acknowledged" in told.run("deliver", "list")
    status = json.loads(told.run("status", "--format", "json"))["deliver"]
    assert (status["pending"], status["failed"]) == (0, 0)
    assert all(status["last_sent_at"].values())
    assert "messages  0 to be sent, last by mail at " in told.run("status")
    assert PLANTED.encode() not in told.sent()


def test_beside_the_daemon(told: Told) -> None:
    """The daemon writes a report that it missed and scores a film; the other process tells of both; both end well."""
    told.run("scan")
    with sqlite3.connect(told.program.folder / "triage.db") as database:
        database.execute("UPDATE root SET added_at = '2026-01-01 00:00:00.000000+00:00'")
    database.close()
    told_of = ["report", "urgent"]
    with (
        told.program.started("--config", "c.toml", "watch") as daemon,
        told.program.started("--config", "c.toml", "deliver") as deliver,
    ):
        daemon.wait_for("event=watching")
        told.film(1)
        wait_until(lambda: told.kinds() == told_of and len(told.server.taken) == 2, deliver.said, deliver.alive)
        again = told.program.run("--config", "c.toml", "deliver", "--once")
        assert "another deliver (pid " in again.one_line()
        assert (deliver.terminate(), daemon.terminate()) == (0, 0)
        logs = deliver.said() + daemon.said()
    (report,) = (json.loads(posted.body) for posted in told.hook.taken if b'"kind": "report"' in posted.body)
    assert report["link"] == f"https://triage.example.org/reports/{report['date']}/report.html"
    assert PLANTED not in logs
    assert PLANTED.encode() not in told.sent()
    assert "reading@example.org" not in logs
    assert "event=delivering" in logs


def test_what_cannot_be_done_is_one_line(told: Told) -> None:
    """No way to tell, no such notice, a secret that everybody may read."""
    told.run("scan")
    done = told.program.run("deliver", "--once", "--db", "triage.db")
    assert (done.code, "no way is configured" in done.one_line()) == (2, True)
    done = told.program.run("--config", "c.toml", "deliver", "acknowledge", "7")
    assert (done.code, "no urgent notice has the number 7" in done.one_line()) == (1, True)
    (told.program.folder / "secret").chmod(0o644)
    done = told.program.run("--config", "c.toml", "deliver", "--once")
    assert (done.code, "everybody may read it" in done.one_line()) == (2, True)
