"""Reads a password or a shared secret from its file; nothing else holds it, and no error quotes it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daemon.errors import ConfigurationError

LARGEST: Final = 4096  # bytes
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"  # where systemd puts what LoadCredential= names


def read_secret(file: Path, environment: Mapping[str, str]) -> str:
    """The first line of a file, without the blanks around it.

    Args:
        file: a plain name is looked for among systemd's credentials, where there are any.
        environment: of this process.

    Raises:
        ConfigurationError: it is not there, everybody may read it, or it holds nothing.
    """
    folder = environment.get(CREDENTIALS)
    path = Path(folder) / file if folder and len(file.parts) == 1 else file
    try:
        with path.open("rb") as stream:
            open_to_all = os.fstat(stream.fileno()).st_mode & 0o007
            content = stream.read(LARGEST + 1)
    except OSError as error:
        remedy = "name a file that this user may read, or a credential of the unit"
        raise ConfigurationError("read the secret", path, error.strerror or "it cannot be read", remedy) from error
    if open_to_all:
        raise ConfigurationError("use the secret", path, "everybody may read it", "chmod 0640, or less")
    secret = content.decode("utf-8", "replace").strip()
    if not secret or "\n" in secret or len(content) > LARGEST:
        raise ConfigurationError("use the secret", path, "it does not hold one line", "write the secret into it")
    return secret
