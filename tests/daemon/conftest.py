"""A house of real folders and a real store, for what works on films that came to an end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders.intake import House

from db.store import open_store


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("blank") / "triage.db"
    open_store(str(file), create=True).close()
    return file


@pytest.fixture
def house(tmp_path: Path, blank: Path) -> Iterator[House]:
    house = House.in_(tmp_path / "house", blank)
    yield house
    house.store.close()
