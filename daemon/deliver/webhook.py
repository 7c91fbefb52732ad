"""Posts one signed document to one URL; what it says is decided elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import os
import ssl
from typing import Final
from urllib.parse import urlsplit

from daemon.deliver.deadline import deadline
from daemon.deliver.errors import SendError
from daemon.deliver.faults import as_codes
from daemon.deliver.secrets import read_secret
from daemon.deliver.settings import WebhookSettings
from models.version import VERSION

SIGNATURE: Final = "X-Cxr-Triage-Signature"
KEY: Final = "Idempotency-Key"


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of the body with the shared secret, in hex; the body's `id` tells a repeated one."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(settings: WebhookSettings, body: bytes, key: str) -> None:
    """Post a document; returns once the receiver answered 2xx. Redirects are not followed, to whatever host.

    Raises:
        SendError: it did not, or not in time.
    """
    parts = urlsplit(settings.url)
    assert parts.hostname is not None  # noqa: S101
    assert settings.secret_file is not None  # noqa: S101
    with as_codes(), deadline(2 * settings.timeout_seconds):
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"cxr-triage/{VERSION}",
            KEY: key,
            SIGNATURE: signature(read_secret(settings.secret_file, os.environ), body),
        }
        if parts.scheme == "https":
            trust = ssl.create_default_context(cafile=settings.ca_file)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=settings.timeout_seconds, context=trust
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=settings.timeout_seconds)
        try:
            connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
    if 300 <= status < 400:
        raise SendError("redirected")
    if not 200 <= status < 300:
        raise SendError(f"http-{status}" if 400 <= status < 600 else "protocol")
