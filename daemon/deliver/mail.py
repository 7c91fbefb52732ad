"""Sends one mail to one address over SMTP; what it says is decided elsewhere."""

from __future__ import annotations

import os
import smtplib
import ssl
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from daemon.deliver.deadline import TooSlow, deadline
from daemon.deliver.faults import as_codes
from daemon.deliver.secrets import read_secret
from daemon.deliver.settings import MailSettings


def message_of(sender: str, to: str, subject: str, text: str, key: str, at: datetime) -> EmailMessage:
    """The mail, the same for every try of a delivery; its Message-ID is the idempotency key."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers to it
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    return message


def send_mail(settings: MailSettings, message: EmailMessage) -> None:
    """Hand a mail to the server; returns once the server has taken it.

    Raises:
        SendError: it did not, or did not say so in time.
    """
    with as_codes(), deadline(2 * settings.timeout_seconds):
        password = read_secret(settings.password_file, os.environ) if settings.password_file else None
        server = _connected(settings)
        try:
            if password is not None:
                server.login(settings.user, password)
            server.send_message(message)
            with suppress(smtplib.SMTPException, OSError, TooSlow):
                server.quit()  # it has the mail: how it says good-bye changes nothing
        finally:
            server.close()


def _connected(settings: MailSettings) -> smtplib.SMTP:
    host, port, timeout = settings.server, settings.port_to_use, settings.timeout_seconds
    if settings.security == "none":
        return smtplib.SMTP(host, port, timeout=timeout)
    trust = ssl.create_default_context(cafile=settings.ca_file)
    if settings.security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=timeout, context=trust)
    server = smtplib.SMTP(host, port, timeout=timeout)
    try:
        server.starttls(context=trust)
    except BaseException:
        server.close()
        raise
    return server
