"""Which contents are read without their scores, asked of a database that is only looked at.

For those who judge films apart from it, and are not to tell what it keeps back.
"""

from __future__ import annotations

from db import blind_cases, schema
from db.glance import glance


def hidden_contents(url: str) -> frozenset[str]:
    """The SHA-256 of every scored film of a blind case; none where there is no database, or one of an older version.

    Args:
        url: as `db.store.open_store` takes it.

    Raises:
        StoreError: it is there, and cannot be read.
    """
    return glance(url, schema.blind_case, blind_cases.contents, frozenset())
