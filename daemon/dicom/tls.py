"""The TLS that the settings ask for."""

from __future__ import annotations

import ssl
from pathlib import Path

from daemon.dicom.settings import ReceiverSettings


def tls_of(settings: ReceiverSettings) -> ssl.SSLContext | None:
    """TLS 1.2 or newer; with a CA for clients, only those whose certificates it signed. None: without TLS.

    Raises:
        OSError: a file cannot be read, or is not what it should be (ssl.SSLError); the text names the key.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _readable("tls_certificate", settings.tls_certificate)
    _readable("tls_key", settings.tls_key)
    try:
        # A service cannot be asked for a password: an encrypted key is an error, not a prompt.
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: "")
    except ssl.SSLError as error:
        raise OSError(
            "tls_certificate, tls_key: they are not a certificate and its key, unencrypted, in PEM"
        ) from error
    if settings.tls_client_ca is not None:
        _readable("tls_client_ca", settings.tls_client_ca)
        try:
            context.load_verify_locations(settings.tls_client_ca)
        except ssl.SSLError as error:
            raise OSError("tls_client_ca: it holds no certificate in PEM") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _readable(key: str, path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise OSError(f"{key}: {error.strerror or error}") from error
