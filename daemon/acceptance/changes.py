"""What other points would change for the studies that wait: how many go from one band to another; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daemon.triage.order import QueueStudy


def changes(before: Iterable[QueueStudy], after: Iterable[QueueStudy]) -> dict[str, Any]:
    """Waiting studies under both points; blind ones are in neither count, since they have no band to be seen.

    Args:
        before, after: the same studies, judged by the points that hold now and by those that might.
    """
    now = {study.study: study.band for study in before if not study.blind and study.policy is not None}
    then = {study.study: study.band for study in after if not study.blind and study.policy is not None}
    moves = Counter((now[study], then[study]) for study in now.keys() & then.keys() if now[study] is not then[study])
    return {
        "scored": len(now),
        "change_band": sum(moves.values()),
        "moves": [{"from": str(a), "to": str(b), "studies": count} for (a, b), count in sorted(moves.items())],
    }
