"""Why something could not be sent, as a short code: no address, no host and nothing that a server said is in it."""

from __future__ import annotations


class SendError(Exception):
    """A try failed; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
