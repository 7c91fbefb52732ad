"""What the configured database keeps back, for commands that judge films themselves and open no store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.blind_contents import hidden_contents
from db.errors import StoreError

if TYPE_CHECKING:
    from daemon.settings import Settings


def kept_back(settings: Settings) -> frozenset[str]:
    """The SHA-256 of every film whose score is not to be shown.

    Somebody who may not read the database may judge films all the same, unless this site has blind cases.

    Raises:
        StoreError: it has, and the database cannot be read.
    """
    try:
        return hidden_contents(settings.store.url)
    except StoreError:
        if any(settings.review.shares.values()):
            raise
        return frozenset()
