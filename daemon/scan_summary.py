"""What a scan says at its end: one line for each film that was not scored, and the account in one line."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from db import arrivals, queue, roots
from db.states import PENDING, State

_TRIED: Final = {State.REFUSED: "refused", State.FAILED: "cannot score"}


def not_scored_since(tx: Connection, root_ids: Collection[int], since: datetime) -> Iterator[str]:
    """What was tried, on what, why it failed and what to do, for each film that ended without a score."""
    folders = {root.id: root.path for root in roots.roots(tx)}
    for arrival in arrivals.in_states(tx, list(_TRIED)):
        if arrival.root_id in root_ids and arrival.changed_at >= since:
            path = Path(folders[arrival.root_id], arrival.path)
            yield f"{_TRIED[arrival.state]} {path}: {arrival.message} ({arrival.code})"


def summary(tx: Connection) -> str:
    """The account, short: every file that was seen, by what became of it."""
    counts = queue.account(tx)
    parts = [
        f"{counts.get(state, 0)} {state.value}" for state in State if state not in PENDING and counts.get(state, 0)
    ]
    pending = sum(counts.get(state, 0) for state in PENDING)
    return f"{sum(counts.values())} seen: {', '.join([*parts, f'{pending} pending'])}"
