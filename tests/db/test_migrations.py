"""The steps lead to the schema of this version, from every older one, whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from db import arrivals, roots, schema
from db.dump import dump_schema
from db.errors import StoreError
from db.migrate import SHIPPED, Migrations
from db.states import State
from db.store import Store, open_store

NEXT = '''"""A step of a later version."""
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("study") as table:
        table.add_column(sa.Column("colour", sa.Text()))
    op.execute("CREATE TABLE later (id INTEGER)")
    {more}
'''


@pytest.fixture
def later(tmp_path: Path):
    """Makes the migrations of a version after this one."""

    def make(more: str = "") -> Migrations:
        folder = tmp_path / "100% later"
        shutil.copytree(SHIPPED.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "0002_later.py").write_text(NEXT.format(more=more))
        return Migrations(folder, (*SHIPPED.revisions, "0002"))

    return make


def test_schema_and_migrations_agree(store: Store):
    """Alembic, asked for the next step, finds nothing to do."""
    with store.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []


def test_the_migrated_schema_is_what_the_tables_say(store: Store, tmp_path: Path):
    """Also where Alembic does not look: autoincrement, checks, the order of columns."""
    with closing(sqlite3.connect(":memory:")) as memory:
        from sqlalchemy import create_engine

        engine = create_engine("sqlite://", creator=lambda: memory)
        schema.metadata.create_all(engine)
        made = dict(memory.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
        engine.dispose()
    with store.read() as tx:
        migrated = dict(tx.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    del migrated["alembic_version"]

    def parts(sql: str) -> list[str]:
        return sorted(line.strip().rstrip(",") for line in sql.splitlines())

    assert {name: parts(sql) for name, sql in migrated.items()} == {name: parts(sql) for name, sql in made.items()}


def test_the_revisions_are_those_of_the_folder():
    """In one line, without branches, ending at this version's."""
    config = Config()
    config.set_main_option("script_location", str(SHIPPED.folder))
    found = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == schema.REVISIONS


def test_the_dump_is_the_same_for_the_same_schema(store: Store, template: Path):
    """A change of it is a change of the schema, and nothing else is in it."""
    with open_store(str(template), create=False) as other:
        dump = dump_schema(other)
    assert dump == dump_schema(store)
    assert dump.startswith("-- schema 0001\n")
    assert dump.count("CREATE TABLE") == len(schema.metadata.tables) + 1
    assert "sqlite_" not in dump


def test_an_older_store_is_migrated_and_a_copy_is_kept(store: Store, file: Path, films, later):
    """The copy holds what the store held, in the old schema, also what stood in the write-ahead log."""
    films.scored("a.dcm")
    films.tx.commit()
    copy = file.with_name("cxr-triage.db.before-0002")
    with open_store(str(file), create=False, migrations=later()) as migrated, migrated.read() as tx:
        assert [root.path for root in roots.roots(tx)] == ["/in"]
        assert arrivals.get(tx, 1).state is State.SCORED
        assert tx.exec_driver_sql("SELECT colour FROM study").scalars().all() == [None]
        assert tx.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert copy.stat().st_mode & 0o137 == 0
    with open_store(str(copy), create=False) as old, old.read() as tx:
        assert arrivals.get(tx, 1).state is State.SCORED
    assert not list(file.parent.glob("*.part"))


def test_a_step_that_fails_leaves_the_store_as_it_was(file: Path, later):
    """Every statement of it is undone, those before the failure too."""
    with pytest.raises(StoreError, match="cannot migrate the database"):
        open_store(str(file), create=False, migrations=later('op.execute("INSERT INTO nowhere VALUES (1)")'))
    with open_store(str(file), create=False) as store:
        assert "later" not in dump_schema(store)
        assert "colour" not in dump_schema(store)


def test_a_new_store_goes_through_every_step_without_a_copy(tmp_path: Path, later):
    """There is nothing to keep."""
    with open_store(str(tmp_path / "new.db"), create=True, migrations=later()) as store:
        assert dump_schema(store).startswith("-- schema 0002\n")
    assert not list(tmp_path.glob("new.db.before-*"))


def test_a_store_of_a_later_version_is_refused(file: Path, later):
    """And left alone."""
    open_store(str(file), create=False, migrations=later()).close()
    with pytest.raises(StoreError, match="made by a newer version"):
        open_store(str(file), create=True)


def test_opening_a_current_store_imports_no_alembic(file: Path):
    """It takes a third of a second, and every command opens the store."""
    code = (
        "import sys; from db.store import open_store; open_store(sys.argv[1], create=False).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(file)], check=True, cwd=SHIPPED.folder.parents[1])


def test_words_and_records_import_no_database():
    """The pure parts of the daemon use them."""
    code = "import sys, db.states, db.records, db.errors; sys.exit('sqlalchemy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=SHIPPED.folder.parents[1])
