"""Reads the waiting studies out of the store and puts them in order: what `queue`, `report` and the demo show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from daemon.triage.document import account_document, queue_document
from daemon.triage.order import QueueStudy, order
from daemon.triage.studies import gather
from db import history, queue, results
from db.records import BundleRow
from models.bundle import OperatingPoint, points_from_document
from models.population import Population


def points_of(row: BundleRow) -> Mapping[Population, OperatingPoint]:
    """The operating points of a bundle that the store knows."""
    return points_from_document(json.loads(row.document))


def waiting_studies(tx: Connection) -> list[QueueStudy]:
    """Every study that waits, unordered."""
    points = {bundle_id: points_of(row) for bundle_id, row in results.bundles(tx).items()}
    return gather(queue.waiting(tx), points.__getitem__)


def account_of(tx: Connection) -> dict[str, Any]:
    """The account; `seen` is counted from the history, the states from the arrivals."""
    return account_document(queue.account(tx), seen=history.arrivals_known(tx))


def queue_of(tx: Connection, now: datetime, limit: int | None = None) -> dict[str, Any]:
    """The document that `queue --format json` prints."""
    ordered = list(order(waiting_studies(tx)))
    return queue_document(
        ordered, generated_at=now, bundle=results.newest_bundle(tx), account=account_of(tx), limit=limit
    )
