"""`[deliver]`: every error by key and at once, and nothing that would send a secret in clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.deliver.settings import DeliverSettings, MailSettings
from daemon.errors import ConfigurationError
from daemon.settings import load_settings

MAIL = '[deliver.mail]\nserver = "mx.example.org"\nsender = "triage@example.org"\nto = ["reading@example.org"]\n'


def faults_of(folder: Path, text: str) -> str:
    (folder / "c.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_settings(folder / "c.toml")
    return raised.value.cause


def test_all_errors_are_named_at_once_by_key(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        """
        [deliver]
        link = "ftp://x"
        [deliver.mail]
        server = "smtp://mx"
        sender = "nobody"
        to = ["a@example.org", "b@example.org\\nBcc: c@example.org"]
        colour = "red"
        [deliver.webhook]
        url = "http://hook.example.org/"
        [deliver.urgent]
        per_hour = 0
        """,
    )
    for key in ("link", "mail.server", "mail.sender", "mail.to.1", "mail.colour", "webhook.url", "urgent.per_hour"):
        assert f"deliver.{key}" in faults


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[deliver.mail]\nserver = "mx"\n', "deliver.mail.sender: set it"),
        ('[deliver.mail]\nserver = "mx"\n', "deliver.mail.to: set it"),
        (MAIL + 'user = "u"\n', "deliver.mail.password_file: user and password_file belong together"),
        (MAIL + 'security = "none"\nuser = "u"\npassword_file = "p"\n', "a password is never sent in clear"),
        ('[deliver.webhook]\nurl = "https://h.example.org/"\n', "deliver.webhook.secret_file: set it"),
        ('[deliver.webhook]\nurl = "https://u:p@h.example.org/"\nsecret_file = "s"\n', "must not hold a user"),
        ('[deliver.webhook]\nurl = "https://h.example.org/a b"\nsecret_file = "s"\n', "printable ASCII"),
        ("[deliver.urgent]\nenabled = true\n", "deliver.urgent: enabled, but there is no way to tell"),
        ('[deliver.urgent]\nescalate_to = ["a@example.org"]\n', "deliver.urgent: to and escalate_to need"),
        ("[deliver]\nheartbeat_hours = 24\n", "heartbeat_hours needs"),
    ],
)
def test_what_does_not_go_together_is_said(text: str, says: str, tmp_path: Path) -> None:
    assert says in faults_of(tmp_path, text)


@pytest.mark.parametrize("address", ["a b@example.org", "a@", "@example.org", "a", "ä@example.org", "a@b@c", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        MailSettings(to=(address,))


def test_a_webhook_in_clear_is_for_this_machine_only(tmp_path: Path) -> None:
    for host in ("127.0.0.1:8080", "localhost", "[::1]:80"):
        text = f'[deliver.webhook]\nurl = "http://{host}/hook"\nsecret_file = "s"\n'
        (tmp_path / "c.toml").write_text(text, encoding="utf-8")
        assert load_settings(tmp_path / "c.toml").deliver.is_set_up


def test_nobody_is_told_until_somebody_is_named() -> None:
    assert not DeliverSettings().is_set_up


def test_each_security_has_its_usual_port() -> None:
    assert [MailSettings(security=kind).port_to_use for kind in ("starttls", "tls", "none")] == [587, 465, 25]
