"""The file with the key of the hashes that a database keeps in place of identifiers: it belongs with the database.

It is made once, whole or not at all, and never again: with another key no hash would ever be found. So where hashes are
in the database and the file is not there, whoever would have to hash is told, and nothing is made.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, exists, func, or_, select

from db import schema
from db.engine import sync
from db.errors import StoreError
from db.faults import store_error
from db.identity import HASH_LENGTH, KEY_BYTES, Identifiers, Identity

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection

    from db.store import Store

MODE: Final = 0o600
_HASHES: Final = (
    schema.study.c.group_key,
    schema.study.c.accession,
    schema.arrival.c.instance_uid,
    schema.arrival.c.study_uid,
    schema.arrival.c.accession,
    schema.withdrawal.c.instance_uid,
    schema.expected_film.c.key,
)


def key_path(file: Path) -> Path:
    """Where the key of a database lies."""
    return file.with_name(file.name + ".key")


def reader(store: Store, level: Identifiers) -> Identity:
    """What finds kept identifiers again; where the key cannot be read, only those in clear."""
    path = key_path(_file(store))
    return Identity(level, _read(path) if os.access(path, os.R_OK) else None)


def writer(store: Store, level: Identifiers) -> Identity:
    """What identifiers are kept by; the key is made where no hash was ever kept.

    Raises:
        StoreError: it cannot be read or made, is none, or is gone while the database holds hashes.
    """
    path = key_path(_file(store))
    if not path.exists():
        with store.read() as tx:
            if holds_hashes(tx):
                cause = "it is gone, and the database holds hashes that were made with it"
                raise StoreError("read the key", path, cause, "put it back from the copy of the database's folder")
        _make(path)
    return Identity(level, _read(path))


def holds_hashes(tx: Connection) -> bool:
    """Whether anything in the database was hashed by the key."""
    return any(tx.execute(select(exists().where(_is_hashed(column)))).scalar_one() for column in _HASHES)


def _is_hashed(column: ColumnElement[Any]) -> ColumnElement[bool]:
    begins = or_(column.like("#%"), column.like("uid:#%"), column.like("name:%:#%"))
    return and_(begins, func.length(column) >= HASH_LENGTH)


def _file(store: Store) -> Path:
    assert store.file is not None  # noqa: S101
    return store.file


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise store_error("read the key", path, error) from error
    if len(key) != KEY_BYTES:
        cause = f"it has {len(key)} bytes, not {KEY_BYTES}"
        raise StoreError("read the key", path, cause, "put it back from the copy of the database's folder")
    return key


def _make(path: Path) -> None:
    """A new key under its name, on the disk before anything is hashed by it; one that came meanwhile stays."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        try:
            os.write(handle, secrets.token_bytes(KEY_BYTES))
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(part, path)  # unlike a rename, it replaces nothing
        except FileExistsError:
            pass
        finally:
            part.unlink()
        sync(path.parent)
    except OSError as error:
        raise store_error("make the key", path, error) from error
