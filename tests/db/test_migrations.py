"""The steps lead to the schema of this version, from every older one, whole or not at all."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
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
from db.verify import consistency

HEAD = schema.REVISIONS[-1]
LATER = f"{int(HEAD) + 1:04}"
NEXT = '''"""A step of a later version."""
import sqlalchemy as sa
from alembic import op

revision = "{later}"
down_revision = "{head}"


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
        (folder / "versions" / f"{LATER}_later.py").write_text(NEXT.format(more=more, later=LATER, head=HEAD))
        return Migrations(folder, (*SHIPPED.revisions, LATER))

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

    assert {name: parts(sql) for name, sql in migrated.items()} == {name: parts(sql) for name, sql in made.items()}


def parts(sql: str) -> list[str]:
    """The columns and constraints of a statement, sorted: a column that was added stands behind the constraints."""
    flat = " ".join(sql.split())
    found, depth, part = [flat[: flat.index("(")]], 0, ""
    for sign in flat[flat.index("(") + 1 : flat.rindex(")")]:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            found.append(part.strip())
            part = ""
        else:
            part += sign
    return sorted([*found, part.strip()])


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
    assert dump.startswith(f"-- schema {HEAD}\n")
    assert dump.count("CREATE TABLE") == len(schema.metadata.tables) + 1
    assert "sqlite_" not in dump


def test_an_older_store_is_migrated_and_a_copy_is_kept(store: Store, file: Path, films, later):
    """The copy holds what the store held, in the old schema, also what stood in the write-ahead log."""
    films.scored("a.dcm")
    films.tx.commit()
    copy = file.with_name(f"cxr-triage.db.before-{LATER}")
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


KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def test_a_migration_that_is_killed_is_done_by_the_next_start(file: Path, films, later):
    """It left the old store as it was and a whole copy, which the next start makes anew; what was half made goes."""
    films.scored("a.dcm")
    films.tx.commit()

    def work() -> None:
        open_store(str(file), create=False, migrations=later(KILL))

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    copy = file.with_name(f"cxr-triage.db.before-{LATER}")
    part = file.with_name(f"{copy.name}.part")
    part.write_bytes(b"of an earlier attempt")
    for old in (file, copy):
        with open_store(str(old), create=False) as store, store.read() as tx:
            assert arrivals.get(tx, 1).state is State.SCORED
    step = file.parent / "100% later" / "versions" / f"{LATER}_later.py"
    step.write_text(step.read_text().replace(KILL, ""))
    migrations = Migrations(step.parents[1], (*SHIPPED.revisions, LATER))
    with open_store(str(file), create=False, migrations=migrations) as store, store.read() as tx:
        assert arrivals.get(tx, 1).state is State.SCORED
        assert "later" in dump_schema(store)
    assert copy.exists()
    assert not part.exists()


def test_a_new_store_goes_through_every_step_without_a_copy(tmp_path: Path, later):
    """There is nothing to keep."""
    with open_store(str(tmp_path / "new.db"), create=True, migrations=later()) as store:
        assert dump_schema(store).startswith(f"-- schema {LATER}\n")
    assert not list(tmp_path.glob("new.db.before-*"))


KEPT = sorted((Path(__file__).parents[1] / "schema").glob("*.sql"))


@pytest.mark.parametrize("dump", KEPT, ids=lambda path: path.stem)
def test_a_database_of_every_released_version_is_brought_to_this_one(tmp_path: Path, dump: Path):
    """Films, their history and roots are as they were; the schema is what a new database has."""
    text = dump.read_text()
    revision = text.removeprefix("-- schema ").split("\n", 1)[0]
    file = tmp_path / "old.db"
    now = "2026-11-22 06:00:00.000000+00:00"
    with closing(sqlite3.connect(file)) as old, old:
        old.executescript(text)
        old.execute("INSERT INTO alembic_version VALUES (?)", [revision])
        old.execute("INSERT INTO root (id, path, added_at, state) VALUES (1, CAST('/in' AS BLOB), ?, 'watched')", [now])
        old.execute(
            "INSERT INTO arrival (id, root_id, path, generation, state, size, mtime_ns, ctime_ns, inode, device, "
            "attempts, backlog, steps, arrived_at, changed_at) "
            "VALUES (1, 1, CAST('a.dcm' AS BLOB), 1, 'seen', 5, 1, 1, 1, 1, 0, 0, 1, ?, ?)",
            [now, now],
        )
        old.execute(
            "INSERT INTO history (arrival_id, sequence, at, to_state, reason) VALUES (1, 1, ?, 'seen', 'seen')", [now]
        )
    with open_store(str(file), create=False) as store, store.read() as tx:
        assert consistency(tx) == []
        assert arrivals.get(tx, 1).path == "a.dcm"
        assert [root.retired_at for root in roots.roots(tx)] == [None]
        made = dict(tx.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    with open_store(str(tmp_path / "new.db"), create=True) as store, store.read() as tx:
        new = dict(tx.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    assert {name: parts(sql) for name, sql in made.items()} == {name: parts(sql) for name, sql in new.items()}
    assert file.with_name(f"old.db.before-{HEAD}").exists() == (revision != HEAD)


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
