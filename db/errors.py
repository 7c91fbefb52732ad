"""The error that everything in `db` raises: operation, path, cause, remedy; it knows nothing of terminals."""

from __future__ import annotations

import os
from typing import Final


class StoreError(Exception):
    """The store could not be opened, read or written.

    A command line turns it into one line, ``str(error)``.
    """

    def __init__(self, operation: str, path: str | os.PathLike[str] | None, cause: str, remedy: str) -> None:
        super().__init__(operation, path, cause, remedy)
        self.operation: Final = operation
        self.path: Final = None if path is None else os.fspath(path)
        self.cause: Final = cause
        self.remedy: Final = remedy

    def __str__(self) -> str:
        on = f" {self.path}" if self.path else ""
        return f"cannot {self.operation}{on}: {self.cause}; {self.remedy}"
