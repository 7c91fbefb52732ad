"""What every test shares: property tests without a deadline, since machines under load are slow and not wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from builders.intake import House
    from sqlalchemy import Connection

settings.register_profile("project", deadline=None)
settings.load_profile("project")


class Statements(dict[tuple[Any, ...], Any]):
    """What SQLAlchemy compiled, by statement and kind of database, for all stores of the process together.

    It keeps that by store, and compiling all anew for each small store was a third of a test's time.
    """

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """The statement that was compiled for any store."""
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), value)


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    compiled = Statements()

    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "engine_connect", share)
    yield
    event.remove(Engine, "engine_connect", share)


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
