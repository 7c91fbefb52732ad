"""The schema that each version shipped is kept, and the newest is the one that this version makes."""

from __future__ import annotations

from pathlib import Path

from db.dump import dump_schema
from db.store import open_store

HERE = Path(__file__).parent


def test_a_new_database_has_the_schema_that_is_kept_for_this_version(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "t.db"), create=True) as store:
        made = dump_schema(store)
    newest = max(HERE.glob("*.sql"), key=lambda path: tuple(int(part) for part in path.stem.split(".")))
    assert made == newest.read_text(), (
        f"write it to {newest}, or to that of the next version once this one was released"
    )
