"""What went wrong on the network -> a short code, in which nothing stands that a peer said."""

from __future__ import annotations

import http.client
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.deliver.deadline import TooSlow
from daemon.deliver.errors import SendError
from daemon.errors import ConfigurationError


@contextmanager
def as_codes() -> Iterator[None]:
    """Let every failure of a try out as a `SendError`; anything else is a fault of the program and passes."""
    try:
        yield
    except ConfigurationError as error:
        raise SendError("secret") from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise SendError(_reply("recipient", codes[0] if codes else 0)) from error
    except smtplib.SMTPAuthenticationError as error:
        raise SendError("login-refused") from error
    except smtplib.SMTPResponseException as error:
        raise SendError(_reply("smtp", error.smtp_code)) from error
    except smtplib.SMTPNotSupportedError as error:
        raise SendError("not-supported") from error  # no STARTTLS, no AUTH
    except smtplib.SMTPServerDisconnected as error:
        slow = isinstance(error.__context__, TimeoutError)  # smtplib makes one of the other
        raise SendError("timeout" if slow else "disconnected") from error
    except TooSlow as error:
        raise SendError("timeout") from error
    except (smtplib.SMTPException, http.client.HTTPException) as error:
        broken = isinstance(error, http.client.RemoteDisconnected)
        raise SendError("disconnected" if broken else "protocol") from error
    except OSError as error:
        raise SendError(_of_system(error)) from error
    except (ValueError, OverflowError) as error:  # a reply that is none: smtplib and http.client parse numbers
        raise SendError("protocol") from error


def _reply(what: str, code: int) -> str:
    return f"{what}-{code}" if 400 <= code <= 599 else "protocol"


def _of_system(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, socket.gaierror):
        return "unknown-host"
    if isinstance(error, ConnectionRefusedError):
        return "connection-refused"
    if isinstance(error, (ConnectionError, BrokenPipeError)):
        return "disconnected"
    return "network"
