"""What every test shares: property tests without a deadline, since machines under load are slow and not wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from builders.intake import House

settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, to be copied: migrating a new one takes a second."""
    from db.store import open_store

    file = tmp_path_factory.mktemp("blank") / "triage.db"
    open_store(str(file), create=True).close()
    return file


@pytest.fixture
def house(tmp_path: Path, blank: Path) -> Iterator[House]:
    """A real store and real folders, with workers on paper and a clock that is turned by hand."""
    from builders.intake import House

    house = House.in_(tmp_path / "house", blank)
    yield house
    house.store.close()
