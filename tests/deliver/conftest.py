"""A store, and what is told from it, for tests of the outbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders.ward import NOW, Ward
from sqlalchemy import Connection

from db.store import Store, open_store


@pytest.fixture
def store(blank: Path, tmp_path: Path) -> Iterator[Store]:
    with open_store(str(shutil.copy(blank, tmp_path / "triage.db")), create=False) as store:
        yield store


@pytest.fixture
def tx(store: Store) -> Iterator[Connection]:
    with store.write() as tx:
        yield tx


@pytest.fixture
def ward(tx: Connection) -> Ward:
    return Ward(tx, NOW)
