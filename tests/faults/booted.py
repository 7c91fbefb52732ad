"""Installs as docs/administrators.md says on a Debian that its own systemd boots, and sees whether the services hold.

`python tests/faults/booted.py --folder FOLDER`, as root, with debootstrap and systemd-container. The machine in FOLDER
is kept; a second run is faster. It takes about five minutes, half of them for the watchdog.
"""

from __future__ import annotations

import argparse
import hmac
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

if __package__ in {None, ""}:
    sys.path[:0] = [os.fspath(Path(__file__).resolve().parents[up]) for up in (1, 2)]

from builders.dicom import dicom
from builders.films import grey_film
from builders.parts import ROOT
from builders.receiver import free_port, storescu
from faults.machine import Machine
from faults.scene import wait_for

MIRROR: Final = "http://deb.debian.org/debian"
INCOMING: Final = "srv/incoming"
RECEIVED: Final = "/var/lib/cxr-triage-receive/incoming"
REPORTS: Final = "var/lib/cxr-triage/reports"
MARKER: Final = "PLANTED-MARKER"  # in each file's name: no journal may show it
SECRET: Final = "what only the two of them know"
TRIAGE: Final = (
    "cd /var/lib/cxr-triage && sudo -u cxr-triage /opt/cxr-triage/bin/cxr-triage --config /etc/cxr-triage/config.toml"
)
SERVICES: Final = ("cxr-triage", "cxr-triage-receive", "cxr-triage-deliver")
PATIENCE: Final = 60.0  # seconds
WATCHDOG: Final = 120.0 + 60.0


@dataclass
class Run:
    """A run on one machine, and what held of it."""

    machine: Machine
    port: int
    failed: list[str] = field(default_factory=list)
    films: int = 0

    def check(self, what: str, holds: bool, note: str = "") -> None:
        """Print one line, and remember it where it does not hold."""
        print(f"{'holds' if holds else 'FAILS'}  {what}{f' ({note})' if note else ''}", flush=True)
        if not holds:
            self.failed.append(what)

    def drop(self) -> None:
        """One film more."""
        self.films += 1
        self.machine.put(f"{INCOMING}/{MARKER}-{self.films}.dcm", _film(self.films))

    def judged(self) -> int:
        """How many films the store says were looked at and scored or, being drawn by a test, refused by the gate."""
        told = self.machine.ask(f"{TRIAGE} account --format json")
        account = json.loads(told) if told else {}
        return int(account.get("scored", 0)) + int(account.get("refused", 0))

    def all_judged(self) -> bool:
        """Whether every film is, within a minute."""
        return wait_for(lambda: self.judged() == self.films, PATIENCE, 1.0)

    def main(self, service: str = "cxr-triage") -> int:
        """The process of a service; 0 while there is none."""
        return int(self.machine.ask(f"systemctl show -p MainPID --value {service}") or 0)

    def up(self, service: str = "cxr-triage", but: int = 0) -> bool:
        """Whether a service comes up, in another process than one of before."""
        ready = f"systemctl is-active {service}"
        return wait_for(
            lambda: self.machine.ask(ready) == "active" and self.main(service) not in {0, but}, WATCHDOG, 1.0
        )


def _film(number: int) -> bytes:
    return dicom(
        grey_film(seed=number), study_uid=f"1.2.3.{number}", instance_uid=f"1.2.3.{number}.1", accession=f"A{number}"
    )


def documented(heading: str) -> list[str]:
    """The commands of the first block under a heading of the administrators' page, but for those of an editor."""
    page = (ROOT / "docs" / "administrators.md").read_text(encoding="utf-8")
    block = re.search(rf"\n## {re.escape(heading)}\n.*?```text\n(.*?)```", page, re.DOTALL)
    assert block is not None, heading
    return [line for line in block.group(1).splitlines() if "sudoedit" not in line]


def install(run: Run) -> None:
    """By the page's commands, from what is committed; then a configuration of this run."""
    machine = run.machine
    machine.run(
        "rm -rf /src /var/lib/cxr-triage /var/lib/cxr-triage-receive /srv/incoming; mkdir -p /src /srv/incoming"
    )
    packed = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(machine.folder / "src")], input=packed, check=True)
    *steps, start = documented("Install")
    for step in (*steps, "sudo /opt/cxr-triage/bin/pip install --require-hashes -r locks/pdf.txt"):
        machine.run(f"cd /src && {step}")
    text = machine.run("cat /etc/cxr-triage/config.toml")
    soon = (datetime.now(UTC) + timedelta(minutes=2)).strftime("%H:%M:00")
    text = re.sub(r"(?m)^time = .*", f"time = {soon}", text)
    text = re.sub(r"(?m)^formats = .*", 'formats = ["html", "csv", "json", "pdf"]', text)
    text = re.sub(r'(?m)^url = ""', f'url = "http://127.0.0.1:{run.port}/"', text)
    text = re.sub(r"(?m)^\[\[root\]\]$", f'[[root]]\npath = "{RECEIVED}"\n\n[[root]]', text, count=1)
    text = re.sub(r"(?m)^# (secret_file = )", r"\1", text)
    machine.put("etc/cxr-triage/config.toml", text)
    machine.put("etc/cxr-triage/webhook-secret", f"{SECRET}\n")
    machine.run("chgrp cxr-triage /etc/cxr-triage/webhook-secret; chmod 0640 /etc/cxr-triage/webhook-secret")
    machine.run(f"{start} --no-block")


def watches(run: Run) -> None:
    """The daemon: scores, is locked up, comes back from a kill and from a hang."""
    machine = run.machine
    up = wait_for(lambda: machine.ask("systemctl is-active cxr-triage") == "active", PATIENCE, 1.0)
    if not up:
        raise RuntimeError(machine.ask("journalctl --no-pager -n 5 -u cxr-triage"))
    run.check("the service starts as the page installs it", up)
    for _ in range(5):
        run.drop()
    run.check("films that are dropped are judged", run.all_judged(), f"{run.judged()} of {run.films}")
    inside = f"nsenter -t {run.main()} -m -n"
    refused = machine.ask(f"{inside} touch /{INCOMING}/x 2>&1; {inside} touch /etc/x 2>&1; {inside} touch /opt/x 2>&1")
    run.check("it can write neither in the incoming folder nor elsewhere", refused.count("Read-only file system") == 3)
    network = machine.ask(f"{inside} tail -n +3 /proc/net/dev")
    run.check("it has no network", [line.split(":")[0].strip() for line in network.splitlines()] == ["lo"])
    privileges = machine.ask(f"grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/{run.main()}/status").split()
    run.check(
        "it has no privilege, and a filter", privileges == ["CapEff:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"]
    )
    before = run.main()
    machine.run(f"kill -KILL {before}")
    run.drop()
    run.check("killed, it is started again, and takes up what came meanwhile", run.up(but=before) and run.all_judged())
    before, began = run.main(), time.monotonic()
    machine.run(f"kill -STOP {before}")
    run.drop()
    back = run.up(but=before) and run.all_judged()
    run.check("hanging, it is ended by the watchdog and started again", back, f"after {time.monotonic() - began:.0f} s")


def receives(run: Run) -> None:
    """The receiver, installed by the page beside the daemon; storescu sends from outside the machine."""
    machine, port = run.machine, free_port()
    *steps, start = documented("Receiving by DICOM")
    for step in steps:
        machine.run(f"cd /src && {step}")
    senders = '[{ ae_title = "STORESCU", addresses = ["127.0.0.1"] }]'
    machine.put(
        "etc/cxr-triage-receive/config.toml",
        f'[receiver]\nfolder = "{RECEIVED}"\nport = {port}\nreserve_mib = 1\nsenders = {senders}\n',
    )
    machine.run(start)
    run.check("the receiver starts as the page installs it", run.up("cxr-triage-receive"))
    with tempfile.TemporaryDirectory() as folder:
        run.films += 1
        film = Path(folder) / "film.dcm"
        film.write_bytes(_film(run.films))
        sent = storescu(port, film)
    run.check("a film that is sent by DICOM is judged", sent.code == 0 and run.all_judged())


@contextmanager
def webhook(told: list[tuple[str, bytes]]) -> Iterator[int]:
    """A web server of this machine that keeps what it is sent: signature and body."""

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append((self.headers["X-Cxr-Triage-Signature"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  (http.server's)
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def reports(run: Run, told: list[tuple[str, bytes]]) -> None:
    """The nightly report, with its PDF, by the locked-up daemon; and what tells of it."""
    for step in documented("Mail and webhooks"):
        run.machine.run(f"cd /src && {step}")
    run.check("the process that delivers starts", run.up("cxr-triage-deliver"))

    def written() -> set[str]:
        return {file.name for file in (run.machine.folder / REPORTS).glob("*/report.*")}

    wanted = {f"report.{form}" for form in ("html", "csv", "json", "pdf")}
    run.check("the nightly report is written, its PDF too", wait_for(lambda: wanted <= written(), 180.0, 1.0))
    run.check("the webhook is told of it", wait_for(lambda: bool(told), PATIENCE, 1.0))
    signed = all(said == f"sha256={hmac.digest(SECRET.encode(), body, 'sha256').hex()}" for said, body in told)
    run.check("in signed messages without a name", signed and not any(MARKER.encode() in body for _, body in told))


def reboots(run: Run) -> None:
    """The machine is shut down, a film comes meanwhile, and the machine boots."""
    run.machine.stop()
    run.drop()
    run.machine.boot()
    run.check("after a reboot all services are up", all(run.up(service) for service in SERVICES))
    run.check("and a film that came meanwhile is judged", run.all_judged())
    verified = run.machine.ask(f"{TRIAGE} account --verify --format json")
    run.check("disk, arrivals and history agree", bool(verified) and not json.loads(verified)["discrepancies"])
    journal = run.machine.ask("journalctl --no-pager -u 'cxr-triage*'")
    run.check("no file name is in the journal", bool(journal) and MARKER not in journal)


def main() -> int:
    """Run all of it; 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the machine lies, or is to be made")
    parser.add_argument("--mirror", default=MIRROR)
    asked = parser.parse_args()
    told: list[tuple[str, bytes]] = []
    with webhook(told) as port:
        run = Run(Machine(asked.folder), port)
        run.machine.make(asked.mirror)
        run.machine.boot()
        try:
            python, systemd = run.machine.run("python3 --version"), run.machine.run("systemctl --version | head -n 1")
            print(f"{python}, {systemd}", flush=True)
            install(run)
            watches(run)
            receives(run)
            reports(run, told)
            reboots(run)
        finally:
            run.machine.stop()
    print("all holds" if not run.failed else f"{len(run.failed)} do not hold")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
