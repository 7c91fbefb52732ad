"""Real servers on loopback that fail at first: a mail server (aiosmtpd) and one that takes webhooks."""

from __future__ import annotations

import http.server
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from builders.parts import need_program

USER, PASSWORD = "reporter", "p4ss-PLANTED"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail server took, or was given before it hung up."""

    to: tuple[str, ...]
    content: bytes

    @property
    def key(self) -> str:
        """Its Message-ID."""
        (line,) = (each for each in self.content.decode().splitlines() if each.startswith("Message-ID: "))
        return line.removeprefix("Message-ID: ")


@dataclass
class MailServer:
    """Takes mail; `answers` are what it does with the first tries, before it takes everything.

    "rcpt 450 ..." and "data 451 ..." are replies at that point; "drop" hangs up when it has the whole mail.
    """

    answers: list[str] = field(default_factory=list)
    taken: list[Mail] = field(default_factory=list)
    given: list[Mail] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answers and self.answers[0].startswith("rcpt "):
            return self.answers.pop(0).removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = Mail(tuple(envelope.rcpt_tos), bytes(envelope.original_content))
        self.given.append(mail)
        answer = self.answers.pop(0) if self.answers else ""
        if answer == "drop":
            server.transport.abort()
        elif answer:
            return answer.removeprefix("data ")
        else:
            self.taken.append(mail)
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.users.append(data.login.decode())
        known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)


@contextmanager
def listening(
    server: MailServer, port: int, certificate: Path | None = None, *, implicit: bool = False, login: bool = False
) -> Iterator[MailServer]:
    """Let a mail server listen on loopback; with a certificate it offers STARTTLS, or begins with TLS."""
    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        options = {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
    if login:
        options |= {"authenticator": server.authenticate, "auth_required": True, "auth_require_tls": not implicit}
    controller = Controller(server, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def certificate(folder: Path, name: str) -> Path:
    """A certificate that nobody signed, with its key, for a name and its IP address."""
    key, made, both = folder / "key.pem", folder / "cert.pem", folder / f"{name}.pem"
    command = [need_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + made.read_bytes())
    return both


@dataclass(frozen=True, slots=True)
class Posted:
    """What a webhook was given."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Hook:
    """Takes webhooks; `answers` are what it does with the first: a status, or "drop"; then 204."""

    answers: list[int | str] = field(default_factory=list)
    taken: list[Posted] = field(default_factory=list)
    given: list[Posted] = field(default_factory=list)
    url: str = ""

    def answer(self, posted: Posted) -> int | None:
        self.given.append(posted)
        answer = self.answers.pop(0) if self.answers else 204
        if answer == 204:
            self.taken.append(posted)
        return answer if isinstance(answer, int) else None


@contextmanager
def hooked(hook: Hook, port: int = 0) -> Iterator[Hook]:
    """Let it listen on loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = hook.answer(Posted(self.path, dict(self.headers.items()), body))
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", hook.url)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def keys_of(posted: Sequence[Posted]) -> list[str]:
    """Their idempotency keys."""
    return [each.headers["Idempotency-Key"] for each in posted]
