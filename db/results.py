"""Queries about scores and the bundles that gave them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select

from db import schema
from db.records import BundleRow, Result

if TYPE_CHECKING:
    from datetime import datetime

b: Final = schema.bundle.c
r: Final = schema.result.c


def document_digest(document: str) -> str:
    """What tells a bundle.json, as it is kept, from another: with the model's hash, the identity of a bundle."""
    return hashlib.sha256(document.encode("utf-8", "backslashreplace")).hexdigest()


def ensure_bundle(
    tx: Connection, *, model_sha256: str, name: str, preprocessing: int, document: str, now: datetime
) -> int:
    """The id of a bundle, added when this model, name and document were not used together before.

    Args:
        tx: the transaction.
        model_sha256: of the model file.
        name: the bundle's name.
        preprocessing: the version it names.
        document: bundle.json, as text.
        now: when it is first used.
    """
    digest = document_digest(document)
    query = select(b.id).where(b.model_sha256 == model_sha256, b.name == name, b.document_sha256 == digest)
    known: int | None = tx.execute(query).scalar_one_or_none()
    if known is not None:
        return known
    values = {
        "model_sha256": model_sha256,
        "name": name,
        "preprocessing": preprocessing,
        "document": document,
        "document_sha256": digest,
        "first_used_at": now,
    }
    added: int = tx.execute(insert(schema.bundle).values(values).returning(b.id)).scalar_one()
    return added


def bundles(tx: Connection) -> dict[int, BundleRow]:
    """Every bundle that was ever used, by id."""
    return {row.id: BundleRow(**row._mapping) for row in tx.execute(select(schema.bundle).order_by(b.id))}


def newest_bundle(tx: Connection) -> BundleRow | None:
    """The bundle that came into use last: that of the newest run, which may have gone back to an earlier one."""
    run = schema.daemon_run.c
    of_run = select(run.bundle_id).where(run.bundle_id.is_not(None)).order_by(run.id.desc()).limit(1).scalar_subquery()
    newest = select(schema.bundle).order_by((b.id == of_run).desc(), b.first_used_at.desc(), b.id.desc()).limit(1)
    row = tx.execute(newest).one_or_none()
    return None if row is None else BundleRow(**row._mapping)


def find(tx: Connection, content_sha256: str, model_sha256: str, preprocessing: int) -> Result | None:
    """The score of a content by a model, if it was given before."""
    query = select(schema.result).where(
        r.content_sha256 == content_sha256, r.model_sha256 == model_sha256, r.preprocessing == preprocessing
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else Result(**row._mapping)


def get(tx: Connection, result_id: int) -> Result | None:
    """One score by its id."""
    row = tx.execute(select(schema.result).where(r.id == result_id)).one_or_none()
    return None if row is None else Result(**row._mapping)


def add(
    tx: Connection,
    *,
    content_sha256: str,
    model_sha256: str,
    preprocessing: int,
    logit: float,
    map: bytes | None,  # noqa: A002  (the column's name)
    bundle_id: int,
    scored_at: datetime,
    milliseconds: float,
    unlikeness: float | None = None,
) -> Result:
    """Keep a score.

    Raises:
        StoreError: this content already has one from this model and preprocessing.
    """
    values = {
        "content_sha256": content_sha256,
        "model_sha256": model_sha256,
        "preprocessing": preprocessing,
        "logit": logit,
        "map": map,
        "bundle_id": bundle_id,
        "scored_at": scored_at,
        "milliseconds": milliseconds,
        "unlikeness": unlikeness,
    }
    row = tx.execute(insert(schema.result).values(values).returning(schema.result)).one()
    return Result(**row._mapping)
