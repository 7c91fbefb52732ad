"""The lot that decides whether a study is read without its score; pure.

It is keyed by the file beside the database: always the same for a study, and nobody who cannot read that file can tell
it, or count it out from studies that he has seen.
"""

from __future__ import annotations

import hmac
from typing import Final

# No hash of an identifier begins so: `db.identity` spells a NUL otherwise.
_DOMAIN: Final = b"\0blind case\0"


def lot(key: bytes, study: str) -> float:
    """A number in [0, 1), by HMAC-SHA256 of a study's key; a study is drawn where it lies below its band's share."""
    digest = hmac.digest(key, _DOMAIN + study.encode(), "sha256")
    return int.from_bytes(digest[:6], "big") / 2**48  # 48 bits are exact in a float
